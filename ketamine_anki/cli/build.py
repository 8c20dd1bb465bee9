"""`ketamine-anki build`: check a collection and compile it into Anki packages."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import click

from ketamine_anki.anki.compile import compile_note
from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.terminal import counted, echo
from ketamine_anki.rules.view import View
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.git import committed_at
from ketamine_anki.workspace.output import output_folder, scratch_folder
from ketamine_anki.workspace.packages import Packing, publish, slug
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import report


@click.command("build")
@click.argument("folder", default="decks")
@click.option("-o", "--output", default="dist", show_default=True, help="Folder for the packages.")
@click.option("--split", is_flag=True, help="Also write one package per subdeck.")
def command(folder: str, output: str, split: bool) -> None:
    """Check the collection in FOLDER (default: decks) and compile it into OUTPUT.

    Nothing is written when there is any finding. Released notes that did not change keep the time
    that ledger.yaml has of them; retired notes are left out.
    """
    read = Folder(folder)
    collection = read.collection
    if collection is None:
        report(read.findings)
        raise AssertionError("a collection that cannot be read has findings")
    target = Path(output)
    with (
        output_folder(target),
        scratch_folder(target) as scratch,
        Packing(collection, scratch, build_time(read.path), split=split) as packing,
    ):

        def visit(view: View, number: int, index: int) -> None:
            compiled = compile_note(view.note, collection, view.shown, number, index)
            packing.add(compiled, view.note.retired is not None)

        check_notes(read, visit)
        report(read.findings)
        packing.finish()
        stem = slug(collection.title)
        outputs = {f"{stem}.apkg": packing.whole}
        for number, part in packing.parts.items():
            outputs[f"{stem}-{number:02d}-{slug(collection.decks[number - 1])}.apkg"] = part
        for name, package in outputs.items():
            made = publish(package, target / name, scratch)
            said = (counted(made.notes, "note"), counted(made.cards, "card"), counted(made.decks, "subdeck"))
            echo(f"{target / name}: {', '.join(said)}")


def build_time(folder: Path) -> int:
    """Seconds since 1970: SOURCE_DATE_EPOCH, else the newest commit that touched the folder, else now."""
    given = given_time()
    if given is not None:
        return given
    now = int(time.time())
    committed = committed_at(folder)
    return now if committed is None else min(committed, now)


def given_time() -> int | None:
    """SOURCE_DATE_EPOCH, not before 1980, where it is set (reproducible-builds.org)."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", given):
        raise Failure(f"SOURCE_DATE_EPOCH is {given!r}: it must be seconds since 1970", EXIT_USAGE)
    return max(int(given), 315_532_800)
