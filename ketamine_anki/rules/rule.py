"""What a rule is: a function that judges one note, or an object that sees every note of a collection.

A rule yields problems and knows neither its own name nor the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from inspect import cleandoc
from typing import Generic, TypeVar

from ketamine_anki.core.model import Collection, Deck, Position
from ketamine_anki.rules.view import View

Problem = tuple[Position, str]  # where, and what is wrong with the likely fix
NoteRule = Callable[[View], Iterable[Problem]]
OR_CODE = ", or put it in `code` if it is code"


def or_code(match: re.Match[str], text: str) -> str:
    """Advice to put a match in `code`, where it is the whole text and so may be a word of a program; else ""."""
    return OR_CODE if match[0].strip() == text.strip(" .") else ""


class WordPattern:
    """A regular expression that marks the words it cannot match without: `the «text|chapter»`.

    A rule with word patterns is asked only about notes that hold one of their `words`, which come from the same
    string as the expression: of each marked alternative the last word, or the sign that it is. Every alternative of
    the whole expression needs a mark. `regex` is compiled when it is first used.
    """

    def __init__(self, marked: str) -> None:
        self._expression = marked.replace("«", "(?:").replace("»", ")")
        phrases = [phrase for part in marked.split("«")[1:] for phrase in part.partition("»")[0].split("|")]
        last = [re.split(r"\W", phrase.lower())[-1] if phrase.isascii() else "" for phrase in phrases]
        self.words = frozenset(word or sign for word, sign in zip(last, phrases, strict=True))

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self._expression)


class Names:
    """What the notes seen so far name: `ids` with the place where each stands first, `live` ids of notes that learners
    get, the `claims` that these test, and the `evidence` and `pictures` of all.
    """

    def __init__(self) -> None:
        self.ids: dict[str, Position] = {}
        self.live: set[str] = set()
        self.claims: set[str] = set()
        self.evidence: set[str] = set()
        self.pictures: set[str] = set()

    def add(self, view: View) -> None:
        """Called for each note, before the rules see it."""
        note = view.note
        self.ids.setdefault(note.id, view.position)
        self.evidence.update(note.evidence)
        self.pictures.update(*[rendered.pictures for rendered in view.rendered.values()])
        if note.retired is None:
            self.live.add(note.id)
            self.claims.update(note.claims)


class CollectionRule:
    """A rule that sees all notes of a collection in one walk; a subclass overrides the methods that it needs."""

    def __init__(self, collection: Collection, names: Names) -> None:
        self.collection = collection
        self.names = names

    def deck(self, deck: Deck) -> Iterable[Problem]:
        """Problems of a deck, called before its notes."""
        return ()

    def note(self, view: View) -> Iterable[Problem]:
        """Problems of a note, called for each in order."""
        return ()

    def finish(self) -> Iterable[Problem]:
        """Problems that only all notes together show, called at the end."""
        return ()


Judge = TypeVar("Judge", NoteRule, type[CollectionRule])


class Rule(Generic[Judge]):
    """A rule in the checker's list: its group in the manual, what judges, the patterns, words, signs or keys of texts
    that it listens for, and the language for which it is made ("" for all).

    `name` is the name of the function or class as findings show it: `missing-caveat` for `missing_caveat` and
    `MissingCaveat`. A rule without `words` is asked about every note.
    """

    def __init__(self, group: str, judge: Judge, *heard: WordPattern | str, language: str = "") -> None:
        self.group = group
        self.judge: Judge = judge
        self.language = language
        self.name = re.sub("(?<!^)_?(?=[A-Z])|_", "-", judge.__name__).lower()
        self.words = frozenset().union(*({each} if isinstance(each, str) else each.words for each in heard))

    @property
    def manual(self) -> str:
        """The page of the manual in Markdown: the docstring of the rule, its source and each example a paragraph."""
        return re.sub(r"\n+(?=(?:Source|Bad|Good): )", "\n\n", cleandoc(self.judge.__doc__ or ""))
