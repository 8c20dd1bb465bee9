"""The files of a release: packages, texts for learners and programs, changelog and ledger."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ketamine_anki import __version__
from ketamine_anki.core.characters import printable
from ketamine_anki.core.errors import EXIT_FINDINGS, Failure
from ketamine_anki.core.limits import MAX_CHANGELOG_BYTES, MAX_LEDGER_BYTES
from ketamine_anki.core.model import Ledger, Note, Places, Release
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.release.changes import Changes
from ketamine_anki.release.ledger import next_ledger, released_notes
from ketamine_anki.release.ledger_file import ledger_text
from ketamine_anki.release.release_notes import release_notes, release_record, sections, skipped, with_section
from ketamine_anki.workspace.content import Content
from ketamine_anki.workspace.folder import COLLECTION, LEDGER, Folder, read_bytes
from ketamine_anki.workspace.output import Move, exclusively, move_together, output_folder, scratch_folder, write_text
from ketamine_anki.workspace.packages import Packing, publish

if TYPE_CHECKING:
    from ketamine_anki.anki.package_writer import Counts

CHANGELOG, SUMS = "CHANGELOG.md", "SHA256SUMS"


@dataclass(frozen=True)
class Plan:
    """A release to be made: its record without hashes of packages, what changed, its changelog section."""

    release: Release
    changes: Changes
    section: str


@dataclass(frozen=True)
class Made:
    """A written package: file name and what it holds."""

    name: str
    counts: Counts


def changelog_path(read: Folder) -> Path:
    """CHANGELOG.md beside the collection's folder."""
    path = read.path if read.path.name not in ("", "..") else read.path.resolve()
    return path.parent / CHANGELOG


def changelog_bytes(read: Folder) -> bytes:
    """The bytes of the changelog, which are UTF-8; b"" when there is none. It is read like a deck file, without
    following links, because its text is published.
    """
    path = changelog_path(read)
    if not os.path.lexists(path):
        return b""
    try:
        data = read_bytes(path, MAX_CHANGELOG_BYTES)
        if len(data) > MAX_CHANGELOG_BYTES:
            raise ValueError(f"over {MAX_CHANGELOG_BYTES:,} bytes")
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise Failure(f"{path}: not UTF-8 text: save it as UTF-8", EXIT_FINDINGS) from None
    except ValueError as error:
        raise Failure(f"{path}: {error}", EXIT_FINDINGS) from None
    return data


def changelog_text(read: Folder) -> str:
    """The text of the changelog, with \\n line ends; "" when there is none."""
    return changelog_bytes(read).decode("utf-8").replace("\r\n", "\n")


def ledger_bytes(folder: Path) -> bytes:
    """The bytes of the ledger in a folder; b"" when there is none that can be read."""
    try:
        return read_bytes(folder / LEDGER, MAX_LEDGER_BYTES)
    except (OSError, ValueError):  # a finding of the folder
        return b""


def show(plan: Plan, content: Content, read: Folder, output: Path) -> None:
    """Prints what a release would write, and its notes for learners."""
    names = _names(content, plan.release, content.last is None)
    for name in (*names.values(), *_texts(content, plan.release)):
        echo(f"would write {output / name}")
    for path in (changelog_path(read), read.path / LEDGER):
        echo(f"would update {path}")
    click.echo("")
    earlier = skipped(content.collection.ledger, changelog_text(read), plan.release.version)
    notes = release_notes(content.collection, plan.release, plan.section, names, earlier)
    click.echo(printable(notes), nl=False)


def write(plan: Plan, content: Content, read: Folder, output: Path, before: bytes) -> None:
    """Makes a release, one at a time, that follows a ledger with the bytes `before`. All files are finished
    before the first is moved to its place: packages, texts, sums, changelog, and last the ledger, which
    alone makes it a release.
    """
    collection, ledger = content.collection, content.collection.ledger
    alone = exclusively(read.path / COLLECTION, "release")
    with alone, output_folder(output, read.path), scratch_folder(output) as scratch:
        packages = _packages(content, plan.release, content.last is None, scratch)
        hashes = {key: _sha256(scratch / made.name) for key, made in packages.items()}
        update = hashes.get("update", hashes["whole"])
        release = plan.release._replace(package=hashes["whole"], update=update)
        retired = {note.id: why.version for note, why in content.retired}
        notes = released_notes(ledger, (note for note, _ in content.notes), retired, release.version, release.time)
        after = next_ledger(ledger, collection, notes, release)
        names = _write_texts(content, after, read, plan.section, packages, scratch)
        release = release._replace(sums=_sha256(scratch / SUMS))
        after = replace(after, releases=(*after.releases[:-1], release))
        date = time.strftime("%Y-%m-%d", time.gmtime(release.time))
        before_log = changelog_bytes(read)
        log = with_section(changelog_text(read), release.version, date, plan.section)
        with (
            _beside(changelog_path(read), log, before_log) as changelog,
            _beside(read.path / LEDGER, ledger_text(after), before) as new_ledger,
        ):
            moves = [*(Move(scratch / name, output / name) for name in names), changelog, new_ledger]
            move_together(moves, scratch)
    for move in moves:
        echo(move.place)
    click.echo(f"{release.version} is ready: commit {CHANGELOG} and {LEDGER}, then tag v{release.version}", err=True)


