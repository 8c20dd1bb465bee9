"""`ketamine-anki build`: check a collection and compile it into Anki packages."""

from __future__ import annotations

from pathlib import Path

import click

from ketamine_anki.core.terminal import counted, echo
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.output import Move, move_together, output_folder, scratch_folder
from ketamine_anki.workspace.packages import Packing, build_time
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import readable_collection, report


@click.command("build")
@click.argument("folder", default="decks", type=Path)
@click.option("-o", "--output", default="dist", type=Path, help="Folder for the packages (default: dist).")
@click.option("--split", is_flag=True, help="Also write one package per subdeck.")
def build(folder: Path, output: Path, split: bool) -> None:
    """Check the collection in FOLDER (default: decks) and compile it into OUTPUT.

    Nothing is written when there is any finding. Released notes that did not change keep the time
    that ledger.yaml has of them; retired notes are left out.
    """
    read = Folder(folder)
    collection = readable_collection(read)
    with (
        output_folder(output, folder),
        scratch_folder(output) as scratch,
        Packing(collection, scratch, build_time(folder), split=split) as packing,
    ):
        check_notes(read, lambda _, compiled: packing.add(compiled))
        report(read.findings)
        packages = {output / path.name: counts for _, path, counts in packing.write(scratch, slug(collection.title))}
        move_together([Move(scratch / place.name, place) for place in packages])
    for place, counts in packages.items():
        holds = (counted(counts.notes, "note"), counted(counts.cards, "card"), counted(counts.decks, "subdeck"))
        echo(f"{place}: {', '.join(holds)}")
