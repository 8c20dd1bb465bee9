"""Two versions of a card's HTML -> the same with the words marked that differ."""

from __future__ import annotations

import re

from ketamine_anki.core.alignment import Aligner

_PART = re.compile(r"<[^>]*>|\\\(.*?\\\)|\\\[.*?\\\]|&[#\w]+;|\s+|\w+|.", re.DOTALL)


def marked(before: str, after: str) -> tuple[str, str]:
    """(before with what has gone in `<del>`, after with what is new in `<ins>`). Elements stay as
    they are; a formula is one word.
    """
    old, new = _PART.findall(before), _PART.findall(after)
    left: list[str] = []
    right: list[str] = []
    for what, a, b, c, d in Aligner(by_spaces=True).steps(old, new):
        left.append("".join(old[a:b]) if what == "equal" else _wrap(old[a:b], "del"))
        right.append("".join(new[c:d]) if what == "equal" else _wrap(new[c:d], "ins"))
    return "".join(left), "".join(right)


def _wrap(parts: list[str], element: str) -> str:
    """The parts with each run of text between two tags in the element."""
    made: list[str] = []
    run: list[str] = []
    for part in [*parts, "<>"]:
        if not part.startswith("<") or part == "<":
            run.append(part)
            continue
        text = "".join(run)
        made.append(f"<{element}>{text}</{element}>" if text.strip() else text)
        made.append(part)
        run = []
    return "".join(made[:-1])
