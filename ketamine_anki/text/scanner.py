"""What stands in a text besides words: code, math and cloze deletions, found in one scan.

The scan decides alone what is math and what is a deletion; the Markdown parser later sees one
placeholder for each. Rules of the scan:

* code: a run of backticks up to a run of the same length (CommonMark); nothing inside it counts;
* a backslash before punctuation makes that character ordinary text (CommonMark);
* math: `$...$` whose first and last characters are not spaces and whose closing `$` no digit
  follows (Pandoc: prices such as "$5 to $9" stay text), nor a price with the sign after the number
  or a currency before it ("5$", "US$7"), and `$$...$$`;
* cloze: `{{c1::answer}}` or `{{c1::answer::hint}}`; an answer may hold math, other deletions, and
  math may hold a deletion (Anki's syntax).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_CLOZE_DEPTH

_TOKEN = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<code>(?<!`)(?P<ticks>`+)(?!`))"
    r"|(?P<display>\$\$)"
    r"|(?P<dollar>\$)"
    r"|(?P<open>\{\{c(?P<number>[0-9]+)::)"
    r"|(?P<braces>\{\{)"
    r"|(?P<close>\}\})"
    r"|(?P<hint>::)"
)
# What Anki obeys in a field wherever it stands: LaTeX images, sounds, speech, a box to type in.
COMMAND = re.compile(r"\[(?:/?latex|/?\$\$?)\]|\[(?:sound|anki):|\[\[type:", re.IGNORECASE)
# The same, with what it holds.
WHOLE_COMMAND = re.compile(
    r"(?P<math>\[(?P<kind>latex|\$\$?)\])(?:.*?\[/(?P=kind)\])?|\[/(?:latex|\$\$?)\]"
    r"|(?P<other>\[(?:sound|anki):|\[\[type:)",
    re.IGNORECASE | re.DOTALL,
)
_LIVE = re.compile(COMMAND.pattern + r"|\\[()\[\]]|\{\{|\}\}", re.IGNORECASE)
_FIRST = re.compile(r"[\\`${}:]")
# What stands for math or the mark of a deletion while Markdown is read; no text may hold private-use characters itself.
HOLD = 0xF0000
HELD = re.compile("[\U000f0000-\U000ffffd]")
MAX_CLOZE = 500  # Anki makes no cards beyond
_MARKS = re.compile(r"[\\`$]|\{\{|\}\}")


def live(text: str) -> str:
    """The first part of a text that Anki or its MathJax would obey as HTML; "" when all is text."""
    found = _LIVE.search(text)
    return found[0] if found else ""


class Span(NamedTuple):
    """A part of the text: kind is text, code, math, display, open, hint or close. `value` is the
    code or math without its delimiters, the number of an `open`, the text otherwise.
    """

    kind: str
    start: int
    end: int
    value: str


class Deletion:
    """One cloze deletion: number, answer and hint as typed, how many other deletions are around it."""

    __slots__ = ("answer", "answer_end", "answer_start", "depth", "end", "hint", "number", "start")

    def __init__(
        self,
        number: int,
        start: int,
        answer_start: int,
        end: int = -1,
        answer_end: int = -1,
        hint: str = "",
        answer: str = "",
        depth: int = 0,
    ) -> None:
        self.number = number
        self.start = start
        self.answer_start = answer_start
        self.end = end
        self.answer_end = answer_end
        self.hint = hint
        self.answer = answer
        self.depth = depth


class Markup:
    """The result of a scan: the spans in order, the deletions by place, and (start, end, message) of each mistake."""

    __slots__ = ("deletions", "mistakes", "spans", "text")

    def __init__(self, text: str, spans: list[Span] | None = None, deletions: list[Deletion] | None = None) -> None:
        self.text = text
        self.spans: list[Span] = [] if spans is None else spans
        self.deletions: list[Deletion] = [] if deletions is None else deletions
        self.mistakes: list[tuple[int, int, str]] = []

    @property
    def numbers(self) -> list[int]:
        """The cloze numbers used, ascending: one card each."""
        return sorted({deletion.number for deletion in self.deletions})


def scan(text: str) -> Markup:
    """Finds code, math and deletions of a text; mistakes of syntax come with it."""
    markup = Markup(text)
    if not _MARKS.search(text):
        markup.spans.append(Span("text", 0, len(text), text))
        return markup
    _Scan(markup).run()
    return markup


class _Scan:
    """State of one walk over a text."""

    def __init__(self, markup: Markup) -> None:
        self.markup = markup
        self.text = markup.text
        self.open: list[Deletion] = []
        self.cut: int = 0  # deletions that the end of math has cut off, said already
        self.said = 0  # end of the last span

    def run(self) -> None:
        at = 0
        while found := _FIRST.search(self.text, at):  # a search for one of few characters is fast
            match = _TOKEN.match(self.text, found.start())
            at = self._token(match) if match else found.end()
        self._until(len(self.text))
        for deletion in self.open:
            self._mistake(deletion.start, deletion.answer_start, "cloze deletion is never closed: add }}")
        self._number()

    def _until(self, end: int) -> None:
        if end > self.said:
            self.markup.spans.append(Span("text", self.said, end, self.text[self.said : end]))

    def _span(self, kind: str, start: int, end: int, value: str) -> int:
        self._until(start)
        self.markup.spans.append(Span(kind, start, end, value))
        self.said = end
        return end

    def _mistake(self, start: int, end: int, message: str) -> int:
        self.markup.mistakes.append((start, end, message))
        return end

    def _token(self, match: re.Match[str]) -> int:
        start, end = match.span()
        kind = match.lastgroup
        if kind == "code":
            return self._code(match, start, end)
        if kind in ("display", "dollar"):
            return self._math(match[0], start, end)
        if kind == "open":
            return self._open(match, start, end)
        if kind == "braces":
            return self._braces(start, end)
        if kind == "close":
            return self._close(start, end)
        if kind == "hint":
            return self._hint(start, end)
        return end

    def _code(self, match: re.Match[str], start: int, end: int) -> int:
        ticks = match["ticks"]
        close = re.compile(rf"(?<!`){ticks}(?!`)").search(self.text, end)
        if close is None:
            return end
        return self._span("code", start, close.end(), self.text[end : close.start()])

    def _math(self, dollars: str, start: int, end: int) -> int:
        close = -1 if _PRICE.match(self.text, max(start - 1, 0)) else _math_end(self.text, end, dollars)
        if close < 0:
            return end
        kind = "display" if dollars == "$$" else "math"
        value = self.text[end:close]
        self._inner(end, value)
        return self._span(kind, start, close + len(dollars), value)

    def _inner(self, offset: int, tex: str) -> None:
        """Deletions inside math."""
        inner: list[Deletion] = []
        for mark in tex_marks(tex):
            start, end = offset + mark.start, offset + mark.end
            if mark.kind == "open":
                self._not_in_hint(inner, start, end)
                inner.append(Deletion(int(mark.value[:6]), start, end, depth=len(self.open) + len(inner)))
                self.markup.deletions.append(inner[-1])
            elif mark.kind == "hint":
                inner[-1].answer_end = start
            else:
                self._end(inner.pop(), start, end)
        for deletion in inner:
            message = "cloze deletion is not closed inside the math: add }}"
            self._mistake(deletion.start, deletion.answer_start, message)
            self.cut += 1

    def _open(self, match: re.Match[str], start: int, end: int) -> int:
        self._not_in_hint(self.open, start, end)
        deletion = Deletion(int(match["number"][:6]), start, end, depth=len(self.open))
        self.open.append(deletion)
        self.markup.deletions.append(deletion)
        return self._span("open", start, end, match["number"][:6])

    def _braces(self, start: int, end: int) -> int:
        shown = self.text[start : start + 24].split("\n")[0]
        shown = shown[: shown.index("}}") + 2] if "}}" in shown else shown
        if re.match(r"\{{2,}\s*(?:c?\d*\s*:|[cC]\d)", self.text[start : start + 24]):
            message = f"malformed cloze deletion {shown!r}: write {{{{c1::hidden}}}} or {{{{c1::hidden::hint}}}}"
        else:
            message = f"{shown!r} is read as a field by Anki: write single braces, or {{{{c1::hidden}}}} for a deletion"
        self._mistake(start, start + len(shown), message)
        closing = self.text.find("}}", end)
        return closing + 2 if closing >= 0 else end

    def _close(self, start: int, end: int) -> int:
        if not self.open and self.cut:
            self.cut -= 1
            return end
        if not self.open:
            return self._mistake(start, end, "}} without a {{c1:: before it: delete it or open the deletion")
        self._end(self.open.pop(), start, end)
        return self._span("close", start, end, "}}")

    def _not_in_hint(self, around: list[Deletion], start: int, end: int) -> None:
        if around and around[-1].answer_end >= 0:
            self._mistake(start, end, "cloze deletion inside a hint: move it out")

    def _end(self, deletion: Deletion, start: int, end: int) -> None:
        """A deletion is closed by the braces from start to end."""
        if deletion.answer_end < 0:
            deletion.answer_end = start
        else:
            deletion.hint = self.text[deletion.answer_end + 2 : start]
            if not deletion.hint.strip():
                self._mistake(deletion.answer_end, end, "empty hint: write one after '::', or leave '::' out")
        deletion.end = end
        deletion.answer = self.text[deletion.answer_start : deletion.answer_end]
        if not deletion.answer.strip():
            self._mistake(deletion.start, end, "empty cloze deletion: hide at least one word")

    def _hint(self, start: int, end: int) -> int:
        if not self.open:
            return end
        deletion = self.open[-1]
        if deletion.answer_end >= 0:
            return self._mistake(start, end, "second '::' in one cloze deletion: only one hint")
        deletion.answer_end = start
        return self._span("hint", start, end, "::")

    def _number(self) -> None:
        numbers = self.markup.numbers
        deep = next((d for d in self.markup.deletions if d.depth >= MAX_CLOZE_DEPTH), None)
        if deep:
            self._mistake(deep.start, deep.answer_start, f"cloze deletions more than {MAX_CLOZE_DEPTH} deep")
        if numbers and numbers[-1] > MAX_CLOZE:
            first = next(d for d in self.markup.deletions if d.number == numbers[-1])
            message = f"cloze number c{first.number}: at most c{MAX_CLOZE} in one note"
            self._mistake(first.start, first.answer_start, message)
            return
        for expected, number in enumerate(numbers, 1):
            if number == expected:
                continue
            deletion = next(d for d in self.markup.deletions if d.number == number)
            if number == 0:
                message = "cloze numbers start at c1: c0 makes no card"
            else:
                message = f"cloze number c{number} without a c{expected}: number from c1 without gaps"
            self._mistake(deletion.start, deletion.answer_start, message)
            return


_PRICE = re.compile(r"[0-9]\$(?![A-Za-z\\$])|[A-Za-z]\$[0-9]")
_IN_MATH = re.compile(r"\\.?|\$|\n\n", re.DOTALL)


def _math_end(text: str, start: int, dollars: str) -> int:
    """Index of the closing dollars, or -1 when this is not math."""
    if start >= len(text) or (text[start].isspace() and dollars == "$"):
        return -1
    for match in _IN_MATH.finditer(text, start):
        at = match.start()
        if text[at] == "\\":
            continue
        if not text.startswith(dollars, at) or at == start:
            return -1
        if dollars == "$" and (text[at - 1].isspace() or text[at + 1 : at + 2].isdigit()):
            return -1
        return at
    return -1


_TEX_MARK = re.compile(r"\\.|(?P<open>\{\{c(?P<number>[0-9]+)::)|(?P<hint>::)|(?P<begin>\{)|(?P<end>\}\}?)", re.DOTALL)


def tex_marks(tex: str) -> list[Span]:
    """The marks of the deletions inside math: open, hint, close.

    TeX's own braces are counted: of `{{c1::\\frac{a}{b}}}` the last two close the deletion.
    """
    marks: list[Span] = []
    if "{{c" not in tex:
        return marks
    open_at: list[int] = []  # depth of TeX's braces at each open deletion
    depth = at = 0
    while match := _TEX_MARK.search(tex, at):
        start, at = match.span()
        inside = bool(open_at) and open_at[-1] == depth
        if match["open"]:
            marks.append(Span("open", start, at, match["number"]))
            open_at.append(depth)
        elif match["hint"]:
            if inside and marks[-1].kind != "hint":
                marks.append(Span("hint", start, at, "::"))
        elif match["begin"]:
            depth += 1
        elif match["end"] == "}}" and inside:
            marks.append(Span("close", start, at, "}}"))
            open_at.pop()
        elif match["end"]:
            at = start + 1
            depth -= 1
    return marks
