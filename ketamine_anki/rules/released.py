"""Rules about what learners have already: ids and GUIDs of released notes, and retirement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ketamine_anki.core.model import Collection, Ledger, Note, Position
from ketamine_anki.core.suggestion import closest
from ketamine_anki.rules.rule import CollectionRule, Problem
from ketamine_anki.rules.view import View


class VanishedId(CollectionRule):
    """A released note stays in the decks for ever: an update cannot take it away from learners, it can
    only mark it as retired. A renamed id is a vanished one: the learner would get the note twice.

    Source: Anki's import, by experiment.

    Bad: deleting a note that `ledger.yaml` lists

    Good: `retired: {version: 1.1.0, reason: Superseded by newer guidance.}`
    """

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._missing = dict(collection.ledger.notes) if collection.ledger else {}
        self._new: dict[str, Position] = {}
        self.idle = not self._missing

    def note(self, view: View) -> Iterable[Problem]:
        if self._missing.pop(view.note.id, None) is None:
            self._new[view.note.id] = view.position
        return ()

    def finish(self) -> Iterator[Problem]:
        ledger = self.collection.ledger
        if ledger is None:
            return
        for name, note in self._missing.items():
            since = f"retired in {note.retired}" if note.retired else f"released in {note.since}"
            if renamed := closest(name, self._new):
                remedy = f"if {renamed!r} is this note, write {name!r} again"
                yield self._new[renamed], f"id {renamed!r} is new, and {name!r}, {since}, is gone: {remedy}"
                continue
            remedy = "put it back" if note.retired else "put it back and retire it"
            yield ledger.place(name), f"note {name!r}, {since}, is gone: {remedy}"


class ReusedId(CollectionRule):
    """An id and its GUID stand for one note for ever, and a note keeps its note type: Anki skips an
    update that turns a question into a cloze. A retired note does not come back.

    Source: Anki's import, by experiment.

    Bad: a released question note that now has `text`; taking `retired` out again

    Good: a new note with an id of its own, and the old one retired
    """

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        ledger = collection.ledger
        self._same_namespace = not ledger or ledger.namespace == collection.namespace
        self.idle = ledger is None

    def note(self, view: View) -> Iterator[Problem]:
        ledger, note = self.collection.ledger, view.note
        known = ledger.notes.get(note.id) if ledger else None
        if ledger is None or known is None:
            return
        kind = "cloze" if note.is_cloze else "question"
        if known.retired and note.retired is None:
            yield view.position, f"id {note.id!r} was retired in {known.retired}: give this note a new id"
        elif known.note_type != kind:
            change = f"released as a {known.note_type} note and is now a {kind} note"
            yield view.position, f"id {note.id!r} was {change}: retire it and give the new note an id of its own"
        from ketamine_anki.anki.compile import guid  # wanted only when there is a ledger

        if self._same_namespace and known.guid != guid(self.collection.namespace, note.id):
            yield ledger.place(note.id), f"{note.id!r} has another GUID than its id gives"

    def finish(self) -> Iterator[Problem]:
        ledger = self.collection.ledger
        if ledger and not self._same_namespace:
            message = f"released under namespace {ledger.namespace!r}, but collection.yaml says "
            yield ledger.place(), f"{message}{self.collection.namespace!r}: put the old one back"


class Retirement(CollectionRule):
    """Only a released note is retired, by the release that comes next, and for good. `see` names a note
    that learners still get.

    Bad: `retired: {version: 1.0.0, …}` when 1.0.0 is out

    Good: `retired: {version: 1.1.0, …}`
    """

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._live: set[str] = set()
        self._successors: list[tuple[Position, str]] = []

    def note(self, view: View) -> Iterable[Problem]:
        note = view.note
        if note.retired is None:
            self._live.add(note.id)
            return ()
        if note.retired.see:
            self._successors.append((view.at("retired.see"), note.retired.see))
        message = _retirement(self.collection.ledger, note) if self.collection.ledger else ""
        return [(view.at("retired.version"), message)] if message else ()

    def finish(self) -> Iterator[Problem]:
        for position, successor in self._successors:
            if successor not in self._live:
                yield position, f"see names {successor!r}, not a note that learners get: name another or leave it out"


def _retirement(ledger: Ledger, note: Note) -> str:
    from ketamine_anki.release.ledger_file import version_key

    known = ledger.notes.get(note.id)
    version = note.retired.version if note.retired else ""
    last = ledger.last
    if known is None:
        return f"{note.id!r} was never released: delete it instead of retiring it"
    if known.retired:
        return f"{note.id!r} was retired in {known.retired}: keep that version" if known.retired != version else ""
    if last and version_key(version) <= version_key(last.version):
        return f"version {version} is out already: name the release to come, after {last.version}"
    return ""
