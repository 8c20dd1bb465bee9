"""Finds the comments of a YAML file, and the key or list item that each one is written above or beside.

A YAML library that keeps comments ties each to what stands before it, so that it goes astray when keys are put in
order; here a comment belongs to the key or item that it is about.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_COMMENTS
from ketamine_anki.deckfiles.parser import Node, Scalar, Sequence
from ketamine_anki.deckfiles.reader import Tree

Place = tuple[int, int]  # line and column from 0


class Comment(NamedTuple):
    """A comment, its place, and whether it has a line of its own."""

    line: int
    column: int
    text: str
    alone: bool


@dataclass
class Placed:
    """Where the comments go, by the identity of the key, item or collection node; `beside` with the column."""

    header: list[str] = field(default_factory=list)
    above: dict[int, list[str]] = field(default_factory=dict)
    beside: dict[int, tuple[int, str]] = field(default_factory=dict)
    below: dict[int, list[str]] = field(default_factory=dict)


# --- finding ----------------------------------------------------------------------------------


def find_comments(tree: Tree) -> list[Comment]:
    """The comments, up to one more than allowed: what follows the first # of a line outside of all scalars."""
    signs = {number: line.index("#") for number, line in enumerate(tree.lines) if "#" in line}
    if not signs:
        return []
    spans: dict[int, list[tuple[int, int]]] = {}  # columns of each line that belong to scalars
    for scalar in _scalars(tree.root):
        (first, column), (last, end) = _start(scalar), _end(scalar)
        for number in range(first, last + 1):
            stop = end if number == last else len(tree.lines[number])
            if number == first and _is_block_text(scalar):
                stop = column + 1  # a comment may stand beside the sign of a block
            spans.setdefault(number, []).append((column if number == first else 0, stop))
    comments = []
    for number, column in signs.items():
        line = tree.lines[number]
        for start, stop in spans.get(number, ()):
            if start <= column < stop:
                column = line.find("#", stop)
        if column >= 0:
            comments.append(Comment(number, column, line[column:].rstrip(), not line[:column].strip()))
            if len(comments) > MAX_COMMENTS:
                break
    return comments


def _scalars(node: Node) -> Iterator[Node]:
    if isinstance(node, Scalar):
        yield node
        return
    for child in node.items if isinstance(node, Sequence) else chain.from_iterable(node.entries):
        yield from _scalars(child)


# --- placing ----------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """A key or a list item, above or beside which a comment can stand."""

    name: int  # identity of the key or item
    start: Place
    column: int  # of the first sign of its line: the dash of an item
    end: Place | None  # of a value on the same line; None for a nested block
    value: Place
    within: int  # identity of the collection that holds it


def place_comments(tree: Tree, comments: list[Comment]) -> Placed:
    """Each comment with the key, item or collection that it belongs to."""
    placed = Placed()
    if not comments:
        return placed
    entries = list(_entries(tree, tree.root))
    starts = [entry.start for entry in entries]
    by_line: dict[int, list[_Entry]] = {}
    for entry in entries:
        for line in {entry.start[0], entry.end[0] if entry.end else entry.start[0]}:
            by_line.setdefault(line, []).append(entry)
    last = {entry.within: number for number, entry in enumerate(entries)}
    for comment in comments:
        place = (comment.line, comment.column)
        n = bisect_right(starts, place)  # the first entry after the comment
        beside = None if comment.alone else _entry_beside(by_line.get(comment.line, []), comment)
        gap = [] if "".join(tree.lines[comment.line + 1 : comment.line + 2]).strip() else [""]
        if beside is not None and beside.name not in placed.beside:
            placed.beside[beside.name] = (comment.column, comment.text)
        elif n == 0:
            placed.header += [comment.text, *gap]
        elif n < len(entries) and not comment.alone:  # beside a dash
            placed.above.setdefault(entries[n].name, []).append(comment.text)
        elif entries[n - 1].value > place:  # between a key and its text
            placed.above.setdefault(entries[n - 1].name, []).append(comment.text)
        elif (collection := _ended_collection(tree, entries, last, n, comment)) is not None:
            placed.below.setdefault(collection, []).append(comment.text)
        else:
            placed.above.setdefault(entries[n].name, []).extend([comment.text, *gap])
    return placed


def _entries(tree: Tree, node: Node, flow: bool = False) -> Iterator[_Entry]:
    """Every key and item in the order of the file."""
    if isinstance(node, Scalar):
        return
    flow = flow or _is_flow(tree, node)
    for name, value in [(item, item) for item in node.items] if isinstance(node, Sequence) else node.entries:
        inline = isinstance(value, Scalar) or flow or _is_flow(tree, value)
        # libyaml ends a block of text on the line after it
        end = _end(value) if inline and not _is_block_text(value) else None
        column = _start(name if flow else node)[1]
        yield _Entry(id(name), _start(name), column, end, _start(value if inline else name), id(node))
        yield from _entries(tree, value, flow)


def _entry_beside(entries: list[_Entry], comment: Comment) -> _Entry | None:
    """Of the entries on a comment's line, the outermost that ends before it, else the last that starts before it."""
    for entry in entries:
        if entry.end and entry.end[0] == comment.line and entry.end[1] <= comment.column:
            return entry
    started = [entry for entry in entries if entry.start[0] == comment.line and entry.start[1] < comment.column]
    return started[-1] if started else None


def _ended_collection(
    tree: Tree, entries: list[_Entry], last: Mapping[int, int], n: int, comment: Comment
) -> int | None:
    """The identity of the collection at whose end a comment stands: the innermost that is indented no further than
    the comment, if what follows is indented less or nothing follows. None for a comment on what follows.
    """
    following = entries[n].column if n < len(entries) else -1
    for node in reversed(_open_collections(tree, tree.root, (comment.line, comment.column))):
        if _is_flow(tree, node):
            return None if last.get(id(node), -1) >= n else id(node)
        if following < _start(node)[1] <= comment.column:
            return id(node)
    return id(tree.root) if n == len(entries) else None


def _open_collections(tree: Tree, node: Node, place: Place) -> list[Node]:
    """The collections around a place, from the outermost in; a block may have ended just before it."""
    if isinstance(node, Scalar) or (_is_flow(tree, node) and _end(node) <= place):
        return []
    children = node.items if isinstance(node, Sequence) else node.values
    started = bisect_left(children, place, key=_start)
    return [node, *(_open_collections(tree, children[started - 1], place) if started else [])]


def _start(node: Node) -> Place:
    return node.start_mark.line, node.start_mark.column


def _end(node: Node) -> Place:
    return node.end_mark.line, node.end_mark.column


def _is_block_text(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style in ("|", ">")


def _is_flow(tree: Tree, node: Node) -> bool:
    line, column = _start(node)
    return tree.lines[line][column] in "[{"
