"""Reading: every file gives values with true positions, or findings; never an exception."""

from __future__ import annotations

import codecs
import gc
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from invariants import take_deck
from program import REPOSITORY

from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.deckfiles.reader import read_collection, read_deck

GOOD = REPOSITORY / "tests/rules/good"
DECK = (GOOD / "01-first.yaml").read_bytes()


def findings_of(data: bytes) -> list[tuple[int, int, str, str]]:
    """(line, column, rule, message) of what reading the bytes of a deck file finds."""
    return [(f.position.line, f.position.column, f.rule, f.message) for f in read_deck("d.yaml", data)[1]]


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"", (1, 1, "empty", "empty file")),
        (b"# nothing\n", (1, 1, "empty", "empty file")),
        (codecs.BOM_UTF8, (1, 1, "empty", "empty file")),
        (b"just text\n", (1, 1, "shape", "the file must be a mapping")),
        (DECK.replace(b"Carbon", b"Carb\xf6n"), (5, 17, "encoding", "byte 0xF6 is not UTF-8")),
        (DECK.replace(b"Carbon", b"Carb\xed\xa0\x80n"), (5, 17, "encoding", "byte 0xED is not UTF-8")),
        (DECK.decode().encode("utf-16"), (1, 1, "encoding", "UTF-16")),
        (DECK.decode().encode("utf-32"), (1, 1, "encoding", "UTF-32")),
        (b"\0\0\xfe\xff" + DECK.decode().encode("utf-32-be"), (1, 1, "encoding", "UTF-32")),
        (b"# a\n%YAML\n---\n" + DECK, (2, 1, "yaml-feature", "directive: delete the line")),
        (b"%TAG ! a\n%TAG ! b\n---\n" + DECK, (2, 1, "yaml-feature", "directive: delete the line")),
        (DECK.decode().encode("utf-16-le"), (1, 1, "encoding", "UTF-16")),
        (DECK.replace(b"Carbon", b"Carb\0n"), (5, 17, "character", "control character U+0000")),
        (DECK.replace(b"Carbon", b"Carb\x1b[2Jn"), (5, 17, "character", "control character U+001B")),
        (DECK.replace(b"Carbon", "Carb\ufeffn".encode()), (5, 17, "character", "U+FEFF")),
        (DECK.replace(b"Carbon", "Carb\ufffen".encode()), (5, 17, "character", "noncharacter U+FFFE")),
        (b"[" * 400, (1, 9, "limit", "nested more than 8 deep")),
        (b"? " * 400, (1, 17, "limit", "nested more than 8 deep")),
        (DECK + b"#" * MAX_FILE_BYTES, (1, 1, "limit", "at most 2,097,152")),
        (DECK + b"--- \n", (21, 1, "yaml-feature", "second document")),
        (DECK + b"...\n" + DECK, (22, 1, "syntax", "second document")),
        (b"\t" + DECK, (1, 1, "syntax", "a tab")),
        (b"deck: {", (1, 7, "syntax", "must be in single quotes")),
    ],
    ids=lambda value: None if isinstance(value, tuple) else repr(value[:16]),
)  # fmt: skip
def test_what_is_no_deck_is_a_finding(data: bytes, finding: tuple[int, int, str, str]) -> None:
    """And it is found at once, however deep or long."""
    start = time.process_time()
    found = findings_of(data)
    assert time.process_time() - start < 20
    line, column, rule, part = finding
    assert found[0][:3] == (line, column, rule)
    assert part in found[0][3]


@pytest.mark.parametrize("sign", [b"[", b"{a: ", b"- "], ids=repr)
def test_no_depth_is_too_deep_to_be_refused(sign: bytes) -> None:
    """Some versions of libyaml give up by themselves, a thousand deep, and name another place."""
    found = findings_of(sign * 100_000)
    assert [(rule, message) for _, _, rule, message in found] == [("limit", "nested more than 8 deep")]


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + DECK,
        DECK.replace(b"\n", b"\r\n"),
        DECK.replace(b"\n", b"\r"),
        b"---\n" + DECK + b"...\n",
        DECK.rstrip(b"\n"),
        b"# a comment\n\n" + DECK,
    ],
    ids=["BOM", "CRLF", "CR", "marked document", "no line end", "comment first"],
)
def test_what_editors_do_to_a_file_is_accepted(data: bytes) -> None:
    deck, findings = read_deck("d.yaml", data)
    assert findings == []
    assert deck.notes == read_deck("d.yaml", DECK)[0].notes


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
def test_positions_count_from_what_an_editor_shows(ending: bytes, bom: bytes) -> None:
    """A mark at the beginning of the file and the kind of its line ends move nothing."""
    data = bom + DECK.replace(b"answer:", b"anwser:").replace(b"\n", ending)
    assert [finding[:3] for finding in findings_of(data)] == [(5, 5, "unknown-key")]
    first = bom + b"dekc: x\nnotes: []\n"
    assert (1, 1, "unknown-key") in [finding[:3] for finding in findings_of(first)]


def test_columns_count_characters() -> None:
    """Letters of more than one byte or from beyond the first plane count as one each."""
    data = "deck: First Part\nnotes:\n  - {id: a, 'é🌱': 1, question: é🌱, answer: [x]}\n".encode()
    assert [f[:2] for f in findings_of(data) if f[2] in ("unknown-key", "shape")] == [(3, 13), (3, 44)]


