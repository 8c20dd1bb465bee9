"""The rows that genanki's own writer would make, written in bulk; and a package is whole or refused."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from pathlib import Path

import genanki
import pytest
import small
from genanki.apkg_schema import APKG_SCHEMA
from hypothesis import given, settings
from hypothesis import strategies as st

from ketamine_anki.anki.compile import CompiledNote, stable_id
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.anki.package_writer import Counts, Package, Times, count, description, model
from ketamine_anki.core.model import Collection

COLLECTION = Collection("Deck", "Tag", "names/pace", ("A", "B"), description="<What>", disclaimer="D & C", licence="CC")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x1f<>{}\x00"), max_size=8)


@st.composite
def notes(draw: st.DrawFn) -> CompiledNote:
    """A compiled note of either type, whose cards genanki can find for itself."""
    kind = draw(st.sampled_from(["question", "cloze"]))
    names = note_types()[kind].fields
    fields = {name: draw(TEXT) for name in names}
    if kind == "cloze":
        numbers = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
        fields["Text"] += " ".join(f"{{{{c{number}::x}}}}" for number in numbers)
        cards = tuple(sorted({number - 1 for number in numbers}))
    else:
        fields["Question"] = "Q" + fields["Question"]
        fields["ReverseQuestion"] = draw(st.sampled_from(["", "R"]))
        cards = (0, 1) if fields["ReverseQuestion"] else (0,)
    name = draw(st.sampled_from(COLLECTION.decks))
    tags = tuple(draw(st.lists(st.sampled_from(["T::a", "T::b", "T::c"]), unique=True)))
    number, index = draw(st.integers(0, 99)), draw(st.integers(0, 999))
    guid = f"g{draw(st.integers(0, 10**9))}"
    return CompiledNote(
        "id", guid, kind, COLLECTION.deck_name(name), tuple(fields.values()), tags, cards, number, index
    )


def database(package: bytes, folder: Path) -> sqlite3.Connection:
    path = folder / "collection.anki2"
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        path.write_bytes(archive.read("collection.anki2"))
    return sqlite3.connect(path)


def written(made: list[CompiledNote], folder: Path, times: Times) -> bytes:
    package = Package(COLLECTION, folder / "scratch.db", times)
    for note in made:
        package.add(note)
    out = io.BytesIO()
    counts = package.write(out)
    assert (counts.notes, counts.cards) == (len(made), sum(len(note.cards) for note in made))
    assert not (folder / "scratch.db").exists()
    return out.getvalue()


@settings(max_examples=settings().max_examples // 6)
@given(st.lists(notes(), max_size=5, unique_by=lambda note: note.guid), st.integers(0, 2**31))
def test_rows_are_those_of_genanki(
    tmp_path_factory: pytest.TempPathFactory, made: list[CompiledNote], time: int
) -> None:
    """Row for row and column for column, given our ids, what genanki's Note and Card write."""
    folder = tmp_path_factory.mktemp("rows")
    db = database(written(made, folder, Times(time)), folder)
    tables = ("notes", "cards", "revlog", "graves")
    ours = {table: db.execute(f"select * from {table} order by 1").fetchall() for table in tables}
    db.close()

    theirs_db = sqlite3.connect(":memory:")
    theirs_db.executescript(APKG_SCHEMA)
    ids = {row[1]: row[0] for row in ours["notes"]}
    for note in made:
        kind = model(note_types()[note.note_type], COLLECTION)
        due = note.number * 10_000 + note.index * 10
        row = genanki.Note(kind, list(note.fields), guid=note.guid, tags=list(note.tags), due=due)
        assert tuple(card.ord for card in row.cards) == note.cards
        numbers = iter([ids[note.guid], *(ids[note.guid] + 1 + ordinal for ordinal in note.cards)])
        row.write_to_db(theirs_db.cursor(), time, stable_id(COLLECTION.namespace, "deck", note.deck), numbers)
    theirs = {table: theirs_db.execute(f"select * from {table} order by 1").fetchall() for table in tables}
    theirs_db.close()
    assert ours == theirs


