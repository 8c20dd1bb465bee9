"""Bytes of a picture file -> a Picture, or what is wrong with it. The type is told by the bytes."""

from __future__ import annotations

import re

from ketamine_anki.core.limits import MAX_PICTURE_AREA, MAX_PICTURE_BYTES, MAX_PICTURE_NAME, MAX_PICTURE_SIDE
from ketamine_anki.core.model import Picture
from ketamine_anki.deckfiles.filenames import unportable
from ketamine_anki.deckfiles.picture_bytes import measure

MANUAL = {
    "picture": "A picture is a PNG, JPEG or WebP file in the media folder, named with small letters, digits,"
    " `.`, `_` and `-`, of moderate size, which does not move and holds little beside its pixels. Every picture"
    " that a note shows is there, every picture there is shown by a note, and every one has a text that says what"
    " is seen, for those who cannot see it.",
}

_ENDINGS = {"PNG": ("png",), "JPEG": ("jpg", "jpeg"), "WebP": ("webp",)}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\.(png|jpe?g|webp)")


def read_picture(name: str, data: bytes) -> Picture:
    """A file name and its bytes -> the picture. Raises ValueError saying what is wrong."""
    if not _NAME.fullmatch(name) or len(name) > MAX_PICTURE_NAME:
        raise ValueError("name must be small letters, digits, '.', '_' or '-' and end in .png, .jpg, .jpeg or .webp")
    if why := unportable(name):
        raise ValueError(why)
    if len(data) > MAX_PICTURE_BYTES:
        raise ValueError(f"{len(data):,} bytes: at most {MAX_PICTURE_BYTES:,}")
    kind, width, height = measure(data)
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
