"""`ketamine-anki schema` and `ketamine-anki shingles`: the files of a collection that the program generates.

The first writes JSON Schemas for editors, the second hashes of word sequences of the source text.
"""

from __future__ import annotations

from pathlib import Path

import click

from ketamine_anki.core.characters import utf8_text
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.terminal import echo
from ketamine_anki.workspace.folder import SHINGLES, Folder, read_bytes, require_folder
from ketamine_anki.workspace.output import output_folder, write_text
from ketamine_anki.workspace.reporting import readable_collection, report


@click.command("schema")
@click.argument("folder", default="decks", type=Path)
@click.option("-o", "--output", type=Path, help="Folder for the schemas (default: FOLDER).")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 when a schema is out of date.")
def schema(folder: Path, output: Path | None, only_check: bool) -> None:
    """Write JSON Schemas of the collection in FOLDER (default: decks), for editors.

    An editor with the YAML language server (in VS Code: the extension "YAML" by Red Hat) then
    completes keys, sections, citations, claims and references, explains them and marks mistakes.
    Run it again after a change of collection.yaml, source.yaml or references.yaml.
    """
    from ketamine_anki.deckfiles.json_schema import schema_files

    read = Folder(folder)
    collection = readable_collection(read)
    report(read.findings)
    target = output or folder
    schemas = {target / name: text for name, text in schema_files(collection).items()}
    stale = [path for path, text in schemas.items() if not _is_up_to_date(path, text)]
    if only_check and stale:
        names = ", ".join(str(path) for path in stale)
        raise Failure(f"out of date: {names}: run `ketamine-anki schema {folder}`", EXIT_FINDINGS)
    if stale:
        at_home = target.exists() and target.samefile(folder)
        with output_folder(target, None if at_home else folder):
            for path in stale:
                write_text(path, schemas[path])
                echo(path)
    click.echo(f"{len(schemas)} schemas, {len(stale)} written", err=True)


def _is_up_to_date(path: Path, text: str) -> bool:
    """Whether a file has this text, with whatever line ends."""
    data = text.encode("utf-8")
    try:
        return read_bytes(path, 2 * len(data)).replace(b"\r\n", b"\n") == data
    except ValueError:
        return False


@click.command("shingles")
@click.argument("text", type=Path)
@click.argument("folder", default="decks", type=Path)
def shingles(text: Path, folder: Path) -> None:
    """Write FOLDER/shingles.txt (default: decks) from the source text in the file TEXT.

    With these hashes `check` finds every card that copies eight words in a row, although the text itself is not in
    the collection.
    """
    from ketamine_anki.deckfiles.shingles import make_shingles

    require_folder(folder)
    target = folder / SHINGLES
    try:
        hashes = make_shingles(utf8_text(read_bytes(text, MAX_FILE_BYTES)))
    except ValueError as error:
        raise Failure(f"{text}: {error}", EXIT_USAGE) from None
    if target.exists() and not target.is_symlink() and target.samefile(text):
        raise Failure(f"{text}: holds the hashes, not the source text: name the file with the text", EXIT_USAGE)
    write_text(target, hashes)
    count = sum(not line.startswith("#") for line in hashes.splitlines())
    echo(f"{target.as_posix()}: {count} hashed runs", err=True)
