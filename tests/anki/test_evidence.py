"""The evidence on a card's back reads as a sentence ends."""

from __future__ import annotations

import pytest

from ketamine_anki.anki.compile import _work
from ketamine_anki.core.model import Reference


@pytest.mark.parametrize(
    ("citation", "shown"),
    [
        ("Green A. On leaves. J Bot. 2020", "Green A. On leaves. J Bot. 2020."),
        ("Green A. On leaves.", "Green A. On leaves."),
        ("Green A. Do leaves breathe?", "Green A. Do leaves breathe?"),
    ],
)
def test_citation_ends_once(citation: str, shown: str) -> None:
    assert _work(Reference("green", citation)) == shown
