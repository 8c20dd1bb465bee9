"""Writes packages: compiled notes -> the bytes of an .apkg. The only module that uses genanki.

genanki makes the JSON of note types and decks, the schema and the collection row; the rows of notes and cards are those
that genanki's own writer makes, inserted in bulk. The same input gives the same bytes on any machine, Python and
SQLite: indexes after the rows, canonical SQLite bytes, sorted JSON, and a stored zip with fixed dates and modes.
"""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from ketamine_anki.anki.compile import CompiledNote, note_type_name, stable_id
from ketamine_anki.anki.genanki_import import APKG_COL, APKG_SCHEMA, genanki
from ketamine_anki.anki.notetypes import NoteType, note_types
from ketamine_anki.anki.sqlite_bytes import make_canonical
from ketamine_anki.core.escape import html as escape
from ketamine_anki.core.language import attributes, filled
from ketamine_anki.core.model import Collection, Picture

_TABLES, _, _INDEXES = APKG_SCHEMA.partition("CREATE INDEX")
_NOTE = "INSERT INTO notes VALUES(?,?,?,?,-1,?,?,?,0,0,'')"
_CARD = "INSERT INTO cards VALUES(?,?,?,?,?,-1,0,0,?,0,0,0,0,0,0,0,0,'')"
_BATCH = 500
# New cards come by their `due`, and those with the same one by their id: all in authored order. Each subdeck has a
# range, with gaps for notes to come. Anki's database check complains about a million and more.
_DUES, _DUE_GAP, _MAX_DUE = 10_000, 10, 999_999


@dataclass
class Counts:
    """What a package holds; `count` of the written file must give the same."""

    notes: int = 0
    cards: int = 0
    decks: int = 0
    pictures: int = 0


