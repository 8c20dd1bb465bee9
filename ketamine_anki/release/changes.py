"""Two editions of a collection -> what a learner who has the old one will see of the new one.

Notes are matched by GUID, note types by id and decks by name, as Anki does. An edition is made from a
package, from compiled notes, or from the ledger, which knows hashes instead of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ketamine_anki.anki.compile import CompiledNote, note_type_name, stable_id
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Collection, Ledger
from ketamine_anki.release.ledger import TypeHashes, note_type_hashes, type_hashes
from ketamine_anki.text.plain import answers, plain

if TYPE_CHECKING:
    from ketamine_anki.anki.package_reader import PackageContents

MAJOR, MINOR, PATCH, NONE = "major", "minor", "patch", "none"
_RETIRED = re.compile(r"::Retired::(\S+)$")
_DOMAIN = re.compile(r"^[^:]+::Domain::")
# What a learner is examined on; a change here is a correction, elsewhere a rewording.
_ANSWERS = ("Answer", "ReverseAnswer", "Caveat")
_WORDED = ("Question", "ReverseQuestion", "Text", "Extra", "Picture", "Notice", *_ANSWERS)


@dataclass(frozen=True, slots=True)
class EditionNote:
    """One note of an edition: `note_type` is Anki's id, `deck` a full name; `fields` (HTML by name) and
    `tags` are None when only the hash is known, `hash` is "" when only they are; `cards` are numbers
    from 1, () when unknown; `retired` is the version that retired it.
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
        """What the note asks, as text; "" if unknown."""
        return plain(next(iter(self.fields.values()), "")) if self.fields else ""


class EditionType(NamedTuple):
    """One note type of an edition."""

    name: str
    hashes: TypeHashes


@dataclass(frozen=True, slots=True)
class Edition:
    """What learners get at one time: notes by GUID, note types by id, all deck names."""

    notes: Mapping[str, EditionNote]
    note_types: Mapping[int, EditionType]
    decks: frozenset[str]


def of_ledger(ledger: Ledger, collection: Collection) -> Edition:
    """The edition that was released last, without texts."""
    ids = {key: stable_id(ledger.namespace, "notetype", key) for key in ledger.note_types}
    labels = {key: note_type_name(collection, kind.label) for key, kind in note_types().items()}
    notes = (
        EditionNote(
            note.guid, note.id, ids[note.note_type], ledger.decks[note.deck - 1], None, None, note.hash, note.cards,
            note.retired,
        )
        for note in ledger.notes.values()
    )  # fmt: skip
    kinds = {
        ids[key]: EditionType(labels.get(key, key), TypeHashes(k.schema, k.content))
        for key, k in ledger.note_types.items()
    }
    return Edition({note.guid: note for note in notes}, kinds, frozenset(ledger.decks))


def of_notes(collection: Collection, notes: Iterable[tuple[CompiledNote, str]]) -> Edition:
    """The edition of compiled notes, each with the version that retired it, or ""."""
    kinds = note_types(collection.repository)
    ids = {key: stable_id(collection.namespace, "notetype", key) for key in kinds}
    hashes = note_type_hashes(collection)
    made = (
        EditionNote(
            guid=note.guid,
            id=note.id,
            note_type=ids[note.note_type],
            deck=note.deck,
            fields=dict(zip(kinds[note.note_type].fields, note.fields, strict=True)),
            tags=frozenset(note.tags),
            hash=note.content_hash,
            cards=tuple(ordinal + 1 for ordinal in note.cards),
            retired=retired,
        )
        for note, retired in notes
    )
    return Edition(
        {note.guid: note for note in made},
        {ids[key]: EditionType(note_type_name(collection, kind.label), hashes[key]) for key, kind in kinds.items()},
        frozenset(collection.deck_name(name) for name in collection.decks),
    )


def of_package(contents: PackageContents) -> Edition:
    """The edition that a package holds."""
    kinds = contents.note_types
    made = (
        EditionNote(
            guid=note.guid,
            id=note.fields.get("ID", ""),
            note_type=kinds[note.note_type].id,
            deck=note.deck,
            fields=note.fields,
            tags=frozenset(note.tags),
            retired=next((found[1] for tag in note.tags if (found := _RETIRED.search(tag))), ""),
        )
        for note in contents.notes
    )
    notes = {note.guid: note for note in made}
    return Edition(
        notes,
        {
            kind.id: EditionType(
                kind.name, type_hashes(kind.name, kind.is_cloze, kind.fields, kind.templates, kind.css)
            )
            for kind in kinds.values()
        },
        frozenset(note.deck for note in notes.values()),
    )


