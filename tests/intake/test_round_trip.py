"""Corrections made inside the real Anki come back as edits of exactly those YAML values."""

from __future__ import annotations

import difflib
import shutil
import zipfile
from pathlib import Path

import engine
import pytest
import small_deck
from anki.collection import Collection
from hostile_packages import CASES
from package_bytes import database, old
from program import REPOSITORY, run

FORMATS = ("old.apkg", "new.apkg", "notes.txt")


def edit(col: Collection, note_id: str, *, append: bool = False, **fields: str) -> None:
    """What the editor does: other HTML in some fields of a note, or more of it."""
    (found,) = col.find_notes(f'"ID:{note_id}"')
    note = col.get_note(found)
    for name, html in fields.items():
        note[name] = (note[name] if append else "") + html
    col.update_note(note)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


@pytest.fixture(scope="module")
def contributor(real_package, tmp_path_factory):
    """The real Anki of somebody who imported the real package."""
    col = engine.open_collection(tmp_path_factory.mktemp("contributor"))
    engine.import_package(col, real_package)
    yield col
    col.close()


@pytest.mark.parametrize("file", FORMATS)
def test_an_unedited_export_of_the_whole_deck_has_no_differences(contributor, real_decks, tmp_path, file):
    ran = run("intake", engine.export(contributor, tmp_path / file), real_decks)
    notes, all_notes = len(contributor.find_notes("")), len(small_deck.compiled(real_decks))  # retired ones, too
    assert notes > 100
    assert (ran.code, ran.out) == (0, ""), ran.out
    assert f"{notes} of {all_notes} notes of the collection, 0 corrections, 0 new notes, 0 not taken over" in ran.err


def test_round_trip_through_the_real_anki(real_package, real_decks, tmp_path, learner):
    """Build, edit three notes in Anki, export in each format, intake --write: exactly three values of one file change.
    Build again, import: the learner is up to date.
    """
    engine.import_package(learner, real_package)
    before = {made.note.id: made for made in small_deck.compiled(real_decks)}
    added = "<div>They are <b>means&nbsp;</b>over time.</div>"
    edit(learner, "depression-infusion-regimen", append=True, Extra=added)
    edit(learner, "karma-dep-2-result", append=True, Question=" <i>Now?</i>")
    edit(learner, "antidepressant-time-course", append=True, Text=" So it is.")
    results = []
    for file in FORMATS:
        folder = tmp_path / file.replace(".", "-")
        shutil.copytree(real_decks, folder)
        ran = run("intake", engine.export(learner, tmp_path / file), folder, "--write")
        assert ran.code == 0, ran.out + ran.err
        results.append(texts(folder))
    assert results[0] == results[1] == results[2]
    edited = {made.note.id: made for made in small_deck.compiled(folder)}
    ends = {}
    for name, made in before.items():
        after = dict(edited[name].note.texts())
        ends |= {(name, key): after[key].removeprefix(old) for key, old in made.note.texts() if after[key] != old}
    assert ends == {
        ("depression-infusion-regimen", "extra"): "\nThey are **means** over time.",
        ("karma-dep-2-result", "question"): " *Now?*",
        ("antidepressant-time-course", "text"): " So it is.",
    }
    assert [name for name, text in texts(real_decks).items() if text != results[0][name]] == ["06-psychiatry.yaml"]

    other = engine.open_collection(tmp_path, "another")
    engine.import_package(other, real_package)
    ((first, last),) = small_deck.rows(real_package, "select min(mod), max(mod) from notes")  # of releases, if any
    newer = {edited[name].compiled.guid: last + 500 for name, _ in ends}
    update = small_deck.package(folder, tmp_path / "update.apkg", first, newer)
    retired = sum(made.note.retired is not None for made in before.values())  # the real package leaves them out
    log = engine.import_package(other, update)
    assert log == {"updated": 3, "duplicate": len(before) - 3 - retired} | ({"new": retired} if retired else {})
    for name, _ in ends:
        (found,) = other.find_notes(f'"ID:{name}"')
        assert tuple(other.get_note(found).fields) == edited[name].compiled.fields
    other.close()


