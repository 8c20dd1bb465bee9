"""The ledger: what is written is read back, and times tell Anki exactly what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.compile import CompiledNote, guid
from ketamine_anki.ledger import (
    fresh_time,
    ledger_text,
    next_ledger,
    note_time,
    note_type_hashes,
    note_type_times,
    number,
    read_ledger,
    released_notes,
)
from ketamine_anki.model import Collection, Ledger, Release

SMALL = Collection(title='Small: "Deck" #1', tag="Small", namespace="tests/small", decks=("First", "Zweite: ü"))
START = 1_700_000_000


def note(note_id: str, text: str = "text", deck: int = 1) -> CompiledNote:
    fields = (text, *("",) * 12)
    return CompiledNote(
        note_id, guid(SMALL.namespace, note_id), "question", f"Small::0{deck}", fields, (), (0,), number=deck
    )


def release(version: str, time: int) -> Release:
    return Release(version, time, 1, 1, 1, 0, 0, 0, (), "0" * 16, "0" * 64, "0" * 64, "0" * 64)


def released(ledger: Ledger | None, version: str, build: int, texts: dict[str, str], *retired: str) -> Ledger:
    """The ledger after a release of notes with these texts by id."""
    time = fresh_time(ledger, build)
    notes = released_notes(
        ledger, [note(i, t) for i, t in texts.items()], dict.fromkeys(retired, version), version, time
    )
    return next_ledger(ledger, SMALL, notes, release(version, time))


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
    ledger = replace(ledger, releases=(replace(ledger.releases[0], errata=tuple(errata)),))
    assert reread(ledger) == ledger
    seen = yaml.load(ledger_text(ledger), yaml.BaseLoader)
    assert list(seen["notes"]) == sorted(texts)
    assert seen["decks"] == ['Small: "Deck" #1::01 First', 'Small: "Deck" #1::02 Zweite: ü']
    assert seen["releases"][0]["errata"] == errata
    assert all(seen["notes"][i]["time"] == str(n.time) for i, n in ledger.notes.items())


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


def test_versions_compare_by_number() -> None:
    assert number("1.10.0") > number("1.9.9")


GOOD = ledger_text(
    released(released(None, "1.0.0", START, {"a": "1", "b": "1"}), "1.1.0", START + 9, {"a": "2", "b": "1"})
)


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
        (guid("tests/small", "b"), guid("tests/small", "a"), 14, "the GUID of another note"),
        ("namespace: ", "namespace: 1", 2, "not as `release` writes it"),
        ('"tests/small"', '"\\q"', 2, "not as `release` writes it"),
        (f", time: {START}}}\n  question", ", time: 1}\n  question", 1, "note type 'cloze'"),
        ("since: 1.0.0}\n", "since: 1.0.0}", 13, "not as `release` writes it"),
    ],
)
def test_a_ledger_edited_by_hand_is_a_finding(old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    read, findings = read_ledger("decks/ledger.yaml", GOOD.replace(old, new, 1).encode("utf-8"))
    assert read is None
    assert [(f.position.path, f.position.line, f.rule) for f in findings] == [("decks/ledger.yaml", line, "ledger")]
    assert said in findings[0].message


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b'namespace: "x"\n', b"releases:\n", GOOD.encode()[:-1]])
def test_a_broken_ledger_is_a_finding(data: bytes) -> None:
    read, findings = read_ledger("ledger.yaml", data)
    assert read is None
    assert [finding.rule for finding in findings] == ["ledger"]


def test_a_ledger_checked_out_with_windows_line_ends_is_the_same() -> None:
    read, findings = read_ledger("ledger.yaml", GOOD.replace("\n", "\r\n").encode("utf-8"))
    assert not findings
    assert read == reread(read)  # type: ignore[arg-type]
