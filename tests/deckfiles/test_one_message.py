"""What is typed in place of two lines of a sound note, and all that is said of it: one mistake, one message."""

from __future__ import annotations

import pytest
from program import REPOSITORY

from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.reader import read_collection, read_deck
from ketamine_anki.deckfiles.syntax import LOST_DASH

DECK = (REPOSITORY / "tests/rules/good/01-first.yaml").read_text(encoding="utf-8")
QUESTION, ANSWER, TAGS = DECK.split("\n")[3:5] + DECK.split("\n")[8:9]
BOTH = f"{QUESTION}\n{ANSWER}"
_KNOWN = "known keys are id, question, answer"


def said(lines: str, instead: str) -> list[str]:
    """`line:column message` of each finding on the deck with other lines."""
    assert lines in DECK
    _, findings = read_deck("d.yaml", DECK.replace(lines, instead, 1).encode())
    return [f"{each.position.line}:{each.position.column} {each.message}" for each in sorted(findings)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("answer: １２", ["5:13 full-width characters '１２': type 12"]),
        ("answer: (ａ) ＢＣ", ["5:14 full-width character U+FF41 FULLWIDTH LATIN SMALL LETTER A: type a",
                              "5:17 full-width characters 'ＢＣ': type BC"]),
        ("answer: '５００ ｍｌ'", ["5:14 full-width characters '５００ ｍｌ': type 500 ml"]),
        ("answer: >-\n      １２\n      mg", ["6:7 full-width characters '１２': type 12"]),
        ("answer: １２の", []),
        ("ａnswer: x", ["5:5 full-width character U+FF41 FULLWIDTH LATIN SMALL LETTER A: type a"]),
        ("answer: \u200b", ["5:13 invisible character U+200B ZERO WIDTH SPACE: delete it or type the text again"]),
    ],
)  # fmt: skip
def test_full_width_signs_are_named_together_and_nothing_is_empty(typed: str, expected: list[str]) -> None:
    assert said(ANSWER, f"    {typed}") == expected


@pytest.mark.parametrize(
    ("lines", "typed", "expected"),
    [
        (ANSWER, "回答: Carbon dioxide", ["5:5 '回答' answer"]),
        (ANSWER, "respuesta: Carbon dioxide", ["5:5 'respuesta' answer"]),
        (ANSWER, "答え: [Carbon dioxide]", ["5:5 '答え'"]),
        (BOTH, "pregunta: Which?\n    الجواب: Carbon", ["4:5 'pregunta' question", "5:5 'الجواب' answer"]),
        (BOTH, "texto: A {{c1::gas}}.", ["4:5 'texto' text"]),
        (BOTH, "satz: A {{c1::gas}}.", ["4:5 'satz'"]),
        (TAGS, "etiquetas: [Leaves]", ["9:5 'etiquetas' tags"]),
        (TAGS, "etiquetas: Leaves", ["9:5 'etiquetas'"]),
        (QUESTION, f"{QUESTION.strip()}\n    hinweis: x", ["5:5 'hinweis'"]),
        ("deck:", "mazo:", ["1:1 'mazo' deck"]),
        ("notes:", "Karten:", ["2:1 'Karten' notes"]),
        # A key that is like an optional one is none of those that are missing.
        (ANSWER, "caveats: x", ["3:5 answer is missing: for example 'Carbon dioxide'", "5:5 'caveats' caveat"]),
    ],
)  # fmt: skip
def test_a_key_in_another_language_is_one_mistake(lines: str, typed: str, expected: list[str]) -> None:
    indent = "    " if lines.startswith(" ") else ""
    for found, wanted in zip(said(lines, indent + typed), expected, strict=True):
        place, name, *meant = wanted.split(" ")
        hint = f"did you mean '{meant[0]}'?" if meant else _KNOWN
        assert found.startswith(f"{place} unknown key {name}: {hint}" if name[0] == "'" else wanted)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("a/01", "write 'a/1'"),
        ("a / 1", "write 'a/1'"),
        ("a/0", "the name of a section of source.yaml, '/' and the number of a paragraph"),
        ("a 1", "the name of a section of source.yaml, '/' and the number of a paragraph"),
    ],
)
def test_a_paragraph_is_named_as_it_is_meant(typed: str, hint: str) -> None:
    assert said("only-section/1", typed) == [f"6:13 source is '{typed}': {hint}"]


