"""What an update promises to learners: who they are, what they do, and what must then be so.

`PROMISES` are the rows of the README's table "What an update keeps"; each has a check that raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from upgrade.learner import OWN_DECK, OWN_FIELD, OWN_STYLE, OWN_TAG, OWN_TEXT
from upgrade.releases import DAY, START, STORIES, VERSIONS, Release, changed, is_retired, last_changed, text_of

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


def _search(day: int, version: str, had: str) -> Step:
    return Step(day, "search", version, had=had)


def _import(day: int, version: str, package: str = "everyone", update: str = "newer", merge: bool = False) -> Step:
    return Step(day, "import", version, package, update, merge)


def _between(*deeds: Step, package: str = "everyone", skip: bool = False, merge: bool = False) -> list[Step]:
    """A learner who takes every release five days after it comes out (or skips 1.1.0), and does something."""
    imports = [_import(5, "1.0.0"), _import(25, "1.2.0", package, merge=merge)]
    if not skip:
        imports.append(_import(15, "1.1.0", package, merge=merge))
    return sorted([*imports, *deeds], key=lambda step: step.day)


_HABITS = [Step(6, "review"), Step(7, "due"), Step(8, "review"), Step(16, "review")]

# They changed our note types, on day 9 unless they are late: 1.1.0 comes out on day 10.
CHANGERS: dict[str, list[Step]] = {
    **{who: _between(*_HABITS, Step(9, f"{who} field"), merge=False) for who in ("add", "remove", "rename")},
    "add template": _between(*_HABITS, Step(9, "add template")),
    "add, always": [_import(5, "1.0.0"), Step(9, "add field"), _import(15, "1.1.0", update="always")],
    "add, merging": _between(*_HABITS, Step(9, "add field"), merge=True),
    "add, merging at last": [*_between(*_HABITS, Step(9, "add field")), _import(26, "1.2.0", merge=True)],
    "add template, merging": _between(*_HABITS, Step(9, "add template"), merge=True),
    **{
        f"{who}, merging{', always' if update == 'always' else ''}": [
            _import(5, "1.0.0"), *deeds, _import(15, "1.1.0", update=update, merge=True)
        ]
        for who, deeds in {"late": [Step(12, "add field")], "remove": [Step(9, "remove field")]}.items()
        for update in ("newer", "always")
    },
}  # fmt: skip
LEARNERS: dict[str, list[Step]] = {
    **{f"newcomer to {version}": [_import(29, version)] for version in VERSIONS},
    "follower": _between(*_HABITS),
    "skipper": _between(*_HABITS, skip=True),
    "updater": _between(*_HABITS, package="update"),
    "skipping updater": _between(*_HABITS, package="update", skip=True),
    "busy": _between(*_HABITS, Step(9, "suspend"), Step(9, "flag"), Step(9, "move")),
    "editor": _between(Step(6, "edit"), *_HABITS, _search(14, "1.1.0", "1.0.0"), _search(24, "1.2.0", "1.1.0")),
    "skipping editor": _between(Step(6, "edit"), _search(24, "1.2.0", "1.0.0"), skip=True),
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
    """What upgrade/learner.py is told to do, in a folder for the collections."""

    def told(step: Step) -> dict[str, Any]:
        said: dict[str, Any] = {"do": step.do, "at": START + step.day * DAY}
        if step.do == "import":
            release = releases[step.version]
            said |= {"path": str(getattr(release, step.package)), "update": step.update, "merge": step.merge}
        if step.do == "search":
            searches = releases[step.version].searches
            said["query"] = searches.get(step.had) or searches[""]
        return said | ({"ease": step.day} if step.do == "review" else {})

    return {"collections": folder, "learners": {name: list(map(told, steps)) for name, steps in LEARNERS.items()}}


# --- reading the diary ------------------------------------------------------------------------


class Impossible(Exception):  # noqa: N818 - an answer, not an error
    """An engine that cannot do what the promise is about."""


class Import(NamedTuple):
    """One import of one learner: what the collection held before it (None: nothing) and after it."""

    learner: str
    step: Step
    before: Holds | None
    after: Holds

    def __str__(self) -> str:
        return f"{self.learner}, {self.step.version} on day {self.step.day}"

    def got(self, guid: str) -> Note:
        """A note as it is after the import, which must have it."""
        assert guid in self.after["notes"], f"{self}: a note is missing"
        return self.after["notes"][guid]


class Diary:
    """What every learner's collection held after each step, on one engine."""

    def __init__(self, diary: Mapping[str, list[Holds]], releases: Mapping[str, Release]) -> None:
        assert diary.keys() == LEARNERS.keys()
        self._diary, self.releases = diary, releases

    def imports(self, *learners: str) -> Iterator[Import]:
        """The imports of some learners, or of all, that the engine could do."""
        for name in learners or LEARNERS:
            before = None
            for step, after in self.steps(name):
                if step.do == "import" and "impossible" not in after:
                    yield Import(name, step, before, after)
                before = after

    def steps(self, learner: str) -> Iterator[tuple[Step, Holds]]:
        """The steps of a learner, with what the collection held after each."""
        return zip(LEARNERS[learner], self._diary[learner], strict=True)

    def last(self, learner: str) -> Holds:
        """What a learner's collection held at the end."""
        return self._diary[learner][-1]

    def ids(self, version: str) -> set[str]:
        """The ids of the notes of a release."""
        return {_id(note) for note in self.published(version).values()}

    def one(self, learner: str, version: str) -> Import:
        """A learner's first import of a release."""
        for found in self.imports(learner):
            if found.step.version == version:
                return found
        raise Impossible

    def published(self, version: str) -> dict[str, Note]:
        """The notes of a release by GUID, as a newcomer gets them."""
        return self.one(f"newcomer to {version}", version).after["notes"]


