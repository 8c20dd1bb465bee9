"""What a maintainer copies into AnkiWeb's form fits into it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from releases import Project

from ketamine_anki.core.model import NOWHERE, Collection, Note, Reference
from ketamine_anki.release.ankiweb import ankiweb
from ketamine_anki.workspace.folder import Folder


def form(collection: Collection, *notes: Note) -> dict[str, str]:
    """The fields of the form."""
    text = ankiweb(collection, collection.ledger.last, notes)
    return dict(re.findall(r"(?ms)^## (\S[^\n]*)\n\n(.*?)\n(?=\n## |\Z)", text))


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
    topics = {"Roots & Leaves": ("Water_uptake",), "Light": ("Water_uptake", "T" * 60)}
    notes = [Note("", deck, NOWHERE, tags=tags) for deck, tags in topics.items()]
    fields = form(replace(Folder("decks").collection, title=title, tag="Small_0123abcd"), *notes)
    assert list(fields) == ["Title", "Tags", "Support page", "Description"]
    assert (fields["Title"], fields["Tags"]) == (expected, "small light water-uptake roots-and-leaves")


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
    address = "https://example.org/deck"
    collection = replace(Folder("decks").collection, repository=address, source_access=access)
    collection = replace(collection, description="# *All*\nof <b>it</b>")
    text = form(collection)["Description"]
    assert text.startswith(r"\# \*All\* of &lt;b&gt;it&lt;/b&gt;")
    assert "3 notes, 4 cards · Version 1.0.0\n" in text
    assert f"Licence of the cards: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/) · {source}\n" in text
    assert f"\n\nReleases and corrections: [{address}]({address}). An update" in text
    assert not re.search(r"(?m)^#", text)
    cited = replace(collection, references={"a": Reference("a", "A. B. 2020", NOWHERE)})
    assert " · The works behind a card are named on its back\n" in form(cited)["Description"]
