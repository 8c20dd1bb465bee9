"""Reads zip files strictly: the bytes of a package -> its files.

The package may come from a stranger. `zipfile` makes an object for every record of the directory before a caller can
refuse (a directory of 100 MB takes over a gigabyte), so the records are counted first; what `zipfile` does not check is
checked afterwards: names, links, overlaps and sizes. Format: PKWARE APPNOTE 6.3, section 4.3.7.
"""

from __future__ import annotations

import io
import itertools
import re
import stat
import struct
import zipfile
import zlib
from contextlib import suppress

from ketamine_anki.core.limits import MAX_ENTRIES, MAX_ENTRY_NAME, MAX_UNPACKED_BYTES, MAX_WRAPPED_BYTES

_LENGTHS = struct.Struct("<26x2H")  # of the name and of what else stands between a local header and its file
# Flags: sizes follow the data, UTF-8 name, level of compression.
_KNOWN_FLAGS = 0x8 | 0x800 | 0x6
_BROKEN = (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError, struct.error, zlib.error)


class PackageError(ValueError):
    """Why a package or a text export is not read, in one sentence."""


class TooMuchError(PackageError):
    """It takes more memory or time than is given to any package."""


WANTED = "give a deck package (.apkg), as Anki's File > Export writes it"
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


class Archive:
    """A zip file of stored and deflated files, each with a name of its own. Raises PackageError for any other."""

    def __init__(self, data: bytes) -> None:
        if reason := not_a_package(data):
            raise PackageError(reason)
        if (records := data.count(b"PK\x01\x02")) > MAX_ENTRIES:
            raise PackageError(f"{records:,} files in it: at most {MAX_ENTRIES:,}")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            files = self._zip.infolist()
            ranges = sorted((file.header_offset, _end(data, file)) for file in files)
        except _BROKEN:
            raise PackageError(f"not a zip file, or damaged: {WANTED}") from None
        self.names: dict[str, zipfile.ZipInfo] = {}
        for file in files:
            _check(file)
            if self.names.setdefault(file.filename, file) is not file:
                raise PackageError(f"file {file.filename!r} is in it twice")
        if any(stop > start for (_, stop), (start, _) in itertools.pairwise([*ranges, (self._zip.start_dir, 0)])):
            raise PackageError("two files in it share the same bytes")
        if sum(file.file_size for file in files) > MAX_UNPACKED_BYTES:
            raise PackageError(f"over {MAX_UNPACKED_BYTES:,} bytes when unpacked")

    def read(self, name: str, most: int) -> bytes:
        """The unpacked bytes of a file of at most `most` bytes. Raises PackageError."""
        info = self.names[name]
        if info.file_size > most:
            raise PackageError(f"file {name!r} has {info.file_size:,} bytes: at most {most:,}")
        with suppress(*_BROKEN), self._zip.open(info) as file:
            content = file.read(info.file_size)  # without a number all would be unpacked, whatever the size says
            if len(content) == info.file_size:
                return content
        raise PackageError(f"file {name!r} is damaged")


def _end(data: bytes, file: zipfile.ZipInfo) -> int:
    """The offset after a file's packed bytes."""
    name, extra = _LENGTHS.unpack_from(data, file.header_offset)
    end: int = file.header_offset + _LENGTHS.size + name + extra + file.compress_size
    return end


def _check(file: zipfile.ZipInfo) -> None:
    """Raises PackageError unless a record of the directory is that of a file that may be in a package."""
    name = file.orig_filename
    if not name or len(name) > MAX_ENTRY_NAME or not name.isprintable():
        raise PackageError("a file name in it is not readable")
    if set(name) & set("\\:") or {".", ".."} & set(name.split("/")) or name.startswith("/"):
        raise PackageError(f"file {name[:60]!r} would leave the package's folder")
    if file.flag_bits & ~_KNOWN_FLAGS or file.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise PackageError(f"file {name!r} is encrypted or compressed in an unsupported way")
    file_type = stat.S_IFMT(file.external_attr >> 16)
    if file.create_system == 3 and file_type not in (0, stat.S_IFDIR if file.is_dir() else stat.S_IFREG):  # 3: Unix
        raise PackageError(f"{name!r} is a link, folder or device, not a file")
    # Deflate shrinks to 1/1032 at best; what it cannot shrink grows by a seventh at most.
    size, packed, is_stored = file.file_size, file.compress_size, file.compress_type == zipfile.ZIP_STORED
    if (is_stored and packed != size) or size > 1032 * packed + 64 or packed > size + size // 4 + 64:
        raise PackageError(f"the stated size of file {name!r} is wrong")


def unwrapped(data: bytes) -> bytes:
    """The one file that a zip file holds, such as a package that was zipped for an issue on GitHub, which takes only
    those; a package, and other bytes, as they are. Raises PackageError.
    """
    if not data.startswith(b"PK\x03\x04"):
        return data
    archive = Archive(data)
    # macOS adds hidden files
    names = [name for name in archive.names if name[-1] != "/" and not name.rpartition("/")[2].startswith(".")]
    if len(names) != 1 or names[0].startswith("collection.anki"):
        return data
    return archive.read(names[0], MAX_WRAPPED_BYTES)
