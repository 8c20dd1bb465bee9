"""`ketamine-anki release` and `ketamine-anki site`: one version for learners, and its page on the web."""

from __future__ import annotations

import re
from pathlib import Path

import click

from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure


@click.command("release")
@click.argument("version")
@click.argument("folder", default="decks", type=Path)
@click.option("-o", "--output", default="dist", type=Path, help="Folder for the files (default: dist).")
@click.option("--errata", multiple=True, metavar="ID", help="Note that corrects safety; may be given again.")
@click.option("--since", type=click.UNPROCESSED, metavar="OLD", help="The last release, as in `diff` (default: git).")
@click.option("--no-repository", is_flag=True, help="Make a first release that names no address for corrections.")
@click.option("--dry-run", is_flag=True, help="Show it all and write nothing.")
@click.option("--rebuild", "again", is_flag=True, help="Make the last release again and compare it with the ledger.")
def release(
    version: str,
    folder: Path,
    output: Path,
    errata: tuple[str, ...],
    since: str | None,
    no_repository: bool,
    dry_run: bool,
    again: bool,
) -> None:
    """Release the collection in FOLDER (default: decks) as VERSION, such as 1.2.0.

    \b
    major  fields, templates or what a front asks of a note type, a subdeck's name or order
    minor  notes new, retired or moved
    patch  wording, tags, style

    Writes the packages, release.json, RELEASE_NOTES.md and SHA256SUMS to OUTPUT, a section to
    CHANGELOG.md beside FOLDER and, last, FOLDER/ledger.yaml. Commit these two and tag the commit.
    When anything fails, all stays as it was.

    With --rebuild, from the commit of a release: only OUTPUT is written, and only if its files are
    byte by byte those that the ledger names.
    """
    from ketamine_anki.workspace.release import plan_release, read_content, rebuild, require_committed, write

    if not re.fullmatch(r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}", version):
        raise Failure(f"version {version!r}: three numbers, such as 1.2.0", EXIT_USAGE)
    if again and (errata or since or dry_run):
        raise Failure("--rebuild takes no other option than --output: all else is in the ledger", EXIT_USAGE)
    content = read_content(folder, committed=not (again or dry_run))
    if again:
        rebuild(content, version, output)
        return
    record, section = plan_release(content, version, errata, since, no_repository)
    write(content, record, section, output, since=since, dry_run=dry_run)
    if dry_run:  # last, so that its notes can be read before all is committed
        require_committed(folder)


@click.command("site")
@click.argument("folder", default="decks", type=Path)
@click.option("-o", "--output", default="site", type=Path, help="Folder for the files (default: site).")
def site(folder: Path, output: Path) -> None:
    """Write the public page of the last release of the collection in FOLDER (default: decks).

    OUTPUT gets index.html and the packages, for any web server, such as GitHub Pages: what the deck is, every card, the
    downloads with their SHA-256, how to import, and what changed. Like `release --rebuild` it works from the commit of
    the release, and only if all is byte by byte what the ledger names.
    """
    from ketamine_anki.workspace.release import read_content, rebuild

    content = read_content(folder, committed=False)
    if not content.last:
        raise Failure(f"{folder}: not released yet: `ketamine-anki release` makes the page, too", EXIT_FINDINGS)
    rebuild(content, content.last.version, output, site=True)
