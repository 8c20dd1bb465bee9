"""A deck file laid out as `fmt` lays it out, read past libyaml: most files of most collections.

One regular expression takes the file apart, for a fraction of what a YAML parser's events cost. It knows the few
forms that `fmt` writes: text unquoted on one line, in quotes without escapes, or folded under `>-`, and short lists
in brackets. Every other file, one with a mistake above all, is read the long way; what is read here reads there to
the same notes in the same places, as a property test shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from ketamine_anki.core.limits import MAX_ITEMS, MAX_NAME, MAX_NOTES, MAX_TEXT, MAX_VALUES
from ketamine_anki.core.model import Mark
from ketamine_anki.core.scalars import as_read
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.parser import File, Marks, Node, parse_text
from ketamine_anki.deckfiles.schema import Values

_SPACES = ("\t", " \n")  # what YAML may keep, or not
# Unquoted text: no sign that starts another form, no ": ", no " #".
_PLAIN = r"[^\s\-?:,\[\]{}#&*!|>'\"%@`][^\n:#]*(?:(?::(?=[^ \n])|(?<! )#)[^\n:#]*)*"
_ITEM = r"[A-Za-z0-9][A-Za-z0-9_/.-]*"
_HEAD = re.compile(rf"(?:#[^\n]*\n|\n)*deck: (?P<deck>{_PLAIN})\nnotes:\n")
# Start of a note, key, then its text plain, folded, in single or double quotes, its list, or the lines of an inner
# mapping; at last anything else.
_ENTRY = re.compile(
    r"(?:(\n?  - )|    )([a-z][a-z-]*):"
    rf"(?: (?:({_PLAIN})\n|>-\n((?:      [^ \n][^\n]*\n)+)|'([^'\n]*(?:''[^'\n]*)*)'\n|\"([^\"\\\n]*)\"\n"
    rf"|\[({_ITEM}(?:, {_ITEM})*)\]\n)|\n((?:      [^\n]*\n)+))|([\s\S]+)"
)

_Entry = tuple[str, ...]


def read(file: File, text: str) -> tuple[str, LaterMarks, list[tuple[Values, LaterMarks]]] | None:
    """A file without refused characters, and its text -> the deck's name, the marks of the file, and the values and
    marks of each note; None if it is laid out in another way, or anything in it may be a mistake.
    """
    # A line holds a key, its value, and perhaps the first of a list and a note; a comma one value more.
    if 4 * len(file.lines) + text.count(",") > MAX_VALUES or max(map(len, file.lines)) > MAX_TEXT:
        return None
    head = _HEAD.match(text)
    if head is None or not _DECKS.hold(as_read(head["deck"])) or any(map(text.__contains__, _SPACES)):
        return None
    notes = _notes(_ENTRY.findall(text, head.end()))
    if not notes or len(notes) > MAX_NOTES:
        return None
    root = _Root(file.path, text)
    line = text.count("\n", 0, head.start("deck"))
    marks = LaterMarks(root, None, "deck", Mark(line, 6, line, 6 + len(head["deck"])))
    made: list[tuple[Values, LaterMarks]] = []
    above, *typed = text.split("\n  - ")
    line = above.count("\n") + 1
    for number, (values, lines) in enumerate(zip(notes, typed, strict=True)):
        made.append((values, LaterMarks(root, number, "id", Mark(line, 8, line, 8 + len(values["id"])))))
        line += lines.count("\n") + 1
    return as_read(head["deck"]), marks, made


class _Root:
    """The root node of a file, made when somebody asks for it."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text

    @cached_property
    def node(self) -> Node:
        """Never None: what is read here is YAML."""
        return parse_text(File(self._path), self._text)


class LaterMarks(Mapping[str, Mark]):
    """As `Marks`, of the root or of a note; the one place that is always asked for is known beforehand."""

    __slots__ = ("_key", "_mark", "_note", "_root")

    def __init__(self, root: _Root, note: int | None, key: str, mark: Mark) -> None:
        self._root = root
        self._note = note
        self._key = key
        self._mark = mark

    def __getitem__(self, key: str) -> Mark:
        return self._mark if key == self._key else self._marks[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._marks)

    def __len__(self) -> int:
        return len(self._marks)

    @property
    def _marks(self) -> Marks:
        node = self._root.node
        return Marks(node if self._note is None else node.entries[1][1].items[self._note])


