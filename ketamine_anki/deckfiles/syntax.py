"""Explains broken YAML: what libyaml reports -> a finding in a contributor's words, at the place to correct."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ketamine_anki.core import characters
from ketamine_anki.core.limits import MAX_DEPTH

Place = tuple[int, int]  # line and column from 0
Advice = tuple[int, int, str, str]  # line and column from 0, rule, message
Lines = tuple[str, ...]


class Failure(NamedTuple):
    """What libyaml reports: the problem and what was being parsed, and where both stand; `quoted` is the last quoted
    scalar before the problem: first line, column, last line.
    """

    problem: str
    context: str
    place: Place
    context_place: Place
    quoted: tuple[int, int, int] | None


_KEY = r"\s*(?:- +)*[A-Za-z_]+:(?:\s|$)"
_OPENING = r"\s*(?:- +)*(?:[A-Za-z_]+:\s+)?(?P<sign>[\[{*&!|>%@`\"']|(?<=: )[-?](?=\s|$))"
_CUT_OFF = r"\s*(?:- +)*(?:[A-Za-z_]+:\s+)?[^\s#'\"|>\[{].*?\s(?P<sign>#)"
# A character that looks like a space and is none for YAML, and a space that is missing.
_NO_BREAK = r"[ \t]*(?:- +)*(?:[A-Za-z_]+:)?[ \t]*(?P<sign>[^\S \t])"
_JOINED = r" *(?:- +)*(?P<sign>-(?=[A-Za-z_]+: )|[A-Za-z_]+:(?=[^\s:/]))"


def explain(lines: Lines, failure: Failure) -> Advice:
    """The finding on broken YAML, at the place where the contributor has to correct it."""
    problem, context, place, context_place, quoted = failure
    line, column = place
    typed = lines[line] if line < len(lines) else ""
    if typed.startswith("%") and all(above.strip()[:1] in ("", "#", "%") for above in lines[:line]):
        return line, 0, "yaml-feature", "directive: delete the line that starts with %"
    if "maximum nesting depth" in problem:  # libyaml from 0.2.6 on counts itself, far above our limit
        return line, column, "limit", f"nested more than {MAX_DEPTH} deep"
    swallowing = quoted is not None and any(re.match(_KEY, below) for below in lines[quoted[0] + 1 : quoted[2] + 1])
    if separated := _separated(lines, line):
        place, hint = separated
    elif context == "while parsing a quoted scalar" and "\\" in typed[: column + 1]:
        place = (line, typed.rfind("\\", 0, column + 1))
        hint = f"'{typed[place[1] :][:2]}' in double quotes: put text with backslashes in single quotes"
    elif swallowing or "unexpected end of stream" in problem:
        place = quoted[:2] if quoted and swallowing else context_place
        hint = "a quote or bracket that is never closed"
    elif "mapping values are not allowed" in problem:
        hint = "': ' inside unquoted text, or a wrong indent: put the text in single quotes"
    elif "\t" in typed[: column + 1]:
        hint = "a tab: indent with spaces"
    elif "cannot start any token" in problem:
        hint = f"text must not start with {typed[column : column + 1]!r}: put it in single quotes"
    elif "expected <document start>" in problem:
        hint = "text after the end of what stands above: wrong indent, or a second document"
    elif "did not find expected ',' or" in problem:
        place, hint = context_place, "a bracket that is never closed, or text that must be in single quotes"
    elif cut := _cut_off(lines, line):
        return *cut, "comment-cut", "' #' cuts the text off here: put the text in single quotes"
    elif "could not find expected ':'" in problem:
        place = context_place
        hint = "a line without 'key:': indent it to continue the text above, or put the text under '>-'"
    else:
        place, hint = _opening(lines, place) or (place, "wrong indent: keys of one note start in the same column")
    last = len(lines) - 1  # libyaml counts a line after the last one
    return *min(place, (last, len(lines[last]))), "syntax", f"not YAML: {hint}"


def explain_key(lines: Lines, mark: Any) -> Advice:
    """The finding on a list or mapping that stands where a key belongs; most often a text that starts with a cloze
    deletion.
    """
    line, column = mark.line, mark.column
    if lines[line][:column].endswith("{"):
        message = "not YAML: text that starts with {{ must be in single quotes, or put under '>-'"
        return line, column - 1, "syntax", message
    return line, column, "shape", "a key must be one word: quote text that starts with [ or {"


def _cut_off(lines: Lines, line: int) -> Place | None:
    """The ` #` that ends an unquoted text on a line or the one before."""
    for number in (line, line - 1):
        match = re.match(_CUT_OFF, lines[number]) if 0 <= number < len(lines) else None
        if match:
            return number, match.start("sign")
    return None


def _separated(lines: Lines, line: int) -> tuple[Place, str] | None:
    """Place and advice for a key, or the dash of a list, that no plain space sets apart."""
    for number in (line - 1, line):
        typed = lines[number] if 0 <= number < len(lines) else ""
        if match := re.match(_NO_BREAK, typed):
            return (number, match.start("sign")), f"{characters.name(match['sign'])}: type a plain space"
        if match := re.match(_JOINED, typed):
            return (number, match.end("sign")), f"a space is missing after {match['sign']!r}"
    return None


def _opening(lines: Lines, place: Place) -> tuple[Place, str] | None:
    """Place and advice for text that starts with a character that YAML reads as its own."""
    for number in (place[0], place[0] - 1):
        match = re.match(_OPENING, lines[number]) if 0 <= number < len(lines) else None
        if match and match["sign"] in "|>":
            return (number, match.end("sign")), f"text under {match['sign']} starts on the next line, indented"
        if match and match["sign"] in "[{*&!%@`-?":
            return (number, match.start("sign")), f"text that starts with {match['sign']} must be in single quotes"
        if match and match["sign"] in "\"'":
            advice = f"text that holds {match['sign']} must be quoted with the other quote, or put under '>-'"
            return place, advice
    return None
