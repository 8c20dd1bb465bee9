"""Two editions of a collection -> what changes for a learner who goes from the old one to the new one.

Notes are matched by GUID, note types by id and decks by name, as Anki does. An edition is made from a package, from
compiled notes, or from the ledger, which has hashes instead of texts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketamine_anki.anki.compile import CHANGED_TAG, CompiledNote, note_type_name, stable_id
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Collection, Ledger
from ketamine_anki.release.ledger import HashedType, hashed_type, hashed_types
from ketamine_anki.text.plain import answers, plain, readable

if TYPE_CHECKING:
    from ketamine_anki.anki.package_reader import PackageContents

# The kinds of a changed note (see `NoteChange.kind`) with what a learner is told of them.
KINDS = {
    "corrected": "The answer, a caution or a caveat changed.",
    "reworded": "Other words, the same answer.",
    "changed": "",
    "details": "Only tags, sources, literature, formatting or what a cloze card hides changed.",
}
_RETIRED = re.compile(r"::Retired::(\S+)$")
_DOMAIN = re.compile(r"^[^:]+::Domain::")
# What a learner is examined on: a change here is a correction, elsewhere a rewording.
_ANSWERS = ("Answer", "ReverseAnswer", "Caution", "Caveat")
_WORDED = ("Question", "ReverseQuestion", "Text", "Extra", "Picture", "Notice", *_ANSWERS)


# --- editions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EditionNote:
    """One note of an edition.

    `note_type` is Anki's id, `deck` a full name, "" without cards. `fields` (HTML by name) and `tags` are None when
    only the hash is known; `hash` is "" when only they are. `cards` are numbers from 1, () when unknown. `retired` is
    the version that retired the note, or "".
    """

    guid: str
    id: str
    note_type: int
    deck: str
    fields: Mapping[str, str] | None
    tags: frozenset[str] | None
    hash: str = ""
    cards: tuple[int, ...] = ()
    retired: str = ""

    @property
    def title(self) -> str:
        """What the note asks, as plain text; "" if unknown."""
        return plain(next(iter(self.fields.values()), "")) if self.fields else ""


@dataclass(frozen=True, slots=True)
class Edition:
    """What learners get at one time: notes by GUID, note types by id, all deck names."""

    notes: Mapping[str, EditionNote]
    note_types: Mapping[int, HashedType]
    decks: frozenset[str]


def of_ledger(ledger: Ledger, collection: Collection, texts: Edition | None = None) -> Edition:
    """The edition that was released last, with the fields and tags that another edition has of its notes."""
    ids = {key: stable_id(ledger.namespace, "notetype", key) for key in ledger.note_types}
    names = {key: note_type_name(collection, kind.label) for key, kind in note_types().items()}
    notes = {}
    for note in ledger.notes.values():
        known = texts.notes.get(note.guid) if texts else None
        notes[note.guid] = EditionNote(
            guid=note.guid,
            id=note.id,
            note_type=ids[note.note_type],
            deck=ledger.decks[note.deck - 1],
            fields=known.fields if known else None,
            tags=known.tags if known else None,
            hash=note.hash,
            cards=note.cards,
            retired=note.retired,
        )
    types = {
        ids[key]: HashedType(names.get(key, key), kind.schema, kind.content) for key, kind in ledger.note_types.items()
    }
    return Edition(notes, types, frozenset(ledger.decks))


def of_notes(collection: Collection, notes: Iterable[CompiledNote]) -> Edition:
    """The edition of compiled notes."""
    kinds = note_types(collection)
    ids = {key: stable_id(collection.namespace, "notetype", key) for key in kinds}
    edition_notes = {
        note.guid: EditionNote(
            guid=note.guid,
            id=note.id,
            note_type=ids[note.note_type],
            deck=note.deck,
            fields=dict(zip(kinds[note.note_type].fields, note.fields, strict=True)),
            tags=frozenset(note.tags),
            hash=note.content_hash,
            cards=tuple(ordinal + 1 for ordinal in note.cards),
            retired=note.retired,
        )
        for note in notes
    }
    types = {ids[key]: kind for key, kind in hashed_types(collection).items()}
    return Edition(edition_notes, types, frozenset(collection.deck_name(name) for name in collection.decks))


def of_package(contents: PackageContents) -> Edition:
    """The edition that a package holds."""
    notes = {
        note.guid: EditionNote(
            guid=note.guid,
            id=note.fields.get("ID", ""),
            note_type=contents.note_types[note.note_type].id,
            deck=note.deck,
            fields=note.fields,
            tags=frozenset(tag for tag in note.tags or () if not CHANGED_TAG.fullmatch(tag)),
            retired=next((match[1] for tag in note.tags or () if (match := _RETIRED.search(tag))), ""),
        )
        for note in contents.notes
    }
    types = {
        kind.id: hashed_type(kind.name, kind.is_cloze, kind.fields, kind.templates, kind.css)
        for kind in contents.note_types.values()
    }
    return Edition(notes, types, frozenset(note.deck for note in notes.values()))


# --- changes ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoteChange:
    """One note that differs; `before` is None for a new note, `after` for a lost one. What differs between two texts
    is empty when only one of them is known.
    """

    before: EditionNote | None
    after: EditionNote | None

    @property
    def note(self) -> EditionNote:
        """The note as it is now or, when it is lost, as it was."""
        note = self.after or self.before
        assert note is not None
        return note

    @property
    def name(self) -> str:
        """The note's id, or its GUID where the package has none."""
        return self.note.id or self.note.guid

    @property
    def decks(self) -> list[str]:
        """The full name of its deck, of the old and the new one when it moved. A note without cards has none."""
        return list(dict.fromkeys(note.deck for note in (self.before, self.after) if note and note.deck))

    @property
    def place(self) -> str:
        """The note's subdeck, or `old → new` when it moved, or "no deck"."""
        return " → ".join(deck.rpartition("::")[2] for deck in self.decks) or "no deck"

    @property
    def fields(self) -> list[tuple[str, str, str]]:
        """(field, old HTML, new HTML) of every field that differs."""
        old, new = (note.fields if note else None for note in (self.before, self.after))
        if old is None or new is None:
            return []
        pairs = ((name, old.get(name, ""), new.get(name, "")) for name in {**new, **old})
        return [(name, before, after) for name, before, after in pairs if before != after]

    @property
    def tags(self) -> tuple[list[str], list[str]]:
        """The tags that were removed and those that were added."""
        old, new = (note.tags if note else None for note in (self.before, self.after))
        return ([], []) if old is None or new is None else (sorted(old - new), sorted(new - old))

    @property
    def cards(self) -> tuple[list[int], list[int]]:
        """Numbers of the cards that the note had and has no longer, and of those that it has now and had not."""
        old, new = (set(note.cards if note else ()) for note in (self.before, self.after))
        return (sorted(old - new), sorted(new - old)) if old and new else ([], [])

    @property
    def kind(self) -> str:
        """`corrected` when an answer, a caution or a caveat changed, `reworded` when other words did, `details` when
        only tags, sources or markup did, `changed` when the old text is not known.
        """
        if not self.before or self.before.fields is None:
            return "changed"
        kind = "details"
        for name, *html in self.fields:
            old, new = map(plain, html)
            if name in _WORDED and readable(old, r"\1") != readable(new, r"\1"):
                if name in _ANSWERS or (name == "Text" and answers(old) != answers(new)):
                    return "corrected"
                kind = "reworded"
        return kind

    def groups(self) -> list[str]:
        """The groups of `Changes` that it belongs to."""
        before, after = self.before, self.after
        if before is None or after is None:
            return [] if self.note.retired else ["lost" if before else "new"]
        if bool(before.retired) != bool(after.retired):
            return ["retired" if after.retired else "returned"]
        if before.note_type != after.note_type:
            return ["retyped"]
        if after.retired:
            return []  # its notice reads otherwise, which is no news
        is_moved, differs = len(self.decks) > 1, before.hash != after.hash
        if (is_moved and differs) or not (before.hash and after.hash):
            # a tag names the deck: if that is all, the note only moved
            tags = (tag for tags in self.tags for tag in tags if not (is_moved and _DOMAIN.match(tag)))
            differs = bool(self.fields) or any(tags)
        return ["moved"] * is_moved + ["changed"] * differs


