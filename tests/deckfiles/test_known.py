"""Mistakes of the program that properties found, kept as they were found."""

from __future__ import annotations

import pytest
from invariants import text_of

from ketamine_anki.core.model import Where
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.formatter import canonical
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.intake.unrender import unrender
from ketamine_anki.text.render import render

NOTE = """\
deck: D
notes:
  - id: a
    question: q?
    answer: %s
    source: s/1
    tags: [t]
    yield: core
    skill: recall
"""


@pytest.mark.parametrize(
    ("text", "cloze"), [("| a |\n| - |\n| b | lost |", False), ("| a |\n| - |\n| b | {{c1::lost}} |", True)]
)
def test_no_cell_of_a_table_is_lost_without_a_mistake(text: str, cloze: bool) -> None:
    rendered = render(text, {}, cloze=cloze)
    assert rendered.findings or "lost" in text_of(rendered.html)


def test_no_note_is_lost_without_a_finding() -> None:
    deck, findings = read_deck("d.yaml", (NOTE % r'"a\u0300\u0300\u0300\u0300"').encode())
    assert findings or (deck is not None and len(deck.notes) == 1)


def test_the_micro_sign_is_found_where_it_is_typed() -> None:
    deck, _ = read_deck("d.yaml", (NOTE % "the dose is 5 \u00b5g").encode())
    assert deck is not None
    found = deck.notes[0].places.at(Where("answer", "5 \u03bcg"))
    assert NOTE.split("\n")[found.line - 1].index("%s") + len("the dose is ") + 1 == found.column


@pytest.mark.parametrize("answer", ["'\u00a0so'", "'so\u00a0'", "\u3000so"])
def test_a_text_that_starts_or_ends_with_another_space_has_a_canonical_form(answer: str) -> None:
    assert canonical("d.yaml", (NOTE % answer).encode(), schema.DECK)


def test_a_marked_section_in_a_field_is_no_exception() -> None:
    with pytest.raises(ValueError):
        unrender("a <![x]>", {})
