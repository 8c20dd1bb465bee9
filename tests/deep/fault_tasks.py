"""What tests/deep/faults.py injects faults into: commands that write, the older files that they start from, and all
files as they are after a run without a fault.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import hostile_cases
import small_deck
from program import REPOSITORY, command

NAME = "small-deck.apkg"
LEFT = re.compile(r"(^|/)(trace|\.ketamine-anki-\w+\.tmp)/")
OLD = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n"
NEW = OLD + "  picture: '![A leaf with pores](leaf.png)'\n"
MORE = "- id: water\n  question: Which liquid do roots take up?\n  answer: Water\n"
RELEASED = f"{OLD}  id: gas\n{MORE}"
OLD_RELEASE = "{0}/dist/small-1.0.0.apkg"
PICTURE = hostile_cases.png(1, 1, random.Random(1).randbytes(60_000))


class Task(NamedTuple):
    """A command that writes, what it starts from, and whether its files change together."""

    words: tuple[str, ...]
    prepare: Callable[[Path], object]
    together: bool = True


class Place(NamedTuple):
    """A collection, and an output folder with an older package; all files there before and after the task."""

    task: Task
    decks: Path
    output: Path
    before: dict[str, bytes]
    after: dict[str, bytes]

    @property
    def base(self) -> Path:
        return self.decks.parent

    @property
    def command(self) -> list[str]:
        """The command line of the task; the working folder is the base's."""
        return command(*(word.format(self.base) for word in self.task.words))


def to_build(base: Path) -> None:
    small_deck.write(base / "decks", NEW, {"media/leaf.png": PICTURE})
    (base / "dist").mkdir()
    (base / "dist" / NAME).write_bytes(older_package())


def to_release(base: Path) -> None:
    """A collection that was released once, and then corrected."""
    small_deck.write(base / "decks", RELEASED)
    run(base, "release", "1.0.0", "{0}/decks", "-o", "{0}/dist", "--no-repository", SOURCE_DATE_EPOCH="1600000000")
    small_deck.write(base / "decks", RELEASED.replace("Water", "Water and salts"))


def to_format(base: Path) -> None:
    small_deck.write(base / "decks", OLD, {"02-second.yaml": small_deck.deck(MORE, "Second Part")})


def to_describe(base: Path) -> None:
    small_deck.write(base / "decks", OLD, {"references.yaml": small_deck.REFERENCES})
    run(base, "schema", "{0}/decks")
    text = (base / "decks/references.yaml").read_text(encoding="utf-8")
    (base / "decks/references.yaml").write_text(text.replace("green-2020", "green-2021"), encoding="utf-8")


def to_take_in(base: Path) -> None:
    """Two subdecks, and an export with a correction in each."""
    small_deck.write(base / "decks", OLD, {"02-second.yaml": small_deck.deck(MORE, "Second Part")})
    export(base / "decks", base / "notes.txt", ("Carbon dioxide", "Carbon dioxide, a gas"), ("Water", "Water, salts"))


def export(decks: Path, path: Path, *corrected: tuple[str, str]) -> None:
    """What Anki exports as plain text after the corrections."""
    rows = [
        [made.compiled.guid, *made.compiled.fields, " ".join(made.compiled.tags)] for made in small_deck.compiled(decks)
    ]
    text = "\n".join("\t".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows)
    for old, new in corrected:
        assert old in text
        text = text.replace(old, new)
    head = f"#separator:tab\n#html:true\n#guid column:1\n#tags column:{len(rows[0])}\n"
    path.write_text(f"{head}{text}\n", encoding="utf-8")


TASKS = {
    "build": Task(("build", "{0}/decks", "-o", "{0}/dist"), to_build),
    "release": Task(("release", "1.0.1", "{0}/decks", "-o", "{0}/dist", "--since", OLD_RELEASE), to_release),
    "fmt": Task(("fmt", "{0}/decks"), to_format, together=False),
    "schema": Task(("schema", "{0}/decks"), to_describe, together=False),
    "intake": Task(("intake", "{0}/notes.txt", "{0}/decks", "--write"), to_take_in),
}


@contextlib.contextmanager
def place(name: str = "build") -> Iterator[Place]:
    """A fresh place."""
    with tempfile.TemporaryDirectory(prefix="faults ü ") as made:
        base = Path(made)
        shutil.copytree(_prepared(name).name, base, dirs_exist_ok=True)
        yield Place(TASKS[name], base / "decks", base / "dist", tree(base), finished(name))


@cache
def _prepared(name: str) -> tempfile.TemporaryDirectory[str]:
    """What a task starts from."""
    made = tempfile.TemporaryDirectory()
    TASKS[name].prepare(Path(made.name))
    Path(made.name, "dist").mkdir(exist_ok=True)
    return made


@cache
def finished(name: str) -> dict[str, bytes]:
    """All files after a task without a fault; the same bytes everywhere."""
    with tempfile.TemporaryDirectory() as made:
        base = Path(made)
        shutil.copytree(_prepared(name).name, base, dirs_exist_ok=True)
        before = tree(base)
        run(base, *TASKS[name].words)
        assert tree(base) != before
        return tree(base)


@cache
def older_package() -> bytes:
    with tempfile.TemporaryDirectory() as made:
        base = Path(made)
        small_deck.write(base / "decks", OLD)
        run(base, *TASKS["build"].words)
        return (base / "dist" / NAME).read_bytes()


def tree(base: Path) -> dict[str, bytes]:
    """Every file with its bytes, but for what a killed run may leave and the trace of its calls."""
    files = (path.relative_to(base) for path in base.rglob("*") if path.is_file())
    return {path.as_posix(): (base / path).read_bytes() for path in files if not LEFT.search(f"{path}/")}


def run(base: Path, *words: str, **more: str) -> None:
    """A command without a fault."""
    words = tuple(word.format(base) for word in words)
    done = subprocess.run(command(*words), capture_output=True, env=environment(**more), check=False)
    assert done.returncode == 0, done.stderr.decode()


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "VIRTUAL_ENV")}
    own = {"PYTHONPATH": str(REPOSITORY), "SOURCE_DATE_EPOCH": "1700000000", "PYTHONDONTWRITEBYTECODE": "1"}
    return {name: value for name, value in (kept | own | more).items() if value}
