"""Markdown, math and cloze deletions -> the safe HTML of an Anki field, with findings about the text.

What could run, load, overlay or mislead is refused with its place, not repaired: raw HTML, Anki's own bracket
commands, fields in braces, TeX outside an allow-list, links and pictures from elsewhere. The HTML has no elements but
those that Markdown makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import NamedTuple

from ketamine_anki.core.escape import html as escape
from ketamine_anki.core.limits import MAX_BRACKETS, MAX_COLUMNS, MAX_LINES, MAX_PER_TEXT, MAX_SIGNS
from ketamine_anki.core.model import Collection, Finding, Note, Places, Position, Where
from ketamine_anki.text.escape import instead_of_html
from ketamine_anki.text.plain import is_blank
from ketamine_anki.text.scanner import (
    BRACKET_COMMAND,
    PLACEHOLDER,
    UNMARKED,
    Markup,
    Mistake,
    Report,
    Source,
    Span,
    command_in,
    scan,
)
from ketamine_anki.text.tex import COMMANDS, tex_html, tex_mistakes
from ketamine_anki.text.visible import lost_backslashes, visible_marks

MANUAL = {
    "cloze-syntax": "A cloze deletion is `{{c1::hidden}}` or `{{c1::hidden::hint}}`, closed, numbered from c1 without"
    " gaps, beginning and ending in the same paragraph. Anki makes no card, or a wrong one, from anything else."
    "\n\nBad: `The pressure {{c1:falls}}.`\n\nGood: `The pressure {{c1::falls}}.`",
    "swallowed-mark": "What Markdown takes for its own and does not show: `*` inside words starts italics,"
    " a lone `- 5` or `+ 5` at the start of a line becomes a list without the sign, as `+` alone does, lists are"
    " numbered on from their first number, a table drops cells beyond its columns, the title of a link or picture is"
    " nowhere seen, nor are the underscores of `__init__`, the backslash before a period, and spaces before a line."
    " Code stands between backticks, or between lines of three of them; after the first three may stand its language."
    "\n\nBad: `5*10*9 per liter`\n\nBad: `The method __call__`\n\nGood: `5 × 10 × 9 per liter`",
    "visible-mark": "Signs of Markdown, TeX, wikis or HTML that nothing has read: the card would show them as they are"
    " typed. A sign that is to be seen has a backslash before it, or stands in code."
    "\n\nBad: `The **main effect`\n\nBad: `&alpha; receptors`\n\nBad: `10^9 per liter`\n\n"
    "Good: `The **main** effect`\n\n"
    "Good: `The signs \\*\\* mean P below 0.01`",
    "raw-html": "HTML in a card can load things, run scripts or cover the answer; texts are Markdown.\n\n"
    "Bad: `<b>falls</b>`\n\nGood: `**falls**`",
    "anki-command": "`[latex]`, `[$]`, `[sound:…]`, `[anki:…]`, `{{…}}` and `\\(` are commands of Anki, not text.\n\n"
    "Bad: `[$]CPP[/$]`\n\nGood: `$CPP$`",
    "tex-command": "Math may use the TeX commands of an allow-list: some of MathJax's commands run scripts, load"
    " pages, hide words or overlay the card. Where something is missing or stands twice, as in `x_` or `a^b^c`, the"
    " card would show an error instead of the formula; of `10^14` it would raise the 1 alone. A deletion brings no"
    " braces of TeX: write `x^{ {{c1::12}} }`.\n\nBad: `$\\href{https://example.org}{CPP}$`"
    "\n\nGood: `$\\text{CPP}$`",
    "link": "Links lead to http, https or mailto addresses, and have a text: if it looks like an address, the same."
    "\n\nBad: `[label](javascript:alert(1))`\n\n"
    "Good: `[label](https://example.org)`",
}

# All bytes but those of characters that mean something to Markdown, math, HTML or Anki.
_ORDINARY = bytes(set(range(256)).difference(b"\\`*_{}[]<>&$|~!^=#\n"))
_BLOCK = re.compile(r"\s*(?:[-+*]|~~~|\d+[.)])")  # starts a list or a code block
# The other patterns are strings: `re` compiles each when a text first needs it.
_MARKDOWN = r"[\\`*_\[\n]"  # without any of these, and no block, Markdown is mere text
_HTML = r"(?<!\]\()<(?:(?P<end>/)?(?P<tag>[A-Za-z][^\s<>/;,)]*)(?:[\s/][^<>]*)?>|!--|[!?][^<>]*>)"
_MATHJAX = r"(?s)(?P<math>\\[(\[])(?:.*?\\[)\]])?|\\[)\]]"
_TEX_WORD = r"(?<![\\\w:])\\([A-Za-z]+)"
_COMMAND_IN_CODE = r"\\[()\[\]]"
_TABLE_RULE = r"(?m)^[ \t]*[|:-][ \t|:-]*$"  # the line below the head of a table
_COLON = ":(?=[:\U000f0000-\U000ffffd])"  # Anki could read it and the next as the mark of a hint
_ELEMENT_OR_MARK = r"<(?P<end>/?)(?!br|img)(?P<tag>[a-z0-9]+)[^>]*>|(?P<mark>[" + "\U000f0000-\U000ffffd])"

_QUESTIONS = ("question", "reverse.question")

Locator = Callable[[int, str], Position]


class Rendered(NamedTuple):
    """The HTML of a text, its markup, the findings about it, and the names of the pictures it shows."""

    html: str
    markup: Markup
    findings: list[Finding]
    pictures: list[str]


def render(text: str, media: Mapping[str, str], *, cloze: bool = False, locate: Locator | None = None) -> Rendered:
    """Markdown text and {picture name: packaged name} -> HTML with the findings about the text.

    Only in the `text` of a cloze note (`cloze`) are deletions allowed. `locate` gives the position in a file of the
    fragment that starts at an offset of the text; without it, positions are lines and columns of the text itself. A
    text with findings still gives HTML, for previews; a package is made only of texts without.
    """
    special = _special(text)
    if not special and not cloze:  # most texts
        return Rendered(text, UNMARKED, [], [])
    findings: list[Finding] = []
    place = locate or partial(_position, text)

    def report(rule: str, start: int, fragment: str, message: str) -> None:
        if len(findings) < MAX_PER_TEXT:
            findings.append(Finding(place(start, fragment), rule, message))

    # these characters take time to read; [ and | and lines have limits of their own
    if len(special) > MAX_SIGNS and (signs := len(special.translate(None, b"[|\n"))) > MAX_SIGNS:
        report("limit", 0, "", f"{signs:,} signs of Markdown and math in one text: at most {MAX_SIGNS:,}")
        return Rendered(escape(text), Markup(text), findings, [])
    markup = scan(text, cloze=cloze)
    if markup.misplaced:
        report(*markup.misplaced)
        return Rendered(escape(text), markup, findings, [])
    for mistake in chain(markup.mistakes, _mistakes(markup)):
        report(*mistake)
    html, pictures = _html(Source(markup), media, findings, report)
    if len({finding.rule for finding in findings}) > 1:  # what another mistake left unread is no second one
        findings[:] = [finding for finding in findings if finding.rule != "visible-mark"]
    return Rendered(html, markup, findings, pictures)


def _special(text: str) -> bytes:
    """The signs of a text that may mean something to Markdown, math, HTML or Anki; a text without is its own HTML."""
    signs = text.encode("utf-8", "surrogatepass").translate(None, _ORDINARY)
    if not signs and ("''" in text or "++" in text or "//" in text or text.count(":") > 1 or _BLOCK.match(text)):
        return b":"
    return signs


def render_note(note: Note, collection: Collection) -> dict[str, Rendered]:
    """The rendered texts of a note by key; findings have their positions in the file of the note."""
    media = collection.media
    texts = note.texts()
    if note.retired is not None:
        texts.append(("retired.reason", note.retired.reason))
    rendered = {
        key: render(text, media, cloze=key == "text", locate=partial(_place, note.places, key, text))
        for key, text in texts
    }
    shown = rendered.get("picture")
    if shown and not shown.pictures and not shown.findings:
        name = note.picture if note.picture in media else "name.png"
        message = f"no picture in 'picture': write '![what one sees]({name})', in single quotes"
        shown.findings.append(Finding(note.places.at("picture"), "picture", message))
    for key, shown in rendered.items():
        if not (shown.findings or shown.pictures) and is_blank(shown.html, words=key in _QUESTIONS):
            shown.findings.append(_blank(note, key))
    if note.beyond and is_blank(render(note.beyond, media).html):  # for readers of the file: no card shows it
        next(iter(rendered.values())).findings.append(_blank(note, "beyond"))
    return rendered


def _blank(note: Note, key: str) -> Finding:
    return Finding(note.places.at(key), "empty", f"{key} shows nothing to a reader: fill it in or delete it")


def _position(text: str, start: int, fragment: str) -> Position:
    """Line and column in the text itself."""
    return Position("", text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))


def _place(places: Places, key: str, text: str, start: int, fragment: str) -> Position:
    """The position in its file of a fragment that starts at an offset of a text."""
    return places.at(Where(key, fragment, text.count(fragment, 0, start) if fragment else 0))


# --- what is refused --------------------------------------------------------------------------


def _mistakes(markup: Markup) -> Iterator[Mistake]:
    """Commands of Anki, HTML, and TeX that is not allowed."""
    for match in re.finditer(BRACKET_COMMAND, markup.text) if "[" in markup.text else ():
        shown = match["math"] or match["other"] or match[0]
        advice = "leave it out" if match["other"] else "write math as $...$"
        yield "anki-command", match.start(), shown, f"{shown!r} is a command of Anki: {advice}"
    opened: set[str] = set()
    for kind, start, end, value in markup.spans:
        if kind == "text":
            if "<" in value:
                yield from _raw_html(value, start, opened)
            if "\\" in value:
                yield from _tex_outside(value, start)
        elif kind in ("math", "display"):
            offset = end - len(value) - (2 if kind == "display" else 1)
            if re.fullmatch(r"[A-Z][A-Z_]+\W?", value) and markup.text[end : end + 1].isupper():
                message = f"${value}$ is read as math: put it in `code`, or write \\$ for a dollar that is to be seen"
                yield "swallowed-mark", start, markup.text[start:end], message
                continue
            is_cut = any(start < at < end for _, at, _, _ in markup.mistakes)  # by a deletion that is not closed
            for rule, at, fragment, message in () if is_cut else tex_mistakes(value):
                yield rule, offset + at, fragment, message
        elif kind == "code" and (command := re.search(_COMMAND_IN_CODE, value)):
            at = markup.text.index(value, start) + command.start()
            yield "anki-command", at, command[0], f"'{command[0]}' in code is read by Anki: say it in words"


def _raw_html(text: str, start: int, opened: set[str]) -> Iterator[Mistake]:
    """HTML in ordinary text; the end tag of an element that was reported already is no second mistake."""
    for match in re.finditer(_HTML, text):
        tag = (match["tag"] or "").lower()
        if match["end"] and tag in opened:
            continue
        opened.add(tag)
        shown = match[0] if len(match[0]) <= 40 else match[0][:37] + "..."
        yield "raw-html", start + match.start(), match[0], f"HTML {shown!r}: {instead_of_html(tag, match[0][1:-1])}"


def _tex_outside(text: str, start: int) -> Iterator[Mistake]:
    """A TeX command that the card would show as typed, or words that lose a backslash; and MathJax's brackets."""
    if word := next((match for match in re.finditer(_TEX_WORD, text) if match[0] in COMMANDS), None):
        message = f"TeX command {word[0]} outside of math: write $...$, without spaces inside the dollars"
        yield "tex-command", start + word.start(), word[0], message
    for at, lost, message in lost_backslashes(text) if not word else ():
        yield "swallowed-mark", start + at, lost, message
    for match in re.finditer(_MATHJAX, text):
        shown = match["math"] or match[0]
        message = f"'{' '.join(shown.split())}' is Anki's math: write $...$; a bracket needs no backslash"
        yield "anki-command", start + match.start(), shown, message


