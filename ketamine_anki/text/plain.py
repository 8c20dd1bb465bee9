"""The HTML of a field -> the text that a reader sees; two such texts -> the words in which they differ."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from ketamine_anki.core.alignment import Aligner
from ketamine_anki.core.limits import MAX_CLOZE_DEPTH

# Patterns are strings: `re` compiles each when a text first needs it, which a check hardly ever does.
_BREAK = r"(?i)<(?:br|hr|/?(?:p|li|div|h[1-6]|tr))\b[^<>]*>"
_PICTURE = r"<img\b[^<>]*>"
_ALT = r'\balt="([^"<>]*)"'
_TAG = r"</?[A-Za-z][^<>]*>"
_GIANT = r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?"  # no character has such a number
_DELETION = r"(?s)\{\{c\d+::((?:(?!\{\{|\}\}|::).)*)(?:::(?:(?!\{\{|\}\}).)*)?\}\}"
_MATH = r"(?s)\\[(\[]((?:(?!\\[()\[\]]).)*)\\[)\]]"  # linear, however many are never closed
_CLOZE_MARK = r"\{\{c\d+::|\}\}"
# TeX that draws nothing by itself: spaces, fonts, the parts of a construction, lines over and under something, the
# names and columns of environments, and the dot of an absent bracket. What follows is drawn, or is not.
_TEX_BLANK = (
    r"\\(?:q?quad|thinspace|displaystyle|textstyle|(?:no)?limits|text(?:bf|it|rm)?|math(?:rm|bf|it|sf|tt|cal|bb|frak|scr)"
    r"|operatorname\*?|boldsymbol|ce|cfrac\s*\[[lrc]\]|[dtc]?frac|substack|overset|underset|stackrel"
    r"|overline|underline|widehat|widetilde"
    r"|(?:left|right|[bB]igg?[lr]?)(?:\s*\.)?|(?:begin|end)\s*\{[a-zA-Z]*\*?\}(?:\s*\[[tbc]\])?(?:\s*\{[lcr| ]*\})?)"
    r"(?![A-Za-z])|\\[,;:! ]|\\\\|[~{}^_&]"
)
_PIECE = r"\w+|\s+|[^\w\s]"


class Part(NamedTuple):
    """A run of text: sign is `=` in both texts, `-` in the old alone, `+` in the new alone."""

    sign: str
    text: str


def plain(field: str) -> str:
    """A field's HTML as text: without tags, pictures as their alternative text, character references decoded."""
    text = re.sub(_BREAK, "\n", field)
    text = re.sub(_PICTURE, _alternative, text)
    lines = _decoded(re.sub(_TAG, "", text)).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _decoded(text: str) -> str:
    """The text with its character references decoded."""
    if "&" not in text:
        return text
    from html import unescape  # its table takes time to load, and most texts do without

    return unescape(re.sub(_GIANT, "\ufffd", text))


def _alternative(picture: re.Match[str]) -> str:
    alt = re.search(_ALT, picture[0])
    return f"[picture: {alt[1]}]" if alt else "[picture]"


# A letter or digit after nothing but signs, tags and the marks of deletions.
_LETTER = rf"[^\w<&\\{{]*(?:(?:{_TAG}|\{{\{{c\d+::)[^\w<&\\{{]*)*[^\W_]"


def is_blank(field: str, *, words: bool = False) -> bool:
    """Whether a reader sees nothing of a field's HTML: no sign besides spaces of any kind, characters without width,
    and marks without the letter that they belong to. With `words`, punctuation does not count as a sign either.
    """
    if field[:1].isalnum() or re.match(_LETTER, field):
        return False  # most texts
    text = re.sub(_CLOZE_MARK, "", field)
    text = re.sub(_MATH, lambda match: "" if tex_is_blank(match[1], words=words) else "x", text)
    hidden = "ZCMP" if words else "ZCM"
    return all(unicodedata.category(c)[0] in hidden or c in _EMPTY for c in plain(text))


_EMPTY = "\u115f\u1160\u2800\u3164\uffa0"  # a letter or symbol by its category, and blank


def tex_is_blank(tex: str, *, words: bool = False) -> bool:
    """Whether nothing of a formula in a field's HTML is drawn; `words` as of `is_blank`."""
    drawn = re.sub(_TEX_BLANK, " ", _decoded(re.sub(_CLOZE_MARK, "", tex)))
    return is_blank(re.sub(r"[\\<&]", "x", drawn), words=words)


def readable(text: str, shown: str = r"[\1]") -> str:
    """A plain text with each cloze deletion as its answer, in brackets or as `shown` says."""
    for _ in range(MAX_CLOZE_DEPTH + 1):  # deletions may be nested, the inner ones first
        text, count = re.subn(_DELETION, shown, text)
        if not count:
            break
    return text


def answers(text: str) -> list[str]:
    """The answers of the cloze deletions of a plain text, sorted: a mere change of their order is no difference."""
    return sorted(match[1].strip() for match in re.finditer(_DELETION, text))


def difference(old: str, new: str, aligner: Aligner) -> tuple[Part, ...]:
    """Two texts -> their common and different parts in order, word by word."""
    before, after = re.findall(_PIECE, old), re.findall(_PIECE, new)
    parts: list[Part] = []
    removed = added = ""
    for kind, i, j, k, m in (*aligner.steps(before, after), ("equal", 0, 0, 0, 0)):
        old_words, new_words = "".join(before[i:j]), "".join(after[k:m])
        if kind != "equal" or (old_words.isspace() and (removed or added)):  # changes with a space between are one
            removed += old_words
            added += new_words
            continue
        parts += [Part(sign, text) for sign, text in (("-", removed), ("+", added), ("=", old_words)) if text]
        removed = added = ""
    return tuple(parts)
