"""Reads Anki packages: the bytes of an .apkg, perhaps from a stranger -> its notes, note types and pictures.

Supports what Anki and genanki write: the old format (`collection.anki2` or `collection.anki21`, JSON) and the new one
(`collection.anki21b`, zstd, protobuf). `meta` says which; a package in the new format also has a dummy
`collection.anki2` that asks for a newer Anki. Nothing is unpacked to disk; limits on memory and time are in
`core/limits.py`. A note, note type, deck, card or picture that is not as Anki writes it is skipped, so that unrelated
content of somebody's collection does not keep our notes from being read. Any other defect is a PackageError.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import UserDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from sys import getsizeof
from typing import Any, NamedTuple

from ketamine_anki.anki.archive import WANTED, Archive, PackageError, TooMuchError, unwrapped
from ketamine_anki.anki.sqlite_reader import Tables, opened
from ketamine_anki.anki.wire import Messages, decoded, inflate, strict_json, typed
from ketamine_anki.core import limits
from ketamine_anki.core.terminal import counted
from ketamine_anki.text.scanner import MAX_CLOZE


@dataclass(frozen=True, slots=True)
class PackagedNote:
    """One note: `note_type` is a name, `fields` are HTML by field name, `tags` are None if the file does not say,
    `deck` is the full name of the deck of its first card ("" without cards, or if the file does not say), `mod` is in
    seconds since 1970.
    """

    guid: str
    note_type: str
    fields: Mapping[str, str]
    tags: tuple[str, ...] | None
    deck: str
    mod: int


@dataclass(frozen=True, slots=True)
class PackagedNoteType:
    """One note type; `templates` are (name, front, back)."""

    id: int
    name: str
    mod: int
    is_cloze: bool
    fields: tuple[str, ...]
    templates: tuple[tuple[str, str, str], ...]
    css: str


class Oddity(NamedTuple):
    """Something in a package that is passed over: its GUID if it is a note, else "", and the reason."""

    guid: str
    reason: str


class Oddities(list[Oddity]):
    """All that is passed over."""

    def __str__(self) -> str:
        return f"{counted(len(self), 'part')} of it passed over: {self[0].reason}" if self else ""

    @contextmanager
    def passed_over(self, guid: str = "") -> Iterator[None]:
        """Passes over what has a defect in the block, unless that is a TooMuchError."""
        try:
            yield
        except TooMuchError:
            raise
        except PackageError as error:
            self.append(Oddity(guid, str(error)))


@dataclass(frozen=True, slots=True)
class PackageContents:
    """All that a package teaches, without scheduling, but for `oddities`. A picture is unpacked when it is looked
    up.
    """

    notes: tuple[PackagedNote, ...]
    note_types: Mapping[str, PackagedNoteType]
    media: Mapping[str, bytes] = field(repr=False)
    oddities: Oddities


def read_package(data: bytes) -> PackageContents:
    """The bytes of an .apkg -> its contents. Raises PackageError, and nothing else."""
    data = unwrapped(data)
    if len(data) > limits.MAX_PACKAGE_BYTES:
        raise PackageError(f"{len(data):,} bytes: a package that is read back has at most {limits.MAX_PACKAGE_BYTES:,}")
    archive, messages, odd = Archive(data), Messages(), Oddities()
    name = _database_name(archive, messages)
    is_new = name.endswith("b")
    if name not in archive.names:
        listed = ", ".join(repr(member[:60]) for member in list(archive.names)[:3]) or "nothing"
        raise PackageError(f"not a package: there is no {name} in it but {listed}: {WANTED}")
    media = _Media(archive, _pictures(archive, messages, is_new, odd), is_new)
    database = archive.read(name, limits.MAX_DATABASE_BYTES)
    if is_new:
        database = inflate(database, limits.MAX_DATABASE_BYTES)
    with opened(database) as tables:
        del database  # SQLite has its own copy now
        for (version,) in tables.rows("col", "ver"):  # of the schema: another one may mean other things
            if version != (18 if is_new else 11):  # what Anki writes into packages since 2.1
                raise PackageError(
                    f"its database has schema version {str(version)[:20]}: export it from a released Anki"
                )
        types, decks = _new_tables(tables, messages, odd) if is_new else _old_tables(tables, odd)
        names = _distinct((kind.name, ntid) for ntid, kind in types.items())
        types = {ntid: replace(types[ntid], name=name) for ntid, name in zip(types, names, strict=True)}
        notes = _notes(tables, types, decks, odd)
    by_name = {kind.name: kind for kind in types.values()}
    return PackageContents(notes, by_name, media, odd)


class NotesByGuid(dict[str, PackagedNote]):
    """The notes of one file, within limits."""

    def __init__(self) -> None:
        super().__init__()
        self._budget = Budget(limits.MAX_CONTENT_BYTES)

    def add(self, note: PackagedNote) -> None:
        """Adds a note. Raises PackageError when it, a field or the tags are too long, and when it has no GUID or
        that of another one.
        """
        if not note.guid.strip():
            raise PackageError("a note has no GUID: export it from Anki again")
        longest, tags = max(map(len, note.fields.values()), default=0), note.tags or ()
        if longest > limits.MAX_PACKAGED_FIELD:
            raise PackageError(f"a field of a note has {longest:,} characters: at most {limits.MAX_PACKAGED_FIELD:,}")
        if len(tags) > limits.MAX_PACKAGED_TAGS:
            raise PackageError(f"a note has {len(tags):,} tags: at most {limits.MAX_PACKAGED_TAGS}")
        self._budget.take(note.guid, note.fields, tags, *tags, *filter(None, note.fields.values()))
        if self.setdefault(note.guid, note) is not note:
            raise PackageError(f"two notes have the GUID {note.guid[:40]!r}: the first is read")


class Budget:
    """Memory that is left for texts."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, *values: object) -> None:
        """Subtracts the size of these values. Raises TooMuchError when nothing is left."""
        self._left -= sum(map(getsizeof, values))
        if self._left < 0:
            raise TooMuchError("its texts are too long for cards")


