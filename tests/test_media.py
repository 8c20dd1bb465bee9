"""Pictures are told by their bytes, read without following links, and limited."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
import small
from program import run

from ketamine_anki.cli import folder as cli_folder
from ketamine_anki.cli.folder import read_bytes
from ketamine_anki.limits import MAX_PICTURE_BYTES
from ketamine_anki.media import read_picture


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + b"rest"


def jpeg(width: int, height: int, start: bytes = b"\xff\xc0", before: bytes = b"") -> bytes:
    frame = struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + before + start + frame + b"\xff\xd9"
    )


def webp(chunk: bytes, data: bytes) -> bytes:
    body = b"WEBP" + chunk + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"rest")


def lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"rest")


def extended(width: int, height: int) -> bytes:
    return webp(b"VP8X", bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", png(300, 200)),
        ("a.jpg", jpeg(300, 200)),
        ("a.jpeg", jpeg(300, 200, b"\xff\xc2")),
        ("a.jpg", jpeg(300, 200, before=b"\xff\xff\xfe\x00\x04hi")),
        ("a.jpg", jpeg(300, 200, before=b"\xff\xc4\x00\x04hi\xff\x01")),
        ("a.webp", lossy(300, 200)),
        ("a.webp", lossless(300, 200)),
        ("a.webp", extended(300, 200)),
    ],
    ids=["PNG", "JPEG", "progressive JPEG", "fill byte", "tables", "lossy WebP", "lossless WebP", "extended WebP"],
)  # fmt: skip
def test_kind_and_size_are_read_from_the_bytes(name: str, data: bytes) -> None:
    picture = read_picture(name, data)
    assert (picture.name, picture.width, picture.height, picture.data) == (name, 300, 200, data)


def test_packaged_name_holds_the_content() -> None:
    """Another content, another name: a learner's app keeps a file by its name for ever."""
    one, two = read_picture("leaf.png", png(3, 2)), read_picture("leaf.png", png(3, 3))
    assert one.packaged == f"leaf-{hashlib.sha256(png(3, 2)).hexdigest()[:8]}.png"
    assert two.packaged != one.packaged


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("Leaf.png", png(1, 1), "name must be"),
        ("le af.png", png(1, 1), "name must be"),
        ("léaf.png", png(1, 1), "name must be"),
        (".leaf.png", png(1, 1), "name must be"),
        ("leaf.gif", b"GIF89a", "name must be"),
        ("leaf.svg", b"<svg/>", "name must be"),
        ("leaf", png(1, 1), "name must be"),
        ("a" * 77 + ".png", png(1, 1), "name must be"),
        ("con.png", png(1, 1), "Windows reserves"),
        ("lpt1.x.png", png(1, 1), "Windows reserves"),
        ("leaf.png", b"", "not a PNG, JPEG or WebP"),
        ("leaf.png", b"<svg/>", "not a PNG, JPEG or WebP"),
        ("leaf.png", b"GIF89a", "not a PNG, JPEG or WebP"),
        ("leaf.png", jpeg(1, 1), "holds a JPEG picture: its name must end in .jpg or .jpeg"),
        ("leaf.jpg", png(1, 1), "holds a PNG picture: its name must end in .png"),
        ("leaf.png", lossy(1, 1), "holds a WebP picture: its name must end in .webp"),
        ("leaf.png", png(1, 1)[:20], "cut off"),
        ("leaf.png", png(0, 5), "0 x 5 pixels"),
        ("leaf.png", png(8001, 5), "8001 x 5 pixels: from 1 to 8,000 each way"),
        ("leaf.jpg", jpeg(5, 9000), "5 x 9000 pixels"),
        ("leaf.jpg", jpeg(1, 1)[:22], "cut off"),
        ("leaf.jpg", b"\xff\xd8\xff\xd9", "broken"),
        ("leaf.jpg", b"\xff\xd8\xff\xe0\x00\x02xx", "broken"),
        ("leaf.webp", extended(1, 1)[:28], "cut off"),
        ("leaf.webp", lossy(1, 1)[:28], "cut off"),
        ("leaf.webp", lossless(1, 1)[:23], "cut off"),
        ("leaf.webp", webp(b"ANIM", bytes(20)), "not a WebP picture"),
        ("leaf.png", png(1, 1) + bytes(MAX_PICTURE_BYTES), "10,485,... bytes: at most 10,485,760"),
    ],
)  # fmt: skip
def test_refused_picture(name: str, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_picture(name, data)


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF....WEBPVP8 ", b"RIFF....WEBPVP8X", b"RIFF....WEBPVP8L"]
)
def test_any_beginning_of_a_picture_is_read_or_refused(start: bytes) -> None:
    """Cut off anywhere and filled with anything, a file never gives another exception."""
    for fill in (b"\0", b"\xff", b"\xc0", b"\x10"):
        for length in range(40):
            for name in ("a.png", "a.jpg", "a.webp"):
                with suppress(ValueError):
                    assert read_picture(name, start + fill * length).width > 0


# --- files ------------------------------------------------------------------------------------


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

    monkeypatch.setattr(cli_folder.os, "fstat", fstat)
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
    folder = small.write(
        tmp_path, NOTE, {"media/leaf.png": small.PIXEL, "media/notes.txt": "x", "media/.DS_Store": "x"}
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
    folder = small.write(tmp_path / "a", NOTE, {"elsewhere/leaf.png": small.PIXEL})
    (folder / "media").symlink_to("elsewhere")
    assert "media:1:1: must be a folder, and not a link to one [file]" in said(folder)
    folder = small.write(tmp_path / "b", NOTE, {"media": b"x"})
    assert "media:1:1: must be a folder, and not a link to one [file]" in said(folder)


def test_all_pictures_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_folder, "MAX_MEDIA_BYTES", 3 * len(small.PIXEL))
    files = {f"media/{n}.png": small.PIXEL for n in range(6)}
    found = said(small.write(tmp_path, NOTE, files))
    assert [line for line in found if "all pictures together" in line] == [
        f"media/3.png:1:1: all pictures together are over {3 * len(small.PIXEL):,} bytes [picture]"
    ]


def test_names_that_differ_only_in_case(tmp_path: Path) -> None:
    """Windows and macOS would keep one of the two."""
    folder = small.write(tmp_path, NOTE, {"media/leaf.png": small.PIXEL, "media/Leaf.png": small.PIXEL})
    assert "media/leaf.png:1:1: name differs only in case from 'Leaf.png' [picture]" in said(folder)
