"""Rules are asked only of notes that have their words or signs: whom nobody asks would have had nothing to say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from examples import collection
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.core.model import Finding, Mark, Note, Places, Where
from ketamine_anki.rules import checker, view
from ketamine_anki.rules.checker import Check, medication, wording
from ketamine_anki.rules.view import View

PLACES = Places("deck.yaml", ("",), {"": Mark(0, 0, 0, 0)})
WORDS = sorted(
    {word for words in checker._LISTENING.values() for word in words}
    | medication.WORDS
    | {text for row in medication.TABLE for text in (*row.bad, *row.good)}
    | set("and how what why when where which who what's? how's a the is it risk-free safe of with or likely".split())
    | set(
        "84mg 5mg 5D x OD IN mg heparin AF ideal body weight drug agent true false less oedema 1.0 .5 Qo.d. /".split()
    )
)
AROUND = (
    " ",
    " ",
    " ",
    " ",
    ", ",
    "-",
    "'",
    " '",
    "' ",
    "\u2019s ",
    "\u2018",
    " (",
    ") ",
    ". ",
    "? ",
    "/",
    "; ",
    "\u2013",
)
TEXTS = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(AROUND)), min_size=1, max_size=8).map(
    lambda parts: "".join(word + after for word, after in parts).strip() or "x"
)


def notations(view: View) -> Iterator[tuple[Where, str, str]]:
    """Every pattern on every text."""
    for key, text in view.plain.items():
        for row in medication.TABLE:
            for found in re.finditer(row.pattern, text):
                shown = found[0].strip()
                around = text[max(found.start() - 12, 0) : found.end() + 8].strip()
                message = f"{shown!r} in {around!r}: write {row.instead}"
                yield Where(key, shown, text.count(shown, 0, found.start())), row.id, message


def said(note: Note) -> list[Finding]:
    within = collection()
    return sorted(Check(within).note(View(note, within)))


@given(TEXTS, TEXTS, TEXTS)
def test_rules_that_are_not_asked_would_have_said_nothing(question: str, answer: str, extra: str) -> None:
    note = Note("n", "First Part", PLACES, question=question, answer=answer, extra=extra, source="kidney/1")
    quick = said(note)
    everyone = sum(checker._BITS.values()) | checker._NOTATIONS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checker, "_asked", lambda view: everyone & ~checker._PAIR)
        patch.setattr(medication, "notations", notations)
        patch.setattr(wording, "_asks_after_and", lambda words: True)
        assert quick == said(note)


def test_what_is_remembered_of_words_is_forgotten_without_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection may have more words than are remembered."""
    monkeypatch.setattr(checker, "MOST_WORDS", 2)
    listeners = checker._Listeners(len)
    assert [listeners[word] for word in ("a", "bb", "ccc", "dddd", "a", "bb")] == [1, 2, 3, 4, 1, 2]
    monkeypatch.setattr(view, "MOST_WORDS", 2)
    numbers = view._Stems()
    words = [f"word{letter}x" for letter in "abcdefgh"]
    seen = [numbers[word] for word in words]
    assert len(set(seen)) == len(seen), "no two words have one number"
    assert [numbers[word] for word in words] == seen, "and no word a second one"
