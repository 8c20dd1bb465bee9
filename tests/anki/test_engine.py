"""The judge itself: each thing that `engine.problems` looks for is found when it is there."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import engine
import pytest
import small_deck
from anki.collection import Collection

NOTES = """
- question: Which gas do plants take up?
  answer: Carbon dioxide
  picture: '![A leaf](leaf.png)'
- text: Plants give off {{c1::oxygen}} and take up {{c2::water}}.
"""


def spoilt(folder: Path, spoil: Callable[[sqlite3.Connection], object], without: str = "") -> Path:
    """A sound package made bad: rows changed, a picture left out."""
    sound = small_deck.package(small_deck.write(folder, NOTES, {"media/leaf.png": small_deck.PIXEL}))
    database = folder / "spoilt.db"
    path = folder / "spoilt.apkg"
    with zipfile.ZipFile(sound) as source, zipfile.ZipFile(path, "w") as target:
        database.write_bytes(source.read("collection.anki2"))
        db = sqlite3.connect(database)
        spoil(db)
        db.commit()
        db.close()
        target.writestr("collection.anki2", database.read_bytes())
        media = {k: v for k, v in json.loads(source.read("media")).items() if not without or without not in v}
        target.writestr("media", json.dumps(media))
        for name in media:
            target.writestr(name, source.read(name))
    return path


def fields(of: str, change: str) -> Callable[[sqlite3.Connection], object]:
    return lambda db: db.execute(f"update notes set flds = {change} where flds like ?", (f"{of}%",))


def models(old: str, new: str) -> Callable[[sqlite3.Connection], object]:
    return lambda db: db.execute("update col set models = replace(models, ?, ?)", (old, new))


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (fields("Which", "replace(flds, 'Carbon dioxide', '')"), "the answer shows nothing"),
        (fields("Which", "replace(flds, 'Carbon dioxide', '<b> </b>')"), "the answer shows nothing"),
        (fields("Which", "substr(flds, instr(flds, char(31)))"), "empty first field"),
        (fields("Which", "replace(flds, 'gas', 'g}}s')"), "braces left over"),
        (fields("Which", "replace(flds, 'gas', '[$]x[/$]')"), "LaTeX"),
        (fields("Which", "replace(flds, 'gas', '<script>1</script>')"), "active content"),
        (fields("Plants", "replace(flds, '{{c2::water}}', 'water')"), "empty cards"),
        (fields("Plants", "replace(flds, 'Plants', '{{c3::Plants}}')"), "Anki makes 1 more"),
        (models("{{Question}}", "{{Qestion}}"), "note type"),
        (models("{{cloze:Text}}", "{{Text}}"), "note type"),
        (lambda db: db.execute("update cards set due = 2000000"), "database check"),
        (lambda db: db.execute("delete from cards where ord = 1"), "Anki makes 1 more"),
    ],
)
def test_problem_is_found(learner: Collection, tmp_path: Path, spoil: Callable, problem: str) -> None:
    engine.import_package(learner, spoilt(tmp_path, spoil))
    assert problem in "\n".join(engine.problems(learner))


def test_missing_picture_is_found(learner: Collection, tmp_path: Path) -> None:
    engine.import_package(learner, spoilt(tmp_path, lambda db: None, without="leaf"))
    assert "picture missing: leaf-" in "\n".join(engine.problems(learner))


def test_sound_package_has_none(learner: Collection, tmp_path: Path) -> None:
    engine.import_package(learner, spoilt(tmp_path, lambda db: None))
    assert engine.problems(learner) == []


def test_braces_in_code_are_shown(learner: Collection, tmp_path: Path) -> None:
    """Of a note with a question, of a cloze note, and inside a deletion; Anki makes no field or card of them."""
    notes = """
    - {question: 'What does `{{ x }}` show?', answer: '`{{c1::y}}` and `{{/x}}`'}
    - {text: '`{{a}}` gives {{c1::`{{b}}::{{c}}`}}.'}
    """
    engine.import_package(learner, small_deck.package(small_deck.write(tmp_path, notes)))
    faces = {face.note_id: face for face in engine.rendered(learner)}
    assert len(faces) == len(engine.rendered(learner)) == 2
    shown = {name: (engine.visible(face.question), engine.visible(face.answer)) for name, face in faces.items()}
    assert "What does {{ x }} show?" in shown["note-1"][0]
    assert "{{c1::y}} and {{/x}}" in shown["note-1"][1]
    assert "{{a}} gives [...]." in shown["note-2"][0]
    assert "{{a}} gives {{b}}::{{c}}." in shown["note-2"][1]
