"""A new note: what can be proposed for it, and its place at the end of a deck file.

The file is spliced, not written anew: every line that was there stays as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection as Some
from collections.abc import Mapping
from typing import Any

from ketamine_anki.core.model import Collection
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.formatter import inline_text, written

_SMALL = frozenset(
    "a an and are as at be by can do does for from has have how if in is it its of on or that the their this to was"
    " were what when where which who why with would".split()
)
_WORDS = 5  # of a proposed id


def propose_id(text: str, taken: Some[str]) -> str:
    """An id from a question or cloze text: its first telling words, and a number if they are taken."""
    text = re.sub(r"\{\{c\d+::((?:(?!::|\}\}).)*)(?:::(?:(?!\}\}).)*)?\}\}", r"\1", text)
    text = unicodedata.normalize("NFKD", re.sub(r"\$[^$]*\$|['’]s\b|['’]", "", text))
    found = re.findall(r"[a-z0-9]+", "".join(c for c in text if not unicodedata.combining(c)).lower())
    stem = "-".join([word for word in found if word not in _SMALL][:_WORDS]) or "note"
    number, made = 1, stem
    while made in taken:
        number += 1
        made = f"{stem}-{number}"
    return made


def propose_cites(source: str, collection: Collection) -> tuple[str, ...]:
    """What the paragraph cites: its problems, or its entries where it has no problem."""
    cites = collection.paragraphs.get(source, ())
    return tuple(cite for cite in cites if cite.startswith("problem/")) or cites


def propose_yield(claims: Some[str], collection: Collection) -> str:
    """`core` when a core claim is tested, else `supporting`."""
    core = any(collection.claims[claim].importance == "core" for claim in claims if claim in collection.claims)
    return "core" if core else "supporting"


def file_head(deck: str) -> str:
    """The first lines of a new deck file."""
    return f"# yaml-language-server: $schema=./deck.schema.json\ndeck: {inline_text(deck)}\nnotes:\n"


def append(text: str, values: Mapping[str, Any]) -> tuple[str, int]:
    """A deck file's text with a note at its end, before comments that close the file; and the line,
    from 1, on which the note starts.
    """
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    dashes = [line for line in lines if re.match(r" *- ", line)]
    dash = len(dashes[0]) - len(dashes[0].lstrip()) if dashes else 2
    last = len(lines)
    while last and _closes(lines[last - 1], dash):
        last -= 1
    shape = schema.CLOZE_NOTE if "text" in values else schema.QUESTION_NOTE
    note = written(shape, values, dash + 2)
    note[0] = f"{' ' * dash}- {note[0].lstrip()}"
    gap = [""] if dashes else []
    closing = [line for line in lines[last:] if line] or [""]
    if closing[-1]:
        closing.append("")
    made = [*lines[:last], *gap, *note, *closing]
    return ending.join(made), last + len(gap) + 1


def _closes(line: str, dash: int) -> bool:
    """Whether a line after the last note belongs to the file rather than to the note."""
    bare = line.lstrip()
    return not bare or (bare.startswith("#") and len(line) - len(bare) <= dash)
