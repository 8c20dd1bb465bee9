"""Rendering: limits, the texts of a note; and Anki makes the cards that we count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import base_note
import engine
import pytest
import small_deck
from anki.collection import Collection
from anki.notes import Note
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from invariants import mistakes

from ketamine_anki.core.model import Picture, Position, Retired
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.text.render import render, render_note
from ketamine_anki.text.scanner import Markup

MEDIA = {"leaf.png": "leaf-12345678.png"}


def test_without_a_locator_findings_are_placed_by_line_and_column_of_the_text() -> None:
    found = render("a <b>\ntwo <i>", MEDIA).findings
    assert [finding[:2] for finding in found] == [(Position("", 1, 3), "raw-html"), (Position("", 2, 5), "raw-html")]


def test_signs_of_a_text_are_limited() -> None:
    assert render("`c` " + "**a** " * 249 + "x" * 10_000, MEDIA).findings == []
    (mistake,) = mistakes("`c` " + "**a** " * 250, MEDIA)
    assert (mistake.rule, mistake.start) == ("limit", 0)
    assert "1,002 signs of Markdown and math in one text: at most 1,000" in mistake.message


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ("[" * 100, "["),
        ("x\n" * 199, "\n"),
        ("a\n\n" + "x| " * 20, "|"),
        ("|a|b|\n|-|-|\n" + "x\n" * 11, "x\n"),
    ],
    ids=["brackets", "lines", "columns", "rows"],
)
def test_texts_that_would_take_the_parser_long_are_refused(most: str, more: str) -> None:
    assert [finding.rule for finding in render(most, MEDIA).findings] == []
    assert [finding.rule for finding in render(most + more, MEDIA).findings] == ["limit"]


def test_all_texts_of_a_note_are_rendered() -> None:
    """The reason of a retired note, too; with the pictures of the collection; deletions in the `text` alone."""
    texts = {"text": "A {{c1::b}} ![a leaf](leaf.png)", "extra": "c ![a leaf](leaf.png)"}
    deck, _ = read_deck("deck.yaml", base_note.written(base_note.note(texts)).encode())
    assert deck is not None
    (live,) = deck.notes
    gone = live._replace(retired=Retired("1.1.0", "See ![a leaf](leaf.png)"))
    within = replace(base_note.collection(), pictures={"leaf.png": Picture("leaf.png", "1-leaf.png", b"")})
    image = '<img src="1-leaf.png" alt="a leaf">'
    shown = {"text": f"A {{{{c1::b}}}} {image}", "extra": f"c {image}"}
    assert {key: text.html for key, text in render_note(live, within).items()} == shown
    shown["retired.reason"] = f"See {image}"
    rendered = render_note(gone, within)
    assert {key: text.html for key, text in rendered.items()} == shown
    assert [text.pictures for text in rendered.values()] == [["leaf.png"]] * 3


def test_findings_about_a_note_stand_at_their_places_in_its_file() -> None:
    typed = {"question": "?!", "answer": "$~$", "extra": "a <b>c</b> <b>d", "picture": "leaf", "beyond": "$~$"}
    text = base_note.written(base_note.note(typed))
    deck, _ = read_deck("deck.yaml", text.encode())
    assert deck is not None
    found = [
        finding for shown in render_note(deck.notes[0], base_note.collection()).values() for finding in shown.findings
    ]
    lines = text.split("\n")
    nothing = "shows nothing to a reader: fill it in or delete it"
    assert sorted((lines[at.line - 1][at.column - 1 :], rule, message) for at, rule, message in found) == [
        ("$~$", "empty", f"answer {nothing}"),
        ("$~$", "empty", f"beyond {nothing}"),
        ("<b>c</b> <b>d", "raw-html", "HTML '<b>': write **words**; to show it, put it in `code`"),
        ("<b>d", "raw-html", "HTML '<b>': write **words**; to show it, put it in `code`"),
        ("?!", "empty", f"question {nothing}"),
        ("leaf", "picture", "no picture in 'picture': write '![what one sees](name.png)', in single quotes"),
    ]


# --- Anki agrees ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cloze_note(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Note]:
    """A note of our cloze type in a real collection, to put texts in."""
    folder = tmp_path_factory.mktemp("cloze")
    col: Collection = engine.open_collection(folder)
    engine.import_package(col, small_deck.package(small_deck.write(folder, "- text: A {{c1::b}}")))
    yield col.get_note(col.find_notes("")[0])
    col.close()


def pages(note: Note, html: str) -> dict[int, tuple[str, str]]:
    """{card number: (question, answer)} of what Anki makes of the Text field."""
    note["Text"] = html
    cards = {number: note.ephemeral_card(ord=number - 1) for number in sorted(note.cloze_numbers_in_fields())}
    return {number: (card.question(), card.answer()) for number, card in cards.items()}


def revealed(markup: Markup) -> str:
    """The text as it stands when nothing is hidden: without the marks of deletions and their hints."""
    signs = list(markup.text)
    for deletion in markup.deletions:
        for start, end in ((deletion.start, deletion.answer_start), (deletion.answer_end, deletion.end)):
            signs[start:end] = [""] * (end - start)
    return "".join(signs)


def squeezed(text: str) -> str:
    return "".join(text.replace(":{}:", "::").split())


_PARTS = {"word": "leaf", "code": " `a::b` ", "emphasis": " **root** ", "colons": "a:b", "braces": " {stem} "}
_PARTS |= {"escaped": r"\{\:\:x\}", "colon": ":", "brace": "{ ", "end": r"\}"}
_MATH = [r"x", r"\frac{a}{b}", r"x^{y^{z}}", r"a < b", r"{{c1::\frac{a}{b^{c}}}} + 1", r"\text{a::b}", r"\{a\}"]
_MATH += [r"a {{c2::b {{c3::c}} d::hint}}", "{{a}}", "a:{{c1::b:}}:c"]


@st.composite
def clozes(draw: st.DrawFn, depth: int = 0) -> str:
    """Texts with deletions, math, Markdown, nested in each other."""
    kinds = ["math", *_PARTS] + (["deletion"] * 4 if depth < 3 else [])
    parts = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
        if kind == "deletion":
            hint = draw(st.sampled_from(["", "", "::hint", "::a hint"]))
            parts.append(f"{{{{c{draw(st.integers(1, 3))}::{draw(clozes(depth=depth + 1))}{hint}}}}}")
        elif kind == "math":
            inner = draw(st.sampled_from(_MATH))
            parts.append(draw(st.sampled_from([f" ${inner}$ ", f" $${inner}$$ "])))
        else:
            parts.append(_PARTS[kind])
    return draw(st.sampled_from(["", " "])).join(parts)


@settings(max_examples=settings().max_examples // 3)
@given(clozes())
def test_anki_makes_the_cards_that_we_count(cloze_note: Note, text: str) -> None:
    """Same card numbers; every card hides something; revealed, the whole text is there and nothing else."""
    rendered = render(text, MEDIA, cloze=True)
    assume(rendered.markup.deletions)
    assume(all("without a c" in finding.message for finding in rendered.findings))
    cards = pages(cloze_note, rendered.html)
    assert list(cards) == rendered.markup.numbers
    whole = squeezed(engine.visible(render(revealed(rendered.markup), MEDIA).html))
    for number, (question, answer) in cards.items():
        assert squeezed(engine.visible(answer, "question")) == whole, number
        asked = engine.visible(question, "question")
        assert asked != engine.visible(answer, "question"), number
        assert "{{c" not in asked


def test_anki_makes_no_card_of_what_is_refused(cloze_note: Note) -> None:
    for text in ("{{c1:x}}", "{{c::x}}", "no", "{{c1::x", "{{c1::x}", "{{c0::x}}", "{{C1::x}}", "{{ c1::x}}"):
        assert render(text, {}, cloze=True).findings
        assert pages(cloze_note, text) == {}


def test_braces_in_math_are_split_because_they_would_break_a_card(cloze_note: Note) -> None:
    """Anki takes the first `}}` for the end of the deletion."""
    question, _ = pages(cloze_note, r"{{c1::\(x^{y^{z}}\)}}")[1]
    assert engine.visible(question, "question") == r"[...]\)}}"
    _, answer = pages(cloze_note, render(r"{{c1::$x^{y^{z}}$}}", {}, cloze=True).html)[1]
    assert engine.visible(answer, "cloze") == r"\(x^{y^{z} }\)"
