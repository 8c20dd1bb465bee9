"""The program from outside: exit codes, what goes where, signals, outputs that are whole or absent."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import faults
import pytest
import small
from program import command, environment, run, spawn

from ketamine_anki import __version__, cli
from ketamine_anki.cli import COMMANDS
from ketamine_anki.core import terminal
from ketamine_anki.core.errors import Failure
from ketamine_anki.workspace.output import make_folder, scratch_folder, write_text, write_whole

NOTES = """
- question: Which gas do leaves take up in daylight?
  answer: Carbon dioxide
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small.write(tmp_path / "decks", NOTES)


# --- what it says -----------------------------------------------------------------------------


def test_version() -> None:
    for option in ("--version", "-V"):
        assert run(option) == (0, f"ketamine-anki, version {__version__}\n", "")


def test_help_teaches() -> None:
    """Every command with a line; where to start; and each command's own help with its options."""
    said = run("--help")
    assert said.code == 0
    assert said.err == ""
    for name, line in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line[:20])}", said.out, re.MULTILINE), name
        inner = run(name, "--help")
        assert inner.code == 0
        assert inner.out.startswith(f"Usage: ketamine-anki {name} ")
    assert "Start with `ketamine-anki check`" in said.out
    assert run("-h") == said


def test_module_is_the_same_program() -> None:
    assert spawn("--version") == run("--version")


@pytest.mark.parametrize(
    ("words", "costly"),
    [
        ("--help", "genanki sqlite3 asyncio yaml markdown_it ketamine_anki.deckfiles.reader"),
        ("check {}", "genanki sqlite3 asyncio zipfile json"),
        ("fmt --check {}", "genanki sqlite3 asyncio"),
        ("build {0} -o {0}/dist", "asyncio cached_property html"),
    ],
)
def test_what_a_command_does_not_need_is_not_imported(folder: Path, words: str, costly: str) -> None:
    assert run("fmt", folder).code == 0
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ketamine_anki", *words.format(folder).split()],
        capture_output=True,
        env=environment(),
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert imported.isdisjoint(costly.split())
    assert "ketamine_anki.cli" in imported


def test_what_is_borrowed_to_import_genanki_is_given_back() -> None:
    """Whoever imports `cached_property` later gets the library of that name."""
    asked = (
        "import sys, functools, ketamine_anki.anki.package_writer, cached_property;"
        "print(cached_property is functools);"
        "import genanki.model; print(genanki.model.cached_property is functools.cached_property)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, env=environment(), encoding="utf-8", check=True
    )
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc"], "Did you mean 'check'?"),
        (["nonsense"], "No such command 'nonsense'"),
        (["check", "--nonsense"], "No such option"),
        (["check", "nowhere"], "nowhere: no such"),
        (["build", "nowhere"], "nowhere: no such folder"),
        (["check", "decks/09-nothing.yaml"], "09-nothing.yaml: no such file"),
    ],
)
def test_wrong_use_is_2(arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert list(tmp_path.iterdir()) == []


def test_clean_is_0_and_findings_are_1(folder: Path) -> None:
    """Findings on standard output, the summary on standard error."""
    assert run("check", folder) == (0, "", "1 note, no findings\n")
    deck = folder / "01-first.yaml"
    deck.write_text(deck.read_text("utf-8").replace("answer:", "anwser:"), "utf-8")
    ran = run("check", folder)
    assert (ran.code, ran.err) == (1, "1 finding in 1 file\n")
    assert ran.out == f"{folder}/01-first.yaml:14:3: unknown key 'anwser': did you mean 'answer'? [unknown-key]\n"


def test_a_build_with_findings_leaves_no_folder(folder: Path, tmp_path: Path) -> None:
    deck = next(path for path in sorted(folder.glob("*.yaml")) if "notes:" in path.read_text("utf-8"))
    deck.write_text(deck.read_text("utf-8") + "\nmore: 1\n", encoding="utf-8")
    assert run("build", folder, "-o", tmp_path / "new" / "dist").code == 1
    assert not (tmp_path / "new").exists()


def test_build_with_findings_writes_nothing(folder: Path, tmp_path: Path) -> None:
    deck = folder / "01-first.yaml"
    deck.write_text(deck.read_text("utf-8").replace("answer:", "anwser:"), "utf-8")
    output = tmp_path / "dist"
    assert run("build", folder, "-o", output).code == 1
    assert not output.exists() or list(output.iterdir()) == []


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_any_locale(folder: Path, variables: dict[str, str]) -> None:
    """Words of any script are printed as UTF-8, and what could steer a terminal is shown, not sent."""
    deck = folder / "01-first.yaml"
    deck.write_text(deck.read_text("utf-8").replace("answer:", "ключ:") + '"\\e[2J": x\n', "utf-8")
    ran = spawn("check", folder, **variables)
    assert ran.code == 1
    assert "unknown key 'ключ'" in ran.out
    assert "\x1b" not in ran.out + ran.err


def test_unexpected_error_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("so it is")

    monkeypatch.setattr(cli.cli, "main", broken)
    ran = run("check", folder)
    assert (ran.code, ran.out) == (70, "")
    assert ran.err.startswith("ketamine-anki: internal error (ZeroDivisionError: so it is): please report it")
    assert ran.err.count("\n") == 1
    monkeypatch.setenv("KETAMINE_ANKI_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("check", folder)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (cli._Terminated(signal.SIGTERM), 143, "terminated"),
        (Failure("no room", 73), 73, "no room"),
        (PermissionError(13, "Permission denied", "file"), 74, "file: Permission denied"),
        (OSError(28, "No space left on device"), 74, "input or output: No space left on device"),
    ],
)
def test_how_it_ends(error: BaseException, code: int, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli.cli, "main", ended)
    assert run("check") == (code, "", f"ketamine-anki: {message}\n")


