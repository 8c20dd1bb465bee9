"""The hostile corpus: tests/deep/hostile/*.yaml as values, and each case as a folder."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import small_deck
import yaml
from ledgers import GOOD, START
from small_deck import png

CORPUS = Path(__file__).resolve().parent / "hostile"
SECRET = "the-secret-that-must-not-leak"
QUESTION = {"question": "Which gas do plants take up?", "answer": "Carbon dioxide"}


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
    return [
        Case(f"{path.stem}-{parts['name']}", parts)
        for path in sorted(CORPUS.glob("*.yaml"))
        for parts in yaml.load(path.read_text(encoding="utf-8"), yaml.CBaseLoader)
    ]


def text(value: Any) -> Any:
    """A text of the corpus, or what holds texts; `{start, repeat, times, end}` is a long one."""
    if isinstance(value, list):
        return [text(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "times" not in value:
        return {key: text(item) for key, item in value.items()}
    again, times = value["repeat"], int(value["times"])
    middle = "".join(again % number for number in range(1, times + 1)) if "%d" in again else again * times
    return value["start"] + middle + value["end"]


def write(case: Case, base: Path) -> Path:
    """The case as a folder of a collection inside `base`, with secrets around it."""
    parts = text(case.parts)
    folder = base / "decks"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(f"[http]\n extraheader = {SECRET}\n", encoding="utf-8")
    (base / "outside.png").write_bytes(png(1, 1, SECRET.encode()))
    (base / "outside.yaml").write_text(f"deck: Second Part\nnotes: [{SECRET}]\n", encoding="utf-8")
    written = {"collection": small_deck.COLLECTION, "source": small_deck.SOURCE}
    if "references" in parts or "green-2020" in str(parts):  # that no note cites a reference is a finding
        written["references"] = small_deck.REFERENCES
    for name, content in written.items():
        for old, new in parts.get(name, {}).items():
            assert old in content, (case.name, old)
            content = content.replace(old, new, 1)
        if name == "collection" and "02-second.yaml" not in parts.get("files", {}) and "deck: Second" not in str(parts):
            content = content.replace(", Second Part", "")  # which no file holds
        (folder / f"{name}.yaml").write_bytes(content.encode("utf-8"))
    (folder / "01-first.yaml").write_bytes(_deck(parts))
    for name, how in (
        *parts.get("files", {}).items(),
        *((f"media/{n}", how) for n, how in parts.get("media", {}).items()),
    ):
        (folder / name).unlink(missing_ok=True)
        _make(folder / name, how)
    return folder


def _deck(parts: Mapping[str, Any]) -> bytes:
    """The deck file: as it stands in the case, or with what it says of a note."""
    if "bytes" in parts:
        return bytes.fromhex(parts["bytes"])
    if "file" in parts:
        return parts["file"].encode("utf-8")
    note = {"id": "note-1"} | ({"text": parts["text"]} if "text" in parts else QUESTION)
    note |= {"extra": parts["extra"]} if "extra" in parts else {}
    typed = re.sub(r"(?m)^(?=.*\S)", "    ", parts.get("typed", "").rstrip("\n"))
    rest = small_deck.TAIL | parts.get("note", {})
    note |= {key: rest.pop(key) for key in note.keys() & rest.keys()}
    lines = f"{_lines(note, '    ')}{typed}\n{_lines(rest, '    ')}"
    return f"deck: First Part\nnotes:\n  - {lines.lstrip()}".encode()


def _lines(record: Mapping[str, Any], indent: str) -> str:
    """YAML in which text stands as it is, in single quotes: escapes would hide what is tested."""
    lines = ""
    for key, value in record.items():
        if isinstance(value, dict):
            lines += f"{indent}{key}:\n{_lines(value, indent + '  ')}"
        elif isinstance(value, list):
            lines += f"{indent}{key}: [{', '.join(map(_quoted, value))}]\n"
        elif "\n" in value:
            block = value.replace("\n", f"\n{indent}  ")
            lines += f"{indent}{key}: |\n{indent}  {block}\n"
        else:
            lines += f"{indent}{key}: {_quoted(value)}\n"
    return lines


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _make(path: Path, how: str) -> None:
    """A file as the corpus describes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind, _, rest = how.partition(" ")
    match kind:
        case "link":
            path.symlink_to(rest)
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            os.mknod(path, 0o600 | stat.S_IFSOCK)
        case "device":
            os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(*map(int, rest.split())))
        case "sparse":
            path.touch()
            os.truncate(path, int(rest))
        case "png":
            path.write_bytes(png(*map(int, rest.split() or (1, 1))))
        case "jpeg-fill":
            path.write_bytes(b"\xff\xd8\xff" + b"\xff" * 10_000_000)
        case "hex":
            path.write_bytes(bytes.fromhex(rest))
        case "again":
            path.write_bytes(path.with_name("01-first.yaml").read_bytes().replace(b"First Part", b"Second Part"))
        case "ledger-of-2096":
            path.write_text(GOOD.replace(str(START + 9), "4000000000"), encoding="utf-8")
        case _:
            path.write_text(rest if kind == "text" else how, encoding="utf-8")
