"""Hashes of word runs of the source text: enough to recognise a copied passage, not enough to read the text.

The text is stored as the CRC-32 of each window of five words. A run of eight words counts as copied when its four
windows are all among them; for a text of 1,500 words, the probability that this happens by chance is below 1 in 10^25.
Seven words in common are allowed: a term or formula of a glossary is shorter than eight words. Every run of eight
contains one of the windows that start at each fourth word, so a card without copied words costs a quarter of the
look-ups.
"""

from __future__ import annotations

import re
from collections.abc import Set
from zlib import crc32

from ketamine_anki.core.characters import utf8_text
from ketamine_anki.core.model import Finding, Position
from ketamine_anki.text.words import words_of

RUN, WINDOW = 8, 5  # words
_STRIDE = RUN - WINDOW + 1

_CITATION = r"\[@[^\]]*\]"
_LINK = r"!?\[([^\]]*)\]\([^)]*\)"
_LINE = re.compile(r"[0-9a-f]{8}")

HEADER = """\
# Hashed word runs of the source text, which is not distributed: no card may copy eight words of it in a row.
# Made by `ketamine-anki shingles TEXT`.
"""


def make_shingles(text: str) -> str:
    """A source text (Markdown) -> the content of shingles.txt: its hashes in hexadecimal, sorted."""
    words = words_of(re.sub(_LINK, r"\1", re.sub(_CITATION, " ", text)))
    hashes = {_hash(words, n) for n in range(len(words) - WINDOW + 1)}
    return HEADER + "".join(f"{number:08x}\n" for number in sorted(hashes))


def read_shingles(path: str, data: bytes) -> tuple[frozenset[int], list[Finding]]:
    """Path and bytes of shingles.txt -> its hashes, and findings on malformed lines."""
    hashes = set()
    findings = []
    try:
        lines = utf8_text(data).splitlines()
    except ValueError as error:
        return frozenset(), [Finding(Position(path, 1, 1), "syntax", str(error))]
    for number, line in enumerate(lines, 1):
        if _LINE.fullmatch(line):
            hashes.add(int(line, 16))
        elif line and not line.startswith("#"):
            message = "not a hash of eight hexadecimal digits: make the file again with 'ketamine-anki shingles TEXT'"
            findings.append(Finding(Position(path, number, 1), "syntax", message))
            break  # one such line shows that it is another file
    return frozenset(hashes), findings


def copied(words: list[str], shingles: Set[int]) -> list[int]:
    """The indices in a list of words at which a copied run of eight words starts."""
    last = len(words) - WINDOW + 1
    if shingles.isdisjoint([crc32(" ".join(words[n : n + WINDOW]).encode()) for n in range(0, last, _STRIDE)]):
        return []
    hits = [_hash(words, n) in shingles for n in range(last)]
    return [n for n in range(last - _STRIDE + 1) if all(hits[n : n + _STRIDE])]


def _hash(words: list[str], n: int) -> int:
    return crc32(" ".join(words[n : n + WINDOW]).encode())
