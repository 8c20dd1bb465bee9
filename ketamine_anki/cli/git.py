"""What git knows of a collection's folder. Every answer is None or empty where there is no git."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ketamine_anki.cli import EXIT_IO, EXIT_USAGE, Failure

# A collection that was unpacked may bring a repository with it: the programs that its configuration names
# are not run, and what it lacks is not fetched.
_NOTHING_RUNS = tuple(
    word
    for setting in ("core.fsmonitor=false", "core.hooksPath=/dev/null", "log.showSignature=false", "gpg.program=false")
    for word in ("-c", setting)
)
_NOTHING_IS_FETCHED = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "GIT_TERMINAL_PROMPT": "0"}


def ask(folder: Path, *arguments: str) -> bytes | None:
    """The standard output of a git command run in a folder; None if git is missing or says no."""
    try:
        command = ["git", "-C", str(folder), *_NOTHING_RUNS, *arguments]
        environment = {**os.environ, **_NOTHING_IS_FETCHED}
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=environment)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def uncommitted(folder: Path, read: Sequence[str]) -> list[str]:
    """Paths that differ from the last commit: tracked files anywhere in the repository, any file in the
    folder, and there even an ignored one that matches a glob of `read`. Empty outside a work tree; a
    Failure when there is one that git does not read.
    """
    status = ("status", "--porcelain", "-z", "--no-renames")
    changed = ask(folder, *status, "--untracked-files=no", "--", ":/")
    here = ask(folder, *status, "--", ".")
    ignored = ask(
        folder, "ls-files", "-z", "--full-name", "--others", "--ignored", "--exclude-standard", "--",
        *(f":(glob){pattern}" for pattern in read),
    )  # fmt: skip
    if changed is None or here is None or ignored is None:
        above = folder.resolve()
        if any((parent / ".git").exists() for parent in (above, *above.parents)):
            raise Failure(f"{folder}: is in a git repository that git does not read: try `git status` there", EXIT_IO)
        return []
    entries = dict.fromkeys([*changed.split(b"\0"), *here.split(b"\0")])
    return [os.fsdecode(path) for path in (*(entry[3:] for entry in entries), *ignored.split(b"\0")) if path]


def released_revision(folder: Path, version: str, ledger: str) -> str | None:
    """The revision that holds a release: its tag, else the commit that last changed the ledger. None in
    a clone too shallow to know.
    """
    for tag in (f"v{version}", version):
        if ask(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}"):
            return f"refs/tags/{tag}"
    if (ask(folder, "rev-parse", "--is-shallow-repository") or b"").strip() != b"false":
        return None
    found = (ask(folder, "log", "-1", "--format=%H", "--", ledger) or b"").strip().decode("ascii")
    return found or None


def is_release(folder: Path, revision: str, version: str, ledger: str) -> bool:
    """Whether a revision is the commit of a release."""
    released = released_revision(folder, version, ledger)
    names = [name for name in (released, revision) if name]
    commits = [ask(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") for name in names]
    return len(commits) == 2 and commits[0] is not None and commits[0] == commits[1]


def check_out(folder: Path, revision: str, target: Path) -> None:
    """Writes the folder's files as they were at a revision into an empty folder. Links are left out."""
    if revision.startswith("-") or not ask(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"):
        raise Failure(f"{revision}: no such package, folder or git revision", EXIT_USAGE)
    archive = ask(folder, "archive", "--format=tar", f"{revision}^{{commit}}")
    if archive is None:
        raise Failure(f"{revision}: {folder} is not in this git revision", EXIT_USAGE)
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            path = PurePosixPath(member.name)
            content = members.extractfile(member) if member.isreg() else None
            if content is None or path.is_absolute() or ".." in path.parts:
                continue
            written = target / path
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_bytes(content.read())
