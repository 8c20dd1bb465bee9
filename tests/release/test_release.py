"""`release`: what it writes, what it refuses, and which version a change needs."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest
import small_deck
from program import run
from releases import DAY, NEW_NOTE, NOTES, RETIRED, START, Project, add, move, retire, reword, swap_decks

from ketamine_anki.anki import notetypes
from ketamine_anki.workspace.git import github_name
from ketamine_anki.workspace.output import exclusively


def test_the_first_release(released: Project) -> None:
    """Packages, gallery, notes, AnkiWeb's form, record and sums in dist; ledger and changelog beside the deck."""
    assert sorted(path.name for path in released.dist.iterdir()) == [
        "ANKIWEB.md",
        "RELEASE_NOTES.md",
        "SHA256SUMS",
        "release.json",
        "small-1.0.0-01-first-part.apkg",
        "small-1.0.0-gallery.html",
        "small-1.0.0.apkg",
    ]
    assert sorted(released.ledger["notes"]) == ["gas", "light", "water"]
    assert "## 1.0.0 - 2023-11-14" in released.changelog
    assert "Which gas" in (released.dist / "small-1.0.0-gallery.html").read_text(encoding="utf-8")
    record = released.record
    assert record["counts"] == {"notes": 3, "cards": 4, "subdecks": 1, "retired": 0}
    assert (record["version"], record["previous"], record["released"]) == ("1.0.0", None, "2023-11-14T22:13:20Z")
    digest = hashlib.sha256((released.dist / "small-1.0.0.apkg").read_bytes()).hexdigest()
    assert record["files"][0]["sha256"] == digest == released.ledger["releases"][0]["package"]
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=released.dist, check=False).returncode == 0
    assert len((released.dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines()) == 6
    contents = released.package("small-1.0.0.apkg")
    assert all(
        "Imported last: version 1.0.0." in page for page in small_deck.deck_pages(released.dist / "small-1.0.0.apkg")
    )
    assert not any("1.0.0" in text for note in contents.notes for text in (*note.fields.values(), *note.tags))


def test_only_what_changed_is_newer(released: Project) -> None:
    """Each note has the time of the release that brought its present content; a revert is a change, too: only if the
    note is newer than ever does the first wording reach learners again.
    """
    reword(released)
    released.released("1.0.1")
    for name in ("small-1.0.1.apkg", "small-1.0.1-update.apkg", "small-1.0.1-01-first-part.apkg"):
        assert released.times(name) == {"gas": START + DAY, "water": START, "light": START}
        assert {kind.mod for kind in released.package(name).note_types.values()} == {START}
    released.edit("gas", answer="Carbon dioxide")
    released.at(START + 2 * DAY)
    released.released("1.0.2")
    assert released.ledger["notes"]["gas"]["time"] == str(START + 2 * DAY)


def test_a_retired_note_is_in_the_update_alone(released: Project) -> None:
    """It stays in later updates as it was: who skipped a release gets its notices with the next one."""
    retire(released)
    assert run("build").code == 0
    released.released("1.1.0")
    for name in ("small-deck.apkg", "small-1.1.0.apkg"):
        assert released.times(name).keys() == {"water", "light"}
    *_, gone = released.package("small-1.1.0-update.apkg").notes
    assert "Retired in version 1.1.0: Newer work differs." in gone.fields["Notice"]
    assert ("Small::Retired::1.1.0" in gone.tags, gone.mod) == (True, START + DAY)
    assert released.ledger["notes"]["gas"]["retired"] == "1.1.0"
    released.edit("water", answer="Water and salts")
    released.at(START + 2 * DAY)
    released.released("1.1.1")
    later = {"gas": START + DAY, "water": START + 2 * DAY, "light": START}
    assert released.times("small-1.1.1-update.apkg") == later
    assert released.record["counts"]["retired"] == 1
    assert released.record["changes"] == {"new": 0, "changed": 1, "moved": 0, "retired": 0}


def test_a_release_of_many_kinds_of_change_is_made_again(tagged: Project) -> None:
    """The record counts each; with a retired note, too, all is the same byte by byte."""
    tagged.write(NOTES + NEW_NOTE)
    retire(tagged)
    tagged.edit("water", answer="Water and *salts*")
    tagged.commit()
    tagged.released("1.1.0")
    assert tagged.record["changes"] == {"new": 1, "changed": 1, "moved": 0, "retired": 1}
    assert tagged.record["previous"] == "1.0.0"
    before = tagged.tree()
    shutil.rmtree(tagged.dist)
    assert run("release", "1.1.0", "--rebuild").code == 0
    assert tagged.tree() == {name: data for name, data in before.items() if "1.0.0" not in name}


def test_a_dry_run_shows_it_all_and_writes_nothing(released: Project) -> None:
    reword(released)
    before = released.tree()
    ran = released.release("1.0.1", "--dry-run", "-o", "new")
    assert ran.code == 0
    assert "would write new/small-1.0.1-update.apkg\n" in ran.out
    assert "would update decks/ledger.yaml\n" in ran.out
    assert released.tree() == before
    assert not (released.root / "new").exists()
    released.released("1.0.1")
    assert ran.out.partition("\n\n")[2] == released.notes


def test_a_dry_run_ends_as_the_release_would(released: Project) -> None:
    """It shows the notes for learners first: they may be what keeps one from committing."""
    released.commit()
    reword(released)
    dry, real = released.release("1.0.1", "--dry-run"), released.release("1.0.1")
    assert (dry.code, real.code, dry.err) == (1, 1, real.err)
    assert "Carbon dioxide gas" in dry.out
    released.commit()
    (released.root / "file").touch()
    assert released.release("1.0.1", "--dry-run", "-o", "file/x") == released.release("1.0.1", "-o", "file/x")
    with exclusively(released.decks / "collection.yaml", "release"):
        ran = released.release("1.0.1", "--dry-run")
    assert (ran.code, "another release is running" in ran.err) == (74, True)


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("01-first.yaml", "id: gas", "id: gases", "decks/01-first.yaml:3:7: id 'gases' is new, and 'gas', released in"),
        ("01-first.yaml", "answer: Water", "anwser: Water", "decks/01-first.yaml:26:3: unknown key"),  # not vanished
        ("ledger.yaml", "notes:\n", "notes:\n<<<<<<< HEAD\n", "decks/ledger.yaml:11:1: not as `release` writes it"),
        ("collection.yaml", "title:", "titel:", "decks/collection.yaml:1:1: unknown key 'titel'"),
    ],
)
def test_a_finding_stops_check_build_and_release(
    released: Project, file: str, old: str, new: str, finding: str
) -> None:
    released.replace(old, new, file)
    before = released.tree()
    for command in (("check", "--format", "lines"), ("build",), ("release", "2.0.0")):
        ran = run(*command)
        (line,) = ran.out.splitlines()
        assert (ran.code, line.startswith(finding)) == (1, True), line
    assert released.tree() == before


