"""The same notes by other means: `python rivals.py WAY FOLDER OUTPUT`, WAY one of

load     yaml.load with CSafeLoader and nothing else
safe     the script that a user would write: yaml.safe_load, html.escape, genanki
csafe    the same with CSafeLoader
rows     the rows of a package written again by executemany into a stored zip, read
         from FOLDER, which is an .apkg then
writer   genanki's own writer alone
ours     our writer alone, timed inside the process in the same way
engine   CSafeLoader and the real Anki engine: add the notes, export the package
"""

from __future__ import annotations

import html
import re
import sqlite3
import sys
import tempfile
import zipfile
from pathlib import Path

import yaml


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.yaml")) if path.name not in ("collection.yaml", "source.yaml")]


def load(folder: Path, loader: type) -> list[dict]:
    return [yaml.load(path.read_text(encoding="utf-8"), loader) for path in files(folder)]


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


def rows(package: Path, output: Path) -> None:
    """The floor: the rows of a finished package, executemany in memory, serialised, stored."""
    with zipfile.ZipFile(package) as archive, tempfile.NamedTemporaryFile(suffix=".db") as file:
        file.write(archive.read("collection.anki2"))
        file.flush()
        source = sqlite3.connect(file.name)
        schema = [
            row[0] for row in source.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        ]
        tables = {t: source.execute(f"SELECT * FROM {t}").fetchall() for t in ("col", "notes", "cards")}
        source.close()
    import time

    start = time.process_time()
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
    print(f"seconds {time.process_time() - start:.6f}")


def engine(folder: Path, output: Path) -> None:
    """The real Anki: add the notes, export a package."""
    from anki.collection import AddNoteRequest, Collection, DeckIdLimit, ExportAnkiPackageOptions

    with tempfile.TemporaryDirectory() as scratch:
        col = Collection(str(Path(scratch) / "collection.anki2"))
        basic, cloze = col.models.by_name("Basic"), col.models.by_name("Cloze")
        parent = None
        for data in load(folder, yaml.CSafeLoader):
            did = col.decks.id(f"Bench::{data['deck']}")
            parent = parent or col.decks.id("Bench")
            requests = []
            for item in data["notes"]:
                note = col.new_note(cloze if "text" in item else basic)
                front = _math(item.get("text") or item["question"])
                note.fields = [front, _math(item.get("answer", "")) + "<br>" + _math(item["extra"])]
                note.tags = [f"Bench::{tag}" for tag in item["tags"]]
                requests.append(AddNoteRequest(note, did))
            col.add_notes(requests)
        options = ExportAnkiPackageOptions(with_scheduling=False, with_deck_configs=False, with_media=True, legacy=True)
        col.export_anki_package(out_path=str(output), options=options, limit=DeckIdLimit(parent))
        col.close()


def writer(folder: Path, output: Path) -> None:
    """genanki's own writer alone, on the decks of one of our packages, timed inside the process."""
    import time

    import genanki

    model = genanki.Model(
        1607392319,
        "W",
        fields=[{"name": "F"}, {"name": "B"}],
        templates=[{"name": "C", "qfmt": "{{F}}", "afmt": "{{B}}"}],
    )
    decks = []
    for number, data in enumerate(load(folder, yaml.CSafeLoader)):
        deck = genanki.Deck(2059400110 + number, f"Bench::{data['deck']}")
        for note in data["notes"]:
            fields = [_math(note.get("text") or note["question"]), _math(note["extra"])]
            deck.add_note(genanki.Note(model=model, fields=fields, guid=note["id"]))
        decks.append(deck)
    start = time.process_time()
    genanki.Package(decks).write_to_file(output)
    print(f"seconds {time.process_time() - start:.6f}")


def ours(folder: Path, output: Path) -> None:
    """Our writer alone, on notes that are read, checked and compiled before the clock starts."""
    import time

    from ketamine_anki.cli.check import walk
    from ketamine_anki.cli.folder import Folder
    from ketamine_anki.compile import compile_note
    from ketamine_anki.package import Package, Times

    read = Folder(str(folder))
    compiled = []
    walk(
        read,
        lambda view, number, index: compiled.append(
            compile_note(view.note, read.collection, view.shown, number, index)
        ),
    )
    with tempfile.TemporaryDirectory() as scratch, output.open("wb") as file:
        start = time.process_time()
        package = Package(read.collection, Path(scratch) / "notes.db", Times(1_700_000_000))
        for note in compiled:
            package.add(note)
        package.write(file)
        print(f"seconds {time.process_time() - start:.6f}")


def main(way: str, folder: str, output: str) -> None:
    source, target = Path(folder), Path(output)
    if way == "load":
        load(source, yaml.CSafeLoader)
    elif way in ("safe", "csafe"):
        script(source, target, yaml.SafeLoader if way == "safe" else yaml.CSafeLoader)
    elif way == "rows":
        rows(source, target)
    elif way == "engine":
        engine(source, target)
    elif way == "ours":
        ours(source, target)
    elif way == "writer":
        writer(source, target)
    else:
        raise SystemExit(f"{way}: not one of the ways in this file's head")


if __name__ == "__main__":
    main(*sys.argv[1:4])
