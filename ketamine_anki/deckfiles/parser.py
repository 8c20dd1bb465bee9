"""YAML bytes -> nodes with marks, or findings: libyaml's event stream, walked once.

What YAML can do and a deck does not need (anchors, aliases, merge keys, tags, directives, several
documents) is refused, so that what a reviewer sees is what is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from ketamine_anki.core import characters
from ketamine_anki.core.limits import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    MAX_FINDINGS,
    MAX_ITEMS,
    MAX_NOTES,
    MAX_PER_FILE,
    MAX_VALUES,
)
from ketamine_anki.core.model import Finding, Mark, Position


class Sequence:
    """A list of the file."""

    __slots__ = ("end_mark", "items", "start_mark")

    def __init__(self, items: list[Node], start_mark: Any, end_mark: Any) -> None:
        self.items = items
        self.start_mark = start_mark
        self.end_mark = end_mark


class Table:
    """A mapping of the file: its keys and values in order, equal keys included."""

    __slots__ = ("end_mark", "entries", "start_mark")

    def __init__(self, entries: list[tuple[Any, Node]], start_mark: Any, end_mark: Any) -> None:
        self.entries = entries
        self.start_mark = start_mark
        self.end_mark = end_mark


class Scalar(NamedTuple):
    """A text of the file, or a key; `style` is its quote, | or >, None when it is plain."""

    value: str
    style: str | None
    start_mark: Any
    end_mark: Any


Node = Any


class Marks(Mapping[str, Mark]):
    """Where the parts of a record stand, by key: `answer`, `reverse.answer`, `claims.0`, `""` for
    the record itself, and with a colon at the end (`allow.some-rule:`) the key as it is typed.
    Nothing is made until it is asked for.
    """

    def __init__(self, root: Node) -> None:
        self._root = root

    def __getitem__(self, key: str) -> Mark:
        node = self._root
        for part in key.split(".") if key else ():
            node = _child(node, part)
        start, end = node.start_mark, node.end_mark
        return Mark(start.line, start.column, end.line, end.column)

    def __iter__(self) -> Iterator[str]:
        yield ""
        yield from _keys(self._root, "")

    def __len__(self) -> int:
        return sum(1 for _ in self)


class MarksWithin(Mapping[str, Mark]):
    """As `Marks`, of a record that stands inside the whole under a key."""

    def __init__(self, whole: Mapping[str, Mark], key: str) -> None:
        self._whole = whole
        self._key = key

    def __getitem__(self, key: str) -> Mark:
        return self._whole[f"{self._key}.{key}" if key else self._key]

    def __iter__(self) -> Iterator[str]:
        inside = f"{self._key}."
        yield ""
        yield from (key.removeprefix(inside) for key in self._whole if key.startswith(inside))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _child(node: Node, part: str) -> Node:
    if isinstance(node, Table):
        for name, value in node.entries:
            if name.value == part:
                return value
            if name.value + ":" == part:
                return name
    elif isinstance(node, Sequence) and part.isdecimal() and int(part) < len(node.items):
        return node.items[int(part)]
    raise KeyError(part)


def _keys(node: Node, prefix: str) -> Iterator[str]:
    if isinstance(node, Table):
        inner: Iterable[tuple[str, Node]] = ((name.value, value) for name, value in node.entries)
    else:
        inner = ((str(n), item) for n, item in enumerate(node.items)) if isinstance(node, Sequence) else ()
    for name, value in inner:
        yield prefix + name
        yield from _keys(value, f"{prefix}{name}.")


_new: Callable[..., Any] = tuple.__new__


class _Refused(Exception):  # noqa: N818 - caught in this file
    """A file whose structure cannot be read further: the mark, the rule, the message."""

    def __init__(self, mark: Any, rule: str, message: str) -> None:
        super().__init__(message)
        self.mark, self.rule, self.message = mark, rule, message


class TooManyFindings(Exception):  # noqa: N818 - caught in reader.py
    """A file has so many mistakes that reading on would serve nobody."""


_STRUCTURE = frozenset({"syntax", "shape", "unknown-key"})


class File:
    """One file during its walk: its path, its lines and the findings so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: tuple[str, ...] = ()
        self.noted: list[Finding] = []
        self.spoilt: set[int] = set()  # lines that hold characters which are refused
        self.commented = False  # whether ` #` stands anywhere, which may cut a text off

    @property
    def findings(self) -> list[Finding]:
        """What was noted, without what a refused character did to the structure of its line."""
        if not self.spoilt:
            return self.noted
        return [one for one in self.noted if one.rule not in _STRUCTURE or one.position.line - 1 not in self.spoilt]

    def add(self, line: int, column: int, rule: str, message: str) -> None:
        """A finding at a line and column counted from 0. Raises TooManyFindings at the last it may have."""
        if line >= len(self.lines) > 0:  # libyaml may see the end of the file on a line below the last
            line = len(self.lines) - 1
            column = len(self.lines[line])
        self.noted.append(Finding(Position(self.path, line + 1, column + 1), rule, message))
        if len(self.noted) >= MAX_FINDINGS:
            raise TooManyFindings

    def at(self, node: Node, rule: str, message: str) -> None:
        """A finding at the start of a node."""
        self.add(node.start_mark.line, node.start_mark.column, rule, message)


