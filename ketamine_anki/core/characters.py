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
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice, pairwise

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
    ("\U0001d7ce-\U0001d7ff\U0001fbf0-\U0001fbf9", "look-alike digit"),
    ("\u037e\u1fef", "look-alike sign"),  # of ; and `, which NFC makes of them
    (_CONTEXT + _WIDE, "context"),
)
# Script=Latin of Unicode 14.
_LATIN = (
    "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02b8\u02e0-\u02e4\u1d00-\u1d25\u1d2c-\u1d5c\u1d62-\u1d65"
    "\u1d6b-\u1d77\u1d79-\u1dbe\u1e00-\u1eff\u2071\u207f\u2090-\u209c\u212a\u212b\u2132\u214e\u2160-\u2188\u2c60-\u2c7f"
    "\ua722-\ua787\ua78b-\ua7ca\ua7d0-\ua7d9\ua7f2-\ua7ff\uab30-\uab5a\uab5c-\uab64\uab66-\uab69\ufb00-\ufb06"
    "\uff21-\uff3a\uff41-\uff5a\U00010780-\U000107ba\U0001df00-\U0001df1e"
)
# Letters and numbers that stand in words of every script: superscripts, fractions, signs of units.
_NEUTRAL = (
    "\u00b2\u00b3\u00b5\u00b9\u00bc-\u00be\u02b9-\u02df\u02e5-\u02ff\u2070-\u209f\u2100-\u215f\u2189\u2460-\u24ff"
    "\u2776-\u2793\ua700-\ua721\ua788-\ua78a\U0001f100-\U0001f1ff"
)
_ACCENT = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
# Letters, signs and numerals that are printed like one letter of ASCII (confusables of UTS 39).
_TWIN_OF_ASCII = (
    "[ıɩɪʋɡɑſƖǀƽƄƍƦʏᴄᴏᴑᴜᴠᴡᴢꜱ\uab32\uab35\uab3d\uab47\uab4e\uab52\uab5aⅠⅤⅩⅬⅭⅮⅯⅰⅴⅹⅼⅽⅾⅿ\u2102\u210a-\u210e"
    "\u2110-\u2113\u2115\u2119-\u211d\u2124\u2128\u212c\u212d\u212f-\u2131\u2133\u2134\u2139\u2145-\u2149\uff21-\uff5a]"
)
# Three are at home in Turkish, or in Ewe and its neighbours, which have these letters besides.
_AT_HOME = {"ı": "[ĞğŞşİ]", "ɩ": "[ƐɛƆɔ]", "ʋ": "[ƐɛƆɔ]"}
# Transcriptions of sounds, in which ɡ and ɪ are what they seem.
_PHONETIC = f"(?!{_TWIN_OF_ASCII})[\u0250-\u02afæðŋøœ]"
# Letters of other scripts that are printed like a Latin one, to the dot, and all letters of those scripts.
_TWINS = (
    ("аеорсухіјѕԁһԛԝАВЕЅІЈКМНОРСТХԌԜ", "\u0400-\u052f"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "\u0370-\u03ff\u1f00-\u1fff"),
)

