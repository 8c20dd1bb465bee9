"""Makes the bytes of packages piece by piece, as no honest program would: zip files, databases, protobuf messages."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from functools import cache

import zstandard

TABLES = """
CREATE TABLE col (id integer primary key, ver integer default 11, models text, decks text);
CREATE TABLE notes (id integer primary key, guid text, mid integer, mod integer, tags text, flds text);
CREATE TABLE cards (id integer primary key, nid integer, did integer, ord integer, odid integer);
"""
NEW_TABLES = """
CREATE TABLE notetypes (id integer primary key, name text COLLATE unicase, mtime_secs integer, config blob);
CREATE TABLE fields (ntid integer, ord integer, name text COLLATE unicase, config blob, PRIMARY KEY (ntid, ord))
  WITHOUT ROWID;
CREATE TABLE templates (ntid integer, ord integer, name text COLLATE unicase, config blob, PRIMARY KEY (ntid, ord))
  WITHOUT ROWID;
CREATE TABLE decks (id integer primary key, name text COLLATE unicase);
"""
MODEL = {
    "id": "7",
    "name": "Basic",
    "mod": 5,
    "type": 0,
    "flds": [{"name": "Front"}, {"name": "Back"}],
    "tmpls": [{"name": "Card 1", "qfmt": "{{Front}}", "afmt": "{{Back}}"}],
    "css": ".card {}",
}
DECK = {"id": 3, "name": "A::B", "desc": "about"}
NOTE = (11, "guid-1", 7, 1_700_000_000, " one two ", "front\x1fback")
CARD = (12, 11, 3, 0, 0)


# --- making packages --------------------------------------------------------------------------


def database(*statements: str, models: object = None, decks: object = None, notes=(NOTE,), cards=(CARD,)) -> bytes:
    """The bytes of a small collection in the old format, changed by the statements at the end."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(TABLES)
        given = [
            value if isinstance(value, str | bytes | int) else json.dumps(value)
            for value in ({"7": MODEL} if models is None else models, {"3": DECK} if decks is None else decks)
        ]
        db.execute("INSERT INTO col (models, decks) VALUES (?, ?)", given)
        db.executemany("INSERT INTO notes VALUES (?,?,?,?,?,?)", notes)
        db.executemany("INSERT INTO cards VALUES (?,?,?,?,?)", cards)
        return _changed(db, statements)


def new_database(*statements: str) -> bytes:
    """The bytes of a small collection in the new format, changed by the statements at the end."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.create_collation("unicase", lambda a, b: (a > b) - (a < b))
        db.executescript(TABLES + NEW_TABLES)
        db.execute("INSERT INTO col (ver, models, decks) VALUES (18, '', '')")
        db.execute("INSERT INTO notetypes VALUES (7, 'Basic', 5, ?)", [field(3, b".card {}")])
        db.executemany("INSERT INTO fields VALUES (?, ?, ?, '')", [(7, 0, "Front"), (7, 1, "Back"), (99, 0, "orphan")])
        sides = field(1, b"{{Front}}") + field(2, b"{{Back}}")
        db.executemany("INSERT INTO templates VALUES (?, 0, 'Card 1', ?)", [(7, sides), (99, sides)])
        db.execute("INSERT INTO decks VALUES (3, ?)", ["A\x1fB"])
        db.execute("INSERT INTO notes VALUES (?,?,?,?,?,?)", NOTE)
        db.execute("INSERT INTO cards VALUES (?,?,?,?,?)", CARD)
        return _changed(db, statements)


def _changed(db: sqlite3.Connection, statements: tuple[str, ...]) -> bytes:
    db.commit()
    db.isolation_level = None
    db.execute("PRAGMA writable_schema=ON")
    for statement in statements:
        db.execute(statement)
    return db.serialize()


def field(number: int, value: bytes | int) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def pack(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file of these members, in order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def old(data: bytes | None = None, *more: tuple[str | zipfile.ZipInfo, bytes], media: bytes = b"{}") -> bytes:
    """A package in the old format."""
    return pack(("collection.anki2", database() if data is None else data), ("media", media), *more)


def new(data: bytes | None = None, *more, media: bytes = b"", packed: bytes | None = None) -> bytes:
    """A package in the new format; `packed` is the database as it stands in the file."""
    if packed is None:
        packed = zstandard.compress(new_database() if data is None else data)
    dummy = database(notes=[(1, "dummy", 7, 1, "", "Please update\x1f")])
    return pack(
        ("meta", field(1, 3)),
        ("collection.anki21b", packed),
        ("collection.anki2", dummy),
        ("media", zstandard.compress(media)),
        *more,
    )


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


@cache
def zstd_bomb(size: int) -> bytes:
    return zstandard.compress(bytes(size))


def zstd_window(log: int) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=log, enable_ldm=True, compression_level=1)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(new_database()) + packer.flush()


def new_with_media(packed_media: bytes) -> bytes:
    return pack(
        ("meta", field(1, 3)), ("collection.anki21b", zstandard.compress(new_database())), ("media", packed_media)
    )


# --- databases --------------------------------------------------------------------------------


def many_notes(count: int, text: str = "\x1f") -> bytes:
    return database(notes=((n, f"g{n}", 7, 1, "", text) for n in range(1, count)), cards=())


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


def model(**changes: object) -> bytes:
    return old(database(models={"7": MODEL | changes}))
