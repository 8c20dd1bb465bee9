"""The canonical form: one for each file, without a lost comment or a changed value."""

from __future__ import annotations

import random
import re
import textwrap
from pathlib import Path

import generators
import pytest
import yaml
from generators import Choices
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from program import REPOSITORY, run
from small_deck import COLLECTION, write

from ketamine_anki.core.characters import refused
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.formatter import WIDTH, canonical, difference, inline_text
from ketamine_anki.deckfiles.reader import read_deck, read_file

CHOICES = st.builds(Choices, st.binary(max_size=40) | st.binary(min_size=60, max_size=240))
HEAD = "deck: First Part\nnotes:\n"
NOTE = """\
- id: a
  question: Why?
  answer: So
  source: s/1
  tags: [T]
  yield: core
  skill: recall
"""
TIDY = HEAD + textwrap.indent(NOTE, "  ")
UNTIDY = TIDY.replace("So", "'So'")


def form(text: str) -> str:
    formatted, findings = canonical("a.yaml", text.encode(), schema.DECK)
    assert findings == []
    return formatted


def form_of_note(text: str) -> str:
    """The canonical lines of one note, given and returned without the file around it."""
    formatted = form(HEAD + textwrap.indent(text, "  ") + "\n")
    assert formatted.startswith(HEAD)
    return textwrap.dedent(formatted.removeprefix(HEAD))


@pytest.mark.parametrize(
    ("typed", "canonical_lines"),
    [
        ("answer: 'So'", "answer: So"),
        ("answer: >-\n    So", "answer: So"),
        ("answer: |\n    So", "answer: So"),
        ("answer:\n    So", "answer: So"),
        ("answer: So\n    it\n    is", "answer: So it is"),
        ("answer: 'a: b'", "answer: 'a: b'"),
        ('answer: "a: b"', "answer: 'a: b'"),
        ("answer: 'it''s: b'", 'answer: "it\'s: b"'),
        ("answer: 'it''s \"b\": c'", "answer: 'it''s \"b\": c'"),
        ("answer: 'it''s \\a: b'", "answer: 'it''s \\a: b'"),
        ("answer: 'Bed #2'", "answer: 'Bed #2'"),
        ("answer: '“So”'", "answer: '“So”'"),
        ("answer: 'so\"'", "answer: 'so\"'"),
        ("answer: '5\"'", 'answer: 5"'),
        ("answer: '# b'", "answer: '# b'"),
        ("answer: 'a, b'", "answer: a, b"),
        ("answer: '- a'", "answer: '- a'"),
        ("answer: '{{c1::a}}'", "answer: '{{c1::a}}'"),
        ('answer: "caf\\u00e9"', "answer: café"),
        ('answer: "two\\nlines"', "answer: |-\n    two\n    lines"),
        ('answer: "two\\n\\n  lines"', "answer: |-\n    two\n\n      lines"),
        ("answer: 'two\n\n    lines'", "answer: |-\n    two\n    lines"),
        ("tags: [\"A\", 'B']", "tags: [A, B]"),
        ("tags: [\n    A,\n    B,\n  ]", "tags: [A, B]"),
        ("tags: [  # beside\n    A]", "tags: [A]  # beside"),
        ("tags: [A,  # one\n    B]  # both", "tags:  # both\n    - A      # one\n    - B"),
        ("tags: [A\n    # last\n    ]", "tags:\n    - A\n    # last"),
        ("tags:\n  # first\n  - A", "tags:\n    # first\n    - A"),
        ("answer: >-  # why\n    So", "# why\n  answer: So"),
        ("source:  # why\n    s/1", "source: s/1  # why"),
        ("extra: s/1# why", "extra: s/1# why"),
        ("answer:\n    # why\n    So", "# why\n  answer: So"),
        ("source: s/1      # in its column", "source: s/1      # in its column"),
        ("answer: >-\n    # So\n    it is", "answer: '# So it is'"),
        ("reverse: {answer: B, question: A}", "reverse:\n    question: A\n    answer: B"),
        ("allow: {}", "allow: {}"),
        ("allow: {'b': 1, 'a': 2}", "allow:\n    b: 1\n    a: 2"),
    ],
)
def test_a_value_has_one_form(typed: str, canonical_lines: str) -> None:
    key = typed.split(":")[0]
    lines = [line for line in NOTE.splitlines() if not line.startswith(f"  {key}:")]
    assert f"\n  {canonical_lines}\n" in form_of_note("\n".join([*lines, f"  {typed}"]))


def test_what_is_sound_beside_other_letters_is_not_parted_from_them() -> None:
    """A full-width digit belongs to the East Asian letters of its line."""
    text = f"{'words ' * 14}５ and then {'words ' * 4}氯胺酮"
    assert f"answer: {text}\n" in form_of_note(NOTE.replace("So", text))
    assert "answer: >-\n" in form_of_note(NOTE.replace("So", text.replace("５", "5")))


