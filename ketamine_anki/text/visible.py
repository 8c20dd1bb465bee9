"""Signs of Markdown, TeX, wikis and HTML that a reader would see because nothing has read them as marks.

A sign with a backslash before it is meant to be seen, and so is all that stands in code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HIDDEN = "\0"  # stands for a sign that is meant to be seen
_SIGNS = "\\*_`~^=$&|#[]'+-"
_WORD = rf"[^\s{HIDDEN}]"
_ITALICS = "open and close them as in *words*"
_PICTURE = "write [label](https://example.org) or ![what one sees](name.png)"
# (what the pattern cannot match without, pattern, what it is, what to write instead) for signs anywhere, then at the
# start of a line, then of one of several.
_ANYWHERE = (
    (
        "**",
        rf"\*\*(?=[^\s*{HIDDEN}]){_WORD}{{0,20}}|{_WORD}{{1,20}}(?<=[^\s*{HIDDEN}])\*\*",
        "bold",
        "open and close it, with quotes and brackets outside of the stars",
    ),
    ("*", rf"(?<![\w*{HIDDEN}])\*[^\W\d_]\w{{0,20}}", "italics", _ITALICS),
    ("_", rf"(?<![\w{HIDDEN}])_[^\W_]\w{{0,20}}", "italics", _ITALICS),
    ("`", "`+", "code", "close it"),
    ("~~", r"~~(?:[^~]+~~)?", "struck-out text", "leave it out"),
    ("~", r"(?<!~)~([\w+-]{1,8})~(?!~)", "a subscript", r"write $_{\1}$"),
    ("^", r"\^([\w+-]{1,8})\^", "a superscript", r"write $^{\1}$"),
    ("==", r"==(?=[^\s=])[^=]*==", "marked text", "write **words**"),
    (
        "$ ",
        rf"\$ ([^${HIDDEN}]*[=^_\\+][^${HIDDEN}]*?) ?\$|\$ ([^\W\d_]) \$",
        "math",
        "take the spaces inside the dollars away",
    ),
    ("$", r"\$\$|(?<![\w$])\$(?=[a-z\\])", "math", "close it with a dollar after its last sign"),
    ("{", r"\\[A-Za-z]+(?=\{)", "math", "put it between dollars"),
    ("{", rf"(?:(?<=\w)[_^])\{{[^{{}}{HIDDEN}]*\}}", "math", "put it between dollars"),
    ("]", r"\](?:\s+\((?=https?:|mailto:)|\()", "a link or picture", f"{_PICTURE}, without spaces around the brackets"),
    ("[[", rf"!?\[\[[^\[\]{HIDDEN}]+\]\]", "a link or picture", _PICTURE),
    ("[^", r"\[\^[\w-]+\]", "a footnote", "write it into the text"),
    ("[/", r"\[/(?:b|i|u|s|sub|sup|code|quote|url|img)\]", "a tag", "write **bold** or *italics*"),
    ("&", r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});", "a character", ""),
    ("''", r"(?<![\w'])''+(?=[^\W_'])[^']*''+", "italics", "write *words*, or **words** for bold"),
)
_AT_START = (("#", r"\A\s*#{1,6} +\w*", "a heading", "write **words**"),)
_AT_START_OF_SEVERAL = (
    ("", r"\A\s*(?:-{3,}|\*{3,}|={3,})$", "a line or heading", "leave it out"),
    ("", r"\A\s*[-+][^\W\d_]\w*", "a list", "write a space after the sign"),
    (
        "|",
        rf"\A\s*\|[^|{HIDDEN}]+(?:\|[^|{HIDDEN}]*)*\|\s*$",
        "a table",
        "put a line such as | --- | --- | under its first line",
    ),
)


def visible_marks(text: str, *, start: bool, several: bool) -> Iterator[tuple[int, str, str]]:
    """(offset, fragment, message) of each sign in a piece of a text, as it is shown, that was meant as a mark.

    `start` tells whether a line starts with the piece, `several` whether the line is one of several.
    """
    rows = (*_ANYWHERE, *(_AT_START if start else ()), *(_AT_START_OF_SEVERAL if start and several else ()))
    for needed, pattern, what, instead in rows:
        for match in re.finditer(pattern, text) if needed in text else ():
            shown = match[0].lstrip()
            if instead:
                advice = match.expand(instead)
            elif (character := _character(shown)) != shown:
                advice = f"write {character}"
            else:
                continue
            sign = next(letter for letter in shown if letter in _SIGNS)
            as_typed = "put it in `code`" if sign in "[]" else f"write \\{sign}"
            message = f"{shown!r} is shown as it is typed, not as {what}: {advice}; to show it, {as_typed}"
            yield match.end() - len(shown), shown, message


def _character(reference: str) -> str:
    """The character that a reference of HTML stands for."""
    from html import unescape  # its table takes time to load

    return unescape(reference)
