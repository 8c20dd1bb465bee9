"""Which tests may be skipped, and where: on CI, a skip for any other reason fails the run. Loaded by conftest.py.

A test that is skipped checks nothing, and nobody reads the number of skipped tests of a green run.
"""

from __future__ import annotations

import os
import re
import sys

import pytest

LINUX, MACOS, WINDOWS = "linux", "darwin", "win32"
ALLOWED = {
    r"needs /dev/full": {MACOS, WINDOWS},
    r"needs (signals|FIFOs) of POSIX": {WINDOWS},
    r"CI runs its scripts on Linux alone": {WINDOWS},
    r"no Chromium here: .*": {MACOS, WINDOWS},
    r"other systems have no such names": {MACOS, WINDOWS},
    # deep tests, which CI runs on Linux
    r"making a device needs root": {LINUX},
}
_unexpected: list[str] = []

if not hasattr(os, "mkfifo"):
    os.mkfifo = lambda *_: pytest.skip("needs FIFOs of POSIX")


def unexpected(reason: str, platform: str) -> bool:
    """Whether a test that was skipped for this reason should have run on this platform (`sys.platform`)."""
    return not any(platform in platforms and re.fullmatch(why, reason) for why, platforms in ALLOWED.items())


def pytest_runtest_logreport(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if unexpected(reason, sys.platform):
            _unexpected.append(f"{report.nodeid}: {reason}")


pytest_collectreport = pytest_runtest_logreport  # of a module that is skipped as a whole


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _unexpected and os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _unexpected and os.environ.get("CI"):
        terminalreporter.section("skipped for a reason that tests/skips.py does not allow here")
        for line in _unexpected:
            terminalreporter.write_line(line)
