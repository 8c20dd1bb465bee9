"""Error-prone abbreviations, symbols and dose designations, as one table.

Sources: ISMP, List of Error-Prone Abbreviations, Symbols, and Dose Designations (2021, with the
changes of 2024); The Joint Commission, official "Do Not Use" list. Patterns are matched against what the learner
reads, on every text of the card, and are narrower than the lists where an abbreviation has an honest
other meaning: no finding on `IJ` (internal jugular), `30°` (a bed's angle) or `P < 0.05`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import islice

from ketamine_anki.core.language import decimal_sign, primary
from ketamine_anki.core.limits import MAX_PER_TEXT
from ketamine_anki.core.model import Finding
from ketamine_anki.rules.provenance import is_checked
from ketamine_anki.rules.rule import Problem, WordPattern
from ketamine_anki.rules.view import View, heard_in, only_hints
from ketamine_anki.text.words import signs_of, words_of


@dataclass(frozen=True)
class Notation:
    """One error-prone notation: `id` in findings, the marked expression of its pattern, what to write instead, who
    says so, a text in which it is found and one in which it is not, the language for which it is made ("" for all), and
    the substitutions that turn what was found into what to write. ¤ stands for the decimal sign, ¬ for the other.
    """

    id: str
    marked: str
    instead: str
    source: str
    bad: str
    good: str
    language: str = "en"
    fix: tuple[tuple[str, str], ...] = ()

    @cached_property
    def pattern(self) -> WordPattern:
        """What finds it."""
        return WordPattern(self.marked)

    def with_decimal(self, sign: str) -> Notation:
        """The same where numbers have this decimal sign."""
        texts = {key: _signed(getattr(self, key), sign) for key in ("instead", "bad", "good")}
        fix = tuple((_signed(wrong, re.escape(sign)), _signed(right, sign)) for wrong, right in _FIXES.get(self.id, ()))
        return replace(self, marked=_signed(self.marked, re.escape(sign)), fix=fix, **texts)


def _signed(text: str, sign: str) -> str:
    return text.replace("¤", sign).replace("¬", r"\." if sign == "," else ",")


MICRO, _DEGREE, _ZERO = "\u00b5|\u03bc", "\u00b0", "\u2205|\u00d8|\u03a6"
_DOSE_UNIT = "«mg|mcg|ng|g|kg|mL|L|mmol|mEq|unit|units»"

_ROWS = (
    Notation(
        "trailing-zero",
        rf"(?<![\w¤])\d+(?:¤\d*|¬\d?)0\s*(?!ng/mL\b){_DOSE_UNIT}\b(?!/d?L\b)",
        "the number without its last zeros, as in 1 mg for 1¤0 mg",
        "Joint Commission, ISMP",
        "1¤0 mg",
        "0¤5 mg",
        "",
    ),
    Notation(
        "naked-decimal",
        rf"(?<![\w¤¬])(?:¤|¬)\d+\s*{_DOSE_UNIT}\b",
        "a zero before the decimal sign, such as 0¤5 mg",
        "Joint Commission, ISMP",
        "¤5 mg",
        "0¤5 mg",
        "",
    ),
    Notation(
        "decimal-sign",
        rf"(?<![\w¤¬])\d+¬\d?[1-9]\s*{_DOSE_UNIT}\b",
        "the decimal sign of the language, as in 1¤5 mg",
        "Unicode CLDR; the other sign parts thousands",
        "1¬5 mg",
        "1¤5 mg",
        "",
    ),
    Notation(
        "microgram-sign",
        rf"«{MICRO}»g\b|(?<=\d)\s?«ug»\b|\b«ug»/",
        "mcg",
        "ISMP; Joint Commission, additional list",
        "10 \xb5g/kg/min",
        "5 mcg",
    ),
    Notation(
        "iu",
        r"\b«IU»\b(?!/d?L\b)|(?<=\d)\s*I\.«U»\.",
        "units, or international units",
        "Joint Commission, ISMP",
        "100 IU",
        "100 units",
    ),
    Notation(
        "unit-letter", r"\d\s*«U|u»\b(?!\.?\s?[SK]\b|/d?L\b)", "units", "Joint Commission, ISMP", "10 U", "10 units"
    ),
    Notation(
        "daily-abbreviation",
        r"(?<!\w)(?:(?i:«qd|q1d»|q\.«d»)\.?|(?<!\.)o\.«d»\.)(?!\w)|(?:(?<=«mg» )|(?<=«mcg» ))OD\b",
        "daily",
        "Joint Commission, ISMP",
        "5 mg QD",
        "5 mg daily",
    ),
    Notation(
        "every-other-day-abbreviation",
        r"(?<!\w)(?i:«qod»|q\.?o\.«d»|q\.«od»)\.?(?!\w)",
        "every other day",
        "Joint Commission, ISMP",
        "QOD",
        "every other day",
    ),
    Notation(
        "sulfate-abbreviation",
        r"\b(?:«MSO4|MgSO4»|MS\s«O4»)\b|\b«MS»\b(?=\s*(?:\d|IV\b|IM\b|PO\b|PCA\b|infusion))",
        "morphine sulfate, or magnesium sulfate",
        "Joint Commission, ISMP",
        "MgSO4 4 g",
        "magnesium sulfate",
    ),
    Notation("cc", r"(?<=\d)\s*«cc»\b|\bc\.«c»\.", "mL", "ISMP; Joint Commission, additional list", "5 cc", "5 mL"),
    Notation(
        "small-ml",
        r"(?<=\d)\s*«ml|mls|dl»\b|(?<=[^\W\d]/)«ml|dl»\b|(?<=\bper )«ml|dl»\b",
        "mL or dL, with a capital L",
        "ISMP",
        "25 mg/ml",
        "5 mL",
    ),
    Notation(
        "unit-without-space",
        r"(?<=\d)«mg|mcg|g|kg|mL|mEq|mmol|unit|units»\b",
        "a space between number and unit, such as 10 mg",
        "ISMP",
        "10mg",
        "10 mg",
        "",
    ),
    Notation(
        "unit-with-period",
        r"(?<=\d )«mg|mcg|mL|kg»\.(?=\s+[a-z(])",
        "the unit without a period",
        "ISMP",
        "5 mg. per day",
        "5 mg per day",
    ),
    Notation(
        "number-without-comma",
        r"(?<![\d,.:/-])(?:\d{4,}(?=\s*«unit|units|mg|mcg|mL»\b)|\d{5,}(?=\s*(?:«/»|«per|platelets»\b)))",
        "a comma at 1,000 and above, such as 70,000",
        "ISMP",
        "70000 units",
        "70,000 units",
    ),
    Notation(
        "weekly-abbreviation",
        r"(?<!\w)«TIW|tiw|BIW|biw»(?!\w)",
        "3 times weekly, 2 times weekly",
        "ISMP",
        "3 mg TIW",
        "3 mg 3 times weekly",
    ),
    Notation(
        "discharge-abbreviation", r"(?<![\w/])«D/C»\b", "discharge, or discontinue", "ISMP", "D/C home", "discontinue"
    ),
    Notation("per-os", r"(?i)\bper «os»\b", "by mouth, or orally", "ISMP", "given per os", "orally"),
    Notation(
        "subcutaneous-abbreviation",
        r"\b(?:sub\s«q»|«subq»)\b|(?:(?<=[mc]g )|(?<=mL )|(?<=units )|(?<=given ))«SC|SQ»\b",
        "subcutaneously",
        "ISMP",
        "10 mg SC",
        "10 mg subcutaneously",
    ),
    Notation(
        "bedtime-abbreviation",
        r"(?<!\w)«qn|qhr»(?!\w)|\bq\d{1,2}\s?«AM|PM»\b|(?<=[mc]g )«HS|hs|nightly»\b|(?<=take )«nightly»\b",
        "at bedtime, every hour, daily at 6 PM",
        "ISMP (2024: HS and nightly)",
        "qn",
        "at bedtime",
    ),
    Notation(
        "intranasal-abbreviation",
        r"(?<!\w)«NAS»(?= (?:spray|route|dose))|(?:(?<=«mg» )|(?<=«mcg» ))(?:IN|NAS)(?!\w)",
        "intranasal",
        "ISMP (2024)",
        "84 mg IN",
        "84 mg intranasal",
    ),
    Notation("nanog", r"(?i)\b«nanog»\b", "nanograms", "ISMP (2024)", "5 nanog", "5 nanograms"),
    Notation("days-abbreviation", r"(?<!\w)[xX]\s?\d+\s?«d»\b", "for 3 days", "ISMP", "x3d", "for 3 days"),
    Notation(
        "comparison-sign",
        r"(?<![\w&-])(?<!\b[Pp] )«<|>|≤|≥»=?\s?\d|(?<=[A-Za-z][A-Za-z\d])(?<!alue)(?<!FDR)«<|>|≤|≥»=?\s?\d"
        r"|(?<!\w)\d+\s?«<|>|≤|≥»=?\s?\d",
        "less than, greater than, at most, at least",
        "ISMP; Joint Commission, additional list",
        "platelets <70,000",
        "less than 70",
    ),
    Notation(
        "at-sign",
        r"(?<=\w)\s«@»\s(?=\w)",
        "at",
        "ISMP; Joint Commission, additional list",
        "5 mg @ 2 PM",
        "5 mg at 2 PM",
    ),
    Notation(
        "hour-sign", rf"(?i)\b(?:q|every )\s?\d+\s?«{_DEGREE}»(?!\s?[CF])", "hours", "ISMP", "q2\xb0", "every 2 hours"
    ),
    Notation(
        "doses-with-slash",
        r"(?<![\d,.])\d[\d,.]*\s*(«mg|mcg|unit|units|mL»)\s*/\s*\d[\d,.]*\s*\1\b",
        "two doses joined by a word",
        "ISMP",
        "25 mg/10 mg",
        "25 units and 10 units",
        "",
    ),
    Notation("zero-sign", rf"(?<!\w)«{_ZERO}»(?!\w)", "0, or zero", "ISMP", "\u2205 effect", "0 effect"),
    Notation(
        "drug-and-dose-run-together",
        rf"\b[A-Za-z]{{4,}}\d+(?:¤\d+)?\s?{_DOSE_UNIT}\b",
        "a space between drug and dose",
        "ISMP",
        "morphine0¤5 mg",
        "morphine 0¤5 mg",
        "",
    ),
    Notation(
        "roman-dose",
        r"(?<!\w)(?:I|II|III|IV|V|VI|VII|VIII|IX|X)\s+«mg|mcg|mL|tablet|tablets»\b",
        "Arabic numerals: 5 mg",
        "ISMP",
        "V mg",
        "5 mg",
        "",
    ),
)

# By the id of a notation: what stands there -> what to write, where more than the notation itself is named.
_FIXES: dict[str, tuple[tuple[str, str], ...]] = {
    "trailing-zero": (
        (r"^([1-9]\d{0,2})¤(?=\d{3}(?!\d))(\d*?)(0+)(\D*)$", r"\1¤\2\4, or \1\2\3\4 if thousands are meant"),
        (r"(?:¤|¬(?=\d\d?(?!\d)))(\d*?)0+(?!\d)", r"¤\1"),
        (r"(?<=\d)¤(?!\d)", ""),
    ),
    "naked-decimal": ((r"(?<!\d)(?:¤|¬)(?=\d)", "0¤"),),
    "decimal-sign": ((r"¬(?=\d\d?(?!\d))", "¤"),),
    "microgram-sign": (("[\u00b5\u03bcu]g", "mcg"),),
    "iu": ((r"\s?I\.?U\.?", " units"),),
    "unit-letter": ((r"\s?[Uu]$", " units"),),
    "sulfate-abbreviation": (("Mg.+", "magnesium sulfate"), ("MS.*", "morphine sulfate")),
    "cc": ((r"\s?(?:cc|c\.c\.)$", " mL"),),
    "small-ml": ((r"\s?mls?$", " mL"), (r"\s?dl$", " dL")),
    "unit-without-space": ((r"(?<=\d)(?=[A-Za-z]+$)", " "),),
    "unit-with-period": ((r"\.$", ""),),
    "number-without-comma": ((r"(?<=\d)(?=(?:\d{3})+$)", ","),),
    "weekly-abbreviation": (("(?i)t.+", "3 times weekly"), ("(?i)b.+", "2 times weekly")),
    "bedtime-abbreviation": (
        ("(?i)qhr", "every hour"),
        (r"q(\d+)\s?(?=.M)", r"daily at \1 "),
        ("(?i)qn|hs|nightly", "at bedtime"),
    ),
    "days-abbreviation": ((r"[xX]\s?(\d+)\s?d", r"for \1 days"),),
    "comparison-sign": (
        (r"\s?(?:≤=?|<=)\s?", " at most "),
        (r"\s?(?:≥=?|>=)\s?", " at least "),
        (r"\s?<\s?", " less than "),
        (r"\s?>\s?", " greater than "),
    ),
    "at-sign": (("@", "at"),),
    "hour-sign": ((r"(?i)q\s?(?=\d)", "every "), (rf"\s?{_DEGREE}", " hours")),
    "drug-and-dose-run-together": ((r"(?<=[A-Za-z])(?=\d)", " "),),
    "roman-dose": tuple((rf"\b{'I II III IV V VI VII VIII IX X'.split()[n]}\b", str(n + 1)) for n in range(10)),
}
TABLE = tuple(row.with_decimal(".") for row in _ROWS)

MANUAL = {
    row.id: f"Error-prone on a dose: write {row.instead}.\n\nSource: {row.source}.\n\nBad: `{row.bad}`"
    f"\n\nGood: `{row.good}`"
    for row in TABLE
}

_WORDS = frozenset().union(*(row.pattern.words for row in TABLE))
_FILLER = "|"  # between hints: neither a word nor a space


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
            for match in islice(row.pattern.regex.finditer(text), MAX_PER_TEXT):
                position = view.plain_at(key, whole_number(match), match.start())
                yield Finding(position, row.id, _message(row, match))
    hints = only_hints(view.note.text, view.rendered["text"].markup, _FILLER) if view.deletions else ""
    for row in _rows_for(heard_in(words_of(hints)).union(signs_of(hints).decode()), rows) if hints else ():
        for match in islice(row.pattern.regex.finditer(hints), MAX_PER_TEXT):
            position = view.at("text", whole_number(match), match.start())
            yield Finding(position, row.id, _message(row, match, _FILLER))


def _rows_for(heard: Set[str], rows: Sequence[Notation]) -> Sequence[Notation]:
    """The rows that may find something in texts with these words and signs."""
    return () if _WORDS.isdisjoint(heard) else [row for row in rows if not row.pattern.words.isdisjoint(heard)]


def _message(row: Notation, match: re.Match[str], filler: str = "") -> str:
    context = match.string[max(match.start() - 12, 0) : match.end() + 8].strip(filler).strip()
    said = whole_number(match)
    instead = said if row.fix else row.instead
    for wrong, right in row.fix:
        instead = re.sub(wrong, right, instead)
    return f"{said!r} in {context!r}: write {instead.strip()}"


_NUMBER = r"[.,]?\d+(?:[ \u00a0\u202f]\d{3}(?!\d))*(?:[.,]\d+)*"
_NUMBERS = rf"(?<![\d.,]){_NUMBER}(?:(?:\s?[-\u2013/x\u00d7^]\s?| (?:to|or) ){_NUMBER})*"  # 1-2, 1/2, 10^3


def whole_number(match: re.Match[str]) -> str:
    """What a pattern found, with the rest of a number that it cut: `0.03 U` for `3 U`, `> 50` for `> 5`."""
    text, (start, end) = match.string, match.span()
    for number in re.finditer(_NUMBERS, text[max(start - 30, 0) : end + 20]):
        first, after = (max(start - 30, 0) + at for at in number.span())
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
            message = f"dose {whole_number(match)!r} without checked evidence: add a reference that supports it"
            yield view.plain_at(key, whole_number(match), match.start()), message
            return
