"""The scan: every character belongs to one span, deletions are known in full, and commands of Anki are found."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.text.scanner import Deletion, command_in, scan

_PIECES = ["word", " ", "\n\n", *r"$ $$ ` `` {{c1:: {{c2:: {{x}} }} :: \ { } 5 \frac".split()]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_the_spans_are_the_whole_text(text: str) -> None:
    """In order, without gaps, mistakes included."""
    spans = scan(text).spans
    assert [span.start for span in spans] == [0, *(span.end for span in spans[:-1])][: len(spans)]
    assert (spans[-1].end if spans else 0) == len(text)
    assert not text or all(span.start < span.end for span in spans)


@pytest.mark.parametrize(
    ("text", "depths"),
    [
        ("{{c1::a {{c2::b {{c3::c}}}}}} {{c4::d}}", {1: 0, 2: 1, 3: 2, 4: 0}),
        ("{{c1::a $b {{c2::c {{c3::d {{c4::e}}}}}} {{c5::f}}$}} {{c6::g}}", {1: 0, 2: 1, 3: 2, 4: 3, 5: 1, 6: 0}),
    ],
)
def test_a_deletion_knows_how_many_are_around_it(text: str, depths: dict[int, int]) -> None:
    assert {deletion.number: deletion.depth for deletion in scan(text).deletions} == depths


@pytest.mark.parametrize(
    "text", ["{{c1::a}} {{c22::b::h}}", "`c` {{c1::a}} {{c22::b::h}} **d**", "${{c1::a}} {{c22::b::h}}$"]
)
def test_number_answer_hint_and_places_of_a_deletion(text: str) -> None:
    start, second = text.index("{{c1"), text.index("{{c22")
    known = [{name: getattr(deletion, name) for name in Deletion.__slots__} for deletion in scan(text).deletions]
    assert known == [
        {"number": 1, "answer": "a", "hint": "", "depth": 0, "start": start, "answer_start": start + 6}
        | {"answer_end": start + 7, "end": start + 9},
        {"number": 22, "answer": "b", "hint": "h", "depth": 0, "start": second, "answer_start": second + 7}
        | {"answer_end": second + 8, "end": second + 13},
    ]


_OBEYED = r"[latex] [/latex] [LaTeX] [$] [/$] [$$] [/$$] [sound: [anki: [[type: \( \) \[ \] {{ }}"


@pytest.mark.parametrize("command", _OBEYED.split())
def test_commands_of_anki_are_found_in_finished_html(command: str) -> None:
    assert command_in(f"a {command} b {{{{") == command


def test_ordinary_brackets_are_no_commands() -> None:
    assert command_in(r"a [b] (c) {d} e: [type: [sound] $f$ [c1::g] \\ \{ latex") == ""


def test_scan_is_linear() -> None:
    """Twenty thousand signs of any kind are scanned at once."""
    for part in ("$", "$$", "`", "{{c1::", "}}", "::", "\\", "$x", "`` ` ", "$a\\", "{{c1::$"):
        start = time.process_time()
        scan(part * (20_000 // len(part)))
        assert time.process_time() - start < 20, part  # far below one; quadratic, it would take minutes
