"""Makes the bytes of packages piece by piece: zip files, databases, protobuf messages."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
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


@cache
def zstd_bomb(size: int) -> bytes:
    return zstandard.compress(bytes(size))


def many_notes(count: int, text: str = "\x1f") -> bytes:
    return database(notes=((n, f"g{n}", 7, 1, "", text) for n in range(1, count)), cards=())
