"""Reads, renders and checks every note of a collection, one after the other."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ketamine_anki.core.model import Finding, Note
from ketamine_anki.core.terminal import with_progress
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.view import View
from ketamine_anki.workspace.folder import Folder

if TYPE_CHECKING:
    from ketamine_anki.anki.compile import CompiledNote


class CheckedNote(NamedTuple):
    """A note as the rules see it, its subdeck, its place there (from 0), and its findings."""

    view: View
    deck: str
    place: int
    findings: list[Finding]


def checked_notes(folder: Folder) -> Iterator[CheckedNote]:
    """Yields every note that can be read, checked. All findings, those about no single note too, are added to
    `folder.findings`; those of the collection as a whole only after the last note.
    """
    collected = gc.isenabled()
    gc.disable()  # the many small values hold no cycles, and the search for some would take a third of the time
    try:
        yield from _checked_notes(folder)
    finally:
        if collected:
            gc.enable()


def _checked_notes(folder: Folder) -> Iterator[CheckedNote]:
    if folder.collection is None:
        for _ in folder.decks():  # for the mistakes that are seen without a collection
            pass
        return
    check = Check(folder.collection)
    for deck in with_progress(folder.decks(), lambda: len(folder.deck_files), "Reading decks"):
        folder.add(check.deck(deck))
        for index, note in enumerate(deck.notes):
            view = View(note, folder.collection)
            findings = check.note(view)
            folder.add(findings)
            yield CheckedNote(view, deck.name, index, findings)
    if folder.complete:  # what is unused or missing shows only when every note was read
        folder.add(check.finish())


def check_notes(folder: Folder, visit: Callable[[Note, CompiledNote], None] | None = None) -> int:
    """Checks every note, until there are more findings than anybody reads. As long as there is none, calls
    `visit` with each note as written and as compiled. Returns the number of notes.
    """
    if visit:
        from ketamine_anki.anki.compile import compile_note  # a check alone does without

    notes, collection = 0, folder.collection
    numbers = {name: number for number, name in enumerate(collection.decks if collection else (), 1)}
    for view, deck, place, _ in checked_notes(folder):
        notes += 1
        if visit and collection and not folder.findings and deck in numbers:
            visit(view.note, compile_note(view.note, collection, view.rendered, numbers[deck], place))
        if folder.full:
            break
    return notes
