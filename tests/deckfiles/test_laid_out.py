"""A file laid out as `fmt` does is read past libyaml to the same notes, in the same places, as the long way."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from unittest import mock

import made
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import Choices
from program import REPOSITORY
from promises import check_read_quickly, is_read_quickly

from ketamine_anki.core.model import Position
from ketamine_anki.deckfiles import formatter, schema
from ketamine_anki.deckfiles.reader import read_deck

DECKS = sorted((REPOSITORY / "decks").glob("[0-9]*.yaml"))
EVERYTHING = """\
# yaml-language-server: $schema=deck.schema.json

deck: First Part
notes:
  - id: a-1
    question: Which gas do leaves take up, at 12:30 & in light?
    answer: >-
      Carbon dioxide (CO2), which is: a gas
      # no comment
      - no list
    reverse:
      question: What is CO2?
      answer: >-
        Carbon
        dioxide
    extra: 'It''s so: X '
    picture: "it's a leaf"
    caveat: a#b c:d \u00b5g e\u0301
    evidence: [green-2020, white-2021]
    source: kidney/1
    cites: [problem/12]
    claims: [L-18]
    tags: [A, B_c]
    yield: core
    skill: recall
    beyond: because $x_{1}$
    retired:
      version: 1.0.0
      reason: Old.
      see: b

  - id: b
    text: >-
      In {{c1::light}}
      x
    source: kidney/1
    tags: [A]
    yield: core
    skill: recall
"""
# What a hand may do to a line.
SIGNS = """ ' " : # \\ - ? , [ ] { } & * ! | > % @ ` ~ = 0 x << >- |- ... --- null \\n :: {{ }} <b> e\u0301""".split(
    " "
)
SIGNS += [" ", "  ", ": ", " #", "- ", "\n", "\n\n", "\t", "\r", "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "\x1c"]
SIGNS += ["\u00b5", "\u00e9", "\u03a9", "\U0001f600"]
SIGNS += ["\n  - id: q\n", "\n    answer: z\n", "\n      k: v\n", "\n    allow:\n      some-rule: why\n", "\n# c\n"]


def test_every_form_of_fmt_is_read() -> None:
    text, findings = formatter.canonical("d.yaml", EVERYTHING.encode(), schema.DECK)
    assert findings == []
    for typed in (EVERYTHING, text):
        assert is_read_quickly(typed.encode())
        check_read_quickly(typed.encode())
    deck, _ = read_deck("d.yaml", EVERYTHING.encode())
    assert deck is not None
    notes = deck.notes
    assert notes[0].extra == "It's so: X"
    assert notes[0].answer == "Carbon dioxide (CO2), which is: a gas # no comment - no list"
    assert notes[0].caveat == "a#b c:d \u03bcg \u00e9"
    assert notes[0].places.marks["answer"].line == 6


def test_who_asks_for_no_other_place_than_all_do_waits_for_no_parser() -> None:
    deck, _ = read_deck("d.yaml", EVERYTHING.encode())
    assert deck is not None
    with mock.patch("ketamine_anki.deckfiles.laid_out.parse_text", side_effect=AssertionError):
        assert deck.places.at("deck") == Position("d.yaml", 3, 7)
        assert deck.notes[0].places.at("id") == Position("d.yaml", 5, 9)
        with pytest.raises(AssertionError):
            deck.notes[0].places.at("answer")


def test_the_place_of_a_deck_is_as_long_as_it_is_typed() -> None:
    data = EVERYTHING.replace("First Part", "Ire\u0301ne").encode()
    assert is_read_quickly(data)
    check_read_quickly(data)


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_the_real_deck_is_read(path: Path) -> None:
    assert is_read_quickly(path.read_bytes())
    check_read_quickly(path.read_bytes())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("skill: recall\n", "skill: recal\n"),
        ("tags: [A]", "tags: [A, A]"),
        ("tags: [A]", "tags: [A b]"),
        ("tags: [A]", "tags: A"),
        ("source: kidney/1", "source: [kidney/1]"),
        ("id: b\n", "id: B\n"),
        ("id: b\n", "id: b\n    id: c\n"),
        ("    text: >-\n", "    txt: >-\n"),
        ("    tags: [A]\n", ""),
        ("      x\n", "      x #y\n    extra: z #y\n"),
        ("      x\n", "       x\n"),
        ("      x\n", "      x\n\n      y\n"),
        ("      x\n", "      x \n"),
        ("yield: core\n", f"yield: core\n    extra: {'x' * 20_001}\n"),
        ("      see: b\n", "      see: b\n      sea: b\n"),
        ("      reason: Old.\n", ""),
        ("      see: b\n", "      see: b\n      see: b\n"),
        ("version: 1.0.0", "version: 1.0"),
        ("deck: First Part\n", "deck: First Part\ntitle: x\n"),
        ("deck: First Part\n", f"deck: {'x' * 201}\n"),
        ("notes:\n", "notes: []\n"),
        ("  - id: b\n", "  - skill: recall\n    id: b\n"),
        ("notes:\n  - id", "notes:\n    id"),
        ("  - id: b\n", "  - id: 'b'\n"),
        ("  - id: b\n", "  - id: >-\n      b\n"),
        ("# yaml", "%YAML 1.1\n# yaml"),
    ],
)
def test_what_may_be_a_mistake_is_read_the_long_way(old: str, new: str) -> None:
    assert EVERYTHING.count(old) >= 1
    assert not is_read_quickly(new.join(EVERYTHING.rsplit(old, 1)).encode())


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 2), st.sampled_from(SIGNS)), min_size=1, max_size=3))
def test_any_edit_of_a_file_is_read_as_the_long_way(edits: list[tuple[int, int, str]]) -> None:
    text = EVERYTHING
    for at, cut, sign in edits:
        at %= len(text)
        text = text[:at] + sign + text[at + cut :]
    check_read_quickly(text.encode())


