"""Writes the files of a release: packages, texts for learners and programs, changelog and ledger."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ketamine_anki import __version__
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.escape import terminal_block
from ketamine_anki.core.model import Ledger, Release
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.release.ankiweb import ankiweb
from ketamine_anki.release.ledger import next_ledger, released_notes
from ketamine_anki.release.ledger_file import ledger_text
from ketamine_anki.release.release_notes import release_notes, release_record, sections, with_section
from ketamine_anki.workspace.folder import COLLECTION, LEDGER
from ketamine_anki.workspace.output import (
    Move,
    exclusively,
    move_together,
    output_folder,
    refuse_to_replace,
    scratch_folder,
    write_text,
)
from ketamine_anki.workspace.packages import UPDATE, WHOLE, Packing
from ketamine_anki.workspace.release_plan import (
    CHANGELOG,
    Content,
    Plan,
    changelog_bytes,
    changelog_path,
    changelog_text,
)

if TYPE_CHECKING:
    from ketamine_anki.anki.package_writer import Counts

NOTES, ANKIWEB, RECORD, SUMS = "RELEASE_NOTES.md", "ANKIWEB.md", "release.json", "SHA256SUMS"


def write(content: Content, plan: Plan, output: Path, *, since: str | None, dry_run: bool) -> None:
    """Makes a release, one at a time. All files are finished before the first is moved to its place: packages, texts,
    sums, changelog, and last the ledger, which alone makes it a release. A dry run does all but move them, and prints
    the notes for learners. No file replaces the package that `since` names.
    """
    folder, collection, release = content.folder, content.collection, plan.release
    alone = exclusively(folder / COLLECTION, "release")
    with alone, output_folder(output, folder), scratch_folder(output) as scratch:
        packages = _write_packages(content, release, scratch)
        hashes = {key: _sha256(scratch / name) for key, (name, _) in packages.items()}
        release = release._replace(package=hashes[WHOLE], update=hashes.get(UPDATE, hashes[WHOLE]))
        notes = released_notes(collection.ledger, content.notes, release.version, release.time)
        ledger = next_ledger(collection.ledger, collection, notes, release)
        date = time.strftime("%Y-%m-%d", time.gmtime(release.time))
        old_log = changelog_bytes(folder)
        log = with_section(changelog_text(folder), release.version, date, plan.section)
        names = _write_texts(content, plan, ledger, packages, log, scratch)
        release = release._replace(sums=_sha256(scratch / SUMS))
        ledger = replace(ledger, releases=(*ledger.releases[:-1], release))
        with (
            _finished_beside(changelog_path(folder), log, old_log) as changelog_move,
            _finished_beside(folder / LEDGER, ledger_text(ledger), content.ledger_bytes) as ledger_move,
        ):
            moves = [*(Move(scratch / name, output / name) for name in names), changelog_move, ledger_move]
            text = (scratch / NOTES).read_text(encoding="utf-8")
            if since and any(os.path.exists(since) and m.place.exists() and m.place.samefile(since) for m in moves):
                raise Failure(f"{since}: is read by --since and would be replaced: choose another --output", EXIT_USAGE)
            if not dry_run:
                move_together(moves, scratch)
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
            if key in packages and _sha256(scratch / packages[key][0]) != released:
                raise Failure(f"{packages[key][0]} is not byte by byte the one released: {advice}", EXIT_FINDINGS)
        log = changelog_text(content.folder)
        plan = Plan(last, sections(log).get(version, ""))
        names = _write_texts(content, plan, ledger, packages, log, scratch)
        if _sha256(scratch / SUMS) != last.sums:
            raise Failure(f"the texts are not byte by byte those released: {advice}", EXIT_FINDINGS)
        places = {name: output / name for name in names}
        if site:
            *packed, gallery = names[: len(packages) + 1]
            places = {gallery: output / "index.html"} | {name: output / name for name in packed}
        move_together([Move(scratch / name, place) for name, place in places.items()], scratch)
    for place in places.values():
        echo(place)
    click.echo(f"{version}: all is byte by byte what the ledger names", err=True)


def _write_packages(content: Content, release: Release, scratch: Path) -> dict[str, tuple[str, Counts]]:
    """Writes the packages; returns their names and counts by key. Before the second release there is no update."""
    collection, version, ledger = content.collection, release.version, content.collection.ledger
    is_update = ledger is not None and ledger.releases[0].version != version
    with Packing(collection, scratch, release.time, split=True, update=is_update, version=version) as packing:
        for note in content.notes:
            packing.add(note)
        packages = packing.write(scratch, f"{slug(collection.tag)}-{version}")
        return {key: (path.name, counts) for key, path, counts in packages}


def _write_texts(
    content: Content, plan: Plan, ledger: Ledger, packages: Mapping[str, tuple[str, Counts]], log: str, scratch: Path
) -> list[str]:
    """Writes the other files beside the packages, `log` being the changelog with this release; returns the names of
    all files, in the order in which they appear.
    """
    from ketamine_anki.preview.page import PageNote, page
    from ketamine_anki.preview.public import Package, Public

    names = {key: name for key, (name, _) in packages.items()}
    notes = release_notes(content.collection, ledger, plan.section, names, log)
    write_text(scratch / NOTES, notes)
    write_text(scratch / ANKIWEB, ankiweb(content.collection, plan.release, [note for note, _ in content.live]))
    beside = [Package(name, (scratch / name).stat().st_size, _sha256(scratch / name)) for name in names.values()]
    counts = (counts for _, counts in packages.values())
    files = [file._asdict() | {"notes": n.notes, "cards": n.cards} for file, n in zip(beside, counts, strict=True)]
    gallery = f"{slug(content.collection.tag)}-{plan.release.version}-gallery.html"
    cards = [PageNote(note, compiled) for note, compiled in content.live]
    _, heading, older = log.partition(f"\n## {plan.release.version} ")  # without what is not released
    public = Public(plan.release.version, beside, notes, heading + older)
    write_text(scratch / gallery, "".join(page(content.collection, cards, link=lambda place: "", public=public)))
    write_text(scratch / RECORD, release_record(content.collection, ledger, __version__, files))
    listed = [*names.values(), gallery, NOTES, ANKIWEB, RECORD]
    write_text(scratch / SUMS, "".join(f"{_sha256(scratch / name)}  {name}\n" for name in sorted(listed)))
    return [*listed, SUMS]


@contextmanager
def _finished_beside(place: Path, text: str, previous: bytes) -> Iterator[Move]:
    """A finished text in a hidden folder beside its place."""
    with scratch_folder(place.parent) as hidden:
        write_text(hidden / place.name, text)
        yield Move(hidden / place.name, place, previous)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
