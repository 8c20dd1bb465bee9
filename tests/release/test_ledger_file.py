"""ledger.yaml: what is written is read back, and everything else is a finding."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import generators
import pytest
import yaml
from generators import Choices
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import GOOD, START, released

from ketamine_anki.anki.compile import guid
from ketamine_anki.core.model import Ledger, Position
from ketamine_anki.release.ledger_file import ledger_text, read_ledger, version_key

ids = st.sampled_from(["a", "a1", "b-2", "0", "x-y-z"])


def read(text: str) -> Ledger:
    ledger, findings = read_ledger("decks/ledger.yaml", text.encode("utf-8"))
    assert ledger is not None, findings
    return ledger


@settings(max_examples=40)
@given(st.dictionaries(ids, st.sampled_from("abc"), min_size=1), st.sets(ids), st.lists(ids, unique=True, max_size=3))
def test_what_is_written_is_read_back(texts: dict[str, str], retired: set[str], errata: list[str]) -> None:
    """Ledger -> text -> the same ledger; and any YAML reader agrees on the entries."""
    ledger = released(None, "1.0.0", START, texts, *(retired & set(texts)))
    ledger = replace(ledger, releases=(ledger.releases[0]._replace(errata=tuple(errata)),))
    text = ledger_text(ledger)
    assert read(text) == ledger == read(text.replace("\n", "\r\n"))
    values = yaml.load(text, yaml.CBaseLoader)
    assert list(values["notes"]) == sorted(texts)
    assert values["decks"] == ['Small: "Deck" #1::01 First', 'Small: "Deck" #1::02 Zweite: ü']
    assert values["releases"][0]["errata"] == errata
    assert all(values["notes"][i]["time"] == str(n.time) for i, n in ledger.notes.items())


def test_the_text_of_a_ledger() -> None:
    """Committed ledgers look like this: a later version of the program has to read it, and to write the same."""
    lines = GOOD.splitlines()
    assert lines[3] == (
        f"  - {{version: 1.0.0, time: {START}, notes: 9, cards: 8, new: 7, changed: 6, moved: 5, retired: 4, "
        f"errata: [], state: {'1' * 16}, package: {'2' * 64}, update: {'3' * 64}, sums: {'4' * 64}}}"
    )
    hashed = read(GOOD).notes["b"].hash
    assert lines[13] == (
        f"  b: {{guid: {guid('tests/small', 'b')}, type: question, deck: 1, cards: [1], hash: {hashed}, "
        f"time: {START}, since: 1.0.0}}"
    )
    assert read(GOOD).place("b") == Position("decks/ledger.yaml", 14, 1)
    assert read(GOOD).place() == read(GOOD).place("unknown") == Position("decks/ledger.yaml", 1, 1)


def test_a_release_is_a_small_diff() -> None:
    """One changed note of many changes its line, and adds the release's."""
    texts = {f"n{i}": "a" for i in range(50)}
    first = released(None, "1.0.0", START, texts)
    second = released(first, "1.0.1", START + 10, texts | {"n7": "b"})
    before, after = (ledger_text(ledger).splitlines() for ledger in (first, second))
    assert (len(set(after) - set(before)), len(set(before) - set(after))) == (2, 1)


def test_the_extremes_of_what_is_accepted() -> None:
    """A note in the last subdeck, retired in the last release; a comment; several cards."""
    text = GOOD.replace("deck: 1, cards: [1]", "deck: 2, cards: [1, 12]")
    text = text.replace("since: 1.0.0}\n", "since: 1.0.0, retired: 1.1.0}\n").replace("decks:", "# a comment\ndecks:")
    assert {(n.deck, n.cards, n.retired) for n in read(text).notes.values()} == {(2, (1, 12), "1.1.0")}


def test_versions_compare_by_number() -> None:
    assert version_key("1.10.0") > version_key("1.9.9")


