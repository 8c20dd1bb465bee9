"""The HTML of a picture, and the addresses that a link may have."""

from __future__ import annotations

import re

from ketamine_anki.core.escape import html as escape

_LINK = r"(?i)(?:https?://(?![/\\])|mailto:)[^\s<>\"'`\\{}]+"
_USER = "(?i)https?://[^/?#]*@"


def image(name: str, alt: str) -> str:
    """The HTML of a picture, by its name in the package."""
    return f'<img src="{escape(name, quote=True)}" alt="{escape(alt, quote=True)}">'


def link_mistake(address: str) -> str:
    """Why no link may have this address, and what to write instead; "" if one may."""
    if re.match(_USER, address):
        return "the part before @ is not where it leads; leave it out"
    if re.fullmatch(_LINK, address):
        return ""
    for scheme, form in (("mailto:", r"[^\s:/]+@[\w.-]+"), ("https://", r"(?i)www\.[\w-]+\.[^\s]+")):
        if re.fullmatch(form, address) and re.fullmatch(_LINK, scheme + address):
            return f"write {scheme}{address}"
    return "only http, https and mailto addresses"
