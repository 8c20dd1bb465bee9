"""Which characters a text may hold: what is shown must be what was typed.

Refused are characters that hide, reorder or imitate text (controls, bidirectional overrides,
zero-width and private-use characters, look-alike letters inside a Latin word), following Unicode
TR 36 and TR 39. Accepted are the scripts people write: joiners where a script or an emoji needs
them, direction marks beside right-to-left letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029"
_BIDI = "\u202a-\u202e\u2066-\u2069\u206a-\u206f"
_INVISIBLE = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u3164\ufeff\uffa0"
_UNASSIGNED = "\ufdd0-\ufdef" + "".join(f"{chr(p + 0xFFFE)}{chr(p + 0xFFFF)}" for p in range(0, 0x110000, 0x10000))
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_BROKEN = "\ud800-\udfff\ufff9-\ufffd"
_CONTEXT = "\u200c-\u200f\u061c\ufe00-\ufe0f\U000e0000-\U000e0fff"

_SUSPECT = re.compile(f"[{_CONTROL}{_BIDI}{_INVISIBLE}{_UNASSIGNED}{_PRIVATE}{_BROKEN}{_CONTEXT}]")
# ASCII that is surely text, deleted: what is left is to be looked at. Faster than a search.
_ASCII_TEXT = dict.fromkeys((9, 10, *range(32, 127)))
_KINDS = tuple(
    (re.compile(f"[{characters}]"), name)
    for characters, name in (
        (_CONTROL, "control character"),
        (_BIDI, "bidirectional override"),
        (_INVISIBLE, "invisible character"),
        (_PRIVATE, "private-use character"),
        (_BROKEN, "broken character"),
        (_UNASSIGNED, "noncharacter"),
    )
)
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
# Scripts in which U+200C and U+200D choose between letter shapes: Arabic to Khmer, Mongolian.
_JOINING = re.compile("[\u0600-\u08ff\u0900-\u0dff\u0e80-\u10ff\u1780-\u18af\ua840-\uabff\ufb50-\ufdff\ufe70-\ufefc]")
_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff#*0-9\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
_LOOK_ALIKE = re.compile(
    "[\u0370-\u03ff\u0400-\u052f\u0531-\u058f\u13a0-\u13fd\u1f00-\u1fff\uff21-\uff5a\U0001d400-\U0001d7ff]"
)
_STACKED = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4,}")


def refused(text: str) -> Iterator[tuple[int, str]]:
    """(index, reason) of every character of a decoded text that a card must not hold, in order."""
    if text.isascii() and not text.translate(_ASCII_TEXT):
        return
    for match in _SUSPECT.finditer(text):
        reason = _verdict(text, match.start())
        if reason:
            yield match.start(), reason
    for match in _STACKED.finditer(text):
        yield match.start(), "more than three accents stacked on one letter"
    for match in _WORD.finditer(text):
        word = match[0]
        if not word.isascii() and _LATIN.search(word):
            alike = _LOOK_ALIKE.search(word)
            if alike:
                reason = f"{name(alike[0])} inside a word of Latin letters"
                yield match.start() + alike.start(), reason


def name(character: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`: how a character is named in a message."""
    known = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" {known}" if known else "")


def printable(text: str) -> str:
    """The text with everything that could steer a terminal or hide escaped as \\uXXXX."""

    def escape(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return _SUSPECT.sub(escape, text)


def _verdict(text: str, index: int) -> str:
    character = text[index]
    for kind, label in _KINDS:
        if kind.match(character):
            return f"{label} {name(character)}"
    before = text[index - 1] if index else ""
    after = text[index + 1] if index + 1 < len(text) else ""
    return "" if _fits(character, before, after, text) else f"invisible character {name(character)}"


def _fits(character: str, before: str, after: str, text: str) -> bool:
    """Whether a joiner, selector or direction mark does the work it was made for here."""
    if character in "\u200e\u200f\u061c":
        return bool(_RIGHT_TO_LEFT.search(text))
    if character == "\u200c":
        return bool(
            _JOINING.match(before) and (_JOINING.match(after) or (character == "\u200c" and not after.isalpha()))
        )
    if character == "\u200d":
        return bool(_JOINING.match(before) or (_EMOJI.match(before) and _EMOJI.match(after)))
    if "\ufe00" <= character <= "\ufe0f":
        return bool(_EMOJI.match(before)) or (character <= "\ufe02" and bool(_IDEOGRAPH.match(before)))
    if "\U000e0020" <= character <= "\U000e007f":
        return before == "\U0001f3f4" or "\U000e0020" <= before <= "\U000e007e"
    return "\U000e0100" <= character <= "\U000e01ef" and bool(_IDEOGRAPH.match(before))
