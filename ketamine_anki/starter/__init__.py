"""What a new collection starts from: files with TITLE, TAG, NAMESPACE and REQUIREMENT to be filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

# file of this folder -> its place in the collection
_PLACES = {
    "README.md": "README.md",
    "requirements.txt": "requirements.txt",
    "gitignore": ".gitignore",
    "pre-commit.yaml": ".pre-commit-config.yaml",
    "check.yml": ".github/workflows/check.yml",
    "pages.yml": ".github/workflows/pages.yml",
    "settings.json": ".vscode/settings.json",
    "decks/collection.yaml": "decks/collection.yaml",
    "decks/source.yaml": "decks/source.yaml",
    "decks/references.yaml": "decks/references.yaml",
    "decks/01-first-part.yaml": "decks/01-first-part.yaml",
}


def starter(values: Mapping[str, str]) -> dict[str, str]:
    """Path -> text of every file of a new collection, with its values filled in."""
    words = re.compile(rf"\b({'|'.join(values)})\b")
    texts = {place: files(__package__).joinpath(name).read_text(encoding="utf-8") for name, place in _PLACES.items()}
    return {place: words.sub(lambda match: values[match[0]], text) for place, text in texts.items()}
