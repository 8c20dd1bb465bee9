"""What a finding says, which words it points to, and where a rule begins and ends to speak."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples import collection, note, written

from ketamine_anki.anki.compile import guid
from ketamine_anki.core.limits import MAX_TAGS
from ketamine_anki.core.model import Collection, Ledger, Picture, Release, ReleasedNote
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.rules.checker import Check, groups, medication
from ketamine_anki.rules.view import View


def said(*notes: Mapping[str, Any], within: Collection | None = None, whole: bool = True) -> list[str]:
    """`rule at WORDS: message` of each finding, with the two words that stand at its place; `ledger.yaml:LINE`
    and the like for a place in another file.
    """
    text = written(*notes)
    deck, malformed = read_deck("deck.yaml", text.encode())
    assert deck is not None
    assert not malformed
    walk = Check(within or collection())
    findings = [finding for made in deck.notes for finding in walk.note(View(made, walk.collection))]
    lines = text.split("\n")
    found = []
    for rule, message, at in ((f.rule, f.message, f.position) for f in findings + (walk.finish() if whole else [])):
        shown = " ".join(lines[at.line - 1][at.column - 1 :].split()[:2])
        found.append(f"{rule} at {shown if at.path == 'deck.yaml' else f'{at.path}:{at.line}'}: {message}")
    return found


def told() -> list[tuple[dict[str, str], list[str]]]:
    text = (Path(__file__).parent / "findings.yaml").read_text(encoding="utf-8")
    text = re.sub("<([0-9]+) words>", lambda match: " ".join(["word"] * int(match[1])), text)
    return [(row["note"], row["found"]) for row in yaml.load(text, yaml.BaseLoader)]


TOLD = told()


@pytest.mark.parametrize(("changes", "expected"), TOLD, ids=[f"{n}-{'-'.join(row[0])}" for n, row in enumerate(TOLD)])
def test_what_is_said_and_where(changes: dict[str, str], expected: list[str]) -> None:
    assert said(note(changes), whole=False) == expected


@pytest.mark.parametrize(
    ("allow", "expected"),
    [
        ({"absolute-wording": "meant"}, []),
        (
            {"absolute-wording": "meant", "yes-no": "meant"},
            ["unused-allow at yes-no: meant: 'yes-no' silences nothing: delete it"],
        ),
        (
            {"absolute-wording": "meant", "same-answer": "meant"},
            ["unused-allow at same-answer: meant: 'same-answer' silences nothing: delete it"],
        ),
        (
            {"absolute-wording": "meant", "missing-caveat": "meant"},
            ["unused-allow at missing-caveat: meant: rule 'missing-caveat' cannot be allowed"],
        ),
        (
            {"absolute-wording": "meant", "yes-nno": "meant"},
            ["unused-allow at yes-nno: meant: rule 'yes-nno' is unknown: did you mean 'yes-no'?"],
        ),
    ],
)
def test_every_excuse_is_looked_at(allow: dict[str, str], expected: list[str]) -> None:
    """After one that is needed, too; and what is wrong with it is said at its own place."""
    assert said(note({"question": "Which vitamin always counters warfarin?"}) | {"allow": allow}) == expected


def test_the_groups_of_the_manual() -> None:
    names = "format text identity provenance wording cloze interference released medication excuses"
    assert list(groups()) == names.split()


def test_fifty_tags_are_enough() -> None:
    many = [f"T{number}" for number in range(MAX_TAGS)]
    assert said(note({}) | {"tags": many}, whole=False) == []
    assert said(note({}) | {"tags": [*many, "Last"]}, whole=False) == ["reserved-tag at - T0: 51 tags: at most 50"]


NOTATIONS = yaml.load((Path(__file__).parent / "notations.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)


@pytest.mark.parametrize("rule", NOTATIONS)
def test_doses_numbers_and_notations_are_found_wherever_they_stand(rule: str) -> None:
    """In the caveat of a note that rests on an unchecked reference: first, last and between other words."""

    def found(text: str) -> set[str]:
        return {line.split()[0] for line in said(note({"caveat": text, "evidence": "seen-2021"}), whole=False)}

    for text in NOTATIONS[rule]["found"]:
        assert rule in found(f"Then {text}, at once"), text
        assert rule in found(text), text
    for text in NOTATIONS[rule]["left"]:
        assert rule not in found(f"Then {text}, at once"), text


def test_every_notation_of_the_table_is_tried() -> None:
    assert set(NOTATIONS) == set(medication.MANUAL) | {"dose-evidence", "caveat-number"}


PAIR = {"answer": "Mitral stenosis", "reverse.question": "Which abbreviation?", "reverse.answer": "MS"}
TWIN = {"text": "Furosemide wastes {{c1::potassium}} with the urine each day."}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            {"tags": "Wind_up"},
            {"question": "Which organ?", "answer": "Kidney", "tags": "Kidney, WIND-up"},
            ["tag-spelling at WIND-up: tag 'WIND-up' is spelt 'Wind_up' elsewhere: use one spelling"],
        ),
        (
            {},
            {"id": "base", "question": "Which organ makes urine?", "answer": "Kidney"},
            ["duplicate-id at base: id 'base' stands already at deck.yaml:8: ids are unique over all decks"],
        ),
        (
            {},
            {"answer": "Phytonadione"},
            [
                (
                    "duplicate-question at Which vitamin: the same is asked at deck.yaml:8: delete one of the two,"
                    " or ask more precisely"
                )
            ],
        ),
        (
            {},
            {
                "question": "What is short for a rhythm?",
                "answer": "Atrial fibrillation",
                "reverse.question": "Which vitamin counters the effect of warfarin?",
                "reverse.answer": "AF",
            },
            [
                (
                    "duplicate-question at Which vitamin: the same is asked at deck.yaml:8: delete one of the two,"
                    " or ask more precisely"
                )
            ],
        ),
        (
            TWIN,
            TWIN,
            [
                (
                    "duplicate-question at Furosemide wastes: the same is asked at deck.yaml:7: delete one of the two,"
                    " or ask more precisely"
                ),
                "near-duplicate at b: 100% of the content words are those of the note at deck.yaml:7: merge them",
            ],
        ),
        (
            TWIN,
            {"text": "Furosemide wastes potassium with the {{c1::urine}} each day."},
            ["near-duplicate at b: 100% of the content words are those of the note at deck.yaml:7: merge them"],
        ),
        (PAIR, {**PAIR, "question": "Which valve is narrow?", "reverse.question": "Which letters?"}, []),
        (
            {"answer": "Arterial tension", "reverse.question": "Which sign is short?", "reverse.answer": "PaO2"},
            {
                "question": "Which gas?",
                "answer": "Alveolar tension",
                "reverse.question": "Which sign is it?",
                "reverse.answer": "PAO2",
            },
            [],
        ),
        (
            PAIR,
            {
                **PAIR,
                "question": "Which valve is narrow?",
                "reverse.question": "Which letters?",
                "answer": "Sclerosis.",
            },
            [
                "undefined-abbreviation at MS: MS is not spelt out on this card: write what it stands for, with (MS)",
                (
                    "pair-conflict at MS: 'MS' is paired with 'Mitral stenosis' at deck.yaml:8: a pair is one-to-one,"
                    " drop 'reverse'"
                ),
            ],
        ),
    ],
)
def test_what_is_said_of_two_notes(first: dict[str, str], second: dict[str, str], expected: list[str]) -> None:
    assert said(note(first), note({"id": "b", **second})) == expected


@pytest.mark.parametrize(("count", "others", "spoken"), [(6, 0, False), (7, 0, True), (7, 342, True), (7, 343, False)])
def test_an_answer_is_a_pattern_on_seven_notes_and_on_more_than_one_in_fifty(count, others, spoken) -> None:
    alike = [note({"id": f"a{n}", "question": f"Which vitamin is number {n}?"}) for n in range(count)]
    apart = [note({"id": f"b{n}", "question": f"Which vitamin has {n}?", "answer": f"V{n}"}) for n in range(others)]
    found = [line for line in said(*alike, *apart) if line.startswith("same-answer")]
    message = "same-answer at a6: 7 notes have the answer 'vitamin k': at most 6; ask for what is special here"
    assert found == ([message] if spoken else [])


def test_a_hidden_part_counts_as_an_answer_once_on_a_note() -> None:
    twice = [
        note({"id": f"a{n}", "text": f"Case {n} wastes {{{{c1::salt}}}} and {{{{c2::Salt}}}} all day long, too."})
        for n in range(7)
    ]
    assert not [line for line in said(*twice[:6]) if line.startswith("same-answer")]
    assert [line for line in said(*twice) if line.startswith("same-answer")] == [
        "same-answer at a6: 7 notes have the answer 'salt': at most 6; ask for what is special here"
    ]


def test_core_claims_are_tested_by_notes_that_learners_get() -> None:
    other = note({"claims": "C-4", "yield": "supporting", "source": "kidney/2", "cites": "problem/3"})
    untested = ["untested-claim at s.yaml:9: no note tests core claim C-1: write one"]
    assert said(other) == untested
    assert said(other | {"claims": ["C-4", "C-1"], "yield": "core"}) == []
    assert said(note({}) | {"retired": {"version": "1.1.0", "reason": "Superseded."}}) == untested


def test_names_are_not_judged_by_files_that_could_not_be_read() -> None:
    """One mistake in source.yaml must not bring a finding on each note."""
    lost = note({"source": "nowhere/7", "claims": "C-9", "evidence": "nobody-1999"})
    rules = [line.split()[0] for line in said(lost, whole=False)]
    assert rules == ["unknown-source", "unknown-claim", "unknown-evidence"]
    for unread, left in (("source", ["unknown-evidence"]), ("references", ["unknown-source", "unknown-claim"])):
        within = dataclasses.replace(collection(), unread=frozenset({unread}))
        assert [line.split()[0] for line in said(lost, within=within, whole=False)] == left


def test_a_source_without_sections_is_no_reason_to_fail() -> None:
    within = dataclasses.replace(collection(), sections={})
    assert said(note({}), within=within, whole=False) == ["unknown-source at kidney/1: unknown section 'kidney'"]


def test_what_is_seen_on_a_picture_is_no_dose_and_needs_no_full_words() -> None:
    """The words that are read aloud in its place describe; they teach nothing."""
    within = dataclasses.replace(collection(), pictures={"a.png": Picture("a.png", "1-a.png", b"")})
    assert said(note({"picture": "![A label that says AF, 40 mg](a.png)"}), within=within) == []


def test_a_question_may_point_at_its_picture() -> None:
    within = dataclasses.replace(collection(), pictures={"a.png": Picture("a.png", "1-a.png", b"")})
    assert said(note({"question": "What is this ![kidney](a.png)?"}), within=within) == []
    assert said(note({"question": "What is this kidney?"}), within=within, whole=False) == [
        "orphan-pronoun at this kidney?: 'this' refers to nothing on this card: name it"
    ]


def test_a_collection_without_claims_needs_none() -> None:
    assert said(note({"claims": ""}), within=dataclasses.replace(collection(), claims={})) == []


def test_a_picture_that_no_note_shows() -> None:
    pictures = {name: Picture(name, f"1-{name}", b"") for name in ("c.png", "a.png", "b.png")}
    within = dataclasses.replace(collection(), pictures=pictures, media_folder="decks/media")
    shows = note({"picture": "![A kidney](b.png)"})
    assert said(shows, within=within) == [
        "unused-picture at decks/media/a.png:1: no note shows 'a.png': show it or delete it",
        "unused-picture at decks/media/c.png:1: no note shows 'c.png': show it or delete it",
    ]


def test_spelling_and_topic_are_the_collections_choice() -> None:
    british = note({"extra": "Tumours of the kidney."})
    assert said(british, within=dataclasses.replace(collection(), spelling="")) == []
    topic = note({"answer": "Diuretics"})
    assert said(topic, within=dataclasses.replace(collection(), topic=())) == []
    assert said(topic, within=dataclasses.replace(collection(), topic=("DIURETICS", "Loops"))) == said(topic) != []
    listed = dataclasses.replace(collection(), abbreviations={"AF": "atrial fibrillation"})
    assert said(note({"question": "Which drug slows AF?"}), within=listed) == []


def test_a_malformed_text_is_not_judged_by_its_words() -> None:
    """One mistake, one finding; what its names say is judged all the same."""
    wrong = note({"question": "Does <b>it always", "claims": "C-9"})
    assert said(wrong, whole=False) == [
        "raw-html at <b>it always: HTML '<b>': write Markdown, such as **bold** or a list",
        "unknown-claim at C-9: unknown claim 'C-9': did you mean 'C-5'?",
    ]
    twice = note({"extra": "One <b> and <i>two</i> and <i>three</i>.", "allow": {"yes-no": "meant"}})
    assert said(twice, whole=False) == [
        "raw-html at <b> and: HTML '<b>': write Markdown, such as **bold** or a list",
        "raw-html at <i>two</i> and: HTML '<i>': write Markdown, such as **bold** or a list",
        "raw-html at <i>three</i>.: HTML '<i>': write Markdown, such as **bold** or a list",
    ]


# --- what learners have -----------------------------------------------------------------------

START = 1_700_000_000
RETIRED = {"version": "1.1.0", "reason": "Superseded by newer guidance."}


def released(namespace: str = "tests/renal", **changes: Any) -> Collection:
    """The collection after 1.0.0, which brought `base` (changed so) and, long retired, `old`."""
    base = ReleasedNote("base", guid("tests/renal", "base"), "question", 1, (1,), "0" * 16, START, "1.0.0")
    old = base._replace(id="old", guid=guid("tests/renal", "old"), retired="0.9.0")
    last = Release("1.0.0", START, 1, 1, 1, 0, 0, 0, (), "0" * 16, "0" * 64, "0" * 64, "0" * 64)
    notes = {"base": base._replace(**changes), "old": old}
    ledger = Ledger(namespace, (last,), {}, (), notes, "ledger.yaml", {"base": 12, "old": 13})
    return dataclasses.replace(collection(), ledger=ledger)


OLD = note({"id": "old", "question": "Which salt was lost?", "answer": "Much"}) | {
    "retired": {"version": "0.9.0", "reason": "Reworded.", "see": "base"}
}
CLOZE = note({"text": "Furosemide wastes {{c1::potassium}} with the urine each day."})


@pytest.mark.parametrize(
    ("notes", "changes", "expected"),
    [
        ([note({}), OLD], {}, []),
        (
            [note({"id": "new"})],
            {},
            [
                "vanished-id at ledger.yaml:12: note 'base', released in 1.0.0, is gone: put it back and retire it",
                "vanished-id at ledger.yaml:13: note 'old', retired in 0.9.0, is gone: put it back",
            ],
        ),
        (
            [note({}), note({"id": "old", "question": "Which salt was lost?", "answer": "Much"})],
            {},
            ["reused-id at old: id 'old' was retired in 0.9.0: give this note a new id"],
        ),
        ([CLOZE, OLD], {"note_type": "cloze"}, []),
        (
            [CLOZE, OLD],
            {},
            [
                (
                    "reused-id at base: id 'base' was released as a question note and is now a cloze note: retire it"
                    " and give the new note an id of its own"
                )
            ],
        ),
        (
            [note({}), OLD],
            {"note_type": "cloze"},
            [
                (
                    "reused-id at base: id 'base' was released as a cloze note and is now a question note: retire it"
                    " and give the new note an id of its own"
                )
            ],
        ),
        (
            [note({}), OLD],
            {"guid": "0" * 14},
            ["reused-id at ledger.yaml:12: 'base' has another GUID than its id gives"],
        ),
        (
            [note({}), OLD],
            {"namespace": "tests/other", "guid": "0" * 14},
            [
                (
                    "reused-id at ledger.yaml:1: released under namespace 'tests/other', but collection.yaml says"
                    " 'tests/renal': put the old one back"
                )
            ],
        ),
    ],
)
def test_a_released_id_is_kept(notes: list[dict[str, Any]], changes: dict[str, Any], expected: list[str]) -> None:
    assert said(*notes, within=released(**changes)) == expected


@pytest.mark.parametrize(
    ("made", "retired", "expected"),
    [
        ("base", {}, []),
        (
            "base",
            {"version": "1.0.0"},
            ["retirement at 1.0.0: version 1.0.0 is out already: name the release to come, after 1.0.0"],
        ),
        (
            "base",
            {"version": "0.10.0"},
            ["retirement at 0.10.0: version 0.10.0 is out already: name the release to come, after 1.0.0"],
        ),
        ("new", {}, ["retirement at 1.1.0: 'new' was never released: delete it instead of retiring it"]),
        ("old", {"version": "0.9.0"}, []),
        ("old", {}, ["retirement at 1.1.0: 'old' was retired in 0.9.0: keep that version"]),
        ("base", {"see": "live"}, []),
        (
            "base",
            {"see": "nobody"},
            [
                (
                    "retirement at nobody: see names 'nobody', which is no note that learners get: name another or"
                    " leave it out"
                )
            ],
        ),
        (
            "base",
            {"see": "base"},
            ["retirement at base: see names 'base', which is no note that learners get: name another or leave it out"],
        ),
    ],
)
def test_only_the_next_release_retires(made: str, retired: dict[str, str], expected: list[str]) -> None:
    gone = note({"id": made}) | {"retired": RETIRED | retired}
    live = note({"id": "live", "question": "Which organ makes urine?", "answer": "Kidney"})
    found = said(live, gone, within=released())
    assert [line for line in found if line.startswith("retirement")] == expected


def test_before_the_first_release_nothing_is_held_to_it() -> None:
    assert said(note({}) | {"retired": RETIRED}, note({"id": "live"})) == []


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        ("What is the authors' view on ketamine?", "deictic"),
        ("Which drug does 'the article' recommend?", "deictic"),
        ("What does the text» say about sleep?", "deictic"),
        ("What is the 'ideal' sedative for children?", "absolute-wording"),
        ("Which drug is «never» used in children?", "absolute-wording"),
        ("Which is game changer-like in children?", "absolute-wording"),
        ("Which drug is 'not' used in children?", "unmarked-negative"),
        ("Which never-ending pain follows surgery?", "unmarked-negative"),
        ("Describe-in-words what?", "open-question"),
        ("Do-not-resuscitate orders end when?", "yes-no"),
        ("Which drug is MgSO4-based?", "sulfate-abbreviation"),
        ("What is a QD-dosing scheme?", "daily-abbreviation"),
        ("What is an IU-based dose?", "iu"),
    ],
)
def test_a_rule_hears_its_word_between_other_signs(question: str, rule: str) -> None:
    assert rule in [one.split(" ")[0] for one in said(note({"question": question}))]
