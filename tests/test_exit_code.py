"""Findings end with 1: that is what CI and hooks look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from ketamine_anki.cli import main


@pytest.mark.parametrize("command", ["check", "build"])
def test_findings_exit_with_1(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([command, str(tmp_path)])
    assert ended.value.code == 1
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
