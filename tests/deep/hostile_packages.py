"""Packages that a stranger could send, made piece by piece, as no honest program would; each with its outcome.

Each case: name, part of the expected message, or "" when the package is read, and what makes it; `CASES` has the bytes.
"""

from __future__ import annotations

import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from functools import partial

import zstandard
from package_bytes import CARD, DECK, MODEL, NOTE, database, field, many_notes, new, new_database, old, pack, zstd_bomb

DAMAGED_JSON = "not JSON"
VIEW = "a view or trigger"
Case = tuple[str, str, Callable[[], bytes]]


def patched(data: bytes, where: bytes, offset: int, value: bytes) -> bytes:
    """The bytes with `value` written `offset` after the first place of `where`."""
    at = data.find(where) + offset
    return data[:at] + value + data[at + len(value) :]


# --- zip files --------------------------------------------------------------------------------

CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def named(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, mode << 16
    return entry


def raw_named(name: bytes) -> bytes:
    """A package with an entry of a name that zipfile would not write."""
    return old(None, ("N" * len(name), b"x")).replace(b"N" * len(name), name)


def deflated(size: int, level: int = 9) -> bytes:
    """`size` zero bytes, deflated; with level 0 in the form for data that does not shrink."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(bytes(size)) + packer.flush()


def entry(name: bytes, data: bytes, size: int, *, method: int = 0, at: int = 0, crc: int = 0) -> tuple[bytes, bytes]:
    """(local header with data, directory record) of an entry with any stated size."""
    head = (0, 33, crc, len(data), size, len(name))
    local = struct.pack("<4s3H2H3I2H", LOCAL, 20, 0, method, *head, 0) + name + data
    return local, struct.pack("<4s4H2H3I5H2I", CENTRAL, 788, 20, 0, method, *head, 0, 0, 0, 0, 0, at) + name


def archive(content: bytes, *records: bytes) -> bytes:
    directory = b"".join(records)
    end = struct.pack("<4s4H2IH", END, 0, 0, len(records), len(records), len(directory), len(content), 0)
    return content + directory + end


def bomb(name: str, packed: bytes, size: int) -> bytes:
    """A package with one deflated entry of any stated size."""
    first, first_record = entry(name.encode(), packed, size, method=8)
    listed, listed_record = entry(b"media", b"{}", 2, at=len(first), crc=zlib.crc32(b"{}"))
    return archive(first + listed, first_record, listed_record)


def overlapping() -> bytes:
    """Two entries of the directory that share one run of data, as in Fifield's better zip bomb."""
    inner, inner_record = entry(b"b", b"xy", 2, at=31, crc=zlib.crc32(b"xy"))
    outer, outer_record = entry(b"a", inner, len(inner), crc=zlib.crc32(inner))
    return archive(outer, outer_record, inner_record)


# --- zstd frames ------------------------------------------------------------------------------


def zstd_window(log: int) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=log, enable_ldm=True, compression_level=1)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(new_database()) + packer.flush()


def new_with_media(packed_media: bytes) -> bytes:
    return pack(
        ("meta", field(1, 3)), ("collection.anki21b", zstandard.compress(new_database())), ("media", packed_media)
    )


# --- databases --------------------------------------------------------------------------------


def shared_overflow() -> bytes:
    """Two rows whose text is one chain of pages: every further row would double what is read."""
    long = [(12, "guid-2", 7, 1, "", "x" * 9000 + "\x1f"), (13, "guid-3", 7, 1, "", "y" * 9000 + "\x1f")]
    data = bytearray(database(notes=[NOTE, *long]))
    first, second = (re.search(letter + b"{100,}", data).end() for letter in (b"x", b"y"))
    data[second : second + 4] = data[first : first + 4]
    return bytes(data)


def page_circle() -> bytes:
    """A table whose root page has itself for a child."""
    data = bytearray(many_notes(3000))
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(bytes(data))
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name='notes'").fetchone()
    at = (root - 1) * 4096
    assert data[at] == 5, "an inner page"
    data[at + 8 : at + 12] = struct.pack(">I", root)
    return bytes(data)


def changed(data: bytes, change: Callable[[sqlite3.Connection], object]) -> bytes:
    with closing(sqlite3.connect(":memory:")) as db:
        db.create_collation("unicase", lambda a, b: (a > b) - (a < b))
        db.deserialize(data)
        change(db)
        db.commit()
        return db.serialize()