@pytest.mark.parametrize("comment", ["", "  # the second one\n", "    # the second one\n"])
def test_a_line_of_a_no_break_space_alone_is_named(comment: str) -> None:
    expected = ["12:1 not YAML: U+00A0 NO-BREAK SPACE: type a plain space"]
    assert said("\n\n  - id", f"\n\u00a0\n{comment}  - id") == expected


_SHOWN = "are shown, they are no quotes of YAML: write"
_OR = "for both; to show them, put all in single quotes"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("question Which gas?", ["4:5 not YAML: a colon is missing: write 'question:' for 'question'"]),
        ("Question = Which gas?", ["4:5 not YAML: a colon is missing: write 'question:' for 'Question ='"]),
        ("question: 'Which gas?’", ["4:26 not YAML: ’ closes no text that starts with ': write ' instead"]),
        ("question: 'Which:\n      x?\"", ["5:9 not YAML: \" closes no text that starts with ': write ' instead"]),
        ('question: „Which gas?"', [f"4:26 „ and \" {_SHOWN} ' {_OR}"]),
        ("question: “It’s: 1’", [f"4:23 not YAML: “ and ’ {_SHOWN} ' {_OR}"]),
        ("question: ‘It's a gas?’", [f"4:27 ‘ and ’ {_SHOWN} \" {_OR}, with '' for each ' in the text"]),
        ("question: “a” or “b”", []),
        ('question: „a" oder „b"', []),
        ("question: “Which gas” is 5'", []),
    ],
)
def test_lost_colons_and_quotes_that_do_not_match(typed: str, expected: list[str]) -> None:
    assert said(QUESTION, f"    {typed}") == expected


_UNKNOWN = "{}:5 unknown key '{}': known keys are " + ", ".join(schema.QUESTION_NOTE.keys)


