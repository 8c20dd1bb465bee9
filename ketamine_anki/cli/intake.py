"""`ketamine-anki intake`: take corrections that were made inside Anki back into the deck files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click

from ketamine_anki.anki.archive import PackageError, unwrapped
from ketamine_anki.anki.compile import guid, note_type_name, stable_id
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.anki.package_reader import Oddity, PackagedNote, read_package
from ketamine_anki.anki.text_export import read_text
from ketamine_anki.core.alignment import Aligner
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.escape import terminal_block
from ketamine_anki.core.limits import MAX_FILE_BYTES, MAX_PACKAGE_BYTES
from ketamine_anki.core.model import Collection, Deck, Note
from ketamine_anki.core.terminal import counted, echo
from ketamine_anki.intake.apply import edit_deck, entry
from ketamine_anki.intake.compare import Intake, compare
from ketamine_anki.text.plain import difference
from ketamine_anki.workspace.folder import Folder, read_bytes
from ketamine_anki.workspace.output import finished, move_together
from ketamine_anki.workspace.reporting import readable_collection, report

_MARKS = {"=": ("", ""), "-": ("[-", "-]"), "+": ("{+", "+}")}


@click.command("intake")
@click.argument("file", type=Path)
@click.argument("folder", default="decks", type=Path)
@click.option("--write", is_flag=True, help="Edit the deck files.")
@click.option("--base", type=Path, help="The package that the contributor started from.")
def intake(file: Path, folder: Path, write: bool, base: Path | None) -> None:
    """Compare FILE, exported from Anki, with the collection in FOLDER (default: decks).

    FILE is a deck package (.apkg) or "Notes in Plain Text" with HTML and unique identifiers. Shows
    what was corrected, word by word: [-old-]{+new+}; with --write edits exactly those values of the
    deck files. New notes become entries with TODO where `check` asks for more. What cannot be taken
    over is listed with the reason. Exits with 1 if anything is left to do: a correction or a new note
    that was not written, or something that cannot be taken over.
    """
    compared = compare_export(Folder(folder), file, base, write)
    result = compared.result
    if write:
        _write(list(edited_files(compared)))
    if result.leftovers or (not write and (result.changes or result.proposals)):
        raise click.exceptions.Exit(EXIT_FINDINGS)


class Compared(NamedTuple):
    """A collection, its decks, and what an export has that they have not."""

    read: Folder
    collection: Collection
    decks: Sequence[Deck]
    result: Intake


def compare_export(read: Folder, file: Path, base: Path | None, write: bool = False) -> Compared:
    """Compares an export with a collection, both of which must be readable, and shows what differs."""
    collection = readable_collection(read)
    decks = list(read.decks())
    report(read.findings)  # a file that cannot be read cannot be edited
    notes = {guid(collection.namespace, note.id): note for deck in decks for note in deck.notes}
    exported, odd = _exported_notes(file, collection, notes)
    result = compare(notes.values(), collection, exported, _exported_notes(base, collection, notes)[0] if base else ())
    result.leftovers += [f"{notes[identity].id}: {reason}" for identity, reason in odd if identity in notes]
    show(result, collection, write)
    summary = (
        f"{result.matched} of {counted(len(notes), 'note')} of the collection,"
        f" {counted(len(result.changes), 'correction')}, {counted(len(result.proposals), 'new note')},"
        f" {len(result.leftovers)} not taken over"
        + (f"; {counted(result.others, 'note')} of other decks ignored" if result.others else "")
    )
    echo(f"{file}: {summary}", err=True)
    return Compared(read, collection, decks, result)


def _exported_notes(
    file: Path, collection: Collection, ours: Mapping[str, Note]
) -> tuple[Sequence[PackagedNote], Sequence[Oddity]]:
    """The notes of an export, a package or text, and what of it is passed over. `ours` are those of the collection by
    GUID.
    """
    kinds = note_types(collection)
    by_name = {note_type_name(collection, kind.label): kind.fields for kind in kinds.values()}
    by_id = {stable_id(collection.namespace, "notetype", key): kind.fields for key, kind in kinds.items()}

    def names(identity: str, kind: str) -> tuple[str, ...]:
        note = ours.get(identity)
        return kinds["cloze" if note.is_cloze else "question"].fields if note else by_name.get(kind, ())

    odd: Sequence[Oddity]
    try:
        data = unwrapped(read_bytes(file, MAX_PACKAGE_BYTES))
        if data.startswith(b"PK"):
            contents = read_package(data)
            odd, types = contents.oddities, contents.note_types
            notes = [_with_our_names(note, by_id.get(types[note.note_type].id, ())) for note in contents.notes]
        else:
            notes, odd = read_text(data, names)
    except ValueError as error:
        raise Failure(f"{file}: {error}", EXIT_FINDINGS if isinstance(error, PackageError) else EXIT_USAGE) from None
    if odd:
        echo(f"{file}: {odd}", err=True)
    return notes, odd


def _with_our_names(note: PackagedNote, names: Sequence[str]) -> PackagedNote:
    """A note whose note type is ours and has fields of these names; those that the learner renamed have them again."""
    ours = [*names, *list(note.fields)[len(names) :]]
    given = (name if name in names or own in note.fields else own for own, name in zip(ours, note.fields, strict=False))
    return replace(note, fields=dict(zip(given, note.fields.values(), strict=True))) if names else note


def show(result: Intake, collection: Collection, write: bool) -> None:
    """Prints every correction, every new note that will not be written, and what cannot be taken over."""
    aligner = Aligner()
    for change in result.changes:
        place = change.note.places.at(change.key)
        echo(f"{place.path}:{place.line}: {change.note.id}: {change.key}")
        parts = (f"{_MARKS[sign][0]}{text}{_MARKS[sign][1]}" for sign, text in difference(*change.texts, aligner))
        click.echo(terminal_block(f"    {''.join(parts)}".replace("\n", " / ")))
    for proposal in result.proposals:
        echo(f"new note {proposal.id}" + ("" if proposal.deck else ": copy it into a deck file"))
        if not (write and proposal.deck):
            click.echo(terminal_block(entry(proposal, collection)))
    for left in result.leftovers:
        echo(f"not taken over: {left}")


def edited_files(compared: Compared) -> Iterator[tuple[Path, bytes, bytes]]:
    """Path, present bytes and new bytes of each deck file that is to be edited."""
    read, collection, decks, result = compared
    proposals = result.proposals
    for deck in decks:
        path = read.path / Path(deck.places.path).name
        changes = [change for change in result.changes if change.note.places.path == deck.places.path]
        new_notes = [proposal for proposal in proposals if proposal.deck == deck.name]
        proposals = [proposal for proposal in proposals if proposal not in new_notes]  # a deck may have two files
        if not changes and not new_notes:
            continue
        try:
            before = read_bytes(path, MAX_FILE_BYTES)
            yield path, before, edit_deck(before, deck, collection, changes, new_notes)
        except ValueError as error:  # an EditError is one
            raise Failure(f"{path}: {error}; nothing was written", EXIT_FINDINGS) from None


def _write(files: Sequence[tuple[Path, bytes, bytes]]) -> None:
    """Replaces all files, or none."""
    with ExitStack() as stack:
        move_together([stack.enter_context(finished(path, after, before)) for path, before, after in files])
    for path, _, _ in files:
        echo(f"{path}: edited", err=True)
