"""`submit`: corrections become a branch and a pull request, and nothing else changes anywhere."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path

import pytest
import small_deck
from program import Ran, execute, run
from releases import Project

from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.workspace import contribution

GH = """#!/bin/sh
echo "$*" >>"$HUB/asked"
case "$1 $2" in
  "api user") echo "${LOGIN?}" ;;
  "api --method") echo "$LOGIN/name" ;;
  "pr list") cat "$HUB/opened" 2>/dev/null ;;
  "pr create") test -z "$REFUSED" && cat >"$HUB/body" && echo https://github.com/owner/name/pull/7 ;;
esac
"""
BODY = """\
`gas`, answer:

    before: Carbon dioxide
    after:  CO2

"""


class Contributor:
    """A clone of owner/name on a machine where github.com is a folder, with a `gh` that is signed in or not there."""

    def __init__(self, project: Project, patch: pytest.MonkeyPatch) -> None:
        self.project, self.git, self.patch, self.hub = project, project.git, patch, project.root / ".hub"
        for folder in (project.root / ".git/info", self.hub / "bin", self.hub / "tmp"):
            folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        (project.root / ".git/info/exclude").write_text(".hub\nnotes.txt\n", "utf-8")
        project.commit()
        for owner in ("owner", "somebody"):
            self.git("clone", "-q", "--bare", ".", str(self.hub / owner / "name.git"))
        settings = self.hub / "config"
        settings.write_text(
            "[user]\nname = Some Body\nemail = some@example.org\n"
            f'[url "{self.hub}/"]\ninsteadOf = https://github.com/\n[credential]\nhelper =\n',
            "utf-8",
        )
        self.script("bin/gh", GH)
        for name, value in {
            "HUB": str(self.hub),
            "LOGIN": "somebody",
            "GIT_CONFIG_GLOBAL": str(settings),
            "GIT_ALLOW_PROTOCOL": "file:https",
            "PATH": f"{self.hub / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }.items():
            patch.setenv(name, value)
        patch.setattr("tempfile.tempdir", str(self.hub / "tmp"))
        patch.setattr("ketamine_anki.cli.submit._WAITS", (0.01,))
        self.git("remote", "add", "origin", "https://github.com/owner/name.git")
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")
        self.export(gas={"Answer": "CO2"})

    def script(self, name: str, text: str) -> Path:
        program = self.hub / name
        program.write_text(text, "utf-8")
        program.chmod(0o755)
        return program

    def commit(self, old: str = "", new: str = "", *files: str) -> None:
        """Commits files with other words, as if that was what was last fetched."""
        for file in files:
            self.project.replace(old, new, file)
        self.project.commit()
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")

    def export(self, new: dict[str, str] | None = None, **edits: dict[str, str]) -> None:
        """notes.txt: what Anki would export, with other fields in some notes; `new` are those of a note that is new."""
        with (self.project.root / "notes.txt").open("w", encoding="utf-8") as file:
            file.write("#separator:tab\n#html:true\n#guid column:1\n#deck column:2\n")
            rows = csv.writer(file, delimiter="\t", lineterminator="\n")
            for note, made in small_deck.compiled(self.project.decks):
                fields = dict(zip(note_types()[made.note_type].fields, made.fields, strict=True))
                rows.writerow([made.guid, made.deck, *(fields | edits.get(note.id, {})).values()])
            if new:
                rows.writerow([f"x{made.guid}", made.deck, *(fields | new).values()])

    def submit(self, *options: str) -> Ran:
        """Runs it; nothing of the clone, and no temporary file, may be left changed."""
        before = self.state()
        ran = run("submit", "notes.txt", *options)
        assert self.state() == before
        assert os.listdir(self.hub / "tmp") == []
        return ran

    def sent(self, *options: str) -> Ran:
        ran = self.submit("--yes", *options)
        assert ran.code == 0, ran.err
        return ran

    def state(self) -> dict[Path, bytes]:
        files = (path for path in self.project.root.rglob("*") if path.is_file() and self.hub not in path.parents)
        return {path: path.read_bytes() for path in files}

    def asked(self) -> list[str]:
        file = self.hub / "asked"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def pushed(self, owner: str = "somebody") -> str:
        """What the newest commits of branches other than main changed."""
        log = ("log", "-p", "-U0", "--format=%an <%ae>%n%B", "--branches", "--not", "main")
        return execute("git", "-C", self.hub / owner / "name.git", *log).out


@pytest.fixture
def contributor(project: Project, monkeypatch: pytest.MonkeyPatch) -> Contributor:
    return Contributor(project, monkeypatch)


@pytest.fixture
def without_gh(contributor: Contributor) -> Contributor:
    (contributor.hub / "bin/gh").unlink()
    return contributor


def test_corrections_become_a_branch_of_the_fork_and_a_pull_request(contributor: Contributor) -> None:
    """What the contributor has changed, staged or committed besides is neither touched nor sent."""
    project = contributor.project
    project.edit("water", answer="Mine, and committed")
    project.commit()
    project.edit("water", answer="Mine, and staged")
    project.git("add", "-A")
    project.edit("water", answer="Mine")
    ran = contributor.sent()
    assert ran.out.endswith("    [-Carbon dioxide-]{+CO2+}\nhttps://github.com/owner/name/pull/7\n")
    log = contributor.pushed()
    assert log.startswith(f"Some Body <some@example.org>\nCorrect 1 note, as edited in Anki\n\n{BODY}")
    assert log.count("\n@@") == 1
    assert log.endswith("\n-  answer: Carbon dioxide\n+  answer: CO2\n")
    assert (contributor.hub / "body").read_text("utf-8") == BODY
    assert "pr create --repo owner/name --head somebody:anki-" in contributor.asked()[-1]
    assert "--draft" not in contributor.asked()[-1]


def test_what_was_submitted_before_is_neither_pushed_nor_proposed_again(contributor: Contributor) -> None:
    contributor.patch.setenv("REFUSED", "1")  # GitHub takes no pull request the first time
    first = contributor.sent()
    assert "pushed the branch anki-" in first.err
    assert "https://github.com/owner/name/compare/somebody:anki-" in first.out
    contributor.patch.delenv("REFUSED")
    log = contributor.pushed()
    again = contributor.sent()
    assert "these corrections were submitted before: branch anki-" in again.err
    assert again.out.endswith("https://github.com/owner/name/pull/7\n")
    (contributor.hub / "opened").write_text("https://github.com/owner/name/pull/6\n", "utf-8")
    assert contributor.sent().out.endswith("their pull request: https://github.com/owner/name/pull/6\n")
    assert contributor.pushed() == log
    contributor.export(gas={"Answer": "CO~2~"}, water={"Answer": "H2O"})
    contributor.sent()
    assert contributor.pushed() != log


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_nothing_leaves_the_machine_before_a_yes(contributor: Contributor, typed: str) -> None:
    contributor.patch.setattr("sys.stdin", io.StringIO(typed))
    ran = contributor.submit()
    assert ran.code == (1 if typed else 2)
    assert (
        "Your corrections will be pushed to your fork on GitHub, which is made if you have none (or, if `gh` has no"
        " account, to https://github.com/owner/name.git), as a new branch, under CC BY 4.0. They will be proposed to"
        " https://github.com/owner/name.git. Send them? [y/N]"
    ) in ran.err
    assert "nothing was sent" in ran.err
    assert (contributor.asked(), contributor.pushed(), contributor.pushed("owner")) == ([], "", "")


def test_without_gh_the_address_to_open_is_printed(without_gh: Contributor) -> None:
    without_gh.git("remote", "rename", "origin", "upstream")
    without_gh.git("remote", "add", "mine", "git@github.com:nobody/name.git")
    without_gh.git("config", "remote.mine.pushurl", "https://github.com/somebody/name")
    ran = without_gh.sent("--remote", "mine")
    assert "now open the pull request: https://github.com/owner/name/compare/somebody:anki-" in ran.out
    assert BODY in without_gh.pushed()


def test_the_question_names_where_it_is_pushed_to_and_no_password(contributor: Contributor) -> None:
    contributor.commit("licence: CC BY 4.0", "licence: '##[error]x'", "collection.yaml")
    contributor.git("remote", "add", "mine", "https://me:secret@github.com/somebody/name.git")
    ran = contributor.submit("--remote", "mine")
    assert "Your corrections will be pushed to https://github.com/somebody/name.git, as a new branch, under " in ran.err
    assert "under #\\x23[error]x. They will be proposed to https://github.com/owner/name.git. Send them?" in ran.err
    assert "secret" not in ran.err + ran.out


def test_no_other_remote_than_origin_is_chosen(without_gh: Contributor) -> None:
    without_gh.git("remote", "rename", "origin", "mine")
    ran = without_gh.submit("--yes")
    assert (ran.code, "no remote 'origin'" in ran.err, "name one with --remote" in ran.err) == (2, True, True)
    assert without_gh.pushed("owner") == ""


def test_a_relative_address_is_that_of_the_clone(contributor: Contributor) -> None:
    contributor.git("remote", "set-url", "origin", ".hub/somebody/name.git")
    contributor.sent()
    assert BODY in contributor.pushed()


def test_a_card_gives_no_orders_in_a_commit(contributor: Contributor) -> None:
    """Neither does a subdeck's name, which a new note is proposed for."""
    text = "Fixes #12 [skip ci] [no-ci] skip-checks: true @octocat GH-7 https://evil.example ##[error]x"
    hostile = re.compile(r"(?m)#12|\[(?:skip|no)|skip-checks|@octo|GH-7|https://evil|##\[|^\s*::")
    name = "Fixes #12 @octocat"
    contributor.commit("First Part", f"'{name}'", "01-first.yaml", "collection.yaml", "source.yaml")
    contributor.export({"Text": "new"}, gas={"Answer": text}, water={"Answer": f"::error::{text}"})
    contributor.sent()
    message = contributor.pushed().partition("\ndiff --git")[0]
    assert "Fixes" in message
    assert "subdeck Fixes #\u200b12 @\u200boctocat" in message
    assert hostile.findall(message + (contributor.hub / "body").read_text("utf-8")) == []
    contributor.git("remote", "remove", "origin")
    for line in contributor.submit().out.splitlines():
        assert not re.match(r"\s*::|.*##\[", line)
        assert name not in line or line.startswith("    ")


