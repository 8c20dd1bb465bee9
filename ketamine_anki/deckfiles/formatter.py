"""Writes a YAML file in its one canonical form: keys in the order of the schema, text wrapped, quotes only where YAML
needs them, a blank line between notes. No comment is lost, and no value changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ketamine_anki.core.characters import refused
from ketamine_anki.core.limits import MAX_COMMENTS
from ketamine_anki.core.model import Finding, Position
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.comments import Placed, find_comments, place_comments
from ketamine_anki.deckfiles.parser import Node, Scalar, Sequence, Table, scalar_values
from ketamine_anki.deckfiles.reader import read_file
from ketamine_anki.deckfiles.syntax import half_quoted

WIDTH = 100

MANUAL = {
    "format": "Deck files have one canonical form, so that a change shows what it changes: keys in one order, text"
    " wrapped at 100 columns, quotes only where YAML needs them, a blank line between notes.\n\n"
    "Run `ketamine-anki fmt` to rewrite the files; comments are kept, and no card changes.",
}


def canonical(path: str, data: bytes, shape: schema.Record) -> tuple[str, list[Finding]]:
    """A file's bytes -> its canonical text, or "" with findings when it cannot be read.

    Raises AssertionError rather than return a text with other values or without a comment.
    """
    file, root, values = read_file(path, data, shape)
    if root is None or values is None or file.findings:
        return "", file.findings
    comments = find_comments(file.lines, root)
    if len(comments) > MAX_COMMENTS:
        at = Position(path, comments[MAX_COMMENTS].line + 1, comments[MAX_COMMENTS].column + 1)
        return "", [Finding(at, "limit", f"over {MAX_COMMENTS:,} comments in one file")]
    placed = place_comments(file.lines, root, comments)
    lines = placed.header + _Writer(placed).record(shape, root, 0)
    text = "\n".join(lines).rstrip("\n") + "\n"
    again, new_root, new_values = read_file(path, text.encode("utf-8"), shape)
    kept = sorted(comment.text for comment in find_comments(again.lines, new_root)) if new_root else []
    if new_values != values or kept != sorted(comment.text for comment in comments):  # pragma: no cover
        raise AssertionError(f"{path}: the canonical form would not be the same file")
    return text, []


def difference(path: str, data: bytes, text: str) -> list[Finding]:
    """A finding at the first line in which a file differs from its canonical text; [] if it does not."""
    if data == text.encode("utf-8"):
        return []
    pairs = zip(data.decode("utf-8", "replace").split("\n"), text.split("\n"), strict=False)
    line = next((number for number, (is_, should) in enumerate(pairs, 1) if is_ != should), 1)
    return [Finding(Position(path, line, 1), "format", "not in canonical form: run `ketamine-anki fmt`")]


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
    # Some characters are allowed only beside others of their line: folding must not separate them.
    is_sound = not any(next(refused(line), None) for line in block)
    if is_sound and (len(block) > 1 or len(pad + block[0]) <= WIDTH):
        made = [f"{head} {'|-' if chr(10) in text else '>-'}", *(f"{pad}{line}" if line else "" for line in block)]
        if _reads("\n".join(["k:" + made[0][len(head) :], *made[1:]]) + "\n", text):
            return made
    return [f"{head} {inline or json.dumps(text, ensure_ascii=False)}"]


_PLAIN = re.compile(r"[A-Za-z0-9](?:[ /(]?[A-Za-z0-9.)?;,%_-])*")
_PLAIN_IN_FLOW = re.compile(r"[A-Za-z0-9](?:[ /]?[A-Za-z0-9._-])*")


def inline_text(text: str, flow: bool = False) -> str:
    """A text on one line: unquoted where the reader takes the same text from it; `flow` for a text inside `[ ]`."""
    if (_PLAIN_IN_FLOW if flow else _PLAIN).fullmatch(text):  # faster than parsing
        return text
    around = "[{}]" if flow else "{}"
    if not half_quoted(text) and _reads(f"k: {around.format(text)}\n", text):
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


class _Writer:
    """Writes nodes, and the comments by the node that they belong to."""

    def __init__(self, comments: Placed) -> None:
        self.comments = comments

    def record(self, shape: Any, node: Table, indent: int) -> list[str]:
        """The lines of a mapping: a record's keys in canonical order, a table's as they are."""
        entries = node.entries
        if isinstance(shape, schema.Either):
            shape = shape.having if any(key.value == shape.key for key, _ in entries) else shape.otherwise
        if isinstance(shape, schema.Record):
            order = list(shape.keys)
            entries = sorted(entries, key=lambda entry: order.index(entry[0].value))
        lines = []
        for key, value in entries:
            kept = shape.keys[key.value] if isinstance(shape, schema.Record) else shape.value
            written = self.value(kept, f"{' ' * indent}{inline_text(key.value)}:", value, indent)
            lines += self.above(key, indent) + self.beside(key, written, kept)
        return lines + self.below(node, indent)

    def value(self, shape: Any, head: str, node: Node, indent: int) -> list[str]:
        """The lines of `head` with a value: a list between brackets where it fits on one line, else an item a line."""
        if isinstance(node, Scalar):
            return entry(head, node.value.strip(" \t\n"), indent)
        if isinstance(node, Table):
            inner = self.record(shape, node, indent + 2)
            return [head, *inner] if node.entries else [f"{head} {{}}", *inner]
        if flow := self.brackets(head, node):
            return [flow]
        lines = [head]
        for number, item in enumerate(node.items):
            if number and indent == 0 and isinstance(item, Table):
                lines.append("")
            lines += self.item(shape.item, item, indent + 2)
        return lines + self.below(node, indent + 2)

    def brackets(self, head: str, node: Sequence) -> str:
        """A short list of texts without comments on one line; "" for any other list."""
        commented = self.comments.above.keys() | self.comments.beside.keys() | self.comments.below.keys()
        texts = [item.value.strip(" \t\n") for item in node.items if isinstance(item, Scalar)]
        is_plain = len(texts) == len(node.items) and commented.isdisjoint(map(id, [node, *node.items]))
        if not is_plain or any("\n" in text for text in texts):
            return ""
        line = f"{head} [{', '.join(inline_text(text, flow=True) for text in texts)}]"
        return line if len(line) <= WIDTH else ""

    def item(self, shape: Any, node: Node, indent: int) -> list[str]:
        """The lines of one item after its dash; comments above its first key move above the dash."""
        above = self.above(node, indent)
        dash = f"{' ' * indent}-"
        if isinstance(node, Scalar):
            return above + self.beside(node, entry(dash, node.value.strip(" \t\n"), indent), shape)
        lines = self.record(shape, node, indent + 2)
        first = next(number for number, line in enumerate(lines) if line and not line.lstrip().startswith("#"))
        above += [line[2:] for line in lines[:first]]
        return above + self.beside(node, [f"{dash} {lines[first].lstrip()}", *lines[first + 1 :]], shape)

    def above(self, node: Node, indent: int) -> list[str]:
        """The comments above a key or item."""
        return [f"{' ' * indent}{text}" if text else "" for text in self.comments.above.get(id(node), ())]

    def beside(self, node: Node, lines: list[str], shape: Any) -> list[str]:
        """The lines with the comment beside the first, in the column where it was if there is room. It moves above
        them if another comment is there, and for prose, in which the reader takes ` #` for a mistake.
        """
        if id(node) not in self.comments.beside:
            return lines
        column, text = self.comments.beside[id(node)]
        if (isinstance(shape, schema.Text) and shape.prose) or " #" in lines[0]:
            return [f"{' ' * (len(lines[0]) - len(lines[0].lstrip()))}{text}", *lines]
        return [f"{lines[0]:{max(column, len(lines[0]) + 2)}}{text}", *lines[1:]]

    def below(self, node: Node, indent: int) -> list[str]:
        """The comments at the end of a collection."""
        return [f"{' ' * indent}{text}" for text in self.comments.below.get(id(node), ())]


def written(shape: schema.Record, values: Mapping[str, Any], indent: int) -> list[str]:
    """The canonical lines of a new record; `values` are texts, lists of texts and mappings by key."""
    return _Writer(Placed()).record(shape, _node(values), indent)


def _node(value: Any) -> Node:
    if isinstance(value, str):
        return Scalar(None, None, (True, True), value)
    if isinstance(value, Mapping):
        return Table([(_node(key), _node(inner)) for key, inner in value.items()])
    return Sequence([_node(item) for item in value])
