"""Every rule fires on its bad examples, stays silent on its good ones, and on thirty good cards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import small
import yaml
from examples import BASE, check, collection, examples, note, rules
from program import run

from ketamine_anki.core.model import Mark, Note, Places
from ketamine_anki.rules.checker import COLLECTION_RULES, EXCUSABLE, NOTE_RULES, groups, manual, medication, name_of
from ketamine_anki.rules.view import View

MANUAL = manual()
# Rules whose example needs more than one note, or more than its own text.
MORE: dict[str, tuple[list[dict[str, str]], list[dict[str, str]]]] = {
    "uncited": ([{"cites": "problem/9"}], [{}]),
    "unknown-claim": ([{"claims": "C-3"}], [{}]),
    "unknown-evidence": ([{"evidence": "checked-2002"}], [{"evidence": "checked-2020"}]),
    "unknown-source": ([{"source": "kidny/1"}], [{}]),
    "missing-evidence": (
        [{"caveat": "A trial disagrees."}],
        [{"caveat": "A trial disagrees.", "evidence": "checked-2020"}],
    ),
    "missing-caveat": (
        [{"claims": "C-1, C-2"}],
        [{"claims": "C-1, C-2", "caveat": "A trial disagrees.", "evidence": "checked-2020"}],
    ),
    "wrong-yield": ([{"yield": "supporting"}], [{}]),
    "duplicate-id": ([{}, {"question": "Which organ makes urine?"}], [{}]),
    "tag-spelling": ([{"tags": "Wind_up"}, {"id": "b", "tags": "Wind-Up"}], [{}, {"id": "b"}]),
    "untested-claim": ([{"claims": "C-2"}], [{}]),
    "duplicate-question": ([{}, {"id": "b", "answer": "Phytonadione"}], [{}, {"id": "b", "question": "Which organ?"}]),
    "pair-conflict": (
        [
            {"answer": "Mitral stenosis", "reverse.question": "Which abbreviation?", "reverse.answer": "MS"},
            {
                "id": "b",
                "answer": "Multiple sclerosis",
                "reverse.question": "Which abbreviation in neurology?",
                "reverse.answer": "MS",
            },
        ],
        [
            {"answer": "Mitral stenosis", "reverse.question": "Which abbreviation?", "reverse.answer": "MS"},
            {"id": "b", "answer": "Multiple sclerosis"},
        ],
    ),
    "same-answer": ([{"id": f"n-{n}"} for n in range(7)], [{"id": f"n-{n}"} for n in range(6)]),
    "near-duplicate": (
        [
            {"question": "Which drug reverses heparin after bypass surgery?", "answer": "Protamine"},
            {"id": "b", "question": "After bypass surgery, which drug reverses heparin?", "answer": "Protamine"},
        ],
        [
            {
                "question": "When potassium rises and calcium stays, what does the excitability of muscle do?",
                "answer": "It",
            },
            {
                "id": "b",
                "question": "When potassium falls and calcium stays, what does the excitability of muscle do?",
                "answer": "It",
            },
        ],
    ),
}
NAMES = [name_of(rule) for rule in NOTE_RULES]
TOLD = [(name, kind, changes) for name in NAMES if name not in MORE for kind, changes in examples(MANUAL[name])]
# Of decks and pictures, and of the ledger: tested with the folder and the ledger.
ELSEWHERE = {"unknown-deck", "unused-picture", "vanished-id", "reused-id", "retirement"}


@pytest.mark.parametrize(("name", "kind", "changes"), TOLD, ids=[f"{t[0]}-{t[1]}-{n}" for n, t in enumerate(TOLD)])
def test_the_manuals_examples_are_true(name: str, kind: str, changes: dict[str, str]) -> None:
    found = rules(check(note(changes)))
    assert (name in found) is (kind == "Bad"), found


@pytest.mark.parametrize("name", MORE)
def test_rules_that_need_more_than_one_text(name: str) -> None:
    bad, good = ([note(changes) for changes in notes] for notes in MORE[name])
    assert name in rules(check(*bad, whole=True))
    assert name not in rules(check(*good, whole=True))


def test_no_rule_is_without_both_examples() -> None:
    told = {(name, kind) for name, kind, _ in TOLD}
    both = {name for name, _ in told if {(name, "Bad"), (name, "Good")} <= told}
    every = {name_of(rule) for rule in (*NOTE_RULES, *COLLECTION_RULES)}
    assert every == both | set(MORE) | ELSEWHERE
    for name in every:
        assert "Bad: " in MANUAL[name], name
        assert "Good: " in MANUAL[name], name


def test_the_base_note_is_clean() -> None:
    assert check(note({}), whole=True) == []


def notations(text: str) -> list[str]:
    """What the table finds in a text under an answer, past the reader, which refuses some of it already."""
    places = Places("deck.yaml", (text,), {"": Mark(0, 0, 0, len(text)), "extra": Mark(0, 0, 0, len(text))})
    view = View(Note("n", "First Part", places, question="What?", answer="This", extra=text), collection())
    return [name for _, name, _ in medication.notations(view)]


@pytest.mark.parametrize("row", medication.TABLE, ids=[row.id for row in medication.TABLE])
def test_error_prone_notation_is_found_and_honest_notation_left_alone(row: medication.Notation) -> None:
    assert [text for text in row.bad if row.id not in notations(f"Then {text}, at once.")] == []
    assert [text for text in row.bad if row.id not in notations(text)] == []
    assert [text for text in row.good if row.id in notations(f"Then {text}, at once.")] == []


def test_error_prone_notation_is_a_finding_with_its_remedy() -> None:
    found = check(note({"extra": "Given as 10mg at once.", "evidence": "checked-2020"}))
    assert [(f.rule, f.message) for f in found] == [
        ("unit-without-space", "'mg' in 'Given as 10mg at once': write a space between number and unit: 10 mg")
    ]


def good_cards() -> list[dict[str, Any]]:
    """The thirty cards, completed as the small collection needs."""
    told = yaml.load((Path(__file__).parent / "good_cards.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    cards: list[dict[str, Any]] = told["notes"]
    return cards


def test_thirty_good_cards_pass(tmp_path: Path) -> None:
    cards = good_cards()
    assert len(cards) >= 30
    folder = small.write(tmp_path, yaml.safe_dump(cards, allow_unicode=True, width=10_000, sort_keys=False))
    ran = run("check", "--format", "lines", folder)
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize("name", sorted(EXCUSABLE))
def test_an_excuse_that_silences_nothing_is_a_finding(name: str) -> None:
    found = check({**BASE, "allow": {name: "no reason at all"}}, whole=True)
    assert [(f.rule, f.message) for f in found] == [("unused-allow", f"{name!r} silences nothing: delete it")]


def test_an_excuse_silences_its_rule_only() -> None:
    bad = note({"question": "Does furosemide always lower potassium?"})
    assert rules(check(bad)) == ["yes-no", "absolute-wording"]
    assert rules(check({**bad, "allow": {"yes-no": "a test of it"}})) == ["absolute-wording"]


@pytest.mark.parametrize("name", ["near-duplicate", "same-answer"])
def test_an_excuse_reaches_what_is_said_at_the_end(name: str) -> None:
    notes = [note(changes) for changes in MORE[name][0]]
    excused = [{**made, "allow": {name: "meant so"}} if made is notes[-1] else made for made in notes]
    assert name not in rules(check(*excused, whole=True))
    assert "unused-allow" not in rules(check(*excused, whole=True))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("yes-nno", "rule 'yes-nno' is unknown: did you mean 'yes-no'?"),
        ("missing-caveat", "rule 'missing-caveat' cannot be allowed"),
    ],
)
def test_only_known_rules_of_taste_are_excused(rule: str, message: str) -> None:
    found = check({**BASE, "allow": {rule: "because"}})
    assert [(f.rule, f.message) for f in found] == [("unused-allow", message)]


def test_retired_notes_interfere_with_nothing() -> None:
    retired = {"retired": {"version": "2.0.0", "reason": "Reworded."}}
    old = {**note({}), **retired}
    assert check(old, {**note({}), "id": "successor"}, whole=True) == []
    assert rules(check(old, whole=True)) == ["untested-claim"]


def test_the_rules_command_prints_every_rule_in_its_group() -> None:
    ran = run("rules")
    assert ran.code == 0
    assert re.findall(r"^# (\w+)$", ran.out, re.MULTILINE) == [group.capitalize() for group in groups()]
    assert re.findall(r"^## ([\w-]+)$", ran.out, re.MULTILINE) == list(MANUAL)


def test_the_rules_command_prints_one_rule() -> None:
    ran = run("rules", "yes-no")
    assert ran.code == 0
    assert ran.out.startswith("## yes-no\n\nA yes/no question is right half the time")
    assert ran.out.endswith("Exception: `allow: {yes-no: the reason}`\n")
    assert "allow" not in run("rules", "missing-caveat").out
    assert run("rules", "[yes-no]").out == ran.out


def test_the_rules_command_guesses_what_was_meant() -> None:
    ran = run("rules", "yesno")
    assert (ran.code, ran.err) == (2, "ketamine-anki: no rule 'yesno': did you mean 'yes-no'?\n")
