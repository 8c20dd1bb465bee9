"""One scan of a text: where code, math and cloze deletions stand in it, and the syntax errors of the deletions.

The scan alone decides what is math and what is a deletion; the Markdown parser never sees either. Its rules:

* code: a run of backticks up to a run of the same length, or from a line that starts with three or more to one that
  holds no others, or to the end (CommonMark); nothing inside is math or a deletion;
* a backslash before punctuation makes that character ordinary text (CommonMark);
* math: `$...$` whose first and last characters are not spaces and whose closing `$` is not followed by a digit
  (Pandoc: prices such as "$5 to $9" stay text), nor belongs to a price with the sign last or a currency code ("5$",
  "US$7"); and `$$...$$`;
* cloze: `{{c1::answer}}` or `{{c1::answer::hint}}`; an answer may hold math and other deletions, and math may hold
  a deletion (Anki's syntax).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_CLOZE_DEPTH

# All tokens start in one plain set of characters, which `re` looks for fast; what follows tells them apart.
_TOKEN = re.compile(
    r"[\\`${}:](?:"
    r"(?<=\\)(?P<escape>[!-/:-@\[-`{-~])"
    r"|(?<=`)(?<!``)(?P<code>`*)(?!`)"
    r"|(?<=\$)(?P<math>\$?)"
    r"|(?<=\{)(?P<open>\{c(?P<number>[0-9]+)::)"
    r"|(?<=\{)(?P<braces>\{|(?=c[0-9]+:))"
    r"|(?<=\})(?P<close>\})"
    r"|(?<=:)(?P<hint>:))"
)
_MALFORMED = r"\{+\s*(?:c?\d*\s*:|[cC]\d)"  # braces that are meant as a deletion
_OR_DELETION = ", or write {{c1::hidden}} for a deletion"  # advice for a text that may hold one
_MEANT = r"\{+\s*[cC]?\s*(\d*)\s*[:;|\uff1a]+\s*([^{}\n]{1,60}?)\s*\}*"  # number and hidden part of one
_BEFORE_FENCE = r"[ \t]*(?:(?:[-+*]|\d+[.)])[ \t]+)*"
_CODE = r"(?s)[^<]*(?:\w\((?!s\))|\w_\w|\w\.[a-z]{3}|->)[^<]*\Z"  # a hint that looks like a program
_SPACES = ("std", "boost", "crate", "self", "super")  # of names in programs, before a `::` that is no hint
_PRICE = re.compile(r"[0-9]\$(?![A-Za-z\\$])|[A-Za-z]\$[0-9]")
_TEX = r"(?P<tex>(?:[^$\\\n]++|\\.|\n(?!\n))++)"  # possessive: a long text takes no second look
_INLINE = re.compile(rf"(?s)\$(?!\s){_TEX}(?<!\s)\$")
_DISPLAY = re.compile(rf"(?s)\$\${_TEX}\$\$")
_TEX_MARK = r"(?s)\\.|(?P<open>\{\{c(?P<number>[0-9]+)::)|(?P<hint>::)|(?P<begin>\{)|(?P<end>\}\}?)"
Mistake = tuple[str, int, str, str]  # rule, offset, fragment and message of a finding about a text
Report = Callable[[str, int, str, str], None]  # takes one
MAX_CLOZE = 500  # Anki makes no cards of higher numbers

# What Anki obeys in a field wherever it stands: LaTeX images, sounds, speech, a box to type in; with its content.
BRACKET_COMMAND = (
    r"(?is)(?P<math>\[(?P<kind>latex|\$\$?)\])(?:.*?\[/(?P=kind)\])?|\[/(?:latex|\$\$?)\]"
    r"|(?P<other>\[(?:sound|anki):|\[\[type:)"
)
_COMMAND = re.compile(r"\[(?:/?latex|/?\$\$?)\]|\[(?:sound|anki):|\[\[type:|\\[()\[\]]|\{\{|\}\}", re.IGNORECASE)


def command_in(html: str) -> str:
    """The first part of a field's HTML, or of a plain text, that Anki or its MathJax would obey; "" if none."""
    match = _COMMAND.search(html)
    return match[0] if match else ""


def advised(message: str, fragment: str, cloze: bool) -> str:
    """A message about braces, without advice to write a deletion where none may stand."""
    if not cloze and message.startswith("malformed"):
        return f"deletion {fragment!r} here: only 'text' may hold one; put it in `code` to show it"
    return message if cloze else message.removesuffix(_OR_DELETION)


class Span(NamedTuple):
    """A part of the text: kind is text, code, math, display, open, hint or close. `value` is the
    code or math without its delimiters, the number of an `open`, the text otherwise.
    """

    kind: str
    start: int
    end: int
    value: str


@dataclass(slots=True)
class Deletion:
    """One cloze deletion: its number, answer and hint as typed, their places, and how many deletions are around it."""

    number: int
    start: int
    answer_start: int
    end: int = -1
    answer_end: int = -1
    hint: str = ""
    answer: str = ""
    depth: int = 0


