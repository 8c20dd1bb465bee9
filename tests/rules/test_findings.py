"""Which notes each rule finds fault with, where, and in which words.

findings.yaml is the table of inputs with rule and place; messages.txt is the snapshot of all messages that these
inputs bring. After an intended change of wording, `python tests/rules/test_findings.py` writes the snapshot anew.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

if __name__ == "__main__":
    sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[1:3]]

from base_note import COLLECTION, REFERENCES, SOURCE, citing, collection, note, written

from ketamine_anki.anki.compile import guid
from ketamine_anki.core.limits import MAX_PER_TEXT, MAX_TAGS
from ketamine_anki.core.model import Collection, Finding, Ledger, Picture, Release, ReleasedNote
from ketamine_anki.deckfiles.reader import read_collection, read_deck
from ketamine_anki.rules import medication
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.view import View

HERE = Path(__file__).parent
MESSAGES = HERE / "messages.txt"


def check(text: str, within: Collection, *, whole: bool) -> list[Finding]:
    """The findings on the notes of a deck file; with `whole`, those that the end of the walk brings too."""
    deck, malformed = read_deck("deck.yaml", text.encode())
    assert deck is not None
    assert not malformed
    within = citing(text, within)
    walk = Check(within)
    findings = [finding for each in deck.notes for finding in walk.note(View(each, within))]
    return findings + (walk.finish() if whole else [])


def found(*notes: Mapping[str, Any], within: Collection | None = None, whole: bool = True) -> list[str]:
    """`rule at WORDS` of each finding, with the two words that stand at its place, or with `ledger.yaml:LINE` and the
    like for a place in another file.
    """
    text = written(*notes)
    lines = text.split("\n")
    places = []
    for (path, line, column), rule, _ in check(text, within or collection(), whole=whole):
        words = " ".join(lines[line - 1][column - 1 :].split()[:2]) if path == "deck.yaml" else f"{path}:{line}"
        places.append(f"{rule} at {words}")
    return places


def released(namespace: str = "tests/renal", **changes: Any) -> Collection:
    """The collection after 1.0.0, which brought `base` (changed so) and, long retired, `old`."""
    start = 1_700_000_000
    base = ReleasedNote("base", guid("tests/renal", "base"), "question", 1, (1,), "0" * 16, start, "1.0.0")
    old = base._replace(id="old", guid=guid("tests/renal", "old"), retired="0.9.0")
    last = Release("1.0.0", start, 1, 1, 1, 0, 0, 0, (), "0" * 16, "0" * 64, "0" * 64, "0" * 64)
    notes = {"base": base._replace(**changes), "old": old}
    ledger = Ledger(namespace, (last,), {}, (), notes, "ledger.yaml", {"base": 12, "old": 13})
    return dataclasses.replace(collection(), ledger=ledger)


def rows() -> list[tuple[list[dict[str, Any]], Collection, bool, list[str]]]:
    """(notes, collection, whether the end of the walk counts, findings) of each row of the table."""
    text = (HERE / "findings.yaml").read_text(encoding="utf-8")
    text = re.sub("<([0-9]+) words>", lambda match: " ".join(["word"] * int(match[1])), text)
    return [
        (
            [note(changes) for changes in row.get("notes") or [row["note"]]],
            released(**row["ledger"]) if "ledger" in row else collection(),
            "notes" in row,
            row["found"],
        )
        for row in yaml.load(text, yaml.CBaseLoader)
    ]


ROWS = rows()


@pytest.mark.parametrize(("notes", "within", "whole", "expected"), ROWS, ids=range(len(ROWS)))
def test_rules_find_this_there(notes: Any, within: Collection, whole: bool, expected: list[str]) -> None:
    assert found(*notes, within=within, whole=whole) == expected


def messages() -> str:
    """`rule: message` of all findings that the table brings, each once, sorted."""
    findings = [each for notes, within, whole, _ in ROWS for each in check(written(*notes), within, whole=whole)]
    return "\n".join(sorted({f"{finding.rule}: {finding.message}" for finding in findings})) + "\n"


def test_messages_say_what_is_wrong_and_what_to_do() -> None:
    assert messages() == MESSAGES.read_text(encoding="utf-8")


NOTATIONS = yaml.load((HERE / "notations.yaml").read_text(encoding="utf-8"), yaml.CBaseLoader)


@pytest.mark.parametrize("rule", NOTATIONS)
def test_doses_numbers_and_notations_are_found_wherever_they_stand(rule: str) -> None:
    """In the caveat of a note that rests on an unchecked reference: first, last and between other words."""

    def rules(text: str) -> set[str]:
        changed = note({"caveat": text, "evidence": "seen-2021"})
        return {finding.rule for finding in check(written(changed), collection(), whole=False)}

    for text in NOTATIONS[rule]["found"]:
        assert rule in rules(f"Then {text}, at once"), text
        assert rule in rules(text), text
    for text in NOTATIONS[rule]["left"]:
        assert rule not in rules(f"Then {text}, at once"), text


def test_every_notation_is_in_the_table() -> None:
    assert set(NOTATIONS) == {row.id for row in medication.TABLE} | {"dose-evidence", "caveat-number"}


@pytest.mark.parametrize(("word", "rule"), [("10mg", "unit-without-space"), ("always", "absolute-wording")])
def test_one_rule_lists_so_many_mistakes_of_one_text(word: str, rule: str) -> None:
    places = found(note({"answer": f"{word} " * (MAX_PER_TEXT + 5)}), whole=False)
    assert [place.split()[0] for place in places].count(rule) == MAX_PER_TEXT


def test_fifty_tags_are_enough() -> None:
    tags = [f"T{number}" for number in range(MAX_TAGS)]
    assert found(note({}) | {"tags": tags}, whole=False) == []
    assert found(note({}) | {"tags": [*tags, "Last"]}, whole=False) == ["reserved-tag at - T0"]


@pytest.mark.parametrize(("same", "other", "expected"), [(6, 0, False), (7, 0, True), (7, 342, True), (7, 343, False)])
def test_an_answer_is_a_pattern_on_seven_notes_and_on_more_than_one_in_fifty(same, other, expected) -> None:
    notes = [note({"id": f"a{n}", "question": f"Which vitamin is number {n}?"}) for n in range(same)]
    notes += [note({"id": f"b{n}", "question": f"Which vitamin has {n}?", "answer": f"V{n}"}) for n in range(other)]
    assert ("same-answer at a6:" in " ".join(found(*notes)) + ":") is expected


def test_a_hidden_part_counts_as_an_answer_once_on_a_note() -> None:
    notes = [
        note({"id": f"a{n}", "text": f"Case {n} wastes {{{{c1::salt}}}} and {{{{c2::Salt}}}} all day long, too."})
        for n in range(7)
    ]
    assert "same-answer at a5" not in found(*notes[:6])
    assert "same-answer at a6" in found(*notes)


def test_core_claims_are_tested_by_notes_that_learners_get() -> None:
    other = note({"claims": "C-4", "yield": "supporting", "source": "kidney/2", "cites": "problem/3"})
    assert found(other) == ["untested-claim at s.yaml:9"]
    assert found(other | {"claims": ["C-4", "C-1"], "yield": "core"}) == ["foreign-claims at C-1"]
    assert found(note({"retired.version": "1.1.0", "retired.reason": "Old."})) == ["untested-claim at s.yaml:9"]


def test_names_are_not_judged_by_files_that_could_not_be_read() -> None:
    """One mistake in source.yaml must not bring a finding on each note."""
    lost = note({"source": "nowhere/7", "claims": "C-9", "evidence": "nobody-1999"})
    of_source, of_references = (
        ["unknown-source at nowhere/7", "unknown-claim at C-9"],
        ["unknown-evidence at nobody-1999"],
    )
    for unread, expected in (("", of_source + of_references), ("source", of_references), ("references", of_source)):
        within = dataclasses.replace(collection(), unread=frozenset({unread}))
        assert found(lost, within=within, whole=False) == expected


@pytest.mark.parametrize(
    ("citation", "complete"),
    [
        ("Green A, della Bella B 3rd, et al. On leaves. J Bot 2020;1(2):3-4", True),
        ("Ångström Å; Leaf Study Group. Light? J Bot; published online 9 Dec 2025", True),
        ("Food and Drug Administration (a long agency in the United States). Warning; Oct 2023", True),
        ("Haute Autorité de santé. Avis; 2021", True),
        ("北京植物研究所. 叶. 2020", True),
        ("Green A. On leaves. J Bot", False),
        ("Green A 2020", False),
        ("Effects of light on leaves. J Bot 2020;1:2", False),
        ("LEAFY (sun) spray, prescribing information. Maker; 2020", False),
    ],
)
def test_a_reference_has_authors_and_a_year(citation: str, complete: bool) -> None:
    work = REFERENCES.replace(b"A. T. 2020", citation.encode())
    made, findings = read_collection(("c.yaml", COLLECTION), ("s.yaml", SOURCE), ("r.yaml", work))
    assert not findings
    places = found(note({"evidence": "checked-2020"}), within=made)
    assert places == ([] if complete else ["incomplete-reference at r.yaml:3"])


def test_a_reference_that_no_note_cites_is_a_finding() -> None:
    for unread, expected in (
        ("", ["unused-reference at r.yaml:3", "unused-reference at r.yaml:4"]),
        ("references", []),
    ):
        walk = Check(dataclasses.replace(collection(), unread=frozenset({unread})))
        places = [f"{rule} at {at.path}:{at.line}" for at, rule, _ in walk.finish()]
        assert [place for place in places if "reference" in place] == expected


WITH_PICTURE = dataclasses.replace(collection(), pictures={"a.png": Picture("a.png", "1-a.png", b"")})


@pytest.mark.parametrize(
    ("changes", "within", "expected"),
    [
        # The words read aloud in place of a picture describe it; they teach nothing.
        ({"picture": "![A label that says AF, 40 mg](a.png)"}, WITH_PICTURE, []),
        ({"question": "What is this ![kidney](a.png)?"}, WITH_PICTURE, []),
        ({"question": "What is this kidney?"}, WITH_PICTURE, ["orphan-pronoun at this kidney?"]),
        ({"source": "kidney/1"}, dataclasses.replace(collection(), sections={}), ["unknown-source at kidney/1"]),
        ({"source": "", "cites": "", "claims": ""}, dataclasses.replace(collection(), sections={}, claims={}), []),
        ({"claims": ""}, dataclasses.replace(collection(), claims={}), []),
        ({"extra": "Tumours of the kidney."}, dataclasses.replace(collection(), spelling=""), []),
        ({"answer": "Diuretics"}, dataclasses.replace(collection(), topic=()), []),
        ({"answer": "Loops"}, dataclasses.replace(collection(), topic=("LOOPS",)), ["topic-answer at Loops"]),
        (
            {"question": "Which drug slows AF?"},
            dataclasses.replace(collection(), abbreviations={"AF": "atrial fibrillation"}),
            [],
        ),
        ({"retired.version": "1.1.0", "retired.reason": "Old."}, collection(), []),  # nothing is released
        # A malformed text is not judged by its words; its names are judged all the same.
        (
            {"question": "Does <b>it always", "claims": "C-9"},
            collection(),
            ["raw-html at <b>it always", "unknown-claim at C-9"],
        ),
        (
            {"extra": "One <b> and <i>two</i>", "allow.yes-no": "meant"},
            collection(),
            ["raw-html at <b> and", "raw-html at <i>two</i>"],
        ),
    ],
)
def test_what_the_collection_says_counts(changes: dict[str, str], within: Collection, expected: list[str]) -> None:
    assert found(note(changes), within=within, whole=False) == expected


def test_a_picture_that_no_note_shows() -> None:
    pictures = {name: Picture(name, f"1-{name}", b"") for name in ("c.png", "a.png", "b.png")}
    within = dataclasses.replace(collection(), pictures=pictures, media_folder="decks/media")
    assert found(note({"picture": "![A kidney](b.png)"}), within=within) == [
        "unused-picture at decks/media/a.png:1",
        "unused-picture at decks/media/c.png:1",
    ]


if __name__ == "__main__":
    MESSAGES.write_text(messages(), encoding="utf-8")
