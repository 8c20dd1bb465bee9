"""The output of `diff`, and what it can compare."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from pathlib import Path

import pytest
from editions import MORE_TAGS, MOVED, edition, note
from program import run
from releases import NOTES, Project

from ketamine_anki.anki import notetypes
from ketamine_anki.core.escape import markdown
from ketamine_anki.release.changes import Changes, compare
from ketamine_anki.release.diff import as_json, as_markdown, as_text

OTHER = note("z", deck="S::02 Two")
OLD = edition(
    note("dose", "Give 5 mg", cards=(1, 2)), note("gone"), note("moves"), note("ends"), note("tags"), OTHER
)  # fmt: skip
NEW = edition(
    note("dose", "Give 10 mg", cards=(1,)), note("moves", **MOVED), note("ends", retired="1.1.0"),
    note("tags", tags=MORE_TAGS), note("comes", "Now"), OTHER, content="d",
)  # fmt: skip

TEXT = """\
1 new, 2 changed, 1 moved, 1 retired, 1 lost, 1 restyled note type: a major change
  note type 'S: question': new style or template text
Lost (1)
  gone · 01 One: Which gone?
Retired (1)
  ends · 01 One
Corrected (1)
  dose · 01 One · card 2 is gone
    Answer: Give [-5-]{+10+} mg
Details (1)
  tags · 01 One
    Tags: {+S::Concept::X+}
Moved (1)
  moves · 01 One → 02 Two
    Tags: S::Domain::[-One-]{+Two+}
New (1)
  comes · 01 One: Which comes?
    Answer: {+Now+}"""
MARKDOWN_LINES = """\
- **note type 'S: question': new style or template text**
#### Lost (1)
- **gone** · 01 One: Which gone?
#### Retired (1)
- **ends** · 01 One
#### Corrected (1)
- **dose** · 01 One · card 2 is gone
  - Answer: Give <del>5</del><ins>10</ins> mg
#### Details (1)
- **tags** · 01 One
  - Tags: <ins>S::Concept::X</ins>
#### Moved (1)
- **moves** · 01 One → 02 Two
  - Tags: S::Domain::<del>One</del><ins>Two</ins>
#### New (1)
- **comes** · 01 One: Which comes?
  - Answer: <ins>Now</ins>"""


def test_changes_as_text_and_markdown() -> None:
    changes = compare(OLD, NEW)
    assert "\n".join(as_text(changes)) == TEXT
    assert "Give \033[31m5\033[0m\033[32m10\033[0m mg" in "\n".join(as_text(changes, colour=True))
    head, *lines = filter(None, as_markdown(changes).splitlines())
    assert head == f"### Cards: {TEXT.splitlines()[0]}"
    assert lines == MARKDOWN_LINES.splitlines()
    assert "\n\n#### Lost (1)\n\n- **gone**" in as_markdown(changes)


def test_what_breaks_comes_first() -> None:
    changes = compare(edition(note("a")), edition(note("a", deck="S::01 Uno"), schema="t"))
    assert as_markdown(changes).splitlines()[:5] == [
        "### Cards: 1 moved, 1 rebuilt note type, 1 deck gone: a major change",
        "",
        "- **note type 'S: question': other fields or templates; Anki skips its notes unless note types are merged**",
        "- **deck 'S::01 One' is gone or has another name: cards that learners have stay in the old one**",
        "- **deck 'S::01 Uno' is new**",
    ]
    two = Changes(styles=("A", "B"), decks_gone=("A", "B"))
    assert next(as_text(two)) == "2 restyled note types, 2 decks gone: a major change"


def test_changes_as_json() -> None:
    data = json.loads("".join(as_json(compare(OLD, NEW))))
    assert data["level"] == "major"
    assert data["breaking"] == ["note 'gone' is gone"]
    assert data["changed"][0] == {
        "id": "dose",
        "guid": "dose",
        "deck": "S::01 One",
        "kind": "corrected",
        "fields": {"Answer": {"old": "Give 5 mg", "new": "Give 10 mg"}},
        "tags": {"gone": [], "new": []},
        "cards": {"gone": [2], "new": []},
    }
    assert (data["moved"][0]["from"], data["moved"][0]["deck"]) == ("S::01 One", "S::02 Two")
    assert data["new"][0]["fields"]["Question"] == "Which comes?"
    assert data["note_types"] == {"schema": [], "style": ["S: question"]}


def test_only_so_much_is_shown_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is counted; JSON has all of it. GitHub shows nothing of a summary that is too long."""
    old, new = (edition(*(note(f"n{n}", answer) for n in range(5))) for answer in ("5 mg", "10 mg"))
    monkeypatch.setattr("ketamine_anki.release.diff.MAX_MARKDOWN", 200)
    assert "… and 2 more: `ketamine-anki diff` shows all." in as_markdown(compare(old, new))
    monkeypatch.setattr("ketamine_anki.release.diff.MAX_DIFF_TEXT", 500)
    lines = list(as_text(compare(old, new)))
    assert [line for line in lines if "(" in line] == ["Corrected (2)", "Changed (3)"]
    assert lines[-1] == "  … and 3 more: --format json shows all"
    assert "… and 3 more: `ketamine-anki diff` shows all." in as_markdown(compare(old, new))
    assert len(json.loads("".join(as_json(compare(old, new))))["changed"]) == 5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (":+1: a:b :no_entry: a.yaml:12:5", ":&#8203;+1: a:b :&#8203;no\\_entry: a.yaml:12:5"),
        ("a.yaml:100:5 A::Concept::X", "a.yaml:&#8203;100:5 A::Concept::X"),
        ("o/r#7 GH-7 @o/team o@deadbee", "o/r\\#&#8203;7 GH-&#8203;7 \\@&#8203;o/team o\\@&#8203;deadbe&#8203;e"),
        ("0123456789abcdef" * 2, "012345&#8203;6789ab&#8203;cdef01&#8203;234567&#8203;89abcd&#8203;ef"),
        ("12345678 facade defaced.", "12345678 facade deface&#8203;d."),
        ("=== a\n---", "\\=== a / ---"),
    ],
)
def test_texts_of_strangers_are_shown_character_by_character(text: str, shown: str) -> None:
    """A pull request from anyone ends in the summary of a job."""
    assert markdown(text) == shown


