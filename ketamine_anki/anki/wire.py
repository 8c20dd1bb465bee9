"""The small formats inside a package: zstd frames, protobuf messages, JSON; each within bounds."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from ketamine_anki.core.limits import MAX_JSON_DEPTH, MAX_JSON_DIGITS, MAX_WIRE_FIELDS, ZSTD_WINDOW_LOG


class WireError(ValueError):
    """What is wrong with the bytes, in one sentence."""


def inflate(data: bytes, most: int) -> bytes:
    """The bytes of one zstd frame unpacked, at most `most`. Raises WireError."""
    try:
        found = _inflate(data, most + 1)
    except _zstd_error() as error:
        raise WireError(f"a part of it cannot be unpacked: {str(error)[:80]}") from None
    if len(found) > most:
        raise WireError(f"a part of it has more than {most:,} bytes when unpacked")
    return found


if sys.version_info >= (3, 14):  # pragma: no cover - one of the two branches runs

    def _zstd_error() -> type[Exception]:
        from compression.zstd import ZstdError

        return ZstdError

    def _inflate(data: bytes, most: int) -> bytes:
        from compression.zstd import DecompressionParameter, ZstdDecompressor

        options = {DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
        return ZstdDecompressor(options=options).decompress(data, max_length=most)

else:

    def _zstd_error() -> type[Exception]:
        from zstandard import ZstdError

        return ZstdError

    def _inflate(data: bytes, most: int) -> bytes:
        from zstandard import ZstdDecompressor

        return ZstdDecompressor(max_window_size=1 << ZSTD_WINDOW_LOG).stream_reader(io.BytesIO(data)).read(most)


class Messages:
    """The protobuf messages of one package, with so many fields together. Format: protobuf.dev, "Encoding"."""

    def __init__(self) -> None:
        self._left = MAX_WIRE_FIELDS

    def message(self, data: bytes) -> Iterator[tuple[int, int | bytes]]:
        """(field number, value) of each field of a message: numbers as int, texts and nested messages as
        bytes. Raises WireError.
        """
        at = 0
        while at < len(data):
            self._left -= 1
            if self._left < 0:
                raise WireError(f"it has over {MAX_WIRE_FIELDS:,} protobuf fields")
            key, at = _varint(data, at)
            number, kind = key >> 3, key & 7
            if kind == 0:
                value, at = _varint(data, at)
                yield number, value
                continue
            if kind == 2:
                length, at = _varint(data, at)
            elif kind in (1, 5):
                length = 8 if kind == 1 else 4
            else:
                raise WireError("damaged: a protobuf field of it is of an unknown kind")
            if length > len(data) - at:
                raise WireError("damaged: a protobuf field of it is cut off")
            if kind == 2:
                yield number, data[at : at + length]
            at += length

    def fields(self, data: bytes, *numbers: int) -> dict[int, int | bytes]:
        """The last value of each of these fields of a message, where it has one. Raises WireError."""
        return {number: value for number, value in self.message(data) if number in numbers}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise WireError("damaged: a protobuf number of it is cut off or too large")


_ESCAPE = re.compile(r"\\.", re.DOTALL)
_STRING = re.compile(r'"[^"]*"?')  # one that is not closed goes to the end: no quote in it is looked at again
_NOT_BRACKET = re.compile(r"[^\[\]{}]+")


def strict_json(text: str) -> Any:
    """The value of a JSON text that is not deep and repeats no key. Raises WireError."""
    brackets = _NOT_BRACKET.sub("", _STRING.sub("", _ESCAPE.sub("", text)))
    for _ in range(MAX_JSON_DEPTH):
        brackets = brackets.replace("[]", "").replace("{}", "")
    if brackets:
        raise WireError("damaged: its JSON is nested too deep or not closed")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_int=_integer, parse_constant=_refuse)
    except WireError:
        raise
    except (ValueError, RecursionError):
        raise WireError("damaged: it holds text that is not JSON") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise WireError("damaged: its JSON holds a name twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_JSON_DIGITS:
        raise WireError("damaged: its JSON holds a number too large")
    return int(digits)


def _refuse(constant: str) -> Any:
    raise WireError(f"damaged: its JSON holds {constant}")
