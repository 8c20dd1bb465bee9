"""Who the learners are and what they do on which day; what each one's collection held after each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from upgrade.releases import DAY, START, VERSIONS, Release

Note = dict[str, Any]
Holds = dict[str, Any]


class Step(NamedTuple):
    """What a learner does on a day of the train; an import names a version, a package and options, a search the
    release whose notes name it and the one that the learner has.
    """

    day: int
    do: str
    version: str = ""
    package: str = "everyone"
    update: str = "newer"
    merge: bool = False
    had: str = ""


def _import(day: int, version: str, **options: Any) -> Step:
    return Step(day, "import", version, **options)


def _between(*deeds: Step, skip: bool = False, **options: Any) -> list[Step]:
    """A learner who takes every release five days after it comes out (or skips 1.1.0), and does something."""
    imports = [_import(5, "1.0.0"), _import(15, "1.1.0", **options), _import(25, "1.2.0", **options)]
    return sorted([*(imports[::2] if skip else imports), *deeds], key=lambda step: step.day)


_HABITS = [Step(6, "review"), Step(7, "due"), Step(8, "review"), Step(16, "review")]
_ADDS = Step(9, "add field")

# They changed our note types, on day 9 unless they are late: 1.1.0 comes out on day 10.
CHANGERS: dict[str, list[Step]] = {
    **{who: _between(*_HABITS, Step(9, f"{who} field")) for who in ("add", "remove", "rename")},
    "add template": _between(*_HABITS, Step(9, "add template")),
    "add, always": [_import(5, "1.0.0"), _ADDS, _import(15, "1.1.0", update="always")],
    "add, merging": _between(*_HABITS, _ADDS, merge=True),
    "add, merging at last": [*_between(*_HABITS, _ADDS), _import(26, "1.2.0", merge=True)],
    "add template, merging": _between(*_HABITS, Step(9, "add template"), merge=True),
    **{
        f"{who}, merging{end}": [_import(5, "1.0.0"), deed, _import(15, "1.1.0", update=update, merge=True)]
        for who, deed in (("late", Step(12, "add field")), ("remove", Step(9, "remove field")))
        for end, update in (("", "newer"), (", always", "always"))
    },
}
LEARNERS: dict[str, list[Step]] = {
    **{f"newcomer to {version}": [_import(29, version)] for version in VERSIONS},
    "follower": _between(*_HABITS),
    "skipper": _between(*_HABITS, skip=True),
    "updater": _between(*_HABITS, package="update"),
    "skipping updater": _between(*_HABITS, package="update", skip=True),
    "busy": _between(*_HABITS, Step(9, "suspend"), Step(9, "flag"), Step(9, "move")),
    "editor": _between(
        Step(6, "edit"), *_HABITS, Step(14, "search", "1.1.0", had="1.0.0"), Step(24, "search", "1.2.0", had="1.1.0")
    ),
    "skipping editor": _between(Step(6, "edit"), Step(24, "search", "1.2.0", had="1.0.0"), skip=True),
    "tagger": _between(Step(6, "tag"), *_HABITS),
    "editor after 1.1.0": _between(Step(12, "edit")),
    "tagger after 1.1.0": _between(Step(12, "tag")),
    "insistent": [_import(5, "1.0.0"), Step(12, "edit"), _import(15, "1.1.0", update="always")],
    "stylist": _between(Step(6, "restyle")),
    "deleter": _between(Step(6, "review"), Step(7, "delete")),
    "deleting updater": _between(Step(6, "review"), Step(7, "delete"), package="update"),
    "deleter of cards": _between(Step(6, "review"), Step(7, "delete cards")),
    "repeater": [*_between(*_HABITS), _import(26, "1.2.0"), _import(27, "1.1.0")],
    "latecomer": [_import(5, "1.0.0"), Step(6, "review"), _import(22, "1.1.0"), _import(25, "1.2.0")],
    "insistent latecomer": [_import(5, "1.0.0"), _import(22, "1.1.0"), _import(25, "1.2.0", update="always")],
    "tidier": _between(*_HABITS, Step(26, "empty cards")),
    **CHANGERS,
}


def plan(releases: Mapping[str, Release], folder: str) -> dict[str, Any]:
    """What upgrade/learner.py has to do, in a folder for the collections."""

    def planned(step: Step) -> dict[str, Any]:
        deed: dict[str, Any] = {"do": step.do, "at": START + step.day * DAY}
        if step.do == "import":
            path = getattr(releases[step.version], step.package)
            deed |= {"path": str(path), "update": step.update, "merge": step.merge}
        if step.do == "search":
            searches = releases[step.version].searches
            deed["query"] = searches.get(step.had) or searches[""]
        return deed | ({"ease": step.day} if step.do == "review" else {})

    return {"collections": folder, "learners": {name: list(map(planned, steps)) for name, steps in LEARNERS.items()}}


# --- reading the diary ------------------------------------------------------------------------


class Impossible(Exception):  # noqa: N818 - an answer, not an error
    """An engine that cannot do what the promise is about."""


class Import(NamedTuple):
    """One import of one learner: what the collection held before it ({} at first) and after it."""

    learner: str
    step: Step
    before: Holds
    after: Holds

    def __str__(self) -> str:
        return f"{self.learner}, {self.step.version} on day {self.step.day}"

    @property
    def had(self) -> dict[str, Note]:
        """The notes before it by id."""
        return by_id(self.before) if self.before else {}

    def got(self, note_id: str) -> Note:
        """A note as it is after the import, which must have it."""
        notes = by_id(self.after)
        assert note_id in notes, f"{self}: {note_id} is missing"
        return notes[note_id]


class Diary:
    """What every learner's collection held after each step, on one engine."""

    def __init__(self, diary: Mapping[str, list[Holds]], releases: Mapping[str, Release]) -> None:
        assert diary.keys() == LEARNERS.keys()
        self.held, self.releases = diary, releases

    def steps(self, learner: str) -> Iterator[tuple[Step, Holds]]:
        """The steps of a learner, with what the collection held after each."""
        return zip(LEARNERS[learner], self.held[learner], strict=True)

    def imports(self, *learners: str) -> Iterator[Import]:
        """The imports of some learners, or of all, that the engine could do."""
        for name in learners or LEARNERS:
            before: Holds = {}
            for step, after in self.steps(name):
                if step.do == "import" and "impossible" not in after:
                    yield Import(name, step, before, after)
                before = after

    def one(self, learner: str, version: str) -> Import:
        """A learner's first import of a release."""
        for each in self.imports(learner):
            if each.step.version == version:
                return each
        raise Impossible

    def published(self, version: str) -> dict[str, Note]:
        """The notes of a release by id, as a newcomer gets them."""
        return by_id(self.one(f"newcomer to {version}", version).after)


def by_id(holds: Holds) -> dict[str, Note]:
    return {note["fields"]["ID"]: note for note in holds["notes"].values()}


def ours(note: Note) -> tuple[Any, ...]:
    return note["type"], note["fields"], note["tags"]


def is_new(card: Mapping[str, Any]) -> bool:
    return (card["type"], card["queue"], card["reps"], card["ivl"], card["flags"]) == (0, 0, 0, 0, 0)