def _database_name(archive: Archive, messages: Messages) -> str:
    if "meta" not in archive.names:
        return "collection.anki21" if "collection.anki21" in archive.names else "collection.anki2"
    names = {1: "collection.anki2", 2: "collection.anki21", 3: "collection.anki21b"}
    version = messages.fields(archive.read("meta", 1024), "file").get(1)
    if version not in names:
        raise PackageError("its format is unknown: export it from Anki as a deck package (.apkg)")
    return names[version]


class _Media(UserDict[str, Any]):
    """The pictures by name, each unpacked when it is looked up, which may raise PackageError."""

    def __init__(self, archive: Archive, members: Mapping[str, str], is_new: bool) -> None:
        super().__init__(members)
        self._archive, self._is_new = archive, is_new

    def __getitem__(self, name: str) -> bytes:
        content = self._archive.read(self.data[name], limits.MAX_PICTURE_BYTES)
        return inflate(content, limits.MAX_PICTURE_BYTES) if self._is_new else content


def _pictures(archive: Archive, messages: Messages, is_new: bool, odd: Oddities) -> dict[str, str]:
    """{name of a picture: that of the file that holds it}."""
    if "media" not in archive.names:
        return {}
    listed = archive.read("media", limits.MAX_JSON_BYTES)
    if is_new:
        fields = messages.each_field(inflate(listed, limits.MAX_JSON_BYTES))
        entries = [messages.fields(value, "media list") for number, value in fields if number == 1]
        if len(entries) > limits.MAX_ENTRIES:
            raise PackageError("it lists too many pictures")
        # field 255 names the file in packages that were converted from the old format
        pairs = [
            (str(entry.get(255, index)), decoded(entry.get(1, b""), "media list"))
            for index, entry in enumerate(entries)
        ]
    else:
        pairs = list(typed(dict, strict_json(listed.decode("utf-8", "replace")), "media list").items())
    by_name: dict[str, str] = {}
    for member, given in pairs:
        with odd.passed_over():
            name = typed(str, given, "media list")
            if not name or len(name) > 255 or set(name) & set("/\\\0") or name in (".", ".."):
                raise PackageError(f"picture {name[:60]!r} would leave the media folder")
            if name in by_name:
                raise PackageError(f"picture {name[:60]!r} is listed twice")
            if member not in archive.names:
                raise PackageError(f"picture {name[:60]!r} is listed but not in it")
            by_name[name] = member
    return by_name


