"""One value of a YAML file changes; every other character stays."""

from __future__ import annotations

import pytest

from ketamine_anki.deckfiles import editor
from ketamine_anki.deckfiles.editor import Unspliceable
from ketamine_anki.deckfiles.reader import read_deck

DECK = """\
# a comment
deck: X
notes:
  - id: a          # stays
    question: One two
      three?
    answer: 'a: b'   # why
    reverse:
      question: Back?
      answer: "Yes \\\\ no"
    extra: >-  # folded
      folded text
      goes on

    # before the caveat
    caveat: |
        literal
        text
    source: s/1
    tags: [A, B]  # two
    yield: core
    skill: recall

  - id: b
    text: x {{c1::y}}
    source: s/1
    tags:
      - A
      - B
    yield: core
    skill: recall
"""
LONG = "word " * 30 + "end"


def notes(text=DECK):
    deck, findings = read_deck("x.yaml", text.encode())
    assert not findings
    return {note.id: note for note in deck.notes}


def texts(text):
    return {name: dict(note.texts()) | {"tags": note.tags} for name, note in notes(text).items()}


def spliced(cuts, text=DECK):
    return editor.apply(text.split("\n"), cuts)


@pytest.mark.parametrize(
    ("name", "key", "value", "lines"),
    [
        ("a", "question", "New?", ["    question: New?"]),
        ("a", "question", "Is it: so?", ["    question: 'Is it: so?'"]),
        ("a", "answer", "it's", ["    answer: 'it''s'   # why"]),
        ("a", "answer", LONG, [f"    answer: '{LONG}'   # why"]),
        ("a", "reverse.answer", 'a "b" \\', ['      answer: a "b" \\']),
        ("a", "reverse.question", "[x]", ["      question: '[x]'"]),
        ("a", "answer", "two\nlines", ['    answer: "two\\nlines"   # why']),
        ("a", "extra", "short", ["    # folded", "    extra: short"]),
        ("a", "extra", "two\nlines", ["    # folded", "    extra: |-", "      two", "      lines"]),
        ("a", "caveat", "other\n\ntext", ["    caveat: |-", "      other", "", "      text"]),
        ("b", "text", "z {{c1::y}} # 1", ["    text: 'z {{c1::y}} # 1'"]),
        ("b", "text", "two\nlines", ["    text: |-", "      two", "      lines"]),
        (
            "b",
            "text",
            LONG,
            ["    text: >-", "      " + " ".join(["word"] * 19), "      " + " ".join(["word"] * 11) + " end"],
        ),
    ],
)
def test_a_value_is_replaced_and_comments_stay(name, key, value, lines):
    note = notes()[name]
    after = spliced(editor.replace(note.places, key, value))
    expected = texts(DECK)
    expected[name][key] = value
    assert texts(after) == expected
    old = DECK.split("\n")
    assert [line for line in after.split("\n") if line not in old] == [line for line in lines if line not in old]
    kept = [line for line in DECK.split("\n") if "#" in line]
    assert [line.partition("#")[2] for line in after.split("\n") if "#" in line and " # 1" not in line] == [
        line.partition("#")[2] for line in kept
    ]


@pytest.mark.parametrize(("name", "value"), [("a", "[C]"), ("b", "- C")])
def test_a_list_gets_other_items_as_flow_or_block(name, value):
    after = spliced(editor.replace_list(notes()[name].places, "tags", ["C"]))
    assert notes(after)[name].tags == ("C",)
    assert value in after
    assert "# two" in after


def test_a_list_with_a_comment_inside_is_left_to_hand():
    text = DECK.replace("      - A\n", "      - A  # first\n")
    with pytest.raises(Unspliceable, match="comment inside"):
        editor.replace_list(notes(text)["b"].places, "tags", ["C"])


def test_a_key_is_added_at_its_place_and_taken_out_with_its_lines():
    order = ["id", "text", "extra", "caveat", "source"]
    places = notes()["b"].places
    cuts = editor.insert(places, order, "extra", "More.") + editor.insert(places, order, "caveat", LONG)
    after = spliced(cuts)
    assert texts(after)["b"]["extra"] == "More."
    assert texts(after)["b"]["caveat"] == LONG
    assert after.index("extra: More.") < after.index("caveat: >-")
    back = notes(after)["b"].places
    assert editor.apply(after.split("\n"), editor.remove(back, "extra") + editor.remove(back, "caveat")) == DECK


def test_taking_out_a_block_keeps_the_comment_of_the_next_key():
    after = spliced(editor.remove(notes()["a"].places, "extra"))
    assert "extra" not in texts(after)["a"]
    assert "    # before the caveat\n    caveat" in after


def test_a_key_is_added_at_the_end_of_a_file_without_a_line_end():
    text = DECK.rstrip("\n").replace(
        "    tags:\n      - A\n      - B\n    yield: core\n    skill: recall",
        "    yield: core\n    skill: recall\n    tags: [A]",
    )
    after = editor.apply(
        text.split("\n"), editor.insert(notes(text)["b"].places, ["id", "tags", "extra"], "extra", "E")
    )
    assert texts(after)["b"]["extra"] == "E"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (DECK.replace("    text: x {{c1::y}}", '    "text": x {{c1::y}}'), "text"),
        (DECK.replace("    text: x {{c1::y}}", "    text: >2-\n        x {{c1::y}}"), "text"),
    ],
)
def test_what_is_written_in_an_unusual_way_is_left_to_hand(text, key):
    with pytest.raises(Unspliceable, match="written in a way"):
        editor.replace(notes(text)["b"].places, key, "new {{c1::z}}")


def test_the_key_that_opens_a_note_is_left_to_hand():
    with pytest.raises(Unspliceable, match="opens the note"):
        editor.remove(notes()["b"].places, "id")
    with pytest.raises(Unspliceable, match="has no place"):
        editor.insert(notes()["b"].places, ["extra"], "extra", "x")
