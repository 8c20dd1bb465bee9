"""Applies the rules to a collection, and holds the only list of them, in order.

A note rule looks at one note, a collection rule sees every deck and note and finds problems during or after the
walk. There are no severities: a rule is worth failing for, or it is not a rule. A note may be excused from a rule by
`allow: {rule: reason}`, but not from those that keep the files sound; an excuse that silences nothing is a finding
itself. A collection may switch rules off for all its notes, and name rules from which no note may be excused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from ketamine_anki.core.language import primary
from ketamine_anki.core.limits import MAX_PER_TEXT
from ketamine_anki.core.model import Collection, Deck, Finding, Position
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.rules import (
    abbreviations,
    cloze,
    identity,
    interference,
    medication,
    provenance,
    questions,
    released,
    wording,
)
from ketamine_anki.rules.rule import CollectionRule, Names, NoteRule, Rule
from ketamine_anki.rules.view import View

# Group in the manual, rule, and the patterns, signs or keys of texts without which the rule has nothing to say.
NOTE_RULES: tuple[Rule[NoteRule], ...] = (
    Rule("identity", identity.reserved_tag),
    Rule("identity", identity.unfinished),
    Rule("provenance", provenance.unknown_source),
    Rule("provenance", provenance.uncited),
    Rule("provenance", provenance.unknown_claim),
    Rule("provenance", provenance.foreign_claims),
    Rule("provenance", provenance.unknown_evidence),
    Rule("provenance", provenance.missing_evidence),
    Rule("provenance", provenance.missing_caveat),
    Rule("medication", medication.dose_evidence),
    Rule("provenance", provenance.caveat_number, "caution", "caveat"),
    Rule("provenance", provenance.wrong_yield),
    Rule("provenance", provenance.verbatim),
    Rule("wording", questions.question_mark),
    Rule("wording", questions.yes_no, questions.YES_NO, questions.VERDICT, language="en"),
    Rule("wording", questions.binary_choice, questions.CHOICE, language="en"),
    Rule("wording", questions.two_questions),
    Rule("wording", questions.open_question, questions.OPEN, language="en"),
    Rule("wording", wording.orphan_pronoun, wording.PRONOUN, wording.UNNAMED, language="en"),
    Rule("wording", wording.deictic, wording.DEICTIC, language="en"),
    Rule("wording", questions.unmarked_negative, questions.NEGATIVE, language="en"),
    Rule("wording", questions.question_length),
    Rule("wording", wording.answer_length),
    Rule("wording", wording.answer_list),
    Rule("wording", wording.reverse_length),
    Rule("wording", wording.answer_in_question),
    Rule("wording", abbreviations.spelt_answer),
    Rule("wording", wording.topic_answer),
    Rule("wording", wording.absolute_wording, wording.ABSOLUTE, language="en"),
    Rule("wording", abbreviations.undefined_abbreviation, language="en"),
    Rule("wording", wording.cut_word, "-", language="en"),
    Rule("wording", wording.spelling, language="en"),
    Rule("cloze", cloze.cloze_count, "text"),
    Rule("cloze", cloze.cloze_length, "text"),
    Rule("cloze", cloze.cloze_context, "text"),
    Rule("cloze", cloze.cloze_leak, "text"),
    Rule("cloze", cloze.article_cue, language="en"),
)
COLLECTION_RULES: tuple[Rule[type[CollectionRule]], ...] = (
    Rule("identity", identity.UnknownDeck),
    Rule("identity", identity.DuplicateId),
    Rule("identity", identity.UnusedPicture),
    Rule("identity", identity.TagSpelling),
    Rule("provenance", provenance.UntestedClaim),
    Rule("provenance", provenance.UnusedReference),
    Rule("provenance", provenance.IncompleteReference),
    Rule("released", released.VanishedId),
    Rule("released", released.ReusedId),
    Rule("released", released.Retirement),
    Rule("interference", interference.DuplicateQuestion),
    Rule("interference", interference.PairConflict),
    Rule("interference", interference.SameAnswer),
    Rule("interference", interference.TwinAnswer),
    Rule("interference", interference.NearDuplicate),
)
_ALL: tuple[Rule[Any], ...] = (*NOTE_RULES, *COLLECTION_RULES)
_GROUPS = {rule.name: rule.group for rule in _ALL} | dict.fromkeys((row.id for row in medication.TABLE), "medication")
# Without these the files would not be sound: names that lead nowhere, drafts, identities.
_FIRM = frozenset(
    """reserved-tag unfinished unknown-source unknown-claim unknown-evidence unknown-deck duplicate-id vanished-id
    reused-id retirement""".split()
)
OPTIONAL = frozenset(_GROUPS) - _FIRM  # rules that a collection can switch off
_OF_NO_NOTE = {"untested-claim", "unused-picture", "unused-reference", "incomplete-reference"}
EXCUSABLE = OPTIONAL - _OF_NO_NOTE  # by `allow`: they are about one note
_EXCUSABLE_AT_THE_END = frozenset({"same-answer", "near-duplicate"})
_OF_NAMES = ("identity", "provenance")  # groups that also judge a note with a malformed text
_WORDS = frozenset().union(*(rule.words for rule in NOTE_RULES))

_UNUSED_ALLOW = """An `allow` that silences nothing, or names no rule, is out of date: delete it.

Bad: `allow: {answer-length: …}` on a note with a short answer

Good: no `allow`"""
_UNKNOWN_RULE = """`rules` of collection.yaml names rules, or groups of rules as this manual has them. Those that keep
the files sound cannot be switched off.

Bad: `rules: {off: [yesno]}`

