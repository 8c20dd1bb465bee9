"""`ketamine-anki diff`: show what changed between two packages, folders or git revisions."""

from __future__ import annotations

import click

from ketamine_anki.core.errors import EXIT_FINDINGS
from ketamine_anki.core.terminal import echo, use_colour


@click.command("diff")
@click.argument("old", type=click.UNPROCESSED)
@click.argument("new", default="decks", type=click.UNPROCESSED)
@click.option("--folder", default="decks", type=click.UNPROCESSED, help="Whose revision it is (default: decks).")
@click.option("--format", "form", type=click.Choice(("text", "markdown", "json")), default="text", show_default=True)
@click.option("--fail-on", type=click.Choice(("breaking",)), help="Exit with 1 when an update does not reach everyone.")
def diff(old: str, new: str, folder: str, form: str, fail_on: str | None) -> None:
    """Show what learners who have OLD will see of NEW (default: decks).

    Each is an .apkg, a folder with collection.yaml, or a git revision such as v1.0.0. Notes are matched
    by GUID. Between packages a retired note is seen in the update package; the one for everyone
    lacks it. The note types of OLD are those released last, as its ledger.yaml has them.
    """
    from ketamine_anki.release.changes import compare
    from ketamine_anki.release.diff import as_json, as_markdown, as_text
    from ketamine_anki.workspace.editions import edition

    changes = compare(edition(old, folder, old=True), edition(new, folder))
    if form == "json":
        for part in as_json(changes):
            click.echo(part, nl=False)
        click.echo()
    elif form == "markdown":
        click.echo(as_markdown(changes), nl=False)
    else:
        colour = use_colour()
        for line in as_text(changes, colour):
            click.echo(line, color=colour)
    breaking = changes.breaking()
    if fail_on and breaking:
        for line in breaking:
            echo(f"breaking: {line}", err=True)
        raise click.exceptions.Exit(EXIT_FINDINGS)
