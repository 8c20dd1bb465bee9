"""The judge itself: each thing that `engine.problems` looks for is found when it is there."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import engine
import pytest
import small_deck
from anki.collection import Collection
from package_bytes import pack

NOTES = """
- question: Which gas do plants take up?
  answer: Carbon dioxide
  picture: '![A leaf](leaf.png)'
- text: Plants give off {{c1::oxygen}} and take up {{c2::water}}.
"""


def problems(learner: Collection, folder: Path, spoil: str, media: bytes | None = None) -> list[str]:
    """What is wrong with a sound package after an SQL statement, and with another list of pictures."""
    sound = small_deck.package(small_deck.write(folder, NOTES, {"media/leaf.png": small_deck.PIXEL}))
    with zipfile.ZipFile(sound) as archive, closing(sqlite3.connect(":memory:")) as db:
        files = {name: archive.read(name) for name in archive.namelist()}
        db.deserialize(files["collection.anki2"])
        db.execute(spoil)
        db.commit()
        files |= {"collection.anki2": db.serialize(), "media": media or files["media"]}
    sound.write_bytes(pack(*files.items()))
    engine.import_package(learner, sound)
    return engine.problems(learner)


def fields(change: str) -> str:
    return f"update notes set flds = {change}"


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (fields("replace(flds, 'Carbon dioxide', '<b> </b>')"), "the answer shows nothing"),
        (fields("substr(flds, instr(flds, char(31))) where flds like 'Which%'"), "empty first field"),
        (fields("replace(flds, 'gas', 'g}}s')"), "braces left over"),
        (fields("replace(flds, 'gas', '[$]x[/$]')"), "LaTeX"),
        (fields("replace(flds, 'gas', '<script>1</script>')"), "active content"),
        (fields("replace(flds, '{{c2::water}}', 'water')"), "empty cards"),
        (fields("replace(flds, 'Plants give', '{{c3::Plants}} give')"), "Anki makes 1 more"),
        ("update col set models = replace(models, '{{Question}}', '{{Qestion}}')", "note type"),
        ("update col set models = replace(models, '{{cloze:Text}}', '{{Text}}')", "note type"),
        ("update cards set due = 2000000", "database check"),
    ],
)
def test_problem_is_found(learner: Collection, tmp_path: Path, spoil: str, problem: str) -> None:
    assert problem in "\n".join(problems(learner, tmp_path, spoil))


def test_missing_picture_is_found(learner: Collection, tmp_path: Path) -> None:
    assert "picture missing: leaf-" in "\n".join(problems(learner, tmp_path, "select 1", b"{}"))


def test_sound_package_has_none(learner: Collection, tmp_path: Path) -> None:
    assert problems(learner, tmp_path, "select 1") == []
