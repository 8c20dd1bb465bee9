"""A text -> its words, and the signs in it that are not letters: what most rules look at first.

Words are in small letters, punctuation gone; a hyphened word is one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PUNCTUATION = '!"#$%&()*+,./:;<=>?@[\\]^_`{|}~'
# Sign by sign, so that a word stays where it was. Far quicker than a regular expression.
_SPACED = str.maketrans(
    dict.fromkeys(_PUNCTUATION + "\u00b7\u2013\u2014\u2018\u201c\u201d\u2026", " ") | {"\u2019": "'"}
)
# The same for ASCII, with capitals made small; on bytes, which are translated several times as fast.
_SMALL = bytes(range(256)).lower().translate(bytes.maketrans(_PUNCTUATION.encode(), b" " * len(_PUNCTUATION)))

_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_CAPITALS, _DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789"
_SIGN = bytes.maketrans(_CAPITALS + _DIGITS, b"A" * 26 + b"0" * 10)


def words_of(text: str) -> list[str]:
    """`The patient's wind-up (NMDA).` -> the, patient's, wind-up, nmda"""
    if text.isascii():
        return text.encode().translate(_SMALL).decode().split()
    return text.lower().translate(_SPACED).split()


def parts_of(words: list[str]) -> list[str]:
    """The words, and of those with other signs in them the parts: `wind-up` -> wind-up, wind, up;
    `'isn't'` -> 'isn't', isn't, isn, t; `84mg` -> 84mg, mg.
    """
    odd = [word for word in words if not word.isalpha()]
    if not odd:
        return words
    line = " ".join(odd)
    return [*words, *re.findall(r"\w+(?:'\w+)?", line), *re.findall(r"\w+", line), *re.findall(r"[^\W\d_]+", line)]


def places_of(text: str) -> Iterator[re.Match[str]]:
    """The same words where they stand in the text."""
    return re.finditer(r"\S+", text.translate(_SPACED))


def signs_of(text: str) -> bytes:
    """`The NMDA receptor: 5 mg?` -> `A AAAA : 0 ?`: UTF-8 without small ASCII letters, each capital
    as A, each digit as 0. To look for a sign here is quicker than a search of the text.
    """
    return text.encode().translate(_SIGN, _LETTERS)
