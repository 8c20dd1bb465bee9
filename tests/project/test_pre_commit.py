"""The hooks of .pre-commit-hooks.yaml, tried with pre-commit itself on a scratch repository."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
import small_deck
import yaml
from program import REPOSITORY, Ran, execute, run

HOOKS = yaml.load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"), yaml.CBaseLoader)
NOTE = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n  yield: core\n"


def test_the_hooks_call_commands_that_take_files(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path / "decks", NOTE)
    assert [hook["id"] for hook in HOOKS] == ["ketamine-anki-fmt", "ketamine-anki-check"]
    for hook in HOOKS:
        program, command = hook["entry"].split()
        assert program == "ketamine-anki"
        assert run(command, folder if command == "check" else folder / "01-first.yaml").code == 0
    pattern = HOOKS[0]["files"]
    assert re.search(pattern, "decks/01-first.yaml")
    assert not re.search(pattern, "decks/media/picture.png")
    assert not re.search(pattern, "README.md")


def do(folder: Path, *command: str | Path) -> Ran:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "PRE_COMMIT_HOME": str(folder.parent / "cache")}
    return execute(*command, cwd=folder, env=environment, timeout=600)


def git(folder: Path, *arguments: str) -> str:
    options = ("user.name=A", "user.email=a@example.org", "protocol.file.allow=always")
    ran = do(folder, "git", *(word for option in options for word in ("-c", option)), *arguments)
    assert ran.code == 0, ran.err
    return ran.out.strip()


@pytest.mark.deep
def test_pre_commit_formats_and_refuses(tmp_path: Path) -> None:
    """Builds the hooks' environment from the working tree with pip, so it is slow."""
    source, mine = tmp_path / "program", tmp_path / "mine"
    for name in ("ketamine_anki", "pyproject.toml", "LICENSE", ".pre-commit-hooks.yaml"):
        for path in git(REPOSITORY, "ls-files", "-co", "--exclude-standard", name).split():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / path, source / path)
    deck = small_deck.write(mine / "decks", NOTE) / "01-first.yaml"
    small_deck.replace(deck, "Carbon dioxide", "'Carbon dioxide'")
    for folder in (source, mine):
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "commit", "-qm", "all")
    hooks = [{"id": hook["id"]} for hook in HOOKS]
    config = {"repos": [{"repo": str(source), "rev": git(source, "rev-parse", "HEAD"), "hooks": hooks}]}
    (mine / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def committed(*options: str) -> Ran:
        git(mine, "add", ".")
        return do(mine, sys.executable, "-m", "pre_commit", "run", *options)

    ran = committed("--all-files")
    assert ran.code == 1, ran.out + ran.err
    assert "deck files in canonical form" in ran.out
    assert "files were modified by this hook" in ran.out
    ran = committed("--all-files")
    assert (ran.code, ran.out.count("Passed")) == (0, 2), ran.out + ran.err
    git(mine, "commit", "-qm", "in form")

    small_deck.replace(deck, "answer:", "anwser:")
    ran = committed("--all-files")
    assert (ran.code, "unknown key 'anwser': did you mean 'answer'? [unknown-key]" in ran.out) == (1, True)
    git(mine, "reset", "-q", "--hard")

    (mine / "decks" / "source.yaml").unlink()
    ran = committed()
    assert (ran.code, "source" in ran.out) == (1, True), "a file that is deleted"
    git(mine, "reset", "-q", "--hard")

    (mine / "decks" / "media").mkdir()
    (mine / "decks" / "media" / "leaf.png").write_bytes(small_deck.PIXEL)
    ran = committed()
    assert (ran.code, "leaf.png" in ran.out) == (1, True), "a picture that no note shows"