def test_long_text_is_folded_at_100_columns_and_only_where_nothing_is_lost() -> None:
    """A run of spaces would be lost at a fold; a word has no place to break."""
    fits, over = "word " * 17 + "end", "word " * 17 + "ends"
    assert len(f"    answer: {fits}") == WIDTH
    assert f"  answer: {fits}\n" in form_of_note(NOTE.replace("So", fits))
    assert f"  answer: >-\n    {over}\n" in form_of_note(NOTE.replace("So", over))
    assert WIDTH - 5 < max(map(len, form(TIDY.replace("Why?", "word " * 80)).splitlines())) <= WIDTH
    for text in ("ab  " * 40 + "c", "x" * 150):
        assert f"answer: {text}\n" in form_of_note(NOTE.replace("So", f"'{text}'"))


def test_one_blank_line_between_notes_and_none_within() -> None:
    note = textwrap.indent(NOTE, "  ")
    formatted = form(
        f"deck: First Part\n\nnotes:\n\n{note}{note}\n\n\n{note.replace('    answer', chr(10) + '    answer')}\n\n"
    )
    assert formatted == f"{HEAD}{note}\n{note}\n{note}"


def test_keys_come_in_the_order_of_the_table_with_their_comments() -> None:
    typed = """\
# over the note
- skill: recall  # beside skill
  # over the answer
  answer: So
  question: Why?
  tags: [T]
  # over the id
  id: a
  yield: core
  source: s/1
  # at the end
"""
    expected = """\
# over the note
# over the id
- id: a
  question: Why?
  # over the answer
  answer: So
  source: s/1
  tags: [T]
  yield: core
  skill: recall  # beside skill
  # at the end
"""
    assert form_of_note(typed) == expected


def test_comments_keep_the_place_that_they_speak_of() -> None:
    text = """\
# yaml-language-server: $schema=./deck.schema.json

# What this file is.
deck: First Part  # a name
# The notes.
notes:
  # -- first section --

  # about a
  - id: a
    question: Why?
    answer: So
    tags:
      - A  # the main one
      # also
      - B
    yield: core
    skill: recall
    # reverse: later

  # - id: gone
  #   question: Once?

  - id: b
    question: Why?
    answer: So
    reverse:  # both ways
      question: What?
      # short
      answer: That
      # end of the reverse
    tags: [A]
    yield: core
    skill: recall
# the end
"""
    assert form(text) == text


def test_two_comments_on_what_becomes_one_line_are_both_kept() -> None:
    formatted = form_of_note(NOTE.replace("- id: a", "-  # dashing\n  id: a"))
    assert formatted.startswith("# dashing\n- id: a\n")
    formatted = form_of_note(NOTE.replace("answer: So", "answer: >-  # one\n    So # not a comment"))
    assert "# one\n  answer: 'So # not a comment'\n" in formatted
    formatted = form(
        f"{HEAD}- {{id: a,  # one\n  question: Why?, answer: So, source: s/1, yield: core,\n"
        "  tags: [A,  # two\n  B # three\n  ], skill: recall}  # four\n# five\n"
    )
    comments = {line.partition("# ")[2] for line in formatted.splitlines() if "#" in line}
    assert comments == {"one", "two", "three", "four", "five"}
    assert form(formatted) == formatted


def with_comments(text: str, chance: random.Random) -> tuple[str, list[str]]:
    """The text with comments put wherever they leave every value as it is; the comments."""
    values = read_file("x", text.encode(), schema.DECK)[2]
    comments = []
    for number in range(chance.randrange(12)):
        lines = text.split("\n")
        comment = f"#{' ' * chance.randrange(2)}mark {number} 'n' {{"
        at = chance.randrange(len(lines))
        if chance.random() < 0.5:
            lines[at] += f" {comment}"
        else:
            lines.insert(at, " " * chance.randrange(9) + comment + "\n" * (chance.random() < 0.2))
        trial = "\n".join(lines)
        file, _, read = read_file("x", trial.encode(), schema.DECK)
        if read == values and not file.findings:
            text = trial
            comments.append(comment)
    return text, comments


