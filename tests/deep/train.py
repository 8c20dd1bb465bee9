#!/usr/bin/env python3
"""The upgrade train on many versions of Anki: what an update keeps where, as a table.

    python tests/deep/train.py              all ENGINES, prints the table; says where it differs from upgrade/table.md
    python tests/deep/train.py 24.11 …      some of them
    python tests/deep/train.py --write      all, and writes the table there: then put it into the README

Each engine comes from PyPI into a virtual environment of its own, made once and kept in $TRAIN_ENGINES (default: a
folder in the system's temporary one), with the first of the Pythons named below that this machine has.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

from program import execute  # noqa: E402
from upgrade.diary import LEARNERS, Diary, plan  # noqa: E402
from upgrade.promises import PROMISES, table, verdict  # noqa: E402
from upgrade.releases import Release, make  # noqa: E402

# version -> Pythons that have wheels for it, best first
ENGINES = {
    "26.9.3": ("3.11", "3.12", "3.13"),
    "25.9.5": ("3.11", "3.12", "3.13"),
    "25.2.7": ("3.11", "3.12", "3.10"),
    "24.11": ("3.10", "3.11", "3.9"),
    "23.12.1": ("3.10", "3.9", "3.11"),
    "23.10.1": ("3.10", "3.9", "3.11"),
    "2.1.65": ("3.9", "3.10", "3.8"),
    "2.1.54": ("3.9", "3.10", "3.8"),
}
TABLE = HERE / "upgrade" / "table.md"


def main(arguments: list[str]) -> int:
    versions = [each for each in arguments if each != "--write"] or list(ENGINES)
    verdicts: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="train-") as scratch:
        releases = make(Path(scratch))
        for version in versions:
            python = engine(version)
            if isinstance(python, str):
                print(f"{version}: not run: {python}", file=sys.stderr)
                continue
            diary = lived(python, releases, Path(scratch) / version)
            verdicts[version] = [verdict(promise, diary) for promise in PROMISES]
            kept = verdicts[version].count("yes")
            print(f"{version}: {len(LEARNERS)} learners, {kept} of {len(PROMISES)} promises kept", file=sys.stderr)
            for promise, outcome in zip(PROMISES, verdicts[version], strict=True):
                if outcome.startswith("no"):
                    print(f"  {promise.__name__}: {outcome}", file=sys.stderr)
    made = table(verdicts)
    print(made, end="")
    if list(verdicts) == list(ENGINES):
        if "--write" in arguments:
            TABLE.write_text(made, encoding="utf-8")
        elif made != TABLE.read_text(encoding="utf-8"):
            print(f"{TABLE} says otherwise", file=sys.stderr)
            return 1
    return 0 if len(verdicts) == len(versions) else 1


def lived(python: Path | str, releases: Mapping[str, Release], collections: Path) -> Diary:
    """The diary of all learners on the engine that a Python has."""
    collections.mkdir()
    told = json.dumps(plan(releases, str(collections)))
    ran = execute(python, "-I", HERE / "upgrade" / "learner.py", input=told.encode())
    assert ran.code == 0, ran.err
    return Diary(json.loads(ran.out), releases)


def engine(version: str) -> Path | str:
    """The Python of an environment with this version of Anki; a sentence if it cannot be had."""
    home = Path(os.environ.get("TRAIN_ENGINES", Path(tempfile.gettempdir()) / "train-engines")) / version
    python = home / "bin" / "python"
    if (home / "whole").exists():
        return python
    found = next(filter(None, map(_python, ENGINES.get(version, ("3.11", "3.10", "3.9")))), None)
    if found is None:
        return "no Python that has wheels for it"
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([found, "-m", "venv", home], check=True)
    # The pip that old Pythons bring searches for minutes; a new one does not.
    for wanted in (["--upgrade", "pip"], ["--only-binary=:all:", f"anki=={version}"]):
        done = execute(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted, timeout=None)
        if done.code:
            return (done.err.strip().splitlines() or ["pip failed"])[-1]
    (home / "whole").touch()
    return python


def _python(wanted: str) -> str | None:
    """A Python of this minor version, on the PATH or from pyenv, that can make environments."""
    candidates = [shutil.which(f"python{wanted}"), *Path.home().glob(f".pyenv/versions/{wanted}.*/bin/python")]
    for candidate in filter(None, candidates):
        asked = [str(candidate), "-c", "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2])"]
        if execute(*asked).out.strip() == wanted:
            return str(candidate)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
