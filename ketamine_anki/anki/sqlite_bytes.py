"""Rewrites an SQLite file so that its bytes do not depend on the version of the SQLite library.

The library leaves its version and a change counter in the header, and old memory in the unused parts of pages; these
differ between builds of SQLite. Overwriting them changes no row. The format is described at
sqlite.org/fileformat2.html; the names below are the ones used there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from struct import unpack_from

_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE = 2, 5, 10, 13
_LIBRARY_VERSION = 3_045_000  # any fixed one


def make_canonical(path: Path) -> None:
    """Rewrites a closed database in place, page by page."""
    with path.open("r+b") as file:
        size, reserved = unpack_from(">H2xB", file.read(100), 16)
        size = 65536 if size == 1 else size
        chains: list[tuple[int, int]] = []
        for offset in range(0, path.stat().st_size, size):
            file.seek(offset)
            page = bytearray(file.read(size))
            if offset == 0:
                page[24:28] = page[92:96] = (1).to_bytes(4, "big")  # change counter, and "valid for" it
                page[96:100] = _LIBRARY_VERSION.to_bytes(4, "big")
            start = 0 if offset else 100
            if page[start] in (_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE):
                _clear_page(page, start)
                chains += _overflows(page, start, size - reserved)
                file.seek(offset)
                file.write(page)
        for number, length in chains:  # the unused end of the last page of each
            file.seek((number - 1) * size)
            while length > size - reserved - 4:
                length -= size - reserved - 4
                file.seek((int.from_bytes(file.read(4), "big") - 1) * size)
            file.seek(4 + length, 1)
            file.write(bytes(size - 4 - length))


def _clear_page(page: bytearray, start: int) -> None:
    """Zeroes the gap between the cell pointers and the cells, and the content of freeblocks. The header of the page
    starts at `start`.
    """
    _, block, count, content = unpack_from(">B3H", page, start)
    gap = _cell_pointers(page, start) + 2 * count
    page[gap : content or 65536] = bytes((content or 65536) - gap)
    while block:
        following, length = unpack_from(">2H", page, block)
        page[block + 4 : block + length] = bytes(length - 4)
        block = following


def _cell_pointers(page: bytearray, start: int) -> int:
    """The offset of the cell pointers."""
    return start + (12 if page[start] in (_INTERIOR_INDEX, _INTERIOR_TABLE) else 8)


def _overflows(page: bytearray, start: int, usable: int) -> Iterator[tuple[int, int]]:
    """(first overflow page, bytes in the chain) of each cell whose payload does not fit its page."""
    kind, _, count = unpack_from(">B2H", page, start)
    if kind == _INTERIOR_TABLE:
        return
    most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
    least = (usable - 12) * 32 // 255 - 23
    cells = sorted(unpack_from(f">{count}H", page, _cell_pointers(page, start)))
    for cell, end in pairwise([*cells, usable]):
        if end - cell < least:  # at least so much of a payload that overflows stays in the page
            continue
        payload, offset = _varint(page, cell + (4 if kind == _INTERIOR_INDEX else 0))
        if kind == _LEAF_TABLE:
            _, offset = _varint(page, offset)  # the row id
        if payload > most:
            local = least + (payload - least) % (usable - 4)
            local = local if local <= most else least
            yield unpack_from(">I", page, offset + local)[0], payload - local


def _varint(page: bytearray, offset: int) -> tuple[int, int]:
    """(value, offset after it) of a number of one to nine bytes, of which the ninth has eight bits."""
    value = 0
    for index in range(offset, offset + 8):
        value = value << 7 | page[index] & 0x7F
        if page[index] < 0x80:
            return value, index + 1
    return value << 8 | page[offset + 8], offset + 9
