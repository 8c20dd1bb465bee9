"""The words on the cards: in the language of the collection, or as the collection says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from base_note import COLLECTION, SOURCE, collection, note, written

from ketamine_anki.anki.compile import compile_note
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.language import _table, labels
from ketamine_anki.core.model import Collection
from ketamine_anki.deckfiles.reader import read_collection, read_deck
from ketamine_anki.text.render import render_note

LANGUAGES = "en de fr es pt it nl pl ru uk tr ar he fa hi zh zh-Hant ja ko".split()
REPOSITORY = "https://github.com/owner/name"


def in_language(tag: str, **own: str) -> Collection:
    return replace(collection(), language=tag, labels=own, repository=REPOSITORY)


def field(name: str, within: Collection, **changes: str) -> str:
    deck, _ = read_deck("deck.yaml", written(note(changes)).encode())
    assert deck is not None
    (only,) = deck.notes
    compiled = compile_note(only, within, render_note(only, within))
    return dict(zip(note_types(within)["question"].fields, compiled.fields, strict=True))[name]


def test_every_language_has_every_word_with_the_same_parts() -> None:
    parts = {name: sorted(re.findall(r"\{\w+\}", words)) for name, words in labels("en").items()}
    assert sorted(_table()) == sorted(LANGUAGES)
    for tag in LANGUAGES:
        words = labels(tag)
        assert {name: sorted(re.findall(r"\{\w+\}", words[name])) for name in words} == parts, tag
        assert tag == "en" or sum(words[name] == labels("en")[name] for name in words) <= 2, tag


@pytest.mark.parametrize(("tag", "words"), [("pt-BR", "pt"), ("zh-Hant-TW", "zh-Hant"), ("eu", "en"), ("en-GB", "en")])
def test_a_language_without_words_of_its_own_has_those_of_the_next(tag: str, words: str) -> None:
    assert labels(tag) == labels(words)


def test_the_words_of_a_template_are_those_of_the_language() -> None:
    back = note_types(in_language("ru"))["question"].templates[0].back
    for name in ("caution", "evidence", "own", "references", "source", "card", "report"):
        assert f">{labels('ru')[name]}</" in back
    assert "<!--" not in back


def test_the_language_stands_where_it_is_not_english() -> None:
    def marks(tag: str) -> set[str]:
        sides = [side for kind in note_types(in_language(tag)).values() for card in kind.templates for side in card[1:]]
        return {f"{match[1]}{match[2]}" for side in sides for match in re.finditer(r'class="(\w+)[^"]*"([^<>]*)', side)}

    assert not any("lang=" in mark for mark in marks("en"))
    assert {'question lang="ja" dir="auto"', 'foot lang="ja"'} <= marks("ja")
    arabic = marks("ar")
    assert {'question lang="ar" dir="rtl"', 'foot lang="ar" dir="rtl"', 'answer lang="ar" dir="auto"'} <= arabic


def test_the_words_of_fields_are_those_of_the_language() -> None:
    assert field("Source", in_language("en")) == "Kidney, paragraph\xa01"
    assert field("Source", in_language("de")) == "Kidney, Absatz\xa01"
    beyond = {"beyond": "Wichtig", "evidence": "checked-2020", "claims": ""}
    assert field("Source", in_language("en"), source="", cites="", claims="") == ""
    assert field("Source", in_language("ja"), **beyond) == "原文にはありません。関連箇所：Kidney、第1段落"
    retired = {"retired.version": "2.0.0", "retired.reason": "**Alt**", "retired.see": "base"}
    notice = field("Notice", in_language("de"), **retired)
    assert re.fullmatch("Zurückgezogen in Version 2.0.0: <strong>Alt</strong> Stattdessen: „[^“]+“", notice)
    assert "<summary>Vollständige Angaben</summary>" in field("Evidence", in_language("de"), evidence="checked-2020")


def test_the_collection_says_otherwise() -> None:
    within = in_language("de", caution="A & <b>", paragraph="{section} {number} {other}")
    assert ">A &amp; &lt;b&gt;</div>" in note_types(within)["cloze"].templates[0].back
    assert field("Source", within) == "Kidney 1 {other}"


@pytest.mark.parametrize(
    ("label", "at", "messages"),
    [
        ("cautoin: Watch out", "Watch", ["unknown label 'cautoin': did you mean 'caution'?"]),
        ("paragraph: '{section} §{number}, {number}'", "", []),
        ("paragraph: '{section}'", "'", ["label 'paragraph' lacks what is filled in: write {number} in it"]),
        ("see: Instead", "Instead", ["label 'see' lacks what is filled in: write {question} in it"]),
        ("total: '{notes}, {crads}'", "{crads", ["…'{crads}' in label 'total': did you mean '{cards}'?"]),
        ("total: '{ notes }, {cards}'", "{ notes", ["…'{ notes }' in label 'total': did you mean '{notes}'?"]),
        ("retired: '{version}: {why}'", "{why", ["…'{why}' in label 'retired': write {reason}"]),
        ("version: '{version} {}'", "{}", ["…'{}' in label 'version': delete it"]),
        ("caution: '{a} {b}'", "{a", [f"…'{{{x}}}' in label 'caution': delete it" for x in "ab"]),
    ],
)
def test_labels_that_no_card_has_or_that_could_not_be_filled_in_are_found(label, at, messages) -> None:
    text = COLLECTION + f"labels:\n  {label}\n".encode()
    _, findings = read_collection(("c.yaml", text), ("s.yaml", SOURCE))
    assert [each.message for each in findings] == [m.replace("…", "nothing is put in place of ") for m in messages]
    for _, line, column in (findings[0].position,) if findings else ():
        assert text.decode().split("\n")[line - 1][column - 1 :].startswith(at)
