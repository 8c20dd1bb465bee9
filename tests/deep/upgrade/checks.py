"""The check of each promise of an update: it raises AssertionError where a learner's diary breaks the promise."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from upgrade.diary import CHANGERS, LEARNERS, Diary, Import, Note, id_of, is_new, ours
from upgrade.learner import OWN_DECK, OWN_FIELD, OWN_STYLE, OWN_TAG, OWN_TEXT
from upgrade.releases import STORIES, VERSIONS, changed, is_retired, last_changed, text_of


def _schedule_kept(found: Import) -> None:
    """Every card that was there is there, in its deck, with its schedule; every review too."""
    assert found.before is not None
    for guid, note in found.before["notes"].items():
        after = found.got(guid)
        assert after["id"] == note["id"], f"{found}: {id_of(note)} became another note"
        for ordinal, card in note["cards"].items():
            assert after["cards"].get(ordinal) == card, f"{found}: card {ordinal} of {id_of(note)} changed"
    reviews = found.before["reviews"]
    assert found.after["reviews"] == reviews, f"{found}: reviews changed"


def _all_arrive(diary: Diary, found: Import) -> None:
    """Every note of the release is as it was published."""
    for guid, note in diary.published(found.step.version).items():
        assert ours(found.got(guid)) == ours(note), f"{found}: {id_of(note)} did not arrive"


# --- the promises -----------------------------------------------------------------------------


def whole(diary: Diary) -> None:
    """A newcomer gets exactly the notes of the release, in their subdecks."""
    for version in VERSIONS:
        live = {note_id for note_id, story in STORIES.items() if text_of(story, version)}
        live -= {note_id for note_id, story in STORIES.items() if is_retired(story, version)}
        notes = {id_of(note): note for note in diary.published(version).values()}
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
            assert all(card["deck"].endswith(deck) and is_new(card) for card in note["cards"].values()), note_id


def clean(diary: Diary) -> None:
    for found in diary.imports(*(LEARNERS.keys() - CHANGERS.keys())):
        after, log = found.after, found.after["log"]
        skipped = {kind: count for kind, count in log.items() if count and kind not in ("new", "updated", "duplicate")}
        assert not skipped, f"{found}: {skipped}"
        assert after["rows"] == len(after["notes"]), f"{found}: two notes with one GUID"
        ids = [id_of(note) for note in after["notes"].values()]
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
                version = last_changed(id_of(note), found.step.version)
                tags = [tag for tag in note["tags"] if "::Changed::" in tag]
                assert tags == ([f"Small::Changed::{version}"] if version else []), f"{found}: {id_of(note)} has {tags}"


def new_notes(diary: Diary) -> None:
    for found in diary.imports("follower", "skipper", "updater", "skipping updater", "busy", "latecomer"):
        published = diary.published(found.step.version)
        arrived = published.keys() - (found.before["notes"] if found.before else {}).keys()
        assert arrived, str(found)
        for guid in arrived:
            got = found.got(guid)
            assert ours(got) == ours(published[guid]), f"{found}: {id_of(got)}"
            assert got["cards"].keys() == published[guid]["cards"].keys(), f"{found}: {id_of(got)}"
            for ordinal, card in got["cards"].items():
                assert is_new(card), f"{found}: {id_of(got)}"
                assert card["deck"] == published[guid]["cards"][ordinal]["deck"], f"{found}: {id_of(got)}"


def changes(diary: Diary) -> None:
    for found in diary.imports("follower", "updater", "busy"):
        _all_arrive(diary, found)
        if found.before is not None:
            _schedule_kept(found)


def skipping(diary: Diary) -> None:
    for skipper, follower in (("skipper", "follower"), ("skipping updater", "updater")):
        found, other = diary.one(skipper, "1.2.0"), diary.one(follower, "1.2.0")
        _all_arrive(diary, found)
        missed = {id_of(note) for guid, note in other.after["notes"].items() if guid not in found.after["notes"]}
        assert not missed, f"{found}: {missed} are missing"
        _schedule_kept(found)


def schedules(diary: Diary) -> None:
    for found in diary.imports():
        if found.before is not None:
            _schedule_kept(found)
    reviewed = diary.one("busy", "1.1.0").after
    cards = [card for note in reviewed["notes"].values() for card in note["cards"].values() if not is_new(card)]
    assert len(reviewed["reviews"]) > len(cards) > 10, "the learner reviewed nothing: the test shows nothing"
    assert all(card["queue"] == -1 and card["flags"] == 3 and card["ivl"] for card in cards)


def new_cards(diary: Diary) -> None:
    for version, note_id, ordinal in (("1.1.0", "deletion-added-in-1-1", "1"), ("1.2.0", "reverse-added-in-1-2", "1")):
        for learner in ("follower", "updater", "editor", "latecomer", "busy"):
            found = diary.one(learner, version)
            assert found.before is not None
            (guid,) = (guid for guid, note in found.before["notes"].items() if id_of(note) == note_id)
            assert ordinal not in found.before["notes"][guid]["cards"]
            got = found.got(guid)["cards"]
            assert ordinal in got, f"{found}: {note_id} got no new card"
            assert is_new(got[ordinal]), str(found)
            assert got["0"] == found.before["notes"][guid]["cards"]["0"], str(found)


def gone_cards(diary: Diary) -> None:
    for version, note_id in (("1.1.0", "deletion-removed-in-1-1"), ("1.2.0", "reverse-removed-in-1-2")):
        for learner in ("follower", "tidier"):
            found = diary.one(learner, version)
            (guid,) = (guid for guid, note in found.after["notes"].items() if id_of(note) == note_id)
            assert found.got(guid)["cards"].keys() == {"0", "1"}, f"{found}: the second card of {note_id} is gone"
    before, after = diary.one("tidier", "1.2.0").after["notes"], diary.last("tidier")["notes"]
    removed = {
        f"{id_of(note)} {n}" for guid, note in before.items() for n in note["cards"].keys() - after[guid]["cards"]
    }
    assert removed == {"deletion-removed-in-1-1 1", "reverse-removed-in-1-2 1"}, removed


def places(diary: Diary) -> None:
    held = diary.one("busy", "1.2.0").after["notes"]
    taken = diary.one("busy", "1.0.0").after["notes"].keys()
    for guid in taken:
        decks = {card["deck"] for ordinal, card in held[guid]["cards"].items() if ordinal == "0"}
        assert decks == {OWN_DECK}, f"{id_of(held[guid])} is in {decks}"
    for learner, part in (("follower", "First Part"), ("newcomer to 1.2.0", "Second Part")):
        notes = diary.one(learner, "1.2.0").after["notes"].values()
        (moved,) = (note for note in notes if id_of(note) == "moved-in-1-1")
        assert moved["cards"]["0"]["deck"].endswith(part), f"{learner} has it in {moved['cards']['0']['deck']}"


def _is_own(note: Note) -> tuple[bool, bool]:
    return note["fields"]["Extra"] == OWN_TEXT, OWN_TAG in note["tags"]


def _touched(diary: Diary, learner: str, version: str) -> Iterator[tuple[Import, Note, Note]]:
    """(import, note before, note after) of each note that the learner changed before and that the release holds."""
    found = diary.one(learner, version)
    assert found.before is not None
    own = [guid for guid, note in found.before["notes"].items() if any(_is_own(note))]
    assert own, f"{found}: the learner changed nothing"
    for guid in own:
        if guid in diary.published(version):
            yield found, found.before["notes"][guid], found.got(guid)


def own_kept(diary: Diary) -> None:
    for learner, version in product(("editor", "tagger"), VERSIONS[1:]):
        for found, before, after in _touched(diary, learner, version):
            kept = changed(id_of(after), version) or ours(after) == ours(before)
            assert kept, f"{found}: {id_of(after)} lost the learner's own"


def own_replaced(diary: Diary) -> None:
    late = [("editor after 1.1.0", "1.2.0"), ("tagger after 1.1.0", "1.2.0")]
    for learner, version in (*product(("editor", "tagger"), VERSIONS[1:]), *late):
        published = {id_of(note): note for note in diary.published(version).values()}
        for found, _, after in _touched(diary, learner, version):
            replaced = not changed(id_of(after), version) or ours(after) == ours(published[id_of(after)])
            assert replaced, f"{found}: {id_of(after)} missed its correction"


def own_found(diary: Diary) -> None:
    """The search finds what the learner had written on notes that the import then replaces, in what it does replace."""
    for learner in ("editor", "skipping editor"):
        steps = [*diary.steps(learner)]
        for (step, held), (_, after) in pairwise(steps):
            if step.do == "search":
                lost = {
                    id_of(note)
                    for guid, note in held["notes"].items()
                    if _is_own(note)[0] and not _is_own(after["notes"][guid])[0]
                }
                assert lost, f"{learner}, {step.version}: the learner lost nothing: the test shows nothing"
                found = {note_id for note_id in held["found"] if not is_retired(STORIES[note_id], step.version)}
                assert found == lost, f"{learner}, {step.version}: {found ^ lost}"


def own_later(diary: Diary) -> None:
    for learner in ("editor after 1.1.0", "tagger after 1.1.0"):
        for found, before, after in _touched(diary, learner, "1.1.0"):
            assert ours(after) == ours(before), f"{found}: {id_of(after)} lost the learner's own"


def always(diary: Diary) -> None:
    _all_arrive(diary, diary.one("insistent", "1.1.0"))


def retired(diary: Diary) -> None:
    for version in VERSIONS[1:]:
        gone = {note_id for note_id, story in STORIES.items() if is_retired(story, version)}
        for learner in ("follower", "updater"):
            found = diary.one(learner, version)
            assert found.before is not None
            _schedule_kept(found)
            old = {id_of(note): note for note in found.before["notes"].values()}
            for note in found.after["notes"].values():
                if id_of(note) in gone:
                    _retired(found, old[id_of(note)], note, notice=learner == "updater")


def _retired(found: Import, before: Note, after: Note, notice: bool) -> None:
    what = f"{found}: {id_of(after)}"
    if not notice:
        assert ours(after) == ours(before), what
        return
    written = STORIES[id_of(after)][-1]
    assert written is not None
    told = written[1]["retired"]
    assert told["reason"] in after["fields"]["Notice"], what
    assert f"Small::Retired::{told['version']}" in after["tags"], what
    successor = STORIES.get(told.get("see"))
    assert not successor or str(successor[-1][1]["question"]) in after["fields"]["Notice"], what
    rest = [{name: text for name, text in note["fields"].items() if name != "Notice"} for note in (before, after)]
    assert rest[0] == rest[1], what


def deleted(diary: Diary) -> None:
    for learner in ("deleter", "deleter of cards"):
        found = diary.one(learner, "1.1.0")
        assert found.before is not None
        for guid, note in diary.published("1.1.0").items():
            missing = note["cards"].keys() - found.before["notes"].get(guid, {"cards": {}})["cards"].keys()
            got = found.got(guid)["cards"]
            assert missing <= got.keys(), f"{found}: a card of {id_of(note)} is missing"
            assert all(is_new(got[ordinal]) for ordinal in missing), f"{found}: {id_of(note)}"
    assert any("1" not in note["cards"] for note in diary.one("deleter of cards", "1.1.0").before["notes"].values())


def deleted_and_retired(diary: Diary) -> None:
    for learner, back in (("deleter", False), ("deleting updater", True)):
        found = diary.one(learner, "1.1.0")
        notes = {id_of(note): note for note in found.after["notes"].values()}
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
                assert kept or note["type"] not in touched, f"{found}: {id_of(note)}"
            assert diary.published(found.step.version).keys() <= found.after["notes"].keys(), (
                f"{found}: a note is missing"
            )
            assert len(found.after["note types"]) > len(diary.one(learner, "1.0.0").after["note types"]), str(found)


def conflicts(diary: Diary) -> None:
    for learner in ("add", "add template", "remove", "add, always"):
        _conflicts(diary, learner)


def _arrives(diary: Diary, found: Import) -> None:
    for guid, note in diary.published(found.step.version).items():
        got = found.got(guid)
        fields = {name: text for name, text in got["fields"].items() if name in note["fields"]}
        assert (fields, got["tags"]) == (note["fields"], note["tags"]), f"{found}: {id_of(note)} missed its correction"


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
            since = id_of(note) in diary.ids("1.0.0") and not last_changed(id_of(note), found.step.version)
            assert note["fields"].get(OWN_FIELD, OWN_TEXT if since else "") == (OWN_TEXT if since else ""), (
                f"{found}: the own field of {id_of(note)}"
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
            assert texts.items() <= note["fields"].items(), f"{found}: {id_of(note)} missed its correction"


def again(diary: Diary) -> None:
    *_, last, same, older = diary.imports("repeater")
    assert (last.step.version, same.step.version, older.step.version) == ("1.2.0", "1.2.0", "1.1.0")
    for key in ("notes", "reviews", "styles", "note types"):
        assert same.after[key] == last.after[key], f"importing 1.2.0 again changed {key}"
    for guid, note in last.after["notes"].items():
        assert older.got(guid) == note, f"going back to 1.1.0 changed {id_of(note)}"


def late(diary: Diary) -> None:
    for version in VERSIONS[1:]:
        _all_arrive(diary, diary.one("latecomer", version))


def late_always(diary: Diary) -> None:
    _all_arrive(diary, diary.one("insistent latecomer", "1.2.0"))
