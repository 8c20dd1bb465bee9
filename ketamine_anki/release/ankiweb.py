"""A release -> ANKIWEB.md: what a maintainer copies into the form by which AnkiWeb shares a deck.

Written from descriptions of the form, not tried on AnkiWeb: a title and tags of at most 60 characters each (the tags
together), an address for questions, a description in Markdown, of which headings are not shown as such, and a
declaration of one's rights.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ketamine_anki.core.model import Collection, Note, Release
from ketamine_anki.core.template import filled_in
from ketamine_anki.deckfiles.filenames import tag_segment

_MAX_LINE = 60


def ankiweb(collection: Collection, release: Release, notes: Iterable[Note]) -> str:
    """The text of ANKIWEB.md; `notes` are those that are released."""
    text = filled_in(
        "release/ankiweb.md",
        collection=collection,
        release=release,
        title=_title(collection.title),
        tags=_tags(collection, notes),
        line=lambda text: " ".join(text.split()),
    )
    return "".join(text)


def _title(title: str) -> str:
    if len(title) <= _MAX_LINE:
        return title
    whole = title[:_MAX_LINE].rpartition(" ")[0]
    return f"{whole or title[: _MAX_LINE - 1]}…"


def _tags(collection: Collection, notes: Iterable[Note]) -> str:
    """The root tag, then the topics that fit: subdecks and concepts, those first that bring most notes for a letter."""
    counts = Counter(topic for note in notes for topic in (tag_segment(note.deck), *note.tags))
    line, root = "", re.sub("_[0-9a-f]{8}$", "", collection.tag)  # without what `init` made it unique by
    for tag in (root, *sorted(counts, key=lambda topic: -counts[topic] / len(topic))):
        longer = f"{line} {tag.casefold().replace('_', '-')}".strip()
        if len(longer) <= _MAX_LINE:
            line = longer
    return line
