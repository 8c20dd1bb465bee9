"""A rule with word patterns is asked about every note that holds one of its words, and would be silent on others."""

from __future__ import annotations

import pytest
from base_note import collection
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.core.model import Finding, Mark, Note, Places
from ketamine_anki.rules import medication
from ketamine_anki.rules.checker import NOTE_RULES, Check
from ketamine_anki.rules.rule import NoteRule, Rule, WordPattern
from ketamine_anki.rules.view import View, heard_in

PLACES = Places("deck.yaml", ("",), {"": Mark(0, 0, 0, 0)})
LISTENING = [rule for rule in NOTE_RULES if rule.words]
WORDS = sorted(
    {word for rule in LISTENING for word in rule.words}
    | {text for row in medication.TABLE for text in (row.bad, row.instead)}
    | set("and how what why when where which who what's? how's a the is it isn't risk-free safe of with or".split())
    | set(
        "84mg 5mg 5D x OD IN mg heparin AF ideal body weight drug agent true t/f less more oedema 1.0 .5 Qo.d.".split()
    )
)
SEPARATORS = " , - ' . ? / ; (".split() + [" "] * 6 + ["\u2019s ", "\u2018", ") ", ". ", "? ", "\u2013", "' "]
TEXTS = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SEPARATORS)), min_size=1, max_size=8).map(
    lambda parts: "".join(word + separator for word, separator in parts).strip() or "x"
)


def findings(note: Note) -> list[Finding]:
    return Check(collection()).note(View(note, collection()))


@pytest.mark.parametrize(
    ("marked", "words", "expression"),
    [
        ("the «text|chapter»", {"text", "chapter"}, "the (?:text|chapter)"),
        ("«Risk-free|magic Bullet»!|«@»", {"free", "bullet", "@"}, "(?:Risk-free|magic Bullet)!|(?:@)"),
        ("«\u00d8»", {"\u00d8"}, "(?:\u00d8)"),
    ],
)
def test_pattern_and_words_come_from_one_string(marked: str, words: set[str], expression: str) -> None:
    pattern = WordPattern(marked)
    assert (pattern.words, pattern.regex.pattern) == (words, expression)


def test_the_words_of_a_text_and_their_parts() -> None:
    words = ["wind-up", "84mg", "isn't", "'not'", "q1d"]
    assert heard_in(words) >= {*words, "wind", "up", "mg", "is", "not", "q1d"}


@pytest.mark.parametrize("rule", LISTENING, ids=[rule.name for rule in LISTENING])
def test_every_word_of_a_rule_wakes_it(rule: Rule[NoteRule], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(rule, "judge", lambda view: asked.append(view.note.question) or ())
    questions = [f"Which «{word.capitalize()}» and heparin?" for word in sorted(rule.words)]
    for question in [*questions, "Heparin?"]:
        findings(Note("n", "First Part", PLACES, question=question, answer="Salt"))
    assert asked == questions


@given(TEXTS, TEXTS, TEXTS)
def test_rules_that_are_not_asked_would_find_nothing(question: str, answer: str, extra: str) -> None:
    note = Note("n", "First Part", PLACES, question=question, answer=answer, extra=extra, source="kidney/1")
    quick = findings(note)
    with pytest.MonkeyPatch.context() as patch:
        for rule in LISTENING:
            patch.setattr(rule, "words", frozenset())
        for row in medication.TABLE:
            patch.setattr(row.pattern, "words", medication._WORDS | {"\n"})
        patch.setattr(medication, "heard_in", lambda words: medication._WORDS | {"\n"})
        patch.setattr(medication, "_WORDS", medication._WORDS | {"\n"})
        assert findings(note) == quick
