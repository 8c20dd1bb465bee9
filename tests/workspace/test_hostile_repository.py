"""A collection that brings a repository of its own: nothing that its configuration names is run."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from program import execute, run
from releases import Project

from ketamine_anki.workspace import git
from ketamine_anki.workspace.folder import is_read
from ketamine_anki.workspace.git import ask, check_out, commit_hash, uncommitted


class Trap(Project):
    """A committed collection. `program` is what its repository would have run; `sprung` says whether it was."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        (root / "collection ü").mkdir()
        super().__init__(root / "collection ü", patch)
        self.mark, self.program = root / "it-ran", root / "evil"
        self.program.write_text(f"#!/bin/sh\ntouch '{self.mark}'\n", encoding="utf-8")
        self.program.chmod(0o755)
        assert run("fmt").code == 0
        self.commit()

    def git(self, *arguments: str, given: str = "") -> str:
        done = execute("git", *arguments, cwd=self.root, input=given.encode())
        assert done.code == 0, done.err
        return done.out.strip()

    def config(self, name: str, value: str = "") -> None:
        self.git("config", name, value or str(self.program))

    def touch(self) -> None:
        """Every deck file is as it was, but git cannot know without a look."""
        for path in self.decks.glob("*.yaml"):
            path.write_bytes(path.read_bytes())

    @property
    def sprung(self) -> bool:
        found = self.mark.exists()
        self.mark.unlink(missing_ok=True)
        return found

    def works(self, *arguments: str) -> bool:
        """Whether a git that is used without care steps into it."""
        self.touch()
        execute("git", *arguments, cwd=self.root)
        return self.sprung


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trap:
    return Trap(tmp_path, monkeypatch)


def filters(trap: Trap) -> tuple[str, ...]:
    """Programs through which files pass on their way out of the repository and into it."""
    (trap.root / ".git/info").mkdir(exist_ok=True)
    (trap.root / ".git/info/attributes").write_text("*.yaml filter=x diff=x\n", encoding="utf-8")
    for name in ("filter.x.smudge", "filter.x.clean", "diff.x.textconv", "diff.x.command"):
        trap.config(name)
    return ("status",)


def process(trap: Trap) -> tuple[str, ...]:
    """A filter that stays and takes one file after the other, named by a file of the collection."""
    (trap.decks / ".gitattributes").write_text("* filter=x\n", encoding="utf-8")
    trap.commit()
    trap.config("filter.x.process")
    return ("status",)


def monitor(trap: Trap) -> tuple[str, ...]:
    """A program that knows which files have changed."""
    trap.config("core.fsmonitor")
    return ("status",)


def hooks(trap: Trap) -> tuple[str, ...]:
    """A program that is told when git has looked at the files."""
    folder = trap.root / "hooks"
    folder.mkdir()
    (folder / "post-index-change").write_bytes(trap.program.read_bytes())
    (folder / "post-index-change").chmod(0o755)
    trap.commit()
    trap.config("core.hooksPath", str(folder))
    return ("update-index", "--refresh")


def signature(trap: Trap) -> tuple[str, ...]:
    """A signed commit, and a program to verify it."""
    head, _, message = trap.git("cat-file", "commit", "HEAD").partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n{message}\n"
    made = trap.git("hash-object", "-t", "commit", "-w", "--stdin", given=signed)
    trap.git("update-ref", "HEAD", made)
    trap.config("gpg.program")
    trap.config("log.showSignature", "true")
    return ("log", "-1")


def remote(trap: Trap) -> tuple[str, ...]:
    """A repository that lacks a deck, and a program that would fetch it."""
    name = trap.git("rev-parse", "HEAD:decks/01-first.yaml")
    (trap.root / ".git/objects" / name[:2] / name[2:]).unlink()
    trap.config("core.repositoryFormatVersion", "1")
    trap.config("extensions.partialClone", "origin")
    trap.config("remote.origin.promisor", "true")
    trap.config("remote.origin.url", f"ext::{trap.program}")
    trap.config("protocol.ext.allow", "always")
    return ("cat-file", "blob", "HEAD:decks/01-first.yaml")


TRAPS: list[Callable[[Trap], tuple[str, ...]]] = [filters, process, monitor, hooks, signature, remote]
COMMANDS = ("build", "check", "fmt --check", "diff HEAD", "preview --against HEAD", "release 1.0.0 --no-repository")


