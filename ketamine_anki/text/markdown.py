"""Markdown -> the HTML of a field or of a document, from the tokens of markdown-it, which only this module imports.

It reports what Markdown would drop silently, and links and pictures from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from unicodedata import category

from markdown_it import MarkdownIt

from ketamine_anki.core.escape import html as escape
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.text.emphasis import Emphasis
from ketamine_anki.text.escape import image, link_mistake
from ketamine_anki.text.plain import is_blank
from ketamine_anki.text.scanner import PLACEHOLDER, Report, Source
from ketamine_anki.text.visible import HIDDEN, visible_marks

# A sign that starts a list, and a number after it: in math, hidden, or bold, too.
_SIGNED = re.compile(r"[ \t]*(?P<shown>[-+*][ \t]+(?:[*_$]|\{\{c[0-9]+::)*\.?(?P<first>\w))")
# What looks like an address in the text of a link: one with its scheme, a mailbox, a host with a usual ending.
_ADDRESS = re.compile(
    r"(?:(?:(?<![a-z])[a-z]+:|(?<![\w:/]))//|(?<![\w.-])www\.)(?P<host>[^\s/?#:]+)\S*"
    r"|(?<![\w.+-])(?P<mailbox>[\w.+-]+@[\w.-]*\w)"
    r"|(?<![\w/.@+-])(?P<name>(?:[\w-]+\.)+(?P<end>[^\W\d_]{2,}))(?!\.?[\w-])(?:[:/?#]\S*)?",
    re.IGNORECASE,
)
_ENDINGS = frozenset(
    """
    com org net gov edu int info io mil biz dev app xyz site online health science
    ar au br ca ch cn cz de dk es eu fi fr gr hk ie il jp kr mx nl nz ru se sg tw uk za
    """.split()
)
_FILE_NAME = re.compile(r"[A-Za-z0-9._-]+")
_ALIGNED = re.compile(r"text-align:(left|center|right)")
_LIST_MARK = r"(?:[-+*]|[0-9]+[.)])[ \t]+"
_EMPTY_CODE = "is not shown, it makes code with nothing in it: delete it, or write \\`"
_PIPE = re.compile(r"(?<!\\)\|")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": False, "breaks": True, "linkify": False, "typographer": False})
    # Addresses come through as typed and are judged here: what the parser refuses would stay as text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    # The parser need not stop at characters that nothing enabled here reads.
    parser.inline.terminator_re = re.compile(r"[\n!*\[\\\]_`]")
    parser.core.ruler.at("text_join", _join)
    return parser.enable(
        ["code", "fence", "list", "table", "newline", "escape", "backticks", "emphasis", "link", "image"]
    )


def _join(state: Any) -> None:
    """Joins neighbouring text, as the parser's own rule does, and remembers which signs a backslash shows."""
    for block in state.tokens:
        joined: list[Any] = []
        for token in block.children or ():
            hidden = HIDDEN if token.type == "text_special" and len(token.content) == 1 else ""  # not of `\\S`
            if token.type not in ("text", "text_special"):
                joined.append(token)
            elif joined and joined[-1].type == "text":
                joined[-1].content += token.content
                joined[-1].meta["seen"] += hidden or token.content
            else:
                token.type, token.meta = "text", {"seen": hidden or token.content}
                joined.append(token)
        block.children = joined


def markdown_html(source: Source, media: Mapping[str, str], report: Report) -> tuple[str, list[str]]:
    """The HTML of a text, in which placeholders still stand, and the names of its pictures."""
    writer = _Writer(source, media, report)
    return writer.run(), writer.pictures


def document_html(text: str) -> str:
    """The Markdown of a document of ours, such as a changelog -> HTML without raw HTML, pictures and inline style."""
    html = str(MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(text))
    return html.replace(' style="text-align:', ' align="')


