"""Editions from what a user names: a package, a collection's folder, or a git revision."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ketamine_anki.anki.compile import CompiledNote, compile_note
from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_LEDGER_BYTES, MAX_PACKAGE_BYTES
from ketamine_anki.core.model import Finding, Ledger, Position
from ketamine_anki.release.changes import Edition, of_ledger, of_notes, of_package
from ketamine_anki.text.render import render_note
from ketamine_anki.workspace.folder import COLLECTION, LEDGER, Folder, read_bytes
from ketamine_anki.workspace.git import ask, is_release, released_revision
from ketamine_anki.workspace.reporting import report
from ketamine_anki.workspace.revision import check_out


def edition(named: str, folder: str, *, old: bool = False) -> Edition:
    """The edition that a path or, for the collection in `folder`, a git revision names. Ends the program
    when it cannot be read.

    The note types are part of the program, which may have been another one then: those of an `old`
    edition, and those of the revision of a release, are the released ones, as the ledger has them.
    """
    path = Path(named)
    if path.is_dir():
        made, findings = of_folder(named, lambda _: old)
    elif path.is_file() or named.endswith(".apkg"):
        return of_file(path)
    else:
        made, findings = of_revision(named, folder, old)
    report(findings)
    assert made is not None, "a collection that cannot be read has findings"
    return made


def of_folder(folder: str, is_released: Callable[[Ledger], bool]) -> tuple[Edition | None, list[Finding]]:
    """The edition of a collection on disk, whatever the rules say of it, or what cannot be read. Its note
    types are those of the ledger if that `is_released`, else the program's.
    """
    read = Folder(folder)
    collection = read.collection
    if collection is None:
        return None, read.findings
    notes: list[tuple[CompiledNote, str]] = []
    for deck in read.decks():
        if deck.name not in collection.decks:
            at = Position(read.show(COLLECTION), 1, 1)
            read.findings.append(Finding(at, "unknown-deck", f"deck {deck.name!r} is not listed"))
            continue
        number = collection.decks.index(deck.name) + 1
        for index, note in enumerate(deck.notes):
            compiled = compile_note(note, collection, render_note(note, collection), number, index)
            notes.append((compiled, note.retired.version if note.retired else ""))
    if read.findings:
        return None, read.findings
    made, ledger = of_notes(collection, notes), collection.ledger
    if ledger and is_released(ledger):
        made = replace(made, note_types=of_ledger(ledger, collection).note_types)
    return made, []


def of_revision(revision: str, folder: str, old: bool) -> tuple[Edition | None, list[Finding]]:
    """The edition of a collection at a git revision, or what cannot be read there."""
    if not Path(folder).is_dir():
        raise Failure(f"{folder}: no such folder: name the folder that holds collection.yaml", EXIT_USAGE)
    with tempfile.TemporaryDirectory(prefix="ketamine-anki-") as scratch:
        check_out(Path(folder), revision, Path(scratch))
        made, findings = of_folder(
            scratch, lambda ledger: old or is_release(Path(folder), revision, ledger.releases[-1].version, LEDGER)
        )
    return made, [
        Finding(position._replace(path=position.path.replace(scratch, f"{revision}:{folder}", 1)), rule, message)
        for position, rule, message in findings
    ]


def of_file(path: Path) -> Edition:
    """The edition that an .apkg on disk holds."""
    from ketamine_anki.anki.package_reader import read_package

    try:
        return of_package(read_package(read_bytes(path, MAX_PACKAGE_BYTES)))
    except ValueError as error:  # a PackageError is one
        raise Failure(f"{path}: {error}", EXIT_USAGE) from None


def released(folder: str, version: str) -> Edition | None:
    """The edition that git remembers of a release of the collection in a folder, if it does."""
    revision = released_revision(Path(folder), version, LEDGER)
    if revision is None:
        return None
    ledger = ask(Path(folder), "cat-file", "blob", f"{revision}:./{LEDGER}", most=MAX_LEDGER_BYTES) or b""
    known = f"{{version: {version}," in ledger.decode("utf-8", "replace")
    return of_revision(revision, folder, True)[0] if known else None