def _id(note: Note) -> str:
    return note["fields"]["ID"]


def _ours(note: Note) -> tuple[Any, ...]:
    return note["type"], note["fields"], note["tags"]


def _is_new(card: Mapping[str, Any]) -> bool:
    return (card["type"], card["queue"], card["reps"], card["ivl"], card["flags"]) == (0, 0, 0, 0, 0)


def _schedule_kept(found: Import) -> None:
    """Every card that was there is there, in its deck, with its schedule; every review too."""
    assert found.before is not None
    for guid, note in found.before["notes"].items():
        after = found.got(guid)
        assert after["id"] == note["id"], f"{found}: {_id(note)} became another note"
        for ordinal, card in note["cards"].items():
            assert after["cards"].get(ordinal) == card, f"{found}: card {ordinal} of {_id(note)} changed"
    reviews = found.before["reviews"]
    assert found.after["reviews"] == reviews, f"{found}: reviews changed"


# --- the promises -----------------------------------------------------------------------------


def whole(diary: Diary) -> None:
    """A newcomer gets exactly the notes of the release, in their subdecks."""
    for version in VERSIONS:
        live = {note_id for note_id, story in STORIES.items() if text_of(story, version)}
        live -= {note_id for note_id, story in STORIES.items() if is_retired(story, version)}
        notes = {_id(note): note for note in diary.published(version).values()}
        assert notes.keys() == live, f"{version}: {notes.keys() ^ live}"
        for note_id, note in notes.items():
            told = text_of(STORIES[note_id], version)
            assert told is not None
            deck, written = told
            shown = [str(written.get("answer") or written["text"])]
            shown += [written["reverse"]["question"]] if "reverse" in written else []
            wanted = f"{written.get('question', '')} {' '.join(shown)}".split()
            text = " ".join(note["fields"].values())
            assert all(word in text for word in wanted), f"{version}: {note_id} has other words"
            assert all(card["deck"].endswith(deck) and _is_new(card) for card in note["cards"].values()), note_id


