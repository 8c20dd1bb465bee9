"""The README's pictures: each is there, small, and has a text for those who cannot see it. The deck's:
each is that of its drawing.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
import small_deck
from program import REPOSITORY, execute

PICTURES = REPOSITORY / ".github" / "images"


def test_pictures_of_the_readme() -> None:
    shown = re.findall(r"!\[([^\]]*)\]\(\.github/images/([^)]+)\)", (REPOSITORY / "README.md").read_text("utf-8"))
    assert sorted(name for _, name in shown) == sorted(path.name for path in PICTURES.iterdir())
    assert all(len(text) > 60 for text, _ in shown)
    assert all(path.stat().st_size < 200_000 for path in PICTURES.iterdir())


@pytest.fixture
def deck_pictures(tmp_path: Path) -> Path:
    """A copy of the deck's drawings, their script and the pictures made of them."""
    for name in ("drawings", "media"):
        shutil.copytree(REPOSITORY / "decks" / name, tmp_path / name)
    return tmp_path


def compared(folder: Path) -> int:
    return execute(sys.executable, folder / "drawings" / "render.py", "--check").code


def test_every_picture_of_the_deck_is_that_of_its_drawing(deck_pictures: Path) -> None:
    assert len(list((deck_pictures / "drawings").glob("*.svg"))) >= 5
    assert compared(deck_pictures) == 0


def test_a_drawing_changed_without_its_picture_is_noticed(deck_pictures: Path) -> None:
    drawing = deck_pictures / "drawings" / "cpp-balance.svg"
    small_deck.replace(drawing, "MAP holds", "MAP stays")
    assert compared(deck_pictures) == 1


def test_a_picture_without_a_drawing_is_noticed(deck_pictures: Path) -> None:
    (deck_pictures / "drawings" / "cpp-balance.svg").unlink()
    assert compared(deck_pictures) == 1
