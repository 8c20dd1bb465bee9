"""The bytes of an Anki export "Notes in Plain Text" -> its notes. Raises PackageError.

Format: docs.ankiweb.net, "Text files": lines `#key:value` first, then CSV with the separator that
they name. Needed are a GUID column and HTML; the other columns are fields, in the note type's order.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from ketamine_anki.anki.package_reader import Budget, PackagedNote, PackageError
from ketamine_anki.core.limits import (
    MAX_CONTENT_BYTES,
    MAX_EXPORT_BYTES,
    MAX_EXPORT_COLUMNS,
    MAX_EXPORT_HEAD,
    MAX_PACKAGED_NOTES,
)

_SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":"}
_HOW = 'in the export window choose "Notes in Plain Text" and tick'
FieldNames = Callable[[str, str], Sequence[str]]


def read_text(data: bytes, names: FieldNames) -> tuple[PackagedNote, ...]:
    """The bytes of a text export -> its notes. `names` gives the field names of a note by its GUID
    and the name of its note type; columns beyond them are called `column N` if they are filled.
    """
    if len(data) > MAX_EXPORT_BYTES:
        raise PackageError(f"{len(data):,} bytes: a text export has at most {MAX_EXPORT_BYTES:,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PackageError("neither an .apkg nor a text file in UTF-8") from None
    head, body = _head(text)
    if head.get("html", "").lower() != "true":
        raise PackageError(f'its texts are without HTML: {_HOW} "Include HTML and media references"')
    columns = {name: _number(head, name) for name in ("guid", "notetype", "deck", "tags")}
    if not columns["guid"]:
        raise PackageError(f'it has no GUIDs: {_HOW} "Include unique identifier"')
    separator = _SEPARATORS.get(head.get("separator", "tab").lower(), head.get("separator", ""))
    if separator not in _SEPARATORS.values():
        raise PackageError("its #separator is none that Anki writes")
    budget = Budget(MAX_CONTENT_BYTES)
    notes: list[PackagedNote] = []
    seen: set[str] = set()
    try:
        for row in csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True):
            if not row:
                continue
            if len(notes) >= MAX_PACKAGED_NOTES:
                raise PackageError(f"over {MAX_PACKAGED_NOTES:,} notes")
            if len(row) > MAX_EXPORT_COLUMNS:
                raise PackageError(f"a line has {len(row):,} columns: at most {MAX_EXPORT_COLUMNS}")
            note = _note(row, columns, names)
            budget.note(note)
            if note.guid in seen:
                raise PackageError(f"two notes have the GUID {note.guid[:40]!r}")
            seen.add(note.guid)
            notes.append(note)
    except (csv.Error, TypeError) as error:
        raise PackageError(f"not a text export of Anki: {error}") from None
    return tuple(notes)


def _head(text: str) -> tuple[dict[str, str], str]:
    head: dict[str, str] = {}
    at = 0
    for _ in range(MAX_EXPORT_HEAD):
        if not text.startswith("#", at):
            return head, text[at:]
        end = text.find("\n", at) + 1 or len(text)
        key, _, value = text[at + 1 : end].rstrip("\r\n").partition(":")
        head[key.strip().lower()] = value.strip()
        at = end
    raise PackageError(f"over {MAX_EXPORT_HEAD} lines that start with '#' at its head")


def _number(head: dict[str, str], name: str) -> int:
    """The number of a column, from 1; 0 if there is none."""
    said = head.get(f"{name} column", "")
    return int(said) if said.isdecimal() and len(said) < 4 else 0


def _note(row: list[str], columns: dict[str, int], names: FieldNames) -> PackagedNote:
    def cell(name: str) -> str:
        number = columns[name]
        return row[number - 1] if 0 < number <= len(row) else ""

    values = [value for number, value in enumerate(row, 1) if number not in columns.values()]
    guid, kind = cell("guid"), cell("notetype")
    known = names(guid, kind)
    fields = dict(zip(known, values, strict=False))
    fields |= {f"column {number}": value for number, value in enumerate(values, 1) if number > len(known) and value}
    return PackagedNote(guid, kind, fields, tuple(cell("tags").split()), cell("deck"), 0)
