"""Coverage-guided fuzzing, by name: `python tests/fuzz.py TARGET SECONDS [FOLDER]`, TARGET one of

reader    bytes of a deck file: reading and checking never raise, each finding stands inside the file
text      one text of a note: rendering never raises; without mistakes it is balanced HTML and no command of Anki
package   bytes of an .apkg: read, or refused with a PackageError
archive   an .apkg whose zip is sound and whose database and media list are fuzzed

What it finds stays in FOLDER (default: /tmp/fuzz-TARGET); put it into tests/hostile/. Needs atheris.
"""

from __future__ import annotations

import io
import sys
import time
import zipfile
import zlib
from pathlib import Path

import atheris

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

with atheris.instrument_imports(include=["ketamine_anki", "markdown_it", "yaml"]):
    from promises import check_finding, check_rendered

    from ketamine_anki import apkg
    from ketamine_anki.characters import refused
    from ketamine_anki.cli.folder import Folder
    from ketamine_anki.reader import read_deck
    from ketamine_anki.render import render, render_note
    from ketamine_anki.report import as_frames, as_lines
    from ketamine_anki.rules import Check
    from ketamine_anki.rules.rule import View

COLLECTION = Folder(str(REPOSITORY / "decks")).collection
assert COLLECTION is not None


def reader(data: bytes) -> None:
    deck, findings = read_deck("01.yaml", data)
    if deck is not None:
        check = Check(COLLECTION)
        findings += check.deck(deck)
        for note in deck.notes:
            found = check.note(View(note, COLLECTION))
            findings += found
            if not found:
                for key, shown in render_note(note, COLLECTION).items():
                    check_rendered(shown, cloze=key == "text")
        findings += check.finish()
    text = data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = tuple(text.split("\n"))
    for finding in findings:
        if finding.position.path == "01.yaml":
            check_finding(finding, lines)
    assert len(list(as_lines(findings))) == len(list(as_frames(findings, lambda path: lines)))


def text(data: bytes) -> None:
    typed = data.decode("utf-8", "ignore")[:2_000]
    if any(refused(typed)):  # the reader lets none of these through
        return
    for cloze in (False, True):
        check_rendered(render(typed, {"a.png": "a-12345678.png"}, cloze=cloze), cloze=cloze)


def package(data: bytes) -> None:
    try:
        contents = apkg.read_package(data)
        for name in contents.media:
            contents.media[name]
    except apkg.PackageError:
        return


def archive(data: bytes) -> None:
    """The first byte says the form, the rest is cut at its first 0xFF 0xFE into database and media list."""
    if not data:
        return
    database, _, media = data[1:].partition(b"\xff\xfe")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr(("collection.anki2", "collection.anki21", "collection.anki21b")[data[0] % 3], database)
        if data[0] & 4:
            out.writestr("meta", bytes([8, data[0] % 3 + 1]))
        out.writestr("media", media or b"{}")
        out.writestr("0", b"x")
    package(made.getvalue())


def seeds(target: str, folder: Path) -> None:
    """Starting points: the real decks' notes, the hostile cases, small packages."""
    if target == "reader":
        for path in (REPOSITORY / "decks").glob("[0-9]*.yaml"):
            (folder / f"seed-{path.stem}").write_bytes(path.read_bytes()[:3_000].rpartition(b"\n\n")[0])
        for path in (REPOSITORY / "tests" / "hostile").glob("*.yaml"):
            (folder / f"seed-{path.stem}").write_bytes(path.read_bytes()[:3_000])
    elif target == "text":
        for number, seed in enumerate(
            [
                "**a** {{c1::b::h}} $\\frac{a}{b}$",
                "- a\n- b\n\n| a | b |\n| - | - |\n| c | d |",
                "![a](a.png) [b](https://c.d)",
            ]
        ):
            (folder / f"seed-{number}").write_text(seed, encoding="utf-8")
    else:
        from hostile_packages import CASES

        for number, (_, _, make) in enumerate(CASES):
            made = make()
            started = time.process_time()
            package(made)
            if time.process_time() - started > 0.3:  # a bomb within its bounds: too slow for many runs
                continue
            if target == "archive":
                made = _parts(made)
            if len(made) < 60_000:
                (folder / f"seed-{number}").write_bytes(made)


def _parts(package: bytes) -> bytes:
    """A sound package as `archive` wants it."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as read:
            name = next(name for name in reversed(read.namelist()) if name.startswith("collection"))
            form = ("collection.anki2", "collection.anki21", "collection.anki21b").index(name)
            return bytes([form | 4]) + read.read(name) + b"\xff\xfe" + read.read("media")
    except (
        zipfile.BadZipFile,
        StopIteration,
        ValueError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        OSError,
        zlib.error,
    ):
        return b"\0"


def main() -> None:
    target, seconds = sys.argv[1], int(sys.argv[2])
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else f"/tmp/fuzz-{target}")
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    seeds(target, folder / "corpus")
    options = [
        f"-max_total_time={seconds}",
        "-timeout=60",
        "-rss_limit_mb=1500",
        f"-max_len={6_000 if target in ('reader', 'text') else 60_000}",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(folder / "corpus")], globals()[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
