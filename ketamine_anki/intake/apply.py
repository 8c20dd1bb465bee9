"""Changes and proposals -> the new text of a deck file, verified: exactly what was meant, or an
EditError and nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketamine_anki.anki.compile import compile_note
from ketamine_anki.core.model import Collection, Deck, Note
from ketamine_anki.deckfiles import editor, schema
from ketamine_anki.deckfiles.editor import Cut, Unspliceable
from ketamine_anki.deckfiles.formatter import written
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.intake.compare import Change, Proposal
from ketamine_anki.text.render import render_note


class EditError(ValueError):
    """Why a deck file is not edited, in one sentence."""


def edited(
    data: bytes, deck: Deck, collection: Collection, changes: Sequence[Change], proposals: Sequence[Proposal]
) -> bytes:
    """The bytes of a deck file and what to change -> its new bytes. Raises EditError."""
    text = data.decode("utf-8")
    windows = "\r\n" in text
    if windows and text.count("\r\n") != text.count("\n"):
        raise EditError("mixes line ends of Windows and Unix: save it with one kind")
    lines = tuple(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"))
    if lines != deck.places.lines:
        raise EditError("changed while it was read: try again")
    cuts: list[Cut] = []
    for change in changes:
        try:
            cuts += _cuts(change)
        except Unspliceable as error:
            raise EditError(f"{change.note.id}: {error}") from None
    if proposals:
        cuts.append(_appended(deck, proposals))
    result = editor.apply(lines, cuts)
    result = ("\ufeff" if text.startswith("\ufeff") else "") + (result.replace("\n", "\r\n") if windows else result)
    encoded = result.encode("utf-8")
    _verify(encoded, deck, collection, changes)
    return encoded


def _cuts(change: Change) -> list[Cut]:
    places, key = change.note.places, change.key
    if isinstance(change.new, tuple):
        return editor.replace_list(places, key, change.new)
    if not change.new:
        return editor.remove(places, key)
    if key in places.marks:
        return editor.replace(places, key, change.new)
    shape = schema.CLOZE_NOTE if change.note.is_cloze else schema.QUESTION_NOTE
    return editor.insert(places, list(shape.keys), key, change.new)


def _appended(deck: Deck, proposals: Sequence[Proposal]) -> Cut:
    """The cut that puts new entries after the last note of a deck."""
    last = deck.notes[-1].places
    line = editor.content_end(last, "")[0] + 1
    column = last.marks[""].column
    entries = "\n".join(entry(proposal, max(column - 2, 0)) for proposal in proposals)
    return Cut((line, 0), (line, 0), f"\n{entries}")


def entry(proposal: Proposal, indent: int) -> str:
    """A proposal as a note of a deck file. `TODO` stands where a contributor has to fill in; `check`
    refuses it.
    """
    texts = proposal.texts
    values: dict[str, Any] = {key: text for key, text in texts.items() if "." not in key}
    if "reverse.question" in texts:
        values["reverse"] = {"question": texts["reverse.question"], "answer": texts["reverse.answer"]}
    values |= {"id": proposal.id, "evidence": ["TODO"], "source": "TODO", "tags": proposal.tags or ["TODO"]}
    values |= {"yield": "TODO", "skill": "TODO"}
    first, *rest = written(schema.CLOZE_NOTE if "text" in texts else schema.QUESTION_NOTE, values, indent + 2)
    return "\n".join([f"{' ' * indent}- {first.lstrip()}", *rest, ""])


def _verify(data: bytes, deck: Deck, collection: Collection, changes: Sequence[Change]) -> None:
    """Reads and compiles the edited file: each note is as meant, and no other note has changed."""
    again, findings = read_deck(deck.places.path, data)
    wanted = {note.id: note for note in deck.notes}
    for change in changes:
        wanted[change.note.id] = _changed(wanted[change.note.id], change)
    found: Mapping[str, Note] = {note.id: note for note in again.notes} if again is not None else {}
    for note in deck.notes:
        if found.get(note.id) != wanted[note.id]:
            raise EditError(f"{note.id}: the edited file would not read as meant; edit it by hand")
    unknown = [finding for finding in findings if "TODO" not in finding.message]
    if unknown:
        raise EditError(f"the edited file would not be well-formed: {unknown[0].message}")
    meant = {change.note.id for change in changes}
    for note in deck.notes:
        new = _content(found[note.id], collection)
        if (new != _content(note, collection)) != (note.id in meant):
            raise EditError(f"{note.id}: the edited note would not compile as meant; edit it by hand")


def _content(note: Note, collection: Collection) -> str:
    return compile_note(note, collection, render_note(note, collection)).content_hash


def _changed(note: Note, change: Change) -> Note:
    value: dict[str, Any] = {change.key.replace(".", "_"): change.new}
    return note._replace(**value)
