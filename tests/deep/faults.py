"""Fault injection into commands that write: `python tests/deep/faults.py [MOST] [WORD]` prints a table of the results.

Each run starts with older files in place and has one fault: a signal or an error at one of its system calls (strace
puts it in), a limit on the size of files, a stream that is closed or full, other runs or an editor at the same time.
Afterwards each file must be the old or the new one, byte for byte, and all of them together where the command promises
that (except after SIGKILL). No temporary folder may remain, except after SIGKILL, where the next run must remove it.
Standard error holds one sentence and no traceback, and the exit code is a documented one.

Needs Linux and strace. The whole campaign takes hours: MOST limits the runs of each fault, spread evenly over the
calls; WORD chooses the faults whose title contains it, such as `"release: signal=KILL"`. Calls of git, which the
program starts, are left alone.
"""

from __future__ import annotations

import contextlib
import csv
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parents[up]) for up in (2, 1, 0)]

import small_deck  # noqa: E402
from program import REPOSITORY, command  # noqa: E402

LEFT = re.compile(r"(^|/)(trace|\.ketamine-anki-\w+\.tmp)/")  # what a killed run may leave, and the trace of its calls
GAS = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n  id: gas\n"
WATER = "- question: Which liquid do roots take up?\n  answer: Water\n  id: water\n"
SIGNALS = {"KILL": 9} | {name: 128 + signal.Signals[f"SIG{name}"] for name in "INT TERM HUP QUIT XCPU".split()}


# --- what faults are put into -----------------------------------------------------------------


class Task(NamedTuple):
    """A command that writes, what it starts from, and whether its files change together; {0} is the folder."""

    line: str
    prepare: Callable[[Path], object]
    together: bool = True


class Place(NamedTuple):
    """A folder with a collection in `decks`, and all files in it before and after the task."""

    task: Task
    base: Path
    before: dict[str, bytes]
    after: dict[str, bytes]

    @property
    def words(self) -> list[str]:
        return [word.format(self.base) for word in self.task.line.split()]


def to_build(base: Path) -> None:
    small_deck.write(base / "decks", GAS)
    run(base, "build {0}/decks -o {0}/dist")
    picture = small_deck.png(1, 1, random.Random(1).randbytes(60_000))
    small_deck.write(base / "decks", f"{GAS}  picture: '![A leaf](leaf.png)'\n", {"media/leaf.png": picture})


def to_release(base: Path) -> None:
    """A collection that was released once, and then corrected."""
    small_deck.write(base / "decks", GAS + WATER)
    run(base, "release 1.0.0 {0}/decks -o {0}/dist --no-repository", SOURCE_DATE_EPOCH="1600000000")
    small_deck.write(base / "decks", GAS + WATER.replace("Water", "Water and salts"))


def to_describe(base: Path) -> None:
    small_deck.write(base / "decks", GAS, {"references.yaml": small_deck.REFERENCES})
    run(base, "schema {0}/decks")
    small_deck.replace(base / "decks" / "references.yaml", "green-2020", "green-2021")


def to_format(base: Path) -> Path:
    return small_deck.write(base / "decks", GAS, {"02-second.yaml": small_deck.deck(WATER, "Second Part")})


def to_take_in(base: Path) -> None:
    """Two subdecks, and an export with a correction in each."""
    notes = [note.compiled for note in small_deck.compiled(to_format(base))]
    with (base / "notes.txt").open("w", encoding="utf-8", newline="") as file:
        file.write("#separator:tab\n#html:true\n#guid column:1\n")
        rows = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL)
        for note in notes:
            fields = (re.sub("^(Carbon dioxide|Water)$", r"\1, twice", field) for field in note.fields)
            rows.writerow([note.guid, *fields])


TASKS = {
    "build": Task("build {0}/decks -o {0}/dist", to_build),
    "release": Task("release 1.0.1 {0}/decks -o {0}/dist --since {0}/dist/small-1.0.0.apkg", to_release),
    "fmt": Task("fmt {0}/decks", to_format, together=False),
    "schema": Task("schema {0}/decks", to_describe, together=False),
    "intake": Task("intake {0}/notes.txt {0}/decks --write", to_take_in),
}


@contextlib.contextmanager
def place(name: str = "build") -> Iterator[Place]:
    """A fresh place for a task."""
    folder, after = _prepared(name)
    with tempfile.TemporaryDirectory(prefix="faults ü ") as made:
        shutil.copytree(folder.name, made, dirs_exist_ok=True)
        yield Place(TASKS[name], Path(made), tree(Path(made)), after)


