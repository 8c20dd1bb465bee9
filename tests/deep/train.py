#!/usr/bin/env python3
"""The upgrade train on many versions of Anki: what an update keeps where, as a table.

    python tests/deep/train.py              all ENGINES, prints the table; says where it differs from upgrade/table.md
    python tests/deep/train.py 24.11 …      some of them
    python tests/deep/train.py --write      all, and writes the table there: then put it into the README

uv runs each engine, from PyPI, with a Python that has wheels for it: one on the PATH or one that uv fetches.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

from program import execute  # noqa: E402
from upgrade.diary import LEARNERS, Diary, plan  # noqa: E402
from upgrade.promises import PROMISES, table, verdict  # noqa: E402
from upgrade.releases import Release, make  # noqa: E402

# version -> a Python that has wheels for it
ENGINES = {
    "26.9.3": "3.11",
    "25.9.5": "3.11",
    "25.2.7": "3.11",
    "24.11": "3.10",
    "23.12.1": "3.10",
    "23.10.1": "3.10",
    "2.1.65": "3.9",
    "2.1.54": "3.9",
}
TABLE = HERE / "upgrade" / "table.md"


def main(arguments: list[str]) -> int:
    versions = [each for each in arguments if each != "--write"] or list(ENGINES)
    verdicts: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="train-") as scratch:
        releases = make(Path(scratch))
        for version in versions:
            uv = ["uv", "run", "--quiet", "--no-project", "--no-build", "--python", ENGINES.get(version, "3.11")]
            diary = lived([*uv, "--with", f"anki=={version}", "python", "-I"], releases, Path(scratch) / version)
            verdicts[version] = [verdict(promise, diary) for promise in PROMISES]
            kept = verdicts[version].count("yes")
            print(f"{version}: {len(LEARNERS)} learners, {kept} of {len(PROMISES)} promises kept", file=sys.stderr)
            for promise, outcome in zip(PROMISES, verdicts[version], strict=True):
                if outcome.startswith("no"):
                    print(f"  {promise.__name__}: {outcome}", file=sys.stderr)
    made = table(verdicts)
    print(made, end="")
    if list(verdicts) != list(ENGINES):
        return 0
    if "--write" in arguments:
        TABLE.write_text(made, encoding="utf-8")
    elif made != TABLE.read_text(encoding="utf-8"):
        print(f"{TABLE} says otherwise", file=sys.stderr)
        return 1
    return 0


def lived(python: Sequence[str], releases: Mapping[str, Release], collections: Path) -> Diary:
    """The diary of all learners on the engine that a Python has."""
    collections.mkdir()
    told = json.dumps(plan(releases, str(collections)))
    ran = execute(*python, HERE / "upgrade" / "learner.py", input=told.encode(), timeout=None)
    assert ran.code == 0, ran.err
    return Diary(json.loads(ran.out), releases)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
