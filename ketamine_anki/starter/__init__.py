"""What a new collection starts from: templates with $WORDS to be filled in, by language where there are some."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from string import Template

from ketamine_anki.core.language import primary

_DECKS = [f"decks/{name}.yaml" for name in ("collection", "source", "references", "01-first-part")]
# file of this folder -> its place in the collection
_PLACES = {name: name for name in ("README.md", "requirements.txt", *_DECKS)} | {
    "gitignore": ".gitignore",
    "pre-commit.yaml": ".pre-commit-config.yaml",
    "check.yml": ".github/workflows/check.yml",
    "pages.yml": ".github/workflows/pages.yml",
    "correction.yml": ".github/ISSUE_TEMPLATE/correction.yml",
    "settings.json": ".vscode/settings.json",
}
_OF_A_SOURCE = r"decks/(?:source|references)\.yaml"


def examples(language: str) -> dict[str, str]:
    """The texts of the examples in a language by their words in capitals; {} where nobody has written them yet."""
    table: dict[str, dict[str, str]] = json.loads(files(__package__).joinpath("examples.json").read_text("utf-8"))
    return table.get(primary(language), {})


def starter(values: Mapping[str, str], quote: Callable[[str], str], language: str, *, sourced: bool) -> dict[str, str]:
    """Path -> text of every file of a new collection. `values` fill in TITLE, TAG, NAMESPACE, REQUIREMENT and RULES;
    `quote` writes a value in YAML. The examples and the README are in the language, or else in English; without a
    source (`sourced`) nothing speaks of one, nor of literature.
    """
    values = {**(examples(language) or examples("en")), **values, "LANGUAGE": language}
    quoted = {word: value if word == "RULES" else quote(value) for word, value in values.items()}
    texts = {}
    for name, place in _PLACES.items():
        if not sourced and re.fullmatch(_OF_A_SOURCE, name):
            continue
        local = files(__package__).joinpath(name.replace("README", f"README.{primary(language)}"))
        text = (local if local.is_file() else files(__package__).joinpath(name)).read_text(encoding="utf-8")
        if not sourced:
            text = re.sub(rf"(?m)^(?:1\. `{_OF_A_SOURCE}`|    (?:source|claims|evidence):).*\n", "", text)
        texts[place] = Template(text).safe_substitute(quoted if name.startswith("decks/") else values)
    return texts
