"""`release`: what it refuses, what it writes, and that it is all or nothing."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess

import pytest
from program import run
from releases import DAY, NOTES, START, Project

from ketamine_anki.anki import notetypes

GONE = "deck 'Small Deck::01 First Part' is gone or has another name"
LINE = "decks/ledger.yaml:12:1"  # of the first note in the ledger of the first release
RETIRED = {"version": "1.1.0", "reason": "Newer work differs.", "see": "water"}


def test_the_first_release(project: Project) -> None:
    """Outside git: packages, gallery, notes, record and sums in dist; ledger and changelog beside the deck."""
    project.released("1.0.0")
    assert sorted(path.name for path in project.dist.iterdir()) == [
        "RELEASE_NOTES.md",
        "SHA256SUMS",
        "release.json",
        "small-1.0.0-01-first-part.apkg",
        "small-1.0.0-gallery.html",
        "small-1.0.0.apkg",
    ]
    assert sorted(project.ledger["notes"]) == ["gas", "light", "water"]
    assert "## 1.0.0 - 2023-11-14" in (project.root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "Which gas" in (project.dist / "small-1.0.0-gallery.html").read_text(encoding="utf-8")
    record = json.loads((project.dist / "release.json").read_text(encoding="utf-8"))
    assert record["counts"] == {"notes": 3, "cards": 4, "subdecks": 1, "retired": 0}
    whole = (project.dist / "small-1.0.0.apkg").read_bytes()
    assert record["files"][0]["sha256"] == hashlib.sha256(whole).hexdigest() == project.ledger["releases"][0]["package"]
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=project.dist, check=False).returncode == 0
    assert len((project.dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines()) == 5


def test_only_what_changed_is_newer(project: Project) -> None:
    """In the second release each note has the time of the release that brought its present content."""
    project.released("1.0.0")
    project.edit("gas", answer="Carbon dioxide (CO2)")
    project.at(START + DAY)
    project.released("1.0.1")
    for name in ("small-1.0.1.apkg", "small-1.0.1-update.apkg", "small-1.0.1-01-first-part.apkg"):
        times = {note.fields["ID"]: note.mod for note in project.package(name).notes}
        assert times == {"gas": START + DAY, "water": START, "light": START}
        assert {kind.mod for kind in project.package(name).note_types.values()} == {START}


def test_a_revert_is_a_change(project: Project) -> None:
    """Back to the first wording the note is newer than ever: only so it reaches learners."""
    project.released("1.0.0")
    for day, (version, answer) in enumerate((("1.0.1", "CO2"), ("1.0.2", "Carbon dioxide")), 1):
        project.edit("gas", answer=answer)
        project.at(START + day * DAY)
        project.released(version)
    assert project.ledger["notes"]["gas"]["time"] == str(START + 2 * DAY)


def test_the_version_stands_on_the_decks_page_alone(project: Project) -> None:
    project.released("1.0.0")
    contents = project.package("small-1.0.0.apkg")
    assert all("Version 1.0.0" in page for page in contents.deck_descriptions.values())
    assert not any("1.0.0" in text for note in contents.notes for text in (*note.fields.values(), *note.tags))


# --- retiring ---------------------------------------------------------------------------------


def test_a_retired_note_is_in_the_update_alone(project: Project) -> None:
    project.released("1.0.0")
    project.edit("gas", retired=RETIRED)
    project.at(START + DAY)
    project.released("1.1.0")
    whole, update = (project.package(f"small-1.1.0{part}.apkg") for part in ("", "-update"))
    assert {note.fields["ID"] for note in whole.notes} == {"water", "light"}
    gone = next(note for note in update.notes if note.fields["ID"] == "gas")
    assert "Retired in version 1.1.0: Newer work differs." in gone.fields["Notice"]
    assert "Small::Retired::1.1.0" in gone.tags
    assert gone.mod == START + DAY
    assert project.ledger["notes"]["gas"]["retired"] == "1.1.0"
    notes = (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")
    assert "### Retired" in notes
    assert "Newer work differs. See water." in notes


def test_a_retired_note_stays_in_later_updates_as_it_was(project: Project) -> None:
    """Who skips a release gets its notices with the next; who did not, gets nothing new."""
    project.released("1.0.0")
    project.edit("gas", retired=RETIRED)
    project.at(START + DAY)
    project.released("1.1.0")
    project.edit("water", answer="Water and salts")
    project.at(START + 2 * DAY)
    project.released("1.1.1")
    later = {note.fields["ID"]: note.mod for note in project.package("small-1.1.1-update.apkg").notes}
    assert later == {"gas": START + DAY, "water": START + 2 * DAY, "light": START}
    record = json.loads((project.dist / "release.json").read_text(encoding="utf-8"))
    assert record["counts"]["retired"] == 1
    assert record["changes"] == {"new": 0, "changed": 1, "moved": 0, "retired": 0}


def test_build_leaves_retired_notes_out(project: Project) -> None:
    project.released("1.0.0")
    project.edit("gas", retired=RETIRED)
    assert run("build").code == 0
    assert {note.fields["ID"] for note in project.package("small-deck.apkg").notes} == {"water", "light"}


# --- refusals ---------------------------------------------------------------------------------


def vanish(project: Project) -> None:
    project.write(NOTES.replace("id: gas", "id: air"))


def reuse(project: Project) -> None:
    project.edit("gas", retired=RETIRED)
    project.at(START + DAY)
    project.released("1.1.0")
    project.write(NOTES)


def retype(project: Project) -> None:
    text = "text: From the air around them the green leaves of plants take up {{c1::carbon dioxide}}."
    project.write(re.sub("question: Which gas.*\n.*Carbon dioxide", text, NOTES))


def rename_namespace(project: Project) -> None:
    project.replace("namespace: tests/small", "namespace: tests/other", "collection.yaml")


def edit_guid(project: Project) -> None:
    guid = project.ledger["notes"]["gas"]["guid"]
    project.replace(guid, "A" * 14, "ledger.yaml")


def retire_unreleased(project: Project) -> None:
    project.write(NOTES + "- {id: new, question: 'Which gas do green leaves give off?', answer: Oxygen}\n")
    project.edit("new", retired=RETIRED)


def retire_in_the_past(project: Project) -> None:
    project.edit("gas", retired=RETIRED | {"version": "1.0.0"})


def retire_for_nothing(project: Project) -> None:
    project.edit("gas", retired=RETIRED | {"see": "watr"})


def retire_again(project: Project) -> None:
    project.edit("gas", retired=RETIRED)
    project.at(START + DAY)
    project.released("1.1.0")
    project.edit("gas", retired=RETIRED | {"version": "1.2.0"})


def forget_retired(project: Project) -> None:
    project.edit("gas", retired=RETIRED)
    project.at(START + DAY)
    project.released("1.1.0")
    project.write(NOTES[NOTES.index("- id: water") :])


def conflict(project: Project) -> None:
    project.replace("notes:\n", "notes:\n<<<<<<< HEAD\n", "ledger.yaml")


@pytest.mark.parametrize(
    ("edit", "finding"),
    [
        (vanish, f"{LINE}: note 'gas', released in 1.0.0, is gone: put it back and retire it [vanished-id]"),
        (reuse, "decks/01-first.yaml:3:7: id 'gas' was retired in 1.1.0: give this note a new id [reused-id]"),
        (retype, "id 'gas' was released as a question note and is now a cloze note: retire it and give the new"),
        (rename_namespace, "released under namespace 'tests/small', but collection.yaml says 'tests/other'"),
        (edit_guid, f"{LINE}: 'gas' has another GUID than its id gives [reused-id]"),
        (retire_unreleased, "'new' was never released: delete it instead of retiring it [retirement]"),
        (retire_in_the_past, "version 1.0.0 is out already: name the release to come, after 1.0.0 [retirement]"),
        (retire_for_nothing, "see names 'watr', which is no note that learners get"),
        (retire_again, "'gas' was retired in 1.1.0: keep that version [retirement]"),
        (forget_retired, "note 'gas', retired in 1.1.0, is gone: put it back [vanished-id]"),
        (conflict, f"{LINE}: not as `release` writes it: restore the file from version control [ledger]"),
    ],
)
def test_a_broken_promise_is_a_finding(project: Project, edit, finding: str) -> None:
    """`check` says it in one line, and neither `build` nor `release` goes on."""
    project.released("1.0.0")
    edit(project)
    before = project.tree()
    for command in (("check", "--format", "lines"), ("build",), ("release", "2.0.0")):
        ran = run(*command)
        assert ran.code == 1, command
        assert [line for line in ran.out.splitlines() if finding in line], ran.out
    assert project.tree() == before


def test_a_first_release_retires_nothing(project: Project) -> None:
    project.edit("gas", retired=RETIRED)
    ran = project.release("1.0.0")
    assert ran == (1, "", "ketamine-anki: note 'gas' was never released: delete it instead of retiring it\n")


def test_a_collection_that_cannot_be_read_is_not_released(project: Project) -> None:
    project.replace("title:", "titel:", "collection.yaml")
    ran = project.release("1.0.0")
    assert (ran.code, "unknown-key" in ran.out) == (1, True)


def test_a_note_that_cannot_be_read_has_not_vanished(project: Project) -> None:
    """One mistake, one finding."""
    project.released("1.0.0")
    project.replace("answer: Water", "anwser: Water")
    assert re.findall(r"\[(.*)\]$", run("check", "--format", "lines").out, re.MULTILINE) == ["unknown-key"]


def nothing(project: Project) -> None:
    """The released state."""


def reword(project: Project) -> None:
    project.edit("gas", answer="Carbon dioxide gas")


def add(project: Project) -> None:
    project.write(NOTES + "- {id: new, question: 'Which gas do green leaves give off?', answer: Oxygen}\n")


def move(project: Project) -> None:
    project.write(NOTES[: NOTES.index("- id: light")])
    project.write(NOTES[NOTES.index("- id: light") :], "Second Part", "02-second.yaml")


def retire(project: Project) -> None:
    project.edit("gas", retired=RETIRED | {"version": "1.0.1"})


def rename_deck(project: Project) -> None:
    project.replace("First Part", "First Piece", "collection.yaml")
    project.replace("domain: First Part", "domain: First Piece", "source.yaml")
    project.write(NOTES, "First Piece")


def swap_decks(project: Project) -> None:
    project.replace("[First Part, Second Part]", "[Second Part, First Part]", "collection.yaml")


def describe(project: Project) -> None:
    project.replace("Cards for a test.", "Cards for another test.", "collection.yaml")


@pytest.mark.parametrize(
    ("edit", "version", "sentence"),
    [
        (nothing, "1.0.0", "version 1.0.0 does not go up: 1.0.0 is released already"),
        (reword, "0.9.9", "version 0.9.9 does not go up: 1.0.0 is released already"),
        (nothing, "1.0.1", "nothing has changed since 1.0.0: there is nothing to release"),
        (add, "1.0.1", "1.0.1 is too small: notes 1 new (new): make it 1.1.0"),
        (move, "1.0.7", "1.0.7 is too small: notes 1 moved (light): make it 1.1.0"),
        (retire, "1.0.1", "1.0.1 is too small: notes 1 retired (gas): make it 1.1.0"),
        (retire, "1.1.0", "note 'gas' says it retires in 1.0.1, not in 1.1.0"),
        (
            rename_deck,
            "1.1.0",
            f"1.1.0 is too small: {GONE}: make it 2.0.0",
        ),
        (
            swap_decks,
            "1.1.0",
            f"1.1.0 is too small: {GONE}: make it 2.0.0",
        ),
        (reword, "1.1", "version '1.1': three numbers, such as 1.2.0"),
        (reword, "v1.1.0", "version 'v1.1.0': three numbers, such as 1.2.0"),
        (reword, "1.01.0", "version '1.01.0': three numbers, such as 1.2.0"),
    ],
)
def test_a_version_that_promises_too_little_is_refused(project: Project, edit, version: str, sentence: str) -> None:
    project.released("1.0.0")
    edit(project)
    project.at(START + DAY)
    before = project.tree()
    ran = project.release(version)
    assert (ran.code, ran.err) == (2 if "three" in sentence else 1, f"ketamine-anki: {sentence}\n")
    assert project.tree() == before


@pytest.mark.parametrize(
    ("edit", "version"),
    [
        (reword, "1.0.1"),
        (reword, "2.0.0"),
        (describe, "1.0.1"),
        (add, "1.1.0"),
        (move, "1.1.0"),
        (rename_deck, "2.0.0"),
    ],
)
def test_a_version_large_enough_is_released(project: Project, edit, version: str) -> None:
    project.released("1.0.0")
    edit(project)
    project.at(START + DAY)
    project.released(version)
    assert [release["version"] for release in project.ledger["releases"]] == ["1.0.0", version]


def test_a_template_added_needs_a_major_version(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anki skips every note whose note type has other fields or templates, for ever."""
    project.released("1.0.0")
    kinds = notetypes.note_types("")
    more = notetypes.Template("Third", "{{Answer}}", "{{Question}}")
    monkeypatch.setitem(kinds, "question", kinds["question"]._replace(templates=(*kinds["question"].templates, more)))
    project.at(START + DAY)
    ran = project.release("1.1.0")
    why = "note type 'Small Deck: question and answer' has other fields or templates"
    assert (ran.code, ran.err) == (1, f"ketamine-anki: 1.1.0 is too small: {why}: make it 2.0.0\n")
    project.released("2.0.0")
    notes = (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")
    assert "tick *Merge note types*" in notes
    assert "| Merge note types | **on** |" in notes
    assert "| Update notes | **Always** | the note types changed" in notes
    assert "replaces your own edits and tags on all notes" in notes


def test_a_new_style_is_a_patch_and_reaches_the_note_type_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.released("1.0.0")
    kinds = notetypes.note_types("")
    monkeypatch.setitem(kinds, "cloze", kinds["cloze"]._replace(css=".card { color: navy }"))
    project.at(START + DAY)
    project.released("1.0.1")
    contents = project.package("small-1.0.1.apkg")
    assert {kind.is_cloze: kind.mod for kind in contents.note_types.values()} == {False: START, True: START + DAY}
    assert {note.mod for note in contents.notes} == {START}
    assert "### Style" in (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")
