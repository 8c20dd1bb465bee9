"""The rules that notes are held to, in order, in plain sight.

A note rule is a function from a `View` to complaints (where, what); it knows neither its own name
nor the file. A collection rule sees every deck and note and speaks during or after the walk. There
are no severities: a rule is worth failing for, or it is not a rule. A note may be excused from a
wording, cloze or medication rule by `allow: {rule: reason}`; an excuse that silences nothing is a
finding itself.
"""

from __future__ import annotations

from ketamine_anki import ledger, media, reader, render
from ketamine_anki.model import Collection, Deck, Finding, Where
from ketamine_anki.rules import identity, provenance, released
from ketamine_anki.rules.rule import CollectionRule, NoteRule, View, nearest

NOTE_RULES: tuple[NoteRule, ...] = (
    identity.reserved_tag,
    provenance.unknown_source,
    provenance.uncited,
    provenance.unknown_claim,
    provenance.unknown_evidence,
    provenance.missing_evidence,
    provenance.missing_caveat,
)

COLLECTION_RULES: tuple[type[CollectionRule], ...] = (
    identity.UnknownDeck,
    identity.DuplicateId,
    identity.UnusedPicture,
    released.VanishedId,
    released.ReusedId,
    released.Retirement,
)

# Rules that a note can be excused from by `allow`.
EXCUSABLE: tuple[NoteRule, ...] = ()


def name_of(rule: object) -> str:
    """`missing_caveat` and `MissingCaveat` are shown as `missing-caveat`."""
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in rule.__name__)  # type: ignore[attr-defined]
    return words.strip("_").replace("_", "-")


def manual() -> dict[str, str]:
    """Every rule id with its manual in Markdown, in the order in which the rules are applied."""
    import inspect

    pages = dict(reader.MANUAL) | render.MANUAL | media.MANUAL | ledger.MANUAL | MANUAL
    for rule in (*NOTE_RULES, *COLLECTION_RULES):
        pages[name_of(rule)] = inspect.cleandoc(rule.__doc__ or "")
    return pages


MANUAL = {
    "unused-allow": "An `allow` that silences nothing, or names no rule, is out of date: delete it.\n\n"
    "Bad: `allow: {answer-length: …}` on a note with a short answer\n\nGood: no `allow`",
}

_NAMED = tuple((name_of(rule), rule) for rule in NOTE_RULES)


class Check:
    """One walk over a collection: `deck`, then `note` for each of its notes, at last `finish`."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._rules = [rule(collection) for rule in COLLECTION_RULES]
        self._excused: dict[str, set[str]] = {}  # note id -> rules whose excuse was used
        self._excuses: list[tuple[str, str, Finding]] = []

    def deck(self, deck: Deck) -> list[Finding]:
        """Findings about the deck itself."""
        return [finding for rule in self._rules for finding in rule.deck(deck)]

    def note(self, view: View) -> list[Finding]:
        """Findings about one note."""
        note = view.note
        places = note.places
        findings: list[Finding] = []
        for key, rendered in view.shown.items():
            for trouble in rendered.troubles:
                nth = rendered.markup.text.count(trouble.fragment, 0, trouble.start) if trouble.fragment else 0
                findings.append(Finding(places.at(Where(key, trouble.fragment, nth)), trouble.rule, trouble.message))
        for name, rule in _NAMED:
            for where, message in rule(view):
                findings.append(Finding(places.at(where), name, message))
        for collection_rule in self._rules:
            findings += collection_rule.note(view)
        return self._without_excused(view, findings) if note.allow else findings

    def _without_excused(self, view: View, findings: list[Finding]) -> list[Finding]:
        note = view.note
        excusable = {name_of(rule) for rule in EXCUSABLE}
        used = {finding.rule for finding in findings} & set(note.allow) & excusable
        for rule in note.allow:
            if rule in used:
                continue
            at = note.places.at(f"allow.{rule}")
            if rule not in excusable:
                known = manual()
                what = "cannot be allowed" if rule in known else f"is unknown{nearest(rule, excusable)}"
                findings.append(Finding(at, "unused-allow", f"rule {rule!r} {what}"))
            else:
                findings.append(Finding(at, "unused-allow", f"{rule!r} silences nothing: delete it"))
        return [finding for finding in findings if finding.rule not in used]

    def finish(self) -> list[Finding]:
        """Findings that need all notes."""
        return [finding for rule in self._rules for finding in rule.finish()]
