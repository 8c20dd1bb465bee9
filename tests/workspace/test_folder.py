"""Files of a collection are read whole, within limits and without following links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import small_deck
from program import run

from ketamine_anki.workspace.folder import Folder, read_bytes

NOTE = """
- question: Which leaf is this?
  answer: An oak leaf
  picture: '![A leaf](leaf.png)'
"""


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """A link may lead anywhere, and a pipe that nobody writes to would wait for ever."""
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    reasons = {
        "link": "symbolic link is not followed",
        "dangling": "symbolic link is not followed",
        "pipe": "not a regular file",
        "": "not a regular file",
        "/dev/zero": "not a regular file",
        "absent": "cannot be read: No such file",
    }
    for name, reason in reasons.items():
        with pytest.raises(ValueError, match=reason):
            read_bytes(tmp_path / name, 10)


def test_bytes_are_read_as_they_are_and_at_most_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, the second line of every PNG would end the file if it were opened as text."""
    (tmp_path / "a.png").write_bytes(small_deck.PIXEL)
    opened: list[int] = []
    real, binary, here = os.open, 1 << 30, getattr(os, "O_BINARY", 0)
    monkeypatch.setattr(os, "O_BINARY", binary, raising=False)
    monkeypatch.setattr(os, "open", lambda path, how: opened.append(how) or real(path, how & ~binary | here))
    assert read_bytes(tmp_path / "a.png", 1000) == small_deck.PIXEL
    assert read_bytes(tmp_path / "a.png", 10) == small_deck.PIXEL[:11]
    assert opened[0] & binary


@pytest.mark.parametrize(("content", "time"), [("other", 2), ("another", 1), ("one", 1)])
def test_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, time: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"first")
    os.utime(path, (1, 1))
    real, seen = os.fstat, list[os.stat_result]()

    def fstat(descriptor: int) -> os.stat_result:
        seen.append(real(descriptor))
        if len(seen) == 2:  # it is a regular file, and this is its size
            path.write_text(content, encoding="utf-8")
            os.utime(path, (time, time))
        return seen[-1]

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(ValueError, match="changed while it was read"):
        read_bytes(path, 10)


# --- pictures ---------------------------------------------------------------------------------


def findings(folder: Path) -> list[str]:
    return [line.removeprefix(f"{folder}/") for line in run("check", folder).out.splitlines()]


def test_media_folder_holds_pictures_alone(tmp_path: Path) -> None:
    """Windows and macOS would keep one of two names that differ only in case. What desktops leave does not count."""
    pictures = {f"media/{name}": small_deck.PIXEL for name in ("leaf.png", "Leaf.png")}
    others = {f"media/{name}": "x" for name in ("notes.txt", ".DS_Store", "._leaf.png")}
    folder = small_deck.write(tmp_path, NOTE, pictures | others)
    (folder / "media/inner").mkdir()
    (folder / "media/link.png").symlink_to("leaf.png")
    os.mkfifo(folder / "media/pipe.png")
    naming = "name must be small letters, digits, '.', '_' or '-' and end in .png, .jpg, .jpeg or .webp"
    assert {line.rpartition(" [")[0] for line in findings(folder)} >= {
        f"media/Leaf.png:1:1: {naming}",
        "media/inner:1:1: not a regular file",
        "media/leaf.png:1:1: name differs only in case from 'Leaf.png'",
        "media/link.png:1:1: a symbolic link is not followed: put the file itself here",
        f"media/notes.txt:1:1: {naming}",
        "media/pipe.png:1:1: not a regular file",
    }


