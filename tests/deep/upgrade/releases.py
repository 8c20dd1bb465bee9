"""Three releases of a small deck, made by the program itself: 1.0.0, 1.1.0 and 1.2.0.

Each note is a story of what can happen to a note; its id names it. `STORIES` says what each release changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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


def question(asked: str, answer: str, **more: object) -> dict[str, object]:
    return {"question": asked, "answer": answer, **more}


LIGHT = question("Which light do leaves reflect most?", "Green light")
SUGAR = "Leaves turn carbon dioxide into {{c1::sugar}}."
OPEN = question("Which cells open the pores of a leaf?", "Guard cells")
STEM = question("Which organ carries the leaves of a plant?", "The stem")
SAP = question("Which tissue carries sap upward?", "Xylem")

# id -> (subdeck, note) in each release; None: not there; a retired note carries its reason.
Story = tuple[tuple[str, dict[str, object]] | None, ...]
STORIES: dict[str, Story] = {
    "steady": ((FIRST, LIGHT),) * 3,
    "steady-cloze": ((FIRST, {"text": SUGAR}),) * 3,
    "steady-reverse": (
        (SECOND, question("Which gas is N2?", "Nitrogen", reverse=question("What is the formula of nitrogen?", "N2"))),
    )
    * 3,
    "corrected-in-1-1": (
        (FIRST, question("Which gas do leaves take up by day?", "Nitrogen")),
        *((FIRST, question("Which gas do leaves take up by day?", "Carbon dioxide")),) * 2,
    ),
    "reworded-in-1-2": (
        *((FIRST, question("What do leaves give off by day?", "Oxygen")),) * 2,
        (FIRST, question("Which gas do leaves give off by day?", "Oxygen")),
    ),
    "corrected-twice": (
        (FIRST, question("Where is chlorophyll kept?", "In the nucleus")),
        (FIRST, question("Where is chlorophyll kept?", "In the vacuole")),
        (FIRST, question("Where is chlorophyll kept?", "In chloroplasts")),
    ),
    "reverted-in-1-2": (
        (FIRST, question("Which organ anchors a plant?", "The root")),
        (FIRST, question("Which organ anchors a plant?", "The rootstock")),
        (FIRST, question("Which organ anchors a plant?", "The root")),
    ),
    "retagged-in-1-1": ((FIRST, OPEN), *((FIRST, {**OPEN, "tags": ["Plants", "Leaves"]}),) * 2),
    "moved-in-1-1": ((FIRST, SAP), (SECOND, SAP), (SECOND, SAP)),
    "deletion-added-in-1-1": (
        (FIRST, {"text": "Roots take up {{c1::water}} and minerals."}),
        *((FIRST, {"text": "Roots take up {{c1::water}} and {{c2::minerals}}."}),) * 2,
    ),
    "reverse-added-in-1-2": (
        *((SECOND, question("Which other name has vitamin C?", "Ascorbic acid")),) * 2,
        (
            SECOND,
            question(
                "Which other name has vitamin C?",
                "Ascorbic acid",
                reverse=question("Which vitamin is ascorbic acid?", "Vitamin C"),
            ),
        ),
    ),
    "deletion-removed-in-1-1": (
        (FIRST, {"text": "Most buds of a tree open in {{c1::spring}}, when days are {{c2::long}} and warm."}),
        *((FIRST, {"text": "Most buds of a tree open in {{c1::spring}}, when days are long and warm."}),) * 2,
    ),
    "reverse-removed-in-1-2": (
        *((SECOND, {**STEM, "reverse": question("What does the stem of a plant carry?", "The leaves")}),) * 2,
        (SECOND, STEM),
    ),
    "retired-in-1-1": (
        (SECOND, question("Which kingdom do fungi belong to?", "Plants")),
        *(
            (
                SECOND,
                question(
                    "Which kingdom do fungi belong to?",
                    "Plants",
                    retired={"version": "1.1.0", "reason": "Fungi are a kingdom of their own.", "see": "new-in-1-1"},
                ),
            ),
        )
        * 2,
    ),
    "retired-in-1-2": (
        *((SECOND, question("How many seed leaves has a lily?", "Two")),) * 2,
        (
            SECOND,
            question(
                "How many seed leaves has a lily?",
                "Two",
                retired={"version": "1.2.0", "reason": "Lilies have one seed leaf."},
            ),
        ),
    ),
    "new-in-1-1": (None, *((SECOND, question("Which cell wall do fungi have?", "One of chitin")),) * 2),
    "new-in-1-2": (None, None, (SECOND, question("Which cell layer makes bark?", "Cork cambium"))),
}


def text_of(story: Story, version: str) -> tuple[str, dict[str, object]] | None:
    """(subdeck, note) of a story in a release."""
    return story[VERSIONS.index(version)]


def is_retired(story: Story, version: str) -> bool:
    told = text_of(story, version)
    return told is not None and "retired" in told[1]


def changed(note_id: str, version: str) -> bool:
    """Whether a release changes what a learner has of a note. Its subdeck counts: a tag names that."""
    told = STORIES[note_id]
    index = VERSIONS.index(version)
    return index == 0 or told[index] != told[index - 1]


def last_changed(note_id: str, version: str) -> str:
    """The release that changed a note last, up to a version; "" for a note that is as it was when new."""
    until = [each for each in VERSIONS[: VERSIONS.index(version) + 1] if text_of(STORIES[note_id], each) is not None]
    return next((each for each in reversed(until[1:]) if changed(note_id, each)), "")


def make(folder: Path) -> dict[str, Release]:
    """The releases by version, in subfolders. Day 0 brings 1.0.0, day 10 and 20 the others."""
    made = {}
    decks = folder / "decks"
    for index, version in enumerate(VERSIONS):
        small_deck.write(decks, files=dict(_files(version)))
        day = 10 * index
        output = folder / version
        with _style(STYLE if version == VERSIONS[2] else ""), pytest.MonkeyPatch.context() as patch:
            patch.setenv("SOURCE_DATE_EPOCH", str(START + day * DAY))
            said = run("release", version, decks, "-o", output, "--no-repository")
        assert said.code == 0, said.out + said.err
        (everyone,) = output.glob(f"*-{version}.apkg")
        update = [*output.glob(f"*-{version}-update.apkg"), everyone][0]  # the first release has nothing to update
        made[version] = Release(
            version, day, everyone, update, *_said((output / "RELEASE_NOTES.md").read_text("utf-8"))
        )
    return made


def _said(notes: str) -> tuple[dict[str, str], dict[str, tuple[int, ...]]]:
    """The searches and the counts of release notes."""
    searches = re.findall(r"(?m)^From (?:any older version|(.*)):\n\n```text\n(.*)\n```", notes)
    first = re.search(r"new here: (\d+) notes imported", notes)
    assert first
    rows = re.findall(r"^\| ([0-9.]+) \| (\d+) \| (\d+) \| (\d+) \|$", notes, re.MULTILINE)
    counts = {had: tuple(map(int, numbers)) for had, *numbers in [("", first[1], 0, 0), *rows]}
    return dict(searches), counts


def _files(version: str) -> Iterator[tuple[str, str]]:
    yield "source.yaml", small_deck.SOURCE.replace("importance: core", "importance: colour")
    for number, deck in enumerate((FIRST, SECOND), 1):
        notes = [
            {"id": note_id, "yield": "supporting", **told[1]}
            for note_id, story in STORIES.items()
            if (told := text_of(story, version)) is not None and told[0] == deck
        ]
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
