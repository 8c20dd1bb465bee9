"""Reads zip files strictly: the bytes of a package -> its entries, with every header checked.

The package may come from a stranger. `zipfile` builds an object for every directory entry before a caller can refuse
(a directory of 100 MB takes over a gigabyte) and trusts offsets and sizes. This reader supports stored and deflated
entries of one plain zip file and refuses the rest: links, encryption, ZIP64, repeated names, overlapping entries, and
sizes or checksums that do not match. Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import itertools
import re
import stat
import struct
import zlib
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_ENTRIES, MAX_ENTRY_NAME, MAX_UNPACKED_BYTES, MAX_WRAPPED_BYTES

_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
# Flags: sizes follow the data, UTF-8 name, level of compression.
_KNOWN_FLAGS = 0x8 | 0x800 | 0x6
_UTF8 = 0x800
_BAD_DIRECTORY = "damaged: its zip directory is not well-formed"


class PackageError(ValueError):
    """Why a package or a text export is not read, in one sentence."""


class TooMuchError(PackageError):
    """It takes more memory or time than is given to any package."""


WANTED = "give a deck package (.apkg) or Notes in Plain Text (.txt), as Anki's File > Export writes them"
# How files begin that are sent in place of a package.
_OTHERS = (
    (rb"\Z", "an empty file: export it from Anki again"),
    (rb"version https://git-lfs", "a pointer of Git LFS, which only names the file: `git lfs pull` brings it"),
    (rb"(?i:\s*<(!doctype|html|\?xml|!--))", "a web page: download the file itself"),
    (rb"SQLite format 3\0", "a database, from Anki's own folder: use File > Export in Anki"),
    (rb"%PDF-|\x89PNG|\xff\xd8\xff|GIF8|Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ", f"a file of another kind: {WANTED}"),
)


def not_a_package(data: bytes) -> str:
    """Why bytes are no package, if their beginning tells; else ""."""
    found = next((what for beginning, what in _OTHERS if re.match(beginning, data)), "")
    return found and f"this is no package but {found}"


class Entry(NamedTuple):
    """One file in the archive: `packed` bytes from offset `start`, `size` bytes when unpacked."""

    name: str
    deflated: bool
    start: int
    packed: int
    size: int
    crc: int


def entries(data: bytes) -> dict[str, Entry]:
    """The entries of a zip file by name. Raises PackageError."""
    if reason := not_a_package(data):
        raise PackageError(reason)
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - 0xFFFF))
    if end < 0 or end + _END.size > len(data):
        raise PackageError(f"not a zip file, or cut off: {WANTED}")
    _, disk, first_disk, on_disk, count, size, directory, comment = _END.unpack_from(data, end)
    if disk or first_disk or on_disk != count or 0xFFFF in (count, on_disk) or 0xFFFFFFFF in (size, directory):
        raise PackageError("a zip file in several parts, or with ZIP64 extensions, is not supported")
    if count > MAX_ENTRIES:
        raise PackageError(f"{count:,} files in it: at most {MAX_ENTRIES:,}")
    if directory + size != end or end + _END.size + comment != len(data):
        raise PackageError(_BAD_DIRECTORY)
    by_name: dict[str, Entry] = {}
    ranges: list[tuple[int, int]] = []
    offset = directory
    for _ in range(count):
        entry, header, offset = _directory_record(data, offset, directory, end)
        if entry.name in by_name:
            raise PackageError(f"file {entry.name!r} is in it twice")
        by_name[entry.name] = entry
        ranges.append((header, entry.start + entry.packed))
    if offset != end:
        raise PackageError(_BAD_DIRECTORY)
    if any(stop > start for (_, stop), (start, _) in itertools.pairwise(sorted(ranges))):
        raise PackageError("two files in it share the same bytes")
    if sum(entry.size for entry in by_name.values()) > MAX_UNPACKED_BYTES:
        raise PackageError(f"over {MAX_UNPACKED_BYTES:,} bytes when unpacked")
    return by_name


def _directory_record(data: bytes, offset: int, directory: int, end: int) -> tuple[Entry, int, int]:
    """(entry, offset of its local header, offset of the next record) of the directory record at an offset."""
    if offset + _CENTRAL.size > end:
        raise PackageError(_BAD_DIRECTORY)
    record = _CENTRAL.unpack_from(data, offset)
    magic, system, _, flags, method, _, _, crc, packed, size, length, extra, comment, disk, _, mode, header = record
    after = offset + _CENTRAL.size + length + extra + comment
    if magic != b"PK\x01\x02" or after > end or disk:
        raise PackageError(_BAD_DIRECTORY)
    raw_name = data[offset + _CENTRAL.size : offset + _CENTRAL.size + length]
    name = _name(raw_name, flags)
    if flags & ~_KNOWN_FLAGS or method not in (_STORED, _DEFLATED):
        raise PackageError(f"file {name!r} is encrypted or compressed in an unsupported way")
    if 0xFFFFFFFF in (packed, size, header):
        raise PackageError(f"file {name!r} uses ZIP64 extensions, which are not supported")
    file_type = stat.S_IFMT(mode >> 16)
    expected = stat.S_IFDIR if name.endswith("/") else stat.S_IFREG
    if system >> 8 == 3 and file_type not in (0, expected):  # 3: Unix, with a file mode
        raise PackageError(f"{name!r} is a link, folder or device, not a file")
    start = _start(data, header, directory, raw_name, method)
    if start < 0 or start + packed > directory:
        raise PackageError(f"file {name!r} is not where the zip directory says")
    # Deflate shrinks to 1/1032 at best; what it cannot shrink grows by a seventh at most.
    if (method == _STORED and packed != size) or size > 1032 * packed + 64 or packed > size + size // 4 + 64:
        raise PackageError(f"the stated size of file {name!r} is wrong")
    return Entry(name, method == _DEFLATED, start, packed, size, crc), header, after


def _start(data: bytes, header: int, directory: int, raw_name: bytes, method: int) -> int:
    """The offset of an entry's data, from its local header; -1 when that does not agree with the directory."""
    if header + _LOCAL.size > directory:
        return -1
    magic, _, _, local_method, *_, length, extra = _LOCAL.unpack_from(data, header)
    start = header + _LOCAL.size + length
    agrees = (magic, local_method, data[header + _LOCAL.size : start]) == (b"PK\x03\x04", method, raw_name)
    return start + extra if agrees else -1


