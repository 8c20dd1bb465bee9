"""What an update promises to learners: `PROMISES` are the rows of the README's table "What an update keeps"."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from upgrade import checks
from upgrade.diary import Diary, Impossible


class Promise(NamedTuple):
    """A row of the README's table: the case, what the update does, and the check of it."""

    case: str
    outcome: str
    check: Callable[[Diary], None]


PROMISES = (
    Promise("A first import", "brings every card once, as new, in its subdeck", checks.whole),
    Promise(
        "Any import, with our note types", "makes no duplicate, skips no note, and needs no full sync", checks.clean
    ),
    Promise("You look at what Anki counts after an import", "it is what the release notes announce", checks.counts),
    Promise(
        "You search for `tag:Ketamine::Changed::…`",
        "finds what the release of that version changed last",
        checks.tagged,
    ),
    Promise("A note is new", "arrives, as new", checks.new_notes),
    Promise(
        "A note was corrected, reworded, tagged anew or put back to an older text",
        "its text and tags arrive; its cards keep their schedule",
        checks.changes,
    ),
    Promise("You skipped a release", "the next one brings what both would have brought", checks.skipping),
    Promise("Schedule, review history, flags and suspension of a card", "stay as they are, always", checks.schedules),
    Promise(
        "A note got one more deletion or a reverse",
        "that card is added as new, even where you suspended the others, which stay",
        checks.new_cards,
    ),
    Promise(
        "A note lost a deletion or its reverse",
        "its card stays, and says that it is empty, until you choose *Tools > Empty Cards*",
        checks.gone_cards,
    ),
    Promise(
        "A card was moved to another deck, by you or by us",
        "stays where you have it; a subdeck that we chose anew is for new learners",
        checks.places,
    ),
    Promise(
        "You edited or tagged a note, or wrote in *My notes*, and the release leaves it alone",
        "yours is kept",
        checks.own_kept,
    ),
    Promise(
        "… and a release that came out later changes that note",
        "our text and tags replace yours",
        checks.own_replaced,
    ),
    Promise(
        "… and you search before the import as the release notes say",
        "finds what you wrote in *My notes* and the import replaces",
        checks.own_found,
    ),
    Promise(
        "You edited or tagged a note after its correction came out, before you imported that",
        "yours is kept, and the correction does not arrive …",
        checks.own_later,
    ),
    Promise(
        "… unless you import it with *Update notes: Always*", "our texts and tags replace all of yours", checks.always
    ),
    Promise(
        "A note was retired",
        "the package for everyone leaves it as it is; the update package puts a notice on it and tags it",
        checks.retired,
    ),
    Promise(
        "You deleted a note or a card that the release still has",
        "it comes back, as new: suspend it instead",
        checks.deleted,
    ),
    Promise(
        "You deleted a note that was then retired",
        "stays away with the package for everyone; the update package brings it back, with its notice",
        checks.deleted_and_retired,
    ),
    Promise("You changed the styling of the cards", "is kept until a release changes ours", checks.styles),
    Promise(
        "You renamed a field of our note types",
        "all texts arrive, and what you wrote there goes as an edit",
        checks.renaming,
    ),
    Promise(
        "You or an add-on added or removed a field or a card type of our note types",
        "Anki says *could not be imported*, with *Update notes: Always*, too: your notes keep their old texts, and new"
        " notes bring a second note type of a like name",
        checks.conflicts,
    ),
    Promise(
        "… and you import with *Merge note types: on*",
        "all texts arrive, schedules stay, the second note type goes; your own field is emptied on notes that changed",
        checks.merging,
    ),
    Promise(
        "… so, but a field was removed, or the change came after the correction was out",
        "the texts arrive only with *Update notes: Always* besides",
        checks.merging_always,
    ),
    Promise("You import the same package again, or an older one", "changes no note", checks.again),
    Promise("You import a release only after the next one came out, and then that", "both arrive", checks.late),
    Promise("… the same, with *Update notes: Always*", "both arrive", checks.late_always),
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
