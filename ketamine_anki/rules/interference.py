"""Rules about notes that disturb each other: twins, equal prompts, equal answers.

Source of all: SuperMemo's rule 11 (combat interference). Retired notes are left out: a successor may well resemble
the note that it replaces.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import count, pairwise

from ketamine_anki.core.limits import MAX_COMPARED, MAX_HOLDERS, MAX_MORE_COMPARED
from ketamine_anki.core.model import Collection, Position
from ketamine_anki.rules.rule import CollectionRule, Problem
from ketamine_anki.rules.view import View
from ketamine_anki.text.words import signs_of

SIMILAR = 0.8  # Jaccard similarity of the content words from which two notes are near-duplicates
MIN_CONTENT = 4  # fewer content words say nothing
MAX_SAME, MAX_SHARE = 6, 0.02  # notes with one answer: more than both is a pattern to guess by


class DuplicateQuestion(CollectionRule):
    """One prompt, one answer: two notes (or a reversed pair) that ask the same cannot both be graded.
    Anki, too, marks notes with the same first field as duplicates.

    Source: SuperMemo's rule 11; Anki's duplicate check.

    Bad: `question: Which drug reverses heparin?` on two notes

    Good: one of the two
    """

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._first: dict[int, tuple[Position, str]] = {}  # hash of a prompt -> the note and key that asked it first

    def note(self, view: View) -> Iterator[Problem]:
        note = view.note
        if note.retired is not None:
            return
        may_tell = _may_tell(view.signs)
        for key in ("text",) if note.text else ("question", "reverse.question"):
            words = view.words.get(key)
            if not words:
                continue
            markup = view.rendered[key].markup
            hidden = [deletion.answer for deletion in markup.deletions]
            text = view.plain[key]
            telling = re.findall(_TELLING, text) if may_tell and _may_tell(signs_of(text)) else ()
            formulas = [span.value for span in markup.spans if span.kind in ("math", "display")]
            here = view.position, key
            pictures = view.rendered[key].pictures
            prompt = hash((*words, "\n", *hidden, "\n", *telling, "\n", *formulas, "\n", *pictures))
            first = self._first.setdefault(prompt, here)
            if first is not here:
                place = f"{first[0].path}:{first[0].line}"
                yield view.at(key), f"the same is asked at {place}: delete one of the two, or ask more precisely"


# What tells questions apart, but is not part of their words: signs, what stands between digits, capitals after
# a capital or a digit.
_CAPITAL = r"(?<=[A-Z0-9])[A-Z]"
_TELLING = rf"[<>=+%#&@^|~]|{_CAPITAL}|(?<=[0-9])[^\w\s,]+(?=[0-9])"


def _may_tell(signs: bytes) -> bool:
    """Whether a text with these signs may hold what tells questions apart: a quick look."""
    return b"AA" in signs or b"0" in signs or len(signs.translate(None, b"<>=+%#&@^|~")) < len(signs)


class PairConflict(CollectionRule):
    """Each side of a reversed pair is a prompt, so it must lead to one answer: `MS` for multiple
    sclerosis here and mitral stenosis there can be asked only one way round.

    Source: SuperMemo's rule 11.

    Bad: `answer: Mitral stenosis`, `reverse.answer: MS` beside `answer: Multiple sclerosis`, `reverse.answer: MS`

    Good: one of them as a note without `reverse`
    """

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
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

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._notes = 0
        self._count: dict[str, int] = {}
        self._last: dict[str, Position] = {}

    def note(self, view: View) -> tuple[()]:
        note = view.note
        if note.retired is not None:
            return ()
        self._notes += 1
        if note.text:
            answers = [deletion.answer for deletion in view.rendered["text"].markup.deletions]
        else:
            answers = [view.plain["answer"]]
        count = self._count
        for answer in {answer.strip(" .").casefold() for answer in answers}:
            count[answer] = times = count.get(answer, 0) + 1
            if times > MAX_SAME:
                self._last[answer] = view.position
        return ()

    def finish(self) -> Iterator[Problem]:
        for answer, position in self._last.items():
            times = self._count[answer]
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

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._answers: defaultdict[str, deque[tuple[set[int], Position]]] = defaultdict(
            lambda: deque(maxlen=MAX_COMPARED)
        )

    def note(self, view: View) -> Iterator[Problem]:
        answer = view.stems.get("answer", set())
        if len(answer) < 2 or view.note.retired is not None:
            return
        for claim in view.note.claims:
            for other, at in self._answers[claim]:
                if 2 * len(answer & other) >= len(answer | other):
                    yield view.at("answer"), f"{at.path}:{at.line} tests {claim} by the same answer: merge the two"
            self._answers[claim].append((answer, view.position))


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

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._directed: defaultdict[str, int] = defaultdict(count(-1, -1).__next__)  # `not rises` -> number
        self._words = array("i")  # the words of all notes, one note after the other
        self._ends = array("I")
        self._positions: list[Position] = []
        self._holders: dict[int, list[int]] = {}  # word -> the notes that have it among their rarest
        self.pairs: list[tuple[int, int, float]] = []  # (later, earlier, similarity): for each the most similar earlier
        self._more = MAX_MORE_COMPARED

    def note(self, view: View) -> tuple[()]:
        if view.note.retired is not None:
            return ()
        words = sorted(self.content(view), reverse=True)
        if len(words) < MIN_CONTENT:
            return ()
        this = len(self._ends)
        once: set[int] = set()
        twice: set[int] = set()
        is_common = False
        for word in words[: len(words) - _least(len(words)) + _SHARED]:
            holders = self._holders.get(word)
            if holders is None:
                self._holders[word] = [this]
            elif len(holders) < MAX_HOLDERS:
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
        if others:
            self._compare(this, set(words), others)
        return ()

    def content(self, view: View) -> set[int]:
        """The content words of a note, stemmed, as numbers; words and signs of direction joined to their neighbour."""
        words: set[int] = set().union(*view.stems.values())
        for key in view.tested:
            before = ""
            if not _DIRECTING.isdisjoint(view.words[key]):
                for word in view.words[key]:
                    if word in _DIRECTIONS or before in _FOLLOWED:
                        words.add(self._directed[f"{before} {word}"])
                    before = word
        if "<" in view.heard or ">" in view.heard:
            for key in view.tested:
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

    def _compare(self, this: int, words: set[int], others: Iterable[int]) -> None:
        """Records the most similar of the other notes, the earliest of equals."""
        best = max((self._similarity(words, other), -other) for other in others)
        if best[0] >= SIMILAR:
            self.pairs.append((this, -best[1], best[0]))

    def finish(self) -> Iterator[Problem]:
        for later, earlier, similarity in self.pairs:
            at = self._positions[earlier]
            message = f"{similarity:.0%} of the content words are those of the note at {at.path}:{at.line}: merge them"
            yield self._positions[later], message

    def _similarity(self, words: set[int], other: int) -> float:
        begin = self._ends[other - 1] if other else 0
        end = self._ends[other]
        if not SIMILAR * len(words) <= end - begin <= len(words) / SIMILAR:
            return 0.0
        shared = len(words.intersection(self._words[begin:end]))
        return shared / (len(words) + end - begin - shared)


_SHARED = 2  # of their rarest words that two similar notes have in common


def _least(size: int) -> int:
    """The fewest words that a set of this size shares with one that is similar enough."""
    return -int(-SIMILAR * size // 1)
