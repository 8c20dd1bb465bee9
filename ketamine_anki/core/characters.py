"""Which characters a text may hold: what is shown must be what was typed.

Refused are characters that hide, reorder or imitate text (controls, bidirectional overrides, zero-width and
private-use characters, unassigned code points, look-alike letters and digits), following Unicode TR 36 and TR 39.
Accepted are the scripts people write: joiners where a script or an emoji needs them, direction marks on a line with
right-to-left letters.

Every Python judges a code point alike: the verdict on each stands in `characters.txt`, and the characters are those of
Unicode 14, which the oldest supported Python knows.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, lru_cache, partial
from itertools import chain
from pathlib import Path

_WIDE = "\uff01-\uff5e"  # full-width forms of ASCII, at home among East Asian letters
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

# Patterns are strings: `re` compiles each when a text first needs it, which most decks never do.
_ASCII_TEXT = bytes([9, 10, *range(32, 127)])
_PLAIN = "[\u00a0-\u00ac\u00ae-\u0130\u0132-\u017e\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20c0\u2190-\u23ff]*"
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
# East Asian characters that nobody takes for a Latin letter or a stroke.
_SURELY_EAST_ASIAN = f"(?![\u2e80-\u2fdf\u3007\u3131-\u318e一丁丨乂十匚口囗工エトニハロー卜]){_EAST_ASIAN}"
_EAST_ASIAN_TEXT = f"(?:{_SURELY_EAST_ASIAN}){{2}}"
_EAST_ASIAN_WORD = f"[A-Z\uff21-\uff3a]+{_SURELY_EAST_ASIAN}"  # blood of type A
# The flags of England, Scotland and Wales: a black flag, then invisible tag letters.
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
# Greek letters in notation: those that look like no Latin letter before a few letters (μmol, λmax, Δt), others beside a
# capital (TNFα, NFκB, FcεRI), but not before more than one small letter.
_GREEK = "αβγδεζηθκλμξπστφψωΓΔΘΛΞΠΣΦΨΩ"
_SMALL = "\u2070-\u209c\u00b2\u00b3\u00b9\u00bc-\u00be"  # digits above and below the line, fractions
_NOTATION = (
    f"[δθλμπφψΓΔΘΛΣΦΨΩ][A-Za-z]{{1,4}}|[km]Ω"
    f"|(?:[A-Za-z{_SMALL}]|(?<=[A-Z{_SMALL}])[{_GREEK}]+(?![a-z]{{2}})|[{_GREEK}]+(?=[A-Z{_SMALL}]))+"
)
# UTF-8 that was read in Windows-1252 or 1251: the signs of the bytes from 0x80 on, and patterns of several characters
# in a row, or of one where no language has that sign after that letter.
_CP1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ" + "".join(map(chr, range(0xA0, 0x100)))
_CP1251 = bytes(range(0x80, 0x100)).decode("cp1251", "replace").replace("\ufffd", "\x98")
_C, _K = (f"[{re.escape(signs[:0x40])}μ]" for signs in (_CP1252, _CP1251))  # the bytes after the first; μ for µ
_MISREAD = (
    f"[ÂÃÎÏÐÑ](?<![A-ZÀ-Þ“‘„«].){_C}|â{_C}{{2}}(?<![A-ZÀ-Þ“‘„«]...)|[ð-ô]{_C}{{3}}"
    f"|[Ã-Þ](?<=[a-zß-ÿ].){_C}|[ÄÅ](?![’–—…]){_C}(?=[a-zß-ÿ])"
    f"|[Â-ï](?=[Â-ï\xa0’”»–—…]*+(?![\xa0’”»–—…]){_C})(?:{_C}{{1,2}}[Â-ï])+{_C}{{1,2}}"
    f"|[РС]{_K}(?:[РС]{_K}){{2,}}|[а-п]{_K}{{2}}(?:[а-п]{_K}{{2}})+|вЂ{_K}"
)
# Digits of another script where a Latin letter is expected.
_DIGIT_AS_LETTER = r"(?<=[A-Za-z])[^\D0-9\uff10-\uff19\U0001d7ce-\U0001d7ff\U0001fbf0-\U0001fbf9]+(?=[A-Za-z])"
# (a word of nothing but twins, a word that is surely of that script)
_TWIN_WORDS = tuple(
    (f"[{twins}]+", f"(?<!{_LETTER})(?![{twins}]+(?!{_LETTER}))[{script}]{{3,}}") for twins, script in _TWINS
)
# Signs of units that become letters in NFC: ohm, kelvin, angstrom.
_NFC_OF_SIGNS = str.maketrans("\u2126\u212a\u212b", "\u03a9KÅ")
_MAX_PER_LINE = 100  # characters that are reported of one line


def refused(text: str) -> Iterator[tuple[int, str]]:
    """(index, reason) of every character of a decoded text that a card must not hold, line by line."""
    odd = _not_ascii(text)
    if not odd or (re.fullmatch(_PLAIN, odd) and not (re.search(f"[Â-ô]{_C}", text) and re.search(_MISREAD, text))):
        return
    text_has = _search_of(text)
    start = 0
    for line in text.split("\n"):
        if _not_ascii(line):
            for index, reason in _Line(line, text_has).refused():
                yield start + index, reason
        start += len(line) + 1


def other_encoding(data: bytes) -> str:
    """`UTF-16` or `UTF-32` if some bytes look like text in it, by the byte order mark or, without one, by the share of
    zeros: at most one byte of two, or three of four; else "".
    """
    zeros = data.count(0) / max(len(data), 1)
    if data[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff") or 0.5 < zeros <= 0.75:
        return "UTF-32"
    return "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") or 0.2 < zeros <= 0.5 else ""


def utf8_text(data: bytes) -> str:
    """The text of a file's bytes. Raises ValueError, which says what they are instead."""
    if name := other_encoding(data):
        raise ValueError(f"{name} text: save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text: save it as UTF-8") from None


