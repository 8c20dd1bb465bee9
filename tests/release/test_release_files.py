"""A release is all or nothing, can be made again anywhere, and says what learners need."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from program import environment, run
from releases import DAY, NOTES, START, Project

from ketamine_anki.anki import notetypes
from ketamine_anki.anki.package_writer import Counts
from ketamine_anki.core.limits import MAX_CHANGELOG_BYTES
from ketamine_anki.release.release_notes import sections, with_section
from ketamine_anki.workspace import packages
from ketamine_anki.workspace.folder import FILES
from ketamine_anki.workspace.git import uncommitted

RETIRED = {"version": "1.1.0", "reason": "Newer work differs.", "see": "water"}


def second(project: Project, version: str = "1.1.0", *options: str) -> None:
    """A second release with a new, a corrected, a reworded, a retagged and a retired note."""
    project.released("1.0.0")
    project.write(NOTES + "- {id: new, question: 'Which gas do green leaves give off?', answer: Oxygen}\n")
    project.edit("gas", retired=RETIRED)
    project.edit("water", answer="Water and *salts*")
    project.edit("light", tags=["Leaves"])
    project.at(START + DAY)
    project.released(version, *options)


# --- dry run and git --------------------------------------------------------------------------


def test_a_dry_run_shows_it_all_and_writes_nothing(project: Project) -> None:
    project.released("1.0.0")
    project.edit("gas", answer="Carbon dioxide, a gas")
    project.at(START + DAY)
    before = project.tree()
    ran = project.release("1.0.1", "--dry-run")
    assert ran.code == 0
    assert "would write dist/small-1.0.1-update.apkg" in ran.out
    assert "would update decks/ledger.yaml" in ran.out
    assert "### " in ran.out
    assert project.tree() == before
    project.released("1.0.1")
    assert ran.out.partition("\n\n")[2] == (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")


def test_a_dry_run_of_a_first_release_makes_no_folder(project: Project) -> None:
    assert project.release("1.0.0", "--dry-run").code == 0
    assert not project.dist.exists()


@pytest.mark.parametrize("name", ["decks/02-second.yaml", "decks/media/new.png", "program.py"])
def test_a_dirty_work_tree_is_refused(project: Project, name: str) -> None:
    """A new file in the deck, or a changed file anywhere: the tag would hold something else than the package."""
    (project.root / "program.py").write_text("1\n", encoding="utf-8")
    project.commit()
    path = project.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("2\n", encoding="utf-8")
    ran = project.release("1.0.0")
    assert ran == (1, "", f"ketamine-anki: {name}: not committed; commit or discard it before a release\n")
    assert not (project.decks / "ledger.yaml").exists()


def test_a_file_is_what_it_holds(project: Project) -> None:
    """Neither its time nor its line ends make it another one; a link to the same bytes does."""
    (project.root / "link").symlink_to("decks")
    project.commit()
    path = project.decks / "collection.yaml"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\n", b"\r\n"))
    assert uncommitted(project.decks, FILES) == []
    path.write_bytes(data + b"\n")
    assert uncommitted(project.decks, FILES) == ["decks/collection.yaml"]
    (project.root / "elsewhere").write_bytes(data)
    path.unlink()
    path.symlink_to("../elsewhere")
    (project.root / "link").unlink()
    (project.root / "link").symlink_to("dist")
    assert uncommitted(project.decks, FILES) == ["decks/collection.yaml", "link"]
    path.unlink()
    os.mkfifo(path)
    assert uncommitted(project.decks, FILES) == ["decks/collection.yaml", "link"]


def test_what_is_only_staged_is_not_committed(project: Project) -> None:
    project.git("init", "-q")
    project.git("add", "decks/collection.yaml")
    assert uncommitted(project.decks, FILES)[:2] == ["decks/collection.yaml", "decks/01-first.yaml"]
    project.commit()
    project.edit("gas", answer="Carbon dioxide, a gas")
    project.git("add", "-A")
    project.git("rm", "-q", "--cached", "decks/source.yaml")
    assert set(uncommitted(project.decks, FILES)) == {"decks/01-first.yaml", "decks/source.yaml"}


def test_a_submodule_is_a_matter_of_its_own(project: Project) -> None:
    project.commit()
    project.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},library")
    project.git("-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "A submodule")
    assert uncommitted(project.decks, FILES) == []


@pytest.mark.parametrize("ignored", ["02-second.yaml", "media/new.png"])
def test_an_ignored_file_of_the_deck_is_refused(project: Project, ignored: str) -> None:
    """It would be in the package and not in the tag, and the release could never be made again."""
    project.commit()
    (project.root / ".git" / "info" / "exclude").write_text(f"{Path(ignored).name}\n.DS_Store\n", encoding="utf-8")
    for name in (".DS_Store", ignored):
        path = project.decks / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("2\n", encoding="utf-8")
    said = f"decks/{ignored}: not committed; commit or discard it before a release"
    assert project.release("1.0.0") == (1, "", f"ketamine-anki: {said}\n")


def test_a_new_file_outside_the_deck_is_no_matter(project: Project) -> None:
    project.commit()
    (project.root / "notes.txt").write_text("2\n", encoding="utf-8")
    project.released("1.0.0")


def test_a_repository_that_git_does_not_read_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say then what is committed."""
    project.commit()
    monkeypatch.setenv("PATH", str(project.dist))
    said = "decks: is in a git repository that git does not read: try `git status` there"
    assert project.release("1.0.0") == (74, "", f"ketamine-anki: {said}\n")


