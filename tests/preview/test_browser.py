"""The preview page and the public one in a real browser: they load nothing, log nothing, and do what they say."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import browser
import pytest
import small_deck
from axe_playwright_python.sync_playwright import Axe
from browser import opened, seen, written
from playwright.sync_api import Browser, Page, ViewportSize, expect
from program import execute

from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.cli import preview
from ketamine_anki.preview.page import PageNote
from ketamine_anki.preview.page import page as page_of
from ketamine_anki.preview.public import Package, Public
from ketamine_anki.preview.server import VERSION, Server
from ketamine_anki.workspace.folder import Folder

pytestmark = browser.needed

DAY, NIGHT = "rgb(251, 252, 253)", "rgb(31, 36, 40)"
FIRST_CARD = "document.querySelector('.face').shadowRoot.querySelector('.card')"
NOTES = """
- {id: note-0, question: What is ECT?, answer: A shock gives fits, extra: Zimt, reverse: {question: And?, answer: ECT}}
- {id: note-1, question: Which effect stays?, answer: The shock lasts, skill: understand}
- {id: note-2, question: Which SpO₂ in preeclampsia?, answer: High, yield: supporting}
- {id: note-3, question: What is given in pre-eclampsia?, answer: 0.5 mg, tags: [Sun]}
- {id: note-4, question: What is pre eclampsia?, answer: 二酸化炭素 or 第一酸素}
- id: note-5
  text: Plants give off {{c1::oxygen}} and take up {{c2::water}}.
  picture: '![A leaf](leaf.png)'
  caveat: Not at night.
  evidence: [green-2020]
  claims: [C-2]
"""
SECOND = r"""
- {id: note-6, question: What?, answer: '$QT_c = \\dfrac{QT}{\\sqrt{RR}}$', extra: "`code`\n\n- one\n- two", source: }
"""


# --- what is opened ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection with one of each."""
    files = {"02-second.yaml": small_deck.deck(SECOND, "Second Part"), "media/leaf.png": small_deck.PIXEL}
    return small_deck.write(tmp_path_factory.mktemp("preview") / "decks", NOTES, files)


@pytest.fixture(scope="module")
def deck_page(decks: Path) -> Path:
    return written(decks, decks.parent)


