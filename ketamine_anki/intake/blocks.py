"""Reads the HTML of a field, as `render` made it or Anki's editor left it -> blocks, which are equal when readers see
the same.

* `<b>` is `<strong>` and `<i>` is `<em>`, in any nesting order; empty elements vanish, adjacent ones are joined, spaces
  at their ends move outside; a `<span>` without attributes is ignored, and so is `<nobr>`.
* Entities are decoded. White space is one space, and none at the ends of a line; a no-break space is a space, too,
  unless the note's own text has no-break spaces.
* A `<div>` is a line; `<br>` ends a line, two or more end a paragraph, those at the ends are dropped; a list item with
  one paragraph is that paragraph.
* In math, spaces between closing braces and at the ends are dropped: `render` puts them into cloze fields, where Anki
  would take `}}` for the end of a deletion.
* Sub- and superscripts become signs of Unicode or math; colours and fonts are dropped.
* Pictures have the names they have in the collection, without the content hash, and without the `-<sha1>` that Anki
  appends when a name is taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import groupby
from typing import Any, NamedTuple

from ketamine_anki.core.limits import MAX_HTML_DEPTH, MAX_TEXT
from ketamine_anki.text.visible import SCRIPTS

_VOID = ("br", "img")  # others are refused anyway
_SYNONYMS = {"b": "strong", "i": "em"}
_ADVICE = {
    "u": "use bold or italics",
    "sub": "write the formula as math, such as $x_2$",
    "sup": "write the formula as math, such as $x^2$",
    "hr": "leave the line out",
}
_SCRIPTS = {
    "sub": ("_", SCRIPTS["_"] | str.maketrans("+-\N{MINUS SIGN}=()", "₊₋₋₌₍₎")),
    "sup": ("^", SCRIPTS["^"] | str.maketrans("=()ni", "⁼⁽⁾ⁿⁱ")),
}
_FONT = ("style", "color", "face", "size")  # which are dropped
_ATTRIBUTES = {
    **dict.fromkeys(("br", "code", "div", "em", "li", "nobr", "p", "strong", "ul"), ()),
    **dict.fromkeys(("font", "span"), _FONT),
    **dict.fromkeys(("td", "th"), ("class",)),
    "a": ("href",),
    "img": ("src", "alt"),
    "ol": ("start",),
}
_LOOK = re.compile(
    r"(?:\s*(?:(?:background-|caret-)?color|font-(?:family|size)|line-height)\s*:[^;]*(?:;|\Z))*\s*", re.IGNORECASE
)
_LINK = re.compile("https?://|mailto:", re.IGNORECASE)
_SHA1 = re.compile(r"-[0-9a-f]{40}(?=\.[^.]+$)")


class UnrenderError(ValueError):
    """Why an edited field cannot become Markdown."""


class Style(NamedTuple):
    """How a run of text looks."""

    href: str = ""
    strong: bool = False
    em: bool = False


class Run(NamedTuple):
    """A piece of a paragraph: `kind` is text, code, br or img; `value` is the text or the picture's name, `alt`
    the description of the picture.
    """

    kind: str
    value: str = ""
    style: Style = Style()
    alt: str = ""


class Block(NamedTuple):
    """A paragraph of runs (p), a list of items, each a tuple of blocks (ul, ol), a table of rows of cells, or code
    (pre). `detail` is the first number of a list or the alignments of a table.
    """

    kind: str
    content: tuple[Any, ...]
    detail: str = ""


def blocks(html: str, names: Mapping[str, str], *, keep_no_break: bool = False) -> tuple[Block, ...]:
    """The HTML of a field and {packaged picture name: name} -> its blocks. Raises UnrenderError."""
    if len(html) > 2 * MAX_TEXT:
        raise UnrenderError("the text is too long for a card")
    _refuse_unusual(html)
    tree = _Tree()
    tree.feed(html)
    tree.close()
    return tuple(_Reader(names, keep_no_break).blocks(tree.root.children))


def has_look(html: str) -> bool:
    """Whether the HTML of a field sets a colour or a font, which `blocks` drops."""
    return bool(re.search(r"(?i)<(?:font\b|span\s[^<>]*style=)", html))


# --- HTML -> elements -------------------------------------------------------------------------

_TAG = re.compile(r"""</?[A-Za-z](?:[^"'>]|"[^"]*"|'[^']*')*>""")
_HUGE = re.compile(r"&#(?:[0-9]{8}|[xX][0-9a-fA-F]{8})")


def _refuse_unusual(html: str) -> None:
    """Raises UnrenderError for what Anki's editor does not write, and the standard library's parser is slow at or
    fails on: tags that are not closed, comments, and characters with huge numbers.
    """
    if _HUGE.search(html):
        raise UnrenderError("a character reference to a number that no character has")
    start = html.find("<")
    while start >= 0:
        tag, following = _TAG.match(html, start), html[start + 1 : start + 2]
        if tag is None and following in ("!", "?"):
            raise UnrenderError("an HTML comment")
        if tag is None and (following == "/" or following.isalpha()):
            raise UnrenderError("a tag that is not closed")
        start = html.find("<", tag.end() if tag else start + 1)


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Element | str] = field(default_factory=list)


class _Tree(HTMLParser):
    """Elements as they nest; an end tag closes what is open inside it, a stray one does nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag = _SYNONYMS.get(tag, tag)
        element = _Element(tag, {name: value or "" for name, value in attrs})
        for name, value in element.attributes.items():
            if name not in _ATTRIBUTES.get(tag, (name,)) or (name == "style" and not _LOOK.fullmatch(value)):
                shown = f'<{tag} {name}="{value[:40]}">'
                raise UnrenderError(f"{shown}: only bold, italics, lists and links come back")
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)
            if len(self._open) > MAX_HTML_DEPTH:
                raise UnrenderError("HTML nested too deep")

    def handle_endtag(self, tag: str) -> None:
        tags = [element.tag for element in self._open]
        tag = _SYNONYMS.get(tag, tag)
        if tag in tags[1:]:
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]
        if tag in _SCRIPTS and tag in tags and not {"code", "pre"} & {*tags}:
            _write_script(self._open[-1].children)

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise UnrenderError("an HTML comment")


def _write_script(siblings: list[_Element | str]) -> None:
    """Puts text in place of the last sibling, a sub- or superscript of plain text: signs of Unicode if there are some
    for all of it, else math with the word before it.
    """
    script = siblings[-1]
    if not isinstance(script, _Element) or not all(isinstance(child, str) for child in script.children):
        return
    text = "".join(map(str, script.children))
    mark, signs = _SCRIPTS[script.tag]
    if all(ord(sign) in signs for sign in text):
        siblings[-1] = text.translate(signs)
    elif re.fullmatch(r"[\w .,/+=()-]+", text):
        before = "".join(part for part in siblings[-2:-1] if isinstance(part, str))
        base = match[0] if (match := re.search(r"[^\W_]+\Z", before)) else ""
        if base:
            siblings[-2] = before.removesuffix(base)
        base = rf"\text{{{base}}}" if len(base) > 1 else base
        siblings[-1] = rf"\({base}{mark}{{\text{{{text}}}}}\)"


# --- elements -> blocks -----------------------------------------------------------------------

_BREAK = Run("br")
_EDGE = Run("edge")  # of a <div>: ends a line that is not empty


class _Reader:
    """Turns the elements of one field into blocks."""

    def __init__(self, names: Mapping[str, str], keep_no_break: bool) -> None:
        self.names = names
        self.space = re.compile(r"[ \t\n\r\f]+" if keep_no_break else r"\s+")

    def blocks(self, children: Iterable[_Element | str]) -> list[Block]:
        finished: list[Block] = []
        line: list[Run] = []
        self._walk(children, finished, line)
        return finished + self._paragraphs(line)

    def _walk(self, children: Iterable[_Element | str], finished: list[Block], line: list[Run]) -> None:
        """Appends whole blocks to `finished`, and what belongs to an unfinished paragraph to `line`."""
        for child in children:
            if isinstance(child, str) or child.tag not in ("div", "p", "ul", "ol", "table", "pre"):
                line += self._inline(child, Style())
            elif child.tag == "div":
                line.append(_EDGE)
                self._walk(child.children, finished, line)
                line.append(_EDGE)
            else:
                finished += self._paragraphs(line)
                line.clear()
                finished += self._block(child)

    def _block(self, element: _Element) -> list[Block]:
        if element.tag == "table":
            return [self._table(element)]
        if element.tag == "pre":
            return [Block("pre", (_code(element).strip("\n"),))]
        if element.tag == "p":
            return self.blocks(element.children)
        start = element.attributes.get("start", "1") if element.tag == "ol" else ""
        if len(start) > 9:
            raise UnrenderError("a list that starts at a huge number")
        items = _parts(element, "li")
        return [Block(element.tag, tuple(tuple(self.blocks(item.children)) for item in items), start)]

    def _table(self, element: _Element) -> Block:
        rows: list[list[_Element]] = []
        for part in _parts(element, "tr", "thead", "tbody"):
            listed = [part] if part.tag == "tr" else _parts(part, "tr")
            rows += ([cell for cell in row.children if isinstance(cell, _Element)] for row in listed)
        if not rows or any(cell.tag != "th" for cell in rows[0]) or any(len(row) != len(rows[0]) for row in rows):
            raise UnrenderError("a table that is not a row of headings and rows of as many cells")
        alignments = ",".join(cell.attributes.get("class", "") for cell in rows[0])
        return Block("table", tuple(tuple(map(self._cell, row)) for row in rows), alignments)

    def _cell(self, cell: _Element) -> tuple[Run, ...]:
        paragraphs = self._paragraphs(run for child in cell.children for run in self._inline(child, Style()))
        if len(paragraphs) > 1 or any(run.kind == "br" for block in paragraphs for run in block.content):
            raise UnrenderError("a table cell of several lines")
        return paragraphs[0].content if paragraphs else ()

    def _inline(self, child: _Element | str, style: Style) -> Iterator[Run]:
        """The runs of an inline element or text."""
        if isinstance(child, str):
            yield Run("text", child, style)
        elif child.tag == "br":
            yield _BREAK
        elif child.tag == "code":
            yield Run("code", _code(child), style)
        elif child.tag == "img":
            packaged = child.attributes.get("src", "")
            name = self.names.get(packaged) or self.names.get(_SHA1.sub("", packaged))
            if name is None:
                advice = "put it there, under a name of its own"
                raise UnrenderError(f"picture {packaged[:60]!r} is not in the media folder: {advice}")
            yield Run("img", name, style, " ".join(child.attributes.get("alt", "").split()))
        else:
            style = _style(child, style)
            for grandchild in child.children:
                yield from self._inline(grandchild, style)

    def _paragraphs(self, line: Iterable[Run]) -> list[Block]:
        """Runs -> paragraphs, with white space and line breaks as a browser shows them."""
        lines: list[list[Run]] = [[]]
        for run in line:
            last = lines[-1]
            if run.kind in ("br", "edge"):
                if run.kind == "br" or last:
                    lines.append([])
            elif run.kind == "text":
                for value in filter(None, re.split("(^ | $)", self.space.sub(" ", run.value))):
                    if value != " " or (last and not _is_space(last[-1])):  # else the space is not seen
                        last.append(run._replace(value=value))
            else:
                last.append(run)
        for full in lines:
            if full and _is_space(full[-1]):
                full.pop()
        return [
            Block("p", tuple(_merged([run for full in group for run in (*full, _BREAK)][:-1])))
            for is_full, group in groupby(lines, key=bool)
            if is_full
        ]


def _is_space(run: Run) -> bool:
    return run.kind == "text" and run.value == " "


def _merged(line: list[Run]) -> Iterator[Run]:
    """Joins adjacent text of one style; spaces at the ends of styled runs belong to the text around them."""
    spaced = [
        run._replace(style=Style()) if _is_space(run) and len({near.style for near in line[n - 1 : n + 2]}) > 1 else run
        for n, run in enumerate(line)
    ]
    for (kind, style), group in groupby(spaced, key=lambda run: (run.kind, run.style)):
        if kind == "text":
            text = "".join(run.value for run in group)
            yield Run("text", _without_math_spaces(unicodedata.normalize("NFC", text)), style)
        else:
            yield from group


def _style(element: _Element, style: Style) -> Style:
    """The style inside an inline element."""
    tag, href = element.tag, element.attributes.get("href", "")
    if tag not in ("a", "strong", "em", "span", "font", "nobr"):
        raise UnrenderError(f"has <{tag}>, which cards do not: {_ADVICE.get(tag, 'use plain text')}")
    if tag == "a" and not _LINK.match(href):
        raise UnrenderError(f"link to {href[:60]!r}: only http, https and mailto addresses")
    return Style(href or style.href, style.strong or tag == "strong", style.em or tag == "em")


def _parts(parent: _Element, *tags: str) -> list[_Element]:
    """The child elements. Raises UnrenderError for anything else than elements of these tags."""
    children = [child for child in parent.children if not isinstance(child, str) or child.strip()]
    parts = [child for child in children if isinstance(child, _Element) and child.tag in tags]
    if len(parts) < len(children):
        place = "a list that is no item" if parent.tag in ("ul", "ol") else "a table that is no row"
        raise UnrenderError(f"has something in {place}: delete it, or write it elsewhere")
    return parts


def _code(element: _Element) -> str:
    parts = []
    for child in element.children:
        if isinstance(child, _Element) and child.tag != "code":
            raise UnrenderError(f"<{child.tag}> inside code")
        parts.append(child if isinstance(child, str) else _code(child))
    return "".join(parts)


# --- math -------------------------------------------------------------------------------------

MATH = {r"\(": r"\)", r"\[": r"\]"}  # {opening delimiter: closing delimiter}
_OPENING = re.compile(r"\\[(\[]")


def split_math(text: str) -> Iterator[tuple[str, str]]:
    """The pieces of a text: ("", prose) and (opening delimiter, formula). A delimiter that is never closed is prose."""
    last = {opening: text.rfind(closing) for opening, closing in MATH.items()}
    start = 0
    for match in _OPENING.finditer(text):
        opening, inner = match[0], match.end()
        if match.start() >= start and inner <= last[opening]:
            end = text.index(MATH[opening], inner)
            yield "", text[start : match.start()]
            yield opening, text[inner:end]
            start = end + 2
    yield "", text[start:]


def _without_math_spaces(text: str) -> str:
    parts = []
    for opening, piece in split_math(text):
        tex = re.sub(r"\} +(?=\}|\{\{c|::|$)", "}", piece).strip() if opening else piece
        parts += [opening, tex, MATH.get(opening, "")]
    return "".join(parts)
