"""What is shown is what was typed: hiding, reordering and imitating characters are refused, scripts are not."""

from __future__ import annotations

import hashlib
import re
import time
import unicodedata
from itertools import pairwise

import generators
import pytest
from generators import Choices
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.core.characters import _refused_ranges, kind, printable, refused

CHOICES = st.builds(Choices, st.binary(max_size=40) | st.binary(min_size=40, max_size=120))


@pytest.mark.parametrize(
    "text",
    [
        "plain text\twith tab\nand line",
        "naïve café Ångström – “quotes” … 5 µg ± 2 °C ≥ 3 × 10⁶ H₂O β₂ ½ no-break\u00a0space, true−minus, hyphen‐",
        "кетамин κεταμίνη 氯胺酮 케타민 ケタミン คีตามีน",
        "ضغط الدم \u200f(BP)\u200f",
        "לחץ דם \u200eBP\u200e",
        "ضغط \u061c120/80",
        "می\u200cخواهم",  # Persian needs the non-joiner
        "क\u094d\u200dष",  # Devanagari the joiner
        "👩\u200d⚕️ ❤️ 1️⃣ 👍🏽 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "葛\U000e0100",
        "e\u0301 o\u0308\u0304",
        "α-synuclein Δ9-THC α2A-adrenoceptor, β₂, 5-HT₂ₐ, Æsop, ﬁne, Ⅳ, 1ª, 3ʰ",
        "TNFα NFκB IκBα PPARγ TGFβ1 ΔF508 ΔG° λmax kΩ MΩ φX174 Vβ Gαs αβγ μmol GABAα t½β T½γ",
        "FcεRI FcγRIIa IgGκ CaMKIIα ΔPaCO₂ αSyn β₂AR Δt",
        "əˈɡoʊ, ˈɡæs, /ɡ/",  # what is printed like an ASCII letter is at home in transcriptions
        "kalın ve sıcak bir yağ",  # Turkish
        "ʋu ɖeka, Ɛʋe",  # Ewe
        "血液型はA型、CTとMRI、ketamineの作用",
        "A型",
        "用ketamine治疗 ５ｍｇ",
        "케타민은 ketamine과 같다",
        "«MAÇÃ» CAFÉ» “Ñ” «Î» Âge l’âne Ä–Ö–Ü é » Strauß’s İTÜ’de СІЛІЦІ мрії",  # no letters in a wrong encoding
        "ที่ปู่ กั้น שָּׁ֑לוֹם בְּרֵאשִׁ֖ית مُحَمَّدٌ ٱلرَّحْمَٰنِ བསྒྲུབས ཧཱུྃ Việt ệ ǘ",
        "5\u212a 5\u212b 5\u2126",  # NFC makes the letters of them
    ],
)
def test_accepted(text: str) -> None:
    assert list(refused(text)) == []


# Greek letters in words without capitals.
_ALONE = (("κ", "κg"), ("α", "αs αt αn Nαme"), ("σ", "nσ tσ σf"), ("γ", "bγ mγ"), ("η", "iη oη"), ("τ", "τo iτ"))