@pytest.mark.parametrize("lay", TRAPS)
def test_no_command_runs_a_program_of_the_collections_repository(
    lay, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    careless = lay(trap)
    assert trap.works(*careless), "the trap itself does not work"
    if lay in (monitor, hooks, remote):  # not even a careless command would
        trap.touch()
        ask(trap.decks, *careless)
        assert not trap.sprung
    for command in COMMANDS:
        trap.touch()
        ran = run(*command.split())
        assert not trap.sprung, command
        assert ran.code in (0, 74) if lay is remote else ran.code == 0, ran.err


def test_what_a_repository_lacks_is_said_in_a_sentence(trap: Trap) -> None:
    remote(trap)
    ran = run("diff", "HEAD", "decks")
    assert ran == (74, "", "ketamine-anki: decks/01-first.yaml: git cannot read it: try `git fsck`\n")


# --- what a revision may hold -----------------------------------------------------------------


def test_a_configuration_that_never_ends_is_waited_for_once(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketamine_anki.workspace.git._TIMEOUT", 0.5)
    os.mkfifo(trap.root / "pipe")
    with (trap.root / ".git/config").open("a", encoding="utf-8") as config:
        config.write(f"[include]\n\tpath = {trap.root}/pipe\n")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    ran = run("build")
    said = "ketamine-anki: decks: git does not answer in 0 seconds: try `git status` there\n"
    assert (ran.code, ran.err) == (74, said)


def test_the_environment_does_not_say_which_repository(
    trap: Trap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a hook, git says where its own is."""
    trap.git("init", "-q", str(tmp_path / "other"))
    before = commit_hash(trap.decks, "HEAD")
    assert before
    for name in trap.git("rev-parse", "--local-env-vars").split():
        if not name.startswith("GIT_CONFIG"):
            monkeypatch.setenv(name, str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_NAMESPACE", "other")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    assert commit_hash(trap.decks, "HEAD") == before
    assert uncommitted(trap.decks) == []
    assert not (tmp_path / "trace").exists()


def test_git_keeps_its_user_s_settings_and_has_no_terminal(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a CI says that a repository of another user is safe; and `path = /dev/tty` would wait for keys."""
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    options: dict[str, object] = {}
    monkeypatch.setattr("subprocess.Popen.__init__", lambda self, *words, **named: options.update(named) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        commit_hash(trap.decks, "HEAD")
    assert settings.items() <= options["env"].items()
    assert options["start_new_session"] is True


def test_a_large_file_of_a_revision_is_refused_unread(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes of a repository may stand for gigabytes."""
    (trap.decks / "02-zeros.yaml").write_bytes(bytes(3_000_000))
    trap.commit()
    said = "ketamine-anki: HEAD:decks/02-zeros.yaml: over 2,097,152 bytes\n"
    assert run("diff", "HEAD", "decks") == (2, "", said)


def test_all_files_of_a_revision_together_have_a_limit(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "_MAX_BYTES", 100)
    ran = run("diff", "HEAD", "decks")
    assert (ran.code, " files or 100 bytes in decks" in ran.err) == (2, True)


def test_a_small_file_stored_as_the_difference_from_a_huge_one_is_not_unpacked(
    trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundredth of what is allowed stands for it here."""
    assert "GIT_ALLOC_LIMIT" in git._ENVIRONMENT
    monkeypatch.setitem(git._ENVIRONMENT, "GIT_ALLOC_LIMIT", "1m")
    deck = b"# " + random.Random(1).randbytes(50_000).hex().encode() + b"\n"
    (trap.decks / "02-second.yaml").write_bytes(deck)
    (trap.root / "base.bin").write_bytes(b"x" * 2_000_000 + deck)
    trap.commit()
    trap.git("repack", "-adqf")
    asked = trap.git("cat-file", "--batch-check=%(deltabase)", given="HEAD:decks/02-second.yaml\n")
    assert asked == trap.git("rev-parse", "HEAD:base.bin"), "the file is not stored as a difference"
    said = "ketamine-anki: decks/02-second.yaml: git cannot read it: try `git fsck`\n"
    assert run("diff", "HEAD", "decks") == (74, "", said)


def test_what_no_collection_reads_is_not_taken_out(trap: Trap, tmp_path: Path) -> None:
    """Nor a file whose name in the revision leads elsewhere."""
    (trap.decks / "notes.txt").write_text("x", encoding="utf-8")
    (trap.decks / "media").mkdir()
    (trap.decks / "media/deep").mkdir()
    for place in ("deep/a.png", "a.png"):
        (trap.decks / "media" / place).write_text("x", encoding="utf-8")
    trap.commit()
    target = tmp_path / "target"
    target.mkdir()
    check_out(trap.decks, "HEAD", target)
    taken = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert taken == {"collection.yaml", "source.yaml", "01-first.yaml", "media/a.png"}


def test_a_name_that_leads_elsewhere_is_not_read() -> None:
    elsewhere = ["..\\x.yaml", "C:x.yaml", "a/b.yaml", "media/..", "media/", "../x.yaml", "x.txt", "media/a/b.png"]
    assert [name for name in (*elsewhere, "x.yaml", "media/a.png") if is_read(name)] == ["x.yaml", "media/a.png"]
