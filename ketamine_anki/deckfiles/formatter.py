"""The one canonical form of a YAML file: keys in the order of schema.py, text wrapped, quotes only
where YAML needs them, a blank line between notes. No comment is lost, and no value changes.

A YAML library that keeps comments ties them to what stands before them, so they go astray when keys
are put in order; here each comment stays with the key or item that it was written above or beside.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ketamine_anki.core.characters import refused
from ketamine_anki.core.limits import MAX_COMMENTS
from ketamine_anki.core.model import Finding, Position
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.parser import Node, Scalar, Sequence, Table, scalar_values
from ketamine_anki.deckfiles.reader import Tree, read_tree

WIDTH = 100

MANUAL = {
    "format": "Deck files have one canonical form, so that a change shows what it changes: keys in one order, text"
    " wrapped at 100 columns, quotes only where YAML needs them, a blank line between notes.\n\n"
    "Run `ketamine-anki fmt` to rewrite the files; comments are kept, and no card changes.",
}


def canonical(path: str, data: bytes, shape: schema.Record) -> tuple[str, list[Finding]]:
    """A file's bytes -> its canonical text, or "" with findings when it cannot be read.

    Raises AssertionError rather than give a text that reads otherwise or lacks a comment.
    """
    tree, findings = read_tree(path, data, shape)
    if tree is None:
        return "", findings
    assert isinstance(tree.root, Table)
    comments = _comments(tree)
    if len(comments) > MAX_COMMENTS:
        at = Position(path, comments[MAX_COMMENTS].line + 1, comments[MAX_COMMENTS].column + 1)
        return "", [Finding(at, "limit", f"over {MAX_COMMENTS:,} comments in one file")]
    text = "\n".join(_Writer(tree, comments).file(shape)) + "\n"
    again, _ = read_tree(path, text.encode("utf-8"), shape)
    if again is None or again.values != tree.values or _texts(_comments(again)) != _texts(comments):  # pragma: no cover
        raise AssertionError(f"{path}: the canonical form would not be the same file")
    return text, []


def difference(path: str, data: bytes, text: str) -> list[Finding]:
    """A finding at the first line in which a file differs from its canonical text; [] if it does not."""
    if data == text.encode("utf-8"):
        return []
    pairs = zip(data.decode("utf-8", "replace").split("\n"), text.split("\n"), strict=False)
    line = next((number for number, (is_, should) in enumerate(pairs, 1) if is_ != should), 1)
    return [Finding(Position(path, line, 1), "format", "not in canonical form: run `ketamine-anki fmt`")]


def _texts(comments: list[_Comment]) -> list[str]:
    return sorted(comment.text for comment in comments)


# --- one text ---------------------------------------------------------------------------------


def entry(head: str, text: str, indent: int) -> list[str]:
    """The lines of `head` (such as `    answer:`) with its text: on one line where it fits in 100
    columns, else folded; the text's own line breaks make it a literal block. `indent` is the column
    of the key.
    """
    inline = "" if "\n" in text else inline_text(text)
    if inline and len(head) + 1 + len(inline) <= WIDTH:
        return [f"{head} {inline}"]
    pad = " " * (indent + 2)
    block = text.split("\n") if "\n" in text else _wrapped(text, WIDTH - len(pad))
    # Some characters are what they seem by what else is on their line: that is not parted from them.
    is_sound = not any(next(refused(line), None) for line in block)
    if is_sound and (len(block) > 1 or len(pad + block[0]) <= WIDTH):
        made = [f"{head} {'|-' if chr(10) in text else '>-'}", *(f"{pad}{line}" if line else "" for line in block)]
        if _reads("\n".join(["k:" + made[0][len(head) :], *made[1:]]) + "\n", text):
            return made
    return [f"{head} {inline or json.dumps(text, ensure_ascii=False)}"]


_PLAIN = re.compile(r"[A-Za-z0-9](?:[ /(]?[A-Za-z0-9.)?;,%_-])*")
_PLAIN_IN_FLOW = re.compile(r"[A-Za-z0-9](?:[ /]?[A-Za-z0-9._-])*")


def inline_text(text: str, flow: bool = False) -> str:
    """A text as it stands on one line: unquoted where YAML reads it back so, `flow` inside `[ ]`."""
    if (_PLAIN_IN_FLOW if flow else _PLAIN).fullmatch(text):  # to ask YAML takes longer
        return text
    around = "[{}]" if flow else "{}"
    if _reads(f"k: {around.format(text)}\n", text):
        return text
    if "'" in text and not re.search(r'["\\]', text):
        return f'"{text}"'
    single = "'" + text.replace("'", "''") + "'"
    return single if _reads(f"k: {single}\n", text) else json.dumps(text, ensure_ascii=False)


def _reads(document: str, text: str) -> bool:
    """Whether the only value of a YAML document, beside its key, is this text."""
    return scalar_values(document) == ["k", text]


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters where single spaces allow it; folding puts these back."""
    lines: list[str] = []
    for word in re.split(r"(?<=\S) (?=\S)", text):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


