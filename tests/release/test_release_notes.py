"""What a release says: the changelog for everyone, the release notes for learners."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from program import run
from releases import DAY, NEW_NOTE, NOTES, RETIRED, START, Project, move, retire, reword, swap_decks

from ketamine_anki.anki import notetypes
from ketamine_anki.core.limits import MAX_CHANGELOG_BYTES
from ketamine_anki.core.model import NOWHERE, Collection, Note, Reference
from ketamine_anki.release.release_notes import ankiweb, sections, with_section
from ketamine_anki.workspace.folder import Folder


def change(project: Project) -> None:
    """A new, a corrected, a retagged and a retired note."""
    project.write(NOTES + NEW_NOTE)
    retire(project)
    project.edit("water", answer="Water and *salts*")
    project.edit("light", tags=["Leaves"])


def test_changelog_and_release_notes_tell_card_by_card_what_changed(tagged: Project) -> None:
    """With the words before and after, from git's tag of the last release; what maintainers wrote comes first."""
    change(tagged)
    log = tagged.changelog.replace("## Unreleased", "## Unreleased\n\nRoots!").replace("\n", "\r\n")
    (tagged.root / "CHANGELOG.md").write_bytes(log.encode("utf-8"))
    tagged.commit()
    tagged.released("1.1.0")
    expected = Path(__file__).with_name("RELEASE_NOTES.md").read_text(encoding="utf-8")
    assert tagged.notes == expected
    section = expected.partition("1.1.0\n\n")[2].partition("\n\n## Which file")[0]
    assert tagged.changelog == (
        f"# Changelog\n\n## Unreleased\n\n## 1.1.0 - 2023-11-15\n\n{section}\n\n"
        "## 1.0.0 - 2023-11-14\n\nFirst release: 3 notes, 4 cards\n"
    )


def test_without_the_words_before_the_ids_are_named(released: Project) -> None:
    """Outside git the ledger still knows what changed."""
    change(released)
    assert "the words of 1.0.0 are not known here: name them with --since" in released.release("1.1.0").err
    assert "· New: 1 · Changed: 2 · Retired: 1\n" in released.changelog
    listed = "### Changed\n\n- **water** · 01 First Part: Which liquid do roots take up?\n- **light**"
    assert listed in released.changelog
    assert "before" not in released.changelog


@pytest.mark.parametrize("since", ["dist/small-1.0.0.apkg", "HEAD~1", "old", None])
def test_where_the_words_before_come_from(tagged: Project, since: str | None) -> None:
    """Without a name and a tag, from the commit that last changed the ledger."""
    tagged.git("tag", "-d", "v1.0.0")
    tagged.edit("water", answer="Water and salts")
    tagged.commit()
    ran = tagged.release("1.0.1", *(("--since", since) if since else ()))
    assert (ran.code, "not known" in ran.err) == (0, False)
    assert "Answer before: Water\n" in tagged.changelog


def test_a_tag_of_something_else_is_not_believed(project: Project) -> None:
    """A tag v1.0.0 from before the release, of a program for example, does not give the words."""
    project.commit()
    project.git("tag", "v1.0.0")
    project.released("1.0.0")
    project.commit()
    reword(project)
    project.commit()
    project.at(START + DAY)
    assert "the words of 1.0.0 are not known here: name them with --since" in project.release("1.0.1").err


def made_again(project: Project, version: str) -> str:
    """The release notes that --rebuild writes."""
    shutil.rmtree(project.dist)
    assert run("release", version, "--rebuild").code == 0
    return project.notes


def test_safety_corrections_come_first_and_arrive_always(released: Project) -> None:
    reword(released)
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
    assert made_again(released, "1.0.1") == notes


