"""The text of `ledger.yaml` <-> the ledger.

The file is YAML with one note per line, sorted, so that a release is a small diff and concurrent releases conflict
when merged. It is read line by line against exact patterns: whatever `release` did not write is a finding.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from ketamine_anki.core.limits import MAX_AHEAD
from ketamine_anki.core.model import Finding, Ledger, Position, Release, ReleasedNote, ReleasedType

MANUAL = {
    "ledger": "`ledger.yaml` is written by `release` alone: learners' updates depend on it. After a merge conflict or"
    " an edit by hand, restore it from version control.",
}

_RESTORE = "restore the file from version control"
_HEAD = "# Written by `ketamine-anki release`. Never edit it: learners' updates rest on it."


class _Value(NamedTuple):
    """One kind of value in a line: the pattern of its text, the functions to read and to write it."""

    pattern: str
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str
    optional: bool = False


def _listed(items: Iterable[object]) -> str:
    return f"[{', '.join(map(str, items))}]"


_ID = "[a-z0-9]+(?:-[a-z0-9]+)*"
_DIGITS = "[0-9]{1,12}"
_NUMBER = _Value(_DIGITS, int)
_WORD = _Value("[a-z]+")
_VERSION = _Value(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}")
_HASH, _SHA256, _GUID = _Value("[0-9a-f]{16}"), _Value("[0-9a-f]{64}"), _Value("[0-9A-Za-z]{14}")
_IDS = _Value(rf"\[(?:{_ID}(?:, {_ID})*)?\]", lambda text: tuple(filter(None, text[1:-1].split(", "))), _listed)
_CARDS = _Value(rf"\[{_DIGITS}(?:, {_DIGITS})*\]", lambda text: tuple(map(int, text[1:-1].split(", "))), _listed)

# What stands between the braces of a line, in the order of the fields of Release, ReleasedType and ReleasedNote.
_RELEASE = {"version": _VERSION, "time": _NUMBER}
_RELEASE |= dict.fromkeys(("notes", "cards", "new", "changed", "moved", "retired"), _NUMBER)
_RELEASE |= {"errata": _IDS, "state": _HASH, "package": _SHA256, "update": _SHA256, "sums": _SHA256}
_TYPE = {"schema": _HASH, "content": _HASH, "time": _NUMBER}
_NOTE = {"guid": _GUID, "type": _WORD, "deck": _NUMBER, "cards": _CARDS, "hash": _HASH, "time": _NUMBER}
_NOTE |= {"since": _VERSION, "retired": _VERSION._replace(optional=True)}


def _pattern(start: str, values: Mapping[str, _Value]) -> re.Pattern[str]:
    parts = (f"{name}: ({value.pattern})" for name, value in values.items())
    joined = "".join(
        f"(?:, {part})?" if value.optional else f", {part}" for part, value in zip(parts, values.values(), strict=True)
    )
    return re.compile(rf"{start}\{{{joined.removeprefix(', ')}\}}")


_SECTIONS = {
    "releases:": _pattern("  - ", _RELEASE),
    "note_types:": _pattern("  ([a-z]+): ", _TYPE),
    "decks:": re.compile(r'  - (".+")'),
    "notes:": _pattern(f"  ({_ID}): ", _NOTE),
}
_NAMESPACE = re.compile(r'namespace: (".+")')


# --- ledger -> text ---------------------------------------------------------------------------


def ledger_text(ledger: Ledger) -> str:
    """The text of the file: sorted, one line for each release, note type, subdeck and note."""
    lines = [_HEAD, f"namespace: {_quoted(ledger.namespace)}", "releases:"]
    lines += (f"  - {_braces(_RELEASE, release)}" for release in ledger.releases)
    lines.append("note_types:")
    lines += (f"  {key}: {_braces(_TYPE, kind[1:])}" for key, kind in sorted(ledger.note_types.items()))
    lines += ["decks:", *(f"  - {_quoted(name)}" for name in ledger.decks), "notes:"]
    lines += (f"  {key}: {_braces(_NOTE, note[1:])}" for key, note in sorted(ledger.notes.items()))
    return "\n".join(lines) + "\n"


def _braces(values: Mapping[str, _Value], record: Iterable[object]) -> str:
    pairs = zip(values.items(), record, strict=True)
    written = [f"{name}: {kind.write(value)}" for (name, kind), value in pairs if value != "" or not kind.optional]
    return f"{{{', '.join(written)}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# --- text -> ledger ---------------------------------------------------------------------------


class _Malformed(Exception):  # noqa: N818 - caught in this file
    def __init__(self, line: int, message: str = f"not as `release` writes it: {_RESTORE}") -> None:
        super().__init__(message)
        self.line = line


def read_ledger(path: str, data: bytes) -> tuple[Ledger | None, list[Finding]]:
    """Reads the bytes of ledger.yaml. Returns the ledger, or None and the finding that says where the file is not as
    `release` writes it.
    """
    try:
        ledger = _parse(path, data.decode("utf-8").replace("\r\n", "\n").split("\n"))
        _check(ledger)
    except _Malformed as error:
        return None, [Finding(Position(path, error.line, 1), "ledger", str(error))]
    except UnicodeDecodeError:
        return None, [Finding(Position(path, 1, 1), "ledger", f"not UTF-8: {_RESTORE}")]
    return ledger, []


def _parse(path: str, lines: list[str]) -> Ledger:
    if lines[-1] != "":
        raise _Malformed(len(lines))
    matches: dict[str, list[tuple[int, re.Match[str]]]] = {"": []}  # by section; "" is the part before the first
    section = ""
    for number, line in enumerate(lines[:-1], 1):
        if line.startswith("#"):
            continue
        if line in _SECTIONS and line not in matches:
            matches[section := line] = []
            continue
        match = _SECTIONS.get(section, _NAMESPACE).fullmatch(line)
        if not match or (not section and matches[""]):
            raise _Malformed(number)
        matches[section].append((number, match))
    note_types: dict[str, ReleasedType] = {}
    numbers: dict[str, int] = {}  # neither "note type x" nor "release x" is a note's id
    for number, match in matches.get("note_types:", ()):
        key = match[1]
        if key in note_types:
            raise _Malformed(number)
        numbers[f"note type {key}"] = number
        note_types[key] = ReleasedType(key, *_values(_TYPE, match.groups("")[1:]))
    notes: dict[str, ReleasedNote] = {}
    before = ""
    for number, match in matches.get("notes:", ()):
        key = match[1]
        if key <= before:
            raise _Malformed(number, f"{key!r} out of order: {_RESTORE}")
        before = key
        notes[key] = ReleasedNote(key, *_values(_NOTE, match.groups("")[1:]))
        numbers[key] = number
    releases: list[Release] = []
    for number, match in matches.get("releases:", ()):
        release = Release(*_values(_RELEASE, match.groups("")))
        releases.append(release)
        numbers[f"release {release.version}"] = number
        if release.time > time.time() + MAX_AHEAD:
            day = time.strftime("%Y-%m-%d", time.gmtime(release.time))
            advice = f"{_RESTORE}, or set this machine's clock"
            raise _Malformed(number, f"release {release.version} is of {day}, which lies in the future: {advice}")
    return Ledger(
        namespace="".join(_unquoted(match[1], number) for number, match in matches[""]),
        releases=tuple(releases),
        note_types=note_types,
        decks=tuple(_unquoted(match[1], number) for number, match in matches.get("decks:", ())),
        notes=notes,
        path=path,
        lines=numbers,
    )


def _values(values: Mapping[str, _Value], texts: Iterable[str]) -> list[Any]:
    return [text if kind.read is str else kind.read(text) for kind, text in zip(values.values(), texts, strict=True)]


def _unquoted(text: str, line: int) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        raise _Malformed(line) from None
    if _quoted(value) != text:  # needless escapes hide what the text says
        raise _Malformed(line)
    return str(value)


def _check(ledger: Ledger) -> None:
    """Raises _Malformed unless the ledger is consistent, as every one that `release` wrote is."""
    if not ledger.releases or not ledger.notes or not ledger.namespace:
        raise _Malformed(1, f"no namespace, release or note in it: {_RESTORE}")
    for before, after in pairwise(ledger.releases):
        if version_key(before.version) >= version_key(after.version) or before.time >= after.time:
            line = ledger.lines[f"release {after.version}"]
            raise _Malformed(line, f"release {after.version} does not follow {before.version} in version and time")
    versions = {release.version: release.time for release in ledger.releases}
    times = set(versions.values())
    for key, kind in ledger.note_types.items():
        if kind.time not in times:
            line = ledger.lines[f"note type {key}"]
            raise _Malformed(line, f"note type {key!r} has the time of no release")
    guids: set[str] = set()
    for key, note in ledger.notes.items():
        line = ledger.lines[key]
        if note.time not in times or note.since not in versions or note.retired not in {"", *versions}:
            raise _Malformed(line, f"{key!r} has the time or version of no release")
        if note.time < versions[note.since]:
            raise _Malformed(line, f"{key!r} is older than the release that introduced it")
        if not 1 <= note.deck <= len(ledger.decks) or note.note_type not in ledger.note_types:
            raise _Malformed(line, f"{key!r} has a deck or note type that is not listed")
        if note.guid in guids:
            raise _Malformed(line, f"{key!r} has the GUID of another note")
        guids.add(note.guid)


def version_key(version: str) -> tuple[int, ...]:
    """`1.10.0` -> (1, 10, 0): versions compare as these do."""
    return tuple(int(part) for part in version.split("."))