class _Writer:
    """Writes the HTML of one text, token by token."""

    def __init__(self, source: Source, media: Mapping[str, str], report: Report) -> None:
        self.source = source
        self.text = source.markup.text  # as typed
        self.lines = source.text.split("\n")
        self.media = media
        self.report = report
        self.emphasis = Emphasis(source, report)
        self.pictures: list[str] = []
        self.refused_links: set[str] = set()
        self.next_numbers: list[int] = []  # of each list around; -1 of one with bullets
        self.columns = 0
        self.in_cell = False
        self.several = "\n" in self.text
        self.empty_code_end = self.visible_end = 0  # after the last code without content; after the last visible sign

    def run(self) -> str:
        """The HTML of the whole text."""
        tokens = _parser().parse(self.source.text)
        if [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]:
            html = self._inline(tokens[1])
        else:
            self._check_lists(tokens)
            html = "".join(self._block(token) for token in tokens).strip()
        self.emphasis.finish()
        return html

    def _mistake(self, rule: str, fragment: str, message: str, start: int = -1) -> None:
        """Reports a fragment that starts at an offset of the text; without one, where the fragment first stands."""
        self.report(rule, start if start >= 0 else max(self.text.find(fragment), 0), fragment, message)

    def _swallowed(self, fragment: str, message: str, start: int = -1) -> None:
        self._mistake("swallowed-mark", fragment, message, start)

    def _start(self, token: Any) -> int:
        """The offset in the text of the line in which a block starts."""
        return len(self.source.typed("".join(f"{before}\n" for before in self.lines[: token.map[0]])))

    # --- blocks -------------------------------------------------------------------------------

    def _block(self, token: Any) -> str:
        if token.type == "inline":
            return self._inline(token)
        if token.type in ("fence", "code_block"):
            shown, message = self._code_mistake(token)
            if message:
                self._swallowed(shown, f"{shown!r} {message}", self.text.find(shown, self._start(token)))
            content = self.source.typed(token.content) if message else self._code(token.content.rstrip())
            return f"<pre><code>{escape(content)}</code></pre>"
        if token.hidden or not token.tag:
            return ""
        self.in_cell = token.type in ("th_open", "td_open")
        if token.tag in ("ol", "ul", "li"):
            self._list(token)
        elif token.type in ("thead_open", "th_open", "tr_open"):
            self._table(token)
        if token.nesting < 0:
            return f"</{token.tag}>"
        align = _ALIGNED.fullmatch(token.attrGet("style") or "")
        start = token.attrGet("start") if token.tag == "ol" else None
        attribute = f' class="{align[1]}"' if align else f' start="{int(start)}"' if start is not None else ""
        return f"<{token.tag}{attribute}>"

    def _code_mistake(self, token: Any) -> tuple[str, str]:
        """What is lost of a block of code, and what is wrong with it; "" if nothing is."""
        mark, info = token.markup, self.source.typed(token.info.strip())
        last = self.lines[token.map[1] - 1].strip() if token.map[1] - token.map[0] > 1 else ""
        if not mark:
            return self._lost_spaces(token.content)
        if mark[0] == "~":
            return mark, "starts no code: write ``` before and after it"
        if not re.fullmatch(r"[\w+#.-]*", info):  # the name of a language is not shown
            advice = "only the name of a language may stand there; what is to be seen belongs on a line of its own"
            return info, f"after the ``` is not shown: {advice}"
        if not last.startswith(mark) or last.strip("`"):
            return mark, "is never closed: write it on a line of its own below the code"
        return mark, "" if token.content.strip() else _EMPTY_CODE

    def _lost_spaces(self, lines: str) -> tuple[str, str]:
        """The first of lines that start with spaces, without these, and what is wrong with it."""
        shown = self.source.typed(lines).strip().split("\n")[0]
        if re.match(_LIST_MARK, shown):
            return shown, "has more spaces before it than an item of a list inside a list: take some of them away"
        return shown, "has spaces before it that are not shown: leave them out, or put code between lines of ```"

    def _check_lists(self, tokens: list[Any]) -> None:
        """Items without words, and a lone item that starts with a number, which is meant as a signed number."""
        items: list[int] = []  # the tokens that open the items of the outermost list
        for index, token in enumerate(tokens):
            if token.type == "list_item_open":
                if tokens[index + 1].type == "list_item_close":
                    self._empty_item(token)
                if token.level == 1:
                    items.append(index)
            elif token.level == 0 and token.type in ("bullet_list_close", "ordered_list_close"):
                if len(items) == 1 and token.tag == "ul" and tokens[items[0] + 1].type == "paragraph_open":
                    found = _SIGNED.match(self.text, self._start(tokens[items[0]]))
                    if found and category(found["first"]) in ("Nd", "No"):
                        message = "starts a list, and its sign is not shown: write it without the space"
                        self._swallowed(found["shown"], f"{found['shown']!r} {message}", found.start("shown"))
                items = []

    def _empty_item(self, token: Any) -> None:
        """Of a list mark alone in its line only a bullet is shown; of lists too deep for the parser, nothing."""
        mark, line = f"{token.info}{token.markup}", self.source.typed(self.lines[token.map[0]].rstrip())
        last = line.split()[-1]
        message = f"{mark!r} makes a list item without words: write '{token.info}\\{token.markup}'"
        if last != mark:
            message = f"{last!r} is not shown: the lists are too deep inside one another"
        self._swallowed(last, message, self._start(token) + len(line) - len(last))

    def _list(self, token: Any) -> None:
        """A list counts on from its first number, whatever numbers are typed after it."""
        if token.tag != "li":
            if token.nesting < 0:
                self.next_numbers.pop()
            else:
                start = token.attrGet("start")
                self.next_numbers.append(-1 if token.tag == "ul" else 1 if start is None else int(start))
        elif token.nesting > 0 and (number := self.next_numbers[-1]) >= 0:
            self.next_numbers[-1] += 1
            if token.info != str(number):
                typed = f"{token.info}{token.markup}"
                message = f"{typed!r} is shown as '{number}.': a list counts on from its first number"
                self._swallowed(typed, message, self.text.find(typed, self._start(token)))

    def _table(self, token: Any) -> None:
        """Cells beyond the columns of a table are not shown."""
        if token.type == "thead_open":
            self.columns = 0
        elif token.type == "th_open":
            self.columns += 1
        elif self.columns:
            line = self.lines[token.map[0]].strip()
            cells = [cell.strip() for cell in _PIPE.split(line.removeprefix("|"))[self.columns :]]
            if lost := self.source.typed(next(filter(None, cells), "")):
                start = self._start(token)
                at = self.text.rfind(lost, start, start + len(self.source.typed(self.lines[token.map[0]])))
                message = f"{lost!r} is not shown: this table has {self.columns} column{'s'[: self.columns > 1]}"
                self._swallowed(lost, message, at)

    # --- inside a block -----------------------------------------------------------------------

    def _inline(self, block: Any) -> str:
        tokens, parts = block.children or [], []
        if indented := re.search(r"\n[ \t]{4,}(.+)", block.content):
            shown, message = self._lost_spaces(indented[1])
            self._swallowed(shown, f"{shown!r} {message}", self.text.find(shown, self._start(block)))
        start = not self.in_cell
        for index, token in enumerate(tokens):
            parts.append(self._token(token))
            if token.type == "text":
                self._check_visible(token.meta["seen"], start)
            start = token.tag == "br"
            if token.tag in ("em", "strong"):
                self.emphasis.mark(tokens, index)
            elif token.type == "link_open":
                opened, address = len(parts), token.attrGet("href")
            elif token.type == "link_close":
                self._check_link_text(str(address or ""), "".join(parts[opened:-1]).strip())
        return "".join(parts)

    def _token(self, token: Any) -> str:
        if token.type == "text":
            for braces in ("{{", "}}"):
                if braces in token.content and not self.source.markup.mistakes:  # or the scan has reported them
                    message = f"'{braces}' is obeyed by Anki even with backslashes: leave it out"
                    self._mistake("anki-command", braces[0], message)
            return escape(token.content)
        if token.type == "code_inline":
            if not token.content.strip():
                ticks = re.compile(rf"(?<!`){token.markup}\s+{token.markup}(?!`)")
                found = ticks.search(self.text, self.empty_code_end)
                self.empty_code_end = found.end() if found else self.empty_code_end
                self._swallowed(token.markup, f"{token.markup!r} {_EMPTY_CODE}", found.start() if found else -1)
            return f"<code>{escape(self._code(token.content))}</code>"
        if token.type in ("softbreak", "hardbreak"):
            return "<br>"
        if token.type == "image":
            return self._image(token)
        if token.type == "link_open":
            return self._link(token)
        return f"<{'/' if token.nesting < 0 else ''}{token.tag}>"

    def _code(self, content: str) -> str:
        """Code as it was typed: math and deletions in it are mere characters."""
        for placeholder in PLACEHOLDER.findall(content):
            span = self.source.span(placeholder)
            self._mistake("cloze-syntax", span.value, "math or a deletion inside code: move it out", span.start)
        return self.source.typed(content)

    def _check_visible(self, shown: str, start: bool) -> None:
        for offset, fragment, message in visible_marks(shown, start=start, several=self.several):
            self.several &= offset > 0  # of a table or list, one line is reported
            typed = self.source.typed(fragment)
            at = self.source.prose().find(typed, self.visible_end)
            self.visible_end = at + len(typed) if at >= 0 else self.visible_end
            self._mistake("visible-mark", typed, self.source.typed(message), at)

    def _check_title(self, token: Any) -> None:
        if title := self.source.typed(token.attrGet("title") or ""):
            self._swallowed(title, f"title {title!r} is not shown: write it into the text")

    # --- links and pictures -------------------------------------------------------------------

    def _link(self, token: Any) -> str:
        self._check_title(token)
        href = str(token.attrGet("href") or "")
        if PLACEHOLDER.search(href):
            self._refuse_link("](", "math or a deletion inside the address of a link: move it out")
        elif mistake := link_mistake(href):
            self._refuse_link(href or "]()", f"link to {href!r}: {mistake}")
        else:
            return f'<a href="{escape(href, quote=True)}">'
        return '<a href="">'

    def _check_link_text(self, address: str, html: str) -> None:
        """A link has a text; one that looks like an address is that of the link."""
        if self._is_blank(html):
            self._refuse_link(address, f"link to {address!r} without a text: say what it is between [ and ]")
            return
        if address in self.refused_links:
            return
        shown = re.sub("<(?!img)[^>]*>", "", html.replace("<br>", " ")).replace("&amp;", "&")
        host = re.split("[/?#:]", address.partition("//")[2])[0] if "//" in address else address[7:].split("?")[0]
        for match in _ADDRESS.finditer(shown) if shown != address else ():
            place = (match["host"] or match["mailbox"] or match["name"]).lower().strip(" .,;!?()\"'“”…")
            if match["end"] and match["end"].lower() not in _ENDINGS:
                continue
            if not f".{host.lower()}".endswith(f".{place.removeprefix('www.')}"):
                start = self.text.find(f"]({address}")
                message = f"link to {address!r} is shown as {match[0]!r}: show where it leads"
                self._refuse_link(address, message, start + 2 if start >= 0 else -1)
                return

    def _refuse_link(self, fragment: str, message: str, start: int = -1) -> None:
        self.refused_links.add(fragment)
        self._mistake("link", fragment, message, start)

    def _image(self, token: Any) -> str:
        self._check_title(token)
        name, alt = str(token.attrGet("src") or ""), PLACEHOLDER.sub(self._alt, token.content).strip()
        start = max(self.text.find(f"]({name}"), self.text.find(f"](<{name}>")) + 2
        start = max(self.text.find(name, start), 0)
        if self._is_blank(escape(token.content)):
            self._mistake("picture", name, f"picture {name!r} without a text: say what is seen between [ and ]", start)
        if not _FILE_NAME.fullmatch(name):
            message = f"picture {name!r} is not a file name: pictures come from the media folder"
            self._mistake("picture", name, message, start)
        elif name not in self.media:
            message = f"no picture {name!r} in the media folder{did_you_mean(name, self.media)}"
            self._mistake("picture", name, message, start)
        self.pictures.append(name)
        return image(self.media.get(name, "missing.png"), alt)

    def _is_blank(self, html: str) -> bool:
        """Whether nothing is seen of HTML in which placeholders still stand."""
        spans = PLACEHOLDER.sub(lambda match: f"\\({escape(self.source.span(match[0]).value)}\\)", html)
        return is_blank(spans)

    def _alt(self, match: re.Match[str]) -> str:
        """Math in the text of a picture is read aloud as TeX; a deletion cannot be hidden there."""
        span = self.source.span(match[0])
        if span.kind == "open":
            message = "deletion inside the text of a picture: move it out"
            self._mistake("cloze-syntax", self.text[span.start : span.end], message, span.start)
        return span.value if span.kind in ("math", "display") else ""