def parse(file: File, data: bytes) -> Node | None:
    """The root node of a file; None, with a finding, when there is none."""
    text = decode(file, data)
    return None if text is None else parse_text(file, text)


def parse_text(file: File, text: str) -> Node | None:
    """The root node of a decoded file; None, with a finding, when there is none."""
    try:
        return _document(file, text)
    except _Refused as error:
        file.add(error.mark.line, error.mark.column, error.rule, error.message)
    except yaml.MarkedYAMLError as error:
        _explain(file, text, error)
    except yaml.YAMLError as error:  # ReaderError has no mark
        file.add(0, 0, "syntax", f"not YAML: {str(error).splitlines()[0]}")
    return None


def decode(file: File, data: bytes) -> str | None:
    """The text of a file, refused characters blanked; None, with a finding, when there is none."""
    if len(data) > MAX_FILE_BYTES:
        file.add(0, 0, "limit", f"file of {len(data):,} bytes: at most {MAX_FILE_BYTES:,}; split it")
        return None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        file.add(0, 0, "encoding", "UTF-16 text: save the file as UTF-8")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _count(_as_shown(data[: error.start].decode("utf-8")))
        file.add(line, column, "encoding", f"byte 0x{data[error.start]:02X} is not UTF-8: save the file as UTF-8")
        return None
    text = _as_shown(text)
    file.lines = tuple(text.split("\n"))
    file.commented = " #" in text or "\t#" in text
    bad = list(islice(characters.refused(text), MAX_PER_FILE))
    for index, reason in bad:
        line, column = _count(text[:index])
        file.add(line, column, "character", f"{reason}: delete it or type the text again")
        file.spoilt.add(line)
    if len(bad) == MAX_PER_FILE:
        return None
    if bad:
        letters = list(text)
        for index, _ in bad:
            letters[index] = " "  # means nothing in YAML, almost everywhere
        text = "".join(letters)
    return text


