"""The bytes of a picture -> its kind and size, after a walk over every part of the file.

What a viewer skips is where other things hide: a web page, a program, an archive, the size of another
picture. So each part is one that pictures of its kind have, whole and in its place; what is not
pixels is small; nothing stands after the end, and nothing moves. That there are pixels is seen, but they
are not decoded.
Formats: PNG (W3C, third edition), JPEG (ITU T.81, annex B), WebP (RFC 9649).
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_PICTURE_EXTRAS

_PNG = b"\x89PNG\r\n\x1a\n"


class Measured(NamedTuple):
    """What a file says of itself: PNG, JPEG or WebP, and its size in pixels."""

    kind: str
    width: int
    height: int


def measure(data: bytes) -> Measured:
    """The kind and size of a picture. Raises ValueError saying what is wrong with it."""
    try:
        if data.startswith(_PNG):
            return Measured("PNG", *_measure_png(data))
        if data.startswith(b"\xff\xd8\xff"):
            return Measured("JPEG", *_measure_jpeg(data))
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return Measured("WebP", *_measure_webp(data))
    except (struct.error, IndexError):
        raise ValueError("the picture is cut off") from None
    raise ValueError("not a PNG, JPEG or WebP picture")


def _part_limit(data: bytes) -> int:
    """How many parts a file of this size may have; encoders write pixels in parts of 8,192 bytes or more."""
    return 60 + len(data) // 2048


class _Extras:
    """Bytes that are left for what is not pixels: colours, words, dates."""

    def __init__(self) -> None:
        self.left = MAX_PICTURE_EXTRAS

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ValueError(
                f"over {MAX_PICTURE_EXTRAS:,} bytes of the picture are not pixels: save it anew without metadata"
            )


def _broken(why: str) -> ValueError:
    return ValueError(f"the picture is broken: {why}")


def _unknown(part: object) -> ValueError:
    return ValueError(f"part {part!r} of the picture is none that a still picture needs: save it anew")


def _ends(data: bytes, end: int) -> None:
    if end != len(data):
        raise ValueError(f"{len(data) - end:,} bytes stand after the end of the picture: save it anew")


# --- PNG --------------------------------------------------------------------------------------

_PNG_ONCE = frozenset(
    b"IHDR PLTE IEND cHRM cICP cLLi cLLI mDCv mDCV gAMA iCCP sBIT sRGB bKGD hIST tRNS pHYs tIME eXIf"
    # private parts: of Apple, of ImageMagick
    b" iDOT caNv orNT vpAg".split()
)
_PNG_OFTEN = frozenset((b"IDAT", b"tEXt", b"zTXt", b"iTXt", b"sPLT"))
_PNG_COLOUR = 25  # where in the file the kind of its colours stands
_PNG_FIRST = 1024  # bytes of the packed pixels that are looked at
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def _measure_png(data: bytes) -> tuple[int, int]:
    view, extras = memoryview(data), _Extras()
    seen: list[bytes] = []
    size, at, pixels = (0, 0), len(_PNG), b""
    for _ in range(_part_limit(data)):
        length, kind = struct.unpack_from(">I4s", data, at)
        content, at = view[at + 8 : at + 8 + length], at + 12 + length
        if not seen and kind != b"IHDR":
            raise _broken("it does not begin with its size")
        if kind not in _PNG_OFTEN and (kind not in _PNG_ONCE or kind in seen):
            raise _broken(f"{kind.decode()} stands in it twice") if kind in seen else _unknown(kind.decode("latin-1"))
        if zlib.crc32(view[at - 8 - length : at - 4]) != struct.unpack_from(">I", data, at - 4)[0]:
            raise _broken(f"the checksum of {kind.decode()} is wrong")
        if kind == b"IHDR":
            size = _png_header(content)
        elif kind == b"IDAT":
            if b"IDAT" in seen[:-1]:
                raise _broken("its pixels are not in one place")
            if data[_PNG_COLOUR] == 3 and b"PLTE" not in seen:
                raise _broken("its palette is missing")
            pixels += content[: _PNG_FIRST - len(pixels)]
        elif kind == b"IEND":
            _ends(data, at - length)
            _png_pixels(pixels)
            return size
        else:
            if kind == b"PLTE" and (b"IDAT" in seen or not length or length % 3):
                raise _broken("its palette is damaged or out of its place")
            extras.take(length)
        seen = [*seen, kind] if kind not in seen[-1:] else seen
    raise _broken("it has too many parts")


def _png_header(content: memoryview) -> tuple[int, int]:
    width, height, depth, colour, *methods = struct.unpack(">2I5B", content)
    if depth not in _PNG_DEPTHS.get(colour, ()) or methods not in ([0, 0, 0], [0, 0, 1]):
        raise _broken("its colours are of an unknown kind")
    return width, height


def _png_pixels(first: bytes) -> None:
    try:
        if not zlib.decompressobj().decompress(first, _PNG_FIRST):
            raise _broken("it has no pixels")
    except zlib.error:
        raise _broken("its pixels are something else") from None


# --- JPEG -------------------------------------------------------------------------------------

_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive: what browsers show
_SCAN, _END, _TABLES = 0xDA, 0xD9, (0xC4, 0xDB, 0xDD)
_WORDS = (*range(0xE0, 0xF0), 0xFE)  # of applications, and a comment
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_AFTER_PIXELS = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # 00: an FF among the pixels; D0 to D7: restarts


def _measure_jpeg(data: bytes) -> tuple[int, int]:
    # The search for the end of the pixels stops at every FF: one in 256 bytes, as a rule.
    if data.count(b"\xff") > MAX_PICTURE_EXTRAS + len(data) // 32:
        raise _broken("its pixels are something else")
    extras = _Extras()
    size, scans, at = None, 0, 2
    for _ in range(_part_limit(data)):
        found = _MARKER.match(data, at)
        if found is None:
            raise IndexError if at >= len(data) else _broken(f"foreign bytes at {at:,}")
        marker, at = found[1][0], found.end()
        if marker == _END:
            _ends(data, at)
            if size is None or not scans:
                raise _broken("it has no pixels")
            return size
        end = at + struct.unpack_from(">H", data, at)[0]
        if end < at + 2 or end > len(data):
            raise IndexError
        if marker in _FRAMES:
            if size is not None:
                raise _broken("it has two sizes")
            size = _jpeg_frame(data[at:end])
        elif marker == _SCAN:
            if size is None:
                raise _broken("its pixels stand before its size")
            scans += 1
            end = _jpeg_pixels(data, at, end)
        elif marker in _TABLES or marker in _WORDS:
            extras.take(end - at)
        else:
            raise _unknown(f"FF{marker:02X}")
        at = end
    raise _broken("it has too many parts")


def _jpeg_frame(segment: bytes) -> tuple[int, int]:
    _, depth, height, width, components = struct.unpack_from(">HBHHB", segment)
    if depth != 8 or not 1 <= components <= 4 or len(segment) != 8 + 3 * components:
        raise _broken("its colours are of an unknown kind")
    return width, height


def _jpeg_pixels(data: bytes, at: int, end: int) -> int:
    """Where the pixels that follow a scan's header (`at` to `end`) end."""
    if end - at != 6 + 2 * data[at + 2] or not 1 <= data[at + 2] <= 4:
        raise _broken("the head of its pixels is damaged")
    found = _AFTER_PIXELS.search(data, end)
    if found is None:
        raise IndexError
    if found.start() == end:
        raise _broken("it has no pixels")
    return found.start()


