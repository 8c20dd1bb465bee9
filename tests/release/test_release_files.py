"""A release is all or nothing, and can be made again anywhere."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from program import environment, execute, run
from releases import DAY, START, Project, reword

from ketamine_anki.release.release_notes import with_section


@pytest.fixture
def changed(released: Project) -> Project:
    """The collection after 1.0.0, with one change that release 1.0.1 would bring."""
    released.edit("water", answer="Water and salts")
    return released


MOVES = [
    "dist/small-1.0.1.apkg",
    "dist/small-1.0.1-update.apkg",
    "dist/small-1.0.1-01-first-part.apkg",
    "dist/small-1.0.1-gallery.html",
    "dist/RELEASE_NOTES.md",
    "dist/ANKIWEB.md",
    "dist/release.json",
    "dist/SHA256SUMS",
    "CHANGELOG.md",
    "decks/ledger.yaml",
]


@pytest.mark.parametrize("fails_at", MOVES)
def test_a_failure_at_any_move_puts_all_back(changed: Project, monkeypatch: pytest.MonkeyPatch, fails_at: str) -> None:
    """Packages and texts, changelog, ledger last: whichever move fails, everything is as it was."""
    (changed.dist / "SHA256SUMS").write_text(f"{0:064}  RELEASE_NOTES.md\n{0:064}  release.json\n", encoding="utf-8")
    before = changed.tree()
    places: list[str] = []
    move = os.replace

    def replace(source: Path, place: Path) -> None:
        if str(place) in MOVES and fails_at not in places:
            places.append(str(place))
            if str(place) == fails_at:
                raise OSError(28, "No space left on device", str(place))
        move(source, place)

    monkeypatch.setattr(os, "replace", replace)
    ran = changed.release("1.0.1")
    assert (ran.code, "No space left on device" in ran.err) == (74, True)
    assert places == MOVES[: MOVES.index(fails_at) + 1]
    assert changed.tree() == before


@pytest.mark.parametrize("killed_at", [MOVES[0], MOVES[-1]])
def test_a_release_that_was_killed_hinders_no_other(tagged: Project, killed_at: str) -> None:
    """Nothing but the changelog is left to be put back."""
    tagged.edit("water", answer="Water and salts")
    tagged.commit()
    source = f"""
import os
move = os.replace
os.replace = lambda source, place: os._exit(137) if str(place) == {killed_at!r} else move(source, place)
from ketamine_anki.cli import main
main(["release", "1.0.1"])
"""
    ran = execute(sys.executable, "-c", source, env=environment())
    assert ran.code == 137, ran.err
    assert [path for path in tagged.root.rglob("*.tmp") if path.is_dir()], "nothing was left: killed too late"
    if killed_at == MOVES[-1]:
        message = "ketamine-anki: CHANGELOG.md: not committed; commit or discard it before a release\n"
        assert tagged.release("1.0.1") == (1, "", message)
        tagged.git("checkout", "CHANGELOG.md")
    tagged.released("1.0.1")
    assert not [*tagged.root.rglob("*.tmp"), *tagged.root.rglob(".*.tmp")]


def test_of_two_releases_at_once_one_is_made(changed: Project) -> None:
    """Each would overwrite packages of the other, and the ledger name those of one alone."""
    source = """
