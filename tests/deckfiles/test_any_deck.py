"""Whatever deck file comes: its values are what YAML holds, its findings point at what they name, and no
note's findings hang on the notes around it.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from typing import Any

import generators
import yaml
from generators import Choices
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from invariants import check_finding, shown_lines, take_deck

from ketamine_anki.core.model import Deck, Finding, Note, Position
from ketamine_anki.deckfiles.reader import read_collection, read_deck
from ketamine_anki.rules.checker import COLLECTION_RULES, Check
from ketamine_anki.rules.view import View

CHOICES = st.builds(Choices, st.binary(max_size=40) | st.binary(min_size=60, max_size=240))
FEW = settings(max_examples=settings().max_examples // 3)
# Rules that see more than one note.
TOGETHER = {rule.name for rule in COLLECTION_RULES}


def utf8(text: str) -> bytes:
    assume(not re.search("[\ud800-\udfff]", text))
    return text.encode()


def found_in(deck: Deck | None, backwards: bool = False) -> list[Finding]:
    """What rules say of the notes of a deck, each alone."""
    check = Check(generators.collection())
    notes = [] if deck is None else [*deck.notes][:: -1 if backwards else 1]
    found = [finding for note in notes for finding in check.note(View(note, check.collection))]
    return [finding for finding in found if finding.rule not in TOGETHER]


# --- values -----------------------------------------------------------------------------------


def values(note: Note) -> dict[str, Any]:
    """The keys and values of a note as it was read, those without one left out."""
    reverse = {"question": note.reverse_question, "answer": note.reverse_answer} if note.reverse_question else {}
    gone = note.retired
    retired = {"version": gone.version, "reason": gone.reason, "see": gone.see} if gone else {}
    keys = ("id", "question", "answer", "text", "extra", "picture", "caveat", "evidence", "source", "cites", "claims")
    plain = {key: getattr(note, key) for key in (*keys, "tags", "skill", "beyond")}
    nested = {"reverse": reverse, "allow": dict(note.allow), "retired": {k: v for k, v in retired.items() if v}}
    return {key: value for key, value in (plain | nested | {"yield": note.importance}).items() if value}


def as_read(value: Any) -> Any:
    """A value of YAML as the reader documents it: stripped, NFC, with one micro sign."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.strip(" \t\n")).replace("\u00b5", "\u03bc")
    if isinstance(value, list):
        return tuple(map(as_read, value))
    return {key: as_read(item) for key, item in value.items() if item}


@FEW
@given(CHOICES)
def test_values_are_those_that_were_meant(c: Choices) -> None:
    """In each of YAML's ways to write them, and as PyYAML's own reader without types reads them."""
    notes, text = generators.deck(c, most=1)
    deck, findings = read_deck("d.yaml", utf8(text))
    if findings:
        return
    assert deck is not None
    for meant in ({"deck": "First Part", "notes": notes}, yaml.load(text, yaml.BaseLoader)):
        assert deck.name == meant["deck"]
        assert [values(note) for note in deck.notes] == [as_read(note) for note in meant["notes"]]


@FEW
@given(CHOICES)
def test_values_of_a_damaged_file_without_a_finding_are_those_of_yaml(c: Choices) -> None:
    text = generators.damaged(c, generators.deck(c)[1])
    deck, findings = read_deck("d.yaml", utf8(text))
    if findings:
        return
    assert deck is not None
    raw = yaml.load("\n".join(shown_lines(text)), yaml.CBaseLoader)
    assert deck.name == as_read(raw["deck"])
    assert [values(note) for note in deck.notes] == [as_read(note) for note in raw["notes"]]


@FEW
@given(CHOICES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans())
def test_line_ends_and_the_mark_at_the_beginning_change_nothing(c: Choices, end: str, bom: bool, hurt: bool) -> None:
    text = generators.deck(c)[1]
    text = generators.damaged(c, text) if hurt else text
    assume("\r" not in text and not text.startswith("\ufeff"))
    plain, findings = read_deck("d.yaml", utf8(text))
    other, others = read_deck("d.yaml", utf8("\ufeff" * bom + text.replace("\n", end)))
    assert (other, others) == (plain, findings)
    if plain is not None and other is not None:
        for one, two in zip(plain.notes, other.notes, strict=True):
            for key, _ in one.texts():
                assert one.places.at(key) == two.places.at(key)


# --- never an exception, always a place -------------------------------------------------------


@FEW
@given(CHOICES)
def test_any_deck_is_taken(c: Choices) -> None:
    take_deck(utf8(generators.deck(c)[1]))


@FEW
@given(CHOICES)
def test_any_damaged_deck_is_taken(c: Choices) -> None:
    take_deck(generators.damaged(c, generators.deck(c)[1]).encode("utf-8", "surrogatepass"))


@FEW
@given(CHOICES, st.sampled_from(["collection", "source", "references"]))
def test_any_damaged_collection_is_taken(c: Choices, which: str) -> None:
    texts = {
        name: getattr(generators.base_note, name.upper()).decode() for name in ("collection", "source", "references")
    }
    texts[which] = generators.damaged(c, texts[which])
    files = [(f"{name}.yaml", text.encode("utf-8", "surrogatepass")) for name, text in texts.items()]
    _, findings = read_collection(*files)
    for finding in findings:
        check_finding(finding, shown_lines(dict(files)[finding.position.path].decode("utf-8", "replace")))


