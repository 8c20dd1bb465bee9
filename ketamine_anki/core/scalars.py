"""Locates each character of a scalar in its YAML file: quotes, escapes, folding and indentation stand in between.

Findings point at what is typed. A run of spaces, tabs and line ends counts as one space.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_ESCAPES = dict(zip("0abtnvfre", "\0\a\b\t\n\v\f\r\x1b", strict=True)) | {
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.)|$)")

Place = tuple[int, int]  # line and column from 0


def collapse_spaces(text: str) -> str:
    """The text with each run of spaces, tabs and line ends as one space, as `locate` returns it."""
    return re.sub(r"[ \t\n]+", " ", text).strip(" ")


def normalize(text: str) -> str:
    """A text in NFC, with the Greek letter mu for the micro sign, as Unicode recommends."""
    return unicodedata.normalize("NFC", text).replace("\u00b5", "\u03bc")


def locate(lines: tuple[str, ...], start: Place, end: Place) -> tuple[str, list[Place]]:
    """The lines of a file, and where a scalar starts and ends -> its text, and the place of each character."""
    letters: list[str] = []
    places: list[Place] = []
    for letter, place in _letters(lines, start, end):
        if unicodedata.combining(letter) and letters:
            whole = unicodedata.normalize("NFC", letters[-1] + letter)
            letters[-1:] = list(whole)
            places += [place] * (len(whole) - 1)
        elif letter not in " \t\n":
            whole = letter if letter < "\x80" else normalize(letter)
            letters += whole
            places += [place] * len(whole)
        elif letters and letters[-1] != " ":
            letters.append(" ")
            places.append(place)
    return "".join(letters), places


def _letters(lines: tuple[str, ...], start: Place, end: Place) -> Iterator[tuple[str, Place]]:
    """Each character of a scalar as it is read, and its place."""
    (line, column), (end_line, end_column) = start, end
    style = lines[line][column : column + 1] if line < len(lines) else ""
    if style in ("|", ">"):  # the text starts below the line with the sign
        line, column = line + 1, 0
    elif style in ("'", '"'):
        column, end_column = column + 1, end_column - 1
    joined = True  # to the line before, by a backslash at its end
    for number in range(line, min(end_line + 1, len(lines))):
        stop = end_column if number == end_line else len(lines[number])
        if joined:
            column = max(column, len(lines[number]) - len(lines[number].lstrip()))
        else:
            yield "\n", (number, 0)
        joined = False
        while column < stop:
            letter, width = _letter(lines[number], column, style)
            joined = not letter
            if letter:
                yield letter, (number, column)
            column += width
        column = 0


def _letter(line: str, at: int, style: str) -> tuple[str, int]:
    """The character that is read at a column of a line ("" for an escaped line end), and how many are typed for it."""
    if style == "'" and line.startswith("''", at):
        return "'", 2
    escape = _ESCAPE.match(line, at) if style == '"' else None
    if escape is None:
        return line[at], 1
    code = escape[1] or escape[2] or escape[3]
    letter = chr(int(code, 16)) if code else _ESCAPES.get(escape[4], escape[4]) if escape[4] else ""
    return letter, len(escape[0])
