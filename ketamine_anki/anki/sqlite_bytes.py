"""Rewrites an SQLite file so that its bytes do not depend on the version of the SQLite library.

The library leaves its version and a change counter in the header, and old memory in the unused parts of pages; these
differ between builds of SQLite. Overwriting them changes no row. The format is described at
sqlite.org/fileformat2.html; the names below are the ones used there.
"""

from __future__ import annotations

from itertools import pairwise
from mmap import mmap
from pathlib import Path
from struct import unpack_from

_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE = 2, 5, 10, 13
_LIBRARY_VERSION = 3_045_000  # any fixed one


def make_canonical(path: Path) -> None:
    """Rewrites a closed database in place."""
    with path.open("r+b") as file, mmap(file.fileno(), 0) as data:
        data[24:28] = data[92:96] = (1).to_bytes(4, "big")  # change counter, and "valid for" it
        data[96:100] = _LIBRARY_VERSION.to_bytes(4, "big")
        size, reserved = unpack_from(">H2xB", data, 16)
        size = 65536 if size == 1 else size
        for page in range(0, len(data), size):
            if data[page or 100] in (_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE):
                _clear_page(data, page, size, size - reserved)


def _clear_page(data: mmap, page: int, size: int, usable: int) -> None:
    """Zeroes what is unused of the page at an offset: the gap between cell pointers and cells, the content of
    freeblocks, and the end of each chain of overflow pages.
    """
    header = page or 100
    kind, block, count, content = unpack_from(">B3H", data, header)
    pointers = header + (12 if kind in (_INTERIOR_INDEX, _INTERIOR_TABLE) else 8)
    gap, content = pointers + 2 * count, page + (content or 65536)
    data[gap:content] = bytes(content - gap)
    while block:
        following, length = unpack_from(">2H", data, page + block)
        data[page + block + 4 : page + block + length] = bytes(length - 4)
        block = following
    if kind == _INTERIOR_TABLE:
        return
    most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
    least = (usable - 12) * 32 // 255 - 23
    cells = sorted(unpack_from(f">{count}H", data, pointers))
    for cell, end in pairwise([*cells, usable]):
        if end - cell < least:  # at least so much of a payload that overflows stays in the page
            continue
        payload, offset = _varint(data, page + cell + (4 if kind == _INTERIOR_INDEX else 0))
        if kind == _LEAF_TABLE:
            _, offset = _varint(data, offset)  # the row id
        if payload > most:
            local = least + (payload - least) % (usable - 4)
            local = local if local <= most else least
            overflow = _pointed_at(data, offset + local, size)
            length = payload - local
            while length > usable - 4:
                overflow = _pointed_at(data, overflow, size)
                length -= usable - 4
            data[overflow + 4 + length : overflow + size] = bytes(size - 4 - length)


def _pointed_at(data: mmap, pointer: int, size: int) -> int:
    """The offset of the page whose number stands at a place."""
    return (int.from_bytes(data[pointer : pointer + 4], "big") - 1) * size


def _varint(data: mmap, offset: int) -> tuple[int, int]:
    """(value, offset after it) of a number of one to nine bytes, of which the ninth has eight bits."""
    value = 0
    for index in range(offset, offset + 8):
        value = value << 7 | data[index] & 0x7F
        if data[index] < 0x80:
            return value, index + 1
    return value << 8 | data[offset + 8], offset + 9
