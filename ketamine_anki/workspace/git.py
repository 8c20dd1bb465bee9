"""What git knows of a collection's folder. Every answer is None or empty where there is no git.

A collection that was unpacked may bring a repository with it, and its configuration and attributes may name
programs. Only commands are asked that need none of them: `ls-tree`, `ls-files`, `cat-file`, `rev-list` and
`rev-parse` read what is stored, where `status`, `archive` and `checkout` would run filters. What the
repository lacks is not fetched. Which repository it is, the folder says, not the environment.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ketamine_anki.core.errors import EXIT_IO, Failure
from ketamine_anki.core.limits import MAX_GIT_BYTES, MAX_LEDGER_BYTES
from ketamine_anki.workspace.folder import opened

# Not even by a command that is added here one day.
_NOTHING_RUNS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # for versions of git that know no lazy fetch to forbid
    "GIT_ALLOC_LIMIT": "128m",  # a small file may be stored as the difference from a huge one
}
# Where git is, its user's settings, and how far up it looks; others lead to another repository, as inside a hook, or
# write traces.
_KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")
_PATIENCE = 20.0  # seconds; the configuration may name a file that never ends
_LINK, _SUBMODULE = b"120000", b"160000"


@contextmanager
def running(folder: Path, *arguments: str, given: IO[bytes] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A git command at work in a folder, with its standard output to be read; killed in the end. A Failure when it
    does not end by itself in time.
    """
    os.environ["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"  # Windows would run a git.exe of the current folder
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    command = ["git", "-C", str(folder), *_NOTHING_RUNS, *arguments]
    with subprocess.Popen(
        command,
        stdin=given or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**kept, **_ENVIRONMENT},
        start_new_session=True,  # it has no terminal to ask
    ) as process:
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(_PATIENCE, end)
        timer.daemon = True  # who is stopped right here does not wait for it
        try:
            timer.start()
            yield process
        finally:
            timer.cancel()
            process.kill()
    if late.is_set():
        raise Failure(f"{folder}: git does not answer in {_PATIENCE:.0f} seconds: try `git status` there", EXIT_IO)


def ask(folder: Path, *arguments: str, most: int = MAX_GIT_BYTES) -> bytes | None:
    """The standard output of a git command run in a folder; None if git is missing, says no or says more
    than so many bytes.
    """
    try:
        with running(folder, *arguments) as process:
            assert process.stdout is not None
            said = process.stdout.read(most + 1)
            return said if len(said) <= most and process.wait() == 0 else None
    except OSError:
        return None


def uncommitted(folder: Path, read: Sequence[str]) -> list[str]:
    """Paths that differ from the last commit: tracked files anywhere in the repository, any file in the
    folder, and there even an ignored one that matches a glob of `read`. Empty outside a work tree; a
    Failure when there is one that git does not read.

    Files are compared byte by byte, but for line ends: what only a filter makes equal, differs.
    """
    top = ask(folder, "rev-parse", "--show-toplevel")
    index = ask(folder, "ls-files", "-z", "--stage", "--full-name", "--", ":/")
    others = ("ls-files", "-z", "--full-name", "--others", "--exclude-standard")
    new = ask(folder, *others, "--", ".")
    ignored = ask(folder, *others, "--ignored", "--", *(f":(glob){pattern}" for pattern in read))
    if top is None or index is None or new is None or ignored is None:
        if repository_around(folder):
            raise Failure(f"{folder}: is in a git repository that git does not read: try `git status` there", EXIT_IO)
        return []
    root = os.fsdecode(top.removesuffix(b"\n"))
    staged = {path: (mode, name) for mode, name, _, path in _entries(index)}
    head = ask(folder, "ls-tree", "-r", "-z", "--full-tree", "HEAD") or b""  # none before the first commit
    committed = {path: (mode, name) for mode, _, name, path in _entries(head)}
    changed = [
        path
        for path in sorted({*staged, *committed})
        if staged.get(path) != committed.get(path) or not _is_there(Path(root, path), *staged[path])
    ]
    return [*changed, *(os.fsdecode(path) for path in (*new.split(b"\0"), *ignored.split(b"\0")) if path)]


def repository_around(folder: Path) -> Path | None:
    """The nearest folder, from this one upwards, that holds a git repository."""
    absolute = folder.resolve()
    return next((parent for parent in (absolute, *absolute.parents) if (parent / ".git").exists()), None)


def _entries(listed: bytes) -> Iterator[tuple[bytes, bytes, bytes, str]]:
    """What `ls-tree` and `ls-files` say of each file: three words before a tab, and its path."""
    for line in listed.split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        first, second, third = words.split()[:3]
        yield first, second, third, os.fsdecode(path)


def _is_there(path: Path, mode: bytes, name: bytes) -> bool:
    """Whether the work tree holds a file with this object name, be it with other line ends."""
    if mode == _SUBMODULE:
        return True
    try:
        if mode == _LINK and path.is_symlink():
            return _object_name(os.fsencode(os.readlink(path)), name) == name
        with opened(path) as file:
            hashed = _hash(os.fstat(file.fileno()).st_size, name)
            if hashlib.file_digest(file, lambda: hashed).hexdigest().encode() == name:
                return True
            file.seek(0)
            return _object_name(file.read(MAX_LEDGER_BYTES + 1).replace(b"\r\n", b"\n"), name) == name
    except (OSError, ValueError):
        return False


def _object_name(data: bytes, like: bytes) -> bytes:
    hashed = _hash(len(data), like)
    hashed.update(data)
    return hashed.hexdigest().encode()


def _hash(size: int, like: bytes) -> hashlib._Hash:
    """The hash of a file so far, of the kind that made a name."""
    head = b"blob %d\0" % size
    return hashlib.sha1(head, usedforsecurity=False) if len(like) == 40 else hashlib.sha256(head)


def committed_at(folder: Path) -> int | None:
    """When the newest commit that touched a folder was made, in seconds since 1970."""
    said = (ask(folder, "rev-list", "-1", "--timestamp", "HEAD", "--", ".") or b"").split()
    return int(said[0]) if said and said[0].isdigit() else None


def released_revision(folder: Path, version: str, ledger: str) -> str | None:
    """The revision that holds a release: its tag, else the commit that last changed the ledger. None in
    a clone too shallow to know.
    """
    for tag in (f"v{version}", version):
        if ask(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}"):
            return f"refs/tags/{tag}"
    if (ask(folder, "rev-parse", "--is-shallow-repository") or b"").strip() != b"false":
        return None
    found = (ask(folder, "rev-list", "-1", "HEAD", "--", ledger) or b"").strip().decode("ascii")
    return found or None


def is_release(folder: Path, revision: str, version: str, ledger: str) -> bool:
    """Whether a revision is the commit of a release."""
    released = released_revision(folder, version, ledger)
    commits = [commit(folder, name) for name in (released, revision) if name]
    return len(commits) == 2 and commits[0] is not None and commits[0] == commits[1]


def commit(folder: Path, revision: str) -> str | None:
    """The name of the commit that a revision names, if it does."""
    if revision.startswith("-"):
        return None
    said = ask(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return said.decode("ascii").strip() if said else None
