"""Nothing that a stranger sends takes minutes or over 200 MB, or ends with an internal error.

Each command runs in a process of its own, with the limits of the shell on its processor time and memory.
"""

from __future__ import annotations

import random
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import hostile_cases
import package_bytes
import pytest
import small_deck
from hostile_cases import Case
from hostile_packages import CASES
from program import command, environment, execute
from small_deck import png_part

from ketamine_anki.anki.compile import guid
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.limits import MAX_TEXT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as on Linux")

SECONDS, MEGABYTES = 10, 200  # about one second on a quiet machine; a bomb takes minutes
NOTE = "- {question: Which gas do plants take up?, answer: Carbon dioxide}\n"
Make = Callable[[], bytes]


def limited(*words: str | Path, codes: tuple[int, ...] = (0,)) -> str:
    """Runs a program within the limits of memory; returns what it prints."""
    line = f'ulimit -d {MEGABYTES << 10}; exec "$@" 2>&1'
    ran = execute("bash", "-c", line, "bash", *words, env=environment())
    assert ran.code in codes, ran.out[-2000:]
    assert "Traceback" not in ran.out, ran.out[-2000:]
    return ran.out


def take(codes: tuple[int, ...], *words: str | Path) -> str:
    """Runs a command of the program within the limits; returns what it prints."""
    return limited("bash", "-c", f'ulimit -t {SECONDS}; exec "$@"', "bash", *command(*words), codes=codes)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small collection in `decks`."""
    folder = tmp_path_factory.mktemp("bombs")
    small_deck.write(folder / "decks", NOTE)
    return folder


# --- packages ---------------------------------------------------------------------------------


def packed(database: bytes) -> bytes:
    return package_bytes.pack(("collection.anki2", database), ("media", b"{}"), method=8)


def edited(html: str) -> bytes:
    """A package with one note of the collection, another text in its field Extra."""
    names = note_types()["question"].fields
    kind = package_bytes.MODEL | {"name": "Small Deck: question and answer", "flds": [{"name": name} for name in names]}
    texts = {"Question": "Which gas do plants take up?", "Answer": "Carbon dioxide", "Extra": html}
    fields = "\x1f".join(texts.get(name, "") for name in names)
    note = (11, guid("tests/small", "note-1"), 7, 1_700_000_000, "", fields)
    return packed(package_bytes.database(models={"7": kind}, notes=[note], cards=()))


def new_notes(count: int, front: Callable[[int], str], back: Callable[[int], str] = str, tags: str = "") -> bytes:
    """A package with new notes for the first subdeck."""
    numbers = range(1, count + 1)
    decks = {"3": {"name": "Small Deck::01 First Part", "desc": ""}}
    notes = ((n, f"g{n}", 7, 1, tags, f"{front(n)}\x1f{back(n)}") for n in numbers)
    return packed(package_bytes.database(decks=decks, notes=notes, cards=((n, n, 3, 0, 0) for n in numbers)))


def wide_and_junk() -> bytes:
    """Texts that take four times as much memory, beside much that is no card."""
    whole = package_bytes.many_notes(30, "a" * 190_000 + "\U0001f600\x1f")
    junk = random.Random(1).randbytes(70 << 20)
    return package_bytes.pack(("collection.anki2", whole), ("media", b"{}"), ("zz", junk))


PACKAGES: dict[str, Make] = {
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
}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_taken_in_and_compared_in_bounds(name: str, scratch: Path) -> None:
    path = scratch / f"{name}.apkg"
    path.write_bytes(PACKAGES[name]())
    take((0, 1), "intake", path, scratch / "decks")
    for form in ("text", "json"):
        take((0, 1), "diff", "--format", form, path, scratch / "decks")


READ = f"""
import signal, sys
from pathlib import Path
from ketamine_anki.anki.package_reader import PackageError, read_package
for path in sys.argv[1:]:
    signal.setitimer(signal.ITIMER_PROF, {SECONDS})  # of processor time; then it is killed
    try:
        read_package(Path(path).read_bytes())
    except PackageError:
        pass
