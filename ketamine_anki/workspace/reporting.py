"""Prints findings to standard output, in the format that fits where it goes, and ends the command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import click

from ketamine_anki import __version__
from ketamine_anki.core import report as formats
from ketamine_anki.core.errors import EXIT_FINDINGS
from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.model import Collection, Finding
from ketamine_anki.core.terminal import counted, use_colour
from ketamine_anki.deckfiles.reader import sorted_findings
from ketamine_anki.rules.checker import manual
from ketamine_anki.workspace.folder import Folder, read_bytes


def readable_collection(folder: Folder) -> Collection:
    """The collection of a folder. If its collection.yaml cannot be read, reports why and exits with 1."""
    if folder.collection is None:
        report(folder.findings)
    assert folder.collection is not None, "a collection that cannot be read has findings"
    return folder.collection


def report(findings: Iterable[Finding], form: str | None = None) -> None:
    """Prints findings in one of FORMATS, by default the one that fits where they go, and exits with 1
    if there are any. JSON and SARIF are printed without findings too.
    """
    listed = sorted_findings(findings)
    form = form or ("text" if sys.stdout.isatty() else "lines")
    if form == "text":
        colour = use_colour()
        for frame in formats.as_frames(listed, cache(_lines_of), colour):
            click.echo(frame, color=colour)
    elif form == "lines":
        for line in formats.as_lines(listed):
            click.echo(line)
    elif form == "github":
        _report_to_github(listed)
    else:
        click.echo(formats.as_json(listed) if form == "json" else formats.as_sarif(listed, manual(), __version__))
    if not listed:
        return
    files = len({finding.position.path for finding in listed})
    hint = f"; `ketamine-anki rules {listed[0].rule}` explains the first" if form == "text" else ""
    click.echo(f"{counted(len(listed), 'finding')} in {counted(files, 'file')}{hint}", err=True)
    raise click.exceptions.Exit(EXIT_FINDINGS)


def _report_to_github(listed: list[Finding]) -> None:
    for annotation in formats.as_annotations(listed):
        click.echo(annotation)
    summary = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if listed and summary:
        with open(summary, "a", encoding="utf-8") as file:
            file.write(formats.as_summary(listed))
    if len(listed) > formats.ANNOTATIONS:
        place = "all are in the summary of the job" if summary else "`ketamine-anki check` shows all"
        click.echo(f"the first {formats.ANNOTATIONS} are annotated, {place}", err=True)


def _lines_of(path: str) -> tuple[str, ...]:
    """The lines of a YAML file as the reader counts them; none of any other file."""
    if not path.endswith((".yaml", ".yml")):
        return ()
    try:
        data = read_bytes(Path(path), MAX_FILE_BYTES)
    except ValueError:
        return ()
    text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