# Patterns are compiled when the first text needs them, which most decks never do.
_ASCII_TEXT = bytes([9, 10, *range(32, 127)])  # surely text
_PLAIN = "[\u00a0-\u00ac\u00ae-\u0130\u0132-\u017e\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20cf\u2190-\u23ff]*"
_RIGHT_TO_LEFT = "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
# Scripts in which U+200C and U+200D choose between letter shapes: Arabic to Khmer, Mongolian.
_JOINING = (
    "[\u0620-\u065f\u066e-\u06dc\u06df-\u06ef\u06fa-\u08e1\u08e3-\u0965\u0970-\u0dff\u0e80-\u10ff\u1780-\u17d3"
    "\u1820-\u18af\ua840-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]"
)
_MONGOLIAN = "[\u1820-\u18aa]"
_PICTOGRAPH = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_IDEOGRAPH = "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_EAST_ASIAN = "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0003ffff]"
# Those that nobody takes for a Latin letter or a stroke.
_SURELY_EAST_ASIAN = f"(?![\u2e80-\u2fdf\u3007\u3131-\u318e一丁丨乂十匚口囗工エトニハロー卜]){_EAST_ASIAN}"
_EAST_ASIAN_TEXT = f"(?:{_SURELY_EAST_ASIAN}){{2}}"
_EAST_ASIAN_WORD = f"[A-Z\uff21-\uff3a]+{_SURELY_EAST_ASIAN}"  # blood of type A
# The flags of England, Scotland and Wales: a black flag, then letters that nobody sees.
_FLAG = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
_ACCENTS = f"[{_ACCENT}]{{4}}"
_LETTER = r"[^\W\d_]"
_WORD = f"{_LETTER}(?:{_LETTER}++|[{_ACCENT}]++)*+"  # possessive: a long word takes no memory
_ANY_LATIN = f"[{_LATIN}]"
_FOREIGN = rf"[^\W\d_{_LATIN}{_NEUTRAL}]"
_NOT_EAST_ASIAN = f"(?!{_EAST_ASIAN}){_FOREIGN}"
# Greek letters of science: those that nobody takes for a Latin one before a few (μmol, λmax, Δt), others beside a
# capital (TNFα, NFκB, FcεRI), but not before more than one small letter.
_GREEK = "αβγδεζηθκλμξπστφψωΓΔΘΛΞΠΣΦΨΩ"
_SMALL = "\u2070-\u209c\u00b2\u00b3\u00b9"  # digits above and below the line
_NOTATION = (
    f"[δθλμπφψΓΔΘΛΣΦΨΩ][A-Za-z]{{1,4}}|[km]Ω"
    f"|(?:[A-Za-z{_SMALL}]|(?<=[A-Z{_SMALL}])[{_GREEK}]+(?![a-z]{{2}})|[{_GREEK}]+(?=[A-Z{_SMALL}]))+"
)
# Digits of another script where a Latin letter is expected.
_DIGIT_AS_LETTER = r"(?<=[A-Za-z])[^\D0-9\uff10-\uff19\U0001d7ce-\U0001d7ff\U0001fbf0-\U0001fbf9]+(?=[A-Za-z])"
# (a word of nothing but twins, a word that is surely of that script)
_TWIN_WORDS = tuple(
    (f"[{twins}]+", f"(?<!{_LETTER})(?![{twins}]+(?!{_LETTER}))[{script}]{{3,}}") for twins, script in _TWINS
)

_MOST_PER_LINE = 100  # who has so many is told enough


def refused(text: str) -> Iterator[tuple[int, str]]:
    """(index, reason) of every character of a decoded text that a card must not hold, line by line."""
    odd = _odd(text)
    return _refused(text) if odd and not re.fullmatch(_PLAIN, odd) else iter(())


def _refused(text: str) -> Iterator[tuple[int, str]]:
    whole = _Text(text)
    start = 0
    for line in text.split("\n"):
        if _odd(line):
            for index, reason in sorted(islice(_Line(line, whole).refused(), _MOST_PER_LINE)):
                yield start + index, reason
        start += len(line) + 1


def _odd(text: str) -> str:
    """What a text holds besides the text of ASCII."""
    odd = text.encode("utf-8", "surrogatepass").translate(None, _ASCII_TEXT)
    return odd.decode("utf-8", "surrogatepass") if odd else ""