def test_an_export_says_nothing_that_a_runner_obeys(contributor: Contributor) -> None:
    text = "::error::x ##[add-mask]y :: evil"
    contributor.export(gas={"Answer": text}, water={"Extra": f"<u>{text}</u>"})
    for words in (("intake", "notes.txt"), ("intake", "notes.txt", "--write"), ("fmt", "--check"), ("fmt",)):
        ran = run(*words)
        assert not re.search(r"(?m)^\s*::|##\[", ran.out + ran.err), ran
        assert "evil" in ran.out or words[0] != "intake", ran


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda c: (c.hub / "somebody/name.git/HEAD").unlink(), "does not appear to be a git repository"),
        (lambda c: c.patch.setenv("GIT_CONFIG_GLOBAL", os.devnull), "no email was given"),
        (lambda c: c.patch.setenv("GIT_ALLOW_PROTOCOL", "ssh"), "kind 'file' is not allowed, since"),
        (lambda c: c.patch.setattr(contribution, "_NETWORK_SECONDS", 0.0001), "does not answer"),
    ],
)
def test_what_cannot_be_sent_is_printed_for_the_form(contributor: Contributor, break_it, reason: str) -> None:
    break_it(contributor)
    ran = contributor.submit("--yes")
    assert (ran.code, reason in ran.err) == (74, True), ran.err
    assert "paste this into https://github.com/owner/name/issues/new?template=correction.yml" in ran.err
    assert ran.out.endswith(BODY)
    assert contributor.pushed() == ""


