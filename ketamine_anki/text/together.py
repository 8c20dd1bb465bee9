"""Keeps together at a line's end what is read as one: a number with spaces, number and unit, a range, and what stands
in short brackets.

By an element that every browser knows without CSS, and not by no-break spaces: Anki would not find `0.2 mg` then.
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
# Elements and formulas are passed over: what stands in them is no text, or would be none any more. The first character
# alone, of few kinds, decides what may follow: so it is fast.
_PART = re.compile(
    r"[<\\\d({](?:(?<=<)(?:code>.*?</code|[^>]*)>|(?<=\\)(?:\(.*?\\\)|\[.*?\\\])|(?P<together>"
    rf"(?<=\d)(?<![\w.]\d)(?:{_NUMBER}(?:{_UNIT}| (?:to|bis) [-−–]?\d{_NUMBER}(?:{_UNIT})?)"
    rf"|\d{{0,2}}(?:{_THIN}\d{{3}})+(?!\w))"
    rf"|(?<=\{{)\{{c\d+::\d{_NUMBER}(?:::[^{{}}<>]*)?\}}\}}{_UNIT}"
    r"|(?<=\()(?=[^()]{3,16}\))[^()<>{}\\\n]+ [^()<>{}\\\n]+\)))",
    re.DOTALL,
)


def together(html: str) -> str:
    """The HTML of a field -> the same with `<nobr>` around what belongs together."""
    return _PART.sub(lambda part: part[0] if part["together"] is None else f"<nobr>{part[0]}</nobr>", html)
