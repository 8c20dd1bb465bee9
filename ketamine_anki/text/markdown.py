"""The Markdown parser, and its tokens -> the HTML of one field.

What the parser takes for its own and does not show is a mistake at its place; so are links and pictures from
elsewhere. Math and deletions stand in the text as one character each while it is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any
from unicodedata import category

from markdown_it import MarkdownIt

from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.text.escape import escape, image
from ketamine_anki.text.scanner import HELD, HOLD, WHOLE_COMMAND, Markup, Span

# Commands that backslashes between their characters hide until Markdown takes the backslashes away.
_ESCAPED = re.compile(rf"{WHOLE_COMMAND.pattern}|\{{\{{|\}}\}}", re.IGNORECASE | re.DOTALL)
# A sign that makes a list, and a number behind it: in math, hidden, or bold, too.
_SIGNED = re.compile(r"[ \t]*(?P<shown>[-+*][ \t]+(?:[*_$]|\{\{c[0-9]+::)*\.?(?P<first>\w))")
_LINK = re.compile(r"(?:https?://(?![/\\])|mailto:)[^\s<>\"'`\\{}]+", re.IGNORECASE)
# What looks like an address in the text of a link: one with its scheme, a mailbox, a host with a usual ending.
_SHOWN = re.compile(
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
_IMAGE_NAME = re.compile(r"[A-Za-z0-9._-]+")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": False, "breaks": True, "linkify": False, "typographer": False})
    # Addresses come as they are typed and are judged here: what the parser refuses would stay as text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    # Signs of which nothing that is enabled takes notice need not stop it.
    parser.inline.terminator_re = re.compile(r"[\n!*\[\\\]_`]")
    return parser.enable(["fence", "list", "table", "newline", "escape", "backticks", "emphasis", "link", "image"])


_MARKERS = r"^[ \t]*(?:(?:[-+*]|[0-9]+[.)])[ \t]+)*?"
_OPEN, _CLOSE = ("(", "["), (")", "]")
_PIPE = re.compile(r"(?<!\\)\|")


Report = Callable[[str, int, str, str], None]  # rule, offset in the text, fragment, message


class Html:
    """Markdown tokens -> HTML of one field. One walk over one text."""

    def __init__(
        self, media: Mapping[str, str], held: list[Span], report: Report, pictures: list[str], markup: Markup
    ) -> None:
        self.media = media
        self.held = held
        self.report = report
        self.fragments: set[str] = set()  # of what was reported
        self.pictures = pictures
        self.markup = markup
        self.lines: list[str] = []
        self.next: list[int] = []  # the number that comes next in each list around; of bullets, none
        self.at = 0  # where the last number of a list stands
        self.starred = 0  # behind the last star inside a word
        self.italic = 0  # stars that made emphasis
        self.is_mixed = self.is_nested = False  # whether other stars may have made it than were meant
        self.opened: list[tuple[Any, bool]] = []  # each emphasis that is open, and whether its star was found in a word
        self.ticked = 0  # behind the last code with nothing in it
        self.columns = 0

    def run(self, source: str) -> str:
        parser = _parser()
        tokens = parser.parse(source)
        self.lines = source.split("\n")
        if [t.type for t in tokens] == ["paragraph_open", "inline", "paragraph_close"]:
            body = self._inline(tokens[1].children or [])
        else:
            self._lists(tokens)
            body = "".join(self._block(token) for token in tokens).strip()
        if (self.is_mixed or self.is_nested) and not self.starred:
            self._mixed_stars()
        return body

    def _lists(self, tokens: list[Any]) -> None:
        items: list[int] = []  # where those of the list are that is inside no other
        for place, token in enumerate(tokens):
            if token.type == "list_item_open":
                if tokens[place + 1].type == "list_item_close":
                    self._empty_item(token)
                if token.level == 1:
                    items.append(place)
            elif token.level == 0 and token.type in ("bullet_list_close", "ordered_list_close"):
                if len(items) == 1 and token.tag == "ul" and tokens[items[0] + 1].type == "paragraph_open":
                    self._lone_item(tokens[items[0]])
                items = []

    def _lone_item(self, token: Any) -> None:
        """A number behind a lone sign is meant with its sign."""
        found = _SIGNED.match(self.markup.text, self._start(token.map[0]))
        if found and category(found["first"]) in ("Nd", "No"):
            message = f"{found['shown']!r} starts a list, without its sign: write it without the space"
            self._report("swallowed-mark", found["shown"], message, found.start("shown"))

    def _empty_item(self, token: Any) -> None:
        """Of a sign alone in its line only a bullet is shown; of what is too deep for the parser, nothing."""
        typed, line = f"{token.info}{token.markup}", self._back(self.lines[token.map[0]].rstrip())
        last = line.split()[-1]
        message = f"{typed!r} makes a list item without words: write '{token.info}\\{token.markup}'"
        if last != typed:
            message = f"{last!r} is not shown: the lists are too deep inside one another"
        self._report("swallowed-mark", last, message, self._start(token.map[0]) + len(line) - len(last))

    def _start(self, line: int) -> int:
        """Where a line of the source starts in the text."""
        return len(self._back("".join(f"{before}\n" for before in self.lines[:line])))

    def _block(self, token: Any) -> str:
        if token.type == "inline":
            return self._inline(token.children or [])
        if token.type in ("fence", "code_block"):
            if info := token.info.strip():
                shown = self._typed(info)
                message = f"{shown!r} after the ``` is not shown: begin the code on the next line"
                self._report("swallowed-mark", shown, message)
            elif not token.content.strip():
                self._no_code(token, self.markup.text.find(token.markup, self._start(token.map[0])))
            return f"<pre><code>{escape(self._typed(token.content.rstrip()))}</code></pre>"
        if token.hidden or not token.tag:
            return ""
        if token.tag in ("ol", "ul", "li"):
            self._list(token)
        elif token.type in ("thead_open", "th_open", "tr_open"):
            self._table(token)
        if token.nesting < 0:
            return f"</{token.tag}>"
        style = token.attrGet("style") or ""
        align = re.fullmatch(r"text-align:(left|center|right)", style)
        start = token.attrGet("start") if token.tag == "ol" else None
        extra = f' class="{align[1]}"' if align else f' start="{int(start)}"' if start is not None else ""
        return f"<{token.tag}{extra}>"

    def _list(self, token: Any) -> None:
        """Numbers are shown as the list counts, not as they are typed."""
        if token.tag != "li":
            if token.nesting < 0:
                self.next.pop()
            else:
                start = token.attrGet("start")
                self.next.append(-1 if token.tag == "ul" else 1 if start is None else int(start))
        elif token.nesting > 0 and (number := self.next[-1]) >= 0:
            self.next[-1] += 1
            typed = f"{token.info}{token.markup}"
            found = re.compile(_MARKERS + re.escape(typed), re.MULTILINE).search(self.markup.text, self.at)
            self.at = found.end() - len(typed) if found else max(self.markup.text.find(typed, self.at), 0)
            if token.info != str(number):
                message = f"{typed!r} is shown as '{number}.': a list counts on from its first number"
                self._report("swallowed-mark", typed, message, self.at)
            self.at += len(typed)

    def _table(self, token: Any) -> None:
        """Cells beyond the columns of a table are not shown."""
        if token.type == "thead_open":
            self.columns = 0
        elif token.type == "th_open":
            self.columns += 1
        elif self.columns:
            line = self.lines[token.map[0]].strip()
            cells = [cell.strip() for cell in _PIPE.split(line.removeprefix("|"))[self.columns :]]
            if lost := next(filter(None, cells), ""):
                row, lost = self._back(line), self._back(lost)
                start = self.markup.text.find(row)
                message = f"{lost!r} is not shown: this table has {self.columns} column{'s'[: self.columns > 1]}"
                self._report("swallowed-mark", lost, message, start + row.rfind(lost) if start >= 0 else -1)

    def _inline(self, tokens: list[Any]) -> str:
        parts: list[str] = []
        for place, token in enumerate(tokens):
            parts.append(self._span(token))
            if token.tag in ("em", "strong"):
                self._emphasis(tokens, place)
            elif token.type == "link_open":
                opened, address = len(parts), token.attrGet("href")
            elif token.type == "link_close":
                self._link(str(address or ""), "".join(parts[opened:-1]).strip())
        return "".join(parts)

    def _link(self, address: str, html: str) -> None:
        """A link has a text; one that looks like an address is that of the link."""
        if not html:
            self._report("link", address, f"link to {address!r} without a text: say what it is between [ and ]")
            return
        if address in self.fragments:
            return
        shown = re.sub("<(?!img)[^>]*>", "", html.replace("<br>", " ")).replace("&amp;", "&")
        led = re.split("[/?#:]", address.partition("//")[2])[0] if "//" in address else address[7:].split("?")[0]
        for match in _SHOWN.finditer(shown) if shown != address else ():
            place = (match["host"] or match["mailbox"] or match["name"]).lower().strip(" .,;!?()\"'“”…")
            if match["end"] and match["end"].lower() not in _ENDINGS:
                continue
            if not f".{led.lower()}".endswith(f".{place.removeprefix('www.')}"):
                message = f"link to {address!r} is shown as {match[0]!r}: show where it leads"
                start = self.markup.text.find(f"]({address}")
                self._report("link", address, message, start + 2 if start >= 0 else -1)
                return

    def _emphasis(self, tokens: list[Any], place: int) -> None:
        """Stars inside a word are meant: `HLA-B*15:02 and HLA-A*31:01`. They begin italics after a letter, a digit, a
        bracket or math, or end them before a digit; two of them only before a digit or between brackets. A letter
        alone may be italic before a digit: `*p*53`.
        """
        token = tokens[place]
        left, right = _beside(tokens, place, -1), _beside(tokens, place, 1)
        if "*" in token.markup:
            self._mixes(token, left, right)
        if token.markup != "*":
            meant = self._counts(left, "close", _CLOSE) and right.isdecimal()
            meant |= (left.isdecimal() or left in _CLOSE) and right in _OPEN
        elif token.nesting > 0:
            meant = self._counts(left, "close", _CLOSE) and self._counts(right, "open", _OPEN)
        else:
            alone = tokens[place - 2] is self.opened[-1][0] and tokens[place - 1].content == left
            meant = self._counts(left, "close", _CLOSE) and right.isdecimal() and not (alone and left.isalpha())
        if token.nesting > 0:
            self.opened.append((token, meant))
        elif self.opened.pop()[1]:
            return  # its other end was found
        if not meant:
            return
        text = self.markup.text
        for at, end in self._stars():
            before, after = text[at - 1 : at], text[end : end + 1]
            if at >= self.starred and before in (left, "$", "}") and after in (right, "$", "{"):
                self.starred = end
                message = (
                    f"'*' in {self._word(at, end)!r} is not shown, it makes italics: write \\*, or × between numbers"
                )
                self._report("swallowed-mark", token.markup, message, at)
                return
        if not self.starred:
            self.starred = 1
            self._report("swallowed-mark", token.markup, "'*' inside a word is not shown: write \\*, or ×")

    def _mixes(self, token: Any, left: str, right: str) -> None:
        """Looks whether a mark of emphasis is but a part of what was typed, as in `**CYP2D6*4/*4**`."""
        self.italic += len(token.markup)
        if token.nesting > 0:
            self.is_nested |= any(around.markup == token.markup for around, _ in self.opened)
            self.is_mixed |= "*" in (left, right) or (left in ("/", "(") and right.isdecimal())
        else:
            self.is_mixed |= "*" in (left, right) or right.isalnum()

    def _mixed_stars(self) -> None:
        """Where one star is shown and another is not, it is said at the one before a digit, or the last."""
        text = self.markup.text
        typed = [(at, end) for at, end in self._stars() if text[at - 1 : at].strip() or text[end : end + 1].strip()]
        if self.is_nested or sum(end - at for at, end in typed) > self.italic:
            alleles = (run for run in typed if text[run[1] : run[1] + 1].isdecimal())
            at, end = next(alleles, typed[-1])
            message = f"'*' in {self._word(at, end)!r}: others make italics: write \\* for each that is to be shown"
            self._report("swallowed-mark", text[at:end], message, at)

    def _word(self, start: int, end: int) -> str:
        """The signs from start to end with what stands around them, as far as the next spaces."""
        text = self.markup.text
        before, after = re.split(r"\s", text[max(start - 20, 0) : start])[-1], re.split(r"\s", text[end : end + 20])[0]
        return f"{before}{text[start:end]}{after}"

    def _counts(self, sign: str, kind: str, brackets: tuple[str, ...]) -> bool:
        """Whether a sign beside a star is a letter, a digit, a bracket, math, or where a deletion closes or opens."""
        if HELD.match(sign):
            return self.held[ord(sign) - HOLD].kind in ("math", "display", kind)
        return sign.isalnum() or sign in brackets

    def _stars(self) -> Iterator[tuple[int, int]]:
        """Where stars stand in the text, and their ends: not in math or code, not behind a backslash."""
        for span in self.markup.spans:
            if span.kind == "text":
                for found in re.finditer(r"(?<!\\)\*+", self.markup.text[span.start : span.end]):
                    yield span.start + found.start(), span.start + found.end()

    def _span(self, token: Any) -> str:
        if token.type == "text":
            self._no_command(token.content)
            return escape(token.content)
        if token.type == "code_inline":
            if not token.content.strip():
                ticks = re.compile(rf"(?<!`){token.markup}\s+{token.markup}(?!`)")
                found = ticks.search(self.markup.text, self.ticked)
                self.ticked = found.end() if found else self.ticked
                self._no_code(token, found.start() if found else -1)
            return f"<code>{escape(self._typed(token.content))}</code>"
        if token.type in ("softbreak", "hardbreak"):
            return "<br>"
        if token.type == "image":
            return self._image(token)
        if token.type == "link_open":
            self._no_title(token)
            href = str(token.attrGet("href") or "")
            if HELD.search(href):
                self._report("link", "](", "math or a deletion inside the address of a link: move it out")
                href = ""
            elif not _LINK.fullmatch(href):
                self._report("link", href or "]()", f"link to {href!r}: only http, https and mailto addresses")
                href = ""
            elif re.match("(?i)https?://[^/?#]*@", href):
                self._report("link", href, f"link to {href!r}: what stands before the @ is not where it leads")
                href = ""
            return f'<a href="{escape(href, quote=True)}">'
        if token.type == "link_close":
            return "</a>"
        return f"<{'/' if token.nesting < 0 else ''}{token.tag}>"

    def _no_code(self, token: Any, start: int) -> None:
        message = (
            f"{token.markup!r} is not shown, it makes code with nothing in it: delete it, or write \\{token.markup[0]}"
        )
        self._report("swallowed-mark", token.markup, message, start)

    def _typed(self, content: str) -> str:
        """Code as it was typed: math and deletions in it are only characters."""

        def back(match: re.Match[str]) -> str:
            span = self.held[ord(match[0]) - HOLD]
            self._report("cloze-syntax", span.value, "math or a deletion inside code: move it out", span.start)
            return self.markup.text[span.start : span.end]

        return HELD.sub(back, content)

    def _no_command(self, content: str) -> None:
        for match in _ESCAPED.finditer(content):
            told = match[0][0] == "[" or self.markup.mistakes  # where it stands, if it stands in the text
            if not told or match[0] not in self.markup.text:
                message = f"{match[0]!r} is read by Anki, a backslash or not: leave it out"
                self._report("anki-command", match[0][:1], message)

    def _said(self, match: re.Match[str]) -> str:
        """Math in the text of a picture, as it is read aloud; deletions cannot be hidden there."""
        span = self.held[ord(match[0]) - HOLD]
        if span.kind in ("math", "display"):
            return span.value
        if span.kind == "open":
            message = "deletion inside the text of a picture: move it out"
            self._report("cloze-syntax", self.markup.text[span.start : span.end], message, span.start)
        return ""

    def _back(self, content: str) -> str:
        """A part of the source as it was typed."""
        held, text = self.held, self.markup.text
        return HELD.sub(lambda found: text[slice(*held[ord(found[0]) - HOLD][1:3])], content)

    def _no_title(self, token: Any) -> None:
        if title := self._back(token.attrGet("title") or ""):
            self._report("swallowed-mark", title, f"title {title!r} is not shown: write it into the text")

    def _image(self, token: Any) -> str:
        self._no_title(token)
        name, alt = str(token.attrGet("src") or ""), HELD.sub(self._said, token.content).strip()
        start = max(self.markup.text.find(f"]({name}"), self.markup.text.find(f"](<{name}>")) + 2
        start = max(self.markup.text.find(name, start), 0)
        packaged = self.media.get(name, "")
        if not alt:
            message = f"picture {name!r} without a text: say what is seen between [ and ]"
            self._report("picture", name, message, start)
        if not _IMAGE_NAME.fullmatch(name):
            message = f"picture {name!r} is not a file name: pictures come from the media folder"
            self._report("picture", name, message, start)
        elif not packaged:
            message = f"no picture {name!r} in the media folder{did_you_mean(name, self.media)}"
            self._report("picture", name, message, start)
        self.pictures.append(name)
        return image(packaged or "missing.png", alt)

    def _report(self, rule: str, fragment: str, message: str, start: int = -1) -> None:
        self.fragments.add(fragment)
        self.report(rule, start if start >= 0 else max(self.markup.text.find(fragment), 0), fragment, message)


def _is_empty(token: Any) -> bool:
    return token.type == "text" and not token.content


def _beside(tokens: list[Any], place: int, step: int) -> str:
    """The character before (-1) or after (1) a mark of emphasis, and others of its kind; "" if it is no text."""
    place += step
    while 0 <= place < len(tokens) and (tokens[place].tag in ("em", "strong") or _is_empty(tokens[place])):
        place += step
    if not 0 <= place < len(tokens) or tokens[place].type != "text":
        return ""
    content: str = tokens[place].content
    return content[-1:] if step < 0 else content[:1]
