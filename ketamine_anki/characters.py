"""Which characters a text may hold: what is shown must be what was typed.

Refused are characters that hide, reorder or imitate text (controls, bidirectional overrides,
zero-width and private-use characters, code points without a character, look-alike letters and
digits), following Unicode TR 36 and TR 39. Accepted are the scripts people write: joiners where a
script or an emoji needs them, direction marks on a line with right-to-left letters.

The verdict on each code point is the same under every Python, whatever its Unicode version.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice

_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029"
_BIDI = "\u202a-\u202e\u2066-\u2069\u206a-\u206f"
# Format characters, fillers and blanks that no living script needs, or only beside the right neighbour.
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u2800\u3164\ufeff\uffa0"
    "\U00013430-\U00013438\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0001"
)
_NONCHARACTER = "\ufdd0-\ufdef" + "".join(f"{chr(p + 0xFFFE)}{chr(p + 0xFFFF)}" for p in range(0, 0x110000, 0x10000))
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_BROKEN = "\ud800-\udfff\ufff9-\ufffd"
_CONTEXT = "\u061c\u180b-\u180d\u180f\u200c-\u200f\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef"
_WIDE = "\uff01-\uff5e"  # full-width forms of ASCII, at home among East Asian letters
_KINDS = (
    (_CONTROL, "control character"),
    (_BIDI, "bidirectional override"),
    (_INVISIBLE, "invisible character"),
    (_PRIVATE, "private-use character"),
    (_BROKEN, "broken character"),
    (_NONCHARACTER, "noncharacter"),
    ("\U0001d7ce-\U0001d7ff", "look-alike digit"),
    (_CONTEXT + _WIDE, "context"),
)
_LOOK_ALIKE = (
    "\u0370-\u03ff\u0400-\u052f\u0531-\u058f\u13a0-\u13fd\u1c80-\u1c88\u1f00-\u1fff\u2c60-\u2c7f"
    "\u2de0-\u2dff\ua640-\ua69f\uab30-\uabbf\uff21-\uff5a\U0001d400-\U0001d7ff"
)
# Letters of other scripts that are printed like a Latin one, to the dot.
_TWINS = "аеорсухіјѕԁһԛԝАВЕЅІЈКМНОРСТХԌԜ", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"
_ACCENT = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"

# ASCII that is surely text, deleted: what is left is to be looked at. Faster than a search.
_ASCII_TEXT = dict.fromkeys((9, 10, *range(32, 127)))
_PLAIN = re.compile("[\u00a0-\u00ac\u00ae-\u02ff\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20cf\u2190-\u23ff]")
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
# Scripts in which U+200C and U+200D choose between letter shapes: Arabic to Khmer, Mongolian.
_JOINING = re.compile(
    "[\u0620-\u065f\u066e-\u06dc\u06df-\u06ef\u06fa-\u08e1\u08e3-\u0965\u0970-\u0dff\u0e80-\u10ff\u1780-\u17d3"
    "\u1820-\u18af\ua840-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]"
)
_MONGOLIAN = re.compile("[\u1820-\u18aa]")
_PICTOGRAPH = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_EAST_ASIAN = re.compile("[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0003ffff]")
# The flags of England, Scotland and Wales: a black flag, then letters that nobody sees.
_FLAG = re.compile(
    "|".join(
        "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
        for region in ("gbeng", "gbsct", "gbwls")
    )
)
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_LATIN = re.compile("[A-Za-z\u00aa-\u00b4\u00b6-\u024f\u1e00-\u1eff]")
_MICRO = re.compile("\u03bc[A-Za-z]{1,4}")  # μg, μmol
_ALIKE = re.compile(f"[{_LOOK_ALIKE}]")
# (a word of nothing but twins, a word that is surely of that script)
_TWIN_WORDS = tuple(
    (re.compile(f"[{twins}]+"), re.compile(f"(?<![^\\W\\d_])(?![{twins}]+(?![^\\W\\d_]))[{script}]{{3,}}"))
    for twins, script in zip(_TWINS, ("\u0400-\u052f", "\u0370-\u03ff\u1f00-\u1fff"), strict=True)
)
_STACKED = re.compile(f"[{_ACCENT}]{{4,}}")


_MOST_PER_LINE = 100  # who has so many is told enough


def refused(text: str) -> Iterator[tuple[int, str]]:
    """(index, reason) of every character of a decoded text that a card must not hold, line by line."""
    odd = set() if text.isascii() and not text.translate(_ASCII_TEXT) else set(text.translate(_ASCII_TEXT))
    if all(_PLAIN.match(character) for character in odd):
        return
    start = 0
    for line in text.split("\n"):
        if line.translate(_ASCII_TEXT):
            for index, reason in sorted(islice(_Line(line, text).refused(), _MOST_PER_LINE)):
                yield start + index, reason
        start += len(line) + 1


def name(character: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`: how a character is named in a message."""
    known = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" {known}" if known else "")


