"""What rules ask of a text: as it is read aloud, its last sentence, the content of its words."""

from __future__ import annotations

import pytest

from ketamine_anki.rules.view import CODE, last_sentence, read_aloud, stems
from ketamine_anki.text.render import render


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("**Bold**, *soft* and `code`", "Bold, soft and code"),
        ("_soft_ snake_case _", "soft snake_case "),
        ("1\\. a \\_ b", "1. a  b"),
        ("[label](https://example.org) and ![A leaf](leaf.png)", "label and A leaf"),
        ("so $x_1$ and $$y$$", "so x_1 and y"),
        ("{{c1::a}} b {{c2::c::hint}} d {{c2::e}}", "a b c d e"),
        ("words", "words"),
    ],
)
def test_a_text_as_it_is_read_aloud(text: str, plain: str) -> None:
    rendered = render(text, {"leaf.png": "leaf-1.png"}, cloze="{{" in text)
    assert read_aloud(text, rendered.markup) == (plain.replace("code", 4 * CODE), plain)


def test_formulas_are_blanks_where_words_are_sought() -> None:
    text = "so $x_1$ and $$yy$$."
    assert read_aloud(text, render(text, {}).markup, formulas=False)[0] == "so " + " " * 3 + " and " + " " * 2 + "."


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("One", "One"),
        ("One. Two. Three", "Three"),
        ("One? Two? Three", "Three"),
        ("One! Two! Three", "Three"),
        ("One.\nTwo.\nThree", "Three"),
        ("1.5 mg.", "1.5 mg."),
        (". One", "One"),
    ],
)
def test_the_last_sentence(text: str, last: str) -> None:
    assert last_sentence(text) == last


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("block blocks blocking blockingly blocked blockedly blocky blockation blockations blockings block's", 1),
        ("carried carry carries", 1),
        ("nmda-receptor the-nmda-receptors -nmda--receptor-", 1),
        ("dose doses dosed use used uses less les sing s", 9),  # what is left must have four letters
        ("block black nmda-receptor receptor", 4),
    ],
)
def test_words_of_one_stem(words: str, number: int) -> None:
    assert len({frozenset(stems([word])) for word in words.split()}) == number


def test_words_that_carry_nothing_have_no_stem() -> None:
    assert stems(["the", "of", "mg", ""]) == set()
    assert len(stems(["blocking", "the", "nmda-receptors", "blocks"])) == 3
