"""The rows that genanki's own writer would make, written in bulk; and a package is whole or refused."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import genanki
import pytest
import small_deck
from genanki.apkg_schema import APKG_SCHEMA
from hypothesis import given, settings
from hypothesis import strategies as st
from package_bytes import pack

from ketamine_anki.anki.compile import CompiledNote, stable_id
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.anki.package_writer import Counts, Package, count, description, model
from ketamine_anki.anki.sqlite_bytes import make_canonical
from ketamine_anki.core.model import Collection

COLLECTION = Collection("Deck", "Tag", "names/pace", ("A", "B"), description="<What>", disclaimer="D & C", licence="CC")


def write(compiled: list[CompiledNote], folder: Path, time: int = 1_700_000_000) -> Path:
    path = folder / "written.apkg"
    with Package(COLLECTION, folder / "scratch.db") as package, path.open("wb") as out:
        for note in compiled:
            package.add(note, time)
        counts = package.write(out, 1_700_000_000, {"cloze": 7}, "")
    assert (counts.notes, counts.cards) == (len(compiled), sum(len(note.cards) for note in compiled))
    assert list(folder.iterdir()) == [path]
    return path


def question(number: int) -> CompiledNote:
    fields = ("Q", "A", *[""] * 12)
    return CompiledNote(str(number), f"g{number}", "question", "Deck::02 B", fields, ("T::a",), (0,), 99, number)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x1f<>{}\x00"), max_size=8)


@settings(max_examples=10)
@given(texts=st.lists(TEXT, min_size=10, max_size=10), tags=st.lists(st.sampled_from("abc"), unique=True))
def test_rows_are_those_of_genanki(tmp_path_factory: pytest.TempPathFactory, texts: list[str], tags: list[str]) -> None:
    """Row for row and column for column, given our ids, what genanki's Note and Card write."""
    pair, cloze = ("Q" + texts[0], "A", "R", "B", *texts), ("{{c2::x}} {{c4::y}}" + texts[0], *texts)
    compiled = [
        question(3),
        CompiledNote("x", "g<'>", "question", "Deck::01 A", pair, tuple(tags), (0, 1), 7, 2_000),
        CompiledNote("y", "g", "cloze", "Deck::01 A", cloze, (), (1, 3), 0, 1),
    ]
    path = write(compiled, tmp_path_factory.mktemp("rows"), 1_600_000_000)
    queries = [f"select * from {table} order by 1" for table in ("notes", "cards", "revlog", "graves")]
    ours = [small_deck.rows(path, query) for query in queries]
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(APKG_SCHEMA)
        ids = {row[1]: row[0] for row in ours[0]}
        for note in compiled:
            kind = model(note_types()[note.note_type], COLLECTION)
            due = min(note.number * 10_000 + min(note.index * 10, 9_999), 999_999)
            row = genanki.Note(kind, list(note.fields), guid=note.guid, tags=list(note.tags), due=due)
            assert tuple(card.ord for card in row.cards) == note.cards
            numbers = iter([ids[note.guid], *(ids[note.guid] + 1 + ordinal for ordinal in note.cards)])
            row.write_to_db(db.cursor(), 1_600_000_000, stable_id("names/pace", "deck", note.deck), numbers)
        assert ours == [db.execute(query).fetchall() for query in queries]


def test_more_notes_than_one_batch(tmp_path: Path) -> None:
    """Many notes: all there, in order, their ids apart and in the past; no due that Anki complains about."""
    path = write([question(number) for number in range(1234)], tmp_path)
    rows = small_deck.rows(path, "select guid, id from notes order by id")
    assert [guid for guid, _ in rows] == [f"g{number}" for number in range(1234)]
    assert all(1_609_459_200_000 <= number < 1_704_067_200_000 for _, number in rows)
    assert small_deck.rows(path, "select min(due), max(due) from cards") == [(990_000, 999_999)]
    assert count(path, tmp_path / "count.db") == Counts(1234, 1234, 1, 0)