NOTES = """
- {id: leaf, question: Which gas do plants take in, answer: Carbon dioxide, tags: [Plants, Gas]}
- {id: root, text: 'Roots take up {{c1::water}}.', tags: [Plants]}
"""
EVERYTHING = """\
{deck}:15: leaf: answer
    [-Carbon dioxide-]{{+CO2+}}
{deck}:10: leaf: tags
    Plants, [-Gas-]{{+Leaf+}}
new note leaves-give-off-oxygen-day
new note roots-hold: copy it into a deck file
  - id: roots-hold
    question: What do the roots hold?
    answer: The plant
    source: TODO
    tags: [TODO]
    yield: TODO
    skill: TODO

not taken over: leaf: Extra has <u>, which cards do not: use bold or italics
not taken over: leaf: tag mine is the learner's own: only Small::Concept::… tags come back
not taken over: leaf: tag Small::Skill::1-Recall is not a concept tag: only Small::Concept::… tags come back
not taken over: leaves-give-off-oxygen-day: tag mine is the learner's own: only Small::Concept::… tags come back
"""


@pytest.fixture
def folder(tmp_path):
    return small_deck.write(tmp_path / "decks", NOTES)


@pytest.fixture
def editor(folder, learner):
    """The real Anki of somebody who imported the small collection."""
    engine.import_package(learner, small_deck.package(folder))
    return learner


def add(col: Collection, kind: str, home: str, *fields: str, tags: str = "") -> None:
    note = col.new_note(col.models.by_name(kind))
    note.fields[: len(fields)] = fields
    note.tags = tags.split()
    col.add_note(note, col.decks.id(home))


def test_what_intake_shows_and_writes(folder, editor, tmp_path):
    """A correction, tags, a new note in a subdeck and elsewhere, and what cannot be taken over."""
    edit(editor, "leaf", Answer="CO2", Extra="<u>x</u>")
    leaf = editor.find_notes('"ID:leaf"')
    editor.tags.bulk_add(leaf, "Small::Concept::Leaf mine marked leech")
    editor.tags.bulk_remove(leaf, "Small::Concept::Gas Small::Skill::1-Recall")
    text = "Leaves give off {{c1::oxygen}} <b>by day</b>."
    add(editor, "Small Deck: cloze", "Small Deck::01 First Part", text, tags="mine")
    add(editor, "Basic", "Small Deck", "What do the roots hold?", "The plant")
    add(editor, "Basic", "Elsewhere", "Not about plants?", "Yes")
    exported = engine.export(editor, tmp_path / "new.apkg")
    deck = folder / "01-first.yaml"
    before = deck.read_text("utf-8")

    assert run("intake", exported, folder).code == 1
    assert deck.read_text("utf-8") == before, "without --write nothing is written"

    ran = run("intake", exported, folder, "--write")
    assert (ran.code, ran.out) == (1, EVERYTHING.format(deck=deck))
    assert "2 of 2 notes of the collection, 2 corrections, 2 new notes, 4 not taken over; 1 note of other" in ran.err
    lines = list(difflib.ndiff(before.splitlines(), deck.read_text("utf-8").splitlines()))
    assert [line for line in lines if line[0] in "+-"] == [
        "-   - Gas",
        "+   - Leaf",
        "-   answer: Carbon dioxide",
        "+   answer: CO2",
        "+ ",
        "+ - id: leaves-give-off-oxygen-day",
        "+   text: Leaves give off {{c1::oxygen}} **by day**.",
        "+   source: TODO",
        "+   tags: [TODO]",
        "+   yield: TODO",
        "+   skill: TODO",
    ]
    refused = run("check", folder)
    assert (refused.code, "yield is 'TODO'" in refused.out) == (1, True)


def test_contributors_are_told_of_every_box_of_ankis_export(learner):
    told = " ".join((REPOSITORY / "CONTRIBUTING.md").read_text("utf-8").split())
    boxes = ("html_and_media_references", "tags", "deck", "notetype", "guid")
    assert [box for box in boxes if f"*{getattr(learner.tr, f'exporting_include_{box}')()}*" not in told] == []


NEW = "new note leaves-give-off-oxygen"


