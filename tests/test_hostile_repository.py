"""A collection that brings a repository of its own: nothing that its configuration names is run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import small
from program import run, spawn


def _git(folder: Path, *arguments: str, given: str = "") -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", "-C", folder, *identity, *arguments],
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.strip()


def _hostile(folder: Path) -> Path:
    """A repository with a signed commit, whose configuration names a program to verify it; the program's mark."""
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "x")
    head, _, message = _git(folder, "cat-file", "commit", "HEAD").partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    commit = _git(folder, "hash-object", "-t", "commit", "-w", "--stdin", given=f"{head}\n{signature}\n\n{message}\n")
    _git(folder, "update-ref", "HEAD", commit)
    mark = folder.parent / "it-ran"
    program = folder.parent / "evil"
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\n", encoding="utf-8")
    program.chmod(0o755)
    for setting in ("gpg.program", "core.fsmonitor", "core.sshCommand", "core.pager", "diff.external"):
        _git(folder, "config", setting, str(program))
    _git(folder, "config", "log.showSignature", "true")
    return mark


def test_a_build_runs_no_program_of_the_collections_repository(tmp_path: Path) -> None:
    folder = small.write(tmp_path / "decks", "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n")
    mark = _hostile(folder)
    built = spawn("build", folder, "-o", tmp_path / "dist", SOURCE_DATE_EPOCH="")
    assert built.code == 0, built.err
    assert not mark.exists()
    subprocess.run(["git", "-C", folder, "log", "-1"], capture_output=True, check=False)
    assert mark.exists(), "the trap itself does not work"


def test_a_check_asks_no_repository_at_all(tmp_path: Path) -> None:
    folder = small.write(tmp_path / "decks", "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n")
    mark = _hostile(folder)
    assert run("check", folder).code == 0
    assert not mark.exists()
