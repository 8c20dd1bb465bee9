"""The Chromium of the system, driven by Playwright, and the preview page in it: written, opened, and what is seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from ketamine_anki.cli import preview

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}


def found() -> str:
    """Where a Chromium is installed, "" for nowhere."""
    return next((path for name in NAMES if (path := shutil.which(name))), "")


needed = pytest.mark.skipif(not found(), reason=f"no Chromium here: none of {', '.join(NAMES)} is installed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; without its sandbox, which the root of a container cannot have."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found(), args=["--no-sandbox"])
        yield browser
        browser.close()


def written(decks: Path, folder: Path) -> Path:
    """The page of a collection, written into a folder."""
    path = folder / "page.html"
    path.write_text("".join(preview.make_page(decks, folder, "file", None)[0]), encoding="utf-8")
    return path


@contextmanager
def opened(
    chromium: Browser, path: Path, size: ViewportSize = DESKTOP, *, java_script_enabled: bool = True
) -> Iterator[Page]:
    """A page in a window of its own; at the end it may have logged nothing and requested nothing."""
    with chromium.new_context(viewport=size, color_scheme="light", java_script_enabled=java_script_enabled) as context:
        page = context.new_page()
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        yield page
    assert messages == []
    assert {url for url in requests if not url.startswith("data:")} == {path.as_uri()}


def seen(page: Page) -> list[str]:
    """The ids of the notes that are visible."""
    return page.eval_on_selector_all(".note:not([hidden])", "notes => notes.map((note) => note.id.slice(5))")
