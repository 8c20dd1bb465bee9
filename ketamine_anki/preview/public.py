"""A release -> what its public page says around the cards: what the deck is, how to get it, what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from ketamine_anki.core.language import attributes
from ketamine_anki.core.model import Collection
from ketamine_anki.text.markdown import document_html


class Package(NamedTuple):
    """A package that stands beside the page, and how many notes and cards it holds."""

    name: str
    bytes: int
    sha256: str
    notes: int
    cards: int


class Public(NamedTuple):
    """A release: its version, its packages (that of all cards first), and RELEASE_NOTES.md and CHANGELOG.md."""

    version: str
    packages: Sequence[Package]
    notes: str
    changelog: str


def texts(collection: Collection, public: Public) -> dict[str, str]:
    """The HTML of the texts before the cards: `about` the deck, `disclaimer`, what `more` its page in Anki
    says, `notes` of the release, `changelog`.
    """
    from ketamine_anki.anki.package_writer import paragraphs  # with genanki, which other pages do without

    body = re.sub(r"(?ms)\A.*?^# [^\n]*", f"## Version {public.version}", public.notes, count=1)
    changes, heading, instructions = body.partition("\n## Which file")  # which are in English
    marks = attributes(collection.language)
    notes = f"<div{marks}>{document_html(changes)}</div>{document_html(heading + instructions)}"
    for name in (escape(file.name) for file in public.packages):
        notes = notes.replace(f"<code>{name}</code>", f'<a href="{name}" download>{name}</a>')
    about, *more, disclaimer = paragraphs(collection)
    return {
        "about": about,
        "disclaimer": disclaimer,
        "more": "".join(more),
        "notes": notes,
        "changelog": document_html(public.changelog),
    }
