"""Reads a picture: the bytes of a PNG, JPEG or WebP file -> a `Picture`, or what is wrong with it.

Parts of a file that viewers skip can hide a web page, a program, an archive or the size of another picture. So every
part is walked: each is known and complete, all that is not pixels is small, nothing stands after the end, and nothing
moves. The pixels are present but not decoded.
Sources: PNG (W3C, third edition), JPEG (ITU T.81, annex B), WebP (RFC 9649).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable

from ketamine_anki.core import limits
from ketamine_anki.core.model import Picture
from ketamine_anki.deckfiles.filenames import unportable

MANUAL = {
    "picture": "A picture is a PNG, JPEG or WebP file in the media folder, named with small letters, digits,"
    " `.`, `_` and `-`, of moderate size, which does not move and holds little beside its pixels. Every picture"
    " that a note shows is there, every picture there is shown by a note, and every one has a text that says what"
    " is seen, for those who cannot see it.",
}

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\.(png|jpe?g|webp)")


_Measured = tuple[int, int, int, int]  # width and height, bytes that are not pixels, the end of the last part


def read_picture(name: str, data: bytes) -> Picture:
    """A file name and its bytes -> the picture. Raises ValueError saying what is wrong."""
    if not _NAME.fullmatch(name) or len(name) > limits.MAX_PICTURE_NAME:
        raise ValueError("name must be small letters, digits, '.', '_' or '-' and end in .png, .jpg, .jpeg or .webp")
    if why := unportable(name):
        raise ValueError(why)
    if len(data) > limits.MAX_PICTURE_BYTES:
        raise ValueError(f"{len(data):,} bytes: at most {limits.MAX_PICTURE_BYTES:,}")
    form = next((form for form in _FORMS if re.match(form[0], data, re.DOTALL)), None)
    if form is None:
        raise ValueError("not a PNG, JPEG or WebP picture")
    _, kind, endings, measure = form
    try:
        width, height, extras, end = measure(data)
    except (struct.error, IndexError):
        raise ValueError("the picture is cut off") from None
    if end != len(data):
        raise ValueError(f"{len(data) - end:,} bytes stand after the end of the picture: save it anew")
    if extras > limits.MAX_PICTURE_EXTRAS:
        most = f"over {limits.MAX_PICTURE_EXTRAS:,} bytes of the picture"
        raise ValueError(f"{most} are not pixels: save it anew without metadata")
    stem, _, ending = name.rpartition(".")
    if ending not in endings:
        raise ValueError(f"the file holds a {kind} picture: its name must end in .{' or .'.join(endings)}")
    if not (0 < width <= limits.MAX_PICTURE_SIDE and 0 < height <= limits.MAX_PICTURE_SIDE):
        raise ValueError(f"{width} x {height} pixels: from 1 to {limits.MAX_PICTURE_SIDE:,} each way")
    if width * height > limits.MAX_PICTURE_AREA:
        raise ValueError(f"{width} x {height} pixels: at most {limits.MAX_PICTURE_AREA:,} together")
    import hashlib  # loaded only for pictures

    digest = hashlib.sha256(data).hexdigest()[:8]
    return Picture(name, f"{stem}-{digest}.{ending}", data, width, height)


def _part_limit(data: bytes) -> int:
    """How many parts a file of this size may have; encoders write pixels in parts of 8,192 bytes or more."""
    return 60 + len(data) // 2048


def _broken(why: str) -> ValueError:
    return ValueError(f"the picture is broken: {why}")


def _unknown(part: str) -> ValueError:
    return ValueError(f"a still picture needs no part {part!r}: save the picture anew")


_PNG_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_PNG_FIRST = 1024  # bytes of the packed pixels that are looked at


def _measure_png(data: bytes) -> _Measured:
    view, extras = memoryview(data), 0
    if data[12:16] != b"IHDR" or struct.unpack_from(">I", data, 8) != (13,):
        raise _broken("it does not begin with its size")
    at, pixels = 8, b""
    for _ in range(_part_limit(data)):
        length, kind = struct.unpack_from(">I4s", data, at)
        content, at = view[at + 8 : at + 8 + length], at + 12 + length
        if zlib.crc32(view[at - 8 - length : at - 4]) != struct.unpack_from(">I", data, at - 4)[0]:
            raise _broken(f"the checksum of {kind.decode('latin-1')!r} is wrong")
        if kind == b"IDAT":
            pixels += content[: _PNG_FIRST - len(pixels)]
        elif kind == b"IEND":
            _look_at_pixels(pixels)
            width, height = struct.unpack_from(">2I", data, 16)
            return width, height, extras, at - length
        elif kind == b"IHDR" and at > 33:
            raise _broken("it has two sizes")
        elif kind in _PNG_ANIMATION or (kind[:1].isupper() and kind not in (b"IHDR", b"PLTE")):
            raise _unknown(kind.decode("latin-1"))
        else:
            extras += length
    raise _broken("it has too many parts")


def _look_at_pixels(packed: bytes) -> None:
    try:
        if not zlib.decompressobj().decompress(packed, _PNG_FIRST):
            raise _broken("it has no pixels")
    except zlib.error:
        raise _broken("its pixels are something else") from None


_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive: what browsers show
_SCAN, _END, _TABLES = 0xDA, 0xD9, (0xC4, 0xDB, 0xDD)
_WORDS = (*range(0xE0, 0xF0), 0xFE)  # of applications, and a comment
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_AFTER_PIXELS = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # 00: an FF among the pixels; D0 to D7: restarts


def _measure_jpeg(data: bytes) -> _Measured:
    # The search for the end of the pixels stops at every FF: one in 256 bytes, as a rule.
    if data.count(b"\xff") > limits.MAX_PICTURE_EXTRAS + len(data) // 32:
        raise _broken("its pixels are something else")
    size, has_pixels, extras, at = None, False, 0, 2
    for _ in range(_part_limit(data)):
        found = _MARKER.match(data, at)
        if found is None:
            raise IndexError if at >= len(data) else _broken(f"foreign bytes at {at:,}")
        marker, at = found[1][0], found.end()
        if marker == _END:
            if size is None or not has_pixels:
                raise _broken("it has no pixels")
            return *size, extras, at
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
            has_pixels, end = True, _jpeg_pixels(data, at, end)
        elif marker in _TABLES or marker in _WORDS:
            extras += end - at
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


_WEBP_PIXELS, _WEBP_EXTRAS = (b"VP8 ", b"VP8L", b"ALPH"), (b"VP8X", b"ICCP", b"EXIF", b"XMP ")


def _measure_webp(data: bytes) -> _Measured:
    chunks, end = _webp_chunks(data)
    lossy, lossless, extended = (chunks.get(kind) for kind in (b"VP8 ", b"VP8L", b"VP8X"))
    if (lossy is None) == (lossless is None):
        raise _broken("it has no pixels, or two kinds of them")
    size = _vp8(lossy) if lossy is not None else _vp8l(chunks[b"VP8L"])
    if extended is None and len(chunks) > 1:
        raise _broken("it has parts that its first part does not announce")
    if extended is not None and size != _vp8x(extended):
        raise _broken("it has two sizes")
    return *size, sum(len(chunks.get(kind, b"")) for kind in _WEBP_EXTRAS), end


def _webp_chunks(data: bytes) -> tuple[dict[bytes, bytes], int]:
    """The parts of a WebP file by name, each of which stands once, and where they end."""
    end: int = struct.unpack_from("<I", data, 4)[0] + 8
    if len(data) < end:
        raise IndexError
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        last = at + 8 + length
        if last + length % 2 > end:
            raise IndexError
        if kind not in _WEBP_PIXELS + _WEBP_EXTRAS or kind in chunks:
            raise _unknown(kind.decode("latin-1"))
        if length % 2 and data[last]:
            raise _broken("foreign bytes between its parts")
        chunks[kind] = data[at + 8 : last]
        at = last + length % 2
    return chunks, end


def _vp8(content: bytes) -> tuple[int, int]:
    tag, _, start, width, height = struct.unpack_from("<BH3s2H", content)
    if tag & 1 or start != b"\x9d\x01\x2a":
        raise _broken("its pixels are something else")
    if len(content) == 10:
        raise _broken("it has no pixels")
    return width & 0x3FFF, height & 0x3FFF


def _vp8l(content: bytes) -> tuple[int, int]:
    mark, bits = struct.unpack_from("<BI", content)
    if mark != 0x2F or bits >> 29:
        raise _broken("its pixels are something else")
    if len(content) == 5:
        raise _broken("it has no pixels")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _vp8x(content: bytes) -> tuple[int, int]:
    flags, low_width, high_width, low_height, high_height = struct.unpack("<IHBHB", content)
    if flags & ~0b111100:  # animation, and what is reserved
        raise ValueError("the picture moves, or is of an unknown kind: save one still picture")
    return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1


# How a file begins, its kind, the endings of its name, and what measures it.
_FORMS: tuple[tuple[bytes, str, tuple[str, ...], Callable[[bytes], _Measured]], ...] = (
    (rb"\x89PNG\r\n\x1a\n", "PNG", ("png",), _measure_png),
    (rb"\xff\xd8\xff", "JPEG", ("jpg", "jpeg"), _measure_jpeg),
    (rb"RIFF....WEBP", "WebP", ("webp",), _measure_webp),
)