def test_no_git_is_needed_outside_a_repository(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project.dist))
    project.released("1.0.0")
    assert run("build").code == 0


# --- all or nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize("fails_at", range(9))
def test_a_failure_at_any_move_puts_all_back(project: Project, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    """Five packages and texts, changelog, ledger: whichever move fails, everything is as it was."""
    project.released("1.0.0")
    project.edit("water", answer="Water and salts")
    (project.dist / "SHA256SUMS").write_text("of mine\n", encoding="utf-8")
    project.at(START + DAY)
    before = project.tree()
    places: list[str] = []
    move = os.replace

    def replace(source: Path, place: Path) -> None:
        hidden, shown = (Path(path).parent.name.startswith(".ketamine-anki-") for path in (source, place))
        if hidden and not shown:
            places.append(Path(place).name)
            if len(places) == fails_at + 1:
                raise OSError(28, "No space left on device", str(place))
        move(source, place)

    monkeypatch.setattr(os, "replace", replace)
    ran = project.release("1.0.1")
    assert ran.code == 74
    assert "No space left on device" in ran.err
    assert project.tree() == before


@pytest.mark.parametrize("killed_at", [1, 8, 9])
def test_a_release_that_was_killed_hinders_no_other(
    project: Project, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """At the first move, and before and after the changelog's; nothing but the changelog is left to be put back."""
    project.released("1.0.0")
    project.edit("water", answer="Water and salts")
    project.commit()
    project.at(START + DAY)
    source = f"""
import os, pathlib, signal
move, moves = os.replace, []
def replace(source, place):
    hidden, shown = (pathlib.Path(path).parent.name.startswith(".ketamine-anki-") for path in (source, place))
    moves.append(1) if hidden and not shown else None
    if len(moves) == {killed_at}:
        os.kill(os.getpid(), signal.SIGKILL)
    move(source, place)
os.replace = replace
from ketamine_anki.cli import main
main(["release", "1.0.1"])
"""
    done = subprocess.run([sys.executable, "-c", source], env=environment(), capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path for path in project.root.rglob("*.tmp") if path.is_dir()], "nothing was left: killed too late"
    if killed_at == 9:
        said = "ketamine-anki: CHANGELOG.md: not committed; commit or discard it before a release\n"
        assert project.release("1.0.1") == (1, "", said)
        project.git("checkout", "CHANGELOG.md")
    project.released("1.0.1")
    assert not [*project.root.rglob("*.tmp"), *project.root.rglob(".*.tmp")]


def test_the_ledger_is_moved_last(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    moves: list[str] = []
    monkeypatch.setattr(
        "ketamine_anki.workspace.release_files.move_together",
        lambda pairs, scratch: moves.extend(move.place.as_posix() for move in pairs),
    )
    project.released("1.0.0")
    assert moves == [
        "dist/small-1.0.0.apkg",
        "dist/small-1.0.0-01-first-part.apkg",
        "dist/small-1.0.0-gallery.html",
        "dist/RELEASE_NOTES.md",
        "dist/release.json",
        "dist/SHA256SUMS",
        "CHANGELOG.md",
        "decks/ledger.yaml",
    ]


def test_of_two_releases_at_once_one_is_made(project: Project) -> None:
    """Each would overwrite packages of the other, and the ledger name those of one alone."""
    project.released("1.0.0")
    project.edit("water", answer="Water and salts")
    project.at(START + DAY)
    source = """
import os, sys, time
move = os.replace
os.replace = lambda source, place: time.sleep(0.1) or move(source, place)
from ketamine_anki.cli import main
main(["release", sys.argv[1]])
"""
    versions = ["1.0.1", "1.1.0"]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", source, version],
            env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
        )
        for version in versions
    ]  # fmt: skip
    said = [run.communicate()[1] for run in runs]
    codes = [run.returncode for run in runs]
    assert sorted(codes) == [0, 73], said
    refused = said[codes.index(73)].splitlines()[-1]
    assert "another release is at work here" in refused or "changed since it was read" in refused
    made = versions[codes.index(0)]
    assert [release["version"] for release in project.ledger["releases"]][-1] == made
    assert project.release(made, "--rebuild").code == 0


@pytest.mark.parametrize("first", [True, False])
def test_a_ledger_that_another_release_wrote_is_not_overwritten(
    project: Project, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """Where there are no locks."""
    if not first:
        project.released("1.0.0")
        project.edit("water", answer="Water and salts")
        project.at(START + DAY)
    before = project.tree()

    def other(*given: str) -> str:
        (project.decks / "ledger.yaml").write_text("of another\n", encoding="utf-8")
        return with_section(*given)

    monkeypatch.setattr("ketamine_anki.workspace.release_files.with_section", other)
    monkeypatch.setattr("ketamine_anki.workspace.output.fcntl", None)
    ran = project.release("1.0.1")
    said = "decks/ledger.yaml: changed since it was read; it stays as it is: try again"
    assert (ran.code, ran.err.splitlines()[-1]) == (73, f"ketamine-anki: {said}")
    assert project.tree() == before | {"decks/ledger.yaml": b"of another\n"}


def unreadable(path: Path, scratch: Path) -> Counts:
    raise ValueError("damaged")


@pytest.mark.parametrize("count", [lambda path, scratch: Counts(), unreadable])
def test_a_package_that_is_not_whole_is_no_release(
    project: Project, monkeypatch: pytest.MonkeyPatch, count: Callable[[Path, Path], Counts]
) -> None:
    monkeypatch.setattr("ketamine_anki.anki.package_writer.count", count)
    before = project.tree()
    ran = project.release("1.0.0")
    assert (ran.code, ran.out) == (74, "")
    assert "small-1.0.0.apkg: the written package is not whole" in ran.err
    assert project.tree() == before


# --- again ------------------------------------------------------------------------------------


def test_a_release_is_made_again_from_its_commit_anywhere(project: Project, tmp_path: Path) -> None:
    """From a shallow clone in another folder: every file has the same bytes, and `build` the same package."""
    project.commit()
    project.released("1.0.0")
    project.commit()
    project.git("tag", "v1.0.0")
    project.edit("water", answer="Water and salts")
    project.commit()
    project.at(START + DAY)
    project.released("1.0.1")
    project.commit()
    other = tmp_path / "somewhere" / "else"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{project.root}", other], check=True)
    project.at(START + 30 * DAY)
    ran = run("release", "1.0.1", other / "decks", "-o", other / "out", "--rebuild")
    assert (ran.code, ran.err) == (0, "1.0.1: all is byte by byte what the ledger names\n")
    made = {path.name: path.read_bytes() for path in (other / "out").iterdir()}
    assert made == {name: (project.dist / name).read_bytes() for name in made}
    assert len(made) == 7
    assert run("build", other / "decks", "-o", other / "built").code == 0
    assert (other / "built" / "small-deck.apkg").read_bytes() == made["small-1.0.1.apkg"]


def test_a_release_with_retired_notes_is_made_again(project: Project) -> None:
    second(project)
    before = project.tree()
    shutil.rmtree(project.dist)
    assert run("release", "1.1.0", "--rebuild").code == 0
    assert project.tree() == {name: data for name, data in before.items() if "1.0.0" not in name}


def test_what_is_not_the_release_is_not_made_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("release", "1.0.0", "--rebuild")
    assert ran.err == "ketamine-anki: version 1.0.0 cannot be made again here: the ledger knows no release\n"
    project.released("1.0.0")
    shutil.rmtree(project.dist)
    ran = run("release", "1.1.0", "--rebuild")
    said = "version 1.1.0 cannot be made again here: the ledger's last release is 1.0.0"
    assert ran == (1, "", f"ketamine-anki: {said}\n")
    monkeypatch.setattr("ketamine_anki.anki.package_writer.description", lambda collection, version: "other")
    ran = run("release", "1.0.0", "--rebuild")
    said = "small-1.0.0.apkg is not byte by byte the one released: use the program of then"
    assert ran == (1, "", f"ketamine-anki: {said}\n")
    project.edit("gas", answer="CO2")
    ran = run("release", "1.0.0", "--rebuild")
    assert ran.err == "ketamine-anki: the collection is not that of 1.0.0: check out the commit of the release\n"
    assert not project.dist.exists() or not list(project.dist.iterdir())
    assert run("release", "1.0.0", "--rebuild", "--dry-run").code == 2


# --- clocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, -DAY])
def test_a_clock_behind_the_ledger_is_refused(project: Project, seconds: int) -> None:
    project.released("1.0.0")
    project.edit("gas", answer="CO2")
    project.at(START + seconds)
    ran = project.release("1.0.1")
    assert ran.code == 2
    assert "but the last release is of 2023-11-14 22:13:20 UTC: set this machine's clock" in ran.err


def test_a_release_does_not_lie_in_the_future(project: Project) -> None:
    project.at(4_000_000_000)
    said = "SOURCE_DATE_EPOCH is 2096-10-02 07:06:40 UTC: a release cannot lie in the future"
    assert project.release("1.0.0") == (2, "", f"ketamine-anki: {said}\n")


def test_a_build_after_a_release(project: Project) -> None:
    """What changed since is newer than the release, even if the build's time is older; the page says so."""
    project.released("1.0.0")
    project.edit("gas", answer="CO2")
    project.at(START - DAY)
    assert run("build").code == 0
    contents = project.package("small-deck.apkg")
    assert {note.fields["ID"]: note.mod - START for note in contents.notes} == {"gas": 1, "water": 0, "light": 0}
    assert all("Version 1.0.0 and later changes" in page for page in contents.deck_descriptions.values())


def test_a_build_before_any_release_says_so(project: Project) -> None:
    assert run("build").code == 0
    pages = project.package("small-deck.apkg").deck_descriptions.values()
    assert all("Version 0 (not released yet)" in page for page in pages)


@pytest.mark.parametrize(
    ("is_released", "why"),
    [
        (False, "set SOURCE_DATE_EPOCH or this machine's clock"),
        (True, "the last release is of 2023-11-14 22:13:20 UTC; set this machine's clock"),
    ],
)
def test_a_build_in_the_future_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, is_released: bool, why: str
) -> None:
    """A note from the future would overwrite what learners edit, again and again."""
    if is_released:
        project.released("1.0.0")
        project.edit("gas", answer="CO2")
    monkeypatch.setattr(packages.time, "time", lambda: START - DAY)
    ran = run("build")
    assert ran.code == 2
    assert "lies in the future: " + why in ran.err


def test_an_unchanged_build_needs_no_clock(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.released("1.0.0")
    monkeypatch.setattr(packages.time, "time", lambda: START - DAY)
    assert run("build").code == 0


# --- what is said -----------------------------------------------------------------------------

SECTION = """\
3 notes, 4 cards: 1 new, 2 changed, 1 retired.

### Corrected

The answer or a caveat changed.

- **water** · 01 First Part: Which liquid do roots take up?
  - Answer before: Water
  - Answer now: Water and salts

### Details

Only tags, sources, literature or formatting changed.

- **light** · 01 First Part: In most plants the green leaves catch \\[sunlight\\] with a pigment \
named \\[chlorophyll\\] in their cells.

### Retired

Not taught any more. Search `tag:Small::Retired::1.1.0`, then suspend or delete.

- **gas** · 01 First Part: Which gas do plants take up?
  - Retired: Newer work differs. See water.

### New

- **new** · 01 First Part: Which gas do green leaves give off?"""


def test_the_changelog_tells_card_by_card_what_changed(project: Project) -> None:
    """With the words before and after, from git's tag of the last release; what maintainers wrote comes first."""
    project.commit()
    project.released("1.0.0")
    project.commit()
    project.git("tag", "v1.0.0")
    project.write(NOTES + "- {id: new, question: 'Which gas do green leaves give off?', answer: Oxygen}\n")
    project.edit("gas", retired=RETIRED)
    project.edit("water", answer="Water and *salts*")
    project.edit("light", tags=["Leaves"])
    log = project.root / "CHANGELOG.md"
    log.write_text(
        log.read_text(encoding="utf-8").replace("## Unreleased", "## Unreleased\n\nRoots!"), encoding="utf-8"
    )
    project.commit()
    project.at(START + DAY)
    project.released("1.1.0")
    text = log.read_text(encoding="utf-8")
    assert text == (
        f"# Changelog\n\n## Unreleased\n\n## 1.1.0 - 2023-11-15\n\nRoots!\n\n{SECTION}\n\n"
        "## 1.0.0 - 2023-11-14\n\nFirst release: 3 notes, 4 cards.\n"
    )
    notes = (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")
    assert notes.startswith(f"# Small Deck 1.1.0\n\nRoots!\n\n{SECTION}\n\n## Which file\n")


@pytest.mark.parametrize("source", ["dist/small-1.0.0.apkg", "HEAD~1", "old"])
def test_the_words_before_come_from_where_they_are_known(project: Project, source: str) -> None:
    """Without a tag: from a package, a revision or a folder that `--since` names."""
    project.commit()
    project.released("1.0.0")
    shutil.copytree(project.decks, project.root / "old")
    project.commit()
    project.edit("water", answer="Water and salts")
    project.commit()
    project.at(START + DAY)
    project.released("1.0.1", "--since", source)
    assert "Answer before: Water\n" in (project.root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_words_before_come_from_the_commit_of_the_ledger(project: Project) -> None:
    """Neither tag nor --since: the commit that last changed the ledger is the release."""
    project.commit()
    project.released("1.0.0")
    project.commit()
    project.edit("water", answer="Water and salts")
    project.commit()
    project.at(START + DAY)
    ran = project.release("1.0.1")
    assert "not known" not in ran.err
    assert "Answer before: Water\n" in (project.root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_a_tag_of_something_else_is_not_believed(project: Project) -> None:
    """A tag v1.0.0 from before the release, of a program for example, does not give the words."""
    project.commit()
    project.git("tag", "v1.0.0")
    project.released("1.0.0")
    project.commit()
    project.edit("water", answer="Water and salts")
    project.commit()
    project.at(START + DAY)
    ran = project.release("1.0.1")
    assert "the words of 1.0.0 are not known here: name them with --since" in ran.err


def test_without_the_words_before_the_ids_are_named(project: Project) -> None:
    """Outside git the ledger still knows what changed."""
    second(project)
    text = (project.root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "1 new, 2 changed, 1 retired" in text
    assert "### Changed\n\n- **water** · 01 First Part: Which liquid do roots take up?\n- **light**" in text
    assert "before" not in text


def test_safety_corrections_come_first_and_arrive_always(project: Project) -> None:
    project.released("1.0.0")
    project.edit("gas", answer="Carbon dioxide only")
    project.edit("water", extra="Through root hairs.")
    project.at(START + DAY)
    project.released("1.0.1", "--errata", "water")
    notes = (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")
    assert notes.index("### Safety corrections") < notes.index("**water**") < notes.index("**gas**")
    assert notes.count("**water**") == 1
    assert "| Update notes | **Always** |" in notes
    assert "which this release asks for, replaces your own edits and tags on all notes" in notes
    assert "leaves alone" not in notes
    assert json.loads((project.dist / "release.json").read_text(encoding="utf-8"))["errata"] == ["water"]
    assert project.ledger["releases"][1]["errata"] == ["water"]
    before = project.tree()
    shutil.rmtree(project.dist)
    assert run("release", "1.0.1", "--rebuild").code == 0
    assert project.tree()["dist/RELEASE_NOTES.md"] == before["dist/RELEASE_NOTES.md"]


def test_who_skips_a_release_is_told_what_it_asked_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A correction or a new field of a release that a learner skipped comes with a later one, if it is
    imported as the skipped one would have been.
    """
    project.released("1.0.0")
    told = "older than one of these"
    assert told not in (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")
    project.edit("gas", answer="Carbon dioxide only")
    project.at(START + DAY)
    project.released("1.0.1", "--errata", "gas")
    assert told not in (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")
    kinds = notetypes.note_types("")
    more = (*kinds["question"].fields, "Hint")
    monkeypatch.setitem(kinds, "question", kinds["question"]._replace(fields=more))
    project.at(START + 2 * DAY)
    project.released("2.0.0")
    project.edit("water", answer="Water and salts")
    project.at(START + 3 * DAY)
    asked = (
        "- 1.0.1 corrected safety: *Update notes: Always*.\n"
        "- 2.0.0 changed the note types: *Merge note types* on, *Update notes: Always*.\n\n"
    )
    assert asked in project.release("2.0.1", "--dry-run").out
    project.released("2.0.1")
    notes = (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")
    assert f"{told}, choose what it asked for, too:\n\n{asked}" in notes
    assert "| Merge note types | off |" in notes
    assert "| Update notes | If newer |" in notes
    shutil.rmtree(project.dist)
    assert run("release", "2.0.1", "--rebuild").code == 0
    assert (project.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8") == notes


def test_a_safety_correction_must_be_in_the_release(project: Project) -> None:
    project.released("1.0.0")
    project.edit("gas", answer="Carbon dioxide only")
    project.at(START + DAY)
    ran = project.release("1.0.1", "--errata", "water")
    assert ran.code == 2
    assert "--errata water: this release changes no such note" in ran.err


def test_a_moved_note_is_named_with_both_subdecks(project: Project) -> None:
    project.released("1.0.0")
    start = NOTES.index("- id: light")
    shutil.copytree(project.decks, project.root / "old")
    project.write(NOTES[:start])
    project.write(NOTES[start:], "Second Part", "02-second.yaml")
    project.at(START + DAY)
    project.released("1.1.0", "--since", "old")
    text = (project.root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "1 moved." in text
    assert "- **light** · 01 First Part → 02 Second Part: In most" in text
    assert "replaces your own edits and tags on these notes" in text


def test_a_card_that_is_gone_is_told(project: Project) -> None:
    project.released("1.0.0")
    shutil.copytree(project.decks, project.root / "old")
    project.replace("{{c2::chlorophyll}}", "chlorophyll")
    project.at(START + DAY)
    project.released("1.0.1", "--since", "old")
    text = (project.root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "Card 2 is gone: in Anki, *Tools > Empty Cards* removes it." in text


def test_a_section_that_the_ledger_does_not_know_is_refused(project: Project) -> None:
    """It is of a release that was cut short, or written by hand."""
    (project.root / "CHANGELOG.md").write_text("# Changelog\n\n## 1.0.0 - today\n\nMine.\n", encoding="utf-8")
    ran = project.release("1.0.0")
    assert (
        ran.err == "ketamine-anki: CHANGELOG.md has a section 1.0.0 already, which the ledger does not know: "
        "put the file back as it was, or delete the section\n"
    )


def test_a_changelog_in_another_encoding_is_refused(project: Project) -> None:
    (project.root / "CHANGELOG.md").write_bytes("# Änderungen\n".encode("latin-1"))
    said = "CHANGELOG.md: not UTF-8 text: save it as UTF-8"
    assert project.release("1.0.0") == (1, "", f"ketamine-anki: {said}\n")


def test_subdecks_of_another_name_are_told(project: Project) -> None:
    project.released("1.0.0")
    project.replace("[First Part, Second Part]", "[Second Part, First Part]", "collection.yaml")
    project.at(START + DAY)
    project.released("2.0.0")
    text = (project.root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "No longer used: Small Deck::01 First Part. New: Small Deck::02 First Part. Cards that you have stay" in text
    assert "### Moved" not in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "# Changelog\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n"),
        ("# Log\n\nIntro.\n", "# Log\n\nIntro.\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n"),
        ("# Log\n\n## Unreleased\n\nNew\n", "# Log\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n"),
        ("# Log\n\n## 0.9.0 - D\n\nOld\n", "# Log\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n\n## 0.9.0 - D\n\nOld\n"),
        (
            "# Log\n\n## [Unreleased]\n\nNew\n\n## [0.9.0] - D\n\nOld\n",
            "# Log\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n\n## [0.9.0] - D\n\nOld\n",
        ),
    ],
)
def test_a_section_goes_on_top_of_the_older_ones(before: str, after: str) -> None:
    made = with_section(before, "1.0.0", "D", "B")
    assert made == after
    assert sections(made)["1.0.0"] == "B"
    assert sections(made)["Unreleased"] == ""


def test_texts_that_are_not_those_released_are_not_made_again(project: Project) -> None:
    project.released("1.0.0")
    path = project.root / "CHANGELOG.md"
    path.write_text(path.read_text(encoding="utf-8").replace("First release", "The first release"), encoding="utf-8")
    said = "ketamine-anki: the texts are not byte by byte those released: use the program of then\n"
    before = project.tree()
    assert run("release", "1.0.0", "--rebuild") == (1, "", said)
    assert project.tree() == before


# --- a changelog that somebody proposed -------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.symlink_to("secret.md"), "a symbolic link is not followed: put the file itself here"),
        (lambda path: path.symlink_to("/dev/zero"), "a symbolic link is not followed: put the file itself here"),
        (lambda path: path.symlink_to("nowhere"), "a symbolic link is not followed: put the file itself here"),
        (os.mkfifo, "not a regular file"),
        (Path.mkdir, "not a regular file"),
        (lambda path: path.write_bytes(b"x" * (MAX_CHANGELOG_BYTES + 1)), "over 16,777,216 bytes"),
        (lambda path: path.write_bytes(b"\xff"), "not UTF-8 text: save it as UTF-8"),
    ],
    ids=["link", "device", "dangling", "pipe", "folder", "large", "bytes"],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_changelog_is_read_as_a_deck_is(
    project: Project, make: Callable[[Path], None], said: str, options: tuple[str, ...]
) -> None:
    """What it says reaches learners: it must not say what another file holds."""
    secret = project.root / "secret.md"
    secret.write_text("## Unreleased\nTOKEN\n", encoding="utf-8")
    make(project.root / "CHANGELOG.md")
    assert project.release("1.0.0", *options) == (1, "", f"ketamine-anki: CHANGELOG.md: {said}\n")
    assert secret.read_text(encoding="utf-8") == "## Unreleased\nTOKEN\n"
    assert not project.dist.exists()


def test_a_changelog_may_have_windows_line_ends(project: Project) -> None:
    (project.root / "CHANGELOG.md").write_bytes(b"# Changelog\r\n\r\n## Unreleased\r\n\r\nRoots!\r\n")
    project.released("1.0.0")
    assert "\n\nRoots!\n\nFirst release" in (project.root / "CHANGELOG.md").read_text(encoding="utf-8")
