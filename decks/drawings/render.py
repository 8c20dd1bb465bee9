"""Render every drawing (*.svg beside this script) to ../media/NAME.png.

Pictures have 256 colors at most and carry the SHA-256 of their drawing in a tEXt chunk:
`render.py --check` compares those without a renderer and exits 1 on any mismatch.
"""

import argparse
import hashlib
import shutil
import struct
import subprocess
import sys
import zlib
from collections import Counter
from math import dist
from pathlib import Path

DRAWINGS = Path(__file__).resolve().parent
MEDIA = DRAWINGS.parent / "media"
MISSING = "rsvg-convert is missing: install it (Debian package librsvg2-bin)."


def stamp(svg: Path) -> bytes:
    """Return the content of the tEXt chunk that belongs to a drawing."""
    return b"Source-SHA256\0" + hashlib.sha256(svg.read_bytes()).hexdigest().encode()


def read_chunks(png: bytes) -> dict[bytes, bytes]:
    """Return the chunks of a PNG by type, the data of one type joined."""
    found, at = dict[bytes, bytes](), 8
    while at + 8 <= len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        found[kind] = found.get(kind, b"") + png[at + 8 : at + 8 + size]
        at += size + 12
    return found


def unfilter(data: bytes, stride: int) -> list[list[bytes]]:
    """Return rows of RGBA pixels, PNG filters (left, up, mean, Paeth) undone."""
    rows, above = [], bytearray(stride + 4)
    for start in range(0, len(data), stride + 1):
        kind, row = data[start], bytearray(4) + data[start + 1 : start + 1 + stride]
        for i in range(4, stride + 4):
            left, up, diag = row[i - 4], above[i], above[i - 4]
            guess = (0, left, up, (left + up) // 2, left)[kind]
            if kind == 4 and not left == up == diag:
                near = [abs(up - diag), abs(left - diag), abs(left + up - 2 * diag)]
                guess = (left, up, diag)[near.index(min(near))]
            row[i] = (row[i] + guess) & 255
        rows.append([bytes(row[i : i + 4]) for i in range(4, stride + 4, 4)])
        above = row
    return rows


def render(svg: Path) -> None:
    """Render a drawing, reduce and stamp the picture, and move it into place."""
    tool = shutil.which("rsvg-convert") or sys.exit(MISSING)
    raw = read_chunks(subprocess.check_output([tool, "--width=1200", str(svg)]))
    rows = unfilter(zlib.decompress(raw[b"IDAT"]), 1200 * 4)
    colors = [c for c, _ in Counter(p for row in rows for p in row).most_common()]
    points = [[value * color[3] for value in color] for color in colors]
    index = {}
    for color, point in zip(colors, points, strict=True):
        gaps = [dist(point, other) for other in points[:256]]
        index[color] = gaps.index(min(gaps))
    packed = b"".join(b"\0" + bytes(index[pixel] for pixel in row) for row in rows)
    png = b"\x89PNG\r\n\x1a\n"
    for kind, data in (
        (b"IHDR", raw[b"IHDR"][:8] + bytes((8, 3, 0, 0, 0))),
        (b"tEXt", stamp(svg)),
        (b"PLTE", b"".join(color[:3] for color in colors[:256])),
        (b"tRNS", bytes(color[3] for color in colors[:256])),
        (b"IDAT", zlib.compress(packed, 9)),
        (b"IEND", b""),
    ):
        png += struct.pack(">I", len(data)) + kind + data
        png += struct.pack(">I", zlib.crc32(kind + data))
    temporary = MEDIA / f".{svg.stem}.png.tmp"
    temporary.write_bytes(png)
    temporary.replace(MEDIA / f"{svg.stem}.png")


def problems() -> list[str]:
    """Name every picture and drawing that do not match, in either direction."""
    pictures, found = {path.stem: path for path in MEDIA.glob("*.png")}, []
    for svg in sorted(DRAWINGS.glob("*.svg")):
        png = pictures.pop(svg.stem, None)
        if png is None or read_chunks(png.read_bytes()).get(b"tEXt") != stamp(svg):
            found.append(f"{svg.name}: picture {'out of step' if png else 'missing'}")
    return found + [f"{name}.png: no drawing of it" for name in sorted(pictures)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Render the drawings.")
    parser.add_argument("--check", action="store_true", help="only compare the stamps")
    if parser.parse_args().check:
        sys.exit("\n".join(problems()) or 0)
    for drawing in sorted(DRAWINGS.glob("*.svg")):
        render(drawing)
