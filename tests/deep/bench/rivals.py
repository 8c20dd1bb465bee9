"""The same notes by other means: `python rivals.py WAY FOLDER OUTPUT`, WAY one of

load     yaml.load with CSafeLoader and nothing else
safe     the script that a user would write: yaml.safe_load, html.escape, genanki
csafe    the same with CSafeLoader
engine   CSafeLoader and the real Anki engine: add the notes, export the package
floor    the rows of a package, written again by executemany into a stored zip; FOLDER holds the package
writer   genanki's writer alone
ours     our writer alone

The last three print the CPU seconds of the writing itself: what is written is made before the clock starts.
"""

from __future__ import annotations

import html
import re
import sqlite3
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

_OURS_ALONE = ("collection.yaml", "source.yaml")


def load(folder: Path, loader: type = yaml.CSafeLoader) -> list[dict]:
    """Every deck file of a collection as a dict."""
    files = [path for path in sorted(folder.glob("*.yaml")) if path.name not in _OURS_ALONE]
    return [yaml.load(path.read_text(encoding="utf-8"), loader) for path in files]


@contextmanager
def _timed() -> Iterator[None]:
    start = time.process_time()
    yield
    print(f"seconds {time.process_time() - start:.6f}")


def _math(text: str) -> str:
    return re.sub(r"\$([^$]+)\$", r"\\(\1\\)", html.escape(text, quote=False))


def script(folder: Path, output: Path, loader: type) -> None:
    """What the usual script does: one model of each kind, one deck a file, guid from the id."""
    import genanki

    qa = genanki.Model(
        1607392319,
        "Bench QA",
        fields=[{"name": name} for name in ("Question", "Answer", "Extra", "Source")],
        templates=[
            {
                "name": "Card 1",
                "qfmt": "{{Question}}",
                "afmt": "{{FrontSide}}<hr id=answer>{{Answer}}<br>{{Extra}}<br>{{Source}}",
            }
        ],
    )
    cloze = genanki.Model(
        1607392320,
        "Bench cloze",
        fields=[{"name": name} for name in ("Text", "Extra", "Source")],
        templates=[{"name": "Cloze", "qfmt": "{{cloze:Text}}", "afmt": "{{cloze:Text}}<br>{{Extra}}<br>{{Source}}"}],
        model_type=genanki.Model.CLOZE,
    )
    decks = []
    for number, data in enumerate(load(folder, loader)):
        deck = genanki.Deck(2059400110 + number, f"Bench::{data['deck']}")
        for note in data["notes"]:
            tail = [_math(note["extra"]), f"{note['source']} {' '.join(note['cites'])}"]
            if "text" in note:
                model, fields = cloze, [_math(note["text"]), *tail]
            else:
                model, fields = qa, [_math(note["question"]), _math(note["answer"]), *tail]
            tags = [f"Bench::{tag}" for tag in note["tags"]]
            deck.add_note(genanki.Note(model=model, fields=fields, tags=tags, guid=genanki.guid_for(note["id"])))
        decks.append(deck)
    genanki.Package(decks).write_to_file(output)


def engine(folder: Path, output: Path) -> None:
    """The real Anki: add the notes, export a package."""
    from anki.collection import AddNoteRequest, Collection, DeckIdLimit, ExportAnkiPackageOptions

    with tempfile.TemporaryDirectory() as scratch:
        col = Collection(str(Path(scratch) / "collection.anki2"))
        basic, cloze = col.models.by_name("Basic"), col.models.by_name("Cloze")
        parent = col.decks.id("Bench")
        for data in load(folder):
            deck = col.decks.id(f"Bench::{data['deck']}")
            requests = []
            for item in data["notes"]:
                note = col.new_note(cloze if "text" in item else basic)
                front = _math(item.get("text") or item["question"])
                note.fields = [front, _math(item.get("answer", "")) + "<br>" + _math(item["extra"])]
                note.tags = [f"Bench::{tag}" for tag in item["tags"]]
                requests.append(AddNoteRequest(note, deck))
            col.add_notes(requests)
        options = ExportAnkiPackageOptions(with_scheduling=False, with_deck_configs=False, with_media=True, legacy=True)
        col.export_anki_package(out_path=str(output), options=options, limit=DeckIdLimit(parent))
        col.close()


def floor(folder: Path, output: Path) -> None:
    """The rows of a finished package: executemany in memory, serialised, stored."""
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(next(folder.glob("*.apkg"))) as archive:
            source = sqlite3.connect(archive.extract("collection.anki2", scratch))
        schema = [sql for (sql,) in source.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY rowid")]
        tables = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in ("col", "notes", "cards")}
        source.close()
    with _timed():
        db = sqlite3.connect(":memory:", isolation_level=None)
        db.execute("PRAGMA page_size=16384")
        db.execute("BEGIN")
        for statement in schema:
            if statement.startswith("CREATE TABLE") and "sqlite_" not in statement:
                db.execute(statement)
        for table, content in tables.items():
            db.executemany(f"INSERT INTO {table} VALUES({','.join('?' * len(content[0]))})", content)
        for statement in schema:
            if statement.startswith("CREATE INDEX"):
                db.execute(statement)
        db.execute("COMMIT")
        with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("collection.anki2", db.serialize())
            archive.writestr("media", "{}")


def writer(folder: Path, output: Path) -> None:
    """genanki's writer, on notes of two fields and with GUIDs that are given."""
    import genanki

    model = genanki.Model(
        1607392319,
        "Bench",
        fields=[{"name": "Front"}, {"name": "Back"}],
        templates=[{"name": "Card 1", "qfmt": "{{Front}}", "afmt": "{{Back}}"}],
    )
    decks = []
    for number, data in enumerate(load(folder)):
        deck = genanki.Deck(2059400110 + number, f"Bench::{data['deck']}")
        for note in data["notes"]:
            fields = [_math(note.get("text") or note["question"]), _math(note["extra"])]
            deck.add_note(genanki.Note(model=model, fields=fields, guid=note["id"]))
        decks.append(deck)
    with _timed():
        genanki.Package(decks).write_to_file(output)


def ours(folder: Path, output: Path) -> None:
    """Our writer, on notes that are read, checked and compiled."""
    from ketamine_anki.anki.compile import CompiledNote, compile_note
    from ketamine_anki.anki.package_writer import Package, Times
    from ketamine_anki.rules.view import View
    from ketamine_anki.workspace.folder import Folder
    from ketamine_anki.workspace.pipeline import check_notes

    read = Folder(str(folder))
    compiled: list[CompiledNote] = []

    def visit(view: View, number: int, index: int) -> None:
        compiled.append(compile_note(view.note, read.collection, view.rendered, number, index))

    check_notes(read, visit)
    with tempfile.TemporaryDirectory() as scratch, output.open("wb") as file, _timed():
        package = Package(read.collection, Path(scratch) / "notes.db", Times(1_700_000_000))
        for note in compiled:
            package.add(note)
        package.write(file)


WAYS = {
    "load": lambda folder, _: load(folder),
    "safe": lambda folder, output: script(folder, output, yaml.SafeLoader),
    "csafe": lambda folder, output: script(folder, output, yaml.CSafeLoader),
    "engine": engine,
    "floor": floor,
    "writer": writer,
    "ours": ours,
}

if __name__ == "__main__":
    way, source, target = sys.argv[1:]
    WAYS[way](Path(source), Path(target))
