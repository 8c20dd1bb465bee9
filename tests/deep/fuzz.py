"""Coverage-guided fuzzing of property tests, by name: `python tests/deep/fuzz.py MODULE MINUTES [FOLDER]`.

    pip install atheris
    python tests/deep/fuzz.py deckfiles/test_any_deck 30    # text/test_any_text, intake/test_any_export, …

Each input chooses a property of the module and an example for it; atheris mutates the inputs that reach new code. The
first example that fails, or twice takes over a second of processor time, ends the run. It stays in FOLDER (default:
fuzz-… in the folder for temporary files), as does the corpus, from which the next run goes on; Hypothesis stores what
fails, too, so that pytest repeats it.
"""

from __future__ import annotations

import importlib
import inspect
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SECONDS = 1.0


def properties(module: str) -> list[Callable[[bytes], object]]:
    """The Hypothesis tests of a module that need no other argument, as functions of bytes."""
    sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "deep"), str((TESTS / module).parent)]
    importlib.import_module("conftest")  # its Hypothesis profile has no deadline
    tests = vars(importlib.import_module(Path(module).name)).values()
    given = [test for test in tests if hasattr(test, "hypothesis") and not inspect.signature(test).parameters]
    return [test.hypothesis.fuzz_one_input for test in given]


def run(targets: list[Callable[[bytes], object]], data: bytes) -> None:
    """The property that the first byte chooses, with the example that the others make; AssertionError when it is slow.

    It is asked twice, as what comes first may have to import something.
    """
    took = 0.0
    for _ in range(2):
        started = time.process_time()
        targets[data[0] % len(targets) if data else 0](data[1:])
        took = time.process_time() - started
        if took < SECONDS:
            return
    raise AssertionError(f"it takes {took:.1f} s")


def main(module: str, minutes: str, folder: str = "") -> None:
    import atheris

    with atheris.instrument_imports(include=["ketamine_anki", "markdown_it", "yaml"]):
        targets = properties(module)
    kept = Path(folder or Path(tempfile.gettempdir()) / f"fuzz-{Path(module).name}")
    (kept / "corpus").mkdir(parents=True, exist_ok=True)
    for number in range(100):  # to start from
        (kept / "corpus" / f"seed-{number}").write_bytes(random.Random(number).randbytes(20 * (number + 1)))
    options = [f"-max_total_time={max(round(60 * float(minutes)), 1)}", "-timeout=60", "-rss_limit_mb=1500"]
    options += [
        "-max_len=4000",
        "-len_control=0",
        "-print_final_stats=1",
        f"-artifact_prefix={kept}/",
        str(kept / "corpus"),
    ]
    atheris.Setup([sys.argv[0], *options], lambda data: run(targets, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
