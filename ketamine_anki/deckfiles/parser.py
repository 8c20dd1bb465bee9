"""Parses the bytes of a YAML file into nodes with marks, or reports findings. The only module that imports PyYAML.

Anchors, aliases, merge keys, tags, directives and further documents are refused, so that a reviewer sees on the line
what is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ketamine_anki.core import characters, limits
from ketamine_anki.core.model import Finding, Mark, Places, Position
from ketamine_anki.deckfiles.syntax import MERGE, explain, explain_key, merge_marker, text_place, with_doubled_quotes

# A text or a key, as libyaml's event: `value`, `style` (its quote, | or >; empty when plain), `start_mark`, `end_mark`.
Scalar: Any = ScalarEvent


class Sequence(NamedTuple):
    """A list, between brackets if `is_flow`."""

    items: list[Node]
    start_mark: Any = None
    end_mark: Any = None
    is_flow: bool = False


class Table(NamedTuple):
    """A mapping: its keys with their values in order, repeated keys included; between braces if `is_flow`."""

    entries: list[tuple[Any, Node]]
    start_mark: Any = None
    end_mark: Any = None
    is_flow: bool = False


Node = Any  # Scalar | Sequence | Table


class Marks(Mapping[str, Mark]):
    """Where the parts of a record stand, by key: `answer`, `reverse.answer`, `claims.0`, "" for the record itself,
    and with a colon at the end (`allow.some-rule:`) the key instead of its value. Looked up when asked for: a check
    asks for one or two of each note.

    `root` is a node of the file; the record stands in it under the key `within`.
    """

    def __init__(self, root: Node, within: str = "") -> None:
        self._root = root
        self._within = within

    def _node(self, key: str) -> Node:
        node = self._root
        for part in filter(None, f"{self._within}.{key}".split(".")):
            for name, child in _children(node):
                if name == part:
                    node = child
                    break
            else:
                raise KeyError(key)
        return node

    def __getitem__(self, key: str) -> Mark:
        node = self._node(key)
        start, end = node.start_mark, node.end_mark
        return Mark(start.line, start.column, end.line, end.column)

    def __iter__(self) -> Iterator[str]:
        return _keys(self._node(""), "")

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _keys(node: Node, key: str) -> Iterator[str]:
    yield key
    for name, child in _children(node):
        yield from _keys(child, f"{key}.{name}" if key else name)


def _children(node: Node) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Sequence):
        yield from ((str(number), item) for number, item in enumerate(node.items))
    for name, value in node.entries if isinstance(node, Table) else ():
        yield f"{name.value}:", name
        yield name.value, value


class TooManyFindings(Exception):  # noqa: N818 - caught in reader.py
    """A file has so many mistakes that reading on would serve nobody."""


# Rules whose findings may be caused by a refused character on the same line.
_STRUCTURE = frozenset({"syntax", "shape", "unknown-key"})


class File:
    """One file while it is read: its path, its lines and its findings so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: tuple[str, ...] = ()
        self.noted: list[Finding] = []
        self.spoilt: set[int] = set()  # lines that hold refused characters
        self.has_colons = False  # whether a text under | or > holds `: `, as the line of a key does
        self.commented = False  # whether ` #`, which may cut off a text, stands anywhere

    @property
    def findings(self) -> list[Finding]:
        """The findings, without those that a refused character caused on its own line."""
        return [one for one in self.noted if one.rule not in _STRUCTURE or one.position.line - 1 not in self.spoilt]

    def is_spoilt(self, node: Node) -> bool:
        """Whether the lines of a node hold refused characters."""
        return bool(self.spoilt) and not self.spoilt.isdisjoint(range(node.start_mark.line, node.end_mark.line + 1))

    def add(self, line: int, column: int, rule: str, message: str) -> None:
        """Adds a finding at a line and column counted from 0. Raises TooManyFindings at the last one allowed."""
        if line >= len(self.lines) > 0:  # libyaml may see the end of the file on a line below the last
            line = len(self.lines) - 1
            column = len(self.lines[line])
        message = with_doubled_quotes(message, self.lines, line)
        self.noted.append(Finding(Position(self.path, line + 1, column + 1), rule, message))
        if len(self.noted) >= limits.MAX_FINDINGS:
            raise TooManyFindings

    def at(self, node: Node, rule: str, message: str) -> None:
        """Adds a finding at the start of a node."""
        self.add(node.start_mark.line, node.start_mark.column, rule, message)

    def places(self, root: Node, within: str = "") -> Places:
        """The places of a record that stands in a node under the key `within`."""
        return Places(self.path, self.lines, Marks(root, within))


