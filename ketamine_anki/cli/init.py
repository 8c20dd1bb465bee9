"""`ketamine-anki init`: a new collection on any subject."""

from __future__ import annotations

import json
import re
import secrets
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import click

from ketamine_anki import __version__
from ketamine_anki.core.errors import EXIT_CANNOT_CREATE, EXIT_USAGE, Failure
from ketamine_anki.core.terminal import echo
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.output import output_folder, write_text
from ketamine_anki.workspace.pipeline import check_notes
from ketamine_anki.workspace.reporting import report


@click.command("init")
@click.argument("folder")
@click.option("--title", help="Name of the deck in Anki (default: from the folder's name).")
@click.option("--namespace", help="What GUIDs are made from (default: the folder's name and chance).")
def command(folder: str, title: str | None, namespace: str | None) -> None:
    """Make a new collection in FOLDER, which must be empty or not exist yet.

    It has one subdeck with two notes, the outline of a source text, schemas for editors and checks
    for GitHub; it builds as it is. Its namespace is its own, so that its cards never meet those of
    another collection in a learner's Anki.
    """
    from ketamine_anki.cli.schema import as_text
    from ketamine_anki.deckfiles.formatter import canonical, inline_text
    from ketamine_anki.deckfiles.json_schema import json_schemas
    from ketamine_anki.deckfiles.schema import COLLECTION
    from ketamine_anki.starter import starter
    from ketamine_anki.workspace.packages import slug

    target = Path(folder)
    _refuse_full(target)
    name = target.absolute().name
    title = (title or re.sub(r"[-_ ]+", " ", name).strip().title()).strip()
    values = {
        "TITLE": title,
        "TAG": re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_") or "Deck",
        "NAMESPACE": namespace or f"{slug(name)}/{secrets.token_hex(4)}",
        "REQUIREMENT": requirement(_origin(), __version__),
    }
    files = starter(values)
    quoted = starter(values | {key: inline_text(values[key]) for key in ("TITLE", "NAMESPACE")})
    head, findings = canonical("collection.yaml", quoted["decks/collection.yaml"].encode("utf-8"), COLLECTION)
    if findings:
        raise Failure(f"the title or namespace cannot be used: {findings[0].message}", EXIT_USAGE)
    files["decks/collection.yaml"] = head
    for place, text in files.items():
        with output_folder((target / place).parent):
            write_text(target / place, text)
    read = Folder(str(target / "decks"))
    check_notes(read, lambda view, number, index: None)
    report(read.findings)
    assert read.collection is not None, "a collection that cannot be read has findings"
    for schema, value in json_schemas(read.collection).items():
        write_text(target / "decks" / schema, as_text(value))
    echo(target.as_posix())
    echo(f"{title}: now `cd {target.as_posix()}`, `ketamine-anki build`, and read README.md", err=True)


def requirement(origin: str | None, version: str) -> str:
    """What pip needs to install this program again: from the address or folder that pip noted at its
    installation (`origin`, the JSON of PEP 610), else by its version from the package index. A name
    alone would let the index decide whose program it is.
    """
    noted = json.loads(origin or "{}")
    if "url" not in noted:
        return f"ketamine-anki=={version}"
    vcs = noted.get("vcs_info")
    return "ketamine-anki @ " + (f"{vcs['vcs']}+{noted['url']}@{vcs['commit_id']}" if vcs else noted["url"])


def _origin() -> str | None:
    try:
        return distribution("ketamine-anki").read_text("direct_url.json")
    except PackageNotFoundError:  # run from its folder, not installed
        return None


def _refuse_full(target: Path) -> None:
    """A folder with anything in it but git's own is left alone."""
    if target.exists() and not target.is_dir():
        raise Failure(f"{target}: exists and is not a folder", EXIT_CANNOT_CREATE)
    there = sorted(path.name for path in target.iterdir() if path.name != ".git") if target.exists() else []
    if there:
        raise Failure(f"{target}: not empty ({there[0]!r} is there): name a new folder", EXIT_USAGE)