def _too_much(source: str) -> str:
    """What in a text would take the Markdown parser long, or ""."""
    if source.count("[") > MAX_BRACKETS:
        return f"{source.count('['):,} signs [ in one text: at most {MAX_BRACKETS}"
    lines = source.count("\n") + 1
    if lines > MAX_LINES:
        return f"{lines:,} lines in one text: at most {MAX_LINES}"
    for block in re.split(r"\n[ \t]*\n", source) if "|" in source else ():
        columns = max(line.count("|") for line in block.split("\n"))
        if columns > MAX_COLUMNS:
            return f"{columns:,} signs | in one line: a table has at most {MAX_COLUMNS} columns"
        # the parser fills up every row of a table
        if re.search(_TABLE_RULE, block) and (block.count("\n") + 1) * columns > 4 * block.count("|") + 20:
            return "a table with rows that are nearly empty: give every row its cells"
    return ""


# --- HTML -------------------------------------------------------------------------------------


def _html(source: Source, media: Mapping[str, str], findings: list[Finding], report: Report) -> tuple[str, list[str]]:
    """The HTML of a text, and the names of its pictures."""
    html = source.text
    pictures: list[str] = []
    if not _special(html):
        pass
    elif too_much := _too_much(html):
        report("limit", 0, "", too_much)
        html = escape(html)
    elif re.search(_MARKDOWN, html) or _BLOCK.match(html):
        from ketamine_anki.text.markdown import markdown_html  # with the parser, which most decks do without

        html, pictures = markdown_html(source, media, report)
        if source.markup.deletions:
            _check_nesting(html, source, report)
    else:
        row = html.startswith("|") and html.count("|") > 2
        for start, fragment, message in visible_marks(html, start=True, several=row):
            report("visible-mark", len(source.typed(html[:start])), source.typed(fragment), source.typed(message))
        html = escape(html)
    if "{" in html or "}" in html:  # typed singly or with backslashes; the marks of deletions are placeholders
        html = html.replace("{", "&#123;").replace("}", "&#125;")
    if not findings and ("[" in html or "\\" in html) and (command := command_in(html)):
        # Markdown has taken away the backslashes that parted it
        typed = re.search(r"\\*".join(map(re.escape, command)), source.markup.text)
        message = f"'{command}' is obeyed by Anki even with backslashes: leave it out"
        report("anki-command", typed.start() if typed else 0, typed[0] if typed else "", message)
    if source.hidden:
        html = re.sub(_COLON, "&#58;", html) if ":" in html else html
        html = PLACEHOLDER.sub(lambda match: _span_html(source.span(match[0])), html)
    return html, pictures


def _span_html(span: Span) -> str:
    """The HTML of math or of the mark of a deletion."""
    if span.kind == "math":
        return f"\\({tex_html(span.value)}\\)"
    if span.kind == "display":
        return f"\\[{tex_html(span.value)}\\]"
    return f"{{{{c{int(span.value)}::" if span.kind == "open" else span.value


def _check_nesting(html: str, source: Source, report: Report) -> None:
    """Reports the first deletion that begins in one element and ends in another."""
    opened = [("body", "")]  # tag and, of a deletion, mark
    for match in re.finditer(_ELEMENT_OR_MARK, html):
        tag, mark = match["tag"] or "", match["mark"] or ""
        kind = source.span(mark).kind if mark else "close" if match["end"] else "open"
        if kind == "open":
            opened.append((tag, mark))
        elif kind == "close" and (begun := opened.pop())[0] != tag:
            mark = mark or begun[1]
            message = "cloze deletion crosses emphasis, a list item or a paragraph: open and close it in the same one"
            report("cloze-syntax", source.span(mark).start, source.typed(mark), message)
            return
