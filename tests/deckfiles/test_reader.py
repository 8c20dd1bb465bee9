"""Reading: every file gives values with true positions, or findings; never an exception."""

from __future__ import annotations

import codecs
import time
from pathlib import Path

import pytest
import small
from hypothesis import example, given
from hypothesis import strategies as st
from program import REPOSITORY

from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.model import Collection, Finding
from ketamine_anki.deckfiles.reader import read_collection, read_deck
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.view import View

GOOD = REPOSITORY / "tests/rules/good"
DECK = (GOOD / "01-first.yaml").read_bytes()
COLLECTION, SOURCE, REFERENCES = (
    (name, (GOOD / name).read_bytes()) for name in ("collection.yaml", "source.yaml", "references.yaml")
)


def findings_of(data: bytes) -> list[tuple[int, int, str, str]]:
    """(line, column, rule, message) of what reading the bytes of a deck file finds."""
    return [(f.position.line, f.position.column, f.rule, f.message) for f in read_deck("d.yaml", data)[1]]


# --- bytes that are no deck -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"", (1, 1, "empty", "empty file")),
        (b" \n\n", (1, 1, "empty", "empty file")),
        (b"---\n", (1, 1, "empty", "empty file")),
        (b"# nothing\n", (1, 1, "empty", "empty file")),
        (codecs.BOM_UTF8, (1, 1, "empty", "empty file")),
        (b"just text\n", (1, 1, "shape", "the file must be a mapping")),
        (b"~\n", (1, 1, "shape", "the file must be a mapping")),
        (DECK.replace(b"Carbon", b"Carb\xf6n"), (5, 17, "encoding", "byte 0xF6 is not UTF-8")),
        (DECK.replace(b"Carbon", b"Carb\xed\xa0\x80n"), (5, 17, "encoding", "byte 0xED is not UTF-8")),
        (DECK.decode().encode("utf-16"), (1, 1, "encoding", "UTF-16")),
        (DECK.decode().encode("utf-16-le"), (1, 2, "character", "U+0000")),
        (DECK.replace(b"Carbon", b"Carb\0n"), (5, 17, "character", "control character U+0000")),
        (DECK.replace(b"Carbon", b"Carb\x1b[2Jn"), (5, 17, "character", "control character U+001B")),
        (DECK.replace(b"Carbon", b"Carb\x7fn"), (5, 17, "character", "control character U+007F")),
        (DECK.replace(b"Carbon", "Carb\u2028n".encode()), (5, 17, "character", "U+2028")),
        (DECK.replace(b"Carbon", "Carb\ufeffn".encode()), (5, 17, "character", "U+FEFF")),
        (DECK.replace(b"Carbon", "Carb\ufffen".encode()), (5, 17, "character", "noncharacter U+FFFE")),
        (b"[" * 400, (1, 9, "limit", "nested more than 8 deep")),
        (b"{a: " * 400, (1, 33, "limit", "nested more than 8 deep")),
        (b"- " * 400, (1, 17, "limit", "nested more than 8 deep")),
        (b"? " * 400, (1, 17, "limit", "nested more than 8 deep")),
        (DECK + b"#" * MAX_FILE_BYTES, (1, 1, "limit", "at most 2,097,152")),
        (DECK + b"--- \n", (21, 1, "yaml-feature", "second document")),
        (DECK + b"...\n" + DECK, (22, 1, "syntax", "second document")),
        (b"\t" + DECK, (1, 1, "syntax", "a tab")),
    ],
    ids=lambda value: None if isinstance(value, tuple) else repr(value[:16]),
)  # fmt: skip
def test_what_is_no_deck_is_a_finding(data: bytes, finding: tuple[int, int, str, str]) -> None:
    """And it is found at once, however deep or long."""
    start = time.perf_counter()
    found = findings_of(data)
    assert time.perf_counter() - start < 2
    line, column, rule, part = finding
    assert found[0][:3] == (line, column, rule)
    assert part in found[0][3]