@cache
def _prepared(name: str) -> tuple[tempfile.TemporaryDirectory[str], dict[str, bytes]]:
    """What a task starts from, and all files after it without a fault: the same bytes everywhere."""
    folder = tempfile.TemporaryDirectory()
    TASKS[name].prepare(Path(folder.name))
    Path(folder.name, "dist").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as done:
        shutil.copytree(folder.name, done, dirs_exist_ok=True)
        run(Path(done), TASKS[name].line)
        after = tree(Path(done))
    assert after != tree(Path(folder.name))
    return folder, after


def tree(base: Path) -> dict[str, bytes]:
    """Every file with its bytes."""
    files = (path.relative_to(base) for path in base.rglob("*") if path.is_file())
    return {path.as_posix(): (base / path).read_bytes() for path in files if not LEFT.search(f"{path}/")}


def run(base: Path, line: str, **variables: str) -> None:
    """A command without a fault."""
    words = command(*(word.format(base) for word in line.split()))
    done = subprocess.run(words, capture_output=True, env=environment(**variables), check=False)
    assert done.returncode == 0, done.stderr.decode()


def environment(**variables: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "VIRTUAL_ENV")}
    own = {"PYTHONPATH": str(REPOSITORY), "SOURCE_DATE_EPOCH": "1700000000", "PYTHONDONTWRITEBYTECODE": "1"}
    return kept | own | variables


# --- what must hold afterwards ----------------------------------------------------------------


def judge(at: Place, done: subprocess.CompletedProcess[bytes], codes: set[int], killed: bool = False) -> str:
    """ "old", "new" or "mixed"; AssertionError when a promise is broken. Then the next run must end well."""
    said = done.stderr.decode("utf-8", "replace")
    assert done.returncode in codes, f"exit code {done.returncode}: {said}"
    assert not re.search("Traceback|internal error|Exception ignored", said), said
    assert said.count("ketamine-anki: ") <= 1, f"more than a sentence: {said}"
    found = tree(at.base)
    names = {*found, *at.before, *at.after}
    torn = [name for name in names if found.get(name) not in (at.before.get(name), at.after.get(name))]
    assert not torn, f"neither old nor new: {torn}"
    assert killed or not left(at), f"left behind: {left(at)}"
    assert done.returncode or found == at.after, "exit 0 with old files"
    state = "new" if found == at.after else "old" if found == at.before else "mixed"
    if state == "mixed":
        ledger = "decks/ledger.yaml"
        assert found.get(ledger) == at.before.get(ledger), "the ledger is new before all else is"
        new = [name for name in names if found.get(name) == at.after.get(name)]
        assert killed or not at.task.together, f"some are new: {new}"
    again(at)
    return state


def left(at: Place) -> list[Path]:
    return [path for path in at.base.rglob("*") if path.is_dir() and LEFT.search(f"{path.name}/")]


def again(at: Place) -> None:
    """The next run ends well and leaves nothing."""
    if at.task is not TASKS["build"] and tree(at.base) == at.after:
        return  # what has nothing to write does not look for what was left
    if at.task is TASKS["release"]:
        (at.base / "CHANGELOG.md").write_bytes(at.before["CHANGELOG.md"])  # as the program asks for
    run(at.base, at.task.line)
    assert tree(at.base) == at.after
    assert not left(at)


# --- faults -----------------------------------------------------------------------------------

Fault = Callable[[Place], str]  # makes the fault and judges what is left
WRITES = "openat,write,pwrite64,fsync,fdatasync,rename,renameat2,mkdir,ftruncate"


def traced(at: Place, *options: str) -> subprocess.CompletedProcess[bytes]:
    """The task under strace; the calls of its own process are written to `trace`, not those of a git."""
    words = ["strace", "-qq", "-o", str(at.base / "trace"), *options, *command(*at.words)]
    return subprocess.run(words, capture_output=True, env=environment(), check=False, timeout=60)


@cache
def calls(task: str) -> list[tuple[str, int]]:
    """(name of the call, how many of this name came before it, from 1) from the first touch of an output on."""
    with place(task) as at:
        traced(at, f"--trace={WRITES},close,unlink,rmdir,flock,lseek,read,pread64")
        lines = (at.base / "trace").read_text(encoding="utf-8", errors="replace").splitlines()
    seen: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    for line in lines:
        if match := re.match(r"(\w+)\(", line):
            seen[match[1]] += 1
            # the folder's name is not ASCII, so that strace writes it in octal
            if found or re.search(r'/dist["/]|\.ketamine-anki-', line):
                found.append((match[1], seen[match[1]]))
    return found