def test_texts_of_strangers_steer_neither_terminal_nor_runner() -> None:
    hostile = "##[error]y \x9b2J \x1b[2J \u202e"
    changes = compare(edition(note("a"), OTHER), edition(note("a", hostile), note("::error file=a::x", hostile), OTHER))
    for output in ("".join(as_json(changes)), "\n".join(as_text(changes)), as_markdown(changes)):
        assert "error file" in output
        assert not any(line.lstrip().startswith("::") for line in output.split("\n"))
        assert not any(sign in output for sign in ("##[", "\x9b", "\x1b", "\u202e"))


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def history(tagged: Project) -> Project:
    """Version 1.0.0 as tag, package and folder `old`; since then one word has changed and one note is gone."""
    tagged.write(NOTES[: NOTES.index("- id: light")])
    tagged.edit("water", answer="Salt water")
    return tagged


@pytest.mark.parametrize("old", ["v1.0.0", "HEAD", "old", "dist/small-1.0.0.apkg"])
def test_a_package_a_folder_or_a_revision(history: Project, old: str) -> None:
    """All show the same; without NEW the present folder is meant."""
    ran = run("diff", old)
    assert (ran.code, ran.err) == (0, "")
    assert "Lost (1)\n  light" in ran.out
    assert "Corrected (1)\n  water" in ran.out
    assert "New" not in ran.out
    assert run("diff", old, "--format", "markdown").out.startswith("### Cards: 1 changed, 1 lost: a major change\n")


