"""Fault injection into commands that write: `python tests/deep/faults.py [MOST] [CLASS]` prints a table of the results.

Each run starts with older files in place. Whatever the fault, each file must afterwards be the old or the new one, byte
for byte, and all of them together where the command promises that (except after SIGKILL). No temporary folder may
remain, except after SIGKILL, where the next run must remove it. Standard error holds one sentence and no traceback, and
the exit code is a documented one.

Needs Linux and strace. The whole campaign takes hours. MOST limits
the runs of each fault, spread evenly over the system calls; CLASS chooses the faults whose title contains it:
`python tests/deep/faults.py 40 "release: SIGKILL"`. Calls of git, which the program starts, are left alone.
"""

from __future__ import annotations

import contextlib
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[up]) for up in (2, 1, 0)]

import small_deck  # noqa: E402
from fault_tasks import LEFT, NEW, TASKS, Place, environment, place, tree  # noqa: E402
from program import command  # noqa: E402

CODES = {0, 1, 2, 70, 74, 129, 130, 131, 143, 152, -signal.SIGKILL}
WRITES = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat2,mkdir,close,unlink,rmdir,flock,ftruncate,lseek,read,pread64"
)

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU)


class Wrong(AssertionError):  # noqa: N818 - it is what went wrong
    """A promise that a fault broke."""


Fault = Callable[[Place], str]  # makes the fault: "old", "new" or "mixed", or raises Wrong
Faults = Iterator[tuple[str, Fault]]


def judge(at: Place, code: int, err: bytes, killed: bool = False) -> str:
    """ "old", "new" or "mixed"; raises Wrong when a promise is broken."""
    said = err.decode("utf-8", "replace")
    if code not in CODES:
        raise Wrong(f"exit code {code}: {said}")
    if "Traceback" in said or "internal error" in said or "Exception ignored" in said:
        raise Wrong(said)
    if said.count("ketamine-anki: ") > 1:
        raise Wrong(f"more than a sentence: {said}")
    found = tree(at.base)
    names = {*found, *at.before, *at.after}
    torn = [name for name in names if found.get(name) not in (at.before.get(name), at.after.get(name))]
    if torn:
        raise Wrong(f"neither old nor new: {torn}")
    left = [path for path in at.base.rglob("*") if path.is_dir() and LEFT.search(f"{path.name}/")]
    if left and not killed:
        raise Wrong(f"left behind: {left}")
    if code == 0 and found != at.after:
        raise Wrong("exit 0 with old files")
    if found in (at.before, at.after):
        return "new" if found == at.after else "old"
    ledger = "decks/ledger.yaml"
    if ledger in names and found[ledger] == at.after[ledger]:
        raise Wrong("the ledger is new before all else is")
    if at.task.together and not killed:
        raise Wrong(f"some are new: {[name for name in names if found.get(name) == at.after.get(name)]}")
    return "mixed"


def again(at: Place) -> None:
    """The next run ends well and leaves nothing."""
    if at.task is TASKS["release"]:
        if tree(at.base) == at.after:
            return  # there is nothing more to release
        (at.base / "CHANGELOG.md").write_bytes(at.before["CHANGELOG.md"])  # as the program asks for
    if at.task is not TASKS["build"] and tree(at.base) == at.after:
        return  # what has nothing to write does not look for what was left
    done = subprocess.run(at.command, capture_output=True, env=environment(), check=False)
    left = [path for path in at.base.rglob("*") if LEFT.search(f"{path.name}/") and path.is_dir()]
    if done.returncode != 0 or tree(at.base) != at.after or left:
        raise Wrong(f"the next run: {done.returncode} {done.stderr.decode()} {left}")


# --- system calls -----------------------------------------------------------------------------


def traced(at: Place, *options: str) -> subprocess.CompletedProcess[bytes]:
    """The task under strace; the calls of its own process are written to `trace`, not those of a git."""
    asked = ["strace", "-qq", "-o", str(at.base / "trace"), *options, *at.command]
    return subprocess.run(asked, capture_output=True, env=environment(), check=False, timeout=60)


