"""The bytes of an .apkg that anyone may have made -> its notes, note types and pictures.

Reads what Anki and genanki write: the old form (`collection.anki2` or `collection.anki21`, JSON) and
the new one (`collection.anki21b`, zstd, protobuf). `meta` says which; a new package also holds a
dummy `collection.anki2` that asks for a newer Anki. Nothing is unpacked to the disk, and memory and
time are bounded whatever the file says (`limits.py`). Any defect is a PackageError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from sys import getsizeof
from typing import Any

from ketamine_anki.anki import archive
from ketamine_anki.anki.archive import ArchiveError, Entry
from ketamine_anki.anki.sqlite_reader import DatabaseError, Tables, opened
from ketamine_anki.anki.wire import Messages, WireError, inflate, strict_json
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


class PackageError(ValueError):
    """Why a package is not read, in one sentence."""


@dataclass(frozen=True, slots=True)
class PackagedNote:
    """One note: `note_type` is a name, `fields` are HTML by field name, `deck` the full name of the
    deck of its first card ("" without cards), `mod` in seconds since 1970.
    """

    guid: str
    note_type: str
    fields: Mapping[str, str]
    tags: tuple[str, ...]
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


@dataclass(frozen=True, slots=True)
class PackageContents:
    """Everything that a package teaches; scheduling is left out. Pictures are unpacked when asked for."""

    notes: tuple[PackagedNote, ...]
    note_types: Mapping[str, PackagedNoteType]
    media: Mapping[str, bytes] = field(repr=False)
    deck_descriptions: Mapping[str, str]


class _Media(Mapping[str, bytes]):
    """The pictures by name, each unpacked when asked for. Getting one may raise PackageError."""

    def __init__(self, data: bytes, members: Mapping[str, Entry], is_new: bool) -> None:
        self._data = data
        self._members = members
        self._is_new = is_new

    def __getitem__(self, name: str) -> bytes:
        try:
            found = archive.read(self._data, self._members[name], MAX_PICTURE_BYTES)
            return inflate(found, MAX_PICTURE_BYTES) if self._is_new else found
        except (ArchiveError, WireError) as error:
            raise PackageError(str(error)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._members  # without unpacking it

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def read_package(data: bytes) -> PackageContents:
    """The bytes of an .apkg -> its contents. Raises PackageError, and nothing else."""
    if len(data) > MAX_PACKAGE_BYTES:
        raise PackageError(f"{len(data):,} bytes: a package that is read back has at most {MAX_PACKAGE_BYTES:,}")
    try:
        return _read(data)
    except (ArchiveError, DatabaseError, WireError) as error:
        raise PackageError(str(error)) from None


def _read(data: bytes) -> PackageContents:
    members, messages = archive.entries(data), Messages()
    name = _database_name(data, members, messages)
    is_new = name.endswith("b")
    if name not in members:
        raise PackageError(f"not an Anki package: there is no {name} in it")
    media = _Media(data, _media(data, members, messages, is_new), is_new)
    database = archive.read(data, members[name], MAX_DATABASE_BYTES)
    if is_new:
        database = inflate(database, MAX_DATABASE_BYTES)
    with opened(database) as tables:
        del database  # SQLite has its own copy now
        types, decks = _new_tables(tables, messages) if is_new else _old_tables(tables)
        notes = _notes(tables, types, decks)
    if any(len(set(kind.fields)) < len(kind.fields) for kind in types.values()):
        raise PackageError("two fields of one of its note types have one name")
    names = {kind.name: kind for kind in types.values()}
    if len(names) < len(types):
        raise PackageError("two of its note types have one name")
    return PackageContents(notes, names, media, {name: text for name, text in decks.values() if text})


class Budget:
    """Memory that is left for texts."""

    def __init__(self, most: int) -> None:
        self.left = most

    def take(self, *values: object) -> None:
        self.left -= sum(map(getsizeof, values))
        if self.left < 0:
            raise PackageError("its texts are too long to be cards")

    def note(self, note: PackagedNote) -> None:
        """Takes a note, if it could be one of cards that somebody learns."""
        longest = max(map(len, note.fields.values()), default=0)
        if longest > MAX_PACKAGED_FIELD:
            raise PackageError(f"a field of a note has {longest:,} characters: at most {MAX_PACKAGED_FIELD:,}")
        if len(note.tags) > MAX_PACKAGED_TAGS:
            raise PackageError(f"a note has {len(note.tags):,} tags: at most {MAX_PACKAGED_TAGS}")
        self.take(note.guid, note.fields, note.tags, *note.tags, *filter(None, note.fields.values()))


# --- which database, which pictures -----------------------------------------------------------


def _database_name(data: bytes, members: Mapping[str, Entry], messages: Messages) -> str:
    if "meta" not in members:
        return "collection.anki21" if "collection.anki21" in members else "collection.anki2"
    version = messages.fields(archive.read(data, members["meta"], 1024), 1).get(1)
    names = {1: "collection.anki2", 2: "collection.anki21", 3: "collection.anki21b"}
    if not isinstance(version, int) or version not in names:
        raise PackageError("its form is unknown: export it from Anki as a deck package (.apkg)")
    return names[version]


def _media(data: bytes, members: Mapping[str, Entry], messages: Messages, is_new: bool) -> dict[str, Entry]:
    """{name of the picture: the entry that holds it}."""
    if "media" not in members:
        raise PackageError("its list of pictures is missing")
    listed = archive.read(data, members["media"], MAX_JSON_BYTES)
    pairs = _new_media(inflate(listed, MAX_JSON_BYTES), messages) if is_new else _old_media(listed)
    found: dict[str, Entry] = {}
    for member, name in pairs:
        if not name or len(name) > 255 or set(name) & set("/\\\0") or name in (".", ".."):
            raise PackageError(f"picture {name[:60]!r} would leave the media folder")
        if name in found:
            raise PackageError(f"picture {name[:60]!r} is listed twice")
        if member not in members:
            raise PackageError(f"picture {name[:60]!r} is listed but not in it")
        found[name] = members[member]
    return found


def _old_media(listed: bytes) -> Iterator[tuple[str, str]]:
    for member, name in _mapping(strict_json(listed.decode("utf-8", "replace")), "media").items():
        yield member, _text(name, "media")


def _new_media(listed: bytes, messages: Messages) -> Iterator[tuple[str, str]]:
    index = 0
    for number, entry in messages.message(listed):
        if number != 1:
            continue
        if index >= MAX_ENTRIES:
            raise PackageError("it lists too many pictures")
        parts = messages.fields(_blob(entry, "media"), 1, 255)
        member = parts.get(255, index)  # of packages converted from the old form
        yield str(_number(member, "media")), _blob_text(parts.get(1, b""), "media")
        index += 1


# --- note types and decks ---------------------------------------------------------------------

_Types = dict[int, PackagedNoteType]
_Decks = dict[int, tuple[str, str]]  # id -> (full name, description)


def _old_tables(tables: Tables) -> tuple[_Types, _Decks]:
    rows = list(tables.rows("col", "models", "decks"))
    if len(rows) != 1:
        raise PackageError("its collection has no note types")
    models, decks = (_mapping(strict_json(_text(value, "col")), "col") for value in rows[0])
    types: _Types = {}
    for key, value in models.items():
        model = _mapping(value, "note type")
        fields = [_mapping(item, "field") for item in _list(model.get("flds"), "note type")]
        templates = [_mapping(item, "template") for item in _list(model.get("tmpls"), "note type")]
        kind = PackagedNoteType(
            _key(key, "note type"),
            _text(model.get("name"), "note type"),
            _number(model.get("mod"), "note type"),
            _number(model.get("type"), "note type") == 1,
            tuple(_text(item.get("name"), "field") for item in fields),
            tuple(
                (_template_text(item, "name"), _template_text(item, "qfmt"), _template_text(item, "afmt"))
                for item in templates
            ),
            _text(model.get("css", ""), "note type"),
        )
        types[kind.id] = kind
    found: _Decks = {}
    for key, value in decks.items():
        deck = _mapping(value, "deck")
        found[_key(key, "deck")] = (_text(deck.get("name"), "deck"), _text(deck.get("desc", ""), "deck"))
    return types, found


def _template_text(template: Mapping[str, Any], key: str) -> str:
    return _text(template.get(key), "template")


def _new_tables(tables: Tables, messages: Messages) -> tuple[_Types, _Decks]:
    budget = Budget(MAX_JSON_BYTES)
    kinds: dict[int, tuple[str, int, dict[int, Any]]] = {}
    for ntid, name, mod, config in tables.rows("notetypes", "id", "name", "mtime_secs", "config"):
        budget.take(name, config)
        parts = messages.fields(_blob(config, "note type"), 1, 3)
        kinds[_number(ntid, "note type")] = (_text(name, "note type"), _number(mod, "note type"), parts)
    # Rows of note types that were deleted stay behind in Anki's own packages.
    fields: dict[int, dict[int, str]] = {ntid: {} for ntid in kinds}
    for ntid, ordinal, name in tables.rows("fields", "ntid", "ord", "name"):
        budget.take(name)
        if ntid in kinds:
            fields[ntid][_number(ordinal, "field")] = _text(name, "field")
    templates: dict[int, dict[int, tuple[str, str, str]]] = {ntid: {} for ntid in kinds}
    for ntid, ordinal, name, config in tables.rows("templates", "ntid", "ord", "name", "config"):
        budget.take(name, config)
        if ntid in kinds:
            sides = messages.fields(_blob(config, "template"), 1, 2)
            front, back = (_blob_text(sides.get(number, b""), "template") for number in (1, 2))
            templates[ntid][_number(ordinal, "template")] = (_text(name, "template"), front, back)
    types = {
        ntid: PackagedNoteType(
            ntid,
            name,
            mod,
            parts.get(1) == 1,
            tuple(text for _, text in sorted(fields[ntid].items())),
            tuple(sides for _, sides in sorted(templates[ntid].items())),
            _blob_text(parts.get(3, b""), "note type"),
        )
        for ntid, (name, mod, parts) in kinds.items()
    }
    decks: _Decks = {}
    for did, name, kind in tables.rows("decks", "id", "name", "kind"):
        budget.take(name, kind)
        normal = messages.fields(_blob(kind, "deck"), 1).get(1, b"")
        text = messages.fields(_blob(normal, "deck"), 4).get(4, b"")
        decks[_number(did, "deck")] = (_text(name, "deck").replace("\x1f", "::"), _blob_text(text, "deck"))
    return types, decks


# --- notes ------------------------------------------------------------------------------------


def _notes(tables: Tables, types: _Types, decks: _Decks) -> tuple[PackagedNote, ...]:
    budget = Budget(MAX_CONTENT_BYTES)
    rows: dict[int, PackagedNote] = {}
    guids: set[str] = set()
    for nid, guid, mid, mod, tags, flds in tables.rows("notes", "id", "guid", "mid", "mod", "tags", "flds"):
        if len(rows) >= MAX_PACKAGED_NOTES:
            raise PackageError(f"over {MAX_PACKAGED_NOTES:,} notes")
        kind = types.get(mid)
        if kind is None:
            raise PackageError("a note is of a note type that is not in it")
        values = _text(flds, "note").split("\x1f")
        if len(values) != len(kind.fields):
            raise PackageError(f"a note has {len(values)} fields: its note type has {len(kind.fields)}")
        note = PackagedNote(
            _text(guid, "note"),
            kind.name,
            dict(zip(kind.fields, values, strict=True)),
            tuple(_text(tags, "note").split()),
            "",
            _number(mod, "note"),
        )
        budget.note(note)
        if note.guid in guids:
            raise PackageError(f"two notes have the GUID {note.guid[:40]!r}")
        guids.add(note.guid)
        rows[_number(nid, "note")] = note
    first: dict[int, tuple[int, int]] = {}  # note -> (ordinal, deck) of its first card
    for number, (nid, ordinal, did, odid) in enumerate(tables.rows("cards", "nid", "ord", "did", "odid")):
        if number >= MAX_PACKAGED_CARDS:
            raise PackageError(f"over {MAX_PACKAGED_CARDS:,} cards")
        if nid in rows:  # a card without its note teaches nothing
            home = _number(odid, "card") or _number(did, "card")  # odid: where a filtered deck got it from
            first[nid] = min(first.get(nid, (1 << 64, 0)), (_number(ordinal, "card"), home))
    return tuple(
        replace(note, deck=decks.get(first[nid][1], ("", ""))[0]) if nid in first else note
        for nid, note in sorted(rows.items())
    )


# --- values of the right kind -----------------------------------------------------------------


def _of(kind: type, form: str) -> Callable[[object, str], Any]:
    def narrowed(value: object, what: str) -> Any:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise PackageError(f"damaged: a {what} of it holds something other than {form}")
        return value

    return narrowed


_number = _of(int, "a number")
_string = _of(str, "a text")
_blob = _of(bytes, "bytes")
_mapping = _of(dict, "named values")
_list = _of(list, "a list")


def _text(value: object, what: str) -> str:
    text: str = _string(value, what)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # JSON can name halves of a character, which nothing can show
        raise PackageError(f"damaged: a {what} of it holds half a character") from None
    return text


def _key(key: str, what: str) -> int:
    """The id that names a note type or deck; inside it genanki writes a text, Anki a number."""
    if not re.fullmatch("[0-9]{1,19}", key):
        raise PackageError(f"damaged: a {what} of it has the id {key[:40]!r}")
    return int(key)


def _blob_text(value: object, what: str) -> str:
    try:
        return str(_blob(value, what), "utf-8")
    except UnicodeDecodeError:
        raise PackageError(f"damaged: a {what} of it is not UTF-8 text") from None
