"""Commands run as whole processes and measured: CPU, peak memory, instructions; ratios of pairs in the same round."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from typing import NamedTuple

Command = tuple[str, ...]

_LONG = 30.0  # CPU seconds: what takes longer runs once
# Our programs run with their bytecode, as users run them; the first round writes it.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Run(NamedTuple):
    """User and system seconds and peak memory in MB of one process; `inner` is what it said of a part of itself."""

    cpu: float
    peak: float
    inner: float | None


class FailedError(Exception):
    """A command that did not end with 0, with the end of what it said."""


def _finish(command: Command, **variables: str) -> tuple[str, Run]:
    with tempfile.TemporaryFile() as out:
        environment = {**_ENVIRONMENT, **variables}
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read().decode("utf-8", "replace")
    if process.returncode:
        raise FailedError(f"{' '.join(command)} ended with {process.returncode}:\n{said[-2000:]}")
    inner = float(said.split("seconds ")[1].split()[0]) if "seconds " in said else None
    return said, Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, inner)


def output(command: Command) -> str:
    """What a command prints."""
    return _finish(command)[0]


def rounds(commands: dict[str, Command], runs: int) -> dict[str, list[Run]]:
    """Each command in turn, A B C A B C …, `runs` times after a first round, which counts only for what runs once."""
    results: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            if number == 0 or results[name][0].cpu < _LONG:
                results[name].append(_finish(command)[1])
    return results


def counted(runs: list[Run]) -> list[Run]:
    """The runs that count."""
    return runs[1:] or runs


def ratio(one: list[Run], other: list[Run], inner: bool = False) -> float:
    """Median over the rounds that both ran of one's CPU over the other's, of whole processes or of their inner part."""
    pairs = list(zip(one, other, strict=False))
    return statistics.median(a.inner / b.inner if inner else a.cpu / b.cpu for a, b in pairs[1:] or pairs)


def instructions(command: Command) -> int:
    """Instructions of a whole process, counted by valgrind after a run that writes the bytecode."""
    output(command)
    callgrind = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command)
    said, _ = _finish(callgrind, PYTHONHASHSEED="0")
    return int(said.split("Collected : ")[1].split()[0])
