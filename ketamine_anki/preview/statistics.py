"""What a collection holds, counted: notes and cards by kind, subdeck, section, claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ketamine_anki.core.characters import printable
from ketamine_anki.core.model import Collection, Note, paragraph_of

IMPORTANCES = ("core", "supporting", "colour")
_BAR = 30  # characters of the longest bar


@dataclass
class Statistics:
    """The counts of one walk: `add` each note that is taught, then read."""

    collection: Collection
    notes: int = 0
    cards: int = 0
    retired: int = 0
    by: dict[str, Counter[str]] = field(default_factory=dict)  # a grouping -> group -> notes
    cards_by: dict[str, Counter[str]] = field(default_factory=dict)
    tested: Counter[str] = field(default_factory=Counter)  # claim -> notes

    def add(self, note: Note, cards: int) -> None:
        """Counts a note that has so many cards; a retired one apart."""
        if note.retired is not None:
            self.retired += 1
            return
        self.notes += 1
        self.cards += cards
        groups = {
            "subdeck": note.deck,
            "section": paragraph_of(note.source)[0],
            "paragraph": note.source,
            "yield": note.importance,
            "skill": note.skill,
            "kind": "cloze" if note.is_cloze else "reversed pair" if note.reverse_question else "question and answer",
            "caveat": "with caveat" if note.caveat else "without caveat",
            "beyond": "beyond the source" if note.beyond else "from the source",
        }
        for grouping, group in groups.items():
            self.by.setdefault(grouping, Counter())[group] += 1
            self.cards_by.setdefault(grouping, Counter())[group] += cards
        self.tested.update(claim for claim in note.claims if claim in self.collection.claims)

    def coverage(self) -> dict[str, tuple[int, int]]:
        """Importance -> (claims that a note tests, claims)."""
        return {
            importance: (
                sum(
                    claim.id in self.tested
                    for claim in self.collection.claims.values()
                    if claim.importance == importance
                ),
                sum(claim.importance == importance for claim in self.collection.claims.values()),
            )
            for importance in IMPORTANCES
        }

    def claims_by(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Grouping -> group -> (claims that a note tests, claims), for subdecks, sections, paragraphs."""
        counts: dict[str, dict[str, tuple[int, int]]] = {}
        for claim in self.collection.claims.values():
            paragraph = f"{claim.section}/{claim.paragraph}"
            for grouping, group in (("subdeck", claim.domain), ("section", claim.section), ("paragraph", paragraph)):
                tested, whole = counts.setdefault(grouping, {}).get(group, (0, 0))
                counts[grouping][group] = tested + (claim.id in self.tested), whole + 1
        return counts

    def untested(self) -> dict[str, list[str]]:
        """Importance -> the claims that no note tests, in the order of the source."""
        return {
            importance: [
                c.id for c in self.collection.claims.values() if c.importance == importance and c.id not in self.tested
            ]
            for importance in IMPORTANCES
        }


def as_data(counted: Statistics) -> dict[str, Any]:
    """The statistics as plain values for JSON. Groups stand in the order of `_ordered`."""
    claims_by = counted.claims_by()
    groupings = {}
    for grouping in counted.by:
        groups = {}
        for group in _ordered(counted, grouping):
            row: dict[str, Any] = {
                "notes": counted.by[grouping][group],
                "cards": counted.cards_by[grouping][group],
            }
            if grouping in claims_by:
                row["claims_tested"], row["claims"] = claims_by[grouping].get(group, (0, 0))
            groups[group] = row
        groupings[grouping] = groups
    return {
        "title": counted.collection.title,
        "notes": counted.notes,
        "cards": counted.cards,
        "retired": counted.retired,
        "by": groupings,
        "coverage": {
            importance: {"tested": tested, "claims": whole}
            for importance, (tested, whole) in counted.coverage().items()
        },
        "untested": counted.untested(),
    }


def as_text(counted: Statistics) -> str:
    """The statistics for a terminal."""
    data = as_data(counted)
    retired = f", {data['retired']} retired" if data["retired"] else ""
    lines = [f"{printable(data['title'])}: {data['notes']} notes, {data['cards']} cards{retired}"]
    for grouping, groups in data["by"].items():
        lines += ["", f"By {grouping}", *_rows(groups)]
    if counted.collection.claims:
        lines += ["", "Claims that a note tests"]
        for importance, row in data["coverage"].items():
            share = row["tested"] / row["claims"] if row["claims"] else 1.0
            lines.append(
                f"  {importance:<11}{row['tested']:>5} of {row['claims']:<5}{share:>6.1%}  {'#' * round(share * _BAR)}"
            )
        lines += ["", "Claims that no note tests"]
        lines += [
            f"  {name}  {importance}: {printable(counted.collection.claims[name].text)}"
            for importance, names in data["untested"].items()
            for name in names
        ] or ["  none"]
    return "\n".join(lines) + "\n"


def _rows(groups: Mapping[str, Mapping[str, int]]) -> list[str]:
    width = max(len(group) for group in groups)
    most = max(row["notes"] for row in groups.values()) or 1
    lines = []
    for group, row in groups.items():
        claims = f" {row['claims_tested']:>4}/{row['claims']:<4}claims" if "claims" in row else ""
        bar = "#" * round(row["notes"] / most * _BAR)
        lines.append(f"  {printable(group):<{width}} {row['notes']:>5} notes {row['cards']:>5} cards{claims}  {bar}")
    return lines


def _ordered(counted: Statistics, grouping: str) -> list[str]:
    """The groups in the order of the collection; those without a note too, where they are known."""
    sections = counted.collection.sections
    known = {
        "subdeck": list(counted.collection.decks),
        "section": list(sections),
        "paragraph": [f"{slug}/{n + 1}" for slug, section in sections.items() for n in range(len(section.cites))],
        "yield": ["core", "supporting"],
        "skill": ["recall", "understand", "apply"],
    }.get(grouping, [])
    return known + sorted(group for group in counted.by[grouping] if group not in known)
