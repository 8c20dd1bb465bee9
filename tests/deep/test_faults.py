"""Faults in commands that write: two of each kind that faults.py makes by name, and those that need a patch."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import faults
import pytest
import small_deck
from program import run

from ketamine_anki.anki.package_writer import Package
from ketamine_anki.cli import intake
from ketamine_anki.core.model import Deck
from ketamine_anki.workspace.folder import Folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the faults are made as on Linux")


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_the_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults.main(2) == 0, capsys.readouterr().out


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_a_fault_that_was_not_put_in_is_not_survived() -> None:
    with faults.place() as at, pytest.raises(AssertionError, match="no fault was put in"):
        faults.injected(at, "error=EIO", "rename", 999)


@pytest.mark.parametrize("task", list(faults.TASKS))
def test_a_file_is_on_the_disk_before_it_is_moved_and_its_folder_after(
    task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut leaves an empty file in the place of the old one."""
    synced: set[int] = set()
    unsynced: dict[int, Path] = {}
    sync, move = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        unsynced.pop(os.fstat(descriptor).st_ino, None)
        sync(descriptor)

    def replace(source: Path, place: Path) -> None:
        assert os.stat(source).st_ino in synced, f"{place} is moved before it is on the disk"
        folder = os.stat(place.parent).st_ino
        synced.discard(folder)
        unsynced[folder] = place
        move(source, place)

    with faults.place(task) as at:
        for name, value in faults.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "replace", replace)
        ran = run(*at.words)
        assert ran.code == 0, ran.err
        assert faults.tree(at.base) == at.after
    assert [place for place in unsynced.values() if not faults.LEFT.search(f"{place.parent.name}/")] == []
    assert synced


def test_intake_edits_all_files_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    move, moves = os.replace, 0

    def replace(source: Path, place: Path) -> None:
        nonlocal moves
        moves += place.name == "02-second.yaml" and not faults.LEFT.search(f"{place.parent.name}/")
        if moves == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(place))
        move(source, place)

    monkeypatch.setattr(os, "replace", replace)
    with faults.place("intake") as at:
        ran = run(*at.words)
        failed = f"ketamine-anki: {at.base / 'decks/02-second.yaml'}: Input/output error"
        assert (ran.code, ran.err.splitlines()[-1]) == (74, failed)
        assert faults.tree(at.base) == at.before


def test_intake_overwrites_nothing_that_was_saved_in_the_meantime(monkeypatch: pytest.MonkeyPatch) -> None:
    edit = intake.edit_deck
    with faults.place("intake") as at:
        second = at.base / "decks" / "02-second.yaml"

        def slow(data: bytes, deck: Deck, *more: Any) -> bytes:
            edited = edit(data, deck, *more)
            if deck.name == "Second Part":
                second.write_text("of an editor\n", encoding="utf-8")
            return edited

        monkeypatch.setattr(intake, "edit_deck", slow)
        ran = run(*at.words)
        failed = f"ketamine-anki: {second}: changed since it was read; it stays as it is: try again"
        assert (ran.code, ran.err.splitlines()[-1]) == (74, failed)
        assert faults.tree(at.base) == at.before | {"decks/02-second.yaml": b"of an editor\n"}


def test_a_deck_that_becomes_a_link_is_not_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    with faults.place("intake") as at:
        second = at.base / "decks" / "02-second.yaml"

        def show(*_: object) -> None:
            second.rename(at.base / "elsewhere.yaml")
            second.symlink_to("../elsewhere.yaml")

        monkeypatch.setattr(intake, "show", show)
        ran = run(*at.words)
        failed = "a symbolic link is not followed: put the file itself here; nothing was written"
        assert (ran.code, ran.err.splitlines()[-1]) == (1, f"ketamine-anki: {second}: {failed}")
        assert (at.base / "decks/01-first.yaml").read_bytes() == at.before["decks/01-first.yaml"]


def test_a_disk_that_fails_under_sqlite_is_an_error_of_the_disk(tmp_path: Path) -> None:
    collection = Folder(str(small_deck.write(tmp_path, faults.GAS))).collection
    assert collection is not None
    with pytest.raises(OSError, match="unable to open database file"):
        Package(collection, tmp_path / "none" / "whole.db")


def test_a_file_that_the_system_cannot_read_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_deck.write(tmp_path, faults.GAS)

    def fail(path: object, *_: object, **options: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(os, "open", fail)
    assert run("check", folder) == (74, "", f"ketamine-anki: {folder}/collection.yaml: Input/output error\n")
