"""The bytes of a zip file -> its entries, strictly: nothing is believed that is not checked.

`zipfile` makes an object of every entry of the directory before one can refuse (a directory of
100 MB would take over a gigabyte), and follows lies about offsets and sizes. This reader knows what
a package needs, stored and deflated entries of one plain zip file, and refuses the rest: links,
encryption, ZIP64, repeated names, entries that overlap, sizes and checksums that are not true.
Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import itertools
import stat
import struct
import zlib
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_ENTRIES, MAX_ENTRY_NAME, MAX_UNPACKED_BYTES

_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_DESCRIBED, _UTF8, _FASTER = 0x8, 0x800, 0x6  # sizes follow the data; UTF-8 name; level of compression


class ArchiveError(ValueError):
    """What is wrong with a zip file, in one sentence."""


class Entry(NamedTuple):
    """One file in the archive: its data stand at `start`, `packed` bytes, `size` when unpacked."""

    name: str
    deflated: bool
    start: int
    packed: int
    size: int
    crc: int


def entries(data: bytes) -> dict[str, Entry]:
    """The entries of a zip file by name. Raises ArchiveError."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - 0xFFFF))
    if end < 0 or end + _END.size > len(data):
        raise ArchiveError("not a zip file, or cut off")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(data, end)
    if disk or first_disk or here != count or 0xFFFF in (count, here) or 0xFFFFFFFF in (size, start):
        raise ArchiveError("a zip file in several parts or of the ZIP64 kind is not read")
    if count > MAX_ENTRIES:
        raise ArchiveError(f"{count:,} files in it: at most {MAX_ENTRIES:,}")
    if start + size != end or end + _END.size + comment != len(data):
        raise ArchiveError("its directory is damaged")
    found: dict[str, Entry] = {}
    ranges: list[tuple[int, int]] = []
    at = start
    for _ in range(count):
        entry, header, at = _central(data, at, end, start)
        if entry.name in found:
            raise ArchiveError(f"file {entry.name!r} stands in it twice")
        found[entry.name] = entry
        ranges.append((header, entry.start + entry.packed))
    if at != end:
        raise ArchiveError("its directory is damaged")
    ranges.sort()
    if any(stop > following for (_, stop), (following, _) in itertools.pairwise(ranges)):
        raise ArchiveError("two files in it share the same bytes")
    if sum(entry.size for entry in found.values()) > MAX_UNPACKED_BYTES:
        raise ArchiveError(f"over {MAX_UNPACKED_BYTES:,} bytes when unpacked")
    return found


def _central(data: bytes, at: int, end: int, directory: int) -> tuple[Entry, int, int]:
    """(entry, offset of its local header, offset of the next record) of one directory record."""
    if at + _CENTRAL.size > end:
        raise ArchiveError("its directory is damaged")
    record = _CENTRAL.unpack_from(data, at)
    magic, made_by, _, flags, method, _, _, crc, packed, size, length, extra, comment, disk, _, mode, header = record
    following = at + _CENTRAL.size + length + extra + comment
    if magic != b"PK\x01\x02" or following > end or disk:
        raise ArchiveError("its directory is damaged")
    raw = data[at + _CENTRAL.size : at + _CENTRAL.size + length]
    name = _name(raw, flags)
    if flags & ~(_DESCRIBED | _UTF8 | _FASTER):
        raise ArchiveError(f"file {name!r} is encrypted or packed in an unknown way")
    if method not in (_STORED, _DEFLATED):
        raise ArchiveError(f"file {name!r} is packed in an unknown way")
    if 0xFFFFFFFF in (packed, size, header):
        raise ArchiveError(f"file {name!r} is of the ZIP64 kind, which is not read")
    kind = stat.S_IFMT(mode >> 16)
    if made_by >> 8 == 3 and kind and not stat.S_ISREG(kind):  # 3: made on Unix, with a file mode
        raise ArchiveError(f"{name!r} is a link, folder or device, not a file")
    if header + _LOCAL.size > directory:
        raise ArchiveError(f"file {name!r} is not where the directory says")
    local = _LOCAL.unpack_from(data, header)
    start = header + _LOCAL.size + local[9] + local[10]
    local_name = data[header + _LOCAL.size : header + _LOCAL.size + local[9]]
    if local[0] != b"PK\x03\x04" or local_name != raw or local[3] != method or start + packed > directory:
        raise ArchiveError(f"file {name!r} is not where the directory says")
    # Deflate reaches 1:1032; what it cannot make smaller it makes larger by a seventh at most.
    if (method == _STORED and packed != size) or size > 1032 * packed + 64 or packed > size + size // 4 + 64:
        raise ArchiveError(f"the size of file {name!r} is not true")
    return Entry(name, method == _DEFLATED, start, packed, size, crc), header, following


def _name(raw: bytes, flags: int) -> str:
    """The decoded name of an entry that stands at the top of the archive."""
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        raise ArchiveError("a file name in it is not readable") from None
    if not name or len(raw) > MAX_ENTRY_NAME or not name.isprintable():
        raise ArchiveError("a file name in it is not readable")
    if set(name) & set("/\\:") or name in (".", ".."):
        raise ArchiveError(f"file {name[:60]!r} would leave the package's folder")
    return name


def read(data: bytes, entry: Entry, most: int) -> bytes:
    """The unpacked bytes of an entry, at most `most`. Raises ArchiveError."""
    if entry.size > most:
        raise ArchiveError(f"file {entry.name!r} has {entry.size:,} bytes: at most {most:,}")
    packed = memoryview(data)[entry.start : entry.start + entry.packed]
    whole = _inflate(packed, entry) if entry.deflated else bytes(packed)
    if len(whole) != entry.size or zlib.crc32(whole) != entry.crc:
        raise ArchiveError(f"file {entry.name!r} is damaged")
    return whole


def _inflate(packed: memoryview, entry: Entry) -> bytes:
    try:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        whole = inflater.decompress(packed, entry.size + 1)
    except zlib.error:
        raise ArchiveError(f"file {entry.name!r} is damaged") from None
    if not inflater.eof or inflater.unused_data:
        raise ArchiveError(f"the size of file {entry.name!r} is not true")
    return whole
