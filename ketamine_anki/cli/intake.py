"""`ketamine-anki intake`: take corrections that were made inside Anki back into the deck files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ketamine_anki.core.characters import printable
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_FILE_BYTES, MAX_PACKAGE_BYTES
from ketamine_anki.core.terminal import counted, echo
from ketamine_anki.workspace.folder import Folder, read_bytes
from ketamine_anki.workspace.output import Move, move_together, scratch_folder, write_whole
from ketamine_anki.workspace.reporting import report

if TYPE_CHECKING:
    from ketamine_anki.anki.package_reader import PackagedNote
    from ketamine_anki.core.model import Collection, Deck
    from ketamine_anki.intake.compare import Change, Intake, Proposal


@click.command("intake")
@click.argument("file", type=click.Path())
@click.argument("folder", default="decks")
@click.option("--write", is_flag=True, help="Edit the deck files.")
@click.option("--base", type=click.Path(), help="The package that the contributor started from.")
def command(file: str, folder: str, write: bool, base: str | None) -> None:
    """Compare FILE, exported from Anki, with the collection in FOLDER (default: decks).

    FILE is a deck package (.apkg) or "Notes in Plain Text" with HTML and unique identifiers. Shows
    what was corrected, word by word: [-old-]{+new+}; with --write edits exactly those values of the
    deck files. New notes become entries with TODO where `check` asks for more. What cannot be taken
    over is listed with the reason. Exits with 1 if anything is left to do: a correction or a new note
    that was not written, or something that cannot be taken over.
    """
    from ketamine_anki.intake.compare import IntakeError, compare

    read = Folder(folder)
    decks = list(read.decks()) if read.collection is not None else []
    if read.findings or read.collection is None:
        report(read.findings)  # a file that cannot be read cannot be edited
    collection = read.collection
    assert collection is not None, "a collection that cannot be read has findings"
    exported = _exported(file, collection, decks)
    started = _exported(base, collection, decks) if base else ()
    notes = [note for deck in decks for note in deck.notes]
    try:
        found = compare(notes, collection, exported, started)
    except IntakeError as error:
        raise Failure(f"{file}: {error}", EXIT_FINDINGS) from None
    _show(found, write)
    echo(
        f"{file}: {found.matched} of {counted(len(notes), 'note')} of the collection,"
        f" {counted(len(found.changes), 'correction')}, {counted(len(found.proposals), 'new note')},"
        f" {len(found.leftovers)} not taken over"
        + (f"; {counted(found.others, 'note')} of other decks ignored" if found.others else ""),
        err=True,
    )
    if write:
        _write(read, decks, found.changes, found.proposals)
    if found.leftovers or (not write and (found.changes or found.proposals)):
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _exported(file: str, collection: Collection, decks: Sequence[Deck]) -> Sequence[PackagedNote]:
    """The notes of an export, whatever its form."""
    from ketamine_anki.anki.archive import PackageError
    from ketamine_anki.anki.compile import guid
    from ketamine_anki.anki.notetypes import note_types
    from ketamine_anki.anki.package_reader import read_package
    from ketamine_anki.anki.text_export import read_text

    try:
        data = read_bytes(Path(file), MAX_PACKAGE_BYTES)
    except ValueError as error:
        raise Failure(f"{file}: {error}", EXIT_USAGE) from None
    kinds = note_types(collection.repository)
    by_name = {f"{collection.title}: {kind.label}": kind.fields for kind in kinds.values()}
    by_guid = {
        guid(collection.namespace, note.id): kinds["cloze" if note.is_cloze else "question"].fields
        for deck in decks
        for note in deck.notes
    }
    try:
        if data.startswith(b"PK"):
            return read_package(data).notes
        return read_text(data, lambda identity, kind: by_guid.get(identity) or by_name.get(kind, ()))
    except PackageError as error:
        raise Failure(f"{file}: {error}", EXIT_FINDINGS) from None


def _show(found: Intake, write: bool) -> None:
    from ketamine_anki.core.alignment import Aligner
    from ketamine_anki.intake.apply import entry
    from ketamine_anki.intake.compare import words_changed

    aligner = Aligner()
    for change in found.changes:
        place = change.note.places.at(change.key)
        old, new = (value if isinstance(value, str) else ", ".join(value) for value in (change.old, change.new))
        echo(f"{place.path}:{place.line}: {change.note.id}: {change.key}")
        click.echo(f"    {printable(words_changed(old, new, aligner))}")
    for proposal in found.proposals:
        echo(f"new note {proposal.id}" + ("" if proposal.deck else ": copy it into a deck file"))
        if not (write and proposal.deck):
            click.echo(printable(entry(proposal)))
    for left in found.leftovers:
        echo(f"not taken over: {left.id}: {' '.join(f'{left.part} {left.reason}'.split())}")


def _write(read: Folder, decks: Sequence[Deck], changes: list[Change], proposals: list[Proposal]) -> None:
    """Makes every new file and verifies it before the first is moved into place; all are moved, or none."""
    made = list(_edited(read, decks, changes, proposals))
    if not made:
        return
    with scratch_folder(read.path) as scratch:
        moves: list[Move] = []
        for path, before, data in made:
            moves.append(Move(scratch / path.name, path, before))
            write_whole(scratch / path.name, lambda file, data=data: file.write(data))  # type: ignore[misc]
        move_together(moves, scratch)
    for move in moves:
        echo(f"{move.place}: edited", err=True)


def _edited(
    read: Folder, decks: Sequence[Deck], changes: list[Change], proposals: list[Proposal]
) -> Iterator[tuple[Path, bytes, bytes]]:
    """The deck files that are to be edited, what they hold and what they are to hold."""
    from ketamine_anki.intake.apply import edit_deck

    assert read.collection is not None, "a collection that cannot be read has findings"
    for deck in decks:
        path = Path(deck.places.path)
        mine = [change for change in changes if change.note.places.path == deck.places.path]
        new = [proposal for proposal in proposals if proposal.deck == deck.name]
        proposals = [proposal for proposal in proposals if proposal not in new]
        if not mine and not new:
            continue
        try:
            before = read_bytes(path, MAX_FILE_BYTES)
            yield path, before, edit_deck(before, deck, read.collection, mine, new)
        except ValueError as error:  # an EditError is one
            raise Failure(f"{path}: {error}; nothing was written", EXIT_FINDINGS) from None
