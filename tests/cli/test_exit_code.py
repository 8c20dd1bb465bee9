"""How the program ends: exit codes, errors and signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
import small_deck
from program import REPOSITORY, command, environment, execute, run

from ketamine_anki import cli
from ketamine_anki.core import errors
from ketamine_anki.core.errors import Failure


def test_the_readme_names_every_exit_code() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| Exit code |")[2].partition("\n\n")[0]
    named = re.findall(r"(?m)^\| (\d+)( \+ n)? \|", table)
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert sorted(int(code) for code, _ in named) == sorted({0, *codes})
    assert [code for code, plus in named if plus] == [str(errors.EXIT_SIGNAL)]


class _Hidden(Exception):  # noqa: N818
    """As Python before 3.12 wraps what is raised while a class is made."""

    def __init__(self, cause: BaseException) -> None:
        self.__cause__ = cause


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (_Hidden(KeyboardInterrupt()), 130, "interrupted"),
        (cli._Terminated(15), 143, "terminated"),
        (Failure("no\nroom", 74), 74, "no\\nroom"),
        (PermissionError(13, "Permission denied", "file"), 74, "file: Permission denied"),
        (OSError(28, "No space left on device"), 74, "input or output: No space left on device"),
        (MemoryError(), 74, "not enough memory"),
        (ImportError("no x"), 74, "cannot load a part of the program or of Python: no x"),
        (KeyError(1), 70, "internal error (KeyError: 1): please report it; KETAMINE_ANKI_DEBUG=1 shows where"),
    ],
)
def test_an_error_is_one_sentence_and_a_code(error: BaseException, code: int, sentence: str, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli.cli, "main", fail)
    assert run("check") == (code, "", f"ketamine-anki: {sentence}\n")


def test_a_bug_shows_its_traceback_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.cli, "main", lambda *_, **__: 1 / 0)
    monkeypatch.setenv("KETAMINE_ANKI_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("check")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["check", "--nonsense"], ["check", "nowhere"]])
def test_wrong_use_is_2_even_when_it_cannot_be_said(words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        assert execute(*command(*words), env=environment(), capture_output=False, stderr=full).code == 2


def test_interrupted_while_it_is_loaded() -> None:
    """Ctrl-C comes before there is a command line."""
    loading = """
import sys
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Slow())
from ketamine_anki.__main__ import main
main()
"""
    assert execute(sys.executable, "-c", loading, env=environment()) == (130, "", "ketamine-anki: interrupted\n")


@pytest.mark.skipif(os.name == "nt", reason="needs signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stopped_build_leaves_no_trace(tmp_path: Path, name: str) -> None:
    """Stopped in the middle, the old package is as it was and no temporary file is left."""
    number = signal.Signals[name]
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("this run was told to ignore the signal, as nohup does")
    words = "root stem leaf bark bud twig seed fruit".split()
    notes = "\n".join(
        f"- {{question: 'What is {words[n % 8]} {n} of plant {n * 7}?', answer: Part {n}x}}" for n in range(150)
    )
    folder = small_deck.write(tmp_path / "decks", notes)
    output = tmp_path / "dist"
    output.mkdir()
    (output / "small-deck.apkg").write_bytes(b"old")
    process = subprocess.Popen(
        command("build", folder, "-o", output), env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while len(list(output.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    sentence = "interrupted" if number == signal.SIGINT else "terminated"
    assert (process.returncode, err.decode().strip()) == (128 + number, f"ketamine-anki: {sentence}")
    assert [path.name for path in output.iterdir()] == ["small-deck.apkg"]
    assert (output / "small-deck.apkg").read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="needs signals of POSIX")
def test_a_build_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    folder = small_deck.write(
        tmp_path / "decks", "- question: Which gas do leaves take up?\n  answer: Carbon dioxide\n"
    )
    words = " ".join(f"'{word}'" for word in command("build", folder, "-o", tmp_path / "dist"))
    line = f"trap '' HUP; {words} & sleep 0.5; kill -HUP $!; wait $!"
    done = execute("bash", "-c", line, env=environment())
    assert done.code == 0, done.err