def clean(diary: Diary) -> None:
    for found in diary.imports(*(LEARNERS.keys() - CHANGERS.keys())):
        after, log = found.after, found.after["log"]
        skipped = {kind: count for kind, count in log.items() if count and kind not in ("new", "updated", "duplicate")}
        assert not skipped, f"{found}: {skipped}"
        assert after["rows"] == len(after["notes"]), f"{found}: two notes with one GUID"
        ids = [_id(note) for note in after["notes"].values()]
        assert len(ids) == len(set(ids)), f"{found}: a duplicate"
        assert after["schema"] == after["schema before"], f"{found}: the next sync would be a full one"
        if found.before is not None:
            assert after["note types"] == found.before["note types"], f"{found}: another note type"


def counts(diary: Diary) -> None:
    for learner in (*(f"newcomer to {version}" for version in VERSIONS), "updater", "skipping updater"):
        had = ""
        for found in diary.imports(learner):
            log = tuple(found.after["log"][kind] for kind in ("new", "updated", "duplicate"))
            announced = diary.releases[found.step.version].counts[had]
            assert log == announced, f"{found}: the notes announce {announced}, Anki counts {log}"
            had = found.step.version


def tagged(diary: Diary) -> None:
    for learner in ("follower", "updater", "skipper", "busy", *(f"newcomer to {version}" for version in VERSIONS)):
        for found in diary.imports(learner):
            for guid in diary.published(found.step.version):
                note = found.got(guid)
                version = last_changed(_id(note), found.step.version)
                tags = [tag for tag in note["tags"] if "::Changed::" in tag]
                assert tags == ([f"Small::Changed::{version}"] if version else []), f"{found}: {_id(note)} has {tags}"


def new_notes(diary: Diary) -> None:
    for found in diary.imports("follower", "skipper", "updater", "skipping updater", "busy", "latecomer"):
        published = diary.published(found.step.version)
        arrived = published.keys() - (found.before["notes"] if found.before else {}).keys()
        assert arrived, str(found)
        for guid in arrived:
            got = found.got(guid)
            assert _ours(got) == _ours(published[guid]), f"{found}: {_id(got)}"
            assert got["cards"].keys() == published[guid]["cards"].keys(), f"{found}: {_id(got)}"
            for ordinal, card in got["cards"].items():
                assert _is_new(card), f"{found}: {_id(got)}"
                assert card["deck"] == published[guid]["cards"][ordinal]["deck"], f"{found}: {_id(got)}"


def changes(diary: Diary) -> None:
    for found in diary.imports("follower", "updater", "busy"):
        for guid, note in diary.published(found.step.version).items():
            assert _ours(found.got(guid)) == _ours(note), f"{found}: {_id(note)}"
        if found.before is not None:
            _schedule_kept(found)


def skipping(diary: Diary) -> None:
    for skipper, follower in (("skipper", "follower"), ("skipping updater", "updater")):
        found, other = diary.one(skipper, "1.2.0"), diary.one(follower, "1.2.0")
        for guid, note in diary.published("1.2.0").items():
            assert _ours(found.got(guid)) == _ours(note), f"{found}: {_id(note)}"
        missed = {_id(note) for guid, note in other.after["notes"].items() if guid not in found.after["notes"]}
        assert not missed, f"{found}: {missed} are missing"
        _schedule_kept(found)


def schedules(diary: Diary) -> None:
    for found in diary.imports():
        if found.before is not None:
            _schedule_kept(found)
    reviewed = diary.one("busy", "1.1.0").after
    cards = [card for note in reviewed["notes"].values() for card in note["cards"].values() if not _is_new(card)]
    assert len(reviewed["reviews"]) > len(cards) > 10, "the learner reviewed nothing: the test shows nothing"
    assert all(card["queue"] == -1 and card["flags"] == 3 and card["ivl"] for card in cards)


