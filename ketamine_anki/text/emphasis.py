"""Finds stars meant as characters that Markdown would turn into italics or bold: `HLA-B*15:02 and HLA-A*31:01`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ketamine_anki.text.placeholders import PLACEHOLDER, Source
from ketamine_anki.text.scanner import Report

_OPEN, _CLOSE = ("(", "["), (")", "]")


class Emphasis:
    """Follows the emphasis of one text, and reports a star that made emphasis although it was meant as a sign.

    One star is meant after a letter, a digit, a bracket or math where it opens emphasis, and before a digit where it
    closes it; two stars only before a digit, between brackets, or where both pairs stand inside words. A letter alone
    may be italic before a digit: `*p*53`.
    """

    def __init__(self, source: Source, report: Report) -> None:
        self.source = source
        self.text = source.markup.text
        self.report = report
        self.opened: list[tuple[Any, bool]] = []  # each open emphasis, and whether its star was meant
        self.reported_end = 0  # after the last star that was reported; 1 after one that was not found in the text
        self.name_end = 0  # after the last name that was reported
        self.used = 0  # stars that made emphasis
        self.is_mixed = self.is_nested = False  # whether Markdown may have paired other stars than were meant

    def mark(self, tokens: list[Any], index: int) -> None:
        """Judges the token that opens or closes emphasis there."""
        token = tokens[index]
        if token.markup == "__":
            self._check_name(tokens[index : index + 3])
        left, right = _beside(tokens, index, -1), _beside(tokens, index, 1)
        if "*" in token.markup:
            self._note_mixture(token, left, right)
        if token.markup != "*":
            meant = self._ends_word(left) and right.isdecimal()
            meant |= (left.isdecimal() or left in _CLOSE) and right in _OPEN
            if token.nesting > 0 and left.isascii() and left.isalnum():  # x**n + y**m
                is_power = left.isdecimal() or " " in tokens[index + 1].content
                meant |= is_power and _beside(tokens, index + 2, 1).isalnum()
        elif token.nesting > 0:
            meant = self._ends_word(left) and self._starts_word(right)
        else:
            is_letter = tokens[index - 2] is self.opened[-1][0] and tokens[index - 1].content == left and left.isalpha()
            meant = self._ends_word(left) and right.isdecimal() and not is_letter
        if token.nesting > 0:
            self.opened.append((token, meant))
        elif self.opened.pop()[1]:
            return  # its opening star was reported
        if meant:
            self._report_star(token.markup, left, right)

    def finish(self) -> None:
        """After the last token: where some stars are shown and others made italics, as in `**CYP2D6*4/*4**`, reports
        the one before a digit, or the last.
        """
        if self.reported_end or not (self.is_mixed or self.is_nested):
            return
        text = self.text
        stars = [(at, end) for at, end in self._stars() if text[at - 1 : at].strip() or text[end : end + 1].strip()]
        if self.is_nested or sum(end - at for at, end in stars) > self.used:
            alleles = (star for star in stars if text[star[1] : star[1] + 1].isdecimal())
            at, end = next(alleles, stars[-1])
            message = f"'*' in {self._word(at, end)!r}: others make italics: write \\* for each that is to be shown"
            self.report("swallowed-mark", at, text[at:end], message)

    def _note_mixture(self, token: Any, left: str, right: str) -> None:
        self.used += len(token.markup)
        if token.nesting > 0:
            self.is_nested |= any(around.markup == token.markup for around, _ in self.opened)
            self.is_mixed |= "*" in (left, right) or (left in ("/", "(") and right.isdecimal())
        else:
            self.is_mixed |= "*" in (left, right) or right.isalnum()

    def _report_star(self, markup: str, left: str, right: str) -> None:
        for at, end in self._stars():
            before, after = self.text[at - 1 : at], self.text[end : end + 1]
            if at >= self.reported_end and before in (left, "$", "}") and after in (right, "$", "{"):
                word = self._word(at, end)
                makes, instead = ("italics", "× between numbers") if markup == "*" else ("bold", "$2^{3}$ for a power")
                message = f"'*' in {word!r} is not shown, it makes {makes}: write \\*, or {instead}"
                self.report("swallowed-mark", at, markup, message)
                self.reported_end = end
                return
        if not self.reported_end:
            self.reported_end = 1
            at = max(self.text.find(markup), 0)
            self.report("swallowed-mark", at, markup, "'*' inside a word is not shown: write \\*, or ×")

    def _check_name(self, tokens: list[Any]) -> None:
        """One word between two underscores each is more often a name, such as `__init__`, than meant in bold."""
        if tokens[0].nesting > 0 and tokens[2].markup == "__" and re.fullmatch(r"\w+", tokens[1].content):
            name = f"__{tokens[1].content}__"
            at = max(self.source.prose().find(name, self.name_end), 0)
            self.name_end = at + len(name)
            bold = f"write **{tokens[1].content}**"
            message = f"'{name}' is shown in bold without its underscores: put it in `code`, or {bold}"
            self.report("swallowed-mark", at, name, message)

    def _stars(self) -> Iterator[tuple[int, int]]:
        """Where runs of stars stand in the text, and end: not in math or code, not after a backslash."""
        for span in self.source.markup.spans:
            if span.kind == "text":
                for found in re.finditer(r"(?<!\\)\*+", span.value):
                    yield span.start + found.start(), span.start + found.end()

    def _word(self, start: int, end: int) -> str:
        """What stands from start to end with its neighbours up to the next spaces."""
        before, after = self.text[max(start - 20, 0) : start], self.text[end : end + 20]
        return re.split(r"\s", before)[-1] + self.text[start:end] + re.split(r"\s", after)[0]

    def _ends_word(self, character: str) -> bool:
        """Whether a letter, a digit, a closing bracket, math or the end of a deletion."""
        return self._is_kind(character, "close") or character.isalnum() or character in _CLOSE

    def _starts_word(self, character: str) -> bool:
        """Whether a letter, a digit, an opening bracket, math or the start of a deletion."""
        return self._is_kind(character, "open") or character.isalnum() or character in _OPEN

    def _is_kind(self, character: str, kind: str) -> bool:
        return bool(PLACEHOLDER.match(character)) and self.source.span(character).kind in ("math", "display", kind)


def _beside(tokens: list[Any], index: int, step: int) -> str:
    """The character before (-1) or after (1) a mark of emphasis, and others of its kind; "" if it is not text."""
    index += step
    while 0 <= index < len(tokens) and (tokens[index].tag in ("em", "strong") or _is_empty(tokens[index])):
        index += step
    if not 0 <= index < len(tokens) or tokens[index].type != "text":
        return ""
    content: str = tokens[index].content
    return content[-1:] if step < 0 else content[:1]


def _is_empty(token: Any) -> bool:
    return token.type == "text" and not token.content
