"""What counts as an edit, and that a deck file is edited in exactly that, or not at all."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import small_deck
from program import run

from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.anki.package_reader import PackagedNote
from ketamine_anki.core.errors import Failure
from ketamine_anki.deckfiles import editor
from ketamine_anki.intake.apply import EditError, edit_deck, entry
from ketamine_anki.intake.compare import Change, Intake, compare
from ketamine_anki.workspace.folder import Folder

DECK = """\
deck: First Part   # kept
notes:
  - id: leaf
    question: Which gas do plants take up?
    answer: Carbon dioxide
    extra: Through the leaves.
    picture: '![a leaf](leaf.png)'
    source: only-section/1
    claims: [C-1]
    tags: [Plants, Gas]
    yield: core
    skill: recall

  - id: root   # kept
    text: Roots take up {{c1::water}}.
    source: only-section/2
    claims: [C-3]
    tags: [Plants]
    yield: core
    skill: recall

  - id: pair
    question: What does CO2 stand for?
    answer: Carbon dioxide gas
    reverse:
      question: What is the formula of carbon dioxide?
      answer: CO2
    source: only-section/1
    claims: [C-1]
    tags: [Gas]
    yield: core
    skill: recall
"""
ROOT_IN_BRACES = """\
deck: First Part
notes:
  - {id: root, source: only-section/2, claims: [C-3], tags: [Plants], yield: core,
     text: 'Roots take up {{c1::water}}.', skill: recall}
"""


class Case:
    """A deck, and its notes as a learner has them."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = small_deck.write(folder, files={"01-first.yaml": text, "media/leaf.png": small_deck.PIXEL})
        self.data = text.encode()
        read = Folder(str(self.folder))
        (self.deck,) = read.decks()
        assert read.collection is not None
        assert not read.findings, read.findings
        self.collection = read.collection

    def exported(self, note_id: str = "", tags: tuple[str, ...] = (), **fields: str) -> list[PackagedNote]:
        """The notes of an export in which one note has other fields, or these tags."""
        notes = []
        for _, made in small_deck.compiled(self.folder):
            whole = dict(zip(note_types()[made.note_type].fields, made.fields, strict=True))
            whole |= fields if made.id == note_id else {}
            given = tags if tags and made.id == note_id else made.tags
            notes.append(PackagedNote(made.guid, made.note_type, whole, given, made.deck, 0))
        return notes

    def compare(self, exported: list[PackagedNote], base: list[PackagedNote] | tuple[()] = ()) -> Intake:
        return compare(self.deck.notes, self.collection, exported, base)

    def edit(self, result: Intake) -> str:
        return edit_deck(self.data, self.deck, self.collection, result.changes, result.proposals).decode()


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path, DECK)


@pytest.mark.parametrize(
    ("note", "fields", "diff"),
    [
        ("leaf", {"Answer": "Carbon <b>dioxide</b>"}, "-    answer: Carbon dioxide|+    answer: Carbon **dioxide**"),
        ("leaf", {"Extra": "Through: the"}, "-    extra: Through the leaves.|+    extra: 'Through: the'"),
        ("leaf", {"Extra": ""}, "-    extra: Through the leaves."),
        (
            "root",
            {"Text": "{{c1::Water::liquid}} and {{c2::salts}}."},
            "-    text: Roots take up {{c1::water}}.|+    text: '{{c1::Water::liquid}} and {{c2::salts}}.'",
        ),
        ("root", {"Extra": "From the soil<br>mostly."}, "+    extra: |-|+      From the soil|+      mostly."),
        (
            "pair",
            {"ReverseQuestion": "What is its formula?"},
            "-      question: What is the formula of carbon dioxide?|+      question: What is its formula?",
        ),
    ],
)
def test_a_correction_edits_its_value_and_nothing_else(case: Case, tmp_path: Path, note, fields, diff):
    exported = case.exported(note, **fields)
    result = case.compare(exported)
    assert result.leftovers == []
    after = case.edit(result)
    lines = difflib.unified_diff(DECK.splitlines(), after.splitlines(), n=0, lineterm="")
    assert "|".join(line for line in list(lines)[2:] if not line.startswith("@@")) == diff
    assert Case(tmp_path / "after", after).compare(exported).changes == [], "nothing is left to do"


