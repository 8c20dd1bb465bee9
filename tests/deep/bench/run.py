"""Measures check and build against other ways to make the same package: `python tests/deep/bench/run.py [PART ...]`.

times         whole processes on synthetic decks: check, build and every rival; CPU, peak memory
writing       the writing step alone: ours, the raw floor, genanki's writer; many subdecks
phases        where the time goes, step by step, per note
instructions  counted by valgrind: per note, and of short commands; takes minutes

Without a part, all of them. `--against PYTHON` measures check and build of the ketamine-anki that another Python has
installed in the same rounds. The commands of a table run in turn, and ratios are medians of pairs in the same round;
what takes over 30 CPU seconds runs once. Decks come laid out as `fmt` lays them out, and with more blanks, as people
do. Run it with the Python of an environment in which `ketamine-anki[test]` is installed (not editable: what is measured
is the installed program).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sqlite3
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import date
from importlib.metadata import version
from pathlib import Path

from measure import Command, FailedError, Run, counted, instructions, output, ratio, rounds

HERE = Path(__file__).resolve().parent
DECK = HERE.parents[2] / "decks"
OURS = (sys.executable, "-m", "ketamine_anki")
LOAD = "yaml.load, CSafeLoader"
RIVALS = {
    LOAD: "load",
    "script, CSafeLoader + genanki": "csafe",
    "script, safe_load + genanki": "safe",
    "Anki's engine, CSafeLoader": "engine",
}


class Bench:
    """One run: its options, and a folder for decks and packages."""

    def __init__(self, sizes: list[int], runs: int, against: str, scratch: Path) -> None:
        self.sizes = sizes
        self.runs = runs
        self.against = against
        self.scratch = scratch

    def deck(self, notes: int, per_file: int = 100, spaced: bool = False) -> Path:
        """A folder with a synthetic collection. Another process makes it: memory that this one used would count as
        peak memory of the processes that it starts.
        """
        folder = self.scratch / f"notes-{notes}-{per_file}{'-spaced' * spaced}"
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")  # a run may be stopped while it is made
            shutil.rmtree(part, ignore_errors=True)
            output((sys.executable, str(HERE / "synthetic.py"), str(notes), str(part), str(per_file)))
            for path in part.glob("[0-9]*.yaml") if spaced else ():
                text = path.read_text(encoding="utf-8")
                path.write_text(re.sub(r"(?m)^(    source:) ", r"\1   ", text), encoding="utf-8")
            part.rename(folder)
        return folder

    def package_folder(self, name: str) -> Path:
        """A folder for the packages that one way makes."""
        folder = self.scratch / "packages" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def rival(self, way: str, folder: Path) -> Command:
        package = self.package_folder(way) / "rival.apkg"
        return (sys.executable, str(HERE / "rivals.py"), way, str(folder), str(package))

    def build(self, folder: Path, program: Command = OURS, name: str = "build") -> Command:
        return (*program, "build", str(folder), "-o", str(self.package_folder(name)))

    def times(self) -> None:
        for notes in self.sizes:
            for spaced in (False, True):
                shutil.rmtree(self.scratch / "packages", ignore_errors=True)
                folder = self.deck(notes, spaced=spaced)
                commands = {"check": (*OURS, "check", str(folder)), "build": self.build(folder)}
                if self.against:
                    other = (self.against, "-m", "ketamine_anki")
                    commands["check, the other"] = (*other, "check", str(folder))
                    commands["build, the other"] = self.build(folder, other, "other")
                if not spaced:
                    commands |= {name: self.rival(way, folder) for name, way in RIVALS.items()}
                results = rounds(commands, self.runs)
                for package in sorted(self.scratch.glob("packages/*/*.apkg")):
                    if (count := notes_in(package, self.scratch)) != notes:
                        raise FailedError(f"{package} has {count} notes instead of {notes}")
                heading(f"{notes:,} notes, {'with more blanks' if spaced else 'as `fmt` lays them out'}")
                self.show(results)
        if self.against:
            commands = {"check": (*OURS, "check", str(DECK))}
            commands["check, the other"] = (self.against, "-m", "ketamine_anki", "check", str(DECK))
            heading("The real deck")
            self.show(rounds(commands, 4 * self.runs))

    def show(self, results: dict[str, list[Run]]) -> None:
        others = [name for name in ("check", "build", "check, the other", "build, the other") if name in results]
        print("| | runs | CPU s, median (min to max) | peak MB |", *(f"this / {name} |" for name in others))
        print("| --- | --: | --: | --: |", *(" --: |" for _ in others))
        for name, runs in results.items():
            cpus = [run.cpu for run in counted(runs)]
            seconds = f"{statistics.median(cpus):.2f} ({min(cpus):.2f} to {max(cpus):.2f})"
            peak = statistics.median(run.peak for run in counted(runs))
            ratios = " | ".join(f"{ratio(runs, results[other]):.2f}" for other in others)
            print(f"| {name} | {len(cpus)} | {seconds} | {peak:.0f} | {ratios} |", flush=True)

    def writing(self) -> None:
        many, subdecks = self.deck(10_000), self.deck(5_000, per_file=5)
        output(self.build(many))
        of_many = {
            "our writer": self.rival("ours", many),
            "raw floor": self.rival("floor", self.package_folder("build")),
            "genanki's writer": self.rival("writer", many),
        }
        of_subdecks = {"our writer": self.rival("ours", subdecks), "genanki's writer": self.rival("writer", subdecks)}
        heading("Writing alone, inside the process")
        print("| | notes in subdecks | CPU µs per note | this / our writer |\n| --- | --: | --: | --: |")
        for commands, notes, decks in ((of_many, 10_000, "100"), (of_subdecks, 5_000, "1,000")):
            results = rounds(commands, self.runs)
            for name, runs in results.items():
                each = statistics.median(run.inner for run in counted(runs)) / notes * 1e6
                print(f"| {name} | {notes:,} in {decks} | {each:.1f} | ", end="")
                print(f"{ratio(runs, results['our writer'], inner=True):.2f} |")

    def phases(self) -> None:
        command = (sys.executable, str(HERE / "phases.py"), str(self.deck(10_000)))
        runs = [json.loads(output(command)) for _ in range(self.runs)]
        heading("Where the time goes, 10,000 notes")
        print("| | CPU µs per note |\n| --- | --: |")
        for step in runs[0]:
            print(f"| {step} | {statistics.median(run[step] for run in runs):.1f} |")

    def instructions(self) -> None:
        heading("Instructions")
        if not shutil.which("valgrind"):
            print("Not counted: valgrind is not installed.")
            return
        print("| | thousand per note, 1,000 to 3,000 notes | 3,000 to 10,000 | change |\n| --- | --: | --: | --: |")
        ways: dict[str, Callable[[Path], Command]] = {
            "check": lambda folder: (*OURS, "check", str(folder)),
            "build": self.build,
            LOAD: lambda folder: self.rival("load", folder),
        }
        sizes = (1_000, 3_000, 10_000)
        folders = [self.deck(notes) for notes in sizes]
        for name, way in ways.items():
            few, more, most = (instructions(way(folder)) for folder in folders)
            first, second = (more - few) / (sizes[1] - sizes[0]) / 1e3, (most - more) / (sizes[2] - sizes[1]) / 1e3
            print(f"| {name} | {first:.0f} | {second:.0f} | {(second / first - 1) * 100:+.1f} % |", flush=True)
        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "import yaml, click": (sys.executable, "-c", "import yaml, click"),
            "--help": (*OURS, "--help"),
            "check of the real deck": (*OURS, "check", str(DECK)),
        }
        print("\n| | million instructions |\n| --- | --: |")
        for name, command in commands.items():
            print(f"| {name} | {instructions(command) / 1e6:.0f} |", flush=True)


def heading(text: str) -> None:
    print(f"\n### {text}\n", flush=True)


def notes_in(package: Path, scratch: Path) -> int:
    """How many notes a package holds."""
    with zipfile.ZipFile(package) as archive:
        # Anki's own packages hold the notes in anki21, and in anki2 one for programs that are too old.
        name = max(name for name in archive.namelist() if name.startswith("collection.anki2"))
        database = Path(archive.extract(name, scratch))
    with closing(sqlite3.connect(database)) as db:
        (notes,) = db.execute("SELECT count(*) FROM notes").fetchone()
    database.unlink()
    return notes


PARTS = {"times": Bench.times, "writing": Bench.writing, "phases": Bench.phases, "instructions": Bench.instructions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"{', '.join(PARTS)}")
    parser.add_argument("--notes", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000], help="sizes for times")
    parser.add_argument("--runs", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument("--against", default="", help="a Python that has another version installed")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the decks for the next time")
    options = parser.parse_args()
    print(f"{date.today()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in ("ketamine-anki", "genanki", "PyYAML", "anki")))
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options.notes, options.runs, options.against, options.keep or Path(scratch))
        for part in options.parts or PARTS:
            PARTS[part](bench)


if __name__ == "__main__":
    try:
        main()
    except FailedError as failure:
        raise SystemExit(str(failure)) from None