@pytest.fixture(scope="module")
def public_page(decks: Path) -> Path:
    collection = replace(Folder(str(decks)).collection, repository="https://example.org/deck")
    notes = [PageNote(made.note, made.compiled) for made in small_deck.compiled(decks)]
    table = f"{'| a ' * 6}| b |\n{'|---' * 6}|--:|\n{'| Electroconvulsive ' * 6}| 2 |\n"
    release_notes = f"# Deck 1.1.0\n\n1 new.\n\n## Which file\n\n- `deck-1.1.0.apkg`: all\n\n{table}"
    log = "## 1.1.0 - 2026-01-02\n\n### New\n\n- **note** <b>x</b> ![x](https://example.org/x.png)\n"
    packages = [Package("deck-1.1.0.apkg", 800_000, "f" * 64, 7, 9), Package("update.apkg", 9, "e" * 64, 7, 9)]
    public = Public("1.1.0", packages, release_notes, log)
    path = decks.parent / "public.html"
    path.write_text("".join(page_of(collection, notes, link=lambda place: "", public=public)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def deck_window(chromium: Browser, deck_page: Path) -> Iterator[Page]:
    with opened(chromium, deck_page) as page:
        yield page


@pytest.fixture
def page(deck_window: Page, deck_page: Path) -> Page:
    """The page as it is when it is opened for the first time, by day."""
    deck_window.evaluate("localStorage.clear(); sessionStorage.clear()")
    deck_window.set_viewport_size({"width": 1280, "height": 900})
    deck_window.emulate_media(color_scheme="light")
    deck_window.goto("about:blank")
    deck_window.goto(deck_page.as_uri())
    return deck_window


def numbers(page: Page) -> str:
    """The last digits of the ids of the notes that are visible."""
    return "".join(name[-1] for name in seen(page))


# --- the preview page -------------------------------------------------------------------------


def test_every_card_is_dressed_and_none_is_cut(chromium: Browser, real_decks: Path, tmp_path: Path) -> None:
    """Each face of the real collection has its note type's CSS; each picture has loaded; no screen is too narrow."""
    with opened(chromium, written(real_decks, tmp_path)) as page:
        faces, bare, pictures, broken = page.evaluate(
            """async () => {
              const roots = [...document.querySelectorAll('.face')].map((face) => face.shadowRoot);
              const images = roots.flatMap((root) => [...root.querySelectorAll('img')]);
              await Promise.allSettled(images.map((image) => image.decode()));
              return [roots.length, roots.filter((root) => root.adoptedStyleSheets.length < 2).length,
                images.length, images.filter((image) => !image.naturalWidth).length];
            }"""
        )
        assert faces == (tmp_path / "page.html").read_text(encoding="utf-8").count('class="face"') > 100
        assert (bare, broken) == (0, 0)
        assert pictures > 5
        assert page.evaluate(f"getComputedStyle({FIRST_CARD}).fontSize") == "20px"
        for width in (360, 768, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            is_cut = "(faces) => faces.filter((face) => face.scrollWidth > face.clientWidth).length"
            assert page.eval_on_selector_all(".face", is_cut) == 0


def test_search(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("SHOCK lasts")
    assert numbers(page) == "1"
    expect(page.locator("#count")).to_have_text("1 of 7 notes")
    page.fill("#search", "no such words anywhere")
    assert numbers(page) == ""
    expect(page.locator("#nothing")).to_contain_text("shorter")
    page.evaluate("location.hash = 'note-note-6'")  # a link to a note shows it even if a filter hides it
    expect(page.locator("#note-note-6")).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    assert numbers(page) == "0123456"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ECT", "0"), ("effect", "1"), ("fect", ""), ("shock", "01"), ("shock gives", "0"),
        ('"shock lasts"', "1"), ("“lasts shock", ""), ('"shock', "01"),
        ("preeclampsia", "234"), ("pre eclampsia", "234"), ("pre-eclampsia", "234"), ("eclampsia", "34"),
        ("spo2", "2"), ("0.5", "3"), ("5 mg", ""), ("一酸", "4"), ("understand", "1"), ("zimt", "0"), ("font-size", ""),
    ],
)  # fmt: skip
def test_search_finds_beginnings_of_words(deck_window: Page, query: str, expected: str) -> None:
    """Hyphens do not count, a phrase is found as it stands, and parts below each other do not run together."""
    deck_window.fill("#search", query)
    assert numbers(deck_window) == expected


def test_filters(page: Page) -> None:
    """They add up and survive a reload."""
    expected = {
        ("deck", "Second Part"): "6",
        ("section", "only-section"): "012345",
        ("tag", "Sun"): "3",
        ("flag", "Evidence_nuance"): "5",
        ("yield", "supporting"): "2",
        ("skill", "understand"): "1",
    }
    for (key, value), shown in expected.items():
        page.select_option(f'select[data-filter="{key}"]', value)
        assert numbers(page) == shown
        page.keyboard.press("Escape")
        page.keyboard.press("c")
    page.select_option('select[data-filter="deck"]', "First Part")
    page.select_option('select[data-filter="yield"]', "core")
    assert numbers(page) == "01345"
    page.reload()
    assert numbers(page) == "01345"


def test_untested_claims(page: Page) -> None:
    page.keyboard.press("u")
    assert numbers(page) == ""
    assert [claim.split()[0] for claim in page.locator(".claim:visible").all_inner_texts()] == ["C-3"]
    page.click("#untested")
    assert numbers(page) == "0123456"


def test_night_and_day(page: Page) -> None:
    """At first it follows the system; by key and button; it survives a reload."""
    paper = f"getComputedStyle({FIRST_CARD}).backgroundColor"
    for system, color in (("dark", NIGHT), ("light", DAY)):
        page.emulate_media(color_scheme=system)
        page.reload()
        assert page.evaluate(paper) == color
    page.keyboard.press("n")
    assert page.evaluate(paper) == NIGHT
    assert "nightMode night_mode" in page.evaluate(f"{FIRST_CARD}.className")
    expect(page.locator("#night")).to_have_attribute("aria-pressed", "true")
    page.reload()
    assert page.evaluate(paper) == NIGHT
    page.click("#night")
    assert page.evaluate(paper) == DAY


def test_phone(page: Page) -> None:
    """A phone's frame is as wide as a phone, and the card's CSS for phones applies."""
    page.keyboard.press("p")
    assert page.evaluate("document.querySelector('.face').getBoundingClientRect().width") == 375
    assert page.evaluate(f"getComputedStyle({FIRST_CARD}).fontSize") == "18px"


def test_cards_have_the_css_of_ankis_window_and_a_font_for_math(page: Page) -> None:
    """Lines look as in Anki, and a subscript stands lower than its letter where a math font is installed."""
    family, low, high, line = page.evaluate(
        """() => {
          const card = document.querySelectorAll('#note-note-6 .face')[1].shadowRoot.querySelector('.card');
          const [base, sub] = [...card.querySelector('msub').children].map((one) => one.getBoundingClientRect());
          return [getComputedStyle(card.querySelector('math')).fontFamily, sub.bottom, base.bottom,
            getComputedStyle(card.querySelector('hr')).borderTopStyle];
        }"""
    )
    known = execute("fc-list", ":", "family").out if shutil.which("fc-list") else ""
    assert low > high or not any(font in known for font in re.findall(r'"([^"]+)"', family))
    assert line == "none"


def test_wide_formula_scrolls_by_itself_in_anki(chromium: Browser) -> None:
    """MathJax's element of a displayed formula, wider than a phone, leaves the card as wide as the phone."""
    page = chromium.new_page(viewport={"width": 400, "height": 600})
    css = note_types()["question"].css
    formula = "<mjx-container display='true' style='display: block'><i style='padding: 9px 400px'>x</i></mjx-container>"
    page.set_content(f"<style>{css}</style><body class='card nightMode'><div class='answer'>{formula}</div>")
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.evaluate("document.querySelector('mjx-container').scrollWidth") > 400
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    page.close()


def test_keys_walk_from_note_to_note(page: Page) -> None:
    """The bar does not cover the note walked to. While the list of keys is open, no other key does anything."""
    for number, width in enumerate((1280, 760, 390)):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")  # the bar has been measured
        page.keyboard.press("j")
        name, top = page.evaluate("[document.activeElement.id, document.activeElement.getBoundingClientRect().top]")
        bar = max(page.evaluate("document.querySelector('.tools').getBoundingClientRect().bottom"), 0)
        assert (name, bar <= top <= bar + 40) == (f"note-note-{number}", True), width
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.id") == "note-note-1"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    assert page.evaluate(f"getComputedStyle({FIRST_CARD}).backgroundColor") == DAY


@pytest.mark.parametrize("kind", ["preview", "public"])
def test_axe_finds_no_barrier(chromium: Browser, deck_page: Path, public_page: Path, kind: str) -> None:
    """No violation of its rules, from contrast to names and landmarks, by day and by night."""
    page = chromium.new_page()
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.goto((deck_page if kind == "preview" else public_page).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found] == []
    names = page.locator(".side").evaluate_all("sides => sides.map((side) => side.getAttribute('aria-label'))")
    assert len(set(names)) == len(names) == 18
    page.close()


def test_paper_has_each_answer_behind_its_question(page: Page) -> None:
    """Sheets of six; turned over, each cell's answer lies behind its question; nothing is cut off."""
    page.select_option('select[data-filter="deck"]', "First Part")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    sheets, cut = page.evaluate(
        """() => [
          [...document.querySelectorAll('.sheet')].map((sheet) => [...sheet.children]
            .map((cell) => cell.firstChild?.textContent || '')),
          [...document.querySelectorAll('#paper .face')].filter((face) =>
            face.shadowRoot.querySelector('.card').getBoundingClientRect().height > face.clientHeight + 1).length,
        ]"""
    )
    assert (len(sheets), cut) == (4, 0)
    for front, back in zip(sheets[::2], sheets[1::2], strict=True):
        for row in range(0, 6, 2):
            mirrored = [back[row + 1], back[row]]
            assert [cell.replace("Question", "Answer") for cell in front[row : row + 2]] == mirrored
    assert [sum(bool(cell) for cell in sheet) for sheet in sheets] == [6, 6, 2, 2]
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf())) == len(sheets), "one page a sheet and nothing else"
    assert page.locator("#paper").count() == 0


