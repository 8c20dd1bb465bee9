"""A release -> ANKIWEB.md: what a maintainer copies into the form by which AnkiWeb shares a deck.

The form was seen described, not tried: a title and tags of at most 60 characters each (the tags together), an address
for questions, a description in Markdown, of which headings are not shown as such, and a declaration of one's rights.
"""

from __future__ import annotations

import re

from ketamine_anki.core.escape import markdown
from ketamine_anki.core.language import filled
from ketamine_anki.core.model import Collection, Release
from ketamine_anki.deckfiles.filenames import tag_segment

_MAX_LINE = 60


def ankiweb(collection: Collection, release: Release) -> str:
    """The text of ANKIWEB.md."""
    address = collection.repository
    fields = {
        "Title": markdown(_title(collection.title)),
        "Tags": _tags(collection),
        "Support page": f"{address}/issues" if address else "(none: `repository:` in collection.yaml would be it)",
        "Description": _description(collection, release),
    }
    head = "<!-- Written by `ketamine-anki release`, which writes it anew. -->\n\n# For AnkiWeb's form to share a deck"
    return "\n\n".join([head, *(f"## {name}\n\n{text}" for name, text in fields.items())]) + "\n"


def _title(title: str) -> str:
    if len(title) <= _MAX_LINE:
        return title
    whole = title[:_MAX_LINE].rpartition(" ")[0]
    return f"{whole or title[: _MAX_LINE - 1]}…"


def _tags(collection: Collection) -> str:
    """As many long words as fit, the most telling first: of the root tag, the title and the subdecks."""
    line = ""
    names = tag_segment(" ".join((collection.tag, collection.title, *collection.decks)))
    for word in dict.fromkeys(re.split("[-_]", names.casefold())):
        longer = f"{line} {word}".strip()
        if len(word) > 3 - 2 * (not word.isascii()) and len(longer) <= _MAX_LINE:
            line = longer
    return line


def _description(collection: Collection, release: Release) -> str:
    """Paragraphs, bold words, lists and links, and nothing else of Markdown."""

    def shown(text: str) -> str:
        return markdown(" ".join(text.split()))

    words, advises = collection.words, collection.has_english_words
    counts = filled(
        shown(f"{words['total']} · {words['version']}"),
        notes=str(release.notes),
        cards=str(release.cards),
        version=release.version,
    )
    about = "\n".join(f"- **{shown(name)}**" + f": {shown(text)}" * bool(text) for name, text in _subdecks(collection))
    parts = [shown(collection.description), counts, about]
    if collection.repository:
        address = collection.repository
        advice = (
            f"Updates, with notes on what changed: [releases]({address}/releases). An update keeps your schedule. A"
            f" card is wrong or unclear? [Say so]({address}/issues), with the name at the foot of its back."
        )
        parts.append(advice if advises else f"{shown(words['updates'])}: [{address}]({address})")
    licence = shown(collection.licence)
    if collection.licence_url:
        licence = f"[{licence}]({collection.licence_url})"
    rights = [filled(shown(words["licence"]), licence=licence)]
    rights += [filled(shown(words["curated"]), title=shown(collection.source_title))] * bool(collection.source_title)
    rights += ["The works behind a card are named on its back"] * advises
    parts += [" · ".join(rights), f"**{shown(collection.disclaimer)}**"]
    return "\n\n".join(filter(None, parts))


def _subdecks(collection: Collection) -> list[tuple[str, str]]:
    return [(name, collection.about.get(name, "")) for name in collection.decks]
