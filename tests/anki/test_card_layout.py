"""What is in view when an answer is shown, on every card of the deck, and how the card's CSS meets Anki's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import browser
import pytest
import small_deck
from playwright.sync_api import Page
from reviewer import LOOKS, window

from ketamine_anki.anki.cards import Card, cards
from ketamine_anki.anki.notetypes import OWN_FIELD, note_types
from ketamine_anki.text.together import together
from ketamine_anki.workspace.folder import Folder

pytestmark = browser.needed

# As tall as the CSS allows: the files are not loaded, and without `block` only their alternative texts would show.
TALL_PICTURES = ".card img { display: block; width: 20rem; height: 20rem; }"
# Anki scrolls to #answer when it shows an answer. Then, of the last line of the question, the answer and the boxes:
# where the first begins and the last ends. All cards in one call, as each call costs more than the layout of a card.
EXTENTS = """(pages) => pages.map((html) => {
  document.open();
  document.write(html);
  document.close();
  document.getElementById('answer')?.scrollIntoView();
  const question = document.querySelector('.question');
  const range = document.createRange();
  range.selectNodeContents(question);
  const lines = [...range.getClientRects()];
  const parts = [...document.querySelectorAll('.answer, .box')].map((part) => part.getBoundingClientRect());
  return [lines.at(-1).top, Math.max(lines.at(-1).bottom, ...parts.map((part) => part.bottom))];
})"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser.chromium() as chromium:
        page = chromium.new_page()
        page.route("**/*", lambda route: route.abort())
        yield page


@pytest.fixture(scope="module")
def backs(real_decks: Path) -> list[tuple[str, Card, str]]:
    """(note id, card, CSS) of every card of the deck."""
    kinds = note_types(Folder(str(real_decks)).collection)
    return [
        (note.id, card, kinds[compiled.note_type].css)
        for note, compiled in small_deck.compiled(real_decks)
        for card in cards(compiled, kinds[compiled.note_type])
    ]


# What bars leave of a window of 1000 x 800 in desktop Anki and of a phone's 390 x 844 in AnkiDroid or AnkiMobile. A
# taller window shows more: nothing of a card but its pictures depends on the height.
HEIGHT = 690


@pytest.mark.parametrize("look", ["day", "phone"])
def test_question_answer_and_boxes_are_in_view_when_the_answer_is_shown(
    page: Page, backs: list[tuple[str, Card, str]], look: str
) -> None:
    shape = LOOKS[look]
    page.set_viewport_size({"width": shape.width, "height": HEIGHT})
    pages = [window(card.answer, css + TALL_PICTURES, card.ordinal, shape) for _, card, css in backs]
    hidden = [
        f"{note_id} {card.ordinal + 1}: from {top:.0f} to {bottom:.0f} of {HEIGHT}"
        for (note_id, card, _), (top, bottom) in zip(backs, page.evaluate(EXTENTS, pages), strict=True)
        if top < 0 or bottom > HEIGHT
    ]
    assert not hidden
    assert len(backs) > 100


@pytest.mark.parametrize("look", ["day", "phone-night"])
def test_number_and_unit_stay_on_one_line_and_references_have_a_triangle(page: Page, look: str) -> None:
    css = note_types()["question"].css
    words = together("word " * 200 + "5 mg/kg (mm Hg) " * 200)
    html = f'<p>{words}</p><div class="foot"><details><summary>Full references</summary>A</details></div>'
    page.set_content(window(html, css, 0, LOOKS[look]))
    lines, triangle, ink, ground = page.evaluate(
        """() => {
          const of = getComputedStyle(document.querySelector('summary'), '::before');
          return [[...document.querySelectorAll('nobr')].map((one) => one.getClientRects().length),
            of.borderInlineStartWidth, of.borderInlineStartColor, getComputedStyle(document.body).backgroundColor];
        }"""
    )
    assert len(lines) == 400
    assert set(lines) == {1}
    assert float(triangle.removesuffix("px")) > 4
    assert ink != ground


WHOLE = """
- question: Which gas do leaves take up?
  answer: '[Carbon dioxide](https://example.org)'
  extra: More of it by day.
  caution: Harm.
  caveat: Contested.
  picture: "![A leaf](leaf.png)"
  evidence: [green-2020]
"""
PARTS = ".question #answer .answer .extra .caution .caveat .picture .own .evidence .source .note-id".split()


@pytest.mark.parametrize("look", LOOKS)
def test_the_back_has_its_order_underlined_links_and_pictures_dimmed_at_night(
    page: Page, tmp_path: Path, look: str
) -> None:
    (made,) = small_deck.compiled(small_deck.write(tmp_path, WHOLE, {"media/leaf.png": small_deck.PIXEL}))
    kind = note_types()["question"]
    fields = tuple(
        "Mine." if name == OWN_FIELD else text for name, text in zip(kind.fields, made.compiled.fields, strict=True)
    )
    (card,) = cards(replace(made.compiled, fields=fields), kind)
    page.set_content(window(card.answer, kind.css, 0, LOOKS[look]))
    tops, ground, dimmed, links, line = page.evaluate(
        """(parts) => {
          const style = (part) => getComputedStyle(document.querySelector(part));
          const box = (part) => document.querySelector(part).getBoundingClientRect();
          return [parts.map((part) => box(part).top), style('img').backgroundColor, style('img').filter,
            style('.answer a').textDecorationLine, box('hr').height];
        }""",
        PARTS,
    )
    assert tops == sorted(set(tops))
    assert min(map(int, re.findall(r"\d+", ground)[:3])) > 200
    assert dimmed == ("brightness(0.82)" if "night" in look else "none")
    assert (links, line) == ("underline", 1)
