"""Rules about what learners have already: ids and GUIDs of released notes, and retirement."""

from __future__ import annotations

from collections.abc import Iterator

from ketamine_anki.core.model import Collection, Ledger, Position
from ketamine_anki.core.suggestion import closest
from ketamine_anki.rules.rule import CollectionRule, Names, Problem
from ketamine_anki.rules.view import View


class VanishedId(CollectionRule):
    """A released note stays in the decks for ever: an update cannot take it away from learners, it can
    only mark it as retired. A renamed id is a vanished one: the learner would get the note twice.

    Source: Anki's import, by experiment.
    Bad: deleting a note that `ledger.yaml` lists
    Good: `retired: {version: 1.1.0, reason: Superseded by newer guidance.}`
    """

    def finish(self) -> Iterator[Problem]:
        ledger, ids = self.collection.ledger, self.names.ids
        if ledger is None:
            return
        new = [name for name in ids if name not in ledger.notes]
        for name, note in ledger.notes.items():
            if name in ids:
                continue
            since = f"retired in {note.retired}" if note.retired else f"released in {note.since}"
            if renamed := closest(name, new):
                remedy = f"if {renamed!r} is this note, write {name!r} again"
                yield ids[renamed], f"id {renamed!r} is new, and {name!r}, {since}, is gone: {remedy}"
            else:
                remedy = "put it back" if note.retired else "put it back and retire it"
                yield ledger.place(name), f"note {name!r}, {since}, is gone: {remedy}"


class ReusedId(CollectionRule):
    """An id and its GUID stand for one note for ever, and a note keeps its note type: Anki skips an
    update that turns a question into a cloze. A retired note does not come back.

    Source: Anki's import, by experiment.
    Bad: a released question note that now has `text`; taking `retired` out again
    Good: a new note with an id of its own, and the old one retired
    """

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

        namespace = self.collection.namespace
        if ledger.namespace == namespace and known.guid != guid(namespace, note.id):
            yield ledger.place(note.id), f"{note.id!r} has another GUID than its id gives"

    def finish(self) -> Iterator[Problem]:
        ledger, namespace = self.collection.ledger, self.collection.namespace
        if ledger and ledger.namespace != namespace:
            message = f"released under namespace {ledger.namespace!r}, but collection.yaml says {namespace!r}"
            yield ledger.place(), f"{message}: put the old one back"


class Retirement(CollectionRule):
    """Only a released note is retired, by the release that comes next, and for good. `see` names a note
    that learners still get.

    Bad: `retired: {version: 1.0.0, …}` when 1.0.0 is out
    Good: `retired: {version: 1.1.0, …}`
    """

    def __init__(self, collection: Collection, names: Names) -> None:
        super().__init__(collection, names)
        self._successors: list[tuple[Position, str]] = []

    def note(self, view: View) -> Iterator[Problem]:
        ledger, retired = self.collection.ledger, view.note.retired
        if retired and retired.see:
            self._successors.append((view.at("retired.see"), retired.see))
        if retired and ledger and (problem := _retirement(ledger, view.note.id, retired.version)):
            yield view.at("retired.version"), problem

    def finish(self) -> Iterator[Problem]:
        for position, successor in self._successors:
            if successor not in self.names.live:
                yield position, f"see names {successor!r}, not a note that learners get: name another or leave it out"


def _retirement(ledger: Ledger, name: str, version: str) -> str:
    """What is wrong with retiring a note in a version; "" if nothing is."""
    from ketamine_anki.release.ledger_file import version_key

    known, last = ledger.notes.get(name), ledger.last
    if known is None:
        return f"{name!r} was never released: delete it instead of retiring it"
    if known.retired:
        return f"{name!r} was retired in {known.retired}: keep that version" if known.retired != version else ""
    if last and version_key(version) <= version_key(last.version):
        return f"version {version} is out already: name the release to come, after {last.version}"
    return ""
