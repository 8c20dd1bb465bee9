"""What is shown is what was typed: over all 1,114,112 code points, and over random text.

The table of verdicts is frozen. Who means to change it runs `python tests/test_code_points.py`, which
writes it anew, and shows the difference to a reviewer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from promises import check_rendered, text_of

from ketamine_anki.core.characters import printable, refused
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.text.render import render

TABLE = Path(__file__).with_name("characters.txt")
_LINE = re.compile(r"(?P<first>[0-9A-F]{4,6})(?:-(?P<last>[0-9A-F]{4,6}))? (?P<why>.+)")


def verdict(character: str) -> str:
    """Why a character is refused when it stands alone, without its name; "" when it is accepted."""
    found = next(refused(character), None)
    return re.sub(r" U\+.*", "", found[1]) if found else ""


def judged() -> Iterator[tuple[int, str]]:
    """Every code point with its verdict, in order."""
    return ((code, verdict(chr(code))) for code in range(0x110000))


def table() -> str:
    """The text of the frozen table, as the program judges now."""
    lines = [TABLE.read_text(encoding="utf-8").split("\n")[0]]
    for why, group in groupby(judged(), key=lambda pair: pair[1]):
        codes = [code for code, _ in group]
        last = f"-{codes[-1]:04X}" if len(codes) > 1 else ""
        lines += [f"{codes[0]:04X}{last} {why}"] if why else []
    return "\n".join(lines) + "\n"


def frozen() -> list[tuple[int, int, str]]:
    """The ranges of the frozen table: first, last, why."""
    matches = (_LINE.fullmatch(line) for line in TABLE.read_text(encoding="utf-8").splitlines()[1:])
    return [(int(m["first"], 16), int(m["last"] or m["first"], 16), m["why"]) for m in matches if m]


def test_the_verdict_on_each_code_point_is_the_frozen_one() -> None:
    """Under every Python, whatever its Unicode version; the ends of ranges here, all by `-m deep`."""
    expected = {code: why for first, last, why in frozen() for code in (first, last)}
    for first, last, _ in frozen():
        for code in (first - 1, last + 1):
            if 0 <= code < 0x110000:
                expected.setdefault(code, "")
    assert {code: verdict(chr(code)) for code in expected} == expected
    assert len(expected) > 1_000


@pytest.mark.deep
def test_the_verdict_on_every_code_point_is_the_frozen_one() -> None:
    expected = {code: why for first, last, why in frozen() for code in range(first, last + 1)}
    wrong = [(hex(code), why) for code, why in judged() if why != expected.get(code, "")]
    assert wrong == []


@pytest.mark.deep
def test_every_code_point_is_shown_as_typed_or_refused_raw_and_escaped() -> None:
    """Each in a note of its own place: `a`, the character, `b`; through the reader and the renderer."""
    for first in range(0, 0x110000, 1000):
        block = [chr(code) for code in range(first, min(first + 1000, 0x110000)) if not 0xD800 <= code < 0xE000]
        for form in (lambda c: f"'a {c if c != chr(39) else c + c} b'", lambda c: f'"a \\U{ord(c):08x} b"'):
            for character, found, shown in _through(block, form):
                typed = unicodedata.normalize("NFC", f"a {character} b").replace("\u00b5", "\u03bc")
                assert found or shown == typed or character in "\n\r\t\\", (hex(ord(character)), shown)


def _through(block: list[str], form) -> Iterator[tuple[str, bool, str]]:
    """(character, whether there is a finding, what is shown)."""
    for character in block:
        note = f"deck: D\nnotes:\n- id: a\n  question: q\n  answer: {form(character)}\n  source: s/1\n"
        deck, findings = read_deck("d", f"{note}  tags: [t]\n  yield: core\n  skill: recall\n".encode())
        if findings or deck is None or not deck.notes:
            yield character, True, ""
            continue
        rendered = render(deck.notes[0].answer, {})
        yield character, bool(rendered.findings), text_of(rendered.html)


# Everything that Markdown, math and clozes take for a mark is left out: what remains is text.
_MARKS = "\\`*_{}[]<>&$|~!#+-=:()0123456789.\n\t"
_TEXT = st.text(st.characters(exclude_characters=_MARKS, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


@settings(max_examples=300)
@given(_TEXT)
def test_text_without_marks_is_shown_as_typed_or_refused(typed: str) -> None:
    typed = unicodedata.normalize("NFC", typed.strip())
    if typed and not list(refused(typed)):
        rendered = render(typed, {})
        assert (rendered.findings, text_of(rendered.html)) == ([], typed)


_MARKUP = st.lists(
    st.sampled_from([*"\\`*_{}[]<>&$|~!#+-=:()09. \nab", "{{c1::", "}}", "[latex]", "](", "$$"]), max_size=60
).map("".join)


@settings(max_examples=300)
@given(_MARKUP, st.booleans())
def test_any_marks_give_balanced_html_without_commands_or_a_mistake(typed: str, cloze: bool) -> None:
    check_rendered(render(typed, {"a.png": "a-1.png"}, cloze=cloze), cloze=cloze)


@settings(max_examples=300)
@given(st.text(max_size=80))
def test_what_is_printed_holds_nothing_that_steers(text: str) -> None:
    said = printable(text)
    assert not any(why for _, why in refused(said) if why.split()[0] in ("control", "bidirectional"))
    assert "##[" not in said
    assert printable(said) == said


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_reading_bytes_never_raises_and_points_into_the_file(data: bytes) -> None:
    _, findings = read_deck("d.yaml", data)
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for finding in findings:
        assert 1 <= finding.position.line <= len(lines)
        assert 1 <= finding.position.column <= len(lines[finding.position.line - 1]) + 1


@pytest.mark.parametrize("name", ["characters.txt"])
def test_the_table_refuses_most_and_accepts_the_scripts_of_the_world(name: str) -> None:
    refused_codes = sum(last - first + 1 for first, last, _ in frozen())
    assert TABLE.name == name
    assert 900_000 < refused_codes < 1_000_000
    for letter in "aéжωאبกあ漢한€−μ":
        assert verdict(letter) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x07", r"\x07"),
        ("\xad", r"\xad"),
        ("\u0100", "\u0100"),
        ("\u202e", r"\u202e"),
        ("\uffff", r"\uffff"),
        ("\U00010000\U000e0041", "\U00010000" + r"\U000e0041"),
        ("##[add-mask]x", r"#\x23[add-mask]x"),
    ],
)
def test_what_is_hidden_is_printed_by_number(text: str, said: str) -> None:
    assert printable(text) == said


def test_of_a_line_with_very_many_refused_characters_only_the_first_are_named() -> None:
    assert len(list(refused("\x01" * 1_000 + "\n" + "\x01"))) == 101


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