_LINES = ("drop", "double", "swap", "left", "right", "no dash", "dash")


@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(_LINES)), min_size=1, max_size=3))
def test_any_edit_of_whole_lines_is_read_as_the_long_way(edits: list[tuple[int, str]]) -> None:
    lines = EVERYTHING.split("\n")
    for at, how in edits:
        at %= len(lines) - 1
        line = lines[at]
        made_of_it = {
            "drop": [],
            "double": [line, line],
            "left": [line.removeprefix("  ")],
            "right": [f"  {line}"],
            "no dash": [line.replace("- ", "  ", 1)],
            "dash": [line.replace("    ", "  - ", 1)],
            "swap": [lines[at + 1], line],
        }[how]
        lines[at : at + 1 + (how == "swap")] = made_of_it
    check_read_quickly("\n".join(lines).encode())


@settings(max_examples=settings().max_examples // 3)
@given(st.builds(Choices, st.binary(max_size=40) | st.binary(min_size=60, max_size=240)))
def test_any_deck_is_read_as_the_long_way(c: Choices) -> None:
    _, text = made.deck(c)
    data = text.encode("utf-8", "replace")
    formatted, _ = formatter.canonical("d.yaml", data, schema.DECK)
    check_read_quickly(formatted.encode() or data)
    check_read_quickly(made.damaged(c, formatted or text).encode("utf-8", "replace"))


@pytest.mark.parametrize(
    "body",
    [
        "    question: '" + "b" * 1_900_000,
        "    question: 'b\n" + "b'" * 900_000,
        "    question: " + "a:" * 900_000,
        "    a:" * 300_000,
        "    tags: [" + "a, " * 600_000,
        "x" * 1_900_000,
        "\n" * 1_900_000,
        "    a: b\n" * 200_000,
        "    question: >-\n" + "      b\n" * 200_000,
    ],
    ids=lambda body: body[:16].strip() or "lines",
)
def test_what_is_huge_is_left_to_the_long_way_at_once(body: str) -> None:
    data = f"deck: First Part\nnotes:\n  - id: a\n{body}".encode()
    tracemalloc.start()
    try:
        assert not is_read_quickly(data)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


def test_more_values_than_a_file_may_have_are_left_to_the_long_way() -> None:
    keys = "question answer extra caveat beyond".split()
    note = "".join(f"    {key}: x\n" for key in keys)
    note += "    source: a/1\n"
    note += "    evidence: [a]\n    cites: [b]\n    claims: [c]\n    tags: [d]\n    yield: core\n    skill: recall\n"
    for number in (1_000, 5_000):
        data = ("deck: First Part\nnotes:\n" + "".join(f"  - id: a-{n}\n{note}" for n in range(number))).encode()
        assert is_read_quickly(data) == (number == 1_000)
        deck, findings = read_deck("d.yaml", data)
        assert [finding.rule for finding in findings] == (["limit"] if deck is None else [])


def test_the_name_of_a_deck_is_measured_as_it_is_read() -> None:
    assert not is_read_quickly(EVERYTHING.replace("First Part", "\u0958" * 150).encode())


@pytest.mark.parametrize(("notes", "lines"), [(5_000, 0), (5_001, 0), (1, 390), (1, 399)])
def test_limits_are_those_of_the_long_way(notes: int, lines: int) -> None:
    """More notes than a file may have; more text than a value may, in lines that are short each."""
    text = ">-\n" + "".join(f"      {'x' * 50}\n" for _ in range(lines)) if lines else "x\n"
    rest = "    source: a/1\n    tags: [A]\n    yield: core\n    skill: recall\n"
    each = [f"  - id: a-{n}\n    question: Q?\n    answer: {text}{rest}" for n in range(notes)]
    data = ("deck: First Part\nnotes:\n" + "".join(each)).encode()
    sound = notes <= 5_000 and 51 * lines <= 20_000
    assert is_read_quickly(data) == sound
    _, findings = read_deck("d.yaml", data)
    assert [finding.rule for finding in findings] == ([] if sound else ["limit"])
