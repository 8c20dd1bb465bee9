"""Where the time of a build goes: `python phases.py FOLDER` prints, as JSON, microseconds per note of each step.

The steps are called one after the other for each file, as `check` and `build` do, and timed inside this process.
"""

from __future__ import annotations

import gc
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from ketamine_anki.anki.compile import compile_note
from ketamine_anki.anki.package_writer import Package, Times
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.view import View
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.pipeline import check_notes

_READ, _VIEW, _RULES = "reading: events, shape, places", "texts: rendering, words, stems", "rules"
_COMPILE, _ROWS, _END = "compiling: fields, tags, GUID", "rows of notes and cards", "indexes, canonical bytes, zip"


class Clock:
    """CPU seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.process_time() - start


def profile(folder: Path) -> dict[str, float]:
    """Microseconds per note of each step, and of libyaml's events and our whole walk to compare with."""
    gc.disable()  # as the walk does
    clock = Clock()
    read = Folder(str(folder))
    files = [(read.show(name), (folder / name).read_bytes()) for name in read.deck_files]
    check = Check(read.collection)
    notes = 0
    with tempfile.TemporaryDirectory() as scratch:
        package = Package(read.collection, Path(scratch) / "notes.db", Times(1_700_000_000))
        for number, (path, data) in enumerate(files, start=1):
            with clock(_READ):
                deck, _ = read_deck(path, data)
            with clock(_VIEW):
                views = [View(note, read.collection) for note in deck.notes]
            with clock(_RULES):
                findings = [*check.deck(deck), *(finding for view in views for finding in check.note(view))]
            assert not findings, findings[0]
            with clock(_COMPILE):
                compiled = [
                    compile_note(view.note, read.collection, view.rendered, number, index)
                    for index, view in enumerate(views)
                ]
            with clock(_ROWS):
                for note in compiled:
                    package.add(note)
            notes += len(compiled)
        with clock(_RULES):
            check.finish()
        with clock(_END):
            package.write(io.BytesIO())
    clock.seconds["all of these"] = sum(clock.seconds.values())
    with clock("to compare: libyaml's events alone"):
        for _, data in files:
            for _ in yaml.parse(data, Loader=yaml.CSafeLoader):
                pass
    with clock("to compare: check, from files to findings"):
        check_notes(Folder(str(folder)), lambda view, number, index: None)
    return {step: seconds / notes * 1e6 for step, seconds in clock.seconds.items()}


if __name__ == "__main__":
    print(json.dumps(profile(Path(sys.argv[1]))))
