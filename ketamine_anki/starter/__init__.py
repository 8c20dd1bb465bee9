"""What a new collection starts from: files with words in capitals to be filled in, by language where there are some."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files

from ketamine_anki.core.language import primary

# file of this folder -> its place in the collection
_PLACES = {
    "README.md": "README.md",
    "requirements.txt": "requirements.txt",
    "gitignore": ".gitignore",
    "pre-commit.yaml": ".pre-commit-config.yaml",
    "check.yml": ".github/workflows/check.yml",
    "pages.yml": ".github/workflows/pages.yml",
    "correction.yml": ".github/ISSUE_TEMPLATE/correction.yml",
    "settings.json": ".vscode/settings.json",
    "decks/collection.yaml": "decks/collection.yaml",
    "decks/source.yaml": "decks/source.yaml",
    "decks/references.yaml": "decks/references.yaml",
    "decks/01-first-part.yaml": "decks/01-first-part.yaml",
}
_OF_A_SOURCE = r"(?:source|references)\.yaml"


def examples(language: str) -> dict[str, str]:
    """The texts of the examples in a language by their words in capitals; {} where nobody has written them yet."""
    table: dict[str, dict[str, str]] = json.loads(files(__package__).joinpath("examples.json").read_text("utf-8"))
    return table.get(primary(language), {})


def starter(values: Mapping[str, str], quote: Callable[[str], str], language: str, *, sourced: bool) -> dict[str, str]:
    """Path -> text of every file of a new collection. `values` fill in TITLE, TAG, NAMESPACE, REQUIREMENT and RULES;
    `quote` writes a value in YAML. The examples and the README are in the language, or else in English; without a
    source (`sourced`) nothing speaks of one, nor of literature.
    """
    folder, key = files(__package__), primary(language)
    values = {**(examples(language) or examples("en")), **values, "LANGUAGE": language}
    words = re.compile(rf"\b({'|'.join(values)})\b")
    texts = {}
    for name, place in _PLACES.items():
        local = name.replace("README", f"README.{key}")
        text = folder.joinpath(local if folder.joinpath(local).is_file() else name).read_text(encoding="utf-8")
        if not sourced:
            text = re.sub(rf"(?m)^(?:1\. `decks/{_OF_A_SOURCE}`|    (?:source|claims|evidence):).*\n", "", text)
        is_quoted = name.startswith("decks/")
        filled = {word: quote(value) if is_quoted and word != "RULES" else value for word, value in values.items()}
        texts[place] = words.sub(partial(_value, filled), text)
    return {place: text for place, text in texts.items() if sourced or not re.search(_OF_A_SOURCE, place)}


def _value(values: Mapping[str, str], word: re.Match[str]) -> str:
    return values[word[0]]