def test_packages(tagged: Project) -> None:
    """The tag that names a release stands in the package alone: for `diff`, `preview` and `intake` nothing was edited.
    Hashes, note types, decks and fields that a package gives back are those that were compiled.
    """
    assert run("diff", "dist/small-1.0.0.apkg", "v1.0.0").out == "no change\n"
    tagged.edit("water", answer="Salt water", tags=["apex", "Plants"])
    tagged.commit()
    tagged.released("1.0.1")
    tagged.commit()
    tags = {note.fields["ID"]: [*note.tags[:3]] for note in tagged.package("small-1.0.1.apkg").notes}
    assert tags["water"] == ["Small::Changed::1.0.1", "Small::Concept::apex", "Small::Concept::Plants"], "without case"
    assert [tags[old][0] for old in ("gas", "light")] == ["Small::Concept::Plants"] * 2
    whole, update = "dist/small-1.0.1.apkg", "dist/small-1.0.1-update.apkg"
    data = json.loads(run("diff", "dist/small-1.0.0.apkg", update, "--format", "json").out)
    assert (data["level"], [change["id"] for change in data["changed"]]) == ("patch", ["water"])
    assert (run("diff", whole, "HEAD").out, run("intake", whole).out) == ("no change\n", "")
    assert run("preview", "--against", whole, "-o", "page.html").code == 0
    assert "against small-1.0.1.apkg: 0 new, 0 changed" in (tagged.root / "page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("v1.0.0", "decks", "major"),
        ("old", "decks", "major"),
        ("v1.0.0", "v2.0.0", "major"),
        ("HEAD~1", "HEAD", "major"),  # the commit of 2.0.0, known without its tag
        ("dist/small-1.0.0.apkg", "v2.0.0", "major"),
        ("v2.0.0", "decks", "none"),
        ("old", "v1.0.0", "none"),
    ],
)
def test_the_note_types_of_a_release_are_those_that_were_released(
    tagged: Project, monkeypatch: pytest.MonkeyPatch, old: str, new: str, level: str
) -> None:
    """They are part of the program: this one has other fields than the one that made 1.0.0."""
    kinds = notetypes.note_types()
    monkeypatch.setitem(kinds, "question", kinds["question"]._replace(fields=(*kinds["question"].fields, "Hint")))
    tagged.released("2.0.0")
    tagged.commit()
    if old != "HEAD~1":
        tagged.git("tag", "v2.0.0")
    ran = run("diff", old, new, "--format", "json", "--fail-on", "breaking")
    data = json.loads(ran.out)
    schemas = ["Small Deck: question and answer"] if level == "major" else []
    assert (data["level"], data["note_types"]["schema"]) == (level, schemas)
    assert ran.code == (level == "major")


def test_breaking_changes_fail_on_request(history: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("diff", "v1.0.0", "--fail-on", "breaking")
    assert (ran.code, ran.err, "\033" in ran.out) == (1, "breaking: note 'light' is gone\n", False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\033[31m" in run("diff", "old").out
    assert run("diff", "v1.0.0", "old", "--fail-on", "breaking") == (0, "\033[1mno change\033[0m\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere: no such package, folder or git revision"),
        (("--output=x",), ""),
        (("none.apkg",), "none.apkg: cannot be read: No such file or directory"),
        (("decks/source.yaml",), "decks/source.yaml: "),
        (("HEAD~1:decks",), "no such package, folder or git revision"),
        (("v1.0.0", "old", "--folder", "nowhere"), "nowhere: no such folder"),
        (("v1.0.0", "old", "--folder", "dist"), "v1.0.0: dist is not in this git revision"),
    ],
)
def test_a_name_of_nothing_is_refused(history: Project, arguments: tuple[str, ...], message: str) -> None:
    ran = run("diff", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("01-first.yaml", "answer: Carbon", "anwser: Carbon", "01-first.yaml:14:3: unknown key 'anwser': did you mean"),
        ("collection.yaml", "title:", "titel:", "collection.yaml:1:1: unknown key 'titel'"),
        ("collection.yaml", "[First", "[Second", "collection.yaml:1:1: deck 'First Part' is not listed"),
    ],
)
def test_a_collection_that_cannot_be_compared(history: Project, file: str, old: str, new: str, finding: str) -> None:
    """Mistakes are named with their revision. What only the rules object to is compared all the same."""
    history.replace(old, new, file)
    history.commit()
    for arguments, place in ((("v1.0.0",), "decks"), (("HEAD", "old"), "HEAD:decks")):
        ran = run("diff", *arguments)
        assert (ran.code, f"{place}/{finding}" in ran.out) == (1, True)


def test_a_full_temporary_folder_is_named(tagged: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fail)
    ran = run("diff", "HEAD", "decks")
    assert (ran.code, ran.out) == (74, "")
    message = rf"ketamine-anki: {re.escape(tempfile.gettempdir())}/ketamine-anki-\w+: No space left on device\n"
    assert re.fullmatch(message, ran.err)


def test_a_link_in_a_revision_is_left_out(tagged: Project) -> None:
    """What a pull request's link leads to is not read."""
    (tagged.decks / "03-link.yaml").symlink_to("/etc/passwd")
    tagged.commit()
    assert run("diff", "HEAD", "old").code == 0
