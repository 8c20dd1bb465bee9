"""What a rule is: a function of one note's `View`, or a `CollectionRule` that sees every note."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count, islice

from ketamine_anki.core.model import Collection, Deck, Finding, Note, Where
from ketamine_anki.text.render import Rendered, render_note
from ketamine_anki.text.scanner import UNMARKED, Markup
from ketamine_anki.text.words import signs_of, words_of

_PICTURE_OR_LINK = r"!?\[([^\[\]]*)\]\(([^()]*)\)"
_OUTER = re.compile(r"_(?:(?<!\w_)|(?!\w))")  # not the one inside a word

_MARK = "\0"  # no text holds it
_BETWEEN = f"\n{_MARK}\n"
BESIDE = "|"  # no word, and no space


class View:
    """One note during its check: its texts rendered, read and split into words once, for all rules.

    position    of the note's id
    shown       the rendered texts by key
    plain       the texts by key as a learner reads them: without Markdown, cloze marks and hints
    whole       all plain texts with a mark between: for one quick look at everything
    signs       what is no small letter in the whole, as `tokens.signs_of` tells it
    running     the words of all texts with a mark between, in small letters; a hyphened word is one
    words       the words of each text by key
    tested      the keys of the texts that a learner is asked for
    asked       the words of the tested texts
    stems       the content words of each tested text, stemmed, once each
    leads       the last sentence of each question: what is asked, without the story before it
    """

    __slots__ = (
        "asked",
        "collection",
        "leads",
        "note",
        "plain",
        "position",
        "running",
        "shown",
        "signs",
        "stems",
        "tested",
        "whole",
        "words",
    )

    def __init__(self, note: Note, collection: Collection) -> None:
        self.note = note
        self.collection = collection
        self.position = note.places.at("id")
        self.shown = shown = render_note(note, collection)
        self.plain = plain = {key: plain_text(shown[key], text) for key, text in note.texts()}
        self.whole = _BETWEEN.join(plain.values())
        self.signs = signs_of(self.whole)
        self.running = words_of(self.whole)
        self.words = words = _split(self.running, plain)
        self.tested = tested = [key for key in plain if key in _TESTED]
        self.asked = [*chain.from_iterable([words[key] for key in tested])]
        self.stems = {key: stems(words[key]) for key in tested}
        self.leads = {key: last_sentence(plain[key]) for key in _QUESTIONS if key in plain}


_TESTED = frozenset({"question", "answer", "reverse.question", "reverse.answer", "text"})
_QUESTIONS = ("question", "reverse.question")


def _split(running: list[str], keys: Iterable[str]) -> dict[str, list[str]]:
    """The running words cut at the marks."""
    found, start = {}, 0
    running = [*running, _MARK]
    for key in keys:
        end = running.index(_MARK, start)
        found[key] = running[start:end]
        start = end + 1
    return found


def place(view: View, key: str, found: re.Match[str], group: int = 0, offset: int = 0) -> Where:
    """Where a match in a plain text, or in its part from `offset`, stands in the note."""
    return spot(view, key, found[group], offset + found.start(group))


def spot(view: View, key: str, fragment: str, start: int) -> Where:
    """Where a fragment of a plain text that starts there stands in the note. A plain text lacks hints and the
    addresses of links, so what is in these does not count.
    """
    before = view.plain[key].count(fragment, 0, start)
    markup = view.shown[key].markup
    typed = dict(view.note.texts())[key]
    if markup is not UNMARKED or "](" in typed:
        seen = list(typed)
        for at, end in [*hints(markup), *(found.span(2) for found in re.finditer(_PICTURE_OR_LINK, typed))]:
            seen[at:end] = _MARK * (end - at)
        found = next(islice(re.finditer(re.escape(fragment), "".join(seen)), before, None), None)
        before = typed.count(fragment, 0, found.start()) if found else before
    return Where(key, fragment, before)


def hints(markup: Markup) -> list[tuple[int, int]]:
    """Where the hints of a text start and end."""
    return [(found.answer_end + 2, found.answer_end + 2 + len(found.hint)) for found in markup.deletions if found.hint]


def hints_alone(typed: str, markup: Markup) -> str:
    """A text with a stroke for each character that is not in a hint; nothing of one without hints."""
    places = hints(markup)
    seen = [BESIDE] * len(typed) if places else []
    for at, end in places:
        seen[at:end] = typed[at:end]
    return "".join(seen)


def plain_text(rendered: Rendered, text: str, *, formulas: bool = True) -> str:
    """A text as read aloud: math without dollars or, without `formulas`, blanks; deletions by their answers, links by
    their labels.
    """
    if rendered.markup is UNMARKED:
        return text
    if spans := rendered.markup.spans:
        parts, hint = [], False
        for span in spans:
            if span.kind == "hint":
                hint = True
            elif span.kind == "close":
                hint = False
            elif span.kind != "open" and not hint:
                parts.append(span.value if formulas or span.kind not in ("math", "display") else " " * len(span.value))
        text = "".join(parts)
    if "[" in text:
        text = re.sub(_PICTURE_OR_LINK, r"\1", text)
    if "_" in text:
        text = _OUTER.sub("", text)
    return text.replace("*", "").replace("`", "").replace("\\", "")


def last_sentence(text: str) -> str:
    """What follows the last period, question or exclamation mark inside a text."""
    start = max(text.rfind(". "), text.rfind("? "), text.rfind("! "), text.rfind(".\n"))
    return text[start + 1 :].lstrip()


MOST_WORDS = 1 << 16  # that are remembered
# Words that carry no content of their own, and the units of vital signs.
_FUNCTION = frozenset(
    """a an and are as at be been being but by can could did do does for from had has have he her his how if in into
    is it its may might more most must of off on or other our out over own shall she should so some such than that
    the their them then there these they this those through to under until up was were what when where which while
    who whom whose why will with would you your mm hg cm kg mg mcg ml percent""".split()
)
# By their last letter, the longer ones first.
_ENDINGS = {
    "d": ("ied", "ed"),
    "e": ("e",),
    "g": ("ing",),
    "n": ("ation",),
    "s": ("ations", "ings", "ies", "es", "s"),
    "y": ("ingly", "edly", "ly", "y"),
}


class _Stems(dict[str, tuple[int, ...]]):
    """word -> the numbers of the stems of those parts that carry content; filled as words come."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: defaultdict[str, int] = defaultdict(count().__next__)

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) > MOST_WORDS:
            self.clear()
        parts = [part for part in word.split("-") if part and part not in _FUNCTION]
        self[word] = made = tuple([self.numbers[_stem(part)] for part in parts])
        return made


_STEMS = _Stems()


def stems(words: Iterable[str]) -> set[int]:
    """The content words, stemmed: as many of them as of `block`, `nmda`, `receptor` in `["blocking", "the",
    "nmda-receptors"]`. A stem is a number, the higher the later it was met first.
    """
    return set(chain.from_iterable(map(_STEMS.__getitem__, words)))


def _stem(word: str) -> str:
    """A word without its ending, so that `suppresses` and `suppressing` are one. Rough on purpose:
    it only compares words of one collection with each other.
    """
    word = word.removesuffix("'s")
    for ending in _ENDINGS.get(word[-1:], ()):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


Complaint = tuple[Where | str, str]
NoteRule = Callable[[View], Iterator[Complaint]]


class CollectionRule:
    """State of one walk over all notes; a rule overrides what it needs."""

    idle = False  # whether `note` has nothing to do in this collection

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    def deck(self, deck: Deck) -> Iterable[Finding]:
        """Findings on a deck, called before its notes."""
        return ()

    def note(self, view: View) -> Iterable[Finding]:
        """Findings on a note, called for each in order."""
        return ()

    def finish(self) -> Iterable[Finding]:
        """Findings that need all notes, called at the end."""
        return ()
