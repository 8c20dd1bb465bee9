"""What a rule is: a function of one note's `View`, or a `CollectionRule` that sees every note."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from ketamine_anki.model import Collection, Deck, Finding, Note, Where
from ketamine_anki.render import Rendered, render_note
from ketamine_anki.tokens import words_of

_PICTURE_OR_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKED = re.compile(r"[*`\\_\[]")
_EMPHASIS = re.compile(r"[*`\\]|(?<!\w)_|_(?!\w)")

_MARK = "\0"  # no text holds it
_BETWEEN = f"\n{_MARK}\n"


class View:
    """One note during its check. What is costly is made on first use, and shared by the rules."""

    __slots__ = ("__dict__", "collection", "note")

    def __init__(self, note: Note, collection: Collection) -> None:
        self.note = note
        self.collection = collection

    @cached_property
    def shown(self) -> dict[str, Rendered]:
        """The rendered texts by key."""
        return render_note(self.note, self.collection)

    @cached_property
    def plain(self) -> dict[str, str]:
        """The texts by key as a learner reads them: without Markdown, cloze marks and hints."""
        return {key: plain_text(self.shown[key], text) for key, text in self.note.texts()}

    @cached_property
    def whole(self) -> str:
        """All plain texts, one after the other with a mark between: for one quick look at everything."""
        return _BETWEEN.join(self.plain.values())

    @cached_property
    def running(self) -> list[str]:
        """The words of all texts, with a mark between: for one quick walk over everything."""
        return words_of(self.whole)

    @cached_property
    def tested(self) -> tuple[str, ...]:
        """The keys of the texts that a learner is asked for."""
        return tuple(key for key, _ in self.note.tested())

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """The words of each plain text in small letters; a hyphened word is one."""
        found, start = {}, 0
        running = [*self.running, _MARK]
        for key in self.plain:
            end = running.index(_MARK, start)
            found[key] = running[start:end]
            start = end + 1
        return found

    @cached_property
    def vocabulary(self) -> set[str]:
        """Every word of the note once: a rule about certain words looks here first."""
        return set(self.running)

    @cached_property
    def stems(self) -> dict[str, list[str]]:
        """The content words of each tested text, stemmed."""
        return {key: stems(self.words[key]) for key in self.tested}

    @cached_property
    def leads(self) -> dict[str, str]:
        """The last sentence of each question: what is asked, without the story before it."""
        keys = ("question", "reverse.question")
        return {key: last_sentence(self.plain[key]) for key in keys if key in self.plain}


def place(view: View, key: str, found: re.Match[str], group: int = 0, offset: int = 0) -> Where:
    """Where a match in a plain text, or in its part from `offset`, stands in the note."""
    before = view.plain[key].count(found[group], 0, offset + found.start(group))
    return Where(key, found[group], before)


def plain_text(rendered: Rendered, text: str) -> str:
    """A text as read aloud: math without dollars, deletions by their answers, links by their labels."""
    spans = rendered.markup.spans
    if spans:
        parts, hint = [], False
        for span in spans:
            if span.kind == "hint":
                hint = True
            elif span.kind == "close":
                hint = False
            elif span.kind != "open" and not hint:
                parts.append(span.value)
        text = "".join(parts)
    if not _MARKED.search(text):
        return text
    return _EMPHASIS.sub("", _PICTURE_OR_LINK.sub(r"\1", text))


def last_sentence(text: str) -> str:
    """What follows the last period, question or exclamation mark inside a text."""
    start = max(text.rfind(". "), text.rfind("? "), text.rfind("! "), text.rfind(".\n"))
    return text[start + 1 :].lstrip() if start >= 0 else text


# Words that carry no content of their own, and the units of vital signs.
_FUNCTION = frozenset(
    """a an and are as at be been being but by can could did do does for from had has have he her his how if in into
    is it its may might more most must of off on or other our out over own shall she should so some such than that
    the their them then there these they this those through to under until up was were what when where which while
    who whom whose why will with would you your mm hg cm kg mg mcg ml percent""".split()
)
_ENDINGS = ("ations", "ation", "ingly", "edly", "ings", "ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y")


class _Stems(dict[str, tuple[str, ...]]):
    """word -> the stems of its parts that carry content; filled as words come."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) > _MOST_WORDS:
            self.clear()
        made = tuple(_stem(part) for part in word.split("-") if part and part not in _FUNCTION)
        self[word] = made
        return made


_MOST_WORDS = 1 << 16
_STEMS = _Stems()


def stems(words: Iterable[str]) -> list[str]:
    """The content words, stemmed, in order: `["blocking", "the", "nmda-receptors"]` -> block, nmda, receptor."""
    return [stem for word in words for stem in _STEMS[word]]


def _stem(word: str) -> str:
    """A word without its ending, so that `suppresses` and `suppressing` are one. Rough on purpose:
    it only compares words of one collection with each other.
    """
    word = word.removesuffix("'s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


Complaint = tuple[Where | str, str]
NoteRule = Callable[[View], Iterator[Complaint]]


class CollectionRule:
    """State of one walk over all notes; a rule overrides what it needs."""

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


def nearest(typed: str, known: Iterable[str]) -> str:
    """`: did you mean 'x'?` for the closest of the known names, or nothing."""
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(typed.casefold(), list(folded), 1, 0.6)
    return f": did you mean {folded[close[0]]!r}?" if close else ""
