"""Measures `check` and `build` of synthetic decks: `python tests/deep/bench/run.py`.

The decks come as `fmt` lays them out, and with more blanks, as people type. Beside our commands run `yaml.load` alone
and the script that people write with genanki (script.py), which check nothing. `--against PYTHON` adds the
ketamine-anki that another Python has installed. Each round runs every command once, in turn; a figure is the median of
the rounds after the first, a ratio the median of the ratios within a round, of user and system CPU seconds.

Run it with the Python of an environment in which ketamine-anki is installed (not editable: what is measured is the
installed program).
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
REAL = HERE.parents[2] / "decks"
# Programs run with their bytecode, as users run them; the first round writes it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
Command = list[object]


class Run(NamedTuple):
    """CPU seconds and peak memory in MB of one process."""

    cpu: float
    peak: float


def run(command: Command) -> Run:
    """Runs a command to its end; CalledProcessError, with what it printed before it, when it fails."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([*map(str, command)], stdout=out, stderr=subprocess.STDOUT, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            out.seek(0)
            sys.stderr.write(out.read().decode(errors="replace"))
            raise subprocess.CalledProcessError(process.returncode, process.args)
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def make_deck(folder: Path, notes: int, spaced: bool) -> Path:
    """A new folder with a synthetic collection; `spaced`: with more blanks than `fmt` leaves."""
    run([sys.executable, HERE / "synthetic.py", notes, folder])
    for path in folder.glob("[0-9]*.yaml") if spaced else ():
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"(?m)^(    source:) ", r"\1   ", text), encoding="utf-8")
    return folder


def commands(deck: Path, scratch: Path, against: str) -> dict[str, Command]:
    """What runs on a deck, by its name in the table."""
    found: dict[str, Command] = {}
    for python, suffix in ((sys.executable, ""), (against, ", the other")):
        if python:
            program = [python, "-m", "ketamine_anki"]
            found[f"check{suffix}"] = [*program, "check", deck]
            found[f"build{suffix}"] = [*program, "build", deck, "-o", scratch / f"packages{suffix}"]
    if deck != REAL:  # whose notes do not all have the keys that the script wants
        found["yaml.load, CSafeLoader"] = [sys.executable, HERE / "script.py", deck]
        found["script, CSafeLoader + genanki"] = [sys.executable, HERE / "script.py", deck, scratch / "script.apkg"]
    return found


def measure(deck: Path, scratch: Path, rounds: int, against: str) -> None:
    """Prints a table of all commands on one deck."""
    ways = commands(deck, scratch, against)
    results: dict[str, list[Run]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, command in ways.items():
            results[name].append(run(command))
    ours = [name for name in results if name.startswith(("check", "build"))]
    print("| | CPU s, median (min to max) | peak MB |", *(f"this / {name} |" for name in ours))
    print("| --- | --: | --: |", *(" --: |" for _ in ours))
    for name, (_, *runs) in results.items():
        seconds = [run.cpu for run in runs]
        cells = [f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"]
        cells.append(f"{statistics.median(run.peak for run in runs):.0f}")
        for other in ours:
            pairs = zip(runs, results[other][1:], strict=True)
            cells.append(f"{statistics.median(mine.cpu / its.cpu for mine, its in pairs):.2f}")
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, nargs="+", default=[3_000, 10_000], help="sizes of the synthetic decks")
    parser.add_argument("--runs", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument("--against", default="", help="a Python that has another version installed")
    options = parser.parse_args()
    print(f"{date.today()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in ("ketamine-anki", "genanki", "PyYAML")))
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        print("\n### The real deck\n", flush=True)
        measure(REAL, scratch, options.runs, options.against)
        for notes in options.notes:
            for spaced in (False, True):
                layout = "with more blanks" if spaced else "as `fmt` lays them out"
                print(f"\n### {notes:,} notes, {layout}\n", flush=True)
                deck = make_deck(scratch / f"{notes}-{spaced}", notes, spaced)
                measure(deck, scratch, options.runs, options.against)


if __name__ == "__main__":
    main()
