"""Two lists of words -> where they differ, in bounded work.

`difflib` takes time in the third power of how often words repeat, so it is asked only where few pairs
of words are equal. The equal beginning and end are set aside before; what is too much for it is one
difference.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence

from ketamine_anki.core.limits import MAX_ALL_WORD_PAIRS, MAX_WORD_PAIRS

Step = tuple[str, int, int, int, int]


class Aligner:
    """Aligns the texts of one run of the program, within the work that is left of what all may take."""

    def __init__(self, *, by_spaces: bool = False) -> None:
        self.left = MAX_ALL_WORD_PAIRS
        self.by_spaces = by_spaces

    def steps(self, old: Sequence[str], new: Sequence[str]) -> Iterator[Step]:
        """(what, a, b, c, d): `old[a:b]` is "equal" to, or replaced by, `new[c:d]`, as `get_opcodes` says
        it. White space alone aligns nothing, unless `by_spaces`.
        """
        start, end = _ends(old, new)
        before, after = old[start : len(old) - end], new[start : len(new) - end]
        if start:
            yield "equal", 0, start, 0, start
        for what, a, b, c, d in self._inner(before, after):
            yield what, a + start, b + start, c + start, d + start
        if end:
            yield "equal", len(old) - end, len(old), len(new) - end, len(new)

    def _inner(self, old: Sequence[str], new: Sequence[str]) -> list[Step]:
        if not (old or new):
            return []
        pairs = self._pairs(old, new)
        if pairs > min(MAX_WORD_PAIRS, self.left):
            return [("replace", 0, len(old), 0, len(new))]
        self.left -= pairs
        return list(
            difflib.SequenceMatcher(None if self.by_spaces else str.isspace, old, new, autojunk=False).get_opcodes()
        )

    def _pairs(self, old: Sequence[str], new: Sequence[str]) -> int:
        counted = Counter(new)
        return sum(
            times * counted[word] for word, times in Counter(old).items() if self.by_spaces or not word.isspace()
        )


def _ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many words are equal at the start, and after those at the end."""
    most = min(len(old), len(new))
    start = next((n for n in range(most) if old[n] != new[n]), most)
    end = next((n for n in range(most - start) if old[-1 - n] != new[-1 - n]), most - start)
    return start, end
