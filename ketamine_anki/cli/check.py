"""`ketamine-anki check`: find every mistake in a collection."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable

import click

from ketamine_anki.cli import EXIT_FINDINGS
from ketamine_anki.cli.folder import Folder
from ketamine_anki.model import Finding
from ketamine_anki.reader import sorted_findings
from ketamine_anki.report import as_lines
from ketamine_anki.rules import Check
from ketamine_anki.rules.rule import View


@click.command("check")
@click.argument("folder", default="decks")
def command(folder: str) -> None:
    """Find every mistake in the collection in FOLDER (default: decks).

    Prints one line per finding, `path:line:column: message [rule]`, and exits with 1 if there is any.
    """
    read = Folder(folder)
    notes = walk(read, lambda view, number, index: None)
    report(read.findings)
    click.echo(f"{notes} notes, no findings", err=True)


def walk(folder: Folder, visit: Callable[[View, int, int], None]) -> int:
    """Reads and checks every note once; calls `visit` with each note that has no finding, the number
    of its subdeck and its place there. Findings gather in `folder.findings`. Returns the number of notes.
    """
    gc.disable()  # the many small values of a walk hold no cycles: looking for some takes a third of its time
    try:
        return _walk(folder, visit)
    finally:
        gc.enable()


def _walk(folder: Folder, visit: Callable[[View, int, int], None]) -> int:
    collection = folder.collection
    if collection is None:
        return 0
    check = Check(collection)
    notes = 0
    for deck in folder.decks():
        folder.findings += check.deck(deck)
        number = collection.decks.index(deck.name) + 1 if deck.name in collection.decks else 0
        for index, note in enumerate(deck.notes):
            view = View(note, collection)
            findings = check.note(view)
            folder.findings += findings
            notes += 1
            if number and not findings and not folder.findings:
                visit(view, number, index)
    if folder.complete:  # who has not read every note cannot say what is missing or unused
        folder.findings += check.finish()
    return notes


def report(findings: Iterable[Finding]) -> None:
    """Prints findings, and exits with 1 if there are any."""
    listed = sorted_findings(findings)
    if not listed:
        return
    for line in as_lines(listed):
        click.echo(line)
    files = len({finding.position.path for finding in listed})
    click.echo(f"{len(listed)} findings in {files} files", err=True)
    raise click.exceptions.Exit(EXIT_FINDINGS)
