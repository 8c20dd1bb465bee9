"""Every character of a scalar is found where it is typed, in each of YAML's ways of writing it."""

from __future__ import annotations

import unicodedata

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ketamine_anki.core.scalars import collapse_spaces, locate

LETTERS = st.sampled_from(list("ab:#'\"\\|>-{}[] \n\té𝛼עe\u0301%&*!?,"))


def read(source: str) -> tuple[str, str, list[tuple[int, int]]]:
    """(what YAML reads, what `locate` reads, the places) of the one scalar under the key k."""
    scalar = [event for event in yaml.parse(source, yaml.CSafeLoader) if isinstance(event, yaml.ScalarEvent)][1]
    start, end = scalar.start_mark, scalar.end_mark
    text, places = locate(tuple(source.split("\n")), (start.line, start.column), (end.line, end.column))
    return scalar.value, text, places


@pytest.mark.parametrize(
    ("source", "fragment", "place"),
    [
        ("k: the dose falls", "falls", (0, 12)),
        ("k: the dose\n  then falls", "then falls", (1, 2)),
        ("k: 'it''s said it''s'", "said", (0, 10)),
        ('k: "a\\t\\u0062c"', "bc", (0, 7)),
        ('k: "fal\\\n    ls off"', "falls", (0, 4)),
        ('k: "a\\"b"', 'b', (0, 7)),
        ("k: >-\n  the dose\n  falls", "dose falls", (1, 6)),
        ("k: |  # why\n  - one\n    - two", "two", (2, 6)),
        ("k: >2-\n   the dose", "dose", (1, 7)),
        ("k: e\u0301te\u0301 falls", "\u00e9 falls", (0, 6)),
    ],
)  # fmt: skip
def test_place_of_fragment(source: str, fragment: str, place: tuple[int, int]) -> None:
    _, text, places = read(source)
    assert places[text.index(fragment)] == place


@given(st.text(LETTERS, max_size=60), st.sampled_from([None, "'", '"', "|", ">"]), st.booleans())
@example("falls #1", "'", True)
def test_text_is_what_yaml_reads(text: str, style: str | None, unicode: bool) -> None:
    """Up to runs of white space; and each place holds its character, or an escape for it."""
    source = yaml.dump({"k": text}, default_style=style, width=12, allow_unicode=unicode)
    value, found, places = read(source)
    assert found.strip() == collapse_spaces(unicodedata.normalize("NFC", value))
    lines = source.split("\n")
    for letter, (line, column) in zip(found, places, strict=True):
        if letter != " ":
            here = lines[line][column]
            assert here == "\\" or _base(here) == _base(letter)


def _base(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0]
