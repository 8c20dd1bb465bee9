"""Every card of every accepted hostile case, and of the real deck, in a browser: no request, no script,
no dialog, no navigation; bare, and under a strict content security policy such as Anki's.

Controls show that the observer sees each of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import hostile_cases
import pytest
from playwright.sync_api import Browser, Error, Page, Route

from ketamine_anki.anki.cards import cards
from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Note
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.pipeline import check_notes

pytestmark = pytest.mark.skipif(
    not browser.found(), reason=f"no Chromium here: none of {', '.join(browser.NAMES)} is installed"
)

ORIGIN = "http://cards.test/"
POLICIES = {
    "bare": "",
    "strict": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; script-src 'none'; form-action 'none'",
}
ACCEPTED = [case for case in hostile_cases.cases() if case.finds is None and not case.is_bomb]
# What a page that does anything says; the origin's own page is let through, everything else is noted and stopped.
_WATCH = """
addEventListener('securitypolicyviolation', event => console.log('violation ' + event.violatedDirective));
for (const name of ['fetch', 'open', 'alert']) {
  const real = window[name];
  window[name] = (...given) => { console.log('called ' + name); return real(...given); };
}
"""


class Observer:
    """A page that notes what the HTML in it does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen: list[str] = []
        self.body = self.policy = ""
        self.pictures: set[str] = set()
        page.add_init_script(_WATCH)
        page.route("**/*", self._answer)
        page.on("dialog", self._dialog)
        page.on("console", lambda message: self.seen.append(message.text))
        page.on("pageerror", lambda error: self.seen.append(f"error {error}"))
        page.on("popup", lambda popup: self.seen.append("popup"))
        page.on("download", lambda download: self.seen.append("download"))
        page.on("framenavigated", lambda frame: self._navigated(frame.url))

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if url == ORIGIN:
            headers = {"Content-Type": "text/html; charset=utf-8"}
            if self.policy:
                headers["Content-Security-Policy"] = self.policy
            route.fulfill(status=200, headers=headers, body=self.body)
        elif url.removeprefix(ORIGIN) in self.pictures:
            route.fulfill(status=200, headers={"Content-Type": "image/png"}, body=hostile_cases.png(1, 1))
        else:
            self.seen.append(f"request {url}")
            route.abort()

    def _dialog(self, dialog: Any) -> None:
        self.seen.append("dialog")
        dialog.dismiss()

    def _navigated(self, url: str) -> None:
        if url not in (ORIGIN, "about:blank"):
            self.seen.append(f"navigated to {url}")

    def look(self, body: str, policy: str, pictures: set[str] | None = None) -> list[str]:
        """What the HTML does when it is shown, and when the mouse has been over it."""
        self.seen.clear()
        self.body, self.policy, self.pictures = f"<!doctype html><body class=card>{body}", policy, pictures or set()
        try:
            self.page.goto(ORIGIN)
            return self.seen + self._elements()
        except Error:  # the page has gone elsewhere
            return [*self.seen, "navigated away"]

    def _elements(self) -> list[str]:
        self.page.evaluate("() => document.body.dispatchEvent(new Event('mouseover', {bubbles: true}))")
        found = self.page.evaluate(
            """() => [...document.querySelectorAll('*')].flatMap(element => [
                 ...[...element.attributes].filter(a => a.name.startsWith('on')).map(a => a.name),
                 ...(/^(script|iframe|object|embed|link|meta|base|form|svg|style)$/i.test(element.localName)
                     && element.closest('body') ? [element.localName] : []),
                 ...(/^(javascript|data|vbscript):/i.test(element.getAttribute('href') || '') ? ['href'] : [])])"""
        )
        return [f"element {name}" for name in found]


@pytest.fixture(scope="module")
def observer() -> Iterator[Observer]:
    with browser.chromium() as made:
        yield Observer(_page(made))


def _page(made: Browser) -> Page:
    return made.new_context().new_page()


def _shown(folder: Path) -> list[tuple[str, set[str]]]:
    """Both sides of every card of a collection, without the style sheet, and its pictures' names."""
    read = Folder(str(folder))
    collection = read.collection
    assert collection is not None
    kinds = note_types(collection)
    pages: list[tuple[str, set[str]]] = []
    names = {picture.packaged for picture in collection.pictures.values()}

    def visit(note: Note, compiled: CompiledNote) -> None:
        made = cards(compiled, kinds[compiled.note_type])
        pages.extend((f"<div>{card.question}</div><div>{card.answer}</div>", names) for card in made)

    check_notes(read, visit)
    assert read.findings == []
    return pages


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_an_accepted_hostile_card_does_nothing(
    observer: Observer, case: hostile_cases.Case, policy: str, tmp_path: Path
) -> None:
    shown = _shown(hostile_cases.write(case, tmp_path))
    assert shown
    for body, pictures in shown:
        assert observer.look(body, POLICIES[policy], pictures) == []


@pytest.mark.parametrize("policy", POLICIES)
def test_the_real_deck_does_nothing(observer: Observer, real_decks: Path, policy: str) -> None:
    shown = _shown(real_decks)
    assert len(shown) > 100
    for n in range(0, len(shown), 20):
        body = "".join(body for body, _ in shown[n : n + 20])
        assert observer.look(body, POLICIES[policy], shown[0][1]) == []


@pytest.mark.parametrize(
    ("body", "bare", "strict"),
    [
        ("<script>alert(1)</script>", "dialog", "violation script-src-elem"),
        ("<img src=x onerror=alert(1)>", "dialog", "violation script-src-attr"),
        ("<img src='https://evil.example/t.gif'>", "request https://evil.example/t.gif", "violation img-src"),
        ("<body onmouseover=alert(1)>", "dialog", "violation script-src-attr"),
        ("<iframe src='https://evil.example/'></iframe>", "request https://evil.example/", "violation frame-src"),
        (
            "<link rel=stylesheet href='https://evil.example/s.css'>",
            "request https://evil.example/s.css",
            "element link",
        ),
        ("<a href='javascript:alert(1)'>x</a>", "element href", "element href"),
        (
            "<style>body{background:url(https://evil.example/b)}</style>",
            "request https://evil.example/b",
            "violation img-src",
        ),
        ("<svg onload=alert(1)></svg>", "dialog", "violation script-src-attr"),
    ],
)
def test_the_observer_sees_a_live_card(observer: Observer, body: str, bare: str, strict: str) -> None:
    assert bare in observer.look(body, "")
    assert strict in observer.look(body, POLICIES["strict"])