import os, sys, time
move = os.replace
os.replace = lambda source, place: time.sleep(0.1) or move(source, place)
from ketamine_anki.cli import main
main(["release", sys.argv[1]])
"""
    with ThreadPoolExecutor() as pool:
        runs = {
            version: pool.submit(execute, sys.executable, "-c", source, version, env=environment())
            for version in ("1.0.1", "1.1.0")
        }
    (made,) = (version for version, ran in runs.items() if ran.result().code == 0)
    (refused,) = (ran.result() for ran in runs.values() if ran.result().code == 74)
    assert re.search("another release is running|changed since it was read", refused.err.splitlines()[-1])
    assert [release["version"] for release in changed.ledger["releases"]] == ["1.0.0", made]
    assert changed.release(made, "--rebuild").code == 0


@pytest.mark.parametrize("first", [True, False])
def test_a_ledger_that_another_release_wrote_is_not_overwritten(
    changed: Project, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """Where there are no locks."""
    if first:
        (changed.decks / "ledger.yaml").unlink()
        (changed.root / "CHANGELOG.md").unlink()
    before = changed.tree()

    def other(*arguments: str) -> str:
        (changed.decks / "ledger.yaml").write_text("of another\n", encoding="utf-8")
        return with_section(*arguments)

    monkeypatch.setattr("ketamine_anki.workspace.release.with_section", other)
    monkeypatch.setattr("ketamine_anki.workspace.output.fcntl", None)
    ran = changed.release("1.0.1")
    message = "decks/ledger.yaml: changed since it was read; it stays as it is: try again"
    assert (ran.code, ran.err.splitlines()[-1]) == (74, f"ketamine-anki: {message}")
    assert changed.tree() == before | {"decks/ledger.yaml": b"of another\n"}


def test_a_package_that_cannot_be_read_again_is_no_release(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def count(path: Path, scratch: Path) -> None:
        raise ValueError("damaged")

    monkeypatch.setattr("ketamine_anki.anki.package_writer.count", count)
    before = project.tree()
    ran = project.release("1.0.0")
    assert (ran.code, ran.out, "small-1.0.0.apkg: the written package is not whole" in ran.err) == (74, "", True)
    assert project.tree() == before


# --- again ------------------------------------------------------------------------------------


def test_a_release_is_made_again_from_its_commit_anywhere(tagged: Project, tmp_path: Path) -> None:
    """From a shallow clone in another folder: every file has the same bytes, and `build` the same package."""
    tagged.edit("water", answer="Water and salts")
    tagged.commit()
    tagged.released("1.0.1")
    tagged.commit()
    other = tmp_path / "somewhere" / "else"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{tagged.root}", other], check=True)
    tagged.at(START + 30 * DAY)
    ran = run("release", "1.0.1", other / "decks", "-o", other / "out", "--rebuild")
    assert (ran.code, ran.err) == (0, "1.0.1: all is byte by byte what the ledger names\n")
    files = {path.name: path.read_bytes() for path in (other / "out").iterdir()}
    assert files == {name: (tagged.dist / name).read_bytes() for name in files}
    assert len(files) == 8
    assert run("build", other / "decks", "-o", other / "built").code == 0
    assert (other / "built" / "small-deck.apkg").read_bytes() == files["small-1.0.1.apkg"]


def no_ledger(project: Project, patch: pytest.MonkeyPatch) -> None:
    (project.decks / "ledger.yaml").unlink()


def nothing(project: Project, patch: pytest.MonkeyPatch) -> None:
    """The released state."""


def other_program(project: Project, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("ketamine_anki.anki.package_writer.description", lambda *_: "other")


def other_note(project: Project, patch: pytest.MonkeyPatch) -> None:
    reword(project)


def other_text(project: Project, patch: pytest.MonkeyPatch) -> None:
    project.replace("First release", "The first release", "../CHANGELOG.md")


AGAIN = "cannot be made again here: the ledger"
ADVICE = "use the program of that release"


@pytest.mark.parametrize(
    ("edit", "version", "message"),
    [
        (no_ledger, "1.0.0", f"version 1.0.0 {AGAIN} knows no release"),
        (nothing, "1.1.0", f"version 1.1.0 {AGAIN}'s last release is 1.0.0"),
        (other_program, "1.0.0", f"small-1.0.0.apkg is not byte by byte the one released: {ADVICE}"),
        (other_note, "1.0.0", "the collection is not that of 1.0.0: check out the commit of the release"),
        (other_text, "1.0.0", f"the texts are not byte by byte those released: {ADVICE}"),
    ],
)
def test_what_is_not_the_release_is_not_made_again(
    released: Project, monkeypatch: pytest.MonkeyPatch, edit, version: str, message: str
) -> None:
    shutil.rmtree(released.dist)
    edit(released, monkeypatch)
    before = released.tree()
    assert run("release", version, "--rebuild") == (1, "", f"ketamine-anki: {message}\n")
    assert released.tree() == before


@pytest.mark.parametrize("option", [("--dry-run",), ("--errata", "gas"), ("--since", "old")])
def test_a_release_is_made_again_as_it_was(released: Project, option: tuple[str, ...]) -> None:
    ran = run("release", "1.0.0", "--rebuild", *option)
    assert (ran.code, "--rebuild takes no other option" in ran.err) == (2, True)


def test_the_site_is_the_release_with_its_page_in_front(released: Project) -> None:
    ran = run("site")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "site/index.html")
    files = {path.name: path.read_bytes() for path in (released.root / "site").iterdir()}
    page = files.pop("index.html")
    assert files == {path.name: path.read_bytes() for path in released.dist.glob("*.apkg")}
    assert page == (released.dist / "small-1.0.0-gallery.html").read_bytes()
    assert hashlib.sha256(files["small-1.0.0.apkg"]).hexdigest().encode() in page
    reword(released)
    assert run("site", "-o", "other").code == 1
    assert not (released.root / "other").exists()


def test_what_was_never_released_has_no_site(project: Project) -> None:
    ran = run("site")
    message = "ketamine-anki: decks: not released yet: `ketamine-anki release` makes the page, too\n"
    assert (ran.code, ran.err) == (1, message)