_Types = dict[int, PackagedNoteType]
_Decks = dict[int, str]  # id -> full name


def _old_tables(tables: Tables, odd: Oddities) -> tuple[_Types, _Decks]:
    rows = list(tables.rows("col", "models", "decks"))
    if len(rows) != 1:
        raise PackageError("its collection has no note types")
    models, listed = (typed(dict, strict_json(typed(str, value, "col")), "col") for value in rows[0])
    types: _Types = {}
    for key, value in models.items():
        with odd.passed_over():
            ntid, model = _id(key, "note type"), typed(dict, value, "note type")
            fields = [typed(dict, part, "field").get("name") for part in typed(list, model.get("flds"), "note type")]
            parts = [typed(dict, part, "template") for part in typed(list, model.get("tmpls"), "note type")]
            templates = [(part.get("name"), part.get("qfmt"), part.get("afmt")) for part in parts]
            is_cloze = typed(int, model.get("type"), "note type") == 1
            name, mod, css = model.get("name"), model.get("mod"), model.get("css", "")
            types[ntid] = _note_type(ntid, name, mod, is_cloze, fields, templates, css)
    decks: _Decks = {}
    for key, deck in listed.items():
        with odd.passed_over():
            name = typed(str, typed(dict, deck, "deck").get("name"), "deck")
            decks[_id(key, "deck")] = deck_name(name.split("::"))
    return types, decks


def _id(key: str, place: str) -> int:
    """The id of a note type or deck from its key; genanki repeats it inside as a text, Anki as a number."""
    if not re.fullmatch("[0-9]{1,19}", key):
        raise PackageError(f"damaged: a {place} has the id {key[:40]!r}")
    return int(key)


def _new_tables(tables: Tables, messages: Messages, odd: Oddities) -> tuple[_Types, _Decks]:
    budget = Budget(limits.MAX_JSON_BYTES)

    def rows(*names: str) -> Iterator[tuple[Any, ...]]:
        for row in tables.rows(*names):
            budget.take(*row)
            yield row

    # Anki leaves fields and templates of deleted note types behind in its own packages.
    fields: defaultdict[int, dict[int, object]] = defaultdict(dict)
    for ntid, ordinal, name in rows("fields", "ntid", "ord", "name"):
        with odd.passed_over():
            fields[ntid][typed(int, ordinal, "field")] = name
    templates: defaultdict[int, dict[int, tuple[object, ...]]] = defaultdict(dict)
    for ntid, ordinal, name, config in rows("templates", "ntid", "ord", "name", "config"):
        with odd.passed_over():
            sides = messages.fields(config, "template")
            front, back = (decoded(sides.get(number, b""), "template") for number in (1, 2))
            templates[ntid][typed(int, ordinal, "template")] = (name, front, back)
    types: _Types = {}
    for ntid, name, mod, config in rows("notetypes", "id", "name", "mtime_secs", "config"):
        with odd.passed_over():
            parts = messages.fields(config, "note type")
            names = [field for _, field in sorted(fields[ntid].items())]
            cards = [template for _, template in sorted(templates[ntid].items())]
            css = decoded(parts.get(3, b""), "note type")
            types[ntid] = _note_type(typed(int, ntid, "note type"), name, mod, parts.get(1) == 1, names, cards, css)
    decks: _Decks = {}
    for did, name in rows("decks", "id", "name"):
        with odd.passed_over():
            decks[typed(int, did, "deck")] = deck_name(typed(str, name, "deck").split("\x1f"))
    return types, decks


