"""Notes and claims, counted: what `stats` prints and what the page's table of coverage shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ketamine_anki.core.escape import terminal
from ketamine_anki.core.model import Claim, Collection, Note, paragraph_of

IMPORTANCES = ("core", "supporting", "colour")
_BAR = 30  # characters of the longest bar


@dataclass
class Count:
    """One group of notes: how many, their cards, the group's claims by importance and those that a note tests."""

    notes: int = 0
    cards: int = 0
    claims: Counter[str] = field(default_factory=Counter)
    tested: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Statistics:
    """The counts of a collection: in total, and by grouping (`subdeck`, `section` …) and group; how many notes are
    retired; the claims that no note tests, in the order of the source. Retired notes count nowhere else.
    """

    collection: Collection
    total: Count
    retired: int
    by: Mapping[str, Mapping[str, Count]]
    untested: list[Claim]


def count(collection: Collection, notes: Iterable[tuple[Note, int]]) -> Statistics:
    """Counts notes, each given with the number of its cards. Groups stand in the order of the collection, groups that
    it does not list after them.
    """
    listed: dict[str, Iterable[str]] = {
        "subdeck": collection.decks,
        "section": collection.sections,
        "paragraph": collection.paragraphs,
        "yield": ("core", "supporting"),
        "skill": ("recall", "understand", "apply"),
    }
    by = {grouping: {name: Count() for name in names} for grouping, names in listed.items()}
    total, retired, tested = Count(), 0, set[str]()
    for note, cards in notes:
        if note.retired is not None:
            retired += 1
            continue
        counts = (by.setdefault(grouping, {}).setdefault(group, Count()) for grouping, group in _groups(note).items())
        for counted in (total, *counts):
            counted.notes += 1
            counted.cards += cards
        tested.update(note.claims)
    for claim in collection.claims.values():
        paragraph = f"{claim.section}/{claim.paragraph}"
        groups = {"subdeck": claim.domain, "section": claim.section, "paragraph": paragraph}
        for counted in (total, *(by[key][group] for key, group in groups.items() if group in by[key])):
            counted.claims[claim.importance] += 1
            counted.tested[claim.importance] += claim.id in tested
    untested = [claim for claim in collection.claims.values() if claim.id not in tested]
    ordered = {key: _ordered(groups, frozenset(listed.get(key, ()))) for key, groups in by.items()}
    return Statistics(collection, total, retired, ordered, untested)


def _groups(note: Note) -> dict[str, str]:
    """Grouping -> the group that a note belongs to; a note without source is in no section."""
    groups = {
        "subdeck": note.deck,
        "section": paragraph_of(note.source)[0],
        "paragraph": note.source,
        "yield": note.importance,
        "skill": note.skill,
        "kind": "cloze" if note.is_cloze else "reversed pair" if note.reverse_question else "question and answer",
        "caveat": "with caveat" if note.caveat else "without caveat",
        "beyond": "beyond the source" if note.beyond else "from the source" if note.source else "",
    }
    return {grouping: group for grouping, group in groups.items() if group}


def _ordered(groups: Mapping[str, Count], listed: frozenset[str]) -> dict[str, Count]:
    names = sorted(groups, key=lambda name: "" if name in listed else name)  # the sort is stable
    return {name: groups[name] for name in names}


def as_data(statistics: Statistics) -> dict[str, Any]:
    """The statistics as plain values for JSON."""
    total = statistics.total
    return {
        "title": statistics.collection.title,
        "notes": total.notes,
        "cards": total.cards,
        "retired": statistics.retired,
        "by": {
            grouping: {name: _row(grouping, counted) for name, counted in groups.items()}
            for grouping, groups in statistics.by.items()
        },
        "coverage": {each: {"tested": total.tested[each], "claims": total.claims[each]} for each in IMPORTANCES},
        "untested": {
            each: [claim.id for claim in statistics.untested if claim.importance == each] for each in IMPORTANCES
        },
    }


def _row(grouping: str, counted: Count) -> dict[str, int]:
    row = {"notes": counted.notes, "cards": counted.cards}
    if grouping in ("subdeck", "section", "paragraph"):
        row |= {"claims_tested": counted.tested.total(), "claims": counted.claims.total()}
    return row


def as_text(statistics: Statistics) -> str:
    """The statistics for a terminal."""
    data = as_data(statistics)
    retired = f", {data['retired']} retired" if data["retired"] else ""
    lines = [f"{terminal(data['title'])}: {data['notes']} notes, {data['cards']} cards{retired}"]
    for grouping, groups in data["by"].items():
        lines += ["", f"By {grouping}", *_rows(groups)] if groups else []
    if statistics.collection.claims:
        lines += ["", "Claims that a note tests"]
        for importance, row in data["coverage"].items():
            share = row["tested"] / row["claims"] if row["claims"] else 1.0
            lines.append(
                f"  {importance:<11}{row['tested']:>5} of {row['claims']:<5}{share:>6.1%}  {'#' * round(share * _BAR)}"
            )
        lines += ["", "Claims that no note tests"]
        untested = sorted(statistics.untested, key=lambda claim: IMPORTANCES.index(claim.importance))
        lines += [f"  {c.id}  {c.importance}: {terminal(c.text)}" for c in untested] or ["  none"]
    return "\n".join(lines) + "\n"


def _rows(groups: Mapping[str, Mapping[str, int]]) -> list[str]:
    width = max(map(len, groups), default=0)
    most = max((row["notes"] for row in groups.values()), default=0) or 1
    lines = []
    claimed = any(row.get("claims") for row in groups.values())
    for group, row in groups.items():
        claims = f" {row['claims_tested']:>4}/{row['claims']:<4}claims" if claimed else ""
        bar = "#" * round(row["notes"] / most * _BAR)
        lines.append(f"  {terminal(group):<{width}} {row['notes']:>5} notes {row['cards']:>5} cards{claims}  {bar}")
    return lines
