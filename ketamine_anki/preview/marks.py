"""Two versions of a card's HTML -> the same with the words marked in which they differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from ketamine_anki.core.alignment import Aligner

_PART = re.compile(r"<[^>]*>|\\\(.*?\\\)|\\\[.*?\\\]|&[#\w]+;|\s+|\w+|.", re.DOTALL)


def marked(before: str, after: str) -> tuple[str, str]:
    """(before with what was removed in `<del>`, after with what was added in `<ins>`). Tags stay as they are; a formula
    is one word.
    """
    old, new = _PART.findall(before), _PART.findall(after)
    left: list[str] = []
    right: list[str] = []
    for kind, a, b, c, d in Aligner(by_spaces=True).steps(old, new):
        left.append("".join(old[a:b]) if kind == "equal" else _wrap(old[a:b], "del"))
        right.append("".join(new[c:d]) if kind == "equal" else _wrap(new[c:d], "ins"))
    return "".join(left), "".join(right)


def _wrap(parts: Sequence[str], element: str) -> str:
    """The parts with each run of text between two tags in the element."""
    wrapped = []
    for is_tag, run in groupby(parts, lambda part: part.startswith("<") and len(part) > 1):
        text = "".join(run)
        wrapped.append(text if is_tag or not text.strip() else f"<{element}>{text}</{element}>")
    return "".join(wrapped)