def injected(at: Place, what: str, name: str, number: int) -> str:
    """A signal or an error at one call."""
    done = traced(at, f"--trace={name}", f"--inject={name}:{what}:when={number}")
    sent = SIGNALS.get(what.removeprefix("signal="))
    if sent == signal.SIGKILL:
        return judge(at, done, {-sent}, killed=True)
    assert re.search(rb"\(INJECTED\)|--- SIG", (at.base / "trace").read_bytes()), "no fault was put in"
    return judge(at, done, {0, sent} if sent else {0, 1, 2, 74})


def at_calls(task: str, what: str, most: int) -> Iterator[tuple[str, Fault]]:
    """A run for each call, or for so many of them, with a fault at it."""
    found = [call for call in calls(task) if what.startswith("signal") or call[0] in WRITES.split(",")]
    most = min(most, len(found))
    for n in range(most):
        name, number = found[(2 * n + 1) * len(found) // (2 * most)]
        yield f"{name} {number}", partial(injected, what=what, name=name, number=number)


def in_shell(at: Place, line: str, codes: set[int]) -> str:
    """The task inside a line of bash that names it RUN."""
    script = f"set -o pipefail; {line}".replace("RUN", shlex.join(command(*at.words)))
    done = subprocess.run(["bash", "-c", script], cwd=at.base, capture_output=True, env=environment(), check=False)
    return judge(at, done, codes)


OTHERS = {
    "four builds at once": ("RUN & RUN & RUN & RUN & for job in $(jobs -p); do wait $job || exit; done", {0}),
    "output cannot be made": ("RUN -o /proc/nowhere", {74}),
    "source vanishes": ("RUN & sleep 0.3; mv decks away; wait $!; code=$?; mv away decks; exit $code", {0, 1, 2, 74}),
    "source changes": (
        (
            "cd decks; cp 01-first.yaml .copy; RUN & for n in {1..40}; do cat .copy >01-first.yaml; sleep 0.01; done; "
            "wait $!; code=$?; mv .copy 01-first.yaml; exit $code"
        ),
        {0, 1},
    ),
    **{f"files of {size} KiB at most": (f"ulimit -f {size}; RUN", {0, 74}) for size in (0, 1, 4, 16, 32, 59)},
    "standard output closed": ("RUN >&-", {0}),
    "standard error closed": ("RUN 2>&-", {0}),
    "all closed": ("RUN <&- >&- 2>&-", {0}),
    "standard output full": ("RUN >/dev/full", {74}),
    "nobody reads": ("RUN | head -c 0", {0, 1}),
    "locale C": ("LC_ALL=C LANG=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 RUN", {0}),
    "no HOME": ("unset HOME; RUN", {0}),
}


def campaign(most: int) -> Iterator[tuple[str, str, Iterator[tuple[str, Fault]]]]:
    """(task, class of fault, its runs)."""
    signals, errors = (f"signal={name}" for name in SIGNALS), ("error=ENOSPC", "error=EIO", "error=EACCES")
    for what in (*signals, *errors):
        for task in TASKS:
            yield task, what, at_calls(task, what, most)
    others = ((name, partial(in_shell, line=line, codes=codes)) for name, (line, codes) in OTHERS.items())
    yield "build", "other faults", others


def main(most: int = 10**9, word: str = "") -> int:
    """Runs the campaign, or the classes with this word, and prints its table; 1 when a promise was broken."""
    for name in SIGNALS:
        if name != "KILL":  # nohup, or a shell behind whose back we run, may have told us to ignore some
            signal.signal(signal.Signals[f"SIG{name}"], signal.SIG_DFL)
    states, broken = ("old", "new", "mixed", "wrong"), []
    print(f"{'fault':30}", *(f"{state:>6}" for state in states))
    for task, what, faults in campaign(most):
        if word not in f"{task}: {what}":
            continue
        counts: Counter[str] = Counter()
        for name, fault in faults:
            try:
                with place(task) as at:
                    counts[fault(at)] += 1
            except AssertionError as error:
                counts["wrong"] += 1
                broken.append(f"{task}: {what}: {name}: {error}")
        print(f"{f'{task}: {what}':30}", *(f"{counts[state]:6}" for state in states), flush=True)
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    asked = sys.argv[1:]
    limit = int(asked.pop(0)) if asked and asked[0].isdecimal() else 10**9
    sys.exit(main(limit, *asked))
