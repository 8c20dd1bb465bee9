"""The rule against copying the source text: it knows the text only by hashes of its word runs."""

from __future__ import annotations

from collections.abc import Iterator

from ketamine_anki.core.model import Where
from ketamine_anki.deckfiles.shingles import RUN, copied
from ketamine_anki.rules.view import Complaint, View, place
from ketamine_anki.text.words import places_of


def verbatim(view: View) -> Iterator[Complaint]:
    """Cards are in our own words: no run of eight words is the source's. The text is not in the
    collection; `shingles.txt` holds hashes of its runs.

    Source: copyright, and SuperMemo's rule 1 (what is copied is not understood).

    Bad: `extra: The quick brown fox jumps over the lazy dog every day.`

    Good: `extra: The quick brown fox jumps over a dog that is lazy.`
    """
    shingles = view.collection.shingles
    if not copied(view.running, shingles):
        return
    for key, words in view.words.items():
        found = copied(words, shingles) if len(words) >= RUN else []
        if found:
            first = found[0]
            last = first
            while last + 1 in found:
                last += 1
            yield (
                _where(view, key, first),
                f"{last - first + RUN} words in a row are the source's: say it in your own words",
            )


def _where(view: View, key: str, nth: int) -> Where:
    """The place of the nth word of a text."""
    found = next(match for n, match in enumerate(places_of(view.plain[key])) if n == nth)
    return place(view, key, found)