def nothing(project: Project) -> None:
    """The released state."""


def describe(project: Project) -> None:
    project.replace("Cards for a test.", "Cards for another test.", "collection.yaml")


def retire_at_once(project: Project) -> None:
    project.edit("gas", retired=RETIRED | {"version": "1.0.1"})


def rename_deck(project: Project) -> None:
    project.replace("First Part", "First Piece", "collection.yaml")
    project.replace("domain: First Part", "domain: First Piece", "source.yaml")
    project.write(NOTES, "First Piece")


GONE = "deck 'Small Deck::01 First Part' is gone or has another name"


@pytest.mark.parametrize(
    ("edit", "version", "message"),
    [
        (nothing, "1.0.0", "version 1.0.0 does not go up: 1.0.0 is released already"),
        (reword, "0.9.9", "version 0.9.9 does not go up: 1.0.0 is released already"),
        (nothing, "1.0.1", "nothing has changed since 1.0.0: there is nothing to release"),
        (add, "1.0.1", "1.0.1 is too small: notes 1 new (new): make it 1.1.0"),
        (move, "1.0.7", "1.0.7 is too small: notes 1 moved (light): make it 1.1.0"),
        (retire_at_once, "1.0.1", "1.0.1 is too small: notes 1 retired (gas): make it 1.1.0"),
        (retire, "1.0.1", "note 'gas' says it retires in 1.1.0, not in 1.0.1"),
        (rename_deck, "1.1.0", f"1.1.0 is too small: {GONE}: make it 2.0.0"),
        (swap_decks, "1.1.0", f"1.1.0 is too small: {GONE}: make it 2.0.0"),
        (reword, "1.1", "version '1.1': three numbers, such as 1.2.0"),
        (reword, "v1.1.0", "version 'v1.1.0': three numbers, such as 1.2.0"),
        (reword, "1.01.0", "version '1.01.0': three numbers, such as 1.2.0"),
    ],
)
def test_a_version_that_promises_too_little_is_refused(released: Project, edit, version: str, message: str) -> None:
    edit(released)
    before = released.tree()
    assert released.release(version) == (2 if "three" in message else 1, "", f"ketamine-anki: {message}\n")
    assert released.tree() == before


