"""Rewrites an SQLite file so that its bytes do not depend on the version of the SQLite library.

The library leaves its version and a change counter in the header, and old memory in the unused parts of pages; these
differ between builds of SQLite. Overwriting them changes no row. The format is described at
sqlite.org/fileformat2.html; the names below are the ones used there.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE = 2, 5, 10, 13
_LIBRARY_VERSION = 3_045_000  # any fixed one


def make_canonical(file: BinaryIO) -> None:
    """Rewrites a closed database in place; `file` is open for reading and writing in binary."""
    file.seek(0)
    header = file.read(100)
    size = int.from_bytes(header[16:18], "big")
    size = 65536 if size == 1 else size
    usable = size - header[20]
    chains: list[tuple[int, int]] = []
    for number in range(1, int.from_bytes(header[28:32], "big") + 1):
        page = _read_page(file, number, size)
        start = 0
        if number == 1:
            start = 100
            page[24:28] = page[92:96] = (1).to_bytes(4, "big")  # change counter, and "valid for" it
            page[96:100] = _LIBRARY_VERSION.to_bytes(4, "big")
        if page[start] in (_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE):
            _clear_page(page, start)
            chains += _overflows(page, start, usable)
            _write_page(file, number, page)
    for number, length in chains:
        _clear_end_of_chain(file, number, length, size, usable)


def _read_page(file: BinaryIO, number: int, size: int) -> bytearray:
    file.seek((number - 1) * size)
    return bytearray(file.read(size))


def _write_page(file: BinaryIO, number: int, page: bytearray) -> None:
    file.seek((number - 1) * len(page))
    file.write(page)


def _uint16(page: bytearray, offset: int) -> int:
    return int.from_bytes(page[offset : offset + 2], "big")


def _cell_pointers(page: bytearray, start: int) -> int:
    """The offset of the cell pointers; the page header starts at `start`."""
    return start + (12 if page[start] in (_INTERIOR_INDEX, _INTERIOR_TABLE) else 8)


def _clear_page(page: bytearray, start: int) -> None:
    """Zeroes the gap between the cell pointers and the cells, and the content of freeblocks."""
    gap = _cell_pointers(page, start) + 2 * _uint16(page, start + 3)
    content = _uint16(page, start + 5) or 65536
    page[gap:content] = bytes(content - gap)
    block = _uint16(page, start + 1)
    while block:
        length = _uint16(page, block + 2)
        page[block + 4 : block + length] = bytes(length - 4)
        block = _uint16(page, block)


def _overflows(page: bytearray, start: int, usable: int) -> Iterator[tuple[int, int]]:
    """(first overflow page, bytes in the chain) of each cell whose payload does not fit its page."""
    kind = page[start]
    if kind == _INTERIOR_TABLE:
        return
    most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
    least = (usable - 12) * 32 // 255 - 23
    first = _cell_pointers(page, start)
    cells = array("H", page[first : first + 2 * _uint16(page, start + 3)])
    if sys.byteorder == "little":
        cells.byteswap()
    for cell, end in pairwise([*sorted(cells), usable]):
        if end - cell < least:  # at least so much of a payload that overflows stays in the page
            continue
        payload, offset = _varint(page, cell + (4 if kind == _INTERIOR_INDEX else 0))
        if kind == _LEAF_TABLE:
            _, offset = _varint(page, offset)  # the row id
        if payload > most:
            local = least + (payload - least) % (usable - 4)
            local = local if local <= most else least
            offset += local
            yield int.from_bytes(page[offset : offset + 4], "big"), payload - local


def _varint(page: bytearray, offset: int) -> tuple[int, int]:
    """(value, offset after it) of a number of one to nine bytes, of which the ninth has eight bits."""
    value = 0
    for index in range(offset, offset + 8):
        value = value << 7 | page[index] & 0x7F
        if page[index] < 0x80:
            return value, index + 1
    return value << 8 | page[offset + 8], offset + 9


def _clear_end_of_chain(file: BinaryIO, number: int, length: int, size: int, usable: int) -> None:
    """Zeroes the unused end of the last page of an overflow chain."""
    while length > usable - 4:
        length -= usable - 4
        number = int.from_bytes(_read_page(file, number, size)[:4], "big")
    page = _read_page(file, number, size)
    page[4 + length :] = bytes(len(page) - 4 - length)
    _write_page(file, number, page)
