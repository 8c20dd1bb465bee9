"""Explains broken YAML: what libyaml reports -> a finding in a contributor's words, at the place to correct."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from ketamine_anki.core import characters
from ketamine_anki.core.limits import MAX_DEPTH
from ketamine_anki.deckfiles import schema

Place = tuple[int, int]  # line and column from 0
Advice = tuple[int, int, str, str]  # line and column from 0, rule, message
Lines = tuple[str, ...]

_KEY = r"\s*(?:- +)*[A-Za-z_]+:(?:\s|$)"
_KEY_LINE = r"[ \t]*(?P<dash>-[ \t]+)*(?P<key>[A-Za-z_]+):(?:[ \t]+(?P<value>[^#\s].*)?|$)"
_VALUE = r"\s*(?:- +)*(?:[A-Za-z_]+:\s+)?"
_OPENING = _VALUE + r"(?P<sign>[\[{}\],*&!|>%@`\"']|(?<=: )[-?](?=\s|$))"
_CUT_OFF = _VALUE + r"[^\s#'\"|>\[{].*?\s(?P<sign>#)"
_NOTHING = r"\s*(?:#|$)"
_MERGE = r"[ \t]*(?:<{7}|>{7}|\|{7})(?: |$)|={7}$"  # as git leaves them in a file, or somebody indented them
MERGE = (
    "a merge that git could not finish: keep one version, and delete the lines <<<<<<<, |||||||, ======= and >>>>>>>"
)
# What looks like a space, a hyphen or a colon and is none for YAML.
_LOOK_ALIKE = (
    (r"[ \t]*(?:- +)*(?:[A-Za-z_]+:)?[ \t]*(?P<sign>[^\S \t])", "type a plain space"),
    (r" *(?P<sign>[\u2010-\u2015\u2212\u2022\uff0d])\s", "type a hyphen, -"),
    (r" *(?:- +)*[A-Za-z_]+(?P<sign>[\uff1a\ufe55])", "type a colon, and a space after it"),
)
_JOINED = r" *(?:- +)*(?P<sign>-(?=[A-Za-z_]+: )|[A-Za-z_]+:(?=[^\s:/]))"
_NO_COLON = r" *(?:- +)?(?P<typed>(?P<key>[A-Za-z_]+)(?: *[=;])?)(?= |$)"
QUOTE = "put the text in single quotes"
QUOTES = "'\"\u201c\u201d\u2018\u2019"  # that may end a text
_DOUBLE = "\u201c\u201d\u201e"


def explain(lines: Lines, error: Any, quoted: Any) -> Advice:
    """The finding on broken YAML, at the place where the contributor has to correct it.

    `error` is libyaml's, `quoted` the last quoted scalar that was read before, or None.
    """
    mark = error.problem_mark or error.context_mark
    if _line(lines, mark.line).startswith("%") and not any(
        re.match(r"\s*[^\s#%]", line) for line in lines[: mark.line]
    ):
        return mark.line, 0, "yaml-feature", "directive: delete the line that starts with %"
    if "maximum nesting depth" in (error.problem or ""):  # libyaml from 0.2.6 on counts itself, far above our limit
        return mark.line, mark.column, "limit", f"nested more than {MAX_DEPTH} deep"
    place, hint = _correction(lines, error, quoted, mark)
    rule, hint = ("comment-cut", hint) if hint == _CUT else ("syntax", f"not YAML: {hint}")
    last = len(lines) - 1  # libyaml counts a line after the last one
    return *min(place, (last, len(lines[last]))), rule, hint


_CUT = f"' #' cuts the text off here: {QUOTE}"


def _correction(lines: Lines, error: Any, quoted: Any, mark: Any) -> tuple[Place, str]:
    """What to correct in broken YAML, and where; `mark` is the place where reading ended."""
    problem, line, column = error.problem or error.context or "", mark.line, mark.column
    place, typed = (line, column), _line(lines, line)
    context = error.context_mark or mark
    began = context.line, context.column  # what could not be read to its end
    swallowed = lines[quoted.start_mark.line + 1 : quoted.end_mark.line + 1] if quoted else ()
    is_swallowing = any(re.match(_KEY, below) for below in swallowed)
    ended = any(above.rstrip() == "..." for above in lines[:line])
    if not is_swallowing and not ended and (found := next(_structural(lines, line, began[0]), None)):
        return found
    if error.context == "while parsing a quoted scalar" and "\\" in typed[: column + 1]:
        place = (line, typed.rfind("\\", 0, column + 1))
        return place, f"'{typed[place[1] :][:2]}' in double quotes: put text with backslashes in single quotes"
    if is_swallowing or "unexpected end of stream" in problem:
        return _unclosed(lines, (quoted.start_mark.line, quoted.start_mark.column) if is_swallowing else began)
    if "mapping values are not allowed" in problem:
        if wrong := half_quoted(re.sub(_VALUE, "", typed, count=1).rstrip()):
            return (line, len(typed.rstrip()) - 1), wrong
        return place, f"': ' inside unquoted text: {QUOTE}"
    if "\t" in typed[: column + 1]:
        return place, "a tab: type a space"
    if "cannot start any token" in problem:
        if found_text := text_place(lines, line):
            return found_text, f"text that starts with {typed[found_text[1]]} must be in single quotes"
        return place, f"text must not start with {typed[column : column + 1]!r}: {QUOTE}"
    if "expected <document start>" in problem:
        return place, "text after the end of what stands above: wrong indent, or a second document"
    if "did not find expected ',' or" in problem:
        return began, "a bracket that is never closed, or text that must be in single quotes"
    for number in (line, line - 1):
        if match := re.match(_CUT_OFF, _line(lines, number)):
            return (number, match.start("sign")), _CUT
    if "could not find expected ':'" in problem:
        return began, "a line without 'key:': indent it to continue the text above, or put the text under '>-'"
    return _opening(lines, place) or (place, "wrong indent: keys of one note start in the same column")


def _line(lines: Lines, number: int) -> str:
    return lines[number] if 0 <= number < len(lines) else ""


def half_quoted(text: str) -> str:
    """What is wrong with a text that, unquoted, ends with a quote that has no other or stands between typographic ones,
    or "". `5'` and `students'` end with none, and `“a” or “b”` stands between none.
    """
    first, last = text[:1], text[-1:]
    if not last or last not in QUOTES:
        return ""
    others = _DOUBLE if first in _DOUBLE else first  # ’ is an apostrophe, too
    if first in _DOUBLE + "\u2018\u2019\u201a" and not any(sign in text[1:-1] for sign in others):
        plain = '"' if "'" in text[1:-1] else "'"
        shown = f"{first} and {last} are shown, they are no quotes of YAML"
        return f"{shown}: write {plain} for both; to show them, put all in single quotes"
    if last in "'\"" and text.count(last) == 1 and not re.search(r"(?:\d|s')['\"]?$", text):
        return f"{last} at the end, and none at the start: write {last} before the text, too"
    return ""


def _unclosed(lines: Lines, place: Place) -> tuple[Place, str]:
    """Place and advice for a quote or bracket that is never closed; another quote may have been meant to."""
    number, column = place
    sign = lines[number][column]
    end = r"\s*[,\]]|\s*$" if re.match(r"\s*(?:- +)*[A-Za-z_]+:\s+\[", lines[number]) else r"\s*$"
    while _line(lines, number + 1).strip() and not re.match(rf"{_KEY}|\s*- ", lines[number + 1]):
        number, column = number + 1, -1
    others = QUOTES.replace(sign, "")
    match = re.compile(rf"[{others}](?={end})").search(lines[number], column + 1)
    if sign in "'\"" and match:
        return (number, match.start()), f"{match[0]} closes no text that starts with {sign}: write {sign} instead"
    return place, "a quote or bracket that is never closed: close it"


def text_place(lines: Lines, number: int) -> Place | None:
    """(line, column) of a text that starts with a character which YAML reserves; None if the line has none."""
    match = re.match(_KEY_LINE, _line(lines, number))
    is_text = match and (match["value"] or "").startswith(("[", "{", "*", "&", "!")) and _known_keys().get(match["key"])
    return (number, match.start("value")) if match and is_text else None


def with_doubled_quotes(message: str, lines: Lines, number: int) -> str:
    """A message that tells to put the text on a line in single quotes, and what to do with those that it holds."""
    if "single quotes" not in message:
        return message
    start = end = number
    while start and not re.match(_KEY, lines[start]):
        start -= 1
    while end + 1 < len(lines) and not re.match(_KEY, lines[end + 1]):
        end += 1
    doubled = ", with '' for each ' in the text" if "'" in "".join(lines[start : end + 1]) else ""
    return message.replace("single quotes", f"single quotes{doubled}", 1)


def explain_key(lines: Lines, mark: Any) -> Advice:
    """The finding on a list or mapping that stands where a key belongs; most often a text that starts with a cloze
    deletion.
    """
    line, column = mark.line, mark.column
    if lines[line][:column].endswith("{"):
        message = "not YAML: text that starts with {{ must be in single quotes, or put under '>-'"
        return line, column - 1, "syntax", message
    return line, column, "shape", "a key must be one word: quote text that starts with [ or {"


def merge_marker(lines: Lines) -> int | None:
    """The first line that git left to mark a conflict; an indented one in a block of code is an example."""
    in_code = False
    for number, line in enumerate(lines):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif re.match(_MERGE, line) and not (in_code and line.startswith(" ")):
            return number
    return None


_NOWHERE = 1 << 30
_LISTS = ("notes", "sections", "paragraphs", "claims", "references")  # of records, each with a dash
LOST_DASH = "the dash of a new item is missing: write '- ' before {!r}"


@cache
def _known_keys() -> dict[str, bool]:
    """The keys of all records of the schema, and whether words stand under them."""
    known: dict[str, bool] = {}
    waiting: list[Any] = [schema.DECK, schema.COLLECTION, schema.SOURCE, schema.REFERENCES]
    while waiting:
        shape = waiting.pop()
        if isinstance(shape, schema.Record):
            for key, value in shape.keys.items():
                known[key] = known.get(key, False) or (isinstance(value, schema.Text) and value.prose)
            waiting += shape.keys.values()
        elif isinstance(shape, schema.List):
            waiting.append(shape.item)
        elif isinstance(shape, schema.Either):
            waiting += (shape.having, shape.otherwise)
    return known


def _structural(lines: Lines, line: int, context: int) -> Iterator[tuple[Place, str]]:
    """Places and advice for what parts notes, keys and items and is missing, too much, or something else that looks
    alike; in the note in which reading ended, at or above the line where it did.
    """
    for number in (context, line - 1, line):
        if found := misread_mark(lines, number):
            yield found
    yield from _misplaced(lines, line)
    for number in (line, line - 1):
        if re.match(r"[ ]*\t", typed := _line(lines, number)):
            near = [near for near in _beside(lines, number) if "\t" not in near]
            default = _indent(near[0]) + 2 if near else 0
            column = next((_indent(one) for one in near if not re.match(_KEY, one)), default)
            yield (number, typed.index("\t")), f"a tab: type spaces, so that this starts in column {column + 1}"


def misread_mark(lines: Lines, number: int) -> tuple[Place, str] | None:
    """Place and advice for a line whose space, colon or dash is another character, or is missing."""
    typed = _line(lines, number)
    for pattern, instead in _LOOK_ALIKE:
        if match := re.match(pattern, typed):
            return (number, match.start("sign")), f"{characters.name(match['sign'])}: {instead}"
    if match := re.match(_JOINED, typed):
        return (number, match.end("sign")), f"a space is missing after {match['sign']!r}"
    beside = _beside(lines, number)
    keys = [match.start("key") for near in beside if (match := re.match(_KEY_LINE, near))]
    if (match := re.match(_NO_COLON, typed)) and match["key"].lower() in _known_keys() and match.start("key") in keys:
        key = f"{match['key'].lower()}:"
        return (number, match.start("key")), f"a colon is missing: write {key!r} for {match['typed']!r}"
    column = _indent(typed)
    if not any(re.match(r" *- ", near) and _indent(near) in (column, column - 2) for near in beside):
        return None
    if match := re.match(r" *-(?=[^\s-]|(?P<tab>\t))", typed):
        return (number, match.end()), "a tab: type a space" if match["tab"] else "a space is missing after '-'"
    return None if re.match(rf" *- |{_KEY}|{_NOTHING}", typed) else ((number, column), LOST_DASH.format(typed.strip()))


def _beside(lines: Lines, number: int) -> list[str]:
    """The lines above and below, without empty ones."""
    return [near for near in (_line(lines, number - 1), _line(lines, number + 1)) if near.strip()]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _misplaced(lines: Lines, line: int) -> Iterator[tuple[Place, str]]:
    """A key without its dash, or in another column than the keys beside it."""
    keys = [(n, match) for n, typed in enumerate(lines) if (match := re.match(_KEY_LINE, typed))]
    keys = [(n, match) for n, match in keys if match["key"] in _known_keys()]
    for (_, outer), (number, match) in pairwise(keys):
        is_inside = outer["key"] in _LISTS and not outer["value"] and match.start("key") > outer.start("key")
        if is_inside and not match["dash"] and number <= line:
            yield (number, match.start("key")), LOST_DASH.format(match["key"])
    # What starts on the line itself may begin badly, or what stands before it did not end well.
    starts = [n for n, (number, match) in enumerate(keys) if match["dash"] and number < line]
    first = starts[-1] if starts else 0
    around = keys[first:]
    end = next((n for n, (number, match) in enumerate(around[1:], 1) if match["dash"] and number > line), len(around))
    around = around[:end]
    columns = [match.start("key") for _, match in around] if around and around[0][1]["dash"] else [0]
    usual = Counter(columns).most_common(1)[0][0]
    own = {match["key"] for _, match in around if match.start("key") == usual}
    inside, inner, above = _NOWHERE, 0, ""  # where the text or mapping under a key starts, keys in it start; last key
    for at, (number, match) in enumerate(around):
        key, column = match["key"], match.start("key")
        if at and not match["dash"] and starts and key == around[0][1]["key"]:
            yield (number, column), LOST_DASH.format(key)
        if tab := re.match(r" *\t", match[0]):
            target = usual + 2 if inside != _NOWHERE and key in own else usual
            yield (number, tab.end() - 1), f"a tab: type spaces, so that {key!r} starts in column {target + 1}"
        if inner and inner != column == usual + 2 and around[at - 1][1].start("key") == inner:
            yield (around[at - 1][0], inner), _indented(above, inner, column)
        if column != usual and (column < inside or (inner and column != inner)):
            usual = inner if inner and (key in own or column > inner) else usual
            yield (number, column), _indented(key, column, usual)
        if column == usual:
            below = next(filter(str.strip, lines[number + 1 :]), "")
            is_open = (match["value"] or "|")[0] in "|>" and not re.match(rf"\s*- (?!{_KEY})", below)
            inside = max(_indent(below), usual + 1) if is_open else _NOWHERE
            inner = inside if is_open and match["value"] is None else 0
        above = key


def _indented(key: str, column: int, usual: int) -> str:
    return f"wrong indent: {key!r} starts in column {column + 1}, the keys beside it in {usual + 1}"


def outside(lines: Lines, name: Any, label: str) -> str:
    """What to do with a key of the note that is indented like those of a record in it; "" for others."""
    if label not in schema.QUESTION_NOTE.keys or name.value not in schema.QUESTION_NOTE.keys:
        return ""
    above = (re.match(rf"\s*(?:- )?(?={label}:)", line) for line in lines[name.start_mark.line :: -1])
    column = next((match.end() for match in above if match), 0)
    return f"wrong indent: {name.value!r} is no key of {label}: move it, so that it starts in column {column + 1}"


def swallowed(lines: Lines, record: Any, keys: Iterable[str]) -> tuple[Place, str] | None:
    """Place and advice for the line of one of some keys that a text in a record has swallowed, by its indent, or that
    stands just below the record.
    """
    start, end = record.start_mark, record.end_mark
    after = end.line + (end.column > 0 and not record.is_flow)  # a text under | or > ends on the line below itself
    after = next((n for n in range(after, len(lines)) if not re.match(_NOTHING, lines[n])), after)
    for number, line in enumerate(lines[start.line + 1 : after + 1], start.line + 1):
        if (match := re.match(r"\s+(?=(\w+):(?:\s|$))", line)) and match[1] in keys:
            beside = f"the keys beside it start in {start.column + 1}"
            return (number, match.end()), f"wrong indent: {match[1]!r} belongs to the text above, {beside}"
    return None


def as_list(node: Any) -> str:
    """How a text, or names in braces, is written as a list: `– Leaves, Pores` as `[Leaves, Pores]`."""
    entries = getattr(node, "entries", [(node, None)])
    is_plain = all(value is None or getattr(value, "value", "x") == "" for _, value in entries)
    text = ", ".join(name.value for name, _ in entries)
    text = text.lstrip("([{ -\u2010\u2011\u2012\u2013\u2014\u2212\u2022").rstrip(")]} ")
    is_short = len(text) < 60 and node.start_mark.line == node.end_mark.line
    return f"[{text}]" if is_plain and is_short else "one '- ' per line"


# What was meant by a sign that starts no item of a list.
_IN_LISTS = {
    "[": "a comma too many, or text that must be in single quotes",
    "-": "a list starts on the line below, or is written as [one, two]",
    "*": "an item of a list starts with a hyphen, -",
}


def _opening(lines: Lines, place: Place) -> tuple[Place, str] | None:
    """Place and advice for text that starts with a character that YAML reads as its own."""
    for number in (place[0], place[0] - 1):
        typed = _line(lines, number)
        match = re.match(_OPENING, typed)
        if match is None:
            continue
        sign, start = match["sign"], (number, match.start("sign"))
        key = re.match(_KEY_LINE, typed)
        is_list = not _known_keys().get(key["key"], True) if key else sign == "*"
        if is_list and sign in _IN_LISTS:
            return start, _IN_LISTS[sign]
        if sign in "|>":
            instead = "in single quotes, or start on the next line, indented, if the sign is not to be seen"
            return start, f"text that starts with {sign} must be {instead}"
        if sign not in "\"'":
            return start, f"text that starts with {sign} must be in single quotes"
        if "'" in typed and '"' in typed:
            return place, "text that holds both quotes must be put under '>-'"
        return place, f"text that holds {sign} must be quoted with the other quote, or put under '>-'"
    return None
