"""The manual: every rule fires on its bad examples and stays silent on its good ones, and on thirty good cards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import small_deck
import yaml
from base_note import BASE, check, examples, note, rules
from program import run

from ketamine_anki.rules import medication
from ketamine_anki.rules.checker import COLLECTION_RULES, EXCUSABLE, NOTE_RULES, groups, manual

HERE = Path(__file__).parent
MANUAL = manual()
NAMES = [rule.name for rule in (*NOTE_RULES, *COLLECTION_RULES)]
# Whose examples are each of one note alone; findings.yaml has those of others, and the fixtures under bad/.
ALONE = {rule.name for rule in NOTE_RULES if rule.group in ("wording", "cloze", "medication")}
ALONE |= {"reserved-tag", "unfinished", "foreign-claims", "missing-caveat", "caveat-number", "verbatim"}
EXAMPLES = [(name, kind, changes) for name in NAMES if name in ALONE for kind, changes in examples(MANUAL[name])]


@pytest.mark.parametrize(("name", "kind", "changes"), EXAMPLES)
def test_the_manuals_examples_are_true(name: str, kind: str, changes: dict[str, str]) -> None:
    names = rules(check(note(changes)))
    assert (name in names) is (kind == "Bad"), names


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_examples_and_is_tried(name: str) -> None:
    assert re.search(r"(?s)\n\nBad: .*\n\nGood: ", MANUAL[name])
    cases = [HERE / "findings.yaml", HERE / "languages.yaml", HERE / "test_findings.py", *HERE.glob("bad/*/*.yaml")]
    assert any(f"{name} " in path.read_text(encoding="utf-8") for path in cases)


@pytest.mark.parametrize("row", medication.TABLE, ids=[row.id for row in medication.TABLE])
def test_error_prone_notation_is_found_and_honest_notation_left_alone(row: medication.Notation) -> None:
    bad, good = re.findall("`(.*)`", row.manual)
    assert ", or " not in good  # one text, not the choice that the message offers
    for text, expected in ((bad, True), (good, False)):
        names = rules(check(note({"extra": f"Then {text}, at once.", "evidence": "checked-2020"})))
        assert (row.id in names) is expected, text


def test_thirty_good_cards_pass(tmp_path: Path) -> None:
    cards = yaml.load((HERE / "good_cards.yaml").read_text(encoding="utf-8"), yaml.CBaseLoader)["notes"]
    assert len(cards) >= 30
    folder = small_deck.write(tmp_path, yaml.safe_dump(cards, allow_unicode=True, width=10_000, sort_keys=False))
    ran = run("check", "--format", "lines", folder)
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize("name", sorted(EXCUSABLE))
def test_an_excuse_that_silences_nothing_is_a_finding(name: str) -> None:
    assert rules(check({**BASE, "allow": {name: "no reason at all"}}, whole=True)) == ["unused-allow"]


def test_the_rules_command_prints_every_rule_in_its_group() -> None:
    ran = run("rules")
    assert ran.code == 0
    names = "Format Text Identity Provenance Wording Cloze Interference Released Medication Excuses"
    assert re.findall(r"^# (\w+)$", ran.out, re.MULTILINE) == names.split() == [name.capitalize() for name in groups()]
    assert re.findall(r"^## ([\w-]+)$", ran.out, re.MULTILINE) == list(MANUAL)


def test_the_rules_command_prints_one_rule() -> None:
    ran = run("rules", "yes-no")
    assert ran.code == 0
    assert ran.out.startswith("## yes-no\n\nA yes/no question is right half the time")
    assert ran.out.endswith("Exception: `allow: {yes-no: the reason}`\n")
    assert "allow" not in run("rules", "unknown-claim").out
    assert run("rules", "[yes-no]").out == ran.out
    for typed, meant in (("yesno", "yes-no"), ("medcation", "medication")):
        ran = run("rules", typed)
        assert (ran.code, ran.err) == (2, f"ketamine-anki: no rule or group {typed!r}: did you mean {meant!r}?\n")


def test_the_rules_command_prints_the_rules_of_a_group() -> None:
    ran = run("rules", "Cloze")
    assert (ran.code, re.findall(r"^##? (\S+)$", ran.out, re.MULTILINE)) == (0, ["Cloze", *groups()["cloze"]])
