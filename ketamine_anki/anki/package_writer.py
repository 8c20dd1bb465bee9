"""Compiled notes -> the bytes of an .apkg. The only module that knows genanki.

genanki makes the JSON of note types and decks, the schema and the collection row; the rows of notes
and cards are those that genanki's own writer makes, written in bulk. The same input gives the same
bytes on any machine, Python and SQLite: indexes after the rows, canonical SQLite bytes, sorted JSON,
and a stored zip with fixed dates and modes.
"""

from __future__ import annotations

import errno
import functools
import json
import sqlite3
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ketamine_anki.anki.compile import CompiledNote, note_type_name, stable_id
from ketamine_anki.anki.notetypes import NoteType, note_types
from ketamine_anki.anki.sqlite_bytes import make_canonical
from ketamine_anki.core.model import Collection, Picture
from ketamine_anki.text.escape import escape

# genanki takes `cached_property` from a library that imports asyncio, a ninth of a build of 100 notes, for no more than
# functools has. If it ever asks for more, the library itself is imported.
_borrowed = sys.modules.setdefault("cached_property", functools) is functools
try:
    import genanki
except ImportError:  # pragma: no cover
    sys.modules.pop("cached_property")
    import genanki
finally:
    if _borrowed:
        sys.modules.pop("cached_property", None)
from genanki.apkg_col import APKG_COL  # noqa: E402
from genanki.apkg_schema import APKG_SCHEMA  # noqa: E402

_TABLES, _, _INDEXES = APKG_SCHEMA.partition("CREATE INDEX")
_NOTE = "INSERT INTO notes VALUES(?,?,?,?,-1,?,?,?,0,0,'')"
_CARD = "INSERT INTO cards VALUES(?,?,?,?,?,-1,0,0,?,0,0,0,0,0,0,0,0,'')"
_BATCH = 500
_MOST_DUE = 999_999  # Anki's database check complains from a million on


@dataclass(frozen=True)
class Times:
    """Modification times in seconds since 1970: of a note by GUID, of a note type by key; `build`
    is the time of what neither knows, and must not lie in the future.
    """

    build: int
    notes: Mapping[str, int] = field(default_factory=dict)
    note_types: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Counts:
    """What a package holds; checked against the file that was written."""

    notes: int = 0
    cards: int = 0
    decks: int = 0
    pictures: int = 0


@contextmanager
def _on_disk(path: Path) -> Iterator[None]:
    """SQLite's complaints about the disk as the OSError that they are."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, str(error), str(path)) from None


class Package:
    """One .apkg in the making: `add` notes in authored order, then `write`.

    `scratch` is a file that does not exist yet; it holds the database until `write` or `close`.
    `times` and `version`, the deck's as shown on its page, may be set anew until `write`.
    """

    def __init__(self, collection: Collection, scratch: Path, times: Times, version: str = "") -> None:
        self.collection = collection
        self.counts = Counts()
        self.times = times
        self.version = version
        self._scratch = scratch
        self._notes: list[tuple[Any, ...]] = []
        self._cards: list[tuple[Any, ...]] = []
        self._decks: dict[str, int] = {}
        self._pictures: set[str] = set()
        self._kinds = note_types(collection.repository)
        self._model_ids = {key: stable_id(collection.namespace, "notetype", key) for key in self._kinds}
        # Note ids look like milliseconds of 2021 to 2023, spread by collection: Anki shows them as
        # the date of creation and replaces those in the future.
        spread = stable_id(collection.namespace, "first note") % 94_000_000
        self._next_id = 1_609_459_200_000 + spread * 1000
        with _on_disk(scratch):
            self._db = sqlite3.connect(scratch, isolation_level=None)
            for pragma in ("page_size=16384", "journal_mode=off", "synchronous=off", "locking_mode=exclusive"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.execute("BEGIN")
            for statement in _TABLES.split(";"):
                self._db.execute(statement)

    def add(self, note: CompiledNote, time: int | None = None) -> None:
        """Appends a note and its cards, with its modification time unless `times` knows it."""
        guid, index = note.guid, self.counts.notes
        mod = self.times.notes.get(guid, self.times.build) if time is None else time
        did = self._decks.get(note.deck)
        if did is None:
            did = self._decks[note.deck] = stable_id(self.collection.namespace, "deck", note.deck)
        note_id = self._next_id + index * 1000
        fields = note.fields
        tags = " " + " ".join(note.tags) + " "
        model_id = self._model_ids[note.note_type]
        self._notes.append((note_id, guid, model_id, mod, tags, "\x1f".join(fields), fields[0]))
        due = min(note.number * 10_000 + note.index * 10, _MOST_DUE)
        for ordinal in note.cards:
            self._cards.append((note_id + 1 + ordinal, note_id, did, ordinal, mod, due))
        self.counts.notes += 1
        self.counts.cards += len(note.cards)
        if note.pictures:
            self._pictures.update(note.pictures)
        if len(self._notes) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        with _on_disk(self._scratch):
            self._db.executemany(_NOTE, self._notes)
            self._db.executemany(_CARD, self._cards)
        self._notes.clear()
        self._cards.clear()

    def write(self, out: BinaryIO) -> Counts:
        """Writes the .apkg to an open binary file and returns what it holds."""
        with _on_disk(self._scratch):
            self._flush()
            self._write_collection_row()
            for statement in ("CREATE INDEX" + _INDEXES).split(";"):
                self._db.execute(statement)
            self._db.execute("COMMIT")
            self._db.close()
        with self._scratch.open("r+b") as database:
            make_canonical(database)
        pictures = [self.collection.pictures[name] for name in sorted(self._pictures)]
        _write_zip(out, self._scratch, pictures)
        self.close()
        self.counts.decks = len(self._decks)
        self.counts.pictures = len(pictures)
        return self.counts

    def close(self) -> None:
        """Drops the database; harmless after `write`."""
        self._db.close()
        self._scratch.unlink(missing_ok=True)

    def _write_collection_row(self) -> None:
        self._db.execute(APKG_COL.strip().rstrip(";"))
        decks = json.loads(self._db.execute("SELECT decks FROM col").fetchone()[0])
        parent = self.collection.title
        for name in [parent, *sorted(self._decks)]:
            did = stable_id(self.collection.namespace, "deck", name)
            decks[str(did)] = genanki.Deck(did, name, description(self.collection, self.version)).to_json()
            decks[str(did)]["mod"] = self.times.build
        models = {}
        for key, kind in self._kinds.items():
            model_id = self._model_ids[key]
            made = model(kind, self.collection).to_json(self.times.note_types.get(key, self.times.build), None)
            models[str(model_id)] = made
        build = self.times.build
        self._db.execute(
            "UPDATE col SET crt=?, mod=?, scm=?, decks=?, models=?",
            (build - build % 86400, build * 1000, build * 1000, _json(decks), _json(models)),
        )


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def model(kind: NoteType, collection: Collection) -> genanki.Model:
    """A note type as genanki's Model, with the stable ids that let Anki follow a renaming."""
    namespace = collection.namespace

    def id_of(what: str, name: str) -> int:
        return stable_id(namespace, what, kind.key, name)

    return genanki.Model(
        stable_id(namespace, "notetype", kind.key),
        note_type_name(collection, kind.label),
        fields=[{"name": name, "id": id_of("field", name)} for name in kind.fields],
        templates=[
            {"name": t.name, "id": id_of("template", t.name), "qfmt": t.front, "afmt": t.back} for t in kind.templates
        ],
        css=kind.css,
        model_type=genanki.Model.CLOZE if kind.is_cloze else genanki.Model.FRONT_BACK,
        latex_pre="",
        latex_post="",
    )


