"""Output files are whole or absent."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
import small_deck
from program import run

from ketamine_anki.core.errors import Failure
from ketamine_anki.workspace import output
from ketamine_anki.workspace.output import output_folder, scratch_folder, write_text, write_whole

NOTES = "- question: Which gas do leaves take up in daylight?\n  answer: Carbon dioxide\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_deck.write(tmp_path / "decks", NOTES)


# --- whole or absent --------------------------------------------------------------------------


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old\n")

    def write_half(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(5, "disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        write_whole(path, write_half, previous=b"old\n")

    with pytest.raises(Failure, match="changed since it was read"):
        write_text(path, "new\n", previous=b"older\n")
    assert path.read_text("utf-8") == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_package_is_not_published(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The written package is read again and counted; if a count differs, the old one stays."""
    from ketamine_anki.anki import package_writer

    dist = tmp_path / "dist"
    assert run("build", folder, "-o", dist).code == 0
    path = dist / "small-deck.apkg"
    old = path.read_bytes()
    monkeypatch.setattr(package_writer, "count", lambda *_: package_writer.Counts(7, 7, 7, 7))
    ran = run("build", folder, "-o", dist)
    assert (ran.code, "not whole" in ran.err) == (74, True)
    assert (path.read_bytes(), list(dist.iterdir())) == (old, [path])


@pytest.mark.parametrize("wrong", ["findings", "a full disk"])
def test_a_failed_command_leaves_no_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    if wrong == "findings":
        deck = folder / "01-first.yaml"
        small_deck.replace(deck, "answer:", "anwser:")
        code = run("build", folder, "-o", tmp_path / "a/dist").code
    else:

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        code = run("preview", folder, "-o", tmp_path / "a/b/p.html").code
    assert (code, (tmp_path / "a").exists()) == (1 if wrong == "findings" else 74, False)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_text(path, "new", b"old")
    assert path.stat().st_mode & 0o777 == mode


def test_windows_keeps_neither_the_permissions_of_a_file_nor_those_of_the_hidden_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read-only could not be removed there, and what was made in a private folder would stay private."""
    monkeypatch.setattr(output, "_WINDOWS", True)
    for name in ("old", "usual"):
        (tmp_path / name).write_bytes(b"old")
    (tmp_path / "old").chmod(0o600)
    (tmp_path / "folder").mkdir()
    with scratch_folder(tmp_path) as hidden:
        assert hidden.stat().st_mode == (tmp_path / "folder").stat().st_mode
    write_text(tmp_path / "old", "new", b"old")
    assert (tmp_path / "old").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_file_that_cannot_be_replaced_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where another program has it open."""

    def in_use(source: Path, target: Path) -> None:
        raise PermissionError(13, "used by another process", str(source), str(target))

    monkeypatch.setattr(output.os, "replace", in_use)
    with pytest.raises(PermissionError) as error:
        write_text(tmp_path / "file", "x")
    assert (error.value.filename, list(tmp_path.iterdir())) == (str(tmp_path / "file"), [])


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "x")
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(mask)


@contextmanager
def fails(message: str):
    with pytest.raises(Failure, match=message) as error:
        yield
    assert error.value.exit_code == 74


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file/dist", Path("/proc/x/y")):
        with fails(f"{place}: cannot make this folder"), output_folder(place):
            pass
    with fails("a path of 40[0-9] bytes: at most 400"), output_folder(Path("/tmp" + "/abc" * 100)):
        pass
    with fails("/proc: cannot write here"), scratch_folder(Path("/proc")):
        pass


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

    monkeypatch.setattr(output.shutil, "rmtree", remove_slowly)
    done = threading.Event()
    others = [threading.Thread(target=done.wait) for _ in range(threads)]
    for thread in others:
        thread.start()
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path) as hidden:
            (hidden / "file").write_bytes(b"x")
        assert list(tmp_path.iterdir()) == []
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)
        done.set()
        for thread in others:
            thread.join()


def test_a_hidden_folder_is_removed_from_any_thread(tmp_path: Path) -> None:
    def write() -> None:
        write_text(tmp_path / "file", "x")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


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
