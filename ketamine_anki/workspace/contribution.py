"""Commits changed files on a branch of their own and pushes it, from a temporary repository made for this.

It borrows the objects of the contributor's clone, whose files, index, branches and configuration it neither changes nor
uses: a clone that came with a deck may name programs in its configuration, which a push would run. The user's global
git configuration still applies. Nothing is left when a step fails.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ketamine_anki.core.errors import EXIT_IO, Failure
from ketamine_anki.workspace.git import ask, commit_hash, running

_NETWORK_SECONDS = 120.0
# By a path or by `ext::`, a remote could name programs. The user's own GIT_ALLOW_PROTOCOL may say otherwise.
_PROTOCOLS = "https:ssh"
_OF_THE_USER = ("GIT_ALLOW_PROTOCOL", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS")


class Clone(NamedTuple):
    """A clone with a collection: the collection's folder and its path there (ending with /, or ""), the commit that
    changes start from, and where each remote is pushed to, by name.
    """

    folder: Path
    prefix: str
    base: str
    remotes: Mapping[str, str]


def clone_of(folder: Path) -> Clone | None:
    """The clone that a collection lies in; None without git or a first commit.

    Changes start from what was last fetched of the remote `upstream`, or `origin`, so that what else the contributor
    has committed stays out of them.
    """
    prefix = ask(folder, "rev-parse", "--show-prefix")
    known = [
        f"refs/remotes/{remote}/{name}" for remote in ("upstream", "origin") for name in ("HEAD", "main", "master")
    ]
    base = next(filter(None, (commit_hash(folder, name) for name in (*known, "HEAD"))), None)
    if prefix is None or base is None:
        return None
    remotes: dict[str, str] = {}
    for ending in ("url", "pushurl"):
        listed = ask(folder, "config", "-z", "--get-regexp", rf"^remote\..*\.{ending}$") or b""
        for line in os.fsdecode(listed).split("\0")[:-1]:
            key, _, url = line.partition("\n")
            remotes[key.removeprefix("remote.").removesuffix(f".{ending}")] = url
    return Clone(folder, os.fsdecode(prefix.removesuffix(b"\n")), base, remotes)


def push(
    clone: Clone, files: Mapping[str, bytes], message: str, branch: str, url: str, settings: Mapping[str, str]
) -> bool:
    """Commits files of the collection, by their path in it, as a new branch of the repository at `url`. `settings` are
    git's, for the push. False if the branch is there already. Raises Failure with what git says.
    """
    with tempfile.TemporaryDirectory(prefix="ketamine-anki-") as scratch:
        place = Path(scratch, "git")
        user = {name: os.environ[name] for name in _OF_THE_USER if name in os.environ}
        variables = {"GIT_ALLOW_PROTOCOL": _PROTOCOLS, **user, "GIT_TERMINAL_PROMPT": "0"}

        def git(*arguments: str, given: bytes = b"") -> str:
            return _told(clone.folder, *arguments, given=given, variables=variables)

        form = git("rev-parse", "--show-object-format").strip()
        top = git("rev-parse", "--show-cdup").removesuffix("\n") or "."  # from which git resolves a relative address
        git("init", "--quiet", "--bare", "--template=", f"--object-format={form}", str(place))
        objects, shallow = (
            clone.folder.resolve() / git("rev-parse", "--git-path", name).removesuffix("\n")
            for name in ("objects", "shallow")
        )
        for name in ("name", "email"):  # those of the clone may differ from those for all repositories
            value = (ask(clone.folder, "config", "--get", f"user.{name}") or b"").strip()
            if value:
                variables |= {f"GIT_{who}_{name.upper()}": os.fsdecode(value) for who in ("AUTHOR", "COMMITTER")}
        variables |= {"GIT_DIR": str(place), "GIT_INDEX_FILE": str(place / "index")}
        (place / "objects/info/alternates").write_bytes(os.fsencode(objects) + b"\n")
        if shallow.is_file():
            (place / "shallow").write_bytes(shallow.read_bytes())
        git("read-tree", clone.base)
        for path, data in files.items():
            blob = git("hash-object", "-w", "--no-filters", "--stdin", given=data).strip()
            git("update-index", "--cacheinfo", f"100644,{blob},{clone.prefix}{path}")
        tree = git("write-tree").strip()
        commit = git("-c", "user.useConfigOnly=true", "commit-tree", tree, "-p", clone.base, given=message.encode())
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        if git("-C", top, *options, "ls-remote", "--", url, f"refs/heads/{branch}"):
            return False
        git("-C", top, *options, "push", "--quiet", "--", url, f"{commit.strip()}:refs/heads/{branch}")
    return True


def _told(folder: Path, *arguments: str, given: bytes, variables: Mapping[str, str]) -> str:
    """What a git command answers. Raises Failure with the reason that it gives."""
    with tempfile.TemporaryFile() as typed, tempfile.TemporaryFile() as errors:
        typed.write(given)
        typed.seek(0)
        with running(
            folder, *arguments, given=typed, errors=errors, variables=variables, seconds=_NETWORK_SECONDS
        ) as process:
            assert process.stdout is not None
            answer = process.stdout.read()
            failed = process.wait()
        if failed:
            errors.seek(0)
            said = errors.read(4000).decode("utf-8", "replace").split("\n")
            reason = next((line for line in said if line.startswith(("fatal:", "error:", " !"))), said[0])
            if protocol := re.search(r"transport '(\w+)' not allowed", reason):
                why = "by such an address git can be made to run a program"
                advice = "push to one with https or ssh, or allow this kind by the variable GIT_ALLOW_PROTOCOL"
                raise Failure(f"an address of the kind {protocol[1]!r} is not allowed, since {why}: {advice}", EXIT_IO)
            raise Failure(f"git: {reason.strip()}", EXIT_IO)
    return os.fsdecode(answer)
