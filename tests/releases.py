"""A small collection that tests release version after version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import small_deck
import yaml
from program import Ran, execute, run

from ketamine_anki.anki.package_reader import PackageContents, read_package

START = 1_700_000_000
DAY = 86_400
NOTES = """
- id: gas
  question: Which gas do plants take up?
  answer: Carbon dioxide
- id: water
  question: Which liquid do roots take up?
  answer: Water
- id: light
  text: In most plants the green leaves catch {{c1::sunlight}} with a pigment named {{c2::chlorophyll}} in their cells.
"""
NEW_NOTE = "- {id: new, question: 'Which gas do green leaves give off?', answer: Oxygen}\n"
RETIRED = {"version": "1.1.0", "reason": "Newer work differs.", "see": "water"}


class Project:
    """A collection in a folder of its own, at first outside git; the clock stands at `time`."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root, self.decks, self.dist = root, root / "decks", root / "dist"
        self._patch = patch
        self.at(START)
        patch.chdir(root)
        small_deck.write(self.decks)
        self.write(NOTES)

    def at(self, time: int) -> None:
        self._patch.setenv("SOURCE_DATE_EPOCH", str(time))

    def write(self, notes: str, name: str = "First Part", file: str = "01-first.yaml") -> None:
        (self.decks / file).write_text(small_deck.deck(notes, name), encoding="utf-8")

    def replace(self, old: str, new: str, file: str = "01-first.yaml") -> None:
        small_deck.replace(self.decks / file, old, new)

    def edit(self, note_id: str, **keys: object) -> None:
        path = self.decks / "01-first.yaml"
        deck = yaml.load(path.read_text(encoding="utf-8"), yaml.CBaseLoader)
        next(note for note in deck["notes"] if note["id"] == note_id).update(keys)
        path.write_text(yaml.dump(deck, Dumper=yaml.CSafeDumper, sort_keys=False), encoding="utf-8")

    def git(self, *arguments: str) -> None:
        assert execute("git", *arguments, cwd=self.root).code == 0

    def commit(self) -> None:
        if not (self.root / ".git").exists():
            self.git("init", "-q")
            (self.root / ".gitignore").write_text("dist/\n", encoding="utf-8")
        self.git("add", "-A")
        self.git("-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "A state")

    def release(self, version: str, *options: str) -> Ran:
        return run("release", version, "--no-repository", *options)

    def released(self, version: str, *options: str) -> None:
        ran = self.release(version, *options)
        assert ran.code == 0, ran.out + ran.err

    def tree(self) -> dict[str, bytes]:
        """Every file but git's, with its bytes."""
        files = (path for path in self.root.rglob("*") if path.is_file() and ".git" not in path.parts)
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in files}

    def package(self, name: str) -> PackageContents:
        return read_package((self.dist / name).read_bytes())

    def times(self, name: str) -> dict[str, int]:
        """The modification times of a package's notes by id."""
        return {note.fields["ID"]: note.mod for note in self.package(name).notes}

    @property
    def changelog(self) -> str:
        return (self.root / "CHANGELOG.md").read_text(encoding="utf-8")

    @property
    def notes(self) -> str:
        """The release notes."""
        return (self.dist / "RELEASE_NOTES.md").read_text(encoding="utf-8")

    @property
    def record(self) -> dict:
        """release.json."""
        return json.loads((self.dist / "release.json").read_text(encoding="utf-8"))

    @property
    def ledger(self) -> dict:
        return yaml.load((self.decks / "ledger.yaml").read_text(encoding="utf-8"), yaml.CBaseLoader)


# --- edits ------------------------------------------------------------------------------------


def reword(project: Project) -> None:
    project.edit("gas", answer="Carbon dioxide gas")


def add(project: Project) -> None:
    project.write(NOTES + NEW_NOTE)


def move(project: Project) -> None:
    start = NOTES.index("- id: light")
    project.write(NOTES[:start])
    project.write(NOTES[start:], "Second Part", "02-second.yaml")
    project.replace("[First Part]", "[First Part, Second Part]", "collection.yaml")


def retire(project: Project) -> None:
    project.edit("gas", retired=RETIRED)


def swap_decks(project: Project) -> None:
    project.write(NEW_NOTE, "Second Part", "02-second.yaml")
    project.replace("[First Part]", "[Second Part, First Part]", "collection.yaml")
