"""The public page of a release in a real browser, as a learner comes to it."""

from __future__ import annotations

from pathlib import Path

import browser
import pytest
from pages import opened, seen
from playwright.sync_api import Browser, ViewportSize, expect

pytestmark = pytest.mark.skipif(
    not browser.found(), reason=f"no Chromium here: none of {', '.join(browser.NAMES)} is installed"
)


def test_public_page(chromium: Browser, public_page: Path) -> None:
    """A learner finds the download, the form for mistakes and a card by its words, and nothing that is for editors."""
    with opened(chromium, public_page) as page:
        link = page.get_by_role("link", name="Download deck-1.1.0.apkg")
        assert link.get_attribute("href") == "deck-1.1.0.apkg"
        expect(page.locator("#get > p code")).to_have_text("f" * 64)
        form = page.locator("#report a").get_attribute("href")
        assert form == "https://example.org/deck/issues/new?template=correction.yml"
        page.get_by_role("link", name="Changes", exact=True).click()
        page.locator("#changes summary").click()
        expect(page.get_by_role("heading", name="1.1.0 - 2026-01-02")).to_be_visible()
        assert page.locator("#changes img, #changes b").count() == 0
        whole = seen(page)
        page.keyboard.press("u")
        page.keyboard.press("/")
        page.keyboard.type("CEREBRAL perfusion")
        assert 0 < len(seen(page)) < len(whole)
        assert page.locator(".place, .coverage, .claim, #untested").count() == 0
        assert page.eval_on_selector("td:last-child", "cell => getComputedStyle(cell).textAlign") == "end"
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("size", [{"width": 390, "height": 844}, {"width": 1000, "height": 800}])
def test_links_of_the_public_page_lead_there_and_no_word_is_broken(
    chromium: Browser, public_page: Path, size: ViewportSize
) -> None:
    """The top of the section that a link names is in the window; a cell is no narrower than its longest word."""
    with opened(chromium, public_page, size) as page:
        for name in ("report", "changes", "notes", "get"):
            page.evaluate("scrollTo(0, 0)")
            page.click(f"nav a[href='#{name}']")
            page.wait_for_timeout(100)
            top = page.eval_on_selector(f"#{name}", "section => section.getBoundingClientRect().top")
            assert -1 <= top < size["height"], name
        page.evaluate("document.querySelectorAll('.guide details').forEach((one) => { one.open = true; })")
        lines = page.eval_on_selector_all(
            ".guide td",
            """cells => cells.flatMap((cell) => [...cell.textContent.matchAll(/[a-z]+/gi)].map((word) => {
              const range = document.createRange();
              range.setStart(cell.firstChild, word.index);
              range.setEnd(cell.firstChild, word.index + word[0].length);
              return range.getClientRects().length;
            }))""",
        )
        assert set(lines) == {1}
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_without_the_script_the_public_page_can_be_read_on_a_phone(chromium: Browser, public_page: Path) -> None:
    """What the deck is, the download with its SHA-256, how to import, the cards, then the rest."""
    with opened(chromium, public_page, {"width": 390, "height": 844}, java_script_enabled=False) as page:
        parts = ".guide section, .get, #get > p code, #get > p:nth-of-type(2), .note, #report, #changes".split(", ")
        tops = [page.locator(part).first.bounding_box()["y"] for part in parts]
        assert tops == sorted(tops)
        expect(page.locator("noscript p")).to_be_visible()
        expect(page.locator(".tools")).to_be_hidden()
        for dressed in (".answer", ".box .label"):
            expect(page.locator(dressed).first).to_have_css("font-weight", "700")
        picture = page.locator("img[data-picture]").first
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.naturalWidth") > 100
        subdecks = page.locator("nav[aria-labelledby] a")
        assert subdecks.count() == 2
        subdecks.last.click()
        expect(page.locator(subdecks.last.get_attribute("href"))).to_be_in_viewport()
        page.emulate_media(media="print")
        expect(page.locator(".note").first).to_be_visible()
