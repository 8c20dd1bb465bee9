"""The table of limits: each is used, and these are reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import small
from program import REPOSITORY, run
from releases import DAY, START, Project

from ketamine_anki.core.limits import MAX_DECKS_BYTES, MAX_FILE_BYTES, MAX_FINDINGS
from ketamine_anki.workspace import folder as folders

NOTES = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n"


def test_all_deck_files_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small.write(tmp_path, NOTES, {"02-second.yaml": small.deck(NOTES, "Second Part")})
    monkeypatch.setattr(folders, "MAX_DECKS_BYTES", len((folder / "01-first.yaml").read_bytes()) + 1)
    ran = run("check", folder)
    said = f"{folder}/02-second.yaml:1:1: all deck files together are over"
    assert (ran.code, [line for line in ran.out.splitlines() if line.startswith(said)] != []) == (1, True)
    assert "unused" not in ran.out, "who has not read every note cannot say what is missing"


def test_a_hundred_thousand_notes_have_room() -> None:
    """Of 720 bytes, as those of the real collection are in the mean."""
    assert 100_000 * 720 < MAX_DECKS_BYTES < 20_000 * MAX_FILE_BYTES


def test_no_more_findings_are_listed_than_anybody_reads_whoever_finds_them(project: Project) -> None:
    """Here the ledger, of ids that are gone: it may have hundreds of thousands."""
    project.released("1.0.0")
    path = project.decks / "ledger.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    (gas,) = (line for line in lines if line.startswith("  gas: "))
    guid = gas.partition("guid: ")[2][:14]
    many = [gas.replace("  gas:", f"  gone-{number:05d}:").replace(guid, f"{number:014d}") for number in range(5_000)]
    place = lines.index(gas) + 1
    path.write_text("\n".join([*lines[:place], *many, *lines[place:], ""]), encoding="utf-8")
    project.at(START + DAY)
    for words in (("check", "decks"), ("preview", "decks"), ("release", "1.0.1", "--dry-run")):
        ran = run(*words)
        found = [line for line in (ran.out + ran.err).splitlines() if "[vanished-id]" in line]
        assert (ran.code, len(found)) == (1, MAX_FINDINGS + 1)


def test_files_that_cannot_be_read_are_listed_up_to_a_limit(tmp_path: Path) -> None:
    folder = small.write(tmp_path, NOTES)
    for number in range(1_500):
        (folder / f"{number:04d}.yaml").symlink_to("elsewhere")
    ran = run("check", folder)
    assert (ran.code, len(ran.out.splitlines()) <= MAX_FINDINGS + 2) == (1, True)
    assert "unused" not in ran.out


def test_a_preview_shows_every_note_however_many_findings_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MAX_FINDINGS", 1)
    wrong = "- {question: Plants, answer: '', source: nowhere}\n- {question: No sign, answer: yes}\n"
    folder = small.write(
        tmp_path, wrong.replace("answer: ''", "answer: x"), {"02.yaml": small.deck(NOTES, "Second Part")}
    )
    page = tmp_path / "page.html"
    ran = run("preview", folder, "-o", page)
    assert (ran.code, len(ran.err.splitlines())) == (1, 2)
    assert "Which gas do plants take up?" in page.read_text(encoding="utf-8")


NOTE = """
- question: Which gas do plants take up?
  answer: Carbon dioxide
"""


def said(folder: Path) -> str:
    return run("check", folder).out


def test_every_limit_is_used() -> None:
    """A limit that nothing asks for promises what does not hold."""
    modules = sorted((REPOSITORY / "ketamine_anki").rglob("*.py"))
    used = " ".join(path.read_text(encoding="utf-8") for path in modules if path.name != "limits.py")
    table = (REPOSITORY / "ketamine_anki" / "limits.py").read_text(encoding="utf-8")
    names = re.findall(r"(?m)^([A-Z_]+) =", table)
    assert len(names) > 50
    assert [name for name in names if not re.search(rf"\b{name}\b", used)] == []


def test_number_of_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketamine_anki.workspace.folder.MAX_PICTURES", 2)
    folder = small.write(tmp_path, NOTE, {f"media/{n}.png": small.PIXEL for n in range(3)})
    assert "media:1:1: 3 files: at most 2 [limit]" in said(folder)
    assert "media/1.png" in said(folder)
    assert "media/2.png" not in said(folder)


def test_number_of_deck_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketamine_anki.workspace.folder.MAX_FILES", 4)
    assert said(small.write(tmp_path, NOTE)) == ""
    small.write(tmp_path, files={"02-second.yaml": small.deck(NOTE, "Second Part")})
    assert "5 deck files: at most 4 [limit]" in said(tmp_path)


def test_length_of_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketamine_anki.deckfiles.reader.MAX_MESSAGE", 20)
    folder = small.write(tmp_path, NOTE + "  anwser: Carbon dioxide\n")
    assert re.search(r": unknown key 'anwser…? \[unknown-key\]", said(folder)), said(folder)
