"""Pictures as programs save them are read; those of this repository, too."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from program import REPOSITORY

from ketamine_anki.deckfiles.pictures import read_picture

pytest.importorskip("PIL", reason="Pillow is among the tools for developers")
from PIL import Image, ImageCms, PngImagePlugin

EXIF = Image.Exif()
EXIF[0x010E] = "a leaf"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TEXT = PngImagePlugin.PngInfo()
TEXT.add_text("Title", "a leaf")
TEXT.add_itxt("Author", "somebody", zip=True)
NOISE = random.Random(1).randbytes(4 * 64 * 48)


@pytest.mark.parametrize(
    ("ending", "mode", "options"),
    [
        *(("png", mode, {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        ("png", "RGB", {"dpi": (96, 96), "exif": EXIF, "icc_profile": PROFILE, "pnginfo": TEXT}),
        ("png", "P", {"transparency": 0, "optimize": True, "bits": 4}),
        *(("jpg", mode, {}) for mode in ("1", "L", "RGB", "CMYK", "YCbCr")),
        ("jpg", "RGB", {"progressive": True, "optimize": True, "quality": 95, "subsampling": 0}),
        ("jpg", "RGB", {"exif": EXIF, "icc_profile": PROFILE, "comment": "a leaf", "dpi": (96, 96)}),
        ("jpg", "L", {"restart_marker_rows": 1}),
        *(("webp", mode, {"lossless": lossless}) for mode in ("RGB", "RGBA") for lossless in (True, False)),
        ("webp", "RGBA", {"exif": EXIF, "icc_profile": PROFILE, "xmp": b"<x/>"}),
    ],
)  # fmt: skip
def test_what_programs_save_is_read(ending: str, mode: str, options: dict[str, Any]) -> None:
    whole = 64 * 48 // 8 if mode == "1" else 64 * 48 * len(Image.new(mode, (1, 1)).tobytes())
    picture = Image.frombytes(mode, (64, 48), NOISE[:whole])
    saved = io.BytesIO()
    picture.save(saved, {"jpg": "JPEG"}.get(ending, ending), **options)
    found = read_picture(f"leaf.{ending}", saved.getvalue())
    assert (found.width, found.height) == (64, 48)


@pytest.mark.parametrize("folder", ["decks/media", ".github/images"])
def test_the_repository_s_own_pictures_are_read(folder: str) -> None:
    paths = sorted((REPOSITORY / folder).iterdir())
    assert len(paths) >= 4
    for path in paths:
        with Image.open(path) as opened:
            found = read_picture(path.name, path.read_bytes())
            assert (found.width, found.height) == opened.size
