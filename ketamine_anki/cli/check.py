"""`ketamine-anki check`: find every mistake in a collection; `ketamine-anki rules`: the manual of what it looks for."""

from __future__ import annotations

from pathlib import Path

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.model import Finding
from ketamine_anki.core.report import FORMATS
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.core.terminal import counted
from ketamine_anki.rules.checker import EXCUSABLE, groups, manual
from ketamine_anki.workspace.folder import Folder, collection_folder, nearest_collection
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import report


@click.command("check")
@click.argument("paths", nargs=-1, type=Path, metavar="[FOLDER | FILE...]")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Default: text on a terminal, lines elsewhere.")
def check(paths: tuple[Path, ...], form: str | None) -> None:
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
    path, files = _folder_and_files(paths)
    folder = Folder(path)
    notes = check_notes(folder)
    findings = folder.findings
    if files and folder.collection is not None:
        findings = [finding for finding in findings if _concerns(finding, files)]
    report(findings, form)
    subject = counted(len(files), "file") if files else counted(notes, "note")
    click.echo(f"{subject}, no findings", err=True)


def _folder_and_files(paths: tuple[Path, ...]) -> tuple[Path, tuple[Path, ...]]:
    """The collection's folder, and the files if files were named; all must belong to one collection."""
    if not paths:
        return nearest_collection(), ()
    if len(paths) == 1 and (paths[0].is_dir() or not (paths[0].is_file() or paths[0].suffix in (".yaml", ".yml"))):
        return paths[0], ()
    folders = {collection_folder(path) for path in paths}
    if len(folders) > 1:
        raise Failure(f"files of {len(folders)} collections: check one collection at a time", EXIT_USAGE)
    return folders.pop(), paths


def _concerns(finding: Finding, files: tuple[Path, ...]) -> bool:
    """Whether a finding stands in one of the files, or names a place there, as a duplicate id does."""
    place = Path(finding.position.path)
    return any(place == file or place.absolute() == file.absolute() or f"{file}:" in finding.message for file in files)


@click.command("rules")
@click.argument("rule", default="")
def rules(rule: str) -> None:
    """Print the manual of all rules, of a group of rules, or of RULE, the name in brackets at the end of a finding.

    A note is excused from a wording, cloze or medication rule by `allow: {rule: reason}`.
    """
    chapters, pages = groups(), manual()
    name = rule.strip("[]").lower()
    if name in pages:
        click.echo(_page(name, pages[name]))
        return
    if name and name not in chapters:
        raise Failure(f"no rule or group {rule!r}{did_you_mean(rule, [*pages, *chapters])}", EXIT_USAGE)
    shown = (
        "\n\n".join([f"# {group.capitalize()}", *(_page(name, page) for name, page in chapter.items())])
        for group, chapter in chapters.items()
        if name in ("", group)
    )
    click.echo("\n\n".join(shown))


def _page(name: str, page: str) -> str:
    exception = f"\n\nException: `allow: {{{name}: the reason}}`" if name in EXCUSABLE else ""
    return f"## {name}\n\n{page}{exception}"
