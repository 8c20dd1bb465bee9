"""A collection's files as they were at a git revision."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ketamine_anki.core.errors import EXIT_IO, EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_DECKS_BYTES, MAX_FILES, MAX_LEDGER_BYTES, MAX_MEDIA_BYTES, MAX_PICTURES
from ketamine_anki.workspace.folder import MEDIA, is_read, most_bytes
from ketamine_anki.workspace.git import ask, commit, running

_FILES = MAX_FILES + MAX_PICTURES
_BYTES = MAX_DECKS_BYTES + MAX_MEDIA_BYTES + MAX_LEDGER_BYTES


class _Stored(NamedTuple):
    """A file of a revision: path in the folder, name of its object, bytes."""

    path: str
    name: str
    size: int


def check_out(folder: Path, revision: str, target: Path) -> None:
    """Writes what is read of a collection, as it was at a revision, into an empty folder: no links, and
    nothing that is larger than it may be.
    """
    found = commit(folder, revision)
    if found is None:
        raise Failure(f"{revision}: no such package, folder or git revision", EXIT_USAGE)
    listed = [line for place in ("./", f"{MEDIA}/") for line in _listed(folder, found, place)]
    if not listed:
        raise Failure(f"{revision}: {folder} is not in this git revision", EXIT_USAGE)
    files = list(_files(listed))
    for file in files:
        if file.size > most_bytes(file.path):
            raise Failure(f"{revision}:{folder}/{file.path}: over {most_bytes(file.path):,} bytes", EXIT_USAGE)
    if len(files) > _FILES or sum(file.size for file in files) > _BYTES:
        raise Failure(f"{revision}: over {_FILES:,} files or {_BYTES:,} bytes in {folder}", EXIT_USAGE)
    try:
        _write(folder, files, target)
    except OSError as error:
        raise error if error.filename else OSError(error.errno, error.strerror, str(target)) from None


def _listed(folder: Path, commit: str, place: str) -> list[bytes]:
    return (ask(folder, "ls-tree", "-z", "--long", commit, place) or b"").split(b"\0")[:-1]


def _files(listed: list[bytes]) -> Iterator[_Stored]:
    for line in listed:
        words, _, path = line.partition(b"\t")
        mode, _, name, size = words.split()
        shown = os.fsdecode(path)
        if mode in (b"100644", b"100755") and is_read(shown):
            yield _Stored(shown, name.decode("ascii"), int(size) if size.isdigit() else 0)  # BAD: it lacks


def _write(folder: Path, files: list[_Stored], target: Path) -> None:
    """Copies each file out of the repository as it is stored there, with no filter in between."""
    with tempfile.TemporaryFile() as names:
        names.writelines(f"{file.name}\n".encode("ascii") for file in files)
        names.seek(0)
        with running(folder, "cat-file", "--batch", given=names) as process:
            assert process.stdout is not None
            for file in files:
                head = process.stdout.readline().split()
                data = process.stdout.read(file.size + 1)
                if head[1:] != [b"blob", b"%d" % file.size] or len(data) != file.size + 1:
                    raise Failure(f"{folder}/{file.path}: git cannot read it: try `git fsck`", EXIT_IO)
                written = target / file.path
                written.parent.mkdir(exist_ok=True)
                written.write_bytes(data[:-1])
