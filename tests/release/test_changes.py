"""What `diff` and the release notes say of two editions."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import run
from releases import DAY, NOTES, START, Project

from ketamine_anki.anki import notetypes
from ketamine_anki.core.alignment import Aligner
from ketamine_anki.release.changes import (
    Changes,
    Edition,
    EditionNote,
    EditionType,
    NoteChange,
    compare,
    of_package,
    with_texts,
)
from ketamine_anki.release.diff import as_json, as_markdown, as_text, escape
from ketamine_anki.release.ledger import TypeHashes
from ketamine_anki.text.plain import Part, answers, difference, plain, readable

# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("a &lt; b &amp; c", "a < b & c"),
        ("one<br>two<p>three</p>", "one\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ('<img src="x-1a2b.png" alt="A heart">', "[picture: A heart]"),
        ("<img src=x>", "[picture]"),
        (r"\(p &lt; 0.05\)", r"\(p < 0.05\)"),
        ("<b>bold</b> and <em>soft</em>", "bold and soft"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("&#65;&#" + "9" * 5000 + ";&#x" + "f" * 5000 + ";", "A\ufffd\ufffd"),
    ],
)
def test_a_field_as_text(field: str, text: str) -> None:
    assert plain(field) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{c1::dilate::verb}} and {{c2::slow}}", "[dilate] and [slow]"),
        ("{{c1::a {{c2::b}} c}}", "[a [b] c]"),
        ("{{c1::cut", "{{c1::cut"),
        ("{{c1::" * 12 + "deep" + "}}" * 12, "{{c1::" * 3 + "[" * 9 + "deep" + "]" * 9 + "}}" * 3),
    ],
)
def test_deletions_as_a_learner_reads_them(text: str, shown: str) -> None:
    assert readable(text) == shown


def test_the_answers_of_a_cloze() -> None:
    assert answers("{{c2::slow}} or {{c1::dilate::verb}}") == ["dilate", "slow"]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("give 5 mg now", "give 10 mg now", [("=", "give "), ("-", "5"), ("+", "10"), ("=", " mg now")]),
        ("a b", "a b c", [("=", "a b"), ("+", " c")]),
        ("one two three", "uno dos three", [("-", "one two"), ("+", "uno dos"), ("=", " three")]),
        ("1.5", "15", [("-", "1.5"), ("+", "15")]),
        ("same", "same", [("=", "same")]),
        ("", "", []),
    ],
)
def test_texts_differ_word_by_word(old: str, new: str, parts: list[tuple[str, str]]) -> None:
    assert difference(old, new, Aligner()) == tuple(Part(*part) for part in parts)


@given(st.text("ab .,\n", max_size=60), st.text("ab .,\n", max_size=60))
def test_the_parts_make_up_both_texts(old: str, new: str) -> None:
    parts = difference(old, new, Aligner())
    assert "".join(text for sign, text in parts if sign in "=-") == old
    assert "".join(text for sign, text in parts if sign in "=+") == new


def test_one_word_in_a_very_long_text_is_found() -> None:
    old = "\n".join(f"line {n} of many words" for n in range(4_000))
    changed = difference(old, old.replace("line 7 of", "row 7 of"), Aligner())
    assert [part for part in changed if part.sign != "="] == [Part("-", "line"), Part("+", "row")]


def test_words_that_repeat_too_often_are_one_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """To align them takes time in the third power of how often they repeat."""
    old, new = "a b " * 1000 + "x", "b a a " * 700 + "y"
    assert difference(f"one {old}", f"one {new}", Aligner()) == (Part("=", "one "), Part("-", old), Part("+", new))
    monkeypatch.setattr("ketamine_anki.core.alignment.MAX_ALL_WORD_PAIRS", 4)
    aligner = Aligner()
    shown = ["".join(part.sign + part.text for part in difference("1 a 2", "3 a 4", aligner)) for _ in range(5)]
    assert shown == ["-1+3= a -2+4"] * 4 + ["-1 a 2+3 a 4"]


# --- editions ---------------------------------------------------------------------------------

KIND = 7


def note(guid: str, answer: str = "A", **changed: object) -> EditionNote:
    fields = {"Question": f"Which {guid}?", "Answer": answer, "Extra": "", "ID": guid}
    tags = frozenset({"S::Domain::One"})
    return replace(EditionNote(guid, guid, KIND, "S::01 One", fields, tags), **changed)


def edition(*notes: EditionNote, schema: str = "s", content: str = "c") -> Edition:
    kinds = {KIND: EditionType("S: question", TypeHashes(schema, content))}
    return Edition({n.guid: n for n in notes}, kinds, frozenset(n.deck for n in notes))


MORE_TAGS = frozenset({"S::Domain::One", "S::Concept::X"})


@pytest.mark.parametrize(
    ("old", "new", "group", "level"),
    [
        (edition(note("a")), edition(note("a")), "", "none"),
        (edition(note("a")), edition(note("a", "B")), "changed", "patch"),
        (
            edition(note("a")),
            edition(note("a", tags=frozenset({"S::Domain::One", "S::Concept::X"}))),
            "changed",
            "patch",
        ),
        (edition(note("a")), edition(note("a"), note("b")), "new", "minor"),
        (edition(note("a")), edition(note("a"), note("b", retired="1.0.0")), "", "none"),
        (edition(note("a")), edition(note("a", retired="1.1.0")), "retired", "minor"),
        (edition(note("a", retired="1.0.0")), edition(note("a", retired="1.0.0")), "", "none"),
        (edition(note("a", retired="1.0.0")), edition(note("a")), "returned", "major"),
        (edition(note("a"), note("b")), edition(note("a")), "lost", "major"),
        (edition(note("a"), note("b", retired="1.0.0")), edition(note("a")), "", "none"),
        (edition(note("a")), edition(note("a", note_type=8)), "retyped", "major"),
        (edition(note("a")), edition(note("a"), content="d"), "styles", "patch"),
        (edition(note("a")), edition(note("a"), schema="t"), "schemas", "major"),
        (edition(note("a", hash="1", fields=None)), edition(note("a", hash="2")), "changed", "patch"),
        (edition(note("a", hash="1", fields=None)), edition(note("a", hash="1")), "", "none"),
    ],
)
def test_each_kind_of_change_has_its_level(old: Edition, new: Edition, group: str, level: str) -> None:
    changes = compare(old, new)
    groups = ("new", "changed", "moved", "retired", "lost", "returned", "retyped", "schemas", "styles")
    assert [name for name in groups if getattr(changes, name)] == ([group] if group else [])
    assert changes.level == level
    assert bool(changes.breaking()) == (level == "major")


MOVED = {"deck": "S::02 Two", "tags": frozenset({"S::Domain::Two"})}


@pytest.mark.parametrize(
    ("after", "groups"),
    [
        (note("a", **MOVED), ["moved"]),
        (note("a", "B", **MOVED), ["changed", "moved"]),
        (note("a", **MOVED | {"tags": frozenset({"S::Domain::Two", "S::Flag::Derived"})}), ["changed", "moved"]),
    ],
)
def test_the_tag_of_the_subdeck_is_no_change_of_its_own(after: EditionNote, groups: list[str]) -> None:
    changes = compare(edition(note("a"), note("z", deck="S::02 Two")), edition(after, note("z", deck="S::02 Two")))
    assert [name for name in ("changed", "moved") if getattr(changes, name)] == groups


def test_a_deck_of_another_name_is_breaking() -> None:
    """Anki matches decks by name: cards stay in the old one."""
    changes = compare(edition(note("a")), edition(note("a", deck="S::01 Uno")))
    assert changes.breaking() == ["deck 'S::01 One' is gone or has another name"]
    assert changes.decks_new == ("S::01 Uno",)


@pytest.mark.parametrize(
    ("field", "old", "new", "kind"),
    [
        ("Answer", "A", "B", "corrected"),
        ("Caveat", "", "But", "corrected"),
        ("Question", "Which?", "What?", "reworded"),
        ("Extra", "", "More", "reworded"),
        ("Text", "The {{c1::a}} is", "The {{c1::b}} is", "corrected"),
        ("Text", "The {{c1::a}} is", "That {{c1::a}} is", "reworded"),
        ("Answer", "A", "<b>A</b>", "details"),
        ("Source", "One", "Two", "details"),
    ],
)
def test_a_change_of_answers_is_a_correction(field: str, old: str, new: str, kind: str) -> None:
    assert NoteChange(note("a", fields={field: old}), note("a", fields={field: new})).kind == kind


def test_without_the_old_words_a_change_is_a_change() -> None:
    assert NoteChange(note("a", fields=None), note("a")).kind == "changed"


def test_the_ledgers_edition_gets_words_from_elsewhere() -> None:
    released = edition(note("a", hash="1", fields=None, tags=None), note("b", hash="2", fields=None, tags=None))
    filled = with_texts(released, edition(note("a", "Old")))
    assert filled.notes["a"].fields is not None
    assert (filled.notes["a"].fields["Answer"], filled.notes["a"].hash) == ("Old", "1")
    assert filled.notes["b"].fields is None


# --- views ------------------------------------------------------------------------------------

OLD = edition(
    note("dose", "Give 5 mg", cards=(1, 2)),
    note("gone"),
    note("moves"),
    note("ends"),
    note("tags"),
    note("z", deck="S::02 Two"),
)
NEW = edition(
    note("dose", "Give 10 mg", cards=(1,)),
    note("moves", **MOVED),
    note("ends", retired="1.1.0"),
    note("tags", tags=MORE_TAGS),
    note("comes", "Now"),
    note("z", deck="S::02 Two"),
    content="d",
)

TEXT = """\
1 new, 2 changed, 1 moved, 1 retired, 1 lost, 1 restyled note types: a major change
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