@pytest.mark.parametrize(("edit", "version"), [(reword, "2.0.0"), (describe, "1.0.1"), (rename_deck, "2.0.0")])
def test_a_version_large_enough_is_accepted(released: Project, edit, version: str) -> None:
    """Just large enough is what every change that can be a safety correction is, below."""
    edit(released)
    ran = released.release(version, "--dry-run")
    assert (ran.code, ran.err) == (0, "the words of 1.0.0 are not known here: name them with --since\n")


def test_a_note_that_was_never_released_cannot_be_retired(project: Project) -> None:
    retire(project)
    ran = project.release("1.0.0")
    assert ran == (1, "", "ketamine-anki: note 'gas' was never released: delete it instead of retiring it\n")


@pytest.mark.parametrize(
    ("note_id", "like"), [("water", ""), ("light", ""), ("nobody", ""), ("gasp", ": did you mean 'gas'?")]
)
def test_only_a_changed_note_can_be_a_safety_correction(released: Project, note_id: str, like: str) -> None:
    reword(released)
    ran = released.release("1.0.1", "--errata", "gas", "--errata", note_id, "--dry-run")
    message = f"ketamine-anki: --errata {note_id}: this release changes no such note{like}\n"
    assert (ran.code, ran.out, ran.err.endswith(message)) == (2, "", True)


@pytest.mark.parametrize(
    ("edit", "version", "note_id"),
    [(reword, "1.0.1", "gas"), (add, "1.1.0", "new"), (move, "1.1.0", "light"), (retire, "1.1.0", "gas")],
)
def test_every_changed_note_can_be_a_safety_correction(released: Project, edit, version: str, note_id: str) -> None:
    edit(released)
    ran = released.release(version, "--errata", note_id, "--dry-run")
    assert ran.code == 0
    text = "### Safety corrections\n\nPlease read these, even if you skip the rest.\n\n"
    assert f"{text}- **{note_id}**" in ran.out


def test_a_first_release_names_an_address(project: Project) -> None:
    """Without one, learners have no way to report a card; the one that git knows is proposed, without its password."""
    project.commit()
    collection = (project.decks / "collection.yaml").read_text("utf-8")
    for remote, address in (
        ("origin git@gitlab.com:a/b.git", "https://github.com/OWNER/NAME' with yours"),
        ("upstream https://me:secret@github.com/c/d.git", "https://github.com/c/d'"),
    ):
        project.git("remote", "add", *remote.split())
        ran = run("release", "1.0.0", "--dry-run")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == (
            "ketamine-anki: decks/collection.yaml: no repository: learners could neither report a card nor find the"
            f" next release: add 'repository: {address}; if it is not on GitHub, choose --no-repository\n"
        )
    for address in ("https://github.com/OWNER/NAME", "https://github.com/a/b.git", "https://gitlab.com/a/b"):
        (project.decks / "collection.yaml").write_text(f"{collection}repository: {address}\n", "utf-8")
        assert "an address on GitHub" in run("release", "1.0.0", "--dry-run").out
    (project.decks / "collection.yaml").write_text(f"{collection}repository: https://github.com/c/d\n", "utf-8")
    project.commit()
    assert run("release", "1.0.0", "--dry-run").code == 0


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://github.com/a/b.git", "a/b"),
        ("https://me:secret@github.com/a/b.c", "a/b.c"),
        ("git@github.com:a/b.git", "a/b"),
        ("ssh://git@github.com/a-1/b/", "a-1/b"),
        ("ssh://git@github.com:22/jane/ketamine.git", "jane/ketamine"),
        ("ssh://git@ssh.github.com:443/a/b.git/", "a/b"),
        ("http://www.GitHub.com/a/b.git", "a/b"),
        ("git@gitlab.com:a/b.git", ""),
        ("https://agithub.com/a/b", ""),
        ("https://a.org/@github.com/a/b", ""),
    ],
)
def test_the_name_of_a_repository_on_github(remote: str, name: str) -> None:
    assert github_name(remote) == name


