"""Names of files that steer a terminal, or are no text in any encoding, harm no command."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import small_deck
from program import run
from releases import Project

NOTES = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n"
STEERS = "z\x1b]0;evil\x07\x1b[2J\u202e\n.yaml"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")


def shown(ran: tuple[int, str, str]) -> str:
    """What was printed; fails when anything in it steers."""
    said = ran[1] + ran[2]
    assert not set(said) & {"\x1b", "\x07", "\u202e"}, ran
    return said


def test_no_command_prints_a_name_that_steers_the_terminal(project: Project) -> None:
    (project.root / "CHANGELOG.md").write_text("## Unreleased\n\n\x1b]0;evil\x07\n", encoding="utf-8")
    assert "\\x1b]0;evil\\x07" in shown(run("release", "1.0.0", "--no-repository", "--dry-run"))
    path = project.decks / STEERS
    path.write_text(small_deck.deck(NOTES + "\n\n\n", "Second Part"), encoding="utf-8")
    assert "z\\x1b]0;evil" in shown(run("check", "decks"))
    assert "z\\x1b]0;evil" in shown(run("check", path))
    assert "\\u202e\\n.yaml\n" in shown(run("fmt", "decks"))
    assert "z\\x1b]0;evil" in shown(run("preview", "decks"))
    path.rename(project.decks / f"{STEERS}.txt")
    project.commit()
    (project.decks / f"{STEERS}.txt").write_text("changed", encoding="utf-8")
    assert "z\\x1b]0;evil\\x07\\x1b[2J\\u202e\\n.yaml.txt: not committed" in shown(run("release", "1.0.0"))
    assert "z\\x1b]0;evil" in shown(run("diff", STEERS))
    assert "z\\x1b]0;evil" in shown(run("intake", STEERS))
    for command in ("build", "schema", "stats"):
        assert "z\\x1b]0;evil" in shown(run(command, "decks", STEERS))
    elsewhere = project.root / STEERS
    elsewhere.mkdir()
    for words in (("build", "decks", "-o"), ("schema", "decks", "-o")):
        assert "z\\x1b]0;evil" in shown(run(*words, elsewhere))


NO_TEXT = os.fsdecode(b"x\xff.yaml")


def test_a_file_whose_name_is_no_text_is_a_finding_in_every_form(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path, NOTES, files={NO_TEXT: small_deck.deck(NOTES, "Second Part")})
    for form in ("text", "lines", "json", "github", "sarif"):
        ran = run("check", folder, "--format", form)
        assert ran.code == 1, ran.err
    log = json.loads(run("check", folder, "--format", "sarif").out)
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in log["runs"][0]["results"]]
    assert any(place["uri"].endswith("/x%FF.yaml") for place in places)


def test_a_folder_whose_name_is_no_text_is_a_folder(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path / os.fsdecode(b"d\xff"), NOTES)
    output = tmp_path / os.fsdecode(b"o\xff")
    assert run("build", folder, "-o", output).code == 0
    for kind in ("file", "vscode", "none", "repository"):
        page = output / f"{kind}.html"
        ran = run("preview", folder, "-o", page, "--links", kind, "--against", folder)
        assert ran.code in (0, 1), ran.err
    assert "d%FF" in (output / "file.html").read_text(encoding="utf-8")
    assert run("schema", folder).code == 0
