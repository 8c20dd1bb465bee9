"""What learners already have: modification times, hashes and the entries of the ledger.

Anki updates a learner's note only if the package's copy is newer, and then replaces all of it. So the modification
time of a note is the time of the release in which its content last changed: it rises at any change, a revert included,
and otherwise stays the same (found by experiment with nine versions of Anki).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from ketamine_anki.anki.compile import CompiledNote, note_type_name
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Collection, Ledger, Release, ReleasedNote, ReleasedType


class HashedType(NamedTuple):
    """A note type's name, and hashes of its schema (what must stay frozen) and its content (all that Anki shows)."""

    name: str = ""
    schema: str = ""
    content: str = ""


# --- times ------------------------------------------------------------------------------------


def fresh_time(ledger: Ledger | None, build: int) -> int:
    """The time of what is new or changed: that of the build, but newer than every earlier release."""
    return max(build, ledger.newest + 1) if ledger else build


def note_time(ledger: Ledger | None, note: CompiledNote, fresh: int) -> int:
    """The modification time of a note: the released one while its content is the released one, else `fresh`."""
    known = ledger.notes.get(note.id) if ledger else None
    return known.time if known and known.hash == note.content_hash and known.guid == note.guid else fresh


def note_type_times(ledger: Ledger | None, kinds: Mapping[str, HashedType], fresh: int) -> dict[str, int]:
    """The modification time of each note type, by the same rule."""
    known = ledger.note_types if ledger else {}
    return {
        key: known[key].time if key in known and known[key].content == kind.content else fresh
        for key, kind in kinds.items()
    }


def changed_tag(collection: Collection, note: CompiledNote, time: int, version: str) -> tuple[str, ...]:
    """The tag of the release that changed a note last, () for a note as it was when new; `time` is the note's, and
    `version` the release that is being made, "" for none. It changes with the note's time alone, so that it never
    costs a learner's edit.
    """
    ledger = collection.ledger
    known = ledger.notes.get(note.id) if ledger else None
    if not ledger or not known:
        return ()
    last = next((release.version for release in reversed(ledger.releases) if release.time == time), version)
    return (f"{collection.tag}::Changed::{last}",) if last not in ("", known.since) else ()


# --- hashes -----------------------------------------------------------------------------------

# A change of these functions changes the hashes, and so marks all that was released as changed.

_FIELD_REFERENCE = re.compile(r"\{\{[^}]*\}\}")


def hashed_type(
    name: str, is_cloze: bool, fields: Iterable[str], templates: Iterable[tuple[str, str, str]], css: str
) -> HashedType:
    """A note type as Anki has it; a template is (name, front, back).

    The fields and conditions that a front names are part of the schema: they decide which cards there are.
    """
    sides = list(templates)
    schema = [int(is_cloze), list(fields), [(card, _FIELD_REFERENCE.findall(front)) for card, front, _ in sides]]
    content = [schema, name, css, [(front, back) for _, front, back in sides]]
    return HashedType(name, *(hashlib.sha256(_json(part)).hexdigest()[:16] for part in (schema, content)))


def hashed_types(collection: Collection) -> dict[str, HashedType]:
    """The collection's note types by key."""
    return {
        key: hashed_type(note_type_name(collection, kind.label), kind.is_cloze, kind.fields, kind.templates, kind.css)
        for key, kind in note_types(collection).items()
    }


class State:
    """A hash of everything in a release: `add` each note, live and retired ones each in their order, then `digest`."""

    def __init__(self, collection: Collection) -> None:
        facts = [
            *(collection.title, collection.tag, collection.namespace, collection.decks, collection.description),
            *filter(None, (dict(collection.about), collection.source_access)),
            *(collection.disclaimer, collection.licence, collection.licence_url, collection.evidence_date),
            *(collection.repository, collection.source_title),
            {key: (kind.schema, kind.content) for key, kind in hashed_types(collection).items()},
        ]
        self._live = hashlib.sha256(_json(facts))
        self._retired = hashlib.sha256()

    def add(self, note: CompiledNote) -> None:
        """Adds the next note."""
        hashed = [note.guid, note.content_hash, note.deck, note.cards, note.number, note.index]
        (self._retired if note.retired else self._live).update(_json(hashed))

    def digest(self) -> str:
        """The hash, as 16 hex digits."""
        return hashlib.sha256(self._live.digest() + self._retired.digest()).hexdigest()[:16]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8")


# --- the next ledger --------------------------------------------------------------------------


def next_ledger(
    ledger: Ledger | None, collection: Collection, notes: Iterable[CompiledNote], release: Release
) -> Ledger:
    """The ledger after a release of the collection with these notes, live and retired."""
    kinds = hashed_types(collection)
    times = note_type_times(ledger, kinds, release.time)
    before = ledger or Ledger(collection.namespace)
    entries = {
        note.id: ReleasedNote(
            id=note.id,
            guid=note.guid,
            note_type=note.note_type,
            deck=note.number,
            cards=tuple(ordinal + 1 for ordinal in note.cards),
            hash=note.content_hash,
            time=note_time(ledger, note, release.time),
            since=before.notes[note.id].since if note.id in before.notes else release.version,
            retired=note.retired,
        )
        for note in notes
    }
    return replace(
        before,
        releases=(*before.releases, release),
        note_types={key: ReleasedType(key, kind.schema, kind.content, times[key]) for key, kind in kinds.items()},
        decks=tuple(collection.deck_name(name) for name in collection.decks),
        notes=entries,
    )
