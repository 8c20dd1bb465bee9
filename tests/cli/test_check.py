"""`check`: formats of findings, and some files of a collection instead of all."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_deck
from program import run
from small_deck import write

GOOD = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n  yield: core\n"
MISTAKE = "- question: Which gas do plants take up?\n  anwser: Carbon dioxide\n"


@pytest.fixture
def two_decks(tmp_path: Path) -> Path:
    """A good deck, and one with an unknown claim and an id of the first."""
    second = "- {id: note-1, question: 'Which gas do plants give off?', answer: Oxygen, claims: [C-9]}"
    return write(tmp_path / "two", GOOD, {"02-second.yaml": small_deck.deck(second, "Second Part")})


@pytest.mark.parametrize(
    ("inside", "place"), [(".", "decks/"), ("decks", ""), ("decks/media", "../"), ("other/folder", "../../decks/")]
)
def test_the_collection_is_found_from_anywhere_in_it(tmp_path: Path, monkeypatch, inside: str, place: str) -> None:
    write(tmp_path / "decks", GOOD)
    (tmp_path / inside).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / inside)
    for command in ("check", "stats", "fmt"):
        assert run(command).code == 0, command
    write(tmp_path / "decks", MISTAKE)
    assert run("check", "--format", "lines").out.startswith(f"{place}01-first.yaml:14:3: unknown key")


def test_without_a_collection_above_the_usual_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "decks: no such folder: name the folder that holds collection.yaml" in run("check").err


def test_text_can_be_asked_for_and_coloured_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path, MISTAKE)
    ran = run("check", "--format", "text", folder)
    assert " |   anwser: Carbon dioxide\n   |   ^^^^^^ did you mean 'answer'?\n" in ran.out
    assert "`ketamine-anki rules unknown-key` explains" in ran.err
    assert "\x1b" not in ran.out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[31m" in run("check", "--format", "text", folder).out


def test_github_annotates_ten_and_sums_up_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "decks", MISTAKE * 12)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert "`ketamine-anki check` shows all" in run("check", "--format", "github", folder).err
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    ran = run("check", "--format", "github", folder)
    assert (ran.code, [line.split(" ")[0] for line in ran.out.splitlines()]) == (1, ["::error"] * 10)
    assert "the first 10 are annotated" in ran.err
    assert summary.read_text(encoding="utf-8").count("unknown-key") == 12


def test_json_is_whole_and_github_silent_without_findings(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD)
    assert run("check", "--format", "json", folder).out == "[]\n"
    assert run("check", "--format", "github", folder).out == ""


def test_a_finding_in_what_cannot_be_shown_has_no_frame(tmp_path: Path) -> None:
    """A link is not followed for its frame either, and a picture has no lines."""
    folder = write(tmp_path, GOOD, {"media/unused.png": small_deck.PIXEL})
    (folder / "02-second.yaml").symlink_to("/etc/hostname")
    for rule in ("[file]", "[unused-picture]"):
        (line,) = filter(None, run("check", "--format", "text", folder).out.splitlines())
        assert line.endswith(rule)
        (folder / "02-second.yaml").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("files", "rules"),
    [
        (["02-second.yaml"], {"unknown-claim", "duplicate-id"}),
        (["01-first.yaml"], {"duplicate-id"}),  # its finding stands in the other file and names a place in this one
        (["collection.yaml", "source.yaml"], set()),
    ],
)
def test_files_are_checked_in_their_collection_and_others_are_not_shown(files, rules, two_decks: Path) -> None:
    ran = run("check", *(two_decks / file for file in files))
    found = {line.rpartition("[")[2].rstrip("]") for line in ran.out.splitlines()}
    assert (ran.code, found) == (1 if rules else 0, rules)


def test_a_file_is_named_from_the_working_folder(two_decks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(two_decks)
    assert run("check", "02-second.yaml").out.startswith("02-second.yaml:")
    monkeypatch.chdir(two_decks.parent)
    assert run("check", "./two/02-second.yaml").out.startswith("two/02-second.yaml:")
    (two_decks.parent / "other").mkdir()
    monkeypatch.chdir("other")
    assert run("check", "../two/collection.yaml").code == 0


def test_files_of_nothing_or_of_two_collections_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        write(tmp_path / name, GOOD)
    Path("stray.yaml").write_text("a: b\n", encoding="utf-8")
    for files, message in (
        (["one/collection.yaml", "two/collection.yaml"], "files of 2 collections: check one collection at a time"),
        (["one/01-first.yaml", "one/nothing.yaml"], "one/nothing.yaml: no such file"),
        (["stray.yaml"], "belongs to no collection"),
    ):
        ran = run("check", *files)
        assert (ran.code, message in ran.err) == (2, True), ran


def test_a_collection_that_cannot_be_read_is_reported_whatever_file_was_named(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD, {"collection.yaml": "title: [\n"})
    assert "collection.yaml:" in run("check", folder / "01-first.yaml").out
