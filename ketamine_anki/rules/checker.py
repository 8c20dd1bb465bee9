"""Applies the rules to a collection; here stands the one list of them, in order.

A note rule looks at one note, a collection rule sees every deck and note and finds problems during or after the
walk. There are no severities: a rule is worth failing for, or it is not a rule. A note may be excused from a wording,
cloze, medication or likeness rule by `allow: {rule: reason}`; an excuse that silences nothing is a finding itself.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Any

from ketamine_anki.core.limits import MAX_PER_TEXT
from ketamine_anki.core.model import Collection, Deck, Finding, Position
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.rules import cloze, identity, interference, medication, provenance, questions, released, wording
from ketamine_anki.rules.rule import CollectionRule, NoteRule, Rule
from ketamine_anki.rules.view import View

# Group in the manual, rule, and the patterns without whose words the rule has nothing to say.
NOTE_RULES: tuple[Rule[NoteRule], ...] = (
    Rule("identity", identity.reserved_tag),
    Rule("identity", identity.unfinished),
    Rule("provenance", provenance.unknown_source),
    Rule("provenance", provenance.uncited),
    Rule("provenance", provenance.unknown_claim),
    Rule("provenance", provenance.unknown_evidence),
    Rule("provenance", provenance.missing_evidence),
    Rule("provenance", provenance.missing_caveat),
    Rule("provenance", provenance.dose_evidence),
    Rule("provenance", provenance.caveat_number),
    Rule("provenance", provenance.wrong_yield),
    Rule("provenance", provenance.verbatim),
    Rule("wording", questions.question_mark),
    Rule("wording", questions.yes_no, questions.YES_NO, questions.VERDICT),
    Rule("wording", questions.binary_choice, questions.CHOICE),
    Rule("wording", questions.two_questions),
    Rule("wording", questions.open_question, questions.OPEN),
    Rule("wording", wording.orphan_pronoun, wording.PRONOUN, wording.UNNAMED),
    Rule("wording", wording.deictic, wording.DEICTIC),
    Rule("wording", questions.unmarked_negative, questions.NEGATIVE),
    Rule("wording", questions.question_length),
    Rule("wording", wording.answer_length),
    Rule("wording", wording.answer_list),
    Rule("wording", wording.reverse_length),
    Rule("wording", wording.answer_in_question),
    Rule("wording", wording.topic_answer),
    Rule("wording", wording.absolute_wording, wording.ABSOLUTE),
    Rule("wording", wording.undefined_abbreviation),
    Rule("wording", wording.spelling),
    Rule("cloze", cloze.cloze_count),
    Rule("cloze", cloze.cloze_length),
    Rule("cloze", cloze.cloze_context),
    Rule("cloze", cloze.cloze_leak),
    Rule("cloze", cloze.article_cue),
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
    Rule("interference", interference.NearDuplicate),
)
# Rules that a note can be excused from by `allow`: those of taste, not those of fact.
_EXCUSABLE_AT_THE_END = frozenset({"same-answer", "near-duplicate"})
EXCUSABLE = _EXCUSABLE_AT_THE_END.union(
    medication.MANUAL, (rule.name for rule in NOTE_RULES if rule.group in ("wording", "cloze"))
)
_OF_NAMES = ("identity", "provenance")  # groups that also judge a note with a malformed text
_RULES_OF_NAMES = [rule for rule in NOTE_RULES if rule.group in _OF_NAMES]
_LISTENERS: dict[str, set[Rule[NoteRule]]] = {}  # word -> the rules that listen for it
for _rule in NOTE_RULES:
    for _word in _rule.words:
        _LISTENERS.setdefault(_word, set()).add(_rule)
_WORDS = frozenset(_LISTENERS)


@lru_cache(1_000)
def _rules_for(words: frozenset[str]) -> tuple[Rule[NoteRule], ...]:
    """The rules that are asked of a note with these words, in order."""
    awake = set().union(*[_LISTENERS[word] for word in words])
    return tuple(rule for rule in NOTE_RULES if not rule.words or rule in awake)


def groups() -> dict[str, dict[str, str]]:
    """The manual: group -> rule id -> Markdown, in the order in which the rules are applied."""
    from ketamine_anki.deckfiles import formatter, pictures, reader  # wanted only here
    from ketamine_anki.release import ledger_file
    from ketamine_anki.text import render

    pages: dict[str, dict[str, str]] = {
        "format": reader.MANUAL | formatter.MANUAL,
        "text": render.MANUAL | pictures.MANUAL,
    }
    rules: tuple[Rule[Any], ...] = (*NOTE_RULES, *COLLECTION_RULES)
    for group in ("identity", "provenance", "wording", "cloze", "interference", "released"):
        pages[group] = {rule.name: rule.manual for rule in rules if rule.group == group}
    pages["released"] = ledger_file.MANUAL | pages["released"]
    pages["medication"] = medication.MANUAL
    pages["excuses"] = {"unused-allow": _UNUSED_ALLOW}
    return pages


_UNUSED_ALLOW = """An `allow` that silences nothing, or names no rule, is out of date: delete it.