MALFORMED = "not as `release` writes it: restore the file from version control"
EMPTY = "no namespace, release or note in it: restore the file from version control"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("  a: {", "<<<<<<< HEAD\n  a: {", 13, MALFORMED),
        ("since: 1.0.0}\n  b", "since: 1.0.0, note: x}\n  b", 13, MALFORMED),
        ("guid: ", "guid: 0", 13, MALFORMED),
        ("hash: ", "hash: 0", 13, MALFORMED),
        ("cards: [1]", "cards: []", 13, MALFORMED),
        ("errata: []", "errata: [A]", 4, MALFORMED),
        ("state: ", "state: 0", 4, MALFORMED),
        ("sums: ", "sums: 0", 4, MALFORMED),
        ("namespace: ", "namespace: 1", 2, MALFORMED),
        ('"tests/small"', '"\\q"', 2, MALFORMED),
        ('01 First"', '\\q"', 10, MALFORMED),
        ('01 First"', '01 Fi\\u0072st"', 10, MALFORMED),  # a needless escape
        ("namespace: ", 'namespace: "tests/small"\nnamespace: ', 3, MALFORMED),
        ("  question: {", "  cloze: {", 8, "'cloze' out of order"),
        ("note_types:\n", "note_types:\nnote_types:\n", 7, MALFORMED),
        ("since: 1.0.0}\n", "since: 1.0.0}", 13, MALFORMED),
        (GOOD, "decks\n", 1, MALFORMED),
        (GOOD, GOOD[:-1], 14, MALFORMED),
        (GOOD, "", 1, EMPTY),
        (GOOD, 'namespace: "x"\n', 1, EMPTY),
        (GOOD, "releases:\n", 1, EMPTY),
        ('namespace: "tests/small"\n', "", 1, EMPTY),
        (GOOD[GOOD.index("  - {version") : GOOD.index("note_types:")], "", 1, EMPTY),
        (GOOD[GOOD.index("  a: {") :], "", 1, EMPTY),
        ("  a: {", "  c: {", 14, "'b' out of order"),
        ("  b: {", "  a: {", 14, "'a' out of order"),
        ("version: 1.1.0", "version: 1.0.0", 5, "does not follow"),
        (f"version: 1.1.0, time: {START + 9}", f"version: 1.1.0, time: {START}", 5, "does not follow"),
        (f"time: {START}}}\ndecks", f"time: {START + 3}}}\ndecks", 8, "'question' has the time of no release"),
        (f"time: {START}, since: 1.0.0}}\n", f"time: {START + 3}, since: 1.0.0}}\n", 14, "of no release"),
        ("since: 1.0.0}\n  b", "since: 1.0.7}\n  b", 13, "of no release"),
        ("since: 1.0.0}\n", "since: 1.0.0, retired: 1.2.0}\n", 13, "of no release"),
        (
            f"time: {START}, since: 1.0.0}}\n",
            f"time: {START}, since: 1.1.0}}\n",
            14,
            "a time before the release that introduced it",
        ),
        ("deck: 1, cards", "deck: 3, cards", 13, "deck or note type that is not listed"),
        ("deck: 1, cards", "deck: 0, cards", 13, "deck or note type that is not listed"),
        ("type: question, deck", "type: other, deck", 13, "deck or note type that is not listed"),
        (guid("tests/small", "b"), guid("tests/small", "a"), 14, "the GUID of another note"),
        (f", time: {START}}}\n  question", ", time: 1}\n  question", 7, "note type 'cloze'"),
    ],
)
def test_a_ledger_that_was_edited_is_a_finding(old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    ledger, (finding,) = read_ledger("decks/ledger.yaml", GOOD.replace(old, new, 1).encode("utf-8"))
    assert ledger is None
    assert (finding.position, finding.rule) == (Position("decks/ledger.yaml", line, 1), "ledger")
    assert message in finding.message


@pytest.mark.parametrize(("ahead", "accepted"), [(60 * 60, True), (2 * 24 * 60 * 60, False)])
def test_a_ledger_from_the_future_is_a_finding(ahead: int, accepted: bool) -> None:
    """Learners who took its notes would get no later correction; clocks may differ by some hours."""
    moved = GOOD.replace(str(START + 9), str(int(time.time()) + ahead))
    ledger, findings = read_ledger("decks/ledger.yaml", moved.encode("utf-8"))
    assert (ledger is not None) == accepted
    assert [finding.position for finding in findings] == [] if accepted else [Position("decks/ledger.yaml", 5, 1)]
    message = r"release 1\.1\.0 is of \d{4}-\d\d-\d\d, which lies in the future: .+, or set this machine's clock"
    assert all(re.fullmatch(message, finding.message) for finding in findings)


def test_a_ledger_in_another_encoding_is_a_finding() -> None:
    ledger, (finding,) = read_ledger("ledger.yaml", b"# one\n\xff\xfe")
    assert ledger is None
    assert finding == (Position("ledger.yaml", 1, 1), "ledger", "not UTF-8: restore the file from version control")


@settings(max_examples=50)
@given(st.builds(Choices, st.binary(min_size=6, max_size=30)))
def test_a_damaged_ledger_is_refused_or_what_release_would_write(choices: Choices) -> None:
    text = generators.damaged(choices, GOOD)
    data = text.encode("utf-8", "surrogatepass")
    ledger, findings = read_ledger("ledger.yaml", data)
    assert (ledger is None) == bool(findings)
    if ledger is not None:
        assert entries(ledger_text(ledger)) == entries(text)
    lines = data.decode("utf-8", "replace").count("\n") + 1
    assert all(1 <= finding.position.line <= lines for finding in findings)


def entries(ledger: str) -> list[str]:
    """The lines of a ledger without comments, blank lines and headings."""
    lines = ledger.replace("\r\n", "\n").split("\n")
    return [line for line in lines if not line.endswith(":") and line and line[0] != "#"]