def _note_type(
    ntid: int, name: Any, mod: Any, is_cloze: bool, fields: list[Any], templates: list[Any], css: Any
) -> PackagedNoteType:
    """A note type of these parts, if they are of the right types. Raises PackageError."""
    typed(int, mod, "note type")
    for text in (name, css, *fields, *itertools.chain(*templates)):
        typed(str, text, "note type")
    names = _distinct(zip(fields, itertools.count(1), strict=False))
    return PackagedNoteType(ntid, name, mod, is_cloze, names, tuple(templates), css)


def _distinct(names: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Names, each with its number after it when another has it already, as Anki would allow neither."""
    taken = set[str]()
    distinct = []
    for name, number in names:
        distinct.append(name if name not in taken else f"{name} ({number})")
        taken.add(distinct[-1])
    return tuple(distinct)


def deck_name(parts: list[str]) -> str:
    """The full name of a deck as Anki normalizes it when it imports the package. No part is used as a path."""
    if any(re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", part) for part in parts):
        raise PackageError("damaged: the name of a deck holds a control character")
    return "::".join(unicodedata.normalize("NFC", part).strip() or "blank" for part in parts)


def _notes(tables: Tables, types: _Types, decks: _Decks, odd: Oddities) -> tuple[PackagedNote, ...]:
    by_guid = NotesByGuid()
    rows: dict[Any, tuple[PackagedNote, PackagedNoteType] | None] = {}  # None: passed over, as its cards are
    for number, row in enumerate(tables.rows("notes", "id", "guid", "mid", "mod", "tags", "flds")):
        nid, guid, mid, mod, tags, flds = row
        if number >= limits.MAX_PACKAGED_NOTES:
            raise TooMuchError(f"over {limits.MAX_PACKAGED_NOTES:,} notes")
        with odd.passed_over(guid if isinstance(guid, str) else ""):
            if rows.setdefault(nid):
                raise PackageError("two notes have the same id: the first is read")
            typed(int, nid, "note")
            if mid not in types:
                raise PackageError("a note has a note type that is not in it")
            names, texts = types[mid].fields, typed(str, flds, "note").split("\x1f")
            if len(texts) != len(names):
                raise PackageError(f"a note has {counted(len(texts), 'field')}: its note type has {len(names)}")
            fields, words = dict(zip(names, texts, strict=True)), tuple(typed(str, tags, "note").split())
            guid, mod = typed(str, guid, "note"), typed(int, mod, "note")
            note = PackagedNote(guid, types[mid].name, fields, words, "", mod)
            by_guid.add(note)
            rows[nid] = note, types[mid]
    cards: set[tuple[object, object]] = set()
    first: dict[str, tuple[int, str]] = {}  # GUID -> ordinal and deck of the first card
    for number, (nid, ordinal, did, odid) in enumerate(tables.rows("cards", "nid", "ord", "did", "odid")):
        if number >= limits.MAX_PACKAGED_CARDS:
            raise TooMuchError(f"over {limits.MAX_PACKAGED_CARDS:,} cards")
        with odd.passed_over():
            if nid not in rows:
                raise PackageError("a card has no note")
            if not (owner := rows[nid]):
                continue
            note, kind = owner
            home = typed(int, odid, "card") or typed(int, did, "card")  # odid: the home of a card in a filtered deck
            if home not in decks:
                raise PackageError("a card has no deck")
            if not 0 <= typed(int, ordinal, "card") < (MAX_CLOZE if kind.is_cloze else len(kind.templates)):
                raise PackageError("a card has a number that its note type does not have")
            if (nid, ordinal) in cards:
                raise PackageError("two cards of a note have the same number")
            cards.add((nid, ordinal))
            card = (ordinal, decks[home])
            first[note.guid] = min(first.get(note.guid, card), card)
    sound = sorted((nid, owner) for nid, owner in rows.items() if owner)  # other ids may not be comparable
    notes = (note for _, (note, _) in sound)
    return tuple(replace(note, deck=first[note.guid][1]) if note.guid in first else note for note in notes)