# --- WebP -------------------------------------------------------------------------------------

_WEBP_ORDER = (b"VP8X", b"ICCP", b"ALPH", b"VP8 ", b"VP8L", b"EXIF", b"XMP ")


def _measure_webp(data: bytes) -> tuple[int, int]:
    chunks = _webp_chunks(data)
    first = next(iter(chunks), b"")
    if first != b"VP8X" and (len(chunks) != 1 or first not in (b"VP8 ", b"VP8L")):
        raise _unknown(next((kind for kind in chunks if kind not in (b"VP8 ", b"VP8L")), first).decode("latin-1"))
    if (b"VP8 " in chunks) == (b"VP8L" in chunks):
        raise _broken("it has no pixels, or two kinds of them")
    lossy = b"VP8 " in chunks
    size = _vp8(chunks[b"VP8 "]) if lossy else _vp8l(chunks[b"VP8L"])
    if first == b"VP8X" and size != _vp8x(chunks[first]):
        raise _broken("it has two sizes")
    return size


def _webp_chunks(data: bytes) -> dict[bytes, memoryview]:
    """The parts of a WebP file by name; each stands once, and in the order that the format asks for."""
    if len(data) < (end := struct.unpack_from("<I", data, 4)[0] + 8):
        raise IndexError
    _ends(data, end)
    view, extras = memoryview(data), _Extras()
    chunks: dict[bytes, memoryview] = {}
    at = 12
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        following = at + 8 + length + length % 2
        if following > end:
            raise IndexError
        if kind not in _WEBP_ORDER:
            raise _unknown(kind.decode("latin-1"))
        if any(_WEBP_ORDER.index(kind) <= _WEBP_ORDER.index(before) for before in chunks):
            raise _broken(f"{kind.decode().strip()} of it stands twice or out of its place")
        if any(data[at + 8 + length : following]):
            raise _broken("foreign bytes between its parts")
        chunks[kind] = view[at + 8 : at + 8 + length]
        if kind not in (b"VP8 ", b"VP8L", b"ALPH"):
            extras.take(length)
        at = following
    return chunks


def _vp8(content: memoryview) -> tuple[int, int]:
    tag, _, start, width, height = struct.unpack_from("<BH3s2H", content)
    if tag & 1 or start != b"\x9d\x01\x2a":
        raise _broken("its pixels are something else")
    if len(content) == 10:
        raise _broken("it has no pixels")
    return width & 0x3FFF, height & 0x3FFF


def _vp8l(content: memoryview) -> tuple[int, int]:
    mark, bits = struct.unpack_from("<BI", content)
    if mark != 0x2F or bits >> 29:
        raise _broken("its pixels are something else")
    if len(content) == 5:
        raise _broken("it has no pixels")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _vp8x(content: memoryview) -> tuple[int, int]:
    flags, low_width, high_width, low_height, high_height = struct.unpack("<IHBHB", content)
    if flags & ~0b111100:  # animation, and what is reserved
        raise ValueError("the picture moves, or is of an unknown kind: save one still picture")
    return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