@pytest.mark.parametrize("blank", ["<ul></ul>", "\u200b"])
def test_a_field_that_still_shows_nothing_is_no_correction(case: Case, blank: str):
    result = case.compare(case.exported("root", Extra=blank))
    assert (result.changes, result.leftovers) == ([], [])


def test_colours_and_fonts_are_dropped_with_a_word(case: Case):
    result = case.compare(case.exported("leaf", Answer='<font color="red">CO<sub>2</sub></font>'))
    assert [(change.key, change.new) for change in result.changes] == [("answer", "CO₂")]
    assert result.leftovers == ["leaf: Answer has colours or fonts, which cards do not: only its words are read"]


@pytest.mark.parametrize(
    ("note", "fields", "reason"),
    [
        ("leaf", {"Answer": "<u>Carbon</u> dioxide"}, "Answer has <u>, which cards do not: use bold or italics"),
        ("leaf", {"Answer": "<div>\u202f<br></div>"}, "Answer was emptied: to remove a note, retire it"),
        ("leaf", {"Question": "&nbsp;?"}, "Question was emptied: to remove a note, retire it"),
        ("leaf", {"Source": "elsewhere"}, "Source is computed from 'source' and 'cites': edit those"),
        (
            "leaf",
            {"Answer": "Which gas do plants take up?"},
            "Answer holds what another field held: export a deck",
        ),
        ("leaf", {"Spare": "mine"}, "Spare is a spare field"),
        ("leaf", {"ReverseQuestion": "Back?"}, "is a second card: add or delete the 'reverse' block by hand"),
        ("pair", {"ReverseAnswer": ""}, "is a second card: add or delete the 'reverse' block by hand"),
        ("leaf", {"Picture": '<img src="paste-1.png" alt="x">'}, "not in the media folder"),
        ("root", {"Text": "Roots take up water."}, "no cloze deletion"),
        ("root", {"column 11": "mine"}, "column 11 is not a field of this note type"),
    ],
)
def test_what_cannot_be_taken_over_is_left_with_the_reason(case: Case, note, fields, reason):
    result = case.compare(case.exported(note, **fields))
    (leftover,) = result.leftovers
    assert leftover.startswith(f"{note}: ")
    assert reason in leftover
    assert (result.changes, result.proposals) == ([], [])


COMMON = ("Small::Domain::First_Part", "Small::Section::Only_Section", "Small::Yield::1-Core", "Small::Skill::1-Recall")


@pytest.mark.parametrize(
    ("tags", "left", "concepts"),
    [
        ("Concept::Plants", "", "Plants"),
        ("Concept::Gas concept::PLANTS", "", ""),
        ("Concept::Plants Concept::光合成 Concept::C#", "", "Plants 光合成 C#"),
        ("Concept::Plants Concept::Gas Concept::e\u0301tang", "", "Plants Gas \xe9tang"),
        ("Concept::Plants Concept::Gas Concept::葉、根", "Small::Concept::葉、根", ""),
        ("Concept::Plants Concept::Gas Concept::a\u202eb", "Small::Concept::a\u202eb", ""),
        ("Concept::Plants Concept::Gas leech Marked", "", ""),
        ("Concept::Plants Concept::Gas mine Concept::a::b", "mine Small::Concept::a::b", ""),
        ("Flag::Derived", "Small::Flag::Derived tags", ""),
    ],
)
def test_concept_tags_come_back_and_no_others(case: Case, tmp_path: Path, tags, left, concepts):
    """Anki keeps the spelling of a tag that the learner already has: case does not count."""
    given = re.sub("(?i)(concept|flag)::", r"Small::\g<0>", tags).split()
    result = case.compare(case.exported("leaf", tags=(*COMMON, *given)))
    assert " ".join(re.findall(r"leaf: (?:tag )?(\S+)", "\n".join(result.leftovers))) == left
    assert [" ".join(change.new) for change in result.changes] == ([concepts] if concepts else [])
    assert " ".join(Case(tmp_path / "after", case.edit(result)).deck.notes[0].tags) == (concepts or "Plants Gas")


def test_with_base_only_what_the_contributor_changed_counts(tmp_path: Path):
    base = Case(tmp_path / "base", DECK).exported()
    text = DECK.replace("Through the leaves.", "Through pores.").replace("up?", "in?").replace("Plants, Gas", "Plants")
    case = Case(tmp_path / "now", text)
    fields = {**base[0].fields, "Answer": "CO2", "Extra": "Through the green leaves."}
    fields["Question"] = "Which gas do plants&nbsp;take in?"  # as the collection has it by now
    result = case.compare([replace(base[0], fields=fields), *base[1:]], base)
    assert [(change.key, change.new) for change in result.changes] == [("answer", "CO2")]
    assert result.leftovers == ["leaf: Extra was changed in the collection too: merge by hand"]
    assert "take in?" in case.edit(result)


