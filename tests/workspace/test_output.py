"""Output files are whole or absent."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest
import small_deck
from program import run

from ketamine_anki.anki import package_writer
from ketamine_anki.core.errors import Failure
from ketamine_anki.workspace import output
from ketamine_anki.workspace.output import output_folder, scratch_folder, write_text, write_whole

# --- whole or absent --------------------------------------------------------------------------


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is written, when another program has written it, and when that has it open, as on Windows."""
    path = tmp_path / "file"
    write_text(path, "old\n")

    def write_half(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(errno.EIO, "disk is gone")

    with pytest.raises(OSError, match="disk is gone") as error:
        write_whole(path, write_half, previous=b"old\n")
    assert error.value.filename == str(path)
    with pytest.raises(Failure, match="changed since it was read"):
        write_text(path, "new\n", previous=b"older\n")

    def in_use(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "used by another process", str(source), str(target))

    monkeypatch.setattr(os, "replace", in_use)
    with pytest.raises(PermissionError) as error:
        write_text(path, "new\n", b"old\n")
    assert error.value.filename == str(path)
    assert path.read_text("utf-8") == "old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_deck.write(tmp_path / "decks", "- {question: 'Which gas do plants use?', answer: Carbon dioxide}")


def test_a_damaged_package_is_not_published(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The written package is read again and counted; if a count differs, the old ones stay."""
    dist = tmp_path / "dist"
    assert run("build", folder, "-o", dist, "--split").code == 0
    old = {path: path.read_bytes() for path in dist.iterdir()}
    small_deck.replace(folder / "01-first.yaml", "Carbon dioxide", "CO₂")
    monkeypatch.setattr(package_writer, "count", lambda *_: package_writer.Counts(7, 7, 7, 7))
    ran = run("build", folder, "-o", dist, "--split")
    assert (ran.code, "not whole" in ran.err) == (74, True)
    assert {path: path.read_bytes() for path in dist.iterdir()} == old


def test_a_failed_command_leaves_no_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it name the hidden one."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    page = tmp_path / "a/b/p.html"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert run("preview", folder, "-o", page) == (74, "", f"ketamine-anki: {page}: No space left on device\n")
    small_deck.replace(folder / "01-first.yaml", "answer:", "anwser:")
    assert run("build", folder, "-o", tmp_path / "a/dist").code == 1
    assert not (tmp_path / "a").exists()


def mode_after(path: Path, mode: int = 0) -> int:
    """The permissions of a file that is written new, or in the place of one with this mode."""
    if mode:
        path.touch()
        path.chmod(mode)
    mask = os.umask(0o027)
    try:
        write_text(path, "x", b"" if mode else None)
    finally:
        os.umask(mask)
    return path.stat().st_mode & 0o777


def test_a_new_file_has_the_usual_permissions_and_another_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows none does: what is read-only could not be removed, what a private folder held would stay private."""
    assert [mode_after(tmp_path / f"{mode}", mode) for mode in (0, 0o600, 0o644)] == [0o640, 0o600, 0o644]
    monkeypatch.setattr(output, "_WINDOWS", True)
    assert mode_after(tmp_path / "windows", 0o600) == 0o640
    (tmp_path / "folder").mkdir()
    with scratch_folder(tmp_path) as hidden:
        assert hidden.stat().st_mode == (tmp_path / "folder").stat().st_mode


def fails(context: AbstractContextManager[object], message: str) -> None:
    with pytest.raises(Failure, match=message) as error, context:
        pass
    assert error.value.exit_code == 74


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file/dist", Path("/proc/x/y")):
        fails(output_folder(place), f"{place}: cannot make this folder")
    fails(output_folder(Path("/tmp" + "/abc" * 100)), "a path of 40[0-9] bytes: at most 400")
    fails(scratch_folder(Path("/proc")), "/proc: cannot write here")


# --- hidden folders ---------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 1])
def test_another_signal_does_not_stop_the_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """An impatient user sends several. With a second thread, as of `preview --watch`, the system may give one to it."""
    remove = shutil.rmtree

    def remove_slowly(path: Path, **options: bool) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)  # so long another thread may need to take it
        remove(path, **options)

    monkeypatch.setattr(shutil, "rmtree", remove_slowly)
    done = threading.Event()
    for _ in range(threads):
        threading.Thread(target=done.wait).start()
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path) as hidden:
            (hidden / "file").write_bytes(b"x")
        assert list(tmp_path.iterdir()) == []
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)
        done.set()


def test_leftovers_are_removed_and_folders_in_use_are_not(tmp_path: Path) -> None:
    """Nor what only looks like a leftover: a link of that name, a file, a folder of another name."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    dist = tmp_path / "dist"
    (dist / ".ketamine-anki-0000000000000000.tmp").mkdir(parents=True)
    (dist / ".ketamine-anki-0123456789abcdef.tmp").symlink_to(elsewhere)
    (dist / ".ketamine-anki-fedcba9876543210.tmp").write_bytes(b"x")
    (dist / ".ketamine-anki-mine.tmp").mkdir()
    kept = {".ketamine-anki-0123456789abcdef.tmp", ".ketamine-anki-fedcba9876543210.tmp", ".ketamine-anki-mine.tmp"}
    with scratch_folder(dist) as first, scratch_folder(dist) as second:
        assert {path.name for path in dist.iterdir()} == kept | {first.name, second.name}
    assert {path.name for path in dist.iterdir()} == kept