@dataclass(frozen=True, slots=True)
class NoteChange:
    """One note that differs; `before` is None for a new note, `after` for a lost one."""

    before: EditionNote | None
    after: EditionNote | None

    @property
    def note(self) -> EditionNote:
        """The note as it is now, or was."""
        note = self.after or self.before
        assert note is not None
        return note

    @property
    def name(self) -> str:
        """The note's id, or its GUID where the package has none."""
        return self.note.id or self.note.guid

    @property
    def fields(self) -> list[tuple[str, str, str]]:
        """(field, old HTML, new HTML) of every field that differs, if both texts are known."""
        if not (self.before and self.after) or self.before.fields is None or self.after.fields is None:
            return []
        old, new = self.before.fields, self.after.fields
        names = [*new, *(name for name in old if name not in new)]
        return [(n, old.get(n, ""), new.get(n, "")) for n in names if old.get(n, "") != new.get(n, "")]

    @property
    def tags(self) -> tuple[list[str], list[str]]:
        """The tags that went and the tags that came."""
        if not (self.before and self.after) or self.before.tags is None or self.after.tags is None:
            return [], []
        return sorted(self.before.tags - self.after.tags), sorted(self.after.tags - self.before.tags)

    @property
    def cards_gone(self) -> list[int]:
        """Card numbers that the note had and has no longer."""
        if not (self.before and self.after and self.before.cards and self.after.cards):
            return []
        return sorted(set(self.before.cards) - set(self.after.cards))

    @property
    def kind(self) -> str:
        """`corrected` when an answer or a caveat changed, `reworded` when other words did, `details` when
        only tags, sources or markup did, `changed` when the old text is not known.
        """
        if not self.before or self.before.fields is None:
            return "changed"
        changed = {name: (plain(old), plain(new)) for name, old, new in self.fields}
        worded = {name: texts for name, texts in changed.items() if name in _WORDED and texts[0] != texts[1]}
        if any(n in _ANSWERS or (n == "Text" and answers(old) != answers(new)) for n, (old, new) in worded.items()):
            return "corrected"
        return "reworded" if worded else "details"


@dataclass(frozen=True, slots=True)
class Changes:
    """All differences of two editions. A note may be both moved and changed. `returned` notes were
    retired and are live again, `retyped` ones have another note type; `lost` ones are gone.
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
        """The least step of version that says it: major when an update cannot reach everyone as it is,
        minor when notes come, move or retire, patch when words, tags or style change.
        """
        if self.lost or self.returned or self.retyped or self.schemas or self.decks_gone:
            return MAJOR
        if self.new or self.moved or self.retired:
            return MINOR
        return PATCH if self.changed or self.styles else NONE

    def breaking(self) -> list[str]:
        """What makes the change a major one, a phrase for each."""
        groups = ((self.lost, "is gone"), (self.returned, "was retired and is back"), (self.retyped, "changed type"))
        found = [f"note {change.name!r} {what}" for changes, what in groups for change in changes]
        found += [f"note type {name!r} has other fields or templates" for name in self.schemas]
        return found + [f"deck {name!r} is gone or has another name" for name in self.decks_gone]


def compare(old: Edition, new: Edition) -> Changes:
    """The changes from an old edition to a new one, in the order of the new."""
    groups: dict[str, list[NoteChange]] = {}

    def put(group: str, before: EditionNote | None, after: EditionNote | None) -> None:
        groups.setdefault(group, []).append(NoteChange(before, after))

    for guid, after in new.notes.items():
        before = old.notes.get(guid)
        for group in _groups(before, after):
            put(group, before, after)
    for guid, before in old.notes.items():
        if guid not in new.notes and not before.retired:
            put("lost", before, None)
    used = {note.deck for note in old.notes.values()}
    return Changes(
        **{group: tuple(changes) for group, changes in groups.items()},
        schemas=tuple(
            kind.name
            for key, kind in old.note_types.items()
            if key not in new.note_types or new.note_types[key].hashes.schema != kind.hashes.schema
        ),
        styles=tuple(
            kind.name
            for key, kind in new.note_types.items()
            if key in old.note_types
            and old.note_types[key].hashes.schema == kind.hashes.schema
            and old.note_types[key].hashes.content != kind.hashes.content
        ),
        decks_gone=tuple(sorted(used - new.decks)),
        decks_new=tuple(sorted({note.deck for note in new.notes.values()} - old.decks)),
    )


def _groups(before: EditionNote | None, after: EditionNote) -> list[str]:
    if before is None:
        return [] if after.retired else ["new"]
    if before.retired and not after.retired:
        return ["returned"]
    if after.retired and not before.retired:
        return ["retired"]
    if before.note_type != after.note_type:
        return ["retyped"]
    moved = before.deck != after.deck
    return (["moved"] if moved else []) + (["changed"] if _differ(before, after, moved) else [])


def _differ(before: EditionNote, after: EditionNote, moved: bool) -> bool:
    """Whether fields or tags differ, apart from the tag that names the deck of a note that moved."""
    if before.hash and after.hash and not (moved and before.hash != after.hash):
        return before.hash != after.hash
    change = NoteChange(before, after)
    tags = [tag for listed in change.tags for tag in listed]
    return bool(change.fields) or any(not (moved and _DOMAIN.match(tag)) for tag in tags)


def with_texts(released: Edition, texts: Edition) -> Edition:
    """The ledger's edition, with the fields and tags that another source has of its notes."""
    notes = {
        guid: replace(note, fields=texts.notes[guid].fields, tags=texts.notes[guid].tags)
        if guid in texts.notes
        else note
        for guid, note in released.notes.items()
    }
    return replace(released, notes=notes)
