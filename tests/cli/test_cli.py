"""The program from outside: help, arguments, what goes to which stream, progress."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import small_deck
from program import Ran, command, environment, execute, run, spawn

from ketamine_anki import __version__
from ketamine_anki.cli import COMMANDS, cli, main
from ketamine_anki.core import terminal

NOTES = "- question: Which gas do leaves take up in daylight?\n  answer: Carbon dioxide\n"
NO_TEXT = os.fsdecode(b"x\xff")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_deck.write(tmp_path / "decks", NOTES)


# --- help -------------------------------------------------------------------------------------


def test_both_ways_to_start_it() -> None:
    assert run("--version") == run("-V") == spawn("-V") == (0, f"ketamine-anki, version {__version__}\n", "")


def test_the_help_names_every_command_and_where_to_start() -> None:
    ran = run("--help")
    assert (ran.code, ran.err) == (0, "")
    for name, (_, line) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line[:20])}", ran.out, re.MULTILINE), name
        assert run(name, "--help").out.startswith(f"Usage: ketamine-anki {name} ")
    assert "Start with `ketamine-anki check`" in ran.out
    assert run("-h") == ran


# --- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc"], "Did you mean 'check'?"),
        (["nonsense"], "No such command 'nonsense'"),
        ([NO_TEXT], "No such command"),
        (["check", "--nonsense"], "No such option"),
        (["check", "nowhere"], "nowhere: no such"),
        (["build", "nowhere"], "nowhere: no such folder"),
        (["check", "decks/09-nothing.yaml"], "09-nothing.yaml: no such file"),
        (["init", NO_TEXT], "choose one with --title"),
    ],
)
def test_wrong_arguments_end_with_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_argument_is_taken_as_it_was_typed_on_windows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There click would put names of files and values of variables for the * and $ of a text."""
    monkeypatch.setattr("click.core.os", SimpleNamespace(**{**vars(os), "name": "nt"}))
    monkeypatch.setattr("ketamine_anki.cli._catch_signals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["ketamine-anki", "$HOME$"])
    with pytest.raises(SystemExit):
        main()
    assert "'$HOME$'" in capsys.readouterr().err


def parameters() -> Iterator[tuple[str, click.Parameter]]:
    for name in COMMANDS:
        loaded = cli.get_command(click.Context(cli), name)
        assert loaded is not None
        yield from ((name, parameter) for parameter in loaded.params if not getattr(parameter, "is_flag", False))


def called(parameter: click.Parameter) -> str:
    return parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name


def words_with(name: str, parameter: click.Parameter, value: str) -> list[str]:
    """The arguments of a command, what it needs and the value of one parameter."""
    export = ["export.txt"]
    needed = {
        "intake": export,
        "submit": export,
        "init": ["folder"],
        "shingles": ["x"],
        "release": ["--no-repository", "1.0.0"],
        "diff": ["decks"],
    }
    if isinstance(parameter, click.Option):
        return [*needed.get(name, []), parameter.opts[-1], value]
    before = [] if parameter.name in ("paths", "rule", "file", "text", "old", "version") else needed.get(name, [])
    return [*before[: 0 if name == "init" else None], value]


EVERY_PARAMETER = pytest.mark.parametrize(
    ("name", "parameter"), [pytest.param(*p, id=f"{p[0]}-{p[1].name}") for p in parameters()]
)


@EVERY_PARAMETER
def test_an_empty_argument_is_neither_left_out_nor_the_current_folder(
    name: str, parameter: click.Parameter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = (2, "", f"ketamine-anki: {called(parameter)}: is empty: fill it in or leave it out\n")
    *before, option, _ = ["", *words_with(name, parameter, "")]
    assert run(name, *words_with(name, parameter, "")) == shown
    if option.startswith("--"):
        assert run(name, *before[1:], f"{option}=") == shown
    if isinstance(parameter.type, click.types.StringParamType):
        assert run(name, *words_with(name, parameter, "\u2003\xa0")) == shown
    assert list(tmp_path.iterdir()) == []


@EVERY_PARAMETER
def test_an_argument_that_is_no_text_is_a_sentence_or_a_path(
    name: str, parameter: click.Parameter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are not UTF-8 in any argument of any command: refused in a sentence, or the name of a file."""
    monkeypatch.chdir(tmp_path)
    small_deck.write(tmp_path / "decks", NOTES)
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n" * 20))
    ran = run(name, *words_with(name, parameter, NO_TEXT))
    assert ran.code in ((1, 2) if name == "site" else (0, 2)), ran  # nothing was released
    assert "internal error" not in ran.err
    if isinstance(parameter.type, click.types.StringParamType):
        said = "'x\\udcff' is not UTF-8 text: type it again"
        assert (ran.code, ran.err) == (2, f"ketamine-anki: {called(parameter)}: {said}\n")
    if name in ("build", "preview", "schema") and ran.code == 0:
        assert next(tmp_path.glob("x*"), None)


# --- findings ---------------------------------------------------------------------------------


def test_findings_go_to_standard_output_and_their_number_to_standard_error(folder: Path) -> None:
    assert run("check", folder) == (0, "", "1 note, no findings\n")
    deck = folder / "01-first.yaml"
    small_deck.replace(deck, "answer:", "anwser:")
    ran = run("check", folder)
    assert (ran.code, ran.err) == (1, "1 finding in 1 file\n")
    assert ran.out == f"{folder}/01-first.yaml:14:3: unknown key 'anwser': did you mean 'answer'? [unknown-key]\n"
    assert run("build", folder, "-o", folder.parent / "dist") == ran
    assert not (folder.parent / "dist").exists()


@pytest.mark.parametrize(
    "name", ["build", "check", "intake", "new", "preview", "release", "schema", "site", "stats", "submit"]
)
def test_a_collection_that_cannot_be_read_has_findings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small_deck.write(tmp_path / "decks", NOTES, {"collection.yaml": "title: [\n"})
    words = {
        "intake": ("intake", "decks/01-first.yaml"),
        "submit": ("submit", "decks/01-first.yaml"),
        "release": ("release", "1.0.0"),
    }.get(name, (name,))
    ran = run(*words)
    assert (ran.code, "decks/collection.yaml:" in ran.out + ran.err) == (1, True), ran


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_any_locale(folder: Path, variables: dict[str, str]) -> None:
    """Words of any script are printed as UTF-8, and what could steer a terminal is escaped."""
    deck = folder / "01-first.yaml"
    deck.write_text(deck.read_text("utf-8").replace("answer:", "ключ:") + '"\\e[2J": x\n', "utf-8")
    ran = spawn("check", folder, **variables)
    assert (ran.code, "unknown key 'ключ'" in ran.out, "\x1b" in ran.out + ran.err) == (1, True, False)


def shell(line: str, *arguments: str | Path) -> Ran:
    """Runs a line of bash in which "$@" is the program with arguments."""
    return execute("bash", "-c", line, "-", *command(*arguments), env=environment())


def test_closed_output(folder: Path) -> None:
    """The reader of a pipe may leave, the shell may close the streams: no traceback, no false success."""
    assert shell('"$@" >&- 2>&-', "check", folder).code == 0
    (folder / "01-first.yaml").write_text("deck: First Part\nnotes:\n" + "  - id: x\n" * 5000, "utf-8")
    ended = shell('"$@" | head -c 10; exit ${PIPESTATUS[0]}', "check", folder)
    assert (ended.code, ended.err) == (1, "")
    full = shell('"$@" > /dev/full', "check", folder)
    last = "ketamine-anki: input or output: No space left on device"
    assert (full.code, full.err.splitlines()[-1]) == (74, last)


# --- progress ---------------------------------------------------------------------------------


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "seconds", "bar"), [(_Terminal(), 0.1, False), (io.StringIO(), 10, False), (_Terminal(), 10, True)]
)
def test_progress_is_for_long_work_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float, bar: bool
) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock) * seconds)
    monkeypatch.setattr(terminal.sys, "stderr", stream)
    assert list(terminal.with_progress(iter(range(5)), lambda: 5, "Reading decks")) == [0, 1, 2, 3, 4]
    assert ("Reading decks" in stream.getvalue(), "100%" in stream.getvalue()) == (bar, bar)
