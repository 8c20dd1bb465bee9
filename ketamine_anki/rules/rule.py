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
        self.expression = marked.replace("«", "(?:").replace("»", ")")
        groups = [part.partition("»")[0] for part in marked.split("«")[1:]]
        self.words = frozenset(_last_word(phrase) for group in groups for phrase in group.split("|"))

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.expression)


def _last_word(phrase: str) -> str:
    words = re.findall(r"\w+", phrase) if phrase.isascii() else []
    return words[-1].lower() if words else phrase


class CollectionRule:
    """A rule that keeps state during one walk over all notes; a subclass overrides the methods that it needs."""

    idle = False  # whether `note` has nothing to do in this collection

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

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
        """The page of the manual: the docstring of the rule."""
        return cleandoc(self.judge.__doc__ or "")
