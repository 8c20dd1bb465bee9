"""Every card of every accepted hostile case, and of the real deck, in a browser: no request, no script,
no dialog, no navigation; bare, and under a strict content security policy such as Anki's.

Controls show that the observer sees each of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import browser
import hostile_cases
import pytest
import small_deck
from playwright.sync_api import Error, Page, Route

from ketamine_anki.anki.cards import cards
from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Note
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.pipeline import check_notes

pytestmark = browser.needed

ORIGIN = "http://cards.test/"
POLICIES = {
    "bare": "",
    "strict": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; script-src 'none'; form-action 'none'",
}
ACCEPTED = [case for case in hostile_cases.cases() if case.finds is None and not case.is_bomb]
# What a page that does anything says.
_WATCH = """
addEventListener('securitypolicyviolation', event => console.log('violation ' + event.violatedDirective));
for (const name of ['fetch', 'open', 'alert']) {
  const real = window[name];
  window[name] = (...given) => { console.log('called ' + name); return real(...given); };
}
"""
# The elements of a page that could do anything, after the mouse has been over it.
_ELEMENTS = """() => {
  document.body.dispatchEvent(new Event('mouseover', {bubbles: true}));
  return [...document.querySelectorAll('*')].flatMap(element => [
    ...[...element.attributes].filter(a => a.name.startsWith('on')).map(a => a.name),
    ...(/^(script|iframe|object|embed|link|meta|base|form|svg|style)$/i.test(element.localName)
        && element.closest('body') ? [element.localName] : []),
    ...(/^(javascript|data|vbscript):/i.test(element.getAttribute('href') || '') ? ['href'] : [])])
}"""


class Observer:
    """A page that notes what the HTML in it does; its origin and pictures are let through, all else is stopped."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen: list[str] = []
        self.files: dict[str, tuple[dict[str, str], str | bytes]] = {}
        page.add_init_script(_WATCH)
        page.route("**/*", self._answer)
        page.on("dialog", lambda dialog: (self.seen.append("dialog"), dialog.dismiss()))
        page.on("console", lambda message: self.seen.append(message.text))
        page.on("framenavigated", lambda frame: self._note("navigated to", frame.url, (ORIGIN, "about:blank")))
        for event in ("pageerror", "popup", "download"):
            page.on(event, lambda what: self.seen.append(f"{type(what).__name__} {what}"))  # type: ignore[call-overload]

    def _note(self, act: str, url: str, allowed: tuple[str, ...]) -> None:
        if url not in allowed:
            self.seen.append(f"{act} {url}")

    def _answer(self, route: Route) -> None:
        url = route.request.url
        self._note("request", url, tuple(self.files))
        if url in self.files:
            headers, body = self.files[url]
            route.fulfill(status=200, headers=headers, body=body)
        else:
            route.abort()

    def look(self, body: str, policy: str, pictures: set[str] | None = None) -> list[str]:
        """What the HTML does when it is shown, and when the mouse has been over it."""
        headers = {"Content-Type": "text/html; charset=utf-8"}
        headers |= {"Content-Security-Policy": policy} if policy else {}
        picture = ({"Content-Type": "image/png"}, small_deck.PIXEL)
        self.files = {ORIGIN: (headers, f"<!doctype html><body class=card>{body}")}
        self.files |= {ORIGIN + name: picture for name in pictures or ()}
        self.seen.clear()
        try:
            self.page.goto(ORIGIN)
            return self.seen + [f"element {name}" for name in self.page.evaluate(_ELEMENTS)]
        except Error:  # the page has gone elsewhere
            return [*self.seen, "navigated away"]


@pytest.fixture(scope="module")
def observer() -> Iterator[Observer]:
    with browser.chromium() as chromium:
        yield Observer(chromium.new_page())


def shown(folder: Path) -> tuple[list[str], set[str]]:
    """Both sides of every card of a collection, without the style sheet, and its pictures' names."""
    read = Folder(str(folder))
    collection = read.collection
    assert collection is not None
    kinds = note_types(collection)
    pages: list[str] = []

    def visit(note: Note, compiled: CompiledNote) -> None:
        faces = cards(compiled, kinds[compiled.note_type])
        pages.extend(f"<div>{face.question}</div><div>{face.answer}</div>" for face in faces)

    check_notes(read, visit)
    assert read.findings == []
    assert pages
    return pages, {picture.packaged for picture in collection.pictures.values()}


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_an_accepted_hostile_card_does_nothing(observer: Observer, case: hostile_cases.Case, tmp_path: Path) -> None:
    pages, pictures = shown(hostile_cases.write(case, tmp_path))
    for policy in POLICIES.values():
        assert [act for page in pages for act in observer.look(page, policy, pictures)] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_the_real_deck_does_nothing(observer: Observer, real_decks: Path, policy: str) -> None:
    pages, pictures = shown(real_decks)
    assert len(pages) > 100
    for n in range(0, len(pages), 20):
        assert observer.look("".join(pages[n : n + 20]), POLICIES[policy], pictures) == []


EVIL = "https://evil.example/"


@pytest.mark.parametrize(
    ("body", "bare", "strict"),
    [
        ("<script>alert(1)</script>", "dialog", "violation script-src-elem"),
        ("<img src=x onerror=alert(1)>", "dialog", "violation script-src-attr"),
        (f"<img src='{EVIL}'>", f"request {EVIL}", "violation img-src"),
        ("<body onmouseover=alert(1)>", "dialog", "violation script-src-attr"),
        (f"<iframe src='{EVIL}'></iframe>", f"request {EVIL}", "violation frame-src"),
        (f"<link rel=stylesheet href='{EVIL}'>", f"request {EVIL}", "element link"),
        ("<a href='javascript:alert(1)'>x</a>", "element href", "element href"),
        (f"<style>body{{background:url({EVIL})}}</style>", f"request {EVIL}", "violation img-src"),
        ("<svg onload=alert(1)></svg>", "dialog", "violation script-src-attr"),
    ],
)
def test_the_observer_sees_a_live_card(observer: Observer, body: str, bare: str, strict: str) -> None:
    assert bare in observer.look(body, "")
    assert strict in observer.look(body, POLICIES["strict"])
