"""Makes a release: what it would contain, how it differs from the last one, what forbids it, and its files."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from ketamine_anki import __version__
from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.core.characters import utf8_text
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.escape import terminal_block
from ketamine_anki.core.limits import MAX_CHANGELOG_BYTES, MAX_LEDGER_BYTES
from ketamine_anki.core.model import Collection, Ledger, Note, Release
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.preview.public import Package, Public
from ketamine_anki.release.changes import Changes, Edition, compare, of_ledger, of_notes
from ketamine_anki.release.ledger import State, fresh_time, next_ledger
from ketamine_anki.release.ledger_file import ledger_text, version_key
from ketamine_anki.release.release_notes import ankiweb, release_notes, release_record, section, sections, with_section
from ketamine_anki.workspace.editions import edition, released
from ketamine_anki.workspace.folder import COLLECTION, LEDGER, Folder, beside, read_bytes
from ketamine_anki.workspace.git import github_name, remote, uncommitted
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
from ketamine_anki.workspace.packages import UPDATE, WHOLE, Packing, as_utc, source_date_epoch
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import readable_collection, report

CHANGELOG = "CHANGELOG.md"
NOTES, ANKIWEB, RECORD, SUMS = "RELEASE_NOTES.md", "ANKIWEB.md", "release.json", "SHA256SUMS"


@dataclass(frozen=True)
class Content:
    """A checked collection to be released: its folder, its live and its retired notes, each as written and as compiled,
    a hash of it all, and the bytes of its ledger and changelog.
    """

    folder: Path
    collection: Collection
    live: list[tuple[Note, CompiledNote]]
    retired: list[tuple[Note, CompiledNote]]
    state: str
    ledger_bytes: bytes
    changelog: bytes

    @property
    def last(self) -> Release | None:
        """The last release."""
        return self.collection.ledger.last if self.collection.ledger else None

    @property
    def notes(self) -> list[CompiledNote]:
        """Every note as compiled."""
        return [compiled for _, compiled in (*self.live, *self.retired)]

    @property
    def log(self) -> str:
        """The text of the changelog, with the line ends of Unix."""
        return self.changelog.decode("utf-8").replace("\r\n", "\n")


def read_content(folder: Path, *, committed: bool) -> Content:
    """Checks and compiles a collection. Any finding is printed and ends the program, and so does, if it must be
    `committed`, a difference from the last git commit.
    """
    try:  # before the rest, so that whoever writes it later is noticed
        ledger_bytes = read_bytes(folder / LEDGER, MAX_LEDGER_BYTES)
    except (OSError, ValueError):  # no ledger, or a finding below
        ledger_bytes = b""
    read = Folder(folder)
    if committed:
        require_committed(folder)
    collection = readable_collection(read)
    state = State(collection)
    live: list[tuple[Note, CompiledNote]] = []
    retired: list[tuple[Note, CompiledNote]] = []

    def visit(note: Note, compiled: CompiledNote) -> None:
        (retired if compiled.retired else live).append((note, compiled))
        state.add(compiled)

    check_notes(read, visit)
    report(read.findings)
    changelog = _changelog(beside(folder, CHANGELOG))
    return Content(folder, collection, live, retired, state.digest(), ledger_bytes, changelog)


def _changelog(path: Path) -> bytes:
    """The bytes of the changelog, which are UTF-8; b"" when there is none. It is read like a deck file, without
    following links, because its text is published.
    """
    if not os.path.lexists(path):
        return b""
    try:
        data = read_bytes(path, MAX_CHANGELOG_BYTES)
        if len(data) > MAX_CHANGELOG_BYTES:
            raise ValueError(f"over {MAX_CHANGELOG_BYTES:,} bytes")
        utf8_text(data)
    except ValueError as error:
        raise Failure(f"{path}: {error}", EXIT_FINDINGS) from None
    return data


def require_committed(folder: Path) -> None:
    """Raises Failure if the collection, or what is tracked around it, differs from the last git commit."""
    with scratch_folder(folder):
        pass  # removes what a killed run left in the collection
    changed = uncommitted(folder)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise Failure(f"{changed[0]}{more}: not committed; commit or discard it before a release", EXIT_FINDINGS)


def plan_release(
    content: Content, version: str, errata: tuple[str, ...], since: str | None, without_repository: bool
) -> tuple[Release, str]:
    """The record of a release, still without hashes of packages, and its section of the changelog. `errata` are the ids
    of notes that correct safety; `since` names the last release, for its texts; by default git is asked. Raises Failure
    if the collection cannot be released so.
    """
    collection, last = content.collection, content.last
    if not (last or collection.repository or without_repository):
        remotes = (github_name(remote(content.folder, name)) for name in ("upstream", "origin"))
        name = next(filter(None, remotes), "")
        line = f"'repository: https://github.com/{name or 'OWNER/NAME'}'" + " with yours" * (not name)
        raise Failure(
            f"{content.folder / COLLECTION}: no repository: learners could neither report a card nor find the next"
            f" release: add {line}; if it is not on GitHub, choose --no-repository",
            EXIT_FINDINGS,
        )
    _require_progress(content, version)
    new = of_notes(collection, content.notes)
    changes = compare(Edition({}, {}, frozenset()), new)
    if collection.ledger and last:
        _require_large_enough(compare(of_ledger(collection.ledger, collection), new), last, version)
        texts = edition(since, str(content.folder)) if since else released(str(content.folder), last.version)
        if texts is None:
            click.echo(f"the words of {last.version} are not known here: name them with --since", err=True)
        changes = compare(of_ledger(collection.ledger, collection, texts), new)
    changed = {change.name for change in (*changes.new, *changes.changed, *changes.moved, *changes.retired)}
    if unknown := next((name for name in errata if name not in changed), ""):
        like = did_you_mean(unknown, changed)
        raise Failure(f"--errata {unknown}: this release changes no such note{like}", EXIT_USAGE)
    release = Release(
        version=version,
        time=_release_time(collection.ledger),
        notes=len(content.live),
        cards=sum(len(compiled.cards) for _, compiled in content.live),
        new=len(changes.new),
        changed=len(changes.changed),
        moved=len(changes.moved),
        retired=len(changes.retired),
        errata=tuple(sorted(set(errata))),
        state=content.state,
        package="",
        update="",
        sums="",
    )
    known = sections(content.log)
    if version in known:
        raise Failure(
            f"{beside(content.folder, CHANGELOG)} has a section {version} that the ledger does not know: put the file"
            " back as it was, or delete the section",
            EXIT_FINDINGS,
        )
    reasons = {note.id: note.retired for note, _ in content.retired if note.retired and note.retired.version == version}
    return release, section(collection, release, changes, reasons, known.get("Unreleased", ""))


def _require_progress(content: Content, version: str) -> None:
    last = content.last
    if last and version_key(version) <= version_key(last.version):
        raise Failure(f"version {version} does not go up: {last.version} is released already", EXIT_FINDINGS)
    if last and last.state == content.state:
        raise Failure(f"nothing has changed since {last.version}: there is nothing to release", EXIT_FINDINGS)
    known = content.collection.ledger.notes if content.collection.ledger else {}
    for _, note in content.retired:
        if note.id not in known:
            raise Failure(f"note {note.id!r} was never released: delete it instead of retiring it", EXIT_FINDINGS)
        if not known[note.id].retired and note.retired != version:
            raise Failure(f"note {note.id!r} says it retires in {note.retired}, not in {version}", EXIT_FINDINGS)


def _require_large_enough(changes: Changes, last: Release, version: str) -> None:
    old, new = version_key(last.version), version_key(version)
    if changes.level == "major" and new[0] == old[0]:
        reason = "; ".join(changes.breaking()[:3])
        raise Failure(f"{version} is too small: {reason}: make it {old[0] + 1}.0.0", EXIT_FINDINGS)
    if changes.level == "minor" and new[:2] == old[:2]:
        groups = (("new", changes.new), ("moved", changes.moved), ("retired", changes.retired))
        reason = ", ".join(f"{len(notes)} {name} ({notes[0].name})" for name, notes in groups if notes)
        raise Failure(f"{version} is too small: notes {reason}: make it {old[0]}.{old[1] + 1}.0", EXIT_FINDINGS)


def _release_time(ledger: Ledger | None) -> int:
    now = int(time.time())
    given = source_date_epoch()
    moment = now if given is None else given
    if moment > now:
        raise Failure(f"SOURCE_DATE_EPOCH is {as_utc(moment)}: a release cannot lie in the future", EXIT_USAGE)
    if ledger and fresh_time(ledger, moment) != moment:
        times = f"it is {as_utc(moment)}, but the last release is of {as_utc(ledger.newest)}"
        raise Failure(f"{times}: set this machine's clock", EXIT_USAGE)
    return moment


# --- the files of a release ---------------------------------------------------------------------


def write(content: Content, release: Release, body: str, output: Path, *, since: str | None, dry_run: bool) -> None:
    """Makes a release of this record, with this text in the changelog, one at a time. All files are finished before the
    first is moved to its place: packages, texts, sums, changelog, and last the ledger, which alone makes it a release.
    A dry run does all but move them, and prints the notes for learners. No file replaces the one that `since` names.
    """
    folder, collection = content.folder, content.collection
    alone = exclusively(folder / COLLECTION, "release")
    with alone, output_folder(output, folder), scratch_folder(output) as scratch:
        packages = _write_packages(content, release, scratch)
        whole = packages[WHOLE]
        release = release._replace(package=whole.sha256, update=packages.get(UPDATE, whole).sha256)
        ledger = next_ledger(collection.ledger, collection, content.notes, release)
        date = time.strftime("%Y-%m-%d", time.gmtime(release.time))
        log = with_section(content.log, release.version, date, body)
        names = _write_texts(content, release, ledger, packages, log, scratch)
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
        names = _write_texts(content, last, ledger, packages, content.log, scratch)
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
    content: Content, release: Release, ledger: Ledger, packages: Mapping[str, Package], log: str, scratch: Path
) -> list[str]:
    """Writes the other files beside the packages, `log` being the changelog with this release; returns the names of
    all files, in the order in which they appear.
    """
    from ketamine_anki.preview.page import PageNote, page

    collection, files = content.collection, list(packages.values())
    body = sections(log).get(release.version, "")
    notes = release_notes(collection, ledger, body, {key: file.name for key, file in packages.items()}, log)
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
