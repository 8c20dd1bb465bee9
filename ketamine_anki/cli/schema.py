"""`ketamine-anki schema`: JSON Schemas of the YAML files, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ketamine_anki.core.errors import EXIT_FINDINGS, Failure
from ketamine_anki.core.terminal import echo
from ketamine_anki.workspace.folder import Folder, read_bytes
from ketamine_anki.workspace.output import output_folder, write_text
from ketamine_anki.workspace.reporting import report


@click.command("schema")
@click.argument("folder", default="decks")
@click.option("-o", "--output", help="Folder for the schemas (default: FOLDER).")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 when a schema is out of date.")
def command(folder: str, output: str | None, only_check: bool) -> None:
    """Write JSON Schemas of the collection in FOLDER (default: decks), for editors.

    An editor with the YAML language server (in VS Code: the extension "YAML" by Red Hat) then
    completes keys, sections, citations, claims and references, explains them and marks mistakes.
    Run it again after a change of collection.yaml, source.yaml or references.yaml.
    """
    from ketamine_anki.deckfiles.json_schema import json_schemas

    read = Folder(folder)
    report(read.findings)
    assert read.collection is not None, "a collection that cannot be read has findings"
    target = Path(output or folder)
    made = {target / name: as_text(value) for name, value in json_schemas(read.collection).items()}
    stale = [path for path, text in made.items() if not _holds(path, text)]
    if only_check and stale:
        listed = ", ".join(str(path) for path in stale)
        raise Failure(f"out of date: {listed}: run `ketamine-anki schema {folder}`", EXIT_FINDINGS)
    if stale:
        with output_folder(target):
            for path in stale:
                write_text(path, made[path])
                echo(path)
    click.echo(f"{len(made)} schemas, {len(stale)} written", err=True)


def _holds(path: Path, text: str) -> bool:
    """Whether a file has a text, be it with other line ends."""
    data = text.encode("utf-8")
    try:
        return read_bytes(path, 2 * len(data)).replace(b"\r\n", b"\n") == data
    except ValueError:
        return False


def as_text(value: object) -> str:
    """A schema as the text of its file."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
