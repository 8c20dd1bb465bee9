"""The table of limits: each is used, and these are reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import small
from program import REPOSITORY, run

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
    monkeypatch.setattr("ketamine_anki.cli.folder.MAX_PICTURES", 2)
    folder = small.write(tmp_path, NOTE, {f"media/{n}.png": small.PIXEL for n in range(3)})
    assert "media:1:1: 3 files: at most 2 [limit]" in said(folder)
    assert "media/1.png" in said(folder)
    assert "media/2.png" not in said(folder)


def test_number_of_deck_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketamine_anki.cli.folder.MAX_FILES", 4)
    assert said(small.write(tmp_path, NOTE)) == ""
    small.write(tmp_path, files={"02-second.yaml": small.deck(NOTE, "Second Part")})
    assert "5 deck files: at most 4 [limit]" in said(tmp_path)


def test_length_of_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketamine_anki.reader.MAX_MESSAGE", 20)
    folder = small.write(tmp_path, NOTE + "  anwser: Carbon dioxide\n")
    assert re.search(r": unknown key 'anwser…? \[unknown-key\]", said(folder)), said(folder)
