"""The references on a card's back: authors and year with a link, the full citation folded beneath."""

from __future__ import annotations

import pytest

from ketamine_anki.anki.compile import _full, short_citation
from ketamine_anki.core.model import Reference


@pytest.mark.parametrize(
    ("citation", "short"),
    [
        ("Green A. Title. J Bot 2020;1(2):3-4", "Green 2020"),
        ("Green A, Leaf-Root BC. Title. J Bot 2020;1(2):3-4", "Green and Leaf-Root 2020"),
        ("Green A, Leaf B, Root C. Guideline: 2011 update. J Bot 2020;57:449-461", "Green et al. 2020"),
        ("Green A et al. Title of 2011. J Bot; published online 9 Dec 2025", "Green et al. 2025"),
        ("Långsjö JW, van der Berg D. Title? J Bot 2005;103(2):1995-2003", "Långsjö and van der Berg 2005"),
        ("US Food and Drug Administration. Warning; Oct 2023", "US Food and Drug Administration 2023"),
        ("Nobody knows when", "Nobody knows when"),
    ],
)
def test_a_citation_is_shortened_to_authors_and_year(citation: str, short: str) -> None:
    assert short_citation(citation) == short


@pytest.mark.parametrize("end", [".", "?", "!"])
def test_a_full_citation_ends_as_it_is_written_or_with_a_full_stop(end: str) -> None:
    reference = Reference("k", f"A title{end}".rstrip("."), pmid="1")
    assert _full(reference) == f'A title{end} <a href="https://pubmed.ncbi.nlm.nih.gov/1/">PMID 1</a>'
