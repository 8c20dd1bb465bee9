"""Decodes what a package holds, within limits: zstd frames, protobuf messages and JSON; checks the types of values."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any, TypeVar

from ketamine_anki.anki.archive import PackageError, TooMuchError
from ketamine_anki.core.limits import MAX_WIRE_FIELDS, ZSTD_WINDOW_LOG

T = TypeVar("T")
_TYPES = {int: "a number", str: "a text", bytes: "bytes", dict: "named values", list: "a list"}


def typed(expected: type[T], value: object, place: str) -> T:
    """A value of a stranger, if it has the expected type. Raises PackageError, which names its place."""
    if not isinstance(value, expected) or isinstance(value, bool):
        raise PackageError(f"damaged: a {place} holds something other than {_TYPES[expected]}")
    if isinstance(value, str) and not value.isascii() and re.search("[\ud800-\udfff]", value):  # JSON can name them
        raise PackageError(f"damaged: a {place} holds half a character")
    return value


def decoded(value: object, place: str) -> str:
    """The text of some bytes in UTF-8. Raises PackageError."""
    try:
        return typed(bytes, value, place).decode()
    except UnicodeDecodeError:
        raise PackageError(f"damaged: a {place} is not UTF-8 text") from None


def inflate(data: bytes, most: int) -> bytes:
    """The content of a zstd frame, at most `most` bytes. Raises PackageError."""
    if sys.version_info >= (3, 14):  # pragma: no cover - one of the two branches runs
        from compression import zstd
    else:  # pragma: no cover
        from backports import zstd

    decompressor = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})
    try:
        content = decompressor.decompress(data, max_length=most + 1)
    except zstd.ZstdError as error:
        raise PackageError(f"a part of it cannot be unpacked: {str(error)[:80]}") from None
    if len(content) > most:
        raise PackageError(f"a part of it has more than {most:,} bytes when unpacked")
    return content


class Messages:
    """Decodes protobuf messages, MAX_WIRE_FIELDS fields in all. Format: protobuf.dev, "Encoding"."""

    def __init__(self) -> None:
        self._fields_left = MAX_WIRE_FIELDS

    def fields(self, message: object, place: str) -> dict[int, Any]:
        """The last value of each field of a message, by its number. Raises PackageError."""
        return dict(self.each_field(typed(bytes, message, place)))

    def each_field(self, data: bytes) -> Iterator[tuple[int, int | bytes]]:
        """(field number, value) of each field of a message: numbers as int, texts and nested messages as
        bytes. Fixed-width fields are skipped. Raises PackageError.
        """
        offset = 0
        while offset < len(data):
            self._fields_left -= 1
            if self._fields_left < 0:
                raise TooMuchError(f"it has over {MAX_WIRE_FIELDS:,} protobuf fields")
            key, offset = _varint(data, offset)
            number, wire_type = key >> 3, key & 7
            if wire_type in (0, 2):
                value, offset = _varint(data, offset)
            elif wire_type in (1, 5):
                value = 8 if wire_type == 1 else 4
            else:
                raise PackageError("damaged: a protobuf field has an unknown type")
            if wire_type == 0:
                yield number, value
                continue
            if value > len(data) - offset:
                raise PackageError("damaged: a protobuf field is cut off")
            if wire_type == 2:
                yield number, data[offset : offset + value]
            offset += value


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    """(value, offset after it)."""
    value = 0
    for index, byte in enumerate(data[offset : offset + 10]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, offset + index + 1
    raise PackageError("damaged: a protobuf number is cut off or too large")


def strict_json(text: str) -> Any:
    """The value of a JSON text whose objects repeat no key. Raises PackageError."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except PackageError:
        raise
    except (ValueError, RecursionError):
        raise PackageError("damaged: it holds text that is not JSON, or JSON that is nested too deep") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise PackageError("damaged: its JSON repeats a key")
    return values
