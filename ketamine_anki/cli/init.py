"""`ketamine-anki init`: make a new collection on any subject."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import click

from ketamine_anki import __version__
from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.escape import terminal
from ketamine_anki.core.terminal import confirmed, echo
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.filenames import slug, tag_segment
from ketamine_anki.deckfiles.formatter import canonical, inline_text
from ketamine_anki.deckfiles.json_schema import schema_files
from ketamine_anki.starter import examples, starter
from ketamine_anki.workspace.folder import SHAPES, Folder
from ketamine_anki.workspace.output import output_folder, refuse_inside, write_text
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import readable_collection, report


@click.command("init")
@click.argument("folder", type=Path)
@click.option("--title", help="Name of the deck in Anki (default: from the folder's name).")
@click.option("--language", help="Language of the cards, such as en, de or pt-BR (default: en).")
@click.option("--medical/--not-medical", default=None, help="Hold doses to the rules on wards (default: no).")
@click.option("--source/--no-source", default=None, help="Name for each note where a text teaches it (default: yes).")
@click.option("--tag", help="Root of every tag (default: the title, with a random ending where nobody is asked).")
@click.option("--namespace", help="What GUIDs are made from (default: the folder's name and random letters).")
def init(
    folder: Path,
    title: str | None,
    language: str | None,
    medical: bool | None,
    source: bool | None,
    tag: str | None,
    namespace: str | None,
) -> None:
    """Make a new collection in FOLDER, which must be empty or not exist yet.

    It has one subdeck with two notes, the outline of a source text, schemas for editors and checks
    for GitHub; it builds as it is. Its namespace is its own, so that its cards never meet those of
    another collection in a learner's Anki; decks and tags of the same name do, so choose a title and a tag
    that no other collection has. On a terminal, asks for what the options leave open.
    """
    _refuse_full(folder)
    refuse_inside(folder)
    default = default_title(folder) if title is None else title
    title = (title or _ask("title of the deck", "title", default)).strip()
    chance = secrets.token_hex(4)
    stem = tag_segment(title).lstrip("-_+#")
    unique = f"{stem or 'Deck'}_{chance}"  # two collections may have one title, and nobody may be there to ask
    proposed = (sys.stdin.isatty() and stem) or unique
    tag = tag or _ask("root of every tag, which no other collection has", "tag", proposed)
    language = _language_tag(language or _ask("language of the cards", "language", "en"))
    medical = _confirm("is it about medicine, with doses") if medical is None else medical
    source = _confirm("is it made from one text", default=True) if source is None else source
    values = {
        "TITLE": title,
        "TAG": tag,
        "NAMESPACE": namespace or f"{slug(folder.absolute().name)}/{chance}",
        "REQUIREMENT": requirement(_origin(), __version__),
        "RULES": "" if medical else "# No note is held to how doses are written on wards.\nrules: {off: [medication]}",
    }
    files = starter(values, inline_text, language, sourced=source)
    for place in [place for place in files if place.startswith("decks/")]:
        shape = SHAPES.get(place.removeprefix("decks/"), schema.DECK)
        files[place], findings = canonical(place, files[place].encode("utf-8"), shape)
        if findings:
            raise Failure(f"the title, tag, language or namespace cannot be used: {findings[0].message}", EXIT_USAGE)
    for place, text in files.items():
        with output_folder((folder / place).parent):
            write_text(folder / place, text)
    read = Folder(folder / "decks")
    check_notes(read)
    report(read.findings)
    for name, text in schema_files(readable_collection(read)).items():
        write_text(folder / "decks" / name, text)
    echo(folder.as_posix())
    if not examples(language):
        echo(f"its two notes and README.md are in English: there are none in {language!r} yet", err=True)
    echo(f"Anki merges decks, and tags, of the same name: yours are {title!r} and {tag!r}", err=True)
    typed = f'"{folder}"' if os.name == "nt" else shlex.quote(folder.as_posix())
    echo(f"{title}: now `cd {typed}`, `ketamine-anki build`, and read README.md", err=True)


def _ask(prompt: str, key: str, default: str) -> str:
    """What somebody types for a key of collection.yaml, who is asked again for what cannot stand there."""
    shape = schema.COLLECTION.keys[key]

    def checked(typed: str) -> str:
        value = _language_tag(typed) if key == "language" else typed.strip()
        if isinstance(shape, schema.Text) and not re.fullmatch(shape.pattern, value):
            raise click.UsageError(terminal(f"{key} is {value!r}: {shape.expected}"))
        return value

    return click.prompt(prompt, default, value_proc=checked, err=True) if sys.stdin.isatty() else default


def _language_tag(typed: str) -> str:
    """A language tag in the letters that BCP 47 recommends: `PT_br` -> `pt-BR`."""
    language, *parts = typed.strip().replace("_", "-").lower().split("-")
    return "-".join([language, *({2: part.upper(), 4: part.title()}.get(len(part), part) for part in parts)])


def _confirm(question: str, *, default: bool = False) -> bool:
    return confirmed(question, default=default) if sys.stdin.isatty() else default


def _refuse_full(folder: Path) -> None:
    """Refuses a folder that has anything in it but git's own folder."""
    if folder.exists() and not folder.is_dir():
        raise Failure(f"{folder}: exists and is not a folder: name a new folder", EXIT_USAGE)
    names = sorted(path.name for path in folder.iterdir() if path.name != ".git") if folder.exists() else []
    if names:
        raise Failure(f"{folder}: not empty ({names[0]!r} is there): name a new folder", EXIT_USAGE)


def default_title(folder: Path) -> str:
    """`plant-biology` -> `Plant Biology`. Raises Failure for a name that is no text."""
    name = folder.absolute().name
    if not name.isprintable():  # bytes that are not UTF-8, for example
        raise Failure(f"{folder}: a name that cannot be a title: choose one with --title", EXIT_USAGE)
    return " ".join(word[0].upper() + word[1:] for word in re.findall("[^-_ ]+", name))


def requirement(origin: str | None, version: str) -> str:
    """What pip needs to install this program again, on any machine: the revision that pip recorded when it installed
    it from a repository (`origin`, the JSON of PEP 610), else its version in the package index. A folder or a file
    that it was installed from is known on one machine only.
    """
    record = json.loads(origin or "{}")
    vcs = record.get("vcs_info")
    if vcs and not record["url"].startswith("file:"):
        return f"ketamine-anki @ {vcs['vcs']}+{record['url']}@{vcs['commit_id']}"
    if record.get("url", "").startswith("https:"):
        return f"ketamine-anki @ {record['url']}"
    return f"ketamine-anki=={version}"


def _origin() -> str | None:
    try:
        return distribution("ketamine-anki").read_text("direct_url.json")
    except PackageNotFoundError:  # run from its folder, not installed
        return None
