"""Does what a finding says, to the letter: a file and a finding -> the file after the edit that it proposes."""

from __future__ import annotations

import re
from collections.abc import Callable

from ketamine_anki.core.model import Finding

Lines = list[str]
_HEAD = re.compile(r"(\s*(?:- +)*(?:[A-Za-z_]+:)?\s*)(.*)")


def follow(text: str, finding: Finding) -> str:
    """Raises LookupError for a message that proposes no edit."""
    lines = text.split("\n")
    for pattern, edit in EDITS:
        if match := re.search(pattern, finding.message):
            edit(lines, finding.position.line - 1, finding.position.column - 1, match)
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


def _fold(lines: Lines, line: int, column: int, _: re.Match[str]) -> None:
    head, text = _HEAD.fullmatch(lines[line]).groups()
    lines[line : line + 1] = [f"{head}>-", f"{' ' * len(head)}{text}"]


def _close(lines: Lines, line: int, column: int, _: re.Match[str]) -> None:
    lines[line] += lines[line][column]


def _open(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    head, value = _HEAD.fullmatch(lines[line]).groups()
    lines[line] = f"{head}{match[1]}{value}"


def _move(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    typed = lines[line]
    dash, rest = re.fullmatch(r"\s*(?:(-)\s+(?=\w+:))?(.*)", typed).groups()
    lines[line] = f"{dash} {rest}".rjust(int(match[1]) - 1 + len(rest)) if dash else " " * (int(match[1]) - 1) + rest


def _dash(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    above = next(n for n in range(line - 1, -1, -1) if re.match(r"\s*(?:- |notes:|tags:)", lines[n]))
    beside = re.match(r"\s*- ", lines[above]) or re.match(
        r"\s*- ", next((x for x in lines[line:] if re.match(r"  +- ", x)), "")
    )
    if match[1] == "id":
        beside = re.match(r"  - ", "  - ")
    lines[line] = f"{beside[0] if beside else '  - '}{lines[line].strip()}"


def _other_quotes(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    head, text = _HEAD.fullmatch(lines[line]).groups()
    other = "\"'"[match[1] == '"']
    lines[line] = f"{head}{other}{text}{other}"


def _replace(by: str = "") -> Callable[[Lines, int, int, re.Match[str]], None]:
    def edit(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
        lines[line] = lines[line][:column] + (by or match[1]) + lines[line][column + 1 :]

    return edit


def _rename(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    lines[line] = lines[line][:column] + re.sub(r"^\w+", match[1], lines[line][column:])


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


def _plain_quotes(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    typed = lines[line]
    first = typed.rindex(match[1], 0, column)
    lines[line] = f"{typed[:first]}{match[2]}{typed[first + 1 : column]}{match[2]}{typed[column + 1 :]}"


def _write_for(lines: Lines, line: int, column: int, match: re.Match[str]) -> None:
    lines[line] = lines[line][:column] + lines[line][column:].replace(match["old"], match["new"], 1)


# What a message proposes, and how it is done; the first that fits.
EDITS: tuple[tuple[str, Callable[[Lines, int, int, re.Match[str]], None]], ...] = (
    ("keep one version", _merge),
    (r"the dash of a new item is missing: write '- ' before '([^']*)", _dash),
    (r"(?:starts? in column|beside it (?:start )?in) (\d+)$", _move),
    (r"(.) and . are shown.*write (.) for both", _plain_quotes),
    (r"closes no text .*: write (.) instead", _replace()),
    (r"a colon is missing: write '(?P<new>\w+:)' for '(?P<old>[^']*)'", _write_for),
    (r"full-width characters '(?P<old>.+)': type (?P<new>.+)$", _write_for),
    (r"full-width character .*: type (.)$", _replace()),
    (r"write (['\"]) before the text", _open),
    ("single quotes(, with '' for each ')?", _quote),
    (r"both quotes must be put under '>-'", _fold),
    (r"text that holds (.) must be quoted with the other quote", _other_quotes),
    ("close it", _close),
    (r"write '(\w+): \|-' above it", _plain_list),
    (r"not a list: write '(.*)'", _single),
    ("type a plain space|a tab: type a space", _replace(" ")),
    ("type a hyphen", _replace("-")),
    ("type a colon, and a space", _replace(": ")),
    (
        "a space is missing after",
        lambda lines, line, column, _: lines.__setitem__(line, f"{lines[line][:column]} {lines[line][column:]}"),
    ),
    (r"did you mean '([^']*)'", _rename),
)
