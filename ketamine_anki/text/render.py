"""Markdown, math and cloze -> the safe HTML of an Anki field.

What could run, load, overlay or mislead is refused with its place, not repaired: raw HTML, Anki's
own bracket commands, fields in braces, TeX outside an allow-list, links and pictures from elsewhere.
Nothing of what is typed comes through as HTML except the elements that Markdown makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from ketamine_anki.core.limits import MAX_BRACKETS, MAX_COLUMNS, MAX_LINES, MAX_PER_TEXT, MAX_SIGNS
from ketamine_anki.core.model import Collection, Finding, Note, Places, Position, Where
from ketamine_anki.text.escape import escape, image
from ketamine_anki.text.scanner import HELD, HOLD, WHOLE_COMMAND, Markup, Span, live, scan, tex_marks
from ketamine_anki.text.simple import simple, simple_cloze
from ketamine_anki.text.tex import COMMANDS, guarded, tex_mistakes

MANUAL = {
    "cloze-syntax": "A cloze deletion is `{{c1::hidden}}` or `{{c1::hidden::hint}}`, closed, numbered from c1 without"
    " gaps, beginning and ending in the same paragraph. Anki makes no card, or a wrong one, from anything else."
    "\n\nBad: `The pressure {{c1:falls}}.`\n\nGood: `The pressure {{c1::falls}}.`",
    "swallowed-mark": "What Markdown takes for its own and does not show: `*` inside words starts italics,"
    " a lone `- 5` or `+ 5` at the start of a line becomes a list without the sign, as `+` alone does, lists are"
    " numbered on from their first number, a table drops cells beyond its columns, and the title of a link or picture"
    " is nowhere seen.\n\n"
    "Bad: `5*10*9 per liter`\n\nGood: `5 × 10 × 9 per liter`",
    "raw-html": "HTML in a card can load things, run scripts or cover the answer; texts are Markdown.\n\n"
    "Bad: `<b>falls</b>`\n\nGood: `**falls**`",
    "anki-command": "`[latex]`, `[$]`, `[sound:…]`, `[anki:…]`, `{{…}}` and `\\(` are commands of Anki, not text.\n\n"
    "Bad: `[$]CPP[/$]`\n\nGood: `$CPP$`",
    "tex-command": "Math may use the TeX commands of an allow-list: some of MathJax's commands run scripts, load"
    " pages, hide words or overlay the card. Where something is missing or stands twice, as in `x_` or `a^b^c`, the"
    " card would show an error instead of the formula. A deletion brings no braces of TeX: write"
    " `x^{ {{c1::12}} }`.\n\nBad: `$\\href{https://example.org}{CPP}$`"
    "\n\nGood: `$\\text{CPP}$`",
    "link": "Links lead to http, https or mailto addresses, and have a text: if it looks like an address, the same."
    "\n\nBad: `[label](javascript:alert(1))`\n\n"
    "Good: `[label](https://example.org)`",
}


_HTML = re.compile(r"(?<!\]\()<(?:(?P<end>/)?(?P<tag>[A-Za-z][^\s<>/;,)]*)(?:[\s/][^<>]*)?>|!--|[!?][^<>]*>)")
_MATHJAX = re.compile(r"(?P<math>\\[(\[])(?:.*?\\[)\]])?|\\[)\]]", re.DOTALL)
# Anything outside these needs the Markdown parser.
_BLOCK = re.compile(r"\s*(?:[-+*]|~~~|\d+[.)])")
_MARKDOWN = re.compile(r"[\\`*_\[\n]")
_ONE_PICTURE = re.compile(r"!\[([^\[\]\\`*_$<>&{}!\n]*\S)\]\(([A-Za-z0-9.-]+)\)")


Locator = Callable[[int, str], Position]
Mistake = tuple[str, int, str, str]  # rule, offset in the text, fragment, message
Report = Callable[[str, int, str, str], None]


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
    if found := simple_cloze(text) if cloze else simple(text):
        return Rendered(*found, [], [])
    # what `picture:` holds needs no parser
    if text.startswith("![") and (alone := _ONE_PICTURE.fullmatch(text)) and alone[2] in media:
        return Rendered(image(media[alone[2]], alone[1].strip()), Markup(text), [], [alone[2]])
    findings: list[Finding] = []
    locate = locate or partial(_position, text)

    def report(rule: str, start: int, fragment: str, message: str) -> None:
        if len(findings) < MAX_PER_TEXT:
            findings.append(Finding(locate(start, fragment), rule, message))

    if len(text) > MAX_SIGNS and (signs := _signs(text)) > MAX_SIGNS:
        report("limit", 0, "", f"{signs:,} signs of Markdown and math in one text: at most {MAX_SIGNS:,}")
        return Rendered(escape(text), Markup(text), findings, [])
    markup = scan(text)
    for start, end, message in markup.mistakes:
        report("cloze-syntax", start, text[start:end], message)
    if cloze and not markup.deletions and not findings:
        report("cloze-syntax", 0, "", "no cloze deletion: hide a part as {{c1::hidden}}")
    if not cloze and markup.deletions:
        first = markup.deletions[0]
        shown = text[first.start : first.answer_start]
        report("cloze-syntax", first.start, shown, "cloze deletion here: only 'text' may hold them")
    for mistake in _mistakes(markup):
        report(*mistake)
    body, pictures = _body(markup, media, findings, report)
    return Rendered(body, markup, findings, pictures)


def render_note(note: Note, collection: Collection) -> dict[str, Rendered]:
    """The rendered texts of a note by key; findings have their positions in the file of the note."""
    media = collection.media
    texts = note.texts()
    if note.retired is not None:
        texts.append(("retired.reason", note.retired.reason))
    return {
        key: render(text, media, cloze=key == "text", locate=partial(_place, note.places, key, text))
        for key, text in texts
    }


def _position(text: str, start: int, fragment: str) -> Position:
    """Line and column in the text itself."""
    return Position("", text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))


def _place(places: Places, key: str, text: str, start: int, fragment: str) -> Position:
    """The position in its file of a fragment that starts at an offset of a text."""
    return places.at(Where(key, fragment, text.count(fragment, 0, start) if fragment else 0))


def _signs(text: str) -> int:
    """How many signs a text holds that take time to read; [ and | have limits of their own."""
    return len(text) - len(text.encode().translate(None, b"\\`*_{}]<>&$~!").decode())


def needs_parser(text: str) -> bool:
    """Whether Markdown has any work to do on a text, code, math and deletions apart."""
    return bool(_MARKDOWN.search(text) or _BLOCK.match(text))


# --- what is refused --------------------------------------------------------------------------


def _mistakes(markup: Markup) -> Iterator[Mistake]:
    """Mistakes outside of the syntax of deletions and of Markdown."""
    text = markup.text
    for match in WHOLE_COMMAND.finditer(text) if "[" in text else ():
        shown = match["math"] or match["other"] or match[0]
        advice = "leave it out" if match["other"] else "write math as $...$"
        yield "anki-command", match.start(), shown, f"{shown!r} is a command of Anki: {advice}"
    opened: set[str] = set()
    for span in markup.spans:
        if span.kind == "text":
            yield from _html_mistakes(span, opened)
            yield from _tex_in_text(span)
            for match in _MATHJAX.finditer(span.value) if "\\" in span.value else ():
                shown = match["math"] or match[0]
                message = f"{shown!r} is Anki's math: write $...$; a bracket needs no backslash"
                yield "anki-command", span.start + match.start(), shown, message
        elif span.kind in ("math", "display"):
            offset = span.end - len(span.value) - (2 if span.kind == "display" else 1)
            for rule, at, fragment, message in tex_mistakes(span.value):
                yield rule, offset + at, fragment, message
        elif span.kind == "code":
            cut = re.search(r"\{\{|\}\}|\\[()\[\]]", span.value)
            if cut:
                at = text.index(span.value, span.start) + cut.start()
                yield "anki-command", at, cut[0], f"{cut[0]!r} in code is read by Anki: leave it out"


def _html_mistakes(span: Span, opened: set[str]) -> Iterator[Mistake]:
    """HTML in ordinary text; the end tag of an element that was found already is no second mistake."""
    for match in _HTML.finditer(span.value) if "<" in span.value else ():
        tag = (match["tag"] or "").lower()
        if match["end"] and tag in opened:
            continue
        opened.add(tag)
        shown = match[0] if len(match[0]) <= 40 else match[0][:37] + "..."
        address = ":" in tag or "@" in tag
        advice = f"write [label]({match[0][1:-1]})" if address else "write Markdown, such as **bold** or a list"
        yield "raw-html", span.start + match.start(), match[0], f"HTML {shown!r}: {advice}"


_TEX_WORD = re.compile(r"(?<![\\\w:])\\([A-Za-z]+)")


def _tex_in_text(span: Span) -> Iterator[Mistake]:
    """The first TeX command of ordinary text, where it would stand on the card as it is typed."""
    for match in _TEX_WORD.finditer(span.value) if "\\" in span.value else ():
        if match[1] in COMMANDS:
            message = f"TeX command {match[0]} outside of math: write $...$, without spaces inside the dollars"
            yield "tex-command", span.start + match.start(), match[0], message
            return  # a formula holds many


# --- HTML -------------------------------------------------------------------------------------

_COLON = re.compile(":(?=[:\U000f0000-\U000ffffd])")  # with what follows it would start a hint in Anki


def _body(markup: Markup, media: Mapping[str, str], findings: list[Finding], report: Report) -> tuple[str, list[str]]:
    held: list[Span] = []
    typed: list[str] = []
    for span in markup.spans:
        if span.kind in ("text", "code"):
            typed.append(markup.text[span.start : span.end])
        else:
            typed.append(chr(HOLD + len(held)))
            held.append(span)
    source = "".join(typed)
    pictures: list[str] = []

    def show(match: re.Match[str]) -> str:
        return _held(held[ord(match[0]) - HOLD])

    if too_much := _too_much(source):
        report("limit", 0, "", too_much)
        body = escape(source)
    elif needs_parser(source):
        from ketamine_anki.text.markdown import Html  # with the parser, which most texts do without

        renderer = Html(media, held, report, pictures, markup)
        body = renderer.run(source)
        _unbalanced(body, held, report)
    else:
        body = escape(source)
    if "{" in body or "}" in body:  # typed with backslashes or singly; marks of deletions are held
        body = body.replace("{", "&#123;").replace("}", "&#125;")
    if (
        not findings and ("[" in body or "\\" in body) and (found := live(body))
    ):  # put together by Markdown in a way that nobody thought of
        at = max(markup.text.find("\\"), 0)
        message = f"{found!r} is a command of Anki once Markdown has read the text: leave it out"
        report("anki-command", at, markup.text[at : at + 2], message)
    if held:
        body = HELD.sub(show, _COLON.sub("&#58;", body))
    return body, pictures


_BLANK = re.compile(r"\n[ \t]*\n")
_RULE = re.compile(r"^[ \t]*[|:-][ \t|:-]*$", re.MULTILINE)  # the line under the head of a table


def _too_much(source: str) -> str:
    """What of a text would take the Markdown parser long, or ""."""
    if source.count("[") > MAX_BRACKETS:
        return f"{source.count('['):,} signs [ in one text: at most {MAX_BRACKETS}"
    lines = source.count("\n") + 1
    if lines > MAX_LINES:
        return f"{lines:,} lines in one text: at most {MAX_LINES}"
    for block in _BLANK.split(source) if "|" in source else ():
        columns = max(line.count("|") for line in block.split("\n"))
        if columns > MAX_COLUMNS:
            return f"{columns:,} signs | in one line: a table has at most {MAX_COLUMNS} columns"
        # The parser fills every row of a table up.
        if _RULE.search(block) and (block.count("\n") + 1) * columns > 4 * block.count("|") + 20:
            return "a table with rows that are nearly empty: give every row its cells"
    return ""


def _held(span: Span) -> str:
    if span.kind == "open":
        return f"{{{{c{int(span.value)}::"
    if span.kind in ("close", "hint"):
        return span.value
    left, right = ("\\[", "\\]") if span.kind == "display" else ("\\(", "\\)")
    return left + escape(_tex(span.value)).replace("\n", " ") + right


_ENDS_IN_COMMAND = re.compile(r"(?<!\\)(?:\\\\)*\\[A-Za-z]+\Z")


def _tex(tex: str) -> str:
    """TeX in which braces and colons that are not marks of a deletion are split, unseen in print:
    Anki reads the first `}}` and `::` it meets as its own.
    """
    parts: list[str] = []
    at = 0
    for mark in tex_marks(tex):
        parts.append(guarded(tex[at : mark.start]))
        if (mark.kind == "close" and parts[-1].endswith("}")) or _ENDS_IN_COMMAND.search(parts[-1]):
            parts.append(" ")  # with the next letter a command would be another
        parts.append(f"{{{{c{int(mark.value)}::" if mark.kind == "open" else mark.value)
        at = mark.end
    return "".join([*parts, guarded(tex[at:])])


def _unbalanced(body: str, held: list[Span], report: Report) -> None:
    """A deletion must not begin in one element and end in another."""
    stack: list[str] = []
    for match in re.finditer(
        r"<(?P<end>/?)(?P<tag>[a-z0-9]+)[^>]*?(?P<void>/?)>|(?P<held>[\U000f0000-\U000ffffd])", body
    ):
        if match["held"]:
            span = held[ord(match["held"]) - HOLD]
            if span.kind == "open":
                stack.append("cloze")
            elif span.kind == "close" and (not stack or stack.pop() != "cloze"):
                message = (
                    "cloze deletion crosses emphasis, a list item or a paragraph: open and close it in the same one"
                )
                report("cloze-syntax", span.start, "}}", message)
                return
        elif match["end"]:
            if stack and stack[-1] == match["tag"]:
                stack.pop()
            elif "cloze" in stack:
                span = next(s for s in held if s.kind == "open")
                message = (
                    "cloze deletion crosses emphasis, a list item or a paragraph: open and close it in the same one"
                )
                report("cloze-syntax", span.start, f"{{{{c{span.value}::", message)
                return
        elif not match["void"] and match["tag"] not in ("br", "img"):
            stack.append(match["tag"])
