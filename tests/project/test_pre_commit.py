"""The hooks of .pre-commit-hooks.yaml, tried with pre-commit itself on a scratch repository."""

from __future__ import annotations

import os
import re
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


def git(folder: Path, *arguments: str | Path) -> Ran:
    ran = do(
        folder,
        "git",
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.org",
        "-c",
        "protocol.file.allow=always",
        *arguments,
    )
    assert ran.code == 0, ran.err
    return ran


@pytest.mark.deep
def test_pre_commit_formats_and_refuses(tmp_path: Path) -> None:
    """Builds the hooks' environment from the working tree with pip, so it is slow."""
    source = tmp_path / "program"
    source.mkdir()
    parts = ["ketamine_anki", "pyproject.toml", "LICENSE", ".pre-commit-hooks.yaml"]
    for name in execute("git", "ls-files", "-co", "--exclude-standard", *parts, cwd=REPOSITORY).out.split():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((REPOSITORY / name).read_bytes())
    git(source, "init", "-q")
    git(source, "add", ".")
    git(source, "commit", "-qm", "program")
    revision = git(source, "rev-parse", "HEAD").out.strip()

    mine = tmp_path / "mine"
    deck = small_deck.write(mine / "decks", NOTE) / "01-first.yaml"
    small_deck.replace(deck, "Carbon dioxide", "'Carbon dioxide'")
    hooks = [{"id": hook["id"]} for hook in HOOKS]
    config = {"repos": [{"repo": str(source), "rev": revision, "hooks": hooks}]}
    (mine / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    git(mine, "init", "-q")
    git(mine, "add", ".")
    pre_commit = [sys.executable, "-m", "pre_commit", "run", "--all-files"]

    ran = do(mine, *pre_commit)
    assert ran.code == 1, ran.out + ran.err
    assert "deck files in canonical form" in ran.out
    assert "files were modified by this hook" in ran.out
    git(mine, "add", ".")
    ran = do(mine, *pre_commit)
    assert (ran.code, ran.out.count("Passed")) == (0, 2), ran.out + ran.err

    small_deck.replace(deck, "answer:", "anwser:")
    git(mine, "add", ".")
    ran = do(mine, *pre_commit)
    assert ran.code == 1
    assert "unknown key 'anwser': did you mean 'answer'? [unknown-key]" in ran.out

    small_deck.replace(deck, "anwser:", "answer:")
    git(mine, "add", ".")
    git(mine, "commit", "-qm", "notes")
    pre_commit.remove("--all-files")
    git(mine, "rm", "-q", "decks/source.yaml")
    ran = do(mine, *pre_commit)
    assert ran.code == 1, "a file that is deleted"
    assert "source" in ran.out
    git(mine, "reset", "-q", "--hard")
    (mine / "decks" / "media").mkdir()
    (mine / "decks" / "media" / "leaf.png").write_bytes(small_deck.PIXEL)
    git(mine, "add", ".")
    ran = do(mine, *pre_commit)
    assert ran.code == 1, "a picture that no note shows"
    assert "leaf.png" in ran.out