def name(character: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`: how a character is named in a message."""
    known = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" {known}" if known else "")


def printable(text: str) -> str:
    """The text with everything that could steer a terminal or a log, or hide, escaped as \\uXXXX."""
    text = text.replace("##[", "#\\x23[")  # GitHub's runner obeys it anywhere in a line
    odd = _odd(text)
    return text.translate(_escapes(odd)) if odd else text


def _escapes(odd: str) -> dict[int, str]:
    return {ord(c): _escaped(ord(c)) for c in set(odd) if kind(c) and not "\uff01" <= c <= "\uff5e"}


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
    from ketamine_anki.core.unassigned import RANGES  # most decks never need it

    ranges = [(first, last, label) for characters, label in _KINDS for first, last in _ranges(characters)]
    ranges += [(first, last, "unassigned character") for first, last in _numbers(RANGES)]
    starts, ends, kinds = zip(*sorted(ranges), strict=True)
    return list(starts), list(ends), list(kinds)


def _numbers(table: str) -> Iterator[tuple[int, int]]:
    """The ranges of a frozen table."""
    for pair in table.split():
        first, _, last = pair.partition("-")
        yield int(first, 16), int(last or first, 16)


def _ranges(characters: str) -> Iterator[tuple[int, int]]:
    """The ranges of the inside of a character class."""
    for match in re.finditer("(.)(?:-(.))?", characters, re.DOTALL):
        yield ord(match[1]), ord(match[2] or match[1])


@cache
def _marks() -> str:
    """Four marks or more on one letter: no language sets five, nor four accents (UTS 39)."""
    from ketamine_anki.core.marks import RANGES

    return "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _numbers(RANGES)) + "]{4,}"


class _Text:
    """A text that is searched at most once for each pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._held: dict[str, bool] = {}

    def holds(self, pattern: str) -> bool:
        if pattern not in self._held:
            self._held[pattern] = bool(re.search(pattern, self.text))
        return self._held[pattern]


class _Line:
    """One line of a text during its look-over."""

    def __init__(self, line: str, text: _Text) -> None:
        self.line = line
        self.text = text
        self.own = _Text(line)

    def refused(self) -> Iterator[tuple[int, str]]:
        """(index, reason) of each refused character, kind by kind: of what is typed, then of its NFC."""
        told: set[int] = set()
        for index, reason in chain(self._kinds(), self._words(self.line), self._words_in_nfc()):
            if index not in told:
                told.add(index)
                yield index, reason

    def _kinds(self) -> Iterator[tuple[int, str]]:
        line = self.line
        suspects = {c: found for c in set(_odd(line)) if (found := kind(c))}
        flags = {at for match in re.finditer(_FLAG, line) for at in range(*match.span())} if suspects else ()
        for index, character in enumerate(line) if suspects else ():
            if character in suspects and index not in flags:
                reason = suspects[character]
                if reason != "context":
                    yield index, f"{reason} {name(character)}"
                elif reason := self._verdict(index):
                    yield index, reason

    def _words_in_nfc(self) -> Iterator[tuple[int, str]]:
        if unicodedata.is_normalized("NFC", self.line):
            return
        found = list(islice(self._words(unicodedata.normalize("NFC", self.line)), _MOST_PER_LINE))
        places = _places_of_nfc(self.line) if found else []
        yield from ((places[at], why) for at, why in found)

    def _words(self, line: str) -> Iterator[tuple[int, str]]:
        """Letters, marks and digits that do not belong together."""
        for match in re.finditer(_marks(), line):
            if re.search(_ACCENTS, match[0]):
                yield match.start(), "more than three accents stacked on one letter"
            elif len(match[0]) > 4:
                yield match.start(), "more than four marks stacked on one letter"
        for match in re.finditer(r"\d+", line):
            if not match[0].isascii() and len({ord(c) - unicodedata.decimal(c) for c in match[0]}) > 1:
                yield match.start(), "number written in digits of two scripts"
        if self.own.holds(_ANY_LATIN):
            yield from self._look_alikes(line)

    def _look_alikes(self, line: str) -> Iterator[tuple[int, str]]:
        for match in re.finditer(_DIGIT_AS_LETTER, line):
            yield match.start(), f"{name(match[0][0])} inside a word of Latin letters"
        judged: dict[str, tuple[int, str] | None] = {}
        for match in re.finditer(_WORD, line):
            word = match[0]
            if word not in judged:
                judged[word] = None if word.isascii() else self._imitates(word)
            if found := judged[word]:
                yield match.start() + found[0], found[1]

    def _imitates(self, word: str) -> tuple[int, str] | None:
        """(index, reason) of the first letter of a word that passes for another one."""
        if odd := self._stranger(word):
            return odd.start(), f"{name(odd[0])} inside a word of Latin letters"
        for twins, sure in _TWIN_WORDS:
            if re.fullmatch(twins, word) and not self.text.holds(sure):
                return 0, f"{name(word[0])} among Latin words, where it reads as a Latin letter"
        return None

    def _stranger(self, word: str) -> re.Match[str] | None:
        """The first letter that has no place in a word of Latin letters."""
        foreign = re.search(_FOREIGN, word)
        if foreign and re.search(_ANY_LATIN, word) and not re.fullmatch(_NOTATION, word) and not self._fluent(word):
            return foreign
        if not re.search("[A-Za-z\u00b5]", word) or re.search(_PHONETIC, word):
            return None
        return next((twin for twin in re.finditer(_TWIN_OF_ASCII, word) if not self._at_home(twin[0])), None)

    def _fluent(self, word: str) -> bool:
        """Whether the Latin letters of a word stand in East Asian text, which has no spaces."""
        if re.search(_NOT_EAST_ASIAN, word):
            return False
        return self.own.holds(_EAST_ASIAN_TEXT) or bool(re.fullmatch(_EAST_ASIAN_WORD, word))

    def _at_home(self, twin: str) -> bool:
        return twin in _AT_HOME and self.text.holds(_AT_HOME[twin])

    def _verdict(self, index: int) -> str:
        character = self.line[index]
        before = self.line[index - 1] if index else ""
        after = self.line[index + 1 : index + 2]
        if "\uff01" <= character <= "\uff5e":
            return "" if self.own.holds(_EAST_ASIAN) else f"full-width character {name(character)}"
        return "" if self._fits(character, before, after) else f"invisible character {name(character)}"

    def _fits(self, character: str, before: str, after: str) -> bool:
        """Whether a joiner, selector or direction mark does the work it was made for here."""
        if character in "\u200e\u200f\u061c":
            return (not before or before not in "\u200e\u200f\u061c") and self.own.holds(_RIGHT_TO_LEFT)
        if character == "\u200c":
            return bool(re.match(_JOINING, before) and (re.match(_JOINING, after) or not after.isalnum()))
        if character == "\u200d":
            joins_emoji = re.match(_PICTOGRAPH, before) or before == "\ufe0f"
            return bool(re.match(_JOINING, before) or (joins_emoji and re.match(_PICTOGRAPH, after)))
        if character in "\ufe0e\ufe0f":
            return bool(re.match(_PICTOGRAPH, before)) or bool(re.match("[#*0-9]", before) and after == "\u20e3")
        if character <= "\u180f":
            return bool(re.match(_MONGOLIAN, before))
        if character <= "\ufe02" or character >= "\U000e0100":
            return bool(re.match(_IDEOGRAPH, before))
        return False


def _places_of_nfc(line: str) -> list[int]:
    """Where each character of the NFC of a line was typed."""
    places: list[int] = []
    for part in re.finditer(" +|[^ ]+", line):
        start, end = part.span()
        if unicodedata.is_normalized("NFC", part[0]):
            places += range(start, end)
            continue
        starts = [at for at in range(start, end) if at == start or not _joins(line[at])]
        for first, after in pairwise([*starts, end]):
            size = len(unicodedata.normalize("NFC", line[first:after]))
            places += (min(first + at, after - 1) for at in range(size))
    return places


def _joins(letter: str) -> bool:
    """Whether NFC may make one character of a letter and the one before it."""
    return "\u1160" <= letter <= "\u11ff" or unicodedata.category(letter)[0] == "M"
