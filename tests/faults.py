"""Faults put into a build, by name: `python tests/faults.py [quick] [CLASS]`. Prints the table of what was survived.

Each run starts with an older package in its place. Whatever happens, the file is the old one or the new
one, byte for byte; nothing is left beside it, save one hidden folder after SIGKILL, which the next build
removes; standard error holds one sentence and no traceback; the exit code is a documented one.
Needs Linux; strace for the system calls, root for the small file system.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import hostile_cases  # noqa: E402
import small  # noqa: E402
from program import command  # noqa: E402

NAME = "small-deck.apkg"
OLD = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n"
NEW = OLD + "  picture: '![A leaf with pores](leaf.png)'\n"
PICTURE = hostile_cases.png(1, 1, random.Random(1).randbytes(60_000))
CODES = {0, 1, 2, 70, 71, 73, 74, 129, 130, 131, 143, 152, -signal.SIGKILL}
WRITES = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat2,mkdir,close,unlink,rmdir,flock,ftruncate,lseek,read,pread64"
)

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU)


class Place(NamedTuple):
    """A collection, and an output folder with an older package."""

    decks: Path
    output: Path
    old: bytes
    new: bytes


class Wrong(AssertionError):  # noqa: N818 - it is what went wrong
    """A promise that a fault broke."""


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """A fresh place."""
    with tempfile.TemporaryDirectory(prefix="faults ü ") as made:
        base = Path(made)
        decks = base / "decks"
        outputs = base / "dist"
        old, new = packages()
        small.write(decks, NEW, {"media/leaf.png": PICTURE})
        outputs.mkdir()
        (outputs / NAME).write_bytes(old)
        yield Place(decks, outputs, old, new)


@cache
def packages() -> tuple[bytes, bytes]:
    """The older and the newer package, made without a fault; the same bytes everywhere."""
    with tempfile.TemporaryDirectory() as made:
        base = Path(made)
        old = built(small.write(base / "decks", OLD), base / "old")
        new = built(small.write(base / "decks", NEW, {"media/leaf.png": PICTURE}), base / "new")
    assert old != new
    return old, new


def built(decks: Path, output: Path) -> bytes:
    """The package of a collection, made without a fault and without the rules of language."""
    done = subprocess.run(build(decks, output), capture_output=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr.decode()
    return (output / NAME).read_bytes()


def build(decks: Path, output: Path) -> list[str]:
    """The command line of a build."""
    return command("build", decks, "-o", output)


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "VIRTUAL_ENV")}
    return (
        kept | {"PYTHONPATH": str(REPOSITORY), "SOURCE_DATE_EPOCH": "1700000000", "PYTHONDONTWRITEBYTECODE": "1"} | more
    )


def judge(at: Place, code: int, err: bytes, killed: bool = False) -> str:
    """ "old" or "new"; raises Wrong when a promise is broken."""
    said = err.decode("utf-8", "replace")
    if code not in CODES:
        raise Wrong(f"exit code {code}: {said}")
    if "Traceback" in said or "internal error" in said or "Exception ignored" in said:
        raise Wrong(said)
    data = (at.output / NAME).read_bytes()
    if data not in (at.old, at.new):
        raise Wrong(f"a package of {len(data)} bytes that is neither the old nor the new one")
    if code == 0 and data != at.new:
        raise Wrong("exit 0 with the old package")
    left = [name for name in os.listdir(at.output) if name != NAME]
    if len(left) > killed or not all(re.fullmatch(r"\.ketamine-anki-\w+\.tmp", name) for name in left):
        raise Wrong(f"left behind: {left}")
    return "new" if data == at.new else "old"


def again(at: Place) -> None:
    """The next build ends well and leaves nothing."""
    done = subprocess.run(build(at.decks, at.output), capture_output=True, env=environment(), check=False)
    if done.returncode != 0 or os.listdir(at.output) != [NAME] or (at.output / NAME).read_bytes() != at.new:
        raise Wrong(f"the next build: {done.returncode} {done.stderr.decode()} {os.listdir(at.output)}")


# --- system calls -----------------------------------------------------------------------------


def traced(at: Place, *options: str) -> subprocess.CompletedProcess[bytes]:
    """A build under strace; the calls from the first touch of the output folder are written to `trace`."""
    trace = at.decks.parent / "trace"
    asked = ["strace", "-f", "-qq", "-o", str(trace), *options, *build(at.decks, at.output)]
    return subprocess.run(asked, capture_output=True, env=environment(), check=False, timeout=60)


def calls(at: Place) -> list[tuple[str, int]]:
    """(name of the call, how many of this name came before it, from 1) from the first touch of the output on."""
    traced(at, f"--trace={WRITES}")
    seen: dict[str, int] = {}
    found: list[tuple[str, int]] = []
    touched = False
    for line in (at.decks.parent / "trace").read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r"(?:\d+\s+)?(\w+)\(", line)
        if not match:
            continue
        seen[match[1]] = seen.get(match[1], 0) + 1
        # the folder's name is not ASCII, so that strace writes it in octal
        touched = touched or bool(re.search('/dist["/]', line))
        if touched:
            found.append((match[1], seen[match[1]]))
    return found


def each_call(inject: str, most: int = 10**9, only: str = "") -> Iterator[tuple[str, Callable[[Place], str]]]:
    """A run for each call from the first touch of the output folder on, with a fault at it."""
    with place() as at:
        found = [call for call in calls(at) if not only or call[0] in only.split(",")]
    if len(found) > most:
        found = [found[n * len(found) // most] for n in range(most)]
    for name, number in found:

        def run(at: Place, name: str = name, number: int = number) -> str:
            done = traced(at, f"--trace={name}", f"--inject={name}:{inject}:when={number}")
            state = judge(at, done.returncode, done.stderr, killed="KILL" in inject)
            again(at)
            return state

        yield f"{inject} at {name} {number}", run


# --- other faults -----------------------------------------------------------------------------


def start(at: Place, **more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        build(at.decks, at.output), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**more)
    )


def signalled(number: int, times: int, seed: int = 1) -> Iterator[tuple[str, Callable[[Place], str]]]:
    """A signal at random instants of a build, from when the program itself has begun."""
    rng = random.Random(seed)
    begins, ends = (0.0, 0.5) if number == signal.SIGKILL else (0.25, 0.5)
    for n in range(times):
        after = rng.uniform(begins, ends)

        def run(at: Place, after: float = after) -> str:
            process = start(at)
            time.sleep(after)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
            if process.returncode not in (0, -number, 128 + number):
                raise Wrong(f"exit code {process.returncode}: {err.decode()}")
            if process.returncode == -number and number != signal.SIGKILL:  # before Python could catch it
                err = b""
            state = judge(
                at,
                128 + number if process.returncode == -number != -9 else process.returncode,
                err,
                killed=number == signal.SIGKILL,
            )
            again(at)
            return state

        yield f"{signal.Signals(number).name} at instant {n}", run


def limited(size: int) -> Callable[[Place], str]:
    """No file may grow beyond a size."""

    def run(at: Place) -> str:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        done = subprocess.run(
            build(at.decks, at.output), capture_output=True, env=environment(), preexec_fn=limit, check=False
        )
        if done.returncode not in (0, 73, 74):
            raise Wrong(f"{done.returncode} {done.stderr.decode()}")
        state = judge(at, done.returncode, done.stderr)
        again(at)
        return state

    return run


def at_once(at: Place) -> str:
    """Four builds into one folder."""
    started = [start(at) for _ in range(4)]
    for process in started:
        _, err = process.communicate(timeout=60)
        if process.returncode != 0:
            raise Wrong(f"{process.returncode} {err.decode()}")
    return judge(at, 0, b"")


def read_only(at: Place) -> str:
    """An output folder that nobody may write to; root needs the immutable flag, else another user."""
    done = subprocess.run(build(at.decks, Path("/proc/nowhere")), capture_output=True, env=environment(), check=False)
    if done.returncode != 73:
        raise Wrong(f"{done.returncode} {done.stderr.decode()}")
    return judge(at, 73, done.stderr)


def source_vanishes(at: Place) -> str:
    process = start(at)
    time.sleep(0.2)
    shutil.rmtree(at.decks)
    _, err = process.communicate(timeout=60)
    if process.returncode not in (0, 1, 2, 74):
        raise Wrong(f"{process.returncode} {err.decode()}")
    return judge(at, process.returncode, err)


def source_changes(at: Place) -> str:
    process = start(at)
    for n in range(40):
        (at.decks / "01-first.yaml").write_text(small.deck(NEW) + f"# {n}\n", encoding="utf-8")
        time.sleep(0.01)
    _, err = process.communicate(timeout=60)
    if process.returncode not in (0, 1):
        raise Wrong(f"{process.returncode} {err.decode()}")
    return judge(at, process.returncode, err)


def clock(seconds: str) -> Callable[[Place], str]:
    """SOURCE_DATE_EPOCH at the edges of the calendar; a future one is refused."""

    def run(at: Place) -> str:
        process = start(at, SOURCE_DATE_EPOCH=seconds)
        _, err = process.communicate(timeout=60)
        if process.returncode not in (0, 2):
            raise Wrong(f"{process.returncode} {err.decode()}")
        data = (at.output / NAME).read_bytes()
        if process.returncode == 2 and data != at.old:
            raise Wrong("refused, and written")
        (at.output / NAME).write_bytes(at.new if process.returncode == 0 else at.old)
        return judge(at, process.returncode, err)

    return run


def device(at: Place) -> str:
    """A device in the package's place is refused, never replaced."""
    (at.output / NAME).unlink()
    os.mknod(at.output / NAME, 0o600 | 0o020000, os.makedev(1, 7))
    done = subprocess.run(build(at.decks, at.output), capture_output=True, env=environment(), check=False)
    is_device = (at.output / NAME).is_char_device()
    (at.output / NAME).unlink()
    (at.output / NAME).write_bytes(at.old)
    if done.returncode != 73 or not is_device:
        raise Wrong(f"{done.returncode} {done.stderr.decode()}")
    return judge(at, 73, done.stderr)