MARKDOWN = """\
### Cards: 1 new, 2 changed, 1 moved, 1 retired, 1 lost, 1 restyled note types: a major change

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
  - Answer: <ins>Now</ins>
"""


def test_changes_as_text() -> None:
    assert "\n".join(as_text(compare(OLD, NEW))) == TEXT


def test_what_breaks_is_said_first() -> None:
    changes = compare(edition(note("a")), edition(note("a", deck="S::01 Uno"), schema="t"))
    assert as_markdown(changes).splitlines()[:5] == [
        "### Cards: 1 moved, 1 rebuilt note types, 1 decks gone: a major change",
        "",
        "- **note type 'S: question': other fields or templates; Anki skips its notes unless note types are merged**",
        "- **deck 'S::01 One' is gone or has another name: cards that learners have stay in the old one**",
        "- **deck 'S::01 Uno' is new**",
    ]


def test_changes_in_colour() -> None:
    """Red and green instead of brackets; the words are the same."""
    shown = "\n".join(as_text(compare(OLD, NEW), colour=True))
    assert "Give \033[31m5\033[0m\033[32m10\033[0m mg" in shown


def test_changes_as_markdown() -> None:
    assert as_markdown(compare(OLD, NEW)) == MARKDOWN


def test_texts_of_a_stranger_steer_nothing() -> None:
    changes = compare(OLD, edition(note("::error file=a::x", "##[error]y \x9b2J \u202e")))
    for shown in ("".join(as_json(changes)), "\n".join(as_text(changes)), as_markdown(changes)):
        assert "error file" in shown
        assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))
        assert not any(sign in shown for sign in ("##[", "\x9b", "\u202e"))