# --- comments ---------------------------------------------------------------------------------


class _Comment(NamedTuple):
    line: int
    column: int
    text: str
    alone: bool  # on a line of its own


class _Slot(NamedTuple):
    """A key or a list item: what comments are written above or beside. `end` is where its value ends
    on a line, None for a nested block; `within` is the collection that holds it.
    """

    name: int
    start: tuple[int, int]
    column: int  # of its line's first mark: the dash of an item
    end: tuple[int, int] | None
    value: tuple[int, int]
    within: int


@dataclass
class _Placed:
    """Where the comments go, by the identity of key, item or collection node."""

    header: list[str] = field(default_factory=list)
    before: dict[int, list[str]] = field(default_factory=dict)
    beside: dict[int, tuple[int, str]] = field(default_factory=dict)
    after: dict[int, list[str]] = field(default_factory=dict)


def _scalars(node: Node) -> Iterator[Node]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)
    else:
        for key, value in node.entries:
            yield key
            yield from _scalars(value)


def _comments(tree: Tree) -> list[_Comment]:
    """The comments, up to one too many: what follows the first # of a line that stands outside of all scalars."""
    signs = {number: line.index("#") for number, line in enumerate(tree.lines) if "#" in line}
    if not signs:
        return []
    covered: dict[int, list[tuple[int, int]]] = {}
    for scalar in _scalars(tree.root):
        (first, column), (last, end) = _start(scalar), _end(scalar)
        for number in range(first, last + 1):
            stop = end if number == last else len(tree.lines[number])
            if number == first and _is_block_text(scalar):
                stop = column + 1  # a comment may stand beside the mark of a block
            covered.setdefault(number, []).append((column if number == first else 0, stop))
    found = []
    for number, at in signs.items():
        line = tree.lines[number]
        for start, stop in covered.get(number, ()):
            if start <= at < stop:
                at = line.find("#", stop)
        if at >= 0:
            found.append(_Comment(number, at, line[at:].rstrip(), not line[:at].strip()))
            if len(found) > MAX_COMMENTS:
                break
    return found


def _slots(tree: Tree, node: Node, flow: bool = False) -> Iterator[_Slot]:
    """Every key and item in the order of the file."""
    if isinstance(node, Scalar):
        return
    pairs = [(i, i) for i in node.items] if isinstance(node, Sequence) else list(node.entries)
    flow = flow or _is_flow(tree, node)
    for name, value in pairs:
        inner = isinstance(value, Scalar) or flow or _is_flow(tree, value)
        # a block of text is said to end on the line after it
        end = _end(value) if inner and not _is_block_text(value) else None
        column = _start(name if flow else node)[1]
        yield _Slot(id(name), _start(name), column, end, _start(value if inner else name), id(node))
        yield from _slots(tree, value, flow)


def _place(tree: Tree, comments: list[_Comment]) -> _Placed:
    """Each comment with the key or item that it speaks of."""
    placed = _Placed()
    if not comments:
        return placed
    slots = list(_slots(tree, tree.root))
    starts = [slot.start for slot in slots]
    by_line: dict[int, list[_Slot]] = {}
    for found in slots:
        for line in {found.start[0], found.end[0] if found.end else found.start[0]}:
            by_line.setdefault(line, []).append(found)
    last = {found.within: number for number, found in enumerate(slots)}
    for comment in comments:
        at = (comment.line, comment.column)
        n = bisect_right(starts, at)
        slot = None if comment.alone else _beside(by_line.get(comment.line, []), comment)
        gap = [""] if _blank_follows(tree, comment) else []
        if slot is not None and slot.name not in placed.beside:
            placed.beside[slot.name] = (comment.column, comment.text)
        elif n == 0:
            placed.header += [comment.text, *gap]
        elif n < len(slots) and not comment.alone:  # beside a dash
            placed.before.setdefault(slots[n].name, []).append(comment.text)
        elif slots[n - 1].value > at:  # between a key and its text
            placed.before.setdefault(slots[n - 1].name, []).append(comment.text)
        elif (collection := _ends(tree, slots, last, n, comment)) is not None:
            placed.after.setdefault(collection, []).append(comment.text)
        else:
            placed.before.setdefault(slots[n].name, []).extend([comment.text, *gap])
    return placed


