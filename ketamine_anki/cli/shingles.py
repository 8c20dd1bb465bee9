"""`ketamine-anki shingles`: hash the word runs of a source text, so that no card copies it."""

from __future__ import annotations

from pathlib import Path

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.shingles import make_shingles
from ketamine_anki.workspace.folder import SHINGLES, read_bytes
from ketamine_anki.workspace.output import write_text


@click.command("shingles")
@click.argument("text")
@click.argument("folder", default="decks")
def command(text: str, folder: str) -> None:
    """Write FOLDER/shingles.txt (default: decks) from the source text in the file TEXT.

    With these hashes `check` finds every card that copies eight words in a row, although the text itself is not in
    the collection.
    """
    if not Path(folder).is_dir():
        raise Failure(f"{folder}: no such folder: name the folder that holds collection.yaml", EXIT_USAGE)
    try:
        made = make_shingles(read_bytes(Path(text), MAX_FILE_BYTES).decode("utf-8"))
    except UnicodeDecodeError:
        raise Failure(f"{text}: not UTF-8 text", EXIT_USAGE) from None
    except ValueError as error:
        raise Failure(f"{text}: {error}", EXIT_USAGE) from None
    target = Path(folder) / SHINGLES
    write_text(target, made)
    count = sum(not line.startswith("#") for line in made.splitlines())
    echo(f"{target.as_posix()}: {count} hashed runs", err=True)