Bad: `allow: {answer-length: …}` on a note with a short answer

Good: no `allow`"""


def manual() -> dict[str, str]:
    """Every rule id with its manual in Markdown."""
    return {name: page for pages in groups().values() for name, page in pages.items()}


class Check:
    """One walk over a collection: `deck`, then `note` for each of its notes, at last `finish`."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._rules = [(rule, rule.judge(collection)) for rule in COLLECTION_RULES]
        self._judges = [(rule.name, rule.group, judge.note) for rule, judge in self._rules if not judge.idle]
        # (position of a note, rule that speaks at the end) -> position of the excuse
        self._excuses: dict[tuple[Position, str], Position] = {}

    def deck(self, deck: Deck) -> list[Finding]:
        """Findings about the deck itself."""
        return [Finding(at, rule.name, why) for rule, judge in self._rules for at, why in judge.deck(deck)]

    def note(self, view: View) -> list[Finding]:
        """Findings about one note. A text that is malformed is not judged by its words: one mistake,
        one finding.
        """
        findings = [finding for rendered in view.rendered.values() for finding in rendered.findings]
        malformed = bool(findings)
        for rule in _RULES_OF_NAMES if malformed else _rules_for(_WORDS & view.tested_words):
            for position, message in islice(rule.judge(view), MAX_PER_TEXT):
                findings.append(Finding(position, rule.name, message))
        for name, group, judge in self._judges:
            if not malformed or group in _OF_NAMES:
                for position, message in judge(view):
                    findings.append(Finding(position, name, message))
        if malformed:
            return findings
        findings += medication.findings(view)
        return self._without_excused(view, findings) if view.note.allow else findings

    def _without_excused(self, view: View, findings: list[Finding]) -> list[Finding]:
        note = view.note
        used = {finding.rule for finding in findings} & set(note.allow) & EXCUSABLE
        for name in note.allow:
            if name in used:
                continue
            position = note.places.at(f"allow.{name}:")
            if name in _EXCUSABLE_AT_THE_END:
                self._excuses[view.position, name] = position
            elif name in EXCUSABLE:
                findings.append(_unused(position, name))
            else:
                problem = "cannot be allowed" if name in manual() else f"is unknown{did_you_mean(name, EXCUSABLE)}"
                findings.append(Finding(position, "unused-allow", f"rule {name!r} {problem}"))
        return [finding for finding in findings if finding.rule not in used]

    def finish(self) -> list[Finding]:
        """Findings that need all notes."""
        findings = [Finding(at, rule.name, why) for rule, judge in self._rules for at, why in judge.finish()]
        found = {(finding.position, finding.rule) for finding in findings}
        unused = [_unused(at, name) for (note, name), at in self._excuses.items() if (note, name) not in found]
        return [finding for finding in findings if (finding.position, finding.rule) not in self._excuses] + unused


def _unused(position: Position, name: str) -> Finding:
    return Finding(position, "unused-allow", f"{name!r} silences nothing: delete it")
