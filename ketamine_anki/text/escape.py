"""Plain text -> the HTML that shows it."""

from __future__ import annotations


def escape(text: str, *, quote: bool = False) -> str:
    """The HTML that shows a text; with `quote`, safe inside an attribute as well. The same as `html.escape`, whose
    module takes long to load.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#x27;") if quote else text


def image(name: str, alt: str) -> str:
    """The HTML of a picture, by its name in the package."""
    return f'<img src="{escape(name, quote=True)}" alt="{escape(alt, quote=True)}">'