Good: `rules: {off: [yes-no, medication]}`"""


def groups() -> dict[str, dict[str, str]]:
    """The manual: group -> rule id -> Markdown, in the order in which the rules are applied."""
    from ketamine_anki.deckfiles import formatter, pictures, reader  # wanted only here
    from ketamine_anki.release import ledger_file
    from ketamine_anki.text import render

    pages = {"format": reader.MANUAL | formatter.MANUAL, "text": render.MANUAL | pictures.MANUAL}
    for group in ("identity", "provenance", "wording", "cloze", "interference", "released", "medication"):
        pages[group] = {rule.name: rule.manual for rule in _ALL if rule.group == group}
    pages["released"] = ledger_file.MANUAL | pages["released"]
    pages["medication"] |= {row.id: row.manual for row in medication.TABLE}
    pages["excuses"] = {"unused-allow": _UNUSED_ALLOW, "unknown-rule": _UNKNOWN_RULE}
    return pages


def manual() -> dict[str, str]:
    """Every rule id with its manual in Markdown."""
    return {name: page for pages in groups().values() for name, page in pages.items()}


class Check:
    """One walk over a collection: `deck`, then `note` for each of its notes, at last `finish`."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        off, self._strict = (_rules_named(collection.rules.get(key, ())) for key in ("off", "strict"))
        languages = ("", primary(collection.language))
        self._names = Names()
        self._rules = [(rule, rule.judge(collection, self._names)) for rule in COLLECTION_RULES if rule.name not in off]
        self._judges: list[tuple[Rule[Any], NoteRule]] = [
            *((rule, rule.judge) for rule in NOTE_RULES if rule.name not in off and rule.language in languages),
            *((rule, judge.note) for rule, judge in self._rules if rule.judge.note is not CollectionRule.note),
        ]
        self._judges_of_names = [(rule, judge) for rule, judge in self._judges if rule.group in _OF_NAMES]
        self._judges_for = lru_cache(1_000)(self._select)
        self._notations = [row for row in medication.notations(collection.language) if row.id not in off]
        # (position of a note, rule that speaks at the end) -> position of the excuse
        self._excuses: dict[tuple[Position, str], Position] = {}

    def _select(self, words: frozenset[str]) -> list[tuple[Rule[Any], NoteRule]]:
        """The rules that are asked of a note with these words, in order."""
        return [(rule, judge) for rule, judge in self._judges if not rule.words or not rule.words.isdisjoint(words)]

    def deck(self, deck: Deck) -> list[Finding]:
        """Findings about the deck itself."""
        return [Finding(at, rule.name, why) for rule, judge in self._rules for at, why in judge.deck(deck)]

    def note(self, view: View) -> list[Finding]:
        """Findings about one note. A malformed text is not judged by its words: one mistake, one finding."""
        self._names.add(view)
        findings = [finding for rendered in view.rendered.values() for finding in rendered.findings]
        malformed = bool(findings)
        for rule, judge in self._judges_of_names if malformed else self._judges_for(_WORDS & view.asked):
            for position, message in islice(judge(view), MAX_PER_TEXT):
                findings.append(Finding(position, rule.name, message))
        if malformed:
            return findings
        findings += medication.findings(view, self._notations)
        return self._without_excused(view, findings) if view.note.allow else findings

    def _without_excused(self, view: View, findings: list[Finding]) -> list[Finding]:
        """The findings that the note is not excused from, and those on its excuses."""
        allow = view.note.allow
        used = allow.keys() & {finding.rule for finding in findings} & (EXCUSABLE - self._strict)
        findings = [finding for finding in findings if finding.rule not in used]
        for name in (name for name in allow if name not in used):
            position = view.note.places.at(f"allow.{name}:")
            if name in _EXCUSABLE_AT_THE_END - self._strict:
                self._excuses[view.position, name] = position
            else:
                findings.append(Finding(position, "unused-allow", self._why_unused(name)))
        return findings

    def _why_unused(self, name: str) -> str:
        if name in self._strict:
            return f"rule {name!r} is strict in collection.yaml: mend the note, and delete the excuse"
        if name in EXCUSABLE:
            return f"{name!r} silences nothing: delete it"
        if name in _GROUPS.values():
            return f"rule {name!r} is a group: name one of its rules, which `ketamine-anki rules {name}` shows"
        problem = "cannot be allowed" if name in manual() else f"is unknown{did_you_mean(name, EXCUSABLE)}"
        return f"rule {name!r} {problem}"

    def finish(self) -> list[Finding]:
        """Findings that need all notes."""
        findings = [Finding(at, rule.name, why) for rule, judge in self._rules for at, why in judge.finish()]
        found = {(finding.position, finding.rule) for finding in findings}
        findings = [finding for finding in findings if (finding.position, finding.rule) not in self._excuses]
        for (note, name), at in self._excuses.items():
            if (note, name) not in found:
                findings.append(Finding(at, "unused-allow", self._why_unused(name)))
        return [*findings, *self._unknown_rules()]

    def _unknown_rules(self) -> Iterator[Finding]:
        """What collection.yaml says of rules that do not exist, or that always hold."""
        known = OPTIONAL.union(_GROUPS[name] for name in OPTIONAL)
        for key, names in self.collection.rules.items():
            for n, name in enumerate(names):
                if name not in known:
                    problem = "always holds" if name in manual() else f"is unknown{did_you_mean(name, known)}"
                    position = self.collection.places.at(f"rules.{key}.{n}")
                    yield Finding(position, "unknown-rule", f"rule {name!r} {problem}")


def _rules_named(names: Iterable[str]) -> frozenset[str]:
    """The rules that names of rules and groups stand for."""
    return frozenset(name for name in OPTIONAL if name in names or _GROUPS[name] in names)
