"""A new note: proposed id, place in the file, and nothing else touched."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from program import Ran, run
from small import write

from ketamine_anki.core.model import Note
from ketamine_anki.deckfiles.editor import append, propose_cites, propose_id, propose_yield
from ketamine_anki.workspace.folder import Folder

FIRST = """\
# yaml-language-server: $schema=./deck.schema.json
deck: First Part
notes:
  - id: a-note
    question: 'Which gas do plants take up?'  # kept as it is
    answer:   Carbon dioxide
    source: only-section/1
    cites: [problem/1]
    claims: [C-1]
    tags: [Plants]
    yield: supporting
    skill: recall
"""
ASK = ["--deck", "First Part", "--question", "Which gas do plants give off by day?", "--answer", "Oxygen"]
FULL = [*ASK, "--source", "only-section/1", "--claim", "C-2", "--tag", "Plants"]


def collection(tmp_path: Path, first: str = FIRST) -> Path:
    return write(tmp_path, files={"01-first.yaml": first})


def notes(folder: Path) -> list[Note]:
    read = Folder(str(folder))
    made = [note for deck in read.decks() for note in deck.notes]
    assert read.findings == []
    return made


def typing(monkeypatch: pytest.MonkeyPatch, *answers: str, terminal: bool = True) -> None:
    """What the contributor types, line by line."""
    keyboard = io.StringIO("".join(f"{answer}\n" for answer in answers))
    keyboard.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", keyboard)


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("Which equation gives cerebral perfusion pressure (CPP)?", "equation-gives-cerebral-perfusion-pressure"),
        (
            "Most anesthetics {{c1::dilate vessels::how}} and {{c2::slow the heart}}.",
            "most-anesthetics-dilate-vessels-slow",
        ),
        ("What is the patient's pH?", "patient-ph"),
        ("Why does $a + b$ matter?", "matter"),
        ("Quelle est l’équation é?", "quelle-est-lequation-e"),
        ("日本?", "note"),
        ("What is it?", "note"),
    ],
)
def test_an_id_is_proposed_from_the_telling_words(text: str, proposed: str) -> None:
    assert propose_id(text, ()) == proposed


def test_a_proposed_id_is_free() -> None:
    assert propose_id("Plants?", {"plants", "plants-2"}) == "plants-3"


def test_citations_and_yield_follow_from_paragraph_and_claims(tmp_path: Path) -> None:
    made = Folder(str(collection(tmp_path))).collection
    assert made is not None
    assert propose_cites("only-section/1", made) == ("problem/1",)
    assert propose_cites("only-section/2", made) == ()
    assert propose_cites("only-section/9", made) == propose_cites("nowhere", made) == ()
    assert propose_yield(["C-1"], made) == "core"
    assert propose_yield([], made) == propose_yield(["C-9"], made) == "supporting"


def test_options_make_a_note_at_the_end_and_every_other_line_stays(tmp_path: Path) -> None:
    folder = collection(tmp_path)
    ran = run("new", folder, *FULL, "--extra", "By night they do not.")
    assert (ran.code, ran.out) == (0, f"{folder}/01-first.yaml:14\n")
    assert (
        (folder / "01-first.yaml").read_text(encoding="utf-8")
        == FIRST
        + """
  - id: gas-plants-give-off-day
    question: Which gas do plants give off by day?
    answer: Oxygen
    extra: By night they do not.
    source: only-section/1
    cites: [problem/1]
    claims: [C-2]
    tags: [Plants]
    yield: supporting
    skill: recall
