"""A browser, and the pages of two subdecks of the real collection."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import browser
import pytest
import small_deck
from playwright.sync_api import Browser

from ketamine_anki.preview.page import PageNote
from ketamine_anki.preview.page import page as page_of
from ketamine_anki.preview.public import Package, Public
from ketamine_anki.workspace.folder import Folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def deck_page(real_decks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two subdecks of the real collection: what it does does not depend on how large it is."""
    folder = tmp_path_factory.mktemp("preview")
    others = shutil.ignore_patterns("0[!38]-*.yaml", "drawings")
    return browser.written(shutil.copytree(real_decks, folder / "decks", ignore=others), folder)


@pytest.fixture(scope="module")
def public_page(deck_page: Path) -> Path:
    """The public page of the same subdecks."""
    decks = deck_page.parent / "decks"
    collection = replace(Folder(str(decks)).collection, repository="https://example.org/deck")
    notes = [PageNote(made.note, made.compiled) for made in small_deck.compiled(decks)]
    table = f"{'| a ' * 6}| b |\n{'|---' * 6}|--:|\n{'| Electroconvulsive ' * 6}| 2 |\n"
    release_notes = f"# Deck 1.1.0\n\n1 new.\n\n## Which file\n\n- `deck-1.1.0.apkg`: all\n\n{table}"
    log = "## 1.1.0 - 2026-01-02\n\n### New\n\n- **note** <b>x</b> ![x](https://example.org/x.png)\n"
    packages = [
        Package("deck-1.1.0.apkg", 800_000, "f" * 64, 9, 9),
        Package("deck-1.1.0-update.apkg", 9, "e" * 64, 1, 1),
    ]
    public = Public("1.1.0", packages, release_notes, log)
    path = deck_page.with_name("public.html")
    path.write_text("".join(page_of(collection, notes, link=lambda place: "", public=public)), encoding="utf-8")
    return path
