"""Writing files so that each is whole or absent: written to a hidden folder beside its place, flushed to the disk, then
moved there.

The hidden folder is removed whatever happens, except after SIGKILL or a power cut; then the next run that writes there
removes it, which a lock tells from a folder in use. A deck file or ledger that somebody else has written since it was
read is not overwritten, nor is a file that this program did not make.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ketamine_anki.core.errors import EXIT_IO, EXIT_USAGE, Failure
from ketamine_anki.deckfiles.filenames import folded
from ketamine_anki.workspace.folder import COLLECTION, is_collection

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: without locks, what a killed run leaves behind stays there
    fcntl = None

_WINDOWS = os.name == "nt"
_HIDDEN_NAME = re.compile(r"\.ketamine-anki-[0-9a-f]{16}\.tmp")
_MAX_PATH = 400  # bytes of an output folder's path; SQLite opens no file whose path has more than 512
_WAIT = 1.0  # seconds to wait for another run that is just starting
# Name or ending of an output -> how this program begins each such file: with a mark of its own, or in a form that
# nobody else writes. Any other file is replaced only by a command that has read it.
_BEGINNINGS = {
    ".apkg": rb"PK\x03\x04\x14\0\0\0\0\0\0\0!\0(?s:.{12})\x10\0\0\0collection\.anki2",  # stored, of 1 January 1980
    ".html": rb'<!DOCTYPE html>\s+<html lang="en">\s+<head>\s+<meta charset="utf-8">\s+'
    rb'<meta name="generator" content="ketamine-anki">',
    ".schema.json": rb'\{\s+"\$schema": "[^"]+",\s+"\$comment": "Written by `ketamine-anki schema`',
    "release.json": rb'\{\s+"collection": ".*",\s+"version": ".*",\s+"previous": .*,\s+"released": ".*",\s+"program": ',
    "shingles.txt": rb"# Hashed word runs of the source text, which is not distributed: ",
    "RELEASE_NOTES.md": rb"<!-- Written by `ketamine-anki release`",
    "ANKIWEB.md": rb"<!-- Written by `ketamine-anki release`",
    "SHA256SUMS": rb"(?=[^/]*  RELEASE_NOTES\.md\r?\n)(?=[^/]*  release\.json\r?\n)"
    rb"(?:[0-9a-f]{64}  [^/\r\n]+\.(?:apkg|html|json|md)\r?\n)+\Z",
}
_MAX_BEGINNING = 1 << 18  # bytes of a file that are looked at


# --- where an output may go -------------------------------------------------------------------


@contextmanager
def output_folder(folder: Path, collection: Path | None = None) -> Iterator[None]:
    """Makes an output folder; removes it again, with the parents it made, if nothing is in it at the end.

    Raises Failure if it cannot be made, or lies in the folder of the `collection` that is read or of another one.
    """
    if collection is not None:
        refuse_inside(folder, collection)
    length = len(os.fsencode(folder.absolute()))
    if length > _MAX_PATH:
        raise Failure(f"{folder}: a path of {length} bytes: at most {_MAX_PATH}", EXIT_IO)
    missing = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"{folder}: cannot make this folder: {error.strerror}", EXIT_IO) from None
        yield
    finally:
        with suppress(OSError):  # something is in it
            for place in missing:
                place.rmdir()


def refuse_inside(place: Path, collection: Path | None = None) -> None:
    """Raises Failure if an output would lie among the notes of the `collection` that is read, or of another one, where
    it could replace a note or be read as one. Folders are compared as the file system identifies them, and by name as
    another file system might that ignores letter case.
    """
    real, home = Path(os.path.realpath(place)), Path(os.path.realpath(collection or ""))
    for folder in (real, *real.parents):
        same = collection is not None and folded(str(folder)) == folded(str(home))
        with suppress(OSError):
            same = same or (collection is not None and os.path.samefile(folder, home))
        if same or is_collection(folder):
            whose = f"the collection's folder {collection}" if same else f"the folder of {folder / COLLECTION}"
            beside = os.path.relpath((home if same else folder).parent / ("dist" if collection else place.name))
            raise Failure(f"{place}: is inside {whose}: choose a folder outside it, such as {beside}", EXIT_USAGE)


def refuse_to_replace(place: Path, previous: bytes | None = None) -> None:
    """Raises Failure if a place holds anything but a file that this program has made or read, or an empty one.
    `previous` is that of a Move. A link may lead anywhere, and may come with a change that somebody proposed.
    """
    try:
        found = place.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found.st_mode):
        raise Failure(f"{place}: exists and is not a regular file: move it away", EXIT_USAGE)
    if previous is None and found.st_size:
        beginning = next((head for name, head in _BEGINNINGS.items() if place.name.endswith(name)), rb"(?!)")
        with place.open("rb") as file:
            if not re.match(beginning, file.read(_MAX_BEGINNING)):
                raise Failure(f"{place}: exists and was not made by this command: move it away", EXIT_USAGE)


# --- writing ----------------------------------------------------------------------------------


class Move(NamedTuple):
    """A finished file and its place. `previous` is for a file that is edited: what the place held when it was read (b""
    if there was no file). It is None for an output.
    """

    finished: Path
    place: Path
    previous: bytes | None = None


def write_text(path: Path, text: str, previous: bytes | None = None) -> None:
    """Writes a text file, UTF-8 with its line ends as they are; `previous` is that of a Move."""
    write_whole(path, text.encode("utf-8"), previous)


def write_whole(path: Path, content: bytes | Callable[[BinaryIO], object], previous: bytes | None = None) -> None:
    """Writes a file, or leaves the one that was there as it was; `previous` is that of a Move."""
    with finished(path, content, previous) as move:
        move_together([move])


@contextmanager
def finished(
    place: Path, content: bytes | Callable[[BinaryIO], object], previous: bytes | None = None
) -> Iterator[Move]:
    """A finished file in a hidden folder beside its place; `previous` is that of the Move."""
    with scratch_folder(place.parent) as hidden:
        write_new(hidden / place.name, content)
        yield Move(hidden / place.name, place, previous)


def write_new(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Writes a file that does not exist: these bytes, or what the function writes into it."""
    try:
        with path.open("xb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                content(file)
    except OSError as error:
        raise error if error.filename else OSError(error.errno, error.strerror, str(path)) from None


def move_together(moves: Sequence[Move]) -> None:
    """Moves finished files to their places, in order, each in one step; on any failure puts all back. The last move
    is the one that counts.
    """
    done: list[tuple[Path, Path | None]] = []
    try:
        for number, (new, place, previous) in enumerate(moves):
            refuse_to_replace(place, previous)
            old = new.with_name(f"{number}.old") if place.exists() else None
            if old is not None:
                shutil.copyfile(place, old)
            if previous is not None and (old.read_bytes() if old else b"") != previous:
                raise Failure(f"{place}: changed since it was read; it stays as it is: try again", EXIT_IO)
            done.append((place, old))
            _move(new, place)
    except BaseException:
        with _signals_deferred():
            for place, old in reversed(done):
                with suppress(OSError):
                    if old is None:
                        place.unlink(missing_ok=True)
                    else:
                        _move(old, place)
        raise


def _move(new: Path, place: Path) -> None:
    """Moves a finished file to its place in one step, on the disk too, with the permissions of the file that it
    replaces.
    """
    try:
        with new.open("r+b") as file:
            os.fsync(file.fileno())
        if not _WINDOWS:  # which has but one of them: not to be replaced
            with suppress(FileNotFoundError):
                new.chmod(stat.S_IMODE(place.stat().st_mode))
        os.replace(new, place)
    except OSError as error:  # on Windows, whenever another program has the file open
        raise OSError(error.errno, error.strerror, str(place)) from None
    if not _WINDOWS:
        descriptor = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# --- hidden folders ---------------------------------------------------------------------------


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """A hidden temporary folder inside `folder`, removed at the end whatever happens. An error about a file in it
    names the place that the file is for.
    """
    # Its name is known before it is made, so that a signal at any moment leaves nothing.
    hidden = folder / f".ketamine-anki-{os.urandom(8).hex()}.tmp"
    with ExitStack() as stack:
        stack.callback(_remove, hidden)
        try:
            with _locked(Path(os.path.realpath(folder)), _WAIT) as locked:
                if locked:  # nobody else makes or removes hidden folders now
                    _remove_leftovers(folder)
                hidden.mkdir(mode=0o777 if _WINDOWS else 0o700)  # there, files keep it when they are moved out
                stack.enter_context(_locked(hidden))
        except OSError as error:
            raise Failure(f"{folder}: cannot write here: {error.strerror}", EXIT_IO) from None
        try:
            yield hidden
        except OSError as error:
            path = Path(str(error.filename))
            if path.parent != hidden:
                raise
            raise OSError(error.errno, error.strerror, str(folder / path.name)) from None


def _remove(folder: Path) -> None:
    try:
        with _signals_deferred():
            shutil.rmtree(folder, ignore_errors=True)
    finally:  # again: after a fault that passed, or a signal just before the others were deferred
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Defers requests to end, such as Ctrl-C, until the block is done: an impatient user or a closing terminal sends
    several. It replaces the handlers: a signal that is blocked in the main thread alone is given to another one, and
    Python calls the handler in the main thread all the same.
    """
    arrived: list[int] = []
    handlers: dict[int, Any] = {}
    try:
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                handlers[number] = signal.signal(number, lambda arriving, frame: arrived.append(arriving))
        yield
    finally:
        for deferred, handler in handlers.items():
            signal.signal(deferred, handler)
        if arrived:
            signal.raise_signal(arrived[0])


def _remove_leftovers(folder: Path) -> None:
    """Removes what killed runs of this user left in a folder: hidden folders that nobody holds locked."""
    for left in (folder / name for name in os.listdir(folder) if _HIDDEN_NAME.fullmatch(name)):
        with suppress(OSError):
            found = left.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                with _locked(left) as unused:
                    if unused:
                        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def exclusively(path: Path, task: str) -> Iterator[None]:
    """Holds the lock of a file while a task runs, where there are locks; raises Failure if another process holds it."""
    with _locked(path) as locked:
        if locked is False:
            raise Failure(f"{path.parent}: another {task} is running: wait until it ends", EXIT_IO)
        yield


@contextmanager
def _locked(path: Path, wait: float = 0.0) -> Iterator[bool | None]:
    """Holds the lock of a folder or file. Yields whether it was free within `wait` seconds; None where there are no
    locks. The system releases it when the process ends, however it ends.
    """
    if fcntl is None:
        yield None
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        yield _lock(descriptor, time.monotonic() + wait)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, deadline: float) -> bool | None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        except OSError:  # a file system without locks
            return None
        else:
            return True
