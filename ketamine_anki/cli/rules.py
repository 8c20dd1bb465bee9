"""`ketamine-anki rules`: the manual of the rules."""

from __future__ import annotations

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.suggestion import did_you_mean


@click.command("rules")
@click.argument("rule", default="")
def command(rule: str) -> None:
    """Print the manual of all rules, or of RULE, the name in brackets at the end of a finding.

    A note is excused from a wording, cloze or medication rule by `allow: {rule: reason}`.
    """
    from ketamine_anki.rules.checker import EXCUSABLE, groups, manual

    known = manual()
    if rule:
        name = rule.strip("[]")
        if name not in known:
            raise Failure(f"no rule {rule!r}{did_you_mean(rule, known)}", EXIT_USAGE)
        click.echo(_page(name, known[name], name in EXCUSABLE))
        return
    click.echo(
        "\n\n".join(
            f"# {group.capitalize()}\n\n"
            + "\n\n".join(_page(name, page, name in EXCUSABLE) for name, page in pages.items())
            for group, pages in groups().items()
        )
    )


def _page(name: str, page: str, excusable: bool) -> str:
    excuse = f"\n\nException: `allow: {{{name}: the reason}}`" if excusable else ""
    return f"## {name}\n\n{page}{excuse}"
