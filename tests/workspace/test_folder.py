"""Files of a collection are read whole, within limits and without following links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import small_deck
from program import run

from ketamine_anki.workspace import folder as folder_module
from ketamine_anki.workspace.folder import Folder, read_bytes


def test_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "link").symlink_to("secret")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(ValueError, match="symbolic link is not followed"):
            read_bytes(tmp_path / name, 10)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe that nobody writes to would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "folder", Path("/dev/zero")):
        with pytest.raises(ValueError, match="not a regular file"):
            read_bytes(path, 10)
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_bytes(tmp_path / "absent", 10)


def test_bytes_are_read_as_they_are_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There the second line of every PNG would end the file if it were opened as text."""
    (tmp_path / "a.png").write_bytes(small_deck.PIXEL)
    opened: list[int] = []
    real, binary, here = os.open, 1 << 30, getattr(os, "O_BINARY", 0)
    monkeypatch.setattr(folder_module.os, "O_BINARY", binary, raising=False)
    monkeypatch.setattr(
        folder_module.os, "open", lambda path, how: opened.append(how) or real(path, how & ~binary | here)
    )
    assert read_bytes(tmp_path / "a.png", 1000) == small_deck.PIXEL
    assert opened[0] & binary


def test_at_most_one_byte_too_many_is_read(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 1000)
    assert len(read_bytes(tmp_path / "big", 10)) == 11


def test_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        seen = real(descriptor)
        path.write_bytes(b"another")
        return seen

    monkeypatch.setattr(folder_module.os, "fstat", fstat)
    with pytest.raises(ValueError, match="changed while it was read"):
        read_bytes(path, 10)


NAMING = "name must be small letters, digits, '.', '_' or '-' and end in .png, .jpg, .jpeg or .webp"
NOTE = """
- question: Which leaf is this?
  answer: An oak leaf
  picture: '![A leaf](leaf.png)'
"""


def said(folder: Path) -> list[str]:
    return [line.removeprefix(f"{folder}/") for line in run("check", folder).out.splitlines()]


def test_media_folder_holds_pictures_alone(tmp_path: Path) -> None:
    folder = small_deck.write(
        tmp_path,
        NOTE,
        {"media/leaf.png": small_deck.PIXEL, "media/notes.txt": "x", "media/.DS_Store": "x", "media/._leaf.png": "x"},
    )
    (folder / "media/inner").mkdir()
    (folder / "media/link.png").symlink_to("leaf.png")
    os.mkfifo(folder / "media/pipe.png")
    assert [line.rpartition(" [")[0] for line in said(folder)] == [
        "media/inner:1:1: not a regular file",
        "media/link.png:1:1: a symbolic link is not followed: put the file itself here",
        f"media/notes.txt:1:1: {NAMING}",
        "media/pipe.png:1:1: not a regular file",
    ]


def test_media_folder_must_be_one(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path / "a", NOTE, {"elsewhere/leaf.png": small_deck.PIXEL})
    (folder / "media").symlink_to("elsewhere")
    assert "media:1:1: must be a folder, and not a link to one [file]" in said(folder)
    folder = small_deck.write(tmp_path / "b", NOTE, {"media": b"x"})
    assert "media:1:1: must be a folder, and not a link to one [file]" in said(folder)


def test_all_pictures_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MAX_MEDIA_BYTES", 3 * len(small_deck.PIXEL))
    files = {f"media/{n}.png": small_deck.PIXEL for n in range(6)}
    found = said(small_deck.write(tmp_path, NOTE, files))
    assert [line for line in found if "all pictures together" in line] == [
        f"media/3.png:1:1: all pictures together are over {3 * len(small_deck.PIXEL):,} bytes [picture]"
    ]


def test_names_that_differ_only_in_case(tmp_path: Path) -> None:
    """Windows and macOS would keep one of the two."""
    folder = small_deck.write(tmp_path, NOTE, {"media/leaf.png": small_deck.PIXEL, "media/Leaf.png": small_deck.PIXEL})
    assert "media/leaf.png:1:1: name differs only in case from 'Leaf.png' [picture]" in said(folder)


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
    notes = "- {question: 'Which gas do plants take up?', answer: Carbon dioxide, yield: core}"
    content = "notes\n" if name == "README.txt" else "deck: Second Part\nnotes: []\n"
    folder = small_deck.write(tmp_path, notes, {name: '{"deck": "x"}' if name.endswith("json") else content})
    ran = run("check", "--format", "lines", folder)
    assert (f"{name}:1:1: " in ran.out and " not read" in ran.out) is unread, ran.out


@pytest.mark.parametrize(
    ("name", "changed", "at"),
    [
        ("01-first copy.yaml", "", "01-first.yaml"),
        ("01-first (1).yaml", "answer: Carbon", "01-first.yaml"),
        ("01-first.yml", "", "01-first.yml"),
        ("01-first.yaml.yaml", "id: note-1", "01-first.yaml.yaml"),
        ("02-second.yaml", "deck: First Part", "02-second.yaml"),
        ("Copy of 01-first.yaml", "yield", "Copy of 01-first.yaml"),
    ],
)
def test_a_copy_of_a_deck_file_is_one_finding(tmp_path: Path, name: str, changed: str, at: str) -> None:
    notes = "".join(f"- {{question: 'Which gas {n} do plants take up?', answer: Carbon {n}}}\n" for n in "ABC")
    folder = small_deck.write(tmp_path, notes)
    text = (folder / "01-first.yaml").read_text("utf-8")
    (folder / name).write_text(text.replace(changed, f"{changed}1", 1) if changed else text, "utf-8")
    (other,) = {"01-first.yaml", name} - {at}
    advice = f"{folder}/{other}: delete the copy, or give its notes ids of their own [duplicate-id]"
    assert said(folder) == [f"{at}:1:1: holds the same notes as {advice}"]


def test_a_copy_of_one_note_under_another_deck_is_one_finding(tmp_path: Path) -> None:
    folder = small_deck.write(tmp_path, "- {question: 'Which gas do plants take up?', answer: Carbon dioxide}")
    copy = (folder / "01-first.yaml").read_text("utf-8").replace("First Part", "Other")
    (folder / "08 (1).yaml").write_text(copy, "utf-8")
    (found,) = said(folder)
    assert found.startswith("08 (1).yaml:1:1: holds the same notes as ")


def test_two_files_that_share_few_ids_are_no_copies(tmp_path: Path) -> None:
    notes = "".join(f"- {{question: 'Which gas {n} do plants take up?', answer: Carbon {n}}}\n" for n in "ABCD")
    folder = small_deck.write(tmp_path, notes)
    text = (folder / "01-first.yaml").read_text("utf-8")
    text = text.replace("First", "Second").replace("id: note-1", "id: x").replace("id: note-2", "id: y")
    (folder / "02-second.yaml").write_text(text, "utf-8")
    assert sum("[duplicate-id]" in line for line in said(folder)) == 2


def test_a_note_is_named_by_its_question_without_a_long_case_before_it(tmp_path: Path) -> None:
    case = "Pale, **old** leaves lie in a box. " * 6
    notes = f"- {{question: 'Which gas?', answer: a}}\n- {{question: '{case}What comes next?', answer: a}}\n"
    titles = Folder(small_deck.write(tmp_path, notes)).collection.title_of
    assert [titles(name) for name in ("note-1", "note-2", "no-note")] == ["Which gas?", "… What comes next?", "no-note"]
