"""`ketamine-anki check`: find every mistake in a collection."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import click

from ketamine_anki import __version__
from ketamine_anki.cli import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.cli.folder import COLLECTION, Folder, read_bytes
from ketamine_anki.cli.progress import shown
from ketamine_anki.limits import MAX_FILE_BYTES
from ketamine_anki.model import Finding
from ketamine_anki.reader import sorted_findings
from ketamine_anki.report import (
    ANNOTATIONS,
    FORMATS,
    as_annotations,
    as_frames,
    as_json,
    as_lines,
    as_sarif,
    as_summary,
)
from ketamine_anki.rules import Check, manual
from ketamine_anki.rules.rule import View


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[FOLDER | FILE...]")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Default: text on a terminal, lines elsewhere.")
def command(paths: tuple[str, ...], form: str | None) -> None:
    """Find every mistake in the collection in FOLDER (default: decks), or in some FILEs of one.

    Files are checked in the context of their whole collection; what is wrong elsewhere is not shown.

    \b
    text    each finding with its line, a mark under the place and the likely fix
    lines   path:line:column: message [rule]
    json    a list of {path, line, column, rule, message}
    github  annotations of a pull request, and a table in the summary of the job
    sarif   SARIF 2.1.0, for code scanning

    Exits with 1 if there is any finding. `ketamine-anki rules RULE` explains one.
    """
    folder, files = _asked(paths)
    read = Folder(folder)
    notes = walk(read, lambda view, number, index: None)
    findings = read.findings
    if files and read.collection is not None:
        findings = [finding for finding in findings if _concerns(finding, files)]
    report(findings, form)
    what = counted(len(files), "file") if files else counted(notes, "note")
    click.echo(f"{what}, no findings", err=True)


def _asked(paths: tuple[str, ...]) -> tuple[str, list[Path]]:
    """The collection's folder and, when files were named, these; all must be of one collection."""
    named_file = any(Path(path).is_file() or path.endswith((".yaml", ".yml")) for path in paths)
    if len(paths) <= 1 and (not named_file or Path(paths[0]).is_dir()):
        return (paths[0] if paths else "decks"), []
    folders = {collection_of(Path(path)) for path in paths}
    if len(folders) > 1:
        raise Failure(f"files of {len(folders)} collections: check one collection at a time", EXIT_USAGE)
    return str(folders.pop()), [Path(path) for path in paths]


def collection_of(file: Path) -> Path:
    """The folder of the collection that a file belongs to: the nearest above it with collection.yaml."""
    if not file.is_file():
        raise Failure(f"{file}: no such file", EXIT_USAGE)
    for folder in file.parents:
        if (folder / COLLECTION).is_file():
            return folder
    if not file.is_absolute():
        return collection_of(file.absolute())
    raise Failure(f"{file}: no {COLLECTION} in its folder or above: it belongs to no collection", EXIT_USAGE)


def _concerns(finding: Finding, files: list[Path]) -> bool:
    """Whether a finding stands in one of the files, or names a place there, as a duplicate id does."""
    place = Path(finding.position.path)
    return any(place == file or place.absolute() == file.absolute() or f"{file}:" in finding.message for file in files)


def walk(folder: Folder, visit: Callable[[View, int, int], None]) -> int:
    """Reads and checks every note once; calls `visit` with each note that has no finding, the number
    of its subdeck and its place there. Findings gather in `folder.findings`. Returns the number of notes.
    """
    was = gc.isenabled()
    gc.disable()  # the many small values of a walk hold no cycles: looking for some takes a third of its time
    try:
        return _walk(folder, visit)
    finally:
        if was:
            gc.enable()


def _walk(folder: Folder, visit: Callable[[View, int, int], None]) -> int:
    collection = folder.collection
    if collection is None:
        for _ in folder.decks():  # for the mistakes that need no collection to be seen
            pass
        return 0
    check = Check(collection)
    notes = 0
    for deck in shown(folder.decks(), lambda: len(folder.deck_files), "Reading decks"):
        folder.add(check.deck(deck))
        number = collection.decks.index(deck.name) + 1 if deck.name in collection.decks else 0
        for index, note in enumerate(deck.notes):
            view = View(note, collection)
            findings = check.note(view)
            folder.add(findings)
            notes += 1
            if number and not findings and not folder.findings:
                visit(view, number, index)
            if folder.full:
                return notes
    if folder.complete:  # who has not read every note cannot say what is missing or unused
        folder.add(check.finish())
    return notes


def report(findings: Iterable[Finding], form: str | None = None) -> None:
    """Prints findings in one of FORMATS, by default the one that fits where they go, and exits with 1
    if there are any. JSON and SARIF are printed without findings too.
    """
    listed = sorted_findings(findings)
    form = form or ("text" if sys.stdout.isatty() else "lines")
    if form == "text":
        colour = colourful(sys.stdout.isatty())
        for frame in as_frames(listed, cache(lines_of), colour):
            click.echo(frame, color=colour)
    elif form == "lines":
        for line in as_lines(listed):
            click.echo(line)
    elif form == "github":
        _report_to_github(listed)
    else:
        click.echo(as_json(listed) if form == "json" else as_sarif(listed, manual(), __version__))
    if not listed:
        return
    files = len({finding.position.path for finding in listed})
    explained = f"; `ketamine-anki rules {listed[0].rule}` explains the first" if form == "text" else ""
    click.echo(f"{counted(len(listed), 'finding')} in {counted(files, 'file')}{explained}", err=True)
    raise click.exceptions.Exit(EXIT_FINDINGS)


def counted(number: int, what: str) -> str:
    """`1 note`, `2 notes`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _report_to_github(listed: list[Finding]) -> None:
    for annotation in as_annotations(listed):
        click.echo(annotation)
    summary = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if listed and summary:
        with open(summary, "a", encoding="utf-8") as file:
            file.write(as_summary(listed))
    if len(listed) > ANNOTATIONS:
        where = "all are in the summary of the job" if summary else "`ketamine-anki check` shows all"
        click.echo(f"the first {ANNOTATIONS} are annotated, {where}", err=True)


def colourful(terminal: bool) -> bool:
    """Whether to colour: as NO_COLOR (no-color.org) and FORCE_COLOR say, else on a terminal that can."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


def lines_of(path: str) -> tuple[str, ...]:
    """The lines of a YAML file as the reader counts them; none of anything else."""
    if not path.endswith((".yaml", ".yml")):
        return ()
    try:
        data = read_bytes(Path(path), MAX_FILE_BYTES)
    except ValueError:
        return ()
    text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