def test_changes_as_json() -> None:
    made = json.loads("".join(as_json(compare(OLD, NEW))))
    assert made["level"] == "major"
    assert made["breaking"] == ["note 'gone' is gone"]
    assert made["changed"][0]["fields"] == {"Answer": {"old": "Give 5 mg", "new": "Give 10 mg"}}
    assert made["changed"][0]["cards_gone"] == [2]
    assert (made["moved"][0]["from"], made["moved"][0]["deck"]) == ("S::01 One", "S::02 Two")
    assert made["new"][0]["fields"]["Question"] == "Which comes?"
    assert made["note_types"] == {"schema": [], "style": ["S: question"]}


def test_only_so_much_is_shown_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the other notes it is said how many there are; JSON has all of them."""
    old, new = (edition(*(note(f"n{n}", answer) for n in range(5))) for answer in ("5 mg", "10 mg"))
    monkeypatch.setattr("ketamine_anki.release.diff.MAX_DIFF_TEXT", 500)
    shown = list(as_text(compare(old, new)))
    assert [line for line in shown if "(" in line] == ["Corrected (2)", "Changed (3)"]
    assert shown[-1] == "  … and 3 more: --format json shows all"
    assert "… and 3 more: `ketamine-anki diff` shows all." in as_markdown(compare(old, new))
    assert len(json.loads("".join(as_json(compare(old, new))))["changed"]) == 5


@pytest.mark.parametrize(
    ("changes", "said"), [(Changes(), "no change"), (Changes(styles=("A",)), "1 restyled note types: a patch change")]
)
def test_the_headline_of_small_changes(changes: Changes, said: str) -> None:
    assert next(iter(as_text(changes))) == said


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("[x](javascript:y) `z`", "\\[x\\](javascript:y) \\`z\\`"),
        ("<script> & *b*", "&lt;script&gt; &amp; \\*b\\*"),
        ("one\ntwo", "one / two"),
        ("\x1b[31mred", "\\\\x1b\\[31mred"),
        ("\u202etxt", "\\\\u202etxt"),
    ],
)
def test_texts_of_strangers_are_shown_letter_by_letter(text: str, markdown: str) -> None:
    """A pull request from anyone ends in a job's summary."""
    assert escape(text) == markdown