# --- where the output goes --------------------------------------------------------------------


def shell(line: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A line of bash in which "$@" is the program with arguments."""
    return subprocess.run(
        ["bash", "-c", line, "-", *command(*arguments)],
        capture_output=True,
        env=environment(),
        check=False,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def test_closed_output(folder: Path) -> None:
    """The reader of a pipe may leave, the shell may close what it likes: no traceback, no false success."""
    deck = folder / "01-first.yaml"
    sound = deck.read_text("utf-8")
    assert shell('"$@" >&-', "check", folder).returncode == 0
    assert shell('"$@" >&- 2>&-', "check", folder).returncode == 0
    deck.write_text("deck: First Part\nnotes:\n" + "  - id: x\n" * 5000, "utf-8")
    ended = shell('"$@" | head -c 10; exit ${PIPESTATUS[0]}', "check", folder)
    assert (ended.returncode, ended.stderr) == (1, "")
    full = shell('"$@" > /dev/full', "check", folder)
    assert (full.returncode, full.stderr.splitlines()[-1]) == (
        74,
        "ketamine-anki: input or output: No space left on device",
    )
    deck.write_text(sound, "utf-8")


def test_completion_of_the_shell() -> None:
    """The line that the README gives for bash works, and proposes commands and options."""
    script = spawn(_KETAMINE_ANKI_COMPLETE="bash_source")
    assert script.code == 0
    assert "complete -o nosort -F _ketamine_anki_completion ketamine-anki" in script.out
    proposed = spawn(_KETAMINE_ANKI_COMPLETE="bash_complete", COMP_WORDS="ketamine-anki bu", COMP_CWORD="1")
    assert proposed.out == "plain,build\n"
    proposed = spawn(_KETAMINE_ANKI_COMPLETE="bash_complete", COMP_WORDS="ketamine-anki build --sp", COMP_CWORD="2")
    assert proposed.out == "plain,--split\n"


# --- outputs are whole or absent --------------------------------------------------------------


def _whole(file: BinaryIO) -> None:
    file.write(b"whole")


def test_what_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old\n")

    def write(file: io.BufferedWriter) -> None:
        file.write(b"half")
        raise OSError(5, "disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        write_whole(path, write)

    def refuse(written: Path) -> None:
        assert written.read_bytes() == b"whole"
        raise Failure("not what was meant", 74)

    with pytest.raises(Failure):
        write_whole(path, _whole, refuse)
    assert path.read_text("utf-8") == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_file_has_the_usual_mode(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "x")
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)


def test_a_link_in_the_place_of_an_output_is_refused(folder: Path, tmp_path: Path) -> None:
    """It may come with a proposed change and lead to anything that the reviewer may write to."""
    precious = tmp_path / "precious"
    precious.write_text("mine", "utf-8")
    output = tmp_path / "dist"
    output.mkdir()
    for words, name in (
        (("build", folder, "-o", output), "small-deck.apkg"),
        (("preview", folder, "-o", output / "preview.html"), "preview.html"),
        (("schema", folder, "-o", output), "deck.schema.json"),
        (("shingles", precious, folder), folder / "shingles.txt"),
    ):
        (output / name).symlink_to(precious)
        ran = run(*words)
        said = f"ketamine-anki: {output / name}: exists and is not a regular file: move it away\n"
        assert (ran.code, ran.err.splitlines(keepends=True)[-1]) == (73, said)
        assert (output / name).is_symlink()
    assert precious.read_text("utf-8") == "mine"


def test_an_output_folder_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "dist").symlink_to("real")
    assert run("build", folder, "-o", tmp_path / "dist").code == 0
    assert (tmp_path / "real/small-deck.apkg").is_file()


def test_what_is_no_regular_file_is_refused(folder: Path, tmp_path: Path) -> None:
    """A folder, a pipe, a device in the place of an output: 73, and nothing else is written."""
    output = tmp_path / "dist"
    for make in (Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")):
        output.mkdir(exist_ok=True)
        make(output / "small-deck.apkg")
        ran = run("build", folder, "-o", output)
        assert (ran.code, ran.out) == (73, "")
        assert "exists and is not a regular file" in ran.err
        assert [path.name for path in output.iterdir()] == ["small-deck.apkg"]
        target = output / "small-deck.apkg"
        target.rmdir() if target.is_dir() else target.unlink()


def test_folder_that_cannot_be_made(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    assert run("build", folder, "-o", tmp_path / "file" / "dist").code == 73
    assert run("build", folder, "-o", tmp_path / "file").code == 73
    with pytest.raises(Failure, match="cannot write here"):
        write_text(Path("/proc/nowhere"), "x")
    with pytest.raises(Failure, match="cannot write here"), scratch_folder(Path("/proc")):
        pass
    with pytest.raises(Failure, match="cannot make this folder"):
        make_folder(Path("/proc/x/y"))


def test_damaged_output_is_not_published(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written is read again and counted; if it is not what was meant, the old package stays."""
    from ketamine_anki.anki import package_writer

    output = tmp_path / "dist"
    assert run("build", folder, "-o", output).code == 0
    path = output / "small-deck.apkg"
    old = path.read_bytes()
    monkeypatch.setattr(package_writer, "count", lambda *_: package_writer.Counts(7, 7, 7, 7))
    ran = run("build", folder, "-o", output)
    assert ran.code == 74
    assert "not whole" in ran.err
    assert path.read_bytes() == old
    assert list(output.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_who_may_read_a_file_may_read_what_takes_its_place(folder: Path, mode: int) -> None:
    path = folder / "01-first.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("notes:\n", "notes:\n\n"), encoding="utf-8")
    path.chmod(mode)
    assert run("fmt", folder).code == 0
    assert path.stat().st_mode & 0o777 == mode


def test_a_package_has_no_name_that_windows_reserves() -> None:
    from ketamine_anki.workspace.packages import slug

    assert [slug(name) for name in ("CON", "Con Artists", "com1")] == ["con-deck", "con-artists", "com1-deck"]


def test_a_preview_that_cannot_be_written_leaves_no_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert run("preview", folder, "-o", tmp_path / "a/b/p.html").code == 74
    assert not (tmp_path / "a").exists()


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
    ran = subprocess.run([sys.executable, "-c", loading], env=environment(), capture_output=True, encoding="utf-8")
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "ketamine-anki: interrupted\n")


@pytest.mark.parametrize("number", faults.ENDINGS)
def test_stopped_build_leaves_no_trace(tmp_path: Path, number: signal.Signals) -> None:
    """Stopped in the middle, the old package is as it was and no temporary file is left."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("this run was told to ignore the signal, as nohup does")
    code = 128 + number
    words = "root stem leaf bark bud twig seed fruit".split()
    notes = "\n".join(
        f"- {{question: 'What is {words[n % 8]} {n} of plant {n * 7}?', answer: Part {n}x}}" for n in range(600)
    )
    folder = small.write(tmp_path / "decks", notes)
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
    assert process.returncode == code, err
    assert err.decode().strip() == f"ketamine-anki: {'interrupted' if code == 130 else 'terminated'}"
    assert [path.name for path in output.iterdir()] == ["small-deck.apkg"]
    assert (output / "small-deck.apkg").read_bytes() == b"old"


def test_a_second_signal_does_not_stop_the_tidying_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that closes sends several."""
    from ketamine_anki.workspace import output

    remove = shutil.rmtree

    def slowly(path: Path, **options: bool) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        remove(path, **options)

    monkeypatch.setattr(output.shutil, "rmtree", slowly)
    with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path) as made:
        (made / "file").write_bytes(b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_build_under_nohup_outlives_its_terminal(folder: Path, tmp_path: Path) -> None:
    words = " ".join(f"'{word}'" for word in command("build", folder, "-o", tmp_path / "dist"))
    line = f"trap '' HUP; {words} & sleep 0.5; kill -HUP $!; wait $!"
    done = subprocess.run(["bash", "-c", line], env=environment(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


# --- progress ---------------------------------------------------------------------------------


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float) -> str:
    """What is shown while five things take so many seconds each."""
    clock = iter(range(100))

    def items() -> Iterator[int]:
        yield from range(5)

    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock) * seconds)
    monkeypatch.setattr(terminal.sys, "stderr", stream)
    assert list(terminal.shown(items(), lambda: 5, "Reading decks")) == [0, 1, 2, 3, 4]
    return stream.getvalue()


def test_progress_is_for_long_work_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, _Terminal(), 0.1) == ""
    assert watched(monkeypatch, io.StringIO(), 10) == ""
    said = watched(monkeypatch, _Terminal(), 10)
    assert "Reading decks" in said
    assert "100%" in said
