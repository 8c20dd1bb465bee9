"""Turns the HTML of an edited field into the Markdown that renders to it, or says why there is none.

Nothing is guessed: Markdown is accepted only if it renders, without a finding, to equal `blocks`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from itertools import groupby

from ketamine_anki.core import characters
from ketamine_anki.core.limits import MAX_TEXT
from ketamine_anki.intake.blocks import Block, Run, UnrenderError, blocks, split_math
from ketamine_anki.text.render import render


def unrender(html: str, media: Mapping[str, str], *, cloze: bool = False, written: str = "") -> str:
    """The edited HTML of a field -> Markdown. Raises UnrenderError.

    `media` is {picture name: packaged name}; `cloze` says that the field is the text of a cloze note; `written` is
    the Markdown before the edit.
    """
    names = {packaged: name for name, packaged in media.items()}
    keep_no_break = "\xa0" in written
    wanted = blocks(html, names, keep_no_break=keep_no_break)
    if not wanted:
        return ""
    reason = "its Markdown would not render to the same card"
    for level in range(len(_ESCAPED)):
        writer = _Writer(level, cloze, written, html.count("<pre"))
        text = "\n\n".join(map(writer.block, wanted))
        if len(text) > MAX_TEXT:
            raise UnrenderError("the text is too long for a card")
        for _, refused in characters.refused(text):
            raise UnrenderError(refused)
        rendered = render(text, media, cloze=cloze)
        if not rendered.findings and blocks(rendered.html, names, keep_no_break=keep_no_break) == wanted:
            return text
        if rendered.findings and level == 0:
            reason = rendered.findings[0].message
    raise UnrenderError(reason)


# What is escaped, by level: nothing, what may be Markdown, all signs that a backslash may show.
_ESCAPED = (re.compile(r"(?!)"), re.compile(r"[\\`*_\[\]<$|~^]"), re.compile(r"[\"-'*:<->\\^-`{-~]"))
_LINE_START = re.compile(r"(?m)^ *(?:\d+(?=[.)])|(?=[-+#=:>]))")  # what may open a list, heading, table or quote
_DELETION = re.compile(r"(\{\{c\d+::|\}\}|::)")
# A code block as typed: its mark, the name of its language, which no card shows, and its lines.
_FENCE = re.compile(r"(?m)^[^`~\n]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[ \t]*\n((?:.*\n)*?)[^`~\n]*\1[`~]*[ \t]*$")


class _Writer:
    """Writes blocks as Markdown, escaping more punctuation on each `level`. A code block has the language of the one
    in the text `written` before that has the same code, or else, if there are as many, the same place.
    """

    def __init__(self, level: int, cloze: bool, written: str, code_blocks: int) -> None:
        self.level = level
        self.cloze = cloze
        fences = _FENCE.findall(written)
        self.languages = {textwrap.dedent(code).strip("\n"): language for _, language, code in fences}
        self.in_order = iter([language for _, language, _ in fences] if len(fences) == code_blocks else ())

    def block(self, block: Block) -> str:
        """The Markdown of one block."""
        if block.kind == "p":
            return self._lines(block.content)
        if block.kind == "pre":
            code, in_place = str(block.content[0]), next(self.in_order, "")
            mark = "`" * max(3, _longest_ticks(code) + 1)
            return f"{mark}{self.languages.get(code, in_place)}\n{code}\n{mark}"
        if block.kind == "table":
            marks = {"left": ":--", "center": ":-:", "right": "--:"}
            rows = [[self._lines(cell) for cell in row] for row in block.content]
            rows.insert(1, [marks.get(alignment, "---") for alignment in block.detail.split(",")])
            return "\n".join(f"| {' | '.join(row)} |" for row in rows)
        items = []
        for number, item in enumerate(block.content, int(block.detail) if block.detail.isdecimal() else 1):
            mark = f"{number}. " if block.kind == "ol" else "- "
            inner = "\n\n".join(map(self.block, item))
            items.append(mark + inner.replace("\n", "\n" + " " * len(mark)))
        return re.sub(r"(?m)^ +$", "", "\n".join(items))

    def _lines(self, line: Sequence[Run]) -> str:
        text = self._styled(line)
        return _LINE_START.sub(r"\g<0>\\", text) if self.level else text

    def _styled(self, line: Sequence[Run], depth: int = 0) -> str:
        """Runs as links, inside them bold text, inside it italics: the three parts of a style."""
        if depth == 3:
            return "".join(map(self._run, line))
        parts = []
        for value, group in groupby(line, key=lambda run: run.style[depth]):
            text = self._styled(list(group), depth + 1)
            marked = (f"[{text}]({value})", f"**{text}**", f"*{text}*")[depth]
            parts.append(marked if value else text)
        return "".join(parts)

    def _run(self, run: Run) -> str:
        if run.kind == "br":
            return "\n"
        if run.kind == "img":
            return f"![{self._escape(run.alt)}]({run.value})"
        if run.kind == "code":
            ticks = "`" * (1 + _longest_ticks(run.value))
            pad = " " if run.value.startswith("`") or run.value.endswith("`") else ""
            return f"{ticks}{pad}{run.value}{pad}{ticks}"
        dollars = {r"\(": "$", r"\[": "$$"}
        return "".join(
            f"{dollars[opening]}{piece.strip()}{dollars[opening]}" if opening else self._prose(piece)
            for opening, piece in split_math(run.value)
        )

    def _prose(self, text: str) -> str:
        """Text between formulas; the marks of deletions stay as they are."""
        if not self.cloze:
            return self._escape(text)
        parts = _DELETION.split(text)  # every second part is a mark
        parts[::2] = map(self._escape, parts[::2])
        return "".join(parts)

    def _escape(self, text: str) -> str:
        return _ESCAPED[self.level].sub(r"\\\g<0>", text)


def _longest_ticks(code: str) -> int:
    return max(map(len, re.findall("`+", code)), default=0)
