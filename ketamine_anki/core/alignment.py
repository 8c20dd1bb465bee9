"""Two lists of words -> where they differ, within a bounded amount of work.

The time that `difflib` takes can grow with the cube of the number of times that words repeat. It is given only what
lies between the equal beginning and the equal end, and only if few pairs of words there are equal; otherwise all of it
counts as one difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ketamine_anki.core.limits import MAX_ALL_WORD_PAIRS, MAX_WORD_PAIRS

Step = tuple[str, int, int, int, int]


class Aligner:
    """Aligns lists of words; all calls together do at most the work that one run of the program may take."""

    def __init__(self, *, by_spaces: bool = False) -> None:
        self.left = MAX_ALL_WORD_PAIRS
        self.by_spaces = by_spaces

    def steps(self, old: Sequence[str], new: Sequence[str]) -> Iterator[Step]:
        """(kind, a, b, c, d) as from `SequenceMatcher.get_opcodes`: `old[a:b]` is "equal" to `new[c:d]`, or replaced
        by it. White space is not aligned on its own, unless `by_spaces`.
        """
        start, end = _equal_ends(old, new)
        before, after = old[start : len(old) - end], new[start : len(new) - end]
        if start:
            yield "equal", 0, start, 0, start
        for kind, a, b, c, d in self._middle(before, after):
            yield kind, a + start, b + start, c + start, d + start
        if end:
            yield "equal", len(old) - end, len(old), len(new) - end, len(new)

    def _middle(self, old: Sequence[str], new: Sequence[str]) -> list[Step]:
        if not (old or new):
            return []
        counts = Counter(new)
        pairs = sum(
            times * counts[word] for word, times in Counter(old).items() if self.by_spaces or not word.isspace()
        )
        if pairs > min(MAX_WORD_PAIRS, self.left):
            return [("replace", 0, len(old), 0, len(new))]
        import difflib  # loaded only for what differs

        self.left -= pairs
        junk = None if self.by_spaces else str.isspace
        return list(difflib.SequenceMatcher(junk, old, new, autojunk=False).get_opcodes())


def _equal_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many words are equal at the start, and at the end of the rest."""
    most = min(len(old), len(new))
    start = next((n for n in range(most) if old[n] != new[n]), most)
    end = next((n for n in range(most - start) if old[-1 - n] != new[-1 - n]), most - start)
    return start, end
