"""Pictures are told by their bytes, read without following links, and limited."""

from __future__ import annotations

import hashlib
import struct
import zlib
from contextlib import suppress

import pytest
from small_deck import png_part as part

from ketamine_anki.core.limits import MAX_PICTURE_BYTES
from ketamine_anki.deckfiles.pictures import read_picture


def size(width: int, height: int, rest: bytes = b"\x08\x02\0\0\0") -> bytes:
    return part(b"IHDR", struct.pack(">II", width, height) + rest)


PNG = b"\x89PNG\r\n\x1a\n"
PALETTE = b"\x08\x03\0\0\0"
PIXELS, LAST = part(b"IDAT", zlib.compress(b"\0" * 9)), part(b"IEND")


def png(width: int, height: int, before: bytes = b"") -> bytes:
    return PNG + size(width, height) + before + PIXELS + LAST


def segment(marker: int, data: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def frame(width: int, height: int, marker: int = 0xC0) -> bytes:
    return segment(marker, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")


JFIF = b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"pix\xff\x00els\xff\xd0more"


def jpeg(width: int, height: int, marker: int = 0xC0, before: bytes = b"") -> bytes:
    return JFIF + before + frame(width, height, marker) + SCAN + b"\xff\xd9"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a WebP."""
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webp(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8(width: int, height: int) -> bytes:
    return chunk(b"VP8 ", b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"rest")


def vp8l(width: int, height: int) -> bytes:
    return chunk(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"rest!")


def vp8x(width: int, height: int, flags: int = 0) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return chunk(b"VP8X", struct.pack("<I", flags) + sides)


EXTENDED = webp(vp8x(300, 200, 0x3C), chunk(b"ICCP", b"x"), vp8(300, 200), chunk(b"EXIF", b"x"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", png(300, 200)),
        ("a.png", PNG + size(300, 200, PALETTE) + part(b"PLTE", b"rgb") + PIXELS + LAST),
        ("a.png", PNG + size(300, 200) + part(b"IDAT", PIXELS[8:10]) + part(b"IDAT", PIXELS[10:-4]) + LAST),
        ("a.jpg", jpeg(300, 200)),
        ("a.jpeg", jpeg(300, 200, 0xC2)),
        ("a.jpg", jpeg(300, 200, before=b"\xff\xff\xfe\x00\x04hi")),
        ("a.jpg", jpeg(300, 200, before=b"\xff\xc4\x00\x04hi")),
        ("a.webp", webp(vp8(300, 200))),
        ("a.webp", webp(vp8l(300, 200))),
        ("a.webp", EXTENDED),
    ],
    ids=[
        "PNG", "palette", "pixels in parts", "JPEG", "progressive JPEG", "fill byte", "tables",
        "lossy WebP", "lossless WebP", "extended WebP",
    ],
)  # fmt: skip
def test_kind_and_size_are_read_from_the_bytes(name: str, data: bytes) -> None:
    picture = read_picture(name, data)
    assert (picture.name, picture.width, picture.height, picture.data) == (name, 300, 200, data)


def test_packaged_name_holds_the_content() -> None:
    """Another content, another name: a learner's app keeps a file by its name for ever."""
    one, two = read_picture("leaf.png", png(3, 2)), read_picture("leaf.png", png(3, 3))
    assert one.packaged == f"leaf-{hashlib.sha256(png(3, 2)).hexdigest()[:8]}.png"
    assert two.packaged != one.packaged


PAGE = b"<html><script>alert(1)</script>"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("Leaf.png", png(1, 1), "name must be"),
        ("léaf.png", png(1, 1), "name must be"),
        (".leaf.png", png(1, 1), "name must be"),
        ("leaf.gif", b"GIF89a", "name must be"),
        ("leaf", png(1, 1), "name must be"),
        ("a" * 77 + ".png", png(1, 1), "name must be"),
        ("con.png", png(1, 1), "Windows reserves"),
        ("leaf.png", b"", "not a PNG, JPEG or WebP"),
        ("leaf.png", b"GIF89a", "not a PNG, JPEG or WebP"),
        ("leaf.png", jpeg(1, 1), "holds a JPEG picture: its name must end in .jpg or .jpeg"),
        ("leaf.png", webp(vp8(1, 1)), "holds a WebP picture: its name must end in .webp"),
        ("leaf.png", png(1, 1)[:20], "cut off"),
        ("leaf.png", png(0, 5), "0 x 5 pixels"),
        ("leaf.png", png(8001, 5), "8001 x 5 pixels: from 1 to 8,000 each way"),
        ("leaf.png", png(5000, 5001), "5000 x 5001 pixels: at most 25,000,000 together"),
        ("leaf.jpg", jpeg(1, 1)[:22], "cut off"),
        ("leaf.jpg", b"\xff\xd8\xff\xd9", "broken: it has no pixels"),
        ("leaf.jpg", b"\xff\xd8\xff\xe0\x00\x02xx", "broken: foreign bytes at 6"),
        ("leaf.webp", EXTENDED[:28], "cut off"),
        ("leaf.webp", webp(vp8(1, 1))[:28], "cut off"),
        ("leaf.webp", webp(vp8l(1, 1))[:23], "cut off"),
        ("leaf.png", png(1, 1) + bytes(MAX_PICTURE_BYTES), "10,485,... bytes: at most 10,485,760"),
        ("a.png", PNG + size(1, 1) + PAGE, "cut off|needs no part"),
        ("a.png", PNG + b"\0\0\0\0IHDR" + struct.pack(">II", 1, 1) + PAGE + b"MZ", "does not begin with its size"),
        ("a.png", PNG + size(1, 1)[:-4] + bytes(4) + PIXELS + LAST, "checksum of 'IHDR' is wrong"),
        ("a.png", PNG + PIXELS + size(1, 1) + LAST, "does not begin with its size"),
        ("a.png", png(1, 1, size(60_000, 60_000)), "two sizes"),
        ("a.png", png(1, 1) + b"PK\3\4", "4 bytes stand after the end"),
        ("a.png", PNG + size(1, 1) + PIXELS + part(b"IEND", b"MZ"), "2 bytes stand after the end"),
        ("a.png", PNG + size(1, 1) + LAST, "no pixels"),
        ("a.png", PNG + size(1, 1) + part(b"IDAT") + LAST, "no pixels"),
        ("a.png", PNG + size(1, 1) + part(b"IDAT", zlib.compress(b"")) + LAST, "no pixels"),
        ("a.png", PNG + size(1, 1) + part(b"IDAT", PAGE) + LAST, "pixels are something else"),
        ("a.png", png(1, 1, part(b"acTL", bytes(8))), "needs no part 'acTL'"),
        ("a.png", png(1, 1, part(b"ZIPs", b"PK\3\4")), "needs no part 'ZIPs'"),
        ("a.png", png(1, 1, part(b"tEXt", bytes(40_000)) * 2), "over 65,536 bytes of the picture are not pixels"),
        ("a.png", png(1, 1, part(b"tEXt") * 200), "too many parts"),
        ("a.jpg", b"\xff\xd8\xff\xc0\0\x0b\x08\0\1\0\1" + PAGE, "unknown kind"),
        ("a.jpg", JFIF + frame(1, 1) + PAGE, "foreign bytes at 33"),
        ("a.jpg", jpeg(1, 1) + PAGE, "31 bytes stand after the end"),
        ("a.jpg", jpeg(1, 1, before=frame(1, 1)), "two sizes"),
        ("a.jpg", JFIF + SCAN + frame(1, 1) + b"\xff\xd9", "pixels stand before its size"),
        ("a.jpg", JFIF + frame(1, 1) + b"\xff\xd9", "no pixels"),
        ("a.jpg", JFIF + frame(1, 1) + SCAN[:10] + b"\xff\xd9", "no pixels"),
        ("a.jpg", jpeg(1, 1)[:-2], "cut off"),
        ("a.jpg", JFIF + frame(1, 1) + segment(0xDA, PAGE) + b"\xff\xd9", "head of its pixels is damaged"),
        ("a.jpg", jpeg(1, 1, before=segment(0xDC, b"\xff\xff")), "needs no part 'FFDC'"),
        ("a.jpg", jpeg(1, 1, 0xC3), "needs no part 'FFC3'"),
        ("a.jpg", jpeg(1, 1, before=segment(0xFE, bytes(40_000)) * 2), "over 65,536 bytes of the picture"),
        ("a.jpg", JFIF + frame(1, 1) + SCAN * 200 + b"\xff\xd9", "too many parts"),
        ("a.jpg", JFIF + frame(1, 1) + SCAN + b"\xff\x00" * 100_000 + b"\xff\xd9", "pixels are something else"),
        ("a.webp", b"RIFF<!--WEBP" + vp8(1, 1) + PAGE, "cut off"),
        ("a.webp", webp(vp8(1, 1)) + PAGE, "31 bytes stand after the end"),
        ("a.webp", webp(vp8x(1, 1), vp8l(0x3FFF, 0x3FFF)), "two sizes"),
        ("a.webp", webp(vp8x(1, 1)), "no pixels, or two kinds"),
        ("a.webp", webp(chunk(b"VP8 ", vp8(1, 1)[8:18])), "no pixels"),
        ("a.webp", webp(chunk(b"VP8L", vp8l(1, 1)[8:13])), "no pixels"),
        ("a.webp", webp(vp8x(1, 1), vp8(1, 1), vp8l(1, 1)), "no pixels, or two kinds"),
        ("a.webp", webp(vp8(1, 1), vp8(2, 2)), "needs no part 'VP8 '"),
        ("a.webp", webp(vp8(1, 1), chunk(b"EXIF", b"")), "first part does not announce"),
        ("a.webp", webp(vp8x(1, 1, 2), vp8(1, 1)), "the picture moves"),
        ("a.webp", webp(vp8x(1, 1), vp8(1, 1), chunk(b"ANMF", b"")), "needs no part 'ANMF'"),
        ("a.webp", webp(vp8x(1, 1), vp8(1, 1), chunk(b"XMP ", bytes(70_000))), "over 65,536 bytes of the picture"),
        ("a.webp", webp(vp8(1, 1)[:8] + b"\x11" + vp8(1, 1)[9:]), "pixels are something else"),
        ("a.webp", webp(chunk(b"VP8L", PAGE)), "pixels are something else"),
        ("a.webp", webp(vp8x(1, 1), vp8(1, 1), chunk(b"EXIF", b"x")[:-1] + b"M"), "foreign bytes between its parts"),
        ("a.webp", webp(vp8(1, 1) + b"VP8L\xff\xff\0\0"), "cut off"),
    ],
)  # fmt: skip
def test_what_is_no_picture_or_hides_in_one_is_refused(name: str, data: bytes, message: str) -> None:
    """Each part is one that a still picture needs, in its place; nothing else stands in the file."""
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
