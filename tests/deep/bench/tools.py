"""Tools from PyPI that make packages from text files: `python tools.py NAME FOLDER NEW_FOLDER` writes the notes
of a collection in the format of one of them.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import yaml
from rivals import load


class Tool(NamedTuple):
    """A program: its package and version on PyPI, what writes notes in its format, its command line with
    {source} and {output}, the most notes that it can be waited for, what it does not do.
    """

    version: str
    write: Callable[[dict, Path], None]
    command: str
    most: int
    lacks: str


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


_GAP = re.compile(r"\{\{c\d+::(.*?)(?:::.*?)?\}\}")


def anki_yaml_tool(data: dict, file: Path) -> None:
    """One file of HTML texts with its note type; a cloze note becomes a question with gaps."""
    notes = []
    for note in data["notes"]:
        text = note.get("text", "")
        made = {
            "question": _escape(note.get("question") or _GAP.sub("[...]", text)),
            "answer": _escape(note.get("answer") or ", ".join(_GAP.findall(text))),
            "extra": _escape(note["extra"]),
            "source": f"{note['source']} {' '.join(note['cites'])}",
        }
        notes.append({**made, "tags": note["tags"], "id": note["id"]})
    config = {
        "name": "Bench",
        "deck-name": data["deck"],
        "fields": ["Question", "Answer", "Extra", "Source"],
        "templates": [
            {
                "name": "Card 1",
                "qfmt": "{{Question}}",
                "afmt": "{{FrontSide}}<hr id=answer>{{Answer}}<br>{{Extra}}<br>{{Source}}",
            }
        ],
    }
    text = yaml.dump({"config": config, "data": notes}, Dumper=yaml.CSafeDumper, sort_keys=False, width=92)
    file.with_suffix(".yaml").write_text(text, encoding="utf-8")


def ankcompiler(data: dict, file: Path) -> None:
    """One file of Markdown, each note between lines of three hyphens, its id and tags as footnotes."""
    blocks = [f"---\ndeck: Bench::{data['deck']}\n---\n"]
    for note in data["notes"]:
        front = note.get("text") or f"{note['question']} ::: {note['answer']}"
        tags = "".join(f"[^tag]: {tag}\n" for tag in note["tags"])
        uid = f"n{note['id'].removeprefix('note-'):0>9}"  # ten letters and digits
        blocks.append(f"---\n\n{front}\n\n{note['extra']}\n\n---\n[^uid]: {uid}\n{tags}")
    file.with_suffix(".md").write_text("\n".join(blocks), encoding="utf-8")


TOOLS = {
    "anki-yaml-tool": Tool(
        "0.4.0",
        anki_yaml_tool,
        "anki-yaml-tool batch-build --merge --deck-name Bench -d {source} --pattern *.yaml -o {output}",
        10_000,
        "no cloze notes (here questions with gaps), no subdecks in one package, no GUID from the id, no escaping",
    ),
    "ankcompiler": Tool(
        "0.6.0",
        ankcompiler,
        "ankc build --all --path {source} --output {output}",
        1_000,
        "no field but front and back; reads every file anew for each subdeck",
    ),
}


def install(name: str, folder: Path) -> str:
    """Puts a tool into an environment of its own in a folder; returns why that failed, or nothing."""
    python, program = folder / "bin" / "python", folder / "bin" / TOOLS[name].command.split()[0]
    wanted = f"{name}=={TOOLS[name].version}"
    commands = ([sys.executable, "-m", "venv", folder], [python, "-m", "pip", "install", "--quiet", wanted])
    for command in () if program.exists() else commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if "error" in line.lower()] or [done.stderr.strip()]
            return said[-1]
    return ""


def command(name: str, environment: Path, source: Path, output: Path) -> tuple[str, ...]:
    """The command line that builds a package."""
    program, *arguments = TOOLS[name].command.split()
    return (str(environment / "bin" / program), *(word.format(source=source, output=output) for word in arguments))


if __name__ == "__main__":
    tool, folder, target = TOOLS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3])
    target.mkdir(parents=True)
    for number, data in enumerate(load(folder), start=1):
        tool.write(data, target / f"{number:05d}")
