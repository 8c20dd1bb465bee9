"""Limits of a whole collection: reached, each is a finding; what lies below is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_deck
from program import run
from releases import DAY, START, Project

from ketamine_anki.core.limits import MAX_FINDINGS

NOTES = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n"
TWO_PICTURES = {"media/0.png": small_deck.PIXEL, "media/1.png": small_deck.PIXEL}
OTHERS = "- id: water\n  question: Which liquid do roots take up?\n  answer: Water\n"
TWO_DECKS = {"02-second.yaml": small_deck.deck(OTHERS, "Second Part")}


@pytest.mark.parametrize(
    ("limit", "most", "files", "finding"),
    [
        ("core.limits.MAX_DECKS_BYTES", 300, TWO_DECKS, "02-second.yaml:1:1: all deck files together are over"),
        ("core.limits.MAX_FILES", 3, TWO_DECKS, ":1:1: 4 deck files: at most 3 [limit]"),
        ("core.limits.MAX_PICTURES", 1, TWO_PICTURES, "media:1:1: 2 files: at most 1 [limit]"),
        ("deckfiles.reader.MAX_MESSAGE", 20, {"02-x.yaml": "anwser: x\n"}, "unknown key 'anwser… [unknown-key]"),
    ],
)
def test_a_limit_is_a_finding(
    limit: str,
    most: int,
    files: dict[str, str | bytes],
    finding: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = small_deck.write(tmp_path, NOTES, files)
    assert finding not in run("check", folder).out
    monkeypatch.setattr(f"ketamine_anki.{limit}", most)
    assert finding in run("check", folder).out


def test_what_is_missing_is_not_said_of_a_collection_that_was_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_deck.write(tmp_path, NOTES, {"media/unused.png": small_deck.PIXEL, **TWO_DECKS})
    assert "unused" in run("check", folder).out
    monkeypatch.setattr("ketamine_anki.core.limits.MAX_DECKS_BYTES", 300)
    assert "unused" not in run("check", folder).out


def test_no_more_findings_are_listed_than_anybody_reads(project: Project) -> None:
    """Here of the ledger, which may hold hundreds of thousands of ids that are gone."""
    project.released("1.0.0")
    path = project.decks / "ledger.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    (gas,) = (line for line in lines if line.startswith("  gas: "))
    guid = gas.partition("guid: ")[2][:14]
    many = [gas.replace("  gas:", f"  gone-{number:05d}:").replace(guid, f"{number:014d}") for number in range(1_100)]
    place = lines.index(gas) + 1
    path.write_text("\n".join([*lines[:place], *many, *lines[place:], ""]), encoding="utf-8")
    project.at(START + DAY)
    for words in (("check", "decks"), ("preview", "decks"), ("release", "1.0.1", "--dry-run")):
        ran = run(*words)
        found = [line for line in (ran.out + ran.err).splitlines() if "[vanished-id]" in line]
        assert (ran.code, len(found)) == (1, MAX_FINDINGS + 1)


def test_files_that_cannot_be_read_are_listed_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_deck.write(tmp_path, NOTES, {f"{number:02d}.yaml": "deck: [\n" for number in range(2, 30)})
    monkeypatch.setattr("ketamine_anki.core.limits.MAX_FINDINGS", 10)
    assert len(run("check", folder).out.splitlines()) == 11


def test_a_preview_shows_every_note_however_many_findings_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ketamine_anki.core.limits.MAX_FINDINGS", 2)
    wrong = "- {question: Plants, answer: x, source: nowhere}\n- {question: No sign, answer: yes}\n"
    folder = small_deck.write(tmp_path / "decks", wrong, TWO_DECKS)
    page = tmp_path / "page.html"
    ran = run("preview", folder, "-o", page)
    assert (ran.code, len(ran.err.splitlines())) == (1, 3)
    assert "Which liquid do roots take up?" in page.read_text(encoding="utf-8")
