"""Coverage-guided fuzzing, by name: `python tests/deep/fuzz.py TARGET MINUTES [FOLDER]`, TARGET one of

reader    bytes of a deck file, of the other files and of the ledger: reading never raises, each finding stands
          inside the file, and the canonical form reads the same
check     a deck file of real syntax, sound or damaged: reading, all rules, rendering, compiling, reports never raise
text      one text of a note: rendering never raises; without mistakes it is balanced HTML and no command of Anki,
          and what comes back from it as Markdown renders to the same
intake    an edited export: notes of ours and of others, as a package's and as text, are compared and edited in
package   bytes of an .apkg: read, or refused with a PackageError
archive   an .apkg whose zip is sound and whose database and media list are fuzzed

An input that takes over a second of processor time, twice, is a finding, too.
What it finds stays in FOLDER (default: fuzz-TARGET in the folder for temporary files), as does the corpus, from which
the next run goes on; put findings into tests/deep/hostile/ or a test. Needs atheris.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import atheris
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "deep")]

with atheris.instrument_imports(include=["ketamine_anki", "markdown_it", "yaml"]):
    import made
    from promises import check_finding, check_read_quickly, check_rendered, shown_lines, take_deck

    from ketamine_anki.anki import package_reader
    from ketamine_anki.anki.compile import guid
    from ketamine_anki.anki.text_export import read_text
    from ketamine_anki.core.characters import refused
    from ketamine_anki.deckfiles import schema
    from ketamine_anki.deckfiles.formatter import canonical
    from ketamine_anki.deckfiles.reader import read_collection, read_deck
    from ketamine_anki.intake.apply import EditError, edit_deck, entry
    from ketamine_anki.intake.blocks import UnrenderError, blocks
    from ketamine_anki.intake.compare import compare
    from ketamine_anki.intake.unrender import unrender
    from ketamine_anki.release.ledger_file import read_ledger
    from ketamine_anki.text.mathml import with_mathml
    from ketamine_anki.text.render import render


def reader(data: bytes) -> None:
    lines = shown_lines(data.decode("utf-8", "replace"))
    deck, findings = read_deck("d.yaml", data)
    check_read_quickly(data)
    _, others = read_collection(("d.yaml", data), ("d.yaml", data), ("d.yaml", data))
    _, ledger = read_ledger("d.yaml", data)
    for finding in [*findings, *others, *ledger]:
        check_finding(finding, lines)
    if not findings and data.isascii():
        form, _ = canonical("d.yaml", data, schema.DECK)
        assert read_deck("d.yaml", form.encode()) == (deck, [])


def check(data: bytes) -> None:
    choices = made.Choices(data)
    hurt = choices.number(3) == 2
    _, text = made.deck(choices)
    take_deck((made.damaged(choices, text) if hurt else text).encode("utf-8", "surrogatepass"))


def text(data: bytes) -> None:
    typed = data.decode("utf-8", "ignore")[:2_000].strip(" \n\t")
    if any(refused(typed)):  # the reader lets none of these through
        return
    for cloze in (False, True):
        rendered = render(typed, made.collection().media, cloze=cloze)
        check_rendered(rendered, cloze=cloze)
        with_mathml(rendered.html)
        if not rendered.findings:
            names = {packaged: name for name, packaged in made.collection().media.items()}
            try:
                back = unrender(rendered.html, made.collection().media, cloze=cloze)
            except UnrenderError:
                continue
            again = render(back, made.collection().media, cloze=cloze)
            assert blocks(again.html, names) == blocks(rendered.html, names)


def intake(data: bytes) -> None:
    """Bytes choose the notes of the collection and what was done to them; the rest is an export as text."""
    choices = made.Choices(data)
    _, source = made.deck(choices, most=2)
    if any("\ud800" <= letter <= "\udfff" for letter in source):
        return
    deck, findings = read_deck("d.yaml", source.encode())
    notes = deck.notes if deck is not None else ()
    collection = made.collection()
    export = [made.export(choices, note) for note in notes] + choices.some(lambda: made.stranger(choices, notes), 2)
    found = compare(notes, collection, export, choices.some(lambda: made.stranger(choices, notes), 1))
    for proposal in found.proposals:
        entry(proposal, collection)
    if deck is not None and notes and not findings:
        try:
            proposals = [proposal for proposal in found.proposals if proposal.deck == deck.name]
            edit_deck(source.encode(), deck, collection, found.changes, proposals)
        except EditError:
            pass
    try:
        head = b"#separator:tab\n#html:true\n#guid column:1\n" if choices.number(2) else b""
        exported, _ = read_text(head + choices.rest(), lambda identity, kind: ("Front", "Back"))
    except package_reader.PackageError:
        return
    ours = guid(collection.namespace, notes[0].id) if notes else ""
    compare(notes, collection, [note.__class__(ours, *_rest(note)) for note in exported[:3]])


def _rest(note: package_reader.PackagedNote) -> tuple[object, ...]:
    return note.note_type, note.fields, note.tags, note.deck, note.mod


def package(data: bytes) -> None:
    try:
        contents = package_reader.read_package(data)
        for name in contents.media:
            contents.media[name]
    except package_reader.PackageError:
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
    """Starting points: the real decks' notes, the hostile and the bad cases, random choices, small packages."""
    chance = random.Random(1)
    if target == "reader":
        for path in (REPOSITORY / "decks").glob("*.yaml"):
            (folder / f"seed-{path.stem}").write_bytes(path.read_bytes()[:3_000].rpartition(b"\n\n")[0])
        for path in (
            *(REPOSITORY / "tests" / "rules" / "bad").rglob("*.yaml"),
            *(REPOSITORY / "tests" / "rules" / "good").glob("*.yaml"),
        ):
            (folder / f"seed-{path.parent.name}-{path.stem}").write_bytes(path.read_bytes()[:3_000])
        for number in range(40):
            _, text = made.deck(made.Choices(chance.randbytes(120)))
            (folder / f"seed-{number}").write_bytes(text.encode("utf-8", "replace"))
    elif target in ("check", "intake"):
        for number in range(200):
            (folder / f"seed-{number}").write_bytes(chance.randbytes(chance.randrange(20, 300)))
    elif target == "text":
        typed = [made.text(made.Choices(chance.randbytes(60)), cloze=bool(number % 2)) for number in range(100)]
        for path in (REPOSITORY / "tests" / "deep" / "hostile").glob("*.yaml"):
            cases = yaml.load(path.read_bytes(), yaml.CBaseLoader)
            typed += [str(case[key]) for case in cases for key in ("extra", "text") if isinstance(case.get(key), str)]
        for number, seed in enumerate(typed):
            (folder / f"seed-{number}").write_bytes(seed.encode("utf-8", "replace"))
    else:
        from hostile_packages import CASES

        for number, (_, _, make) in enumerate(CASES):
            packed = make()
            started = time.process_time()
            package(packed)
            if time.process_time() - started > 0.3:  # a bomb within its bounds: too slow for many runs
                continue
            if target == "archive":
                packed = _parts(packed)
            if len(packed) < 60_000:
                (folder / f"seed-{number}").write_bytes(packed)


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


