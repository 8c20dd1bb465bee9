"""The ledger: times tell Anki exactly what changed, and hashes are those of ledgers already committed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import small_deck
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import SMALL, START, note, release, released

from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Collection, Ledger, ReleasedNote
from ketamine_anki.release.ledger import (
    State,
    changed_tag,
    fresh_time,
    hashed_type,
    hashed_types,
    next_ledger,
    note_time,
    note_type_times,
)

texts_by_id = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), min_size=1)


@settings(max_examples=60)
@given(st.lists(st.tuples(texts_by_id, st.integers(-100, 100)), min_size=1, max_size=5))
def test_times_tell_exactly_what_changed(history: list[tuple[dict[str, str], int]]) -> None:
    """Over any history of releases, on any clock: a note's time never falls, rises when and only when its content
    changes (a revert included), and is never newer than the release.
    """
    ledger: Ledger | None = None
    texts: dict[str, str] = {}
    for count, (state, clock) in enumerate(history):
        before = dict(texts)
        texts |= state
        after = released(ledger, f"1.{count}.0", START + clock, texts)
        assert after.last is not None
        assert not ledger or after.note_types == ledger.note_types
        for note_id, text in texts.items():
            new = after.notes[note_id]
            old = ledger.notes.get(note_id) if ledger else None
            if old is None:
                assert (new.time, new.since) == (after.last.time, f"1.{count}.0")
            elif text == before[note_id]:
                assert new == old
            else:
                assert old.time < new.time == after.last.time
                assert new.since == old.since
        ledger = after


def test_the_entry_of_a_note() -> None:
    """Cards and subdecks are counted from 1; `since` and the release that retired the note stay."""
    first = replace(note("a"), note_type="cloze", cards=(0, 2), number=2)
    ledger = next_ledger(None, SMALL, [first], release("1.0.0", START))
    entry = ReleasedNote("a", first.guid, "cloze", 2, (1, 3), first.content_hash, START, "1.0.0", "")
    assert (ledger.namespace, ledger.notes) == ("tests/small", {"a": entry})
    after = next_ledger(ledger, SMALL, [replace(first, retired="1.1.0")], release("1.1.0", START + 9))
    assert after.notes == {"a": entry._replace(retired="1.1.0")}


def test_the_next_ledger_adds_its_release_and_describes_the_collection_as_it_is_now() -> None:
    first = released(None, "1.0.0", START, {"a": "1"})
    grown = replace(SMALL, decks=(*SMALL.decks, "Third"), repository="https://example.org/new")
    second = next_ledger(first, grown, [note("a", "1")], release("1.1.0", START + 9))
    assert second.releases == (*first.releases, release("1.1.0", START + 9))
    assert second.decks == (*first.decks, 'Small: "Deck" #1::03 Third')
    assert {kind.key: kind.time for kind in second.note_types.values()} == {"question": START + 9, "cloze": START + 9}
    of_ledger, of_grown, of_small = (
        {key: (kind.schema, kind.content) for key, kind in kinds.items()}
        for kinds in (second.note_types, hashed_types(grown), hashed_types(SMALL))
    )
    assert of_ledger == of_grown != of_small


def test_what_is_new_is_newer_than_every_release_on_any_clock() -> None:
    first = released(None, "1.0.0", START, {"a": "1"})
    builds = [(None, START), (first, START + 9), (first, START), (first, START - 1000)]
    assert [fresh_time(ledger, build) - START for ledger, build in builds] == [0, 9, 1, 1]


def test_a_note_with_another_guid_is_another_note() -> None:
    """When the namespace changes, no note keeps its time."""
    first = released(None, "1.0.0", START, {"a": "1"})
    assert note_time(first, note("a", "1"), START + 5) == START
    assert note_time(first, replace(note("a", "1"), guid="0" * 14), START + 5) == START + 5


def test_a_note_type_is_newer_only_when_it_changed() -> None:
    """A newer time alone would overwrite the learner's own style."""
    first = released(None, "1.0.0", START, {"a": "1"})
    hashes = hashed_types(SMALL)
    assert set(note_type_times(first, hashes, START + 5).values()) == {START}
    changed = hashes | {"cloze": hashes["cloze"]._replace(content="f" * 16)}
    assert note_type_times(first, changed, START + 5) == {"question": START, "cloze": START + 5}


