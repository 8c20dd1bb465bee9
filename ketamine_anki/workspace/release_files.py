"""Writes the files of a release: packages, texts for learners and programs, changelog and ledger."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from ketamine_anki import __version__
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.escape import terminal_block
from ketamine_anki.core.model import Ledger, Release
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.preview.public import Package, Public
from ketamine_anki.release.ankiweb import ankiweb
from ketamine_anki.release.ledger import next_ledger
from ketamine_anki.release.ledger_file import ledger_text
from ketamine_anki.release.release_notes import release_notes, release_record, sections, with_section
from ketamine_anki.workspace.folder import COLLECTION, LEDGER, beside
from ketamine_anki.workspace.output import (
    Move,
    exclusively,
    finished,
    move_together,
    output_folder,
    refuse_to_replace,
    scratch_folder,
    write_new,
)
from ketamine_anki.workspace.packages import UPDATE, WHOLE, Packing
from ketamine_anki.workspace.release_plan import CHANGELOG, Content

NOTES, ANKIWEB, RECORD, SUMS = "RELEASE_NOTES.md", "ANKIWEB.md", "release.json", "SHA256SUMS"


def write(content: Content, release: Release, section: str, output: Path, *, since: str | None, dry_run: bool) -> None:
    """Makes a release, planned as this record and this section of the changelog, one at a time. All files are finished
    before the first is moved to its place: packages, texts, sums, changelog, and last the ledger, which alone makes it
    a release. A dry run does all but move them, and prints the notes for learners. No file replaces the package that
    `since` names.
    """
    folder, collection = content.folder, content.collection
    alone = exclusively(folder / COLLECTION, "release")
    with alone, output_folder(output, folder), scratch_folder(output) as scratch:
        packages = _write_packages(content, release, scratch)
        whole = packages[WHOLE]
        release = release._replace(package=whole.sha256, update=packages.get(UPDATE, whole).sha256)
        ledger = next_ledger(collection.ledger, collection, content.notes, release)
        date = time.strftime("%Y-%m-%d", time.gmtime(release.time))
        log = with_section(content.log, release.version, date, section)
        names = _write_texts(content, release, section, ledger, packages, log, scratch)
        release = release._replace(sums=_sha256(scratch / SUMS))
        ledger = replace(ledger, releases=(*ledger.releases[:-1], release))
        with (
            finished(beside(folder, CHANGELOG), log.encode("utf-8"), content.changelog) as changelog_move,
            finished(folder / LEDGER, ledger_text(ledger).encode("utf-8"), content.ledger_bytes) as ledger_move,
        ):
            moves = [*(Move(scratch / name, output / name) for name in names), changelog_move, ledger_move]
            text = (scratch / NOTES).read_text(encoding="utf-8")
            if since and any(os.path.exists(since) and m.place.exists() and m.place.samefile(since) for m in moves):
                raise Failure(f"{since}: is read by --since and would be replaced: choose another --output", EXIT_USAGE)
            if not dry_run:
                move_together(moves)
            for move in moves if dry_run else ():
                refuse_to_replace(move.place, move.previous)
    for move in moves:
        echo(f"would {'write' if move.previous is None else 'update'} {move.place}" if dry_run else move.place)
    if dry_run:
        click.echo(f"\n{terminal_block(text)}", nl=False)
        return
    click.echo(f"{release.version} is ready: commit {CHANGELOG} and {LEDGER}, then tag v{release.version}", err=True)


def rebuild(content: Content, version: str, output: Path, *, site: bool = False) -> None:
    """Makes the files of the last release again, if they are those that the ledger names; for a `site` only the
    packages, and the gallery as index.html.
    """
    ledger, last = content.collection.ledger, content.last
    if not ledger or not last or last.version != version:
        reason = f"the ledger's last release is {last.version}" if last else "the ledger knows no release"
        raise Failure(f"version {version} cannot be made again here: {reason}", EXIT_FINDINGS)
    if last.state != content.state:
        raise Failure(f"the collection is not that of {version}: check out the commit of the release", EXIT_FINDINGS)
    advice = "use the program of that release"
    with output_folder(output, content.folder), scratch_folder(output) as scratch:
        packages = _write_packages(content, last, scratch)
        for key, released in ((WHOLE, last.package), (UPDATE, last.update)):
            if key in packages and packages[key].sha256 != released:
                raise Failure(f"{packages[key].name} is not byte by byte the one released: {advice}", EXIT_FINDINGS)
        section = sections(content.log).get(version, "")
        names = _write_texts(content, last, section, ledger, packages, content.log, scratch)
        if _sha256(scratch / SUMS) != last.sums:
            raise Failure(f"the texts are not byte by byte those released: {advice}", EXIT_FINDINGS)
        moves = [Move(scratch / name, output / name) for name in names]
        if site:
            *packed, gallery = moves[: len(packages) + 1]
            moves = [gallery._replace(place=output / "index.html"), *packed]
        move_together(moves)
    for move in moves:
        echo(move.place)
    click.echo(f"{version}: all is byte by byte what the ledger names", err=True)


def _write_packages(content: Content, release: Release, scratch: Path) -> dict[str, Package]:
    """Writes the packages; returns them by key. Before the second release there is no update."""
    collection, version, ledger = content.collection, release.version, content.collection.ledger
    is_update = ledger is not None and ledger.releases[0].version != version
    with Packing(collection, scratch, release.time, split=True, update=is_update, version=version) as packing:
        for note in content.notes:
            packing.add(note)
        return {
            key: Package(path.name, path.stat().st_size, _sha256(path), counts.notes, counts.cards)
            for key, path, counts in packing.write(scratch, f"{slug(collection.tag)}-{version}")
        }


def _write_texts(
    content: Content,
    release: Release,
    section: str,
    ledger: Ledger,
    packages: Mapping[str, Package],
    log: str,
    scratch: Path,
) -> list[str]:
    """Writes the other files beside the packages, `log` being the changelog with this release; returns the names of
    all files, in the order in which they appear.
    """
    from ketamine_anki.preview.page import PageNote, page

    collection, files = content.collection, list(packages.values())
    notes = release_notes(collection, ledger, section, {key: file.name for key, file in packages.items()}, log)
    _, heading, older = log.partition(f"\n## {release.version} ")  # without what is not released
    public = Public(release.version, files, notes, heading + older)
    cards = [PageNote(note, compiled) for note, compiled in content.live]
    texts = {
        f"{slug(collection.tag)}-{release.version}-gallery.html": "".join(
            page(collection, cards, link=lambda place: "", public=public)
        ),
        NOTES: notes,
        ANKIWEB: ankiweb(collection, release, [note for note, _ in content.live]),
        RECORD: release_record(collection, ledger, __version__, [file._asdict() for file in files]),
    }
    for name, text in texts.items():
        write_new(scratch / name, text.encode("utf-8"))
    listed = [*(file.name for file in files), *texts]
    sums = "".join(f"{_sha256(scratch / name)}  {name}\n" for name in sorted(listed))
    write_new(scratch / SUMS, sums.encode("utf-8"))
    return [*listed, SUMS]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