def new_cards(diary: Diary) -> None:
    for version, note_id, ordinal in (("1.1.0", "deletion-added-in-1-1", "1"), ("1.2.0", "reverse-added-in-1-2", "1")):
        for learner in ("follower", "updater", "editor", "latecomer", "busy"):
            found = diary.one(learner, version)
            assert found.before is not None
            (guid,) = (guid for guid, note in found.before["notes"].items() if _id(note) == note_id)
            assert ordinal not in found.before["notes"][guid]["cards"]
            got = found.got(guid)["cards"]
            assert ordinal in got, f"{found}: {note_id} got no new card"
            assert _is_new(got[ordinal]), str(found)
            assert got["0"] == found.before["notes"][guid]["cards"]["0"], str(found)


def gone_cards(diary: Diary) -> None:
    for version, note_id in (("1.1.0", "deletion-removed-in-1-1"), ("1.2.0", "reverse-removed-in-1-2")):
        for learner in ("follower", "tidier"):
            found = diary.one(learner, version)
            (guid,) = (guid for guid, note in found.after["notes"].items() if _id(note) == note_id)
            assert found.got(guid)["cards"].keys() == {"0", "1"}, f"{found}: the second card of {note_id} is gone"
    before, after = diary.one("tidier", "1.2.0").after["notes"], diary.last("tidier")["notes"]
    removed = {f"{_id(note)} {n}" for guid, note in before.items() for n in note["cards"].keys() - after[guid]["cards"]}
    assert removed == {"deletion-removed-in-1-1 1", "reverse-removed-in-1-2 1"}, removed


def places(diary: Diary) -> None:
    held = diary.one("busy", "1.2.0").after["notes"]
    taken = diary.one("busy", "1.0.0").after["notes"].keys()
    for guid in taken:
        decks = {card["deck"] for ordinal, card in held[guid]["cards"].items() if ordinal == "0"}
        assert decks == {OWN_DECK}, f"{_id(held[guid])} is in {decks}"
    for learner, part in (("follower", "First Part"), ("newcomer to 1.2.0", "Second Part")):
        notes = diary.one(learner, "1.2.0").after["notes"].values()
        (moved,) = (note for note in notes if _id(note) == "moved-in-1-1")
        assert moved["cards"]["0"]["deck"].endswith(part), f"{learner} has it in {moved['cards']['0']['deck']}"


def _is_own(note: Note) -> tuple[bool, bool]:
    return note["fields"]["Extra"] == OWN_TEXT, OWN_TAG in note["tags"]


def _touched(diary: Diary, learner: str, version: str, check: Callable[[Import, Note, Note], None]) -> None:
    """Calls `check` with each note that the learner changed before an import and that the release holds."""
    found = diary.one(learner, version)
    assert found.before is not None
    own = [guid for guid, note in found.before["notes"].items() if any(_is_own(note))]
    assert own, f"{found}: the learner changed nothing"
    published = diary.published(version)
    for guid in own:
        if guid in published:
            check(found, found.before["notes"][guid], found.got(guid))


def own_kept(diary: Diary) -> None:
    def check(found: Import, before: Note, after: Note) -> None:
        if not changed(_id(after), found.step.version):
            assert _ours(after) == _ours(before), f"{found}: {_id(after)} lost the learner's own"

    for learner in ("editor", "tagger"):
        _touched(diary, learner, "1.1.0", check)
        _touched(diary, learner, "1.2.0", check)


def own_replaced(diary: Diary) -> None:
    def check(found: Import, before: Note, after: Note) -> None:
        if changed(_id(after), found.step.version):
            published = {_id(note): note for note in diary.published(found.step.version).values()}
            assert _ours(after) == _ours(published[_id(after)]), f"{found}: {_id(after)} missed its correction"

    for learner in ("editor", "tagger", "editor after 1.1.0", "tagger after 1.1.0"):
        for version in VERSIONS[1:] if "after" not in learner else VERSIONS[2:]:
            _touched(diary, learner, version, check)


