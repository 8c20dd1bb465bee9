"""The upgrade train: three releases of a small deck, against learners in the Anki of this environment.

`python tests/deep/train.py` runs the same on older engines and makes the README's table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from copy import deepcopy
from importlib.metadata import version as version_of
from typing import Any, NamedTuple

import pytest
import train
from program import REPOSITORY, execute
from upgrade import learner
from upgrade.diary import LEARNERS, Diary, Impossible, plan
from upgrade.promises import PROMISES, Promise
from upgrade.releases import Release, make

Holds = dict[str, Any]


class Lived(NamedTuple):
    """What every learner holds after each step, and the releases that they took."""

    diary: dict[str, list[Holds]]
    releases: dict[str, Release]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder = tmp_path_factory.mktemp("train")
    (folder / "collections").mkdir()
    releases = make(folder)
    told = json.dumps(plan(releases, str(folder / "collections")))
    done = execute(sys.executable, learner.__file__, input=told.encode())
    assert done.code == 0, done.err
    return Lived(json.loads(done.out), releases)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.check.__name__)
def test_an_update_keeps_its_promises(promise: Promise, lived: Lived) -> None:
    promise.check(Diary(lived.diary, lived.releases))


# --- every check can fail ---------------------------------------------------------------------


def note(holds: Holds, note_id: str) -> Holds:
    """A note of a collection by its id."""
    (found,) = (each for each in holds["notes"].values() if each["fields"]["ID"] == note_id)
    return found


def lose(note_id: str) -> Callable[[Holds], None]:
    def spoil(holds: Holds) -> None:
        holds["notes"] = {guid: each for guid, each in holds["notes"].items() if each["fields"]["ID"] != note_id}

    return spoil


def write(note_id: str, field: str, text: str) -> Callable[[Holds], None]:
    return lambda holds: note(holds, note_id)["fields"].update({field: text})


def untag(note_id: str) -> Callable[[Holds], None]:
    return lambda holds: note(holds, note_id)["tags"].clear()


def card(note_id: str, **values: object) -> Callable[[Holds], None]:
    return lambda holds: note(holds, note_id)["cards"]["0"].update(values)


def retag(note_id: str, old: str, new: str) -> Callable[[Holds], None]:
    def spoil(holds: Holds) -> None:
        tags = note(holds, note_id)["tags"]
        tags[:] = [tag.replace(old, new) for tag in tags]

    return spoil


def log(**counts: int) -> Callable[[Holds], None]:
    return lambda holds: holds["log"].update(counts)


def second_card(note_id: str, **values: object) -> Callable[[Holds], None]:
    return lambda holds: note(holds, note_id)["cards"]["1"].update(values)


# (check, learner, import, what goes wrong with the collection after it)
WRONGS: list[tuple[str, str, str, Callable[[Holds], Any]]] = [
    ("whole", "newcomer to 1.1.0", "1.1.0", lose("new-in-1-1")),
    ("whole", "newcomer to 1.1.0", "1.1.0", write("corrected-in-1-1", "Answer", "Nitrogen")),
    ("whole", "newcomer to 1.1.0", "1.1.0", card("moved-in-1-1", deck="Small Deck::01 First Part")),
    ("clean", "follower", "1.1.0", log(conflicting=1)),
    ("clean", "follower", "1.1.0", lambda holds: holds.update(rows=holds["rows"] + 1)),
    ("clean", "follower", "1.1.0", write("steady", "ID", "steady-cloze")),
    ("clean", "follower", "1.1.0", lambda holds: holds.update(schema=holds["schema"] + 1)),
    ("clean", "follower", "1.1.0", lambda holds: holds["note types"].append("Small Deck: cloze+")),
    ("counts", "updater", "1.1.0", log(updated=1)),
    ("counts", "skipping updater", "1.2.0", log(duplicate=1)),
    ("tagged", "skipper", "1.2.0", retag("corrected-in-1-1", "::Changed::1.1.0", "::Changed::1.2.0")),
    ("tagged", "newcomer to 1.1.0", "1.1.0", lambda h: note(h, "steady")["tags"].append("Small::Changed::1.1.0")),
    ("new_notes", "follower", "1.1.0", write("new-in-1-1", "Answer", "")),
    ("new_notes", "follower", "1.1.0", card("new-in-1-1", deck="Default")),
    ("new_notes", "follower", "1.1.0", card("new-in-1-1", queue=-1)),
    ("changes", "follower", "1.1.0", write("corrected-in-1-1", "Answer", "Nitrogen")),
    ("changes", "follower", "1.2.0", write("reverted-in-1-2", "Answer", "The rootstock")),
    ("changes", "follower", "1.1.0", untag("retagged-in-1-1")),
    ("changes", "follower", "1.1.0", card("corrected-in-1-1", ivl=0)),
    ("skipping", "skipper", "1.2.0", write("corrected-twice", "Answer", "In the vacuole")),
    ("skipping", "skipper", "1.2.0", lose("new-in-1-1")),
    ("skipping", "skipping updater", "1.2.0", card("corrected-twice", due=1_000_000)),
    ("schedules", "busy", "1.2.0", card("steady", queue=2)),
    ("schedules", "busy", "1.2.0", card("steady", flags=0)),
    ("schedules", "busy", "1.1.0", lambda holds: holds["reviews"].pop()),
    ("schedules", "tagger", "1.1.0", lose("steady")),
    ("schedules", "tagger", "1.1.0", lambda holds: note(holds, "steady").update(id=1)),
    ("new_cards", "follower", "1.1.0", lambda holds: note(holds, "deletion-added-in-1-1")["cards"].pop("1")),
    ("new_cards", "follower", "1.2.0", second_card("reverse-added-in-1-2", queue=-1)),
    ("gone_cards", "follower", "1.1.0", lambda holds: note(holds, "deletion-removed-in-1-1")["cards"].pop("1")),
    ("gone_cards", "tidier", "1.2.0", lambda holds: note(holds, "steady")["cards"].update({"1": {}})),
    ("places", "busy", "1.2.0", card("steady", deck="Small Deck::01 First Part")),
    ("places", "follower", "1.2.0", card("moved-in-1-1", deck="Small Deck::02 Second Part")),
    ("own_kept", "editor", "1.1.0 on day 15", write("steady", "Extra", "")),
    ("own_kept", "tagger", "1.1.0", untag("reworded-in-1-2")),
    ("own_replaced", "editor", "1.1.0 on day 15", write("corrected-in-1-1", "Extra", learner.OWN_TEXT)),
    ("own_replaced", "tagger after 1.1.0", "1.2.0", lambda h: note(h, "corrected-twice")["tags"].append("my-own-tag")),
    ("own_found", "editor", "1.1.0 on day 14", lambda holds: holds["found"].clear()),
    ("own_found", "editor", "1.2.0 on day 24", lambda holds: holds["found"].append("steady")),
    ("own_found", "skipping editor", "1.2.0 on day 24", lambda holds: holds["found"].remove("corrected-in-1-1")),
    ("own_later", "editor after 1.1.0", "1.1.0", write("corrected-in-1-1", "Extra", "")),
    ("always", "insistent", "1.1.0", write("corrected-in-1-1", "Extra", learner.OWN_TEXT)),
    ("retired", "follower", "1.1.0", write("retired-in-1-1", "Notice", "Retired")),
    ("retired", "updater", "1.1.0", write("retired-in-1-1", "Notice", "")),
    ("retired", "updater", "1.1.0", untag("retired-in-1-1")),
    ("retired", "updater", "1.2.0", write("retired-in-1-2", "Answer", "")),
    ("retired", "updater", "1.1.0", lose("retired-in-1-1")),
    ("deleted", "deleter", "1.1.0", card("steady", reps=3)),
    ("deleted", "deleter of cards", "1.1.0", second_card("steady-reverse", queue=-1)),
    ("deleted_and_retired", "deleter", "1.1.0", lambda h: note(h, "steady")["fields"].update(ID="retired-in-1-1")),
    ("deleted_and_retired", "deleting updater", "1.1.0", lose("retired-in-1-1")),
    ("styles", "follower", "1.2.0", lambda holds: holds["styles"].update({"Small Deck: cloze": ""})),
    ("styles", "stylist", "1.1.0", lambda holds: holds["styles"].update({"Small Deck: cloze": ""})),
    ("renaming", "rename", "1.1.0", write("corrected-in-1-1", "Answer", "Nitrogen")),
    ("renaming", "rename", "1.2.0", log(conflicting=1)),
    ("conflicts", "add", "1.1.0", log(conflicting=0)),
    ("conflicts", "add, always", "1.1.0", write("corrected-in-1-1", "Answer", "Carbon dioxide")),
    ("conflicts", "remove", "1.2.0", lose("new-in-1-2")),
    ("conflicts", "add template", "1.2.0", lambda holds: holds["note types"].clear()),
    ("merging", "add, merging", "1.1.0", write("corrected-in-1-1", "Answer", "Nitrogen")),
    ("merging", "add, merging", "1.2.0", write("steady", learner.OWN_FIELD, "")),
    ("merging", "add, merging at last", "1.2.0 on day 26", log(conflicting=1)),
    ("merging_always", "late, merging", "1.1.0", log(updated=1)),
    ("merging_always", "remove, merging, always", "1.1.0", untag("retagged-in-1-1")),
    ("again", "repeater", "1.1.0 on day 27", write("corrected-twice", "Answer", "In the vacuole")),
    ("again", "repeater", "1.2.0 on day 26", card("steady", ivl=0)),
    ("late", "latecomer", "1.2.0", write("corrected-twice", "Answer", "In the vacuole")),
    ("late_always", "insistent latecomer", "1.2.0", write("corrected-twice", "Answer", "In the vacuole")),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: f"{wrong[0]}-{WRONGS.index(wrong)}")
def test_every_check_sees_what_it_is_for(wrong: tuple[str, str, str, Callable[[Holds], Any]], lived: Lived) -> None:
    check, name, at, spoil = wrong
    diary = lived.diary | {name: deepcopy(lived.diary[name])}
    wanted, _, day = at.partition(" on day ")
    steps = (n for n, step in enumerate(LEARNERS[name]) if step.version == wanted and day in ("", str(step.day)))
    spoil(diary[name][next(steps)])
    (promise,) = (each for each in PROMISES if each.check.__name__ == check)
    with pytest.raises(AssertionError):
        promise.check(Diary(diary, lived.releases))


def test_every_promise_is_seen_to_fail() -> None:
    assert {wrong[0] for wrong in WRONGS} == {promise.check.__name__ for promise in PROMISES}


def test_what_an_engine_cannot_do_is_said_not_counted(lived: Lived) -> None:
    cannot = {"impossible": "this Anki has no such choice"}
    diary = lived.diary | {"insistent": [*lived.diary["insistent"][:-1], cannot]}
    (always,) = (promise for promise in PROMISES if promise.check.__name__ == "always")
    with pytest.raises(Impossible):
        always.check(Diary(diary, lived.releases))


# --- the table --------------------------------------------------------------------------------


def test_the_table_says_what_this_suite_asserts() -> None:
    """Its rows are the promises, and on its newest engine, the first column, every one holds."""
    head, _, *rows = train.TABLE.read_text(encoding="utf-8").splitlines()
    assert [cell.strip() for cell in head.split("|")[3:-1]] == list(train.ENGINES)
    assert [row.split(" | ")[:3] for row in rows] == [
        [f"| {promise.case}", promise.outcome, "yes"] for promise in PROMISES
    ]


def test_the_newest_engine_of_the_table_is_not_newer_than_this_one() -> None:
    newest, *_ = train.ENGINES
    assert [int(part) for part in newest.split(".")] <= [int(part) for part in version_of("anki").split(".")]


def test_the_readme_has_the_table() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    _, _, section = readme.partition("\n## What an update keeps\n")
    section = section.partition("\n## ")[0]
    assert train.TABLE.read_text(encoding="utf-8") in section
