"""`ketamine-anki submit`: send corrections that were made inside Anki as a pull request."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from ketamine_anki.cli.intake import Compared, compare_export, edited_files
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_IO, EXIT_USAGE, Failure
from ketamine_anki.core.escape import commit_message
from ketamine_anki.core.model import Finding
from ketamine_anki.core.report import as_lines
from ketamine_anki.core.terminal import confirmed, counted, echo
from ketamine_anki.intake.apply import entry
from ketamine_anki.workspace.contribution import Clone, clone_of, push
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.git import check_out, github_name
from ketamine_anki.workspace.pipeline import check_notes

_SECONDS = 60.0
_WAITS = (5.0, 15.0)  # until a fork that was just made can be pushed to
_SIGN_IN = {"credential.https://github.com.helper": "!gh auth git-credential"}


@click.command("submit")
@click.argument("file", type=Path)
@click.argument("folder", default="decks", type=Path)
@click.option("--base", type=Path, help="The package that you started from.")
@click.option("--remote", help="Remote to push to (default: your fork, which `gh` finds or makes; else origin).")
@click.option("--yes", is_flag=True, help="Send without asking.")
def submit(file: Path, folder: Path, base: Path | None, remote: str | None, yes: bool) -> None:
    """Send the corrections in FILE, exported from Anki, to the repository of the collection in FOLDER (default: decks).

    Shows what `intake` shows and asks; nothing is sent before. Then the corrections are committed on a branch of their
    own, pushed to your fork, and proposed: with GitHub's program `gh` as a pull request, else at the address that is
    printed. Your own files and branches stay as they are. Without git or a place to push to, prints a text for an
    issue form instead.
    """
    clone = clone_of(folder) if folder.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="ketamine-anki-") as scratch:
        if clone:
            check_out(folder, clone.base, Path(scratch))
        compared = compare_export(Folder(scratch if clone else folder, folder), file, base)
        result = compared.result
        if not (result.changes or result.proposals):
            echo("nothing to send", err=True)
            raise click.exceptions.Exit(EXIT_FINDINGS if result.leftovers else 0)
        if clone is None:
            _print_for_a_form(compared, compared.collection.repository)
            return
        files = {path.name: after for path, _, after in edited_files(compared)}
        for name, data in files.items():
            Path(scratch, name).write_bytes(data)
        checked = Folder(scratch, folder)
        check_notes(checked)
        for line in as_lines(checked.findings):
            echo(line)
        _send(clone, compared, files, checked.findings, remote, yes)


def _send(
    clone: Clone,
    compared: Compared,
    files: dict[str, bytes],
    findings: Sequence[Finding],
    remote: str | None,
    yes: bool,
) -> None:
    """Asks, pushes and proposes."""
    url = clone.remotes.get(remote or "origin", "")
    if not url and (remote or clone.remotes):
        advice = "`git remote -v` lists them: name one with --remote"
        raise Failure(f"no remote {remote or 'origin'!r}: {advice}", EXIT_USAGE)
    public = clone.remotes.get("upstream") or clone.remotes.get("origin") or url
    upstream = compared.collection.repository or _without_password(public)
    if not url or not files:
        _print_for_a_form(compared, upstream)
        return
    if findings:
        echo(f"`check` finds {counted(len(findings), 'mistake')} in it, which somebody has to mend", err=True)
    target, place = github_name(upstream), _without_password(url)
    has_gh = bool(target and not remote and shutil.which("gh"))
    then = f" They will be proposed to {upstream}." if has_gh or place != upstream else ""
    if has_gh:
        place = f"your fork on GitHub, which is made if you have none (or, if `gh` has no account, to {place})"
    question = (
        f"Your corrections will be pushed to {place}, as a new branch, under {compared.collection.licence}.{then}"
    )
    try:
        if not yes and not confirmed(f"{question} Send them?"):
            raise Failure("nothing was sent", EXIT_FINDINGS)
    except click.Abort:
        raise Failure("nothing was sent: nobody to ask, and no --yes", EXIT_USAGE) from None
    subject, body = _described(compared, findings)
    branch = f"anki-{hashlib.sha256(body.encode()).hexdigest()[:12]}"  # the same when it is submitted again
    fork = _fork(target) if has_gh else None
    url, settings = (f"https://github.com/{fork}.git", _SIGN_IN) if fork else (url, {})
    for seconds in (*_WAITS, 0) if fork else (0,):
        try:
            is_new = push(clone, files, f"{subject}\n\n{body}", branch, url, settings)
            break
        except Failure as error:
            if not seconds:
                echo(f"ketamine-anki: not sent: {error}", err=True)
                _print_for_a_form(compared, upstream)
                raise click.exceptions.Exit(EXIT_IO) from None
            time.sleep(seconds)
    done = "pushed the branch {} to {}" if is_new else "these corrections were submitted before: branch {} of {}"
    echo(done.format(branch, _without_password(url)), err=True)
    head = f"{(fork or github_name(url)).partition('/')[0]}:{branch}"
    if not target or head.startswith(":"):
        echo(f"now open a pull request for it at {upstream}")
        return
    there = ("--repo", target, "--head", branch, "--state", "all", "--json", "url", "--jq", ".[0].url")
    if fork and not is_new and (proposed := _gh("pr", "list", *there)):
        echo(f"their pull request: {proposed}")
        return
    words = ("--repo", target, "--head", head, "--title", subject, "--body-file", "-", *["--draft"] * bool(findings))
    opened = fork and _gh("pr", "create", *words, given=body)
    echo(opened or f"now open the pull request: https://github.com/{target}/compare/{head}?expand=1")


def _without_password(url: str) -> str:
    """The address of a remote as it may be shown: without the user and password that it can hold."""
    return re.sub("//[^/@]*@", "//", url)


def _fork(target: str) -> str | None:
    """The user's own fork of a repository on GitHub, both as owner/name, made if there is none; the repository itself
    if it is the user's. None where `gh` cannot answer.
    """
    login = _gh("api", "user", "--jq", ".login")
    if not login or target.partition("/")[0].lower() == login.lower():
        return target if login else None
    fork = _gh("api", "--method", "POST", f"repos/{target}/forks", "--jq", ".full_name") or ""
    return fork if fork.startswith(f"{login}/") and github_name(f"https://github.com/{fork}") else None


def _gh(*arguments: str, given: str = "") -> str | None:
    """What GitHub's program answers; None where there is none, or it fails."""
    os.environ["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"  # else Windows would run a gh.exe of the current folder
    program = shutil.which("gh")
    if program is None:
        return None
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    with tempfile.TemporaryDirectory(prefix="ketamine-anki-") as nowhere:  # it would read the clone's configuration
        try:
            done = subprocess.run(
                [program, *arguments],
                input=given.encode(),
                capture_output=True,
                cwd=nowhere,
                env={**variables, "GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"},
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        echo(f"gh {' '.join(arguments[:2])}: {reason}", err=True)
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def _described(compared: Compared, findings: Sequence[Finding]) -> tuple[str, str]:
    """The subject and body of the commit and the pull request: the cards before and after. What the contributor or
    the deck says is indented, which Markdown shows as it is, and escaped.
    """
    changed, new = {change.note.id for change in compared.result.changes}, compared.result.proposals
    done = [f"correct {counted(len(changed), 'note')}"] * bool(changed)
    done += [f"propose {counted(len(new), 'new note')}"] * bool(new)
    lines = [*_parts(compared), *(f"    {line}" for line in as_lines(findings[:20]))]
    body = "".join(f"{commit_message(line)}\n" for line in lines)
    return f"{' and '.join(done).capitalize()}, as edited in Anki", body


def _parts(compared: Compared) -> Iterator[str]:
    """The lines that say what is corrected, proposed and left."""
    result = compared.result
    for change in result.changes:
        yield from (f"`{change.note.id}`, {change.key}:", "")
        for label, text in zip(("before:", "after:"), change.texts, strict=True):
            yield from (f"    {label if not n else '':8}{line}" for n, line in enumerate(text.split("\n")))
        yield ""
    for proposal in result.proposals:
        yield from ("A new note:", "", f"    # {f'subdeck {proposal.deck}' if proposal.deck else 'of no subdeck yet'}")
        yield from (f"    {line}" for line in entry(proposal, compared.collection).split("\n"))
    if result.leftovers:
        yield from ("Not taken over:", "", *(f"    {left}" for left in result.leftovers), "")


def _print_for_a_form(compared: Compared, upstream: str) -> None:
    """Prints the same for somebody to paste into an issue."""
    form, name = ("correction.yml", "Correct a card") if compared.result.changes else ("new-card.yml", "Propose a card")
    target = github_name(upstream)
    where = f"https://github.com/{target}/issues/new?template={form}" if target else "a new issue"
    echo(f"paste this into {where}, the form {name!r}:", err=True)
    for line in _parts(compared):
        echo(line)