def own_found(diary: Diary) -> None:
    """The search finds what the learner had written on notes that the import then replaces, in what it does replace."""
    for learner in ("editor", "skipping editor"):
        steps = [*diary.steps(learner)]
        for (step, held), (_, after) in pairwise(steps):
            if step.do == "search":
                lost = {
                    _id(note)
                    for guid, note in held["notes"].items()
                    if _is_own(note)[0] and not _is_own(after["notes"][guid])[0]
                }
                assert lost, f"{learner}, {step.version}: the learner lost nothing: the test shows nothing"
                found = {note_id for note_id in held["found"] if not is_retired(STORIES[note_id], step.version)}
                assert found == lost, f"{learner}, {step.version}: {found ^ lost}"


def own_later(diary: Diary) -> None:
    def check(found: Import, before: Note, after: Note) -> None:
        assert _ours(after) == _ours(before), f"{found}: {_id(after)} lost the learner's own"

    _touched(diary, "editor after 1.1.0", "1.1.0", check)
    _touched(diary, "tagger after 1.1.0", "1.1.0", check)


def always(diary: Diary) -> None:
    found = diary.one("insistent", "1.1.0")
    for guid, note in diary.published("1.1.0").items():
        assert _ours(found.got(guid)) == _ours(note), f"{found}: {_id(note)} did not arrive"


def retired(diary: Diary) -> None:
    for version in VERSIONS[1:]:
        gone = {note_id for note_id, story in STORIES.items() if is_retired(story, version)}
        for learner in ("follower", "updater"):
            found = diary.one(learner, version)
            assert found.before is not None
            _schedule_kept(found)
            old = {_id(note): note for note in found.before["notes"].values()}
            for note in found.after["notes"].values():
                if _id(note) in gone:
                    _retired(found, old[_id(note)], note, notice=learner == "updater")


def _retired(found: Import, before: Note, after: Note, notice: bool) -> None:
    what = f"{found}: {_id(after)}"
    if not notice:
        assert _ours(after) == _ours(before), what
        return
    written = STORIES[_id(after)][-1]
    assert written is not None
    told = written[1]["retired"]
    assert told["reason"] in after["fields"]["Notice"], what
    assert f"Small::Retired::{told['version']}" in after["tags"], what
    successor = STORIES.get(told.get("see"))
    assert not successor or str(successor[-1][1]["question"]) in after["fields"]["Notice"], what
    rest = [{name: text for name, text in note["fields"].items() if name != "Notice"} for note in (before, after)]
    assert rest[0] == rest[1], what


def deleted(diary: Diary) -> None:
    for learner, version in (("deleter", "1.1.0"), ("deleter of cards", "1.1.0")):
        found = diary.one(learner, version)
        assert found.before is not None
        for guid, note in diary.published(version).items():
            missing = note["cards"].keys() - found.before["notes"].get(guid, {"cards": {}})["cards"].keys()
            got = found.got(guid)["cards"]
            assert missing <= got.keys(), f"{found}: a card of {_id(note)} is missing"
            assert all(_is_new(got[ordinal]) for ordinal in missing), f"{found}: {_id(note)}"
    assert any("1" not in note["cards"] for note in diary.one("deleter of cards", "1.1.0").before["notes"].values())


def deleted_and_retired(diary: Diary) -> None:
    for learner, back in (("deleter", False), ("deleting updater", True)):
        found = diary.one(learner, "1.1.0")
        notes = {_id(note): note for note in found.after["notes"].values()}
        assert ("retired-in-1-1" in notes) is back, str(found)
        if back:
            assert notes["retired-in-1-1"]["fields"]["Notice"], str(found)


def styles(diary: Diary) -> None:
    for learner in ("follower", "skipper", "stylist"):
        got = diary.one(learner, "1.2.0").after["styles"]
        assert got == diary.one("newcomer to 1.2.0", "1.2.0").after["styles"], f"{learner} has another style"
    ours = diary.one("newcomer to 1.1.0", "1.1.0").after["styles"]
    assert ours != got, "the style never changed: the test shows nothing"
    kept = diary.one("stylist", "1.1.0").after["styles"]
    assert kept == {name: css + OWN_STYLE for name, css in ours.items()}, "the learner's own style is gone"


