"""The README's pictures: each is there, small, and has a text for those who cannot see it."""

from __future__ import annotations

import re

from program import REPOSITORY

PICTURES = REPOSITORY / ".github" / "images"


def test_pictures_of_the_readme() -> None:
    shown = re.findall(r"!\[([^\]]*)\]\(\.github/images/([^)]+)\)", (REPOSITORY / "README.md").read_text("utf-8"))
    assert sorted(name for _, name in shown) == sorted(path.name for path in PICTURES.iterdir())
    assert all(len(text) > 60 for text, _ in shown)
    assert all(path.stat().st_size < 200_000 for path in PICTURES.iterdir())
