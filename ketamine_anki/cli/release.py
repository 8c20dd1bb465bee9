"""`ketamine-anki release`: one version for learners, from the committed collection to dist/."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

import click

from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.model import Ledger, Release
from ketamine_anki.release.changes import Changes, Edition, compare, of_ledger, of_notes, with_texts
from ketamine_anki.release.ledger import fresh_time
from ketamine_anki.release.ledger_file import version_key
from ketamine_anki.release.release_notes import section, sections
from ketamine_anki.workspace.clock import as_utc, source_date_epoch
from ketamine_anki.workspace.content import Content, read_content
from ketamine_anki.workspace.editions import edition, released
from ketamine_anki.workspace.folder import FILES, Folder
from ketamine_anki.workspace.git import uncommitted
from ketamine_anki.workspace.output import scratch_folder
from ketamine_anki.workspace.release_files import (
    Plan,
    changelog_path,
    changelog_text,
    ledger_bytes,
    rebuild,
    show,
    write,
)


@click.command("release")
@click.argument("version")
@click.argument("folder", default="decks", type=click.UNPROCESSED)
@click.option("-o", "--output", type=click.UNPROCESSED, default="dist", show_default=True, help="Folder for the files.")
@click.option("--errata", multiple=True, metavar="ID", help="Note that corrects safety; may be given again.")
@click.option(
    "--since",
    type=click.UNPROCESSED,
    metavar="OLD",
    help="The last release, for its words: .apkg, folder or revision (default: git).",
)
@click.option("--dry-run", is_flag=True, help="Show it all and write nothing.")
@click.option("--rebuild", "again", is_flag=True, help="Make the last release again and compare it with the ledger.")
def release(
    version: str, folder: str, output: str, errata: tuple[str, ...], since: str | None, dry_run: bool, again: bool
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
    if not re.fullmatch(r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}", version):
        raise Failure(f"version {version!r}: three numbers, such as 1.2.0", EXIT_USAGE)
    if again and (errata or since or dry_run):
        raise Failure("--rebuild takes no other option than --output: all else is in the ledger", EXIT_USAGE)
    ledger = ledger_bytes(Path(folder))
    read = Folder(folder)
    if not again and not dry_run:
        _must_be_committed(read)
    content = read_content(read)
    if again:
        rebuild(content, read, version, Path(output))
        return
    _must_go_up(content, version)
    plan = _plan(content, read, version, errata, since)
    if dry_run:
        show(plan, content, read, Path(output))
    else:
        write(plan, content, read, Path(output), ledger)


# --- refusals ---------------------------------------------------------------------------------


def _must_be_committed(read: Folder) -> None:
    with scratch_folder(read.path):
        pass  # what a killed run left in the collection is gone now
    changed = uncommitted(read.path, FILES)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise Failure(f"{changed[0]}{more}: not committed; commit or discard it before a release", EXIT_FINDINGS)


def _must_go_up(content: Content, version: str) -> None:
    last = content.last
    if last and version_key(version) <= version_key(last.version):
        raise Failure(f"version {version} does not go up: {last.version} is released already", EXIT_FINDINGS)
    if last and last.state == content.state:
        raise Failure(f"nothing has changed since {last.version}: there is nothing to release", EXIT_FINDINGS)
    known = content.collection.ledger.notes if content.collection.ledger else {}
    for note, why in content.retired:
        if note.id not in known:
            raise Failure(f"note {note.id!r} was never released: delete it instead of retiring it", EXIT_FINDINGS)
        if not known[note.id].retired and why.version != version:
            raise Failure(f"note {note.id!r} says it retires in {why.version}, not in {version}", EXIT_FINDINGS)


def _must_be_large_enough(changes: Changes, last: Release, version: str) -> None:
    old, new = version_key(last.version), version_key(version)
    if changes.level == "major" and new[0] == old[0]:
        why = "; ".join(changes.breaking()[:3])
        raise Failure(f"{version} is too small: {why}: make it {old[0] + 1}.0.0", EXIT_FINDINGS)
    if changes.level == "minor" and new[:2] == old[:2]:
        groups = (("new", changes.new), ("moved", changes.moved), ("retired", changes.retired))
        why = ", ".join(f"{len(found)} {name} ({found[0].name})" for name, found in groups if found)
        raise Failure(f"{version} is too small: notes {why}: make it {old[0]}.{old[1] + 1}.0", EXIT_FINDINGS)


def _must_be_changed(errata: tuple[str, ...], changes: Changes) -> None:
    known = {change.name for change in (*changes.new, *changes.changed, *changes.moved, *changes.retired)}
    for note_id in errata:
        if note_id not in known:
            raise Failure(f"--errata {note_id}: this release changes no such note", EXIT_USAGE)


def _release_time(ledger: Ledger | None) -> int:
    now = int(time.time())
    given = source_date_epoch()
    when = now if given is None else given
    if when > now:
        raise Failure(f"SOURCE_DATE_EPOCH is {as_utc(when)}: a release cannot lie in the future", EXIT_USAGE)
    if fresh_time(ledger, when) != when:
        newest = as_utc(ledger.newest if ledger else 0)
        now_and_then = f"it is {as_utc(when)}, but the last release is of {newest}"
        raise Failure(f"{now_and_then}: set this machine's clock", EXIT_USAGE)
    return when


# --- plan -------------------------------------------------------------------------------------


def _plan(content: Content, read: Folder, version: str, errata: tuple[str, ...], since: str | None) -> Plan:
    collection, last = content.collection, content.last
    old, new = _released(content), of_notes(collection, content.notes)
    if last:
        _must_be_large_enough(compare(old, new), last, version)
        old = _with_words(old, last, read, since)
    changes = compare(old, new)
    _must_be_changed(errata, changes)
    release = Release(
        version=version,
        time=_release_time(collection.ledger),
        notes=len(content.live),
        cards=sum(len(note.cards) for note in content.live),
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
    said = _changelog(read, version).get("Unreleased", "")
    reasons = {note.id: why for note, why in content.retired if why.version == version}
    return Plan(release, changes, section(collection, release, last is None, changes, reasons, said))


def _released(content: Content) -> Edition:
    ledger = content.collection.ledger
    return of_ledger(ledger, content.collection) if ledger else Edition({}, {}, frozenset())


def _with_words(old: Edition, last: Release, read: Folder, since: str | None) -> Edition:
    words = edition(since, str(read.path)) if since else released(str(read.path), last.version)
    if words is None:
        click.echo(f"the words of {last.version} are not known here: name them with --since", err=True)
    return with_texts(old, words) if words else old


def _changelog(read: Folder, version: str) -> Mapping[str, str]:
    known = sections(changelog_text(read))
    if version in known:
        raise Failure(
            f"{changelog_path(read)} has a section {version} already, which the ledger does not know: "
            "put the file back as it was, or delete the section",
            EXIT_FINDINGS,
        )
    return known
