"""The memory of releases, `ledger.yaml`: identity and modification time of every released note.

Anki updates a learner's note only if the package's copy is newer, and then replaces all of it. So a
note's time is the time of the first release with its present content: it rises at any change, a
revert included, and stands still otherwise (design.md; by experiment with nine versions of Anki).

The file is YAML, one note per line, sorted, so that a release is a small diff and a merge conflict is
seen. It is read line by line: what `release` did not write is a finding, never a guess.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from ketamine_anki.anki.compile import CompiledNote, note_type_name
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Collection, Finding, Ledger, Position, Release, ReleasedNote, ReleasedType

MANUAL = {
    "ledger": "`ledger.yaml` is written by `release` alone: learners' updates rest on it. After a merge conflict or an"
    " edit by hand, restore it from the version control.",
}

_RESTORE = "restore the file from the version control"
_HEAD = "# Written by `ketamine-anki release`. Never edit it: learners' updates rest on it."
_NUMBER = "[0-9]{1,12}"
_VERSION, _HASH, _SHA256 = r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}", "[0-9a-f]{16}", "[0-9a-f]{64}"
_ID = "[a-z0-9]+(?:-[a-z0-9]+)*"
_COUNTS = ("notes", "cards", "new", "changed", "moved", "retired")
_NAMESPACE_LINE = re.compile(r'namespace: (".+")')
_RELEASE_LINE = re.compile(
    rf"  - \{{version: ({_VERSION}), time: ({_NUMBER}), "
    + "".join(rf"{name}: ({_NUMBER}), " for name in _COUNTS)
    + rf"errata: \[((?:{_ID}(?:, {_ID})*)?)\], state: ({_HASH}), package: ({_SHA256}), update: ({_SHA256}), "
    + rf"sums: ({_SHA256})\}}"
)
_TYPE_LINE = re.compile(rf"  ([a-z]+): \{{schema: ({_HASH}), content: ({_HASH}), time: ({_NUMBER})\}}")
_DECK_LINE = re.compile(r'  - (".+")')
_NOTE_LINE = re.compile(
    rf"  ({_ID}): \{{guid: ([0-9A-Za-z]{{14}}), type: ([a-z]+), deck: ({_NUMBER}), "
    rf"cards: \[({_NUMBER}(?:, {_NUMBER})*)\], hash: ({_HASH}), "
    rf"time: ({_NUMBER}), since: ({_VERSION})(?:, retired: ({_VERSION}))?\}}"
)
_SECTIONS = ("releases:", "note_types:", "decks:", "notes:")


class TypeHashes(NamedTuple):
    """A note type's schema (what must stay frozen) and content (all that Anki shows or updates)."""

    schema: str
    content: str


# --- text <-> ledger --------------------------------------------------------------------------


def ledger_text(ledger: Ledger) -> str:
    """The file's text: sorted, one line per release, note type, subdeck and note."""
    lines = [_HEAD, f"namespace: {_quoted(ledger.namespace)}", "releases:"]
    for release in ledger.releases:
        counts = ", ".join(f"{name}: {getattr(release, name)}" for name in _COUNTS)
        lines.append(
            f"  - {{version: {release.version}, time: {release.time}, {counts}, errata: [{', '.join(release.errata)}], "
            f"state: {release.state}, package: {release.package}, update: {release.update}, sums: {release.sums}}}"
        )
    lines.append("note_types:")
    for key, kind in sorted(ledger.note_types.items()):
        lines.append(f"  {key}: {{schema: {kind.schema}, content: {kind.content}, time: {kind.time}}}")
    lines += ["decks:", *(f"  - {_quoted(name)}" for name in ledger.decks), "notes:"]
    for key, note in sorted(ledger.notes.items()):
        retired = f", retired: {note.retired}" if note.retired else ""
        lines.append(
            f"  {key}: {{guid: {note.guid}, type: {note.note_type}, deck: {note.deck}, "
            f"cards: [{', '.join(map(str, note.cards))}], hash: {note.hash}, time: {note.time}, "
            f"since: {note.since}{retired}}}"
        )
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def read_ledger(path: str, data: bytes) -> tuple[Ledger | None, list[Finding]]:
    """The bytes of ledger.yaml -> the ledger, or None and the finding that says where it is not as
    `release` writes it.
    """
    try:
        lines = data.decode("utf-8").replace("\r\n", "\n").split("\n")
        ledger = _parse(path, lines)
        _must_hold(ledger)
    except _Malformed as error:
        return None, [Finding(Position(path, error.line, 1), "ledger", str(error))]
    except UnicodeDecodeError:
        return None, [Finding(Position(path, 1, 1), "ledger", f"not UTF-8: {_RESTORE}")]
    return ledger, []