@pytest.mark.parametrize(
    ("lines", "typed", "expected"),
    [
        # A key of the note among those of a record in it, and one that a text has swallowed.
        (ANSWER, "reverse:\n      question: x?\n      answer: y\n      extra: z\n" + ANSWER,
         ["8:7 wrong indent: 'extra' is no key of reverse: move it, so that it starts in column 5"]),
        (ANSWER, "reverse:\n       question: x?\n      answer: y\n" + ANSWER,
         ["6:8 not YAML: wrong indent: 'question' starts in column 8, the keys beside it in 7"]),
        # A key of a record that stands as deep as the record's own.
        (ANSWER, "retired:\n      version: 1.0.0\n    reason: Gone.\n" + ANSWER,
         ["7:5 wrong indent: 'reason' belongs to the text above, the keys beside it start in 7",
          _UNKNOWN.format(7, "reason")]),
        (ANSWER, "retired:\n        reason: Gone.\n\n    # since\n    version: 1.0.0\n" + ANSWER,
         ["9:5 wrong indent: 'version' belongs to the text above, the keys beside it start in 9",
          _UNKNOWN.format(9, "version")]),
        (ANSWER, "retired: {version: 1.0.0}\n    reason: Gone.\n" + ANSWER,
         ["5:14 reason is missing: for example 'Superseded by newer findings.'", _UNKNOWN.format(6, "reason")]),
        (DECK[DECK.index("    skill") :],
         f"extra: >-\n      x\n  - id: b\n    skill: recall\n{BOTH}\n{TAGS}\n    yield: core",
         ["3:5 skill is missing: for example 'recall'"]),
        (ANSWER, ANSWER.strip() + "\n    extra: >-\n      The leaf\n      caution: It stings.",
         ["8:7 wrong indent: 'caution' belongs to the text above, the keys beside it start in 5"]),
        (ANSWER, ANSWER.strip() + "\n    extra: >-\n      The leaf\n      notes: It stings.", []),
        (ANSWER, ANSWER.strip() + "\n    extra: |-\n      ```\n      caveat: x\n      ```", []),
    ],
)  # fmt: skip
def test_a_key_in_the_wrong_column_is_told_where_it_belongs(lines: str, typed: str, expected: list[str]) -> None:
    assert said(lines, f"    {typed}") == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("['Leaves’, Gases]", "9:19 not YAML: ’ closes no text that starts with ': write ' instead"),
        ('\n      - "Leaves”\n      - x', '10:16 not YAML: ” closes no text that starts with ": write " instead'),
        ("[Leaves,, Gases]", "9:11 not YAML: a comma too many, or text that must be in single quotes"),
        ("Leaves, Gases]", "9:11 tags must be a list: [Leaves, Gases]"),
        ("(Leaves, Gases)", "9:11 tags must be a list: [Leaves, Gases]"),
        ("{Leaves, Gases}", "9:11 tags must be a list: [Leaves, Gases]"),
        ("- Leaves", "9:11 not YAML: a list starts on the line below, or is written as [one, two]"),
        ("\n      Leaves\n      Gases", "10:7 tags must be a list: one '- ' per line"),
        ("\n      -Leaves\n      -Gases", "10:7 tags must be a list: one '- ' per line"),
        ("\n      • Leaves", "10:7 tags must be a list: [Leaves]"),
        ("\n      * Leaves", "10:7 not YAML: an item of a list starts with a hyphen, -"),
        ("\n      - Leaves,", "10:9 an item of tags is 'Leaves,': ',' does not separate a list: leave it out"),
    ],
)
def test_a_list_that_is_written_in_another_way(typed: str, expected: str) -> None:
    assert said(TAGS, f"    tags: {typed}") == [expected]


COLLECTION, SOURCE = ((REPOSITORY / f"tests/rules/good/{name}.yaml").read_bytes() for name in ("collection", "source"))


@pytest.mark.parametrize(
    ("lines", "typed", "expected"),
    [
        ("title: Small", "title Small", "c:1:1 not YAML: a colon is missing: write 'title:' for 'title'"),
        ("  - First Part", "  First Part", "c:10:3 decks must be a list: [First Part]"),
        ("  - First Part", "  -First Part", "c:10:3 decks must be a list: [First Part]"),
        ("  - First Part", "  – First Part", "c:10:3 decks must be a list: [First Part]"),
        ("- cites: [problem/1,", "  cites: [problem/1,", f"s:6:9 not YAML: {LOST_DASH.format('cites')}"),
        ("- id: C-2", "  id: C-2", f"s:13:13 {LOST_DASH.format('id')}"),
    ],
)  # fmt: skip
def test_other_files_have_one_message_for_one_mistake_too(lines: str, typed: str, expected: str) -> None:
    assert lines in (COLLECTION + SOURCE).decode()
    collection, source = (data.replace(lines.encode(), typed.encode(), 1) for data in (COLLECTION, SOURCE))
    _, findings = read_collection(("c", collection), ("s", source))
    assert ["{}:{}:{} {}".format(*each.position, each.message) for each in findings] == [expected]


@pytest.mark.parametrize(
    ("typed", "lines"),
    [("abbreviations:\n  US: a\n  UK: b\n  US: c\n  UK: d\n", [14, 15]), ("title: x\ntag: y\n", [11, 12])],
)
def test_keys_that_stand_twice_in_no_item_of_a_list_lack_no_dash(typed: str, lines: list[int]) -> None:
    _, findings = read_collection(("c", COLLECTION + typed.encode()))
    assert [(each.rule, each.position.line) for each in findings] == [("duplicate-key", line) for line in lines]
