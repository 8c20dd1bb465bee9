"""What changes from one edition to the next, and how large a step of the version it is."""

from __future__ import annotations

import genanki
import pytest
from editions import MORE_TAGS, MOVED, edition, note
from ledgers import SMALL, released

from ketamine_anki.anki.package_reader import read_package
from ketamine_anki.release.changes import Edition, EditionNote, NoteChange, compare, of_ledger, of_package

A, B = note("a"), note("b")


@pytest.mark.parametrize(
    ("old", "new", "group", "level"),
    [
        (edition(A), edition(A), "", "none"),
        (edition(A), edition(note("a", "B")), "changed", "patch"),
        (edition(A), edition(note("a", tags=MORE_TAGS)), "changed", "patch"),
        (edition(A), edition(A, B), "new", "minor"),
        (edition(A), edition(A, note("b", retired="1.0.0")), "", "none"),
        (edition(A), edition(note("a", retired="1.1.0")), "retired", "minor"),
        (edition(note("a", retired="1.0.0")), edition(note("a", retired="1.0.0")), "", "none"),
        (edition(note("a", retired="1.0.0")), edition(A), "returned", "major"),
        (edition(A, B), edition(A), "lost", "major"),
        (edition(A, note("b", retired="1.0.0")), edition(A), "", "none"),
        (edition(A), edition(note("a", note_type=8)), "retyped", "major"),
        (edition(A), edition(A, content="d"), "styles", "patch"),
        (edition(A), edition(A, schema="t", content="d"), "schemas", "major"),
        (edition(A), Edition({"a": A}, {}, frozenset({A.deck})), "schemas", "major"),
        (Edition({"a": A}, {}, frozenset({A.deck})), edition(A), "", "none"),
        (edition(note("a", hash="1", fields=None)), edition(note("a", hash="2")), "changed", "patch"),
        (edition(note("a", hash="1", fields=None)), edition(note("a", hash="1")), "", "none"),
    ],
)
def test_each_kind_of_change_has_its_level(old: Edition, new: Edition, group: str, level: str) -> None:
    changes = compare(old, new)
    groups = ("new", "changed", "moved", "retired", "lost", "returned", "retyped", "schemas", "styles")
    assert [name for name in groups if getattr(changes, name)] == ([group] if group else [])
    assert changes.level == level
    assert bool(changes.breaking()) == (level == "major")


@pytest.mark.parametrize(
    ("after", "groups"),
    [
        (note("a", **MOVED), ["moved"]),
        (note("a", hash="2", **MOVED), ["moved"]),
        (note("a", "B", **MOVED), ["changed", "moved"]),
        (note("a", **MOVED | {"tags": frozenset({"S::Domain::Two", "S::Flag::Derived"})}), ["changed", "moved"]),
    ],
)
def test_the_tag_of_the_subdeck_is_no_change_of_its_own(after: EditionNote, groups: list[str]) -> None:
    other = note("z", deck="S::02 Two")
    changes = compare(edition(note("a", hash="1"), other), edition(after, other))
    assert [name for name in ("changed", "moved") if getattr(changes, name)] == groups
    assert changes.moved[0].place == "01 One → 02 Two"


def test_a_deck_of_another_name_is_breaking() -> None:
    """Anki matches decks by name: cards stay in the old one."""
    changes = compare(edition(A), edition(note("a", deck="S::01 Uno")))
    assert changes.breaking() == ["deck 'S::01 One' is gone or has another name"]
    assert changes.decks_new == ("S::01 Uno",)


@pytest.mark.parametrize(
    ("field", "old", "new", "kind"),
    [
        ("Answer", "A", "B", "corrected"),
        ("Caveat", "", "But", "corrected"),
        ("Caution", "", "Mind", "corrected"),
        ("Question", "Which?", "What?", "reworded"),
        ("Extra", "", "More", "reworded"),
        ("Text", "The {{c1::a}} is", "The {{c1::b}} is", "corrected"),
        ("Text", "The {{c1::a}} is", "That {{c1::a}} is", "reworded"),
        ("Answer", "A", "<b>A</b>", "details"),
        ("Source", "One", "Two", "details"),
    ],
)
def test_a_change_of_answers_is_a_correction(field: str, old: str, new: str, kind: str) -> None:
    assert NoteChange(note("a", fields={field: old}), note("a", fields={field: new})).kind == kind
    assert NoteChange(note("a", fields=None), note("a", fields={field: new})).kind == "changed"


def test_the_edition_of_the_ledger_gets_its_texts_from_elsewhere() -> None:
    ledger = released(None, "1.0.0", 1_700_000_000, {"a": "1", "b": "1"})
    guid, hashed = ledger.notes["a"].guid, ledger.notes["a"].hash
    texts = edition(note(guid, "Old", id="a"))
    notes = {each.id: each for each in of_ledger(ledger, SMALL, texts).notes.values()}
    assert (notes["a"].fields, notes["a"].tags) == (texts.notes[guid].fields, texts.notes[guid].tags)
    assert (notes["a"].hash, notes["a"].cards, notes["a"].deck) == (hashed, (1,), 'Small: "Deck" #1::01 First')
    assert notes["b"].fields is notes["b"].tags is None


def test_a_note_without_cards_is_in_no_deck() -> None:
    """genanki writes some. That it has cards now, or none any more, moves it nowhere and loses no deck."""
    without, other = note("b", deck=""), edition(A, B)
    for old, new in ((edition(A, without), other), (other, edition(A, without)), (edition(without), edition(without))):
        assert compare(old, new).level == "none"
    lost = compare(edition(A, without), edition(A))
    assert (lost.decks_gone, [change.place for change in lost.lost]) == ((), ["no deck"])
    assert NoteChange(without, B).place == NoteChange(B, without).place == "01 One"


def test_a_foreign_package_is_compared_too(tmp_path) -> None:
    """Notes without an ID field are named by their GUIDs."""
    fields = [{"name": "Front"}, {"name": "Back"}]
    kind = genanki.Model(99, "Plain", fields, [{"name": "C", "qfmt": "{{Front}}", "afmt": ""}])
    editions = []
    for back in ("old", "new"):
        deck = genanki.Deck(5, "Foreign")
        deck.add_note(genanki.Note(kind, ["front", back], guid="G-1"))
        genanki.Package(deck).write_to_file(str(tmp_path / "foreign.apkg"))
        editions.append(of_package(read_package((tmp_path / "foreign.apkg").read_bytes())))
    (change,) = compare(*editions).changed
    assert (change.name, change.fields) == ("G-1", [("Back", "old", "new")])