@pytest.mark.parametrize(
    ("without", "printed", "absent"),
    [
        ("tags", NEW, "were all removed"),
        ("deck", NEW + ": copy it into a deck file", "not taken over"),
        ("notetype", NEW, "not taken over"),
        ("guid", 'tick "Include unique identifier"', NEW),
        ("html", 'tick "Include HTML and media references"', NEW),
    ],
)
def test_a_box_that_was_not_ticked_costs_no_more_than_what_it_says(folder, editor, tmp_path, without, printed, absent):
    add(editor, "Small Deck: cloze", "Small Deck::01 First Part", "Leaves give off {{c1::oxygen}}.")
    ran = run("intake", engine.export(editor, tmp_path / "notes.txt", without), folder)
    assert (ran.code, printed in ran.out + ran.err) == (1, True), ran.out + ran.err
    assert absent not in ran.out


@pytest.mark.parametrize("file", FORMATS)
def test_what_is_odd_in_the_rest_of_a_collection_does_not_keep_ours_from_being_read(folder, editor, tmp_path, file):
    """A field of ours that was renamed, a GUID twice; zipped for GitHub."""
    edit(editor, "leaf", Answer="CO2")
    kind = editor.models.by_name("Small Deck: question and answer")
    editor.models.rename_field(kind, kind["flds"][1], "Back side")
    editor.models.update_dict(kind)
    for front in ("a", "b"):
        add(editor, "Basic", "Elsewhere", front)
    editor.db.execute("update notes set guid = 'same' where mid = ?", editor.models.by_name("Basic")["id"])
    exported = engine.export(editor, tmp_path / file)
    with zipfile.ZipFile(tmp_path / "deck.zip", "w") as zipped:
        zipped.write(exported, "folder/" + exported.name)
    ran = run("intake", tmp_path / "deck.zip", folder)
    assert ran.out.endswith(": leaf: answer\n    [-Carbon dioxide-]{+CO2+}\n")
    assert "1 correction, 0 new notes, 0 not taken over" in ran.err
    assert "1 part of it passed over: two notes have the GUID 'same'" in ran.err


def test_a_note_of_ours_that_is_odd_is_named(folder, tmp_path):
    package = small_deck.package(folder)
    ((guid,),) = small_deck.rows(package, "select guid from notes where flds like '%water%'")
    odd = database(notes=[(11, guid, 7, 1, "", "one"), (12, "foreign", 7, 1, "", "one")], cards=())
    (tmp_path / "odd.apkg").write_bytes(old(odd))
    ran = run("intake", tmp_path / "odd.apkg", folder)
    assert (ran.code, ran.out) == (1, "not taken over: root: a note has 1 field: its note type has 2\n")
    assert "2 parts of it passed over" in ran.err


def test_a_deck_that_cannot_be_read_comes_first(folder, tmp_path):
    small_deck.replace(folder / "01-first.yaml", "answer:", "anwser:")
    ran = run("intake", tmp_path / "missing.apkg", folder)
    assert (ran.code, "unknown key 'anwser'" in ran.out) == (1, True)


def test_a_file_that_cannot_be_edited_exactly_is_left_as_it_is(folder, editor, tmp_path):
    deck = folder / "01-first.yaml"
    deck.write_bytes(deck.read_bytes().replace(b"\n", b"\r\n", 1))
    before = deck.read_bytes()
    edit(editor, "leaf", Answer="CO2")
    ran = run("intake", engine.export(editor, tmp_path / "notes.txt"), folder, "--write")
    assert (ran.code, "mixes line ends" in ran.err) == (1, True)
    assert ran.err.endswith("nothing was written\n")
    assert deck.read_bytes() == before


@pytest.mark.parametrize("name", ["missing.apkg", "."])
def test_a_file_that_cannot_be_read_is_wrong_use(folder, tmp_path, name):
    ran = run("intake", tmp_path / name, folder)
    assert (ran.code, ran.err.count("\n")) == (2, 1)


SOME = ("read-old", "zip-parent-name", "bomb-database", "db-view", "db-many-notes")


@pytest.mark.parametrize(("name", "sentence", "make"), [case for case in CASES if case[0] in SOME])
def test_a_hostile_package_writes_nothing_and_is_refused_with_one_sentence(folder, tmp_path, name, sentence, make):
    (tmp_path / "hostile.apkg").write_bytes(make())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    ran = run("intake", tmp_path / "hostile.apkg", folder, "--write")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert (ran.code, ran.out, ran.err.count("\n")) == (1 if sentence else 0, "", 1)
    assert (sentence or "notes of the collection") in ran.err
