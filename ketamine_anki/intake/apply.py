"""Applies changes and proposals to the text of a deck file; the result is verified, or there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketamine_anki.anki.compile import compile_note
from ketamine_anki.core.model import Collection, Deck, Note
from ketamine_anki.deckfiles import editor, schema
from ketamine_anki.deckfiles.editor import Cut, Unspliceable, append
from ketamine_anki.deckfiles.formatter import written
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.intake.compare import Change, Proposal
from ketamine_anki.text.render import render_note


class EditError(ValueError):
    """Why a deck file is not edited, in one sentence."""


def edit_deck(
    data: bytes, deck: Deck, collection: Collection, changes: Sequence[Change], proposals: Sequence[Proposal]
) -> bytes:
    """The bytes of a deck file, the deck that was read from it, and what to change -> the new bytes of the file.
    Raises EditError.
    """
    text = data.decode("utf-8")
    is_windows = "\r\n" in text
    if is_windows and text.count("\r\n") != text.count("\n"):
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
    result = editor.apply(lines, cuts)
    for proposal in proposals:
        result, _ = append(result, _values(proposal, collection))
    result = ("\ufeff" if text.startswith("\ufeff") else "") + (result.replace("\n", "\r\n") if is_windows else result)
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


def entry(proposal: Proposal, collection: Collection) -> str:
    """A proposal as a note of the collection's files. `TODO` stands where a contributor has to fill in; `check`
    refuses it.
    """
    values = _values(proposal, collection)
    first, *rest = written(schema.CLOZE_NOTE if "text" in values else schema.QUESTION_NOTE, values, 4)
    return "\n".join([f"  - {first.lstrip()}", *rest, ""])


def _values(proposal: Proposal, collection: Collection) -> dict[str, Any]:
    """The keys and values of a proposal's note."""
    values: dict[str, Any] = {key: text for key, text in proposal.texts.items() if "." not in key}
    if "reverse.question" in proposal.texts:
        values["reverse"] = {key: proposal.texts[f"reverse.{key}"] for key in ("question", "answer")}
    values |= {"id": proposal.id, "tags": proposal.tags or ["TODO"]}
    if collection.sections:
        values["source"] = "TODO"
    if values.keys() & {"caution", "caveat"}:
        values["evidence"] = ["TODO"]
    return values | {"yield": "TODO", "skill": "TODO"}


def _verify(data: bytes, deck: Deck, collection: Collection, changes: Sequence[Change]) -> None:
    """Raises EditError unless each note of the edited file reads and compiles as intended, and no other note has
    changed.
    """
    wanted = {note.id: note for note in deck.notes}
    for change in changes:
        value: dict[str, Any] = {change.key.replace(".", "_"): change.new}
        wanted[change.note.id] = wanted[change.note.id]._replace(**value)
    edited, findings = read_deck(deck.places.path, data)
    read = {note.id: note for note in edited.notes} if edited is not None else {}

    def content_hash(note: Note) -> str:
        return compile_note(note, collection, render_note(note, collection)).content_hash

    for note in deck.notes:
        if read.get(note.id) != wanted[note.id]:
            raise EditError(f"{note.id}: the edited file would not read as intended: edit it by hand")
        if (content_hash(read[note.id]) == content_hash(note)) != (wanted[note.id] is note):
            raise EditError(f"{note.id}: the edited note would not compile as intended: edit it by hand")
    unexpected = [finding for finding in findings if "TODO" not in finding.message]
    if unexpected:
        raise EditError(f"the edited file would not be well-formed: {unexpected[0].message}")
