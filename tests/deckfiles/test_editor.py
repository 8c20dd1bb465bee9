"""One value of a YAML file changes; every other character stays."""

from __future__ import annotations

import re

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


def edited(cuts, text=DECK):
    return editor.apply(text.split("\n"), cuts)


@pytest.mark.parametrize(
    ("name", "key", "value", "lines"),
    [
        ("a", "question", "New?", ["    question: New?"]),
        ("a", "question", "Is it: so?", ["    question: 'Is it: so?'"]),
        ("a", "answer", "it's", ["    answer: 'it''s'   # why"]),
        ("a", "answer", LONG, [f"    answer: '{LONG}'   # why"]),
        ("a", "reverse.answer", 'a "b" \\', ['      answer: a "b" \\']),
        ("a", "answer", "two\nlines", ['    answer: "two\\nlines"   # why']),
        ("a", "extra", "short", ["    # folded", "    extra: short"]),
        ("a", "caveat", "other\n\ntext", ["    caveat: |-", "      other", "", "      text"]),
        ("b", "text", "z {{c1::y}} # 1", ["    text: 'z {{c1::y}} # 1'"]),
        ("b", "text", LONG, ["    text: >-", f"      {('word ' * 19)[:-1]}", f"      {'word ' * 11}end"]),
    ],
)
def test_a_value_is_replaced_and_comments_stay(name, key, value, lines):
    after = edited(editor.replace(notes()[name].places, key, value))
    expected = texts(DECK)
    expected[name][key] = value
    assert texts(after) == expected
    old, new = DECK.split("\n"), after.split("\n")
    assert [line for line in new if line not in old] == [line for line in lines if line]
    comments = [[line.partition("#")[2] for line in each if re.search("# [^1]", line)] for each in (old, new)]
    assert comments[0] == comments[1]


@pytest.mark.parametrize(("name", "value"), [("a", "[C]"), ("b", "- C")])
def test_a_list_gets_other_items_as_flow_or_block(name, value):
    after = edited(editor.replace_list(notes()[name].places, "tags", ["C"]))
    assert notes(after)[name].tags == ("C",)
    assert value in after
    assert "# two" in after


def test_a_key_is_added_at_its_place_and_taken_out_with_its_lines():
    order = ["id", "text", "extra", "caveat", "source"]
    places = notes()["b"].places
    after = edited(editor.insert(places, order, "extra", "More.") + editor.insert(places, order, "caveat", LONG))
    assert texts(after)["b"] == texts(DECK)["b"] | {"extra": "More.", "caveat": LONG}
    assert after.index("extra: More.") < after.index("caveat: >-")
    back = notes(after)["b"].places
    assert edited(editor.remove(back, "extra") + editor.remove(back, "caveat"), after) == DECK


def test_taking_out_a_block_keeps_the_comment_of_the_next_key():
    after = edited(editor.remove(notes()["a"].places, "extra"))
    assert "extra" not in texts(after)["a"]
    assert "    # before the caveat\n    caveat" in after


@pytest.mark.parametrize("last", ["tags: [A]", "tags:\n      - A", "tags: [A]\n    caveat: |\n      block"])
def test_a_key_is_added_at_the_end_of_a_file_without_a_line_end(last):
    text = DECK.rstrip("\n").replace("    tags:\n      - A\n      - B\n", "") + f"\n    {last}"
    cuts = editor.insert(notes(text)["b"].places, ["id", "tags", "caveat", "extra"], "extra", "E")
    assert texts(edited(cuts, text))["b"]["extra"] == "E"


@pytest.mark.parametrize(
    ("old", "new", "edit", "message"),
    [
        ("text: x", '"text": x', lambda places: editor.replace(places, "text", "z {{c1::y}}"), "written in a way"),
        ("text: ", "text: >2-\n        ", lambda places: editor.replace(places, "text", "z"), "written in a way"),
        ("- A\n", "- A  # 1\n", lambda places: editor.replace_list(places, "tags", ["C"]), "comment inside"),
        ("", "", lambda places: editor.remove(places, "id"), "opens the note"),
        ("", "", lambda places: editor.insert(places, ["extra"], "extra", "x"), "has no place"),
    ],
)
def test_what_is_written_in_an_unusual_way_is_left_to_hand(old, new, edit, message):
    with pytest.raises(Unspliceable, match=message):
        edit(notes(DECK.replace(old, new))["b"].places)
