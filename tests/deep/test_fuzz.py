"""The targets of fuzz.py see what they look for; the fuzzing itself runs by name."""

from __future__ import annotations

import importlib.util
import sys

import pytest
from program import REPOSITORY, execute


@pytest.mark.deep
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris")
@pytest.mark.parametrize(("work", "code"), [(1_000, 0), (200_000_000, 1)])
def test_an_input_that_takes_long_is_a_finding(work: int, code: int) -> None:
    source = f"import fuzz; fuzz.soon(lambda data: sum(range({work})))(b'')"
    done = execute(sys.executable, "-c", source, cwd=REPOSITORY / "tests")
    assert (done.code, "AssertionError: it takes" in done.err) == (code, bool(code)), done.err[-500:]
