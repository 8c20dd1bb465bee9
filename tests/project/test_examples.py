"""Collections in other languages and on other subjects: no rule finds fault with them, and Anki takes them."""

from __future__ import annotations

import shutil
from pathlib import Path

import engine
import pytest
from anki.collection import Collection
from program import REPOSITORY, run
from releases import DAY, START, Project

EXAMPLES = sorted(path for path in (REPOSITORY / "tests" / "examples").iterdir() if path.is_dir())
assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_passes_every_command_and_is_at_home_in_real_anki(
    example: Path, tmp_path: Path, learner: Collection
) -> None:
    for command in (["check"], ["fmt", "--check"], ["stats"], ["preview", "-o", tmp_path / "page.html"]):
        ran = run(*command, example)
        assert ran.code == 0, (command, ran.out, ran.err)
    assert run("build", example, "-o", tmp_path / "dist").code == 0
    (package,) = (tmp_path / "dist").glob("*.apkg")
    assert package.name.isascii()
    assert engine.import_package(learner, package) == {"new": 20}
    assert engine.problems(learner) == []
    exported = tmp_path / "notes.txt"
    engine.export(learner, exported)
    ran = run("intake", exported, example)
    assert ran.code == 0, ran.err
    assert "new note" not in ran.out


@pytest.mark.parametrize(
    ("example", "asked", "words", "marks"),
    [
        ("arabic", "ما عاصمة مصر؟", ["معدَّل: 1", "### مصحَّح", "Answer الآن"], '<div lang="ar" dir="rtl">'),
        ("japanese-vocabulary", "「桜」の色は何ですか？", ["変更: 1", "### 訂正", "（変更後）"], '<div lang="ja">'),
    ],
)
def test_releases_and_corrections_are_in_the_language(
    example: str, asked: str, words: list[str], marks: str, project: Project, learner: Collection
) -> None:
    """Without a source text: two releases, imported by one learner, whose correction comes back."""
    shutil.rmtree(project.decks)
    shutil.copytree(REPOSITORY / "tests" / "examples" / example, project.decks)
    project.released("1.0.0")
    project.commit()
    project.git("tag", "v1.0.0")
    assert engine.import_package(learner, next(project.dist.glob("*-1.0.0.apkg"))) == {"new": 20}

    deck = project.decks / "01-deck.yaml"
    old = deck.read_text(encoding="utf-8")
    deck.write_text(old.replace("\n    tags:", "!\n    tags:", 1), encoding="utf-8")
    options = ("--shape", "question", "--question", asked, "--answer", "X", "--tag", "T", "--id", "x")
    assert run("new", "--deck", "1", *options, "--yield", "core", "--skill", "recall").code == 0
    assert "Corrected (1)" in run("diff", "v1.0.0").out
    project.at(START + DAY)
    project.commit()
    project.released("1.1.0")
    counts = {"new": 1, "updated": 1, "duplicate": 19}
    assert engine.import_package(learner, next(project.dist.glob("*-update.apkg"))) == counts
    assert [word for word in words if word not in project.notes] == [], project.notes
    assert "Curated" not in learner.decks.current()["desc"]
    project.commit()
    project.git("tag", "v1.1.0")
    assert run("site").code == 0
    assert marks in (project.root / "site" / "index.html").read_text(encoding="utf-8")

    note = learner.get_note(learner.find_notes('"ID:x"')[0])
    note["Answer"] = "Y"
    learner.update_note(note)
    exported = project.root / "notes.txt"
    engine.export(learner, exported)
    for command in ("intake", "submit"):
        assert "1 correction, 0 new notes" in run(command, exported).err