class Markup:
    """The result of a scan: spans and deletions by place, and (start, end, message) of each mistake in the syntax of
    the deletions.
    """

    __slots__ = ("deletions", "mistakes", "spans", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: list[Span] = []
        self.deletions: list[Deletion] = []
        self.mistakes: list[tuple[int, int, str]] = []

    @property
    def numbers(self) -> list[int]:
        """The cloze numbers used, ascending: one card each."""
        return sorted({deletion.number for deletion in self.deletions})


UNMARKED = Markup("")  # shared by all texts that are their own HTML


def scan(text: str) -> Markup:
    """A text as typed -> its spans, which cover it without gaps, its deletions, and their mistakes."""
    markup = Markup(text)
    if "$" in text or "{{" in text or "}}" in text or "{c" in text or "`" in text or "\\" in text:
        _Scan(markup).run()
    else:
        markup.spans.append(Span("text", 0, len(text), text))
    return markup


def misplaced_fence(markup: Markup) -> tuple[int, str]:
    """Where three backticks begin code that Markdown does not read as a block, and what to do; (-1, "") if nowhere."""
    for kind, start, _, value in markup.spans:
        if kind == "code" and markup.text.startswith("```", start):
            before = markup.text[markup.text.rfind("\n", 0, start) + 1 : start]
            if "\n" in value and not re.fullmatch(_BEFORE_FENCE, before):
                return start, "stands inside a line: begin a line with it, before and after the code"
            if value.endswith(" ") and "\n" not in value and "``" not in value:  # a block whose lines were joined
                return start, "is in one line with the code: put |- after the key to keep lines apart, or write `code`"
    return -1, ""


class _Scan:
    """State of one scan."""

    def __init__(self, markup: Markup) -> None:
        self.markup = markup
        self.text = markup.text
        self.spans = markup.spans
        self.open: list[Deletion] = []
        self.cut_off = 0  # deletions that math cuts off, reported there: their }} is no second mistake
        self.end = 0  # of the last span

    def run(self) -> None:
        """Reads the text from token to token."""
        at = 0
        while token := _TOKEN.search(self.text, at):
            at = self._token(token)
        if self.end < len(self.text):
            self.spans.append(Span("text", self.end, len(self.text), self.text[self.end :]))
        for deletion in self.open:
            self._mistake(deletion.start, deletion.answer_start, "cloze deletion is never closed: add }}")
        if self.markup.deletions:
            self._check_depth()
            if not any(span.kind == "code" and re.search(r"\{\{c\d+::", span.value) for span in self.spans):
                self._check_numbers()  # without those in code, which are a mistake of their own

    def _token(self, token: re.Match[str]) -> int:
        """Reads what starts with a token; returns where to go on."""
        start, end = token.span()
        kind = token.lastgroup
        if kind == "math":
            return self._math(token[0], start, end)
        if kind == "open":
            return self._open(token["number"][:6], start, end)
        if kind == "close":
            return self._close(start, end)
        if kind == "hint":
            return self._hint(start, end)
        if kind == "code":
            return self._code(token[0], start, end)
        return self._braces(start, end) if kind == "braces" else end

    def _span(self, kind: str, start: int, end: int, value: str) -> int:
        if self.end < start:
            self.spans.append(Span("text", self.end, start, self.text[self.end : start]))
        self.spans.append(Span(kind, start, end, value))
        self.end = end
        return end

    def _mistake(self, start: int, end: int, message: str) -> int:
        self.markup.mistakes.append((start, end, message))
        return end

    def _code(self, ticks: str, start: int, end: int) -> int:
        line = self.text.rfind("\n", 0, start) + 1
        is_block = len(ticks) > 2 and re.fullmatch(_BEFORE_FENCE, self.text[line:start])
        if is_block and not re.compile("[^\n]*`").match(self.text, end):
            close = re.compile(rf"(?m)\n[ \t]*{ticks}`*[ \t]*$").search(self.text, end)
            stop, after = close.span() if close else [len(self.text)] * 2
            return self._span("code", start, after, self.text[end:stop])
        close = re.compile(rf"(?<!`){ticks}(?!`)").search(self.text, end)
        if close is None:
            return end
        return self._span("code", start, close.end(), self.text[end : close.start()])

    def _math(self, dollars: str, start: int, end: int) -> int:
        is_display = dollars == "$$"
        match = (_DISPLAY if is_display else _INLINE).match(self.text, start)
        if not match or _PRICE.match(self.text, max(start - 1, 0)):
            return end
        after = match.end()
        if not is_display and self.text[after : after + 1].isdigit():
            return end
        tex = match["tex"]
        if "{{c" in tex:
            self._deletions_in_math(tex, end)
        return self._span("display" if is_display else "math", start, after, tex)

    def _deletions_in_math(self, tex: str, offset: int) -> None:
        inner: list[Deletion] = []
        for mark in tex_marks(tex):
            start, end = offset + mark.start, offset + mark.end
            if mark.kind == "open":
                self._begin(inner, mark.value[:6], start, end, len(self.open))
            elif mark.kind == "hint":
                inner[-1].answer_end = start
            else:
                self._finish(inner.pop(), start, end)
        for deletion in inner:
            self._mistake(deletion.start, deletion.answer_start, "cloze deletion is not closed inside the math: add }}")
            self.cut_off += 1

    def _open(self, number: str, start: int, end: int) -> int:
        self._begin(self.open, number, start, end)
        return self._span("open", start, end, number)

    def _begin(self, around: list[Deletion], number: str, start: int, end: int, outside: int = 0) -> None:
        """Starts a deletion inside those around it, which stand inside `outside` others."""
        if around and around[-1].answer_end >= 0:
            self._mistake(start, end, "cloze deletion inside a hint: move it out")
        around.append(Deletion(int(number), start, end, depth=outside + len(around)))
        self.markup.deletions.append(around[-1])

    def _braces(self, start: int, end: int) -> int:
        pattern = r"[^{}\n]*\}{0,2}" if end == start + 1 else r"(?s).*?\}\}"  # {c1::hidden}, or two braces
        closing = re.compile(pattern).match(self.text, end)
        after = closing.end() if closing else end
        shown = self.text[start : min(after, start + 80) if closing else start + 24].split("\n")[0]
        if re.match(_MALFORMED, self.text[start : start + 24]):
            instead = "{{c1::hidden}} or {{c1::hidden::hint}}"
            if meant := re.fullmatch(_MEANT, self.text[start:after]):
                shown, instead = meant[0], f"{{{{c{int(meant[1] or 1)}::{meant[2]}}}}}"
            message = f"malformed cloze deletion {shown!r}: write {instead}"
        else:
            message = f"{shown!r} is read as a field by Anki: put it in `code` to show it{_OR_DELETION}"
        self._mistake(start, start + len(shown), message)
        return after

    def _close(self, start: int, end: int) -> int:
        if self.open:
            self._finish(self.open.pop(), start, end)
            return self._span("close", start, end, "}}")
        if self.cut_off:
            self.cut_off -= 1
            return end
        return self._mistake(start, end, "}} without a {{c1:: before it: delete it or open the deletion")

    def _finish(self, deletion: Deletion, start: int, end: int) -> None:
        """Ends a deletion with the braces from start to end."""
        if deletion.answer_end < 0:
            deletion.answer_end = start
        else:
            deletion.hint = self.text[deletion.answer_end + 2 : start]
            if not deletion.hint.strip():
                self._mistake(deletion.answer_end, end, "empty hint: write one after '::', or leave '::' out")
            elif re.match(_CODE, deletion.hint) or self.text[deletion.answer_start : deletion.answer_end] in _SPACES:
                message = "'::' starts a hint, and this one looks like code: put the answer between backticks"
                self._mistake(deletion.answer_end, end, message)
        deletion.end = end
        deletion.answer = self.text[deletion.answer_start : deletion.answer_end]
        if not deletion.answer.strip():
            self._mistake(deletion.start, end, "empty cloze deletion: hide at least one word")

    def _hint(self, start: int, end: int) -> int:
        if not self.open:
            return end
        deletion = self.open[-1]
        if deletion.answer_end >= 0:
            return self._mistake(
                start, end, "second '::' in one cloze deletion: only one hint; put code between backticks"
            )
        deletion.answer_end = start
        return self._span("hint", start, end, "::")

    def _check_depth(self) -> None:
        for deletion in self.markup.deletions:
            if deletion.depth >= MAX_CLOZE_DEPTH:
                message = f"cloze deletions more than {MAX_CLOZE_DEPTH} deep"
                self._mistake(deletion.start, deletion.answer_start, message)
                return

    def _check_numbers(self) -> None:
        """Numbers run from 1 without gaps."""
        numbers = self.markup.numbers
        if numbers[0] and numbers[-1] == len(numbers) <= MAX_CLOZE:
            return
        if numbers[-1] > MAX_CLOZE:
            wrong, message = numbers[-1], f"cloze number c{numbers[-1]}: at most c{MAX_CLOZE} in one note"
        elif not numbers[0]:
            wrong, message = 0, "cloze numbers start at c1: c0 makes no card"
        else:
            expected, wrong = next(pair for pair in enumerate(numbers, 1) if pair[0] != pair[1])
            message = f"cloze number c{wrong} without a c{expected}: number from c1 without gaps"
        deletion = next(deletion for deletion in self.markup.deletions if deletion.number == wrong)
        self._mistake(deletion.start, deletion.answer_start, message)


def tex_marks(tex: str) -> list[Span]:
    """The marks of the deletions inside math: open, hint, close.

    TeX's own braces are counted: of `{{c1::\\frac{a}{b}}}` the last two close the deletion.
    """
    marks: list[Span] = []
    if "{{c" not in tex:
        return marks
    open_at: list[int] = []  # depth of TeX's braces at each open deletion
    depth = at = 0
    pattern = re.compile(_TEX_MARK)
    while match := pattern.search(tex, at):
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
