"""Asks git about a collection's folder. Every answer is None or empty where there is no git.

An unpacked collection may bring its own repository, whose configuration and attributes may name programs. Only commands
that run none of them are used: `ls-tree`, `ls-files`, `cat-file`, `rev-list`, `rev-parse` and `remote get-url` read
what is stored, where `status`, `archive` and `checkout` would run filters. Missing objects are not fetched. The folder
determines the repository, not the environment.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ketamine_anki.core.errors import EXIT_IO, Failure
from ketamine_anki.core.limits import MAX_GIT_BYTES, MAX_LEDGER_BYTES
from ketamine_anki.workspace.folder import open_regular

# For any command that may be added here later.
_RUN_NO_PROGRAM = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # what a revision is, is in its hash: no ref or file may say otherwise
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_ALLOW_PROTOCOL": "",  # for versions of git without GIT_NO_LAZY_FETCH
    "GIT_ALLOC_LIMIT": "128m",  # a small file may be stored as the difference from a huge one
}
# Variables that are kept: where git is, its user's settings, and how far up it looks. Others lead to another
# repository, as inside a hook, or write traces.
_KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")
_TIMEOUT = 20.0  # seconds; the configuration may include a file that never ends
_LINK, _SUBMODULE = b"120000", b"160000"


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    given: IO[bytes] | None = None,
    errors: IO[bytes] | None = None,
    variables: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a git command in a folder while the block reads its standard output; kills it at the end. What it says of
    errors is written to `errors`; `variables` are set in its environment. Raises Failure if it does not end in time.
    """
    seconds = seconds or _TIMEOUT
    os.environ["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"  # else Windows would run a git.exe of the current folder
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    command = ["git", "-C", str(folder), *_RUN_NO_PROGRAM, *arguments]
    with subprocess.Popen(
        command,
        stdin=given or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors or subprocess.DEVNULL,
        env={**kept, **_ENVIRONMENT, **(variables or {})},
        start_new_session=True,  # it has no terminal to ask
    ) as process:
        timed_out = threading.Event()

        def stop() -> None:
            timed_out.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True  # an interrupted program does not wait for it
        try:
            timer.start()
            yield process
        finally:
            timer.cancel()
            process.kill()
    if timed_out.is_set():
        raise Failure(f"{folder}: git does not answer in {seconds:.0f} seconds: try `git status` there", EXIT_IO)


def ask(folder: Path, *arguments: str, limit: int = MAX_GIT_BYTES) -> bytes | None:
    """The standard output of a git command run in a folder; None if git is missing, fails, or writes more bytes than
    the limit.
    """
    try:
        with running(folder, *arguments) as process:
            assert process.stdout is not None
            output = process.stdout.read(limit + 1)
            return output if len(output) <= limit and process.wait() == 0 else None
    except OSError:
        return None


def uncommitted(folder: Path, globs: Sequence[str]) -> list[str]:
    """Paths that differ from the last commit: tracked files anywhere in the repository, any file in the folder, and
    ignored files there that match one of the globs. Empty outside a work tree. Raises Failure if there is a work tree
    that git does not read.

    Files are compared byte by byte except for their line ends, without filters.
    """
    top = ask(folder, "rev-parse", "--show-toplevel")
    index = ask(folder, "ls-files", "-z", "--stage", "--full-name", "--", ":/")
    others = ("ls-files", "-z", "--full-name", "--others", "--exclude-standard")
    new = ask(folder, *others, "--", ".")
    ignored = ask(folder, *others, "--ignored", "--", *(f":(glob){pattern}" for pattern in globs))
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
        if staged.get(path) != committed.get(path) or not _is_unchanged(Path(root, path), *staged[path])
    ]
    return [*changed, *(os.fsdecode(path) for path in (*new.split(b"\0"), *ignored.split(b"\0")) if path)]


def repository_around(folder: Path) -> Path | None:
    """The nearest folder, from this one upwards, that holds a git repository."""
    absolute = Path(os.path.realpath(folder))
    return next((parent for parent in (absolute, *absolute.parents) if (parent / ".git").exists()), None)


def _entries(output: bytes) -> Iterator[tuple[bytes, bytes, bytes, str]]:
    """The lines of `ls-tree` and `ls-files`: three words before a tab, and the path."""
    for line in output.split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        first, second, third = words.split()[:3]
        yield first, second, third, os.fsdecode(path)


def _is_unchanged(path: Path, mode: bytes, name: bytes) -> bool:
    """Whether the work tree holds the object with this name there, with whatever line ends."""
    if mode == _SUBMODULE:
        return True
    try:
        if mode == _LINK and path.is_symlink():
            return _object_name(os.fsencode(os.readlink(path)), name) == name
        with open_regular(path) as file:
            digest = _new_hash(os.fstat(file.fileno()).st_size, name)
            if hashlib.file_digest(file, lambda: digest).hexdigest().encode() == name:
                return True
            file.seek(0)
            return _object_name(file.read(MAX_LEDGER_BYTES + 1).replace(b"\r\n", b"\n"), name) == name
    except (OSError, ValueError):
        return False


def _object_name(data: bytes, like: bytes) -> bytes:
    digest = _new_hash(len(data), like)
    digest.update(data)
    return digest.hexdigest().encode()


def _new_hash(size: int, like: bytes) -> hashlib._Hash:
    """The hash of a blob of this size, fed with its header: SHA-1 or SHA-256, as a name `like` it was made with."""
    header = b"blob %d\0" % size
    return hashlib.sha1(header, usedforsecurity=False) if len(like) == 40 else hashlib.sha256(header)


def committed_at(folder: Path) -> int | None:
    """The time of the newest commit that touched a folder, in seconds since 1970."""
    words = (ask(folder, "rev-list", "-1", "--timestamp", "HEAD", "--", ".") or b"").split()
    return int(words[0]) if words and words[0].isdigit() else None


def released_revision(folder: Path, version: str, ledger: str) -> str | None:
    """The revision of a release: its tag, else the commit that last changed the ledger. None in a clone too shallow to
    tell.
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
    commits = [commit_hash(folder, name) for name in (released, revision) if name]
    return len(commits) == 2 and commits[0] is not None and commits[0] == commits[1]


def remote(folder: Path, name: str) -> str:
    """The address of a remote; "" if there is none of that name."""
    return (ask(folder, "remote", "get-url", name) or b"").decode("utf-8", "replace").strip()


def github_name(url: str) -> str:
    """`owner/name` of a repository on GitHub from its address, or that of a remote; "" if it is elsewhere."""
    host = r"(?:(?:https?|ssh|git)://(?:[^/@]*@)?|[\w-]+@)(?:www\.|ssh\.)?(?i:github\.com)(?::\d+)?[:/]"
    found = re.fullmatch(host + r"([\w-]+/[\w.-]+?)(?:\.git)?/?", url)
    return found[1] if found else ""


def commit_hash(folder: Path, revision: str) -> str | None:
    """The hash of the commit that a revision names, or None."""
    if revision.startswith("-"):
        return None
    name = ask(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return name.decode("ascii").strip() if name else None