"""
    )


def test_the_new_note_is_in_canonical_form(tmp_path: Path) -> None:
    folder = collection(tmp_path)
    long = (
        "Which of the many gases in the air around us do all green plants give off by day while they take up another?"
    )
    run("new", folder, "--deck", "Second Part", "--question", long, *FULL[4:], "--answer", "Oxygen: a gas")
    assert run("fmt", "--check", folder / "02-second-part.yaml").code == 0


def test_both_other_shapes(tmp_path: Path) -> None:
    folder = collection(tmp_path)
    tail = ["--source", "only-section/1", "--claim", "C-2", "--tag", "Plants", "--deck", "First Part"]
    assert run("new", folder, "--text", "Plants give off {{c1::oxygen}}.", *tail, "--id", "x").code == 0
    both = [*ASK, "--reverse-question", "What gives off oxygen?", "--reverse-answer", "Plants"]
    assert run("new", folder, *both, *tail, "--skill", "apply", "--yield", "core", "--cite", "entry/2").code == 0
    _, cloze, reverse = notes(folder)
    assert (cloze.id, cloze.text) == ("x", "Plants give off {{c1::oxygen}}.")
    assert (reverse.reverse_question, reverse.reverse_answer) == ("What gives off oxygen?", "Plants")
    assert (reverse.skill, reverse.importance, reverse.cites) == ("apply", "core", ("entry/2",))


def test_a_subdeck_without_a_file_gets_one(tmp_path: Path) -> None:
    folder = collection(tmp_path)
    ran = run("new", folder, *FULL, "--deck", "Second Part")
    assert ran.out == f"{folder}/02-second-part.yaml:4\n"
    text = (folder / "02-second-part.yaml").read_text(encoding="utf-8")
    assert text.startswith(
        "# yaml-language-server: $schema=./deck.schema.json\ndeck: Second Part\nnotes:\n  - id: gas-"
    )
    assert len(notes(folder)) == 2


def test_comments_at_the_end_of_the_file_stay_there_and_those_of_the_note_with_it() -> None:
    closing = FIRST + "    # reverse: later\n\n  # -- to do --\n# the end\n"
    made, line = append(closing, {"id": "b", "text": "{{c1::x}}"})
    assert made == FIRST + "    # reverse: later\n\n  - id: b\n    text: '{{c1::x}}'\n  # -- to do --\n# the end\n"
    assert made.split("\n")[line - 1] == "  - id: b"


def test_indentation_and_line_ends_of_the_file_are_kept() -> None:
    text = "deck: A\r\nnotes:\r\n- id: a\r\n  text: '{{c1::x}}'"
    made, line = append(text, {"id": "b", "question": "Why?", "tags": ["A", "B"]})
    assert made == text + "\r\n\r\n- id: b\r\n  question: Why?\r\n  tags: [A, B]\r\n"
    assert line == 6


def test_everything_is_asked_for_that_no_option_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = collection(tmp_path)
    typing(
        monkeypatch,
        "1",
        "2",
        "Which gas is made?",
        "Oxygen",
        "Who makes it?",
        "Plants",
        "nowhere/1",
        "1",
        "1, C-2",
        "Plants Gas",
        "",
    )
    ran = run("new", folder)
    assert ran.code == 0, ran.err
    made = notes(folder)[-1]
    assert (made.id, made.deck, made.source) == ("gas-made", "First Part", "only-section/1")
    assert (made.answer, made.reverse_answer, made.claims, made.tags) == (
        "Oxygen",
        "Plants",
        ("C-1", "C-2"),
        ("Plants", "Gas"),
    )
    assert "unknown source 'nowhere/1'" in ran.err
    assert "   2  C-2  Plants give off oxygen." in ran.err
    assert "(used here: Plants)" in ran.err


def test_another_id_may_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = collection(tmp_path)
    typing(monkeypatch, "day-gas")
    assert run("new", folder, *FULL).code == 0
    assert notes(folder)[-1].id == "day-gas"


def refused(folder: Path, *arguments: str) -> Ran:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    ran = run("new", folder, *arguments)
    assert ran.code == 2
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    return ran


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--deck", "Frist Part"], "unknown subdeck 'Frist Part': did you mean 'First Part'?"),
        (["--source", "only-section/3"], "unknown source 'only-section/3': did you mean 'only-section/2'?"),
        (["--claim", "C-9"], "unknown claim 'C-9'"),
        (["--id", "a-note"], "id 'a-note' is taken: 'note' is free"),
        (["--id", "A Note"], "the note cannot be appended: id is 'A Note'"),
        (["--tag", "two words"], "the note cannot be appended: an item of tags is 'two words'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_likely_fix(arguments: list[str], said: str, tmp_path: Path) -> None:
    ran = refused(collection(tmp_path), *FULL, *arguments)
    assert said in ran.err


def test_with_nobody_to_ask_the_option_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typing(monkeypatch, terminal=False)
    assert "nobody to ask for the answer: give --answer" in refused(collection(tmp_path), *FULL[:4]).err


def test_a_contributor_who_stops_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = collection(tmp_path)
    typing(monkeypatch)
    assert (run("new", folder, *FULL[:4]).code, (folder / "01-first.yaml").read_text(encoding="utf-8")) == (130, FIRST)


NOTE = "{id: a, text: '{{c1::x}}', source: only-section/1, tags: [A], yield: core, skill: recall}"


@pytest.mark.parametrize(
    "first",
    [
        f"notes:\n  - {NOTE}\ndeck: First Part\n",
        f"deck: First Part\nnotes: [{NOTE}]\n",
    ],
)
def test_a_file_in_which_the_end_is_not_the_last_note_is_refused(first: str, tmp_path: Path) -> None:
    refused(collection(tmp_path, first), *FULL)


def test_a_subdeck_whose_file_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    folder = write(tmp_path, files={"01-first-part.yaml": "deck: [\n"})
    assert "cannot be read: run `ketamine-anki check" in refused(folder, *FULL).err


def test_a_collection_that_cannot_be_read_has_findings(tmp_path: Path) -> None:
    folder = write(tmp_path, files={"collection.yaml": "title: x\n"})
    assert run("new", folder, *FULL).code == 1


def test_a_deck_file_that_is_not_utf_8_is_left_alone(tmp_path: Path) -> None:
    folder = write(tmp_path, files={"01-first-part.yaml": FIRST.encode("utf-16")})
    assert "cannot be read" in refused(folder, *FULL).err
