"""Finds the comments of a YAML file, and the key or list item that each one is written above or beside.

A YAML library that keeps comments ties each to what stands before it, so that it goes astray when keys are put in
order; here a comment belongs to the key or item that it is about.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from ketamine_anki.deckfiles.parser import Node, Scalar, Sequence

Place = tuple[int, int]  # line and column from 0
Lines = tuple[str, ...]


class Comment(NamedTuple):
    """A comment, its place, and whether it has a line of its own."""

    line: int
    column: int
    text: str
    alone: bool


class Placed:
    """Where the comments go, by the identity of the key, item or collection node; `beside` with the column."""

    def __init__(self) -> None:
        self.header: list[str] = []
        self.above: defaultdict[int, list[str]] = defaultdict(list)
        self.beside: dict[int, tuple[int, str]] = {}
        self.below: defaultdict[int, list[str]] = defaultdict(list)


def find_comments(lines: Lines, root: Node) -> list[Comment]:
    """The comments: what follows the first # of a line outside of all scalars."""
    outside = {number: line for number, line in enumerate(lines) if "#" in line}
    for scalar in _scalars(root) if outside else ():
        (first, column), (last, end) = _start(scalar), _end(scalar)
        for number in range(first, last + 1):
            if number in outside:
                line = outside[number]
                start, stop = column if number == first else 0, end if number == last else len(line)
                if number == first and _is_block_text(scalar):
                    stop = column + 1  # a comment may stand beside the sign of a block
                outside[number] = line[:start] + " " * (stop - start) + line[stop:]
    columns = ((number, line.index("#")) for number, line in outside.items() if "#" in line)
    return [Comment(n, at, lines[n][at:].rstrip(), not lines[n][:at].strip()) for n, at in columns]


def _scalars(node: Node) -> Iterator[Node]:
    if isinstance(node, Scalar):
        yield node
        return
    for child in node.items if isinstance(node, Sequence) else chain.from_iterable(node.entries):
        yield from _scalars(child)


class _Entry(NamedTuple):
    """A key or a list item, above or beside which a comment can stand."""

    name: int  # identity of the key or item
    start: Place
    column: int  # of the first sign of its line: the dash of an item
    end: Place | None  # of a value on the same line; None for a nested block
    value: Place
    around: tuple[Node, ...]  # the collections that hold it, from the outermost in, and its own value


def place_comments(lines: Lines, root: Node, comments: list[Comment]) -> Placed:
    """Each comment with the key, item or collection that it belongs to."""
    placed = Placed()
    entries = list(_entries(root, ())) if comments else []
    starts = [entry.start for entry in entries]
    by_line: defaultdict[int, list[_Entry]] = defaultdict(list)
    for entry in entries:
        for line in {entry.start[0], entry.end[0] if entry.end else entry.start[0]}:
            by_line[line].append(entry)
    for comment in comments:
        place = (comment.line, comment.column)
        n = bisect_right(starts, place)  # the first entry after the comment
        before, after = entries[n - 1] if n else None, entries[n] if n < len(entries) else None
        beside = None if comment.alone else _entry_beside(by_line[comment.line], comment)
        gap = [] if "".join(lines[comment.line + 1 : comment.line + 2]).strip() else [""]
        if beside is not None and beside.name not in placed.beside:
            placed.beside[beside.name] = (comment.column, comment.text)
        elif before is None:
            placed.header += [comment.text, *gap]
        elif after is not None and not comment.alone:  # beside a dash
            placed.above[after.name].append(comment.text)
        elif before.value > place:  # between a key and its text
            placed.above[before.name].append(comment.text)
        elif (ended := _ended_collection(before, after, place)) is not None:
            placed.below[id(ended)].append(comment.text)
        elif after is not None:
            placed.above[after.name] += [comment.text, *gap]
    return placed


def _entries(node: Node, around: tuple[Node, ...], flow: bool = False) -> Iterator[_Entry]:
    """Every key and item in the order of the file."""
    if isinstance(node, Scalar):
        return
    flow = flow or node.is_flow
    around = (*around, node)
    for name, value in [(item, item) for item in node.items] if isinstance(node, Sequence) else node.entries:
        inline = isinstance(value, Scalar) or flow or value.is_flow
        # libyaml ends a block of text on the line after it
        end = _end(value) if inline and not _is_block_text(value) else None
        column = _start(name if flow else node)[1]
        own = () if isinstance(value, Scalar) else (value,)
        yield _Entry(id(name), _start(name), column, end, _start(value if inline else name), (*around, *own))
        yield from _entries(value, around, flow)


def _entry_beside(entries: list[_Entry], comment: Comment) -> _Entry | None:
    """Of the entries on a comment's line, the outermost that ends before it, else the last that starts before it."""
    for entry in entries:
        if entry.end and entry.end[0] == comment.line and entry.end[1] <= comment.column:
            return entry
    started = [entry for entry in entries if entry.start[0] == comment.line and entry.start[1] < comment.column]
    return started[-1] if started else None


def _ended_collection(before: _Entry, after: _Entry | None, place: Place) -> Node | None:
    """The collection at whose end a comment stands between two entries: the innermost that is indented no further than
    the comment, if what follows is indented less or nothing follows. None for a comment on what follows.
    """
    for node in reversed(before.around):
        if node.is_flow and _start(node) <= place < _end(node):
            return None if after and any(outer is node for outer in after.around) else node
        if not node.is_flow and (after.column if after else -1) < _start(node)[1] <= place[1]:
            return node
    return None if after else before.around[0]


def _start(node: Node) -> Place:
    return node.start_mark.line, node.start_mark.column


def _end(node: Node) -> Place:
    return node.end_mark.line, node.end_mark.column


def _is_block_text(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style in ("|", ">")
