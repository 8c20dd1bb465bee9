"""Whatever comes back from Anki is compared, and edited in exactly or refused."""

from __future__ import annotations

import re

import generators
from generators import Choices
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ketamine_anki.core.model import Deck
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.intake.apply import EditError, edit_deck, entry
from ketamine_anki.intake.compare import compare
from ketamine_anki.text.render import render_note

CHOICES = st.builds(Choices, st.binary(max_size=40) | st.binary(min_size=60, max_size=240))
FEW = settings(max_examples=settings().max_examples // 3)


def sound_note(c: Choices, number: int) -> dict:
    """A note without mistakes of form: texts of whole syntax, names that are known."""
    note = generators.note(c, number)
    note |= {"source": "kidney/1", "cites": ["problem/1"], "claims": ["C-1"], "tags": ["Kidney"], "yield": "core"}
    for key in ("retired", "allow", "beyond", "evidence", "caveat"):
        note.pop(key, None)
    return note


def sound_deck(c: Choices) -> tuple[Deck, str]:
    notes = [sound_note(c, number) for number in range(1 + c.number(2))]
    text = "deck: First Part\nnotes:\n" + "".join(generators.entry(c, note) for note in notes)
    assume(not re.search("[\ud800-\udfff]", text))
    deck, findings = read_deck("d.yaml", text.encode())
    assume(deck is not None and not findings)
    assert deck is not None
    shown = [one for note in deck.notes for one in render_note(note, generators.collection()).values()]
    assume(not any(one.findings for one in shown))
    return deck, text


@FEW
@given(CHOICES)
def test_any_export_is_compared(c: Choices) -> None:
    """Fields, tags and note types of anybody; what it proposes reads as a note."""
    deck, _ = sound_deck(c)
    export = c.some(lambda: generators.stranger(c, deck.notes), 3)
    found = compare(deck.notes, generators.collection(), export, c.some(lambda: generators.stranger(c, deck.notes), 2))
    for proposal in found.proposals:
        head = f"deck: First Part\nnotes:\n{entry(proposal, generators.collection())}"
        _, findings = read_deck("d.yaml", head.encode())
        assert all("TODO" in finding.message for finding in findings), (head, findings)
    for change in found.changes:
        assert change.old != change.new


@FEW
@given(CHOICES)
def test_an_export_without_edits_changes_nothing(c: Choices) -> None:
    deck, _ = sound_deck(c)
    found = compare(deck.notes, generators.collection(), [generators.exported(note) for note in deck.notes])
    assert (found.matched, found.changes, found.proposals, found.leftovers) == (len(deck.notes), [], [], [])


@FEW
@given(CHOICES)
def test_edits_come_back_as_edits_of_exactly_these_values_or_are_refused(c: Choices) -> None:
    """What is written reads as meant, every other note and line stays, and intake has then nothing more to say."""
    deck, text = sound_deck(c)
    came = [generators.export(c, note) for note in deck.notes]
    found = compare(deck.notes, generators.collection(), came)
    changes = [change for change in found.changes if isinstance(change.new, str)]
    try:
        data = edit_deck(text.encode(), deck, generators.collection(), changes, [])
    except EditError:
        return
    again, findings = read_deck("d.yaml", data)
    assert again is not None
    assert findings == []
    changed = {(change.note.id, change.key): change.new for change in changes}
    for before, after in zip(deck.notes, again.notes, strict=True):
        wanted = {key: changed.get((before.id, key), value) for key, value in before.texts()}
        wanted |= {key: value for (name, key), value in changed.items() if name == before.id}
        assert dict(after.texts()) == {key: value for key, value in wanted.items() if value}
    assert compare(again.notes, generators.collection(), came).changes == [
        change for change in found.changes if not isinstance(change.new, str)
    ]
