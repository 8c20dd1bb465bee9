"""Edits a YAML file in place: a value of a note, or a new note at the end. Every other character stays as typed.

A value is found by its marks and written as `fmt` would write it; comments beside it stay. The caller verifies the
edited file by reading it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection as Some
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ketamine_anki.core.model import Collection, Places
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.filenames import latin_words
from ketamine_anki.deckfiles.formatter import entry, inline_text, written

_BLOCK = re.compile(r"[>|][-+]?(?:\s+(?P<comment>#.*)|\s*)")


class Unspliceable(ValueError):  # noqa: N818 - a finding about a file
    """A value cannot be edited where it stands; the message says why."""


class Cut(NamedTuple):
    """A replacement of the text between two places (line and column from 0)."""

    start: tuple[int, int]
    end: tuple[int, int]
    replacement: str


def apply(lines: Sequence[str], cuts: Iterable[Cut]) -> str:
    """The lines with the cuts applied, which must not overlap; insertions at one place keep their order."""
    text = list(lines)
    backwards = sorted(enumerate(cuts), key=lambda numbered: (numbered[1].start, numbered[0]), reverse=True)
    for _, ((line, column), (end_line, end_column), replacement) in backwards:
        if line == len(text):  # after the last line of a file that does not end with a line end
            text.append("")
        tail = text[end_line][end_column:] if end_line < len(text) else ""
        text[line : end_line + 1] = [text[line][:column] + replacement + tail]
    return "\n".join(text)


def replace(places: Places, key: str, value: str) -> list[Cut]:
    """The cut that gives a key another text; a comment beside the sign of a block moves above. Raises Unspliceable."""
    mark, lines = places.marks[key], places.lines
    end = content_end(places, key)
    line, column = _key(places, key)
    opening = lines[mark.line][mark.column :]
    header = _BLOCK.fullmatch(opening)
    if opening[:1] in (">", "|") and header is None:
        raise Unspliceable(f"{key} is written in a way that is not edited: use a plain '>-'")
    rest = lines[end[0]][end[1] :].strip()
    if rest:
        return [Cut((mark.line, mark.column), end, _one_line(value, rest[0]))]
    above = [f"{' ' * column}{header['comment']}"] if header and header["comment"] else []
    head = f"{lines[line][:column]}{key.rpartition('.')[2]}:"
    return [Cut((line, 0), end, "\n".join([*above, *entry(head, value, column)]))]


def _one_line(value: str, following: str) -> str:
    """A text before a comment, or inside braces."""
    if "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    inline = inline_text(value, flow=following in ",}")
    if inline == value and following == "#":  # the reader would report unquoted text as cut off
        return "'" + value.replace("'", "''") + "'"
    return inline


def replace_list(places: Places, key: str, values: Sequence[str]) -> list[Cut]:
    """The cut that gives a list other items, in flow or block style as before. Raises Unspliceable."""
    mark = places.marks[key]
    end = content_end(places, key)
    old = places.lines[mark.line : end[0] + 1]
    if any("#" in line for line in old[:-1]) or "#" in old[-1][: end[1]]:
        raise Unspliceable(f"{key} has a comment inside: edit it by hand")
    flow = places.lines[mark.line][mark.column : mark.column + 1] == "["
    between = "\n" + " " * mark.column
    replacement = f"[{', '.join(values)}]" if flow else between.join(f"- {value}" for value in values)
    return [Cut((mark.line, mark.column), end, replacement)]


def insert(places: Places, order: Sequence[str], key: str, value: str) -> list[Cut]:
    """The cut that adds a key, after the last of those that stand before it in `order`."""
    before = [name for name in order[: order.index(key)] if name in places.marks]
    if not before:
        raise Unspliceable(f"{key} has no place: add it by hand")
    _, column = _key(places, before[-1])
    line = max(content_end(places, name)[0] for name in before) + 1
    added = entry(f"{' ' * column}{key}:", value, column)
    return [Cut((line, 0), (line, 0), "\n".join([*added, ""]))]


def remove(places: Places, key: str) -> list[Cut]:
    """The cut that removes a key with its lines. Raises Unspliceable."""
    line, column = _key(places, key)
    if places.lines[line][:column].strip():
        raise Unspliceable(f"{key} opens the note: delete it by hand")
    return [Cut((line, 0), (content_end(places, key)[0] + 1, 0), "")]


def content_end(places: Places, key: str) -> tuple[int, int]:
    """Where the value of a key ends, without the blank lines that libyaml includes in a block of text."""
    mark, lines = places.marks[key], places.lines
    if mark.end_column:
        return mark.end_line, mark.end_column
    last = mark.end_line - 1
    while not lines[last].strip():
        last -= 1
    return last, len(lines[last])


def _key(places: Places, key: str) -> tuple[int, int]:
    """Line and column of the key itself. Raises Unspliceable for a key inside braces or in quotes."""
    mark = places.marks[f"{key}:"]
    typed = places.lines[mark.line]
    if re.fullmatch(r" *(?:- +)*", typed[: mark.column]) and typed[mark.column] not in "'\"?":
        return mark.line, mark.column
    raise Unspliceable(f"{key} is written in a way that is not edited: give it a line of its own")


_SMALL = frozenset(
    "a an and are as at be by can do does for from has have how if in is it its of on or that the their this to was"
    " were what when where which who why with would".split()
)
_WORDS = 5  # of a proposed id


def propose_id(text: str, taken: Some[str]) -> str:
    """An unused id made of the first significant words of a question or cloze text."""
    text = re.sub(r"\{\{c\d+::((?:(?!::|\}\}).)*)(?:::(?:(?!\}\}).)*)?\}\}", r"\1", text)
    found = latin_words(re.sub(r"\$[^$]*\$|['’]s\b|['’]", "", text))
    stem = "-".join([word for word in found if word not in _SMALL][:_WORDS]) or "note"
    stem = stem if re.fullmatch(schema.ID, stem) else f"note-{stem}"
    number, proposed = 1, stem
    while proposed in taken:
        number += 1
        proposed = f"{stem}-{number}"
    return proposed


def propose_cites(source: str, collection: Collection) -> tuple[str, ...]:
    """The citations of a paragraph: its problems, or its entries when it has no problems."""
    cites = collection.paragraphs.get(source, ())
    return tuple(cite for cite in cites if cite.startswith("problem/")) or cites


def propose_yield(claims: Some[str], collection: Collection) -> str:
    """`core` when one of the claims is a core claim, else `supporting`."""
    core = any(collection.claims[claim].importance == "core" for claim in claims if claim in collection.claims)
    return "core" if core else "supporting"


def file_head(deck: str) -> str:
    """The first lines of a new deck file."""
    return f"# yaml-language-server: $schema=./deck.schema.json\ndeck: {inline_text(deck)}\nnotes:\n"


def append(text: str, values: Mapping[str, Any]) -> tuple[str, int]:
    """A deck file's text with a note at its end, before comments that close the file; and the line, from 1, on which
    the note starts.
    """
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    dashes = [line for line in lines if re.match(r" *- ", line)]
    dash = len(dashes[0]) - len(dashes[0].lstrip()) if dashes else 2
    last = len(lines)
    while last and re.match(rf"\s*$| {{0,{dash}}}#", lines[last - 1]):  # of the file rather than of the note
        last -= 1
    shape = schema.CLOZE_NOTE if "text" in values else schema.QUESTION_NOTE
    note = written(shape, values, dash + 2)
    note[0] = f"{' ' * dash}- {note[0].lstrip()}"
    gap = [""] if dashes else []
    closing = [line for line in lines[last:] if line] or [""]
    if closing[-1]:
        closing.append("")
    return ending.join([*lines[:last], *gap, *note, *closing]), last + len(gap) + 1
