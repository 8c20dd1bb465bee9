"""Writes out a collection's files as they were at a git revision."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ketamine_anki.core.errors import EXIT_IO, EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_DECKS_BYTES, MAX_FILES, MAX_LEDGER_BYTES, MAX_MEDIA_BYTES, MAX_PICTURES
from ketamine_anki.workspace.folder import MEDIA, is_read, max_bytes
from ketamine_anki.workspace.git import ask, commit_hash, running

_FILES = MAX_FILES + MAX_PICTURES
_BYTES = MAX_DECKS_BYTES + MAX_MEDIA_BYTES + MAX_LEDGER_BYTES


class _Blob(NamedTuple):
    """A file of a revision: its path in the folder, the name of its object, its size in bytes."""

    path: str
    name: str
    size: int


def check_out(folder: Path, revision: str, target: Path) -> None:
    """Writes the files of a collection that are read, as they were at a revision, into an empty folder: no links, and
    no file beyond its limit.
    """
    commit = commit_hash(folder, revision)
    if commit is None:
        raise Failure(f"{revision}: no such package, folder or git revision", EXIT_USAGE)
    trees = (ask(folder, "ls-tree", "-z", "--long", commit, place) or b"" for place in ("./", f"{MEDIA}/"))
    lines = [line for tree in trees for line in tree.split(b"\0")[:-1]]
    if not lines:
        raise Failure(f"{revision}: {folder} is not in this git revision", EXIT_USAGE)
    files = list(_blobs(lines))
    for file in files:
        if file.size > max_bytes(file.path):
            raise Failure(f"{revision}:{folder}/{file.path}: over {max_bytes(file.path):,} bytes", EXIT_USAGE)
    if len(files) > _FILES or sum(file.size for file in files) > _BYTES:
        raise Failure(f"{revision}: over {_FILES:,} files or {_BYTES:,} bytes in {folder}", EXIT_USAGE)
    try:
        _write(folder, files, target)
    except OSError as error:
        raise error if error.filename else OSError(error.errno, error.strerror, str(target)) from None


def _blobs(lines: list[bytes]) -> Iterator[_Blob]:
    for line in lines:
        words, _, raw_path = line.partition(b"\t")
        mode, _, name, size = words.split()
        path = os.fsdecode(raw_path)
        if mode in (b"100644", b"100755") and is_read(path):
            yield _Blob(path, name.decode("ascii"), int(size) if size.isdigit() else 0)  # BAD: a missing object


def _write(folder: Path, files: list[_Blob], target: Path) -> None:
    """Copies each file out of the repository as it is stored there, without filters."""
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