def calls(at: Place) -> list[tuple[str, int]]:
    """(name of the call, how many of this name came before it, from 1) from the first touch of an output on."""
    traced(at, f"--trace={WRITES}")
    seen: dict[str, int] = {}
    found: list[tuple[str, int]] = []
    touched = False
    for line in (at.base / "trace").read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r"(\w+)\(", line)
        if not match:
            continue
        seen[match[1]] = seen.get(match[1], 0) + 1
        # the folder's name is not ASCII, so that strace writes it in octal
        touched = touched or bool(re.search(r'/dist["/]|\.ketamine-anki-', line))
        if touched:
            found.append((match[1], seen[match[1]]))
    return found


def each_call(inject: str, most: int = 10**9, only: str = "", task: str = "build") -> Faults:
    """A run for each call from the first touch of the output folder on, with a fault at it."""
    with place(task) as at:
        found = [call for call in calls(at) if not only or call[0] in only.split(",")]
    if len(found) > most:
        found = [found[n * len(found) // most] for n in range(most)]
    for name, number in found:

        def run(at: Place, name: str = name, number: int = number) -> str:
            done = traced(at, f"--trace={name}", f"--inject={name}:{inject}:when={number}")
            if done.returncode != -signal.SIGKILL and b"(INJECTED)" not in (at.base / "trace").read_bytes():
                raise Wrong("no fault was put in: the call did not come")
            state = judge(at, done.returncode, done.stderr, killed="KILL" in inject)
            again(at)
            return state

        yield f"{inject} at {name} {number}", run


# --- other faults -----------------------------------------------------------------------------


def attempt(at: Place, codes: set[int], *words: object, wrap: str = "", **options: Any) -> str:
    """Runs the task, or other words, perhaps inside a line of shell that names it RUN; judges what is left."""
    line = command(*words) if words else at.command
    if wrap:
        line = ["bash", "-c", "set -o pipefail; " + wrap.replace("RUN", shlex.join(line))]
    done = subprocess.run(line, capture_output=True, check=False, **{"env": environment(), **options})
    if done.returncode not in codes:
        raise Wrong(f"exit code {done.returncode}: {done.stderr.decode()}")
    return judge(at, done.returncode, done.stderr)


def start(at: Place, program: Sequence[str] = (), **more: str) -> subprocess.Popen[bytes]:
    line = [*program, *(word.format(at.base) for word in at.task.words)] if program else at.command
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**more))


_seconds: dict[str, float] = {}  # task -> how long it took when it last ran to its end


def signalled(number: int, times: int, task: str = "build", seed: int = 1) -> Faults:
    """A signal at random moments of a task: for SIGKILL from its start, else once the program itself runs."""
    rng = random.Random(seed)
    for n in range(times):
        share = rng.uniform(0 if number == signal.SIGKILL else 0.5, 1)

        def run(at: Place, share: float = share) -> str:
            process = start(at)
            began = time.monotonic()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(share * _seconds.setdefault(task, 1.0))
                _seconds[task] = time.monotonic() - began  # the signal comes too late
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
            code, killed = process.returncode, number == signal.SIGKILL
            if code not in (0, -number, 128 + number):
                raise Wrong(f"exit code {code}: {err.decode()}")
            if code == -number and not killed:  # before Python could catch it
                code, err = 128 + number, b""
            state = judge(at, code, err, killed)
            again(at)
            return state

        yield f"{signal.Signals(number).name} at moment {n}", run