@pytest.mark.parametrize("sign", [b"[", b"{a: ", b"- ", b"? "], ids=repr)
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
        codecs.BOM_UTF8 + DECK.replace(b"\n", b"\r\n"),
        b"---\n" + DECK + b"...\n",
        DECK.rstrip(b"\n"),
        b"# a comment\n\n" + DECK,
    ],
    ids=["BOM", "CRLF", "CR", "BOM and CRLF", "marked document", "no line end", "comment first"],
)
def test_what_editors_do_to_a_file_is_accepted(data: bytes) -> None:
    deck, findings = read_deck("d.yaml", data)
    plain, _ = read_deck("d.yaml", DECK)
    assert findings == []
    assert deck is not None
    assert plain is not None
    assert deck.notes == plain.notes


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


# --- scalars ----------------------------------------------------------------------------------


SCALARS = """no yes on off true null ~ 1.10 1:30 012 0x1F 1e3 1_000 .5 +5 -0 2026-11-22 2026-11-22T10:00:00Z .inf = é"""


@pytest.mark.parametrize("typed", SCALARS.split())
def test_scalar_stays_the_text_that_was_typed(typed: str) -> None:
    data = DECK.replace(b"Carbon dioxide", typed.encode())
    deck, findings = read_deck("d.yaml", data)
    assert findings == []
    assert deck is not None
    assert deck.notes[0].answer == typed


def test_text_is_nfc_and_stripped() -> None:
    deck, _ = read_deck("d.yaml", DECK.replace(b"Carbon dioxide", "' Cafe\u0301  '".encode()))
    assert deck is not None
    assert deck.notes[0].answer == "Caf\u00e9"


def test_folded_and_literal_text() -> None:
    deck, _ = read_deck(
        "d.yaml",
        DECK.replace(
            b"answer: Carbon dioxide", b"answer: >-\n      Carbon\n      dioxide\n    extra: |\n      - a\n      - b"
        ),
    )
    assert deck is not None
    assert deck.notes[0].answer == "Carbon dioxide"
    assert deck.notes[0].extra == "- a\n- b"


@pytest.mark.parametrize("damaged", [DECK + b"\0", DECK + b"\x1b\n", DECK.replace(b"tags:", b"tags\0:", 1)])
def test_character_outside_of_texts_is_one_mistake(damaged: bytes) -> None:
    assert [rule for *_, rule, _ in findings_of(damaged)] == ["character"]


def test_escape_in_double_quotes_is_refused_only_where_it_hurts() -> None:
    """A line end between sentences is meant, the first letter of a TeX command is not."""
    texts = {
        '"$a$\\nb"': [],
        '"a\\tb"': [],
        '"$\\\\times$"': [],
        '"x $y$\n      $\\nu$"': [(6, 8)],
        '"$b\\to c$"': [(5, 16)],
    }
    for text, places in texts.items():
        found = findings_of(DECK.replace(b"Carbon dioxide", text.encode(), 1))
        assert [finding[:2] for finding in found] == places, text


@pytest.mark.parametrize("text", ["a\\u1FEF", "a\\u0301\\u0302\\u0303\\u0304", "\\u037E"])
def test_an_escape_for_what_may_not_be_typed_is_refused_though_its_normal_form_may(text: str) -> None:
    """`fmt` would write the character itself."""
    found = findings_of(DECK.replace(b"Carbon dioxide", f'"{text}"'.encode(), 1))
    assert [rule for *_, rule, _ in found] == ["character"]


def test_malformed_note_is_not_passed_on() -> None:
    """The other notes of its file are."""
    deck, findings = read_deck("d.yaml", DECK.replace(b"skill: recall\n\n", b"skill: guess\n\n"))
    assert deck is not None
    assert [note.id for note in deck.notes] == ["gas-given-off"]
    assert [finding.rule for finding in findings] == ["choice"]


# --- never an exception -----------------------------------------------------------------------

