"""Edits single values of a YAML file in place: every other character stays as it was typed.

A value is found by the marks that the reader left, and written as `fmt` would write it; comments
beside it stay. Whether the edited file reads as intended is for the caller to verify by reading it
again.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ketamine_anki.core.model import Places
from ketamine_anki.deckfiles.formatter import WIDTH, entry, inline_text

_BLOCK = re.compile(r"[>|][-+]?(?P<comment>\s*(?:#.*)?)")


class Unspliceable(ValueError):  # noqa: N818 - a finding about a file
    """Why a value cannot be edited where it stands."""


class Cut(NamedTuple):
    """Text from one place to another (line and column from 0), and what takes its place."""

    start: tuple[int, int]
    end: tuple[int, int]
    put: str


def apply(lines: Sequence[str], cuts: Iterable[Cut]) -> str:
    """The text of the lines with the cuts made; cuts must not overlap. Of two insertions at one
    place the first stands first.
    """
    text = list(lines)
    backwards = sorted(enumerate(cuts), key=lambda numbered: (numbered[1].start, numbered[0]), reverse=True)
    for _, ((line, column), (end_line, end_column), put) in backwards:
        if line == len(text):  # after the last line of a file that does not end with a line end
            text.append("")
        tail = text[end_line][end_column:] if end_line < len(text) else ""
        text[line : end_line + 1] = [text[line][:column] + put + tail]
    return "\n".join(text)


def replace(places: Places, key: str, value: str) -> list[Cut]:
    """The cut that gives a key's text another value. Raises Unspliceable."""
    mark, lines = places.marks[key], places.lines
    start, end = (mark.line, mark.column), content_end(places, key)
    line, column = _key(places, key)
    opening = lines[mark.line][mark.column :]
    if opening[:1] in (">", "|"):
        header = _BLOCK.fullmatch(opening)
        if header is None:
            raise Unspliceable(f"{key} is written in a way that is not edited: use a plain '>-'")
        if header["comment"].strip():  # it needs a block to stand beside
            return [Cut(start, end, _block(value, header["comment"], column + 2))]
    rest = lines[end[0]][end[1] :].strip()
    if rest:
        return [Cut(start, end, _one_line(value, rest[0]))]
    head = f"{lines[line][:column]}{key.rpartition('.')[2]}:"
    return [Cut((line, 0), end, "\n".join(entry(head, value, column)))]


def _one_line(value: str, following: str) -> str:
    """A text before a comment, or inside braces."""
    if "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    inline = inline_text(value, flow=following in ",}")
    if inline == value and following == "#":  # which the reader would take for text that was cut off
        return "'" + value.replace("'", "''") + "'"
    return inline


def _block(value: str, comment: str, indent: int) -> str:
    sign, lines = "|", value.split("\n")
    if len(lines) == 1:
        wrapped = textwrap.wrap(value, max(WIDTH - indent, 20), break_long_words=False, break_on_hyphens=False)
        sign, lines = ">", wrapped
    return "\n".join([f"{sign}-{comment}", *(" " * indent + line if line else "" for line in lines)])


def replace_list(places: Places, key: str, values: Sequence[str]) -> list[Cut]:
    """The cut that gives a list other items, flow or block as it is. Raises Unspliceable."""
    mark = places.marks[key]
    end = content_end(places, key)
    old = places.lines[mark.line : end[0] + 1]
    if any("#" in line for line in old[:-1]) or "#" in old[-1][: end[1]]:
        raise Unspliceable(f"{key} has a comment inside: edit it by hand")
    flow = places.lines[mark.line][mark.column : mark.column + 1] == "["
    between = "\n" + " " * mark.column
    put = f"[{', '.join(values)}]" if flow else between.join(f"- {value}" for value in values)
    return [Cut((mark.line, mark.column), end, put)]


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
    """The cut that takes a key out, with its line or lines. Raises Unspliceable."""
    line, column = _key(places, key)
    if places.lines[line][:column].strip():
        raise Unspliceable(f"{key} opens the note: delete it by hand")
    return [Cut((line, 0), (content_end(places, key)[0] + 1, 0), "")]


def content_end(places: Places, key: str) -> tuple[int, int]:
    """Where the value of a key really ends, without the blank lines and comments that libyaml counts in."""
    mark, lines = places.marks[key], places.lines
    inner = [name for name in places.marks if name != key and (name.startswith(f"{key}.") or not key)]
    opening = lines[mark.line][mark.column : mark.column + 1]
    if inner and opening not in ("[", "{"):
        return max(content_end(places, name) for name in inner)
    if opening not in (">", "|"):
        return mark.end_line, mark.end_column
    last = mark.end_line if mark.end_column else mark.end_line - 1
    last = min(last, len(lines) - 1)
    while last > mark.line and not lines[last].strip():
        last -= 1
    return last, len(lines[last])


def _key(places: Places, key: str) -> tuple[int, int]:
    """(line, column) of the key itself. Raises Unspliceable for one inside braces or in quotes."""
    name = key.rpartition(".")[2]
    pattern = re.compile(rf"(?P<before> *(?:- +)*){re.escape(name)}:(?= |$)")
    for line in range(places.marks[key].line, places.marks[""].line - 1, -1):
        match = pattern.match(places.lines[line])
        if match:
            return line, match.end("before")
    raise Unspliceable(f"{key} is written in a way that is not edited: give it a line of its own")
