"""The older state of a collection that the preview page is compared with, and the words in which cards differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ketamine_anki.anki.compile import CHANGED_TAG, CompiledNote
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.alignment import Aligner

if TYPE_CHECKING:
    from ketamine_anki.anki.package_reader import PackageContents, PackagedNote

_DELETION = re.compile(r"\{\{c(\d{1,9})::")
# The elements of our own fields.
_ELEMENTS = (
    "a|b|blockquote|br|code|details|div|em|h[1-6]|hr|i|img|li|nobr|ol|p|pre|span|strong|sub|summary|sup|table|tbody|td"
    "|th|thead|tr|u|ul"
)
_OUR_TAG = re.compile(rf'</?(?:{_ELEMENTS})(?:\s+(?:alt|class|dir|href|src|start)="[^"<>]*")*\s*/?>')
_PART = re.compile(r"<[^>]*>|\\\(.*?\\\)|\\\[.*?\\\]|&[#\w]+;|\s+|\w+|.", re.DOTALL)
_ANY_TAG = re.compile(r"<[^>]*>?")


@dataclass(frozen=True)
class Baseline:
    """The older state: its name as the user gave it, its notes by GUID, and a function from the packaged name of a
    picture to its bytes.
    """

    name: str
    notes: Mapping[str, CompiledNote]
    picture: Callable[[str], bytes | None]


def notes_of_package(package: PackageContents) -> dict[str, CompiledNote]:
    """The notes of a package by GUID; those of foreign note types, which cannot be compared, are left out.

    Anyone may have made the package: of its HTML only the elements that our own fields have are kept, the others are
    escaped.
    """
    return {
        note.guid: _compiled(note, package.note_types[note.note_type].is_cloze)
        for note in package.notes
        if "ID" in note.fields
    }


def _compiled(note: PackagedNote, is_cloze: bool) -> CompiledNote:
    fields = {name: _ANY_TAG.sub(_harmless, value) for name, value in note.fields.items()}
    if is_cloze:
        numbers = {int(number) for number in _DELETION.findall(fields.get("Text", ""))}
        cards = tuple(sorted(number - 1 for number in numbers if number))
    else:
        cards = (0, 1) if fields.get("ReverseQuestion") else (0,)
    key = "cloze" if is_cloze else "question"
    return CompiledNote(
        id=fields["ID"],
        guid=note.guid,
        note_type=key,
        deck=note.deck,
        fields=tuple(fields.get(name, "") for name in note_types()[key].fields),
        tags=tuple(sorted((tag for tag in note.tags or () if not CHANGED_TAG.fullmatch(tag)), key=str.casefold)),
        cards=cards,
    )


def _harmless(tag: re.Match[str]) -> str:
    return tag[0] if _OUR_TAG.fullmatch(tag[0]) else tag[0].replace("<", "&lt;")


def marked(before: str, after: str) -> tuple[str, str]:
    """Two versions of a card's HTML -> (before with what was removed in `<del>`, after with what was added in `<ins>`).
    Tags stay as they are; a formula is one word.
    """
    old, new = _PART.findall(before), _PART.findall(after)
    left: list[str] = []
    right: list[str] = []
    for kind, a, b, c, d in Aligner(by_spaces=True).steps(old, new):
        left.append("".join(old[a:b]) if kind == "equal" else _wrap(old[a:b], "del"))
        right.append("".join(new[c:d]) if kind == "equal" else _wrap(new[c:d], "ins"))
    return "".join(left), "".join(right)


def _wrap(parts: Sequence[str], element: str) -> str:
    """The parts with each run of text between two tags in the element."""
    wrapped = []
    for is_tag, run in groupby(parts, lambda part: part.startswith("<") and len(part) > 1):
        text = "".join(run)
        wrapped.append(text if is_tag or not text.strip() else f"<{element}>{text}</{element}>")
    return "".join(wrapped)
