"""Whatever deck file comes: its values are what YAML holds, its places are where they are typed, and no note's
findings hang on the notes around it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import generators
import yaml
from generators import Choices
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from invariants import check_finding, shown_lines, take_deck

from ketamine_anki.core.model import NOWHERE, Deck, Finding, Note, Retired, Where
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


def deck_text(c: Choices, hurt: bool) -> str:
    text = generators.deck(c)[1]
    return generators.damaged(c, text) if hurt else text


def found_in(deck: Deck | None, backwards: bool = False) -> list[Finding]:
    """What rules say of the notes of a deck, each alone."""
    check = Check(generators.collection())
    notes = [] if deck is None else [*deck.notes][:: -1 if backwards else 1]
    found = [finding for note in notes for finding in check.note(View(note, check.collection))]
    return [finding for finding in found if finding.rule not in TOGETHER]


def as_read(value: Any) -> Any:
    """A value of YAML as the reader documents it: stripped, NFC, with one micro sign."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.strip(" \t\n")).replace("\u00b5", "\u03bc")
    if isinstance(value, list):
        return tuple(map(as_read, value))
    return {key: as_read(item) for key, item in value.items()}


def note_of(keys: dict[str, Any]) -> Note:
    """The note that is written with these keys and values."""
    values = as_read(keys)
    for key, text in values.pop("reverse", {}).items():
        values[f"reverse_{key}"] = text
    retired = Retired(**values.pop("retired")) if "retired" in values else None
    return Note(deck="First Part", places=NOWHERE, importance=values.pop("yield"), retired=retired, **values)


@given(CHOICES, st.booleans())
def test_values_are_those_that_were_meant(c: Choices, hurt: bool) -> None:
    """In each of YAML's ways to write them, and as PyYAML's own reader without types reads them."""
    notes, text = generators.deck(c)
    text = generators.damaged(c, text) if hurt else text
    deck, findings = read_deck("d.yaml", utf8(text))
    if findings:
        return
    raw = yaml.load("\n".join(shown_lines(text)), yaml.CBaseLoader)
    assert deck.name == as_read(raw["deck"])
    for meant in (raw["notes"], raw["notes"] if hurt else notes):
        assert [note._replace(deck="First Part") for note in deck.notes] == [note_of(note) for note in meant]


@FEW
@given(CHOICES)
def test_each_word_is_found_where_it_is_typed(c: Choices) -> None:
    """In every style of YAML, and however often it stands there."""
    text = deck_text(c, hurt=False)
    deck, _ = read_deck("d.yaml", utf8(text))
    for note in deck.notes if deck else ():
        for key, words in note.texts():
            places = []
            for match in re.finditer("[A-Za-z0-9]+", words):
                nth = words.count(match[0], 0, match.start())
                _, line, column = note.places.at(Where(key, match[0], nth))
                assert text.split("\n")[line - 1].startswith(match[0], column - 1)
                places.append((line, column))
            assert places == sorted(set(places))


@FEW
@given(CHOICES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans())
def test_line_ends_and_the_mark_at_the_beginning_change_nothing(c: Choices, end: str, bom: bool, hurt: bool) -> None:
    text = deck_text(c, hurt)
    assume("\r" not in text and not text.startswith("\ufeff"))
    plain, findings = read_deck("d.yaml", utf8(text))
    other, others = read_deck("d.yaml", utf8("\ufeff" * bom + text.replace("\n", end)))
    assert (other, others) == (plain, findings)
    for one, two in zip(plain.notes, other.notes, strict=True) if plain else ():
        assert [one.places.at(key) for key, _ in one.texts()] == [two.places.at(key) for key, _ in two.texts()]


@given(CHOICES, st.booleans())
def test_any_deck_is_taken(c: Choices, hurt: bool) -> None:
    take_deck(deck_text(c, hurt).encode("utf-8", "surrogatepass"))


@FEW
@given(CHOICES, st.sampled_from(["collection", "source", "references"]))
def test_any_damaged_collection_is_taken(c: Choices, which: str) -> None:
    names = ("collection", "source", "references")
    texts = {name: getattr(generators.base_note, name.upper()).decode() for name in names}
    texts[which] = generators.damaged(c, texts[which])
    files = [(f"{name}.yaml", text.encode("utf-8", "surrogatepass")) for name, text in texts.items()]
    _, findings = read_collection(*files)
    for finding in findings:
        check_finding(finding, shown_lines(dict(files)[finding.position.path].decode("utf-8", "replace")))


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
        kept = [entry if n == number else "\n" * entry.count("\n") for n, entry in enumerate(entries)]
        own, own_read = read_deck("d.yaml", utf8(head + "".join(kept)))
        alone += own_read + found_in(own)
        notes += own.notes if own else ()
    assert sorted(alone) == together
    assert deck is None or tuple(notes) == deck.notes