def _conflicts(diary: Diary, learner: str) -> None:
    """What came with the release arrives, what was there stays as it was, and a second note type appears."""
    for found in diary.imports(learner):
        if found.before is not None:
            assert found.after["log"]["conflicting"], f"{found}: nothing was skipped"
            touched = {note["type"] for note in found.before["notes"].values()} - {"Small Deck: cloze"}
            for guid, note in found.before["notes"].items():
                kept = found.got(guid)["fields"] == note["fields"] and found.got(guid)["tags"] == note["tags"]
                assert kept or note["type"] not in touched, f"{found}: {_id(note)}"
            assert diary.published(found.step.version).keys() <= found.after["notes"].keys(), (
                f"{found}: a note is missing"
            )
            assert len(found.after["note types"]) > len(diary.one(learner, "1.0.0").after["note types"]), str(found)


def conflicts(diary: Diary) -> None:
    for learner in ("add", "add template", "remove"):
        _conflicts(diary, learner)
    _conflicts(diary, "add, always")


def _arrives(diary: Diary, found: Import) -> None:
    for guid, note in diary.published(found.step.version).items():
        got = found.got(guid)
        fields = {name: text for name, text in got["fields"].items() if name in note["fields"]}
        assert (fields, got["tags"]) == (note["fields"], note["tags"]), f"{found}: {_id(note)} missed its correction"


def merging(diary: Diary) -> None:
    imports = [
        *(diary.one(who, version) for who in ("add, merging", "add template, merging") for version in VERSIONS[1:]),
        [*diary.imports("add, merging at last")][-1],
    ]
    for found in imports:
        assert not found.after["log"]["conflicting"], str(found)
        _arrives(diary, found)
        for guid in diary.published(found.step.version):
            note = found.got(guid)
            since = _id(note) in diary.ids("1.0.0") and not last_changed(_id(note), found.step.version)
            assert note["fields"].get(OWN_FIELD, OWN_TEXT if since else "") == (OWN_TEXT if since else ""), (
                f"{found}: the own field of {_id(note)}"
            )


def merging_always(diary: Diary) -> None:
    for who in ("late", "remove"):
        found = diary.one(f"{who}, merging", "1.1.0")
        assert not found.after["log"]["updated"], f"{found}: corrections arrived"
        _arrives(diary, diary.one(f"{who}, merging, always", "1.1.0"))


def renaming(diary: Diary) -> None:
    for version in VERSIONS[1:]:
        found = diary.one("rename", version)
        assert not found.after["log"]["conflicting"], str(found)
        for guid, note in diary.published(version).items():
            texts = {name: text for name, text in found.got(guid)["fields"].items() if name not in (OWN_FIELD, "Spare")}
            assert texts.items() <= note["fields"].items(), f"{found}: {_id(note)} missed its correction"


def again(diary: Diary) -> None:
    *_, last, same, older = diary.imports("repeater")
    assert (last.step.version, same.step.version, older.step.version) == ("1.2.0", "1.2.0", "1.1.0")
    for key in ("notes", "reviews", "styles", "note types"):
        assert same.after[key] == last.after[key], f"importing 1.2.0 again changed {key}"
    for guid, note in last.after["notes"].items():
        assert older.got(guid) == note, f"going back to 1.1.0 changed {_id(note)}"


def late(diary: Diary) -> None:
    for version in VERSIONS[1:]:
        found = diary.one("latecomer", version)
        for guid, note in diary.published(version).items():
            assert _ours(found.got(guid)) == _ours(note), f"{found}: {_id(note)} missed its correction"


def late_always(diary: Diary) -> None:
    found = diary.one("insistent latecomer", "1.2.0")
    for guid, note in diary.published("1.2.0").items():
        assert _ours(found.got(guid)) == _ours(note), f"{found}: {_id(note)} missed its correction"


