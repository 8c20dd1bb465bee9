"""Corrections made inside the real Anki come back as edits of exactly those YAML values."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import engine
import pytest
import small
from anki.collection import Collection, ExportAnkiPackageOptions
from hostile_packages import CASES
from program import run

from ketamine_anki.compile import guid
from ketamine_anki.intake import words_changed
from ketamine_anki.package import Times

FORMS = ("old.apkg", "new.apkg", "notes.txt")
NAMESPACE = "tests/small"


def export(col: Collection, path: Path, **options: bool) -> Path:
    """What File > Export writes; the form by the name of the file."""
    if path.suffix == ".txt":
        told = {"with_html": True, "with_tags": True, "with_deck": True, "with_notetype": True, "with_guid": True}
        col.export_note_csv(out_path=str(path), limit=None, **(told | options))
        return path
    how = ExportAnkiPackageOptions(
        with_scheduling=False, with_deck_configs=False, with_media=True, legacy=path.name.startswith("old")
    )
    col.export_anki_package(out_path=str(path), options=how, limit=None)
    return path


def edit(col: Collection, note_id: str, **fields: str) -> None:
    """What the editor does: other HTML in some fields of a note."""
    (found,) = col.find_notes(f'"ID:{note_id}"')
    note = col.get_note(found)
    for name, html in fields.items():
        note[name] = html
    col.update_note(note)


def tag(col: Collection, note_id: str, add: str = "", remove: str = "") -> None:
    found = col.find_notes(f'"ID:{note_id}"')
    if add:
        col.tags.bulk_add(found, add)
    if remove:
        col.tags.bulk_remove(found, remove)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


# --- the real collection ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def contributor(real_package, tmp_path_factory):
    """The real Anki of somebody who imported the real package."""
    col = engine.open_collection(tmp_path_factory.mktemp("contributor"))
    engine.import_package(col, real_package)
    yield col
    col.close()


@pytest.mark.parametrize("form", FORMS)
def test_an_unedited_export_of_the_whole_deck_is_an_empty_diff(contributor, real_decks, tmp_path, form):
    ran = run("intake", export(contributor, tmp_path / form), real_decks)
    notes = len(contributor.find_notes(""))
    assert notes > 100
    assert (ran.code, ran.out) == (0, ""), ran.out
    assert f"{notes} of {notes} notes of the collection, 0 corrections, 0 new notes, 0 not taken over" in ran.err


def test_round_trip_through_the_real_anki(real_package, real_decks, tmp_path):
    """build, edit three notes in Anki, export in each form, intake --write: exactly three values differ
    in git diff; build, import: the learner is up to date.
    """
    col = engine.open_collection(tmp_path)
    engine.import_package(col, real_package)
    answer, question, text = (
        next(row[0] for row in col.db.execute("select flds from notes where " + where)).split("\x1f")
        for where in (
            "flds like '%cpp-equation%'",
            "flds like '%abbreviation-cpp%'",
            "flds like '%cpp-gauge-of-flow%'",
        )
    )
    edit(col, "cpp-equation", Extra=answer[4] + "<div>They are <b>means&nbsp;</b>over time.</div>")
    edit(col, "abbreviation-cpp", Question=question[0].replace("In neurocritical care", "In intensive care"))
    edit(col, "cpp-gauge-of-flow", Text=text[0].replace("steady ", "a steady "))
    results = []
    for form in FORMS:
        folder = tmp_path / form.replace(".", "-")
        shutil.copytree(real_decks, folder)
        git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", "before"], check=True)
        ran = run("intake", export(col, tmp_path / form), folder, "--write")
        assert ran.code == 0, ran.out + ran.err
        diff = subprocess.run(
            [*git, "diff", "-U0", "--word-diff=porcelain"], capture_output=True, text=True, check=True
        ).stdout
        changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        assert subprocess.run(
            [*git, "diff", "--name-only"], capture_output=True, text=True, check=True
        ).stdout.split() == ["03-neurocritical-care.yaml"]
        assert ran.out.count("[-") + ran.out.count("{+") >= 3
        results.append((texts(folder), changed))
    col.close()
    assert results[0] == results[1] == results[2]
    after, changed = results[0]
    shown = " ".join(changed)
    assert "intensive" in shown
    assert "**means**" in shown
    assert "+a" in changed

    folder = tmp_path / "old-apkg"
    before = {made.note.id: made for made in small.compiled(real_decks)}
    edited = {made.note.id: made for made in small.compiled(folder)}
    differing = {name for name in before if before[name].compiled != edited[name].compiled}
    assert differing == {"cpp-equation", "abbreviation-cpp", "cpp-gauge-of-flow"}
    for name in differing:
        values = [
            (key, value) for key, value in before[name].note.texts() if dict(edited[name].note.texts())[key] != value
        ]
        assert len(values) == 1, name

    learner = engine.open_collection(tmp_path, "another")
    engine.import_package(learner, real_package)
    newer = {edited[name].compiled.guid: 1_700_000_500 for name in differing}
    update = small.package(folder, tmp_path / "update.apkg", Times(1_700_000_000, newer))
    assert engine.import_package(learner, update) == {"updated": 3, "duplicate": len(before) - 3}
    for name in differing:
        (found,) = learner.find_notes(f'"ID:{name}"')
        assert tuple(learner.get_note(found).fields) == edited[name].compiled.fields
    learner.close()
