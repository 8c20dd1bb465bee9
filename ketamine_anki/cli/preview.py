"""`ketamine-anki preview`: show every card of a collection on one page."""

from __future__ import annotations

import dataclasses
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import click

from ketamine_anki.anki.compile import compile_note
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.model import Collection, Finding
from ketamine_anki.core.report import as_lines
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.reader import sorted_findings
from ketamine_anki.preview.baseline import Baseline
from ketamine_anki.preview.page import PageNote, links, page
from ketamine_anki.workspace.editions import baseline
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.git import repository_around
from ketamine_anki.workspace.output import output_folder, write_whole
from ketamine_anki.workspace.pipeline import checked_notes

_KINDS = ("repository", "file", "vscode", "none")
_NOTHING = Collection(title="Nothing to show", tag="", namespace="", decks=())


@click.command("preview")
@click.argument("folder", default="decks", type=Path)
@click.option(
    "-o", "--output", type=Path, default="dist/preview.html", help="A .html file (default: dist/preview.html)."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser.")
@click.option("--watch", is_flag=True, help="Serve the page on 127.0.0.1 and reload it at every save; end with Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port for --watch. [default: a free one]")
@click.option("--against", type=click.UNPROCESSED, metavar="OLD", help="Show what changed since OLD, as in `diff`.")
@click.option("--links", "kind", type=click.Choice(_KINDS), help="Where a card's source line leads.")
def preview(
    folder: Path, output: Path, open_browser: bool, watch: bool, port: int, against: str | None, kind: str | None
) -> None:
    """Show every card of the collection in FOLDER (default: decks) on one page, which needs no network.

    A card's source line leads to the repository if the collection names one, else to the file; with --watch, into VS
    Code. Findings do not prevent it: they stand on the page and on standard error, and the exit code is 1.
    """
    old = baseline(against, str(folder)) if against else None
    if watch:
        _watch(folder, output, kind or "vscode", old, port, open_browser)
        return
    if output.suffix != ".html":
        raise Failure(f"{output}: not the name of a web page: choose one that ends in .html", EXIT_USAGE)
    with output_folder(output.parent, folder):
        chunks, findings = make_page(folder, output, kind, old)
        write_whole(output, lambda file: file.writelines(chunk.encode("utf-8") for chunk in chunks))
    for line in as_lines(findings):
        click.echo(line, err=True)
    echo(output)
    if open_browser:
        webbrowser.open(output.resolve().as_uri())
    if findings:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _watch(folder: Path, output: Path, kind: str, old: Baseline | None, port: int, open_browser: bool) -> None:
    from ketamine_anki.preview.server import VERSION, Server

    def make() -> str:
        return "".join(make_page(folder, output, kind, old, live=VERSION)[0])

    with Server(folder, make, port) as server:
        click.echo(f"{server.address}: reloads at every save; Ctrl-C ends it", err=True)
        if open_browser:
            webbrowser.open(server.address)
        server.serve_forever(poll_interval=0.1)


def make_page(
    folder: Path, output: Path, kind: str | None, old: Baseline | None, *, live: str = ""
) -> tuple[Iterator[str], list[Finding]]:
    """The page of the collection in a folder, in chunks, and the findings. `output` is the file that it is for, `kind`
    that of its links.
    """
    read = Folder(folder)
    collection = read.collection or _NOTHING
    notes: list[PageNote] = []
    for view, deck, place, found in checked_notes(read):
        if deck not in collection.decks:  # collection.yaml does not list it
            collection = dataclasses.replace(collection, decks=(*collection.decks, deck))
        compiled = compile_note(view.note, collection, view.rendered, collection.decks.index(deck) + 1, place)
        notes.append(PageNote(view.note, compiled, tuple(found)))
    findings = sorted_findings(read.findings)
    kind = kind or ("repository" if collection.repository else "file")
    link = links(kind, output.parent, collection.repository, repository_around(folder))
    chunks = page(collection, notes, findings, link=link, baseline=old, live=live)
    # the name of a file or folder may be no text in any encoding
    return (chunk.encode("utf-8", "backslashreplace").decode("utf-8") for chunk in chunks), findings
