"""Nothing that a stranger sends takes over a second or 200 MB, or ends with an internal error.

Each command runs in a process of its own. The processor time is that over a start-up: the same command
with a small input, measured beside it. A machine that is busy makes both longer: then both are measured
again.
"""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import package_bytes as made
import pytest
import small_deck
from program import environment
from small_deck import png_part as part

from ketamine_anki.anki.compile import guid
from ketamine_anki.anki.notetypes import note_types

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by Linux")

SECONDS, MEGABYTES = 10.0, 200.0  # about one second on a quiet machine; a bomb takes minutes
MEASURE = """
import re, sys, time
from ketamine_anki.cli import main
try:
    main(sys.argv[2:])
finally:
    # getrusage would tell the peak of the process that started this one
    with open("/proc/self/status", encoding="utf-8") as status:
        peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) / 1024
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(f"{time.process_time()} {peak}")
"""


class Spent(NamedTuple):
    seconds: float
    megabytes: float
    code: int
    said: str


def spend(scratch: Path, *arguments: str | Path) -> Spent:
    """Runs a command of the program; what it took."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, scratch / "spent", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(), timeout=120, check=False,
    )  # fmt: skip
    seconds, peak = map(float, (scratch / "spent").read_text("utf-8").split())
    return Spent(seconds, peak, done.returncode, done.stdout.decode("utf-8")[-2000:])


def check(scratch: Path, codes: tuple[int, ...], *arguments: str | Path) -> Spent:
    """Runs a bomb, and again beside a start-up of its own when the machine was busier than at first."""
    start_up = _first_start_up(scratch, str(arguments[0]))
    for _ in range(4):
        spent = spend(scratch, *arguments)
        assert spent.code in codes, spent.said
        assert spent.megabytes < MEGABYTES
        if spent.seconds - start_up < SECONDS:
            break
        start_up = _start_up(scratch, str(arguments[0]))
    print(f"{spent.seconds - start_up:.2f} s, {spent.megabytes:.0f} MB")
    assert spent.seconds - start_up < SECONDS
    return spent


NOTE = """
- question: Which gas do plants take up?
  answer: Carbon dioxide
"""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small collection in `decks`."""
    folder = tmp_path_factory.mktemp("bombs")
    small_deck.write(folder / "decks", NOTE)
    return folder


def _start_up(scratch: Path, command: str) -> float:
    path = scratch / "small.apkg"
    path.write_bytes(edited("A leaf."))
    arguments = {
        "intake": (path, scratch / "decks"),
        "diff": (path, scratch / "decks"),
        "fmt": ("--check", scratch / "decks"),
        "check": (scratch / "decks",),
        "preview": (scratch / "decks", "-o", scratch / "small.html"),
    }
    return spend(scratch, command, *arguments[command]).seconds


@cache
def _first_start_up(scratch: Path, command: str) -> float:
    return min(_start_up(scratch, command) for _ in range(3))


# --- packages ---------------------------------------------------------------------------------

OURS = note_types()["question"].fields
DECKS = {"3": {"name": "Small Deck::01 First Part", "desc": ""}}


def packed(database: bytes) -> bytes:
    return made.pack(("collection.anki2", database), ("media", b"{}"), method=8)


def edited(html: str) -> bytes:
    """A package with one note of the collection, another text in its field Extra."""
    kind = made.MODEL | {"name": "Small Deck: question and answer", "flds": [{"name": name} for name in OURS]}
    texts = dict.fromkeys(OURS, "") | {"Question": "Which gas do plants take up?", "Answer": "Carbon dioxide"}
    fields = "\x1f".join((texts | {"Extra": html}).values())
    note = (11, guid("tests/small", "note-1"), 7, 1_700_000_000, "", fields)
    return packed(made.database(models={"7": kind}, notes=[note], cards=()))


def new_notes(count: int, front: Callable[[int], str], back: Callable[[int], str] = str, tags: str = "") -> bytes:
    """A package with new notes for the first subdeck."""
    numbers = range(1, count + 1)
    notes = ((n, f"g{n}", 7, 1, tags, f"{front(n)}\x1f{back(n)}") for n in numbers)
    return packed(made.database(decks=DECKS, notes=notes, cards=((n, n, 3, 0, 0) for n in numbers)))


def wide_and_junk() -> bytes:
    """Texts that take four times as much memory, beside much that is no card."""
    text = "a" * 190_000 + "\U0001f600\x1f"
    whole = made.database(notes=((n, f"g{n}", 7, 1, "", text) for n in range(1, 30)))
    return made.pack(("collection.anki2", whole), ("media", b"{}"), ("zz", random.Random(1).randbytes(70 << 20)))


