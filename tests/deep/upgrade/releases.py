"""Three releases of a small deck, made by the program itself: 1.0.0, 1.1.0 and 1.2.0.

Each note is a story of what can happen to a note; its id names it. `STORIES` says what each release changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import small_deck
import yaml
from program import run

from ketamine_anki.anki import notetypes

DAY = 86_400
START = 1_767_225_600  # 2026-01-01
VERSIONS = ("1.0.0", "1.1.0", "1.2.0")
FIRST, SECOND = "First Part", "Second Part"
STYLE = "\n.card { letter-spacing: 0.01em; }\n"  # what 1.2.0 adds to the style of both note types


class Release(NamedTuple):
    """One release: its day in the train, the package for everyone, the one for those who update, and what its notes
    say: how to find one's own words before the import ("" is any older version), and what Anki counts then, by the
    version that one has.
    """

    version: str
    day: int
    everyone: Path
    update: Path
    searches: dict[str, str]
    counts: dict[str, tuple[int, ...]]


Note = dict[str, Any]


def question(asked: str, answer: str, **more: object) -> Note:
    return {"question": asked, "answer": answer, **more}


def story(*changes: Note) -> list[Note | None]:
    """A note in each release, None before it is new, from what each release changes of it."""
    states: list[Note] = [{}]
    for change in (*changes, {}, {})[: len(VERSIONS)]:
        states.append(states[-1] | change)
    return [{"deck": FIRST} | state if state else None for state in states[1:]]


VITAMIN = question("Which vitamin is ascorbic acid?", "Vitamin C")
STEM = question("What does the stem of a plant carry?", "The leaves")
FUNGI = {"version": "1.1.0", "reason": "Fungi are a kingdom of their own.", "see": "new-in-1-1"}
LILY = {"version": "1.2.0", "reason": "Lilies have one seed leaf."}

# id -> the note in each release; None: not there
STORIES = {
    "steady": story(question("Which light do leaves reflect most?", "Green light")),
    "steady-cloze": story({"text": "Leaves turn carbon dioxide into {{c1::sugar}}."}),
    "steady-reverse": story(
        question(
            "Which gas is N2?", "Nitrogen", deck=SECOND, reverse=question("What is the formula of nitrogen?", "N2")
        )
    ),
    "corrected-in-1-1": story(
        question("Which gas do leaves take up by day?", "Nitrogen"), {"answer": "Carbon dioxide"}
    ),
    "reworded-in-1-2": story(
        question("What do leaves give off by day?", "Oxygen"), {}, {"question": "Which gas do leaves give off by day?"}
    ),
    "corrected-twice": story(
        question("Where is chlorophyll kept?", "In the nucleus"),
        {"answer": "In the vacuole"},
        {"answer": "In chloroplasts"},
    ),
    "reverted-in-1-2": story(
        question("Which organ anchors a plant?", "The root"), {"answer": "The rootstock"}, {"answer": "The root"}
    ),
    "retagged-in-1-1": story(
        question("Which cells open the pores of a leaf?", "Guard cells"), {"tags": ["Plants", "Leaves"]}
    ),
    "moved-in-1-1": story(question("Which tissue carries sap upward?", "Xylem"), {"deck": SECOND}),
    "deletion-added-in-1-1": story(
        {"text": "Roots take up {{c1::water}} and minerals."},
        {"text": "Roots take up {{c1::water}} and {{c2::minerals}}."},
    ),
    "reverse-added-in-1-2": story(
        question("Which other name has vitamin C?", "Ascorbic acid", deck=SECOND), {}, {"reverse": VITAMIN}
    ),
    "deletion-removed-in-1-1": story(
        {"text": "Most buds of a tree open in {{c1::spring}}, when days are {{c2::long}} and warm."},
        {"text": "Most buds of a tree open in {{c1::spring}}, when days are long and warm."},
    ),
    "reverse-removed-in-1-2": story(
        question("Which organ carries the leaves of a plant?", "The stem", deck=SECOND, reverse=STEM),
        {},
        {"reverse": ""},
    ),
    "retired-in-1-1": story(question("Which kingdom do fungi belong to?", "Plants", deck=SECOND), {"retired": FUNGI}),
    "retired-in-1-2": story(question("How many seed leaves has a lily?", "Two", deck=SECOND), {}, {"retired": LILY}),
    "new-in-1-1": story({}, question("Which cell wall do fungi have?", "One of chitin", deck=SECOND)),
    "new-in-1-2": story({}, {}, question("Which cell layer makes bark?", "Cork cambium", deck=SECOND)),
}


def told(note_id: str, version: str) -> Note | None:
    """A note as it is written in a release."""
    return STORIES[note_id][VERSIONS.index(version)]


def retired_in(version: str) -> set[str]:
    """The ids of the notes that are retired in a release."""
    return {note_id for note_id in STORIES if "retired" in (told(note_id, version) or {})}


def changed(note_id: str, version: str) -> bool:
    """Whether a release changes what a learner has of a note. Its subdeck counts: a tag names that."""
    index = VERSIONS.index(version)
    return index == 0 or STORIES[note_id][index] != STORIES[note_id][index - 1]


def last_changed(note_id: str, version: str) -> str:
    """The release that changed a note last, up to a version; "" for a note that is as it was when new."""
    until = [each for each in VERSIONS[: VERSIONS.index(version) + 1] if told(note_id, each)]
    return next((each for each in reversed(until[1:]) if changed(note_id, each)), "")


def make(folder: Path) -> dict[str, Release]:
    """The releases by version, in subfolders. Day 0 brings 1.0.0, day 10 and 20 the others."""
    made = {}
    decks = folder / "decks"
    for index, version in enumerate(VERSIONS):
        small_deck.write(decks, files=dict(_files(version)))
        output, day = folder / version, 10 * index
        with _style(STYLE if version == VERSIONS[2] else ""), pytest.MonkeyPatch.context() as patch:
            patch.setenv("SOURCE_DATE_EPOCH", str(START + day * DAY))
            ran = run("release", version, decks, "-o", output, "--no-repository")
        assert ran.code == 0, ran.out + ran.err
        (everyone,) = output.glob(f"*-{version}.apkg")
        update = [*output.glob(f"*-{version}-update.apkg"), everyone][0]  # the first release has nothing to update
        notes = (output / "RELEASE_NOTES.md").read_text("utf-8")
        searches = dict(re.findall(r"(?m)^From (?:any older version|(.*)):\n\n```text\n(.*)\n```", notes))
        newcomers = re.findall(r"new here: (\d+) notes imported", notes)
        rows = re.findall(r"(?m)^\| ([0-9.]+) \| (\d+) \| (\d+) \| (\d+) \|$", notes)
        counts = {had: tuple(map(int, numbers)) for had, *numbers in [("", *newcomers, 0, 0), *rows]}
        made[version] = Release(version, day, everyone, update, searches, counts)
    return made


def _files(version: str) -> Iterator[tuple[str, str]]:
    yield "source.yaml", small_deck.SOURCE.replace("importance: core", "importance: colour")
    for number, deck in enumerate((FIRST, SECOND), 1):
        states = ({"id": note_id, "yield": "supporting"} | (told(note_id, version) or {}) for note_id in STORIES)
        notes = [note for note in states if note.pop("deck", "") == deck]
        yield f"{number:02d}.yaml", small_deck.deck(yaml.safe_dump(notes, sort_keys=False), deck)


@contextmanager
def _style(added: str) -> Iterator[None]:
    """The program with something added to its style sheet, as a later version of it would have."""
    real = notetypes._text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notetypes, "_text", lambda name: real(name) + (added if name == "style.css" else ""))
        notetypes._note_types.cache_clear()
        yield
    notetypes._note_types.cache_clear()
