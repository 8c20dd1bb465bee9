"""What the user names as OLD or NEW -> an edition for `diff` and `release`, a baseline for `preview`.

A name is that of a package, of a collection's folder or of a git revision.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ketamine_anki.anki.compile import CompiledNote, compile_note
from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_LEDGER_BYTES, MAX_MEDIA_BYTES, MAX_PACKAGE_BYTES
from ketamine_anki.core.model import Collection, Finding, Position
from ketamine_anki.core.terminal import echo
from ketamine_anki.preview.baseline import Baseline, notes_of_package
from ketamine_anki.release.changes import Edition, of_ledger, of_notes, of_package
from ketamine_anki.text.render import render_note
from ketamine_anki.workspace.folder import COLLECTION, LEDGER, Folder, read_bytes, require_folder
from ketamine_anki.workspace.git import ask, check_out, commit_hash, released_revision
from ketamine_anki.workspace.reporting import report

if TYPE_CHECKING:
    from ketamine_anki.anki.package_reader import PackageContents


@contextmanager
def _opened(name: str, folder: str) -> Iterator[Folder | PackageContents]:
    """The package or the collection that a path or, for the collection in `folder`, a git revision names."""
    path = Path(name)
    if path.is_dir():
        yield Folder(name)
    elif path.is_file() or name.endswith(".apkg"):
        from ketamine_anki.anki.package_reader import read_package

        try:
            package = read_package(read_bytes(path, MAX_PACKAGE_BYTES))
        except ValueError as error:  # a PackageError is one
            raise Failure(f"{path}: {error}", EXIT_USAGE) from None
        if package.oddities:
            echo(f"{path}: {package.oddities}", err=True)
        yield package
    else:
        with _checked_out(name, folder) as read:
            yield read


@contextmanager
def _checked_out(revision: str, folder: str) -> Iterator[Folder]:
    """The collection in `folder` at a git revision, in a temporary folder that is deleted at the end of the block."""
    require_folder(folder)
    with tempfile.TemporaryDirectory(prefix="ketamine-anki-") as scratch:
        check_out(Path(folder), revision, Path(scratch))
        yield Folder(scratch, Path(f"{revision}:{folder}"))


def edition(name: str, folder: str, *, old: bool = False) -> Edition:
    """The edition that a path or, for the collection in `folder`, a git revision names. Findings that keep it from
    being read are printed and end the program.

    The note types are part of the program, which may have been another version then: those of an `old` edition, and
    those of the revision of a release, are the released ones, as the ledger has them.
    """
    with _opened(name, folder) as source:
        if not isinstance(source, Folder):
            return of_package(source)
        ledger = source.collection.ledger if source.collection else None
        if ledger and not old and not Path(name).is_dir():
            commit = released_revision(Path(folder), ledger.releases[-1].version)
            old = commit is not None and commit == commit_hash(Path(folder), name)
        result = _of_folder(source, old)
        report(source.findings)
    assert result is not None, "a collection that cannot be read has findings"
    return result


def released(folder: str, version: str) -> Edition | None:
    """The edition that git remembers of a release of the collection in a folder, if it does."""
    revision = released_revision(Path(folder), version)
    if revision is None:
        return None
    ledger = ask(Path(folder), "cat-file", "blob", f"{revision}:./{LEDGER}", limit=MAX_LEDGER_BYTES) or b""
    if f"{{version: {version}," not in ledger.decode("utf-8", "replace"):
        return None
    with _checked_out(revision, folder) as read:
        return _of_folder(read, old=True)


def _of_folder(read: Folder, old: bool) -> Edition | None:
    """The edition of a collection, whatever the rules say of it; None if findings keep it from being read. The note
    types of an `old` one are those of its ledger.
    """
    collection = read.collection
    notes = list(_compiled(read, collection)) if collection else []
    if collection is None or read.findings:
        return None
    result, ledger = of_notes(collection, notes), collection.ledger
    return replace(result, note_types=of_ledger(ledger, collection).note_types) if ledger and old else result


def _compiled(read: Folder, collection: Collection) -> Iterator[CompiledNote]:
    """Every note of a collection that can be read; a deck that is not listed is a finding."""
    for deck in read.decks():
        if deck.name not in collection.decks:
            at = Position(read.show(COLLECTION), 1, 1)
            read.findings.append(Finding(at, "unknown-deck", f"deck {deck.name!r} is not listed"))
            collection = replace(collection, decks=(*collection.decks, deck.name))
        number = collection.decks.index(deck.name) + 1
        for index, note in enumerate(deck.notes):
            yield compile_note(note, collection, render_note(note, collection), number, index)


def baseline(name: str, folder: str) -> Baseline:
    """The state that a path or, for the collection in `folder`, a git revision names. Of a collection with findings
    it has what can be read.
    """
    with _opened(name, folder) as source:
        if not isinstance(source, Folder):
            return Baseline(Path(name).name, notes_of_package(source), _pictures(Path(name), source.media))
        collection = source.collection
        if collection is None:
            raise Failure(f"{name}: no collection to compare with: {source.findings[0].message}", EXIT_USAGE)
        notes = {note.guid: note for note in _compiled(source, collection)}
        pictures = {picture.packaged: picture.data for picture in collection.pictures.values()}
        return Baseline(name, notes, pictures.get)


def _pictures(path: Path, media: Mapping[str, bytes]) -> Callable[[str], bytes | None]:
    """A function from the name of a picture to its bytes, None if a package lacks it. Anyone may have made the package:
    each picture is unpacked when it is used.
    """
    left = MAX_MEDIA_BYTES

    def picture(name: str) -> bytes | None:
        nonlocal left
        try:
            data = media.get(name)
            left -= len(data or b"")
            if left < 0:
                raise ValueError(f"its pictures together are over {MAX_MEDIA_BYTES:,} bytes")
        except ValueError as error:  # a PackageError is one
            raise Failure(f"{path}: {error}", EXIT_USAGE) from None
        return data

    return picture