def rebuild(content: Content, read: Folder, version: str, output: Path) -> None:
    """Makes the files of the last release again, if they are those that the ledger names."""
    ledger, last = content.collection.ledger, content.last
    if not ledger or not last or last.version != version:
        said = f"the ledger's last release is {last.version}" if last else "the ledger knows no release"
        raise Failure(f"version {version} cannot be made again here: {said}", EXIT_FINDINGS)
    if last.state != content.state:
        raise Failure(f"the collection is not that of {version}: check out the commit of the release", EXIT_FINDINGS)
    first = len(ledger.releases) == 1
    with output_folder(output, read.path), scratch_folder(output) as scratch:
        packages = _packages(content, last, first, scratch)
        for key, wanted in (("whole", last.package), ("update", last.update)):
            if key in packages and _sha256(scratch / packages[key].name) != wanted:
                name = packages[key].name
                raise Failure(f"{name} is not byte by byte the one released: use the program of then", EXIT_FINDINGS)
        section = sections(changelog_text(read)).get(version, "")
        names = _write_texts(content, ledger, read, section, packages, scratch)
        if _sha256(scratch / SUMS) != last.sums:
            raise Failure("the texts are not byte by byte those released: use the program of then", EXIT_FINDINGS)
        move_together([Move(scratch / name, output / name) for name in names], scratch)
    for name in names:
        echo(output / name)
    click.echo(f"{version}: all is byte by byte what the ledger names", err=True)


def _names(content: Content, release: Release, first: bool) -> dict[str, str]:
    """File names of the packages by key: `whole`, `update` and `NN Name` for one subdeck alone."""
    stem = f"{slug(content.collection.tag)}-{release.version}"
    names = {"whole": f"{stem}.apkg"}
    if not first:
        names["update"] = f"{stem}-update.apkg"
    for place in sorted({note.number for note in content.live}):
        deck = content.collection.decks[place - 1]
        names[f"{place:02d} {deck}"] = f"{stem}-{place:02d}-{slug(deck)}.apkg"
    return names


def _packages(content: Content, release: Release, first: bool, scratch: Path) -> dict[str, Made]:
    with Packing(content.collection, scratch, release.time, split=True, update=not first) as packing:
        for note in content.live:
            packing.add(note)
        for note, _ in content.retired:
            packing.add(note, retired=True)
        packing.finish(release.version)
        names = _names(content, release, first)
        return {key: Made(name, publish(packing[key], scratch / name, scratch)) for key, name in names.items()}


def _texts(content: Content, release: Release) -> tuple[str, ...]:
    """File names of what is not a package."""
    gallery = f"{slug(content.collection.tag)}-{release.version}-gallery.html"
    return gallery, "RELEASE_NOTES.md", "release.json", SUMS


def _write_texts(
    content: Content, ledger: Ledger, read: Folder, section: str, packages: Mapping[str, Made], scratch: Path
) -> list[str]:
    """Writes them beside the packages. Returns the names of all files, in the order in which they appear."""
    from ketamine_anki.preview.links import links
    from ketamine_anki.preview.page import PageNote, page

    collection, release = content.collection, ledger.releases[-1]
    names = {key: made.name for key, made in packages.items()}
    gallery, notes, record, sums = _texts(content, release)
    # Links to lines and the folder's name differ from one working copy to the next: neither enters the page.
    cards = [PageNote(_at_home(note), compiled) for note, compiled in zip(content.written, content.live, strict=True)]
    write_text(scratch / gallery, "".join(page(collection, cards, link=links("none", scratch, "", None))))
    earlier = skipped(ledger, changelog_text(read), release.version)
    write_text(scratch / notes, release_notes(collection, release, section, names, earlier))
    files: list[dict[str, object]] = []
    for made in packages.values():
        path = scratch / made.name
        counts = {"notes": made.counts.notes, "cards": made.counts.cards}
        files.append({"name": made.name, "bytes": path.stat().st_size, "sha256": _sha256(path), **counts})
    write_text(scratch / record, release_record(collection, ledger, __version__, files))
    listed = [*names.values(), gallery, notes, record]
    write_text(scratch / sums, "".join(f"{_sha256(scratch / name)}  {name}\n" for name in sorted(listed)))
    return [*listed, sums]


def _at_home(note: Note) -> Note:
    """The note with its place named within the collection's folder."""
    places = note.places
    return note._replace(places=Places(Path(places.path).name, places.lines, places.marks))


@contextmanager
def _beside(place: Path, text: str, previous: bytes) -> Iterator[Move]:
    """A finished text in a hidden folder beside its place."""
    with scratch_folder(place.parent) as hidden:
        write_text(hidden / place.name, text)
        yield Move(hidden / place.name, place, previous)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
