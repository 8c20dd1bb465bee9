"""What tags and file names are made of names in any script, and which names are too much alike."""

from __future__ import annotations

import pytest
from base_note import COLLECTION

from ketamine_anki.deckfiles.filenames import slug, tag_segment
from ketamine_anki.deckfiles.reader import read_collection


@pytest.mark.parametrize(
    ("name", "segment", "file"),
    [
        ("Trauma & Resuscitation", "Trauma_and_Resuscitation", "trauma-and-resuscitation"),
        ("Ärzte für Übung", "Ärzte_für_Übung", "arzte-fur-ubung"),
        ("Cœur, sang", "Cœur_sang", "coeur-sang"),
        ("名詞", "名詞", "ming-ci"),
        ("Анатомия", "Анатомия", "anatomiya"),
        ("हिन्दी", "हिन्दी", "hindi"),
        ("C++", "C++", "c-plus-plus"),
        ("C#", "C#", "c-sharp"),
        ("Bed #2", "Bed_#2", "bed-2"),
        ("con", "con", "con-deck"),
        ("★", "", "deck"),
    ],
)
def test_names_become_tags_and_file_names(name: str, segment: str, file: str) -> None:
    assert (tag_segment(name), slug(name)) == (segment, file)


@pytest.mark.parametrize(
    ("names", "messages"),
    [
        ("[C++, C#, 名詞, 動詞, हिन्दी, हनद]", []),
        ("[A/B, A B]", ["'A B' differs only in signs that no tag has from 'A/B' at c.yaml:10: choose another name"]),
        ("[A, a]", ["'a' differs only in case or spaces from 'A' at c.yaml:10: choose another name"]),
        ("[Q (a), Q a, q a]", ["'q a' differs only in case or spaces", "'Q a' differs only in signs"]),
    ],
)
def test_subdecks_whose_tags_would_be_one_are_found(names: str, messages: list[str]) -> None:
    text = COLLECTION.replace(b"[First Part]", names.encode())
    _, findings = read_collection(("c.yaml", text))
    assert [finding.rule for finding in findings] == ["duplicate-name"] * len(messages)
    for finding, message in zip(findings, messages, strict=True):
        assert finding.message.startswith(message)


def test_sections_whose_tags_would_be_one_are_found() -> None:
    source = b"""
title: T
sections:
  - {slug: a, title: A/B, paragraphs: [{cites: [entry/1]}]}
  - {slug: b, title: A B, paragraphs: [{cites: [entry/1]}]}
"""
    _, findings = read_collection(("c.yaml", COLLECTION), ("s.yaml", source))
    assert [finding.message for finding in findings] == [
        "'A B' differs only in signs that no tag has from 'A/B' at s.yaml:4: choose another name"
    ]