def small_disk(room: int) -> Callable[[Place], str]:
    """An output folder on a file system with this many kilobytes left beside the old package."""

    def run(at: Place) -> str:
        old = (at.output / NAME).read_bytes()
        if subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={len(old) + 4096 + room * 1024}", "none", at.output], check=False
        ).returncode:
            raise SkippedError("no tmpfs can be mounted here")
        try:
            (at.output / NAME).write_bytes(old)
            done = subprocess.run(build(at.decks, at.output), capture_output=True, env=environment(), check=False)
            if done.returncode not in (0, 73, 74):
                raise Wrong(f"{done.returncode} {done.stderr.decode()}")
            return judge(at, done.returncode, done.stderr)
        finally:
            subprocess.run(["umount", at.output], check=False)

    return run


class SkippedError(Exception):
    """A fault that cannot be made on this machine."""


def shell(line: str, codes: set[int], **more: str) -> Callable[[Place], str]:
    """A line of shell around the build."""

    def run(at: Place) -> str:
        words = " ".join(f"'{word}'" for word in build(at.decks, at.output))
        env = environment(**more)
        if more.get("HOME") == "":
            del env["HOME"]
        done = subprocess.run(
            ["bash", "-c", "set -o pipefail; " + line.replace("BUILD", words)],
            capture_output=True,
            env=env,
            check=False,
        )
        if done.returncode not in codes:
            raise Wrong(f"{done.returncode} {done.stderr.decode()}")
        return judge(at, done.returncode, done.stderr)

    return run


