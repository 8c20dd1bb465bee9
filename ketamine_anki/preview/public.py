"""A release -> what its public page says around the cards: what the deck is, how to get it, what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from importlib import resources
from string import Template
from typing import NamedTuple

from ketamine_anki.core.language import attributes
from ketamine_anki.core.model import Collection
from ketamine_anki.text.markdown import document_html


class Package(NamedTuple):
    """A package that stands beside the page."""

    name: str
    bytes: int
    sha256: str


class Public(NamedTuple):
    """A release: its version, its packages (that of all cards first), and RELEASE_NOTES.md and CHANGELOG.md."""

    version: str
    packages: Sequence[Package]
    notes: str
    changelog: str


def guide(collection: Collection, public: Public) -> str:
    """The HTML before the cards."""
    from ketamine_anki.anki.package_writer import description  # with genanki, which other pages do without

    address, first = escape(collection.repository), public.packages[0]
    links = {
        escape(file.name): f'<a href="{escape(file.name)}" download>{escape(file.name)}</a>' for file in public.packages
    }
    body = re.sub(r"(?ms)\A.*?^# [^\n]*", f"## Version {public.version}", public.notes, count=1)
    marks = attributes(collection.language)
    changes, heading, instructions = body.partition("\n## Which file")  # which are in English
    notes = f"<div{marks}>{document_html(changes)}</div>{document_html(heading + instructions)}"
    for name, link in links.items():
        notes = notes.replace(f"<code>{name}</code>", link)
    files = zip(links.values(), public.packages, strict=True)
    values = {
        "about": description(collection),
        "marks": marks,
        "decks": "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in collection.about.items()),
        "file": escape(first.name),
        "size": f"({first.bytes / 1e6:.1f} MB)",
        "sha256": first.sha256,
        "files": "".join(f"<li>{link}: <code>{file.sha256}</code></li>" for link, file in files),
        "notes": notes,
        "report": "Tell whoever gave you the deck, with the name of the card.",
        "changelog": document_html(public.changelog),
    }
    if address:
        form = f'<a href="{address}/issues/new?template=correction.yml">Say what is wrong</a>'
        values["report"] = f"{form}, with the name of the card: it stands at the foot of the back."
    template = resources.files(__package__).joinpath("public.html").read_text(encoding="utf-8")
    return Template(template).substitute(values)