@pytest.mark.parametrize(
    ("text", "index", "reason"),
    [
        ("ketαmine", 3, "U+03B1 GREEK SMALL LETTER ALPHA inside a word of Latin letters"),
        ("αnd", 0, "U+03B1 GREEK SMALL LETTER ALPHA inside a word of Latin letters"),
        *((word, word.index(letter), f"U+{ord(letter):04X}") for letter, words in _ALONE for word in words.split()),
        ("TNFΑ", 3, "U+0391 GREEK CAPITAL LETTER ALPHA inside a word of Latin letters"),
        ("Vν", 1, "U+03BD GREEK SMALL LETTER NU inside a word of Latin letters"),
        ("BarrÃ©", 4, "'Ã©' is 'é', read in a wrong encoding"),
        ("5 Î¼g", 2, "'Î¼g' is 'μg', read in a wrong encoding"),
        ("don’t, donâ€™t", 10, "'â€™t' is '’t', read in a wrong encoding"),
        ("zÅ‚oty, sÄ…", 1, "'Å‚oty' is 'łoty', read in a wrong encoding"),
        ("æ—¥æœ¬èªž", 0, "'æ—¥æœ¬èªž' is '日本語', read in a wrong encoding"),
        ("РџСЂРёРІРµС‚ РјРёСЂ", 0, "'РџСЂРёРІРµС‚' is 'Привет', read in a wrong encoding"),
        ("РџСЂРёРІРμС‚", 0, "'РџСЂРёРІРμС‚' is 'Привет', read in a wrong encoding"),
        ("Ð¢Ð¾ÐºÐ¸Ð¾ \x90", 0, "'Ð¢Ð¾ÐºÐ¸Ð¾' is 'Токио', read in a wrong encoding"),
        ("ðŸ˜€", 0, "'ðŸ˜€' is '😀', read in a wrong encoding"),
        ("a\x00b", 1, "control character U+0000"),
        ("a\u202eb", 1, "bidirectional override U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("a\U000e0041b", 1, "invisible character U+E0041"),
        *((f"a{c}b", 1, "invisible character U+") for c in "\u200d\u200c\u200f\u061c\ufe0f\u180b\U000e0100"),
        ("漢\U000e0041b", 1, "invisible character U+E0041"),
        ("ketаmine", 3, "U+0430 CYRILLIC SMALL LETTER A inside a word of Latin letters"),
        *((f"a{marks}", 1, "more than three accents") for marks in ["\u0301\u0302\u0303\u0304", "\u0344\u0344"]),
        *((base + mark * 5, 1, "more than four marks stacked") for base, mark in ["ก\u0e47", "א\u0591", "a\ufe20"]),
        *((f"d{letter}se", 1, f"U+{ord(letter):04X}") for letter in "οⲟ𐐬ჿ๐၀ㅇ口𝐨ᴏℴ"),
        ("ꓐone", 0, "U+A4D0 LISU LETTER BA inside a word of Latin letters"),
        ("5 mɡ", 3, "U+0261 LATIN SMALL LETTER SCRIPT G inside a word of Latin letters"),
        ("5 \u03bcɡ", 2, "U+03BC"),
        ("5 \u00b5ɡ", 3, "U+0261"),
        ("5 ⅿg", 2, "U+217F SMALL ROMAN NUMERAL ONE THOUSAND inside a word of Latin letters"),
        ("kétɑmine", 3, "U+0251"),
        *((word, word.index(letter), f"U+{ord(letter):04X}") for word, letter in [("lıver", "ı"), ("lɩver", "ɩ")]),
        ("q\u0307а", 2, "U+0430"),  # an accent does not end a word
        ("e\u0301 ohm\u2126", 6, "U+03A9"),
        ("5١٢0१", 0, "number written in digits of two scripts"),
        ("dose а", 5, "U+0430 CYRILLIC SMALL LETTER A among Latin words"),
    ],
)
def test_refused(text: str, index: int, reason: str) -> None:
    ((found, why),) = refused(text)
    assert found == index
    assert reason in why


def test_a_long_line_of_look_alikes_is_judged_in_the_time_of_reading_it() -> None:
    start = time.process_time()
    assert len(list(refused("x а сое " * 200_000 + "\n\x01"))) == 101, "at most a hundred of a line"
    assert time.process_time() - start < 2


@given(st.text(max_size=40))
def test_what_is_printed_cannot_steer_a_terminal(text: str) -> None:
    """Whatever stands in a file, a message about it is text, and can be encoded."""
    shown = printable(text).encode("utf-8").decode("utf-8")
    assert shown.replace("\t", " ").replace("\n", " ").isprintable() or not shown.isascii()
    assert not re.search("\x1b|\u202e|##\\[", shown)
    assert printable(shown) == shown
    assert all(reason.isprintable() for _, reason in refused(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x07\xad", r"\x07\xad"),
        ("\u0100\u202e", "\u0100" + r"\u202e"),
        ("می\u200cخوانم ab\u200cc", "می\u200cخوانم ab" + r"\u200cc"),
        ("\U00010000\U000e0041", "\U00010000" + r"\U000e0041"),
        ("##[add-mask]x", r"#\x23[add-mask]x"),
    ],
)
def test_hidden_characters_are_printed_by_number_unless_a_word_needs_them(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_no_text_needs_is_refused_under_every_python() -> None:
    """Controls, surrogates, private-use and unassigned code points, whatever this Python's version of Unicode."""
    categories = ((code, unicodedata.category(chr(code))) for code in (*range(0x30000), *range(0xE0000, 0x110000, 99)))
    needless = {code for code, category in categories if category in ("Cc", "Cs", "Co", "Cn")} - {9, 10}
    assert {code for code in needless if kind(chr(code)) in ("", "context")} == set()


def test_the_verdict_on_each_of_all_code_points_is_the_pinned_one() -> None:
    """The table is its own oracle: change the sum only with a verdict that you mean to change."""
    ends = {end for first, last, _ in _refused_ranges() for end in (first, last, last + 1)}
    digest = hashlib.sha256()
    for start, end in pairwise(sorted({0, 0x110000} | ends)):  # one verdict from here to there
        digest.update(f"{kind(chr(start))}\n".encode() * (end - start))
    assert digest.hexdigest() == "72a39129359a4aa5c8d8cdaf77fe6d31910d399d5342f87cc053bb4af1adf3f0"


@given(st.text(max_size=60) | CHOICES.map(generators.broken))
def test_a_character_is_refused_in_any_text_if_it_is_refused_alone(text: str) -> None:
    found = dict(refused(text))
    for index, character in enumerate(text):
        why = kind(character)
        if why and why != "context":
            assert index in found or "wrong encoding" in str(found), (why, found)
        elif not why and index in found:  # a letter among those of another script, or many accents
            assert re.search(
                "inside a word|among Latin words|accents|wrong encoding|digits of two scripts", found[index]
            ), found


@given(st.lists(CHOICES.map(generators.broken) | st.text(max_size=20), min_size=1, max_size=4))
def test_the_lines_of_a_text_are_judged_one_by_one(lines: list[str]) -> None:
    """Save for words that another line shows to be of a script of their own."""
    lines = [part for text in lines for part in text.split("\n")]
    apart, start = [], 0
    for one in lines:
        apart += [(start + index, why) for index, why in refused(one)]
        start += len(one) + 1
    together = list(refused("\n".join(lines)))
    assert together == [found for found in apart if found in together]
    assert all("among Latin words" in why for index, why in apart if (index, why) not in together)
