"""A plain text -> its words and its characters other than small letters: what most rules look at first.

Words are in lower case and without punctuation; a hyphenated word is one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PUNCTUATION = '!"#$%&()*+,./:;<=>?@[\\]^_`{|}~'
# One character for one, so that words keep their places; far faster than a regular expression.
_SPACED = str.maketrans(
    dict.fromkeys(_PUNCTUATION + "\u00b7\u2013\u2014\u2018\u201c\u201d\u2026", " ") | {"\u2019": "'"}
)
# The same for ASCII, in lower case; bytes are translated several times as fast.
_SMALL = bytes(range(256)).lower().translate(bytes.maketrans(_PUNCTUATION.encode(), b" " * len(_PUNCTUATION)))

_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_CAPITALS, _DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789"
_SIGN = bytes.maketrans(_CAPITALS + _DIGITS, b"A" * 26 + b"0" * 10)

# Letters of the scripts that part no words by spaces: Thai, Lao, Tibetan, Burmese, Khmer, Japanese, Chinese.
_UNSPACED = (
    "\u0e01\u0fbc \u1000\u109f \u1780\u17b3 \u3005\u3007 \u3041\u30ff \u3400\u9fff \uf900\ufaff \U00020000\U0003ffff"
).split()  # the first and last letter of each range
CHARACTERS_A_WORD = 3  # there


def is_unspaced(text: str) -> bool:
    """Whether most letters of a text are of a script that parts no words by spaces."""
    far = () if text.isascii() else [sign for sign in text if sign > "\u0e00"]  # few, in most texts
    unspaced = sum(any(ends[0] <= sign <= ends[1] for ends in _UNSPACED) for sign in far)
    return unspaced > 0 and 2 * unspaced > len(letters_of(text))


def letters_of(text: str) -> list[str]:
    """The letters and digits of a text."""
    return [sign for sign in text if sign.isalnum()]


def over(text: str, most: int, what: str = "") -> str:
    """`48 words: at most 45` of a text with more words than `most`, or, where no spaces part them, more characters
    than make up so many; "" of others. `what` follows on the unit.
    """
    if len(text) <= 2 * most:
        return ""
    size, unit = len(text.split()), "words"
    if is_unspaced(text):
        size, unit, most = len("".join(text.split())), "characters", most * CHARACTERS_A_WORD
    return f"{size} {unit}{what}: at most {most}" if size > most else ""


def words_of(text: str) -> list[str]:
    """`The patient's wind-up (NMDA).` -> the, patient's, wind-up, nmda"""
    if text.isascii():
        return text.encode().translate(_SMALL).decode().split()
    return text.lower().translate(_SPACED).split()


def places_of(text: str) -> Iterator[re.Match[str]]:
    """The matches of the same words in the text, case kept."""
    return re.finditer(r"\S+", text.translate(_SPACED))


def signs_of(text: str) -> bytes:
    """`NMDA receptor: 5 mg?` -> `AAAA : 0 ?`: UTF-8 without small ASCII letters, quick to search."""
    return text.encode().translate(_SIGN, _LETTERS)