def description(collection: Collection, version: str = "") -> str:
    """The HTML shown on a deck's page: what it is, version, licence, where it lives, disclaimer."""
    parts = [f"<p>{escape(collection.description)}</p>"]
    if version:
        dated = f", literature of {escape(collection.evidence_date)}" if collection.evidence_date else ""
        parts.append(f"<p>Version {escape(version)}{dated}.</p>")
    if collection.source_title:
        parts.append(f"<p>Curated from the text “{escape(collection.source_title)}”.</p>")
    licence = escape(collection.licence)
    if collection.licence_url:
        licence = f'<a href="{escape(collection.licence_url, quote=True)}">{licence}</a>'
    parts.append(f"<p>Licence of the cards: {licence}.</p>")
    if collection.repository:
        link = escape(collection.repository, quote=True)
        parts.append(f'<p>Releases and corrections: <a href="{link}">{link}</a></p>')
    parts.append(f"<p><b>{escape(collection.disclaimer)}</b></p>")
    return "".join(parts)


def _write_zip(out: BinaryIO, database: Path, pictures: list[Picture]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        with database.open("rb") as source, archive.open(_entry("collection.anki2", database), "w") as target:
            while chunk := source.read(1 << 20):
                target.write(chunk)
        names = {str(number): picture.packaged for number, picture in enumerate(pictures)}
        archive.writestr(_entry("media"), _json(names))
        for number, picture in enumerate(pictures):
            archive.writestr(_entry(str(number)), picture.data)


def _entry(name: str, source: Path | None = None) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    if source is not None:
        entry.file_size = source.stat().st_size
    return entry


def count(apkg: Path, scratch: Path) -> Counts:
    """Opens a written package again and counts what is in it. Raises ValueError if it is not whole."""
    try:
        with zipfile.ZipFile(apkg) as archive:
            broken = archive.testzip()
            if broken is not None:
                raise ValueError(f"{broken} is damaged")
            media = json.loads(archive.read("media"))
            with archive.open("collection.anki2") as source, scratch.open("xb") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
            missing = set(media) - set(archive.namelist())
            if missing:
                raise ValueError("a picture is missing")
        with closing(sqlite3.connect(scratch)) as db:
            (state,) = db.execute("PRAGMA integrity_check").fetchone()
            if state != "ok":
                raise ValueError(state)
            (notes,) = db.execute("SELECT count(*) FROM notes").fetchone()
            (cards,) = db.execute("SELECT count(*) FROM cards").fetchone()
            (dids,) = db.execute("SELECT count(DISTINCT did) FROM cards").fetchone()
        return Counts(notes, cards, dids, len(media))
    except (zipfile.BadZipFile, KeyError, sqlite3.Error) as error:
        raise ValueError(str(error)) from error
    finally:
        scratch.unlink(missing_ok=True)
