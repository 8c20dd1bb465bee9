"""What a release says: the changelog for everyone, the release notes for learners."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from program import run
from releases import DAY, NEW_NOTE, NOTES, RETIRED, START, Project, move, swap_decks

from ketamine_anki.anki import notetypes
from ketamine_anki.core.limits import MAX_CHANGELOG_BYTES
from ketamine_anki.release.release_notes import sections, with_section

MARK = "<!-- Written by `ketamine-anki release`, which writes it anew. -->\n\n"
SECTION = """\
3 notes, 4 cards · New: 1 · Changed: 2 · Retired: 1

### Corrected

The answer, a caution or a caveat changed.

- **water** · 01 First Part: Which liquid do roots take up?
  - Answer before: Water
  - Answer now: Water and salts

### Details

Only tags, sources, literature, formatting or what a cloze card hides changed.

- **light** · 01 First Part: In most plants the green leaves catch \\[sunlight\\] with a pigment \
named \\[chlorophyll\\] in their cells.

### Retired

Not taught any more. Search `tag:Small::Retired::1.1.0`, then suspend or delete.

- **gas** · 01 First Part: Which gas do plants take up?
  - Retired: Newer work differs. Instead: “Which liquid do roots take up?” (`ID:water`)

### New

- **new** · 01 First Part: Which gas do green leaves give off?"""
NOTES_AFTER = """

## Which file

- `small-1.1.0.apkg`: all subdecks, if you are new here
- `small-1.1.0-update.apkg`: the same with notices on retired notes, if you have an older version
- `small-1.1.0-01-first-part.apkg`: 01 First Part alone

## How to import

Make a backup first (*File > Create Backup*).

An import replaces your words in the field *My notes* on each note that it updates, as it does all fields. Search for \
them in the browser before, and copy what you want to keep.

From 1.0.0:

```text
"My notes:_*" "ID:re:^(gas|light|water)$"
```

With *Update notes: Always*, from any version:

```text
"My notes:_*" tag:Small::*
```

Then *File > Import*, and choose:

| Option | Choose | Why |
|---|---|---|
| Import any learning progress | off | the package holds none |
| Import any deck presets | off | the package holds none |
| Merge note types | off | nothing to merge, unless Anki says *could not be imported*: see below |
| Update notes | If newer | brings what changed, keeps your edits on what did not |
| Update note types | If newer | brings a new style when there is one, else keeps yours |

## What Anki should say

If you are new here: 3 notes imported.

With `small-1.1.0-update.apkg`, notes are counted so:

| You have | imported | used to update existing ones | already present |
|---|--:|--:|--:|
| 1.0.0 | 1 | 3 | 0 |

Afterwards `tag:Small::Changed::1.1.0` finds what this release changed. Fewer updates than here: you edited or tagged \
those notes after the release came out, and yours was kept.

*Could not be imported* means that your note types have another field or card than ours, because you or an add-on
added or removed one. These notes keep their old texts, whatever version the deck's page names. Import again with
*Merge note types* on, now and at later updates; your own field is emptied on notes that change. If that still updates
too few notes, import once more with *Update notes: Always*, which replaces your own edits on all notes of the deck.
Anki may ask for a full sync. (Anki older than 23.10 cannot merge: take a newer one.)

## What an update keeps

- Your scheduling, flags and suspended cards, always.
- The decks into which you moved cards.
- Your own edits and tags on every note that a release leaves alone: each that its notes do not list.

An update replaces all fields and all tags of a note that changed, your own on that note too. A note that
you deleted comes back: suspend instead of deleting.

For a test. Licence of the cards: CC BY 4.0.
"""


def change(project: Project) -> None:
    """A new, a corrected, a retagged and a retired note."""
    project.write(NOTES + NEW_NOTE)
    project.edit("gas", retired=RETIRED)
    project.edit("water", answer="Water and *salts*")
    project.edit("light", tags=["Leaves"])


def test_changelog_and_release_notes_tell_card_by_card_what_changed(tagged: Project) -> None:
    """With the words before and after, from git's tag of the last release; what maintainers wrote comes first."""
    change(tagged)
    log = tagged.changelog.replace("## Unreleased", "## Unreleased\n\nRoots!").replace("\n", "\r\n")
    (tagged.root / "CHANGELOG.md").write_bytes(log.encode("utf-8"))
    tagged.commit()
    tagged.released("1.1.0")
    assert tagged.changelog == (
        f"# Changelog\n\n## Unreleased\n\n## 1.1.0 - 2023-11-15\n\nRoots!\n\n{SECTION}\n\n"
        "## 1.0.0 - 2023-11-14\n\nFirst release: 3 notes, 4 cards\n"
    )
    assert tagged.notes == f"{MARK}# Small Deck 1.1.0\n\nRoots!\n\n{SECTION}{NOTES_AFTER}"


