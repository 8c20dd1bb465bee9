"""Edits single values of a YAML file in place: every other character stays as it was typed.

A value is found by the marks that the reader left. It keeps its style where that can hold the new
text: plain, quoted, or a folded or literal block with its own indent. Whether the edited file reads
as intended is for the caller to verify by reading it again.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ketamine_anki.model import Places

WIDTH = 100  # columns of a deck file
_BLOCK = re.compile(r"[>|][-+]?(?P<rest>\s*(?:#.*)?)")
_UNSAFE = re.compile(r"[\s\-?:,\[\]{}#&*!|>'\"%@`]|.*(?:: |:$| #|\n|\s$)", re.DOTALL)


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
    head = lines[mark.line][mark.column :]
    start, end = (mark.line, mark.column), content_end(places, key)
    if head[:1] in (">", "|"):
        return [_reblock(places, key, value, head)]
    rest = lines[end[0]][end[1] :].strip()
    _, column = _key(places, key)
    return [Cut(start, end, scalar(value, mark.column, column + 2, head[:1], may_block=not rest))]


def _reblock(places: Places, key: str, value: str, head: str) -> Cut:
    """Another text for a folded or literal block: header, comment and indent stay."""
    mark = places.marks[key]
    header = _BLOCK.fullmatch(head)
    end = content_end(places, key)
    if header is None or end[0] == mark.line:
        raise Unspliceable(f"{key} is written in a way that is not edited: use a plain '>-'")
    first = next(line for line in places.lines[mark.line + 1 : end[0] + 1] if line.strip())
    indent = len(first) - len(first.lstrip(" "))
    literal = head[0] == "|" or "\n" in value
    body = _body(value, indent, literal=literal)
    return Cut((mark.line, mark.column), end, f"{'|' if literal else '>'}-{header['rest']}\n{body}")


def scalar(value: str, column: int, indent: int, style: str = "", *, may_block: bool = True) -> str:
    """A text as YAML that starts in `column`: in its style if that fits, else as a block whose lines
    are indented by `indent`.
    """
    if "\n" not in value or not may_block:
        if style == '"':
            line = '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        elif style == "'" or _UNSAFE.match(value):
            line = "'" + value.replace("'", "''").replace("\n", "\n\n") + "'"
        else:
            line = value
        if column + len(line) <= WIDTH or not may_block:
            return line
    literal = "\n" in value
    return f"{'|' if literal else '>'}-\n{_body(value, indent, literal=literal)}"


def _body(value: str, indent: int, *, literal: bool) -> str:
    if literal:
        lines = value.split("\n")
    else:
        lines = textwrap.wrap(value, max(WIDTH - indent, 20), break_long_words=False, break_on_hyphens=False)
    return "\n".join(" " * indent + line if line else "" for line in lines)


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
    entry = f"{' ' * column}{key}: "
    return [Cut((line, 0), (line, 0), entry + scalar(value, len(entry), column + 2) + "\n")]


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
