"""The HTML of a field, as `render` made it or Anki's editor left it -> its blocks.

Two fields are the same to a reader when their blocks are equal, that is after this normalisation:

* `<b>` is `<strong>` and `<i>` is `<em>`, in any nesting order; empty and adjacent ones are joined,
  spaces at their ends stand outside; a `<span>` without attributes is nothing;
* entities are decoded; white space is one space, and none at the ends of a line; a no-break space is
  a space too, unless the text as written has no-break spaces;
* a `<div>` is a line; `<br>` ends a line, two or more end a paragraph, those at the ends count for
  nothing; a list item with one paragraph is that paragraph;
* in math, spaces between closing braces and at the ends do not count: `render` puts them into cloze
  fields, where Anki would take `}}` for the end of a deletion;
* pictures have the names they have in the collection, without the content hash, and without the
  `-<sha1>` that Anki appends to a name that was taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import groupby
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_HTML_DEPTH, MAX_TEXT

_VOID = ("br", "img", "hr", "wbr", "input", "embed", "source", "link", "meta")
_SAME = {"b": "strong", "i": "em"}
_ADVICE = {
    "u": "underline",
    "sub": "a subscript: write it as math, such as $x_2$",
    "sup": "a superscript: write it as math, such as $x^2$",
    "s": "struck-out text",
    "strike": "struck-out text",
    "font": "a font",
    "hr": "a ruled line",
}
_LINK = re.compile("https?://|mailto:", re.IGNORECASE)
_SHA1 = re.compile(r"-[0-9a-f]{40}(?=\.[^.]+$)")


class Unturnable(ValueError):  # noqa: N818 - a finding about an edit
    """Why an edit cannot be turned back into Markdown."""


class Style(NamedTuple):
    """How a run of text is shown."""

    href: str = ""
    strong: bool = False
    em: bool = False


class Run(NamedTuple):
    """Text, code, a line break or a picture: `kind` is text, code, br or img; `value` the text or
    the picture's name, `alt` what is seen on it.
    """

    kind: str
    value: str
    style: Style = Style()
    alt: str = ""


class Block(NamedTuple):
    """A paragraph of runs, a list of items (each a tuple of blocks), a table of rows of cells, or
    code; `detail` is the first number of a list or the alignments of a table.
    """

    kind: str
    content: tuple[object, ...]
    detail: str = ""


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Element | str] = field(default_factory=list)


def blocks(html: str, names: Mapping[str, str], *, keep_no_break: bool = False) -> tuple[Block, ...]:
    """The HTML of a field and {packaged picture name: name} -> its blocks. Raises Unturnable."""
    if len(html) > 2 * MAX_TEXT:
        raise Unturnable("the text is too long for a card")
    _refuse_odd(html)
    tree = _Tree()
    tree.feed(html)
    tree.close()
    return tuple(_Flow(names, keep_no_break).blocks(tree.root.children))


_TAG = re.compile(r"""</?[A-Za-z](?:[^"'>]|"[^"]*"|'[^']*')*>""")
_GIANT = re.compile(r"&#(?:[0-9]{8}|[xX][0-9a-fA-F]{8})")


def _refuse_odd(html: str) -> None:
    """Raises Unturnable for what Anki's editor does not write, and the standard library's parser takes
    long to read or cannot: tags that are not closed, comments, and characters with giant numbers.
    """
    if _GIANT.search(html):
        raise Unturnable("a character by a number that no character has")
    at = html.find("<")
    while at >= 0:
        tag = _TAG.match(html, at)
        if tag is None and html[at + 1 : at + 2] in ("!", "?"):
            raise Unturnable("an HTML comment")
        if tag is None and (html[at + 1 : at + 2] == "/" or html[at + 1 : at + 2].isalpha()):
            raise Unturnable("a tag that is not closed")
        at = html.find("<", tag.end() if tag else at + 1)


class _Tree(HTMLParser):
    """Elements as they nest; an end tag closes what is open inside it, a stray one does nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = _Element(_SAME.get(tag, tag), {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)
            if len(self._open) > MAX_HTML_DEPTH:
                raise Unturnable("HTML nested too deep")

    def handle_endtag(self, tag: str) -> None:
        tags = [element.tag for element in self._open]
        tag = _SAME.get(tag, tag)
        if tag in tags[1:]:
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise Unturnable("an HTML comment")


_BREAK, _EDGE = "br", "edge"  # an edge breaks the line unless it is at its start already
_Token = tuple[str, str, Style, str]


class _Flow:
    """One field on its way from elements to blocks."""

    def __init__(self, names: Mapping[str, str], keep_no_break: bool) -> None:
        self.names = names
        self.space = re.compile(r"\s+") if not keep_no_break else re.compile(r"[ \t\n\r\f]+")

    def blocks(self, children: Iterable[_Element | str]) -> list[Block]:
        found: list[Block] = []
        line: list[_Token] = []
        self._walk(children, found, line)
        found += self._paragraphs(line)
        return found

    def _walk(self, children: Iterable[_Element | str], found: list[Block], line: list[_Token]) -> None:
        for child in children:
            if isinstance(child, str) or child.tag not in ("div", "p", "ul", "ol", "table", "pre"):
                line += self._inline(child, Style())
            elif child.tag == "div":
                self._plain(child)
                line.append((_EDGE, "", Style(), ""))
                self._walk(child.children, found, line)
                line.append((_EDGE, "", Style(), ""))
            else:
                found += self._paragraphs(line)
                line.clear()
                found += self._block(child)

    def _plain(self, element: _Element, *known: str) -> None:
        for name, value in element.attributes.items():
            if name not in known:
                raise Unturnable(
                    f'<{element.tag} {name}="{value[:40]}">: only bold, italics, lists and links come back'
                )

    def _block(self, element: _Element) -> list[Block]:
        if element.tag == "p":
            self._plain(element)
            return self.blocks(element.children)
        if element.tag == "table":
            return [self._table(element)]
        if element.tag == "pre":
            return [Block("pre", (_text_of(element).strip("\n"),))]
        self._plain(element, "start")
        items = [child for child in element.children if isinstance(child, _Element)]
        if any(isinstance(child, str) and child.strip() for child in element.children):
            raise Unturnable("text in a list that belongs to no item")
        for item in items:
            if item.tag != "li":
                raise Unturnable(f"<{item.tag}> in a list where an item belongs")
            self._plain(item)
        start = element.attributes.get("start", "1") if element.tag == "ol" else ""
        if len(start) > 9:
            raise Unturnable("a list that starts at a giant number")
        return [Block(element.tag, tuple(tuple(self.blocks(item.children)) for item in items), start)]

    def _table(self, element: _Element) -> Block:
        rows = list(_rows(element))
        for _, cells in rows:
            for cell in cells:
                self._plain(cell, "class")
        if not rows or any(cell.tag != "th" for cell in rows[0][1]) or any(len(c) != len(rows[0][1]) for _, c in rows):
            raise Unturnable("a table that is not a row of headings and rows of as many cells")
        aligned = ",".join(cell.attributes.get("class", "") for cell in rows[0][1])
        return Block("table", tuple(tuple(self._cell(cell) for cell in cells) for _, cells in rows), aligned)

    def _cell(self, cell: _Element) -> tuple[Run, ...]:
        line = [token for child in cell.children for token in self._inline(child, Style())]
        found = self._paragraphs(line)
        if len(found) > 1 or any(run.kind == "br" for block in found for run in runs(block)):
            raise Unturnable("a table cell of several lines")
        return runs(found[0]) if found else ()

    def _inline(self, child: _Element | str, style: Style) -> Iterator[_Token]:
        """Texts, pictures, code and breaks of an inline element."""
        if isinstance(child, str):
            yield "text", child, style, ""
            return
        inner = self._style(child, style)
        if child.tag == "br":
            yield _BREAK, "", Style(), ""
        elif child.tag == "img":
            self._plain(child, "src", "alt")
            name = child.attributes.get("src", "")
            known = self.names.get(name) or self.names.get(_SHA1.sub("", name))
            if known is None:
                raise Unturnable(
                    f"picture {name[:60]!r} is not in the media folder: put it there, under a name of its own"
                )
            yield "img", known, style, " ".join(child.attributes.get("alt", "").split())
        elif child.tag == "code":
            yield "code", _text_of(child), style, ""
        else:
            for grandchild in child.children:
                yield from self._inline(grandchild, inner)

    def _style(self, element: _Element, style: Style) -> Style:
        tag = element.tag
        if tag == "a":
            self._plain(element, "href")
            href = element.attributes.get("href", "")
            if not _LINK.match(href):
                raise Unturnable(f"link to {href[:60]!r}: only http, https and mailto addresses")
            return style._replace(href=href)
        if tag in ("strong", "em"):
            self._plain(element)
            return style._replace(strong=True) if tag == "strong" else style._replace(em=True)
        if tag not in ("br", "img", "code", "span"):
            raise Unturnable(f"<{tag}>{f', {_ADVICE[tag]}' if tag in _ADVICE else ''} has no place in a card")
        if tag != "img":
            self._plain(element)
        return style

    def _paragraphs(self, line: list[_Token]) -> list[Block]:
        """Tokens -> paragraphs: white space and line breaks as a browser would show them."""
        shown: list[_Token] = []
        for kind, value, style, alt in line:
            if kind in (_BREAK, _EDGE):
                _without_space_at_end(shown)
                if kind == _BREAK or (shown and shown[-1][0] != _BREAK):
                    shown.append((_BREAK, "", Style(), ""))
                continue
            if kind == "text":
                value = self.space.sub(" ", value)
                if not shown or shown[-1][0] == _BREAK or _ends_with_space(shown[-1]):
                    value = value.removeprefix(" ")
            if value or kind != "text":
                shown.append((kind, value, style, alt))
        _without_space_at_end(shown)
        while shown and shown[-1][0] == _BREAK:
            shown.pop()
        paragraphs: list[list[_Token]] = [[]]
        for kind, group in groupby(shown, key=lambda token: token[0] == _BREAK):
            breaks = list(group)
            if not kind:
                paragraphs[-1] += breaks
            elif len(breaks) > 1:
                paragraphs.append([])
            elif paragraphs[-1]:
                paragraphs[-1] += breaks
        return [Block("p", tuple(_joined(tokens))) for tokens in paragraphs if tokens]


def _ends_with_space(token: _Token) -> bool:
    return token[0] == "text" and token[1].endswith(" ")


def _without_space_at_end(shown: list[_Token]) -> None:
    if shown and _ends_with_space(shown[-1]):
        kind, value, style, alt = shown.pop()
        if value != " ":
            shown.append((kind, value[:-1], style, alt))


def _rows(element: _Element) -> Iterator[tuple[str, list[_Element]]]:
    for child in element.children:
        if isinstance(child, _Element) and child.tag == "tr":
            yield child.tag, [cell for cell in child.children if isinstance(cell, _Element)]
        elif isinstance(child, _Element) and child.tag in ("thead", "tbody"):
            yield from _rows(child)
        elif isinstance(child, _Element) or child.strip():
            raise Unturnable("a table with something else than rows in it")


def _text_of(element: _Element) -> str:
    parts = []
    for child in element.children:
        if not isinstance(child, str):
            if child.tag != "code" or child.attributes:
                raise Unturnable(f"<{child.tag}> inside code")
            child = _text_of(child)
        parts.append(child)
    return "".join(parts)


def runs(block: Block) -> tuple[Run, ...]:
    return tuple(run for run in block.content if isinstance(run, Run))


_OPENS = re.compile(r"\\[(\[]")


class Math(NamedTuple):
    """A formula in a text, from `start` to `end`, with its delimiters."""

    start: int
    end: int
    tex: str
    display: bool


def maths(text: str) -> Iterator[Math]:
    """The formulas of a text, `\\(…\\)` and `\\[…\\]`; an opening without its end is text."""
    last = {"(": text.rfind(r"\)"), "[": text.rfind(r"\]")}
    at = 0
    for opening in _OPENS.finditer(text):
        start, inner, kind = opening.start(), opening.end(), opening[0][1]
        if start < at or inner > last[kind]:
            continue
        stop = text.index(r"\)" if kind == "(" else r"\]", inner)
        at = stop + 2
        yield Math(start, at, text[inner:stop], kind == "[")


def _joined(tokens: list[_Token]) -> Iterator[Run]:
    """Runs of one style; the spaces at the ends of a styled run belong to the text around it."""
    for (kind, style), group in groupby(_spaced(tokens), key=lambda token: (token[0], token[2])):
        if kind == "text":
            text = "".join(value for _, value, _, _ in group)
            yield Run("text", _same_maths(unicodedata.normalize("NFC", text)), style)
        else:
            for _, value, _, alt in group:
                yield Run(kind, value, style, alt)


def _spaced(tokens: list[_Token]) -> Iterator[_Token]:
    for position, (kind, value, style, alt) in enumerate(tokens):
        if kind != "text" or style == Style():
            yield kind, value, style, alt
            continue
        alike = [0 <= n < len(tokens) and tokens[n][2] == style for n in (position - 1, position + 1)]
        before = " " if value.startswith(" ") and not (alike[0] and (alike[1] or value != " ")) else ""
        after = " " if value.endswith(" ") and not alike[1] and value != " " else ""
        for text, of in ((before, Style()), (value[len(before) : len(value) - len(after)], style), (after, Style())):
            if text:
                yield kind, text, of, alt


def _same_maths(text: str) -> str:
    parts, at = [], 0
    for math in maths(text):
        tex = re.sub(r"\} +(?=\}|\{\{c|::|$)", "}", math.tex).strip()
        parts += [text[at : math.start + 2], tex, text[math.end - 2 : math.end]]
        at = math.end
    return "".join((*parts, text[at:]))