SCALARS = "no yes on off true null ~ 1.10 1:30 012 0x1F 1e3 1_000 .5 +5 -0 2026-11-22 2026-11-22T10:00:00Z .inf = é"


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        *((typed, typed) for typed in SCALARS.split()),
        ("' Cafe\u0301  '", "Caf\u00e9"),
        (">-\n      Carbon\n      dioxide", "Carbon dioxide"),
        ("|\n      - a\n      - b", "- a\n- b"),
    ],
)
def test_a_text_is_what_was_typed(typed: str, text: str) -> None:
    """Of any type for other readers; stripped and in NFC."""
    deck, findings = read_deck("d.yaml", DECK.replace(b"Carbon dioxide", typed.encode()))
    assert (findings, deck.notes[0].answer) == ([], text)


@pytest.mark.parametrize("damaged", [DECK + b"\0", DECK + b"\x1b\n", DECK.replace(b"tags:", b"tags\0:", 1)])
def test_character_outside_of_texts_is_one_mistake(damaged: bytes) -> None:
    assert [rule for *_, rule, _ in findings_of(damaged)] == ["character"]


@pytest.mark.parametrize(
    ("typed", "places"),
    [
        ('"$a$\\nb"', []),
        ('"a\\tb"', []),
        ('"$\\\\times$"', []),
        ('"x $y$\n      $\\nu$"', [(6, 8)]),
        ('"$b\\to c$"', [(5, 16)]),
        # `fmt` would write the character itself, though its normal form may be typed.
        ('"a\\u1FEF"', [(5, 13)]),
        ('"a\\u0301\\u0302\\u0303\\u0304"', [(5, 13)]),
        ('"\\u037E"', [(5, 13)]),
    ],
)
def test_an_escape_in_double_quotes_is_refused_only_where_it_hurts(typed: str, places: list[tuple[int, int]]) -> None:
    """A line end between sentences is meant, the first letter of a TeX command is not."""
    found = findings_of(DECK.replace(b"Carbon dioxide", typed.encode(), 1))
    assert [(finding[:2], finding[2]) for finding in found] == [(place, "character") for place in places]


def test_malformed_note_is_not_passed_on() -> None:
    """The other notes of its file are."""
    deck, findings = read_deck("d.yaml", DECK.replace(b"skill: recall\n\n", b"skill: guess\n\n"))
    assert ([note.id for note in deck.notes], [each.rule for each in findings]) == (["gas-given-off"], ["choice"])


HEAD = "deck: First Part\nnotes:\n"


@pytest.mark.parametrize(
    ("build", "most", "message"),
    [
        (lambda n: "  - 0\n" * n, 5_000, "more than 5,000 items in one list"),
        (
            lambda n: "  - {" + ", ".join(f"k{i}: 0" for i in range(n)) + "}\n",
            1_000,
            "more than 1,000 keys in one mapping",
        ),
        (lambda n: f"  - [{'0, ' * 499}]\n" * n, 29, "more than 15,000 values in one file: split it"),
        (lambda n: f"  - question: {'x' * n}\n", 20_000, "question has 20,001 characters: at most 20,000"),
        (lambda n: f"  - id: {'a' * n}\n", 200, "id has 201 characters: at most 200"),
        (lambda n: f"  - tags: [{', '.join(map(str, range(n)))}]\n", 1_000, "tags has 1,001 items: at most 1,000"),
        (lambda n: f"  - {'k' * n}: x\n", 200, "a key of 201 characters: at most 200"),
    ],
    ids=["items", "keys", "values", "text", "name", "list", "key"],
)
def test_a_file_has_limits(
    build: Callable[[int], str], most: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ketamine_anki.core.limits.MAX_VALUES", 15_000)  # a tenth: that many take seconds
    limits = [
        [text for *_, rule, text in findings_of((HEAD + build(n)).encode()) if rule == "limit"]
        for n in (most, most + 1)
    ]
    assert limits == [[], [message]]


def test_the_largest_file_is_read() -> None:
    note = DECK.split(b"\n\n")[0].split(b"notes:\n")[1].decode()
    data = (HEAD + "\n\n".join(note.replace("gas-taken-up", f"note-{n}") for n in range(4000)) + "\n").encode()
    assert len(data) < MAX_FILE_BYTES
    gc.disable()  # as the walk over all notes does
    try:
        deck, findings = read_deck("d.yaml", data)
    finally:
        gc.enable()
    assert (findings, deck and len(deck.notes)) == ([], 4000)


@pytest.mark.parametrize("signs", ["'" * 100_000, '"\\' * 50_000, "a: " * 50_000, "- a\n" * 50_000, "a\n\n" * 50_000])
def test_no_input_takes_long(signs: str) -> None:
    start = time.process_time()
    findings_of(f"{HEAD}  - id: {signs}\n".encode())
    assert time.process_time() - start < 20


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf\xff")
@example(b"a: \xc2\x85")
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    take_deck(data)
    read_collection(("c.yaml", data), ("s.yaml", data), ("r.yaml", data))
