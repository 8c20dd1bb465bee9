"""Error-prone abbreviations, symbols and dose designations, as one table.

Sources: ISMP, List of Error-Prone Abbreviations, Symbols, and Dose Designations (2021, with the
changes of 2024); The Joint Commission, official "Do Not Use" list. Patterns run on what the learner
reads, on every text of the card, and are narrower than the lists where an abbreviation has an honest
other meaning: no finding on `IJ` (internal jugular), `30°` (a bed's angle) or `P < 0.05`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_PER_TEXT
from ketamine_anki.core.model import Where
from ketamine_anki.rules.view import BESIDE, View, hints_alone, spot
from ketamine_anki.text.words import parts_of, words_of

_DIGITS = "0123456789"
_DOSE = r"(?:mg|mcg|ng|g|kg|mL|L|mmol|mEq|units?)"
_RATE = rf"(?!{_DOSE}/d?L\b|ng/mL\b)"  # laboratory values keep their precision: 1.0 mg/dL; 1.0 mg/mL is a solution


class Notation(NamedTuple):
    """One error-prone notation: `id` in findings, regular expression, what to write instead, who
    says so, strings it finds and strings it leaves alone. Where it can be found, one of its `words`
    stands in the note, or one of its `signs` in a text with a sign such as < or a number with a unit.
    """

    id: str
    pattern: str
    instead: str
    source: str
    bad: tuple[str, ...]
    good: tuple[str, ...]
    words: frozenset[str] = frozenset()
    signs: str = ""


TABLE = (
    Notation(
        "trailing-zero",
        rf"(?<![\w.])\d+\.\d*0(?=\s*{_RATE}{_DOSE}\b)",
        "the number without its last zeros, as in 1 mg for 1.0 mg",
        "Joint Commission, ISMP",
        ("1.0 mg", "2.00 mL", "give 5.0 mg/kg", "0.20 mg"),
        (
            "0.5 mg",
            "10 mg",
            "pH 7.40",
            "1.05 mg",
            "creatinine of 1.0 mg/dL",
            "potassium of 4.0 mmol/L",
            "ferritin of 20.0 ng/mL",
        ),
        signs=".",
    ),
    Notation(
        "naked-decimal",
        rf"(?<![\d\w.])\.\d+(?=\s*{_DOSE}\b)",
        "a zero before the point: 0.5 mg",
        "Joint Commission, ISMP",
        (".5 mg", "give .25 mg/kg"),
        ("0.5 mg", "P = .05", "10.1097/AAP.0000000000000806"),
        signs=".",
    ),
    Notation(
        "microgram-sign",
        r"[\u00b5\u03bc]g\b|(?<=\d)\s?ug\b|\bug/",
        "mcg",
        "ISMP; Joint Commission, additional list",
        ("10 \u00b5g/kg/min", "5 \u03bcg", "2 ug"),
        ("5 mcg", "\u03bc-opioid receptor", "drug"),
        signs="\u00b5\u03bcu",
    ),
    Notation(
        "iu",
        r"\bIU\b(?!/d?L\b)|(?<=\d)\s*I\.U\.",
        "units, or international units",
        "Joint Commission, ISMP",
        ("100 IU", "5,000 IU/kg", "5 I.U."),
        ("100 units", "IUGR", "a level of 1,500 IU/L"),
        words=frozenset({"iu"}),
        signs="I",
    ),
    Notation(
        "unit-letter",
        r"\d\s*[Uu]\b(?!\.?\s?[SK]\b|/d?L\b)",
        "units",
        "Joint Commission, ISMP",
        ("10 U", "4u", "10U insulin"),
        ("10 units", "5 UK centers", "10 U.S. sites", "a level of 300 U/L"),
        signs="Uu",
    ),
    Notation(
        "daily-abbreviation",
        r"(?<!\w)(?:[Qq]\.?[Dd]\.?|[Qq]1[Dd]|(?<!\.)o\.d\.)(?!\w)|(?<=[mc]g )OD\b",
        "daily",
        "Joint Commission, ISMP",
        ("5 mg QD", "q.d.", "qd", "q1d", "5 mg o.d.", "10 mg OD", "100 mcg OD"),
        ("QDR", "daily", "q12h", "the risk of OD is high", "q.o.d."),
        words=frozenset({"q", "o", "qd", "q1d", "mg", "mcg"}),
        signs=".",
    ),
    Notation(
        "every-other-day-abbreviation",
        r"(?<!\w)[Qq]\.?[Oo]\.?[Dd]\.?(?!\w)",
        "every other day",
        "Joint Commission, ISMP",
        ("QOD", "q.o.d."),
        ("every other day",),
        words=frozenset({"q", "qo", "qod"}),
        signs=".",
    ),
    Notation(
        "sulfate-abbreviation",
        r"\b(?:MSO4|MgSO4|MS\s?O4)\b|\bMS\b(?=\s*(?:\d|IV\b|IM\b|PO\b|PCA\b|infusion))",
        "morphine sulfate, or magnesium sulfate",
        "Joint Commission, ISMP",
        ("MgSO4 4 g", "MSO4", "MS 2 mg", "MS IV"),
        ("magnesium sulfate", "MS (multiple sclerosis)", "patients with MS"),
        words=frozenset({"mso4", "mgso4", "ms"}),
    ),
    Notation(
        "cc",
        r"(?<=\d)\s*cc\b|\bc\.c\.",
        "mL",
        "ISMP; Joint Commission, additional list",
        ("5 cc", "10cc"),
        ("5 ccm", "accent"),
        words=frozenset({"c"}),
        signs="c",
    ),
    Notation("small-ml", r"(?<=\d)\s*ml\b", "mL, with a capital L", "ISMP", ("5 ml",), ("5 mL", "html"), signs="l"),
    Notation(
        "unit-without-space",
        r"(?<=\d)(?:mg|mcg|g|kg|mL|mEq|mmol|units?)\b",
        "a space between number and unit: 10 mg",
        "ISMP",
        ("10mg", "0.2mg/kg", "100mL"),
        ("10 mg", "5 %", "2nd", "H2O"),
        signs=_DIGITS,
    ),
    Notation(
        "unit-with-period",
        r"(?<=\d )(?:mg|mcg|mL|kg)\.(?=\s+[a-z(])",
        "the unit without a period",
        "ISMP",
        ("5 mg. per day",),
        ("5 mg per day", "give 5 mg. Then reassess"),
        signs=".",
    ),
    Notation(
        "number-without-comma",
        r"(?<![\d,.:/-])(?:\d{4,}(?=\s*(?:units?|mg|mcg|mL)\b)|\d{5,}(?=\s*(?:/|per\b|platelets)))",
        "a comma at 1,000 and above: 70,000",
        "ISMP",
        ("70000 units", "100000 per", "5000 mg"),
        ("70,000 units", "problem 4634071", "10 000", "2018 guideline"),
        signs=_DIGITS,
    ),
    Notation(
        "weekly-abbreviation",
        r"(?<!\w)(?:TIW|tiw|BIW|biw)(?!\w)",
        "3 times weekly, 2 times weekly",
        "ISMP",
        ("3 mg TIW", "5 mg biw"),
        ("TIWI", "3 times weekly"),
        words=frozenset({"tiw", "biw"}),
    ),
    Notation(
        "discharge-abbreviation",
        r"(?<![\w/])D/C\b",
        "discharge, or discontinue",
        "ISMP",
        ("D/C home",),
        ("discontinue", "AC/DC"),
        signs="/",
    ),
    Notation(
        "per-os",
        r"(?i)\bper os\b",
        "by mouth, or orally",
        "ISMP",
        ("given per os",),
        ("orally", "person"),
        words=frozenset({"os"}),
    ),
    Notation(
        "subcutaneous-abbreviation",
        r"\bsub\s?q\b|(?<=[mc]g )S[CQ]\b|(?<=mL )S[CQ]\b|(?<=units )S[CQ]\b|(?<=given )S[CQ]\b",
        "subcutaneously",
        "ISMP",
        ("10 mg SC", "50 mcg SC", "given sub q", "5 units SQ"),
        ("SCCM", "subcutaneous", "HbSC disease"),
        words=frozenset({"sub", "subq", "sc", "sq"}),
    ),
    Notation(
        "bedtime-abbreviation",
        r"(?<!\w)(?:qn|qhr)(?!\w)|\bq\d{1,2}\s?[AP]M\b|(?<=[mc]g )(?:HS|hs|nightly)\b|(?<=take )nightly\b",
        "at bedtime, every hour, daily at 6 PM",
        "ISMP (2024: HS and nightly)",
        ("qn", "q6PM", "5 mg HS", "50 mcg HS", "take nightly"),
        ("q6h", "question", "HSV", "CPAP used nightly"),
        words=frozenset({"qn", "qhr", "hs", "nightly"}),
        signs="M",
    ),
    Notation(
        "intranasal-abbreviation",
        r"(?<!\w)NAS(?= (?:spray|route|dose))|(?<=[mc]g )(?:IN|NAS)(?!\w)",
        "intranasal",
        "ISMP (2024)",
        ("84 mg IN", "50 mcg IN", "NAS spray"),
        ("10 mg in saline", "intranasal spray"),
        words=frozenset({"nas", "mg", "mcg"}),
    ),
    Notation(
        "nanog",
        r"(?i)\bnanog\b",
        "nanograms",
        "ISMP (2024)",
        ("5 nanog",),
        ("5 nanograms",),
        words=frozenset({"nanog"}),
    ),
    Notation(
        "days-abbreviation",
        r"(?<!\w)[xX]\s?\d+\s?d\b",
        "for 3 days",
        "ISMP",
        ("x3d", "x 5d"),
        ("x3 doses", "x 3D echocardiography"),
        signs="xX",
    ),
    Notation(
        "comparison-sign",
        r"(?<![\w&-])(?<!\b[Pp] )[<>]\s?\d|(?<=[A-Za-z][A-Za-z\d])(?<!alue)(?<!FDR)[<>]\s?\d|(?<!\w)\d+\s?[<>]\s?\d",
        "greater than, less than, at least",
        "ISMP; Joint Commission, additional list",
        ("platelets <70,000", ">10 mg", "MAP > 65", "pH<7.2", "PaO2>60"),
        ("less than 70", "a -> b", "3 -> 5", "P < 0.05", "P<0.05"),
        signs="<>",
    ),
    Notation(
        "at-sign",
        r"(?<=\w)\s@\s(?=\w)",
        "at",
        "ISMP; Joint Commission, additional list",
        ("5 mg @ 2 PM",),
        ("name@example.org",),
        signs="@",
    ),
    Notation(
        "hour-sign",
        r"(?i)\b(?:q|every )\s?\d+\s?\u00b0(?!\s?[CF])",
        "hours",
        "ISMP",
        ("q2\u00b0", "every 6\u00b0"),
        ("37 \u00b0C", "head raised by 30\u00b0"),
        signs="\u00b0",
    ),
    Notation(
        "doses-with-slash",
        r"(?<![\d,.])\d[\d,.]*\s*(mg|mcg|units?|mL)\s*/\s*\d[\d,.]*\s*\1\b",
        "two doses joined by 'and'",
        "ISMP",
        ("25 units/10 units", "5 mg/10 mg"),
        ("0.2 mg/kg", "2 mg/mL", "160 mg/5 mL"),
        signs="/",
    ),
    Notation(
        "zero-sign",
        r"(?<!\w)[\u2205\u00d8\u03a6](?!\w)",
        "0, or zero",
        "ISMP",
        ("\u2205 effect", "\u03a6"),
        ("0 effect",),
        signs="\u2205\u00d8\u03a6",
    ),
    Notation(
        "drug-and-dose-run-together",
        rf"\b[A-Za-z]{{4,}}\d+(?:\.\d+)?\s?{_DOSE}\b",
        "a space between drug and dose",
        "ISMP",
        ("morphine0.5 mg", "labetalol20 mg"),
        ("morphine 0.5 mg",),
        signs=_DIGITS,
    ),
    Notation(
        "roman-dose",
        r"(?<!\w)(?:I|II|III|IV|V|VI|VII|VIII|IX|X)\s+(?:mg|mcg|mL|tablets?)\b",
        "Arabic numerals: 5 mg",
        "ISMP",
        ("V mg", "II tablets"),
        ("IV dose given", "5 mg", "schedule III drug"),
        words=frozenset({"mg", "mcg", "ml", "tablet", "tablets"}),
    ),
)

MANUAL = {
    row.id: f"Error-prone on a dose: write {row.instead}.\n\nSource: {row.source}.\n\nBad: `{row.bad[0]}`"
    f"\n\nGood: `{row.good[0]}`"
    for row in TABLE
}

WORDS = frozenset().union(*(row.words for row in TABLE))
# Quick looks: at what is no small letter, for a digit or a sign; then, at all texts and at each, for a sign alone,
# q.d., a long number or one with a unit.
_ANY_SIGN = re.compile(rb"[0<>@/\x80-\xff]")
_SIGN = re.compile(
    r"[0-9<>@\u00b5\u03bc\u2205\u00d8\u03a6\u00b0/.](?:(?<![0-9.])|(?<=\.)[A-Za-z]|(?<=[0-9])(?:\d{4}"
    r"|\s*(?:mg|mcg|ng|kg|g|m[lL]|L|mmol|mEq|units?|cc|ug|[uU]|I\.?U|d|[AP]M)(?!\w)))"
)


def is_signed(view: View) -> object:
    """Whether there is a sign in the note, or a number of many digits or with a unit."""
    return _ANY_SIGN.search(view.signs) and _SIGN.search(view.whole)


def notations(view: View) -> Iterator[tuple[Where, str, str]]:
    """(where, id, message) of each error-prone notation in the note. A hint is read before the answer is seen."""
    heard = WORDS.intersection(parts_of(view.running))
    sign = is_signed(view)
    for key, text in view.plain.items():
        for row, found in _found(text, heard, sign and _SIGN.search(text)):
            yield spot(view, key, found[0].strip(), found.start()), row.id, _message(row, found)
    typed = view.note.text
    if text := hints_alone(typed, view.shown["text"].markup) if typed else "":
        for row, found in _found(text, WORDS.intersection(parts_of(words_of(text))), _SIGN.search(text)):
            shown = found[0].strip()
            yield Where("text", shown, typed.count(shown, 0, found.start())), row.id, _message(row, found, BESIDE)


def _found(text: str, heard: frozenset[str], sign: object) -> Iterator[tuple[Notation, re.Match[str]]]:
    """What a text holds of the table, if some of its words were heard, or there is a sign in it."""
    for row in TABLE if heard or sign else ():
        if not row.words.isdisjoint(heard) or (sign and any(map(text.__contains__, row.signs))):
            for found in islice(re.finditer(row.pattern, text), MAX_PER_TEXT):
                yield row, found


def _message(row: Notation, found: re.Match[str], beside: str = " ") -> str:
    around = found.string[max(found.start() - 12, 0) : found.end() + 8].strip(beside).strip()
    return f"{found[0].strip()!r} in {around!r}: write {row.instead}"
