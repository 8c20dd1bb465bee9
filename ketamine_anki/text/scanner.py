"""One scan of a text: where code, math and cloze deletions stand in it, the syntax errors of the deletions, and the
text without them for the Markdown parser.

The scan alone decides what is math and what is a deletion; the Markdown parser never sees either. Its rules:

* code: what stands between two runs of backticks of the same length; or from a line that starts with three or more of
  them to a line of backticks alone, or to the end (CommonMark); nothing inside is math or a deletion;
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
from dataclasses import dataclass, field
from typing import NamedTuple

from ketamine_anki.core.escape import html as escape
from ketamine_anki.core.limits import MAX_CLOZE_DEPTH
from ketamine_anki.text.plain import is_blank, tex_is_blank

# All tokens start in one plain set of characters, which `re` looks for fast; what follows tells them apart. The first,
# without a name, is an escaped sign.
_TOKEN = re.compile(
    r"[\\`${}:](?:"
    r"(?<=\\)[!-/:-@\[-`{-~]"
    r"|(?<=`)(?<!``)(?P<code>`*)(?!`)"
    r"|(?<=\$)(?P<math>\$?)"
    r"|(?<=\{)(?P<open>\{c[0-9]+::)"
    r"|(?<=\{)(?P<braces>\{|(?=c[0-9]+:))"
    r"|(?<=\})(?P<close>\})"
    r"|(?<=:)(?P<hint>:))"
)
_MALFORMED = r"\{+\s*(?:c?\d*\s*:|[cC]\d)"  # braces that are meant as a deletion
_MEANT = r"\{+\s*[cC]?\s*(\d*)\s*[:;|\uff1a]+\s*([^{}\n]{1,60}?)\s*\}*"  # number and hidden part of one
_BEFORE_FENCE = r"[ \t]*(?:(?:[-+*]|\d+[.)])[ \t]+)*"
_CODE = r"(?s)[^<]*(?:\w\((?!s\))|\w_\w|\w\.[a-z]{3}|->)[^<]*\Z"  # a hint that looks like a program
_SPACES = ("std", "boost", "crate", "self", "super")  # of names in programs, before a `::` that is no hint
_PRICE = re.compile(r"[0-9]\$(?![A-Za-z\\$])|[A-Za-z]\$[0-9]")
_TEX = r"(?P<tex>(?:[^$\\\n]++|\\.|\n(?!\n))++)"  # possessive: a long text takes no second look
_INLINE = re.compile(rf"(?s)\$(?!\s){_TEX}(?<!\s)\$(?!\d)")
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
    depth: int
    end: int = -1
    answer_end: int = -1
    hint: str = ""
    answer: str = ""


@dataclass(slots=True)
class Markup:
    """The result of a scan: spans, which cover the text without gaps, deletions, and mistakes in their syntax."""

    text: str
    spans: list[Span] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    misplaced: Mistake | None = None  # code that Markdown does not read as a block: what follows is misread

    @property
    def numbers(self) -> list[int]:
        """The cloze numbers used, ascending: one card each."""
        return sorted({deletion.number for deletion in self.deletions})


UNMARKED = Markup("")  # shared by all texts that are their own HTML


def scan(text: str, *, cloze: bool = True) -> Markup:
    """A text as typed -> its markup. Only the `text` of a cloze note (`cloze`) may, and must, hold deletions."""
    return _Scan(text, cloze).run()


def _is_blank(text: str) -> bool:
    """Whether a reader sees nothing of a text as typed, in which nothing but math is read."""
    return is_blank(escape(re.sub(r"(?s)\$\$?(.*?)\$\$?", r"\(\1\)", text)))


class _Scan:
    """One scan: each kind of token has a method of its name, from its start and end to where the scan goes on."""

    def __init__(self, text: str, cloze: bool) -> None:
        self.text = text
        self.cloze = cloze
        self.markup = Markup(text)
        self.opened: list[Deletion] = []
        self.cut_off = 0  # deletions that math cuts off, reported there: their }} is no second mistake
        self.end = 0  # of the last span
        self.is_numbered = True  # whether no number is left out for being in code, a mistake of its own

    def run(self) -> Markup:
        """Reads the text from token to token."""
        at = 0
        while token := _TOKEN.search(self.text, at):
            kind = token.lastgroup
            at = getattr(self, f"_{kind}")(*token.span()) if kind else token.end()
        if self.end < len(self.text):
            self.markup.spans.append(Span("text", self.end, len(self.text), self.text[self.end :]))
        for deletion in self.opened:
            self._mistake(deletion.start, deletion.answer_start, "cloze deletion is never closed: add }}")
        deletions, mistakes = self.markup.deletions, self.markup.mistakes
        if deletions:
            self._check_deletions(deletions)
        elif self.cloze and not mistakes and "{{c" not in self.text:
            self._mistake(0, 0, "no cloze deletion: hide a part as {{c1::hidden}}")
        return self.markup

    def _span(self, kind: str, start: int, end: int, value: str) -> int:
        if self.end < start:
            self.markup.spans.append(Span("text", self.end, start, self.text[self.end : start]))
        self.markup.spans.append(Span(kind, start, end, value))
        self.end = end
        return end

    def _mistake(self, start: int, end: int, message: str) -> int:
        self.markup.mistakes.append(("cloze-syntax", start, self.text[start:end], message))
        return end

    def _code(self, start: int, end: int) -> int:
        ticks, before = self.text[start:end], self.text[self.text.rfind("\n", 0, start) + 1 : start]
        begins_line = re.fullmatch(_BEFORE_FENCE, before)
        closing = rf"(?<!`){ticks}(?!`)"
        if len(ticks) > 2 and begins_line and not re.compile("[^\n]*`").match(self.text, end):
            closing = rf"(?m)\n[ \t]*{ticks}`*[ \t]*$|\Z"
        close = re.compile(closing).search(self.text, end)
        if not close:
            return end
        code = self.text[end : close.start()]
        misplaced = ""
        if "\n" in code and not begins_line:
            misplaced = "stands inside a line: begin a line with it, before and after the code"
        elif code.endswith(" ") and "\n" not in code and "``" not in code:  # a block whose lines were joined
            misplaced = "is in one line with the code: put |- after the key to keep lines apart, or write `code`"
        if len(ticks) > 2 and misplaced and not self.markup.misplaced:
            self.markup.misplaced = "swallowed-mark", start, "```", f"'```' {misplaced}"
        if deletion := re.search(r"\{\{c\d+::", code):
            self.is_numbered = False
        if deletion and self.cloze:
            instead = "write {{c1::`code`}}, and what is around it between backticks of its own"
            if "\n" in code[: deletion.start()]:
                instead = "after the block, ask for the word with {{c1::`code`}}"
            message = f"code cannot hold a deletion: {instead}"
            self._mistake(end + deletion.start(), end + deletion.end(), message)
        return self._span("code", start, close.end(), code)

    def _math(self, start: int, end: int) -> int:
        kind, pattern = ("math", _INLINE) if end == start + 1 else ("display", _DISPLAY)
        match = pattern.match(self.text, start)
        if not match or _PRICE.match(self.text, max(start - 1, 0)):
            return end
        around = len(self.opened)
        for mark in tex_marks(match["tex"]):
            if mark.kind == "open":
                self._begin(end + mark.start, end + mark.end)
            elif mark.kind == "hint":
                self.opened[-1].answer_end = end + mark.start
            else:
                self._finish(end + mark.start, end + mark.end, tex_is_blank)
        for deletion in self.opened[around:]:
            self._mistake(deletion.start, deletion.answer_start, "cloze deletion is not closed inside the math: add }}")
            self.cut_off += 1
        del self.opened[around:]
        return self._span(kind, start, match.end(), match["tex"])

    def _open(self, start: int, end: int) -> int:
        return self._span("open", start, end, str(self._begin(start, end)))

    def _begin(self, start: int, end: int) -> int:
        """Starts a deletion with the mark from start to end; returns its number."""
        number = int(self.text[start + 3 : end - 2][:6])
        if self.opened and self.opened[-1].answer_end >= 0:
            self._mistake(start, end, "cloze deletion inside a hint: move it out")
        self.opened.append(Deletion(number, start, end, len(self.opened)))
        self.markup.deletions.append(self.opened[-1])
        return number

    def _braces(self, start: int, end: int) -> int:
        pattern = r"[^{}\n]*\}{0,2}" if end == start + 1 else r"(?s).*?\}\}"  # {c1::hidden}, or two braces
        closing = re.compile(pattern).match(self.text, end)
        after = closing.end() if closing else end
        shown = self.text[start : min(after, start + 80) if closing else start + 24].split("\n")[0]
        message = f"{shown!r} is read as a field by Anki: put it in `code` to show it"
        if self.cloze:
            message += ", or write {{c1::hidden}} for a deletion"
        if re.match(_MALFORMED, self.text[start : start + 24]):
            instead = "{{c1::hidden}} or {{c1::hidden::hint}}"
            if meant := re.fullmatch(_MEANT, self.text[start:after]):
                shown, instead = meant[0], f"{{{{c{int(meant[1] or 1)}::{meant[2]}}}}}"
            message = f"malformed cloze deletion {shown!r}: write {instead}"
            if not self.cloze:
                message = f"deletion {shown!r} here: only 'text' may hold one; put it in `code` to show it"
        self._mistake(start, start + len(shown), message)
        return after

    def _close(self, start: int, end: int) -> int:
        if self.opened:
            self._finish(start, end, _is_blank)
            return self._span("close", start, end, "}}")
        if self.cut_off:
            self.cut_off -= 1
            return end
        return self._mistake(start, end, "}} without a {{c1:: before it: delete it or open the deletion")

    def _finish(self, start: int, end: int, is_blank: Callable[[str], bool]) -> None:
        """Ends the innermost deletion with the braces from start to end."""
        deletion = self.opened.pop()
        has_hint = deletion.answer_end >= 0
        if not has_hint:
            deletion.answer_end = start
        deletion.end = end
        deletion.answer = self.text[deletion.answer_start : deletion.answer_end]
        if has_hint:
            deletion.hint = self.text[deletion.answer_end + 2 : start]
            if is_blank(deletion.hint):
                self._mistake(deletion.answer_end, end, "empty hint: write one after '::', or leave '::' out")
            elif re.match(_CODE, deletion.hint) or deletion.answer in _SPACES:
                message = "'::' starts a hint, and this one looks like code: put the answer between backticks"
                self._mistake(deletion.answer_end, end, message)
        if is_blank(deletion.answer):
            self._mistake(deletion.start, end, "empty cloze deletion: hide at least one word")

    def _hint(self, start: int, end: int) -> int:
        if not self.opened:
            return end
        if self.opened[-1].answer_end >= 0:
            message = "second '::' in one cloze deletion: only one hint; put code between backticks"
            return self._mistake(start, end, message)
        self.opened[-1].answer_end = start
        return self._span("hint", start, end, "::")

    def _check_deletions(self, deletions: list[Deletion]) -> None:
        """Deletions are not too deep, and their numbers run from 1 without gaps."""
        if deep := next((one for one in deletions if one.depth >= MAX_CLOZE_DEPTH), None):
            self._mistake(deep.start, deep.answer_start, f"cloze deletions more than {MAX_CLOZE_DEPTH} deep")
        numbers = self.markup.numbers
        wrong, message = -1, ""
        if not self.is_numbered:
            pass
        elif numbers[-1] > MAX_CLOZE:
            wrong, message = numbers[-1], f"cloze number c{numbers[-1]}: at most c{MAX_CLOZE} in one note"
        elif not numbers[0]:
            wrong, message = 0, "cloze numbers start at c1: c0 makes no card"
        elif numbers[-1] > len(numbers):
            expected, wrong = next(pair for pair in enumerate(numbers, 1) if pair[0] != pair[1])
            message = f"cloze number c{wrong} without a c{expected}: number from c1 without gaps"
        if message:
            first = next(one for one in deletions if one.number == wrong)
            self._mistake(first.start, first.answer_start, message)
        if not self.cloze:
            first = deletions[0]
            self._mistake(first.start, first.answer_start, "cloze deletion here: only 'text' may hold them")


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
            marks.append(Span("open", start, at, match["number"][:6]))
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


# --- the text for the parser --------------------------------------------------------------------

_FIRST = 0xF0000  # private use: the reader lets no text with such characters through
PLACEHOLDER = re.compile("[\U000f0000-\U000ffffd]")


class Source:
    """A scanned text as the Markdown parser reads it: one placeholder for each formula and mark of a deletion.

    So nothing inside math is read as Markdown; in the HTML the spans come back where their placeholders stand.
    """

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
