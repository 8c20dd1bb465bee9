"""`new`: the proposed id, the place in the file, and nothing else touched."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import pytest
from program import Ran, run
from small_deck import COLLECTION, REFERENCES, SOURCE, write

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
ADDED = """
  - id: gas-plants-give-off-day
    question: Which gas do plants give off by day?
    answer: Oxygen
    extra: By night they do not.
    source: only-section/1
    cites: [problem/1]
    claims: [C-1]
    tags: [Plants]
    yield: core
    skill: recall
"""
ASK = ["--deck", "First Part", "--question", "Which gas do plants give off by day?", "--answer", "Oxygen"]
TAIL = ["--source", "only-section/1", "--claim", "C-1", "--tag", "Plants"]
FULL = [*ASK, *TAIL]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = SOURCE.replace("kind: derived}", "kind: derived, caveat: required}")
    made = write(tmp_path, files={"01-first.yaml": FIRST, "source.yaml": source, "references.yaml": REFERENCES})
    (made / "collection.yaml").write_text(COLLECTION, encoding="utf-8")  # Second Part has no file yet
    return made


def notes(folder: Path) -> list[Note]:
    read = Folder(folder)
    listed = [note for deck in read.decks() for note in deck.notes]
    assert read.findings == []
    return listed


def type_in(monkeypatch: pytest.MonkeyPatch, *answers: str, terminal: bool = True) -> None:
    """Types the answers of the contributor, line by line."""
    keyboard = io.StringIO("".join(f"{answer}\n" for answer in answers))
    keyboard.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", keyboard)


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("Which equation gives cerebral perfusion pressure (CPP)?", "equation-gives-cerebral-perfusion-pressure"),
        ("Most anesthetics {{c1::dilate vessels::how}} and {{c2::slow it}}.", "most-anesthetics-dilate-vessels-slow"),
        ("Why does the patient's $a + b$ matter?", "patient-matter"),
        ("日本?", "ri-ben"),
        ("What is it?", "note"),
        ("Plants?", "plants-3"),  # the first two are taken
    ],
)
def test_an_id_is_proposed_from_the_telling_words(text: str, proposed: str) -> None:
    assert propose_id(text, {"plants", "plants-2"}) == proposed


def test_citations_and_yield_follow_from_paragraph_and_claims(folder: Path) -> None:
    collection = Folder(folder).collection
    assert collection is not None
    assert propose_cites("only-section/1", collection) == ("problem/1",)
    assert propose_cites("only-section/2", collection) == propose_cites("nowhere", collection) == ()
    assert propose_yield(["C-1"], collection) == "core"
    assert propose_yield([], collection) == propose_yield(["C-9"], collection) == "supporting"


def test_options_make_a_note_at_the_end_and_every_other_line_stays(folder: Path) -> None:
    ran = run("new", folder, *FULL, "--extra", "By night they do not.")
    assert (ran.code, ran.out) == (0, f"{folder}/01-first.yaml:14\n")
    assert (folder / "01-first.yaml").read_text(encoding="utf-8") == FIRST + ADDED


def test_a_subdeck_without_a_file_gets_one_in_canonical_form(folder: Path) -> None:
    long = "Which of the many gases in the air around us do green plants give off by day while they take up another?"
    ran = run("new", folder, "--deck", "Second Part", "--question", long, "--answer", "Oxygen: a gas", *TAIL)
    file = folder / "02-second-part.yaml"
    assert ran.out == f"{file}:4\n"
    head = "# yaml-language-server: $schema=./deck.schema.json\ndeck: Second Part\nnotes:\n  - id: many-"
    assert file.read_text(encoding="utf-8").startswith(head)
    assert run("fmt", "--check", file).code == 0
    assert len(notes(folder)) == 2


def test_a_cloze_note_with_every_name_chosen(folder: Path) -> None:
    chosen = ("--id", "x", "--skill", "apply", "--yield", "supporting", "--cite", "entry/2")
    assert run("new", folder, *FULL[:2], "--text", "Plants give off {{c1::oxygen}}.", *TAIL, *chosen).code == 0
    note = notes(folder)[-1]
    assert (note.id, note.text) == ("x", "Plants give off {{c1::oxygen}}.")
    assert (note.skill, note.importance, note.cites) == ("apply", "supporting", ("entry/2",))


def test_comments_indentation_and_line_ends_of_the_file_are_kept() -> None:
    of_the_note, of_the_file = "    # reverse: later\n\n", "  # -- to do --\n# the end\n"
    added = "  - id: b\n    text: '{{c1::x}}'\n"
    values = {"id": "b", "text": "{{c1::x}}"}
    assert append(FIRST + of_the_note + of_the_file, values) == (FIRST + of_the_note + added + of_the_file, 15)
    windows = "deck: A\r\nnotes:\r\n- id: a\r\n  text: '{{c1::x}}'"
    values = {"id": "b", "question": "Why?", "tags": ["A", "B"]}
    added = "\r\n\r\n- id: b\r\n  question: Why?\r\n  tags: [A, B]\r\n"
    assert append(windows, values) == (windows + added, 6)


def test_everything_is_asked_for_that_no_option_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ("Which gas is made?", "Oxygen", "Who makes it?", "Plants", "By day.")
    type_in(monkeypatch, "1", "2", *texts, "nowhere/1", "1", "1, C-2", "No.", "1", "Plants, Gas", "")
    ran = run("new", folder)
    assert ran.code == 0, ran.err
    note = notes(folder)[-1]
    assert (note.id, note.deck, note.source) == ("gas-made", "First Part", "only-section/1")
    assert (note.answer, note.reverse_answer, note.claims) == ("Oxygen", "Plants", ("C-1", "C-2"))
    assert (note.extra, note.tags) == ("By day.", ("Plants", "Gas"))
    assert "unknown source 'nowhere/1'" in ran.err
    assert "   2  C-2  Plants give off oxygen." in ran.err
    assert "1 Plants\nconcept tags" in ran.err


def test_claims_may_be_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "", "", "Told by others.", "", "1", "")
    assert run("new", folder, *ASK, "--source", "only-section/1", "--tag", "Plants").code == 0
    assert (notes(folder)[-1].beyond, notes(folder)[-1].claims) == ("Told by others.", ())


def test_what_is_wrong_is_asked_for_again_and_no_answer_is_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that needs a caveat is told; a tag of several words is one, spelt as elsewhere."""
    typed = {
        "subdeck": ["3", "First Part"],
        "shape": ["4", "1"],
        "question": ["", "Which gas is made by day?"],
        "answer": ["Oxy<b>gen</b>", "Oxygen"],
        "extra": [""],
        "source": ["1"],
        "claims": ["9", "C-9", "C-2"],
        "caveat": ["Some\x07times", "Not all do."],
        "evidence": ["2", "1"],
        "tags": ["10", "A::B", "leech", "TODO", "day length، pLants"],
        "id": ["A Note", "a-note", "10", "day-gas"],
    }
    type_in(monkeypatch, *(answer for answers in typed.values() for answer in answers))
    ran = run("new", folder)
    assert ran.code == 0, ran.err
    note = notes(folder)[-1]
    assert (note.id, note.caveat, note.evidence) == ("day-gas", "Not all do.", ("green-2020",))
    assert (note.tags, note.claims) == (("day_length", "Plants"), ("C-2",))
    for message in (
        "no subdeck has the number 3: the last one is 2",
        "no shape has the number 4",
        "HTML '<b>'",
        "no claim has the number 9",
        "unknown claim 'C-9'",
        "claim C-2 needs a caveat: where does current evidence differ: ",
        "control character U+0007",
        "no reference has the number 2",
        "no tag has the number 10",
        "an item of tags is 'A::B'",
        "tag 'leech' has a meaning of its own",
        "tag 'TODO' is to be filled in",
        "id is 'A Note'",
        "id is '10'",
        "id 'a-note' is taken: 'note' is free",
    ):
        assert message in ran.err


