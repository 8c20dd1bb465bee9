"""Whoever does what a message of a rule says, to the letter, changes no number, no unit and no word."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from base_note import check, collection, note
from hypothesis import given, settings
from hypothesis import strategies as st

from ketamine_anki.core.language import decimal_sign
from ketamine_anki.core.model import Finding
from ketamine_anki.rules.medication import TABLE

# How each unit may be typed; the first is the one to write.
UNITS = (
    ("mg",),
    ("mcg", "\u03bcg", "ug"),
    ("mL", "ml", "mls", "cc"),
    ("dL", "dl"),
    ("units", "U", "u", "IU", "I.U."),
    ("g",),
)
ROMAN = "I II III IV V VI VII VIII IX X".split()
COMPARED = {"at most": "<=", "at least": ">=", "less than": "<", "greater than": ">", "\u2264": "<=", "\u2265": ">="}
NUMBERS = """1 12 0.03 0.5 1.0 1.50 10.0 100.00 1.25 .5 1,0 1,50 0,05 ,5 1¬000¤0 1.000 10.250 1,000 10,000 5000 12345
    1-2 1/2 1.0-2.0 10^3 2x5 2\u00d70.5 1_000 1\u00a0000 3_to_5.0 1_or_2 1.5\u20132"""


def meaning(text: str, sign: str) -> list[object]:
    """The numbers, units and comparisons of a text in order; `sign` is the decimal sign."""
    for word, plain in COMPARED.items():
        text = text.replace(word, plain)
    text = re.sub(rf"\b({'|'.join(ROMAN)}) (?=\w)", lambda roman: f"{ROMAN.index(roman[1]) + 1} ", text)
    found: list[object] = []
    for number, word in re.findall(
        r"([.,]?\d+(?:[ \u00a0]\d{3}(?!\d))*(?:[.,]\d+)*)|(<=|>=|<|>|I\.U\.|[^\W\d_]+)", text
    ):
        if number:
            other = "," if sign == "." else "."
            plain = re.sub(rf"\{other}(?=\d\d?(?!\d))", sign, number)  # a number in the notation of another language
            plain = re.sub("[ \u00a0]", "", plain).replace(other, "").replace(sign, ".")
            found.append(Fraction(f"0{plain}" if plain[0] == "." else plain))
        else:
            found += [forms[0] for forms in UNITS if word in forms] or [word] * (word in COMPARED.values())
    return found


def advised(text: str, language: str) -> list[Finding]:
    within = replace(collection(), language=language)
    findings = check(note({"extra": text, "evidence": "checked-2020"}), within=within)
    return [finding for finding in findings if finding.rule in {row.id for row in TABLE}]


@pytest.mark.parametrize("language", ["en", "de", "de-CH", "fr"])
@settings(max_examples=settings().max_examples // 2)
@given(
    st.sampled_from(NUMBERS.split() + ROMAN),
    st.sampled_from([" ", ""]),
    st.sampled_from([form for forms in UNITS for form in forms]),
    st.sampled_from(["", "> ", "<", "\u2265 ", "<=", "drug"]),
    st.sampled_from(["", "/kg", ". per day", "/mL", " QD", " x3d", " SC", " @ 6"]),
)
def test_advice_on_a_dose_keeps_number_and_unit(language, number, space, unit, before, after) -> None:
    sign = decimal_sign(language)
    number = number.replace("_", " ").replace("¤", sign).replace("¬", ".,"[sign == "."])
    text = typed = f"Give {before}{number}{' ' if number in ROMAN else space}{unit}{after}"
    findings = advised(text, language)
    for _ in range(8):
        if not findings:
            break
        said, instead = re.fullmatch(r"'(.+?)' in '.*': write (.+?)(?:, or .*)?", findings[0].message).groups()
        assert said in text
        text = text.replace(said, instead, 1)
        findings = advised(text, language)
    assert findings == []
    before, after = (re.sub(r" (?:x3d|for 3 days|@ 6|at 6)", "", each) for each in (typed, text))
    assert meaning(after, sign) == meaning(before, sign)


@pytest.mark.parametrize(
    ("key", "typed", "meant"),
    [
        ("question", "Which drug does not stop heparin?", "Which drug does **not** stop heparin?"),
        ("question", "Where is heparin least likely needed?", "Where is heparin **least likely** needed?"),
        ("extra", "The haematology of tumours: oedema", "The hematology of tumors: edema"),
        ("extra", "It lowers the respi- ratory rate", "It lowers the respiratory rate"),
    ],
)
def test_advice_on_wording_keeps_the_words(key: str, typed: str, meant: str) -> None:
    text = typed
    for _ in range(4):
        if not (findings := check(note({key: text}))):
            break
        said, instead, marked = re.search(r"'([^']+)'.*(?:write '([^']+)'|mark it (.+))", findings[0].message).groups()
        text = text.replace(said, instead or marked, 1)
    assert (text, check(note({key: text}))) == (meant, [])
