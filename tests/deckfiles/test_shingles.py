"""Copied runs of words are those that comparing every window with the source finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.deckfiles.shingles import RUN, WINDOW, copied, make_shingles, read_shingles

_SOURCE = "the quick brown fox jumps over the lazy dog and the quick cat looks over the lazy fox again"
_HASHES, _ = read_shingles("s", make_shingles(_SOURCE).encode())
_WINDOWS = {" ".join(_SOURCE.split()[n : n + WINDOW]) for n in range(len(_SOURCE.split()) - WINDOW + 1)}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_another_encoding_is_named(encoding: str) -> None:
    hashes, findings = read_shingles("s", make_shingles(_SOURCE).encode(encoding))
    assert (hashes, [finding.message for finding in findings]) == (
        frozenset(),
        [f"{encoding[:6].upper()} text: save it as UTF-8"],
    )


@given(st.binary(max_size=30), st.binary(max_size=3))
def test_copied_runs_are_those_that_comparing_every_window_finds(picked: bytes, more: bytes) -> None:
    words = [word for n in picked for word in _SOURCE.split()[n % 20 : n % 20 + n // 26]] + ["new"] * len(more)
    meant = [
        n
        for n in range(len(words) - RUN + 1)
        if all(" ".join(words[m : m + WINDOW]) in _WINDOWS for m in range(n, n + RUN - WINDOW + 1))
    ]
    assert copied(words, _HASHES) == meant
