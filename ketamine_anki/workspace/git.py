"""Asks git about a collection's folder. Every answer is None or empty where there is no git.

An unpacked collection may bring its own repository, whose configuration and attributes may name programs. Only commands
that run none of them are used: `ls-tree`, `ls-files`, `cat-file`, `rev-list`, `rev-parse` and `remote get-url` read
what is stored, where `status`, `archive` and `checkout` would run filters. Missing objects are not fetched. The folder
determines the repository, not the environment.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ketamine_anki.core import limits
from ketamine_anki.core.errors import EXIT_IO, EXIT_USAGE, Failure
from ketamine_anki.workspace.folder import FILES, LEDGER, MEDIA, is_read, max_bytes, open_regular

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
_LINK, _SUBMODULE, _FILES = b"120000", b"160000", (b"100644", b"100755")
_MAX_FILES = limits.MAX_FILES + limits.MAX_PICTURES  # of a revision
_MAX_BYTES = limits.MAX_DECKS_BYTES + limits.MAX_MEDIA_BYTES + limits.MAX_LEDGER_BYTES


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
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        ["git", "-C", str(folder), *_RUN_NO_PROGRAM, *arguments],
        stdin=given or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors or subprocess.DEVNULL,
        env={**kept, **_ENVIRONMENT, **(variables or {})},
        start_new_session=True,  # it has no terminal to ask
    ) as process:
        timer = threading.Timer(seconds, process.kill)
        timer.daemon = True  # an interrupted program does not wait for it
        try:
            timer.start()
            yield process
        finally:
            timer.cancel()
            process.kill()
    if time.monotonic() >= deadline:
        raise Failure(f"{folder}: git does not answer in {seconds:.0f} seconds: try `git status` there", EXIT_IO)


def ask(folder: Path, *arguments: str, limit: int = limits.MAX_GIT_BYTES) -> bytes | None:
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


def _entries(output: bytes) -> Iterator[tuple[list[bytes], str]]:
    """The lines of `ls-tree` and `ls-files`: the words before a tab, and the path."""
    for line in output.split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        yield words.split(), os.fsdecode(path)


# --- what is committed ------------------------------------------------------------------------


def uncommitted(folder: Path) -> list[str]:
    """Paths that differ from the last commit: tracked files anywhere in the repository, any file in the folder, and
    ignored files there that a collection may read. Empty outside a work tree. Raises Failure if there is a work tree
    that git does not read.

    Files are compared byte by byte except for their line ends, without filters.
    """
    top = ask(folder, "rev-parse", "--show-toplevel")
    index = ask(folder, "ls-files", "-z", "--stage", "--full-name", "--", ":/")
    others = ("ls-files", "-z", "--full-name", "--others", "--exclude-standard")
    new = ask(folder, *others, "--", ".")
    ignored = ask(folder, *others, "--ignored", "--", *(f":(glob){pattern}" for pattern in FILES))
    if top is None or index is None or new is None or ignored is None:
        if repository_around(folder):
            raise Failure(f"{folder}: is in a git repository that git does not read: try `git status` there", EXIT_IO)
        return []
    root = os.fsdecode(top.removesuffix(b"\n"))
    staged = {path: (mode, name) for (mode, name, _), path in _entries(index)}
    head = ask(folder, "ls-tree", "-r", "-z", "--full-tree", "HEAD") or b""  # none before the first commit
    committed = {path: (mode, name) for (mode, _, name), path in _entries(head)}
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


def _is_unchanged(path: Path, mode: bytes, name: bytes) -> bool:
    """Whether the work tree holds the object with this name there, with whatever line ends."""
    if mode == _SUBMODULE:
        return True
    try:
        if mode == _LINK and path.is_symlink():
            target = os.fsencode(os.readlink(path))
            return _object_name(io.BytesIO(target), len(target), name) == name
        with open_regular(path) as file:
            if _object_name(file, os.fstat(file.fileno()).st_size, name) == name:
                return True
            file.seek(0)
            data = file.read(limits.MAX_LEDGER_BYTES + 1).replace(b"\r\n", b"\n")
            return _object_name(io.BytesIO(data), len(data), name) == name
    except (OSError, ValueError):
        return False


def _object_name(file: io.RawIOBase | io.BytesIO, size: int, like: bytes) -> bytes:
    """The name of a blob of this size: SHA-1 or SHA-256 of header and content, as a name `like` it was made with."""
    header = b"blob %d\0" % size
    digest = hashlib.sha1(header, usedforsecurity=False) if len(like) == 40 else hashlib.sha256(header)
    return hashlib.file_digest(file, lambda: digest).hexdigest().encode()


# --- revisions --------------------------------------------------------------------------------


def commit_hash(folder: Path, revision: str) -> str | None:
    """The hash of the commit that a revision names, or None."""
    if revision.startswith("-"):
        return None
    name = ask(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return name.decode("ascii").strip() if name else None


def committed_at(folder: Path) -> int | None:
    """The time of the newest commit that touched a folder, in seconds since 1970."""
    words = (ask(folder, "rev-list", "-1", "--timestamp", "HEAD", "--", ".") or b"").split()
    return int(words[0]) if words and words[0].isdigit() else None


def released_revision(folder: Path, version: str) -> str | None:
    """The commit of a release: that of its tag, else the last one that changed the ledger. None in a clone too shallow
    to tell.
    """
    for tag in (f"v{version}", version):
        if commit := commit_hash(folder, f"refs/tags/{tag}"):
            return commit
    if (ask(folder, "rev-parse", "--is-shallow-repository") or b"").strip() != b"false":
        return None
    return (ask(folder, "rev-list", "-1", "HEAD", "--", LEDGER) or b"").strip().decode("ascii") or None


def check_out(folder: Path, revision: str, target: Path) -> None:
    """Writes the files of a collection that are read, as they were at a revision, into an empty folder: no links, and
    no file beyond its limit. Each is as it is stored in the repository, without filters.
    """
    commit = commit_hash(folder, revision)
    if commit is None:
        raise Failure(f"{revision}: no such package, folder or git revision", EXIT_USAGE)
    trees = (ask(folder, "ls-tree", "-z", "--long", commit, place) or b"" for place in ("./", f"{MEDIA}/"))
    listed = [entry for tree in trees for entry in _entries(tree)]
    if not listed:
        raise Failure(f"{revision}: {folder} is not in this git revision", EXIT_USAGE)
    files = [  # path, name of the object, size, which is BAD for a missing object
        (path, name, int(size) if size.isdigit() else 0)
        for (mode, _, name, size), path in listed
        if mode in _FILES and is_read(path)
    ]
    for path, _, size in files:
        if size > max_bytes(path):
            raise Failure(f"{revision}:{folder}/{path}: over {max_bytes(path):,} bytes", EXIT_USAGE)
    if len(files) > _MAX_FILES or sum(size for _, _, size in files) > _MAX_BYTES:
        raise Failure(f"{revision}: over {_MAX_FILES:,} files or {_MAX_BYTES:,} bytes in {folder}", EXIT_USAGE)
    try:
        _write(folder, files, target)
    except OSError as error:
        raise error if error.filename else OSError(error.errno, error.strerror, str(target)) from None


def _write(folder: Path, files: Sequence[tuple[str, bytes, int]], target: Path) -> None:
    with tempfile.TemporaryFile() as names:
        names.writelines(name + b"\n" for _, name, _ in files)
        names.seek(0)
        with running(folder, "cat-file", "--batch", given=names) as process:
            assert process.stdout is not None
            for path, _, size in files:
                head = process.stdout.readline().split()
                data = process.stdout.read(size + 1)
                if head[1:] != [b"blob", b"%d" % size] or len(data) != size + 1:
                    raise Failure(f"{folder}/{path}: git cannot read it: try `git fsck`", EXIT_IO)
                written = target / path
                written.parent.mkdir(exist_ok=True)
                written.write_bytes(data[:-1])


# --- remotes ----------------------------------------------------------------------------------


def remote(folder: Path, name: str) -> str:
    """The address of a remote; "" if there is none of that name."""
    return (ask(folder, "remote", "get-url", name) or b"").decode("utf-8", "replace").strip()


def github_name(url: str) -> str:
    """`owner/name` of a repository on GitHub from its address, or that of a remote; "" if it is elsewhere."""
    host = r"(?:(?:https?|ssh|git)://(?:[^/@]*@)?|[\w-]+@)(?:www\.|ssh\.)?(?i:github\.com)(?::\d+)?[:/]"
    found = re.fullmatch(host + r"([\w-]+/[\w.-]+?)(?:\.git)?/?", url)
    return found[1] if found else ""
