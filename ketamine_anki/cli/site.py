"""`ketamine-anki site`: write the public page of the last release."""

from __future__ import annotations

from pathlib import Path

import click

from ketamine_anki.core.errors import EXIT_FINDINGS, Failure


@click.command("site")
@click.argument("folder", default="decks", type=Path)
@click.option("-o", "--output", default="site", type=Path, show_default=True, help="Folder for the files.")
def site(folder: Path, output: Path) -> None:
    """Write the public page of the last release of the collection in FOLDER (default: decks).

    OUTPUT gets index.html and the packages, for any web server, such as GitHub Pages: what the deck is, every card, the
    downloads with their SHA-256, how to import, and what changed. Like `release --rebuild` it works from the commit of
    the release, and only if all is byte by byte what the ledger names.
    """
    from ketamine_anki.workspace.release_files import rebuild
    from ketamine_anki.workspace.release_plan import read_content

    content = read_content(folder, committed=False)
    if not content.last:
        raise Failure(f"{folder}: not released yet: `ketamine-anki release` makes the page, too", EXIT_FINDINGS)
    rebuild(content, content.last.version, output, site=True)
