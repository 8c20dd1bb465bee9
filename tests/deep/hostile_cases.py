"""The hostile corpus: tests/deep/hostile/*.yaml as values, and each case as a folder."""

from __future__ import annotations

import os
import socket
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import small_deck
import yaml
from ledgers import GOOD, START

CORPUS = Path(__file__).resolve().parent / "hostile"
SECRET = "the-secret-that-must-not-leak"
HEAD = """\
deck: First Part
notes:
  - id: note-1
    question: Which gas do plants take up?
    answer: Carbon dioxide
"""
TAIL = """\
    source: only-section/1
    cites: [problem/1]
    claims: [C-1]
    tags: [Plants]
    yield: core
    skill: recall
"""


class Case(NamedTuple):
    """One case: what is typed and what must come of it, as in hostile/README.md."""

    name: str
    parts: Mapping[str, Any]

    @property
    def is_bomb(self) -> bool:
        return "bomb" in self.name

    @property
    def finds(self) -> list[str] | None:
        """The expected findings; None when the case is to be accepted."""
        wanted = self.parts.get("finds")
        return wanted if wanted is None or isinstance(wanted, list) else [wanted] if wanted else []


def cases() -> list[Case]:
    """Every case of the corpus."""
    found = []
    for path in sorted(CORPUS.glob("*.yaml")):
        listed = yaml.load(path.read_text(encoding="utf-8"), yaml.CBaseLoader)
        found += [Case(f"{path.stem}-{parts['name']}", parts) for parts in listed]
    return found


def text(value: Any) -> Any:
    """A text of the corpus; `{start, repeat, times, end}` and `{start, count, times, end}` are long ones."""
    if isinstance(value, list):
        return [text(item) for item in value]
    if not isinstance(value, dict) or "times" not in value:
        return {key: text(item) for key, item in value.items()} if isinstance(value, dict) else value
    times = int(value["times"])
    if "count" in value and "start" not in value:
        return [value["count"] % number for number in range(1, times + 1)]
    middle = (
        "".join(value["count"] % number for number in range(1, times + 1))
        if "count" in value
        else value["repeat"] * times
    )
    return value["start"] + middle + value["end"]


def write(case: Case, base: Path) -> Path:
    """The case as a folder of a collection inside `base`, with secrets around it."""
    parts = case.parts
    folder = base / "decks"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(f"[http]\n extraheader = {SECRET}\n", encoding="utf-8")
    (base / "outside.png").write_bytes(png(1, 1, SECRET.encode()))
    (base / "outside.yaml").write_text(f"deck: Second Part\nnotes: [{SECRET}]\n", encoding="utf-8")
    for name, content in (
        ("collection", small_deck.COLLECTION),
        ("source", small_deck.SOURCE),
        ("references", small_deck.REFERENCES),
    ):
        if name == "references" and name not in parts and "green-2020" not in str(parts):
            continue  # that no note cites a reference is a finding
        for old, new in parts.get(name, {}).items():
            assert old in content, (case.name, old)
            content = content.replace(old, text(new), 1)
        if name == "collection" and "02-second.yaml" not in parts.get("files", {}) and "deck: Second" not in str(parts):
            content = content.replace(", Second Part", "")  # which no file holds
        (folder / f"{name}.yaml").write_bytes(content.encode("utf-8"))
    (folder / "01-first.yaml").write_bytes(_deck(parts))
    for name, how in parts.get("media", {}).items():
        _make(folder / "media" / name, how)
    for name, how in parts.get("files", {}).items():
        (folder / name).unlink(missing_ok=True)
        _make(folder / name, how)
    return folder


def _deck(parts: Mapping[str, Any]) -> bytes:
    if "bytes" in parts:
        return bytes.fromhex(parts["bytes"])
    if "file" in parts:
        return text(parts["file"]).encode("utf-8")
    if "typed" in parts:
        typed = text(parts["typed"])
        lines = "".join(f"    {line}\n" if line.strip() else "\n" for line in typed.rstrip("\n").split("\n"))
        if "\n" in typed.rstrip("\n") and typed.split("\n")[1].startswith("    "):  # indented already
            lines = f"    {typed}\n"
        return (HEAD + lines + TAIL).encode("utf-8")
    note: dict[str, Any] = {"id": "note-1"}
    if "text" in parts:
        note["text"] = text(parts["text"])
    else:
        note |= {"question": "Which gas do plants take up?", "answer": "Carbon dioxide"}
    if "extra" in parts:
        note["extra"] = text(parts["extra"])
    note |= small_deck.TAIL | text(parts.get("note", {}))
    return _Dumper.dump({"deck": "First Part", "notes": [note]}).encode("utf-8")


class _Dumper(yaml.SafeDumper):
    """YAML in which text stands as it is, in single quotes: escapes would hide what is tested."""

    @staticmethod
    def dump(value: Any) -> str:
        return "deck: First Part\nnotes:\n  - " + _lines(value["notes"][0], "    ").lstrip()


def _lines(record: Mapping[str, Any], indent: str) -> str:
    said = ""
    for key, value in record.items():
        if isinstance(value, dict):
            said += f"{indent}{key}:\n{_lines(value, indent + '  ')}"
        elif isinstance(value, list):
            said += f"{indent}{key}: [{', '.join(map(_quoted, value))}]\n"
        elif "\n" in value:
            block = value.replace("\n", f"\n{indent}  ")
            said += f"{indent}{key}: |\n{indent}  {block}\n"
        else:
            said += f"{indent}{key}: {_quoted(value)}\n"
    return said


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _make(path: Path, how: str) -> None:
    """A file as the corpus describes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind, _, rest = how.partition(" ")
    if kind == "png":
        width, height = map(int, rest.split()) if rest else (1, 1)
        path.write_bytes(png(width, height))
    elif kind == "text":
        path.write_text(rest, encoding="utf-8")
    elif kind == "hex":
        path.write_bytes(bytes.fromhex(rest))
    elif kind == "again":
        path.write_bytes((path.parent / "01-first.yaml").read_bytes().replace(b"First Part", b"Second Part"))
    elif kind == "text-of-nines":
        path.write_text(
            f'namespace: "x"\nnote_types:\n  a: {{schema: {"0" * 16}, content: {"0" * 16}, time: {"9" * 5000}}}\n',
            encoding="utf-8",
        )
    elif kind == "ledger-of-2096":
        path.write_text(GOOD.replace(str(START + 9), "4000000000"), encoding="utf-8")
    elif kind == "jpeg-fill":
        path.write_bytes(b"\xff\xd8\xff" + b"\xff" * 10_000_000)
    elif kind == "link":
        path.symlink_to(rest)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        listener = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(path.parent)  # a socket's path is short
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)
            listener.close()
    elif kind == "folder":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(int(rest))
    elif kind == "device":
        major, minor = map(int, rest.split())
        os.mknod(path, 0o600 | 0o020000, os.makedev(major, minor))
    else:
        raise ValueError(how)


def png(width: int, height: int, comment: bytes = b"") -> bytes:
    """A PNG that says it has this size; its pixels are missing when there would be many."""

    row = b"\0" * (1 + 4 * width) if width * height < 10_000 else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + small_deck.png_part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
        + (small_deck.png_part(b"tEXt", b"Comment\0" + comment) if comment else b"")
        + small_deck.png_part(b"IDAT", zlib.compress(row * (height if row else 1)))
        + small_deck.png_part(b"IEND")
    )
