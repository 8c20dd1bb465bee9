"""Whatever comes back from Anki is compared, edited in or refused; and whatever the ledger or a package holds."""

from __future__ import annotations

import re
from dataclasses import replace

import made
from hostile_packages import MODEL, database, old
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ledgers import GOOD as LEDGER
from made import Choices

from ketamine_anki.anki.archive import PackageError
from ketamine_anki.anki.package_reader import read_package
from ketamine_anki.anki.text_export import read_text
from ketamine_anki.core.model import Deck, Note
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.intake.apply import EditError, edit_deck, entry
from ketamine_anki.intake.compare import Change, compare
from ketamine_anki.release.ledger_file import ledger_text, read_ledger
from ketamine_anki.text.render import render, render_note

CHOICES = st.builds(Choices, st.binary(max_size=40) | st.binary(min_size=60, max_size=240))
FEW = settings(max_examples=settings().max_examples // 3)


def sound_note(c: Choices, number: int) -> dict:
    """A note without mistakes of form: texts of whole syntax, names that are known."""
    note = made.note(c, number)
    note |= {"source": "kidney/1", "cites": ["problem/1"], "claims": ["C-1"], "tags": ["Kidney"], "yield": "core"}
    for key in ("retired", "allow", "beyond", "evidence", "caveat"):
        note.pop(key, None)
    return note


def sound_deck(c: Choices) -> tuple[Deck, str]:
    notes = [sound_note(c, number) for number in range(1 + c.number(2))]
    text = "deck: First Part\nnotes:\n" + "".join(made.entry(c, note) for note in notes)
    assume(not re.search("[\ud800-\udfff]", text))
    deck, findings = read_deck("d.yaml", text.encode())
    assume(deck is not None and not findings)
    assert deck is not None
    shown = [one for note in deck.notes for one in render_note(note, made.collection()).values()]
    assume(not any(one.findings for one in shown))
    return deck, text


@FEW
@given(CHOICES)
def test_any_export_is_compared(c: Choices) -> None:
    """Fields, tags and note types of anybody; what it proposes reads as a note."""
    deck, _ = sound_deck(c)
    export = c.some(lambda: made.stranger(c, deck.notes), 3)
    found = compare(deck.notes, made.collection(), export, c.some(lambda: made.stranger(c, deck.notes), 2))
    for proposal in found.proposals:
        head = f"deck: First Part\nnotes:\n{entry(proposal)}"
        _, findings = read_deck("d.yaml", head.encode())
        assert all("TODO" in finding.message for finding in findings), (head, findings)
    for change in found.changes:
        assert change.old != change.new


@FEW
@given(CHOICES)
def test_an_export_without_edits_changes_nothing(c: Choices) -> None:
    deck, _ = sound_deck(c)
    found = compare(deck.notes, made.collection(), [made.exported(note) for note in deck.notes])
    assert (found.matched, found.changes, found.proposals, found.leftovers) == (len(deck.notes), [], [], [])


@FEW
@given(CHOICES)
def test_edits_come_back_as_edits_of_exactly_these_values_or_are_refused(c: Choices) -> None:
    """What is written reads as meant, every other note and line stays, and intake has then nothing more to say."""
    deck, text = sound_deck(c)
    came = [made.export(c, note) for note in deck.notes]
    found = compare(deck.notes, made.collection(), came)
    changes = [change for change in found.changes if isinstance(change.new, str)]
    try:
        data = edit_deck(text.encode(), deck, made.collection(), changes, [])
    except EditError:
        return
    again, findings = read_deck("d.yaml", data)
    assert again is not None
    assert findings == []
    changed = {(change.note.id, change.key): change.new for change in changes}
    for before, after in zip(deck.notes, again.notes, strict=True):
        wanted = {key: changed.get((before.id, key), value) for key, value in before.texts()}
        wanted |= {key: value for (name, key), value in changed.items() if name == before.id}
        assert dict(after.texts()) == {key: value for key, value in wanted.items() if value}
    assert compare(again.notes, made.collection(), came).changes == [
        change for change in found.changes if not isinstance(change.new, str)
    ]


@FEW
@given(CHOICES)
def test_the_markdown_of_a_change_shows_what_was_edited(c: Choices) -> None:
    deck, _ = sound_deck(c)
    note = deck.notes[0]
    other = made.sound(c, cloze=note.is_cloze)
    assume(not note.is_cloze or "{{c" in other)
    shown = render(other, made.collection().media, cloze=note.is_cloze)
    assume(not shown.findings and shown.html)
    export, name = made.exported(note), "Text" if note.is_cloze else "Answer"
    export = replace(export, fields={**export.fields, name: shown.html})
    found = compare([note], made.collection(), [export])
    assert len(found.changes) + len(found.leftovers) <= 1
    for change in found.changes:
        assert isinstance(change, Change)
        assert compare([_with(note, change)], made.collection(), [export]).changes == []


def _with(note: Note, change: Change) -> Note:
    return note._replace(**{change.key.replace(".", "_"): change.new})


# --- exports as bytes -------------------------------------------------------------------------

_HEADS = (
    "#separator:tab\n", "#html:true\n", "#guid column:1\n", "#notetype column:2\n", "#deck column:3\n",
    "#tags column:4\n", "#columns:a\tb\n", "#separator:x\n", "#html:false\n", "#guid column:99999\n",
    "#guid column:\u0661\n", "#:\n", "\n",
)  # fmt: skip
_CELLS = ("guid", "a", '"b"', '"b\n""c"""', '"', "\t", "\t", "\t", "\n", "\r\n", "<b>x</b>", "\x00", "\ufeff", "")


def text_export(c: Choices) -> str:
    """A text export, or what resembles one."""
    head = "".join(_HEADS[:6]) if c.number(3) else "".join(c.some(lambda: c.one(_HEADS), 8))
    return head + "".join(c.some(lambda: c.one(_CELLS), 24))


@FEW
@given(CHOICES)
def test_any_text_export_is_read_or_refused(c: Choices) -> None:
    try:
        notes = read_text(text_export(c).encode(), lambda identity, kind: ("Front", "Back"))
    except PackageError:
        return
    compare([], made.collection(), notes)


@FEW
@given(CHOICES, st.sampled_from(["tab", "comma", "semicolon", "pipe"]))
def test_fields_of_a_text_export_are_those_that_were_written(c: Choices, separator: str) -> None:
    sign = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}[separator]
    rows = [[f"g{n}", made.html(c), made.html(c)] for n in range(1 + c.number(3))]
    rows = [[cell.replace("\r", "").replace("\ud800", "").replace("\x00", "") for cell in row] for row in rows]
    lines = [sign.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    head = f"#separator:{separator}\n#html:true\n#guid column:1\n"
    notes = read_text((head + "\n".join(lines) + "\n").encode(), lambda identity, kind: ("Front", "Back"))
    assert [[note.guid, *note.fields.values()] for note in notes] == rows


@FEW
@given(CHOICES)
def test_any_fields_of_a_package_are_read_or_refused(c: Choices) -> None:
    """As Anki stores them, in a sound database; names of note types, decks and tags as well."""
    fields = [made.html(c).replace("\ud800", "") for _ in range(c.number(4))]
    name = c.one(("A::B", "Renal Drugs::01 First Part", "", "\x1f", "a\x00b", made.html(c).replace("\ud800", "")))
    row = (11, c.one(("g", "", "\x00")), 7, 1_700_000_000, made.html(c).replace("\ud800", ""), "\x1f".join(fields))
    data = database(models={"7": MODEL | {"name": name}}, decks={"3": {"id": 3, "name": name, "desc": ""}}, notes=[row])
    try:
        contents = read_package(old(data))
    except PackageError:
        return
    compare([], made.collection(), contents.notes)
    (note,) = contents.notes
    assert list(note.fields.values()) == "\x1f".join(fields).split("\x1f")[: len(note.fields)]


# --- the ledger -------------------------------------------------------------------------------


@FEW
@given(CHOICES)
def test_any_damaged_ledger_is_refused_or_what_release_would_write(c: Choices) -> None:
    text = made.damaged(c, LEDGER)
    data = text.encode("utf-8", "surrogatepass")
    ledger, findings = read_ledger("ledger.yaml", data)
    assert (ledger is None) == bool(findings)
    if ledger is not None:
        assert _said(ledger_text(ledger)) == _said(text)
    lines = data.decode("utf-8", "replace").split("\n")
    for finding in findings:
        assert 1 <= finding.position.line <= len(lines)


def _said(ledger: str) -> list[str]:
    """The lines of a ledger without remarks, blank lines and headings; one over nothing is left out."""
    return [line for line in ledger.replace("\r\n", "\n").split("\n") if re.search("[^:]$", line) and line[0] != "#"]
