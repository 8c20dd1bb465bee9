"""Every command that README.md and CONTRIBUTING.md tell readers to type works, or at least exists as it is written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
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

_FENCE = re.compile(r"^ *```(console|sh|bash|shell)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
EXTRAS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
SET_UP = "python3 -m venv .venv && .venv/bin/pip install "


def commands(text: str) -> list[str]:
    """What stands after `$` in console blocks, and the lines of shell blocks, without comments."""
    found = []
    for kind, block in _FENCE.findall(text):
        lines = [line.strip() for line in block.replace("\\\n", " ").splitlines()]
        typed = [line[2:] for line in lines if line.startswith("$ ")] if kind == "console" else lines
        found += [line.partition("  # ")[0].strip() for line in typed if line and not line.startswith("#")]
    return found


DOCUMENTS = [path for path in ("README.md", "CONTRIBUTING.md") if (REPOSITORY / path).exists()]
COMMANDS = [line for path in DOCUMENTS for line in commands((REPOSITORY / path).read_text("utf-8"))]


def known(line: str) -> bool:
    """Whether a line is one that these tests, or a system, can answer for."""
    words = shlex.split(line, comments=True)
    if extra := re.fullmatch(re.escape(SET_UP) + r"'\.\[(\w+)\]'", line):
        return extra[1] in EXTRAS
    if words[0] in ("ketamine-anki", ".venv/bin/ketamine-anki"):
        return understood(words[1:])
    if words[0].startswith((".ci/", "tests/")):
        return os.access(REPOSITORY / words[0], os.X_OK)
    if words[:3] == ["python", "-m", "pytest"] and words[3].startswith("--hypothesis-profile="):
        return bool(settings.get_profile(words[3].partition("=")[2]))
    if words[0] in ("python", "python3") and words[1:2] and words[1].endswith(".py"):
        return (REPOSITORY / words[1]).is_file()
    return (
        words[:3] == ["python", "-m", "pytest"]
        or words[0] in ("git", "gh", "sha256sum", "cmp", "pip", "pipx", "pre-commit", "cd", "cp", "mkdir", "source")
        or line in SPECIAL
    )


def understood(arguments: list[str]) -> bool:
    """Whether click accepts the arguments of a command, without running it."""
    command = cli.get_command(click.Context(cli), arguments[0])
    if command is None:
        return False
    try:
        command.make_context(arguments[0], list(arguments[1:])).close()
    except click.UsageError:
        return False
    return True


SPECIAL = {
    SET_UP + ". && .venv/bin/ketamine-anki build",
    SET_UP + "'.[test]' && .venv/bin/python -m pytest",
    'eval "$(_KETAMINE_ANKI_COMPLETE=bash_source ketamine-anki)"',
}


@pytest.mark.parametrize("line", COMMANDS)
def test_command_is_known(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command or an option that was renamed is found here."""
    monkeypatch.chdir(REPOSITORY)
    assert known(line)


def test_the_example_of_a_retired_note_is_as_fmt_writes_it() -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    (retired,) = re.findall(r"```yaml\n  - id: .*?(    retired:.*?)```", readme, re.DOTALL)
    note, _ = canonical("deck.yaml", small_deck.deck("- {question: 'Which gas?', answer: Oxygen}").encode(), DECK)
    assert canonical("deck.yaml", f"{note}{retired}".encode(), DECK) == (f"{note}{retired}", [])


def test_special_lines_stand_there() -> None:
    assert set(COMMANDS) >= SPECIAL
    assert len(COMMANDS) >= 10


def test_set_up_is_what_ci_runs() -> None:
    """The lines that make an environment from nothing are tried by .ci/run in a clean checkout."""
    ci = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    assert SET_UP + "'.[test]' && .venv/bin/python -m pytest" in ci
    assert "'.[test]' && .venv/bin/python -m pytest\n" in ci
    assert "\n.venv/bin/ketamine-anki build\n" in ci


def test_completion_line_works(tmp_path: Path) -> None:
    """Typed into bash, with the program on the PATH, Tab completes the names of commands and options."""
    (line,) = (line for line in COMMANDS if line.startswith("eval"))
    program = tmp_path / "ketamine-anki"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(program_command())} "$@"\n', "utf-8")
    program.chmod(0o755)
    pressed = (
        "COMPREPLY=(); COMP_WORDS=(ketamine-anki build --sp) COMP_CWORD=%d; _ketamine_anki_completion ketamine-anki"
    )
    asked = "; ".join([line, *(f'{pressed % word}; echo "${{COMPREPLY[@]}}"' for word in (1, 2))])
    path = {**environment(), "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    bash = shutil.which("bash")
    assert bash
    assert execute(bash, "-c", asked, env=path).out == "build\n--split\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ketamine-anki build", True),
        ("ketamine-anki bulid", False),
        ("ketamine-anki build --splitt", False),
        (".ci/nothing", False),
        ("rm -rf /", False),
        ("python tests/no.py", False),
    ],
)
def test_an_unknown_command_is_told_from_a_known_one(line: str, expected: bool) -> None:
    assert known(line) is expected