class Promise(NamedTuple):
    """A row of the README's table: the case, what the update does, and the check of it."""

    case: str
    outcome: str
    check: Callable[[Diary], None]


PROMISES = (
    Promise("A first import", "brings every card once, as new, in its subdeck", whole),
    Promise("Any import, with our note types", "makes no duplicate, skips no note, and needs no full sync", clean),
    Promise("You look at what Anki counts after an import", "it is what the release notes announce", counts),
    Promise("You search for `tag:Ketamine::Changed::…`", "finds what the release of that version changed last", tagged),
    Promise("A note is new", "arrives, as new", new_notes),
    Promise(
        "A note was corrected, reworded, tagged anew or put back to an older text",
        "its text and tags arrive; its cards keep their schedule",
        changes,
    ),
    Promise("You skipped a release", "the next one brings what both would have brought", skipping),
    Promise("Schedule, review history, flags and suspension of a card", "stay as they are, always", schedules),
    Promise(
        "A note got one more deletion or a reverse",
        "that card is added as new, even where you suspended the others, which stay",
        new_cards,
    ),
    Promise(
        "A note lost a deletion or its reverse",
        "its card stays, and says that it is empty, until you choose *Tools > Empty Cards*",
        gone_cards,
    ),
    Promise(
        "A card was moved to another deck, by you or by us",
        "stays where you have it; a subdeck that we chose anew is for new learners",
        places,
    ),
    Promise(
        "You edited or tagged a note, or wrote in *My notes*, and the release leaves it alone",
        "yours is kept",
        own_kept,
    ),
    Promise(
        "… and a release that came out later changes that note",
        "our text and tags replace yours",
        own_replaced,
    ),
    Promise(
        "… and you search before the import as the release notes say",
        "finds what you wrote in *My notes* and the import replaces",
        own_found,
    ),
    Promise(
        "You edited or tagged a note after its correction came out, before you imported that",
        "yours is kept, and the correction does not arrive …",
        own_later,
    ),
    Promise("… unless you import it with *Update notes: Always*", "our texts and tags replace all of yours", always),
    Promise(
        "A note was retired",
        "the package for everyone leaves it as it is; the update package puts a notice on it and tags it",
        retired,
    ),
    Promise(
        "You deleted a note or a card that the release still has", "it comes back, as new: suspend it instead", deleted
    ),
    Promise(
        "You deleted a note that was then retired",
        "stays away with the package for everyone; the update package brings it back, with its notice",
        deleted_and_retired,
    ),
    Promise("You changed the styling of the cards", "is kept until a release changes ours", styles),
    Promise(
        "You renamed a field of our note types", "all texts arrive, and what you wrote there goes as an edit", renaming
    ),
    Promise(
        "You or an add-on added or removed a field or a card type of our note types",
        "Anki says *could not be imported*, with *Update notes: Always*, too: your notes keep their old texts, and new"
        " notes bring a second note type of a like name",
        conflicts,
    ),
    Promise(
        "… and you import with *Merge note types: on*",
        "all texts arrive, schedules stay, the second note type goes; your own field is emptied on notes that changed",
        merging,
    ),
    Promise(
        "… so, but a field was removed, or the change came after the correction was out",
        "the texts arrive only with *Update notes: Always* besides",
        merging_always,
    ),
    Promise("You import the same package again, or an older one", "changes no note", again),
    Promise("You import a release only after the next one came out, and then that", "both arrive", late),
    Promise("… the same, with *Update notes: Always*", "both arrive", late_always),
)


def verdict(promise: Promise, diary: Diary) -> str:
    """`yes`, `–` where the engine has no such choice, or `no: ` and what went wrong."""
    try:
        promise.check(diary)
    except Impossible:
        return "–"
    except AssertionError as wrong:
        return f"no: {wrong}"
    return "yes"