# --- entries -> values ------------------------------------------------------------------------


class _Names:
    """What the short texts of a key may be. `seen` are some that are: a deck has few tags, sections and claims."""

    def __init__(self, shape: schema.Text) -> None:
        self._shape = shape
        self.seen: set[str] = set()

    def hold(self, text: str) -> bool:
        """Whether a text is one of them."""
        shape = self._shape
        if shape.choices:
            sound = text in shape.choices
        else:
            sound = len(text) <= MAX_NAME and (not shape.pattern or re.fullmatch(shape.pattern, text) is not None)
        if sound and len(self.seen) < _MOST_SEEN:
            self.seen.add(text)
        return sound


_MOST_SEEN = 1 << 12


class _Shape:
    """The keys of a mapping by what they hold: words, a short text, a list of these, an inner mapping."""

    def __init__(self, keys: Mapping[str, schema.Shape]) -> None:
        texts = {key: shape for key, shape in keys.items() if isinstance(shape, schema.Text)}
        lists = {key: shape.item for key, shape in keys.items() if isinstance(shape, schema.List)}
        self.prose = frozenset(key for key, shape in texts.items() if shape.markdown)
        self.names = {key: _Names(shape) for key, shape in texts.items() if not shape.markdown}
        self.lists = {key: _Names(item) for key, item in lists.items() if isinstance(item, schema.Text)}
        self.inner = {
            key: (shape, _Shape(shape.keys)) for key, shape in keys.items() if isinstance(shape, schema.Record)
        }


def _notes(found: list[_Entry]) -> list[Values] | None:
    """The values of each note."""
    notes: list[Values] = []
    values: Values = {}
    for entry in found:
        key = entry[1]
        if entry[0]:
            values = {}
            notes.append(values)
        elif not notes:
            return None
        if key in values or not (values or (key == "id" and entry[2])) or (value := _value(_NOTE, entry)) is None:
            return None
        values[key] = value
    return notes if notes and all(map(_is_whole, notes)) else None


def _is_whole(values: Values) -> bool:
    """Whether a note has the keys that it must have, and no other."""
    shape = _EITHER.having if _EITHER.key in values else _EITHER.otherwise
    return shape.required <= values.keys() <= shape.keys.keys()


def _value(shape: _Shape, entry: _Entry) -> Any:
    """What an entry holds; None if it is not of the shape, or must be read the long way."""
    _, key, plain, folded, single, double, items, inner, _ = entry
    if items:
        texts = items.split(", ")
        names = shape.lists.get(key)
        if names is None or not (names.seen.issuperset(texts) or all(map(names.hold, texts))):
            return None
        return tuple(texts) if len(set(texts)) == len(texts) <= MAX_ITEMS else None
    if inner:
        return _inner(shape, key, inner)
    text = plain or folded[6:-1].replace("\n      ", " ") or (single.replace("''", "'") or double).strip(" ")
    if not text or len(text) > MAX_TEXT:
        return None
    if not text.isascii():
        text = as_read(text)
    if key in shape.prose:
        return text
    names = shape.names.get(key)
    return text if names is not None and (text in names.seen or names.hold(text)) else None


def _inner(shape: _Shape, key: str, lines: str) -> Values | None:
    """An inner mapping, read as a note is, two columns further left."""
    if key not in shape.inner:
        return None
    record, keys = shape.inner[key]
    values: Values = {}
    for entry in _ENTRY.findall(lines.replace("\n  ", "\n")[2:]):
        if entry[0] or entry[1] in values or (value := _value(keys, entry)) is None:
            return None
        values[entry[1]] = value
    return values if record.required <= values.keys() else None


_DECK, _LIST = schema.DECK.keys["deck"], schema.DECK.keys["notes"]
assert isinstance(_DECK, schema.Text)
assert isinstance(_LIST, schema.List)
assert isinstance(_LIST.item, schema.Either)
_EITHER = _LIST.item
_DECKS = _Names(_DECK)
_NOTE = _Shape({**_EITHER.having.keys, **_EITHER.otherwise.keys})