class Package:
    """An .apkg that is being written: `add` notes in authored order, then `write`, all in a `with` block.

    `scratch` is a file that does not exist yet; it holds the database until the end of the block.
    """

    def __init__(self, collection: Collection, scratch: Path) -> None:
        self.collection = collection
        self.counts = Counts()
        self._scratch = scratch
        self._notes: list[tuple[Any, ...]] = []
        self._cards: list[tuple[Any, ...]] = []
        self._decks: dict[str, int] = {}
        self._pictures: set[str] = set()
        self._model_ids = {key: stable_id(collection.namespace, "notetype", key) for key in note_types(collection)}
        # Note ids look like milliseconds of 2021 to 2023, spread by collection: Anki shows them as
        # the date of creation and replaces those in the future.
        spread = stable_id(collection.namespace, "first note") % 94_000_000
        self._first_id = 1_609_459_200_000 + spread * 1000
        self._db = _create_database(scratch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._scratch.unlink(missing_ok=True)

    def add(self, note: CompiledNote, mod: int) -> None:
        """Appends a note and its cards, with their modification time in seconds since 1970."""
        if note.deck not in self._decks:
            self._decks[note.deck] = stable_id(self.collection.namespace, "deck", note.deck)
        did = self._decks[note.deck]
        note_id = self._first_id + self.counts.notes * 1000
        tags = " " + " ".join(note.tags) + " "
        model_id = self._model_ids[note.note_type]
        self._notes.append((note_id, note.guid, model_id, mod, tags, "\x1f".join(note.fields), note.fields[0]))
        due = min(note.number * _DUES + min(note.index * _DUE_GAP, _DUES - 1), _MAX_DUE)
        for ordinal in note.cards:
            self._cards.append((note_id + 1 + ordinal, note_id, did, ordinal, mod, due))
        self.counts.notes += 1
        self.counts.cards += len(note.cards)
        self._pictures.update(note.pictures)
        if len(self._notes) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        with _disk_errors(self._scratch):
            self._db.executemany(_NOTE, self._notes)
            self._db.executemany(_CARD, self._cards)
        self._notes.clear()
        self._cards.clear()

    def write(self, out: BinaryIO, build: int, type_times: Mapping[str, int], version: str) -> Counts:
        """Writes the .apkg to an open binary file, and returns what it holds.

        `type_times` are the modification times of note types by key, `build` is the time of everything else, which must
        not lie in the future, and `version` that of the deck as learners see it.
        """
        self._flush()
        with _disk_errors(self._scratch):
            self._write_collection_row(build, type_times, version)
            for statement in ("CREATE INDEX" + _INDEXES).split(";"):
                self._db.execute(statement)
            self._db.execute("COMMIT")
            self._db.close()
        make_canonical(self._scratch)
        pictures = [self.collection.pictures[name] for name in sorted(self._pictures)]
        _write_zip(out, self._scratch, pictures)
        self.counts.decks = len(self._decks)
        self.counts.pictures = len(pictures)
        return self.counts

    def _write_collection_row(self, build: int, type_times: Mapping[str, int], version: str) -> None:
        self._db.execute(APKG_COL.strip().rstrip(";"))
        decks = json.loads(self._db.execute("SELECT decks FROM col").fetchone()[0])
        for name in (self.collection.title, *sorted(self._decks)):
            did = stable_id(self.collection.namespace, "deck", name)
            deck = genanki.Deck(did, name, description(self.collection, version, name)).to_json()
            decks[str(did)] = deck | {"mod": build}
        models = {
            str(self._model_ids[key]): model(kind, self.collection).to_json(type_times.get(key, build), None)
            for key, kind in note_types(self.collection).items()
        }
        self._db.execute(
            "UPDATE col SET crt=?, mod=?, scm=?, decks=?, models=?",
            (build - build % 86400, build * 1000, build * 1000, _json(decks), _json(models)),
        )


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Raises SQLite's errors about the disk as the OSError that they are."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, str(error), str(path)) from None


def _create_database(path: Path) -> sqlite3.Connection:
    """A new database with genanki's tables, within a transaction. Raises OSError."""
    with _disk_errors(path):
        db = sqlite3.connect(path, isolation_level=None)
        try:
            for pragma in ("page_size=16384", "journal_mode=off", "synchronous=off", "locking_mode=exclusive"):
                db.execute(f"PRAGMA {pragma}")
            db.execute("BEGIN")
            for statement in _TABLES.split(";"):
                db.execute(statement)
        except sqlite3.Error:
            db.close()
            raise
    return db


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def model(note_type: NoteType, collection: Collection) -> genanki.Model:
    """A note type as genanki's Model, with the stable ids by which Anki recognizes renamed fields and templates."""

    def id_of(kind: str, name: str) -> int:
        return stable_id(collection.namespace, kind, note_type.key, name)

    return genanki.Model(
        stable_id(collection.namespace, "notetype", note_type.key),
        note_type_name(collection, note_type.label),
        fields=[{"name": name, "id": id_of("field", name), "font": "Arial"} for name in note_type.fields],
        templates=[
            {"name": t.name, "id": id_of("template", t.name), "qfmt": t.front, "afmt": t.back}
            for t in note_type.templates
        ],
        css=note_type.css,
        model_type=genanki.Model.CLOZE if note_type.is_cloze else genanki.Model.FRONT_BACK,
        latex_pre="",
        latex_post="",
    )


def description(collection: Collection, version: str = "", deck: str = "") -> str:
    """The HTML of the page of a deck, given by its full name, or of the whole collection: its `paragraphs`."""
    marks, parts = attributes(collection.language), "".join(paragraphs(collection, version, deck))
    return f"<div{marks}>{parts}</div>" if marks else parts


def paragraphs(collection: Collection, version: str = "", deck: str = "") -> list[str]:
    """What a deck is, how to study it, the version, source, license and address, and the disclaimer.

    Anki replaces the page even when it takes none of a package's notes: so it names the version that was imported last,
    and not that of the notes.
    """
    about = {collection.deck_name(name): text for name, text in collection.about.items()}
    parts = [f"<p>{escape(about.get(deck, collection.description))}</p>"]
    tag, words, advises = collection.tag, collection.words, collection.has_english_words
    if advises and deck in ("", collection.title):
        parts.append(
            f"<p>To begin with what is core: in the browser search <code>tag:{tag}::Yield::2-Supporting is:new</code>,"
            " select all and suspend it; take the suspension back when you are through. Suspend what you do not want,"
            f" too: an update brings deleted cards back. The tags under <code>{tag}</code> name concepts, skills and"
            " sections, for <i>Custom Study</i>. In the deck's options, <i>Gather: Deck</i> and <i>Sort: Order"
            " gathered</i> bring new cards as they were written, and <i>Bury new siblings</i> brings the cards of one"
            " note on different days.</p>"
        )
    if version:
        told = [filled(words["imported"], version=version)]
        told += [filled(words["dated"], date=collection.evidence_date)] if collection.evidence_date else []
        advice = f". Notes that Anki could not import are older; <code>tag:{tag}::Changed::*</code> finds those that"
        parts.append(f"<p>{escape(' · '.join(told))}{f'{advice} updates changed.' if advises else ''}</p>")
    if collection.source_title:
        access = escape(collection.source_access, quote=True)
        link = f'<a href="{access}">{access}</a>' if access.startswith("https://") else access
        where = f" ({link})" if link else ""
        parts.append(f"<p>{escape(filled(words['curated'], title=collection.source_title))}{where}</p>")
    licence = escape(collection.licence)
    if collection.licence_url:
        licence = f'<a href="{escape(collection.licence_url, quote=True)}">{licence}</a>'
    parts.append(f"<p>{filled(escape(words['licence']), licence=licence)}</p>")
    if collection.repository:
        link = escape(collection.repository, quote=True)
        parts.append(f'<p>{escape(words["updates"])}: <a href="{link}">{link}</a></p>')
    if advises:
        say = f'<a href="{link}/issues">Say so</a>' if collection.repository else "Tell whoever gave you the deck"
        parts.append(f"<p>A card is wrong or unclear? {say}, with the name at the foot of its back.</p>")
    parts.append(f"<p><b>{escape(collection.disclaimer)}</b></p>")
    return parts


def _write_zip(out: BinaryIO, database: Path, pictures: list[Picture]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        entry = _entry("collection.anki2")
        entry.file_size = database.stat().st_size
        with database.open("rb") as source, archive.open(entry, "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        names = {str(number): picture.packaged for number, picture in enumerate(pictures)}
        archive.writestr(_entry("media"), _json(names))
        for number, picture in enumerate(pictures):
            archive.writestr(_entry(str(number)), picture.data)


def _entry(name: str) -> zipfile.ZipInfo:
    """A zip entry without a date or file mode of this machine."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    return entry


def count(apkg: Path, scratch: Path) -> Counts:
    """Opens a written package again and counts what it holds, with its database unpacked to `scratch`, a file that
    does not exist. Raises ValueError when the package is not whole.
    """
    try:
        with zipfile.ZipFile(apkg) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"{damaged} is damaged")
            media = json.loads(archive.read("media"))
            if not media.keys() <= set(archive.namelist()):
                raise ValueError("a picture is missing")
            with archive.open("collection.anki2") as source, scratch.open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        with closing(sqlite3.connect(scratch)) as db:
            (state,) = db.execute("PRAGMA integrity_check").fetchone()
            if state != "ok":
                raise ValueError(state)
            (notes,) = db.execute("SELECT count(*) FROM notes").fetchone()
            cards, decks = db.execute("SELECT count(*), count(DISTINCT did) FROM cards").fetchone()
        return Counts(notes, cards, decks, len(media))
    except (zipfile.BadZipFile, KeyError, sqlite3.Error) as error:
        raise ValueError(str(error)) from error
    finally:
        scratch.unlink(missing_ok=True)
