"""The text of `ledger.yaml` <-> the ledger.

The file is YAML with one note per line, sorted, so that a release is a small diff and concurrent releases conflict
when merged. It is read line by line against exact patterns: whatever `release` did not write is a finding.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from ketamine_anki.core.limits import MAX_AHEAD
from ketamine_anki.core.model import Finding, Ledger, Position, Release, ReleasedNote, ReleasedType

MANUAL = {
    "ledger": "`ledger.yaml` is written by `release` alone: learners' updates depend on it. After a merge conflict or"
    " an edit by hand, restore it from version control.",
}

_RESTORE = "restore the file from version control"
_HEAD = "# Written by `ketamine-anki release`. Never edit it: learners' updates rest on it."


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _unquoted(text: str) -> str:
    value = str(json.loads(text))
    if _quoted(value) != text:
        raise ValueError  # needless escapes hide what the text says
    return value


_ID = "[a-z0-9]+(?:-[a-z0-9]+)*"
_DIGITS = "[0-9]{1,12}"
# kind of value -> the pattern of its text, and the function that reads it
_KINDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "CARDS": (rf"\[{_DIGITS}(?:, {_DIGITS})*\]", lambda text: tuple(map(int, text[1:-1].split(", ")))),
    "GUID": ("[0-9A-Za-z]{14}", str),
    "HASH": ("[0-9a-f]{16}", str),
    "ID": (_ID, str),
    "IDS": (rf"\[(?:{_ID}(?:, {_ID})*)?\]", lambda text: tuple(re.findall(_ID, text))),
    "NUMBER": (_DIGITS, int),
    "SHA": ("[0-9a-f]{64}", str),
    "TEXT": ('".+"', _unquoted),
    "VERSION": (r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}", str),
    "WORD": ("[a-z]+", str),
}
_KIND = re.compile(r"\b[A-Z]+\b")
# heading of a section -> the pattern of its lines, with a value at each word in capitals
_LINES = {
    "": "namespace: TEXT",
    "releases:": r"  - \{version: VERSION, time: NUMBER, notes: NUMBER, cards: NUMBER, new: NUMBER, changed: NUMBER,"
    r" moved: NUMBER, retired: NUMBER, errata: IDS, state: HASH, package: SHA, update: SHA, sums: SHA\}",
    "note_types:": r"  WORD: \{schema: HASH, content: HASH, time: NUMBER\}",
    "decks:": "  - TEXT",
    "notes:": r"  ID: \{guid: GUID, type: WORD, deck: NUMBER, cards: CARDS, hash: HASH, time: NUMBER, since: VERSION"
    r"(?:, retired: VERSION)?\}",
}
_RECORDS: dict[str, Callable[..., Any]] = {"releases:": Release, "note_types:": ReleasedType, "notes:": ReleasedNote}
_PATTERNS = {
    heading: re.compile(_KIND.sub(lambda kind: f"({_KINDS[kind[0]][0]})", line)) for heading, line in _LINES.items()
}
_READS = {heading: [_KINDS[kind][1] for kind in _KIND.findall(line)] for heading, line in _LINES.items()}


def ledger_text(ledger: Ledger) -> str:
    """The text of the file: sorted, one line for each release, note type, subdeck and note."""
    lines = [_HEAD, f"namespace: {_quoted(ledger.namespace)}"]
    lines += ["releases:", *(f"  - {_braces('releases:', release)}" for release in ledger.releases)]
    note_types, notes = sorted(ledger.note_types.values()), sorted(ledger.notes.values())
    lines += ["note_types:", *(f"  {kind.key}: {_braces('note_types:', kind[1:])}" for kind in note_types)]
    lines += ["decks:", *(f"  - {_quoted(name)}" for name in ledger.decks)]
    lines += ["notes:", *(f"  {note.id}: {_braces('notes:', note[1:])}" for note in notes)]
    return "\n".join(lines) + "\n"


def _braces(heading: str, record: Iterable[object]) -> str:
    names = re.findall(r"(\w+): [A-Z]", _LINES[heading])
    texts = (f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value) for value in record)
    return f"{{{', '.join(f'{name}: {text}' for name, text in zip(names, texts, strict=True) if text)}}}"


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
    if lines.pop() != "":
        raise _Malformed(len(lines) + 1)
    records: dict[str, list[Any]] = {"": []}
    numbers: dict[str, int] = {}
    heading = ""
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        if line in _LINES and line not in records:
            records[heading := line] = []
            continue
        match = _PATTERNS[heading].fullmatch(line)
        if not match or (not heading and records[""]):
            raise _Malformed(number)
        try:
            values = [read(text) for read, text in zip(_READS[heading], match.groups(""), strict=True)]
        except ValueError:
            raise _Malformed(number) from None
        before = records[heading]
        if heading in ("note_types:", "notes:") and before and values[0] <= before[-1][0]:
            raise _Malformed(number, f"{values[0]!r} out of order: {_RESTORE}")
        before.append(_RECORDS.get(heading, str)(*values))
        # a note is found by its id, all else by its section and key, which is no id
        numbers[match[1] if heading == "notes:" else f"{heading} {match[1]}"] = number
    return Ledger(
        namespace="".join(records[""]),
        releases=tuple(records.get("releases:", ())),
        note_types={kind.key: kind for kind in records.get("note_types:", ())},
        decks=tuple(records.get("decks:", ())),
        notes={note.id: note for note in records.get("notes:", ())},
        path=path,
        lines=numbers,
    )


def _check(ledger: Ledger) -> None:
    """Raises _Malformed unless the ledger is consistent, as every one that `release` wrote is."""
    if not ledger.releases or not ledger.notes or not ledger.namespace:
        raise _Malformed(1, f"no namespace, release or note in it: {_RESTORE}")
    before = None
    for release in ledger.releases:
        version, line = release.version, ledger.lines[f"releases: {release.version}"]
        if before and (version_key(version) <= version_key(before.version) or release.time <= before.time):
            raise _Malformed(line, f"release {version} does not follow {before.version} in version and time")
        if release.time > time.time() + MAX_AHEAD:
            day = time.strftime("%Y-%m-%d", time.gmtime(release.time))
            advice = f"{_RESTORE}, or set this machine's clock"
            raise _Malformed(line, f"release {version} is of {day}, which lies in the future: {advice}")
        before = release
    versions = {release.version: release.time for release in ledger.releases}
    times = set(versions.values())
    for key, kind in ledger.note_types.items():
        if kind.time not in times:
            raise _Malformed(ledger.lines[f"note_types: {key}"], f"note type {key!r} has the time of no release")
    guids: set[str] = set()
    for key, note in ledger.notes.items():
        wrong = ""
        if note.time not in times or note.since not in versions or (note.retired and note.retired not in versions):
            wrong = "the time or version of no release"
        elif note.time < versions[note.since]:
            wrong = "a time before the release that introduced it"
        elif not 1 <= note.deck <= len(ledger.decks) or note.note_type not in ledger.note_types:
            wrong = "a deck or note type that is not listed"
        elif note.guid in guids:
            wrong = "the GUID of another note"
        if wrong:
            raise _Malformed(ledger.lines[key], f"{key!r} has {wrong}")
        guids.add(note.guid)


def version_key(version: str) -> tuple[int, ...]:
    """`1.10.0` -> (1, 10, 0): versions compare as these do."""
    return tuple(int(part) for part in version.split("."))
