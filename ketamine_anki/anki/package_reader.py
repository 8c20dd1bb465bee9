"""Reads Anki packages: the bytes of an .apkg, perhaps from a stranger -> its notes, note types and pictures.

Supports what Anki and genanki write: the old format (`collection.anki2` or `collection.anki21`, JSON) and the new one
(`collection.anki21b`, zstd, protobuf). `meta` says which; a package in the new format also has a dummy
`collection.anki2` that asks for a newer Anki. Nothing is unpacked to disk; limits on memory and time are in
`core/limits.py`. A note, note type, deck, card or picture that is not as Anki writes it is passed over: what else lies
in somebody's collection keeps nobody from reading our notes. Any other defect is a PackageError.
"""

from __future__ import annotations

import re
import unicodedata
from collections import UserDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from sys import getsizeof
from typing import Any, NamedTuple

from ketamine_anki.anki.archive import WANTED, Archive, PackageError, TooMuchError, unwrapped
from ketamine_anki.anki.sqlite_reader import Tables, opened
from ketamine_anki.anki.wire import (
    Messages,
    a_blob,
    a_blob_text,
    a_list,
    a_mapping,
    a_number,
    a_text,
    an_id,
    inflate,
    strict_json,
)
from ketamine_anki.core.limits import (
    MAX_CONTENT_BYTES,
    MAX_DATABASE_BYTES,
    MAX_ENTRIES,
    MAX_JSON_BYTES,
    MAX_PACKAGE_BYTES,
    MAX_PACKAGED_CARDS,
    MAX_PACKAGED_FIELD,
    MAX_PACKAGED_NOTES,
    MAX_PACKAGED_TAGS,
    MAX_PICTURE_BYTES,
)
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
    deck_descriptions: Mapping[str, str]
    oddities: Oddities


def read_package(data: bytes) -> PackageContents:
    """The bytes of an .apkg -> its contents. Raises PackageError, and nothing else."""
    data = unwrapped(data)
    if len(data) > MAX_PACKAGE_BYTES:
        raise PackageError(f"{len(data):,} bytes: a package that is read back has at most {MAX_PACKAGE_BYTES:,}")
    archive, messages, odd = Archive(data), Messages(), Oddities()
    name = _database_name(archive, messages)
    is_new = name.endswith("b")
    if name not in archive.names:
        listed = ", ".join(repr(member[:60]) for member in list(archive.names)[:3]) or "nothing"
        raise PackageError(f"not a package: there is no {name} in it but {listed}: {WANTED}")
    if outside := next((name for name in archive.names if "/" in name), ""):
        raise PackageError(f"file {outside[:60]!r} would leave the package's folder")
    media = _Media(archive, _media_members(archive, messages, is_new, odd), is_new)
    database = archive.read(name, MAX_DATABASE_BYTES)
    if is_new:
        database = inflate(database, MAX_DATABASE_BYTES)
    with opened(database) as tables:
        del database  # SQLite has its own copy now
        _require_schema(tables, is_new)
        types, decks = _new_tables(tables, messages, odd) if is_new else _old_tables(tables, odd)
        names = set[str]()
        types = {ntid: replace(kind, name=_distinct(kind.name, ntid, names)) for ntid, kind in types.items()}
        notes = _notes(tables, types, decks, odd)
    by_name = {note_type.name: note_type for note_type in types.values()}
    return PackageContents(notes, by_name, media, {name: text for name, text in decks.values() if text}, odd)


