"""What a maintainer copies into AnkiWeb's form fits into it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from releases import Project

from ketamine_anki.core.model import NOWHERE, Note, Reference
from ketamine_anki.release.ankiweb import ankiweb
from ketamine_anki.workspace.folder import Folder


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Small Deck", "Small Deck"),
        ("T" * 60, "T" * 60),
        ("T" * 61, "T" * 59 + "…"),
        ("A title " * 9, "A title A title A title A title A title A title A title A…"),
    ],
)
def test_title_and_tags_have_at_most_60_characters(released: Project, title: str, expected: str) -> None:
    collection = Folder("decks").collection
    topics = {"Roots & Leaves": ("Water_uptake",), "Light": ("Water_uptake", "T" * 60)}
    notes = [Note("", deck, NOWHERE, tags=tags) for deck, tags in topics.items()]
    text = ankiweb(replace(collection, title=title, tag="Small_0123abcd"), collection.ledger.last, notes)
    fields = dict(re.findall(r"(?ms)^## (\S[^\n]*)\n\n(.*?)\n(?=\n## |\Z)", text))
    assert list(fields) == ["Title", "Tags", "Support page", "Description"]
    assert fields["Title"] == expected
    assert len(fields["Title"]) <= 60
    assert fields["Tags"] == "small light water-uptake roots-and-leaves"


@pytest.mark.parametrize(
    ("access", "source"),
    [
        ("", "Curated from the text “A Small Text”"),
        ("not *public*", r"Curated from the text “A Small Text” (not \*public\*)"),
        ("https://example.org/a", "[Curated from the text “A Small Text”](https://example.org/a)"),
    ],
)
def test_the_description_has_paragraphs_bold_words_lists_and_links_alone(
    released: Project, access: str, source: str
) -> None:
    collection = replace(
        Folder("decks").collection,
        description="# *All*\nof <b>it</b>",
        repository="https://example.org/deck",
        source_access=access,
    )
    text = ankiweb(collection, collection.ledger.last, ()).partition("## Description\n\n")[2]
    assert text.startswith(r"\# \*All\* of &lt;b&gt;it&lt;/b&gt;")
    assert "3 notes, 4 cards · Version 1.0.0\n" in text
    assert f"Licence of the cards: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/) · {source}\n" in text
    assert "\n\nReleases and corrections: [https://example.org/deck](https://example.org/deck). An update" in text
    assert not re.search(r"(?m)^#", text)
    collection = replace(collection, references={"a": Reference("a", "A. B. 2020", NOWHERE)})
    assert " · The works behind a card are named on its back\n" in ankiweb(collection, collection.ledger.last, ())
