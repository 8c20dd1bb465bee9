"""Findings as text: lines, lines with source and carets, JSON, GitHub annotations and summary, SARIF.

Paths and messages may hold text that a stranger wrote. Each format escapes what would steer the terminal, log or web
page that shows it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from ketamine_anki.core.characters import printable
from ketamine_anki.core.escape import annotation, annotation_property, json_text, markdown, sarif, terminal
from ketamine_anki.core.model import Finding, Position
from ketamine_anki.core.terminal import counted

FORMATS = ("text", "lines", "json", "github", "sarif")

Lines = Callable[[str], tuple[str, ...]]  # path of a file -> its lines; none when it cannot be shown

# --- lines and frames -------------------------------------------------------------------------

_FRAME_WIDTH = 100  # columns of a source line in a frame
_PROBLEM_AND_FIX = r"((?:'[^']*'|[^':]|:(?! ))+): (.+)"  # split at the first `: ` outside quotes
_RED, _BLUE, _BOLD, _PLAIN = "\x1b[31m", "\x1b[34m", "\x1b[1m", "\x1b[0m"


def as_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """`path:line:column: message [rule]`, one line each."""
    for finding in findings:
        yield _line(finding, finding.message)


def _line(finding: Finding, message: str) -> str:
    path, line, column = finding.position
    return terminal(f"{path}:{line}:{column}: {message} [{finding.rule}]")


def as_frames(findings: Iterable[Finding], lines: Lines, colour: bool = False) -> Iterator[str]:
    """Each finding with its line of the file, carets under the place and the likely fix beside them:

    decks/01-first.yaml:4:5: unknown key 'anwser' [unknown-key]
      |
    4 |     anwser: Carbon dioxide
      |     ^^^^^^ did you mean 'answer'?
    """
    for finding in findings:
        yield _frame(finding, lines(finding.position.path), colour)


def _frame(finding: Finding, lines: tuple[str, ...], colour: bool) -> str:
    def paint(style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if colour and text else text

    _, number, column = finding.position
    if not 0 < number <= len(lines):
        return paint(_BOLD, _line(finding, finding.message)) + "\n"
    split = re.fullmatch(_PROBLEM_AND_FIX, finding.message, re.DOTALL)
    problem, fix = split.groups() if split else (finding.message, "")
    before, marked, after = _crop(lines[number - 1], column - 1, _marked_length(finding, lines[number - 1]))
    carets = "^" * max(1, width(marked))
    label = terminal(f"{carets} {fix}") if fix else carets
    gutter = " " * len(str(number))
    bar = paint(_BLUE, "|")
    return (
        f"{paint(_BOLD, _line(finding, problem))}\n"
        f"{gutter} {bar}\n"
        f"{paint(_BLUE, str(number))} {bar} {before}{marked}{after}\n"
        f"{gutter} {bar} {' ' * width(before)}{paint(_RED, label)}\n"
    )


def _marked_length(finding: Finding, line: str) -> int:
    """How many characters to mark: the text that the message quotes, if the line has it at the position."""
    start = finding.position.column - 1
    quoted = re.findall(r"'([^']+)'", finding.message)
    return next((len(text) for text in quoted if line.startswith(text, start)), 1)


def _crop(line: str, start: int, length: int) -> tuple[str, str, str]:
    """The line before, at and after the position, escaped, and cut to fit a terminal."""
    first = max(0, start - _FRAME_WIDTH // 2) if len(line) > _FRAME_WIDTH else 0
    last = min(len(line), first + _FRAME_WIDTH)
    end = min(start + length, last)
    parts = [printable(part.replace("\t", " ")) for part in (line[first:start], line[start:end], line[end:last])]
    for n in (1, 2):
        if "##[" in "".join(parts[: n + 1]):  # a command of GitHub's runner, parted before it was escaped
            parts[n] = parts[n].replace("[", "\\x5b", 1)
    before, marked, after = parts
    return ("…" if first else "") + before, marked, after + ("…" if last < len(line) else "")


def width(text: str) -> int:
    """Columns of a terminal that a text takes: none for a combining character, two for a wide one.

    Source: Unicode UAX 11; categories Mn, Me and Cf take no column.
    """
    if text.isascii():
        return len(text)
    columns = 0
    for character in text:
        if unicodedata.category(character) not in ("Mn", "Me", "Cf"):
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


# --- JSON -------------------------------------------------------------------------------------


def as_json(findings: Iterable[Finding]) -> str:
    """A list of {path, line, column, rule, message}; lines and columns from 1, in code points."""
    return json_text(
        [{**finding.position._asdict(), "rule": finding.rule, "message": finding.message} for finding in findings]
    )


# --- GitHub -----------------------------------------------------------------------------------

# GitHub shows 10 errors of a step, drops the rest without a word, and takes at most 1 MiB of summary.
# Source: GitHub's documentation of annotations and of job summaries.
ANNOTATIONS = 10
_SUMMARY_ROWS = 1_000
_SUMMARY_TEXT = 300


def as_annotations(findings: Iterable[Finding]) -> Iterator[str]:
    """Workflow commands that put the first findings beside their lines, as many as GitHub shows."""
    for (path, line, column), rule, message in islice(findings, ANNOTATIONS):
        head = f"file={annotation_property(path)},line={line},col={column},title={annotation_property(rule)}"
        yield f"::error {head}::{annotation(message)}"


def as_summary(findings: Iterable[Finding]) -> str:
    """All findings as a Markdown table for the summary of a job."""
    listed = list(findings)
    rows = [f"### {counted(len(listed), 'finding')}", "", "| Place | Finding | Rule |", "| --- | --- | --- |"]
    for (path, line, column), rule, message in listed[:_SUMMARY_ROWS]:
        rows.append(f"| {_cell(f'{path}:{line}:{column}')} | {_cell(message)} | {_cell(rule)} |")
    if len(listed) > _SUMMARY_ROWS:
        rows.append(f"\n{len(listed) - _SUMMARY_ROWS:,} more: run `ketamine-anki check`.")
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    short = text if len(text) <= _SUMMARY_TEXT else text[: _SUMMARY_TEXT - 1] + "…"
    return markdown(short)


# --- SARIF ------------------------------------------------------------------------------------


def as_sarif(findings: Iterable[Finding], manual: Mapping[str, str], version: str) -> str:
    """A SARIF 2.1.0 log; `manual` has each rule's page in Markdown, by rule id."""
    listed = list(findings)
    rules = [*manual, *sorted({finding.rule for finding in listed} - set(manual))]
    index = {rule: number for number, rule in enumerate(rules)}
    driver = {
        "name": "ketamine-anki",
        "version": version,
        "rules": [_sarif_rule(rule, manual.get(rule, "")) for rule in rules],
    }
    results = [
        {
            "ruleId": finding.rule,
            "ruleIndex": index[finding.rule],
            "level": "error",
            "message": {"text": sarif(finding.message)},
            "locations": [{"physicalLocation": _sarif_location(finding.position)}],
        }
        for finding in listed
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json_text({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _sarif_rule(name: str, page: str) -> dict[str, Any]:
    summary = page.split("\n\n")[0].replace("\n", " ") or name
    return {"id": name, "shortDescription": {"text": summary}, "help": {"text": page or name, "markdown": page or name}}


def _sarif_location(position: Position) -> dict[str, Any]:
    from urllib.parse import quote  # loaded only for SARIF

    path, line, column = position
    address = quote(os.fsencode(path))  # a file name need not be text in any encoding
    artifact = {"uri": f"file://{address}"} if path.startswith("/") else {"uri": address, "uriBaseId": "%SRCROOT%"}
    return {"artifactLocation": artifact, "region": {"startLine": line, "startColumn": column}}
