"""`ketamine-anki check`: find every mistake in a collection."""

from __future__ import annotations

from pathlib import Path

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.model import Finding
from ketamine_anki.core.report import FORMATS
from ketamine_anki.core.terminal import counted
from ketamine_anki.workspace.folder import Folder, collection_of
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import report


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
    notes = check_notes(read, lambda view, number, index: None)
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


def _concerns(finding: Finding, files: list[Path]) -> bool:
    """Whether a finding stands in one of the files, or names a place there, as a duplicate id does."""
    place = Path(finding.position.path)
    return any(place == file or place.absolute() == file.absolute() or f"{file}:" in finding.message for file in files)
