"""Small ledgers for tests: releases of one-field notes."""

from __future__ import annotations

from dataclasses import replace

from ketamine_anki.anki.compile import CompiledNote, guid
from ketamine_anki.core.model import Collection, Ledger, Release
from ketamine_anki.release.ledger import fresh_time, next_ledger
from ketamine_anki.release.ledger_file import ledger_text

SMALL = Collection(title='Small: "Deck" #1', tag="Small", namespace="tests/small", decks=("First", "Zweite: ü"))
START = 1_700_000_000


def note(note_id: str, text: str = "text", deck: int = 1) -> CompiledNote:
    fields = (text, *("",) * 12)
    return CompiledNote(
        note_id, guid(SMALL.namespace, note_id), "question", f"Small::0{deck}", fields, (), (0,), number=deck
    )


def release(version: str, time: int) -> Release:
    return Release(version, time, 9, 8, 7, 6, 5, 4, (), "1" * 16, "2" * 64, "3" * 64, "4" * 64)


def released(ledger: Ledger | None, version: str, build: int, texts: dict[str, str], *retired: str) -> Ledger:
    """The ledger after a release of notes with these texts by id."""
    time = fresh_time(ledger, build)
    compiled = [replace(note(i, t), retired=version if i in retired else "") for i, t in texts.items()]
    return next_ledger(ledger, SMALL, compiled, release(version, time))


GOOD = ledger_text(
    released(released(None, "1.0.0", START, {"a": "1", "b": "1"}), "1.1.0", START + 9, {"a": "2", "b": "1"})
)
