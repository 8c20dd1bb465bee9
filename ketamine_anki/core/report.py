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

from ketamine_anki.core.characters import printable
from ketamine_anki.core.escape import annotation, annotation_property, json_text, markdown, sarif, terminal
from ketamine_anki.core.model import Finding
from ketamine_anki.core.terminal import counted

FORMATS = ("text", "lines", "json", "github", "sarif")

Lines = Callable[[str], tuple[str, ...]]  # path of a file -> its lines; none when it cannot be shown

# --- lines and frames -------------------------------------------------------------------------

_FRAME_WIDTH = 100  # columns of a source line in a frame
_PROBLEM_AND_FIX = r"((?:'[^']*'|[^':]|:(?! ))+): (.+)"  # split at the first `: ` outside quotes


def as_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """`path:line:column: message [rule]`, one line each."""
    for (path, line, column), rule, message in findings:
        yield terminal(f"{path}:{line}:{column}: {message} [{rule}]")


def as_frames(findings: Iterable[Finding], lines: Lines, colour: bool = False) -> Iterator[str]:
    """Each finding with its line of the file, carets under the place and the likely fix beside them:

    decks/01-first.yaml:4:5: unknown key 'anwser' [unknown-key]
      |
    4 |     anwser: Carbon dioxide
      |     ^^^^^^ did you mean 'answer'?
    """
    red, blue, bold, plain = ("\x1b[31m", "\x1b[34m", "\x1b[1m", "\x1b[0m") if colour else ("", "", "", "")
    for finding in findings:
        (path, number, column), _, message = finding
        of_file = lines(path)
        has_line = 0 < number <= len(of_file)
        split = re.fullmatch(_PROBLEM_AND_FIX, message, re.DOTALL) if has_line else None
        problem, fix = split.groups() if split else (message, "")
        (head,) = as_lines([finding._replace(message=problem)])
        frame = f"{bold}{head}{plain}\n"
        if has_line:
            # The text that the message quotes is marked, if the line has it at the position.
            line, quoted = of_file[number - 1], re.findall(r"'([^']+)'", message)
            length = next((len(text) for text in quoted if line.startswith(text, column - 1)), 1)
            before, marked, after = _crop(line, column - 1, length)
            label = terminal(f"{'^' * max(1, width(marked))} {fix}".rstrip())
            gutter, bar = " " * len(str(number)), f"{blue}|{plain}"
            frame += (
                f"{gutter} {bar}\n{blue}{number}{plain} {bar} {before}{marked}{after}\n"
                f"{gutter} {bar} {' ' * width(before)}{red}{label}{plain}\n"
            )
        yield frame


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
    shown = [c for c in text if unicodedata.category(c) not in ("Mn", "Me", "Cf")]
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in shown)


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
        cells = (
            text[:_SUMMARY_TEXT] + "…" * (len(text) > _SUMMARY_TEXT)
            for text in (f"{path}:{line}:{column}", message, rule)
        )
        rows.append(f"| {' | '.join(map(markdown, cells))} |")
    if len(listed) > _SUMMARY_ROWS:
        rows.append(f"\n{len(listed) - _SUMMARY_ROWS:,} more: run `ketamine-anki check`.")
    return "\n".join(rows) + "\n"


# --- SARIF ------------------------------------------------------------------------------------


def as_sarif(findings: Iterable[Finding], manual: Mapping[str, str], version: str) -> str:
    """A SARIF 2.1.0 log; `manual` has each rule's page in Markdown, by rule id."""
    from urllib.parse import quote  # loaded only for SARIF

    listed = list(findings)
    pages = dict(manual) | {finding.rule: finding.rule for finding in listed if finding.rule not in manual}
    ids = list(pages)
    rules = []
    for rule, page in pages.items():
        summary = {"text": page.split("\n\n")[0].replace("\n", " ")}
        rules.append({"id": rule, "shortDescription": summary, "help": {"text": page, "markdown": page}})
    results = []
    for (path, line, column), rule, message in listed:
        address = quote(os.fsencode(path))  # a file name need not be text in any encoding
        artifact = {"uri": f"file://{address}"} if path.startswith("/") else {"uri": address, "uriBaseId": "%SRCROOT%"}
        location = {"artifactLocation": artifact, "region": {"startLine": line, "startColumn": column}}
        result = {"ruleId": rule, "ruleIndex": ids.index(rule), "level": "error"}
        result |= {"message": {"text": sarif(message)}, "locations": [{"physicalLocation": location}]}
        results.append(result)
    tool = {"driver": {"name": "ketamine-anki", "version": version, "rules": rules}}
    run = {"tool": tool, "columnKind": "unicodeCodePoints", "results": results}
    return json_text({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})
