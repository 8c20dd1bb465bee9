"""The hashes of a text find what was copied from it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_deck
from program import run

from ketamine_anki.deckfiles.shingles import RUN, copied, make_shingles, read_shingles
from ketamine_anki.text.words import words_of

TEXT = """\
## On Leaves

Every green leaf takes up [carbon dioxide](@entry_id:2) from the air — the plant's own "kitchen" — and
gives off oxygen in light-dependent steps [@problem_id:1], which was shown long ago.
"""
HASHES, _ = read_shingles("shingles.txt", make_shingles(TEXT).encode())


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Thus, EVERY green leaf\n*takes* up carbon dioxide (from) the air", [1, 2, 3]),
        ("the plant\u2019s own kitchen and gives off oxygen in", [0, 1]),
        ("off oxygen in light-dependent steps which was shown", [0]),
        ("every green leaf takes up carbon dioxide", []),  # seven words are free
        ("every green leaf takes in carbon dioxide from the air the plant's", []),
        ("", []),
    ],
)
def test_a_run_of_eight_words_is_found(text: str, at: list[int]) -> None:
    assert copied(words_of(text), HASHES) == at


def test_the_command_writes_hashes_that_check_reads(tmp_path: Path) -> None:
    (tmp_path / "text.md").write_text(TEXT, encoding="utf-8")
    folder = small_deck.write(
        tmp_path,
        """
        - question: Which gas do plants take up?
          answer: Carbon dioxide
          extra: >-
            What I say is that
            every green leaf takes up carbon dioxide from the air.
        """,
    )
    assert run("check", folder).code == 0
    ran = run("shingles", tmp_path / "text.md", folder)
    assert (ran.code, ran.out, ran.err) == (0, "", f"{folder.as_posix()}/shingles.txt: 24 hashed runs\n")
    assert "leaf" not in (folder / "shingles.txt").read_text(encoding="utf-8")
    ran = run("check", "--format", "lines", folder)
    assert ran.code == 1
    assert f"{2 + RUN} words in a row are the source's: say it in your own words [verbatim]" in ran.out


def test_hashes_that_cannot_be_read_are_findings(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path, "- {question: 'Which gas do plants take up?', answer: Carbon dioxide}")
    (folder / "shingles.txt").write_text("# head\n0123abcd\n\nEvery green leaf\n", encoding="utf-8")
    assert "shingles.txt:4:1: not a hash" in run("check", "--format", "lines", folder).out
    (folder / "shingles.txt").unlink()
    (folder / "shingles.txt").mkdir()
    assert "shingles.txt:1:1: " in run("check", "--format", "lines", folder).out


def test_a_text_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.md"
    for sentence in ("cannot be read: No such file or directory", "not UTF-8 text: save it as UTF-8"):
        ran = run("shingles", text, tmp_path)
        assert (ran.code, ran.err) == (2, f"ketamine-anki: {text}: {sentence}\n")
        text.write_bytes(b"\xfc")
    assert not (tmp_path / "shingles.txt").exists()
    assert run("shingles", text, tmp_path / "none").code == 2