def test_the_collection_row(tmp_path: Path) -> None:
    path = write([question(1)], tmp_path, 5)
    assert small_deck.rows(path, "select mod from notes union select mod from cards") == [(5,)]
    ((models, decks, crt, mod),) = small_deck.rows(path, "select models, decks, crt, mod from col")
    assert {kind["name"]: (kind["mod"], kind["type"]) for kind in json.loads(models).values()} == {
        "Deck: cloze": (7, 1),
        "Deck: question and answer": (1_700_000_000, 0),
    }
    assert {deck["name"]: (deck["mod"], deck["desc"]) for deck in json.loads(decks).values() if deck["id"] != 1} == {
        name: (1_700_000_000, description(COLLECTION, deck=name)) for name in ("Deck", "Deck::02 B")
    }
    assert (crt % 86_400, mod) == (0, 1_700_000_000_000)


def test_description_is_escaped_and_tells_what_learners_need() -> None:
    collection = replace(COLLECTION, repository="https://a.org/?a&b", source_title="S < T", evidence_date="2024")
    assert description(collection, "1.2.3", "Deck::02 B") == (
        "<p>&lt;What&gt;</p><p>Imported last: version 1.2.3 · Literature of 2024. Notes that Anki could not import are"
        " older; <code>tag:Tag::Changed::*</code> finds those that updates changed.</p>"
        "<p>Curated from the text “S &lt; T”</p>"
        "<p>Licence of the cards: CC</p>"
        '<p>Releases and corrections: <a href="https://a.org/?a&amp;b">https://a.org/?a&amp;b</a></p>'
        '<p>A card is wrong or unclear? <a href="https://a.org/?a&amp;b/issues">Say so</a>, with the name at the foot'
        " of its back.</p><p><b>D &amp; C</b></p>"
    )
    assert "Tell whoever gave you the deck, with the name" in description(replace(collection, repository=""))


def test_canonical_bytes_hold_nothing_of_what_was_deleted(tmp_path: Path) -> None:
    """Unused parts of pages, which hold old memory, are zeroes; the rows stay."""
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(
            "pragma secure_delete=off; pragma journal_mode=off; pragma synchronous=off;"
            "create table t (a text); create index i on t (a)"
        )
        sizes = [3, 40, 2_000, 30_000, 7] * 20
        db.executemany("insert into t values (?)", [("OLD" * size,) for size in sizes])
        db.execute("delete from t where rowid % 3 = 0")
        db.execute("update t set a = substr(replace(a, 'OLD', rowid || 'new'), 1, length(a) * 2 / 3)")
        while db.execute("pragma freelist_count").fetchone() != (0,):
            db.execute("insert into t values (hex(zeroblob(20000)) || random())")
        rows = db.execute("select * from t").fetchall()
    assert b"OLDOLD" in path.read_bytes()
    make_canonical(path)
    assert b"OLDOLD" not in path.read_bytes()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert db.execute("select * from t").fetchall() == rows


def test_damaged_package_is_seen(tmp_path: Path) -> None:
    """What was written is opened again: a full disk or a broken one does not pass."""
    note = "- {question: Q, answer: A, picture: '![x](leaf.png)'}"
    path = small_deck.package(small_deck.write(tmp_path, note, {"media/leaf.png": small_deck.PIXEL}))
    assert count(path, tmp_path / "count.db") == Counts(1, 1, 1, 1)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    damaged = [b"nothing", data[:-100], data[:5000] + b"\xff\xff" + data[5002:]]
    damaged.append(pack(*(files | {"collection.anki2": files["collection.anki2"][:20_000]}).items()))
    damaged += [pack(*((name, files[name]) for name in files if name != missing)) for missing in files]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"\w"):
            count(path, tmp_path / "count.db")
        assert not (tmp_path / "count.db").exists()


def test_a_package_that_is_not_finished_leaves_no_file_and_no_connection(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Package(COLLECTION, tmp_path / "scratch.db") as package:
        package.add(replace(question(1), note_type="unknown"), 0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        package.write(io.BytesIO(), 0, {}, "")
