"""Error-prone abbreviations, symbols and dose designations, as one table.

Sources: ISMP, List of Error-Prone Abbreviations, Symbols, and Dose Designations (2021, with the
changes of 2024); The Joint Commission, official "Do Not Use" list. Patterns are matched against what the learner
reads, on every text of the card, and are narrower than the lists where an abbreviation has an honest
other meaning: no finding on `IJ` (internal jugular), `30°` (a bed's angle) or `P < 0.05`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import islice

from ketamine_anki.core.language import decimal_sign, primary
from ketamine_anki.core.limits import MAX_PER_TEXT
from ketamine_anki.core.model import Finding
from ketamine_anki.rules.provenance import is_checked
from ketamine_anki.rules.rule import Problem, WordPattern
from ketamine_anki.rules.view import View, heard_in
from ketamine_anki.text.words import signs_of, words_of


@dataclass(frozen=True)
class Notation:
    """One error-prone notation: `id` in findings, a text that has it, what to write instead, the marked expression that
    finds it, the substitutions that correct what was found (without any, `instead` takes its place), who says so, and
    the language for which it is made ("" for all). ¤ stands for the decimal sign, ¬ for the other.
    """

    id: str
    bad: str
    instead: str
    marked: str
    fix: Mapping[str, str] = field(default_factory=dict)
    source: str = "ISMP"
    language: str = "en"

    @cached_property
    def pattern(self) -> WordPattern:
        """What finds it."""
        return WordPattern(self.marked)

    def with_decimal(self, sign: str) -> Notation:
        """The same where numbers have this decimal sign."""

        def signed(text: str, decimal: str = sign) -> str:
            return text.replace("¤", decimal).replace("¬", r"\." if sign == "," else ",")

        fix = {signed(wrong, re.escape(sign)): signed(right) for wrong, right in self.fix.items()}
        marked = signed(self.marked, re.escape(sign))
        return replace(self, bad=signed(self.bad), instead=signed(self.instead), marked=marked, fix=fix)

    def found(self, text: str) -> Iterator[tuple[int, str, str]]:
        """Offset, words and message of each place in a text that has the notation."""
        for match in islice(self.pattern.regex.finditer(text), MAX_PER_TEXT):
            words, context = whole_number(match), text[max(match.start() - 12, 0) : match.end() + 8].strip()
            yield match.start(), words, f"{words!r} in {context!r}: write {self.corrected(words)}"

    def corrected(self, words: str) -> str:
        """What to write for words that have the notation."""
        correct = words if self.fix else self.instead
        for wrong, right in self.fix.items():
            correct = re.sub(wrong, right, correct)
        return correct.strip()

    @property
    def manual(self) -> str:
        """The page of the manual in Markdown."""
        wrong = next(words for _, words, _ in self.found(self.bad))
        right = self.corrected(wrong).partition(", or ")[0]
        return (
            f"Error-prone on a dose: write {self.instead}.\n\nSource: {self.source}.\n\n"
            f"Bad: `{self.bad}`\n\nGood: `{self.bad.replace(wrong, right, 1)}`"
        )


_BOTH, _MORE = "Joint Commission, ISMP", "ISMP; Joint Commission, additional list"
MICRO, _DEGREE, _ZERO = "\u00b5|\u03bc", "\u00b0", "\u2205|\u00d8|\u03a6"
_DOSE_UNIT = "«mg|mcg|ng|g|kg|mL|L|mmol|mEq|unit|units»"
_ROMAN = "I II III IV V VI VII VIII IX X".split()

_ROWS = (
    Notation(
        "trailing-zero",
        "1¤0 mg",
        "the number without its last zeros, as in 1 mg for 1¤0 mg",
        rf"(?<![\w¤])\d+(?:¤\d*|¬\d?)0\s*(?!ng/mL\b){_DOSE_UNIT}\b(?!/d?L\b)",
        {
            r"^([1-9]\d{0,2})¤(?=\d{3}(?!\d))(\d*?)(0+)(\D*)$": r"\1¤\2\4, or \1\2\3\4 if thousands are meant",
            r"(?:¤|¬(?=\d\d?(?!\d)))(\d*?)0+(?!\d)": r"¤\1",
            r"(?<=\d)¤(?!\d)": "",
        },
        source=_BOTH,
        language="",
    ),
    Notation(
        "naked-decimal",
        "¤5 mg",
        "a zero before the decimal sign, such as 0¤5 mg",
        rf"(?<![\w¤¬])(?:¤|¬)\d+\s*{_DOSE_UNIT}\b",
        {r"(?<!\d)(?:¤|¬)(?=\d)": "0¤"},
        source=_BOTH,
        language="",
    ),
    Notation(
        "decimal-sign",
        "1¬5 mg",
        "the decimal sign of the language, as in 1¤5 mg",
        rf"(?<![\w¤¬])\d+¬\d?[1-9]\s*{_DOSE_UNIT}\b",
        {r"¬(?=\d\d?(?!\d))": "¤"},
        source="Unicode CLDR; the other sign parts thousands",
        language="",
    ),
    Notation(
        "microgram-sign",
        "10 \xb5g/kg/min",
        "mcg",
        rf"«{MICRO}»g\b|(?<=\d)\s?«ug»\b|\b«ug»/",
        {f"(?:{MICRO}|u)g": "mcg"},
        source=_MORE,
    ),
    Notation(
        "iu",
        "100 IU",
        "units, or international units",
        r"\b«IU»\b(?!/d?L\b)|(?<=\d)\s*I\.«U»\.",
        {r"\s?I\.?U\.?": " units"},
        source=_BOTH,
    ),
    Notation(
        "unit-letter", "10 U", "units", r"\d\s*«U|u»\b(?!\.?\s?[SK]\b|/d?L\b)", {r"\s?[Uu]$": " units"}, source=_BOTH
    ),
    Notation(
        "daily-abbreviation",
        "5 mg QD",
        "daily",
        r"(?<!\w)(?:(?i:«qd|q1d»|q\.«d»)\.?|(?<!\.)o\.«d»\.)(?!\w)|(?:(?<=«mg» )|(?<=«mcg» ))OD\b",
        source=_BOTH,
    ),
    Notation(
        "every-other-day-abbreviation",
        "QOD",
        "every other day",
        r"(?<!\w)(?i:«qod»|q\.?o\.«d»|q\.«od»)\.?(?!\w)",
        source=_BOTH,
    ),
    Notation(
        "sulfate-abbreviation",
        "MgSO4 4 g",
        "morphine sulfate, or magnesium sulfate",
        r"\b(?:«MSO4|MgSO4»|MS\s«O4»)\b|\b«MS»\b(?=\s*(?:\d|IV\b|IM\b|PO\b|PCA\b|infusion))",
        {"Mg.+": "magnesium sulfate", "MS.*": "morphine sulfate"},
        source=_BOTH,
    ),
    Notation("cc", "5 cc", "mL", r"(?<=\d)\s*«cc»\b|\bc\.«c»\.", {r"\s?(?:cc|c\.c\.)$": " mL"}, source=_MORE),
    Notation(
        "small-ml",
        "25 mg/ml",
        "mL or dL, with a capital L",
        r"(?<=\d)\s*«ml|mls|dl»\b|(?<=[^\W\d]/)«ml|dl»\b|(?<=\bper )«ml|dl»\b",
        {r"\s?mls?$": " mL", r"\s?dl$": " dL"},
    ),
    Notation(
        "unit-without-space",
        "10mg",
        "a space between number and unit, such as 10 mg",
        r"(?<=\d)«mg|mcg|g|kg|mL|mEq|mmol|unit|units»\b",
        {r"(?<=\d)(?=[A-Za-z]+$)": " "},
        language="",
    ),
    Notation(
        "unit-with-period",
        "5 mg. per day",
        "the unit without a period",
        r"(?<=\d )«mg|mcg|mL|kg»\.(?=\s+[a-z(])",
        {r"\.$": ""},
    ),
    Notation(
        "number-without-comma",
        "70000 units",
        "a comma at 1,000 and above, such as 70,000",
        r"(?<![\d,.:/-])(?:\d{4,}(?=\s*«unit|units|mg|mcg|mL»\b)|\d{5,}(?=\s*(?:«/»|«per|platelets»\b)))",
        {r"(?<=\d)(?=(?:\d{3})+$)": ","},
    ),
    Notation(
        "weekly-abbreviation",
        "3 mg TIW",
        "3 times weekly, 2 times weekly",
        r"(?<!\w)«TIW|tiw|BIW|biw»(?!\w)",
        {"(?i)t.+": "3 times weekly", "(?i)b.+": "2 times weekly"},
    ),
    Notation("discharge-abbreviation", "D/C", "discharge, or discontinue", r"(?<![\w/])«D/C»\b"),
    Notation("per-os", "given per os", "by mouth, or orally", r"(?i)\bper «os»\b"),
    Notation(
        "subcutaneous-abbreviation",
        "10 mg SC",
        "subcutaneously",
        r"\b(?:sub\s«q»|«subq»)\b|(?:(?<=[mc]g )|(?<=mL )|(?<=units )|(?<=given ))«SC|SQ»\b",
    ),
    Notation(
        "bedtime-abbreviation",
        "qn",
        "at bedtime, every hour, daily at 6 PM",
        r"(?<!\w)«qn|qhr»(?!\w)|\bq\d{1,2}\s?«AM|PM»\b|(?<=[mc]g )«HS|hs|nightly»\b|(?<=take )«nightly»\b",
        {"(?i)qhr": "every hour", r"q(\d+)\s?(?=.M)": r"daily at \1 ", "(?i)qn|hs|nightly": "at bedtime"},
        source="ISMP (2024: HS and nightly)",
    ),
    Notation(
        "intranasal-abbreviation",
        "84 mg IN",
        "intranasal",
        r"(?<!\w)«NAS»(?= (?:spray|route|dose))|(?:(?<=«mg» )|(?<=«mcg» ))(?:IN|NAS)(?!\w)",
        source="ISMP (2024)",
    ),
    Notation("nanog", "5 nanog", "nanograms", r"(?i)\b«nanog»\b", source="ISMP (2024)"),
    Notation(
        "days-abbreviation", "x3d", "for 3 days", r"(?<!\w)[xX]\s?\d+\s?«d»\b", {r"[xX]\s?(\d+)\s?d": r"for \1 days"}
    ),
    Notation(
        "comparison-sign",
        "platelets <70,000",
        "less than, greater than, at most, at least",
        r"(?:(?<![\w&-])(?<!\b[Pp] )|(?<=[A-Za-z][A-Za-z\d])(?<!alue)(?<!FDR)|(?<!\w)\d+\s?)«<|>|≤|≥»=?\s?\d",
        {
            r"\s?(?:≤=?|<=)\s?": " at most ",
            r"\s?(?:≥=?|>=)\s?": " at least ",
            r"\s?<\s?": " less than ",
            r"\s?>\s?": " greater than ",
        },
        source=_MORE,
    ),
    Notation("at-sign", "5 mg @ 2 PM", "at", r"(?<=\w)\s«@»\s(?=\w)", {"@": "at"}, source=_MORE),
    Notation(
        "hour-sign",
        "q2\xb0",
        "hours",
        rf"(?i)\b(?:q|every )\s?\d+\s?«{_DEGREE}»(?!\s?[CF])",
        {r"(?i)q\s?(?=\d)": "every ", rf"\s?{_DEGREE}": " hours"},
    ),
    Notation(
        "doses-with-slash",
        "25 mg/10 mg",
        "two doses joined by a word",
        r"(?<![\d,.])\d[\d,.]*\s*(«mg|mcg|unit|units|mL»)\s*/\s*\d[\d,.]*\s*\1\b",
        {r"\s*/\s*": " and "},
        language="",
    ),
    Notation("zero-sign", "\u2205", "0, or zero", rf"(?<!\w)«{_ZERO}»(?!\w)"),
    Notation(
        "drug-and-dose-run-together",
        "morphine0¤5 mg",
        "a space between drug and dose",
        rf"\b[A-Za-z]{{4,}}\d+(?:¤\d+)?\s?{_DOSE_UNIT}\b",
        {r"(?<=[A-Za-z])(?=\d)": " "},
        language="",
    ),
    Notation(
        "roman-dose",
        "V mg",
        "Arabic numerals: 5 mg",
        rf"(?<!\w)(?:{'|'.join(_ROMAN)})\s+«mg|mcg|mL|tablet|tablets»\b",
        {rf"\b{roman}\b": str(number) for number, roman in enumerate(_ROMAN, 1)},
        language="",
    ),
)
TABLE = tuple(row.with_decimal(".") for row in _ROWS)
_WORDS = frozenset().union(*(row.pattern.words for row in TABLE))


@cache
def notations(language: str) -> tuple[Notation, ...]:
    """The rows of the table that hold in a language, with its decimal sign."""
    sign = decimal_sign(language)
    rows = TABLE if sign == "." else [row.with_decimal(sign) for row in _ROWS]
    return tuple(row for row in rows if row.language in ("", primary(language)))


def findings(view: View, rows: Sequence[Notation]) -> Iterator[Finding]:
    """The error-prone notations in all texts of a note. A hint, which stands in no plain text, is read by itself."""
    for row in _rows_for(view.heard, rows):
        for key, text in view.plain.items():
            for start, words, message in row.found(text):
                yield Finding(view.plain_at(key, words, start), row.id, message)
    for deletion in view.rendered["text"].markup.deletions if view.note.is_cloze else ():
        heard = heard_in(words_of(deletion.hint)).union(signs_of(deletion.hint).decode())
        for row in _rows_for(heard, rows):
            for start, words, message in row.found(deletion.hint):
                yield Finding(view.at("text", words, deletion.answer_end + 2 + start), row.id, message)


def _rows_for(heard: Set[str], rows: Sequence[Notation]) -> Sequence[Notation]:
    """The rows that may find something in texts with these words and signs."""
    return () if _WORDS.isdisjoint(heard) else [row for row in rows if not row.pattern.words.isdisjoint(heard)]


_NUMBER = r"[.,]?\d+(?:[ \u00a0\u202f]\d{3}(?!\d))*(?:[.,]\d+)*"
_NUMBERS = rf"(?<![\d.,]){_NUMBER}(?:(?:\s?[-\u2013/x\u00d7^]\s?| (?:to|or) ){_NUMBER})*"  # 1-2, 1/2, 10^3


def whole_number(match: re.Match[str]) -> str:
    """What a pattern found, with the rest of a number that it cut: `0.03 U` for `3 U`, `> 50` for `> 5`."""
    text, (start, end) = match.string, match.span()
    offset = max(start - 30, 0)
    for number in re.finditer(_NUMBERS, text[offset : end + 20]):
        first, after = offset + number.start(), offset + number.end()
        start = first if first < start <= after else start
        end = after if first < end < after else end
    return text[start:end].strip()


_UNITS = "mg|mcg|ng|mL|mmol|mEq|unit|milligram|microgram|gram"
# Concentrations in blood or urine, filtration rates and volumes of blood are no doses.
DOSE = WordPattern(
    rf"(?<![\d.,])[\d.,]*\d\s?(?:«{_UNITS}|{_UNITS.replace('|', 's|')}s|g|IU»|«{MICRO}»gs?)\b"
    r"(?!/(?:d?L|g|mmol)\b|/min/1\.73|\s+of\s+(?:blood|water)\b)"
)


def dose_evidence(view: View) -> Iterator[Problem]:
    """A number with a drug unit is only as good as the work behind it: the note names a reference
    whose numbers were checked (`supports: finding`).

    Source: ISMP (doses are the deadliest of typing errors); the fact check of this collection.
    Bad: `extra: The usual dose is 40 mg.`
    Bad: `answer: 5,000 units`
    Good: `answer: Below 60 mL/min/1.73 m$^2$`
    Good: `extra: The usual dose is 40 mg.`, `evidence: checked-2020`
    """
    if DOSE.words.isdisjoint(view.heard) or is_checked(view):
        return
    for key, text in view.plain.items():
        if key != "picture" and (match := DOSE.regex.search(text)):
            dose = whole_number(match)
            message = f"dose {dose!r} without checked evidence: add a reference that supports it"
            yield view.plain_at(key, dose, match.start()), message
            return