def generated(expression: str) -> bytes:
    """A table of notes one column of which is computed."""
    columns = "id integer primary key, guid text, mid integer, mod integer, flds text"
    computed = f"tags text GENERATED ALWAYS AS ({expression}) VIRTUAL"
    return changed(
        database(),
        lambda db: db.executescript(
            f"ALTER TABLE notes RENAME TO old_notes; CREATE TABLE notes ({columns}, {computed});"
            "INSERT INTO notes (guid, mid, mod, flds) VALUES ('g', 7, 1, 'a' || char(31))"
        ),
    )


def checks(count: int, items: int) -> bytes:
    """A schema of tables whose constraints are long lists: parsed, they take 35 times as much memory."""
    condition = ",".join("1" * items)
    declared = f"'CREATE TABLE t' || i || '(a CHECK(a IN ({condition})))'"
    return database(
        "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql)"
        f" WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        f" SELECT 'table', 't' || i, 't' || i, 2, {declared} FROM n"
    )


def many_configs(config: bytes, count: int) -> bytes:
    rows = [(number, f"t{number}", config) for number in range(100, 100 + count)]
    return changed(new_database(), lambda db: db.executemany("INSERT INTO notetypes VALUES (?, ?, 1, ?)", rows))


def replaced(name: str, sql: str) -> tuple[str, ...]:
    """Statements that put a view in the place of a table."""
    return f"ALTER TABLE {name} RENAME TO old_{name}", f"CREATE VIEW {name} AS {sql}"


def model(cards=(CARD,), **changes: object) -> bytes:
    return old(database(models={"7": MODEL | changes}, cards=cards))


# --- the cases ---------------------------------------------------------------------------------

