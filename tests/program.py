"""The program as its user meets it: arguments in; exit code, standard output and standard error out."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ketamine_anki.cli import main

REPOSITORY = Path(__file__).resolve().parent.parent


class Ran(NamedTuple):
    """Exit code, standard output and standard error of a run."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path) -> Ran:
    """Runs a command in this process, which is quick, and restores the handlers of signals that it sets."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    code = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(argument) for argument in arguments])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        for number, handler in handlers.items():
            if handler is not signal.getsignal(number):
                signal.signal(number, handler)
    return Ran(code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, err)))


def command(*arguments: str | Path) -> list[str]:
    """The command line that starts the program with this Python, from any folder."""
    return [sys.executable, "-m", "ketamine_anki", *map(str, arguments)]


def environment(**variables: str) -> Mapping[str, str]:
    """The environment for a process that finds the program, with some variables set."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **variables}


def spawn(*arguments: str | Path, cwd: Path | None = None, **variables: str) -> Ran:
    """Runs a command in a process of its own, with environment variables set."""
    return execute(*command(*arguments), cwd=cwd, env=environment(**variables))


def execute(*words: str | Path, **options: Any) -> Ran:
    """Runs any program with options of `subprocess.run`."""
    done = subprocess.run(words, **{"capture_output": True, "timeout": 300, "check": False} | options)
    return Ran(done.returncode, *((stream or b"").decode("utf-8") for stream in (done.stdout, done.stderr)))
