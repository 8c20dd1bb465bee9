"""The HTML of an edited field -> the Markdown that renders to it, or the reason why there is none.

Nothing is guessed: Markdown counts only if it renders, without a finding, to equal `blocks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from ketamine_anki.core import characters
from ketamine_anki.core.limits import MAX_TEXT
from ketamine_anki.intake.blocks import Block, Run, Unturnable, blocks, maths, runs
from ketamine_anki.text.render import render


def unrender(html: str, media: Mapping[str, str], *, cloze: bool = False, written: str = "") -> str:
    """The edited HTML of a field -> Markdown. `media` is {picture name: packaged name}, `cloze` says
    that it is the text of a cloze note, `written` is the Markdown as it was. Raises Unturnable.
    """
    names = {packaged: name for name, packaged in media.items()}
    keep_no_break = "\xa0" in written
    wanted = blocks(html, names, keep_no_break=keep_no_break)
    if not wanted:
        return ""
    reason = "its Markdown would not render to the same card"
    for level in (0, 1, 2):
        text = "\n\n".join(_Writer(level, cloze).block(block) for block in wanted)
        if len(text) > MAX_TEXT:
            raise Unturnable("the text is too long for a card")
        for _, refused in characters.refused(text):
            raise Unturnable(refused)
        rendered = render(text, media, cloze=cloze)
        if not rendered.findings and blocks(rendered.html, names, keep_no_break=keep_no_break) == wanted:
            return text
        if rendered.findings and level == 0:
            reason = rendered.findings[0].message
    raise Unturnable(reason)


_SPECIAL = (re.compile(r"(?!)"), re.compile(r"[\\`*_\[\]<$|~]"), re.compile(r"[!-/:-@\[-`{-~]"))
_LINE_START = re.compile(r"(?m)^( *)([-+*#=:>]|\d+(?=[.)]))")
_SYNTAX = re.compile(r"(?P<open>\{\{c\d+::)|(?P<close>\}\})|(?P<hint>::)")


class _Writer:
    """Writes blocks as Markdown. `level` says how much of the punctuation is escaped: nothing, what
    may be Markdown, everything.
    """

    def __init__(self, level: int, cloze: bool) -> None:
        self.level = level
        self.cloze = cloze

    def block(self, block: Block) -> str:
        """The Markdown of one block."""
        if block.kind == "p":
            return self._lines(runs(block))
        if block.kind == "pre":
            return f"```\n{block.content[0]}\n```"
        if block.kind == "table":
            return self._table(block)
        written = []
        for number, item in enumerate(block.content, int(block.detail) if block.detail.isdecimal() else 1):
            mark = f"{number}. " if block.kind == "ol" else "- "
            inner = "\n\n".join(self.block(part) for part in item) if isinstance(item, tuple) else ""
            written.append(mark + inner.replace("\n", "\n" + " " * len(mark)))
        return re.sub(r"(?m)^ +$", "", "\n".join(written))

    def _table(self, block: Block) -> str:
        marks = {"left": ":--", "center": ":-:", "right": "--:", "": "---"}
        rows = [[self._lines(cell) for cell in row] for row in block.content if isinstance(row, tuple)]
        rows.insert(1, [marks.get(align, "---") for align in block.detail.split(",")])
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def _lines(self, line: Iterable[Run]) -> str:
        text = "".join(self._linked(href, list(group)) for href, group in groupby(line, key=lambda run: run.style.href))
        return _LINE_START.sub(self._line_start, text) if self.level else text

    def _line_start(self, match: re.Match[str]) -> str:
        number = match[2].isdecimal()
        return f"{match[1]}{match[2]}\\" if number else f"{match[1]}\\{match[2]}" if match[2] != "*" else match[0]

    def _linked(self, href: str, line: list[Run]) -> str:
        text = "".join(
            self._strong(strong, list(group)) for strong, group in groupby(line, lambda run: run.style.strong)
        )
        return f"[{text}]({href})" if href else text

    def _strong(self, strong: bool, line: list[Run]) -> str:
        text = "".join(self._em(em, list(group)) for em, group in groupby(line, key=lambda run: run.style.em))
        return f"**{text}**" if strong else text

    def _em(self, em: bool, line: list[Run]) -> str:
        text = "".join(map(self._run, line))
        return f"*{text}*" if em else text

    def _run(self, run: Run) -> str:
        if run.kind == "br":
            return "\n"
        if run.kind == "img":
            return f"![{self._escape(run.alt)}]({run.value})"
        if run.kind == "code":
            ticks = "`" * (1 + max(map(len, re.findall("`+", run.value)), default=0))
            pad = " " if run.value.startswith("`") or run.value.endswith("`") else ""
            return f"{ticks}{pad}{run.value}{pad}{ticks}"
        parts, at = [], 0
        for math in maths(run.value):
            dollars = "$$" if math.display else "$"
            parts += [self._prose(run.value[at : math.start]), dollars, math.tex.strip(), dollars]
            at = math.end
        return "".join((*parts, self._prose(run.value[at:])))

    def _prose(self, text: str) -> str:
        """Text between math; the marks of deletions stay as they are."""
        if not self.cloze:
            return self._escape(text)
        parts, at = [], 0
        for match in _SYNTAX.finditer(text):
            parts += [self._escape(text[at : match.start()]), match[0]]
            at = match.end()
        return "".join((*parts, self._escape(text[at:])))

    def _escape(self, text: str) -> str:
        return _SPECIAL[self.level].sub(r"\\\g<0>", text)
