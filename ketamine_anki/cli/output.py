"""Writing files so that each is whole or absent: temporary file in the same folder, flushed to the
disk, moved into place.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ketamine_anki.cli import EXIT_CANNOT_CREATE, Failure


def make_folder(folder: Path) -> None:
    """Makes an output folder, with its parents."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"{folder}: cannot make this folder: {error.strerror}", EXIT_CANNOT_CREATE) from None


def write_whole(path: Path, write: Callable[[BinaryIO], None], verify: Callable[[Path], None] | None = None) -> None:
    """Writes a file through `write`, lets `verify` look at it, and moves it to `path`.

    On any failure the file that was there stays as it was. An existing `path` that is not a regular
    file is refused; of a symbolic link the file it leads to is replaced.
    """
    path = _target(path)
    temporary = path.parent / _unused(f".{path.name[:100]}.")
    try:
        with _made(temporary) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if verify is not None:
            verify(temporary)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Writes a text file, UTF-8 with \\n line ends."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode("utf-8"))

    write_whole(path, write)


def move_together(moves: Sequence[tuple[Path, Path]], scratch: Path) -> None:
    """Moves finished files to their places, in order, each at once; on any failure all is put back as it
    was. The last move is the one that counts. `scratch` is an existing folder for what is replaced.
    """
    done: list[tuple[Path, Path | None]] = []
    try:
        for number, (staged, place) in enumerate(moves):
            place = _target(place)
            old = scratch / f"{number}.old" if place.exists() else None
            if old is not None:
                shutil.copyfile(place, old)
            done.append((place, old))
            os.replace(staged, place)
            _sync_folder(place.parent)
    except BaseException:
        for place, old in reversed(done):
            with suppress(OSError):
                _put_back(place, old)
        raise


def _put_back(place: Path, old: Path | None) -> None:
    if old is None:
        place.unlink(missing_ok=True)
        return

    def write(file: BinaryIO) -> None:
        file.write(old.read_bytes())

    write_whole(place, write)


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder inside `folder`, gone at the end whatever happens."""
    made = folder / _unused(".ketamine-anki-")
    try:
        try:
            made.mkdir(mode=0o700)
        except OSError as error:
            raise Failure(f"{folder}: cannot write here: {error.strerror}", EXIT_CANNOT_CREATE) from None
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _unused(prefix: str) -> str:
    """A name for what is made and removed again. It is known before anything is made, so that a signal
    at any moment leaves nothing: `tempfile` gives the name only when the file is there.
    """
    return f"{prefix}{secrets.token_hex(8)}.tmp"


def _made(path: Path) -> BinaryIO:
    """A new file, open for writing, never one that is there."""
    try:
        return path.open("xb")
    except OSError as error:
        raise Failure(f"{path.parent}: cannot write here: {error.strerror}", EXIT_CANNOT_CREATE) from None


def _target(path: Path) -> Path:
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise Failure(f"{path}: exists and is not a regular file", EXIT_CANNOT_CREATE)
    return path


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
