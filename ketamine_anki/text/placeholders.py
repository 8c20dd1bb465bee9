"""A scanned text as the Markdown parser reads it: one placeholder character for each formula and mark of a deletion.

So nothing inside math is read as Markdown; in the HTML the spans come back where their placeholders stand.
"""

from __future__ import annotations

import re

from ketamine_anki.text.scanner import Markup, Span

_FIRST = 0xF0000  # private use: the reader lets no text with such characters through
PLACEHOLDER = re.compile("[\U000f0000-\U000ffffd]")


class Source:
    """The text for the parser, the markup it comes from, and the spans that its placeholders stand for."""

    __slots__ = ("hidden", "markup", "text")

    def __init__(self, markup: Markup) -> None:
        self.markup = markup
        self.hidden: list[Span] = []
        parts: list[str] = []
        for span in markup.spans:
            if span.kind == "text":
                parts.append(span.value)
            elif span.kind == "code":
                parts.append(markup.text[span.start : span.end])
            else:
                parts.append(chr(_FIRST + len(self.hidden)))
                self.hidden.append(span)
        self.text = "".join(parts)

    def prose(self) -> str:
        """The text as typed, with blanks for code and escaped signs."""
        parts = []
        for span in self.markup.spans:
            typed = self.markup.text[span.start : span.end]
            parts.append(" " * len(typed) if span.kind == "code" else re.sub(r"\\[!-/:-@\[-`{-~]", "  ", typed))
        return "".join(parts)

    def span(self, placeholder: str) -> Span:
        """What a placeholder stands for."""
        return self.hidden[ord(placeholder) - _FIRST]

    def typed(self, part: str) -> str:
        """A part of the parser's text as it was typed."""
        return PLACEHOLDER.sub(lambda match: self.markup.text[slice(*self.span(match[0])[1:3])], part)