"""


def test_every_hostile_package_is_read_or_refused_in_bounds(tmp_path: Path) -> None:
    for name, _, make in CASES:
        (tmp_path / name).write_bytes(make())
    paths = sorted(tmp_path.iterdir())
    limited(sys.executable, "-c", READ, *paths)
    assert sorted(tmp_path.iterdir()) == paths, "nothing is written"


PAIRS: dict[str, tuple[Make, Make]] = {
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
        take((0,), "diff", "--format", form, *paths)


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
    said = take((1,), "intake", path, scratch / "decks")
    assert (sentence in said, said.count("\n")) == (True, 1), said


# --- collections ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in hostile_cases.cases() if case.is_bomb], ids=lambda case: case.name)
def test_a_bomb_of_the_hostile_corpus_is_checked_in_bounds(case: Case, tmp_path: Path) -> None:
    take((0, 1), "check", hostile_cases.write(case, tmp_path))


def notes(count: int, extra: str = "", before: str = "") -> str:
    """A deck file with copies of a note, its key `extra` and lines before it."""
    record = small_deck.deck(NOTE).split("- id: note-1\n")[1]
    return "deck: First Part\nnotes:\n" + "".join(f"{before}- id: note-{n}\n{extra}{record}" for n in range(count))


def full(sign: str, times: int) -> str:
    """Notes with a text as long as may be, full of a sign."""
    text = f"x *a* {sign * times}{'word ' * 4_000}"[: MAX_TEXT - 1]
    return notes(90, f"  extra: '{text}'\n")


FILES: dict[str, Callable[[], str]] = {
    "comments": lambda: notes(1) + "# c\n" * 500_000,
    "comments-between-notes": lambda: notes(1_000, before="  # c\n" * 200),
    "comments-just-allowed": lambda: notes(500, before="  # c\n" * 10),
    "comments-beside": lambda: notes(700, extra="  extra: A leaf.  # c\n" + "  # c\n" * 5),
    "comments-in-brackets": lambda: notes(1, extra="  evidence: [\n" + "    T,  # c\n" * 900 + "  ]\n"),
    "signs-in-quotes": lambda: notes(90, extra=f"  extra: '{'#' * 19_000}'\n"),
    "long-texts": lambda: notes(90, extra=f"  extra: '{'x ' * 9_990}x'\n"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_deck_file_is_put_in_form_in_bounds(name: str, tmp_path: Path) -> None:
    take((1,), "fmt", "--check", small_deck.write(tmp_path, files={"01-first.yaml": FILES[name]()}))


SIGNS = ["}}", "[$]", "{{c1::", "<http://a>", "a_", "*a **b ", "> ", "$a$ b"]
CHECKED = {f"{times} {sign}": full(sign, times) for sign in SIGNS for times in (80, 20_000)}
CHECKED["one-word-with-accents"] = notes(1, extra=f"  extra: {('e' + chr(0x301)) * 250_000}\n")


@pytest.mark.parametrize("name", CHECKED)
def test_a_file_full_of_signs_is_checked_or_refused_soon(name: str, tmp_path: Path) -> None:
    take((1,), "check", small_deck.write(tmp_path, files={"01-first.yaml": CHECKED[name]}))


# --- pictures ---------------------------------------------------------------------------------


def test_large_pictures_are_shown_in_bounds(scratch: Path) -> None:
    """Six pictures just under 10 MB: seven would be over the limit of all together."""
    note = "- {{question: 'Which gas is number {0}?', answer: Gas, extra: '![leaf {0}](p{0}.png)'}}\n"
    stored = (zlib.compress(random.Random(n).randbytes(9_900_000 + n), 0) for n in range(6))
    pictures = {f"media/p{n}.png": small_deck.png(1, 1, pixels=pixels) for n, pixels in enumerate(stored)}
    folder = small_deck.write(scratch / "pictures", "".join(note.format(n) for n in range(6)), pictures)
    page = scratch / "page.html"
    take((0, 1), "preview", folder, "-o", page)
    assert page.stat().st_size > 6 * 9_900_000 * 4 / 3


def busy_jpeg() -> bytes:
    """As many FF among the pixels as are let through: the search for the end stops at each."""
    frame = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    return b"\xff\xd8" + frame + scan + (b"\xff\x00" + b"p" * 62) * 160_000 + b"\xff\xd9"


def busy_png() -> bytes:
    """As many parts as are let through."""
    before, end = small_deck.png(1, 1).split(png_part(b"IEND"))
    head, pixels = before[:33], before[33:]
    return head + png_part(b"IDAT") * 57 + pixels + png_part(b"IEND") + end


MEDIA: dict[str, Callable[[], dict[str, bytes]]] = {
    "busy-jpegs": lambda: {f"media/p{n}.jpg": busy_jpeg() for n in range(6)},
    "busy-pngs": lambda: {f"media/p{n}.png": busy_png() for n in range(2_000)},
}


@pytest.mark.parametrize("name", MEDIA)
def test_pictures_are_walked_in_bounds(name: str, tmp_path: Path) -> None:
    said = take((1,), "check", small_deck.write(tmp_path, NOTE, MEDIA[name]()))
    assert "unused-picture" in said
    assert "[picture]" not in said
