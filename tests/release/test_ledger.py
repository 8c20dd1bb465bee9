"""The ledger: what is written is read back, and times tell Anki exactly what changed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ledgers import GOOD, SMALL, START, note, release, released

from ketamine_anki.anki.compile import guid
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Collection, Finding, Ledger, Position, ReleasedNote
from ketamine_anki.release.ledger import (
    State,
    fresh_time,
    ledger_text,
    next_ledger,
    note_time,
    note_type_hashes,
    note_type_times,
    number,
    read_ledger,
    released_notes,
    type_hashes,
)


def reread(ledger: Ledger) -> Ledger:
    read, findings = read_ledger("ledger.yaml", ledger_text(ledger).encode("utf-8"))
    assert read is not None, findings
    return read


ids = st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
states = st.dictionaries(ids, st.sampled_from("abc"), min_size=1, max_size=6)


@given(st.lists(st.tuples(states, st.integers(-100, 100)), min_size=1, max_size=6))
def test_times_tell_exactly_what_changed(history: list[tuple[dict[str, str], int]]) -> None:
    """Over any history of releases, on any clock: a note's time never falls, moves when and only when its
    content does (a revert included), and is never newer than the release.
    """
    ledger: Ledger | None = None
    texts: dict[str, str] = {}
    for count, (state, clock) in enumerate(history):
        before = dict(texts)
        texts |= state
        after = reread(released(ledger, f"1.{count}.0", START + clock, texts))
        assert after.last is not None
        for note_id, text in texts.items():
            new = after.notes[note_id]
            old = ledger.notes.get(note_id) if ledger else None
            assert new.time <= after.last.time
            if old is None:
                assert (new.time, new.since) == (after.last.time, f"1.{count}.0")
            elif text == before[note_id]:
                assert new == old
            else:
                assert new.time > old.time
                assert new.since == old.since
        ledger = after


@given(states, st.sets(ids), st.lists(ids, unique=True, max_size=3))
def test_what_is_written_is_read_back(texts: dict[str, str], retired: set[str], errata: list[str]) -> None:
    """Ledger -> text -> the same ledger; and any YAML reader agrees on the entries."""
    ledger = released(None, "1.0.0", START, texts, *(retired & set(texts)))
    ledger = replace(ledger, releases=(ledger.releases[0]._replace(errata=tuple(errata)),))
    assert reread(ledger) == ledger
    assert "Zweite: ü" in ledger_text(ledger)
    seen = yaml.load(ledger_text(ledger), yaml.BaseLoader)
    assert list(seen["notes"]) == sorted(texts)
    assert seen["decks"] == ['Small: "Deck" #1::01 First', 'Small: "Deck" #1::02 Zweite: ü']
    assert seen["releases"][0]["errata"] == errata
    assert all(seen["notes"][i]["time"] == str(n.time) for i, n in ledger.notes.items())


def test_the_entry_of_a_note_says_what_was_released() -> None:
    """Cards and subdecks are counted from 1, as people do; `since` and the release of a retired note stay."""
    first = replace(note("a"), note_type="cloze", cards=(0, 2), number=2)
    (entry,) = released_notes(None, [first], {}, "1.0.0", START)
    assert entry == ReleasedNote("a", first.guid, "cloze", 2, (1, 3), first.content_hash, START, "1.0.0", "")
    ledger = next_ledger(None, SMALL, [entry], release("1.0.0", START))
    (entry,) = released_notes(ledger, [first], {"a": "1.1.0"}, "1.1.0", START + 9)
    assert entry == ledger.notes["a"]._replace(retired="1.1.0")
    assert ledger.namespace == "tests/small"
    assert reread(ledger) == ledger


def test_the_next_ledger_adds_its_release_and_takes_the_collection_as_it_is_now() -> None:
    first = reread(released(None, "1.0.0", START, {"a": "1"}))
    grown = replace(SMALL, decks=(*SMALL.decks, "Third"), repository="https://example.org/new")
    second = next_ledger(first, grown, [first.notes["a"]], release("1.1.0", START + 9))
    assert second.releases == (*first.releases, release("1.1.0", START + 9))
    assert second.decks == (*first.decks, 'Small: "Deck" #1::03 Third')
    assert {kind.key: kind.time for kind in second.note_types.values()} == {"question": START + 9, "cloze": START + 9}
    kinds = {key: (kind.schema, kind.content) for key, kind in second.note_types.items()}
    assert kinds == note_type_hashes(grown) != note_type_hashes(SMALL)
    assert reread(second) == second
    assert second.place("a").line == 1, "it is not written yet"


def test_a_note_is_found_at_its_line() -> None:
    """What a finding about a released note points to."""
    read, _ = read_ledger("decks/ledger.yaml", GOOD.encode("utf-8"))
    assert read is not None
    assert GOOD.splitlines()[13].startswith("  b: {")
    assert read.place("b") == Position("decks/ledger.yaml", 14, 1)
    assert read.place() == Position("decks/ledger.yaml", 1, 1)


def test_a_release_is_a_small_diff() -> None:
    """One changed note of many changes its line, and adds the release's."""
    texts = {f"n{i}": "a" for i in range(50)}
    first = released(None, "1.0.0", START, texts)
    second = released(first, "1.0.1", START + 10, texts | {"n7": "b"})
    before, after = (ledger_text(ledger).splitlines() for ledger in (first, second))
    assert len(set(after) - set(before)) == 2
    assert len(set(before) - set(after)) == 1


