"""The scan: every character belongs to one span, and what Anki would obey is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.text.scanner import Deletion, live, scan

_PIECES = [
    "word",
    " ",
    "\n\n",
    "$",
    "$$",
    "`",
    "``",
    "{{c1::",
    "{{c2::",
    "{{x}}",
    "}}",
    "::",
    "\\",
    "{",
    "}",
    "5",
    r"\frac",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_the_spans_are_the_whole_text(text: str) -> None:
    """In order, without gaps; what was refused included."""
    spans = scan(text).spans
    assert [span.start for span in spans] == [0, *(span.end for span in spans[:-1])][: len(spans)]
    assert (spans[-1].end if spans else 0) == len(text)


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
def test_what_is_known_of_a_deletion(text: str) -> None:
    """Without a hint, it is empty."""
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
def test_what_anki_would_obey_is_known(command: str) -> None:
    """The last look at finished HTML, whatever it was put together from."""
    assert live(f"a {command} b {{{{") == command


def test_ordinary_signs_are_not_obeyed() -> None:
    assert live(r"a [b] (c) {d} e: [type: [sound] $f$ [c1::g] \\ \{ latex") == ""
