"""Shows a compiled note as cards: the HTML of both sides, byte for byte what Anki makes of it.

Implements as much of Anki's template language as the note types use, as observed in the engine, which tests compare
it with: `{{Field}}`, `{{cloze:Field}}`, `{{FrontSide}}`, `{{#Field}}`, `{{^Field}}` and `{{/Field}}`. Anything else in
a template raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.anki.notetypes import NoteType

_MARK = re.compile(r"\{\{(?P<sign>[#^/]?)(?P<name>.*?)\}\}", re.DOTALL)
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
    parts: list[str] = []
    opened: list[tuple[str, bool]] = []  # the open sections: name, whether its content is shown
    for kind, text in _template_parts(template):
        if kind in ("#", "^"):
            is_empty = _EMPTY.fullmatch(_field(fields, text)) is not None
            opened.append((text, is_empty == (kind == "^")))
        elif kind == "/":
            if not opened or opened.pop()[0] != text:
                raise ValueError(f"{{{{/{text}}}}} closes a section that is not open")
        elif all(shown for _, shown in opened):
            is_cloze = not kind and text.startswith("cloze:")
            value = text if kind else _field(fields, text.removeprefix("cloze:"))
            parts.append(cloze(value, number, answer=answer) if is_cloze else value)
    if opened:
        raise ValueError(f"{{{{#{opened[-1][0]}}}}} is never closed")
    return "".join(parts)


@cache
def _template_parts(template: str) -> tuple[tuple[str, str], ...]:
    """(kind, text) in order: kind is `text`, `#`, `^`, `/`, or empty for a field."""
    parts: list[tuple[str, str]] = []
    at = 0
    for match in _MARK.finditer(template):
        parts.append(("text", template[at : match.start()]))
        parts.append((match["sign"], match["name"].strip()))
        at = match.end()
    return (*parts, ("text", template[at:]))


def _field(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        raise ValueError(f"the template names {name!r}, which is not a field")
    return fields[name]


@dataclass
class _Deletion:
    """A cloze deletion: its number, the texts and deletions inside it, its hint."""

    number: int
    inside: list[str | _Deletion] = field(default_factory=list)
    hint: str | None = None


def cloze(text: str, number: int, *, answer: bool = False) -> str:
    """The HTML of a cloze field on the card of a number: hidden on the question, marked on the answer."""
    # MathJax reads text, not elements: inside math Anki removes the elements around deletions.
    return _MATH.sub(lambda match: match[1] + _TAG.sub("", match[2]) + match[3], _show(_parse(text), number, answer))


def _parse(text: str) -> list[str | _Deletion]:
    """The text as a tree. As in Anki, a deletion that is never closed is dropped; a stray `}}` is text."""
    tree: list[str | _Deletion] = []
    opened: list[_Deletion] = []
    # Every second piece stands for a mark: the number of a deletion that opens, or None for `}}`.
    for index, piece in enumerate(_CLOZE.split(text)):
        if index % 2 == 0:
            if not opened:
                tree.append(piece)
                continue
            text, separator, hint = piece.partition("::")
            opened[-1].inside.append(text)
            opened[-1].hint = hint if separator else opened[-1].hint
        elif piece is not None:
            opened.append(_Deletion(int(piece)))
        elif opened:
            closed = opened.pop()
            (opened[-1].inside if opened else tree).append(closed)
        else:
            tree.append("}}")
    return tree


def _show(parts: Iterable[str | _Deletion], number: int, answer: bool) -> str:
    return "".join(part if isinstance(part, str) else _show_deletion(part, number, answer) for part in parts)


def _show_deletion(deletion: _Deletion, number: int, answer: bool) -> str:
    inside = _show(deletion.inside, number, answer)
    ordinal = f'data-ordinal="{deletion.number}"'
    if deletion.number != number:
        return f'<span class="cloze-inactive" {ordinal}>{inside}</span>'
    if answer:
        return f'<span class="cloze" {ordinal}>{inside}</span>'
    hint = "..." if deletion.hint is None else deletion.hint
    hidden = _ESCAPED.sub(lambda match: _NAMED.get(match[0]) or f"&#x{ord(match[0]):02X};", inside)
    return f'<span class="cloze" data-cloze="{hidden}" {ordinal}>[{hint}]</span>'