def _as_shown(text: str) -> str:
    """The text as editors count it: without the mark at its beginning, one kind of line end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _count(before: str) -> tuple[int, int]:
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def _document(file: File, text: str) -> Node | None:
    events = yaml.CSafeLoader(text.encode("utf-8"))
    get: Callable[[], Any] = events.get_event
    left = [MAX_VALUES]
    root: Node | None = None
    try:
        get()
        event = get()
        while event.__class__ is not StreamEndEvent:
            if event.__class__ is DocumentStartEvent:
                if root is not None:
                    raise _Refused(event.start_mark, "yaml-feature", "second document: one file holds one document")
                if event.version or event.tags:
                    raise _Refused(event.start_mark, "yaml-feature", "directive: delete the line that starts with %")
                root = _node(file, get, get(), 1, left)
            event = get()
    finally:
        events.dispose()
    if root is None or (isinstance(root, Scalar) and not root.value):
        file.add(0, 0, "empty", "empty file: delete it or fill it in")
        return None
    return root


def _node(file: File, get: Callable[[], Any], event: Any, depth: int, left: list[int]) -> Node:
    """The node that starts with this event; `left` is how many values the file may still have.

    The hot loop of a check: of a scalar's event only what is needed is kept, made without a detour.
    """
    if event.anchor or event.__class__ is AliasEvent or event.tag:
        raise _feature(file, event)
    if event.__class__ is ScalarEvent:
        return _new(Scalar, (event.value, event.style, event.start_mark, event.end_mark))
    start = event.start_mark
    if depth > MAX_DEPTH:
        raise _Refused(start, "limit", f"nested more than {MAX_DEPTH} deep")
    depth += 1
    if event.__class__ is SequenceStartEvent:
        items: list[Node] = []
        while (event := get()).__class__ is not SequenceEndEvent:
            if event.__class__ is not ScalarEvent or event.tag or event.anchor:
                items.append(_node(file, get, event, depth, left))
            else:
                items.append(_new(Scalar, (event.value, event.style, event.start_mark, event.end_mark)))
            if len(items) > MAX_NOTES:
                raise _Refused(event.start_mark, "limit", f"more than {MAX_NOTES:,} items in one list")
        _spend(left, len(items), start)
        return Sequence(items, start, event.end_mark)
    entries: list[tuple[Any, Node]] = []
    while (event := get()).__class__ is not MappingEndEvent:
        if event.__class__ is not ScalarEvent or event.tag or event.anchor:
            key = _node(file, get, event, depth, left)
            raise _not_a_key(file, key)
        if event.value == "<<" and not event.style:
            raise _Refused(event.start_mark, "yaml-feature", "merge key <<: write the values out")
        key = _new(Scalar, (event.value, event.style, event.start_mark, event.end_mark))
        event = get()
        if event.__class__ is not ScalarEvent or event.tag or event.anchor:
            entries.append((key, _node(file, get, event, depth, left)))
        else:
            value = _new(Scalar, (event.value, event.style, event.start_mark, event.end_mark))
            entries.append((key, value))
        if len(entries) > MAX_ITEMS:
            raise _Refused(event.start_mark, "limit", f"more than {MAX_ITEMS:,} keys in one mapping")
    _spend(left, 2 * len(entries), start)
    return Table(entries, start, event.end_mark)


def _spend(left: list[int], values: int, mark: Any) -> None:
    left[0] -= values
    if left[0] < 0:
        raise _Refused(mark, "limit", f"more than {MAX_VALUES:,} values in one file: split it")


def _not_a_key(file: File, key: Node) -> _Refused:
    """What stands where a key belongs; most often a text that starts with a cloze deletion."""
    line, column = _place(key.start_mark)
    if file.lines[line][:column].endswith("{"):
        message = "not YAML: text that starts with {{ must be in single quotes, or put under '>-'"
        return _Refused(Mark(line, column - 1, line, column), "syntax", message)
    return _Refused(key.start_mark, "shape", "a key must be one word: quote text that starts with [ or {")


def _feature(file: File, event: Any) -> _Refused:
    if event.__class__ is AliasEvent:
        message = f"alias *{event.anchor}: write the value out, or quote text that starts with *"
    elif event.anchor:
        message = f"anchor &{event.anchor}: delete it, or quote text that starts with &"
    else:
        typed = file.lines[event.start_mark.line][event.start_mark.column :].split(" ", 1)[0]
        message = f"tag {typed}: delete it, or quote text that starts with !"
    return _Refused(event.start_mark, "yaml-feature", message)


_KEY = r"\s*(?:- +)*[A-Za-z_]+:(?:\s|$)"
_OPENING = r"\s*(?:- +)*(?:[A-Za-z_]+:\s+)?(?P<sign>[\[{*&!|>%@`\"']|(?<=: )[-?](?=\s|$))"
_CUT_OFF = r"\s*(?:- +)*(?:[A-Za-z_]+:\s+)?[^\s#'\"|>\[{].*?\s(?P<sign>#)"
# What separates for an eye and not for YAML: a space that is none, and the space that is missing.
_NO_BREAK = r"[ \t]*(?:- +)*(?:[A-Za-z_]+:)?[ \t]*(?P<sign>[^\S \t])"
_JOINED = r" *(?:- +)*(?P<sign>-(?=[A-Za-z_]+: )|[A-Za-z_]+:(?=[^\s:/]))"


def _explain(file: File, text: str, error: yaml.MarkedYAMLError) -> None:
    """A syntax finding in words, at the place where the contributor has to mend it."""
    problem = error.problem or error.context or "cannot be read"
    place = _place(error.problem_mark or error.context_mark)
    began = _place(error.context_mark or error.problem_mark)
    typed = file.lines[place[0]] if place[0] < len(file.lines) else ""
    if "maximum nesting depth" in problem:  # libyaml from 0.2.6 on counts itself, far above our limit
        return file.add(*place, "limit", f"nested more than {MAX_DEPTH} deep")
    swallowed = _swallowed(text)
    if separated := _separated(file, place[0]):
        place, hint = separated
    elif error.context == "while parsing a quoted scalar" and "\\" in typed[: place[1] + 1]:
        place = (place[0], typed.rfind("\\", 0, place[1] + 1))
        hint = f"'{typed[place[1] :][:2]}' in double quotes: put text with backslashes in single quotes"
    elif swallowed or "unexpected end of stream" in problem:
        place, hint = swallowed or began, "a quote or bracket that is never closed"
    elif "mapping values are not allowed" in problem:
        hint = "': ' inside unquoted text, or a wrong indent: put the text in single quotes"
    elif "\t" in typed[: place[1] + 1]:
        hint = "a tab: indent with spaces"
    elif "cannot start any token" in problem:
        hint = f"text must not start with {typed[place[1] : place[1] + 1]!r}: put it in single quotes"
    elif "expected <document start>" in problem:
        hint = "text after the end of what stands above: wrong indent, or a second document"
    elif "did not find expected ',' or" in problem:
        place, hint = began, "a bracket that is never closed, or text that must be in single quotes"
    elif cut := _cut_off(file, place[0]):
        return file.add(*cut, "comment-cut", "' #' cuts the text off here: put the text in single quotes")
    elif "could not find expected ':'" in problem:
        place = began
        hint = "a line without 'key:': indent it to continue the text above, or put the text under '>-'"
    else:
        place, hint = _opening(file, place) or (place, "wrong indent: keys of one note start in the same column")
    last = len(file.lines) - 1  # libyaml counts a line after the last one
    return file.add(*min(place, (last, len(file.lines[last]))), "syntax", f"not YAML: {hint}")


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line, mark.column) if mark else (0, 0)


def _swallowed(text: str) -> tuple[int, int] | None:
    """Where the last quoted text before a mistake starts, if it reaches over lines like `key: text`."""
    last: Any = None
    with suppress(yaml.YAMLError):
        for event in yaml.parse(text, yaml.CSafeLoader):
            if event.__class__ is ScalarEvent and event.style in ("'", '"'):
                last = event
    lines = text.split("\n")
    if last and any(re.match(_KEY, line) for line in lines[last.start_mark.line + 1 : last.end_mark.line + 1]):
        return _place(last.start_mark)
    return None


def _cut_off(file: File, line: int) -> tuple[int, int] | None:
    """The ` #` that ends an unquoted text on a line or the one before."""
    for number in (line, line - 1):
        match = re.match(_CUT_OFF, file.lines[number]) if 0 <= number < len(file.lines) else None
        if match:
            return number, match.start("sign")
    return None


def _separated(file: File, line: int) -> tuple[tuple[int, int], str] | None:
    """Place and advice for a key, or the dash of a list, that no plain space sets apart."""
    for number in (line - 1, line):
        typed = file.lines[number] if 0 <= number < len(file.lines) else ""
        if match := re.match(_NO_BREAK, typed):
            return (number, match.start("sign")), f"{characters.name(match['sign'])}: type a plain space"
        if match := re.match(_JOINED, typed):
            return (number, match.end("sign")), f"a space is missing after {match['sign']!r}"
    return None


def _opening(file: File, place: tuple[int, int]) -> tuple[tuple[int, int], str] | None:
    """Place and advice for text that starts with a character that YAML reads as its own."""
    for number in (place[0], place[0] - 1):
        match = re.match(_OPENING, file.lines[number]) if 0 <= number < len(file.lines) else None
        if match and match["sign"] in "|>":
            return (number, match.end("sign")), f"text under {match['sign']} starts on the next line, indented"
        if match and match["sign"] in "[{*&!%@`-?":
            return (number, match.start("sign")), f"text that starts with {match['sign']} must be in single quotes"
        if match and match["sign"] in "\"'":
            advice = f"text that holds {match['sign']} must be quoted with the other quote, or put under '>-'"
            return place, advice
    return None
