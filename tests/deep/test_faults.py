"""Some of the faults of faults.py, quickly; the whole campaign runs by name."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_tasks
import faults
import pytest
import small_deck
from program import run as run_here

from ketamine_anki.anki.package_writer import Package, Times
from ketamine_anki.core.model import Deck
from ketamine_anki.intake.apply import edit_deck
from ketamine_anki.workspace.folder import Folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the faults are made as on Linux")

OTHERS = dict(faults.others())
QUICK = [
    "four builds at once",
    "output cannot be made",
    "RLIMIT_FSIZE 0",
    "RLIMIT_FSIZE 32768",
    "standard output closed",
    "standard output full",
    "nobody reads",
    "locale C",
]


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_leaves_the_old_package_or_the_new_one(name: str) -> None:
    with fault_tasks.place() as at:
        assert OTHERS[name](at) in ("old", "new")


@pytest.mark.parametrize(
    "run",
    [run for number in (signal.SIGKILL, *faults.ENDINGS) for _, run in faults.signalled(number, 1, seed=7)],
)
def test_a_signal_leaves_the_old_package_or_the_new_one(run: Callable[[fault_tasks.Place], str]) -> None:
    with fault_tasks.place() as at:
        assert run(at) in ("old", "new")


@pytest.mark.parametrize("task", [task for task in fault_tasks.TASKS if task != "build"])
def test_a_kill_and_an_error_leave_old_files_or_new_ones(task: str) -> None:
    """One of each here; `python tests/deep/faults.py` does all."""
    campaign = {(name, what): runs for name, what, runs in faults.campaign(True)}
    for kind in ("SIGKILL", "EIO"):
        runs = campaign.get((task, f"{kind} at each call"))
        if runs is None:
            pytest.skip("needs strace")
        *_, (_, run) = runs
        with fault_tasks.place(task) as at:
            assert run(at) in ("old", "new", "mixed")


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_a_fault_that_was_not_put_in_is_not_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "calls", lambda at: [("rename", 999)])
    ((_, run),) = faults.each_call("error=EIO")
    with fault_tasks.place() as at, pytest.raises(faults.Wrong, match="no fault was put in"):
        run(at)


def test_without_strace_the_campaign_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(faults.shutil, "which", lambda name: None)
    assert faults.main(1, "no such class") == 1
    assert "strace is not found" in capsys.readouterr().out


@pytest.mark.deep
def test_the_whole_campaign() -> None:
    """Two of each fault; `python tests/deep/faults.py` makes all."""
    assert faults.main(2) == 0


@pytest.mark.parametrize("task", list(fault_tasks.TASKS))
def test_a_file_is_on_the_disk_before_it_is_moved_and_its_folder_after(
    task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut leaves an empty file in the place of the old one."""
    synced: set[int] = set()
    unsynced: dict[int, str] = {}
    sync, move = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        unsynced.pop(os.fstat(descriptor).st_ino, None)
        sync(descriptor)

    def replace(source: Path, place: Path) -> None:
        assert os.stat(source).st_ino in synced, f"{place} is moved before it is on the disk"
        folder = os.stat(place.parent).st_ino
        synced.discard(folder)
        unsynced[folder] = str(place)
        move(source, place)

    with fault_tasks.place(task) as at:
        for name, value in fault_tasks.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "replace", replace)
        ran = run_here(*(word.format(at.base) for word in at.task.words))
        assert ran.code == 0, ran.err
        assert fault_tasks.tree(at.base) == at.after
    assert {name for name in unsynced.values() if not fault_tasks.LEFT.search(f"{Path(name).parent.name}/")} == set()
    assert synced


def test_intake_edits_all_files_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    move, moves = os.replace, 0

    def replace(source: Path, place: Path) -> None:
        nonlocal moves
        moves += place.name == "02-second.yaml" and not fault_tasks.LEFT.search(f"{place.parent.name}/")
        if moves == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(place))
        move(source, place)

    with fault_tasks.place("intake") as at:
        monkeypatch.setattr(os, "replace", replace)
        ran = run_here("intake", at.base / "notes.txt", at.decks, "--write")
        second = at.decks / "02-second.yaml"
        assert (ran.code, ran.err.splitlines()[-1]) == (74, f"ketamine-anki: {second}: Input/output error")
        assert fault_tasks.tree(at.base) == at.before


def test_intake_overwrites_nothing_that_was_saved_in_the_meantime(monkeypatch: pytest.MonkeyPatch) -> None:
    with fault_tasks.place("intake") as at:
        second = at.decks / "02-second.yaml"

        def slow(data: bytes, deck: Deck, *more: Any) -> bytes:
            made = edit_deck(data, deck, *more)
            if deck.name == "Second Part":
                second.write_text("of an editor\n", encoding="utf-8")
            return made

        from ketamine_anki.cli import intake

        monkeypatch.setattr(intake, "edit_deck", slow)
        ran = run_here("intake", at.base / "notes.txt", at.decks, "--write")
        said = f"ketamine-anki: {second}: changed since it was read; it stays as it is: try again"
        assert (ran.code, ran.err.splitlines()[-1]) == (74, said)
        assert fault_tasks.tree(at.base) == at.before | {"decks/02-second.yaml": b"of an editor\n"}


def test_a_deck_that_becomes_a_link_is_not_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    from ketamine_anki.cli import intake

    with fault_tasks.place("intake") as at:
        second = at.decks / "02-second.yaml"

        def show(*given: object) -> None:
            second.rename(at.base / "elsewhere.yaml")
            second.symlink_to("../elsewhere.yaml")

        monkeypatch.setattr(intake, "show", show)
        ran = run_here("intake", at.base / "notes.txt", at.decks, "--write")
        said = "a symbolic link is not followed: put the file itself here; nothing was written"
        assert (ran.code, ran.err.splitlines()[-1]) == (1, f"ketamine-anki: {second}: {said}")
        assert (at.decks / "01-first.yaml").read_bytes() == at.before["decks/01-first.yaml"]


def test_a_disk_that_fails_under_sqlite_is_an_error_of_the_disk(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path, fault_tasks.OLD)
    collection = Folder(str(folder)).collection
    assert collection is not None
    with pytest.raises(OSError, match="unable to open database file"):
        Package(collection, tmp_path / "none" / "whole.db", Times(1_700_000_000))


def test_a_file_that_the_system_cannot_read_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_deck.write(tmp_path, fault_tasks.OLD)

    def fail(path: object, flags: int, *more: object, **options: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(os, "open", fail)
    ran = run_here("check", folder)
    assert ran == (74, "", f"ketamine-anki: {folder}/collection.yaml: Input/output error\n")


def test_the_next_build_removes_what_a_killed_one_left() -> None:
    with fault_tasks.place() as at:
        left = at.output / ".ketamine-anki-0123456789abcdef.tmp"
        left.mkdir()
        (left / "whole.db").write_bytes(b"x")
        faults.again(at)