def test_a_tag_names_the_release_that_changed_a_note_last() -> None:
    first = released(None, "1.0.0", START, {"a": "1", "b": "1"})
    ledger = released(first, "1.1.0", START + 9, {"a": "2", "b": "1"})

    def tags(note_id: str, text: str, version: str = "", ledger: Ledger | None = ledger) -> tuple[str, ...]:
        one = note(note_id, text)
        return changed_tag(replace(SMALL, ledger=ledger), one, note_time(ledger, one, START + 20), version)

    assert tags("a", "2") == tags("a", "2", "1.2.0") == ("Small::Changed::1.1.0",)
    assert tags("b", "2", "1.2.0") == ("Small::Changed::1.2.0",)
    as_when_new, by_no_release, new = tags("b", "1", "1.2.0"), tags("b", "2"), tags("c", "1", "1.2.0")
    assert [as_when_new, by_no_release, new, tags("a", "1", "1.0.0", None)] == [()] * 4


# --- hashes: a later version of the program has to compute the same ones ----------------------

FRONT = "{{#Übung}}{{Front}}{{/Übung}}"
TYPE = {
    "name": "T: ü",
    "is_cloze": False,
    "fields": ["Front", "Übung"],
    "templates": [("Card", FRONT, "{{Back}}")],
    "css": ".card {}",
}


@pytest.mark.parametrize(
    ("changed", "same_schema"),
    [
        ({"name": "T"}, True),
        ({"is_cloze": True}, False),
        ({"fields": ["Übung", "Front"]}, False),
        ({"templates": [("Karte", FRONT, "{{Back}}")]}, False),
        ({"templates": [("Card", f"<b>{FRONT}", "{{Back}}")]}, True),
        ({"templates": [("Card", "{{Front}}", "{{Back}}")]}, False),
        ({"templates": [("Card", FRONT, "{{Front}}")]}, True),
        ({"css": ".card { }"}, True),
    ],
)
def test_schema_and_content_of_a_note_type(changed: dict, same_schema: bool) -> None:
    """The schema is what must stay frozen, the content all that Anki shows."""
    known = hashed_type(**TYPE)
    assert known == ("T: ü", "d247aaee0e32df45", "04458ea10ef92f2a")
    other = hashed_type(**TYPE | changed)
    assert (other.schema == known.schema) == same_schema
    assert other.content != known.content


def test_note_types_are_hashed_as_anki_has_them() -> None:
    assert hashed_types(SMALL) == {
        key: hashed_type(f'Small: "Deck" #1: {kind.label}', key == "cloze", kind.fields, kind.templates, kind.css)
        for key, kind in note_types().items()
    }


def test_the_hash_of_a_note_is_the_one_released(tmp_path: Path) -> None:
    """Any other hash, be it by other separators or another order of tags, marks every released note as changed."""
    folder = small_deck.write(tmp_path, "- {question: 'Which gas — CO₂?', answer: Ja, tags: [c, b, A, B2]}")
    (one,) = small_deck.compiled(folder)
    concepts = [tag.rpartition("::")[2] for tag in one.compiled.tags if "Concept" in tag]
    assert concepts == ["A", "b", "B2", "c"]
    assert one.compiled.content_hash == "517c9adc4543ba62"


def digest(collection: Collection = SMALL, **changes: object) -> str:
    state = State(collection)
    state.add(replace(note("a"), **changes))
    return state.digest()


OTHER_COLLECTIONS = [
    {name: "other"}
    for name in (
        "title", "tag", "namespace", "description", "disclaimer", "licence", "licence_url", "evidence_date",
        "repository", "source_title",
    )
]  # fmt: skip
OTHER_NOTES = [
    {"guid": "0" * 14}, {"deck": "x"}, {"cards": (0, 1)}, {"number": 2}, {"index": 2}, {"fields": ("other",)},
    {"tags": ("other",)}, {"note_type": "cloze"}, {"retired": "1.0.0"},
]  # fmt: skip


def test_a_release_has_a_hash_of_all_that_it_holds() -> None:
    """Every change of what a learner would get gives another hash."""
    others = [digest(replace(SMALL, **changes)) for changes in (*OTHER_COLLECTIONS, {"decks": SMALL.decks[::-1]})]
    others += [digest(**changes) for changes in OTHER_NOTES]
    assert len({digest(), *others}) == 1 + len(others)
    about = {"First": "One", "Zweite: ü": "Two"}
    one, same = (replace(SMALL, about=dict(pairs)) for pairs in (about.items(), reversed(about.items())))
    assert digest() != digest(one) == digest(same)


def test_the_hash_of_a_release_is_the_one_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketamine_anki.release.ledger.hashed_types", lambda collection: {"T": hashed_type(**TYPE)})
    assert digest() == "92ab0e4afc23a7d1"