def _blank_follows(tree: Tree, comment: _Comment) -> bool:
    return not "".join(tree.lines[comment.line + 1 : comment.line + 2]).strip()


def _beside(slots: list[_Slot], comment: _Comment) -> _Slot | None:
    """Of the keys and items on a comment's line the outermost that ends there, else the last that starts."""
    for slot in slots:
        if slot.end and slot.end[0] == comment.line and slot.end[1] <= comment.column:
            return slot
    begun = [slot for slot in slots if slot.start[0] == comment.line and slot.start[1] < comment.column]
    return begun[-1] if begun else None


def _ends(tree: Tree, slots: list[_Slot], last: Mapping[int, int], n: int, comment: _Comment) -> int | None:
    """The collection that a comment stands at the end of: the innermost whose column it keeps, when
    what follows stands further left, or nothing follows; None for a comment on what follows.
    """
    following = slots[n].column if n < len(slots) else -1
    for node in reversed(_open(tree, tree.root, (comment.line, comment.column))):
        if _is_flow(tree, node):
            return None if last.get(id(node), -1) >= n else id(node)
        if following < _start(node)[1] <= comment.column:
            return id(node)
    return id(tree.root) if n == len(slots) else None


def _open(tree: Tree, node: Node, at: tuple[int, int]) -> list[Node]:
    """The collections that are open at a place, from the outermost in; blocks may have just ended."""
    if isinstance(node, Scalar) or (_is_flow(tree, node) and _end(node) <= at):
        return []
    if isinstance(node, Sequence):
        begun = bisect_left(node.items, at, key=_start)
        inner = node.items[begun - 1] if begun else None
    else:
        begun = bisect_left(node.entries, at, key=lambda entry: _start(entry[1]))
        inner = node.entries[begun - 1][1] if begun else None
    return [node, *(_open(tree, inner, at) if inner is not None else [])]


def _start(node: Node) -> tuple[int, int]:
    return node.start_mark.line, node.start_mark.column


def _end(node: Node) -> tuple[int, int]:
    return node.end_mark.line, node.end_mark.column


