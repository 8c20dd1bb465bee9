"""Collections made for one test: a folder from a few lines of YAML, and its package without the rules.

    folder = write(tmp_path, '''
    - question: Which gas do plants take up?
      answer: Carbon dioxide
    ''')
    path = package(folder)

What a note must have besides is added: id (`note-1` …), source, cites, claims, tags, yield, skill; a key
written without a value is left out.
"""

from __future__ import annotations

import copy
import json
import sqlite3
import struct
import textwrap
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ketamine_anki.anki.compile import CompiledNote, compile_note
from ketamine_anki.anki.package_writer import Package
from ketamine_anki.core.model import Note
from ketamine_anki.text.render import render_note
from ketamine_anki.workspace.folder import Folder

COLLECTION = """\
title: Small Deck
tag: Small
namespace: tests/small
description: Cards for a test.
disclaimer: For a test.
licence: CC BY 4.0
licence_url: https://creativecommons.org/licenses/by/4.0/
decks: [First Part, Second Part]
"""
SOURCE = """\
title: A Small Text
sections:
  - slug: only-section
    title: Only Section
    paragraphs:
      - cites: [problem/1, entry/2]
        claims:
          - {id: C-1, claim: Plants take up carbon dioxide., domain: First Part, importance: core, kind: stated}
          - {id: C-2, claim: Plants give off oxygen., domain: First Part, importance: colour, kind: derived}
      - claims:
          - {id: C-3, claim: Roots take up water., domain: Second Part, importance: colour, kind: stated}
"""
REFERENCES = """\
references:
  - key: green-2020
    citation: Green A. On leaves. J Bot. 2020
    doi: 10.1000/leaf.1
    pmid: 12345678
    supports: finding
"""
TAIL = {
    "source": "only-section/1",
    "cites": ["problem/1"],
    "claims": ["C-1"],
    "tags": ["Plants"],
    "yield": "core",
    "skill": "recall",
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63"
    "64f8cf500f00038601805a347d6b0000000049454e44ae426082"
)  # a PNG of one pixel


def png_part(kind: bytes, data: bytes = b"") -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, comment: bytes = b"", pixels: bytes = b"") -> bytes:
    """A PNG that says it has this size, with its pixels as they are stored; without them when there would be many."""
    black = b"\0" * ((1 + 4 * width) * height if width * height < 10_000 else 0)
    head = png_part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    note = png_part(b"tEXt", b"Comment\0" + comment) if comment else b""
    return b"\x89PNG\r\n\x1a\n" + head + note + png_part(b"IDAT", pixels or zlib.compress(black)) + png_part(b"IEND")


def deck(notes: str, name: str = "First Part") -> str:
    """The text of a deck file from a YAML list of notes; what each must have is added."""
    made = []
    for number, note in enumerate(yaml.load(textwrap.dedent(notes), yaml.CBaseLoader), 1):
        whole = {"id": f"note-{number}"} | copy.deepcopy(TAIL) | note
        made.append({key: value for key, value in whole.items() if value != ""})
    return yaml.dump({"deck": name, "notes": made}, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)


def write(folder: Path, notes: str = "", files: Mapping[str, str | bytes] | None = None) -> Path:
    """A collection on disk: the notes as 01-first.yaml, the references if they cite one, and files (or the bytes of
    pictures) beside it.
    """
    made: dict[str, str | bytes] = {"collection.yaml": COLLECTION, "source.yaml": SOURCE}
    if notes:
        made["01-first.yaml"] = deck(notes)
    if "green-2020" in notes:
        made["references.yaml"] = REFERENCES
    made |= files or {}
    if not any("deck: Second Part" in str(content) for content in made.values()):
        made["collection.yaml"] = _text(made["collection.yaml"]).replace(", Second Part", "")
    for name, content in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return folder


def replace(path: Path, old: str, new: str) -> None:
    """Writes a file again with some words replaced, which it must hold."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode("utf-8")


class Made(NamedTuple):
    """A note as written and as compiled."""

    note: Note
    compiled: CompiledNote


def compiled(folder: Path) -> list[Made]:
    """Every note of a well-formed collection, compiled without asking the rules."""
    read = Folder(str(folder))
    assert read.collection is not None, read.findings
    made = []
    for found in read.decks():
        number = read.collection.decks.index(found.name) + 1
        for index, note in enumerate(found.notes):
            shown = render_note(note, read.collection)
            mistakes = [finding for text in shown.values() for finding in text.findings]
            assert not mistakes, mistakes
            made.append(Made(note, compile_note(note, read.collection, shown, number, index)))
    assert not read.findings, read.findings
    return made


def package(
    folder: Path, path: Path | None = None, build: int = 1_700_000_000, times: Mapping[str, int] | None = None
) -> Path:
    """The .apkg of a well-formed collection, made without asking the rules; `times` are those of notes by GUID."""
    collection = Folder(str(folder)).collection
    assert collection is not None
    path = path or folder / "small.apkg"
    with Package(collection, path.with_suffix(".db")) as whole, path.open("wb") as file:
        for made in compiled(folder):
            whole.add(made.compiled, (times or {}).get(made.compiled.guid, build))
        whole.write(file, build, {}, "1.0.0")
    return path


def rows(package: Path, query: str) -> list[tuple[Any, ...]]:
    """What SQL says about the database inside a package."""
    with zipfile.ZipFile(package) as archive, closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(archive.read("collection.anki2"))
        return db.execute(query).fetchall()


def deck_pages(package: Path) -> list[str]:
    """The pages of a package's decks, but Anki's own."""
    ((decks,),) = rows(package, "select decks from col")
    return [deck["desc"] for deck in json.loads(decks).values() if deck["name"] != "Default"]
