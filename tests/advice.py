"""Does what a finding says, to the letter: a file and a finding -> the file after the edit that it proposes."""

from __future__ import annotations

import re
from collections.abc import Callable

from ketamine_anki.core.model import Finding

Lines = list[str]
_HEAD = re.compile(r"(\s*(?:- +)*(?:[A-Za-z_]+:)?\s*)(.*)")


def follow(text: str, finding: Finding) -> str:
    """Raises LookupError for a message that proposes no edit."""
    lines, line, column = text.split("\n"), finding.position.line - 1, finding.position.column - 1
    for pattern, edit in IN_LINES:
        if match := re.search(pattern, finding.message):
            edit(lines, line, column, match)
            return "\n".join(lines)
    for pattern, edit_line in IN_A_LINE:
        if match := re.search(pattern, finding.message):
            lines[line] = edit_line(lines[line][:column], lines[line][column:], match)
            return "\n".join(lines)
    raise LookupError(finding.message)


def _value(lines: Lines, line: int) -> tuple[int, int]:
    """The lines of the value of which one stands here: up to the key, down while lines are indented deeper."""
    start = line
    while not re.match(r"\s*(?:- +)?[a-z]+:(?:\s|$)|\s*- ", lines[start]):
        start -= 1
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    while end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > indent and ":" not in lines[end][:20]:
        end += 1
    return start, end


def _quote(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    start, end = _value(lines, line)
    head, first = _HEAD.fullmatch(lines[start]).groups()
    quoted = " ".join([first, *(below.strip() for below in lines[start + 1 : end])]).strip()
    quoted = quoted.replace("'", "''") if match[1] else quoted
    lines[start:end] = [f"{head}'{quoted}'"]


def _dash(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    above = next(n for n in range(line - 1, -1, -1) if re.match(r"\s*(?:- |notes:|tags:)", lines[n]))
    beside = [re.match(r"\s*- ", typed) for typed in (lines[above], *lines[line:])]
    dash = next((each[0] for each in beside if each), "  - ") if match[1] != "id" else "  - "
    lines[line] = f"{dash}{lines[line].strip()}"


def _merge(lines: Lines, line: int, column: int, _: re.Match[str]) -> None:
    kept, keep = [], True
    for typed in lines:
        if re.match(r"\s*[<>=|]{7}( |$)", typed):
            keep = typed.strip()[0] in "<>"
        elif keep:
            kept.append(typed)
    lines[:] = kept


def _plain_list(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    lines[line - 1] = re.sub(rf"{match[1]}:.*", f"{match[1]}: |-", lines[line - 1])


def _single(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    start = line if "[" in lines[line] else line - 1
    lines[start : line + 1] = [re.sub(r": *(\[.*)?$", f": {match[1]}", lines[start])]


# Of edits in one line: what stands before the place and from it on, and the match of the message -> the line.


def _move(before: str, after: str, match: re.Match[str]) -> str:
    dash, rest = re.fullmatch(r"\s*(?:(-)\s+(?=\w+:))?(.*)", before + after).groups()
    column = int(match[1]) - 1
    return f"{dash} {rest}".rjust(column + len(rest)) if dash else " " * column + rest


def _fold(before: str, after: str, _: re.Match[str]) -> str:
    head, text = _HEAD.fullmatch(before + after).groups()
    return f"{head}>-\n{' ' * len(head)}{text}"


def _other_quotes(before: str, after: str, match: re.Match[str]) -> str:
    other = "\"'"[match[1] == '"']
    return _HEAD.sub(rf"\g<1>{other}\g<2>{other}", before + after, 1)


def _both_quotes(before: str, after: str, match: re.Match[str]) -> str:
    start, _, quoted = before.rpartition(match[1])
    return f"{start}{match[2]}{quoted}{match[2]}{after[1:]}"


def _write_for(before: str, after: str, match: re.Match[str]) -> str:
    return before + after.replace(match["old"], match["new"], 1)


# What a message proposes, and how it is done; the first that fits.
IN_LINES: tuple[tuple[str, Callable[[Lines, int, int, re.Match[str]], None]], ...] = (
    ("keep one version", _merge),
    (r"the dash of a new item is missing: write '- ' before '([^']*)", _dash),
    ("single quotes(, with '' for each ')?", _quote),
    (r"write '(\w+): \|-' above it", _plain_list),
    (r"not a list: write '(.*)'", _single),
)
IN_A_LINE: tuple[tuple[str, Callable[[str, str, re.Match[str]], str]], ...] = (
    (r"(?:starts? in column|beside it (?:start )?in) (\d+)$", _move),
    (r"(.) and . are shown.*write (.) for both", _both_quotes),
    (r"closes no text .*: write (.) instead", lambda before, after, match: f"{before}{match[1]}{after[1:]}"),
    (r"a colon is missing: write '(?P<new>\w+:)' for '(?P<old>[^']*)'", _write_for),
    (r"full-width characters '(?P<old>.+)': type (?P<new>.+)$", _write_for),
    (r"full-width character .*: type (.)$", lambda before, after, match: f"{before}{match[1]}{after[1:]}"),
    (
        r"write (['\"]) before the text",
        lambda before, after, match: _HEAD.sub(rf"\g<1>{match[1]}\g<2>", before + after, 1),
    ),
    (r"both quotes must be put under '>-'", _fold),
    (r"text that holds (.) must be quoted with the other quote", _other_quotes),
    ("close it", lambda before, after, match: f"{before}{after}{after[0]}"),
    ("type a plain space|a tab: type a space", lambda before, after, match: f"{before} {after[1:]}"),
    ("type a hyphen", lambda before, after, match: f"{before}-{after[1:]}"),
    ("type a colon, and a space", lambda before, after, match: f"{before}: {after[1:]}"),
    ("a space is missing after", lambda before, after, match: f"{before} {after}"),
    (r"did you mean '([^']*)'", lambda before, after, match: before + re.sub(r"^\w+", match[1], after)),
)
