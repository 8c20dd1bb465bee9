"""The real deck passes; one note of it broken in each way is caught at its line."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from ketamine_anki.core.model import Collection, Deck, Finding
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.deckfiles.shingles import make_shingles, read_shingles
from ketamine_anki.rules import medication
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.view import View
from ketamine_anki.workspace.folder import Folder

STORY = "A 60-year-old man with severe pain of the back has tried one drug after the other. "
LONG = " ".join(["word"] * 90)

# (rule, id of a note, key, new value or nothing to delete the key)
BREAKS = [
    ("question-mark", "cpp-icp-falls", "question", "The effect of a fall in intracranial pressure"),
    ("yes-no", "cpp-icp-falls", "question", "Does a fall in intracranial pressure raise perfusion of the brain?"),
    ("yes-no", "cpp-icp-falls", "answer", "Yes"),
    ("binary-choice", "cpp-icp-falls", "question", "Does perfusion rise or fall when pressure in the skull falls?"),
    ("two-questions", "oih-exposure", "question", "What is opioid-induced hyperalgesia, and how is it treated?"),
    ("open-question", "oih-exposure", "question", "Describe the exposure behind opioid-induced hyperalgesia?"),
    ("orphan-pronoun", "oih-exposure", "question", "Why does it set in?"),
    ("orphan-pronoun", "oih-exposure", "answer", "They are high and prolonged"),
    ("deictic", "oih-exposure", "question", "Which exposure to opioids does the text name?"),
    ("unmarked-negative", "oih-exposure", "question", "Which exposure does not set the stage for hyperalgesia?"),
    ("question-length", "oih-exposure", "question", f"What is {LONG}?"),
    ("question-length", "oih-exposure", "question", f"{STORY}What is {LONG}?"),
    ("answer-length", "oih-exposure", "answer", LONG),
    ("answer-length", "oih-exposure", "answer", "Prolonged use of high doses. The nervous system is wound up."),
    ("answer-list", "oih-exposure", "answer", "High doses, long use, old age and pain"),
    ("reverse-length", "abbreviation-osa", "answer", "The closing of the upper airway in sleep by its own soft walls"),
    ("answer-in-question", "oih-exposure", "answer", "Pattern of opioid exposure"),
    ("topic-answer", "oih-exposure", "answer", "Ketamine"),
    ("topic-answer", "oih-amplification", "text", "In shock, the drug called {{c1::ketamine}} keeps up the pressure."),
    ("absolute-wording", "oih-exposure", "answer", "The ideal exposure"),
    ("undefined-abbreviation", "oih-exposure", "answer", "Prolonged use of NSAIDs"),
    ("spelling", "oih-exposure", "extra", "Anaesthesia plays no part."),
    (
        "cloze-count",
        "oih-amplification",
        "text",
        "{{c1::a1}} {{c2::b2}} {{c3::c3}} {{c4::d4}} {{c5::e5}} of many words on it",
    ),
    (
        "cloze-length",
        "oih-amplification",
        "text",
        f"The state is {{{{c1::{' '.join(['word'] * 11)}}}}} {'of it ' * 12}",
    ),
    ("cloze-context", "oih-amplification", "text", "It {{c1::amplifies}} pain."),
    ("cloze-context", "oih-amplification", "text", "One two three {{c1::four five six}} {{c2::seven eight nine}}."),
    ("cloze-leak", "oih-amplification", "text", "Pain that {{c1::amplifies}} itself amplifies what follows from it."),
    (
        "cloze-leak",
        "oih-amplification",
        "text",
        "The nervous system then {{c1::amplifies::amplifies, dampens}} the signals.",
    ),
    (
        "article-cue",
        "oih-amplification",
        "text",
        "In hyperalgesia every signal has an {{c1::amplified}} effect on pain.",
    ),
    ("unknown-source", "oih-exposure", "source", "rewiring-the-pain-sistem/1"),
    ("uncited", "cpp-icp-falls", "cites", "[problem/5202055]"),
    ("unknown-claim", "oih-exposure", "claims", "[C-PA-99]"),
    ("unknown-evidence", "oih-exposure", "evidence", "[casey-2052]"),
    ("missing-evidence", "head-injury-intubation-priority", "caveat", "A trial disagrees."),
    ("missing-caveat", "ketamine-map-support-property", "caveat", ""),
    ("dose-evidence", "head-injury-intubation-priority", "extra", "Often above 100 mg of morphine a day."),
    ("caveat-number", "ketamine-net-pressure-effect", "evidence", "[asa-osa-2014]"),
    ("wrong-yield", "cpp-equation", "yield", "supporting"),
    ("reserved-tag", "oih-exposure", "tags", "[leech]"),
    ("unfinished", "oih-exposure", "tags", "[TODO]"),
    ("unfinished", "oih-exposure", "answer", "TODO"),
    ("tag-spelling", "oih-exposure", "tags", "[Wind-up]"),
    ("verbatim", "oih-exposure", "extra", "Here the quick brown fox jumps over the lazy dog again."),
    ("duplicate-id", "abbreviation-map", "id", "abbreviation-cpp"),
    ("unused-allow", "oih-exposure", "allow", "{yes-no: a reason}"),
    ("pair-conflict", "abbreviation-map", "reverse", "{question: Which short form is used?, answer: CPP}"),
    (
        "duplicate-question",
        "abbreviation-map",
        "question",
        "Which abbreviation is used for cerebral perfusion pressure?",
    ),
]
BREAKS += [
    (row.id, "shock-index-warning", "extra", f"Given as {row.bad} at once.")
    for row in medication.TABLE
    if "\N{MICRO SIGN}" not in row.bad
]

ACROSS = {"tag-spelling", "pair-conflict", "duplicate-question", "duplicate-id"}  # need the other decks, too


class Real(NamedTuple):
    """The real collection, read once: what it refers to, its decks, and the text of each file."""

    collection: Collection
    decks: dict[str, Deck]
    texts: dict[str, str]

    def but(self, path: str, deck: Deck) -> list[Deck]:
        """The decks with one of them changed."""
        return [deck if name == path else other for name, other in self.decks.items()]


@pytest.fixture(scope="module")
def real(real_decks: Path) -> Real:
    folder = Folder(str(real_decks))
    assert folder.collection is not None
    own = make_shingles("The quick brown fox jumps over the lazy dog.")
    shingles, _ = read_shingles("shingles.txt", own.encode())
    collection = dataclasses.replace(folder.collection, shingles=folder.collection.shingles | shingles)
    decks = {deck.places.path: deck for deck in folder.decks()}
    assert not folder.findings
    return Real(collection, decks, {path: Path(path).read_text(encoding="utf-8") for path in decks})


def checked(collection: Collection, decks: list[Deck]) -> list[Finding]:
    check = Check(collection)
    findings = []
    for deck in decks:
        findings += check.deck(deck)
        for note in deck.notes:
            findings += check.note(View(note, collection))
    return findings + check.finish()


def broken(text: str, note: str, key: str, value: str) -> tuple[str, int]:
    """A deck file's text with one key of one note set to a value on one line, and that line's number;
    with the key deleted, the line of the note.
    """
    lines = text.split("\n")
    start = lines.index(f"  - id: {note}")
    end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("  - id:")), len(lines))
    if key == "id":
        lines[start] = f"  - id: {value}"
        return "\n".join(lines), start + 1
    keys = [n for n in range(start + 1, end) if re.match(r" {4}[a-z]", lines[n])]
    at = next((n for n in keys if lines[n].startswith(f"    {key}:")), None)
    if at is None:
        at = after = keys[-1]
    else:
        after = next((n for n in keys if n > at), end)
    quoted = value if value[:1] in "[{" and "{{" not in value else "'" + value.replace("'", "''") + "'"
    lines[at:after] = [f"    {key}: {quoted}"] if value else []
    return "\n".join(lines), at + 1 if value else start + 1


def test_the_real_deck_has_no_findings(real: Real) -> None:
    assert checked(real.collection, list(real.decks.values())) == []


@pytest.mark.parametrize(
    ("rule", "note", "key", "value"), BREAKS, ids=[f"{n}-{rule}" for n, (rule, *_) in enumerate(BREAKS)]
)
def test_a_broken_note_is_caught_at_its_line(real: Real, rule: str, note: str, key: str, value: str) -> None:
    path = next(path for path, text in real.texts.items() if f"  - id: {note}\n" in text)
    text, line = broken(real.texts[path], note, key, value)
    deck, findings = read_deck(path, text.encode())
    assert deck is not None
    assert findings == []
    found = checked(real.collection, real.but(path, deck) if rule in ACROSS else [deck])
    lines = {finding.position.line for finding in found if (finding.rule, finding.position.path) == (rule, path)}
    if not value or rule == "caveat-number":  # found at another key of the note, that which asks for it
        assert len(lines) == 1
        assert abs(lines.pop() - line) < 25
    else:
        assert lines == {line}, found


@pytest.mark.parametrize("rule", ["near-duplicate", "same-answer", "untested-claim"])
def test_what_only_all_notes_show_is_caught_at_its_line(real: Real, rule: str) -> None:
    path = next(path for path, text in real.texts.items() if "  - id: hemorrhagic-shock-prototype\n" in text)
    text = real.texts[path]
    if rule == "untested-claim":
        text, _ = broken(text, "hemorrhagic-shock-prototype", "claims", "[C-GU-11]")
        expected = real.collection.claims["C-GU-01"].places.at("id")
    else:
        copied = next(note for deck in real.decks.values() for note in deck.notes if note.id == "shock-index-warning")
        made = ""
        for n in range(7 if rule == "same-answer" else 1):
            asked = copied.question if rule == "near-duplicate" else f"What is new{n} other{n} third{n}?"
            made += (
                f"  - id: new-{n}\n    question: '{'Then, ' if rule == 'near-duplicate' else ''}{asked}'\n"
                f"    answer: '{copied.answer}'\n    source: the-guardian-of-the-unstable/2\n"
                "    cites: [problem/4634071]\n"
                "    claims: [C-GU-11]\n    tags: [CPP]\n    yield: supporting\n    skill: recall\n"
            )
        text = text.rstrip("\n") + "\n\n" + made
        line = text.split("\n").index(f"  - id: new-{6 if rule == 'same-answer' else 0}") + 1
        expected = next(iter(real.decks.values())).places.at("")._replace(path=path, line=line, column=9)
    deck, findings = read_deck(path, text.encode())
    assert deck is not None
    assert findings == []
    found = checked(real.collection, real.but(path, deck))
    assert expected in [finding.position for finding in found if finding.rule == rule], found