def _name(raw_name: bytes, flags: int) -> str:
    try:
        name = raw_name.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        name = ""
    if not name or len(raw_name) > MAX_ENTRY_NAME or not name.isprintable():
        raise PackageError("a file name in it is not readable")
    if set(name) & set("\\:") or {".", ".."} & set(name.split("/")) or name.startswith("/"):
        raise PackageError(f"file {name[:60]!r} would leave the package's folder")
    return name


def unwrapped(data: bytes) -> bytes:
    """The one file that a zip file holds, such as a package that was zipped for an issue on GitHub, which takes only
    those; a package, and other bytes, as they are. Raises PackageError.
    """
    if not data.startswith(b"PK\x03\x04"):
        return data
    members = entries(data)
    # macOS adds hidden files
    names = [name for name in members if name[-1] != "/" and not name.rpartition("/")[2].startswith(".")]
    if len(names) != 1 or names[0].startswith("collection.anki"):
        return data
    return read(data, members[names[0]], MAX_WRAPPED_BYTES)


def read(data: bytes, entry: Entry, most: int) -> bytes:
    """The unpacked bytes of an entry of at most `most` bytes. Raises PackageError."""
    if entry.size > most:
        raise PackageError(f"file {entry.name!r} has {entry.size:,} bytes: at most {most:,}")
    packed = memoryview(data)[entry.start : entry.start + entry.packed]
    whole = _inflate(packed, entry) if entry.deflated else bytes(packed)
    if len(whole) != entry.size or zlib.crc32(whole) != entry.crc:
        raise PackageError(f"file {entry.name!r} is damaged")
    return whole


def _inflate(packed: memoryview, entry: Entry) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        whole = inflater.decompress(packed, entry.size + 1)
    except zlib.error:
        raise PackageError(f"file {entry.name!r} is damaged") from None
    if not inflater.eof or inflater.unused_data:
        raise PackageError(f"the stated size of file {entry.name!r} is wrong")
    return whole
