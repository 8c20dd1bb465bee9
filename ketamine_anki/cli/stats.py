"""`ketamine-anki stats`: count what a collection holds."""

from __future__ import annotations

from pathlib import Path

import click

from ketamine_anki.core.escape import json_text
from ketamine_anki.core.model import Collection, Note
from ketamine_anki.preview.statistics import as_data, as_text, count
from ketamine_anki.text.render import render_note
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.reporting import readable_collection, report


@click.command("stats")
@click.argument("folder", default="decks", type=Path)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def stats(folder: Path, form: str) -> None:
    """Count the notes, cards and claims of the collection in FOLDER (default: decks).

    Names the claims that no note tests. Files that cannot be read are findings, with exit code 1; the rules about
    content are left to `check`.
    """
    read = Folder(folder)
    collection = readable_collection(read)
    notes = (note for deck in read.decks() for note in deck.notes)
    statistics = count(collection, ((note, _cards(note, collection)) for note in notes))
    report(read.findings)
    if form == "json":
        click.echo(json_text(as_data(statistics)))
    else:
        click.echo(as_text(statistics), nl=False)


def _cards(note: Note, collection: Collection) -> int:
    if note.is_cloze:
        return sum(number > 0 for number in render_note(note, collection)["text"].markup.numbers)
    return 2 if note.reverse_question else 1
