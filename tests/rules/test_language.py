"""Which rules hold in a collection: by its language, by what it switches off, and by what it excuses nobody from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import check, collection, note, rules

from ketamine_anki.core.language import decimal_sign, is_right_to_left
from ketamine_anki.core.model import Collection
from ketamine_anki.rules.checker import OPTIONAL, groups
from ketamine_anki.workspace.folder import Folder


def within(language: str = "en", **names: tuple[str, ...]) -> Collection:
    return replace(collection(), language=language, rules=names)


def found(changes: dict[str, Any], collection: Collection) -> list[str]:
    return rules(check(note(changes), within=collection))


@pytest.mark.parametrize(
    ("language", "changes", "expected"),
    [
        ("de", {"question": "Was hemmt Warfarin?", "answer": "It is a hund"}, []),
        ("de", {"question": "Is das ein Test?"}, []),
        ("de", {"answer": "Die Leber bzw. Hepatozyten der Leber"}, []),
        ("en", {"question": "Is warfarin a test?"}, ["yes-no"]),
        ("en-GB", {"question": "Is warfarin a test?"}, ["yes-no"]),
        ("de", {"extra": "Man nimmt 1.300 g", "evidence": "checked-2020"}, []),
        ("de", {"extra": "Man nimmt 1,0 mg", "evidence": "checked-2020"}, ["trailing-zero"]),
        ("de", {"extra": "Man nimmt ,5 mg", "evidence": "checked-2020"}, ["naked-decimal"]),
        ("de-CH", {"extra": "Man nimmt 1.0 mg", "evidence": "checked-2020"}, ["trailing-zero"]),
        ("en", {"extra": "Take 1.0 mg", "evidence": "checked-2020"}, ["trailing-zero"]),
        ("fr", {"extra": "On verse 500 ml, puis 5 U", "evidence": "checked-2020"}, []),
        ("fr", {"extra": "On prend 10mg", "evidence": "checked-2020"}, ["unit-without-space"]),
        ("fr", {"extra": "On prend 10 mg"}, ["dose-evidence"]),
    ],
)
def test_a_rule_holds_in_the_language_it_is_made_for(
    language: str, changes: dict[str, str], expected: list[str]
) -> None:
    assert found(changes, within(language)) == expected


def test_the_decimal_sign_of_the_language_is_named() -> None:
    bad = note({"extra": "Man nimmt 1,0 mg", "evidence": "checked-2020"})
    (finding,) = check(bad, within=within("de"))
    assert "1 mg for 1,0 mg" in finding.message


DOSE = {"extra": "Mix 250 g of butter and 500 ml of milk"}


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ((), ["dose-evidence", "small-ml"]),
        (("medication",), []),
        (("small-ml",), ["dose-evidence"]),
        (("wording", "dose-evidence"), ["small-ml"]),
    ],
)
def test_rules_and_groups_are_switched_off(off: tuple[str, ...], expected: list[str]) -> None:
    assert found(DOSE, within(off=off)) == expected


def test_all_that_may_be_switched_off_is_a_rule_of_the_manual() -> None:
    pages = groups()
    assert {name for pages in pages.values() for name in pages} >= OPTIONAL
    assert not OPTIONAL & {*pages["format"], *pages["text"], *pages["released"], *pages["excuses"], "duplicate-id"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("yesno", "rule 'yesno' is unknown: did you mean 'yes-no'?"),
        ("medicaton", "rule 'medicaton' is unknown: did you mean 'medication'?"),
        ("raw-html", "rule 'raw-html' always holds"),
        ("unknown-claim", "rule 'unknown-claim' always holds"),
    ],
)
@pytest.mark.parametrize("key", ["off", "strict"])
def test_a_name_that_is_no_rule_is_found(key: str, name: str, message: str) -> None:
    findings = check(note({}), whole=True, within=within(**{key: ("yes-no", name)}))
    assert [(finding.rule, finding.message) for finding in findings] == [("unknown-rule", message)]


def test_the_deck_of_this_repository_switches_nothing_off(real_decks: Path) -> None:
    """What rests on evidence has no exceptions in it."""
    real = Folder(real_decks).collection
    assert real is not None
    assert (real.language, set(real.rules)) == ("en", {"strict"})
    assert {"provenance", "dose-evidence"} <= set(real.rules["strict"])


def test_a_strict_rule_excuses_nobody() -> None:
    excused = {"extra": "The usual dose is 40 mg", "allow.dose-evidence": "known to all"}
    assert found(excused, within()) == []
    assert found(excused, within(strict=("dose-evidence",))) == ["dose-evidence", "unused-allow"]
    assert found(excused, within(strict=("medication",))) == ["dose-evidence", "unused-allow"]


@pytest.mark.parametrize(
    ("tag", "sign", "rtl"),
    [
        ("en", ".", False),
        ("de", ",", False),
        ("es", ",", False),
        ("es-MX", ".", False),
        ("ja", ".", False),
        ("ar", ".", True),
        ("fa-IR", ".", True),
        ("ks-Deva", ".", False),
        ("az-Latn", ",", False),
    ],
)
def test_what_a_language_tag_says(tag: str, sign: str, rtl: bool) -> None:
    assert (decimal_sign(tag), is_right_to_left(tag)) == (sign, rtl)
