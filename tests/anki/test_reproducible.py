"""Same input, same bytes, on any machine; and note types that learners' collections recognize."""

from __future__ import annotations

import json
import os
import re
import stat
import time
import zipfile
from pathlib import Path

import pytest
import small_deck
from program import command, environment, execute, run

from ketamine_anki.core.errors import Failure
from ketamine_anki.workspace.packages import build_time

SURROUNDINGS = [
    ({"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"}, 0o022),
    ({"TZ": "America/Adak", "PYTHONHASHSEED": "2", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONOPTIMIZE": "1"}, 0o077),
]
NOTES = """
- {id: gas, question: 'What is *é*?', answer: 'A [leaf](https://example.org), $x^2$', picture: '![A leaf](leaf.png)'}
- {id: light, text: 'Green leaves catch {{c1::sunlight}} all day.', caveat: No., evidence: [green-2020]}
"""
SECOND = small_deck.deck(
    "- {id: who, question: 'Who drinks?', answer: Roots, tags: [Zinc, apples, Plants]}", "Second Part"
)


def test_same_bytes_in_other_surroundings(tmp_path: Path) -> None:
    """Other directory, time zone, file modes, hash seed and locale: the packages are the same."""
    outputs = []
    for number, (variables, mask) in enumerate(SURROUNDINGS):
        files = {"media/leaf.png": small_deck.PIXEL, "02-second.yaml": SECOND}
        decks = small_deck.write(tmp_path / f"{number}{'x' * 40 * number}" / "decks", NOTES, files)
        surroundings = environment(SOURCE_DATE_EPOCH="1700000000", **variables)
        built = execute(*command("build", decks, "-o", decks.parent, "--split"), env=surroundings, umask=mask)
        outputs.append({path.name: path.read_bytes() for path in decks.parent.glob("*.apkg")})
        assert len(outputs[0]) == 3, built.out
    assert outputs[0] == outputs[1]


def test_the_package_is_a_legacy_one_without_date_mode_or_version_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Anki since 2.1 reads it: an SQLite file, a JSON map, numbered pictures."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    folder = small_deck.write(tmp_path / "decks", NOTES, {"media/leaf.png": small_deck.PIXEL})
    assert run("build", folder, "-o", tmp_path).code == 0
    package = tmp_path / "small-deck.apkg"
    with zipfile.ZipFile(package) as archive:
        assert archive.namelist() == ["collection.anki2", "media", "0"]
        assert re.fullmatch(rb'\{"0": "leaf-[0-9a-f]{8}.png"\}', archive.read("media"))
        assert (archive.read("0"), archive.comment) == (small_deck.PIXEL, b"")
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert (entry.create_system, entry.external_attr >> 16) == (3, stat.S_IFREG | 0o644)
            assert (entry.compress_type, entry.extra, entry.comment) == (zipfile.ZIP_STORED, b"", b"")
        database = archive.read("collection.anki2")
    assert int.from_bytes(database[96:100], "big") == 3_045_000
    assert database[24:28] == database[92:96] == b"\0\0\0\1"
    times = "select mod from notes union select mod from cards union select mod/1000 from col"
    assert small_deck.rows(package, times) == [(1_700_000_000,)]


_TAIL = [*"Extra Caution Caveat Picture Evidence Source Notice ID".split(), "My notes", "Spare"]
NOTE_TYPES = {  # name: id, fields, templates, and all ids of these added up
    "cloze": (1710164758690, ["Text", *_TAIL], ["Cloze"], 20133305534096),
    "question and answer": (
        1970410268478,
        ["Question", "Answer", "ReverseQuestion", "ReverseAnswer", *_TAIL],
        ["Question", "Reverse"],
        25758458075186,
    ),
}


def test_note_types_are_pinned(real_package: Path) -> None:
    """Ids, names and order of fields and templates: a change would cut every learner off from updates."""
    ((models,),) = small_deck.rows(real_package, "select models from col")
    found = {}
    for kind in json.loads(models).values():
        parts = [*kind["flds"], *kind["tmpls"]]
        fields, templates = ([part["name"] for part in kind[key]] for key in ("flds", "tmpls"))
        name = kind["name"].removeprefix("Ketamine Clinical Applications: ")
        found[name] = (int(kind["id"]), fields, templates, sum(part["id"] for part in parts))
    assert found == NOTE_TYPES


# --- the time of a build ----------------------------------------------------------------------


def test_time_is_source_date_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert build_time(tmp_path) == 1_700_000_000
    for given in ("yesterday", "-1", "1.5", "٣", "99999999999"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
        with pytest.raises(Failure, match="set it to seconds since 1970"):
            build_time(tmp_path)


def test_time_is_that_of_the_newest_commit_of_the_decks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later commit elsewhere, and files not committed, do not change it."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)

    def git(*arguments: str, when: int = 0) -> None:
        dates = {f"GIT_{who}_DATE": f"@{when} +0000" for who in ("AUTHOR", "COMMITTER")}
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
        assert execute("git", "-C", str(tmp_path), *identity, *arguments, env=os.environ | dates).code == 0

    (tmp_path / "decks").mkdir()
    git("init")
    for number, name in enumerate(["decks/a", "decks/b", "elsewhere"]):
        (tmp_path / name).write_text("x", "utf-8")
        git("add", ".")
        git("commit", "-m", name, when=1_600_000_000 + number)
    (tmp_path / "decks/c").write_text("x", "utf-8")
    assert build_time(tmp_path / "decks") == 1_600_000_001


def test_time_without_git_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    before = int(time.time())
    assert before <= build_time(tmp_path) <= time.time()
    monkeypatch.setenv("PATH", "")
    assert before <= build_time(tmp_path) <= time.time()
