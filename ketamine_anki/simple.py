"""Texts in which nothing is hard, past scan and Markdown parser: most texts of a deck.

A text is simple when it is one line of words, short formulas `$...$` between spaces, and words set
`**bold**` or `*italic*`. What is simple renders here to just what `render` would make of it the long
way, as a property test shows; of anything that might be read in two ways the answer is None.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ketamine_anki.markup import Markup, Span
from ketamine_anki.tex import guarded, tex_troubles

_PLAIN = Markup("")  # of every text without math and deletions

# Signs that Markdown, math, HTML or Anki may read as theirs; without them a text is its own HTML.
_MARKS = b"\\`*_{}[]<>&$|~!\n"
_HARMLESS = bytes(set(range(256)).difference(_MARKS))
_START = re.compile(r"[0-9]+(?![0-9.)])|[$(]")  # besides a letter; a number with a period would start a list
_HARD_OUTSIDE = re.compile(r"[\\{}_]|<[A-Za-z/!?]|::")
_HARD_INSIDE = re.compile(r"^\s|\s$|\\$|\{\{|[<>&\n]")
_WORD = re.compile(r"(?<![^\s(])(\*\*?)(?=[A-Za-z0-9])([^*]*(?<=[A-Za-z0-9]))\1(?![^\s.,;:)?!])")
_ELEMENTS = {"*": "em", "**": "strong"}


def simple(text: str) -> tuple[str, Markup] | None:
    """The HTML and the markup of a simple text; None of any other."""
    if not text[:1].isalpha() and not _START.match(text):
        return None
    marks = text.encode().translate(None, _HARMLESS)
    if not marks:
        return text, _PLAIN
    if b"`" in marks or b"[" in marks or b"\n" in marks:
        return None
    if b"$" not in marks:
        body = _words(text)
        return None if body is None else (body, _PLAIN)
    return _with_math(text)


def escape(text: str) -> str:
    """The HTML that shows a text. As `html.escape`, whose module takes long to load."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _words(text: str) -> str | None:
    """The HTML of a text, or a part of one, without math."""
    if _HARD_OUTSIDE.search(text):
        return None
    text = escape(text)
    if "*" not in text:
        return text
    made = _WORD.sub(_element, text)
    return None if "*" in made else made


def _element(match: re.Match[str]) -> str:
    tag = _ELEMENTS[match[1]]
    return f"<{tag}>{match[2]}</{tag}>"


@lru_cache(1 << 12)
def _is_sound(tex: str) -> bool:
    """Whether a formula has no mistakes. The formulas of a deck are the same few."""
    return not any(tex_troubles(tex, 0))


def _with_math(text: str) -> tuple[str, Markup] | None:
    parts = text.split("$")
    if len(parts) % 2 == 0:
        return None
    made: list[str] = []
    spans: list[Span] = []
    at = 0
    for number, part in enumerate(parts):
        if number % 2:  # a formula
            after = parts[number + 1]
            if not part or after[:1].isalnum() or _HARD_INSIDE.search(part) or not _is_sound(part):
                return None
            made.append(f"\\({guarded(part)}\\)")
            spans.append(Span("math", at, at + len(part) + 2, part))
            at += len(part) + 2
        elif part:
            body = _words(part)
            if body is None or not (part[-1] in " (" or number == len(parts) - 1):
                return None
            made.append(body)
            spans.append(Span("text", at, at + len(part), part))
            at += len(part)
        elif 0 < number < len(parts) - 1:  # two formulas with nothing between: $$
            return None
    return "".join(made), Markup(text, spans)
