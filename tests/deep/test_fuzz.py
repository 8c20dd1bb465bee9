"""What fuzz.py asks can be asked, and sees what is slow; the fuzzing itself runs by name."""

from __future__ import annotations

import fuzz
import pytest
from program import REPOSITORY

MODULES = ["deckfiles/test_any_deck", "text/test_any_text", "intake/test_any_export", "anki/test_package_reader"]


@pytest.mark.parametrize("module", MODULES)
def test_every_property_takes_bytes(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)  # undoes what the module adds to the path, too
    targets = fuzz.properties(module)
    assert targets
    for number in range(len(targets)):
        fuzz.run(targets, bytes([number, *range(200)]))


def test_an_input_that_takes_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    fuzz.run([lambda data: sum(range(1_000))], b"")
    monkeypatch.setattr(fuzz, "SECONDS", 0.0)
    with pytest.raises(AssertionError, match="it takes"):
        fuzz.run([lambda data: sum(range(1_000))], b"")
