"""The scan: every character belongs to one span, deletions are known in full, and commands of Anki are found."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.text.scanner import command_in, scan

_PIECES = ["word", " ", "\n\n", *r"$ $$ ` `` {{c1:: {{c2:: {{x}} }} :: \ { } 5 \frac".split()]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_the_spans_are_the_whole_text(text: str) -> None:
    """In order, without gaps, mistakes included."""
    spans = scan(text).spans
    assert [span.start for span in spans] == [0, *(span.end for span in spans[:-1])][: len(spans)]
    assert (spans[-1].end if spans else 0) == len(text)
    assert not text or all(span.start < span.end for span in spans)


@pytest.mark.parametrize(
    ("text", "deletions"),
    [
        ("{{c1::a}} `c` ${{c22::\\frac{a}{b}::h}}$ **d**", [(1, "a", "", 0), (22, "\\frac{a}{b}", "h", 0)]),
        ("{{c1::a {{c2::b}}}} {{c3::c}}", [(1, "a {{c2::b}}", "", 0), (2, "b", "", 1), (3, "c", "", 0)]),
        ("{{c1::$b {{c2::d}} e$}}", [(1, "$b {{c2::d}} e$", "", 0), (2, "d", "", 1)]),
        ("${{c1::{{c2::d}}}} {{c3::e}}$", [(1, "{{c2::d}}", "", 0), (2, "d", "", 1), (3, "e", "", 0)]),
    ],
)
def test_deletions_with_their_places_and_how_many_are_around_each(text: str, deletions: list[tuple[Any, ...]]) -> None:
    found = scan(text).deletions
    assert [(one.number, one.answer, one.hint, one.depth) for one in found] == deletions
    for one in found:
        hint = f"::{one.hint}" if one.hint else ""
        assert text[one.start : one.answer_start] == f"{{{{c{one.number}::"
        assert text[one.answer_start : one.end] == f"{one.answer}{hint}}}}}"
        assert one.answer_end == one.answer_start + len(one.answer)


_OBEYED = r"[latex] [/latex] [LaTeX] [$] [/$] [$$] [/$$] [sound: [anki: [[type: \( \) \[ \] {{ }}"


def test_commands_of_anki_are_found_in_finished_html() -> None:
    for command in _OBEYED.split():
        assert command_in(f"a {command} b {{{{") == command
    assert command_in(r"a [b] (c) {d} e: [type: [sound] $f$ [c1::g] \\ \{ latex") == ""


def test_scan_is_linear() -> None:
    """Twenty thousand signs of any kind are scanned at once."""
    for part in ("$", "$$", "`", "{{c1::", "}}", "::", "\\", "$x", "`` ` ", "$a\\", "{{c1::$"):
        start = time.process_time()
        scan(part * (20_000 // len(part)))
        assert time.process_time() - start < 20, part  # far below one; quadratic, it would take minutes
