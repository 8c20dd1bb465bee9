"""Findings end with 1: that is what CI and hooks look at."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest
from program import REPOSITORY, command, environment

from ketamine_anki import cli
from ketamine_anki.cli import main


@pytest.mark.parametrize("name", ["check", "build"])
def test_findings_exit_with_1(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([name, str(tmp_path)])
    assert ended.value.code == 1
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0


def test_the_readme_names_every_exit_code() -> None:
    codes = {value for name, value in vars(cli).items() if name.startswith("EXIT_")}
    codes |= {128 + getattr(signal, name) for name in (*cli._ENDINGS, "SIGINT") if hasattr(signal, name)}
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    told = {int(code) for code in re.findall(r"\b\d+\b", readme.partition("Exit codes:")[2].partition("Tab key")[0])}
    assert codes <= told
    assert told - codes == {0, 128}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["nonsense"], ["check", "--nonsense"], ["check", "nowhere"]])
def test_wrong_use_is_2_even_when_it_cannot_be_said(words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        assert subprocess.run(command(*words), env=environment(), stderr=full, check=False).returncode == 2


def test_output_that_nobody_reads_ends_with_1() -> None:
    words = " ".join(f"'{word}'" for word in command("rules"))
    line = f"{words} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
