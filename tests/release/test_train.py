"""The upgrade train: three releases of a small deck, against learners in the Anki of this environment.

`python tests/deep/train.py` runs the same on older engines and makes the README's table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import deepcopy
from importlib.metadata import version as version_of

import pytest
import train
from program import REPOSITORY
from upgrade import promises
from upgrade.diary import LEARNERS, Diary, Impossible, by_id
from upgrade.learner import OWN_FIELD, OWN_TEXT
from upgrade.releases import STORIES, make


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Diary:
    folder = tmp_path_factory.mktemp("train")
    return train.lived([sys.executable], make(folder), folder / "collections")


@pytest.mark.parametrize("promise", promises.PROMISES, ids=lambda promise: promise.__name__)
def test_an_update_keeps_its_promises(promise: Callable[[Diary], None], lived: Diary) -> None:
    promise(lived)


# --- every check can fail ---------------------------------------------------------------------

# promise, learner, import, the place in the collection after it that goes wrong, and what is there; None: nothing
WRONGS = [
    ("whole", "newcomer to 1.1.0", "1.1.0", "new-in-1-1", None),
    ("whole", "newcomer to 1.1.0", "1.1.0", "corrected-in-1-1/fields/Answer", "Nitrogen"),
    ("whole", "newcomer to 1.1.0", "1.1.0", "moved-in-1-1/cards/0/deck", "Small Deck::01 First Part"),
    ("clean", "follower", "1.1.0", "log/conflicting", 1),
    ("clean", "follower", "1.1.0", "rows", 99),
    ("clean", "follower", "1.1.0", "steady/fields/ID", "steady-cloze"),
    ("clean", "follower", "1.1.0", "schema", 1),
    ("clean", "follower", "1.1.0", "note types", ["Small Deck: cloze+"]),
    ("counts", "updater", "1.1.0", "log/updated", 1),
    ("tagged", "skipper", "1.2.0", "corrected-in-1-1/tags", ["Small::Changed::1.2.0"]),
    ("tagged", "newcomer to 1.1.0", "1.1.0", "steady/tags", ["Small::Changed::1.1.0"]),
    ("new_notes", "follower", "1.1.0", "new-in-1-1/fields/Answer", ""),
    ("new_notes", "follower", "1.1.0", "new-in-1-1/cards/0/deck", "Default"),
    ("new_notes", "follower", "1.1.0", "new-in-1-1/cards/0/queue", -1),
    ("changes", "follower", "1.1.0", "corrected-in-1-1/fields/Answer", "Nitrogen"),
    ("changes", "follower", "1.1.0", "retagged-in-1-1/tags", []),
    ("changes", "follower", "1.1.0", "corrected-in-1-1/cards/0/ivl", 0),
    ("skipping", "skipper", "1.2.0", "corrected-twice/fields/Answer", "In the vacuole"),
    ("skipping", "skipper", "1.2.0", "new-in-1-1", None),
    ("skipping", "skipping updater", "1.2.0", "corrected-twice/cards/0/due", 1_000_000),
    ("schedules", "busy", "1.2.0", "steady/cards/0/queue", 2),
    ("schedules", "busy", "1.1.0", "reviews", []),
    ("schedules", "tagger", "1.1.0", "steady", None),
    ("schedules", "tagger", "1.1.0", "steady/id", 1),
    ("new_cards", "follower", "1.1.0", "deletion-added-in-1-1/cards/1", None),
    ("new_cards", "follower", "1.2.0", "reverse-added-in-1-2/cards/1/queue", -1),
    ("gone_cards", "follower", "1.1.0", "deletion-removed-in-1-1/cards/1", None),
    ("gone_cards", "tidier", "1.2.0", "steady/cards/1", {}),
    ("places", "busy", "1.2.0", "steady/cards/0/deck", "Small Deck::01 First Part"),
    ("places", "follower", "1.2.0", "moved-in-1-1/cards/0/deck", "Small Deck::02 Second Part"),
    ("own_kept", "editor", "1.1.0 on day 15", "steady/fields/Extra", ""),
    ("own_kept", "tagger", "1.1.0", "reworded-in-1-2/tags", []),
    ("own_replaced", "editor", "1.1.0 on day 15", "corrected-in-1-1/fields/Extra", OWN_TEXT),
    ("own_replaced", "tagger after 1.1.0", "1.2.0", "corrected-twice/tags", ["my-own-tag"]),
    ("own_found", "editor", "1.1.0 on day 14", "found", []),
    ("own_found", "editor", "1.2.0 on day 24", "found", [*STORIES]),
    ("own_later", "editor after 1.1.0", "1.1.0", "corrected-in-1-1/fields/Extra", ""),
    ("always", "insistent", "1.1.0", "corrected-in-1-1/fields/Extra", OWN_TEXT),
    ("retired", "follower", "1.1.0", "retired-in-1-1/fields/Notice", "Retired"),
    ("retired", "updater", "1.1.0", "retired-in-1-1/fields/Notice", ""),
    ("retired", "updater", "1.1.0", "retired-in-1-1/tags", []),
    ("retired", "updater", "1.2.0", "retired-in-1-2/fields/Answer", ""),
    ("deleted", "deleter", "1.1.0", "steady/cards/0/reps", 3),
    ("deleted", "deleter of cards", "1.1.0", "steady-reverse/cards/1/queue", -1),
    ("deleted_and_retired", "deleter", "1.1.0", "steady/fields/ID", "retired-in-1-1"),
    ("deleted_and_retired", "deleting updater", "1.1.0", "retired-in-1-1", None),
    ("styles", "follower", "1.2.0", "styles/Small Deck: cloze", ""),
    ("styles", "stylist", "1.1.0", "styles/Small Deck: cloze", ""),
    ("renaming", "rename", "1.1.0", "corrected-in-1-1/fields/Answer", "Nitrogen"),
    ("renaming", "rename", "1.2.0", "log/conflicting", 1),
    ("conflicts", "add", "1.1.0", "log/conflicting", 0),
    ("conflicts", "add, always", "1.1.0", "corrected-in-1-1/fields/Answer", "Carbon dioxide"),
    ("conflicts", "remove", "1.2.0", "new-in-1-2", None),
    ("conflicts", "add template", "1.2.0", "note types", []),
    ("merging", "add, merging", "1.1.0", "corrected-in-1-1/fields/Answer", "Nitrogen"),
    ("merging", "add, merging", "1.2.0", f"steady/fields/{OWN_FIELD}", ""),
    ("merging", "add, merging at last", "1.2.0 on day 26", "log/conflicting", 1),
    ("merging_always", "late, merging", "1.1.0", "log/updated", 1),
    ("merging_always", "remove, merging, always", "1.1.0", "retagged-in-1-1/tags", []),
    ("again", "repeater", "1.1.0 on day 27", "corrected-twice/fields/Answer", "In the vacuole"),
    ("again", "repeater", "1.2.0 on day 26", "steady/cards/0/ivl", 0),
    ("late", "latecomer", "1.2.0", "corrected-twice/fields/Answer", "In the vacuole"),
    ("late_always", "insistent latecomer", "1.2.0", "corrected-twice/fields/Answer", "In the vacuole"),
]


@pytest.mark.parametrize(("promise", "name", "at", "place", "value"), WRONGS)
def test_every_check_sees_what_it_is_for(
    promise: str, name: str, at: str, place: str, value: object, lived: Diary
) -> None:
    diary = lived.held | {name: deepcopy(lived.held[name])}
    wanted, _, day = at.partition(" on day ")
    steps = (n for n, step in enumerate(LEARNERS[name]) if step.version == wanted and day in ("", str(step.day)))
    spoiled = diary[name][next(steps)]
    *path, last = place.split("/")
    if (path or [last])[0] in STORIES:
        spoiled = by_id(spoiled) if path else spoiled["notes"]
        last = last if path else next(guid for guid, note in spoiled.items() if note["fields"]["ID"] == place)
    for key in path:
        spoiled = spoiled[key]
    if value is None:
        del spoiled[last]
    else:
        spoiled[last] = value
    with pytest.raises(AssertionError):
        getattr(promises, promise)(Diary(diary, lived.releases))


def test_every_promise_is_seen_to_fail() -> None:
    assert {wrong[0] for wrong in WRONGS} == {promise.__name__ for promise in promises.PROMISES}


def test_what_an_engine_cannot_do_is_said_not_counted(lived: Diary) -> None:
    cannot = {"impossible": "this Anki has no such choice"}
    diary = lived.held | {"insistent": [*lived.held["insistent"][:-1], cannot]}
    with pytest.raises(Impossible):
        promises.always(Diary(diary, lived.releases))


# --- the table --------------------------------------------------------------------------------


def test_the_table_says_what_this_suite_asserts() -> None:
    """Its rows are the promises, on its newest engine, the first column, every one holds, and that is no newer than
    this one. The README has it.
    """
    text = train.TABLE.read_text(encoding="utf-8")
    newest = next(iter(train.ENGINES))
    wanted = promises.table({newest: ["yes"] * len(promises.PROMISES)}).splitlines()
    lines = text.splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[3:-1]] == list(train.ENGINES)
    assert [row for row, line in zip(wanted, lines, strict=True) if not line.startswith(row)] == []
    assert [int(part) for part in newest.split(".")] <= [int(part) for part in version_of("anki").split(".")]
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert text in readme.partition("\n## What an update keeps\n")[2].partition("\n## ")[0]
