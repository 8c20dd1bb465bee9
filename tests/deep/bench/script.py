"""The script that people write to turn YAML into a package: `python script.py FOLDER [OUTPUT]`.

yaml.load with CSafeLoader, html.escape, genanki; it checks nothing. Without OUTPUT it only loads the files.
"""

import html
import re
import sys
from pathlib import Path

import yaml


def field(text: str) -> str:
    return re.sub(r"\$([^$]+)\$", r"\\(\1\\)", html.escape(text, quote=False))


def write(decks: list[dict], output: str) -> None:
    import genanki

    fields = [{"name": name} for name in ("Front", "Back", "Extra", "Source")]
    back = "<br>{{Back}}<br>{{Extra}}<br>{{Source}}"
    kinds = []
    for number, (name, front) in enumerate((("Basic", "{{Front}}"), ("Cloze", "{{cloze:Front}}"))):
        templates = [{"name": "Card", "qfmt": front, "afmt": front + back}]
        kinds.append(genanki.Model(1607392319 + number, name, fields, templates, model_type=number))
    made = []
    for number, data in enumerate(decks):
        deck = genanki.Deck(2059400110 + number, f"Bench::{data['deck']}")
        for note in data["notes"]:
            front = field(note.get("text") or note["question"])
            texts = [front, field(note.get("answer", "")), field(note["extra"]), f"{note['source']} {note['cites']}"]
            tags, guid = [f"Bench::{tag}" for tag in note["tags"]], genanki.guid_for(note["id"])
            deck.add_note(genanki.Note(kinds["text" in note], texts, tags=tags, guid=guid))
        made.append(deck)
    genanki.Package(made).write_to_file(output)


if __name__ == "__main__":
    paths = sorted(Path(sys.argv[1]).glob("[0-9]*.yaml"))
    loaded = [yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in paths]
    if sys.argv[2:]:
        write(loaded, sys.argv[2])
