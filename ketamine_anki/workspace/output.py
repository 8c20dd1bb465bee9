"""Writing files so that each is whole or absent: made in a hidden folder beside their place, flushed to
the disk, moved there. What others wrote to a deck file or a ledger since it was read is not overwritten.

The hidden folder is gone at the end whatever happens, save after SIGKILL or a power cut; then the next
run that writes there removes it. A lock tells what was left from what is in use.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ketamine_anki.core.errors import EXIT_CANNOT_CREATE, Failure

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: what a killed run leaves stays there
    fcntl = None

_LEFT = re.compile(r"\.ketamine-anki-[0-9a-f]{16}\.tmp")
_LONGEST = 400  # bytes of an output folder's path; SQLite opens no file whose path has more than 512
_PATIENCE = 1.0  # seconds to wait for another run that is just starting


class Move(NamedTuple):
    """A finished file, its place, and what the place held when that was read (nothing: there was no file), if
    this matters.
    """

    made: Path
    place: Path
    was: bytes | None = None


def make_folder(folder: Path) -> None:
    """Makes an output folder, with its parents."""
    long = len(os.fsencode(folder.absolute()))
    if long > _LONGEST:
        raise Failure(f"{folder}: a path of {long} bytes: at most {_LONGEST}", EXIT_CANNOT_CREATE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"{folder}: cannot make this folder: {error.strerror}", EXIT_CANNOT_CREATE) from None


@contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """Makes an output folder, and takes it away again, with the parents it made, when nothing was written there."""
    missing: list[Path] = []
    with suppress(OSError):  # a path too long, or closed to us: to make it says so
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        make_folder(folder)
        yield
    finally:
        with suppress(OSError):  # something is in it
            for place in missing:
                place.rmdir()


def write_whole(
    path: Path,
    write: Callable[[BinaryIO], None],
    verify: Callable[[Path], None] | None = None,
    scratch: Path | None = None,
    was: bytes | None = None,
) -> None:
    """Writes a file through `write`, lets `verify` look at it, and moves it to `path`. `scratch` is a
    hidden folder in use beside `path`, if there is one; `was` is that of a Move.

    On any failure the file that was there stays as it was. An existing `path` that is not a regular
    file, a symbolic link for one, is refused.
    """
    _must_be_replaceable(path)
    with nullcontext(scratch) if scratch and scratch.parent == path.parent else scratch_folder(path.parent) as hidden:
        temporary = hidden / "made"
        try:
            with temporary.open("xb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise error if error.filename else OSError(error.errno, error.strerror, str(path)) from None
        if verify is not None:
            verify(temporary)
        _must_hold(path, path, was)
        _move(temporary, path)


def _must_hold(path: Path, seen: Path, was: bytes | None) -> None:
    """Refuses a place that does not hold what it held when it was read, by what was `seen` there."""
    if was is not None and (seen.read_bytes() if seen.exists() else b"") != was:
        raise Failure(f"{path}: changed since it was read; it stays as it is: try again", EXIT_CANNOT_CREATE)


def _move(made: Path, path: Path) -> None:
    """Moves a finished file to its place, at once, with the permissions of the old one, if there is one."""
    with suppress(FileNotFoundError):
        made.chmod(stat.S_IMODE(path.stat().st_mode))
    os.replace(made, path)
    _sync_folder(path.parent)


def write_text(path: Path, text: str, was: bytes | None = None) -> None:
    """Writes a text file, UTF-8 with \\n line ends; `was` is that of a Move."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode("utf-8"))

    write_whole(path, write, was=was)


def move_together(moves: Sequence[Move], scratch: Path) -> None:
    """Moves finished files to their places, in order, each at once; on any failure all is put back as it
    was. The last move is the one that counts. `scratch` is an existing folder for what is replaced.
    """
    done: list[tuple[Path, Path | None]] = []
    try:
        for number, (made, place, was) in enumerate(moves):
            _must_be_replaceable(place)
            old = scratch / f"{number}.old" if place.exists() else None
            if old is not None:
                shutil.copyfile(place, old)
            _must_hold(place, old or place, was)
            done.append((place, old))
            _move(made, place)
    except BaseException:
        with _undisturbed():
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
    # The name is known before anything is made, so that a signal at any moment leaves nothing.
    made = folder / f".ketamine-anki-{os.urandom(8).hex()}.tmp"
    with ExitStack() as held:
        held.callback(_remove, made)
        try:
            # Inside a temporary folder, which this process holds locked itself, there is nobody to wait for.
            ours = _LEFT.fullmatch(folder.name) is not None
            with nullcontext(False) if ours else _locked(folder.resolve(), _PATIENCE) as alone:
                if alone:  # nobody else makes or removes hidden folders now
                    _remove_leftovers(folder)
                made.mkdir(mode=0o700)
                held.enter_context(_locked(made))
        except OSError as error:
            raise Failure(f"{folder}: cannot write here: {error.strerror}", EXIT_CANNOT_CREATE) from None
        yield made


def _remove(folder: Path) -> None:
    with _undisturbed():
        for _ in range(2):  # a fault that passes leaves nothing
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals wait for the end: who closes a terminal or is impatient sends several."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _remove_leftovers(folder: Path) -> None:
    """Removes what killed runs of this user left in a folder: hidden folders that nobody holds locked."""
    for name in os.listdir(folder):
        left = folder / name
        with suppress(OSError):
            if _LEFT.fullmatch(name) and stat.S_ISDIR((found := left.lstat()).st_mode) and found.st_uid == os.geteuid():
                with _locked(left) as unused:
                    if unused:
                        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def alone(path: Path, work: str) -> Iterator[None]:
    """Refuses the work that a file stands for while another process is at it; nobody where there are no locks."""
    with _locked(path) as had:
        if had is False:
            raise Failure(f"{path.parent}: another {work} is at work here: wait for its end", EXIT_CANNOT_CREATE)
        yield


@contextmanager
def _locked(path: Path, patience: float = 0.0) -> Iterator[bool | None]:
    """Holds the lock of a folder or file, and says whether it could be had within `patience` seconds; None where
    there are no locks. The system lets go of it when the process ends, however it ends.
    """
    if fcntl is None:
        yield None
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        yield _lock(descriptor, time.monotonic() + patience)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, until: float) -> bool | None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        except OSError:  # a file system without locks
            return None
        else:
            return True


def _must_be_replaceable(path: Path) -> None:
    """A link may lead anywhere, and may come with a change that somebody proposed."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Failure(f"{path}: exists and is not a regular file: move it away", EXIT_CANNOT_CREATE)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
