"""Small editions for tests: notes of one note type, named by their GUIDs."""

from __future__ import annotations

from dataclasses import replace

from ketamine_anki.release.changes import Edition, EditionNote
from ketamine_anki.release.ledger import HashedType

MOVED = {"deck": "S::02 Two", "tags": frozenset({"S::Domain::Two"})}
MORE_TAGS = frozenset({"S::Domain::One", "S::Concept::X"})


def note(guid: str, answer: str = "A", **changed: object) -> EditionNote:
    fields = {"Question": f"Which {guid}?", "Answer": answer, "Extra": "", "ID": guid}
    return replace(EditionNote(guid, guid, 7, "S::01 One", fields, frozenset({"S::Domain::One"})), **changed)


def edition(*notes: EditionNote, schema: str = "s", content: str = "c") -> Edition:
    kinds = {7: HashedType("S: question", schema, content)}
    return Edition({n.guid: n for n in notes}, kinds, frozenset(n.deck for n in notes))
