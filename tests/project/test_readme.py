"""Every command that README.md and CONTRIBUTING.md tell readers to type works, or at least exists as it is written;
every picture is there.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path

import click
import pytest
import small_deck
from hypothesis import settings
from program import REPOSITORY, environment, execute
from program import command as program_command

from ketamine_anki.cli import cli
from ketamine_anki.deckfiles.formatter import canonical
from ketamine_anki.deckfiles.schema import DECK

README, CONTRIBUTING = ((REPOSITORY / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md"))
_FENCE = re.compile(r"^ *```(console|sh|bash|shell)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
EXTRAS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
SET_UP = "python3 -m venv .venv && .venv/bin/pip install "
COMPLETION = 'eval "$(_KETAMINE_ANKI_COMPLETE=bash_source ketamine-anki)"'
SPECIAL = {
    SET_UP + ". && .venv/bin/ketamine-anki build",
    SET_UP + "'.[test]' && .venv/bin/python -m pytest",
    COMPLETION,
    *(f"{SET_UP}'.[{extra}]'" for extra in EXTRAS),
}
OTHERS = ("git", "gh", "sha256sum", "cmp", "pip", "pipx", "pre-commit", "cd", "cp", "mkdir", "source")


def commands(text: str) -> list[str]:
    """What stands after `$` in console blocks, and the lines of shell blocks, without comments."""
    found = []
    for kind, block in _FENCE.findall(text):
        lines = [line.strip() for line in block.replace("\\\n", " ").splitlines()]
        typed = [line[2:] for line in lines if line.startswith("$ ")] if kind == "console" else lines
        found += [line.partition("  # ")[0].strip() for line in typed if line and not line.startswith("#")]
    return found


COMMANDS = commands(README) + commands(CONTRIBUTING)


def known(line: str) -> bool:
    """Whether a line is one that these tests, or a system, can answer for."""
    words = shlex.split(line, comments=True)
    if words[0] in ("ketamine-anki", ".venv/bin/ketamine-anki"):
        return understood(words[1:])
    if words[0].startswith((".ci/", "tests/")):
        return os.access(REPOSITORY / words[0], os.X_OK)
    if words[:3] == ["python", "-m", "pytest"]:
        named = [word.partition("=")[2] for word in words if word.startswith("--hypothesis-profile=")]
        return all(settings.get_profile(name) for name in named)
    if words[0] in ("python", "python3") and words[1].endswith(".py"):
        return (REPOSITORY / words[1]).is_file()
    return words[0] in OTHERS or line in SPECIAL


def understood(arguments: list[str]) -> bool:
    """Whether click accepts the arguments of a command, without running it."""
    command = cli.get_command(click.Context(cli), arguments[0])
    if command is None:
        return False
    try:
        command.make_context(arguments[0], arguments[1:]).close()
    except click.UsageError:
        return False
    return True


def test_every_command_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command or an option that was renamed is found here."""
    monkeypatch.chdir(REPOSITORY)
    assert {COMPLETION, f"{SET_UP}. && .venv/bin/ketamine-anki build"} <= set(COMMANDS)
    assert len(COMMANDS) > 20
    assert [line for line in COMMANDS if not known(line)] == []
    wrong = ["ketamine-anki bulid", "ketamine-anki build --splitt", ".ci/nothing", "rm -rf /", "python tests/no.py"]
    assert [line for line in wrong if known(line)] == []


def test_set_up_is_what_ci_runs() -> None:
    """The lines that make an environment from nothing are tried by .ci/run in a clean checkout."""
    ci = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    assert SET_UP + "'.[test]' && .venv/bin/python -m pytest" in ci
    assert "'.[test]' && .venv/bin/python -m pytest\n" in ci
    assert "\n.venv/bin/ketamine-anki build\n" in ci


def test_the_example_of_a_retired_note_is_as_fmt_writes_it() -> None:
    (retired,) = re.findall(r"```yaml\n  - id: .*?(    retired:.*?)```", README, re.DOTALL)
    note, _ = canonical("deck.yaml", small_deck.deck("- {question: 'Which gas?', answer: Oxygen}").encode(), DECK)
    assert canonical("deck.yaml", f"{note}{retired}".encode(), DECK) == (f"{note}{retired}", [])


def test_completion_line_works(tmp_path: Path) -> None:
    """Typed into bash, with the program on the PATH, Tab completes the names of commands and options."""
    program = tmp_path / "ketamine-anki"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(program_command())} "$@"\n', "utf-8")
    program.chmod(0o755)
    pressed = (
        "COMPREPLY=(); COMP_WORDS=(ketamine-anki build --sp) COMP_CWORD=%d; _ketamine_anki_completion ketamine-anki"
    )
    asked = "; ".join([COMPLETION, *(f'{pressed % word}; echo "${{COMPREPLY[@]}}"' for word in (1, 2))])
    path = {**environment(), "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    bash = shutil.which("bash")
    assert bash
    assert execute(bash, "-c", asked, env=path).out == "build\n--split\n"


def test_pictures_are_there_small_and_described() -> None:
    pictures = REPOSITORY / ".github" / "images"
    shown = re.findall(r"!\[([^\]]*)\]\(\.github/images/([^)]+)\)", README)
    assert sorted(name for _, name in shown) == sorted(path.name for path in pictures.iterdir())
    assert all(len(text) > 60 for text, _ in shown)
    assert all(path.stat().st_size < 200_000 for path in pictures.iterdir())


def test_a_picture_that_is_not_that_of_its_drawing_is_noticed(tmp_path: Path) -> None:
    for name in ("drawings", "media"):
        shutil.copytree(REPOSITORY / "decks" / name, tmp_path / name)
    compare = sys.executable, tmp_path / "drawings" / "render.py", "--check"
    assert execute(*compare).code == 0
    small_deck.replace(tmp_path / "drawings" / "cpp-balance.svg", "MAP holds", "MAP stays")
    assert execute(*compare).code == 1
    (tmp_path / "drawings" / "cpp-balance.svg").unlink()
    assert execute(*compare).code == 1
