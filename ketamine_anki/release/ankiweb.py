"""A release -> ANKIWEB.md: what a maintainer copies into the form by which AnkiWeb shares a deck.

The form was seen described, not tried: a title and tags of at most 60 characters each (the tags together), an address
for questions, a description in Markdown, of which headings are not shown as such, and a declaration of one's rights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ketamine_anki.core.escape import markdown
from ketamine_anki.core.language import filled
from ketamine_anki.core.model import Collection, Note, Release
from ketamine_anki.deckfiles.filenames import tag_segment

_MAX_LINE = 60


def ankiweb(collection: Collection, release: Release, notes: Iterable[Note]) -> str:
    """The text of ANKIWEB.md; `notes` are those that are released."""
    address = collection.repository
    fields = {
        "Title": markdown(_title(collection.title)),
        "Tags": _tags(collection, notes),
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


def _tags(collection: Collection, notes: Iterable[Note]) -> str:
    """The root tag, then the topics that fit: subdecks and concepts, those first that bring most notes for a letter."""
    counts = Counter(topic for note in notes for topic in (tag_segment(note.deck), *note.tags))
    line = ""
    for tag in (collection.tag, *sorted(counts, key=lambda topic: -counts[topic] / len(topic))):
        longer = f"{line} {tag.casefold().replace('_', '-')}".strip()
        if len(longer) <= _MAX_LINE:
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
            f" An update keeps your schedule. A card is wrong or unclear? [Say so]({address}/issues), with the name at"
            " the foot of its back."
        )
        parts.append(f"{shown(words['updates'])}: [{address}]({address}).{advice if advises else ''}")
    licence = shown(collection.licence)
    if collection.licence_url:
        licence = f"[{licence}]({collection.licence_url})"
    rights = [filled(shown(words["licence"]), licence=licence)]
    if collection.source_title:
        curated, access = (
            filled(shown(words["curated"]), title=shown(collection.source_title)),
            collection.source_access,
        )
        if access:
            curated = f"[{curated}]({access})" if access.startswith("https://") else f"{curated} ({shown(access)})"
        rights.append(curated)
    rights += ["The works behind a card are named on its back"] * (advises and bool(collection.references))
    parts += [" · ".join(rights), f"**{shown(collection.disclaimer)}**"]
    return "\n\n".join(filter(None, parts))


def _subdecks(collection: Collection) -> list[tuple[str, str]]:
    return [(name, collection.about.get(name, "")) for name in collection.decks]
