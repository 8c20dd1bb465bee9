"""Notes and claims, counted: what `stats` prints and what the page's table of coverage shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ketamine_anki.core.escape import terminal
from ketamine_anki.core.model import Claim, Collection, Note, paragraph_of

_IMPORTANCES = ("core", "supporting", "colour")
_OF_CLAIMS = ("subdeck", "section", "paragraph")  # groupings to whose groups claims belong, too
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
        groups = _groups(note).items()
        for counted in (total, *(by.setdefault(key, {}).setdefault(group, Count()) for key, group in groups if group)):
            counted.notes += 1
            counted.cards += cards
        tested.update(note.claims)
    for claim in collection.claims.values():
        homes = zip(_OF_CLAIMS, (claim.domain, claim.section, f"{claim.section}/{claim.paragraph}"), strict=True)
        for counted in (total, *(by[key][group] for key, group in homes if group in by[key])):
            counted.claims[claim.importance] += 1
            counted.tested[claim.importance] += claim.id in tested
    untested = [claim for claim in collection.claims.values() if claim.id not in tested]
    ordered = {key: _ordered(groups, frozenset(listed.get(key, ()))) for key, groups in by.items()}
    return Statistics(collection, total, retired, ordered, untested)


def _groups(note: Note) -> dict[str, str]:
    """Grouping -> the group that a note belongs to, "" for none: a note without source is in no section."""
    return {
        "subdeck": note.deck,
        "section": paragraph_of(note.source)[0],
        "paragraph": note.source,
        "yield": note.importance,
        "skill": note.skill,
        "kind": "cloze" if note.is_cloze else "reversed pair" if note.reverse_question else "question and answer",
        "caveat": "with caveat" if note.caveat else "without caveat",
        "beyond": "beyond the source" if note.beyond else "from the source" if note.source else "",
    }


def _ordered(groups: Mapping[str, Count], listed: frozenset[str]) -> dict[str, Count]:
    names = sorted(groups, key=lambda name: "" if name in listed else name)  # the sort is stable
    return {name: groups[name] for name in names}


def as_data(statistics: Statistics) -> dict[str, Any]:
    """The statistics as plain values for JSON."""
    total, untested = statistics.total, statistics.untested

    def row(grouping: str, counted: Count) -> dict[str, int]:
        claims = {"claims_tested": counted.tested.total(), "claims": counted.claims.total()}
        return {"notes": counted.notes, "cards": counted.cards} | (claims if grouping in _OF_CLAIMS else {})

    return {
        "title": statistics.collection.title,
        "notes": total.notes,
        "cards": total.cards,
        "retired": statistics.retired,
        "by": {key: {name: row(key, each) for name, each in groups.items()} for key, groups in statistics.by.items()},
        "coverage": {each: {"tested": total.tested[each], "claims": total.claims[each]} for each in _IMPORTANCES},
        "untested": {each: [claim.id for claim in untested if claim.importance == each] for each in _IMPORTANCES},
    }


def as_text(statistics: Statistics) -> str:
    """The statistics for a terminal."""
    total = statistics.total
    retired = f", {statistics.retired} retired" if statistics.retired else ""
    lines = [f"{terminal(statistics.collection.title)}: {total.notes} notes, {total.cards} cards{retired}"]
    for grouping, groups in statistics.by.items():
        lines += ["", f"By {grouping}"] if groups else []
        width = max(map(len, groups), default=0)
        most = max((row.notes for row in groups.values()), default=0) or 1
        has_claims = any(row.claims for row in groups.values())
        for group, row in groups.items():
            claims = f" {row.tested.total():>4}/{row.claims.total():<4}claims" if has_claims else ""
            bar = "#" * round(row.notes / most * _BAR)
            lines.append(f"  {terminal(group):<{width}} {row.notes:>5} notes {row.cards:>5} cards{claims}  {bar}")
    if statistics.collection.claims:
        lines += ["", "Claims that a note tests"]
        for importance in _IMPORTANCES:
            tested, all_claims = total.tested[importance], total.claims[importance]
            share = tested / all_claims if all_claims else 1.0
            lines.append(f"  {importance:<11}{tested:>5} of {all_claims:<5}{share:>6.1%}  {'#' * round(share * _BAR)}")
        lines += ["", "Claims that no note tests"]
        untested = sorted(statistics.untested, key=lambda claim: _IMPORTANCES.index(claim.importance))
        lines += [f"  {c.id}  {c.importance}: {terminal(c.text)}" for c in untested] or ["  none"]
    return "\n".join(lines) + "\n"
