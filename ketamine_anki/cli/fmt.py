"""`ketamine-anki fmt`: rewrite the YAML files in their one canonical form."""

from __future__ import annotations

from pathlib import Path

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.model import Finding, Position
from ketamine_anki.core.report import FORMATS
from ketamine_anki.core.terminal import counted, echo, with_progress
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.formatter import canonical, difference
from ketamine_anki.workspace.folder import LEDGER, SHAPES, nearest_collection, read_bytes
from ketamine_anki.workspace.output import write_text
from ketamine_anki.workspace.reporting import report


@click.command("fmt")
@click.argument("paths", nargs=-1, type=Path, metavar="[FOLDER | FILE...]")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 when a file is not in form.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Of findings, as in `check`.")
def fmt(paths: tuple[Path, ...], only_check: bool, form: str | None) -> None:
    """Rewrite YAML files in their canonical form: those of FOLDER (default: decks), or some FILEs.

    Keys in one order, text wrapped at 100 columns, quotes only where YAML needs them, a blank line
    between notes. Comments are kept and no card changes. A file with mistakes of syntax or shape is
    left as it is.
    """
    findings: list[Finding] = []
    files = [file for path in paths or (nearest_collection(),) for file in _yaml_files(path)]
    for file in with_progress(files, lambda: len(files), "Formatting"):
        try:
            data = read_bytes(file, MAX_FILE_BYTES)
        except ValueError as error:
            findings.append(Finding(Position(file.as_posix(), 1, 1), "file", str(error)))
            continue
        text, mistakes = canonical(file.as_posix(), data, SHAPES.get(file.name, schema.DECK))
        changes = [] if mistakes else difference(file.as_posix(), data, text)
        findings += mistakes
        if only_check:
            findings += changes
        elif changes:
            write_text(file, text, data)
            echo(file)
    report(findings, form)
    click.echo(f"{counted(len(files), 'file')} in canonical form", err=True)


def _yaml_files(path: Path) -> list[Path]:
    """The YAML files that people edit: all of a folder, or the file itself."""
    if path.is_dir():
        return sorted(file for file in path.iterdir() if _is_yaml(file) and file.name != LEDGER)
    if not path.is_file():
        raise Failure(f"{path}: no such file or folder", EXIT_USAGE)
    if not _is_yaml(path):
        raise Failure(f"{path}: not a YAML file: name one that ends in .yaml", EXIT_USAGE)
    return [] if path.name == LEDGER else [path]


def _is_yaml(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml")