def test_without_the_words_before_the_ids_are_named(released: Project) -> None:
    """Outside git the ledger still knows what changed."""
    change(released)
    ran = released.release("1.1.0")
    assert "the words of 1.0.0 are not known here: name them with --since" in ran.err
    assert "· New: 1 · Changed: 2 · Retired: 1\n" in released.changelog
    assert "### Changed\n\n- **water** · 01 First Part: Which liquid do roots take up?\n- **light**" in (
        released.changelog
    )
    assert "before" not in released.changelog


@pytest.mark.parametrize(
    ("tag", "options"),
    [
        ("v1.0.0", ("--since", "dist/small-1.0.0.apkg")),
        ("v1.0.0", ("--since", "HEAD~1")),
        ("v1.0.0", ("--since", "old")),
        ("", ()),  # the commit that last changed the ledger
    ],
)
def test_where_the_words_before_come_from(tagged: Project, tag: str, options: tuple[str, ...]) -> None:
    if not tag:
        tagged.git("tag", "-d", "v1.0.0")
    tagged.edit("water", answer="Water and salts")
    tagged.commit()
    ran = tagged.release("1.0.1", *options)
    assert (ran.code, "not known" in ran.err) == (0, False)
    assert "Answer before: Water\n" in tagged.changelog


def test_a_tag_of_something_else_is_not_believed(project: Project) -> None:
    """A tag v1.0.0 from before the release, of a program for example, does not give the words."""
    project.commit()
    project.git("tag", "v1.0.0")
    project.released("1.0.0")
    project.commit()
    project.edit("water", answer="Water and salts")
    project.commit()
    project.at(START + DAY)
    assert "the words of 1.0.0 are not known here: name them with --since" in project.release("1.0.1").err


def test_safety_corrections_come_first_and_arrive_always(released: Project) -> None:
    released.edit("gas", answer="Carbon dioxide only")
    released.edit("water", extra="Through root hairs.")
    released.released("1.0.1", "--errata", "water")
    notes = released.notes
    assert notes.index("### Safety corrections") < notes.index("**water**") < notes.index("**gas**")
    assert notes.count("**water**") == 1
    assert "| Update notes | **Always** |" in notes
    assert re.findall('"My notes:_.*', notes) == ['"My notes:_*" tag:Small::*']
    assert "More updates than here, and fewer already present: you edited or tagged notes" in notes
    assert "which this release asks for, replaces your own edits and tags on all notes" in notes
    assert not re.search("leaves alone|Fewer updates|finds .* this release changes", notes)
    assert released.record["errata"] == released.ledger["releases"][1]["errata"] == ["water"]
    shutil.rmtree(released.dist)
    assert run("release", "1.0.1", "--rebuild").code == 0
    assert released.notes == notes


