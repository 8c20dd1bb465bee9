"""The plain text of fields, and the words in which two texts differ."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketamine_anki.core.alignment import Aligner
from ketamine_anki.core.limits import MAX_PACKAGED_FIELD
from ketamine_anki.text.plain import Part, answers, difference, is_blank, plain, readable


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("a &lt; b &amp; c", "a < b & c"),
        ("one<br>two<p>three</p>", "one\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ('<img src="x-1a2b.png" alt="A heart">', "[picture: A heart]"),
        ("<img src=x>", "[picture]"),
        (r"\(p &lt; 0.05\)", r"\(p < 0.05\)"),
        ("<b>bold</b> and <em>soft</em>", "bold and soft"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("&#65;&#" + "9" * 5000 + ";&#x" + "f" * 5000 + ";", "A\ufffd\ufffd"),
    ],
)
def test_a_field_as_text(field: str, text: str) -> None:
    assert plain(field) == text


NOTHING = r"~ \quad \,\; \text{ } \mathrm{} \frac{}{} \left.\right. \begin{array}{l|l}~&\end{array} ^{} \overline{~}"
BLANKS = ["", " ", "\xa0", "\u202f\u2003\u3000", "\u0301", "\u0301\u0302", "\u2800", "\u200b", "\u00ad"]


@pytest.mark.parametrize("typed", BLANKS)
@pytest.mark.parametrize("around", ["{}", "<b>{}</b>", "<ul><li>{}</li></ul>", "{{{{c1::{}}}}}", r"\({}\)", r"a<br>{}"])
def test_what_shows_nothing_is_blank(typed: str, around: str) -> None:
    assert is_blank(around.format(typed)) == ("a" not in around)
    assert not is_blank(around.format(typed + "b"))


@pytest.mark.parametrize("tex", [*NOTHING.split(), NOTHING, r"\operatorname*{~}", r"\cfrac[l]{~}{~}"])
def test_math_that_draws_nothing_is_blank(tex: str) -> None:
    assert is_blank(rf"\({tex}\)")
    assert is_blank(rf"\[{tex}\]", words=True)
    assert not is_blank(rf"\({tex} x\)")


@pytest.mark.parametrize(
    ("field", "is_sign", "is_word"),
    [
        ("-", True, False), ("…", True, False), ("?", True, False), ("\xa0?", True, False), ("&lt;", True, True),
        ("%", True, False), ("5", True, True), ("→", True, True), ("🌱", True, True), (r"\(\alpha\)", True, True),
        (r"\(\text{?!}\)", True, False), (r"\(\sum\)", True, True), (r"\(\leq\)", True, True), (r"\(\{\)", True, True),
        ("<img src=x>", True, True), ("Ж", True, True),
    ],
)  # fmt: skip
def test_punctuation_is_a_sign_and_no_word(field: str, is_sign: bool, is_word: bool) -> None:
    assert (not is_blank(field), not is_blank(field, words=True)) == (is_sign, is_word)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{c1::dilate::verb}} and {{c2::slow}}", "[dilate] and [slow]"),
        ("{{c1::a {{c2::b}} c}}", "[a [b] c]"),
        ("{{c1::cut", "{{c1::cut"),
        ("{{c1::" * 12 + "deep" + "}}" * 12, "{{c1::" * 3 + "[" * 9 + "deep" + "]" * 9 + "}}" * 3),
    ],
)
def test_deletions_as_a_learner_reads_them(text: str, shown: str) -> None:
    assert readable(text) == shown


def test_the_answers_of_a_cloze() -> None:
    assert answers("{{c2::slow}} or {{c1::dilate::verb}}") == ["dilate", "slow"]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("give 5 mg now", "give 10 mg now", [("=", "give "), ("-", "5"), ("+", "10"), ("=", " mg now")]),
        ("a b", "a b c", [("=", "a b"), ("+", " c")]),
        ("one two three", "uno dos three", [("-", "one two"), ("+", "uno dos"), ("=", " three")]),
        ("1.5", "15", [("-", "1.5"), ("+", "15")]),
        ("same", "same", [("=", "same")]),
        ("", "", []),
    ],
)
def test_texts_differ_word_by_word(old: str, new: str, parts: list[tuple[str, str]]) -> None:
    assert difference(old, new, Aligner()) == tuple(Part(*part) for part in parts)


@settings(max_examples=60)
@given(st.text("ab .,\n", max_size=60), st.text("ab .,\n", max_size=60))
def test_the_parts_make_up_both_texts(old: str, new: str) -> None:
    parts = difference(old, new, Aligner())
    assert "".join(text for sign, text in parts if sign in "=-") == old
    assert "".join(text for sign, text in parts if sign in "=+") == new


def test_one_word_in_a_very_long_text_is_found() -> None:
    old = "\n".join(f"line {n} of many words" for n in range(4_000))
    changed = difference(old, old.replace("line 7 of", "row 7 of"), Aligner())
    assert [part for part in changed if part.sign != "="] == [Part("-", "line"), Part("+", "row")]


def test_words_that_repeat_too_often_are_one_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """To align them takes time in the third power of how often they repeat."""
    old, new = "a b " * 1000 + "x", "b a a " * 700 + "y"
    assert difference(f"one {old}", f"one {new}", Aligner()) == (Part("=", "one "), Part("-", old), Part("+", new))
    monkeypatch.setattr("ketamine_anki.core.alignment.MAX_ALL_WORD_PAIRS", 4)
    aligner = Aligner()
    shown = ["".join(part.sign + part.text for part in difference("1 a 2", "3 a 4", aligner)) for _ in range(5)]
    assert shown == ["-1+3= a -2+4"] * 4 + ["-1 a 2+3 a 4"]


@pytest.mark.parametrize("sign", [r"\(", r"\(\left ", "<img ", "{{c1::", r"\(~\)"])
def test_a_field_full_of_signs_is_blank_or_not_soon(sign: str) -> None:
    """A field of a stranger's package, as long as it may be: of math that is never closed it took minutes."""
    start = time.process_time()
    is_blank(sign * (MAX_PACKAGED_FIELD // len(sign)))
    assert time.process_time() - start < 20
