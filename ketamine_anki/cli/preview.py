"""`ketamine-anki preview`: every card of a collection on one page."""

from __future__ import annotations

import dataclasses
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from ketamine_anki.anki.compile import compile_note
from ketamine_anki.core.errors import EXIT_FINDINGS
from ketamine_anki.core.model import Collection, Finding
from ketamine_anki.core.report import as_lines
from ketamine_anki.core.terminal import echo, with_progress
from ketamine_anki.deckfiles.reader import sorted_findings
from ketamine_anki.preview.baseline import Baseline
from ketamine_anki.preview.links import links
from ketamine_anki.preview.page import PageNote, page
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.view import View
from ketamine_anki.workspace.editions import baseline
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.output import output_folder, write_whole

_NOTHING = Collection(title="Nothing to show", tag="", namespace="", decks=())


@click.command("preview")
@click.argument("folder", default="decks")
@click.option("-o", "--output", default="dist/preview.html", show_default=True, help="The page to write.")
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
@click.option("--watch", is_flag=True, help="Serve the page on 127.0.0.1 and reload it at every save; end with Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port for --watch. [default: a free one]")
@click.option(
    "--against",
    metavar="OLD",
    help="Show what changed since OLD: a folder, package or revision.",
)
@click.option(
    "--links",
    "kind",
    type=click.Choice(["repository", "file", "vscode", "none"]),
    help="Where a card's source line leads. [default: repository if the collection names one, else file; "
    "vscode with --watch]",
)
def command(
    folder: str, output: str, show: bool, watch: bool, port: int, against: str | None, kind: str | None
) -> None:
    """Show every card of the collection in FOLDER (default: decks) on one page, which needs no network.

    Findings do not prevent it: they stand on the page and on standard error, and the exit code is 1.
    """
    target = Path(output)
    old = baseline(against, folder) if against else None
    if watch:
        _watch(folder, port, show, lambda: "".join(make_page(folder, target, kind or "vscode", old, live=True)[0]))
        return
    chunks, findings = make_page(folder, target, kind, old)
    with output_folder(target.parent):
        write_whole(target, lambda file: file.writelines(chunk.encode("utf-8") for chunk in chunks))
    for line in as_lines(findings):
        click.echo(line, err=True)
    echo(target)
    if show:
        webbrowser.open(target.resolve().as_uri())
    if findings:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _watch(folder: str, port: int, show: bool, make: Callable[[], str]) -> None:
    from ketamine_anki.preview.server import serve

    def complain(error: Exception) -> None:
        echo(f"ketamine-anki: {error}", err=True)

    with serve(Path(folder), make, complain, port) as server:
        click.echo(f"{server.address}: reloads at every save; Ctrl-C ends it", err=True)
        if show:
            webbrowser.open(server.address)
        server.watch()


def make_page(
    folder: str, target: Path, kind: str | None, old: Baseline | None, *, live: bool = False
) -> tuple[Iterator[str], list[Finding]]:
    """The page of the collection in a folder, in chunks, and the findings. `target` is the file that it is for, `kind`
    that of its links.
    """
    read = Folder(folder)
    collection, notes = _read_notes(read)
    findings = sorted_findings(read.findings)
    kind = kind or ("repository" if collection.repository else "file")
    link = links(kind, target.parent, collection.repository, _repository(read.path))
    chunks = page(collection, notes, findings, link=link, baseline=old, live=live)
    # the name of a file or folder may be no text in any encoding
    return (chunk.encode("utf-8", "backslashreplace").decode("utf-8") for chunk in chunks), findings


def _read_notes(read: Folder) -> tuple[Collection, list[PageNote]]:
    """Every note that can be read, with its findings; the collection gets the subdecks that it does not list."""
    collection = read.collection
    if collection is None:
        return _NOTHING, []
    check = Check(collection)
    notes: list[PageNote] = []
    for deck in with_progress(read.decks(), lambda: len(read.deck_files), "Reading decks"):
        read.add(check.deck(deck))
        if deck.name not in collection.decks:
            collection = dataclasses.replace(collection, decks=(*collection.decks, deck.name))
        number = collection.decks.index(deck.name) + 1
        for index, note in enumerate(deck.notes):
            view = View(note, collection)
            findings = check.note(view)
            read.add(findings)
            compiled = compile_note(note, collection, view.shown, number, index)
            notes.append(PageNote(note, compiled, tuple(findings)))
    if read.complete:
        read.add(check.finish())
    return collection, notes


def _repository(folder: Path) -> Path | None:
    """The folder of the git repository around a folder, if there is one."""
    absolute = folder.resolve()
    return next((parent for parent in (absolute, *absolute.parents) if (parent / ".git").exists()), None)