def test_a_contributor_who_stops_changes_nothing_and_can_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch)
    stopped = run("new", folder, *FULL[:4])
    assert (stopped.code, "to go on" in stopped.err) == (130, False)
    type_in(monkeypatch, "1", "3", "no part hidden", "Plants' {{c1::gas}}", "", "only-section/1", "C-2, C-1")
    stopped = run("new", folder)
    assert (stopped.code, "no cloze deletion" in stopped.err) == (130, True)
    assert (folder / "01-first.yaml").read_text(encoding="utf-8") == FIRST
    _, *words = shlex.split(stopped.err.splitlines()[-2])
    assert run(*words, "--caveat", "No.", "--evidence", "1", "--tag", "Plants", "--id", "b").code == 0
    note = notes(folder)[-1]
    assert (note.deck, note.text, note.claims) == ("First Part", "Plants' {{c1::gas}}", ("C-2", "C-1"))


def test_names_are_shown_and_found_by_a_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = [REFERENCES, REFERENCES.replace("green-2020", "work").replace("Green A.", f"Braun A{' et al.' * 30}.")]
    text = works[0] + works[1].removeprefix("references:\n")
    (folder / "references.yaml").write_text(text, encoding="utf-8")
    type_in(monkeypatch, "braun, 1", "2", "")
    ran = run("new", folder, *FULL, "--caution", "Take care.")
    assert notes(folder)[-1].evidence == ("work",)
    assert ran.err.startswith("   1  green-2020  Green A. On leaves.")
    assert (ran.err.count("  1  green"), ran.err.count("   2  work  Braun A")) == (1, 2)
    assert "unknown reference 'braun'" in ran.err


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_what_is_typed_must_be_text(folder: Path, monkeypatch: pytest.MonkeyPatch, errors: str) -> None:
    """Python reads such bytes as an error or, in some locales, as surrogates."""
    keyboard = io.TextIOWrapper(io.BytesIO(b"x\xff\n"), "utf-8", errors=errors)
    keyboard.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", keyboard)
    assert "answer: what was typed is not UTF-8 text" in refused(folder, *FULL[:4]).err


