"""Rules about cloze deletions. Lengths are ours, far above what a good card needs.

All except `article_cue` apply to cloze notes alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ketamine_anki.core.language import primary
from ketamine_anki.core.model import Position
from ketamine_anki.rules.rule import Problem
from ketamine_anki.rules.view import View, stems
from ketamine_anki.text.scanner import UNMARKED, Deletion
from ketamine_anki.text.words import is_unspaced, letters_of, over, words_of

MAX_CARDS, MAX_HIDDEN, MIN_VISIBLE, MAX_SHARE = 4, 10, 5, 0.5  # numbers, words, words, part of all words
MIN_CHARACTERS = 6  # visible, in other languages than English: their words hold more, or are not parted by spaces
_FORMULA = ("math", "display")  # kinds of spans


def _at(view: View, deletion: Deletion) -> Position:
    """The position of the first line of a deletion."""
    fragment = view.note.text[deletion.start : deletion.answer_end].split("\n")[0]
    return view.at("text", fragment, deletion.start)


def _hidden(view: View, deletion: Deletion) -> str:
    """The answer of a deletion with each formula, or part of one, as one word."""
    text, first, last = view.note.text, deletion.answer_start, deletion.answer_end
    spans = [span for span in view.rendered["text"].markup.spans if span.start < last and span.end > first]
    return "".join("x" if s.kind in _FORMULA else text[max(s.start, first) : min(s.end, last)] for s in spans)


def cloze_count(view: View) -> Iterator[Problem]:
    """A sentence with five holes makes five cards that give each other away.

    Source: SuperMemo's rules 4 and 10.
    Bad: `text: The {{c1::loop}} of Henle takes up {{c2::sodium}}, {{c3::potassium}} and {{c4::chloride}}, which
    {{c5::furosemide}} blocks within the first minutes.`
    Good: `text: The loop of Henle takes up {{c1::sodium}}, {{c2::potassium}} and {{c3::chloride}} together.`
    """
    markup = view.rendered["text"].markup if view.note.text else UNMARKED
    if len(numbers := markup.numbers) > MAX_CARDS:
        extra = next(deletion for deletion in markup.deletions if deletion.number == numbers[MAX_CARDS])
        yield _at(view, extra), f"{len(numbers)} cloze numbers: at most {MAX_CARDS}; split the note"


def cloze_length(view: View) -> Iterator[Problem]:
    """A deletion hides one term or phrase; a long clause cannot be recalled word for word.

    Source: SuperMemo's rules 4 and 5.
    Bad: `text: Furosemide acts where {{c1::sodium, potassium and chloride are taken up together in the thick
    ascending limb}} of the loop of Henle, a segment of the nephron that cannot take up water.`
    Good: `text: Furosemide acts in the {{c1::thick ascending limb}} of the loop of Henle.`
    """
    for deletion in view.deletions:
        if length := over(_hidden(view, deletion), MAX_HIDDEN, " hidden in one deletion"):
            yield _at(view, deletion), length


def cloze_context(view: View) -> Iterator[Problem]:
    """What stays visible must say what is asked: in English at least five words on each card, and half of the text; in
    other languages six letters. A hidden formula counts as one word.

    Source: SuperMemo's rule 16 (context).
    Bad: `text: {{c1::Furosemide}} wastes {{c2::potassium}}.`
    Bad: `text: Furosemide makes {{c1::the distal tubule of the kidney}} lose more {{c2::potassium and magnesium}}
    {{c3::with the urine}} each day.`
    Good: `text: Taken for weeks, furosemide wastes {{c1::potassium}} and magnesium.`
    """
    deletions = view.deletions
    if not deletions:
        return
    unit, count, least = "words", words_of, MIN_VISIBLE
    if primary(view.collection.language) != "en" or is_unspaced(view.plain["text"]):
        unit, count, least = "characters", letters_of, MIN_CHARACTERS
    sizes = [len(count(_hidden(view, deletion))) for deletion in deletions]
    whole = len(count(view.plain["text"])) + sum(sizes) - sum(len(count(deletion.answer)) for deletion in deletions)
    hidden: Counter[int] = Counter()
    for deletion, size in zip(deletions, sizes, strict=True):
        hidden[deletion.number] += size
    ((number, most),) = hidden.most_common(1)
    if whole - most < least:
        first = next(deletion for deletion in deletions if deletion.number == number)
        yield _at(view, first), f"{whole - most} {unit} stay visible around c{number}: at least {least}; say more"
    elif unit == "words" and sum(sizes) > MAX_SHARE * whole:
        message = f"{sum(sizes)} of {whole} words are hidden: at most half; hide less or say more"
        yield _at(view, deletions[0]), message


def cloze_leak(view: View) -> Iterator[Problem]:
    """An answer that is hidden in one place and visible in another, or in its own hint, need not be recalled.

    Source: Matuschak (leading questions).
    Bad: `text: Furosemide wastes {{c1::potassium}}, so potassium is measured every week.`
    Bad: `text: Taken for weeks, furosemide wastes {{c1::potassium::potassium, sodium}} with the urine.`
    Good: `text: Furosemide wastes {{c1::potassium}}, so {{c1::potassium}} is measured every week.`
    """
    deletions = view.deletions
    for deletion in deletions:
        words = words_of(deletion.answer)
        if not stems(words):
            continue
        if deletion.hint and _times(words_of(deletion.hint), words):
            yield _at(view, deletion), f"the hint {deletion.hint!r} gives {deletion.answer!r} away"
        elif _is_visible(view, deletion, words):
            yield _at(view, deletion), f"{deletion.answer!r} is hidden and stands elsewhere in the text: hide both"


def _is_visible(view: View, deletion: Deletion, words: list[str]) -> bool:
    """Whether the words of a deletion stand where they are not hidden with it; code, where it stands sign by sign."""
    together = (other.answer for other in view.deletions if other.number == deletion.number)
    if "`" in deletion.answer:
        return view.note.text.count(deletion.answer) > sum(answer.count(deletion.answer) for answer in together)
    times = _times(view.words["text"], words)
    return times > 1 and times > sum(_times(words_of(answer), words) for answer in together)


def _times(words: list[str], run: list[str]) -> int:
    """How often a run of words stands in a list of words."""
    first, length = run[0], len(run)
    return sum(word == first and words[n : n + length] == run for n, word in enumerate(words))


def article_cue(view: View) -> Iterator[Problem]:
    """`a` or `an` before a gap tells how the hidden word begins: hide the article too.

    Source: NBME (grammatical cues).
    Bad: `text: Spironolactone is an {{c1::aldosterone antagonist}} used in heart failure with fluid.`
    Bad: `question: A drug that wastes potassium and sodium is called a ___?`
    Good: `text: Spironolactone is {{c1::an aldosterone antagonist}} used in heart failure with fluid.`
    """
    text = view.note.text
    for deletion in view.deletions:
        before = text[max(deletion.start - 4, 0) : deletion.start].lower().split()
        if before and text[deletion.start - 1].isspace() and before[-1] in ("a", "an"):
            yield _at(view, deletion), f"{before[-1]!r} before the gap is a cue: hide it with the word"
    if "__" in view.note.question:
        words = view.note.question.replace("_", " ").rstrip(" ?").split()
        if words and words[-1] in ("a", "an"):
            yield view.at("question"), f"{words[-1]!r} before the gap is a cue: ask a question instead"