def test_a_clock_that_stands_still_or_runs_back_gives_newer_times_all_the_same() -> None:
    first = released(None, "1.0.0", START, {"a": "1"})
    assert fresh_time(first, START) == START + 1
    assert fresh_time(first, START - 1000) == START + 1
    assert fresh_time(None, START) == START


def test_a_note_with_another_guid_is_another_note() -> None:
    """Of a changed namespace nothing keeps its time."""
    first = released(None, "1.0.0", START, {"a": "1"})
    assert note_time(first, note("a", "1"), START + 5) == START
    assert note_time(first, replace(note("a", "1"), guid="0" * 14), START + 5) == START + 5


def test_a_note_type_is_newer_only_when_it_changed() -> None:
    """A newer time alone would overwrite the learner's own style."""
    first = released(None, "1.0.0", START, {"a": "1"})
    hashes = note_type_hashes(SMALL)
    assert set(note_type_times(first, hashes, START + 5).values()) == {START}
    changed = hashes | {"cloze": hashes["cloze"]._replace(content="f" * 16)}
    assert note_type_times(first, changed, START + 5) == {"question": START, "cloze": START + 5}


def test_schema_and_content_of_a_note_type() -> None:
    """The schema is what must stay frozen, the content all that Anki shows. Their hashes stand in committed ledgers:
    a later version of the program has to come to the same ones.
    """
    front = "{{#Übung}}{{Front}}{{/Übung}}"
    same = type_hashes("T: ü", False, ["Front", "Übung"], [("Card", front, "{{Back}}")], ".card {}")
    assert same == ("d247aaee0e32df45", "04458ea10ef92f2a")
    changed = {
        "name": type_hashes("T", False, ["Front", "Übung"], [("Card", front, "{{Back}}")], ".card {}"),
        "kind": type_hashes("T: ü", True, ["Front", "Übung"], [("Card", front, "{{Back}}")], ".card {}"),
        "fields": type_hashes("T: ü", False, ["Übung", "Front"], [("Card", front, "{{Back}}")], ".card {}"),
        "template": type_hashes("T: ü", False, ["Front", "Übung"], [("Karte", front, "{{Back}}")], ".card {}"),
        "words": type_hashes("T: ü", False, ["Front", "Übung"], [("Card", f"<b>{front}", "{{Back}}")], ".card {}"),
        "condition": type_hashes("T: ü", False, ["Front", "Übung"], [("Card", "{{Front}}", "{{Back}}")], ".card {}"),
        "back": type_hashes("T: ü", False, ["Front", "Übung"], [("Card", front, "{{Front}}")], ".card {}"),
        "style": type_hashes("T: ü", False, ["Front", "Übung"], [("Card", front, "{{Back}}")], ".card { }"),
    }
    assert len({same.content, *(hashes.content for hashes in changed.values())}) == 9
    frozen = {what for what, hashes in changed.items() if hashes.schema != same.schema}
    assert frozen == {"kind", "fields", "template", "condition"}


def test_the_note_types_of_a_collection_are_hashed_as_anki_has_them() -> None:
    """With their full names, fields, cards and style."""
    cards = {
        key: [(template.name, template.front, template.back) for template in kind.templates]
        for key, kind in note_types("").items()
    }
    assert note_type_hashes(SMALL) == {
        key: type_hashes(f'Small: "Deck" #1: {kind.label}', key == "cloze", kind.fields, cards[key], kind.css)
        for key, kind in note_types("").items()
    }


def test_a_release_has_the_hash_of_all_that_it_holds() -> None:
    """Anything that a learner would get otherwise gives another hash."""

    def digest(collection: Collection = SMALL, retired: bool = False, **changes: object) -> str:
        state = State(collection)
        if retired:
            state.add(replace(note("a"), **changes), retired=True)
        else:
            state.add(replace(note("a"), **changes))
        return state.digest()

    assert re.fullmatch("[0-9a-f]{16}", digest())
    told = ["title", "tag", "namespace", "description", "disclaimer", "licence", "licence_url", "evidence_date"]
    told += ["repository", "source_title"]
    others = [digest(replace(SMALL, **{name: "other"})) for name in told]
    others += [digest(replace(SMALL, decks=("Zweite: ü", "First"))), digest(retired=True)]
    others += [digest(guid="0" * 14), digest(deck="x"), digest(cards=(0, 1)), digest(number=2), digest(index=2)]
    others += [digest(fields=("other",)), digest(tags=("other",)), digest(note_type="cloze")]
    assert len({digest(), *others}) == 1 + len(others)