def refused(folder: Path, *arguments: str) -> Ran:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    ran = run("new", folder, *arguments)
    assert ran.code == 2
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    return ran


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--deck", "Frist Part"], "unknown subdeck 'Frist Part': did you mean 'First Part'?"),
        (["--source", "only-section/2"], "--claim: C-1 is a claim of only-section/1, and source says only-section/2"),
        (["--cite", "entry/1"], "--cite: unknown citation 'entry/1': did you mean 'entry/2'?"),
        (["--shape", "4"], "--shape: no shape has the number 4: the last one is 3"),
        (["--text", "{{c1::x}}"], "--question has no place in a note of the shape 'cloze': leave it out"),
        (["--shape", "1", "--reverse-answer", "x"], "--reverse-answer has no place in a note of the shape 'question'"),
        (["--extra", "{{c1::x}}"], "--extra: cloze deletion here: only 'text' may hold them"),
        (["--id", "a-note"], "--id: id 'a-note' is taken: 'note' is free"),
        (["--evidence", "gren-2020"], "--evidence: unknown reference 'gren-2020': did you mean 'green-2020'?"),
        (["--answer", "$~$"], "--answer: answer shows nothing to a reader"),
        (["--reverse-question", "$?$"], "--reverse-question: question shows nothing to a reader"),
    ],
)
def test_a_wrong_value_is_refused_with_the_likely_fix(arguments: list[str], message: str, folder: Path) -> None:
    assert message in refused(folder, *FULL, *arguments).err


def test_what_needs_a_source_is_refused_without_one(folder: Path) -> None:
    (folder / "source.yaml").unlink()
    assert "--claim has no place in a deck without a source: leave it out" in refused(folder, *ASK, *TAIL[2:]).err


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (FULL[:4], "--answer (answer)"),
        ([*FULL[:8], *FULL[10:]], "--beyond (no claims: why"),
        ([*FULL, "--claim", "C-2"], "--caveat (claim C-2 needs a caveat"),
        *(([*FULL, name, "Some say so."], "--evidence (evidence") for name in ("--caution", "--caveat", "--beyond")),
    ],
)
def test_with_nobody_to_ask_the_option_is_named(arguments, option, folder, monkeypatch) -> None:
    type_in(monkeypatch, terminal=False)
    assert f"no terminal to ask on: give {option}" in refused(folder, *arguments).err


NOTE = "{id: a, text: '{{c1::x}}', source: only-section/1, tags: [A], yield: core, skill: recall}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"notes:\n  - {NOTE}\ndeck: First Part\n", "the note cannot be appended"),  # the last note is not the end
        (f"deck: First Part\nnotes: [{NOTE}]\n", "the note cannot be appended"),
        (f"deck: Other\nnotes:\n  - {NOTE}\n", "01-first-part.yaml: exists and holds another subdeck: rename it"),
        ("deck: [\n", "01-first-part.yaml: cannot be read: not YAML"),
    ],
)
def test_a_file_that_a_note_cannot_be_appended_to_is_left_alone(content: str, message: str, tmp_path: Path) -> None:
    assert message in refused(write(tmp_path, files={"01-first-part.yaml": content}), *FULL).err


def test_a_subdeck_whose_file_is_not_read_gets_no_second_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "decks")
    (tmp_path / "elsewhere.yaml").write_text(FIRST, encoding="utf-8")
    (folder / "first.yaml").symlink_to("../elsewhere.yaml")
    assert "first.yaml: cannot be read: a symbolic link" in refused(folder, *FULL).err
    (folder / "first.yaml").unlink()
    (folder / "First.YAML").write_text(FIRST, encoding="utf-8")
    assert "First.YAML: cannot be read: a deck file ends in .yaml" in refused(folder, *FULL).err
