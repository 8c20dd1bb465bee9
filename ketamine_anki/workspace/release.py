"""What a release would contain, how it differs from the last one, and what forbids it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import click

from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.core.characters import utf8_text
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_CHANGELOG_BYTES, MAX_LEDGER_BYTES
from ketamine_anki.core.model import Collection, Ledger, Note, Release
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.release.changes import Changes, Edition, compare, of_ledger, of_notes
from ketamine_anki.release.ledger import State, fresh_time
from ketamine_anki.release.ledger_file import version_key
from ketamine_anki.release.release_notes import section, sections
from ketamine_anki.workspace.clock import as_utc, source_date_epoch
from ketamine_anki.workspace.editions import edition, released
from ketamine_anki.workspace.folder import COLLECTION, LEDGER, Folder, beside, read_bytes
from ketamine_anki.workspace.git import github_name, remote, uncommitted
from ketamine_anki.workspace.output import scratch_folder
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import readable_collection, report

CHANGELOG = "CHANGELOG.md"


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
