"""What a maintainer copies into AnkiWeb's form fits into it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from releases import Project

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
    decks = tuple(f"Subdeck of Many Words {number}" for number in range(20))
    text = ankiweb(replace(collection, title=title, decks=decks), collection.ledger.last)
    fields = dict(re.findall(r"(?ms)^## (\S[^\n]*)\n\n(.*?)\n(?=\n## |\Z)", text))
    assert list(fields) == ["Title", "Tags", "Support page", "Description"]
    assert fields["Title"] == expected
    assert len(fields["Title"]) <= 60
    assert 0 < len(fields["Tags"]) <= 60


def test_the_description_has_paragraphs_bold_words_lists_and_links_alone(released: Project) -> None:
    collection = replace(
        Folder("decks").collection, description="# *All*\nof <b>it</b>", repository="https://example.org/deck"
    )
    text = ankiweb(collection, collection.ledger.last).partition("## Description\n\n")[2]
    assert text.startswith(r"\# \*All\* of &lt;b&gt;it&lt;/b&gt;")
    assert "3 notes, 4 cards · Version 1.0.0\n" in text
    assert (
        "Licence of the cards: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)"
        " · Curated from the text “A Small Text”" in text
    )
    assert "[releases](https://example.org/deck/releases)" in text
    assert not re.search(r"(?m)^#", text)
