"""Hashed word runs of a text: enough to recognise a copied passage, not enough to read the text.

Each run of eight words (small letters, hyphened words as one, Markdown and citations apart) gives 40
bits: the CRC-32 of its words, which is quick to look up, and one byte of BLAKE2b, which confirms. A text
of 1,500 words and 10,000 notes of 45 runs each meet by chance about once in 1,500 collections. Seven
words in common are free: the longest term or formula of a glossary is shorter than eight.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from zlib import crc32

from ketamine_anki.model import Finding, Position

RUN = 8  # words

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_CITATION = re.compile(r"\[@[^\]]*\]")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_LINE = re.compile(r"[0-9a-f]{10}")

HEADER = """\
# Hashed runs of eight words of the source text, which is not distributed: no card may hold one of them.
# Made by `ketamine-anki shingles TEXT`.
"""


def make_shingles(text: str) -> str:
    """A source text (Markdown) -> the content of shingles.txt: its hashes in hexadecimal, sorted."""
    words = _WORD.findall(_LINK.sub(r"\1", _CITATION.sub(" ", text)).lower())
    hashes = {f"{crc32(run):08x}{_check(run):02x}" for _, run in _runs(words)}
    return HEADER + "".join(f"{line}\n" for line in sorted(hashes))


def read_shingles(path: str, data: bytes) -> tuple[Mapping[int, int], list[Finding]]:
    """Path and bytes of shingles.txt -> {CRC-32: confirming byte}, and findings on malformed lines."""
    hashes: dict[int, int] = {}
    findings = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if _LINE.fullmatch(line):
            hashes[int(line[:8], 16)] = int(line[8:], 16)
        elif line and not line.startswith("#"):
            message = "not a hash of ten hexadecimal digits: make the file again with 'ketamine-anki shingles TEXT'"
            findings.append(Finding(Position(path, number, 1), "syntax", message))
    return hashes, findings


def copied(words: list[str], shingles: Mapping[int, int]) -> list[int]:
    """The places in a list of words (small letters) at which a run of the source starts."""
    return [n for n, run in _runs(words) if (crc := crc32(run)) in shingles and shingles[crc] == _check(run)]


def _runs(words: list[str]) -> Iterator[tuple[int, bytes]]:
    text = " ".join(words).replace("\u2019", "'")
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    for n in range(len(words) - RUN + 1):
        yield n, text[starts[n] : starts[n + RUN] - 1].encode()


def _check(run: bytes) -> int:
    return hashlib.blake2b(run, digest_size=1).digest()[0]