def test_save_reloads_the_page(chromium: Browser, tmp_path: Path) -> None:
    """Soon after a save the browser shows it, and the search stays."""
    folder = small_deck.write(tmp_path, "- question: Which gas do plants take up?\n  answer: Carbon dioxide")

    def make() -> str:
        return "".join(preview.make_page(folder, tmp_path, "none", None, live=VERSION)[0])

    with Server(folder, make, 0) as server, chromium.new_context() as context:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = context.new_page()
        page.goto(server.address)
        page.fill("#search", "plants")
        small_deck.replace(folder / "01-first.yaml", "dioxide", "dioxide, by day")
        expect(page.get_by_text("Carbon dioxide, by day")).to_be_visible(timeout=5000)
        expect(page.locator("#search")).to_have_value("plants")


# --- the public page --------------------------------------------------------------------------


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
        page.keyboard.press("u")
        page.keyboard.press("/")
        page.keyboard.type("SHOCK")
        assert numbers(page) == "01"
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
        assert picture.evaluate("image => image.naturalWidth") == 1
        subdecks = page.locator("nav[aria-labelledby] a")
        assert subdecks.count() == 2
        subdecks.last.click()
        expect(page.locator(subdecks.last.get_attribute("href"))).to_be_in_viewport()
        page.emulate_media(media="print")
        expect(page.locator(".note").first).to_be_visible()
