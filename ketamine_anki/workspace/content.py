"""The checked collection as it is released: live notes, retired notes, a hash of it all."""

from __future__ import annotations

from dataclasses import dataclass

from ketamine_anki.anki.compile import CompiledNote, compile_note
from ketamine_anki.core.model import Collection, Note, Release, Retired
from ketamine_anki.release.ledger import State
from ketamine_anki.rules.view import View
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import readable_collection, report


@dataclass(frozen=True)
class Content:
    """The checked collection: live notes, as compiled and as written, retired ones with the reason, and a
    hash of it all.
    """

    collection: Collection
    live: list[CompiledNote]
    written: list[Note]
    retired: list[tuple[CompiledNote, Retired]]
    state: str

    @property
    def last(self) -> Release | None:
        """The last release."""
        return self.collection.ledger.last if self.collection.ledger else None

    @property
    def notes(self) -> list[tuple[CompiledNote, str]]:
        """Every note with the version that retired it, or ""."""
        return [*((note, "") for note in self.live), *((note, why.version) for note, why in self.retired)]


def read_content(read: Folder) -> Content:
    """Checks and compiles a collection; any finding is printed and ends the program."""
    collection = readable_collection(read)
    state = State(collection)
    live: list[CompiledNote] = []
    written: list[Note] = []
    retired: list[tuple[CompiledNote, Retired]] = []

    def visit(view: View, place: int, index: int) -> None:
        compiled = compile_note(view.note, collection, view.shown, place, index)
        if view.note.retired is None:
            live.append(compiled)
            written.append(view.note)
        else:
            retired.append((compiled, view.note.retired))
        state.add(compiled, view.note.retired is not None)

    check_notes(read, visit)
    report(read.findings)
    return Content(collection, live, written, retired, state.digest())
