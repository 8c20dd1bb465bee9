"""Rules about names: ids, subdecks, tags, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ketamine_anki.core.limits import MAX_TAGS
from ketamine_anki.core.model import Collection, Deck, Position
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.rules.rule import CollectionRule, Names, Problem
from ketamine_anki.rules.view import View

_RESERVED = frozenset({"marked", "leech", "duplicate", "retired"})
_RESERVED_STARTS = ("ak_", "ankihub_", "autoopen")


def reserved_tag(view: View) -> Iterator[Problem]:
    """A concept tag must not be one that Anki or a widespread add-on gives a meaning of its own.

    Anki drops `marked` and `leech` when it imports; AnkiHub protects and moves by its tags.
    Source: Anki's import (by experiment); AnKing and AnkiHub conventions.
    Bad: `tags: [leech]`
    Good: `tags: [Wind_up]`
    """
    for n, tag in enumerate(view.note.tags):
        folded = tag.casefold()
        if folded in _RESERVED or folded.startswith(_RESERVED_STARTS):
            yield view.at(f"tags.{n}"), f"tag {tag!r} has a meaning of its own in Anki or an add-on: choose another"
    if len(view.note.tags) > MAX_TAGS:
        yield view.at("tags"), f"{len(view.note.tags)} tags: at most {MAX_TAGS}"


def unfinished(view: View) -> Iterator[Problem]:
    """A note is no draft: `TODO` stands where `intake`, or a hurried author, left something to fill in.

    Bad: `tags: [TODO]`
    Good: `tags: [Wind_up]`
    """
    for key, text in view.typed.items():
        if "TODO" in text and re.search(r"\bTODO\b", text):
            yield view.at(key, "TODO"), "TODO is left in the text: fill it in"
    for n, tag in enumerate(view.note.tags):
        if tag == "TODO":
            yield view.at(f"tags.{n}"), "tag 'TODO' is to be filled in: name the concept"


class DuplicateId(CollectionRule):
    """An id stands for one note for ever, over all decks: Anki matches notes by a GUID made from it,
    and of two notes with one GUID every later update reaches only one.

    Source: Anki's import, by experiment.
    Bad: `id: abbreviation-cpp` in two decks
    Good: an id of its own for each note
    """

    def note(self, view: View) -> Iterator[Problem]:
        first = self.names.ids[view.note.id]
        if first != view.position:
            message = f"id {view.note.id!r} stands already at {first.path}:{first.line}: ids are unique over all decks"
            yield view.position, message


class UnknownDeck(CollectionRule):
    """A deck file names one of the subdecks of collection.yaml, and each of these has one file. Anki matches decks
    by their names, without regard to case.

    Bad: `deck: neurocritical care`
    Good: `deck: Neurocritical Care`
    """

    def __init__(self, collection: Collection, names: Names) -> None:
        super().__init__(collection, names)
        self._seen: dict[str, tuple[str, Position]] = {}  # folded name -> the name, and where it stands first

    def deck(self, deck: Deck) -> Iterator[Problem]:
        here = deck.name, deck.places.at("deck")
        other, at = first = self._seen.setdefault(deck.name.casefold(), here)
        if first is not here:
            problem = "stands already" if other == deck.name else f"differs only in case from {other!r}"
            yield here[1], f"deck {deck.name!r} {problem} at {at.path}:{at.line}: one file per deck"
        elif deck.name not in self.collection.decks:
            suggestion = did_you_mean(deck.name, self.collection.decks)
            yield at, f"deck {deck.name!r} is not in collection.yaml{suggestion}"

    def finish(self) -> Iterator[Problem]:
        known = self.collection.decks
        misspelt = any(name not in known for name, _ in self._seen.values())  # so its file may be there
        for n, name in enumerate(known if self._seen and not misspelt else ()):
            if name.casefold() not in self._seen:
                message = f"no file beside this one has 'deck: {name}': write one, or delete the name"
                yield self.collection.places.at(f"decks.{n}"), message


class UnusedPicture(CollectionRule):
    """Every picture in the media folder is shown by a note: what no card uses only makes the
    collection heavier, and often a note has lost its picture.

    Bad: `media/cpp-old.png` that no note shows
    Good: delete it, or show it
    """

    def finish(self) -> Iterator[Problem]:
        for name in sorted(self.collection.pictures.keys() - self.names.pictures):
            position = Position(f"{self.collection.media_folder}/{name}", 1, 1)
            yield position, f"no note shows {name!r}: show it or delete it"


class TagSpelling(CollectionRule):
    """One concept, one tag: `Wind_up` and `Wind-Up` would split a learner's search in two.

    Bad: `tags: [Wind-up]` beside `tags: [Wind_up]`
    Good: `tags: [Wind_up]` on both
    """

    def __init__(self, collection: Collection, names: Names) -> None:
        super().__init__(collection, names)
        self._spelling: dict[str, str] = {}  # folded tag -> as it was written first

    def note(self, view: View) -> Iterator[Problem]:
        for n, tag in enumerate(view.note.tags):
            folded = tag.casefold().replace("-", "").replace("_", "")
            first = self._spelling.setdefault(folded, tag)
            if first != tag:
                yield view.at(f"tags.{n}"), f"tag {tag!r} is spelt {first!r} elsewhere: use one spelling"