def limited(size: int) -> Fault:
    """No file may grow beyond a size."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def run(at: Place) -> str:
        state = attempt(at, {0, 74}, preexec_fn=limit)
        again(at)
        return state

    return run


def at_once(at: Place) -> str:
    """Four builds into one folder."""
    for process in [start(at) for _ in range(4)]:
        _, err = process.communicate(timeout=60)
        if process.returncode != 0:
            raise Wrong(f"exit code {process.returncode}: {err.decode()}")
    return judge(at, 0, b"")


def source_changes(at: Place, gone: bool = False) -> str:
    """A deck file is rewritten, or the collection removed, while a build reads it."""
    process = start(at)
    if gone:
        time.sleep(0.2)
        shutil.rmtree(at.decks)
    for n in range(0 if gone else 40):
        (at.decks / "01-first.yaml").write_text(small_deck.deck(NEW) + f"# {n}\n", encoding="utf-8")
        time.sleep(0.01)
    _, err = process.communicate(timeout=60)
    if process.returncode not in ((0, 1, 2, 74) if gone else (0, 1)):
        raise Wrong(f"exit code {process.returncode}: {err.decode()}")
    for name, data in at.before.items():
        if name.startswith("decks/"):
            (at.base / name).parent.mkdir(parents=True, exist_ok=True)
            (at.base / name).write_bytes(data)
    return judge(at, process.returncode, err)


def others() -> Faults:
    def shell(line: str, codes: set[int], **more: str) -> Fault:
        return lambda at: attempt(at, codes, wrap=line, env=environment(**more))

    yield "four builds at once", at_once
    yield "output cannot be made", lambda at: attempt(at, {74}, "build", at.decks, "-o", "/proc/nowhere")
    yield "source vanishes", lambda at: source_changes(at, gone=True)
    yield "source changes", source_changes
    for size in (0, 1, 512, 4096, 16384, 32768, 60000):
        yield f"RLIMIT_FSIZE {size}", limited(size)
    yield "standard output closed", shell("RUN >&-", {0})
    yield "standard error closed", shell("RUN 2>&-", {0})
    yield "all closed", shell("RUN <&- >&- 2>&-", {0})
    yield "standard output full", shell("RUN >/dev/full", {74})
    yield "nobody reads", shell("RUN | head -c 0", {0, 1})
    yield "locale C", shell("RUN", {0}, LC_ALL="C", LANG="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    yield "no HOME", shell("unset HOME; RUN", {0})


def campaign(most: int) -> Iterator[tuple[str, str, Faults]]:
    """(task, class of fault, its runs)."""
    strace = shutil.which("strace")
    for task in TASKS:
        if strace:
            yield task, "SIGKILL at each call", each_call("signal=KILL", most, task=task)
        yield task, "SIGKILL at random instants", signalled(signal.SIGKILL, min(200, most), task)
        for number in ENDINGS:
            yield task, f"{number.name} at random instants", signalled(number, min(50, most), task)
        for error in ("ENOSPC", "EIO", "EACCES") if strace else ():
            kinds = "openat,write,pwrite64,fsync,fdatasync,rename,renameat2,mkdir,ftruncate"
            yield task, f"{error} at each call", each_call(f"error={error}", most, kinds, task)
    yield "build", "other faults", others()


def main(most: int, word: str = "") -> int:
    """Runs the campaign, or the classes with this word, and prints its table; 1 when a promise was broken."""
    for number in ENDINGS:  # nohup, or a shell behind whose back we run, may have told us to ignore some
        signal.signal(number, signal.SIG_DFL)
    broken = [] if shutil.which("strace") else ["strace is not found: nothing was put into single calls"]
    print(f"{'fault':38} {'runs':>5} {'old':>5} {'new':>5} {'mixed':>5} {'wrong':>6}")
    for task, what, faults in campaign(most):
        title = f"{task}: {what}"
        if word not in title:
            continue
        counts = {"old": 0, "new": 0, "mixed": 0, "wrong": 0}
        for name, fault in faults:
            try:
                with place(task) as at:
                    counts[fault(at)] += 1
            except Wrong as error:
                counts["wrong"] += 1
                broken.append(f"{task}: {name}: {error}")
        print(
            f"{title:38} {sum(counts.values()):5} {counts['old']:5} {counts['new']:5} {counts['mixed']:5} "
            f"{counts['wrong']:6}",
            flush=True,
        )
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    asked = sys.argv[1:]
    few = asked and asked[0].isdecimal()
    sys.exit(main(int(asked.pop(0)) if few else 10**9, asked[0] if asked else ""))
