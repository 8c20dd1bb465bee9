"""`stats` counts what a collection holds, and names what no note tests."""

from __future__ import annotations

import json
from pathlib import Path

import small_deck
from program import run

NOTES = """
- question: Which gas do plants take up?
  answer: Carbon dioxide
  reverse: {question: "Which organisms take up carbon dioxide?", answer: Plants}
- text: Plants take up {{c1::carbon dioxide}} and give off {{c2::oxygen}} when light falls on them.
  claims: [C-1, C-2]
  skill: understand
  caveat: At night it is the other way round.
  evidence: [green-2020]
"""
RETIRED = """
- question: Which gas did plants once take up?
  answer: None
  id: gone
  retired: {version: 2.0.0, reason: Doubtful.}
"""
SECOND = {"02-second.yaml": small_deck.deck(RETIRED, "Second Part")}


def test_notes_cards_and_claims_are_counted(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path, NOTES, SECOND)
    ran = run("stats", folder, "--format", "json")
    assert ran.code == 0, ran.err
    data = json.loads(ran.out)
    assert (data["notes"], data["cards"], data["retired"]) == (2, 4, 1)
    assert data["by"]["subdeck"] == {
        "First Part": {"notes": 2, "cards": 4, "claims_tested": 2, "claims": 2},
        "Second Part": {"notes": 0, "cards": 0, "claims_tested": 0, "claims": 1},
    }
    assert data["by"]["paragraph"]["only-section/2"] == {"notes": 0, "cards": 0, "claims_tested": 0, "claims": 1}
    assert data["by"]["skill"]["understand"] == {"notes": 1, "cards": 2}
    assert data["by"]["kind"] == {"cloze": {"notes": 1, "cards": 2}, "reversed pair": {"notes": 1, "cards": 2}}
    assert data["by"]["caveat"]["with caveat"]["notes"] == 1
    assert data["coverage"]["core"] == {"tested": 1, "claims": 1}
    assert data["coverage"]["colour"] == {"tested": 1, "claims": 2}
    assert data["untested"] == {"core": [], "supporting": [], "colour": ["C-3"]}


def test_the_text_has_bars_and_the_untested_claims(tmp_path: Path) -> None:
    lines = run("stats", small_deck.write(tmp_path, NOTES, SECOND)).out.splitlines()
    assert lines[0] == "Small Deck: 2 notes, 4 cards, 1 retired"
    assert "  First Part      2 notes     4 cards    2/2   claims  " + "#" * 30 in lines
    assert "  core           1 of 1    100.0%  " + "#" * 30 in lines
    assert lines[-2:] == ["Claims that no note tests", "  C-3  colour: Roots take up water."]
    all_tested = "- {question: 'Which gas?', answer: Oxygen, claims: [C-1, C-2, C-3]}"
    ran = run("stats", small_deck.write(tmp_path / "tested", all_tested))
    assert ran.out.endswith("Claims that no note tests\n  none\n")
    bare = {"source.yaml": "title: T\nsections: [{slug: only-section, title: T, paragraphs: [{cites: [problem/1]}]}]\n"}
    ran = run(
        "stats", small_deck.write(tmp_path / "bare", "- {question: 'Which gas?', answer: Oxygen, claims: }", bare)
    )
    assert (ran.code, "claims" in ran.out.lower()) == (0, False), ran.out


def test_what_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path, "- {question: 'Which gas?'}")
    ran = run("stats", folder)
    assert ran.code == 1
    assert "[missing-key]" in ran.out
    (folder / "collection.yaml").unlink()
    assert run("stats", folder).code == 1