# What a statement makes of the database of a package in the old format, and in the new one.
OLD_SQL = [
    ("read-extra-table", "", "CREATE TABLE mine (x)"),
    ("read-check-constraint", "",
     "UPDATE sqlite_master SET sql=replace(sql, 'flds text', 'flds text CHECK (length(hex(zeroblob(9999999)))>0)')"),
    ("db-trigger", VIEW, "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM cards; END"),
    ("db-virtual-table", "virtual table", "CREATE VIRTUAL TABLE f USING fts5(x)"),
    ("db-expression-index", "", "CREATE INDEX slow ON notes (length(flds) + 1) WHERE length(flds) > 0"),
    ("db-no-notes-table", "no table 'notes'", "DROP TABLE notes"),
    ("db-no-cards-table", "no table 'cards'", "DROP TABLE cards"),
    ("db-no-column", "no column 'flds'", "ALTER TABLE notes RENAME COLUMN flds TO f"),
    ("db-no-collection-row", "no note types", "DELETE FROM col"),
    ("db-not-utf8", "cannot be read", "UPDATE notes SET flds=CAST(x'ff1fff' AS TEXT)"),
    ("db-blob-fields", "passed over: .*other than a text", "UPDATE notes SET flds=x'00'"),
    ("db-null-guid", "passed over: .*other than a text", "UPDATE notes SET guid=NULL"),
    ("db-text-mod", "passed over: .*other than a number", "UPDATE notes SET mod='yesterday'"),
    ("db-null-card-deck", "passed over: .*other than a number", "UPDATE cards SET did=NULL"),
    ("db-text-ordinal", "passed over: .*other than a number", "UPDATE cards SET ord='x'"),
    ("db-giant-text", "cannot be read", "UPDATE notes SET flds=hex(zeroblob(3000000))"),
    ("db-too-few-fields", "passed over: .*a note has 1 field: its note type has 2", "UPDATE notes SET flds='one'"),
    ("db-unknown-note-type", "passed over: .*note type that is not in it", "UPDATE notes SET mid=8"),
    ("db-models-number", "other than a text", "UPDATE col SET models=x'00'"),
    ("old-other-schema", "schema version 99", "UPDATE col SET ver = 99"),
    ("old-schema-of-new", "schema version 18", "UPDATE col SET ver = 18"),
    ("db-guid-empty", "passed over: .*a note has no GUID", "UPDATE notes SET guid=''"),
]  # fmt: skip
NEW_SQL = [
    ("new-other-schema", "schema version 99", "UPDATE col SET ver = 99"),
    ("new-deck-control", "passed over: .*control character", "UPDATE decks SET name = 'A' || char(7)"),
    ("new-deck-line-separator", "passed over: .*control character", "UPDATE decks SET name = char(8232)"),
    ("new-guid-blank", "passed over: .*a note has no GUID", "UPDATE notes SET guid=' '"),
    ("new-config-noise", "passed over: .*protobuf", "UPDATE notetypes SET config=x'ffffffffffffffffffffffff'"),
    ("new-config-text", "passed over: .*other than bytes", "UPDATE notetypes SET config='text'"),
    ("new-config-not-utf8", "passed over: .*not UTF-8", "UPDATE notetypes SET config=x'1a01ff'"),
    ("new-config-css-number", "passed over: .*other than bytes", "UPDATE notetypes SET config=x'1801'"),
    ("new-template-cut", "passed over: .*cut off", "UPDATE templates SET config=x'0aff' WHERE ntid=7"),
    ("new-field-number", "passed over: .*other than a text", "UPDATE fields SET name=x'41' WHERE ntid=7 AND ord=0"),
    ("new-field-ordinal-text", "passed over: .*other than a number",
     "UPDATE fields SET ord='x' WHERE ntid=7 AND ord=0"),
]  # fmt: skip
# What stands in the tables of a database.
TABLES = [
    ("db-card-without-note", "passed over: .*a card has no note", {"cards": [CARD, (13, 999, 3, 0, 0)]}),
    ("read-note-without-cards", "", {"cards": ()}),
    ("db-too-many-fields", "passed over: .*its note type has 2", {"notes": [(*NOTE[:5], "\x1f" * 1_900_000)]}),
    ("db-guid-twice", "passed over: .*two notes have the GUID", {"notes": [NOTE, (99, *NOTE[1:])]}),
    ("db-long-field", "passed over: .*has 200,001 characters", {"notes": [(*NOTE[:5], "a" * 200_001 + "\x1f")]}),
    ("db-many-tags", "passed over: .*has 501 tags", {"notes": [(*NOTE[:4], "t " * 501, NOTE[5])]}),
    ("db-models-not-json", DAMAGED_JSON, {"models": "hello"}),
    ("db-models-list", "other than named values", {"models": []}),
    ("db-model-is-text", "passed over: .*other than named values", {"models": {"7": "x"}}),
    ("db-model-bad-id", "passed over: .*has the id", {"models": {"-7": MODEL}}),
    ("db-deck-half-character", "passed over: .*half a character", {"decks": {"3": DECK | {"name": "\udfff"}}}),
    ("read-note-type-twice", "", {"models": {"7": MODEL, "8": MODEL}}),
    ("db-deck-is-list", "passed over: .*other than named values", {"decks": {"3": []}}),
    ("db-card-without-deck", "passed over: .*a card has no deck", {"cards": [(12, 11, 4, 0, 0)]}),
    ("db-card-beyond-templates", "passed over: .*a number that its note type", {"cards": [(12, 11, 3, 1, 0)]}),
    ("db-card-below-zero", "passed over: .*a number that its note type", {"cards": [(12, 11, 3, -1, 0)]}),
    ("db-cloze-501", "passed over: .*a number that its note type",
     {"cards": [(12, 11, 3, 500, 0)], "models": {"7": MODEL | {"type": 1}}}),
    ("read-cloze-500", "", {"cards": [(12, 11, 3, 499, 0)], "models": {"7": MODEL | {"type": 1}}}),
    ("db-card-twice", "passed over: .*two cards of a note have the same number", {"cards": [CARD, (13, 11, 3, 0, 0)]}),
    ("db-deck-separator", "passed over: .*control character", {"decks": {"3": DECK | {"name": "A\x1fB"}}}),
    ("db-deck-c1-control", "passed over: .*control character", {"decks": {"3": DECK | {"name": "A\x85"}}}),
    ("read-deck-direction", "", {"decks": {"3": DECK | {"name": "A\u202e\u2066B"}}}),
    ("read-deck-dots", "", {"decks": {"3": DECK | {"name": "..::.."}}}),
]  # fmt: skip
# What the note type of a package says.
MODELS = [
    ("db-model-without-name", "passed over: .*other than a text", {"name": None}),
    ("db-model-mod-true", "passed over: .*other than a number", {"mod": True}),
    ("db-model-fields-text", "passed over: .*other than a list", {"flds": "Front"}),
    ("read-field-twice", "", {"flds": [{"name": "Front"}] * 2}),
    ("db-model-template-number", "passed over: .*other than a text", {"tmpls": [{"name": "a", "qfmt": 1, "afmt": ""}]}),
    ("db-model-half-character", "passed over: .*half a character", {"css": "\ud800"}),
]  # fmt: skip
# The list of pictures, of which there are two.
MEDIA = [
    ("media-parent", "passed over: .*leave the media folder", b'{"0": "../../../../tmp/x"}'),
    ("media-backslash", "passed over: .*leave the media folder", rb'{"0": "..\\x"}'),
    ("media-empty-name", "passed over: .*leave the media folder", b'{"0": ""}'),
    ("media-nul", "passed over: .*leave the media folder", b'{"0": "a\\u0000"}'),
    ("media-long-name", "passed over: .*leave the media folder", b'{"0": "%s"}' % (b"n" * 300)),
    ("media-twice", "passed over: .*listed twice", b'{"0": "a", "1": "a"}'),
    ("media-key-twice", "repeats a key", b'{"0": "a", "0": "b"}'),
    ("media-absent", "passed over: .*listed but not in it", b'{"2": "a.png"}'),
    ("media-not-json", DAMAGED_JSON, b"hello"),
    ("media-list", "something other than named values", b"[]"),
    ("media-number", "something other than a text", b'{"0": 7}'),
    ("media-nested", "nested too deep", b"[" * 1_000_000 + b"]" * 1_000_000),
    ("media-many-lists", "something other than named values", b"[" + b"[]," * 690_000 + b"[]]"),
    ("media-giant-number", DAMAGED_JSON, b'{"0": %s}' % (b"9" * 1_900_000)),
]  # fmt: skip
# Bytes written over those of a package, so many after the first place of others.
PATCHES = [
    ("zip-directory-size-lies", "or damaged", END, 12, b"\xff\xff\x00\x00"),
    ("zip-directory-start-lies", "or damaged", END, 16, b"\x01\x00\x00\x7f"),
    ("zip-zip64-size", "the stated size", CENTRAL, 24, b"\xff\xff\xff\xff"),
    ("zip-record-broken", "or damaged", CENTRAL, 0, b"PK\x07\x07"),
    ("zip-record-too-long", "or damaged", CENTRAL, 30, b"\xff\xff"),
    ("zip-local-broken", "is damaged", LOCAL, 0, b"XX"),
    ("zip-local-other-name", "is damaged", b"collection.anki2", 0, b"C"),
    ("read-local-other-method", "", LOCAL, 8, b"\x08\x00"),
    ("zip-stored-size-lies", "the stated size", CENTRAL, 24, b"\x01\x00\x00\x00"),
    ("zip-packed-size-lies", "the stated size", CENTRAL, 20, b"\x00\x00\x00\x10"),
    ("zip-checksum-lies", "is damaged", CENTRAL, 16, b"\x00\x00\x00\x00"),
    ("zip-encrypted", "encrypted or compressed", CENTRAL, 8, b"\x01\x00"),
]  # fmt: skip
CASES: list[Case] = [
    *((name, sentence, lambda sql=sql: old(database(sql))) for name, sentence, sql in OLD_SQL),
    *((name, sentence, lambda sql=sql: new(new_database(sql))) for name, sentence, sql in NEW_SQL),
    *((name, sentence, lambda content=content: old(database(**content))) for name, sentence, content in TABLES),
    *((name, sentence, lambda changes=changes: model(**changes)) for name, sentence, changes in MODELS),
    *((name, sentence, partial(old, None, ("0", b"x"), ("1", b"y"), media=media)) for name, sentence, media in MEDIA),
    *((name, sentence, lambda patch=patch: patched(old(), *patch)) for name, sentence, *patch in PATCHES),
    ("read-old", "", old),
    ("read-old-deflated", "", lambda: pack(("collection.anki2", database()), ("media", b"{}"), method=8)),
    ("read-new", "", new),
    ("read-new-write-ahead-mark", "", lambda: new(patched(new_database(), b"SQLite format 3", 18, b"\2\2"))),
    ("read-zipped", "",
     lambda: pack((named("d/", 0o40755), b""), ("d/Stra\xdfe.apkg", old()), ("__MACOSX/d/._x", b""), ("d/.x", b""))),
    ("zip-two-packages", "no collection.anki2 in it but 'a.apkg', 'b.apkg': give a",
     lambda: pack(("a.apkg", old()), ("b.apkg", old()))),
    ("zip-of-a-book", "no collection.anki2 in it but 'xl/book.xml'",
     lambda: pack(("xl/book.xml", b""), ("a.xml", b""))),
    ("zip-in-zip-in-zip", "no collection.anki2 in it", lambda: pack(("a.zip", pack(("b.zip", old()))))),
    ("zip-bomb-in-zip", "at most 33,554,432", lambda: pack(("a.apkg", bytes(64 << 20)), method=8)),
    ("zip-other-in-zip", "no package but a web page", lambda: pack(("a.apkg", b"<html>"))),
    ("read-extra-file", "", lambda: old(None, ("README", b"hello"))),
    ("zip-empty", "no package but an empty file", lambda: b""),
    ("zip-web-page", "no package but a web page", lambda: b"\r\n<!doctype HTML><title>x</title>"),
    ("zip-pointer", "no package but a pointer of Git LFS",
     lambda: b"version https://git-lfs.github.com/spec/v1\noid x\n"),
    ("zip-database", "no package but a database", database),
    ("zip-noise", "not a zip file", lambda: bytes(range(256)) * 40),
    ("zip-cut", "not a zip file", lambda: old()[:-40]),
    ("zip-no-files", "there is no collection.anki2", lambda: pack()),
    ("read-junk-before", "", lambda: b"#!/bin/sh\n" + old()),
    ("zip-second-end-in-comment", "no collection.anki2 in it but nothing",
     lambda: old()[:-2] + b"\x16\0" + pack()[-22:]),
    ("zip-many-entries", "at most 20,000", lambda: pack(*((str(number), b"") for number in range(20_001)))),
    ("zip-deflate-noise", "is damaged", lambda: bomb("collection.anki2", b"\xff" * 200, 200)),
    ("zip-bzip2", "unsupported way", lambda: pack(("collection.anki2", database()), ("media", b"{}"), method=12)),
    ("zip-duplicate-name", "is in it twice", lambda: old(None, ("medib", b"{}")).replace(b"medib", b"media")),
    ("zip-overlap", "share the same bytes", overlapping),
    ("zip-symbolic-link", "a link, folder or device", lambda: old(None, (named("0", 0o120777), b"/etc/passwd"))),
    ("zip-parent-name", "leave the package's folder", lambda: old(None, ("../../../tmp/x", b"x"))),
    ("zip-two-dots", "leave the package's folder", lambda: raw_named(b"..")),
    ("zip-drive-name", "leave the package's folder", lambda: old(None, ("C:x", b"x"))),
    ("zip-backslash-name", "leave the package's folder", lambda: raw_named(b"..\\x")),
    ("zip-escape-name", "not readable", lambda: raw_named(b"\x1b[2J")),
    ("zip-long-name", "not readable", lambda: old(None, ("n" * 300, b"x"))),
    ("bomb-database", "at most 16,777,216", lambda: bomb("collection.anki2", b"\xff" * 510_000, 500 << 20)),
    ("bomb-sum", "over 536,870,912", lambda: bomb("x", b"\xff" * 530_000, 520 << 20)),
    ("bomb-database-size-lies", "is damaged", lambda: bomb("collection.anki2", deflated(20 << 20), 300_000)),
    ("bomb-ratio-impossible", "the stated size", lambda: bomb("collection.anki2", b"\x03\x00", 30_000_000)),
    ("bomb-rest-after-size", "the stated size", lambda: bomb("collection.anki2", deflated(2 << 20, 0), 1 << 20)),
    ("bomb-empty-blocks", "the stated size",
     lambda: bomb("collection.anki2", b"\0\0\0\xff\xff" * (1 << 20) + deflated(1 << 20), 1 << 20)),
    ("bomb-media-list", "at most 2,097,152",
     lambda: pack(("collection.anki2", database()), ("media", b" " * 5_000_000), method=8)),
    ("meta-unknown", "format is unknown", lambda: old(None, ("meta", field(1, 9)))),
    ("meta-empty", "format is unknown", lambda: old(None, ("meta", b""))),
    ("meta-noise", "protobuf", lambda: old(None, ("meta", b"\xff\xff\xff"))),
    ("meta-huge", "at most 1,024", lambda: old(None, ("meta", b"\x08\x01" * 9000))),
    ("meta-says-new-only-dummy", "there is no collection.anki21b", lambda: old(None, ("meta", field(1, 3)))),
    ("read-without-pictures", "", lambda: pack(("collection.anki2", database()))),
    ("media-new-noise", "protobuf", lambda: new(media=b"\xff" * 50)),
    ("media-new-cut", "cut off", lambda: new(media=field(1, field(1, b"a.png"))[:-3])),
    ("media-new-length-lies", "cut off", lambda: new(media=b"\x0a\xff\xff\xff\xff\x0f")),
    ("media-new-group", "unknown type", lambda: new(media=b"\x0b\x0c")),
    ("media-new-number-for-entry", "something other than bytes", lambda: new(media=field(1, 5))),
    ("media-new-not-utf8", "not UTF-8", lambda: new(None, ("0", b"x"), media=field(1, field(1, b"\xff\xfe")))),
    ("media-new-parent", "passed over: .*leave the media folder",
     lambda: new(None, ("0", b"x"), media=field(1, field(1, b"../x")))),
    ("media-new-many", "too many pictures",
     lambda: new(media=b"".join(field(1, field(1, b"n%d" % n) + field(255, 0)) for n in range(20_001)))),
    ("media-new-not-zstd", "cannot be unpacked", lambda: new_with_media(b"{}")),
    ("db-not-sqlite", "not an SQLite database", lambda: old(b"hello" * 1000)),
    ("db-empty", "not an SQLite database", lambda: old(b"")),
    ("db-header-only", "cannot be read", lambda: old(database()[:100])),
    ("db-cut", "cannot be read|damaged", lambda: old(database()[:8192])),
    ("db-page-size-lies", "cannot be read", lambda: old(patched(database(), b"SQLite format 3", 16, b"\x00\x03"))),
    ("db-page-circle", "damaged", lambda: old(page_circle())),
    ("db-shared-overflow", "damaged", lambda: old(shared_overflow())),
    ("db-view", VIEW, lambda: old(database(*replaced("notes", "SELECT * FROM old_notes")))),
    ("db-note-id-twice", "passed over: .*two notes have the same id",
     lambda: old(database(
         "ALTER TABLE notes RENAME TO n", "CREATE TABLE notes AS SELECT * FROM n UNION ALL SELECT * FROM n"))),
    ("db-generated-column", "generated column", lambda: old(generated("hex(zeroblob(40000000))"))),
    ("db-long-schema", "cannot be read",
     lambda: old(database(f"CREATE TABLE t ({', '.join(f'c{n}' for n in range(1900))})"))),
    ("db-long-checks", "cannot be read", lambda: old(checks(750, 9_900))),
    ("db-many-checks", "", lambda: old(checks(190, 1_950))),
    ("db-very-many-tables", "too many tables", lambda: old(checks(20_000, 1))),
    ("db-many-notes", "over 6,000 notes", lambda: old(many_notes(6_100))),
    ("db-wide-letters", "too long for cards", lambda: old(many_notes(60, "a" * 190_000 + "\U0001f600\x1f"))),
    ("new-not-zstd", "cannot be unpacked", lambda: new(packed=new_database())),
    ("new-zstd-empty", "not an SQLite database", lambda: new(packed=b"")),
    ("new-zstd-bomb", "more than 16,777,216 bytes", lambda: new(packed=zstd_bomb(64 << 20))),
    ("new-zstd-window-128-mb", "cannot be unpacked", lambda: new(packed=zstd_window(27))),
    ("new-zstd-unknown-dictionary", "cannot be unpacked",
     lambda: new(packed=b"\x28\xb5\x2f\xfd\x21\x07\x10" + b"\x01\x00\x00")),
    ("new-media-bomb", "more than 2,097,152", lambda: new_with_media(zstd_bomb(64 << 20))),
    ("new-view", VIEW, lambda: new(new_database(*replaced("fields", "SELECT * FROM old_fields")))),
    ("new-old-schema", "schema version 11", lambda: new(database())),
    ("new-no-note-types", "no table 'fields'", lambda: new(database("UPDATE col SET ver = 18"))),
    ("new-many-configs-of-many-fields", "over 150,000 protobuf fields",
     lambda: new(many_configs(field(2, 1) * 25_000, 40))),
    ("new-configs-too-long", "too long for cards", lambda: new(many_configs(field(3, b" " * 1_000_000), 10))),
    ("db-many-cards", "over 30,000 cards",
     lambda: model(tmpls=MODEL["tmpls"] * 30_100, cards=((n, 11, 3, n, 0) for n in range(30_100)))),
]  # fmt: skip
