"""Which notes each rule finds fault with, where, and in which words.

findings.yaml and languages.yaml are the tables of inputs with rule and place; messages.txt is the snapshot of all
messages that these inputs bring. After an intended change of wording, `python tests/rules/test_findings.py` writes the
snapshot anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

if __name__ == "__main__":
    sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[1:3]]

from base_note import COLLECTION, REFERENCES, SOURCE, check, collection, note, rules, written

from ketamine_anki.anki.compile import guid
from ketamine_anki.core.limits import MAX_PER_TEXT, MAX_TAGS
from ketamine_anki.core.model import Collection, Ledger, Picture, Release, ReleasedNote
from ketamine_anki.deckfiles.reader import read_collection
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.medication import TABLE

HERE = Path(__file__).parent
MESSAGES = HERE / "messages.txt"


def found(*notes: Mapping[str, Any], within: Collection | None = None, whole: bool = True) -> list[str]:
    """`rule at WORDS` of each finding, with the two words that stand at its place, or with `ledger.yaml:LINE` and the
    like for a place in another file.
    """
    lines = written(*notes).split("\n")
    places = []
    for (path, line, column), rule, _ in check(*notes, within=within, whole=whole):
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
    return replace(collection(), ledger=ledger)


AS_VALUES = {
    "pictures": lambda names: {name: Picture(name, f"1-{name}", b"") for name in names},
    "rules": lambda rules: {key: tuple(names) for key, names in rules.items()},
    "topic": tuple,
    "unread": frozenset,
}


def rows() -> list[tuple[list[dict[str, Any]], Collection, bool, list[str]]]:
    """(notes, collection, whether the end of the walk counts, findings) of each row of the tables."""
    text = "".join((HERE / name).read_text(encoding="utf-8") for name in ("findings.yaml", "languages.yaml"))
    text = re.sub("<([0-9]+) words>", lambda match: " ".join(["word"] * int(match[1])), text)
    text = re.sub("<([0-9]+) (.)>", lambda match: match[2] * int(match[1]), text)
    parsed = []
    for row in yaml.load(text, yaml.CBaseLoader):
        notes = [note(changes) for changes in row.get("notes") or [row["note"]]]
        changes = {key: AS_VALUES.get(key, lambda value: value)(value) for key, value in row.get("within", {}).items()}
        within = released(**row["ledger"]) if "ledger" in row else replace(collection(), **changes)
        parsed.append((notes, within, "notes" in row, row["found"]))
    return parsed


ROWS = rows()


@pytest.mark.parametrize(("notes", "within", "whole", "expected"), ROWS, ids=range(len(ROWS)))
def test_rules_find_this_there(notes: Any, within: Collection, whole: bool, expected: list[str]) -> None:
    assert found(*notes, within=within, whole=whole) == expected


def messages() -> str:
    """`rule: message` of all findings that the tables bring, each once, sorted."""
    findings = [each for notes, within, whole, _ in ROWS for each in check(*notes, within=within, whole=whole)]
    return "\n".join(sorted({f"{finding.rule}: {finding.message}" for finding in findings})) + "\n"


def test_messages_say_what_is_wrong_and_what_to_do() -> None:
    assert messages() == MESSAGES.read_text(encoding="utf-8")


NOTATIONS = yaml.load((HERE / "notations.yaml").read_text(encoding="utf-8"), yaml.CBaseLoader)


@pytest.mark.parametrize("rule", [row.id for row in TABLE] + ["dose-evidence", "caveat-number"])
def test_doses_numbers_and_notations_are_found_wherever_they_stand(rule: str) -> None:
    """In the caveat of a note that rests on an unchecked reference: first, last and between other words."""
    for text in NOTATIONS[rule]["found"]:
        for caveat in (f"Then {text}, at once", text):
            assert rule in rules(check(note({"caveat": caveat, "evidence": "seen-2021"}))), caveat
    for text in NOTATIONS[rule]["left"]:
        assert rule not in rules(check(note({"caveat": f"Then {text}, at once", "evidence": "seen-2021"}))), text


@pytest.mark.parametrize(("word", "rule"), [("10mg", "unit-without-space"), ("always", "absolute-wording")])
def test_one_rule_lists_so_many_mistakes_of_one_text(word: str, rule: str) -> None:
    assert rules(check(note({"answer": f"{word} " * (MAX_PER_TEXT + 5)}))).count(rule) == MAX_PER_TEXT


def test_fifty_tags_are_enough() -> None:
    tags = [f"T{number}" for number in range(MAX_TAGS)]
    assert found(note({}) | {"tags": tags}) == []
    assert found(note({}) | {"tags": [*tags, "Last"]}) == ["reserved-tag at - T0"]


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
    within, findings = read_collection(("c.yaml", COLLECTION), ("s.yaml", SOURCE), ("r.yaml", work))
    assert not findings
    places = found(note({"evidence": "checked-2020"}), within=within)
    assert places == ([] if complete else ["incomplete-reference at r.yaml:3"])


@pytest.mark.parametrize(("unread", "lines"), [("", [3, 4]), ("references", [])])
def test_a_reference_that_no_note_cites_is_a_finding(unread: str, lines: list[int]) -> None:
    walk = Check(replace(collection(), unread=frozenset({unread})))
    places = [f"{rule} at {at.path}:{at.line}" for at, rule, _ in walk.finish()]
    assert [place for place in places if "ref" in place] == [f"unused-reference at r.yaml:{line}" for line in lines]


if __name__ == "__main__":
    MESSAGES.write_text(messages(), encoding="utf-8")
