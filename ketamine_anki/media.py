"""Bytes of a picture file -> a Picture, or what is wrong with it. The type is told by the bytes."""

from __future__ import annotations

import re
import struct

from ketamine_anki.filenames import unportable
from ketamine_anki.limits import MAX_PICTURE_AREA, MAX_PICTURE_BYTES, MAX_PICTURE_SIDE
from ketamine_anki.model import Picture

MANUAL = {
    "picture": "A picture is a PNG, JPEG or WebP file in the media folder, named with small letters, digits,"
    " `.`, `_` and `-`, of moderate size. Every picture that a note shows is there, every picture there is"
    " shown by a note, and every one has a text that says what is seen, for those who cannot see it.",
}

_ENDINGS = {"PNG": ("png",), "JPEG": ("jpg", "jpeg"), "WebP": ("webp",)}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\.(png|jpe?g|webp)")


_MOST_SEGMENTS = 2_000  # before the size of a JPEG; a colour profile takes up to 255


def read_picture(name: str, data: bytes) -> Picture:
    """A file name and its bytes -> the picture. Raises ValueError saying what is wrong."""
    if not _NAME.fullmatch(name) or len(name) > 80:
        raise ValueError("name must be small letters, digits, '.', '_' or '-' and end in .png, .jpg, .jpeg or .webp")
    if why := unportable(name):
        raise ValueError(why)
    if len(data) > MAX_PICTURE_BYTES:
        raise ValueError(f"{len(data):,} bytes: at most {MAX_PICTURE_BYTES:,}")
    kind, width, height = _measure(data)
    stem, _, ending = name.rpartition(".")
    if ending not in _ENDINGS[kind]:
        endings = " or ".join(f".{known}" for known in _ENDINGS[kind])
        raise ValueError(f"the file holds a {kind} picture: its name must end in {endings}")
    if not (0 < width <= MAX_PICTURE_SIDE and 0 < height <= MAX_PICTURE_SIDE):
        raise ValueError(f"{width} x {height} pixels: from 1 to {MAX_PICTURE_SIDE:,} each way")
    import hashlib

    if width * height > MAX_PICTURE_AREA:
        raise ValueError(f"{width} x {height} pixels: at most {MAX_PICTURE_AREA:,} together")
    digest = hashlib.sha256(data).hexdigest()[:8]
    return Picture(name, f"{stem}-{digest}.{ending}", data, width, height)


def _measure(data: bytes) -> tuple[str, int, int]:
    """(kind, width, height) in pixels, read from the file's header."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            width, height = struct.unpack(">II", data[16:24])
            return "PNG", width, height
        if data.startswith(b"\xff\xd8\xff"):
            return "JPEG", *_measure_jpeg(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return "WebP", *_measure_webp(data)
    except (struct.error, IndexError):
        raise ValueError("the picture is cut off") from None
    raise ValueError("not a PNG, JPEG or WebP picture")


def _measure_jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if data[at] != 0xFF:
            raise ValueError("the picture is broken")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in (0x01, *range(0xD0, 0xD9)):  # markers without a length
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        elif marker in (0xD9, 0xDA):
            raise ValueError("the picture is broken")
        else:
            at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    raise ValueError("the picture is broken")


def _measure_webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack("<HBHB", data[24:30])
        return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
    if chunk == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("not a WebP picture")
