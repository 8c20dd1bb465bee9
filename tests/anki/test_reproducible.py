"""Same input, same bytes; and the names by which learners' collections know a note never change."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import small
from program import command, environment

from ketamine_anki.anki.compile import guid, stable_id
from ketamine_anki.cli.build import build_time
from ketamine_anki.core.errors import Failure
from ketamine_anki.release.ledger import note_type_hashes
from ketamine_anki.workspace.folder import Folder

NAMESPACE = "ketamine-anki/clinical-applications"
PACKAGE = "ketamine-clinical-applications.apkg"

SURROUNDINGS = [
    ({"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"}, 0o022),
    (
        {"TZ": "America/Adak", "PYTHONHASHSEED": "2", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        0o077,
    ),
    ({"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "3", "LC_ALL": "POSIX", "PYTHONOPTIMIZE": "1"}, 0o002),
]


def test_same_bytes_in_other_surroundings(real_decks: Path, tmp_path: Path) -> None:
    """Other directory, time zone, file modes, hash seed and locale: the packages are the same."""
    made = []
    for number, (variables, mask) in enumerate(SURROUNDINGS):
        decks = tmp_path / f"{number}{'x' * 40 * number}" / "decks"
        shutil.copytree(real_decks, decks)
        built = subprocess.run(
            command("build", decks, "-o", decks.parent, "--split"),
            env=environment(SOURCE_DATE_EPOCH="1700000000", **variables),
            umask=mask, check=False, capture_output=True,
        )  # fmt: skip
        assert built.returncode == 0, built.stderr
        made.append({path.name: path.read_bytes() for path in decks.parent.glob("*.apkg")})
    assert len(made[0]) == 10
    assert made[0] == made[1] == made[2]


def test_one_letter_changes_the_bytes(tmp_path: Path) -> None:
    """The comparison above can fail."""
    one = small.package(small.write(tmp_path / "a", "- {question: Who, answer: Me}"))
    two = small.package(small.write(tmp_path / "b", "- {question: Who, answer: Mo}"))
    assert one.stat().st_size == two.stat().st_size
    assert one.read_bytes() != two.read_bytes()


def test_zip_holds_no_date_and_no_mode_of_this_machine(real_package: Path) -> None:
    with zipfile.ZipFile(real_package) as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.create_system == 3
            assert entry.external_attr >> 16 == stat.S_IFREG | 0o644
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.extra == b""
            assert entry.comment == b""
        assert archive.comment == b""


def test_database_holds_no_trace_of_the_library(real_package: Path, tmp_path: Path) -> None:
    """Written again by SQLite, the file differs from ours only where ours is fixed: it stays a sound database."""
    database = tmp_path / "collection.anki2"
    with zipfile.ZipFile(real_package) as archive:
        database.write_bytes(archive.read("collection.anki2"))
    data = database.read_bytes()
    assert int.from_bytes(data[96:100], "big") == 3_045_000
    assert data[24:28] == data[92:96] == b"\0\0\0\1"
    with sqlite3.connect(database) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert db.execute("pragma freelist_count").fetchone() == (0,)
        times = {
            t for (t,) in db.execute("select mod from notes union select mod from cards union select mod/1000 from col")
        }
    db.close()
    assert times == {1_700_000_000}


PINNED: dict[str, Any] = {
    "guid": "VAEeDiSd01aMP1",
    "deck": 1864215143725,
    "subdeck": 1435758639396,
    "note types": {
        "Ketamine Clinical Applications: cloze": {
            "id": 1710164758690,
            "fields": [
                ("Text", 2105171806931),
                ("Extra", 1803787381177),
                ("Picture", 1701084633997),
                ("Caveat", 1424379061691),
                ("Evidence", 1698307949315),
                ("Source", 2037564931881),
                ("Notice", 2087846095142),
                ("ID", 1849298264227),
                ("Spare1", 1940566167990),
                ("Spare2", 1114746670998),
            ],
            "templates": [("Cloze", 1478343346537)],
        },
        "Ketamine Clinical Applications: question and answer": {
            "id": 1970410268478,
            "fields": [
                ("Question", 1294211147262),
                ("Answer", 1446110833206),
                ("ReverseQuestion", 1197043211423),
                ("ReverseAnswer", 1710655755947),
                ("Extra", 1744943889678),
                ("Picture", 2131038635154),
                ("Caveat", 1453164602355),
                ("Evidence", 1244675611483),
                ("Source", 1892784848708),
                ("Notice", 1904936536301),
                ("ID", 1404862732218),
                ("Spare1", 1431393720501),
                ("Spare2", 1385774651438),
            ],
            "templates": [("Question", 1619158091530), ("Reverse", 1689503600569)],
        },
    },
    "schemas": {"question": "81b5bab9152fa6e6", "cloze": "c8e5cee2a9cbc86a"},
}


def test_identities_are_pinned() -> None:
    """Learners' notes, decks and note types are found by these numbers: they must never change."""
    assert guid(NAMESPACE, "cpp-equation") == PINNED["guid"]
    assert stable_id(NAMESPACE, "deck", "Ketamine Clinical Applications") == PINNED["deck"]
    assert stable_id(NAMESPACE, "deck", "Ketamine Clinical Applications::03 Neurocritical Care") == PINNED["subdeck"]