def printable(text: str) -> str:
    """The text with everything that could steer a terminal or a log, or hide, escaped as \\uXXXX."""
    text = text.replace("##[", "#\\x23[")  # GitHub's runner obeys it anywhere in a line
    if text.isascii() and not text.translate(_ASCII_TEXT):
        return text

    return text.translate({ord(c): _escaped(ord(c)) for c in set(text) if kind(c) and not "\uff01" <= c <= "\uff5e"})


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def kind(character: str) -> str:
    """Why a character is refused wherever it stands, `context` if its neighbours decide, else nothing."""
    starts, ends, kinds = _verdicts()
    code = ord(character)
    place = bisect_right(starts, code) - 1
    return kinds[place] if place >= 0 and code <= ends[place] else ""


@cache
def _verdicts() -> tuple[list[int], list[int], list[str]]:
    """Ranges of code points, as their first, their last and their verdict, in order."""
    from ketamine_anki.unassigned import RANGES  # most decks never need it

    ranges = [(first, last, label) for characters, label in _KINDS for first, last in _ranges(characters)]
    for pair in RANGES.split():
        first, _, last = pair.partition("-")
        ranges.append((int(first, 16), int(last or first, 16), "unassigned character"))
    starts, ends, kinds = zip(*sorted(ranges), strict=True)
    return list(starts), list(ends), list(kinds)


def _ranges(characters: str) -> Iterator[tuple[int, int]]:
    """The ranges of the inside of a character class."""
    for match in re.finditer("(.)(?:-(.))?", characters, re.DOTALL):
        yield ord(match[1]), ord(match[2] or match[1])


class _Line:
    """One line of a text during its look-over."""

    def __init__(self, line: str, text: str) -> None:
        self.line = line
        self.text = text
        self._right_to_left: bool | None = None
        self._east_asian: bool | None = None

    def refused(self) -> Iterable[tuple[int, str]]:
        """(index, reason) of each refused character, kind by kind."""
        line = self.line
        flags = {at for match in _FLAG.finditer(line) for at in range(*match.span())}
        suspects = {c: found for c in set(line.translate(_ASCII_TEXT)) if (found := kind(c))}
        for index, character in enumerate(line) if suspects else ():
            if character in suspects and index not in flags:
                reason = suspects[character]
                if reason != "context":
                    yield index, f"{reason} {name(character)}"
                elif reason := self._verdict(index):
                    yield index, reason
        for match in _STACKED.finditer(line):
            yield match.start(), "more than three accents stacked on one letter"
        for match in _NUMBER.finditer(line):
            if not match[0].isascii() and len({ord(c) - unicodedata.decimal(c) for c in match[0]}) > 1:
                yield match.start(), "number written in digits of two scripts"
        yield from self._look_alikes()

    def _look_alikes(self) -> Iterator[tuple[int, str]]:
        if not _ALIKE.search(self.line) or not _LATIN.search(self.line):
            return
        words = [match for match in _WORD.finditer(self.line) if not match[0].isascii()]
        for match in words:
            alike = _ALIKE.search(match[0])
            if alike and _LATIN.search(match[0]) and not _MICRO.fullmatch(match[0]):
                yield match.start() + alike.start(), f"{name(alike[0])} inside a word of Latin letters"
        for twin, sure in _TWIN_WORDS:
            for match in words:
                if twin.fullmatch(match[0]) and not sure.search(self.text):
                    yield match.start(), f"{name(match[0][0])} among Latin words, where it reads as a Latin letter"

    def _verdict(self, index: int) -> str:
        character = self.line[index]
        before = self.line[index - 1] if index else ""
        after = self.line[index + 1 : index + 2]
        if "\uff01" <= character <= "\uff5e":
            return "" if self._is_east_asian() else f"full-width character {name(character)}"
        return "" if self._fits(character, before, after) else f"invisible character {name(character)}"

    def _fits(self, character: str, before: str, after: str) -> bool:
        """Whether a joiner, selector or direction mark does the work it was made for here."""
        if character in "\u200e\u200f\u061c":
            return (not before or before not in "\u200e\u200f\u061c") and self._is_right_to_left()
        if character == "\u200c":
            return bool(_JOINING.match(before) and (_JOINING.match(after) or not after.isalnum()))
        if character == "\u200d":
            joins_emoji = _PICTOGRAPH.match(before) or before == "\ufe0f"
            return bool(_JOINING.match(before) or (joins_emoji and _PICTOGRAPH.match(after)))
        if character in "\ufe0e\ufe0f":
            return bool(_PICTOGRAPH.match(before)) or bool(re.match("[#*0-9]", before) and after == "\u20e3")
        if character <= "\u180f":
            return bool(_MONGOLIAN.match(before))
        if character <= "\ufe02" or character >= "\U000e0100":
            return bool(_IDEOGRAPH.match(before))
        return False

    def _is_right_to_left(self) -> bool:
        if self._right_to_left is None:
            self._right_to_left = bool(_RIGHT_TO_LEFT.search(self.line))
        return self._right_to_left

    def _is_east_asian(self) -> bool:
        if self._east_asian is None:
            self._east_asian = bool(_EAST_ASIAN.search(self.line))
        return self._east_asian
