"""Collections in other languages and on other subjects: no rule finds fault with them, and Anki takes them."""

from __future__ import annotations

from pathlib import Path

import engine
import pytest
from anki.collection import Collection
from program import REPOSITORY, run

EXAMPLES = sorted(path for path in (REPOSITORY / "tests" / "examples").iterdir() if path.is_dir())


def test_there_are_eight() -> None:
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
    learner.export_note_csv(
        out_path=str(exported), limit=None, with_html=True, with_tags=True, with_deck=True, with_notetype=True,
        with_guid=True,
    )  # fmt: skip
    ran = run("intake", exported, example)
    assert ran.code == 0, ran.err
    assert "new note" not in ran.out