def test_more_notes_than_one_batch(tmp_path: Path) -> None:
    """Many notes: all there, in order, their ids apart and in the past; no due that Anki complains of."""
    made = [
        CompiledNote(str(n), f"g{n}", "question", "Deck::01 A", ("Q", "A", *[""] * 11), ("T::a",), (0,), 99, n)
        for n in range(1234)
    ]
    data = written(made, tmp_path, Times(1_700_000_000, {"g7": 5}, {"cloze": 6}))
    db = database(data, tmp_path)
    rows = db.execute("select id, guid, mod from notes order by id").fetchall()
    assert [guid for _, guid, _ in rows] == [note.guid for note in made]
    assert all(1_609_459_200_000 <= number < 1_704_067_200_000 for number, _, _ in rows)
    assert {guid: mod for _, guid, mod in rows if mod != 1_700_000_000} == {"g7": 5}
    assert db.execute("select max(due) from cards").fetchone() == (999_999,)
    assert [kind["mod"] for kind in json.loads(db.execute("select models from col").fetchone()[0]).values()].count(
        6
    ) == 1
    db.close()
    path = tmp_path / "whole.apkg"
    path.write_bytes(data)
    assert count(path, tmp_path / "count.db") == Counts(1234, 1234, 1, 0)


def test_collection_row_has_decks_and_note_types(tmp_path: Path) -> None:
    made = [CompiledNote("a", "g", "question", "Deck::02 B", ("Q", "A", *[""] * 11), (), (0,))]
    db = database(written(made, tmp_path, Times(1_700_000_000)), tmp_path)
    decks, models, crt = db.execute("select decks, models, crt from col").fetchone()
    db.close()
    by_name = {deck["name"]: deck for deck in json.loads(decks).values()}
    assert sorted(by_name) == ["Deck", "Deck::02 B", "Default"]
    assert by_name["Deck"]["desc"] == description(COLLECTION)
    kinds = {kind["name"]: kind for kind in json.loads(models).values()}
    assert sorted(kinds) == ["Deck: cloze", "Deck: question and answer"]
    assert kinds["Deck: cloze"]["type"] == 1
    assert crt % 86_400 == 0


def test_description_is_escaped_and_says_what_learners_need() -> None:
    said = description(COLLECTION, "1.2.3")
    assert "<p>&lt;What&gt;</p>" in said
    assert "Version 1.2.3" in said
    assert "Licence of the cards: CC" in said
    assert "<b>D &amp; C</b>" in said


@pytest.mark.parametrize(
    "damage", ["cut", "flipped", "no media", "no database", "no picture", "not a zip", "broken database"]
)
def test_damaged_package_is_seen(tmp_path: Path, damage: str) -> None:
    """What was written is opened again: a full disk or a broken one does not pass."""
    files = {"media/leaf.png": small.PIXEL}
    path = small.package(small.write(tmp_path, "- {question: Q, answer: A, picture: '![x](leaf.png)'}", files))
    assert count(path, tmp_path / "count.db") == Counts(1, 1, 1, 1)
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[:-100])
    elif damage == "flipped":
        path.write_bytes(data[:5000] + b"\xff\xff" + data[5002:])
    elif damage == "not a zip":
        path.write_bytes(b"nothing")
    else:
        without = {"no media": "media", "no database": "collection.anki2", "no picture": "0"}.get(damage)
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                if name != without:
                    broken = damage == "broken database" and name == "collection.anki2"
                    new.writestr(name, old.read(name)[:20_000] if broken else old.read(name))
    with pytest.raises(ValueError, match=r"\w"):
        count(path, tmp_path / "count.db")
    assert not (tmp_path / "count.db").exists()


def test_closed_package_leaves_no_file(tmp_path: Path) -> None:
    package = Package(COLLECTION, tmp_path / "scratch.db", Times(0))
    assert (tmp_path / "scratch.db").exists()
    package.close()
    assert not (tmp_path / "scratch.db").exists()