@settings(max_examples=settings().max_examples // 3)
@given(CHOICES, st.booleans(), st.randoms(use_true_random=False))
def test_any_file_keeps_its_notes_and_comments_and_its_form_is_final(
    c: Choices, hurt: bool, chance: random.Random
) -> None:
    text = generators.deck(c)[1]
    text = generators.damaged(c, text) if hurt else text
    assume(not re.search("[\ud800-\udfff]", text))
    _, findings = canonical("a.yaml", text.encode(), schema.DECK)
    deck, read = read_deck("a.yaml", text.encode())
    assert bool(findings) == bool(read)
    if findings:
        return
    text, comments = with_comments(text, chance)
    formatted = form(text)
    assert read_deck("a.yaml", formatted.encode()) == (deck, [])
    assert all(formatted.count(comment) == 1 for comment in comments)
    assert form(formatted) == formatted
    keys = [*schema.QUESTION_NOTE.keys, "text"]
    for note in yaml.load(formatted, yaml.CBaseLoader)["notes"]:
        assert list(note) == sorted(note, key=keys.index) or "text" in note


@given(CHOICES)
def test_a_text_on_one_line_is_read_back(c: Choices) -> None:
    text = " ".join(generators.text(c).split())
    assume(text and not re.search("[\ud800-\udfff]", text) and not next(refused(text), None))
    assert yaml.load(f"k: {inline_text(text)}", yaml.CBaseLoader) == {"k": text}
    assert yaml.load(f"k: [{inline_text(text, flow=True)}, b]", yaml.CBaseLoader) == {"k": [text, "b"]}


@pytest.mark.parametrize(
    ("typed", "text", "lines"),
    [
        (b"a: 1\nb:  2\n", "a: 1\nb: 2\n", [2]),
        (b"a: 1", "a: 1\n", [1]),
        (b"\xef\xbb\xbfa: 1\r\n", "a: 1\n", [1]),
        (b"a: 1\n", "a: 1\n", []),
    ],
)
def test_the_difference_names_the_first_line(typed: bytes, text: str, lines: list[int]) -> None:
    assert [finding.position.line for finding in difference("a.yaml", typed, text)] == lines


def test_a_file_of_comments_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketamine_anki.deckfiles.formatter.MAX_COMMENTS", 2)
    assert canonical("a.yaml", f"{TIDY}# one\n# two\n".encode(), schema.DECK)[1] == []
    text, findings = canonical("a.yaml", f"{TIDY}# one\n# two\n# three\n".encode(), schema.DECK)
    ((position, rule, message),) = findings
    assert (text, rule, message) == ("", "limit", "over 2 comments in one file")
    assert position.line == TIDY.count("\n") + 3


def test_the_command_rewrites_only_what_is_not_in_form(tmp_path: Path) -> None:
    folder = write(tmp_path, files={"01-first.yaml": TIDY, "02-second.yaml": UNTIDY})
    first, second = folder / "01-first.yaml", folder / "02-second.yaml"
    untouched = first.stat().st_mtime_ns
    assert run("fmt", first, second).out == f"{second}\n"
    assert (second.read_text(encoding="utf-8"), first.stat().st_mtime_ns) == (TIDY, untouched)
    assert run("fmt", first, second)[:2] == (0, "")


def test_what_was_saved_in_the_meantime_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, files={"01-first.yaml": UNTIDY}) / "01-first.yaml"

    def slow(*given: str | bytes) -> list[object]:
        path.write_text("of an editor\n", encoding="utf-8")
        return list(difference(*given))

    monkeypatch.setattr("ketamine_anki.cli.fmt.difference", slow)
    message = f"ketamine-anki: {path}: changed since it was read; it stays as it is: try again\n"
    assert run("fmt", path) == (74, "", message)
    assert path.read_text(encoding="utf-8") == "of an editor\n"
    assert not list(path.parent.glob(".*"))


def test_check_says_where_and_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, files={"01-first.yaml": UNTIDY}) / "01-first.yaml"
    ran = run("fmt", "--check", path)
    assert ran[:2] == (1, f"{path}:5:1: not in canonical form: run `ketamine-anki fmt` [format]\n")
    assert path.read_text(encoding="utf-8") == UNTIDY


@pytest.mark.parametrize(
    ("broken", "finding"),
    [("deck: [\n", ":1:7: not YAML"), (f"{UNTIDY}    anwser: x\n", ":10:5: unknown key 'anwser'")],
)
def test_a_broken_file_is_reported_and_the_others_are_written(broken: str, finding: str, tmp_path: Path) -> None:
    folder = write(tmp_path, files={"01-first.yaml": broken, "02-second.yaml": UNTIDY})
    ran = run("fmt", folder)
    assert (ran.code, f"01-first.yaml{finding}" in ran.out) == (1, True)
    assert (folder / "01-first.yaml").read_text(encoding="utf-8") == broken
    assert (folder / "02-second.yaml").read_text(encoding="utf-8") == TIDY


def test_each_kind_of_file_has_its_order_and_the_ledger_is_left_alone(tmp_path: Path) -> None:
    upside_down = "\n".join(reversed(COLLECTION.strip().split("\n"))) + "\n"
    folder = write(tmp_path, files={"collection.yaml": upside_down, "ledger.yaml": "b:  1\n", "01-first.yaml": TIDY})
    assert run("fmt", folder).code == run("fmt", folder / "ledger.yaml").code == 0
    assert (folder / "collection.yaml").read_text(encoding="utf-8").startswith("title: Small Deck\ntag: Small\n")
    assert (folder / "ledger.yaml").read_text(encoding="utf-8") == "b:  1\n"


def test_the_real_files_are_in_form() -> None:
    ran = run("fmt", "--check", REPOSITORY / "decks")
    assert ran.code == 0, ran.out


@pytest.mark.parametrize(("name", "message"), [("nothing.yaml", "no such file"), ("media.png", "not a YAML file")])
def test_what_cannot_be_formatted_is_refused(name: str, message: str, tmp_path: Path) -> None:
    ran = run("fmt", write(tmp_path, files={"media.png": b"", "01-first.yaml": TIDY}) / name)
    assert (ran.code, message in ran.err) == (2, True)