def test_a_retired_note_is_left_alone(tmp_path: Path):
    retired = "skill: recall\n    retired: {version: 2.0.0, reason: Old.}\n"
    case = Case(tmp_path, DECK.replace("skill: recall\n", retired, 1))
    result = case.compare(case.exported("leaf", Answer="changed"))
    assert (result.matched, result.changes, result.leftovers) == (3, [], [])


def new(guid: str, fields: Mapping[str, str], deck: str = "Small Deck::01 First Part", tags: tuple[str, ...] = ()):
    return PackagedNote(guid, "any", fields, tags, deck, 0)


ENDING = "    source: TODO\n    tags: [TODO]\n    yield: TODO\n    skill: TODO\n"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"Front": "What, then, do roots hold?", "Back": "The <i>plant</i>"},
            "  - id: then-roots-hold\n    question: What, then, do roots hold?\n    answer: The *plant*\n",
        ),
        (
            {"Front": "A {{c1::leaf}} is green", "Back": "by day"},
            "  - id: leaf-green\n    text: A {{c1::leaf}} is green\n    extra: by day\n",
        ),
        (
            {"Question": "Is?", "Answer": "&nbsp;", "ReverseQuestion": "B?", "Extra": r"\(~\)"},
            "  - id: note\n    question: Is?\n    answer: TODO\n    reverse:\n      question: B?\n      answer: TODO\n",
        ),
        (
            {"Question": "Who?", "Answer": "I", "Caveat": "x"},
            "  - id: note\n    question: Who?\n    answer: I\n    caveat: x\n    evidence: [TODO]\n",
        ),
        ({"Text": "<u>A</u> b", "Extra": "<u>c</u>"}, "  - id: b\n    text: TODO\n"),
    ],
)
def test_a_new_note_becomes_an_entry_with_todo_where_something_is_missing(case: Case, fields, expected):
    result = case.compare([new("new", fields)])
    (proposal,) = result.proposals
    assert entry(proposal, case.collection) == expected + ENDING
    assert case.edit(result) == f"{DECK}\n{expected}{ENDING}"


def test_new_notes_have_ids_that_no_other_note_has(case: Case):
    """Neither a note of the collection nor another new note of the same intake."""
    question = {"Front": "Leaf?", "Back": "x"}
    result = case.compare([new("one", question), new("two", question), new("three", question, deck="Small Deck")])
    assert [proposal.id for proposal in result.proposals] == ["leaf-2", "leaf-3", "leaf-4"]
    assert [proposal.deck for proposal in result.proposals] == ["First Part", "First Part", ""]


def test_a_new_note_keeps_its_concepts_and_leaves_what_has_no_place(case: Case):
    fields = {"Front": "Who?", "Back": "<u>x</u>", "More": "third", "Empty": "<br>&#8195;"}
    result = case.compare(
        [new("new", fields, tags=("Small::Concept::Gas", "mine", "leech")), new("other", fields, deck="Other")]
    )
    assert [proposal.tags for proposal in result.proposals] == [("Gas",)]
    assert result.leftovers == [
        "note: answer has <u>, which cards do not: use bold or italics",
        "note: a further field has no place in a note: third",
        "note: tag mine is the learner's own: only Small::Concept::… tags come back",
    ]
    assert result.others == 1


def test_new_notes_of_no_known_deck_or_type_are_asked_for_once(case: Case):
    notes = [new(kind, {"Text": "A {{c1::b}}"}, deck="") for kind in ("x", "y", "z")]
    result = case.compare([*notes[:2], replace(notes[2], note_type="Small Deck: cloze")])
    assert [proposal.id for proposal in result.proposals] == ["b"]
    advice = 'for new notes, export it again, a text with "Include deck name"'
    assert result.leftovers == [f"2 notes: the file does not name their deck: {advice}"]


def test_a_no_break_space_counts_where_there_was_one(tmp_path: Path):
    case = Case(tmp_path, DECK.replace("Through the", "Through\xa0the"))
    (change,) = case.compare(case.exported("leaf", Extra="Through the leaves.")).changes
    assert change.texts == ("Through\xa0the leaves.", "Through the leaves.")


