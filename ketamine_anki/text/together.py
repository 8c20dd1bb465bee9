"""Prevents line breaks inside what is read as one: a number with spaces, number and unit, a range, `day 28`, `30-day`,
`T-cells`, and what stands in short brackets.

An element that every browser knows without CSS does it, not no-break spaces: Anki would not find `0.2 mg` then.
"""

from __future__ import annotations

import re

_THIN = r"(?<=\d)(?<!\d{4})[ \u2009](?=\d{3}(?!\d))"  # the space before three digits of a large number
_NUMBER = rf"(?:(?:[\d.,–-]|{_THIN})*\d)?"  # after its first digit
_UNIT = (
    r"(?:[ -](?:mm Hg|cm H2O|mcg|mEq|[munpkcdMµμ]?(?:g|L|l|m|s|mol|osmol|Pa|J|V|W|A|Hz|cal)"
    r"|min|h|IU|[Uu]nits?|bpm|°[CF]|%)(?:/[A-Za-z0-9]+)*"
    r"| (?:percent|(?:second|minute|hour|day|week|month|year)s?))(?![\w/])"
)
_AMOUNT = rf"{_NUMBER}(?:{_UNIT}| (?:to|bis) [-−–]?\d{_NUMBER}(?:{_UNIT})?)"
# What begins with a letter, as `day 28` and `T-cells`, and a quick look, by what is rare in it, for whether one is
# there: to try at each word whether it begins one takes three times as long.
_COUNTED = [f"[{one[0]}{one[0].upper()}]{one[1:]}" for one in "day week month year hour grade stage phase type".split()]
_WORD = rf"(?:(?:{'|'.join(_COUNTED)})s? \d(?:{_AMOUNT}|{_NUMBER})|[^\W\d_]-(?:\([+-]\)-)?[^\W_]{{1,20}}(?!\w))"
_BEFORE = "|".join(rf"(?<={one} \d)|(?<={one}s \d)" for one in _COUNTED)
_BEGUN = re.compile(rf"[-\d](?:(?<=\b[^\W\d_]-)|(?<= \d)(?:{_BEFORE}))")


def _pattern(first: str) -> re.Pattern[str]:
    """Finds what belongs together, and elements and formulas, which are passed over: what stands in them is no text, or
    would be none any more. One of the characters `first` decides what may follow. What fits in brackets fits on a
    phone's line.
    """
    return re.compile(
        rf"[{first}](?:(?<=[ \n(:])(?P<later>{_WORD})|(?<=[<\\])"
        rf"(?:(?<=<)(?:code>.*?</code|[^>]*)>|(?<=\\)(?:\(.*?\\\)|\[.*?\\\]))(?P<first>{_WORD})?|(?P<whole>"
        rf"(?<=\d)(?<![\w.]\d)(?:{_AMOUNT}|{_NUMBER}-[^\W\d_][^\W_]{{0,19}}(?!\w)|\d{{0,2}}(?:{_THIN}\d{{3}})+(?!\w))"
        rf"|(?<=\{{)\{{c\d+::\d{_NUMBER}(?:::[^{{}}<>]*)?\}}\}}{_UNIT}"
        r"|(?<=\()(?=[^()]{3,24}\))[^()<>{}\\\n]+ [^()<>{}\\\n]+\)))",
        re.DOTALL,
    )


_FEW, _ALL = _pattern(r"<\\\d({"), _pattern(r"<\\\d({: \n")


def together(html: str) -> str:
    """The HTML of a field -> the same with `<nobr>` around what belongs together."""
    return (_ALL if _BEGUN.search(html) else _FEW).sub(_bound, html)


def _bound(part: re.Match[str]) -> str:
    words = (part["whole"] is not None and part[0]) or part["first"] or part["later"]
    return f"{part[0].removesuffix(words)}<nobr>{words}</nobr>" if words else part[0]