def test_guid_depends_on_namespace_and_id_alone(tmp_path: Path) -> None:
    """Wording, subdeck, order, tags and shape of a note do not enter its GUID."""
    one = small.compiled(
        small.write(tmp_path / "a", "[{id: x, question: Who, answer: Me}, {id: y, question: Q, answer: A}]")
    )
    other = small.deck("[{id: y, text: '{{c1::A}} b'}, {id: x, text: 'No {{c1::one}}', tags: [Other]}]", "Second Part")
    two = small.compiled(small.write(tmp_path / "b", files={"02.yaml": other}))
    assert {made.note.id: made.compiled.guid for made in one} == {made.note.id: made.compiled.guid for made in two}
    assert guid("a", "x") != guid("b", "x")
    assert guid("a", "x") != guid("a", "y")


def models(package: Path, folder: Path) -> dict[str, Any]:
    database = folder / "models.db"
    with zipfile.ZipFile(package) as archive:
        database.write_bytes(archive.read("collection.anki2"))
    db = sqlite3.connect(database)
    try:
        return json.loads(db.execute("select models from col").fetchone()[0])
    finally:
        db.close()


def test_note_types_are_pinned(real_package: Path, tmp_path: Path) -> None:
    """Ids, names and order of fields and templates: a change would cut every learner off from updates."""
    found = {
        model["name"]: {
            "id": int(model_id),
            "fields": [(field["name"], field["id"]) for field in model["flds"]],
            "templates": [(template["name"], template["id"]) for template in model["tmpls"]],
        }
        for model_id, model in models(real_package, tmp_path).items()
    }
    assert found == PINNED["note types"]


def test_schema_hash_is_pinned(real_decks: Path) -> None:
    collection = Folder(str(real_decks)).collection
    assert collection is not None
    assert {key: schema for key, (schema, _) in note_type_hashes(collection).items()} == PINNED["schemas"]


# --- the time of a build ----------------------------------------------------------------------


def test_time_is_source_date_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert build_time(tmp_path) == 1_700_000_000


@pytest.mark.parametrize("given", ["yesterday", "-1", "1.5", "٣", "99999999999"])
def test_time_must_be_a_number(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    with pytest.raises(Failure, match="must be seconds since 1970"):
        build_time(tmp_path)


def test_time_is_that_of_the_newest_commit_of_the_decks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later commit elsewhere, and files not committed, do not change it."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)

    def git(*arguments: str, when: int = 0) -> None:
        date = f"@{when} +0000"
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
        environment = os.environ | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments], env=environment, check=True, capture_output=True
        )

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
