"""Measures check and build against other ways to make the same package: `python tests/deep/bench/run.py [PART ...]`.

times         whole processes on synthetic decks: check, build and every rival; CPU, peak memory
writing       the writing step alone: ours, the raw floor, genanki's writer; many subdecks
phases        where the time goes, step by step, per note
instructions  counted by valgrind: per note, and of short commands; takes minutes

Without a part, all of them. The commands of a table run in turn, and ratios are medians of pairs in the same round;
what takes over 30 CPU seconds runs once. At the end, the targets. Run it with the Python of an environment in which
`ketamine-anki[test]` is installed (not editable: what is measured is the installed program). Tools from PyPI go into
environments of their own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import sqlite3
import statistics
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tools
from measure import Command, FailedError, Run, counted, instructions, output, ratio, rounds

HERE = Path(__file__).resolve().parent
DECK = HERE.parents[2] / "decks"
OURS = (sys.executable, str(Path(sysconfig.get_path("scripts")) / "ketamine-anki"))

SAFE, CSAFE, LOAD = "script, safe_load + genanki", "script, CSafeLoader + genanki", "yaml.load, CSafeLoader"

# What is found, by name; `found` has all of it. (name, at most or at least, limit)
TARGETS = (
    (f"{SAFE} / build, 10,000 notes", "≥", 5.0),
    (f"build / {CSAFE}, 10,000 notes", "≤", 1.0),
    (f"{SAFE} / build, 1,000 notes", "≥", 3.0),
    (f"build / {SAFE}, 100 notes", "≤", 1.0),
    (f"check / {LOAD}, 10,000 notes", "≤", 1.5),
    ("our writer / raw floor", "≤", 2.0),
    ("genanki's writer / our writer, 1,000 subdecks of 5", "≥", 20.0),
    ("check, change of instructions per note in %", "≤", 5.0),
    ("build, change of instructions per note in %", "≤", 5.0),
    ("peak MB of build, 10,000 notes", "≤", 80.0),
    ("peak MB of build, 100,000 notes", "≤", 150.0),
    ("instructions of --help / python -c pass", "≤", 6.0),
    ("instructions of check of the real deck / import yaml, click", "≤", 2.5),
)


class Bench:
    """One run: the options, a folder for decks and packages, what was found."""

    def __init__(self, sizes: list[int], runs: int, scratch: Path) -> None:
        self.sizes = sizes
        self.runs = runs
        self.scratch = scratch
        self.found: dict[str, float] = {}

    def deck(self, notes: int, per_file: int = 100) -> Path:
        """A folder with a synthetic collection. Made by another process: memory that this one took would count as
        peak memory of those that it starts.
        """
        folder = self.scratch / f"notes-{notes}-{per_file}"
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")  # a run may be stopped while it is made
            shutil.rmtree(part, ignore_errors=True)
            output((sys.executable, str(HERE / "synthetic.py"), str(notes), str(part), str(per_file)))
            part.rename(folder)
        return folder

    def rival(self, way: str, folder: Path) -> Command:
        return (sys.executable, str(HERE / "rivals.py"), way, str(folder), str(self.made(way) / "rival.apkg"))

    def made(self, by: str) -> Path:
        """A folder for the packages that one way makes."""
        folder = self.scratch / "made" / by
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def build(self, folder: Path) -> Command:
        return (*OURS, "build", str(folder), "-o", str(self.made("build")))

    def tool(self, name: str, notes: int) -> Command:
        """The command line of a tool from PyPI for the same notes in its own format."""
        source = self.scratch / f"{name}-{notes}"
        if not source.exists():
            output((sys.executable, str(HERE / "tools.py"), name, str(self.deck(notes)), str(source)))
        return tools.command(name, self.scratch / name, source, self.made(name))

    def trial(self, name: str) -> str:
        """Why a tool cannot be had or cannot make a package of 100 notes, or nothing."""
        if why := tools.install(name, self.scratch / name):
            return why
        try:
            output(self.tool(name, 100))
        except FailedError as error:
            return str(error)
        return ""

    def times(self) -> None:
        broken = {name: self.trial(name) for name in tools.TOOLS}
        for notes in self.sizes:
            left_out: dict[str, str] = {}
            shutil.rmtree(self.scratch / "made", ignore_errors=True)
            folder = self.deck(notes)
            commands = {
                "check": (*OURS, "check", str(folder)),
                "build": self.build(folder),
                LOAD: self.rival("load", folder),
                CSAFE: self.rival("csafe", folder),
                SAFE: self.rival("safe", folder),
            }
            if installed("anki"):
                commands["Anki's engine, CSafeLoader"] = self.rival("engine", folder)
            else:
                left_out["Anki's engine"] = "the package anki is not installed"
            for name, tool in tools.TOOLS.items():
                if why := broken[name] or (f"waited for up to {tool.most:,} notes" if notes > tool.most else ""):
                    left_out[f"{name} {tool.version}"] = why
                else:
                    commands[f"{name} {tool.version}"] = self.tool(name, notes)
            results = rounds(commands, self.runs)
            for package in sorted(self.scratch.glob("made/*/*.apkg")):
                if (there := notes_in(package, self.scratch)) != notes:
                    raise FailedError(f"{package} has {there} notes instead of {notes}")
            for one, other in itertools.permutations(results, 2):
                self.found[f"{one} / {other}, {notes:,} notes"] = ratio(results[one], results[other])
            for name in ("check", "build"):
                self.found[f"peak MB of {name}, {notes:,} notes"] = peak(results[name])
            self.show(notes, results, left_out)

    def show(self, notes: int, results: dict[str, list[Run]], left_out: dict[str, str]) -> None:
        heading(f"{notes:,} notes, whole processes")
        print("| | runs | CPU s, median (min to max) | peak MB | this / check | this / build |")
        print("| --- | --: | --: | --: | --: | --: |")
        for name, runs in results.items():
            cpus = [run.cpu for run in counted(runs)]
            shown = f"{statistics.median(cpus):.2f} ({min(cpus):.2f} to {max(cpus):.2f})"
            ratios = " | ".join(f"{ratio(runs, results[ours]):.2f}" for ours in ("check", "build"))
            print(f"| {name} | {len(cpus)} | {shown} | {peak(runs):.0f} | {ratios} |")
        for name, tool in tools.TOOLS.items():
            if f"{name} {tool.version}" in results:
                print(f"\n{name} lacks: {tool.lacks}.")
        for name, why in left_out.items():
            print(f"\nLeft out: {name}: {why}.")

    def writing(self) -> None:
        many, subdecks = self.deck(10_000), self.deck(5_000, per_file=5)
        output(self.build(many))
        of_many = {
            "our writer": self.rival("ours", many),
            "raw floor": self.rival("floor", self.made("build")),
            "genanki's writer": self.rival("writer", many),
        }
        of_subdecks = {"our writer": self.rival("ours", subdecks), "genanki's writer": self.rival("writer", subdecks)}
        heading("Writing alone, inside the process")
        print("| | notes in subdecks | CPU µs per note | this / our writer |\n| --- | --: | --: | --: |")
        for commands, notes, what in ((of_many, 10_000, "100"), (of_subdecks, 5_000, "1,000 subdecks of 5")):
            results = rounds(commands, self.runs)
            for name, runs in results.items():
                each = statistics.median(run.inner for run in counted(runs)) / notes * 1e6
                print(f"| {name} | {notes:,} in {what.split()[0]} | {each:.1f} | ", end="")
                print(f"{ratio(runs, results['our writer'], inner=True):.2f} |")
            for one, other in itertools.permutations(results, 2):
                key = f"{one} / {other}" + (f", {what}" if commands is of_subdecks else "")
                self.found[key] = ratio(results[one], results[other], inner=True)

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
            CSAFE: lambda folder: self.rival("csafe", folder),
        }
        sizes = (1_000, 3_000, 10_000)
        folders = [self.deck(notes) for notes in sizes]
        for name, way in ways.items():
            few, more, most = (instructions(way(folder)) for folder in folders)
            first, second = (more - few) / (sizes[1] - sizes[0]) / 1e3, (most - more) / (sizes[2] - sizes[1]) / 1e3
            change = (second / first - 1) * 100
            self.found[f"{name}, change of instructions per note in %"] = abs(change)
            print(f"| {name} | {first:.0f} | {second:.0f} | {change:+.1f} % |", flush=True)
        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "import yaml, click": (sys.executable, "-c", "import yaml, click"),
            "--help": (*OURS, "--help"),
            "check of the real deck": (*OURS, "check", str(DECK)),
        }
        made = {name: instructions(command) for name, command in commands.items()}
        bases = ("python -c pass", "import yaml, click")
        print("\n| | million | this / python -c pass | this / import yaml, click |\n| --- | --: | --: | --: |")
        for name, count in made.items():
            print(f"| {name} | {count / 1e6:.0f} | " + " | ".join(f"{count / made[base]:.2f}" for base in bases) + " |")
            for base in bases:
                self.found[f"instructions of {name} / {base}"] = count / made[base]

    def targets(self) -> None:
        heading("Targets")
        print("| | target | found | |\n| --- | --: | --: | --- |")
        for name, sign, limit in TARGETS:
            value = self.found.get(name)
            if value is None:
                print(f"| {name} | {sign} {limit:g} | – | not measured |")
                continue
            reached = value <= limit if sign == "≤" else value >= limit
            print(f"| {name} | {sign} {limit:g} | {value:.2f} | {'reached' if reached else '**not reached**'} |")


def heading(text: str) -> None:
    print(f"\n### {text}\n", flush=True)


def peak(runs: list[Run]) -> float:
    return statistics.median(run.peak for run in counted(runs))


def installed(package: str) -> str:
    """Its version, or nothing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


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
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--notes", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000], help="sizes for times")
    parser.add_argument("--runs", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument("--keep", type=Path, help="a folder that keeps decks and environments for the next time")
    options = parser.parse_args()
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}: there are {', '.join(PARTS)}")
    if options.runs < 1 or min(options.notes) < 1:
        parser.error("runs and notes are numbers from 1 on")
    if not Path(OURS[1]).is_file():
        parser.error(f"{sys.executable} has no ketamine-anki installed: `pip install '.[test]'`")
    packages = ("ketamine-anki", "genanki", "PyYAML", "anki")
    print(f"{date.today()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {installed(name) or 'missing'}" for name in packages))
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options.notes, options.runs, options.keep or Path(scratch))
        for part in options.parts or PARTS:
            PARTS[part](bench)
        bench.targets()


if __name__ == "__main__":
    try:
        main()
    except FailedError as failure:
        raise SystemExit(str(failure)) from None
