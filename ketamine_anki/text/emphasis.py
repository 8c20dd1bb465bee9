"""Finds stars meant as characters that Markdown would turn into italics or bold: `HLA-B*15:02 and HLA-A*31:01`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ketamine_anki.text.scanner import Report, Source

# Beside letters and digits, what ends a word and what starts one: brackets, math, marks of a deletion.
_ENDS, _STARTS = frozenset(")]$}"), frozenset("([${")


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
        token, opens = tokens[index], tokens[index].nesting > 0
        if token.markup == "__" and opens:
            self._check_name(tokens[index + 1 : index + 3])
        if "_" in token.markup:
            return
        left, right = self._beside(tokens, index, -1), self._beside(tokens, index, 1)
        after_word = left.isalnum() or left in _ENDS
        self.used += len(token.markup)
        self.is_mixed |= "*" in (left, right)
        if opens:
            self.is_mixed |= left in ("/", "(") and right.isdecimal()
            self.is_nested |= any(around.markup == token.markup for around, _ in self.opened)
        else:
            self.is_mixed |= right.isalnum()
        if token.markup == "**":
            meant = (after_word and right.isdecimal()) or (
                (left.isdecimal() or left in (")", "]")) and right in ("(", "[")
            )
            if opens and left.isascii() and left.isalnum():  # x**n + y**m
                is_power = left.isdecimal() or " " in tokens[index + 1].content
                meant |= is_power and self._beside(tokens, index + 2, 1).isalnum()
        elif opens:
            meant = after_word and (right.isalnum() or right in _STARTS)
        else:
            is_letter = tokens[index - 2] is self.opened[-1][0] and tokens[index - 1].content == left and left.isalpha()
            meant = after_word and right.isdecimal() and not is_letter
        if opens:
            self.opened.append((token, meant))
        elif self.opened.pop()[1]:
            return  # its opening star was reported
        if meant:
            self._report_star(token.markup, left, right)

    def finish(self) -> None:
        """Reports a star that is shown where others make italics: the one before a digit in `**CYP2D6*4/*4**`."""
        if self.reported_end or not (self.is_mixed or self.is_nested):
            return
        text = self.text
        stars = [(at, end) for at, end in self._stars() if text[at - 1 : at].strip() or text[end : end + 1].strip()]
        if self.is_nested or sum(end - at for at, end in stars) > self.used:
            alleles = (star for star in stars if text[star[1] : star[1] + 1].isdecimal())
            at, end = next(alleles, stars[-1])
            message = f"'*' in {self._word(at, end)!r}: others make italics: write \\* for each that is to be shown"
            self.report("swallowed-mark", at, text[at:end], message)

    def _report_star(self, markup: str, left: str, right: str) -> None:
        for at, end in self._stars():
            if at >= self.reported_end and (self.text[at - 1 : at], self.text[end : end + 1]) == (left, right):
                makes, instead = ("italics", "× between numbers") if markup == "*" else ("bold", "$2^{3}$ for a power")
                message = f"'*' in {self._word(at, end)!r} is not shown, it makes {makes}: write \\*, or {instead}"
                self.report("swallowed-mark", at, markup, message)
                self.reported_end = end
                return
        if not self.reported_end:
            self.reported_end = 1
            at = max(self.text.find(markup), 0)
            self.report("swallowed-mark", at, markup, "'*' inside a word is not shown: write \\*, or ×")

    def _check_name(self, after: list[Any]) -> None:
        """One word between two underscores each is more often a name, such as `__init__`, than meant in bold."""
        word = after[0].content
        if after[1].markup == "__" and re.fullmatch(r"\w+", word):
            at = max(self.source.prose().find(f"__{word}__", self.name_end), 0)
            self.name_end = at + len(word) + 4
            message = f"'__{word}__' is shown in bold without its underscores: put it in `code`, or write **{word}**"
            self.report("swallowed-mark", at, f"__{word}__", message)

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

    def _beside(self, tokens: list[Any], index: int, step: int) -> str:
        """The character before (-1) or after (1) a mark of emphasis, and others of its kind; "" if it is not text."""
        index += step
        while 0 <= index < len(tokens) and (
            tokens[index].tag in ("em", "strong") or (tokens[index].type == "text" and not tokens[index].content)
        ):
            index += step
        if not 0 <= index < len(tokens) or tokens[index].type != "text":
            return ""
        content = tokens[index].content
        return self.source.typed(content[-1])[-1] if step < 0 else self.source.typed(content[0])[0]