COLLECTION_READ = read_collection(COLLECTION, SOURCE, REFERENCES)[0]
YAML_MARKS = r"""' " [ ] { } &a *a !!int <<: : # - | >- --- % notes: - """.split(" ")
TEXT_MARKS = (
    r"""$ $$ ` {{c1:: }} :: \ \( <b> [x](javascript:a) ![](x.png) \frac{ ^{ _ ** {{c0:: {{c99999999:: """.split(" ")
)
OTHERS = [
    ": ",
    " #",
    "- ",
    "\t",
    "\n",
    "  - id: x\n",
    "```\n",
    "| a |\n|---|\n",
    "\0",
    "\u202e",
    "\ud800",
    "\u200d",
    "e\u0301",
]
MARKS = [*YAML_MARKS, *TEXT_MARKS, *OTHERS]


def swallow(data: bytes) -> list[Finding]:
    """Reads, checks and compiles whatever a deck file holds, as the program does."""
    collection: Collection | None = COLLECTION_READ
    assert collection is not None
    deck, findings = read_deck("d.yaml", data)
    check = Check(collection)
    if deck is not None:
        findings += check.deck(deck)
        for note in deck.notes:
            findings += check.note(View(note, collection))
    findings += check.finish()
    return findings


def assert_positions(data: bytes, findings: list[Finding]) -> None:
    """Every finding is inside the file, and says something on one line."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    for (path, line, column), _, message in findings:
        if path == "d.yaml":
            assert 1 <= line <= len(lines), (line, message)
            assert 1 <= column <= len(lines[line - 1]) + 1, (line, column, message)
        assert message.strip()


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf\xff")
@example(b"a: \xc2\x85")
def test_any_bytes(data: bytes) -> None:
    assert_positions(data, swallow(data))
    read_collection(("c.yaml", data), ("s.yaml", data), ("r.yaml", data))


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text(text: str) -> None:
    assert_positions(text.encode(), swallow(text.encode()))


@given(st.lists(st.sampled_from(MARKS), max_size=12))
def test_any_yaml_signs(parts: list[str]) -> None:
    data = "".join(parts).encode("utf-8", "surrogatepass")
    assert_positions(data, swallow(data))


@given(st.data())
def test_any_damage_to_a_deck(data: st.DataObject) -> None:
    """Signs put in, parts taken out or doubled: a typing error of any kind."""
    text = DECK.decode()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(["", text[start:end] * 2, *MARKS])) + text[end:]
    damaged = text.encode("utf-8", "surrogatepass")
    assert_positions(damaged, swallow(damaged))


@given(st.sampled_from([COLLECTION, SOURCE, REFERENCES]), st.data())
def test_any_damage_to_the_other_files(file: tuple[str, bytes], data: st.DataObject) -> None:
    name, content = file
    text = content.decode()
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 12)))
    text = text[:start] + data.draw(st.sampled_from(["", *MARKS])) + text[end:]
    files = {COLLECTION[0]: COLLECTION[1], SOURCE[0]: SOURCE[1], REFERENCES[0]: REFERENCES[1]}
    files[name] = text.encode("utf-8", "surrogatepass")
    read_collection(*files.items())


def test_the_largest_file_is_read(tmp_path: Path) -> None:
    """The largest file that is allowed, 4,000 notes."""
    note = DECK.split(b"\n\n")[0].split(b"notes:\n")[1].decode()
    notes = "\n\n".join(note.replace("gas-taken-up", f"note-{n}") for n in range(4000))
    data = f"deck: First Part\nnotes:\n{notes}\n".encode()
    assert len(data) < MAX_FILE_BYTES
    deck, findings = read_deck("d.yaml", data)
    assert findings == []
    assert deck is not None
    assert len(deck.notes) == 4000


@pytest.mark.parametrize("quotes", ["'" * 100_000, '"\\' * 50_000, "a: " * 50_000, "- a\n" * 50_000, "a\n\n" * 50_000])
def test_no_input_takes_long(quotes: str) -> None:
    start = time.perf_counter()
    findings_of(f"deck: First Part\nnotes:\n  - id: {quotes}\n".encode())
    assert time.perf_counter() - start < 2


def test_small_decks_are_made_as_tests_say(tmp_path: Path) -> None:
    """The helper of the other tests writes what it was given."""
    (made,) = small.compiled(small.write(tmp_path, "- {question: Who, answer: no, extra: '1.10'}"))
    assert (made.note.question, made.note.answer, made.note.extra) == ("Who", "no", "1.10")
