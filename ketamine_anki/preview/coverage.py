"""Notes and claims -> what is counted on the page: notes and cards per subdeck, claims tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.core.model import Claim, Collection, Note, paragraph_of


@dataclass(frozen=True)
class Row:
    """Counts of one subdeck, one section or the whole: `tested` and `claims` by importance."""

    name: str
    notes: int
    cards: int
    tested: Counter[str]
    claims: Counter[str]


def rows(collection: Collection, notes: Sequence[tuple[Note, CompiledNote]]) -> dict[str, list[Row]]:
    """The rows by subdeck and by section, each list ending with the whole."""
    tested = {claim for note, _ in notes for claim in note.claims}
    claims = collection.claims.values()
    by_deck = [
        _row(name, [n for n in notes if n[0].deck == name], [c for c in claims if c.domain == name], tested)
        for name in collection.decks
    ]
    by_section = [
        _row(
            section.title,
            [n for n in notes if paragraph_of(n[0].source)[0] == slug],
            [c for c in claims if c.section == slug],
            tested,
        )
        for slug, section in collection.sections.items()
    ]
    whole = _row("All", notes, claims, tested)
    return {"Subdeck": [*by_deck, whole], "Section": [*by_section, whole]}


def untested(collection: Collection, notes: Iterable[tuple[Note, CompiledNote]]) -> list[Claim]:
    """The claims that no note tests, in the order of the source."""
    tested = {claim for note, _ in notes for claim in note.claims}
    return [claim for claim in collection.claims.values() if claim.id not in tested]


def _row(name: str, notes: Sequence[tuple[Note, CompiledNote]], claims: Iterable[Claim], tested: set[str]) -> Row:
    claims = list(claims)
    return Row(
        name,
        len(notes),
        sum(len(compiled.cards) for _, compiled in notes),
        Counter(claim.importance for claim in claims if claim.id in tested),
        Counter(claim.importance for claim in claims),
    )