class Budget:
    """Memory that is left for texts."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, *values: object) -> None:
        """Subtracts the size of these values. Raises TooMuchError when nothing is left."""
        self._left -= sum(map(getsizeof, values))
        if self._left < 0:
            raise TooMuchError("its texts are too long for cards")

    def take_note(self, note: PackagedNote) -> None:
        """Subtracts the size of a note. Raises PackageError when that, a field or the tags are too long, or when
        it has no GUID, by which notes are told apart.
        """
        if not note.guid.strip():
            raise PackageError("a note has no GUID: export it from Anki again")
        longest, tags = max(map(len, note.fields.values()), default=0), note.tags or ()
        if longest > MAX_PACKAGED_FIELD:
            raise PackageError(f"a field of a note has {longest:,} characters: at most {MAX_PACKAGED_FIELD:,}")
        if len(tags) > MAX_PACKAGED_TAGS:
            raise PackageError(f"a note has {len(tags):,} tags: at most {MAX_PACKAGED_TAGS}")
        self.take(note.guid, note.fields, tags, *tags, *filter(None, note.fields.values()))


# --- which database, which pictures -----------------------------------------------------------


def _database_name(archive: Archive, messages: Messages) -> str:
    if "meta" not in archive.names:
        return "collection.anki21" if "collection.anki21" in archive.names else "collection.anki2"
    version = messages.fields(archive.read("meta", 1024), 1).get(1)
    names = {1: "collection.anki2", 2: "collection.anki21", 3: "collection.anki21b"}
    if not isinstance(version, int) or version not in names:
        raise PackageError("its format is unknown: export it from Anki as a deck package (.apkg)")
    return names[version]


class _Media(UserDict[str, Any]):
    """The pictures by name, each unpacked when it is looked up, which may raise PackageError."""

    def __init__(self, archive: Archive, members: Mapping[str, str], is_new: bool) -> None:
        super().__init__(members)
        self._archive, self._is_new = archive, is_new

    def __getitem__(self, name: str) -> bytes:
        content = self._archive.read(self.data[name], MAX_PICTURE_BYTES)
        return inflate(content, MAX_PICTURE_BYTES) if self._is_new else content


def _media_members(archive: Archive, messages: Messages, is_new: bool, odd: Oddities) -> dict[str, str]:
    """{name of a picture: that of the file that holds it}."""
    if "media" not in archive.names:
        return {}
    listed = archive.read("media", MAX_JSON_BYTES)
    pairs = _new_media(inflate(listed, MAX_JSON_BYTES), messages) if is_new else _old_media(listed)
    by_name: dict[str, str] = {}
    for member, name in pairs:
        with odd.passed_over():
            if not name or len(name) > 255 or set(name) & set("/\\\0") or name in (".", ".."):
                raise PackageError(f"picture {name[:60]!r} would leave the media folder")
            if name in by_name:
                raise PackageError(f"picture {name[:60]!r} is listed twice")
            if member not in archive.names:
                raise PackageError(f"picture {name[:60]!r} is listed but not in it")
            by_name[name] = member
    return by_name


def _old_media(listed: bytes) -> Iterator[tuple[str, str]]:
    for member, name in a_mapping(strict_json(listed.decode("utf-8", "replace")), "media list").items():
        yield member, a_text(name, "media list")


def _new_media(listed: bytes, messages: Messages) -> Iterator[tuple[str, str]]:
    pictures = (entry for number, entry in messages.message(listed) if number == 1)
    for index, entry in enumerate(pictures):
        if index >= MAX_ENTRIES:
            raise PackageError("it lists too many pictures")
        parts = messages.fields(a_blob(entry, "media list"), 1, 255)
        member = parts.get(255, index)  # in packages that were converted from the old format
        yield str(a_number(member, "media list")), a_blob_text(parts.get(1, b""), "media list")


# --- note types and decks ---------------------------------------------------------------------

_OLD_SCHEMA, _NEW_SCHEMA = 11, 18  # what Anki writes into packages since 2.1


def _require_schema(tables: Tables, is_new: bool) -> None:
    """Another version of the schema may mean other things by the same columns."""
    for (version,) in tables.rows("col", "ver"):
        if version != (_NEW_SCHEMA if is_new else _OLD_SCHEMA):
            raise PackageError(f"its database has schema version {str(version)[:20]}: export it from a released Anki")


_Types = dict[int, PackagedNoteType]
_Decks = dict[int, tuple[str, str]]  # id -> (full name, description)


def _distinct(name: str, number: int, taken: set[str]) -> str:
    """The name, with a number after it when another has it already, as Anki would allow neither."""
    taken.add(unique := name if name not in taken else f"{name} ({number})")
    return unique


def _old_tables(tables: Tables, odd: Oddities) -> tuple[_Types, _Decks]:
    rows = list(tables.rows("col", "models", "decks"))
    if len(rows) != 1:
        raise PackageError("its collection has no note types")
    models, listed = (a_mapping(strict_json(a_text(value, "col")), "col") for value in rows[0])
    types: _Types = {}
    for key, model in models.items():
        with odd.passed_over():
            kind = _old_note_type(an_id(key, "note type"), a_mapping(model, "note type"))
            types[kind.id] = kind
    decks: _Decks = {}
    for key, value in listed.items():
        with odd.passed_over():
            deck = a_mapping(value, "deck")
            parts, text = a_text(deck.get("name"), "deck").split("::"), a_text(deck.get("desc", ""), "deck")
            decks[an_id(key, "deck")] = (deck_name(parts), text)
    return types, decks


def _old_note_type(ntid: int, model: Mapping[str, Any]) -> PackagedNoteType:
    fields = [a_mapping(item, "field") for item in a_list(model.get("flds"), "note type")]
    templates = [a_mapping(item, "template") for item in a_list(model.get("tmpls"), "note type")]
    sides = [[a_text(item.get(key), "template") for key in ("name", "qfmt", "afmt")] for item in templates]
    return PackagedNoteType(
        id=ntid,
        name=a_text(model.get("name"), "note type"),
        mod=a_number(model.get("mod"), "note type"),
        is_cloze=a_number(model.get("type"), "note type") == 1,
        fields=_field_names(a_text(item.get("name"), "field") for item in fields),
        templates=tuple((name, front, back) for name, front, back in sides),
        css=a_text(model.get("css", ""), "note type"),
    )


def _new_tables(tables: Tables, messages: Messages, odd: Oddities) -> tuple[_Types, _Decks]:
    budget = Budget(MAX_JSON_BYTES)
    types: _Types = {}
    for ntid, name, mod, config in tables.rows("notetypes", "id", "name", "mtime_secs", "config"):
        budget.take(name, config)
        with odd.passed_over():
            parts = messages.fields(a_blob(config, "note type"), 1, 3)
            number, css = a_number(ntid, "note type"), a_blob_text(parts.get(3, b""), "note type")
            mod = a_number(mod, "note type")
            types[number] = PackagedNoteType(number, a_text(name, "note type"), mod, parts.get(1) == 1, (), (), css)
    # Anki leaves fields and templates of deleted note types behind in its own packages.
    fields: dict[int, dict[int, str]] = {ntid: {} for ntid in types}
    for ntid, ordinal, name in tables.rows("fields", "ntid", "ord", "name"):
        budget.take(name)
        with odd.passed_over():
            if ntid in types:
                fields[ntid][a_number(ordinal, "field")] = a_text(name, "field")
    templates: dict[int, dict[int, tuple[str, str, str]]] = {ntid: {} for ntid in types}
    for ntid, ordinal, name, config in tables.rows("templates", "ntid", "ord", "name", "config"):
        budget.take(name, config)
        with odd.passed_over():
            if ntid in types:
                sides = messages.fields(a_blob(config, "template"), 1, 2)
                front, back = (a_blob_text(sides.get(number, b""), "template") for number in (1, 2))
                templates[ntid][a_number(ordinal, "template")] = (a_text(name, "template"), front, back)
    for ntid, note_type in types.items():
        names = _field_names(_ordered(fields[ntid]))
        types[ntid] = replace(note_type, fields=names, templates=_ordered(templates[ntid]))
    decks: _Decks = {}
    for did, name, kind in tables.rows("decks", "id", "name", "kind"):
        budget.take(name, kind)
        with odd.passed_over():
            normal = messages.fields(a_blob(kind, "deck"), 1).get(1, b"")
            text = messages.fields(a_blob(normal, "deck"), 4).get(4, b"")
            decks[a_number(did, "deck")] = (deck_name(a_text(name, "deck").split("\x1f")), a_blob_text(text, "deck"))
    return types, decks


def _field_names(names: Iterable[str]) -> tuple[str, ...]:
    taken = set[str]()
    return tuple(_distinct(name, number, taken) for number, name in enumerate(names, 1))


def deck_name(parts: list[str]) -> str:
    """The full name of a deck as Anki normalizes it when it imports the package. No part is used as a path."""
    if any(re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", part) for part in parts):
        raise PackageError("damaged: the name of a deck holds a control character")
    return "::".join(unicodedata.normalize("NFC", part).strip() or "blank" for part in parts)


def _ordered(by_ordinal: Mapping[int, Any]) -> tuple[Any, ...]:
    return tuple(value for _, value in sorted(by_ordinal.items()))


# --- notes ------------------------------------------------------------------------------------


def _notes(tables: Tables, types: _Types, decks: _Decks, odd: Oddities) -> tuple[PackagedNote, ...]:
    budget = Budget(MAX_CONTENT_BYTES)
    rows: dict[int, PackagedNote] = {}
    guids: set[str] = set()
    passed_over: set[object] = set()  # their cards are, too, without a word
    for count, (nid, guid, *values) in enumerate(tables.rows("notes", "id", "guid", "mid", "mod", "tags", "flds")):
        mid, mod, tags, flds = values
        if count >= MAX_PACKAGED_NOTES:
            raise TooMuchError(f"over {MAX_PACKAGED_NOTES:,} notes")
        with odd.passed_over(guid if isinstance(guid, str) else ""):
            if mid not in types:
                raise PackageError("a note has a note type that is not in it")
            names, texts = types[mid].fields, a_text(flds, "note").split("\x1f")
            if len(texts) != len(names):
                raise PackageError(f"a note has {counted(len(texts), 'field')}: its note type has {len(names)}")
            fields = dict(zip(names, texts, strict=True))
            words = tuple(a_text(tags, "note").split())
            note = PackagedNote(a_text(guid, "note"), types[mid].name, fields, words, "", a_number(mod, "note"))
            budget.take_note(note)
            if note.guid in guids:
                raise PackageError(f"two notes have the GUID {note.guid[:40]!r}: the first is read")
            guids.add(note.guid)
            rows[a_number(nid, "note")] = note
            continue
        passed_over.add(nid)
    by_name = {kind.name: kind for kind in types.values()}
    cards: set[tuple[object, object]] = set()
    first: dict[int, tuple[int, int]] = {}  # note -> (ordinal, deck) of its first card
    for count, (nid, ordinal, did, odid) in enumerate(tables.rows("cards", "nid", "ord", "did", "odid")):
        if count >= MAX_PACKAGED_CARDS:
            raise TooMuchError(f"over {MAX_PACKAGED_CARDS:,} cards")
        if nid in passed_over:
            continue
        with odd.passed_over():
            if nid not in rows:
                raise PackageError("a card has no note")
            if (nid, ordinal) in cards:
                raise PackageError("two cards of a note have the same number")
            cards.add((nid, ordinal))
            home = a_number(odid, "card") or a_number(did, "card")  # odid: the home of a card in a filtered deck
            if home not in decks:
                raise PackageError("a card has no deck")
            kind = by_name[rows[nid].note_type]
            if not 0 <= a_number(ordinal, "card") < (MAX_CLOZE if kind.is_cloze else len(kind.templates)):
                raise PackageError("a card has a number that its note type does not have")
            first[nid] = min(first.get(nid, (1 << 64, 0)), (ordinal, home))
    return tuple(
        replace(note, deck=decks[first[nid][1]][0]) if nid in first else note for nid, note in sorted(rows.items())
    )