def test_versions_compare_by_number() -> None:
    assert number("1.10.0") > number("1.9.9")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("  a: {", "<<<<<<< HEAD\n  a: {", 13, "not as `release` writes it"),
        ("since: 1.0.0}\n  b", "since: 1.0.0, note: x}\n  b", 13, "not as `release` writes it"),
        ("  a: {", "  c: {", 14, "'b' out of order"),
        ("  b: {", "  a: {", 14, "'a' out of order"),
        ("version: 1.1.0", "version: 1.0.0", 1, "does not follow"),
        (f"version: 1.1.0, time: {START + 9}", f"version: 1.1.0, time: {START}", 1, "does not follow"),
        (
            f"time: {START}, since: 1.0.0}}\n",
            f"time: {START + 3}, since: 1.0.0}}\n",
            14,
            "the time or version of no release",
        ),
        ("since: 1.0.0}\n  b", "since: 1.0.7}\n  b", 13, "the time or version of no release"),
        (
            f"time: {START}, since: 1.0.0}}\n",
            f"time: {START}, since: 1.1.0}}\n",
            14,
            "older than the release that brought",
        ),
        ("deck: 1, cards", "deck: 3, cards", 13, "deck or note type that is not listed"),
        ("type: question, deck", "type: other, deck", 13, "deck or note type that is not listed"),
        ("deck: 1, cards", "deck: 0, cards", 13, "deck or note type that is not listed"),
        ("since: 1.0.0}\n", "since: 1.0.0, retired: 1.2.0}\n", 13, "the time or version of no release"),
        (guid("tests/small", "b"), guid("tests/small", "a"), 14, "the GUID of another note"),
        ('namespace: "tests/small"\n', "", 1, "no namespace, release or note"),
        (GOOD[GOOD.index("  - {version") : GOOD.index("note_types:")], "", 1, "no namespace, release or note"),
        (GOOD[GOOD.index("  a: {") :], "", 1, "no namespace, release or note"),
        ("namespace: ", "namespace: 1", 2, "not as `release` writes it"),
        ('"tests/small"', '"\\q"', 2, "not as `release` writes it"),
        ('01 First"', '\\q"', 10, "not as `release` writes it"),
        ('01 First"', '01 Fi\\u0072st"', 10, "not as `release` writes it"),  # a needless escape
        ("namespace: ", 'namespace: "tests/small"\nnamespace: ', 3, "not as `release` writes it"),
        ("  question: {", "  cloze: {", 8, "not as `release` writes it"),
        ("note_types:\n", "note_types:\nnote_types:\n", 7, "not as `release` writes it"),
        (f", time: {START}}}\n  question", ", time: 1}\n  question", 1, "note type 'cloze'"),
        ("since: 1.0.0}\n", "since: 1.0.0}", 13, "not as `release` writes it"),
    ],
)
def test_a_ledger_edited_by_hand_is_a_finding(old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    read, findings = read_ledger("decks/ledger.yaml", GOOD.replace(old, new, 1).encode("utf-8"))
    assert read is None
    assert [(f.position, f.rule) for f in findings] == [(Position("decks/ledger.yaml", line, 1), "ledger")]
    assert said in findings[0].message


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"", 1, "no namespace, release or note in it: restore the file from the version control"),
        (b"decks\n", 1, "not as `release` writes it: restore the file from the version control"),
        (b"# one\n\xff\xfe", 1, "not UTF-8: restore the file from the version control"),
        (b'namespace: "x"\n', 1, "no namespace, release or note in it: restore the file from the version control"),
        (b"releases:\n", 1, "no namespace, release or note in it: restore the file from the version control"),
        (GOOD.encode()[:-1], 14, "not as `release` writes it: restore the file from the version control"),
    ],
)
def test_a_broken_ledger_is_a_finding(data: bytes, line: int, said: str) -> None:
    read, findings = read_ledger("ledger.yaml", data)
    assert read is None
    assert findings == [Finding(Position("ledger.yaml", line, 1), "ledger", said)]


def test_a_note_may_stand_in_the_last_subdeck_and_be_retired_in_the_last_release() -> None:
    good = GOOD.replace("deck: 1, cards", "deck: 2, cards").replace(
        "since: 1.0.0}\n", "since: 1.0.0, retired: 1.1.0}\n"
    )
    read, findings = read_ledger("ledger.yaml", good.encode("utf-8"))
    assert not findings
    assert read is not None
    assert {(n.deck, n.retired) for n in read.notes.values()} == {(2, "1.1.0")}


def test_a_ledger_checked_out_with_windows_line_ends_is_the_same() -> None:
    read, findings = read_ledger("ledger.yaml", GOOD.replace("\n", "\r\n").encode("utf-8"))
    assert not findings
    assert read == reread(read)  # type: ignore[arg-type]
