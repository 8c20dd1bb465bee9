"""The program from outside: help, arguments, what goes to which stream, progress."""

from __future__ import annotations

import io
import os
import re
import sys
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc"], "Did you mean 'check'?"),
        (["nonsense"], "No such command 'nonsense'"),
        ([NO_TEXT], "No such command"),
        (["check", "--nonsense"], "No such option"),
        (["build", "nowhere"], "nowhere: no such folder"),
        (["init", NO_TEXT], "choose one with --title"),
    ],
)
def test_wrong_arguments_end_with_2(arguments: list[str], message: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_argument_is_taken_as_it_was_typed_on_windows(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    """There click would put names of files and values of variables for the * and $ of a text."""
    monkeypatch.setattr("click.core.os", SimpleNamespace(**{**vars(os), "name": "nt"}))
    monkeypatch.setattr("ketamine_anki.cli._catch_signals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["ketamine-anki", "$HOME$"])
    with pytest.raises(SystemExit):
        main()
    assert "'$HOME$'" in capsys.readouterr().err


def test_an_argument_that_is_empty_or_no_text_is_neither_left_out_nor_the_current_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in COMMANDS:
        loaded = cli.get_command(click.Context(cli), name)
        assert loaded is not None
        before: list[str] = []
        for parameter in loaded.params:
            if isinstance(parameter, click.Option):
                if parameter.is_flag:
                    continue
                called, words = parameter.opts[0], [parameter.opts[-1]]
                assert f"{called}: is empty" in run(name, f"{words[0]}=").err
            else:
                called, words = parameter.human_readable_name, list(before)
                before.append("x")
            empty = (2, "", f"ketamine-anki: {called}: is empty: fill it in or leave it out\n")
            assert run(name, *words, "") == empty
            if isinstance(parameter.type, click.types.StringParamType):
                assert run(name, *words, "\u2003\xa0") == empty
                no_text = f"ketamine-anki: {called}: 'x\\udcff' is not UTF-8 text: type it again\n"
                assert run(name, *words, NO_TEXT) == (2, "", no_text)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        *((["build", "-o", NO_TEXT], 0), (["schema", "-o", NO_TEXT], 0), (["preview", "-o", f"{NO_TEXT}.html"], 0)),
        *(([name, NO_TEXT], 2) for name in ("check", "build", "fmt", "intake", "submit", "shingles", "diff", "init")),
    ],
)
def test_a_path_that_is_no_text_names_a_file(words: list[str], code: int, folder: Path, monkeypatch) -> None:
    monkeypatch.chdir(folder.parent)
    ran = run(*words)
    assert (ran.code, "internal error" in ran.err) == (code, False), ran
    assert [path.name[:2] for path in folder.parent.iterdir() if path != folder] == [NO_TEXT] * (code == 0)


def test_findings_go_to_standard_output_and_their_number_to_standard_error(folder: Path) -> None:
    assert run("check", folder) == (0, "", "1 note, no findings\n")
    deck = folder / "01-first.yaml"
    small_deck.replace(deck, "answer:", "anwser:")
    ran = run("check", folder)
    assert (ran.code, ran.err) == (1, "1 finding in 1 file\n")
    assert ran.out == f"{folder}/01-first.yaml:14:3: unknown key 'anwser': did you mean 'answer'? [unknown-key]\n"
    assert run("build", folder, "-o", folder.parent / "dist") == ran
    assert not (folder.parent / "dist").exists()


@pytest.mark.parametrize("line", "build|check|intake x|new|preview|release 1.0.0|schema|site|stats|submit x".split("|"))
def test_a_collection_that_cannot_be_read_has_findings(line: str, folder: Path, monkeypatch) -> None:
    monkeypatch.chdir(folder.parent)
    (folder / "collection.yaml").write_text("title: [\n", "utf-8")
    ran = run(*line.split())
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


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "seconds", "bar"), [(_Terminal(), 0.1, False), (io.StringIO(), 10, False), (_Terminal(), 10, True)]
)
def test_progress_is_for_long_work_on_a_terminal(monkeypatch, stream: io.StringIO, seconds: float, bar: bool) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock) * seconds)
    monkeypatch.setattr(terminal.sys, "stderr", stream)
    assert list(terminal.with_progress(iter(range(5)), lambda: 5, "Reading decks")) == [0, 1, 2, 3, 4]
    assert ("Reading decks" in stream.getvalue(), "100%" in stream.getvalue()) == (bar, bar)
