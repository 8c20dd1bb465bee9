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


_SIGNS = "differs only in signs that no tag has from"


@pytest.mark.parametrize(
    ("names", "messages"),
    [
        ("[C++, C#, 名詞, 動詞, हिन्दी, हनद]", []),
        ("[A/B, A B]", [f"'A B' {_SIGNS} 'A/B' at c.yaml:10: choose another name"]),
        ("[A, a]", ["'a' differs only in case or spaces from 'A' at c.yaml:10: choose another name"]),
        ("[Q (a), Q a, q a]", ["'q a' differs only in case or spaces", f"'Q a' {_SIGNS}"]),
    ],
)
def test_subdecks_whose_tags_would_be_one_are_found(names: str, messages: list[str]) -> None:
    _, findings = read_collection(("c.yaml", COLLECTION.replace(b"[First Part]", names.encode())))
    for finding, message in zip(findings, messages, strict=True):
        assert (finding.rule, finding.message.startswith(message)) == ("duplicate-name", True)


def test_sections_whose_tags_would_be_one_are_found() -> None:
    section = "  - {slug: %s, title: %s, paragraphs: [{cites: [entry/1]}]}\n"
    source = "title: T\nsections:\n" + section % ("a", "A/B") + section % ("b", "A B")
    _, findings = read_collection(("c.yaml", COLLECTION), ("s.yaml", source.encode()))
    assert [finding.message for finding in findings] == [f"'A B' {_SIGNS} 'A/B' at s.yaml:3: choose another name"]
