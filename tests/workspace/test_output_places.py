"""Where outputs may go: they replace only what the program made, and nothing among the notes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import genanki
import pytest
import small_deck
from program import run
from releases import DAY, START, Project

INSIDE = "is inside the collection's folder decks"
ANOTHER = "second/collection.yaml: choose a folder outside it, such as dist"
FOREIGN = "exists and was not made by this command"
LINK = "exists and is not a regular file"
PAGE = "not the name of a web page"
WRITERS = {
    "build": ("build",),
    "preview": ("preview",),
    "schema": ("schema",),
    "release": ("release", "1.0.0", "--no-repository"),
    "shingles": ("shingles", "text.txt"),
}
HEAD = '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
DRAFT = '{\n "$schema": "http://json-schema.org/draft-07/schema#",\n "$comment": "By hand."\n}\n'
SUMS = f"{0:064}  RELEASE_NOTES.md\n{0:064}  release.json\nmine"


def genanki_package(place: str) -> None:
    genanki.Package(genanki.Deck(5, "Mine")).write_to_file(place)


def another_collection(place: str) -> None:
    small_deck.write(Path(place).parent, "- {question: q, answer: a}")


def hard_link(place: str) -> None:
    os.link("decks/01-first.yaml", place)


@pytest.mark.parametrize(
    ("command", "out", "place", "content", "reason"),
    [
        ("preview", "decks/01-first.yaml", "", "", PAGE),
        ("preview", "LICENSE", "LICENSE", "MIT", PAGE),
        ("preview", "decks/page.html", "", "", INSIDE),
        ("preview", "link/page.html", "link", Path("decks"), INSIDE),
        ("preview", "Decks/COLLECTION.html", "Decks", os.mkdir, INSIDE),
        ("preview", "second/page.html", "second/collection.yaml", another_collection, ANOTHER),
        ("preview", "site.html", "site.html", "<!DOCTYPE html>\n<title>Mine</title>", FOREIGN),
        ("preview", "site.html", "site.html", f'{HEAD}<meta name="generator" content="Hugo">', FOREIGN),
        ("preview", "hard.html", "hard.html", hard_link, FOREIGN),
        ("preview", "page.html", "page.html", Path("nowhere"), LINK),
        ("build", "decks", "", "", INSIDE),
        ("build", "decks/a/b", "", "", INSIDE),
        ("build", "other/../decks/new", "other", os.mkdir, INSIDE),
        ("build", "second/new", "second/collection.yaml", another_collection, ANOTHER),
        ("build", "dist", "dist/small-deck.apkg", genanki_package, FOREIGN),
        ("build", "dist", "dist/small-deck.apkg", hard_link, FOREIGN),
        ("build", "dist", "dist/small-deck.apkg", Path("../text.txt"), LINK),
        ("build", "dist", "dist/small-deck.apkg", os.mkdir, LINK),
        ("build", "dist", "dist/small-deck.apkg", os.mkfifo, LINK),
        ("schema", "decks/media", "", "", INSIDE),
        ("schema", "second", "second/collection.yaml", another_collection, ANOTHER),
        ("schema", "", "decks/deck.schema.json", DRAFT, FOREIGN),
        ("schema", "dist", "dist/deck.schema.json", Path("../text.txt"), LINK),
        ("release", "Decks", "", "", INSIDE),
        ("release", "second", "second/collection.yaml", another_collection, ANOTHER),
        ("release", "dist", "dist/RELEASE_NOTES.md", "# Small Deck 1.0.0\n\nFirst release: 3 notes.\n", FOREIGN),
        ("release", "dist", "dist/RELEASE_NOTES.md", Path("../text.txt"), LINK),
        ("release", "dist", "dist/ANKIWEB.md", "# AnkiWeb\n", FOREIGN),
        ("release", "dist", "dist/release.json", '{\n "collection": "Small Deck",\n "version": "1.0.0"\n}', FOREIGN),
        ("release", "dist", "dist/SHA256SUMS", f"{0:064}  small-1.0.0.apkg\n", FOREIGN),
        ("release", "dist", "dist/SHA256SUMS", SUMS, FOREIGN),
        ("release", "dist", "dist/small-1.0.0-gallery.html", "<p>mine</p>", FOREIGN),
        ("release", "dist", "dist/small-1.0.0.apkg", "mine", FOREIGN),
        ("shingles", "", "decks/shingles.txt", "# Hashed word runs of mine", FOREIGN),
        ("shingles", "", "decks/shingles.txt", Path("../text.txt"), LINK),
    ],
)
def test_an_output_replaces_nothing_that_the_program_did_not_make(
    project: Project, command: str, out: str, place: str, content: str | Path | Callable[[str], None], reason: str
) -> None:
    (project.root / "text.txt").write_text("The source text.", encoding="utf-8")
    if place:
        path = project.root / place
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif isinstance(content, Path):
            path.symlink_to(content)
        else:
            content(str(path))
    before = project.tree()
    for dry_run in ((), ("--dry-run",)) if command == "release" else ((),):
        ran = run(*WRITERS[command], "decks", *(("-o", out) if out else ()), *dry_run)
        assert (ran.code, ran.out, reason in ran.err) == (2, "", True), ran
        assert project.tree() == before
    assert list(project.root.rglob("*.tmp")) == []


def test_an_older_output_of_the_same_command_is_replaced(project: Project) -> None:
    """With Windows' line ends, too, and an empty file, as of mktemp."""
    (project.root / "text.txt").write_text("The source text has a few words.", encoding="utf-8")
    project.dist.mkdir()
    (project.dist / "small-deck.apkg").touch()
    (project.dist / "preview.html").touch()
    project.released("1.0.0")
    commands = [("build",), ("preview",), ("schema",), ("shingles", "text.txt"), ("release", "1.0.0", "--rebuild")]
    for _ in range(2):
        for words in commands:
            assert run(*words).code == 0, words
        for path in (*project.decks.glob("*.schema.json"), *project.dist.glob("*[!g]")):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def test_an_input_is_not_replaced(project: Project) -> None:
    project.released("1.0.0")
    (project.dist / "small-1.0.0.apkg").rename(project.dist / "small-1.0.1.apkg")
    project.edit("gas", answer="CO2")
    project.at(START + DAY)
    before = project.tree()
    for dry_run in ((), ("--dry-run",)):
        ran = project.release("1.0.1", "--since", "dist/small-1.0.1.apkg", *dry_run)
        assert (ran.code, "is read by --since and would be replaced" in ran.err) == (2, True), ran
        assert project.tree() == before