PACKAGES: dict[str, Callable[[], bytes]] = {
    "notes-one-front": lambda: new_notes(5_000, lambda n: "Which front is it?"),
    "notes-other-fronts": lambda: new_notes(5_900, lambda n: f"Which front is number {n}?"),
    "notes-of-signs": lambda: new_notes(199, lambda n: "<b>*a_[x](</b> " * 150),
    "notes-of-bold": lambda: new_notes(40, lambda n: "<b>a</b>b" * 300),
    "notes-with-tags": lambda: new_notes(5_000, str, tags=" ".join(f"t{n}" for n in range(30))),
    "long-words": lambda: new_notes(79, lambda n: "w " * 95_000),
    "long-signs": lambda: new_notes(79, lambda n: "<b>&amp;" * 24_000),
    "long-clozes": lambda: new_notes(69, lambda n: "{{c1::" * 28_000 + "}}" * 8_000),
    "long-escapes": lambda: new_notes(69, lambda n: "\x1b" * 190_000),
    "long-open-tags": lambda: new_notes(69, lambda n: "<img " * 39_000),
    "wide-and-junk": wide_and_junk,
    "edit-math": lambda: edited(r"\(" * 20_000),
    "edit-half-tags": lambda: edited("</" * 20_000),
    "edit-comments": lambda: edited("<!--" * 10_000),
    "edit-cdata": lambda: edited("<![CDATA[" * 4_000),
    "edit-open-quote": lambda: edited('<a href="' + "x" * 30_000),
    "edit-giant-number": lambda: edited("&#" + "9" * 5_000 + ";"),
    "edit-giant-hexadecimal": lambda: edited("&#x" + "f" * 5_000 + ";"),
    "edit-giant-list": lambda: edited(f'<ol start="{"9" * 5_000}"><li>a</li></ol>'),
    "edit-stars": lambda: edited("*a " * 13_000),
    "edit-spans": lambda: edited("<span>" * 35 + "a b " * 9_000),
    "edit-italics": lambda: edited("<b>" * 30 + "<i>a</i>" * 4_900),
    "edit-clozes": lambda: edited("{{c1::" * 6_600),
    "edit-same-words": lambda: edited("carbon dioxide " * 2_600),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_taken_in_and_compared_in_bounds(name: str, scratch: Path) -> None:
    path = scratch / f"{name}.apkg"
    path.write_bytes(PACKAGES[name]())
    check(scratch, (0, 1), "intake", path, scratch / "decks")
    for form in ("text", "json"):
        check(scratch, (0, 1), "diff", "--format", form, path, scratch / "decks")


PAIRS: dict[str, tuple[Callable[[], bytes], Callable[[], bytes]]] = {
    "repeated-words": (
        lambda: new_notes(5_000, str, lambda n: "a b " * 100 + "x"),
        lambda: new_notes(5_000, str, lambda n: "b a a " * 60 + "y"),
    ),
    "long-repeated-words": (
        lambda: new_notes(70, str, lambda n: "a b " * 20_000 + "x"),
        lambda: new_notes(70, str, lambda n: "b a a " * 15_000 + "y"),
    ),
    "many-small-changes": (
        lambda: new_notes(5_900, str, lambda n: f"a {n} b"),
        lambda: new_notes(5_900, str, lambda n: f"a {n + 1} c"),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_packages_are_compared_in_bounds(name: str, scratch: Path) -> None:
    paths = [scratch / f"{name}-{side}.apkg" for side in ("old", "new")]
    for path, make in zip(paths, PAIRS[name], strict=True):
        path.write_bytes(make())
    for form in ("text", "markdown", "json"):
        check(scratch, (0,), "diff", "--format", form, *paths)


# --- text exports -----------------------------------------------------------------------------

HEAD = "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n"


def rows(text: str, most: int = 4 << 20) -> str:
    """A text export that fills the limit with numbered copies of a row."""
    return HEAD + "".join(f"g{n}\tBasic\tSmall Deck\t{text}\n" for n in range(most // (len(text) + 30)))


TEXTS: dict[str, tuple[Callable[[], str], str]] = {
    "heads": (lambda: "#a:\n" * 500_000, "over 100 lines at its start begin with '#'"),
    "heads-32-mb": (lambda: "#a:\n" * 8_000_000, "at most 4,194,304"),
    "one-head": (lambda: "#a:" + "b" * 4_000_000, "this is no text export"),
    "one-front": (lambda: rows("Which front is it?\tb", 300_000), "export fewer notes"),
    "signs": (lambda: rows("<b>*a_[x](</b> " * 30 + "\tb", 2 << 20), "export fewer notes"),
    "columns": (lambda: rows("\t".join("q" * 45), 700_000), "export fewer notes"),
    "wide-columns": (lambda: rows("\t".join("q" * 1_000)), "has 1,003 columns: at most 50"),
    "one-line": (lambda: HEAD + "\t" * 4_000_000, "has 4,000,001 columns: at most 50"),
    "one-wide-line": (lambda: HEAD + "\U0001f600\t" * 800_000, "has 800,001 columns: at most 50"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_export_is_refused_in_bounds(name: str, scratch: Path) -> None:
    make, sentence = TEXTS[name]
    path = scratch / f"{name}.txt"
    path.write_text(make(), encoding="utf-8")
    spent = check(scratch, (1,), "intake", path, scratch / "decks")
    assert sentence in spent.said
    assert spent.said.count("\n") == 1


# --- deck files -------------------------------------------------------------------------------


def notes(count: int, extra: str = "", before: str = "") -> str:
    return "deck: First Part\nnotes:\n" + "".join(
        f"{before}  - id: note-{n}\n    question: Which gas do plants take up?\n    answer: Carbon dioxide\n"
        f"{extra}    source: only-section/1\n    cites: [problem/1]\n    claims: [C-1]\n    tags: [Plants]\n"
        "    yield: core\n    skill: recall\n"
        for n in range(count)
    )


FILES: dict[str, Callable[[], str]] = {
    "comments": lambda: notes(1) + "# c\n" * 500_000,
    "comments-between-notes": lambda: notes(1_000, before="  # c\n" * 200),
    "comments-just-allowed": lambda: notes(500, before="  # c\n" * 10),
    "comments-beside": lambda: notes(700, extra="    extra: A leaf.  # c\n" + "    # c\n" * 5),
    "comments-in-brackets": lambda: notes(1).replace("[Plants]", "[\n" + "      T,  # c\n" * 900 + "    ]"),
    "signs-in-quotes": lambda: notes(90, extra=f"    extra: '{'#' * 19_000}'\n"),
    "long-texts": lambda: notes(90, extra=f"    extra: '{'x ' * 9_990}x'\n"),
    "one-word-with-accents": lambda: notes(1, extra=f"    extra: {('e' + chr(0x301)) * 250_000}\n"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_deck_file_is_put_in_form_or_checked_in_bounds(name: str, scratch: Path) -> None:
    folder = small_deck.write(scratch / name, files={"01-first.yaml": FILES[name]()})
    check(scratch, (1,), *(("check",) if "accents" in name else ("fmt", "--check")), folder)


# --- pictures ---------------------------------------------------------------------------------


def big_picture(size: int) -> bytes:
    head = part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
    pixels = part(b"IDAT", zlib.compress(random.Random(size).randbytes(size), 0))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + part(b"IEND", b"")


def test_large_pictures_are_shown_in_bounds(scratch: Path) -> None:
    """Six pictures just under 10 MB: seven would be over the limit of all together."""
    shown = "".join(
        f"- question: Which gas is number {n}?\n  answer: Gas\n  extra: '![leaf {n}](p{n}.png)'\n" for n in range(6)
    )
    pictures = {f"media/p{n}.png": big_picture(9_900_000 + n) for n in range(6)}
    folder = small_deck.write(scratch / "pictures", shown, pictures)
    page = scratch / "page.html"
    check(scratch, (0, 1), "preview", folder, "-o", page)
    assert page.stat().st_size > 6 * 9_900_000 * 4 / 3


def busy_jpeg() -> bytes:
    """As many FF among the pixels as are let through: the search for the end stops at each."""
    frame = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    return b"\xff\xd8" + frame + scan + (b"\xff\x00" + b"p" * 62) * 160_000 + b"\xff\xd9"


PIXEL = zlib.compress(bytes(5))


def busy_png() -> bytes:
    """As many parts as are let through."""
    head = part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT") * 57 + part(b"IDAT", PIXEL) + part(b"IEND")


MEDIA: dict[str, Callable[[], dict[str, bytes]]] = {
    "busy-jpegs": lambda: {f"media/p{n}.jpg": busy_jpeg() for n in range(6)},
    "busy-pngs": lambda: {f"media/p{n}.png": busy_png() for n in range(2_000)},
}


@pytest.mark.parametrize("name", MEDIA)
def test_pictures_are_walked_in_bounds(name: str, scratch: Path) -> None:
    spent = check(scratch, (1,), "check", small_deck.write(scratch / name, NOTE, MEDIA[name]()))
    assert "unused-picture" in spent.said
    assert "[picture]" not in spent.said
