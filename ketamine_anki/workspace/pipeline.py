"""The way of every note: read, render, check, and on to whoever wants it."""

from __future__ import annotations

import gc
from collections.abc import Callable

from ketamine_anki.core.terminal import with_progress
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.view import View
from ketamine_anki.workspace.folder import Folder


def check_notes(folder: Folder, visit: Callable[[View, int, int], None]) -> int:
    """Reads and checks every note once; calls `visit` with each note that has no finding, the number
    of its subdeck and its place there. Findings gather in `folder.findings`. Returns the number of notes.
    """
    was = gc.isenabled()
    gc.disable()  # the many small values of a walk hold no cycles: looking for some takes a third of its time
    try:
        return _check_notes(folder, visit)
    finally:
        if was:
            gc.enable()


def _check_notes(folder: Folder, visit: Callable[[View, int, int], None]) -> int:
    collection = folder.collection
    if collection is None:
        for _ in folder.decks():  # for the mistakes that need no collection to be seen
            pass
        return 0
    check = Check(collection)
    notes = 0
    for deck in with_progress(folder.decks(), lambda: len(folder.deck_files), "Reading decks"):
        folder.add(check.deck(deck))
        number = collection.decks.index(deck.name) + 1 if deck.name in collection.decks else 0
        for index, note in enumerate(deck.notes):
            view = View(note, collection)
            findings = check.note(view)
            folder.add(findings)
            notes += 1
            if number and not findings and not folder.findings:
                visit(view, number, index)
            if folder.full:
                return notes
    if folder.complete:  # who has not read every note cannot say what is missing or unused
        folder.add(check.finish())
    return notes
