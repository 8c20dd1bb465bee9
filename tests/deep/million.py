"""Every property test with a million examples in all, by name: `python tests/deep/million.py [EXAMPLES] [TESTS...]`.

Each property is timed first; then the examples are shared out, the more the cheaper: what costs ten times as much
gets a twentieth. Prints how many examples each property passed and ends with 1 when one fails or examples lack.
A million take about half an hour of one processor.
Hypothesis remembers what it has tried, so the examples come in runs of a few thousand, each with a new seed.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("", "tests", "tests/deep")]

import pytest  # noqa: E402
from _pytest.runner import runtestprotocol  # noqa: E402

FIRST, RUN = 100, 5_000  # examples of a property to time it, and at most in one run
_LESS = -1.3  # the power of its cost with which a property's share falls


class Property:
    """One property test, with any parameters: counts the examples that it passes."""

    def __init__(self, item: pytest.Function) -> None:
        self.item = item
        # Said to come next, a neighbour makes pytest set up the item alone anew, and not what it shares.
        self.after = pytest.Function.from_parent(item.parent, name="after", callobj=lambda: None)
        self.passed = 0
        self.seconds = 0.0
        self.is_exhausted = False
        self.has_failed = False

    @property
    def cost(self) -> float:
        """Seconds of one example."""
        return self.seconds / max(self.passed, 1)

    @property
    def is_able(self) -> bool:
        """Whether more examples can be asked for."""
        return not self.is_exhausted and not self.has_failed

    def run(self, examples: int) -> None:
        """Tries so many more examples. What the item shares with others is left as it is set up."""
        from hypothesis import settings  # pytest wants to be the first to import it

        test: Any = getattr(self.item.obj, "__func__", self.item.obj)
        was, inner = test._hypothesis_internal_use_settings, test.hypothesis.inner_test
        test._hypothesis_internal_use_settings = settings(was, max_examples=examples, database=None)
        test.hypothesis.inner_test = self._counting(inner)
        before, start = self.passed, time.process_time()
        try:
            reports = runtestprotocol(self.item, nextitem=self.after)
        finally:
            test._hypothesis_internal_use_settings, test.hypothesis.inner_test = was, inner
        self.seconds += time.process_time() - start
        self.has_failed = any(report.failed for report in reports)
        self.is_exhausted = self.passed - before < examples // 2  # there are no more, or most do not fit

    def _counting(self, inner: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(inner)
        def counted(*arguments: Any, **named: Any) -> None:
            inner(*arguments, **named)
            self.passed += 1

        return counted


class Million:
    """The run itself, as a plugin of pytest."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.properties: list[Property] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if hasattr(getattr(item, "obj", None), "hypothesis")]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or session.config.option.collectonly:
            return False
        self.properties = [Property(item) for item in session.items if isinstance(item, pytest.Function)]
        shares = [(one, FIRST) for one in self.properties]
        while shares:
            for (one, share), after in zip(shares, [*shares[1:], None], strict=True):
                while share > 0 and one.is_able:
                    before = one.passed
                    one.run(min(share, RUN))
                    share -= max(one.passed - before, 1)
                session._setupstate.teardown_exact(after[0].item if after else None)
            shares = self._shares()
        return True

    def _shares(self) -> list[tuple[Property, int]]:
        """How many more examples each property is asked for, so that the goal is reached."""
        left = self.wanted - sum(one.passed for one in self.properties)
        able = [one for one in self.properties if one.is_able]
        if left <= 0 or not able:
            return []
        whole = sum(one.cost**_LESS for one in able)
        return [(one, int(left * one.cost**_LESS / whole) + 1) for one in able]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        write = terminalreporter.write_line
        write(f"\n{'examples':>10} {'seconds':>8} {'ms each':>8}  property")
        for one in sorted(self.properties, key=lambda one: -one.passed):
            failed = " FAILED" if one.has_failed else ""
            write(f"{one.passed:10,} {one.seconds:8.0f} {1000 * one.cost:8.2f}  {one.item.nodeid}{failed}")
        passed, seconds = (sum(getattr(one, key) for one in self.properties) for key in ("passed", "seconds"))
        write(f"{passed:10,} {seconds:8.0f} {'':8}  in all, of {len(self.properties)} properties")

    def is_reached(self) -> bool:
        """Whether all properties hold, over as many examples as were wanted."""
        held = not any(one.has_failed for one in self.properties)
        return held and sum(one.passed for one in self.properties) >= self.wanted


def main(arguments: list[str]) -> int:
    wanted = int(arguments.pop(0)) if arguments and arguments[0].isdecimal() else 1_000_000
    tests = arguments or [str(REPOSITORY / "tests")]
    million = Million(wanted)
    code = pytest.main(["--no-cov", "-q", "-q", "-p", "no:cacheprovider", *tests], plugins=[million])
    return int(code) or (0 if million.is_reached() else 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