def test_a_terminal_cannot_be_steered_by_a_card() -> None:
    shown = "\n".join(as_text(compare(edition(note("a")), edition(note("a", "\x1b[2J\u202e")))))
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_an_enormous_change_is_cut() -> None:
    """GitHub cuts a job's summary at one megabyte, and then shows nothing."""
    old = edition(*(note(f"n{i}", "old\n" * 300) for i in range(400)))
    new = edition(*(note(f"n{i}", "new\n" * 300) for i in range(400)))
    made = as_markdown(compare(old, new))
    assert len(made) < 600_000
    assert "more: `ketamine-anki diff` shows all." in made


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def history(project: Project) -> Project:
    """Version 1.0.0 as tag, package and folder `old`; since then one word has changed and one note is gone."""
    project.commit()
    project.released("1.0.0")
    project.commit()
    project.git("tag", "v1.0.0")
    shutil.copytree(project.decks, project.root / "old")
    project.write(NOTES[: NOTES.index("- id: light")])
    project.edit("water", answer="Salt water")
    return project


@pytest.mark.parametrize("old", ["v1.0.0", "HEAD", "old", "dist/small-1.0.0.apkg"])
def test_a_package_a_folder_or_a_revision(history: Project, old: str) -> None:
    """All three tell the same; without NEW the present folder is meant."""
    ran = run("diff", old)
    assert (ran.code, ran.err) == (0, "")
    assert "Lost (1)\n  light" in ran.out
    assert "Corrected (1)\n  water" in ran.out
    assert "New" not in ran.out


def test_two_packages(history: Project) -> None:
    history.write(NOTES)
    history.edit("water", answer="Salt water")
    history.at(START + DAY)
    history.commit()
    history.released("1.0.1")
    ran = run("diff", "dist/small-1.0.0.apkg", "dist/small-1.0.1-update.apkg", "--format", "json")
    made = json.loads(ran.out)
    assert made["level"] == "patch"
    assert [change["id"] for change in made["changed"]] == ["water"]


def test_a_package_and_its_collection_are_the_same_edition(history: Project) -> None:
    """Hashes, note types, decks and fields that a package gives back are those that were compiled."""
    assert run("diff", "dist/small-1.0.0.apkg", "v1.0.0").out == "no change\n"


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("v1.0.0", "decks", "major"),
        ("old", "decks", "major"),
        ("v1.0.0", "v2.0.0", "major"),
        ("HEAD~1", "HEAD", "major"),  # the commit of 2.0.0, known without its tag
        ("dist/small-1.0.0.apkg", "v2.0.0", "major"),
        ("v2.0.0", "decks", "none"),
        ("v1.0.0", "v1.0.0", "none"),
        ("old", "v1.0.0", "none"),
    ],
)
def test_the_note_types_of_a_release_are_those_that_were_released(
    history: Project, monkeypatch: pytest.MonkeyPatch, old: str, new: str, level: str
) -> None:
    """They are part of the program: this one has other fields than the one that made 1.0.0."""
    history.write(NOTES)
    kinds = notetypes.note_types("")
    question = kinds["question"]
    monkeypatch.setitem(kinds, "question", question._replace(fields=(*question.fields, "Hint")))
    history.at(START + DAY)
    history.released("2.0.0")
    history.commit()
    if old != "HEAD~1":
        history.git("tag", "v2.0.0")
    ran = run("diff", old, new, "--format", "json", "--fail-on", "breaking")
    made = json.loads(ran.out)
    schemas = ["Small Deck: question and answer"] if level == "major" else []
    assert (made["level"], made["note_types"]["schema"]) == (level, schemas)
    assert ran.code == (level == "major")