def test_who_skips_a_release_is_told_what_it_asked_for(released: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A correction or a new field of a release that a learner skipped comes with a later one, if that is imported as
    the skipped one would have been.
    """
    told = "older than one of these"
    assert told not in released.notes
    released.edit("gas", answer="Carbon dioxide only")
    released.released("1.0.1", "--errata", "gas")
    assert told not in released.notes
    kinds = notetypes.note_types()
    more = (*kinds["question"].fields, "Hint")
    monkeypatch.setitem(kinds, "question", kinds["question"]._replace(fields=more))
    released.at(START + 2 * DAY)
    released.released("2.0.0")
    released.edit("water", answer="Water and salts")
    released.at(START + 3 * DAY)
    requests = (
        "- 1.0.1 corrected safety: *Update notes: Always*.\n"
        "- 2.0.0 changed the note types: *Merge note types* on, *Update notes: Always*.\n\n"
    )
    dry = released.release("2.0.1", "--dry-run").out
    released.released("2.0.1")
    notes = released.notes
    assert dry.partition("\n\n")[2] == notes
    assert f"{told}, choose what it asked for, too:\n\n{requests}" in notes
    assert "| Merge note types | off |" in notes
    assert "| Update notes | If newer |" in notes
    shutil.rmtree(released.dist)
    assert run("release", "2.0.1", "--rebuild").code == 0
    assert released.notes == notes


def add_reverse(project: Project) -> None:
    project.edit("gas", reverse={"question": "Which organisms take up carbon dioxide?", "answer": "Plants"})


def drop_card(project: Project) -> None:
    project.replace("{{c2::chlorophyll}}", "chlorophyll")


def test_another_notice_of_a_retired_note_is_no_news(released: Project) -> None:
    released.edit("gas", retired=RETIRED)
    released.released("1.1.0")
    released.at(START + 2 * DAY)
    released.edit("gas", retired={**RETIRED, "see": "light"})
    released.edit("water", answer="Water and salts")
    released.released("1.1.1")
    section = sections(released.changelog)["1.1.1"]
    assert "Changed: 1" in section
    assert "gas" not in section
    notices = [note.fields["Notice"] for note in released.package("small-1.1.1-update.apkg").notes]
    assert any("green leaves catch […] with" in notice for notice in notices)


def add_card(project: Project) -> None:
    project.replace("in their cells", "in their {{c3::cells}}")


def merge_cards(project: Project) -> None:
    project.replace("{{c2::chlorophyll}}", "{{c1::chlorophyll}}")


@pytest.mark.parametrize(
    ("edit", "version", "texts"),
    [
        (
            move,
            "1.1.0",
            [
                "· Moved to another subdeck: 1\n",
                "- **light** · 01 First Part → 02 Second Part: In most",
                "replaces your own edits and tags on these notes",
            ],
        ),
        (
            add_card,
            "1.0.1",
            ["### Details", "  - Card 3 is new: it will be asked, even where you suspended the others."],
        ),
        (add_reverse, "1.0.1", ["  - Reverse question now: Which organisms"]),
        (drop_card, "1.0.1", ["Card 2 is gone: in Anki, *Tools > Empty Cards* removes it."]),
        (merge_cards, "1.0.1", ["with a pigment named {{c1::chlorophyll}} in", "Card 2 is gone"]),
        (
            swap_decks,
            "2.0.0",
            [
                "No longer used: Small Deck::01 First Part. New: ",
                "Small Deck::02 First Part",
                "Cards that you have stay",
            ],
        ),
    ],
)
def test_what_learners_are_told(
    released: Project, edit: Callable[[Project], None], version: str, texts: list[str]
) -> None:
    edit(released)
    released.released(version, "--since", "old")
    assert [text for text in texts if text not in released.changelog] == []
    assert ("### Moved" in released.changelog) == (edit is move)


# --- the changelog ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "# Changelog\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n"),
        ("# Log\n\nIntro.\n", "# Log\n\nIntro.\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n"),
        ("# Log\n\n## Unreleased\n\nNew\n", "# Log\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n"),
        ("# Log\n\n## 0.9.0 - D\n\nOld\n", "# Log\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n\n## 0.9.0 - D\n\nOld\n"),
        (
            "# Log\n\n## [Unreleased]\n\nNew\n\n## [0.9.0] - D\n\nOld\n",
            "# Log\n\n## Unreleased\n\n## 1.0.0 - D\n\nB\n\n## [0.9.0] - D\n\nOld\n",
        ),
    ],
)
def test_a_section_goes_on_top_of_the_older_ones(before: str, after: str) -> None:
    assert with_section(before, "1.0.0", "D", "B") == after
    assert sections(after)["1.0.0"] == "B"
    assert sections(after)["Unreleased"] == ""
    assert sections(after).get("0.9.0", "Old") == "Old"


def test_a_section_that_the_ledger_does_not_know_is_refused(project: Project) -> None:
    """It is of a release that was cut short, or written by hand."""
    text = "# Changelog\n\n## 1.0.0 - today\n\nMine.\n"
    (project.root / "CHANGELOG.md").write_text(text, encoding="utf-8")
    ran = project.release("1.0.0")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("ketamine-anki: CHANGELOG.md has a section 1.0.0 ")
    assert project.changelog == text


LINK = "a symbolic link is not followed: put the file itself here"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.symlink_to("secret.md"), LINK),
        (lambda path: path.symlink_to("/dev/zero"), LINK),
        (lambda path: path.symlink_to("nowhere"), LINK),
        (os.mkfifo, "not a regular file"),
        (Path.mkdir, "not a regular file"),
        (lambda path: path.write_bytes(b"x" * (MAX_CHANGELOG_BYTES + 1)), "over 16,777,216 bytes"),
        (lambda path: path.write_bytes("# Änderungen\n".encode("latin-1")), "not UTF-8 text: save it as UTF-8"),
    ],
    ids=["link", "device", "dangling", "pipe", "folder", "large", "bytes"],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_changelog_is_read_as_a_deck_is(
    project: Project, make: Callable[[Path], None], message: str, options: tuple[str, ...]
) -> None:
    """What it says reaches learners: it must not say what another file holds."""
    secret = project.root / "secret.md"
    secret.write_text("## Unreleased\nTOKEN\n", encoding="utf-8")
    make(project.root / "CHANGELOG.md")
    assert project.release("1.0.0", *options) == (1, "", f"ketamine-anki: CHANGELOG.md: {message}\n")
    assert secret.read_text(encoding="utf-8") == "## Unreleased\nTOKEN\n"
    assert not project.dist.exists()
