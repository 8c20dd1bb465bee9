"""What a preview is compared with: another decks folder, a git revision, or a package."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_MEDIA_BYTES
from ketamine_anki.core.model import Collection
from ketamine_anki.preview.page import Comparison, Shown
from ketamine_anki.workspace.folder import Folder, read_bytes

if TYPE_CHECKING:
    from ketamine_anki.anki.package_reader import PackageContents, PackagedNote

Read = Callable[[Folder], tuple[Collection, list[Shown]]]

_NUMBER = re.compile(r"\{\{c(\d{1,9})::")
# Elements that our own fields are made of. A package may come from anybody.
_ELEMENTS = (
    "a|b|blockquote|br|code|div|em|h[1-6]|hr|i|img|li|ol|p|pre|span|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul"
)
_KNOWN = re.compile(rf'</?(?:{_ELEMENTS})(?:\s+(?:alt|class|dir|href|src|start)="[^"<>]*")*\s*/?>')
_TAG = re.compile(r"<[^>]*>?")


def older(name: str, folder: str, read: Read) -> Comparison:
    """The state that a path, or for the collection in `folder` a git revision, names. `read` gives the
    notes of a collection's folder.
    """
    path = Path(name)
    if path.is_dir():
        return _of_folder(name, name, read)
    if path.is_file() or name.endswith(".apkg"):
        return _of_package(path)
    return _of_revision(name, folder, read)


def _of_folder(name: str, folder: str, read: Read) -> Comparison:
    found = Folder(folder)
    collection, notes = read(found)
    if found.collection is None:
        raise Failure(f"{name}: no collection to compare with: {found.findings[0].message}", EXIT_USAGE)
    pictures = {picture.packaged: picture.data for picture in collection.pictures.values()}
    return Comparison(name, {note.compiled.guid: note.compiled for note in notes}, pictures)


def _of_revision(revision: str, folder: str, read: Read) -> Comparison:
    from ketamine_anki.workspace.revision import check_out

    with tempfile.TemporaryDirectory(prefix="ketamine-anki-") as scratch:
        check_out(Path(folder), revision, Path(scratch))
        return _of_folder(revision, scratch, read)


def _of_package(path: Path) -> Comparison:
    from ketamine_anki.anki.package_reader import read_package
    from ketamine_anki.core.limits import MAX_PACKAGE_BYTES

    try:
        package = read_package(read_bytes(path, MAX_PACKAGE_BYTES))
    except ValueError as error:  # a PackageError is one
        raise Failure(f"{path}: {error}", EXIT_USAGE) from None
    return replace(comparison(path.name, package), pictures=_Pictures(path, package.media))


class _Pictures(Mapping[str, bytes]):
    """The pictures of a package that anyone may have made, each unpacked when it is shown."""

    def __init__(self, path: Path, media: Mapping[str, bytes]) -> None:
        self._path = path
        self._media = media
        self._left = MAX_MEDIA_BYTES

    def __getitem__(self, name: str) -> bytes:
        try:
            data = self._media[name]
        except ValueError as error:  # a PackageError is one
            raise Failure(f"{self._path}: {error}", EXIT_USAGE) from None
        self._left -= len(data)
        if self._left < 0:
            raise Failure(f"{self._path}: its pictures together are over {MAX_MEDIA_BYTES:,} bytes", EXIT_USAGE)
        return data

    def __contains__(self, name: object) -> bool:
        return name in self._media  # without unpacking it

    def __iter__(self) -> Iterator[str]:
        return iter(self._media)

    def __len__(self) -> int:
        return len(self._media)


def comparison(name: str, package: PackageContents) -> Comparison:
    """The notes of a package that are of our note types; the others cannot be compared."""
    notes = {}
    for note in package.notes:
        if "ID" in note.fields:
            notes[note.guid] = _compiled(note, is_cloze=package.note_types[note.note_type].is_cloze)
    return Comparison(name, notes, package.media)


def _compiled(note: PackagedNote, *, is_cloze: bool) -> CompiledNote:
    key = "cloze" if is_cloze else "question"
    fields = {name: _harmless(value) for name, value in note.fields.items()}
    if is_cloze:
        cards = tuple(sorted({int(number) - 1 for number in _NUMBER.findall(fields.get("Text", "")) if int(number)}))
    else:
        cards = (0, 1) if fields.get("ReverseQuestion") else (0,)
    return CompiledNote(
        id=fields["ID"],
        guid=note.guid,
        note_type=key,
        deck=note.deck,
        fields=tuple(fields.get(name, "") for name in note_types()[key].fields),
        tags=tuple(sorted(note.tags, key=str.casefold)),
        cards=cards,
    )


def _harmless(field: str) -> str:
    """The field with every element that we would not have made shown as text."""
    return _TAG.sub(lambda tag: tag[0] if _KNOWN.fullmatch(tag[0]) else tag[0].replace("<", "&lt;"), field)