@pytest.mark.parametrize(("new", "code"), [("decks", 1), ("old", 0)])
def test_breaking_changes_fail_when_asked(history: Project, new: str, code: int) -> None:
    ran = run("diff", "v1.0.0", new, "--fail-on", "breaking")
    assert (ran.code, ran.err) == (code, "breaking: note 'light' is gone\n" if code else "")


def test_markdown_for_a_pull_request(history: Project) -> None:
    assert run("diff", "v1.0.0", "--format", "markdown").out.startswith(
        "### Cards: 1 changed, 1 lost: a major change\n"
    )


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals(
    history: Project, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\033[31m" in run("diff", "v1.0.0").out) == coloured


@pytest.mark.parametrize(
    ("old", "sentence"),
    [
        ("nowhere", "nowhere: no such package, folder or git revision"),
        ("--output=x", ""),
        ("none.apkg", "none.apkg: cannot be read: No such file or directory"),
        ("decks/source.yaml", "decks/source.yaml: "),
        ("HEAD~1:decks", "no such package, folder or git revision"),
    ],
)
def test_what_is_neither_is_refused(history: Project, old: str, sentence: str) -> None:
    ran = run("diff", old)
    assert ran.code == 2
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_a_revision_without_the_folder_is_refused(history: Project) -> None:
    history.git("rm", "-rq", "--cached", "decks")
    history.git("-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "No deck")
    assert run("diff", "HEAD") == (2, "", "ketamine-anki: HEAD: decks is not in this git revision\n")


def test_a_folder_that_is_not_there_is_refused(history: Project) -> None:
    ran = run("diff", "v1.0.0", "old", "--folder", "nowhere")
    assert (ran.code, "nowhere: no such folder" in ran.err) == (2, True)


def test_what_cannot_be_read_is_named_with_its_revision(history: Project) -> None:
    """A deck that the rules find fault with is compared all the same; one that cannot be read is not."""
    history.replace("answer: Carbon dioxide", "anwser: Carbon dioxide")
    history.commit()
    ran = run("diff", "HEAD", "old")
    assert ran.code == 1
    assert "HEAD:decks/01-first.yaml:14:3: unknown key 'anwser': did you mean 'answer'? [unknown-key]" in ran.out


def test_a_collection_that_cannot_be_read_cannot_be_compared(history: Project) -> None:
    history.replace("title:", "titel:", "collection.yaml")
    ran = run("diff", "v1.0.0")
    assert (ran.code, "unknown-key" in ran.out) == (1, True)


def test_a_full_temporary_folder_is_named(history: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fail)
    ran = run("diff", "HEAD", "decks")
    assert (ran.code, ran.out) == (74, "")
    said = rf"ketamine-anki: {re.escape(tempfile.gettempdir())}/ketamine-anki-\w+: No space left on device\n"
    assert re.fullmatch(said, ran.err)


def test_a_link_in_a_revision_is_left_out(history: Project) -> None:
    """What a pull request's link leads to is not read."""
    (history.decks / "03-link.yaml").symlink_to("/etc/passwd")
    history.commit()
    assert run("diff", "HEAD", "old").code == 0


def test_a_deck_that_is_not_listed_cannot_be_compared(history: Project) -> None:
    history.replace("[First Part, Second Part]", "[Second Part]", "collection.yaml")
    ran = run("diff", "v1.0.0")
    assert "decks/collection.yaml:1:1: deck 'First Part' is not listed [unknown-deck]" in ran.out


def test_a_foreign_package_is_compared_too(tmp_path: Path) -> None:
    """Notes without an ID field are named by their GUIDs."""
    import genanki

    from ketamine_anki.anki.package_reader import read_package

    kind = genanki.Model(
        99, "Plain", [{"name": "Front"}, {"name": "Back"}], [{"name": "C", "qfmt": "{{Front}}", "afmt": ""}]
    )
    made = []
    for number, back in enumerate(("old", "new")):
        deck = genanki.Deck(5, "Foreign")
        deck.add_note(genanki.Note(kind, ["front", back], guid="G-1"))
        path = tmp_path / f"{number}.apkg"
        genanki.Package(deck).write_to_file(str(path))
        made.append(of_package(read_package(path.read_bytes())))
    changes = compare(*made)
    assert [change.name for change in changes.changed] == ["G-1"]
    assert [change.fields for change in changes.changed] == [[("Back", "old", "new")]]
