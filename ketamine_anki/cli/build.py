"""`ketamine-anki build`: check a collection and compile it into Anki packages."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from ketamine_anki import __version__
from ketamine_anki.cli import EXIT_IO, EXIT_USAGE, Failure
from ketamine_anki.cli.check import report, walk
from ketamine_anki.cli.folder import Folder
from ketamine_anki.cli.output import make_folder, scratch_folder, write_whole
from ketamine_anki.compile import compile_note
from ketamine_anki.rules.rule import View

if TYPE_CHECKING:
    from ketamine_anki.package import Counts, Package


@click.command("build")
@click.argument("folder", default="decks")
@click.option("-o", "--output", default="dist", show_default=True, help="Folder for the packages.")
@click.option("--split", is_flag=True, help="Also write one package per subdeck.")
def command(folder: str, output: str, split: bool) -> None:
    """Check the collection in FOLDER (default: decks) and compile it into OUTPUT.

    Nothing is written when there is any finding.
    """
    from ketamine_anki.package import Package, Times

    read = Folder(folder)
    collection = read.collection
    if collection is None:
        report(read.findings)
        raise AssertionError("a collection that cannot be read has findings")
    target = Path(output)
    make_folder(target)
    times = Times(build_time(read.path))
    with scratch_folder(target) as scratch:
        whole = Package(collection, scratch / "whole.db", times, __version__)
        parts: dict[int, Package] = {}

        def visit(view: View, number: int, index: int) -> None:
            if view.note.retired is not None:
                return
            compiled = compile_note(view.note, collection, view.shown, number, index)
            whole.add(compiled)
            if split:
                if number not in parts:
                    parts[number] = Package(collection, scratch / f"{number}.db", times, __version__)
                parts[number].add(compiled)

        walk(read, visit)
        report(read.findings)
        stem = slug(collection.title)
        outputs = {f"{stem}.apkg": whole}
        for number, part in parts.items():
            outputs[f"{stem}-{number:02d}-{slug(collection.decks[number - 1])}.apkg"] = part
        for name, package in outputs.items():
            made = publish(package, target / name, scratch)
            click.echo(f"{target / name}: {made.notes} notes, {made.cards} cards, {made.decks} subdecks")


def publish(package: Package, path: Path, scratch: Path) -> Counts:
    """Writes a package to its place, after it was opened again and counted."""
    from ketamine_anki.package import count

    made: list[Counts] = []

    def write(file: BinaryIO) -> None:
        made.append(package.write(file))

    def verify(written: Path) -> None:
        if count(written, scratch / "count.db") != made[0]:
            raise Failure(f"{path}: the written package is not whole; the old one was kept", EXIT_IO)

    write_whole(path, write, verify)
    return made[0]


def slug(name: str) -> str:
    """`Trauma & Resuscitation` -> `trauma-and-resuscitation`, for file names."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower().replace("&", " and "))) or "deck"


def build_time(folder: Path) -> int:
    """Seconds since 1970: SOURCE_DATE_EPOCH, else the newest commit that touched the folder, else now."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not re.fullmatch(r"[0-9]{1,10}", given):
            raise Failure(f"SOURCE_DATE_EPOCH is {given!r}: it must be seconds since 1970", EXIT_USAGE)
        return max(int(given), 315_532_800)
    try:
        asked = ["git", "-C", str(folder), "log", "-1", "--format=%ct", "--", "."]
        said = subprocess.run(asked, capture_output=True, text=True, encoding="utf-8", timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        said = ""
    return int(said) if said.strip().isdecimal() else int(time.time())