def test_too_much_for_one_run_is_refused_with_one_sentence(case: Case, monkeypatch):
    monkeypatch.setattr("ketamine_anki.intake.compare.MAX_EDITED_SIGNS", 2 * (21 + 20))
    assert len(case.compare([new(f"{n}", {"Front": f"q{n}?"}) for n in range(2)]).proposals) == 2
    with pytest.raises(Failure, match="export fewer notes, such as one subdeck"):
        case.compare([new(f"{n}", {"Front": f"q{n}??"}) for n in range(2)])


@pytest.mark.parametrize("text", [DECK.replace("\n", "\r\n"), "\ufeff" + DECK])
def test_line_ends_of_windows_and_byte_order_marks_stay(tmp_path: Path, text):
    case = Case(tmp_path, text)
    result = case.compare(case.exported("leaf", Answer="CO2"))
    assert case.edit(result) == text.replace("answer: Carbon dioxide", "answer: CO2", 1)


@pytest.mark.parametrize(
    ("note", "edits"),
    [
        ("leaf", {"Answer": "It's: so", "Extra": "word " * 40 + "end", "Caveat": "new<br>lines", "Picture": ""}),
        ("root", {"Text": "{{c1::Water}}", "Extra": "From the soil", "Caveat": "new<br>lines"}),
    ],
)
def test_a_file_in_canonical_form_stays_in_it(case: Case, tmp_path: Path, note, edits):
    assert run("fmt", case.folder).code == 0
    case = Case(tmp_path / "canonical", (case.folder / "01-first.yaml").read_text("utf-8"))
    path = case.folder / "01-first.yaml"
    result = case.compare(case.exported(note, **edits))
    assert len(result.changes) == len(edits)
    path.write_text(case.edit(result), "utf-8")
    assert run("fmt", "--check", path).code == 0


def test_a_note_in_braces_is_edited_too(tmp_path: Path):
    case = Case(tmp_path, ROOT_IN_BRACES)
    result = case.compare(case.exported("root", Text="Roots take up {{c1::salts}}, too."))
    assert case.edit(result) == ROOT_IN_BRACES.replace("{{c1::water}}.", "{{c1::salts}}, too.")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n    source: only-section/1\n", "\r\n    source: only-section/1\n", "mixes line ends"),
        ("    answer: Carbon dioxide\n", "    'answer': Carbon dioxide\n", "written in a way that is not edited"),
    ],
)
def test_a_file_that_cannot_be_edited_exactly_is_refused(tmp_path: Path, old, new, message):
    case = Case(tmp_path, DECK.replace(old, new, 1))
    result = case.compare(case.exported("leaf", Answer="CO2"))
    with pytest.raises(EditError, match=message):
        case.edit(result)


def test_a_file_that_changed_since_it_was_read_is_refused(case: Case):
    result = case.compare(case.exported("leaf", Answer="CO2"))
    with pytest.raises(EditError, match="changed while it was read"):
        edit_deck(case.data + b"# later\n", case.deck, case.collection, result.changes, [])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("answer: CO2\n    extra", "answer: CO3\n    extra", "leaf: the edited file would not read as intended"),
        ("{{c1::water}}", "{{c1::salt}}", "root: the edited file would not read as intended"),
        ("  - id: pair", "  - id: peer", "pair: the edited file would not read as intended"),
        ("deck: First Part", "deck: {", "leaf: the edited file would not read as intended"),
        ("  - id: pair", "  - id: more\n  - id: pair", "the edited file would not be well-formed"),
    ],
)
def test_an_edit_that_changes_anything_else_is_refused(case: Case, monkeypatch, old, new, message):
    """Whatever the editor does wrong, the new file is not written."""
    spliced = editor.apply

    def apply(*arguments):
        text = spliced(*arguments)
        assert old in text
        return text.replace(old, new)

    monkeypatch.setattr(editor, "apply", apply)
    result = case.compare(case.exported("leaf", Answer="CO2"))
    with pytest.raises(EditError, match=message):
        case.edit(result)


def test_an_edit_that_changes_no_card_is_refused(case: Case):
    note = case.deck.notes[0]
    change = Change(note, "extra", "Through the leaves.", r"Through the leaves\.")
    with pytest.raises(EditError, match="leaf: the edited note would not compile as intended"):
        edit_deck(case.data, case.deck, case.collection, [change], [])