def test_a_stray_file_above_is_no_collection(project: Project) -> None:
    (project.root / "collection.yaml").touch()
    assert run("build", "decks").code == 0
    assert run("init", "other").code == 0


@pytest.mark.parametrize("place", ["decks/inner", "decks/media", "decks/a/b"])
def test_no_collection_is_made_inside_another(project: Project, place: str) -> None:
    before = project.tree()
    ran = run("init", place)
    assert (ran.code, "is inside the folder of" in ran.err, "decks/collection.yaml" in ran.err) == (2, True, True), ran
    assert project.tree() == before


@pytest.mark.parametrize(
    "words",
    [
        "build -o loop", "build -o loop/dist", "preview -o loop/page.html", "preview -o loop.html", "schema -o loop",
        "preview --against loop", "diff loop", "release 1.0.0 --no-repository -o loop", "release 1.0.0 loop",
        "check loop", "stats loop", "fmt loop", "init loop", "new loop", "intake loop", "submit loop", "shingles loop",
    ],
)  # fmt: skip
def test_a_link_that_leads_to_itself_is_one_sentence(project: Project, words: str) -> None:
    for name in ("loop", "loop.html"):
        (project.root / name).symlink_to(name)
    ran = run(*words.split())
    assert (ran.code in (2, 74), ran.err.count("\n"), "loop" in ran.err) == (True, 1, True), ran


def test_the_hashes_are_not_taken_for_the_source_text(project: Project) -> None:
    (project.root / "text.txt").write_text("The source text has more than eight words, this one has ten.", "utf-8")
    assert run("shingles", "text.txt").code == 0
    before = project.tree()
    ran = run("shingles", "decks/shingles.txt")
    assert (ran.code, "holds the hashes, not the source text" in ran.err) == (2, True)
    assert project.tree() == before


def test_another_name_does_not_hide_the_collection(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Windows calls DECKS~1 may be decks: the system is asked."""
    monkeypatch.setattr(os.path, "samefile", lambda one, other: Path(one).name == "DECKS~1")
    ran = run("build", "decks", "-o", "DECKS~1/dist")
    assert (ran.code, INSIDE in ran.err) == (2, True)


def test_in_the_folder_of_the_collection_the_message_says_where_to_write(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the folder is not named, the default is beside it."""
    (project.decks / "media").mkdir()
    for place in (project.decks, project.decks / "media"):
        monkeypatch.chdir(place)
        for command, written in (("build", "small-deck.apkg"), ("preview", "preview.html")):
            ran = run(command, project.decks, "-o", "dist/page.html" if command == "preview" else "dist")
            assert (ran.code, ran.err.endswith(f"such as {os.path.relpath(project.dist)}\n")) == (2, True), ran
            assert run(command).code == 0
            (project.dist / written).unlink()
