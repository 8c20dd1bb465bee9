"""Reads text exports: the bytes of Anki's "Notes in Plain Text" -> its notes.

Format: docs.ankiweb.net, "Text files": lines `#key:value` first, then CSV with the separator that they name. A GUID
column and HTML are needed; columns that the header does not name are fields, in the order of the note type.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from itertools import takewhile

from ketamine_anki.anki.archive import WANTED, PackageError, not_a_package
from ketamine_anki.anki.package_reader import NotesByGuid, Oddities, PackagedNote, deck_name
from ketamine_anki.core.characters import utf8_text
from ketamine_anki.core.limits import MAX_EXPORT_BYTES, MAX_EXPORT_COLUMNS, MAX_EXPORT_HEAD, MAX_PACKAGED_NOTES

_SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":"}
_WANTED = f"{WANTED}, or Notes in Plain Text (.txt)"
_ADVICE = 'in the export window choose "Notes in Plain Text" and tick'
FieldNames = Callable[[str, str], Sequence[str]]


def read_text(data: bytes, field_names: FieldNames) -> tuple[list[PackagedNote], Oddities]:
    """The bytes of a text export -> its notes, and what of it is passed over. Raises PackageError.

    `field_names` gives the field names of a note by its GUID and the name of its note type; filled columns
    beyond them are named `column N`. A file without a column of tags or decks says nothing about them.
    """
    if len(data) > MAX_EXPORT_BYTES:
        raise PackageError(f"{len(data):,} bytes: a text export has at most {MAX_EXPORT_BYTES:,}")
    if reason := not_a_package(data):
        raise PackageError(reason)
    try:
        text = utf8_text(data).removeprefix("\ufeff")
    except ValueError as error:
        raise PackageError(f"neither an .apkg nor a text export ({error}): {_WANTED}") from None
    header, body = _header(text)
    if not {"separator", "html"} & header.keys():
        raise PackageError(f"this is no text export: it does not begin with lines such as '#separator:tab': {_WANTED}")
    if header.get("html", "").lower() != "true":
        raise PackageError(f'its texts are without HTML: {_ADVICE} "Include HTML and media references"')
    columns = {name: _column(header, name) for name in ("guid", "notetype", "deck", "tags")}
    if not columns["guid"]:
        raise PackageError(f'it has no GUIDs: {_ADVICE} "Include unique identifier"')
    separator = _SEPARATORS.get(header.get("separator", "tab").lower(), header.get("separator", ""))
    if separator not in _SEPARATORS.values():
        raise PackageError("its #separator is not one that Anki writes")
    notes, odd = NotesByGuid(), Oddities()
    try:
        for row in csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True):
            if not row:
                continue
            if len(notes) + len(odd) >= MAX_PACKAGED_NOTES:
                raise PackageError(f"over {MAX_PACKAGED_NOTES:,} notes")
            if len(row) > MAX_EXPORT_COLUMNS:
                raise PackageError(f"a line has {len(row):,} columns: at most {MAX_EXPORT_COLUMNS}")
            with odd.passed_over("".join(row[columns["guid"] - 1 : columns["guid"]])):
                notes.add(_note(row, columns, field_names))
    except (csv.Error, TypeError) as error:
        raise PackageError(f"not a text export of Anki: {error}") from None
    return list(notes.values()), odd


def _header(text: str) -> tuple[dict[str, str], str]:
    """The header's values by key, and the text after it."""
    lines = text.split("\n", MAX_EXPORT_HEAD)
    head = list(takewhile(lambda line: line.startswith("#"), lines))
    if len(head) > MAX_EXPORT_HEAD:
        raise PackageError(f"over {MAX_EXPORT_HEAD} lines at its start begin with '#'")
    pairs = (line[1:].partition(":") for line in head)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}, "\n".join(lines[len(head) :])


def _column(header: dict[str, str], name: str) -> int:
    """The number of a column, from 1; 0 if there is none."""
    number = header.get(f"{name} column", "")
    return int(number) if number.isdecimal() and len(number) < 4 else 0


def _note(row: list[str], columns: dict[str, int], field_names: FieldNames) -> PackagedNote:
    named = {name: row[number - 1] if 0 < number <= len(row) else "" for name, number in columns.items()}
    values = [value for number, value in enumerate(row, 1) if number not in columns.values()]
    names = field_names(named["guid"], named["notetype"])
    fields = dict(zip(names, values, strict=False))
    fields |= {f"column {number}": value for number, value in enumerate(values, 1) if number > len(names) and value}
    tags = tuple(named["tags"].split()) if columns["tags"] else None
    deck = deck_name(named["deck"].split("::")) if named["deck"] else ""
    return PackagedNote(named["guid"], named["notetype"], fields, tags, deck, 0)
