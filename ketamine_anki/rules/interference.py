"""Rules about notes that disturb each other: twins, equal prompts, equal answers.

Source of all: SuperMemo's rule 11 (combat interference). Retired notes are left out: a successor may well resemble
the note that it replaces.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict, deque
from collections.abc import Iterator
from itertools import count, pairwise
from math import ceil

from ketamine_anki.core.limits import MAX_COMPARED, MAX_HOLDERS, MAX_MORE_COMPARED
from ketamine_anki.core.model import Collection, Position
from ketamine_anki.rules.rule import CollectionRule, Names, Problem
from ketamine_anki.rules.view import View
from ketamine_anki.text.words import signs_of

SIMILAR = 0.8  # Jaccard similarity of the content words from which two notes are near-duplicates
MIN_CONTENT = 4  # fewer content words say nothing
MAX_SAME, MAX_SHARE = 6, 0.02  # notes with one answer: more than both is a pattern to guess by


# What tells questions apart, but is not part of their words: signs, what stands between digits, capitals after
# a capital or a digit.
_CAPITAL = r"(?<=[A-Z0-9])[A-Z]"
_TELLING = rf"[<>=+%#&@^|~]|{_CAPITAL}|(?<=[0-9])[^\w\s,]+(?=[0-9])"
_MAY_TELL = rb"AA|[0<>=+%#&@^|~]"  # the same in what `signs_of` leaves of a text, which is quickly looked through


class DuplicateQuestion(CollectionRule):
    """One prompt, one answer: two notes (or a reversed pair) that ask the same cannot both be graded.
    Anki, too, marks notes with the same first field as duplicates.

    Source: SuperMemo's rule 11; Anki's duplicate check.
    Bad: `question: Which drug reverses heparin?` on two notes
    Good: one of the two
    """

    def __init__(self, collection: Collection, names: Names) -> None:
        super().__init__(collection, names)
        self._first: dict[int, tuple[Position, str]] = {}  # hash of a prompt -> the note and key that asked it first

    def note(self, view: View) -> Iterator[Problem]:
        if view.note.retired is not None:
            return
        for key in ("text",) if view.note.text else ("question", "reverse.question"):
            if not view.words.get(key):
                continue
            markup, pictures = view.rendered[key].markup, view.rendered[key].pictures
            hidden = [deletion.answer for deletion in markup.deletions]
            may_tell = re.search(_MAY_TELL, signs_of(view.plain[key]))
            telling = re.findall(_TELLING, view.plain[key]) if may_tell else ()
            formulas = [span.value for span in markup.spans if span.kind in ("math", "display")]
            prompt = hash((*view.words[key], "\n", *hidden, "\n", *telling, "\n", *formulas, "\n", *pictures))
            here = view.position, key
            first = self._first.setdefault(prompt, here)
            if first is not here:
                place = f"{first[0].path}:{first[0].line}"
                yield view.at(key), f"the same is asked at {place}: delete one of the two, or ask more precisely"


class PairConflict(CollectionRule):
    """Each side of a reversed pair is a prompt, so it must lead to one answer: `MS` for multiple
    sclerosis here and mitral stenosis there can be asked only one way round.

    Source: SuperMemo's rule 11.
    Bad: `answer: Mitral stenosis`, `reverse.answer: MS` beside `answer: Multiple sclerosis`, `reverse.answer: MS`
    Good: one of them as a note without `reverse`
    """

    def __init__(self, collection: Collection, names: Names) -> None:
        super().__init__(collection, names)
        self._partner: dict[str, tuple[str, Position]] = {}  # a side -> the other side, and their note

    def note(self, view: View) -> Iterator[Problem]:
        if not view.note.reverse_answer or view.note.retired is not None:
            return
        sides = view.plain["answer"].strip(" ."), view.plain["reverse.answer"].strip(" .")
        for key, side, other in (("answer", *sides), ("reverse.answer", *reversed(sides))):
            partner, at = self._partner.setdefault(_folded(side), (other, view.position))
            if _folded(partner) != _folded(other):
                message = f"{side!r} is paired with {partner!r} at {at.path}:{at.line}: a pair is one-to-one"
                yield view.at(key), f"{message}, drop 'reverse'"


def _folded(side: str) -> str:
    """A side in small letters, and its capitals that follow on one another: `PaO2` is not `PAO2`."""
    return "\n".join([side.casefold(), *re.findall(_CAPITAL, side)])


class SameAnswer(CollectionRule):
    """An answer that fits many cards is guessed from the deck, not from the question: ask for what is
    special to each case. At most six notes, or one in fifty of a large collection, have one answer.

    Source: Matuschak (pattern matching); SuperMemo's rule 11.
    Bad: `answer: An increase` on seven notes of a hundred
    Good: `answer: An increase by a third`
    """

    def __init__(self, collection: Collection, names: Names) -> None:
        super().__init__(collection, names)
        self._notes = 0
        self._times: defaultdict[str, int] = defaultdict(int)
        self._last: dict[str, Position] = {}

    def note(self, view: View) -> tuple[()]:
        if view.note.retired is not None:
            return ()
        self._notes += 1
        if view.note.text:
            answers = [deletion.answer for deletion in view.rendered["text"].markup.deletions]
        else:
            answers = [view.plain["answer"]]
        for answer in {answer.strip(" .").casefold() for answer in answers}:
            self._times[answer] += 1
            if self._times[answer] > MAX_SAME:
                self._last[answer] = view.position
        return ()

    def finish(self) -> Iterator[Problem]:
        for answer, position in self._last.items():
            times = self._times[answer]
            if times > MAX_SHARE * self._notes:
                message = f"{times} notes have the answer {answer!r}: at most {MAX_SAME}; ask for what is special here"
                yield position, message


class TwinAnswer(CollectionRule):
    """Two notes that test one claim by the same answer are one card asked twice: merge them, or ask one of them for
    the reason, the limit or the act. Compared are the content words of the answers, of which half must be shared.

    Source: SuperMemo's rule 11.
    Bad: `answer: Unfractionated heparin` and `answer: Heparin, unfractionated, by vein` on notes with one claim
    Good: the second asks how it is monitored
    """

    def __init__(self, collection: Collection, names: Names) -> None:
        super().__init__(collection, names)
        self._answers: dict[str, deque[tuple[set[int], Position]]] = {}  # claim -> those of the last notes

    def note(self, view: View) -> Iterator[Problem]:
        answer = view.stems.get("answer", set())
        if len(answer) < 2 or view.note.retired is not None:
            return
        for claim in view.note.claims:
            others = self._answers.setdefault(claim, deque(maxlen=MAX_COMPARED))
            for other, at in others:
                if 2 * len(answer & other) >= len(answer | other):
                    yield view.at("answer"), f"{at.path}:{at.line} tests {claim} by the same answer: merge the two"
            others.append((answer, view.position))


# Two notes that differ in one of these say opposite things, however alike they look: such a word is
# compared together with its neighbour.
_DIRECTIONS = frozenset(
    """rise rises risen fall falls fell increase increases increased decrease decreases decreased raise raises raised
    lower lowers lowered higher high low reduce reduces reduced elevate elevates elevated gain gains loss more less
    agonist antagonist activate activates inhibit inhibits acute chronic early late left
    right upper first second systolic diastolic""".split()
)
_FOLLOWED = frozenset({"not", "no", "without", "before", "after"})
_DIRECTING = _DIRECTIONS | _FOLLOWED
_SHARED = 2  # of their rarest words that two similar notes have in common


class NearDuplicate(CollectionRule):
    """Two notes in nearly the same words are learnt as one and mixed up: merge them, or make the
    difference the question.

    Compared are the stemmed content words of the tested texts (Jaccard similarity of at least 0.8).
    Pairs are found by prefix filtering: with the words in any one order, two sets that similar share two of
    their few first words. Here the words that came last into the collection are first: they are the rare ones.

    Source: SuperMemo's rule 11. Prefix filtering: Chaudhuri, Ganti and Kaushik, A primitive operator for
    similarity joins in data cleaning (2006); with more than one word: Wang, Li and Feng, Can we beat the
    prefix filtering (2012).
    Bad: `Which drug reverses heparin after bypass surgery?` beside `After bypass surgery, which drug reverses heparin?`
    Good: `Which drug reverses heparin?` beside `Which protein does heparin activate?`
    """

    def __init__(self, collection: Collection, names: Names) -> None:
        super().__init__(collection, names)
        self._directed: defaultdict[str, int] = defaultdict(count(-1, -1).__next__)  # `not rises` -> number
        self._words = array("i")  # the words of all notes, one note after the other
        self._ends = array("I")
        self._positions: list[Position] = []
        self._holders: dict[int, list[int]] = {}  # word -> the notes that have it among their rarest
        self.pairs: list[tuple[int, int, float]] = []  # (later, earlier, similarity): for each the most similar earlier
        self._more = MAX_MORE_COMPARED

    def note(self, view: View) -> tuple[()]:
        words = sorted(self.content(view), reverse=True) if view.note.retired is None else []
        if len(words) < MIN_CONTENT:
            return ()
        this = len(self._ends)
        once: set[int] = set()
        twice: set[int] = set()
        is_common = False
        for word in words[: len(words) - ceil(SIMILAR * len(words)) + _SHARED]:
            holders = self._holders.setdefault(word, [])
            if len(holders) < MAX_HOLDERS:
                twice.update(once.intersection(holders))
                once.update(holders)
                holders.append(this)
            else:
                is_common = True  # so it may be the second word that a note in `once` shares
        self._words.extend(words)
        self._ends.append(len(self._words))
        self._positions.append(view.position)
        others = self._newest(twice)
        if is_common:
            others = others.union(self._newest(once))
        if others:  # the most similar one counts, and the earliest of equals
            this_words = set(words)
            similarity, earlier = max((self._similarity(this_words, other), -other) for other in others)
            if similarity >= SIMILAR:
                self.pairs.append((this, -earlier, similarity))
        return ()

    def content(self, view: View) -> set[int]:
        """The content words of a note, stemmed, as numbers; words and signs of direction joined to their neighbour."""
        words: set[int] = set().union(*view.stems.values())
        for key in view.tested:
            if not _DIRECTING.isdisjoint(view.words[key]):
                for before, word in pairwise(["", *view.words[key]]):
                    if word in _DIRECTIONS or before in _FOLLOWED:
                        words.add(self._directed[f"{before} {word}"])
            if "<" in view.heard or ">" in view.heard:
                parts = view.plain[key].replace("<", " < ").replace(">", " > ").split()
                for before, after in pairwise(parts):
                    if before in "<>" or after in "<>":
                        words.add(self._directed[f"{before} {after}"])
        for picture in [picture for key in view.tested for picture in view.rendered[key].pictures]:
            words = {self._directed[f"{word} {picture}"] for word in words}  # other pictures, other questions
        return words

    def _newest(self, notes: set[int]) -> set[int]:
        """The notes to compare with one: all while the budget for more lasts, then the newest `MAX_COMPARED`."""
        more = len(notes) - MAX_COMPARED
        if more > self._more:
            return set(sorted(notes)[-MAX_COMPARED:])
        self._more -= max(more, 0)
        return notes

    def _similarity(self, words: set[int], other: int) -> float:
        """How much of all words of a note and an earlier one both have."""
        begin = self._ends[other - 1] if other else 0
        size = self._ends[other] - begin
        if not SIMILAR * len(words) <= size <= len(words) / SIMILAR:
            return 0.0
        shared = len(words.intersection(self._words[begin : begin + size]))
        return shared / (len(words) + size - shared)

    def finish(self) -> Iterator[Problem]:
        for later, earlier, similarity in self.pairs:
            at = self._positions[earlier]
            message = f"{similarity:.0%} of the content words are those of the note at {at.path}:{at.line}: merge them"
            yield self._positions[later], message