def test_a_template_added_needs_a_major_version(released: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anki skips every note whose note type has other fields or templates, for ever."""
    kinds = notetypes.note_types()
    more = notetypes.Template("Third", "{{Answer}}", "{{Question}}")
    monkeypatch.setitem(kinds, "question", kinds["question"]._replace(templates=(*kinds["question"].templates, more)))
    reason = "note type 'Small Deck: question and answer' has other fields or templates"
    assert released.release("1.1.0") == (1, "", f"ketamine-anki: 1.1.0 is too small: {reason}: make it 2.0.0\n")
    released.released("2.0.0")
    assert "tick *Merge note types*" in released.notes
    assert "| Merge note types | **on** |" in released.notes
    assert "| Update notes | **Always** | the note types changed" in released.notes
    assert "replaces your own edits and tags on all notes" in released.notes


def test_a_new_style_is_a_patch_and_reaches_the_note_type_alone(
    released: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = notetypes.note_types()
    monkeypatch.setitem(kinds, "cloze", kinds["cloze"]._replace(css=".card { color: navy }"))
    released.released("1.0.1")
    contents = released.package("small-1.0.1.apkg")
    assert {kind.is_cloze: kind.mod for kind in contents.note_types.values()} == {False: START, True: START + DAY}
    assert {note.mod for note in contents.notes} == {START}
    assert "### Style" in released.notes


# --- clocks -----------------------------------------------------------------------------------


BEHIND = "but the last release is of 2023-11-14 22:13:20 UTC: set this machine's clock"
AHEAD = "SOURCE_DATE_EPOCH is 2096-10-02 07:06:40 UTC: a release cannot lie in the future"


@pytest.mark.parametrize(("time", "message"), [(START, BEHIND), (START - DAY, BEHIND), (4_000_000_000, AHEAD)])
def test_a_clock_behind_the_ledger_or_ahead_is_refused(released: Project, time: int, message: str) -> None:
    reword(released)
    released.at(time)
    ran = released.release("1.0.1")
    assert (ran.code, message in ran.err) == (2, True)


def test_a_build_after_a_release(released: Project) -> None:
    """What changed since is newer than the release, even if the build's time is older; the page says so."""
    reword(released)
    released.at(START - DAY)
    assert run("build").code == 0
    package = released.dist / "small-deck.apkg"
    assert released.times(package.name) == {"gas": START + 1, "water": START, "light": START}
    assert all("Imported last: version 1.0.0 and later changes." in page for page in small_deck.deck_pages(package))
    (released.decks / "ledger.yaml").unlink()
    assert run("build").code == 0
    assert all("Imported last: version 0 (not released yet)." in page for page in small_deck.deck_pages(package))


@pytest.mark.parametrize(
    ("is_released", "is_changed", "reason"),
    [
        (False, True, "set SOURCE_DATE_EPOCH or this machine's clock"),
        (True, True, "the last release is of 2023-11-14 22:13:20 UTC; set this machine's clock"),
        (True, False, ""),  # all times are those of the release
    ],
)
def test_a_build_in_the_future_is_refused(
    released: Project, monkeypatch: pytest.MonkeyPatch, is_released: bool, is_changed: bool, reason: str
) -> None:
    """A note from the future would overwrite what learners edit, again and again."""
    if not is_released:
        (released.decks / "ledger.yaml").unlink()
    if is_changed:
        reword(released)
    released.at(START)
    monkeypatch.setattr("ketamine_anki.workspace.packages.time.time", lambda: START - DAY)
    ran = run("build")
    assert ran.code == (2 if reason else 0)
    assert f"lies in the future: {reason}" in ran.err or not reason