def _is_block_text(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style in ("|", ">")


def _is_flow(tree: Tree, node: Node) -> bool:
    line, column = _start(node)
    return tree.lines[line][column] in "[{"


# --- a whole file -----------------------------------------------------------------------------


class _Writer:
    """One file on its way out: its nodes, and its comments by the node that they speak of."""

    def __init__(self, tree: Tree, comments: list[_Comment]) -> None:
        self.root = tree.root
        self.comments = _place(tree, comments)

    def file(self, shape: schema.Record) -> list[str]:
        """The lines of the whole file."""
        assert isinstance(self.root, Table)
        lines = [*self.comments.header, *self.record(shape, self.root, 0)]
        return lines if lines[-1] else lines[:-1]

    def record(self, shape: schema.Record | schema.Table, node: Table, indent: int) -> list[str]:
        """The lines of a mapping: a record's keys in canonical order, a table's as they are."""
        entries = node.entries
        if isinstance(shape, schema.Record):
            order = list(shape.keys)
            entries = sorted(entries, key=lambda entry: order.index(entry[0].value))
        lines = []
        for key, value in entries:
            kept = shape.keys[key.value] if isinstance(shape, schema.Record) else shape.value
            lines += self.above(id(key), indent)
            made = self.value(kept, f"{' ' * indent}{inline_text(key.value)}:", value, indent)
            lines += self.beside(id(key), made, isinstance(kept, schema.Text) and kept.prose)
        return lines + self.below(node, indent)

    def value(self, shape: schema.Shape, head: str, node: Node, indent: int) -> list[str]:
        """The lines of `head` with a value."""
        if isinstance(node, Scalar):
            return entry(head, node.value.strip(" \t\n"), indent)
        if isinstance(shape, schema.List):
            assert isinstance(node, Sequence)
            return self.sequence(shape, head, node, indent)
        assert isinstance(node, Table)
        if not node.entries:
            return [f"{head} {{}}", *self.below(node, indent + 2)]
        return [head, *self.record(_record_of(shape, node), node, indent + 2)]

    def sequence(self, shape: schema.List, head: str, node: Sequence, indent: int) -> list[str]:
        """The lines of a list: between brackets where it fits on one line, else an item a line."""
        if flow := self.brackets(head, node):
            return [flow]
        lines = [head]
        for number, item in enumerate(node.items):
            if number and indent == 0 and isinstance(item, Table):
                lines.append("")
            lines += self.item(shape, item, indent + 2)
        return lines + self.below(node, indent + 2)

    def brackets(self, head: str, node: Sequence) -> str:
        """A short list of texts without comments on one line, or nothing."""
        spoken = (self.comments.before, self.comments.beside)
        if id(node) in self.comments.after or any(id(item) in found for item in node.items for found in spoken):
            return ""
        texts = [item.value.strip(" \t\n") for item in node.items if isinstance(item, Scalar)]
        if len(texts) < len(node.items) or any("\n" in text for text in texts):
            return ""
        line = f"{head} [{', '.join(inline_text(text, flow=True) for text in texts)}]"
        return line if len(line) <= WIDTH else ""

    def item(self, shape: schema.List, node: Node, indent: int) -> list[str]:
        """The lines of one item, behind its dash; what stands above its first key stands above it."""
        above = self.above(id(node), indent)
        dash = f"{' ' * indent}-"
        if isinstance(node, Scalar):
            prose = isinstance(shape.item, schema.Text) and shape.item.prose
            return above + self.beside(id(node), entry(dash, node.value.strip(" \t\n"), indent), prose)
        assert isinstance(node, Table)
        lines = self.record(_record_of(shape.item, node), node, indent + 2)
        first = next(number for number, line in enumerate(lines) if line and not line.lstrip().startswith("#"))
        above += [line[2:] for line in lines[:first]]
        return above + self.beside(id(node), [f"{dash} {lines[first].lstrip()}", *lines[first + 1 :]])

    def above(self, name: int, indent: int) -> list[str]:
        """The comments above a key or item."""
        return [f"{' ' * indent}{text}" if text else "" for text in self.comments.before.get(name, ())]

    def beside(self, name: int, lines: list[str], prose: bool = False) -> list[str]:
        """The lines with the comment beside the first, in the column where it was if there is room;
        above where another one stands, and above prose, in which the reader takes ` #` for a slip.
        """
        if name not in self.comments.beside:
            return lines
        column, text = self.comments.beside[name]
        if prose or " #" in lines[0]:
            return [f"{' ' * (len(lines[0]) - len(lines[0].lstrip()))}{text}", *lines]
        return [f"{lines[0]:{max(column, len(lines[0]) + 2)}}{text}", *lines[1:]]

    def below(self, node: Node, indent: int) -> list[str]:
        """The comments at the end of a collection."""
        return [f"{' ' * indent}{text}" for text in self.comments.after.get(id(node), ())]


def _record_of(shape: schema.Shape, node: Table) -> schema.Record | schema.Table:
    if isinstance(shape, schema.Either):
        return shape.having if any(key.value == shape.key for key, _ in node.entries) else shape.otherwise
    assert isinstance(shape, schema.Record | schema.Table)
    return shape


def written(shape: schema.Record, values: Mapping[str, Any], indent: int) -> list[str]:
    """The canonical lines of a record that is in no file yet; `values` are texts, lists of texts and
    mappings by key.
    """
    lines = []
    for key in shape.keys:
        if key not in values:
            continue
        value, head = values[key], f"{' ' * indent}{key}:"
        inner = shape.keys[key]
        if isinstance(value, str):
            lines += entry(head, value, indent)
        elif isinstance(inner, schema.Record):
            lines += [head, *written(inner, value, indent + 2)]
        else:
            lines.append(f"{head} [{', '.join(inline_text(text, flow=True) for text in value)}]")
    return lines