def test_who_skips_a_release_is_told_what_it_asked_for(released: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A correction or a new field of a release that a learner skipped comes with a later one, if that is imported as
    the skipped one would have been.
    """
    told = "older than one of these"
    assert told not in released.notes
    reword(released)
    released.released("1.0.1", "--errata", "gas")
    assert told not in released.notes
    kinds = notetypes.note_types()
    more = (*kinds["question"].fields, "Hint")
    monkeypatch.setitem(kinds, "question", kinds["question"]._replace(fields=more))
    released.at(START + 2 * DAY)
    released.released("2.0.0")
    released.edit("water", answer="Water and salts")
    released.at(START + 3 * DAY)
    dry = released.release("2.0.1", "--dry-run").out
    released.released("2.0.1")
    notes = released.notes
    assert dry.partition("\n\n")[2] == notes
    assert (
        f"{told}, choose what it asked for, too:\n\n"
        "- 1.0.1 corrected safety: *Update notes: Always*.\n"
        "- 2.0.0 changed the note types: *Merge note types* on, *Update notes: Always*.\n\n"
    ) in notes
    assert "| Merge note types | off |" in notes
    assert "| Update notes | If newer |" in notes
    assert made_again(released, "2.0.1") == notes


def test_another_notice_of_a_retired_note_is_no_news(released: Project) -> None:
    retire(released)
    released.released("1.1.0")
    released.at(START + 2 * DAY)
    released.edit("gas", retired={**RETIRED, "see": "light"})
    released.edit("water", answer="Water and salts")
    released.released("1.1.1")
    section = sections(released.changelog)["1.1.1"]
    assert ("Changed: 1" in section, "gas" in section) == (True, False)
    notices = [note.fields["Notice"] for note in released.package("small-1.1.1-update.apkg").notes]
    assert any("green leaves catch […] with" in notice for notice in notices)


def add_reverse(project: Project) -> None:
    project.edit("gas", reverse={"question": "Which organisms take up carbon dioxide?", "answer": "Plants"})


MOVED = "- **light** · 01 First Part → 02 Second Part: In most"
REPLACED = "replaces your own edits and tags on these notes"
NEW_CARD = "  - Card 3 is new: it will be asked, even where you suspended the others."
GONE_CARD = "Card 2 is gone: in Anki, *Tools > Empty Cards* removes it."
GONE_DECK = "No longer used: Small Deck::01 First Part. New: "


@pytest.mark.parametrize(
    ("edit", "version", "texts"),
    [
        (move, "1.1.0", ["· Moved to another subdeck: 1\n", MOVED, REPLACED]),
        (lambda p: p.replace("their cells", "their {{c3::cells}}"), "1.0.1", ["### Details", NEW_CARD]),
        (add_reverse, "1.0.1", ["  - Reverse question now: Which organisms"]),
        (lambda p: p.replace("{{c2::chlorophyll}}", "chlorophyll"), "1.0.1", [GONE_CARD]),
        (lambda p: p.replace("{{c2::", "{{c1::"), "1.0.1", ["pigment named {{c1::chlorophyll}} in", GONE_CARD]),
        (swap_decks, "2.0.0", [GONE_DECK, "Small Deck::02 First Part", "Cards that you have stay"]),
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
    ("before", "head", "older"),
    [
        ("", "# Changelog\n\n", ""),
        ("# Log\n\nIntro.\n", "# Log\n\nIntro.\n\n", ""),
        ("# Log\n\n## Unreleased\n\nNew\n", "# Log\n\n", ""),
        ("# Log\n\n## 0.9.0 - D\n\nOld\n", "# Log\n\n", "\n## 0.9.0 - D\n\nOld\n"),
        ("# Log\n\n## [Unreleased]\n\nNew\n\n## [0.9.0] - D\n\nOld\n", "# Log\n\n", "\n## [0.9.0] - D\n\nOld\n"),
    ],
)
def test_a_section_goes_on_top_of_the_older_ones(before: str, head: str, older: str) -> None:
    after = with_section(before, "1.0.0", "D", "B")
    assert after == f"{head}## Unreleased\n\n## 1.0.0 - D\n\nB\n{older}"
    assert sections(after) == {"Unreleased": "", "1.0.0": "B"} | ({"0.9.0": "Old"} if older else {})


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
        (lambda path: path.symlink_to("nowhere"), LINK),
        (os.mkfifo, "not a regular file"),
        (Path.mkdir, "not a regular file"),
        (lambda path: path.write_bytes(b"x" * (MAX_CHANGELOG_BYTES + 1)), "over 16,777,216 bytes"),
        (lambda path: path.write_bytes("# Änderungen\n".encode("latin-1")), "not UTF-8 text: save it as UTF-8"),
    ],
    ids=["link", "dangling", "pipe", "folder", "large", "bytes"],
)
def test_a_changelog_is_read_as_a_deck_is(project: Project, make: Callable[[Path], None], message: str) -> None:
    """What it says reaches learners: it must not say what another file holds."""
    secret = project.root / "secret.md"
    secret.write_text("## Unreleased\nTOKEN\n", encoding="utf-8")
    make(project.root / "CHANGELOG.md")
    for options in ((), ("--dry-run",)):
        assert project.release("1.0.0", *options) == (1, "", f"ketamine-anki: CHANGELOG.md: {message}\n")
    assert secret.read_text(encoding="utf-8") == "## Unreleased\nTOKEN\n"
    assert not project.dist.exists()


# --- AnkiWeb's form ---------------------------------------------------------------------------


def form(collection: Collection, *notes: Note) -> dict[str, str]:
    """What a maintainer copies into each field."""
    text = ankiweb(collection, collection.ledger.last, notes)
    return dict(re.findall(r"(?ms)^## (\S[^\n]*)\n\n(.*?)\n(?=\n## |\Z)", text))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Small Deck", "Small Deck"),
        ("T" * 60, "T" * 60),
        ("T" * 61, "T" * 59 + "…"),
        ("A title " * 9, "A title A title A title A title A title A title A title A…"),
    ],
)
def test_title_and_tags_have_at_most_60_characters(released: Project, title: str, expected: str) -> None:
    topics = {"Roots & Leaves": ("Water_uptake",), "Light": ("Water_uptake", "T" * 60)}
    notes = [Note("", deck, NOWHERE, tags=tags) for deck, tags in topics.items()]
    fields = form(replace(Folder("decks").collection, title=title, tag="Small_0123abcd"), *notes)
    assert list(fields) == ["Title", "Tags", "Support page", "Description"]
    assert (fields["Title"], fields["Tags"]) == (expected, "small light water-uptake roots-and-leaves")


@pytest.mark.parametrize(
    ("access", "source"),
    [
        ("", "Curated from the text “A Small Text”"),
        ("not *public*", r"Curated from the text “A Small Text” (not \*public\*)"),
        ("https://example.org/a", "[Curated from the text “A Small Text”](https://example.org/a)"),
    ],
)
def test_the_description_has_paragraphs_bold_words_lists_and_links_alone(
    released: Project, access: str, source: str
) -> None:
    address = "https://example.org/deck"
    collection = replace(Folder("decks").collection, repository=address, source_access=access)
    collection = replace(collection, description="# *All*\nof <b>it</b>")
    text = form(collection)["Description"]
    assert text.startswith(r"\# \*All\* of &lt;b&gt;it&lt;/b&gt;")
    assert "3 notes, 4 cards · Version 1.0.0\n" in text
    assert f"Licence of the cards: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/) · {source}\n" in text
    assert f"\n\nReleases and corrections: [{address}]({address}). An update" in text
    assert not re.search(r"(?m)^#", text)
    cited = replace(collection, references={"a": Reference("a", "A. B. 2020", NOWHERE)})
    assert " · The works behind a card are named on its back\n" in form(cited)["Description"]