def long_path(at: Place) -> str:
    deep = at.output.joinpath(*["very long name " * 12] * 12)
    done = subprocess.run(build(at.decks, deep), capture_output=True, env=environment(), check=False)
    if done.returncode not in (0, 73):
        raise Wrong(f"{done.returncode} {done.stderr.decode()}")
    shutil.rmtree(at.output / ("very long name " * 12), ignore_errors=True)
    return judge(at, 73, done.stderr)


Faults = Iterator[tuple[str, Callable[[Place], str]]]


def others() -> Faults:
    yield "four builds at once", at_once
    yield "output cannot be made", read_only
    yield "a very long path", long_path
    yield "source vanishes", source_vanishes
    yield "source changes", source_changes
    for size in (0, 1, 512, 4096, 16384, 32768, 60000):
        yield f"RLIMIT_FSIZE {size}", limited(size)
    for seconds in ("0", "315532799", "1000000000", "2147483648", "4323456000", "9999999999"):
        yield f"SOURCE_DATE_EPOCH {seconds}", clock(seconds)
    yield "standard output closed", shell("BUILD >&-", {0})
    yield "standard error closed", shell("BUILD 2>&-", {0})
    yield "all closed", shell("BUILD <&- >&- 2>&-", {0})
    yield "standard output full", shell("BUILD >/dev/full", {74})
    yield "nobody reads", shell("BUILD | head -c 0", {0, 1})
    yield "locale C", shell("BUILD", {0}, LC_ALL="C", LANG="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    yield "no HOME", shell("BUILD", {0}, HOME="")
    if os.geteuid() == 0:
        yield "a device in its place", device
        for room in (8, 64, 128, 256, 512):
            yield f"{room} kB left on the disk", small_disk(room)


def campaign(quick: bool) -> Iterator[tuple[str, Faults]]:
    """(class of fault, its runs)."""
    strace = shutil.which("strace")
    if strace:
        yield "SIGKILL at each system call", each_call("signal=KILL", 6 if quick else 10**9)
    yield "SIGKILL at random instants", signalled(signal.SIGKILL, 4 if quick else 200)
    for number in ENDINGS:
        yield f"{number.name} at random instants", signalled(number, 2 if quick else 50)
    for error in ("ENOSPC", "EIO", "EACCES") if strace else ():
        kinds = "openat,write,pwrite64,fsync,fdatasync,rename,renameat2,mkdir,ftruncate"
        yield f"{error} at each call", each_call(f"error={error}", 4 if quick else 10**9, kinds)
    yield "other faults", others()


def main(quick: bool, word: str = "") -> int:
    """Runs the campaign, or the classes with this word, and prints its table; 1 when a promise was broken."""
    broken = []
    print(f"{'fault':32} {'runs':>5} {'old':>5} {'new':>5} {'skipped':>8} {'wrong':>6}")
    for title, faults in campaign(quick):
        if word not in title:
            continue
        counts = {"old": 0, "new": 0, "skipped": 0, "wrong": 0}
        for name, fault in faults:
            try:
                with place() as at:
                    counts[fault(at)] += 1
            except SkippedError:
                counts["skipped"] += 1
            except Wrong as error:
                counts["wrong"] += 1
                broken.append(f"{name}: {error}")
        print(
            f"{title:32} {sum(counts.values()):5} {counts['old']:5} {counts['new']:5} "
            f"{counts['skipped']:8} {counts['wrong']:6}",
            flush=True,
        )
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    asked = sys.argv[1:]
    sys.exit(main("quick" in asked, next((word for word in asked if word != "quick"), "")))