@pytest.mark.parametrize(
    "take_away",
    [
        lambda c: (c.project.root / ".git").rename(c.hub / "gone"),
        lambda c: c.patch.setenv("PATH", str(c.hub / "bin")),  # where no git is
        lambda c: c.git("remote", "remove", "origin"),
    ],
)
def test_without_git_or_a_place_to_push_to_it_is_a_text(contributor: Contributor, take_away) -> None:
    take_away(contributor)
    ran = contributor.submit()
    assert (ran.code, ran.out[-len(BODY) :]) == (0, BODY), ran.err
    assert "paste this into a new issue, the form 'Correct a card'" in ran.err
    assert contributor.asked() == []


def test_what_check_finds_in_it_is_told_and_makes_a_draft(contributor: Contributor) -> None:
    contributor.export(gas={"Question": "Which gas do plants take up"})
    finding = "decks/01-first.yaml:13:13: question without a question mark"
    assert finding in contributor.sent().out
    assert f"    {finding}" in contributor.pushed()
    assert contributor.asked()[-1].endswith("--draft")


def test_nothing_to_send(contributor: Contributor) -> None:
    contributor.export()
    assert contributor.submit().err.endswith("nothing to send\n")
    contributor.export(gas={"Extra": "<u>x</u>"})
    assert contributor.submit().code == 1


TRAPS = [
    {"core.sshCommand": "{}", "remote.origin.url": "ssh://localhost/x"},
    {"core.hooksPath": "hooks"},
    {"remote.origin.url": "ext::{}", "protocol.ext.allow": "always"},
    {"url.ext::{} .insteadOf": "https://github.com/somebody", "protocol.ext.allow": "always"},
    {"remote.origin.receivepack": "{}"},
]


@pytest.mark.parametrize("settings", TRAPS, ids=lambda settings: next(iter(settings)))
def test_no_program_that_the_clone_names_is_run(without_gh: Contributor, settings: dict[str, str]) -> None:
    root, ran = without_gh.project.root, without_gh.hub / "ran"
    program = without_gh.script("evil", f"#!/bin/sh\ntouch {ran}\n")
    (root / "hooks").mkdir()
    for hook in ("pre-push", "reference-transaction"):
        (root / "hooks" / hook).symlink_to(program)
    without_gh.git("remote", "set-url", "origin", "https://github.com/somebody/name.git")
    for name, value in settings.items():
        without_gh.git("config", name.format(program), value.format(program))
    without_gh.patch.setenv("GIT_ALLOW_PROTOCOL", "file:https:ssh")
    without_gh.submit("--yes")
    assert not ran.exists()
    without_gh.patch.delenv("GIT_ALLOW_PROTOCOL")
    execute("git", "push", "origin", "HEAD:refs/heads/x", cwd=root)
    assert ran.exists(), "a git that is used without care steps into it"