def parse(file: File, data: bytes) -> Node | None:
    """The root node of a file's bytes; None, with a finding, when there is none."""
    text = _decode(file, data)
    if text is None:
        return None
    if any(sign * 7 in text for sign in "<|=>") and (marker := merge_marker(file.lines)) is not None:
        file.add(marker, 0, "syntax", MERGE)
        return None
    try:
        root = _root(file, text)
    except _Refused as refused:
        file.add(*refused.args)
    except yaml.MarkedYAMLError as error:
        file.add(*explain(file.lines, error, _last_quoted(text)))
    except yaml.YAMLError as error:  # ReaderError has no mark
        file.add(0, 0, "syntax", f"not YAML: {str(error).splitlines()[0]}")
    else:
        if root is not None and (type(root) is not Scalar or root.value):
            return root
        file.add(0, 0, "empty", "empty file: delete it or fill it in")
    return None


def scalar_values(text: str) -> list[str] | None:
    """The values of all scalars of a YAML text, in order; None when it is not YAML."""
    try:
        return [event.value for event in iter(CParser(text).get_event, None) if type(event) is ScalarEvent]
    except yaml.YAMLError:
        return None


def _decode(file: File, data: bytes) -> str | None:
    """The text of a file, with blanks for refused characters, or the letter or digit that a full-width one stands for;
    None, with a finding, when it cannot be decoded.
    """
    if len(data) > limits.MAX_FILE_BYTES:
        file.add(0, 0, "limit", f"file of {len(data):,} bytes: at most {limits.MAX_FILE_BYTES:,}; split it")
        return None
    if name := characters.other_encoding(data):
        file.add(0, 0, "encoding", f"{name} text: save the file as UTF-8")
        return None
    try:
        text = _normalize(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        place = _line_and_column(_normalize(data[: error.start].decode("utf-8")))
        file.add(*place, "encoding", f"byte 0x{data[error.start]:02X} is not UTF-8: save the file as UTF-8")
        return None
    file.lines = tuple(text.split("\n"))
    file.commented = " #" in text or "\t#" in text
    refused = list(islice(characters.refused(text), limits.MAX_PER_FILE))
    if not refused:
        return text
    letters = list(text)
    run_end = 0  # of the full-width characters that one finding named
    for index, reason in refused:
        plain = characters.plain_form(text[index])
        letters[index] = plain if plain.isalnum() else " "  # means nothing in YAML, almost everywhere
        if index < run_end:
            continue
        line, column = _line_and_column(text[:index])
        file.spoilt.add(line)
        wide = characters.wide_run(text, index)
        run_end = index + len(wide)
        if len(wide) > 1:
            reason = f"full-width characters {wide!r}"
        instead = f"type {characters.plain_form(wide)}" if wide else "delete it or type the text again"
        file.add(line, column, "character", f"{reason}: {instead}")
    return "".join(letters) if len(refused) < limits.MAX_PER_FILE else None


def _normalize(text: str) -> str:
    """The text as editors count it: without a byte order mark, with one kind of line end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _line_and_column(before: str) -> tuple[int, int]:
    return before.count("\n"), len(before) - before.rfind("\n") - 1


class _Refused(Exception):  # noqa: N818 - caught in this file
    """A file whose structure is not read further: line and column from 0, rule and message of the finding."""

    args: tuple[int, int, str, str]


def _refused(mark: Any, rule: str, message: str) -> _Refused:
    return _Refused(mark.line, mark.column, rule, message)


def _root(file: File, text: str) -> Node | None:  # noqa: C901 - calls would cost a tenth of every command
    """The root node of the one document; None when there is none.

    The innermost loop of every command: it keeps libyaml's own event for each scalar.
    """
    items: list[Node] = []  # children so far of the innermost open collection; keys and values take turns
    most = limits.MAX_NOTES  # of these
    outer: list[tuple[Any, list[Node], int]] = []  # open collections: start event, and `items` and `most` around it
    left = limits.MAX_VALUES
    has_features = any(sign in text for sign in ("&", "!", "<<"))
    event: Any
    for event in iter(CParser(text.encode("utf-8")).get_event, None):
        kind = type(event)
        if kind is ScalarEvent:
            if has_features and (event.anchor or event.tag or event.value == "<<"):
                _refuse_feature(file, event, _is_key(outer, items))
            items.append(event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.anchor or event.tag:
                _refuse_feature(file, event)
            if len(outer) == limits.MAX_DEPTH:
                raise _refused(event.start_mark, "limit", f"nested more than {limits.MAX_DEPTH} deep")
            outer.append((event, items, most))
            items = []
            most = limits.MAX_NOTES if kind is SequenceStartEvent else 2 * limits.MAX_ITEMS
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            left -= len(items)
            children, (opened, items, most) = items, outer.pop()
            start, is_flow = opened.start_mark, opened.flow_style
            if left < 0:
                raise _refused(start, "limit", f"more than {limits.MAX_VALUES:,} values in one file: split it")
            if _is_key(outer, items):
                raise _Refused(*explain_key(file.lines, start))
            # libyaml ends a block only where the next thing starts
            end = event.end_mark if is_flow or not children else children[-1].end_mark
            if kind is MappingEndEvent:
                items.append(Table(list(zip(children[::2], children[1::2], strict=True)), start, end, is_flow))
            else:
                items.append(Sequence(children, start, end, is_flow))
        elif kind is AliasEvent:
            _refuse_feature(file, event)
        elif kind is DocumentStartEvent:
            if items:
                raise _refused(event.start_mark, "yaml-feature", "second document: one file holds one document")
            if event.version or event.tags:
                raise _refused(event.start_mark, "yaml-feature", "directive: delete the line that starts with %")
        if len(items) > most:  # at once: a million of them would take all memory
            in_list = most == limits.MAX_NOTES
            contents = f"{most:,} items in one list" if in_list else f"{limits.MAX_ITEMS:,} keys in one mapping"
            raise _refused(items[-1].start_mark, "limit", f"more than {contents}")
    return items[0] if items else None


def _is_key(outer: list[tuple[Any, list[Node], int]], items: list[Node]) -> bool:
    """Whether the next child of the innermost open collection is a key."""
    return bool(outer) and type(outer[-1][0]) is MappingStartEvent and len(items) % 2 == 0


_FEATURES = {"*": ("alias", "write the value out"), "&": ("anchor", "delete it"), "!": ("tag", "delete it")}


def _refuse_feature(file: File, event: Any, is_key: bool = False) -> None:
    """Raises _Refused for an alias, an anchor, a tag or a merge key."""
    anchor, tag = event.anchor, getattr(event, "tag", "")
    if not anchor and not tag:
        if is_key and not event.style:
            raise _refused(event.start_mark, "yaml-feature", "merge key <<: write the values out")
        return
    line, column = event.start_mark.line, event.start_mark.column
    sign = "*" if type(event) is AliasEvent else "&" if anchor else "!"
    name = f"{sign}{anchor}" if anchor else file.lines[line][column:].split(" ", 1)[0]
    what, instead = _FEATURES[sign]
    if place := text_place(file.lines, line):
        line, column = place
        sign = file.lines[line][column]
    message = f"{what} {name}: {instead}, or put text that starts with {sign} in single quotes"
    raise _Refused(line, column, "yaml-feature", message)


def _last_quoted(text: str) -> Any:
    """The last quoted scalar of a broken text before libyaml gives up, or None."""
    quoted: Any = None
    try:
        for event in iter(CParser(text).get_event, None):
            if type(event) is ScalarEvent and event.style in ("'", '"'):
                quoted = event
    except yaml.YAMLError:
        pass
    return quoted