TARGETS = {target.__name__: target for target in (reader, check, text, intake, package, archive)}
SECONDS = 1.0
LONGEST = {"reader": 6_000, "check": 400, "text": 2_000, "intake": 600}


def soon(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target, which must end in time; the first time it may have to import something."""

    def timed(data: bytes) -> None:
        for _ in range(2):
            started = time.process_time()
            target(data)
            took = time.process_time() - started
            if took < SECONDS:
                return
        raise AssertionError(f"it takes {took:.1f} s")

    return timed


def words(folder: Path) -> Path:
    """A dictionary of the syntax that the program knows, for the targets that read text."""
    path = folder / "words"
    known = {*made.MARKS, *made.YAML_MARKS, *made.TEX, *made.PHRASES, *made.ODD, *made.HTML}
    known |= {f"{key}: " for key in (*schema.QUESTION_NOTE.keys, *schema.COLLECTION.keys, *schema.SOURCE.keys)}
    entries = ("".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "replace")) for word in sorted(known))
    path.write_text("".join(f'"{entry}"\n' for entry in entries), encoding="ascii")
    return path


def main() -> None:
    if len(sys.argv) < 3 or sys.argv[1] not in TARGETS:
        sys.exit(f"python tests/deep/fuzz.py {'|'.join(TARGETS)} MINUTES [FOLDER]")
    target, minutes = sys.argv[1], float(sys.argv[2])
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else Path(tempfile.gettempdir()) / f"fuzz-{target}")
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    if not any((folder / "corpus").iterdir()):
        seeds(target, folder / "corpus")
    options = [
        f"-max_total_time={max(round(60 * minutes), 1)}",
        "-timeout=60",
        "-rss_limit_mb=1500",
        f"-max_len={LONGEST.get(target, 60_000)}",
        "-print_final_stats=1",
        *([f"-dict={words(folder)}"] if target in ("reader", "text") else ()),
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(folder / "corpus")], soon(TARGETS[target]))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