# --- what a finding quotes stands at its place ------------------------------------------------

_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
# Rules whose first quoted words are those at the place; of the others, where in the message they are.
_FIRST = """yes-no open-question orphan-pronoun deictic unmarked-negative absolute-wording spelling dose-evidence
    reserved-tag tag-spelling unknown-evidence unknown-claim trailing-zero naked-decimal microgram-sign iu unit-letter
    daily-abbreviation every-other-day-abbreviation sulfate-abbreviation cc small-ml unit-without-space
    number-without-comma days-abbreviation comparison-sign at-sign doses-with-slash zero-sign roman-dose
    drug-and-dose-run-together raw-html unknown-key choice unknown-source""".split()
_NAMED = {
    "undefined-abbreviation": re.compile(r"(\w+) is not spelt"),
    "caveat-number": re.compile(r"number (\S+) behind"),
    "missing-caveat": re.compile(r"claim (\S+) needs"),
    "two-questions": re.compile(r"a second question \('(.*)'\)"),
    "duplicate-key": re.compile(r"'(.*)' stands twice"),
}


def quoted(finding: Finding) -> str:
    """The words of the file that a finding quotes, or nothing."""
    if finding.rule in _FIRST:
        found = _QUOTED.search(finding.message)
        return ast.literal_eval(found[0]) if found else ""
    named = _NAMED.get(finding.rule)
    found = named.match(finding.message) if named else None
    return found[1] if found else ""


def standing_at(finding: Finding, lines: tuple[str, ...]) -> list[str]:
    """The file from the place of a finding on, as plain, single-quoted and double-quoted text read it."""
    _, line, column = finding.position
    rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
    rest = re.sub(r"^[|>]-\s+", "", rest)  # a whole text in a block
    rest = unicodedata.normalize("NFC", " ".join(rest.split())).replace("\u00b5", "\u03bc")
    double = re.sub(r"\\U([0-9a-f]{8})", lambda match: chr(int(match[1], 16)), rest).replace('\\"', '"')
    forms = [rest, rest.replace("''", "'"), unicodedata.normalize("NFC", double.replace("\\\\", "\\"))]
    return [form.replace("\u00b5", "\u03bc").casefold() for form in forms]


def plain_note(c: Choices, number: int) -> dict[str, Any]:
    """A note whose texts are words alone, so that what a rule quotes stands there as it is."""
    note = generators.note(c, number)
    for key in ("question", "answer", "extra", "caveat"):
        if key in note:
            note[key] = generators.sentence(c) + "?" * (key == "question")
    if "text" in note:
        note["text"] = f"{generators.sentence(c)} {{{{c1::{generators.sentence(c, 3)}}}}} {generators.sentence(c)}"
    return {key: value for key, value in note.items() if key not in ("reverse", "retired", "beyond", "allow")}


@FEW
@given(CHOICES)
def test_what_a_finding_quotes_stands_at_its_place(c: Choices) -> None:
    notes = [plain_note(c, number) for number in range(1 + c.number(2))]
    text = "deck: First Part\nnotes:\n" + "".join(generators.entry(c, note) for note in notes)
    deck, findings = read_deck("d.yaml", utf8(text))
    findings += found_in(deck)
    for finding in findings:
        said = " ".join(quoted(finding).casefold().split())
        lines = shown_lines(text)
        start = finding._replace(position=Position(finding.position.path, 1, 1))
        # words that a mark of a deletion parts stand nowhere as they are quoted
        if said and not said.endswith("...") and any(said in form for form in standing_at(start, lines)):
            forms = standing_at(finding, lines)
            assert any(form.startswith((said, f"'{said}", f'"{said}')) for form in forms), (finding, forms[0][:80])


# --- a note by itself -------------------------------------------------------------------------


@FEW
@given(CHOICES)
def test_findings_of_a_note_do_not_hang_on_the_notes_around_it(c: Choices) -> None:
    """Each note in a file of its own, on the same lines, has what it has among the others; in any order."""
    entries = [generators.entry(c, generators.note(c, number)) for number in range(2 + c.number(3))]
    head = "deck: First Part\nnotes:\n"
    deck, read = read_deck("d.yaml", utf8(head + "".join(entries)))
    # what a character may be hangs on the words of the whole file, and structure on all lines
    assume(not any(finding.rule in ("syntax", "yaml-feature", "encoding", "character") for finding in read))
    together = sorted(read + found_in(deck))
    assert together == sorted(read + found_in(deck, backwards=True))
    alone, notes = [], []
    for number in range(len(entries)):
        kept = [made if n == number else "\n" * made.count("\n") for n, made in enumerate(entries)]
        own, own_read = read_deck("d.yaml", utf8(head + "".join(kept)))
        alone += own_read + found_in(own)
        notes += own.notes if own else ()
    assert sorted(alone) == together
    assert deck is None or tuple(notes) == deck.notes
