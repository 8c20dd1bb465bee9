"""What an update promises to learners: `PROMISES` are the rows of the README's table "What an update keeps".

Each is a function that raises AssertionError where a learner's diary breaks the promise; its docstring is the row of
the table: what happened | what an update does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise, product

from upgrade.diary import CHANGERS, LEARNERS, Diary, Import, Impossible, Note, by_id, is_new, ours
from upgrade.learner import OWN_DECK, OWN_FIELD, OWN_STYLE, OWN_TAG, OWN_TEXT
from upgrade.releases import STORIES, VERSIONS, changed, last_changed, retired_in, told

NEWCOMERS = [f"newcomer to {version}" for version in VERSIONS]


def whole(diary: Diary) -> None:
    """A first import | brings every card once, as new, in its subdeck"""
    for version in VERSIONS:
        notes = diary.published(version)
        live = {note_id for note_id in STORIES if told(note_id, version)} - retired_in(version)
        assert notes.keys() == live, f"{version}: {notes.keys() ^ live}"
        for note_id, note in notes.items():
            written = told(note_id, version)
            reverse = (written.get("reverse") or {}).get("question", "")
            words = f"{written.get('question', '')} {written.get('answer') or written['text']} {reverse}".split()
            text = " ".join(note["fields"].values())
            assert all(word in text for word in words), f"{version}: {note_id} has other words"
            cards = note["cards"].values()
            assert all(card["deck"].endswith(written["deck"]) and is_new(card) for card in cards), note_id


def clean(diary: Diary) -> None:
    """Any import, with our note types | makes no duplicate, skips no note, and needs no full sync"""
    for found in diary.imports(*(LEARNERS.keys() - CHANGERS.keys())):
        after, log = found.after, found.after["log"]
        skipped = {kind: count for kind, count in log.items() if count and kind not in ("new", "updated", "duplicate")}
        assert not skipped, f"{found}: {skipped}"
        assert after["rows"] == len(after["notes"]) == len(by_id(after)), f"{found}: a duplicate"
        assert after["schema"] == after["schema before"], f"{found}: the next sync would be a full one"
        assert after["note types"] == (found.before or after)["note types"], f"{found}: another note type"


def counts(diary: Diary) -> None:
    """You look at what Anki counts after an import | it is what the release notes announce"""
    for learner in (*NEWCOMERS, "updater", "skipping updater"):
        had = ""
        for found in diary.imports(learner):
            log = tuple(found.after["log"][kind] for kind in ("new", "updated", "duplicate"))
            announced = diary.releases[found.step.version].counts[had]
            assert log == announced, f"{found}: the notes announce {announced}, Anki counts {log}"
            had = found.step.version


def tagged(diary: Diary) -> None:
    """You search for `tag:Ketamine::Changed::…` | finds what the release of that version changed last"""
    for found in diary.imports("follower", "updater", "skipper", "busy", *NEWCOMERS):
        for note_id in diary.published(found.step.version):
            version = last_changed(note_id, found.step.version)
            tags = [tag for tag in found.got(note_id)["tags"] if "::Changed::" in tag]
            assert tags == ([f"Small::Changed::{version}"] if version else []), f"{found}: {note_id} has {tags}"


def new_notes(diary: Diary) -> None:
    """A note is new | arrives, as new"""
    for found in diary.imports("follower", "skipper", "updater", "skipping updater", "busy", "latecomer"):
        published = diary.published(found.step.version)
        assert published.keys() - found.had.keys(), str(found)
        for note_id in published.keys() - found.had.keys():
            got, note = found.got(note_id), published[note_id]
            assert ours(got) == ours(note), f"{found}: {note_id}"
            assert all(map(is_new, got["cards"].values())), f"{found}: {note_id}"
            decks = [{n: card["deck"] for n, card in each["cards"].items()} for each in (got, note)]
            assert decks[0] == decks[1], f"{found}: {note_id}"


def changes(diary: Diary) -> None:
    """A note was corrected, reworded, tagged anew or put back to an older text
    | its text and tags arrive; its cards keep their schedule
    """
    for found in diary.imports("follower", "updater", "busy"):
        _all_arrive(diary, found)
        _schedule_kept(found)


def skipping(diary: Diary) -> None:
    """You skipped a release | the next one brings what both would have brought"""
    for skipper, follower in (("skipper", "follower"), ("skipping updater", "updater")):
        found, other = diary.one(skipper, "1.2.0"), diary.one(follower, "1.2.0")
        _all_arrive(diary, found)
        missed = by_id(other.after).keys() - by_id(found.after).keys()
        assert not missed, f"{found}: {missed} are missing"
        _schedule_kept(found)


def schedules(diary: Diary) -> None:
    """Schedule, review history, flags and suspension of a card | stay as they are, always"""
    for found in diary.imports():
        _schedule_kept(found)
    reviewed = diary.one("busy", "1.1.0").after
    cards = [card for note in reviewed["notes"].values() for card in note["cards"].values() if not is_new(card)]
    assert len(reviewed["reviews"]) > len(cards) > 10, "the learner reviewed nothing: the test shows nothing"
    assert all(card["queue"] == -1 and card["flags"] == 3 and card["ivl"] for card in cards)


def new_cards(diary: Diary) -> None:
    """A note got one more deletion or a reverse
    | that card is added as new, even where you suspended the others, which stay
    """
    added = (("1.1.0", "deletion-added-in-1-1"), ("1.2.0", "reverse-added-in-1-2"))
    for (version, note_id), learner in product(added, ("follower", "updater", "editor", "latecomer", "busy")):
        found = diary.one(learner, version)
        before, after = found.had[note_id]["cards"], found.got(note_id)["cards"]
        assert (before.keys(), after.keys()) == ({"0"}, {"0", "1"}), f"{found}: {note_id} got no new card"
        assert (is_new(after["1"]), after["0"]) == (True, before["0"]), f"{found}: {note_id}"


def gone_cards(diary: Diary) -> None:
    """A note lost a deletion or its reverse
    | its card stays, and says that it is empty, until you choose *Tools > Empty Cards*
    """
    removed = (("1.1.0", "deletion-removed-in-1-1"), ("1.2.0", "reverse-removed-in-1-2"))
    for (version, note_id), learner in product(removed, ("follower", "tidier")):
        found = diary.one(learner, version)
        assert found.got(note_id)["cards"].keys() == {"0", "1"}, f"{found}: the second card of {note_id} is gone"
    *_, (_, before), (_, after) = diary.steps("tidier")
    old, new = (
        {(note_id, n) for note_id, note in by_id(each).items() for n in note["cards"]} for each in (before, after)
    )
    assert old - new == {(note_id, "1") for _, note_id in removed}, old - new


def places(diary: Diary) -> None:
    """A card was moved to another deck, by you or by us
    | stays where you have it; a subdeck that we chose anew is for new learners
    """
    for note_id in by_id(diary.one("busy", "1.0.0").after):
        deck = diary.one("busy", "1.2.0").got(note_id)["cards"]["0"]["deck"]
        assert deck == OWN_DECK, f"{note_id} is in {deck}"
    for learner, part in (("follower", "First Part"), ("newcomer to 1.2.0", "Second Part")):
        deck = diary.one(learner, "1.2.0").got("moved-in-1-1")["cards"]["0"]["deck"]
        assert deck.endswith(part), f"{learner} has it in {deck}"


def own_kept(diary: Diary) -> None:
    """You edited or tagged a note, or wrote in *My notes*, and the release leaves it alone | yours is kept"""
    for learner, version in product(("editor", "tagger"), VERSIONS[1:]):
        for note_id, before, after in _own(diary, learner, version):
            kept = changed(note_id, version) or ours(after) == ours(before)
            assert kept, f"{learner}, {version}: {note_id} lost the learner's own"


def own_replaced(diary: Diary) -> None:
    """… and a release that came out later changes that note | our text and tags replace yours"""
    late = [("editor after 1.1.0", "1.2.0"), ("tagger after 1.1.0", "1.2.0")]
    for learner, version in (*product(("editor", "tagger"), VERSIONS[1:]), *late):
        for note_id, _, after in _own(diary, learner, version):
            replaced = not changed(note_id, version) or ours(after) == ours(diary.published(version)[note_id])
            assert replaced, f"{learner}, {version}: {note_id} missed its correction"


def own_found(diary: Diary) -> None:
    """… and you search before the import as the release notes say
    | finds what you wrote in *My notes* and the import replaces
    """
    for learner in ("editor", "skipping editor"):
        for (step, held), (_, after) in pairwise(diary.steps(learner)):
            if step.do == "search":
                old, new = ({i for i, note in by_id(each).items() if _is_edited(note)} for each in (held, after))
                assert old - new, f"{learner}, {step.version}: the learner lost nothing: the test shows nothing"
                found = set(held["found"]) - retired_in(step.version)
                assert found == old - new, f"{learner}, {step.version}: {found ^ (old - new)}"


def own_later(diary: Diary) -> None:
    """You edited or tagged a note after its correction came out, before you imported that
    | yours is kept, and the correction does not arrive …
    """
    for learner in ("editor after 1.1.0", "tagger after 1.1.0"):
        for note_id, before, after in _own(diary, learner, "1.1.0"):
            assert ours(after) == ours(before), f"{learner}: {note_id} lost the learner's own"


def always(diary: Diary) -> None:
    """… unless you import it with *Update notes: Always* | our texts and tags replace all of yours"""
    _all_arrive(diary, diary.one("insistent", "1.1.0"))


def retired(diary: Diary) -> None:
    """A note was retired
    | the package for everyone leaves it as it is; the update package puts a notice on it and tags it
    """
    for version, learner in product(VERSIONS[1:], ("follower", "updater")):
        found = diary.one(learner, version)
        _schedule_kept(found)
        for note_id in retired_in(version):
            before, after = found.had[note_id], found.got(note_id)
            if learner == "follower":
                assert ours(after) == ours(before), f"{found}: {note_id}"
                continue
            reason, notice = told(note_id, version)["retired"], after["fields"]["Notice"]
            assert reason["reason"] in notice, f"{found}: {note_id}"
            assert "see" not in reason or told(reason["see"], version)["question"] in notice, f"{found}: {note_id}"
            assert f"Small::Retired::{reason['version']}" in after["tags"], f"{found}: {note_id}"
            assert after["fields"] == before["fields"] | {"Notice": notice}, f"{found}: {note_id}"


def deleted(diary: Diary) -> None:
    """You deleted a note or a card that the release still has | it comes back, as new: suspend it instead"""
    for learner in ("deleter", "deleter of cards"):
        found = diary.one(learner, "1.1.0")
        for note_id, note in diary.published("1.1.0").items():
            missing = note["cards"].keys() - found.had.get(note_id, {"cards": {}})["cards"].keys()
            got = found.got(note_id)["cards"]
            assert missing <= got.keys(), f"{found}: a card of {note_id} is missing"
            assert all(is_new(got[ordinal]) for ordinal in missing), f"{found}: {note_id}"
    assert any("1" not in note["cards"] for note in found.had.values())


def deleted_and_retired(diary: Diary) -> None:
    """You deleted a note that was then retired
    | stays away with the package for everyone; the update package brings it back, with its notice
    """
    assert "retired-in-1-1" not in by_id(diary.one("deleter", "1.1.0").after)
    assert diary.one("deleting updater", "1.1.0").got("retired-in-1-1")["fields"]["Notice"]


def styles(diary: Diary) -> None:
    """You changed the styling of the cards | is kept until a release changes ours"""
    old, new = (diary.one(f"newcomer to {version}", version).after["styles"] for version in VERSIONS[1:])
    assert old != new, "the style never changed: the test shows nothing"
    for learner in ("follower", "skipper", "stylist"):
        assert diary.one(learner, "1.2.0").after["styles"] == new, f"{learner} has another style"
    kept = diary.one("stylist", "1.1.0").after["styles"]
    assert kept == {name: css + OWN_STYLE for name, css in old.items()}, "the learner's own style is gone"


def renaming(diary: Diary) -> None:
    """You renamed a field of our note types | all texts arrive, and what you wrote there goes as an edit"""
    for version in VERSIONS[1:]:
        found = diary.one("rename", version)
        assert not found.after["log"]["conflicting"], str(found)
        for note_id, note in diary.published(version).items():
            fields = found.got(note_id)["fields"].items()
            texts = {name: text for name, text in fields if name not in (OWN_FIELD, "Spare")}
            assert texts.items() <= note["fields"].items(), f"{found}: {note_id} missed its correction"


def conflicts(diary: Diary) -> None:
    """You or an add-on added or removed a field or a card type of our note types
    | Anki says *could not be imported*, with *Update notes: Always*, too: your notes keep their old texts, and new
    notes bring a second note type of a like name
    """
    for found in diary.imports("add", "add template", "remove", "add, always"):
        if not found.before:
            continue
        assert found.after["log"]["conflicting"], f"{found}: nothing was skipped"
        touched = {note["type"] for note in found.had.values()} - {"Small Deck: cloze"}
        for note_id, note in found.had.items():
            kept = all(found.got(note_id)[part] == note[part] for part in ("fields", "tags"))
            assert kept or note["type"] not in touched, f"{found}: {note_id}"
        missing = diary.published(found.step.version).keys() - by_id(found.after).keys()
        assert not missing, f"{found}: {missing} are missing"
        first = diary.one(found.learner, "1.0.0").after
        assert len(found.after["note types"]) > len(first["note types"]), str(found)


def merging(diary: Diary) -> None:
    """… and you import with *Merge note types: on*
    | all texts arrive, schedules stay, the second note type goes; your own field is emptied on notes that changed
    """
    learners = product(("add, merging", "add template, merging"), VERSIONS[1:])
    *_, at_last = diary.imports("add, merging at last")
    for found in (*(diary.one(*each) for each in learners), at_last):
        assert not found.after["log"]["conflicting"], str(found)
        _texts_arrive(diary, found)
        for note_id in diary.published(found.step.version):
            is_untouched = told(note_id, "1.0.0") and not last_changed(note_id, found.step.version)
            own = OWN_TEXT if is_untouched else ""
            assert found.got(note_id)["fields"].get(OWN_FIELD, own) == own, f"{found}: the own field of {note_id}"


def merging_always(diary: Diary) -> None:
    """… so, but a field was removed, or the change came after the correction was out
    | the texts arrive only with *Update notes: Always* besides
    """
    for who in ("late", "remove"):
        found = diary.one(f"{who}, merging", "1.1.0")
        assert not found.after["log"]["updated"], f"{found}: corrections arrived"
        _texts_arrive(diary, diary.one(f"{who}, merging, always", "1.1.0"))


def again(diary: Diary) -> None:
    """You import the same package again, or an older one | changes no note"""
    *_, last, same, older = diary.imports("repeater")
    assert (last.step.version, same.step.version, older.step.version) == ("1.2.0", "1.2.0", "1.1.0")
    for key in ("notes", "reviews", "styles", "note types"):
        assert same.after[key] == last.after[key], f"importing 1.2.0 again changed {key}"
    for note_id, note in by_id(last.after).items():
        assert older.got(note_id) == note, f"going back to 1.1.0 changed {note_id}"


def late(diary: Diary) -> None:
    """You import a release only after the next one came out, and then that | both arrive"""
    for version in VERSIONS[1:]:
        _all_arrive(diary, diary.one("latecomer", version))


def late_always(diary: Diary) -> None:
    """… the same, with *Update notes: Always* | both arrive"""
    _all_arrive(diary, diary.one("insistent latecomer", "1.2.0"))


PROMISES = (
    whole, clean, counts, tagged, new_notes, changes, skipping, schedules, new_cards, gone_cards, places,
    own_kept, own_replaced, own_found, own_later, always, retired, deleted, deleted_and_retired, styles, renaming,
    conflicts, merging, merging_always, again, late, late_always,
)  # fmt: skip


# --- what several of them ask -----------------------------------------------------------------


def _schedule_kept(found: Import) -> None:
    """Every card that was there is there, in its deck, with its schedule; every review too."""
    for note_id, note in found.had.items():
        after = found.got(note_id)
        assert after["id"] == note["id"], f"{found}: {note_id} became another note"
        for ordinal, card in note["cards"].items():
            assert after["cards"].get(ordinal) == card, f"{found}: card {ordinal} of {note_id} changed"
    assert not found.before or found.after["reviews"] == found.before["reviews"], f"{found}: reviews changed"


def _all_arrive(diary: Diary, found: Import) -> None:
    """Every note of the release is as it was published."""
    for note_id, note in diary.published(found.step.version).items():
        assert ours(found.got(note_id)) == ours(note), f"{found}: {note_id} did not arrive"


def _texts_arrive(diary: Diary, found: Import) -> None:
    """So are the fields that we published, whatever other fields and note type a note has."""
    for note_id, note in diary.published(found.step.version).items():
        got = found.got(note_id)
        fields = {name: text for name, text in got["fields"].items() if name in note["fields"]}
        assert (fields, got["tags"]) == (note["fields"], note["tags"]), f"{found}: {note_id} missed its correction"


def _is_edited(note: Note) -> bool:
    return note["fields"]["Extra"] == OWN_TEXT


def _own(diary: Diary, learner: str, version: str) -> Iterator[tuple[str, Note, Note]]:
    """(id, note before, note after) of each note that the learner changed before and that the release holds."""
    found = diary.one(learner, version)
    own = {note_id for note_id, note in found.had.items() if _is_edited(note) or OWN_TAG in note["tags"]}
    assert own, f"{found}: the learner changed nothing"
    for note_id in own & diary.published(version).keys():
        yield note_id, found.had[note_id], found.got(note_id)


# --- the table --------------------------------------------------------------------------------


def verdict(promise: Callable[[Diary], None], diary: Diary) -> str:
    """`yes`, `–` where the engine has no such choice, or `no: ` and what went wrong."""
    try:
        promise(diary)
    except Impossible:
        return "–"
    except AssertionError as wrong:
        return f"no: {wrong}"
    return "yes"


def table(engines: dict[str, list[str]]) -> str:
    """The promises as a Markdown table, with the verdicts of each engine in a column."""
    rows = [["What happened", "What an update does", *engines], ["---"] * 2 + [":-:"] * len(engines)]
    for promise, *verdicts in zip(PROMISES, *engines.values(), strict=True):
        row = " ".join((promise.__doc__ or "").split()).split(" | ")
        rows.append([*row, *(each.partition(":")[0] for each in verdicts)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