def test_all_pictures_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those after the limit are not even read."""
    monkeypatch.setattr("ketamine_anki.core.limits.MAX_MEDIA_BYTES", 3 * len(small_deck.PIXEL))
    found = findings(small_deck.write(tmp_path, NOTE, {f"media/{n}.png": small_deck.PIXEL for n in range(6)}))
    limited = [line for line in found if "all pictures together are over" in line]
    assert [line.partition(":")[0] for line in limited] == ["media/3.png"]


def test_media_folder_must_be_one(tmp_path: Path) -> None:
    linked = small_deck.write(tmp_path / "a", NOTE, {"elsewhere/leaf.png": small_deck.PIXEL})
    (linked / "media").symlink_to("elsewhere")
    for folder in (linked, small_deck.write(tmp_path / "b", NOTE, {"media": b"x"})):
        assert "media:1:1: must be a folder, and not a link to one [file]" in findings(folder)


# --- deck files -------------------------------------------------------------------------------

GASES = "".join(f"- {{question: 'Which gas {n} do plants take up?', answer: Carbon {n}}}\n" for n in "ABCD")


@pytest.mark.parametrize(
    ("name", "unread"),
    [
        ("03-third.yaml.txt", True),
        ("03-third.json", True),
        ("more/03-third.yaml", True),
        (".03-third.yaml", True),
        ("03-third.yaml~", True),
        ("03-third.csv", True),
        ("01-first.yaml~", False),
        (".01-first.yaml.swp", False),
        (".hidden/03-third.yaml", False),
        ("README.txt", False),
    ],
)
def test_a_deck_file_that_is_not_read_is_a_finding(tmp_path: Path, name: str, unread: bool) -> None:
    content = "notes\n" if name == "README.txt" else "deck: Second Part\nnotes: []\n"
    folder = small_deck.write(tmp_path, GASES, {name: '{"deck": "x"}' if name.endswith("json") else content})
    assert any(f"{name}:1:1: " in line and " not read" in line for line in findings(folder)) is unread


@pytest.mark.parametrize(
    ("name", "old", "new", "at"),
    [
        ("01-first copy.yaml", "", "", "01-first.yaml"),
        ("01-first (1).yaml", "answer: Carbon", "answer: Oxygen", "01-first.yaml"),
        ("01-first.yml", "", "", "01-first.yml"),
        ("01-first.yaml.yaml", "id: note-1", "id: x", "01-first.yaml.yaml"),
        ("Copy of 01-first.yaml", "yield", "yield1", "Copy of 01-first.yaml"),
    ],
)
def test_a_copy_of_a_deck_file_is_one_finding(tmp_path: Path, name: str, old: str, new: str, at: str) -> None:
    folder = small_deck.write(tmp_path, GASES)
    text = (folder / "01-first.yaml").read_text("utf-8")
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    (other,) = {"01-first.yaml", name} - {at}
    advice = f"{folder}/{other}: delete the copy, or give its notes ids of their own [duplicate-id]"
    assert findings(folder) == [f"{at}:1:1: holds the same notes as {advice}"]


@pytest.mark.parametrize(
    ("notes", "changes", "is_copy"),
    [
        (4, {"First Part": "Other", "note-1": "x"}, True),
        (4, {"note-1": "x", "note-2": "y"}, False),
        (1, {"First Part": "Other"}, True),
        (1, {"gas A": "gas B"}, True),
        (1, {"First Part": "Other", "gas A": "gas B"}, False),
    ],
)
def test_a_copy_has_most_of_the_notes(tmp_path: Path, notes: int, changes: dict[str, str], is_copy: bool) -> None:
    """A note alone is a copy under the same subdeck or with the same words."""
    folder = small_deck.write(tmp_path, "\n".join(GASES.splitlines()[:notes]))
    text = (folder / "01-first.yaml").read_text("utf-8")
    for old, new in changes.items():
        text = text.replace(old, new)
    (folder / "02-second.yaml").write_text(text, "utf-8")
    assert any("holds the same notes as" in line for line in findings(folder)) is is_copy


def test_a_note_is_named_by_its_question_without_a_long_case_before_it(tmp_path: Path) -> None:
    case = "Pale, **old** leaves lie in a box. " * 6
    notes = f"- {{question: 'Which gas?', answer: a}}\n- {{question: '{case}What comes next?', answer: a}}\n"
    titles = Folder(small_deck.write(tmp_path, notes)).collection.title_of
    assert [titles(name) for name in ("note-1", "note-2", "no-note")] == ["Which gas?", "… What comes next?", "no-note"]
