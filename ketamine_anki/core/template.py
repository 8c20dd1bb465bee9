"""Fills in the templates that stand beside the modules. The only module that uses Jinja.

A template escapes every value for its format, HTML or Markdown, except those marked `safe`, which are HTML or Markdown
already.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ketamine_anki.core.escape import markdown
from ketamine_anki.core.language import filled


def filled_in(name: str, **values: object) -> Iterator[str]:
    """The text of a template, named by its path in the program (`preview/page.html`), in chunks."""
    return _environment(name.endswith(".html")).get_template(name).generate(values)


@cache
def _environment(is_html: bool) -> Environment:
    environment = Environment(
        loader=FunctionLoader(lambda name: files("ketamine_anki").joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        finalize=None if is_html else _as_markdown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["filled"] = _filled
    return environment


def _filled(words: str, **parts: object) -> Markup:
    """Words in Markdown with parts in the places that name them."""
    markup = {name: _as_markdown(part) for name, part in parts.items()}
    return Markup(filled(markdown(words), **markup))  # noqa: S704 - escaped here


def _as_markdown(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup(markdown(str(value)))  # noqa: S704 - escaped here
