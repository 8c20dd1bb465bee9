"""SQLite file -> the same file with bytes that no version of the library decides.

The library leaves its version and a change counter in the header and old memory in the unused
parts of pages; these differ between builds of SQLite. Zeroing them changes no row. The format is
described at sqlite.org/fileformat2.html; the names below are the ones used there.
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
    """Rewrites a closed database, opened for reading and writing in binary, in place."""
    file.seek(0)
    header = file.read(100)
    size = int.from_bytes(header[16:18], "big")
    size = 65536 if size == 1 else size
    usable = size - header[20]
    pages = int.from_bytes(header[28:32], "big")
    chains: list[tuple[int, int]] = []
    for number in range(1, pages + 1):
        page = _page(file, number, size)
        head = 0
        if number == 1:
            head = 100
            page[24:28] = page[92:96] = (1).to_bytes(4, "big")  # change counter, and "valid for" it
            page[96:100] = _LIBRARY_VERSION.to_bytes(4, "big")
        if page[head] in (_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE):
            _clear(page, head)
            chains += _overflows(page, head, usable)
            _put(file, number, size, page)
    for number, length in chains:
        _clear_chain(file, number, length, size, usable)


def _page(file: BinaryIO, number: int, size: int) -> bytearray:
    file.seek((number - 1) * size)
    return bytearray(file.read(size))


def _put(file: BinaryIO, number: int, size: int, page: bytearray) -> None:
    file.seek((number - 1) * size)
    file.write(page)


def _clear(page: bytearray, head: int) -> None:
    """Zeroes the gap between the cell pointers and the cells, and what freeblocks hold."""
    start = _pointers(page, head) + 2 * _number(page, head + 3)
    content = _number(page, head + 5) or 65536
    page[start:content] = bytes(content - start)
    block = _number(page, head + 1)
    while block:
        length = _number(page, block + 2)
        page[block + 4 : block + length] = bytes(length - 4)
        block = _number(page, block)


def _pointers(page: bytearray, head: int) -> int:
    return head + (12 if page[head] in (_INTERIOR_INDEX, _INTERIOR_TABLE) else 8)


def _number(page: bytearray, at: int) -> int:
    return int.from_bytes(page[at : at + 2], "big")


def _varint(page: bytearray, at: int) -> tuple[int, int]:
    """(value, index after it)."""
    value = 0
    for count in range(9):
        byte = page[at + count]
        if count == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    raise AssertionError("unreachable")


def _overflows(page: bytearray, head: int, usable: int) -> Iterator[tuple[int, int]]:
    """(first overflow page, bytes in the chain) of each cell whose payload does not fit its page."""
    kind = page[head]
    if kind == _INTERIOR_TABLE:
        return
    most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
    least = (usable - 12) * 32 // 255 - 23
    first = _pointers(page, head)
    cells = array("H", page[first : first + 2 * _number(page, head + 3)])
    if sys.byteorder == "little":
        cells.byteswap()
    for cell, end in pairwise([*sorted(cells), usable]):
        if end - cell < least:  # as much stays in the page of what does not fit
            continue
        payload, at = _varint(page, cell + (4 if kind == _INTERIOR_INDEX else 0))
        if kind == _LEAF_TABLE:
            _, at = _varint(page, at)  # the row id
        if payload <= most:
            continue
        local = least + (payload - least) % (usable - 4)
        local = local if local <= most else least
        at += local
        yield int.from_bytes(page[at : at + 4], "big"), payload - local


def _clear_chain(file: BinaryIO, number: int, length: int, size: int, usable: int) -> None:
    """Zeroes the end of the last page of an overflow chain."""
    while length > usable - 4:
        length -= usable - 4
        number = int.from_bytes(_page(file, number, size)[:4], "big")
    page = _page(file, number, size)
    page[4 + length :] = bytes(len(page) - 4 - length)
    _put(file, number, size, page)
