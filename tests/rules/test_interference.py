"""Near-duplicates: the quick search finds just the pairs that comparing each with each finds."""

from __future__ import annotations

import random

import pytest
from base_note import collection

from ketamine_anki.core.limits import MAX_COMPARED, MAX_HOLDERS, MAX_MORE_COMPARED
from ketamine_anki.core.model import Mark, Note, Places
from ketamine_anki.rules.interference import MIN_CONTENT, SIMILAR, DuplicateQuestion, NearDuplicate
from ketamine_anki.rules.rule import Names
from ketamine_anki.rules.view import View


def view(number: int, words: list[str]) -> View:
    places = Places("deck.yaml", ("",), {"": Mark(number, 0, number, 0)})
    note = Note(f"n-{number}", "First Part", places, question=" ".join(words), answer="Potassium")
    return View(note, collection())


def notes(count: int, vocabulary: int, seed: int) -> list[View]:
    """Notes of random words; every fifth repeats an earlier one with up to three words changed."""
    chance = random.Random(seed)
    made: list[list[str]] = []
    for number in range(count):
        if number and number % 5 == 0:
            words = list(chance.choice(made))
            for _ in range(chance.randrange(4)):
                words[chance.randrange(len(words))] = f"word{chance.randrange(vocabulary)}x"
            chance.shuffle(words)
        else:
            words = [f"word{int(vocabulary * chance.random() ** 2)}x" for _ in range(chance.randrange(1, 25))]
        made.append(words)
    return [view(number, words) for number, words in enumerate(made)]


@pytest.mark.parametrize(("vocabulary", "seed"), [(10, 1), (40, 2), (400, 3), (5_000, 4)])
def test_no_pair_is_missed_and_none_invented(vocabulary: int, seed: int) -> None:
    views = notes(250, vocabulary, seed)
    rule = NearDuplicate(collection(), Names())
    for made in views:
        assert rule.note(made) == ()
    sets = [tokens for made in views if len(tokens := rule.content(made)) >= MIN_CONTENT]
    expected = {}
    for later, words in enumerate(sets):
        best = max((len(words & other) / len(words | other) for other in sets[:later]), default=0.0)
        if best >= SIMILAR:
            expected[later] = best
    assert expected, "the notes hold near-duplicates"
    found = {later: similarity for later, _, similarity in rule.pairs}
    assert found == pytest.approx(expected)
    for later, earlier, similarity in rule.pairs:
        assert len(sets[later] & sets[earlier]) / len(sets[later] | sets[earlier]) == pytest.approx(similarity)


def test_signs_tell_questions_apart() -> None:
    rule = DuplicateQuestion(collection(), Names())
    asked = "x > 5, x < 5, x = 5, C#, C, $x^2$, $x_2$, $K_d$, $k_d$, $n!$, $n$, PaO2, PAO2, 5.7, 5/7, 5:7, 5 7"
    for number, text in enumerate(asked.split(", ")):
        assert list(rule.note(view(number, f"What is {text} called?".split()))) == []
    for number, text in enumerate(("what is x > 5, called?", "What is PaO2 called"), 99):
        assert len(list(rule.note(view(number, [text])))) == 1


def few_words(count: int, vocabulary: int) -> list[View]:
    chance = random.Random(6)
    words = [f"word{number}x" for number in range(vocabulary)]
    return [view(number, chance.sample(words, 17)) for number in range(count)]


@pytest.mark.parametrize("vocabulary", [30, 60])
def test_notes_of_few_words_are_compared_with_few_others(vocabulary: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with each would be two million pairs."""
    compared: list[int] = []
    monkeypatch.setattr(NearDuplicate, "_similarity", lambda self, words, other: compared.append(other) or 0.0)
    rule = NearDuplicate(collection(), Names())
    for made in few_words(2_000, vocabulary):
        rule.note(made)
    assert 0 < len(compared) <= 2_000 * 2 * MAX_COMPARED + MAX_MORE_COMPARED
    assert max(map(len, rule._holders.values())) == MAX_HOLDERS


def test_a_twin_in_a_rare_word_is_found_among_many_that_are_nearly_as_like() -> None:
    rule = NearDuplicate(collection(), Names())
    for number in [*range(1_000), 1]:
        rule.note(view(number, f"Which gas do plants of region zone{number}z take up?".split()))
    assert rule.pairs == [(1_000, 1, 1.0)]