class _Malformed(Exception):  # noqa: N818 - caught in this file
    def __init__(self, line: int, message: str = f"not as `release` writes it: {_RESTORE}") -> None:
        super().__init__(message)
        self.line = line


def _parse(path: str, lines: list[str]) -> Ledger:
    if lines[-1] != "":
        raise _Malformed(len(lines))
    found: dict[str, list[tuple[int, re.Match[str]]]] = {name: [] for name in _SECTIONS}
    patterns = dict(zip(_SECTIONS, (_RELEASE_LINE, _TYPE_LINE, _DECK_LINE, _NOTE_LINE), strict=True))
    namespace, section = "", ""
    headings: set[str] = set()
    for number, line in enumerate(lines[:-1], 1):
        if line.startswith("#"):
            continue
        if line in patterns:
            if line in headings:
                raise _Malformed(number)
            headings.add(section := line)
            continue
        match = (patterns[section] if section else _NAMESPACE_LINE).fullmatch(line)
        if not match:
            raise _Malformed(number)
        if section:
            found[section].append((number, match))
        elif namespace:
            raise _Malformed(number)
        else:
            namespace = _unquoted(match[1], number)
    note_types: dict[str, ReleasedType] = {}
    for number, match in found["note_types:"]:
        kind = ReleasedType(match[1], match[2], match[3], int(match[4]))
        if note_types.setdefault(kind.key, kind) is not kind:
            raise _Malformed(number)
    notes: dict[str, ReleasedNote] = {}
    places: dict[str, int] = {}
    for number, match in found["notes:"]:
        note = _note(match)
        if note.id in notes or (notes and next(reversed(notes)) > note.id):
            raise _Malformed(number, f"{note.id!r} out of order: {_RESTORE}")
        notes[note.id] = note
        places[note.id] = number
    return Ledger(
        namespace=namespace,
        releases=tuple(_release(match) for _, match in found["releases:"]),
        note_types=note_types,
        decks=tuple(_unquoted(match[1], number) for number, match in found["decks:"]),
        notes=notes,
        path=path,
        lines=places,
    )


def _unquoted(text: str, line: int) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        raise _Malformed(line) from None
    if _quoted(value) != text:  # with escapes that nobody needs it would read otherwise than it looks
        raise _Malformed(line)
    return str(value)


def _release(match: re.Match[str]) -> Release:
    version, time, *rest = match.groups()
    notes, cards, new, changed, moved, retired = map(int, rest[: len(_COUNTS)])
    listed, state, *hashes = rest[len(_COUNTS) :]
    errata = tuple(listed.split(", ")) if listed else ()
    return Release(version, int(time), notes, cards, new, changed, moved, retired, errata, state, *hashes)


def _note(match: re.Match[str]) -> ReleasedNote:
    key, guid, kind, deck, cards, content, time, since, retired = match.groups()
    numbers = tuple(int(card) for card in cards.split(", "))
    return ReleasedNote(key, guid, kind, int(deck), numbers, content, int(time), since, retired or "")


def _must_hold(ledger: Ledger) -> None:
    """What every ledger that `release` wrote fulfils; an edit by hand seldom does."""
    if not ledger.releases or not ledger.notes or not ledger.namespace:
        raise _Malformed(1, f"no namespace, release or note in it: {_RESTORE}")
    for before, after in pairwise(ledger.releases):
        if number(before.version) >= number(after.version) or before.time >= after.time:
            raise _Malformed(1, f"release {after.version} does not follow {before.version} in version and time")
    versions = {release.version: release.time for release in ledger.releases}
    times = set(versions.values())
    for key, kind in ledger.note_types.items():
        if kind.time not in times:
            raise _Malformed(1, f"note type {key!r} has the time of no release")
    guids: set[str] = set()
    for key, note in ledger.notes.items():
        line = ledger.lines.get(key, 1)
        if note.time not in times or note.since not in versions or note.retired not in {"", *versions}:
            raise _Malformed(line, f"{key!r} has the time or version of no release")
        if note.time < versions[note.since]:
            raise _Malformed(line, f"{key!r} is older than the release that brought it")
        if not 1 <= note.deck <= len(ledger.decks) or note.note_type not in ledger.note_types:
            raise _Malformed(line, f"{key!r} has a deck or note type that is not listed")
        if note.guid in guids:
            raise _Malformed(line, f"{key!r} has the GUID of another note")
        guids.add(note.guid)


