"""The script that people write to turn YAML into a package: `python script.py FOLDER [OUTPUT]`.

yaml.load with CSafeLoader, html.escape, genanki; it checks nothing. Without OUTPUT it only loads the files.
"""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path
from typing import Any

import yaml

FIELDS = ("Front", "Back", "Extra", "Source")


def load(folder: Path) -> list[dict[str, Any]]:
    files = [path for path in sorted(folder.glob("*.yaml")) if path.name not in ("collection.yaml", "source.yaml")]
    return [yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in files]


def field(text: str) -> str:
    return re.sub(r"\$([^$]+)\$", r"\\(\1\\)", html.escape(text, quote=False))


def write(decks: list[dict[str, Any]], output: str) -> None:
    import genanki

    fields = [{"name": name} for name in FIELDS]
    back = "<br>{{Back}}<br>{{Extra}}<br>{{Source}}"
    basic = genanki.Model(
        1607392319, "Basic", fields, [{"name": "Card", "qfmt": "{{Front}}", "afmt": f"{{{{Front}}}}{back}"}]
    )
    cloze = genanki.Model(
        1607392320,
        "Cloze",
        fields,
        [{"name": "Card", "qfmt": "{{cloze:Front}}", "afmt": f"{{{{cloze:Front}}}}{back}"}],
        model_type=genanki.Model.CLOZE,
    )
    made = []
    for number, data in enumerate(decks):
        deck = genanki.Deck(2059400110 + number, f"Bench::{data['deck']}")
        for note in data["notes"]:
            front = field(note.get("text") or note["question"])
            source = f"{note['source']} {' '.join(note['cites'])}"
            deck.add_note(
                genanki.Note(
                    cloze if "text" in note else basic,
                    [front, field(note.get("answer", "")), field(note["extra"]), source],
                    tags=[f"Bench::{tag}" for tag in note["tags"]],
                    guid=genanki.guid_for(note["id"]),
                )
            )
        made.append(deck)
    genanki.Package(made).write_to_file(output)


if __name__ == "__main__":
    loaded = load(Path(sys.argv[1]))
    if sys.argv[2:]:
        write(loaded, sys.argv[2])
