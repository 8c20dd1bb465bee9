"""Reads the small formats inside a package within limits: zstd frames, protobuf messages, JSON, values of a type."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ketamine_anki.anki.archive import PackageError, TooMuchError
from ketamine_anki.core.limits import MAX_WIRE_FIELDS, ZSTD_WINDOW_LOG


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

    def message(self, data: bytes) -> Iterator[tuple[int, int | bytes]]:
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
            if wire_type == 0:
                value, offset = _varint(data, offset)
                yield number, value
                continue
            if wire_type == 2:
                length, offset = _varint(data, offset)
            elif wire_type in (1, 5):
                length = 8 if wire_type == 1 else 4
            else:
                raise PackageError("damaged: a protobuf field has an unknown type")
            if length > len(data) - offset:
                raise PackageError("damaged: a protobuf field is cut off")
            if wire_type == 2:
                yield number, data[offset : offset + length]
            offset += length

    def fields(self, data: bytes, *numbers: int) -> dict[int, int | bytes]:
        """The last value of each of these fields that a message has. Raises PackageError."""
        return {number: value for number, value in self.message(data) if number in numbers}


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


# --- values of the right type -----------------------------------------------------------------


def _checker(expected: type, description: str) -> Callable[[object, str], Any]:
    """A function (value, place) -> the value, which raises PackageError when it has another type."""

    def check(value: object, place: str) -> Any:
        if not isinstance(value, expected) or isinstance(value, bool):
            raise PackageError(f"damaged: a {place} holds something other than {description}")
        return value

    return check


a_number = _checker(int, "a number")
_a_string = _checker(str, "a text")
a_blob = _checker(bytes, "bytes")
a_mapping = _checker(dict, "named values")
a_list = _checker(list, "a list")


def a_text(value: object, place: str) -> str:
    text: str = _a_string(value, place)
    if not text.isascii() and re.search("[\ud800-\udfff]", text):  # JSON can name lone surrogates
        raise PackageError(f"damaged: a {place} holds half a character")
    return text


def an_id(key: str, place: str) -> int:
    """The id of a note type or deck from its key; genanki repeats it inside as a text, Anki as a number."""
    if not re.fullmatch("[0-9]{1,19}", key):
        raise PackageError(f"damaged: a {place} has the id {key[:40]!r}")
    return int(key)


def a_blob_text(value: object, place: str) -> str:
    try:
        return str(a_blob(value, place), "utf-8")
    except UnicodeDecodeError:
        raise PackageError(f"damaged: a {place} is not UTF-8 text") from None