def name(character: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`: how a character is named in a message."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def wide_run(text: str, start: int) -> str:
    """The full-width forms of ASCII that stand together from an index on; "" where none does."""
    match = re.compile(f"[{_WIDE}]+(?: +[{_WIDE}]+)*").match(text, start)
    return match[0] if match else ""


def plain_form(text: str) -> str:
    """The text with the ASCII that its full-width forms are printed like; "" if it has none."""
    return "".join(chr(ord(c) - 0xFEE0) if _is_wide(c) else c for c in text) if any(map(_is_wide, text)) else ""


def printable(text: str) -> str:
    """The text with everything that could steer a terminal or a log, or hide, escaped as \\uXXXX; a joiner inside of a
    Persian word does what it is there for.
    """
    text = text.replace("##[", "#\\x23[")  # GitHub's runner obeys it anywhere in a line
    if not any(kind(c) and not _is_wide(c) for c in set(_not_ascii(text))):
        return text
    lines = []
    for line in text.split("\n"):
        hiding = {index for index, _ in _Line(line, _search_of(line)).by_kind() if not _is_wide(line[index])}
        lines.append("".join(_escaped(ord(c)) if index in hiding else c for index, c in enumerate(line)))
    return "\n".join(lines)


@lru_cache(1 << 12)
def kind(character: str) -> str:
    """Why a character is refused wherever it stands; `context` if its neighbours decide; "" if it is accepted."""
    rows = _refused_ranges()
    _, last, reason = rows[max(bisect_right(rows, (ord(character), 0x110000, "")) - 1, 0)]
    return reason if ord(character) <= last else ""


@cache
def _refused_ranges() -> list[tuple[int, int, str]]:
    """(first code point, last, reason) in order."""
    rows = []
    for line in Path(__file__).with_name("characters.txt").read_text("utf-8").splitlines()[1:]:
        reason, _, ranges = line.partition(": ")
        for pair in ranges.split():
            first, _, last = pair.partition("-")
            rows.append((int(first, 16), int(last or first, 16), reason))
    return sorted(rows)


def _not_ascii(text: str) -> str:
    """What a text holds besides printable ASCII, tabs and line ends."""
    odd = text.encode("utf-8", "surrogatepass").translate(None, _ASCII_TEXT)
    return odd.decode("utf-8", "surrogatepass") if odd else ""


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_wide(character: str) -> bool:
    return "\uff01" <= character <= "\uff5e"


def _search_of(text: str) -> Callable[[str], re.Match[str] | None]:
    """A function that searches a text, at most once for each pattern."""
    return cache(partial(re.search, string=text))


class _Line:
    """One line of a text while it is judged."""

    def __init__(self, line: str, text_has: Callable[[str], object]) -> None:
        self.line = line
        self.text_has = text_has
        self.has = _search_of(line)

    def refused(self) -> list[tuple[int, str]]:
        """(index, reason) of the refused characters, by kind or by word, or of one word in a wrong encoding."""
        reasons: dict[int, str] = {}
        for index, reason in list(self._misread()) or chain(self.by_kind(), self._by_word()):
            reasons.setdefault(index, reason)
            if len(reasons) == _MAX_PER_LINE:
                break
        return sorted(reasons.items())

    def _misread(self) -> Iterator[tuple[int, str]]:
        """The first word that was saved as UTF-8 and read in another encoding: `BarrÃ©` for `Barré`."""
        for match in re.finditer(_MISREAD, self.line):
            signs = _CP1251 if "\u0400" < match[0][0] < "\u0500" else _CP1252
            rest = re.split(rf"[^{re.escape(signs)}μ\w]", self.line[match.end() :], maxsplit=1)[0]
            for shown in (match[0] + rest, match[0]):
                with suppress(ValueError):
                    decoded = b"".join(_byte(sign, signs) for sign in shown).decode("utf-8")
                    yield match.start(), f"{shown!r} is {decoded!r}, read in a wrong encoding"
                    return

    def by_kind(self) -> Iterator[tuple[int, str]]:
        """(index, reason) of each character that is refused by itself, or between its neighbours."""
        suspects = {c: label for c in set(_not_ascii(self.line)) if (label := kind(c))}
        flags = {at for match in re.finditer(_FLAG, self.line) for at in range(*match.span())} if suspects else ()
        for index, character in enumerate(self.line) if suspects else ():
            if character not in suspects or index in flags:
                continue
            reason = suspects[character]
            if reason == "context":
                reason = "full-width character" if _is_wide(character) else "invisible character"
                if self._fits(index):
                    continue
            yield index, f"{reason} {name(character)}"

    def _fits(self, index: int) -> bool:
        """Whether a joiner, selector, direction mark or full-width sign does here the work that it exists for."""
        character, before, after = self.line[index], self.line[index - 1 : index], self.line[index + 1 : index + 2]
        if _is_wide(character):
            return bool(self.has(_EAST_ASIAN))
        if character in "\u200e\u200f\u061c":
            return (not before or before not in "\u200e\u200f\u061c") and bool(self.has(_RIGHT_TO_LEFT))
        if character == "\u200c":
            return bool(re.match(_JOINING, before) and (re.match(_JOINING, after) or not after.isalnum()))
        if character == "\u200d":
            joins_emoji = re.match(_PICTOGRAPH, before) or before == "\ufe0f"
            return bool(re.match(_JOINING, before) or (joins_emoji and re.match(_PICTOGRAPH, after)))
        if character in "\ufe0e\ufe0f":
            return bool(re.match(_PICTOGRAPH, before)) or bool(re.match("[#*0-9]", before) and after == "\u20e3")
        if character <= "\u180f":
            return bool(re.match(_MONGOLIAN, before))
        return (character <= "\ufe02" or character >= "\U000e0100") and bool(re.match(_IDEOGRAPH, before))

    def _by_word(self) -> Iterator[tuple[int, str]]:
        """Letters, marks and digits that do not belong together."""
        # no language sets five marks on one letter, nor four accents (UTS 39)
        marks = "".join("m" if ord(c) > 0x2FF and unicodedata.category(c) in ("Mn", "Me") else " " for c in self.line)
        for match in re.finditer("m{2,}", marks):
            accents = self.line[slice(*match.span())].replace("\u0344", "\u0308\u0301")  # the one that NFC makes two
            if re.search(_ACCENTS, accents):
                yield match.start(), "more than three accents stacked on one letter"
            elif len(match[0]) > 4:
                yield match.start(), "more than four marks stacked on one letter"
        for match in re.finditer(r"\d+", self.line):
            if not match[0].isascii() and len({ord(c) - unicodedata.decimal(c) for c in match[0]}) > 1:
                yield match.start(), "number written in digits of two scripts"
        if not self.has(_ANY_LATIN):
            return
        for match in re.finditer(_DIGIT_AS_LETTER, self.line):
            yield match.start(), f"{name(match[0][0])} inside a word of Latin letters"
        imitation = cache(self._imitation)
        for match in re.finditer(_WORD, self.line.translate(_NFC_OF_SIGNS)):
            if not match[0].isascii() and (found := imitation(match[0])):
                yield match.start() + found[0], found[1]

    def _imitation(self, word: str) -> tuple[int, str] | None:
        """(index, reason) of the first letter of a word that passes for another one."""
        foreign = re.search(_FOREIGN, word)
        is_mixed = foreign and re.search(_ANY_LATIN, word) and not re.fullmatch(_NOTATION, word)
        # East Asian text has no spaces: Latin letters may stand in its words.
        is_east_asian = not re.search(_NOT_EAST_ASIAN, word) and (
            self.has(_EAST_ASIAN_TEXT) or re.fullmatch(_EAST_ASIAN_WORD, word)
        )
        letter = foreign if is_mixed and not is_east_asian else None
        if not letter and re.search("[A-Za-z\u00b5]", word) and not re.search(_PHONETIC, word):
            twins = re.finditer(_TWIN_OF_ASCII, word)
            letter = next((t for t in twins if t[0] not in _AT_HOME or not self.text_has(_AT_HOME[t[0]])), None)
        if letter:
            return letter.start(), f"{name(letter[0])} inside a word of Latin letters"
        for twins_of_script, sure in _TWIN_WORDS:
            if re.fullmatch(twins_of_script, word) and not self.text_has(sure):
                return 0, f"{name(word[0])} among Latin words, where it reads as a Latin letter"
        return None


def _byte(sign: str, signs: str) -> bytes:
    """The byte of a sign in an encoding whose signs from 0x80 on are given. Raises ValueError if it has none."""
    return sign.encode() if sign.isascii() else bytes([0x80 + signs.index("µ" if sign == "μ" else sign)])
