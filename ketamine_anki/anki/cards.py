"""Shows a compiled note as cards: the HTML of both sides, byte for byte what Anki makes of it.

Implements as much of Anki's template language as the note types use, as observed in the engine, which tests compare
it with: `{{Field}}`, `{{cloze:Field}}`, `{{FrontSide}}`, `{{#Field}}`, `{{^Field}}` and `{{/Field}}`. Anything else in
a template raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.anki.notetypes import NoteType

_MARK = re.compile(r"\{\{([#^/]?)(.*?)\}\}", re.DOTALL)
_EMPTY = re.compile(r"(?:[ \t\n\v\f\r]|</?(?:br|div) ?/?>)*", re.IGNORECASE)
_CLOZE = re.compile(r"\{\{c(\d{1,9})::|\}\}")
_MATH = re.compile(r"(\\[(\[])(.*?)(\\[\])])", re.DOTALL)
_TAG = re.compile(r"<.*?>")
# What Anki escapes in the attribute `data-cloze`: all characters up to U+00FF but ASCII letters and digits.
_ESCAPED = re.compile(r"[^A-Za-z0-9\u0100-\U0010ffff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


@dataclass(frozen=True)
class Card:
    """One card: its ordinal from 0, the name of its template, the HTML of both sides."""

    ordinal: int
    template: str
    question: str
    answer: str


def cards(note: CompiledNote, kind: NoteType) -> tuple[Card, ...]:
    """Every card of a note, in order. A cloze note has one template and a card per number."""
    fields = dict(zip(kind.fields, note.fields, strict=True))
    rendered = []
    for ordinal in note.cards:
        template = kind.templates[0 if kind.is_cloze else ordinal]
        question = render_template(template.front, fields, ordinal + 1)
        answer = render_template(template.back, {**fields, "FrontSide": question}, ordinal + 1, answer=True)
        rendered.append(Card(ordinal, template.name, question, answer))
    return tuple(rendered)


def render_template(template: str, fields: Mapping[str, str], number: int, *, answer: bool = False) -> str:
    """A template and {field: HTML} -> the HTML of one side of a card; `number` is the card's number, from 1.

    Raises ValueError for a field that does not exist, a filter other than `cloze:`, or a section that is not
    closed.
    """
    opened: list[tuple[str, bool]] = []  # the open sections: name, whether its content is shown
    # After the text before the first mark, each mark is three pieces: sign, name, the text behind it.
    text, *marks = _MARK.split(template)
    parts = [text]
    for sign, given, text in zip(marks[::3], marks[1::3], marks[2::3], strict=True):
        name = given.strip()
        field = name.removeprefix("" if sign else "cloze:")
        if sign == "/":
            if not opened or opened.pop()[0] != name:
                raise ValueError(f"{{{{/{name}}}}} closes a section that is not open")
        elif field not in fields:
            raise ValueError(f"the template names {field!r}, which is not a field")
        elif sign:
            opened.append((name, (_EMPTY.fullmatch(fields[name]) is None) == (sign == "#")))
        elif all(is_shown for _, is_shown in opened):
            parts.append(cloze(fields[field], number, answer=answer) if field != name else fields[field])
        if all(is_shown for _, is_shown in opened):
            parts.append(text)
    if opened:
        raise ValueError(f"{{{{#{opened[-1][0]}}}}} is never closed")
    return "".join(parts)


@dataclass
class _Deletion:
    """A cloze deletion that is open: its number, the HTML inside it, its hint."""

    number: int
    inside: list[str] = field(default_factory=list)
    hint: str = "..."


def cloze(text: str, number: int, *, answer: bool = False) -> str:
    """The HTML of a cloze field on the card of a number: hidden on the question, marked on the answer.

    As in Anki, a deletion that is never closed is dropped, and a stray `}}` is text.
    """
    opened = [_Deletion(0)]  # the text itself, then the open deletions
    # Every second piece stands for a mark: the number of a deletion that opens, or None for `}}`.
    for index, piece in enumerate(_CLOZE.split(text)):
        if index % 2 == 0 and len(opened) > 1:
            shown, separator, hint = piece.partition("::")
            opened[-1].inside.append(shown)
            opened[-1].hint = hint if separator else opened[-1].hint
        elif index % 2 == 0:
            opened[0].inside.append(piece)
        elif piece is not None:
            opened.append(_Deletion(int(piece)))
        else:
            closed = _closed(opened.pop(), number, answer) if len(opened) > 1 else "}}"
            opened[-1].inside.append(closed)
    # MathJax reads text, not elements: inside math Anki removes the elements around deletions.
    return _MATH.sub(lambda match: match[1] + _TAG.sub("", match[2]) + match[3], "".join(opened[0].inside))


def _closed(deletion: _Deletion, number: int, answer: bool) -> str:
    inside = "".join(deletion.inside)
    ordinal = f'data-ordinal="{deletion.number}"'
    if deletion.number != number:
        return f'<span class="cloze-inactive" {ordinal}>{inside}</span>'
    if answer:
        return f'<span class="cloze" {ordinal}>{inside}</span>'
    hidden = _ESCAPED.sub(lambda match: _NAMED.get(match[0]) or f"&#x{ord(match[0]):02X};", inside)
    return f'<span class="cloze" data-cloze="{hidden}" {ordinal}>[{deletion.hint}]</span>'
