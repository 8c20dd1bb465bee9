"""Which rules hold in a collection: by its language, by what it switches off, and by what it excuses nobody from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from base_note import check, collection, note, rules

from ketamine_anki.core.language import decimal_sign, is_right_to_left
from ketamine_anki.core.model import Collection, Picture
from ketamine_anki.rules.checker import OPTIONAL, groups
from ketamine_anki.workspace.folder import Folder


def within(language: str = "en", **names: tuple[str, ...]) -> Collection:
    return replace(collection(), language=language, rules=names)


def found(changes: dict[str, Any], collection: Collection) -> list[str]:
    return rules(check(note(changes), within=collection))


@pytest.mark.parametrize(
    ("language", "changes", "expected"),
    [
        ("de", {"question": "Was hemmt Warfarin?", "answer": "It is a hund"}, []),
        ("de", {"question": "Is das ein Test?"}, []),
        ("de", {"answer": "Die Leber bzw. Hepatozyten der Leber"}, []),
        ("en", {"question": "Is warfarin a test?"}, ["yes-no"]),
        ("en-GB", {"question": "Is warfarin a test?"}, ["yes-no"]),
        ("de", {"extra": "Man nimmt 1.300 g", "evidence": "checked-2020"}, []),
        ("de", {"extra": "Man nimmt 1,0 mg", "evidence": "checked-2020"}, ["trailing-zero"]),
        ("de", {"extra": "Man nimmt 1.0 mg", "evidence": "checked-2020"}, ["trailing-zero"]),
        ("de", {"extra": "Man nimmt 1.5 mg", "evidence": "checked-2020"}, ["decimal-sign"]),
        ("de", {"extra": "Man nimmt 1,5 mg, 1.500 mg", "evidence": "checked-2020"}, []),
        ("de", {"extra": "Man nimmt ,5 mg", "evidence": "checked-2020"}, ["naked-decimal"]),
        ("de-CH", {"extra": "Man nimmt 1.0 mg", "evidence": "checked-2020"}, ["trailing-zero"]),
        ("en", {"extra": "Take 1.0 mg", "evidence": "checked-2020"}, ["trailing-zero"]),
        ("fr", {"extra": "On verse 500 ml, puis 5 U", "evidence": "checked-2020"}, []),
        ("fr", {"extra": "On prend 10mg", "evidence": "checked-2020"}, ["unit-without-space"]),
        ("fr", {"extra": "On prend 10 mg"}, ["dose-evidence"]),
        ("uk", {"extra": "Це одно- та двозначні числа"}, []),
        ("sv", {"extra": "Den har höger- samt vänsterhjärta"}, []),
        ("ko", {"text": "{{c1::서울}}은 {{c2::한국}}의 수도이다."}, []),
        ("hu", {"text": "A víz {{c1::száz fokon}} forr."}, []),
        ("vi", {"text": "Con mèo là {{c1::động vật có vú}}."}, []),
        ("de", {"text": "Es {{c1::regnet}}."}, ["cloze-context"]),
        ("en", {"text": "The cat is {{c1::a mammal}}."}, ["cloze-context"]),
    ],
)
def test_a_rule_holds_in_the_language_it_is_made_for(
    language: str, changes: dict[str, str], expected: list[str]
) -> None:
    assert found(changes, within(language)) == expected


JOINERS = "and but bzw nor oder plus than then through und versus via".split()


@pytest.mark.parametrize("word", [*JOINERS, "or", "to", "vs", "ve", "et"])
def test_a_hyphen_may_stand_for_the_rest_of_a_word(word: str) -> None:
    assert found({"extra": f"It is pre- {word} postoperative"}, within()) == []
    assert found({"extra": f"It is pre- {word}ing now"}, within()) == ["cut-word"]


DOSE = {"extra": "Mix 250 g of butter and 500 ml of milk"}


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ((), ["dose-evidence", "small-ml"]),
        (("medication",), []),
        (("small-ml",), ["dose-evidence"]),
        (("wording", "dose-evidence"), ["small-ml"]),
    ],
)
def test_rules_and_groups_are_switched_off(off: tuple[str, ...], expected: list[str]) -> None:
    assert found(DOSE, within(off=off)) == expected


def test_all_that_may_be_switched_off_is_a_rule_of_the_manual() -> None:
    pages = groups()
    assert {name for pages in pages.values() for name in pages} >= OPTIONAL
    assert not OPTIONAL & {*pages["format"], *pages["text"], *pages["released"], *pages["excuses"], "duplicate-id"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("yesno", "rule 'yesno' is unknown: did you mean 'yes-no'?"),
        ("medicaton", "rule 'medicaton' is unknown: did you mean 'medication'?"),
        ("raw-html", "rule 'raw-html' always holds"),
        ("unknown-claim", "rule 'unknown-claim' always holds"),
    ],
)
@pytest.mark.parametrize("key", ["off", "strict"])
def test_a_name_that_is_no_rule_is_found(key: str, name: str, message: str) -> None:
    findings = check(note({}), whole=True, within=within(**{key: ("yes-no", name)}))
    assert [(finding.rule, finding.message) for finding in findings] == [("unknown-rule", message)]


def test_the_deck_of_this_repository_switches_nothing_off(real_decks: Path) -> None:
    """What rests on evidence has no exceptions in it."""
    real = Folder(real_decks).collection
    assert real is not None
    assert (real.language, set(real.rules)) == ("en", {"strict"})
    assert {"provenance", "dose-evidence"} <= set(real.rules["strict"])


def test_a_strict_rule_excuses_nobody() -> None:
    excused = {"extra": "The usual dose is 40 mg", "allow.dose-evidence": "known to all"}
    assert found(excused, within()) == []
    assert found(excused, within(strict=("dose-evidence",))) == ["dose-evidence", "unused-allow"]
    assert found(excused, within(strict=("medication",))) == ["dose-evidence", "unused-allow"]


@pytest.mark.parametrize(
    ("tag", "sign", "rtl"),
    [
        ("en", ".", False),
        ("de", ",", False),
        ("es", ",", False),
        ("es-MX", ".", False),
        ("ja", ".", False),
        ("ar", ".", True),
        ("fa-IR", ".", True),
        ("ks-Deva", ".", False),
        ("az-Latn", ",", False),
    ],
)
def test_what_a_language_tag_says(tag: str, sign: str, rtl: bool) -> None:
    assert (decimal_sign(tag), is_right_to_left(tag)) == (sign, rtl)


QUESTIONS = (
    ("ja", "光合成で何ができますか？"), ("ja", "光合成で何ができますか。"),
    ("ja", "「猫」は英語で何ですか？（一語）"), ("zh", "光合作用产生什么？"),
    ("ar", "ما الغاز الذي تأخذه الأوراق؟"), ("fa", "برگ‌ها کدام گاز را می‌گیرند؟"),
    ("hy", "Ի՞նչ գազ են վերցնում տերևները։"), ("el", "Ποιο αέριο παίρνουν τα φύλλα;"),
    ("th", "ใบไม้ใช้แก๊สอะไร"), ("es", "¿Qué gas toman las hojas?"),
    ("en", "Who asked “Where is the green leaf?”"), ("en", "Who asked “Where is the green leaf?”?"),
    ("en", "Which gas do green leaves take up? (one word)"),
    ("en", "Which gas do green leaves take up? [one word]"),
    ("en", "Which gas (carbon dioxide or oxygen?) do green leaves take up first?"),
    ("en", "Which gas do green leaves take up?!"), ("en", "Which gas do **green leaves take up?**"),
    ("en", "What does this line print? `print(a ? b : c)`"),
    ("en", "What does this line print?\n\n```\nx = a ?? b\n```"),
    ("en", "Which law has this form? $$pV = nRT$$"),
    ("en", "Which leaf is this? ![A green leaf](a.png)"),
    ("en", "Which gas fills the gap? $$C + O_2 = ?$$"),
    ("en", "What does it mean to water a plant?"),
    ("en", "Which leaf stays green whether or not the sun shines?"),
)  # fmt: skip
NO_QUESTIONS = (
    ("ja", "光合成でできるもの。"), ("ar", "الغاز الذي تأخذه الأوراق."),
    ("el", "Το αέριο που παίρνουν τα φύλλα."), ("de", "Das Gas; es ist gut;"),
    ("en", "Is it the gas? It is"), ("en", "The gas `a?`"), ("en", "The gas (which?) of leaves"),
)  # fmt: skip
TWO_QUESTIONS = (
    ("ja", "これは何ですか？いつですか？"),
    ("ar", "ما هذا؟ ومتى؟"),
    ("en", "What is salt? (of seas) Who takes it?"),
)


@pytest.mark.parametrize(
    ("language", "question", "expected"),
    [(*row, ()) for row in QUESTIONS]
    + [(*row, ("question-mark",)) for row in NO_QUESTIONS]
    + [(*row, ("two-questions",)) for row in TWO_QUESTIONS],
)
def test_a_question_ends_once_with_the_mark_of_its_script(
    language: str, question: str, expected: tuple[str, ...]
) -> None:
    pictured = replace(within(language), pictures={"a.png": Picture("a.png", "a-1.png", b"")})
    rules = found({"question": question}, pictured)
    assert set(expected) <= set(rules)
    assert expected or rules == []


@pytest.mark.parametrize(
    ("language", "prompt", "is_term"),
    [
        ("ja", "猫", True),
        ("ja", "お世話になりました", True),
        ("ja", "山" * 24, True),
        ("ja", "山" * 25, False),
        ("en", "el gato", True),
        ("de", "to be fed up with", True),
        ("en", "to get out of the car", True),
        ("en", "`git stash`", True),
        ("en", "The gas that the leaves of trees take up", False),
    ],
)
def test_vocabulary_needs_no_question_mark(language: str, prompt: str, is_term: bool) -> None:
    changes = {"question": prompt, "source": "", "cites": "", "claims": ""}
    without_source = replace(within(language), sections={}, claims={})
    assert ("question-mark" in found(changes, without_source)) is not is_term
    assert "question-mark" in found({"question": prompt}, within(language))


@pytest.mark.parametrize(
    "code",
    [
        "always",
        "a < 5",
        "x @ y",
        "if not it: return 10mg",
        "WHERE id = 5 OR NAS",
        "colour = 1.0 mg",
        "the drug",
        "a ? b",
    ],
)
@pytest.mark.parametrize("form", ["Which value has `{}` in a query?", "Which value is printed?\n\n```\n{}\n```"])
def test_code_is_no_prose(code: str, form: str) -> None:
    changes = {"question": form.format(code), "extra": f"See `{code}`", "answer": f"`{code}`"}
    assert found(changes, within(off=("medication",))) == []


def test_a_dose_in_code_is_a_dose() -> None:
    expected = {"small-ml", "trailing-zero", "dose-evidence"}
    assert expected <= set(found({"answer": "`5.0 ml`", "extra": "```\n5.0 mg\n```"}, within()))


def test_code_tells_notes_apart_and_is_none_of_the_words_that_give_an_answer_away() -> None:
    asked = "What does the interpreter print after the line `{}` in a script?"
    notes = [
        note({"id": id_, "answer": f"A {id_}", "question": asked.format(code)})
        for id_, code in (("a", "1 + 2"), ("b", "3 * x"))
    ]
    assert check(*notes, whole=True) == []
    assert found({"question": asked.format("print('hi')"), "answer": "hi"}, within()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('With `n = 2` the value of `f"{{{n}}}"` is {{c1::`{2}`}} in every version.', []),
        ("In this language `None` is a name, and a call without a value gives {{c1::`None`}}.", ["cloze-leak"]),
    ],
)
def test_hidden_code_is_given_away_by_the_same_code_alone(text: str, expected: list[str]) -> None:
    assert [rule for rule in found({"text": text}, within()) if rule == "cloze-leak"] == expected


def test_the_same_question_with_another_picture_is_no_duplicate() -> None:
    pictures = {name: Picture(name, name, b"") for name in ("a.png", "b.png")}
    ask = "Which country on the old continent has this flag with red, white and green bars from the left? ![A flag]({})"
    for names, expected in ((("a.png", "b.png"), []), (("a.png", "a.png"), ["duplicate-question", "near-duplicate"])):
        notes = [
            note({"id": f"n-{n}", "question": ask.format(name), "answer": f"A{n}"}) for n, name in enumerate(names)
        ]
        whole = rules(check(*notes, whole=True, within=replace(within(), pictures=pictures)))
        assert [rule for rule in whole if rule != "unused-picture"] == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"text": "猫は{{c1::魚}}を食べる。"}, []),
        ({"text": "猫が{{c1::魚}}。"}, ["cloze-context"]),
        ({"text": "日本で{{c1::一番高い山は富士山という山}}です。"}, ["cloze-context"]),
        ({"text": f"日本で一番高い山は{{{{c1::{'富士山' * 11}}}}}という山で、{'とても' * 20}高い。"}, ["cloze-length"]),
        ({"answer": "水" * 75}, []),
        ({"answer": "水" * 76}, ["answer-length"]),
        ({"question": "水" * 134 + "？"}, []),
        ({"question": "水" * 135 + "？"}, ["question-length"]),
        (
            {"answer": "水" * 25, "reverse.question": "何？", "reverse.answer": "水"},
            ["reverse-length"],
        ),
        ({"answer": "５００ｍｌの水", "question": "１日に何を飲みますか？"}, []),
    ],
)
def test_where_no_spaces_part_words_characters_are_counted(changes: dict[str, str], expected: list[str]) -> None:
    assert found(changes, within("ja")) == expected
