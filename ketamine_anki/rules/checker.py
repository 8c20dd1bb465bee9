"""The rules that notes are held to, in order, in plain sight.

A note rule is a function from a `View` to complaints (where, what); it knows neither its own name
nor the file. A collection rule sees every deck and note and speaks during or after the walk. There
are no severities: a rule is worth failing for, or it is not a rule. A note may be excused from a
wording, cloze or medication rule by `allow: {rule: reason}`; an excuse that silences nothing is a
finding itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice

from ketamine_anki.core.limits import MAX_PER_TEXT
from ketamine_anki.core.model import Collection, Deck, Finding, Position
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.rules import cloze, copying, identity, interference, medication, provenance, released, wording
from ketamine_anki.rules.view import MOST_WORDS, CollectionRule, NoteRule, View
from ketamine_anki.text.words import parts_of

_NOTE_RULES: dict[str, tuple[NoteRule, ...]] = {
    "identity": (identity.reserved_tag, identity.unfinished),
    "provenance": (
        provenance.unknown_source,
        provenance.uncited,
        provenance.unknown_claim,
        provenance.unknown_evidence,
        provenance.missing_evidence,
        provenance.missing_caveat,
        provenance.dose_evidence,
        provenance.caveat_number,
        provenance.wrong_yield,
        copying.verbatim,
    ),
    "wording": (
        wording.question_mark,
        wording.yes_no,
        wording.binary_choice,
        wording.two_questions,
        wording.open_question,
        wording.orphan_pronoun,
        wording.deictic,
        wording.unmarked_negative,
        wording.question_length,
        wording.answer_length,
        wording.answer_list,
        wording.reverse_length,
        wording.answer_in_question,
        wording.topic_answer,
        wording.absolute_wording,
        wording.undefined_abbreviation,
        wording.spelling,
    ),
    "cloze": (
        cloze.cloze_count,
        cloze.cloze_length,
        cloze.cloze_context,
        cloze.cloze_leak,
        cloze.article_cue,
    ),
}

_COLLECTION_RULES: dict[str, tuple[type[CollectionRule], ...]] = {
    "identity": (identity.UnknownDeck, identity.DuplicateId, identity.UnusedPicture, identity.TagSpelling),
    "provenance": (provenance.UntestedClaim,),
    "released": (released.VanishedId, released.ReusedId, released.Retirement),
    "interference": (
        interference.DuplicateQuestion,
        interference.PairConflict,
        interference.SameAnswer,
        interference.NearDuplicate,
    ),
}

# What these rules find stands in a tested text as one of these words: they are asked of no other note.
_LISTENING: dict[NoteRule, frozenset[str]] = {
    wording.yes_no: wording.YES_NO_WORDS,
    wording.binary_choice: wording.CHOICE_WORDS,
    wording.two_questions: frozenset({"and"}),
    wording.open_question: wording.OPEN_WORDS,
    wording.orphan_pronoun: wording.ORPHAN_WORDS,
    wording.deictic: wording.DEICTIC_WORDS,
    wording.unmarked_negative: wording.NEGATIVE_WORDS,
    wording.absolute_wording: wording.ABSOLUTE_WORDS,
}

NOTE_RULES: tuple[NoteRule, ...] = sum(_NOTE_RULES.values(), ())
COLLECTION_RULES: tuple[type[CollectionRule], ...] = sum(_COLLECTION_RULES.values(), ())


def name_of(rule: object) -> str:
    """`missing_caveat` and `MissingCaveat` are shown as `missing-caveat`."""
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in rule.__name__)  # type: ignore[attr-defined]
    return words.strip("_").replace("_", "-")


# Rules that a note can be excused from by `allow`: those of taste, not those of fact.
EXCUSABLE = frozenset(
    [name_of(rule) for group in ("wording", "cloze") for rule in _NOTE_RULES[group]]
    + [name_of(rule) for rule in (interference.SameAnswer, interference.NearDuplicate)]
    + list(medication.MANUAL)
)


def groups() -> dict[str, dict[str, str]]:
    """The manual: group -> rule id -> Markdown, in the order in which the rules are applied."""
    from inspect import cleandoc  # these are wanted only here

    from ketamine_anki.deckfiles import formatter, pictures, reader
    from ketamine_anki.release import ledger_file
    from ketamine_anki.text import render

    pages: dict[str, dict[str, str]] = {
        "format": reader.MANUAL | formatter.MANUAL,
        "text": render.MANUAL | pictures.MANUAL,
    }
    for group in ("identity", "provenance", "wording", "cloze", "interference", "released"):
        rules: tuple[object, ...] = (*_NOTE_RULES.get(group, ()), *_COLLECTION_RULES.get(group, ()))
        pages[group] = {name_of(rule): cleandoc(rule.__doc__ or "") for rule in rules}
    pages["released"] = ledger_file.MANUAL | pages["released"]
    pages["medication"] = dict(medication.MANUAL)
    pages["excuses"] = MANUAL
    return pages


def manual() -> dict[str, str]:
    """Every rule id with its manual in Markdown."""
    return {name: page for pages in groups().values() for name, page in pages.items()}


MANUAL = {
    "unused-allow": "An `allow` that silences nothing, or names no rule, is out of date: delete it.\n\n"
    "Bad: `allow: {answer-length: …}` on a note with a short answer\n\nGood: no `allow`",
}

_SPEAK_LAST = EXCUSABLE & {name_of(rule) for rule in COLLECTION_RULES}
_NAMED = {rule: name_of(rule) for rule in NOTE_RULES}
_BITS = {rule: 1 << place for place, rule in enumerate(NOTE_RULES)}


def _bits(rules: Iterable[NoteRule]) -> int:
    return sum({_BITS[rule] for rule in rules})


_HEARD: dict[str, int] = {}  # word -> the bits of the rules that listen for it
for _rule, _words in _LISTENING.items():
    for _word in _words:
        _HEARD[_word] = _HEARD.get(_word, 0) | _BITS[_rule]

# Rules that speak of what few notes have, and few collections.
_GAPS = _bits(_NOTE_RULES["cloze"])
_EVIDENCE = _bits((provenance.unknown_evidence, provenance.missing_evidence, provenance.caveat_number))
_PAIR = _bits((wording.reverse_length,))
_DIGITS = _bits((provenance.dose_evidence,))
_CAPITALS = _bits((wording.undefined_abbreviation,))
_QUESTIONS = _bits((wording.two_questions,))
_TOPIC = _bits((wording.topic_answer,))
_SHINGLES = _bits((copying.verbatim,))
_SPELLING = _bits((wording.spelling,))
_NOTATIONS = 1 << len(NOTE_RULES)  # notations are no note rule, they bring their own names

_SELDOM = _bits(_LISTENING) | _GAPS | _EVIDENCE | _PAIR | _DIGITS | _CAPITALS | _SPELLING
_ALWAYS = _bits(NOTE_RULES) & ~_SELDOM
# Rules that look at names, not at words: they hold for a note whose text is malformed too.
_NAMES = _bits(rule for group in ("identity", "provenance") for rule in _NOTE_RULES[group])


def _idle(collection: Collection) -> int:
    """The bits of the rules that have nothing to say in a collection."""
    topic = 0 if collection.topics else _TOPIC
    shingles = 0 if collection.shingles else _SHINGLES
    return topic | shingles | (0 if collection.spelling == "US" else _SPELLING)


class _Listeners(dict[str, int]):
    """word -> the bits of the rules that listen for it, as a function tells them; filled as words come."""

    def __init__(self, bits: Callable[[str], int]) -> None:
        super().__init__()
        self._bits = bits

    def __missing__(self, word: str) -> int:
        if len(self) > MOST_WORDS:
            self.clear()
        self[word] = bits = self._bits(word)
        return bits


def _anywhere(word: str) -> int:
    spelling = _SPELLING if wording.is_british(word) else 0
    return spelling | (0 if medication.WORDS.isdisjoint(parts_of([word])) else _NOTATIONS)


def _tested(word: str) -> int:
    bits = 0
    for part in parts_of([word]):
        bits |= _HEARD.get(part, 0)
    return bits


_ANYWHERE, _TESTED = _Listeners(_anywhere), _Listeners(_tested)  # of all words, of those that are asked for


def _asked(view: View) -> int:
    """The bits of the rules that are asked of a note."""
    note, signs = view.note, view.signs
    asked = _ALWAYS
    for bits in {*map(_ANYWHERE.__getitem__, view.running), *map(_TESTED.__getitem__, view.asked)}:
        asked |= bits
    if note.text or "__" in note.question:
        asked |= _GAPS
    if note.evidence or note.caveat or note.beyond:
        asked |= _EVIDENCE
    if note.reverse_answer:
        asked |= _PAIR
    if b"0" in signs or not view.whole.isascii():
        asked |= _DIGITS
    if b"AA" in signs:
        asked |= _CAPITALS
    if signs.count(b"?") > 1:
        asked |= _QUESTIONS
    if medication.is_signed(view) or (note.text and any(d.hint for d in view.shown["text"].markup.deletions)):
        asked |= _NOTATIONS
    return asked


@cache
def _rules(asked: int) -> tuple[tuple[str, NoteRule], ...]:
    """The rules of these bits with their names, in order."""
    return tuple((name, rule) for rule, name in _NAMED.items() if asked & _BITS[rule])


_OF_NAMES_TOGETHER = (*_COLLECTION_RULES["identity"], *_COLLECTION_RULES["provenance"])


class Check:
    """One walk over a collection: `deck`, then `note` for each of its notes, at last `finish`."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._able = ~_idle(collection)
        self._rules = [rule(collection) for rule in COLLECTION_RULES]
        self._together = [rule.note for rule in self._rules if not rule.idle]
        self._names_together = [r.note for r in self._rules if not r.idle and isinstance(r, _OF_NAMES_TOGETHER)]
        # (place of a note, rule that speaks at the end) -> place of the excuse
        self._excuses: dict[tuple[Position, str], Position] = {}

    def deck(self, deck: Deck) -> list[Finding]:
        """Findings about the deck itself."""
        return [finding for rule in self._rules for finding in rule.deck(deck)]

    def note(self, view: View) -> list[Finding]:
        """Findings about one note. A text that is malformed is not judged by its words: one mistake,
        one finding.
        """
        places = view.note.places
        findings = [finding for rendered in view.shown.values() for finding in rendered.findings]
        malformed = bool(findings)
        asked = _asked(view) & self._able
        for name, rule in _rules(asked & _NAMES if malformed else asked):
            for where, message in islice(rule(view), MAX_PER_TEXT):
                findings.append(Finding(places.at(where), name, message))
        for together in self._names_together if malformed else self._together:
            findings += together(view)
        if malformed:
            return findings
        for where, rule_id, message in medication.notations(view) if asked & _NOTATIONS else ():
            findings.append(Finding(places.at(where), rule_id, message))
        return self._without_excused(view, findings) if view.note.allow else findings

    def _without_excused(self, view: View, findings: list[Finding]) -> list[Finding]:
        note = view.note
        used = {finding.rule for finding in findings} & set(note.allow) & EXCUSABLE
        for rule in note.allow:
            if rule in used:
                continue
            at = note.places.at(f"allow.{rule}:")
            if rule in _SPEAK_LAST:
                self._excuses[note.places.at("id"), rule] = at
            elif rule not in EXCUSABLE:
                what = "cannot be allowed" if rule in manual() else f"is unknown{did_you_mean(rule, EXCUSABLE)}"
                findings.append(Finding(at, "unused-allow", f"rule {rule!r} {what}"))
            else:
                findings.append(Finding(at, "unused-allow", f"{rule!r} silences nothing: delete it"))
        return [finding for finding in findings if finding.rule not in used]

    def finish(self) -> list[Finding]:
        """Findings that need all notes."""
        findings = [finding for rule in self._rules for finding in rule.finish()]
        said = {(finding.position, finding.rule) for finding in findings}
        unused = [(rule, at) for (note, rule), at in self._excuses.items() if (note, rule) not in said]
        findings = [finding for finding in findings if (finding.position, finding.rule) not in self._excuses]
        return findings + [Finding(at, "unused-allow", f"{rule!r} silences nothing: delete it") for rule, at in unused]
