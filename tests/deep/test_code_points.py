"""A code point that may stand in a text is shown as typed, or found by the reader or the renderer."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from invariants import text_of

from ketamine_anki.core.characters import kind
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.text.render import render

pytestmark = pytest.mark.deep


@pytest.mark.parametrize("form", ["'a {} b'", '"a \\U{:08x} b"'], ids=["raw", "escaped"])
def test_a_code_point_is_shown_as_typed_or_found(form: str) -> None:
    """In the answers of notes, through both: every seventh of those code points."""
    raw = "{}" in form
    codes = [code for code in range(0x20, 0x110000) if not kind(chr(code)) and chr(code) not in "'\\"][::7]
    for first in range(0, len(codes), 500):
        block = codes[first : first + 500]
        for code, answer in _answers(block, [form.format(chr(code) if raw else code) for code in block]):
            typed = unicodedata.normalize("NFC", f"a {chr(code)} b").replace("\u00b5", "\u03bc")
            rendered = render(answer, {})
            assert rendered.findings or text_of(rendered.html) == typed, hex(code)


def _answers(codes: list[int], scalars: list[str]) -> Iterator[tuple[int, str]]:
    """The answers of the notes that can be read; a block with findings is halved until these stand alone."""
    notes = (
        f"- id: n{code}\n  question: q\n  answer: {scalar}\n  source: s/1\n  tags: [t]\n"
        "  yield: core\n  skill: recall\n"
        for code, scalar in zip(codes, scalars, strict=True)
    )
    deck, findings = read_deck("d", f"deck: D\nnotes:\n{''.join(notes)}".encode())
    if deck is not None and not findings:
        yield from ((code, note.answer) for code, note in zip(codes, deck.notes, strict=True))
    elif len(codes) > 1:
        half = len(codes) // 2
        yield from _answers(codes[:half], scalars[:half])
        yield from _answers(codes[half:], scalars[half:])
    else:
        assert findings
