"""Finds signs of Markdown, TeX, wikis and HTML that were not parsed as marks, so that a learner would see them; and
backslashes that are meant to be seen but would vanish.

A sign with a backslash before it is meant to be seen, and so is all that stands in code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from operator import itemgetter

from ketamine_anki.core.limits import MAX_PER_TEXT

HIDDEN = "\0"  # stands for a sign that is meant to be seen
_FIRST_SIGN = r"`+|[\\*_~^=$&|#\[\]:'+/{-]"
_WORD = rf"[^\s{HIDDEN}]"
_ITALICS = "open and close them as in *words*"
_PICTURE = "write [label](https://example.org) or ![what one sees](name.png)"
# The signs of Unicode by the mark of TeX: digits and charges, which every font has.
SCRIPTS = {
    "^": str.maketrans("0123456789+-\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻"),
    "_": str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"),
}
_POWER = r"(?<![\w*])(?P<base>\d+|[^\W\d_])(?P<sign>\*\*)(?P<script>[+-]?\d+|[^\W\d_])(?![\w*])"
_BOLD = rf"\*\*(?=[^\s*{HIDDEN}]){_WORD}{{0,20}}|{_WORD}{{1,20}}(?<=[^\s*{HIDDEN}])\*\*|\*\*(?:[^*{HIDDEN}]+\*\*)?"
_SPACED_MATH = rf"\$ ([^${HIDDEN}]*[=^_\\+][^${HIDDEN}]*?) ?\$|\$ ([^\W\d_]) \$"
_LINK = r"\](?:\s+\((?=https?:|mailto:)|\(|:\s+(?=https?:))|(?<![\w\])])\[[^\[\]]+\]\[[^\[\]]*\]|!\[[^\[\]]*\](?!\()"
_TABLE_ROW = rf"\A\s*\|[^|{HIDDEN}]+(?:\|[^|{HIDDEN}]*)*\|\s*$|\A\s*[^|(\[{{<{HIDDEN}]*\S \| \S.*"
# What a script stands at, and what stands right after it: of `x^2y` and `t_1/2` only the author knows how far it goes.
_BASE = r"(?P<base>(?:(?<![^\W_])[^\W_]++|[)\]])?)"
_REST = (
    r"(?P<rest>(?:(?<=\d)(?:(?:[A-D](?!\w)|[^\W\d_A-Z][^\W_]*+)|[/\u2013-]\d[^\W_]*+)"
    r"|(?<=[^\W\d])[/+-](?:\d[^\W_]*+|[^\W\d_]))(?![\w^]))?"
)
_HIGH = (
    rf"{_BASE}(?<=[\w)\]\U000f0000-\U000ffffd])(?P<sign>\^)"  # the last are deletions
    r"(?P<script>[+\u2212-]?(?:\d++(?:[.,]\d++|[+-](?!\w))?|[^\W\d_][^\W_]*+)|[+\u2212-]++)(?!\^)" + _REST
)
# A letter, a formula of elements before a number, or an abbreviation before a number or a capital letter; not a name
# such as snake_case, which is seen as it is meant.
_LOW = (
    rf"(?<![/.@{HIDDEN}])(?<![^\W\d₀-₉])(?P<base>[^\W\d_](?=_[^\W_]+(?![\w@]|\.\w))"
    r"|(?:(?:[A-Z][a-z]|[BCFHIKNOPSUVWY])+|log)(?=_\d\d?(?![\d_]))"
    r"|[A-Z][A-Za-z]{1,4}(?=_(?:\d\d?[A-Z]?|[A-Z])(?![\w@]|\.\w)))(?P<sign>_)"
    r"(?P<script>\d++|[^\W\d_]++)" + _REST
)
_WHOLE = "put the whole of it between dollars, each script in braces as in $x^{12}$"


def _as_script(match: re.Match[str]) -> str:
    """`10^9` -> 10⁹, `H_2` -> H₂; `x^n` as a formula; with what follows, if that may belong to it."""
    found = match.groupdict("")
    base, script, rest = found["base"], found["script"], found.get("rest", "")
    mark = "_" if match["sign"] in "_~" else "^"
    small = script.translate(SCRIPTS[mark])
    is_small = set(script).isdisjoint(small)
    if base in (")", "]") and (rest or not is_small):
        return _WHOLE
    readings = [f"{base}{small}{rest}" if is_small else f"${base}{mark}{{{script}}}${rest}"]
    if rest:
        readings.append(f"${base}{mark}{{{script}{rest}}}$")
        if rest[1:2].isdigit() and (rest[0] == "/" or script.isalpha()) and len(script) < 3:  # `t_1/2`, `x_n+1`
            readings.reverse()
    name = ", or put a name in `code`" if match["sign"] == "_" else ""
    return f"write {' or '.join(readings)}{name}"


def _escape(match: re.Match[str]) -> str:
    """What to write for a backslash and letters; "" for the part of a path."""
    word = match.string[: match.start() + 1].split()[-1]
    if re.match(r"\W*(?:[A-Za-z]:|\\)\\", word):
        return ""
    code = match[1] or match[2]
    return f"write {chr(int(code, 16))}" if code and chr(int(code, 16)).isprintable() else "put it in `code`"


def _character(reference: re.Match[str]) -> str:
    """The character that a reference of HTML stands for; "" if there is none of this name."""
    from html import unescape  # its table takes time to load

    character = unescape(reference[0])
    known = character != reference[0] and (reference[0][-1] == ";" or len(character) == 1)
    return f"write {character}" if known else ""


# (what the pattern cannot match without, pattern, what it is, what to write instead) for signs anywhere, then at the
# start of a line, then of one of several.
_Row = tuple[str, str, str, str | Callable[[re.Match[str]], str]]
_ANYWHERE: tuple[_Row, ...] = (
    ("**", _POWER, "a power", _as_script),
    ("**", _BOLD, "bold", "open and close it, with spaces, quotes and brackets outside of the stars"),
    ("*", rf"(?<![\w*{HIDDEN}])\*[^\W\d_]\w{{0,20}}", "italics", _ITALICS),
    ("_", rf"(?<![\w{HIDDEN}])_[^\W_]\w{{0,20}}", "italics", _ITALICS),
    ("`", "`+", "code", "close it"),
    ("~~", r"~~(?:[^~]+~~)?", "struck-out text", "leave it out"),
    ("~", rf"{_BASE}(?<=[\w)\]])(?P<sign>~)(?P<script>[^\W_]{{1,8}}|[+-])~(?!~)", "a subscript", _as_script),
    ("~", r"(?<![\w~)])~[^\W\d_]\w+~(?![\w~])", "struck-out text", "leave it out"),
    ("~", r"(?<=\.)~(?=\w)", "a space", "write a space"),
    ("^", rf"{_BASE}(?P<sign>\^)(?P<script>[^\W_+-]{{1,8}}[+-]?|[+-])\^(?!\w)", "a superscript", _as_script),
    ("^", r"(?<![\w)\]^])(?P<base>)(?P<sign>\^)(?P<script>\d++)\^?(?=[A-Z])", "a superscript", _as_script),
    ("^(", rf"{_BASE}(?<=[\w)\]])(?P<sign>\^)\((?P<script>[^()^]+)\)", "a superscript", _as_script),
    ("^", r"[^\W_]+(?:\^[^\W_]+[_^]|_[^\W_]+\^)[\w+-]+", "a superscript", _WHOLE),
    ("^", _HIGH, "a superscript", _as_script),
    ("_", _LOW, "a subscript", _as_script),
    ("==", r"==(?=[^\s=])[^=]*==", "marked text", "write **words**"),
    ("$ ", _SPACED_MATH, "math", "take the spaces inside the dollars away"),
    ("$", r"\$\$|(?<![\w$])\$(?=[a-z\\])", "math", "close it with a dollar after its last sign"),
    ("{", r"\\[A-Za-z]+(?=\{)", "math", "put it between dollars"),
    ("{", rf"(?:(?<=\w)[_^])\{{[^{{}}{HIDDEN}]*\}}", "math", "put it between dollars"),
    ("]", _LINK, "a link or picture", f"{_PICTURE}, without spaces around the brackets"),
    ("[[", rf"!?\[\[[^\[\]{HIDDEN}]+\]\]", "a link or picture", _PICTURE),
    ("[^", r"\[\^[\w-]+\]", "a footnote", "write it into the text"),
    ("[/", r"\[/(?!or\])[A-Za-z]+\]", "a tag", "write **bold** or *italics*"),
    ("[", r"([\u3005\u3400-\u9fff]+)\[([\u3041-\u30ff]+)\]", "furigana", r"write \1（\2）"),
    ("\\n", r"\\n(?![a-z])", "a new line", "begin one there, with |- after the key"),
    ("::", r"(?<![\w{])c\d+::", "a deletion", "write {{c1::hidden}}, which only a 'text' may hold"),
    (":", r"(?<![\w:]):(?:[a-z][a-z0-9_-]*|[+-]1):(?![\w:])", "an emoji", "write the character itself"),
    ("[ ]", r"(?<![\w\])])\[ \]", "a check box", "write ☐"),
    ("&", r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30}(?![\w=]));?", "a character", _character),
    ("''", r"(?<![\w'])''+(?=[^\W_'])[^']*''+", "italics", "write *words*, or **words** for bold"),
    ("++", rf"(?<![\w+])\+\+(?=\w\w)[^+{HIDDEN}]*\w\w\+\+(?![\w+])", "underlined text", "write *words*"),
    ("//", rf"(?<![\w:/])//(?=\w\w)[^/{HIDDEN}]*\w\w//(?![\w/])", "italics", "write *words*"),
    ("||", rf"(?<![\w|])\|\|(?=\w\w)[^|{HIDDEN}]*\w\w\|\|(?![\w|])", "hidden text", "leave the bars out"),
    ("{", rf"\{{(?:[%#:\\@]|\.(?!\.))[^{{}}{HIDDEN}]*\}}?", "a template, an attribute or TeX", "put it in `code`"),
    ("\\", r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[A-Za-z]\w*)", "a command or a character", _escape),
    ("^", r"\^+", "a superscript", _WHOLE),
)
_AT_START: tuple[_Row, ...] = (
    ("#", r"\A\s*#{1,6} +(?:.*\{#.*|\w*)", "a heading", "write **words**"),
    ("==", r"\A\s*(={2,}) [^=]+ \1\s*$", "a heading", "write **words**"),
    ("[x]", r"\A\[x\](?= |\Z)", "a check box", "write ☑"),
)
_AT_START_OF_SEVERAL: tuple[_Row, ...] = (
    ("", r"\A\s*(?:-{3,}|\*{3,}|={3,}|:{3,}.*)$", "a line, heading or box", "leave it out"),
    ("[X]", r"\A\[X\](?= )", "a check box", "write ☑"),
    ("", r"\A\s*[-+][^\W\d_]\w*", "a list", "write a space after the sign"),
    ("|", _TABLE_ROW, "a table", "put a line such as | --- | --- | under its first line"),
)


# A backslash that Markdown takes away: before a sign that is no mark there, or after the letter of a drive.
_LOST_BACKSLASH = r"(?<!\\)(?:\\\\)*(?:\\[./?,;@]|(?<!\A)\\[-+]|\\!(?!\[))|\b[A-Za-z]:\\[^\\A-Za-z0-9]"
_NUMBERED = r"\d+\\\."  # no list


def lost_backslashes(text: str) -> Iterator[tuple[int, str, str]]:
    """(offset, word, message) of each word of a text as typed that loses a backslash, such as `\\d+\\.`."""
    for word in re.finditer(r"\S*\\\S+", text):
        shown = {sign.isalnum() for sign in re.findall(r"\\(.)", word[0])}  # a backslash before a letter is shown
        if len(shown) == 2 or (re.search(_LOST_BACKSLASH, word[0]) and not re.fullmatch(_NUMBERED, word[0])):
            advice = "put it in `code` to show it, or leave the backslash out"
            yield word.start(), word[0], f"a backslash in '{word[0]}' is not shown: {advice}"


def visible_marks(text: str, *, start: bool, several: bool) -> Iterator[tuple[int, str, str]]:
    """(offset, fragment, message) of each sign in a piece of a text, as it is shown, that was meant as a mark; of those
    that overlap, the first.

    `start` tells whether a line starts with the piece, `several` whether the line is one of several.
    """
    end = 0
    marks = islice(_marks(text, start=start, several=several), MAX_PER_TEXT)
    for offset, fragment, message in sorted(marks, key=itemgetter(0)):
        if offset >= end:
            yield offset, fragment, message
            end = offset + len(fragment)


def _marks(text: str, *, start: bool, several: bool) -> Iterator[tuple[int, str, str]]:
    rows = (*_ANYWHERE, *(_AT_START if start else ()), *(_AT_START_OF_SEVERAL if start and several else ()))
    for needed, pattern, what, instead in rows:
        for match in re.finditer(pattern, text) if needed in text else ():
            shown = match[0].lstrip()
            advice = instead(match) if callable(instead) else match.expand(instead)
            if not advice:
                continue
            sign = re.findall(_FIRST_SIGN, shown)[0]
            as_typed = "put it in `code`" if sign in "[]" else "write " + "".join(f"\\{each}" for each in sign)
            quoted = repr(shown).replace(r"\\", "\\")
            message = f"{quoted} is shown as it is typed, not as {what}: {advice}; to show it, {as_typed}"
            yield match.end() - len(shown), shown, message