@dataclass(frozen=True, slots=True)
class Changes:
    """All differences of two editions. A note may be both moved and changed. `returned` notes were retired and are
    live again, `retyped` ones have another note type, `lost` ones are gone.
    """

    new: tuple[NoteChange, ...] = ()
    changed: tuple[NoteChange, ...] = ()
    moved: tuple[NoteChange, ...] = ()
    retired: tuple[NoteChange, ...] = ()
    lost: tuple[NoteChange, ...] = ()
    returned: tuple[NoteChange, ...] = ()
    retyped: tuple[NoteChange, ...] = ()
    schemas: tuple[str, ...] = ()  # names of note types with other fields or templates, or gone
    styles: tuple[str, ...] = ()  # names of note types that only look different
    decks_gone: tuple[str, ...] = ()
    decks_new: tuple[str, ...] = ()

    @property
    def level(self) -> str:
        """The part of the version that has to rise: major when an update cannot reach everyone as it is, minor when
        notes come, move or retire, patch when words, tags or style change.
        """
        if self.breaking():
            return "major"
        if self.new or self.moved or self.retired:
            return "minor"
        return "patch" if self.changed or self.styles else "none"

    def breaking(self) -> list[str]:
        """The reasons why the change is a major one, a phrase for each."""
        groups = ((self.lost, "is gone"), (self.returned, "was retired and is back"), (self.retyped, "changed type"))
        reasons = [f"note {change.name!r} {reason}" for changes, reason in groups for change in changes]
        reasons += [f"note type {name!r} has other fields or templates" for name in self.schemas]
        return reasons + [f"deck {name!r} is gone or has another name" for name in self.decks_gone]


def compare(old: Edition, new: Edition) -> Changes:
    """The changes from an old edition to a new one, in the order of the new one."""
    groups: dict[str, list[NoteChange]] = defaultdict(list)
    for guid in {**new.notes, **old.notes}:
        change = NoteChange(old.notes.get(guid), new.notes.get(guid))
        for group in change.groups():
            groups[group].append(change)
    pairs = [
        (old.note_types.get(key, HashedType()), new.note_types.get(key, HashedType()))
        for key in {**new.note_types, **old.note_types}
    ]
    return Changes(
        **{group: tuple(changes) for group, changes in groups.items()},
        schemas=tuple(before.name for before, after in pairs if before.schema not in ("", after.schema)),
        styles=tuple(a.name for b, a in pairs if a.schema == b.schema and a.content != b.content),
        decks_gone=tuple(sorted({note.deck for note in old.notes.values() if note.deck} - new.decks)),
        decks_new=tuple(sorted({note.deck for note in new.notes.values() if note.deck} - old.decks)),
    )
