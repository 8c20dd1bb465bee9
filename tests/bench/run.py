"""Measures check and build against the rivals: `python tests/bench/run.py [--notes 100 1000 10000] [--runs 5]`.

The commands of a table run in turn, A B C A B C …, each as a whole process; the operating system
counts user + system seconds and peak memory. Medians are printed, and ratios of pairs in the same
round. Decks are made in a temporary folder, outside the measured time. Run it with the Python of an
environment that has `ketamine-anki[test]`; rivals that are not installed are left out and named.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import NamedTuple

import synthetic

HERE = Path(__file__).parent
OURS = (sys.executable, "-m", "ketamine_anki")
RIVALS = (sys.executable, str(HERE / "rivals.py"))


class Run(NamedTuple):
    """CPU seconds and peak memory in MB of one process; `inner` is what it said of a part of itself."""

    cpu: float
    peak: float
    inner: float | None


def measure(command: tuple[str, ...]) -> Run:
    """Runs a command to its end; a failure ends the benchmark."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        said = out.read().decode("utf-8", "replace")
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}:\n{said[-2000:]}")
    inner = float(said.split("seconds ")[1].split()[0]) if "seconds " in said else None
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, inner)


def rounds(commands: dict[str, tuple[str, ...]], runs: int) -> dict[str, list[Run]]:
    """Each command `runs` times, in turn, after a round that does not count."""
    results: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            run = measure(command)
            if number:
                results[name].append(run)
    return results


def ratio(results: dict[str, list[Run]], one: str, other: str) -> float:
    """Median over the rounds of the CPU of `one` over that of `other`."""
    return statistics.median(a.cpu / b.cpu for a, b in zip(results[one], results[other], strict=True))


def show(title: str, results: dict[str, list[Run]], ours: tuple[str, ...]) -> None:
    """Prints a table: medians, and each of ours as a multiple of every row."""
    print(f"\n### {title}\n")
    head = "".join(f" {name} / this |" for name in ours)
    print(f"| | CPU s (min to max) | peak MB |{head}\n|---|---|---|{'---|' * len(ours)}")
    for name, made in results.items():
        cpus = [run.cpu for run in made]
        cells = "".join(f" {ratio(results, our, name):.2f} |" for our in ours)
        peak = statistics.median(run.peak for run in made)
        print(f"| {name} | {statistics.median(cpus):.3f} ({min(cpus):.3f} to {max(cpus):.3f}) | {peak:.0f} |{cells}")


def compare(notes: int, runs: int, scratch: Path) -> None:
    """One table: our check and build beside every rival on the same notes."""
    folder = scratch / f"notes-{notes}"
    synthetic.make(folder, notes)
    dist = scratch / f"dist-{notes}"
    other = str(scratch / "rival.apkg")
    commands = {
        "check": (*OURS, "check", str(folder)),
        "build": (*OURS, "build", str(folder), "-o", str(dist)),
        "yaml.load, CSafeLoader": (*RIVALS, "load", str(folder), other),
        "script, CSafeLoader + genanki": (*RIVALS, "csafe", str(folder), other),
    }
    if notes <= 10_000:
        commands["script, safe_load + genanki"] = (*RIVALS, "safe", str(folder), other)
        if importlib.util.find_spec("anki"):
            commands["Anki's engine, CSafeLoader"] = (*RIVALS, "engine", str(folder), other)
    show(f"{notes:,} notes", rounds(commands, runs), ("check", "build"))


def writing(runs: int, scratch: Path) -> None:
    """Our writing step beside the raw floor and genanki's writer, timed inside the process."""
    folder, dist = scratch / "notes-writing", scratch / "dist-writing"
    synthetic.make(folder, 10_000)
    measure((*OURS, "build", str(folder), "-o", str(dist)))
    package = next(dist.glob("*.apkg"))
    subdecks = scratch / "subdecks"
    synthetic.make(subdecks, 5_000, per_deck=5)
    other = str(scratch / "rival.apkg")
    commands = {
        "our writer": (*RIVALS, "ours", str(folder), other),
        "raw floor": (*RIVALS, "rows", str(package), other),
        "genanki's writer": (*RIVALS, "writer", str(folder), other),
        "our writer, 1,000 subdecks of 5": (*RIVALS, "ours", str(subdecks), other),
        "genanki's writer, 1,000 subdecks of 5": (*RIVALS, "writer", str(subdecks), other),
    }
    results = rounds(commands, runs)
    print("\n### Writing step alone, 10,000 notes\n\n| | CPU s inside the process (median) |\n|---|---|")
    for name, made in results.items():
        print(f"| {name} | {statistics.median(run.inner or 0.0 for run in made):.4f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", type=int, nargs="*", default=[100, 1_000, 10_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-writing", action="store_true")
    options = parser.parse_args()
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        for notes in options.notes:
            compare(notes, options.runs, Path(name))
        if not options.no_writing:
            writing(options.runs, Path(name))


if __name__ == "__main__":
    main()