def number(version: str) -> tuple[int, ...]:
    """`1.10.0` -> (1, 10, 0), which compares as versions do."""
    return tuple(int(part) for part in version.split("."))


# --- times ------------------------------------------------------------------------------------


def fresh_time(ledger: Ledger | None, build: int) -> int:
    """The time of what is new or changed: the build's, and newer than anything released before."""
    return max(build, ledger.newest + 1) if ledger else build


def note_time(ledger: Ledger | None, note: CompiledNote, fresh: int) -> int:
    """A note's modification time: the released one while its content is the released one, else `fresh`."""
    known = ledger.notes.get(note.id) if ledger else None
    return known.time if known and known.hash == note.content_hash and known.guid == note.guid else fresh


def note_type_times(ledger: Ledger | None, hashes: Mapping[str, TypeHashes], fresh: int) -> dict[str, int]:
    """The modification time of each note type, by the same rule."""
    known = ledger.note_types if ledger else {}
    return {
        key: known[key].time if key in known and known[key].content == hashed.content else fresh
        for key, hashed in hashes.items()
    }


# --- hashes -----------------------------------------------------------------------------------


_MARK = re.compile(r"\{\{[^}]*\}\}")


def type_hashes(
    name: str, is_cloze: bool, fields: Iterable[str], templates: Iterable[tuple[str, str, str]], css: str
) -> TypeHashes:
    """The hashes of a note type from what Anki has of it; a template is (name, front, back).

    The fields and conditions of a front are part of the schema: they decide which cards there are.
    """
    sides = list(templates)
    schema = [int(is_cloze), list(fields), [(name, _MARK.findall(front)) for name, front, _ in sides]]
    return TypeHashes(_hash(schema), _hash([schema, name, css, [(front, back) for _, front, back in sides]]))


def note_type_hashes(collection: Collection) -> dict[str, TypeHashes]:
    """The hashes of the collection's note types by key."""
    return {
        key: type_hashes(
            note_type_name(collection, kind.label),
            kind.is_cloze,
            kind.fields,
            ((template.name, template.front, template.back) for template in kind.templates),
            kind.css,
        )
        for key, kind in note_types(collection.repository).items()
    }


class State:
    """A hash of all that a release holds: `add` each note, live and retired ones each in order, `digest`."""

    def __init__(self, collection: Collection) -> None:
        facts = [
            *(collection.title, collection.tag, collection.namespace, collection.decks, collection.description),
            *(collection.disclaimer, collection.licence, collection.licence_url, collection.evidence_date),
            *(collection.repository, collection.source_title, note_type_hashes(collection)),
        ]
        self._live = hashlib.sha256(_json(facts))
        self._retired = hashlib.sha256()

    def add(self, note: CompiledNote, retired: bool = False) -> None:
        """Takes the next note in."""
        hashed = [note.guid, note.content_hash, note.deck, note.cards, note.number, note.index]
        (self._retired if retired else self._live).update(_json(hashed))

    def digest(self) -> str:
        """16 hex digits."""
        return hashlib.sha256(self._live.digest() + self._retired.digest()).hexdigest()[:16]


def _hash(value: object) -> str:
    return hashlib.sha256(_json(value)).hexdigest()[:16]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8")


# --- the next ledger --------------------------------------------------------------------------


def released_notes(
    ledger: Ledger | None, notes: Iterable[CompiledNote], retired: Mapping[str, str], version: str, time: int
) -> Iterator[ReleasedNote]:
    """The ledger's entry for each note of a release; `retired` gives the version that retired a note by id."""
    known = ledger.notes if ledger else {}
    for note in notes:
        yield ReleasedNote(
            id=note.id,
            guid=note.guid,
            note_type=note.note_type,
            deck=note.number,
            cards=tuple(ordinal + 1 for ordinal in note.cards),
            hash=note.content_hash,
            time=note_time(ledger, note, time),
            since=known[note.id].since if note.id in known else version,
            retired=retired.get(note.id, ""),
        )


def next_ledger(
    ledger: Ledger | None, collection: Collection, notes: Iterable[ReleasedNote], release: Release
) -> Ledger:
    """The ledger after a release of the collection with these notes, live and retired."""
    hashes = note_type_hashes(collection)
    times = note_type_times(ledger, hashes, release.time)
    before = ledger or Ledger(collection.namespace)
    return replace(
        before,
        releases=(*before.releases, release),
        note_types={key: ReleasedType(key, *hashed, times[key]) for key, hashed in hashes.items()},
        decks=tuple(collection.deck_name(name) for name in collection.decks),
        notes={note.id: note for note in notes},
        lines={},
    )
