"""Texts in which nothing is hard, past scan and Markdown parser: most texts of a deck.

A text is simple when it is one line of words, short formulas `$...$` between spaces, and words set
`**bold**` or `*italic*`; that of a cloze note when it is one line of words and deletions. What is simple renders
here to just what `render` would make of it the long way, as a property test shows; of anything that might be read
in two ways the answer is None.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ketamine_anki.core.limits import MAX_COLUMNS
from ketamine_anki.text.escape import escape
from ketamine_anki.text.scanner import Deletion, Markup, Span
from ketamine_anki.text.tex import guarded, tex_mistakes

PLAIN = Markup("")  # of every text without math and deletions

# Signs that Markdown, math, HTML or Anki may read as theirs; without them a text is its own HTML.
_MARKS = b"\\`*_{}[]<>&$|~!\n"
_HARMLESS = bytes(set(range(256)).difference(_MARKS))
_FEW = 4 * MAX_COLUMNS  # so many of them pass no limit
_START = re.compile(r"[0-9]+(?![0-9.)])|[$(]")  # besides a letter; a number with a period would start a list
_HARD_OUTSIDE = re.compile(r"[\\{}_]|<[A-Za-z/!?]|::")
_HARD_INSIDE = re.compile(r"^\s|\s$|\\$|\{\{|[<>&\n]")
_WORD = re.compile(r"(?<![^\s(])(\*\*?)(?=[A-Za-z0-9])([^*]*(?<=[A-Za-z0-9]))\1(?![^\s.,;:)?!])")
_DELETION = re.compile(r"\{\{c([1-9])::([^{}:]+)(?:::([^{}:]+))?\}\}")
_ELEMENTS = {"*": "em", "**": "strong"}


def simple(text: str) -> tuple[str, Markup] | None:
    """The HTML and the markup of a simple text; None of any other."""
    if not text[:1].isalpha() and not _START.match(text):
        return None
    marks = text.encode().translate(None, _HARMLESS)
    if not marks:
        return text, PLAIN
    if len(marks) > _FEW or marks.count(b"|") > MAX_COLUMNS or text[-1].isspace():
        return None
    if b"`" in marks or b"[" in marks or b"\n" in marks:
        return None
    if b"$" not in marks:
        body = _words(text)
        return None if body is None else (body, PLAIN)
    return _with_math(text)


def simple_cloze(text: str) -> tuple[str, Markup] | None:
    """The HTML, which is the text itself, and the markup of a simple text with deletions; None of any other."""
    parts = _DELETION.split(text)
    marks = text.encode().translate(None, _HARMLESS)
    if marks != b"{{}}" * (len(parts) // 4) or not 0 < len(marks) <= _FEW:
        return None
    if not (text[0].isalpha() or text[0] == "{" or _START.match(text)):
        return None
    spans: list[Span] = []
    deletions: list[Deletion] = []
    at = 0
    for number in range(0, len(parts), 4):
        outside = parts[number]
        if outside:
            if "::" in outside or outside[-1] == ":":
                return None
            spans.append(Span("text", at, at + len(outside), outside))
            at += len(outside)
        if number + 1 < len(parts):
            at = _deletion(parts[number + 1 : number + 4], at, spans, deletions)
    if not all(deletion.answer.strip() and (deletion.hint.strip() or not deletion.hint) for deletion in deletions):
        return None
    markup = Markup(text, spans, deletions)
    numbers = markup.numbers
    return (text, markup) if numbers[-1] == len(numbers) else None


def _deletion(parts: list[str], start: int, spans: list[Span], deletions: list[Deletion]) -> int:
    """Adds the deletion that starts at a place, of these three parts: number, answer, hint. Returns where it ends."""
    number, answer, hint = parts
    answer_start = start + len("{{c1::")
    at = answer_end = answer_start + len(answer)
    spans += Span("open", start, answer_start, number), Span("text", answer_start, answer_end, answer)
    if hint:
        at += len("::") + len(hint)
        spans += Span("hint", answer_end, answer_end + 2, "::"), Span("text", answer_end + 2, at, hint)
    spans.append(Span("close", at, at + 2, "}}"))
    deletions.append(Deletion(int(number), start, answer_start, at + 2, answer_end, hint or "", answer))
    return at + 2


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
def _formula(tex: str) -> str:
    """The HTML of a formula; "" of one that is hard. The formulas of a deck are the same few."""
    if not tex or _HARD_INSIDE.search(tex) or any(tex_mistakes(tex)):
        return ""
    return f"\\({guarded(tex)}\\)"


def _with_math(text: str) -> tuple[str, Markup] | None:
    parts = text.split("$")
    if len(parts) % 2 == 0:
        return None
    only_math = "::" not in text and not "".join(parts[::2]).encode().translate(None, _HARMLESS)
    made: list[str] = []
    spans: list[Span] = []
    at = 0
    for number, part in enumerate(parts):
        if number % 2:
            formula = _formula(part)
            if not formula or parts[number + 1][:1].isalnum() or parts[number + 1][:1] == "*":
                return None
            made.append(formula)
            spans.append(Span("math", at, at + len(part) + 2, part))
            at += len(part) + 2
        elif part:
            body = part if only_math else _words(part)
            if body is None or not (part[-1] in " (" or number == len(parts) - 1):
                return None
            made.append(body)
            spans.append(Span("text", at, at + len(part), part))
            at += len(part)
        elif 0 < number < len(parts) - 1:  # two formulas with nothing between: $$
            return None
    return "".join(made), Markup(text, spans)
