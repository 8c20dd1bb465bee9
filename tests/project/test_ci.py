"""What CI is built from: the locks, the audit's verdicts, the pins of the workflows."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
import small_deck
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from program import REPOSITORY, command, environment, execute
from releases import DAY, START, Project

POSIX = pytest.mark.skipif(os.name == "nt", reason="CI runs its scripts on Linux alone")
# `gh` beside this file stands in for GitHub.
PATH = f"{Path(__file__).parent}{os.pathsep}{os.environ['PATH']}"
CI, WORKFLOWS = REPOSITORY / ".ci", REPOSITORY / ".github" / "workflows"


def locked(name: str) -> dict[str, str]:
    """Version by package of a lock; every one has a hash."""
    text = (CI / name).read_text(encoding="utf-8")
    entries = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(\S+)([^\n]*\n(?: +[^\n]*\n)*)", text, re.MULTILINE)
    assert entries
    assert not [entry[0] for entry in entries if "--hash=sha256:" not in entry[2]]
    return {canonicalize_name(package): version for package, version, _ in entries}


def wanted() -> dict[str, list[Requirement]]:
    """The requirements of pyproject.toml: "" for the program itself, then each extra."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: [Requirement(line) for line in lines] for extra, lines in groups.items()}


@pytest.mark.parametrize(
    ("lock", "extras"), [("build.txt", [""]), ("requirements.txt", list(wanted()))], ids=["build", "requirements"]
)
def test_the_lock_holds_what_pyproject_wants(lock: str, extras: list[str]) -> None:
    versions = locked(lock)
    stale = [
        str(requirement)
        for extra in extras
        for requirement in wanted()[extra]
        if requirement.name != "ketamine-anki"
        and (requirement.marker is None or requirement.marker.evaluate({"python_version": "3.11"}))
        and not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"))
    ]
    assert not stale, "renew the locks with .ci/lock"


def test_every_dependency_has_a_lower_bound() -> None:
    named = [each for group in wanted().values() for each in group if each.name != "ketamine-anki"]
    assert not [str(each) for each in named if not re.search(">=", str(each.specifier))]


def test_a_release_is_built_with_what_was_tested() -> None:
    tested = locked("requirements.txt")
    assert {name: tested.get(name) for name in locked("build.txt")} == locked("build.txt")


@POSIX
@pytest.mark.parametrize(
    ("said", "code", "expected"),
    [
        ({"name": "a", "version": "1", "vulns": []}, 0, "1 of 1 locked versions audited, 0 vulnerabilities"),
        (
            {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]},
            1,
            "a 1: PYSEC-1, mended in 2",
        ),
        ({"name": "a", "skip_reason": "Dependency not found on PyPI"}, 0, "NOT AUDITED: 1 of 1 versions"),
        (None, 0, "NOT AUDITED: nothing of lock.txt was audited: pip-audit had no answer (ConnectionError: no route)"),
    ],
    ids=["clean", "vulnerable", "unknown to the server", "no server"],
)
def test_the_audit_fails_on_holes_and_says_when_it_saw_nothing(
    said: dict[str, object] | None, code: int, expected: str, tmp_path: Path
) -> None:
    answer = "" if said is None else json.dumps({"dependencies": [said], "fixes": []})
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\necho 'ConnectionError: no route' >&2\nprintf '%s' '{answer}'\n", encoding="utf-8")
    program.chmod(0o755)
    done = execute(sys.executable, CI / "audit", program, "lock.txt")
    assert (done.code, expected in done.out) == (code, True), done.out


@pytest.mark.parametrize("path", sorted(WORKFLOWS.iterdir()), ids=lambda path: path.name)
def test_a_workflow_starts_from_no_permission_and_pins_every_action(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.load(text, yaml.CBaseLoader)
    assert workflow["permissions"] == {}
    assert not {"pull_request_target", "workflow_run"} & set(workflow["on"])
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        if "pull_request" in workflow["on"]:
            assert job["permissions"] == {"contents": "read"}, name
            assert "secrets." not in text
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    assert not [use for use in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)]


def test_a_workflow_only_calls() -> None:
    """The logic is in the program and in .ci/: one short command a step, nothing of an event in it."""
    steps = [
        (path.name, step["run"])
        for path in WORKFLOWS.iterdir()
        for job in yaml.load(path.read_text(encoding="utf-8"), yaml.CBaseLoader)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    assert steps
    assert not [(name, run) for name, run in steps if "\n" in run.strip() or "${{" in run]
    for name, run in steps:
        for script in re.findall(r"\.ci/[a-z]+(?= |$)", run) if os.name != "nt" else ():
            assert (REPOSITORY / script).stat().st_mode & 0o100, f"{name}: {script} cannot be run"


@POSIX
def test_a_tag_that_is_not_there_is_named(project: Project) -> None:
    (project.root / ".ci").mkdir()
    shutil.copy(CI / "rebuild", project.root / ".ci")
    project.commit()
    message = "there is no tag v9 here: git fetch --tags, then git tag --list 'v*'\n"
    assert execute(".ci/rebuild", "v9") == (1, "", message)


@pytest.fixture(scope="module")
def twice_released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection after 1.0.0 and 1.1.0, which retires a note, with .ci/compare."""
    with pytest.MonkeyPatch.context() as patch:
        project = Project(tmp_path_factory.mktemp("released"), patch)
        (project.root / ".ci").mkdir()
        shutil.copy(CI / "compare", project.root / ".ci")
        project.released("1.0.0")
        project.edit("gas", retired={"version": "1.1.0", "reason": "Newer work differs."})
        project.at(START + DAY)
        shutil.rmtree(project.dist)
        project.released("1.1.0")
    return project.root


@POSIX
@pytest.mark.parametrize(
    ("changed", "tag", "said"),
    [
        ("", "v1.1.0", ""),
        ("small-1.1.0.apkg", "v1.1.0", "small-1.1.0.apkg is not byte by byte what decks/ledger.yaml says of 1.1.0"),
        ("small-1.1.0-update.apkg", "v1.1.0", "small-1.1.0-update.apkg is not byte by byte"),
        ("small-1.1.0-01-first-part.apkg", "v1.1.0", "small-1.1.0-01-first-part.apkg: FAILED"),
        ("RELEASE_NOTES.md", "v1.1.0", "RELEASE_NOTES.md: FAILED"),
        ("SHA256SUMS", "v1.1.0", "SHA256SUMS is not byte by byte what decks/ledger.yaml says of 1.1.0"),
        ("evil.apkg", "v1.1.0", "evil.apkg is no file of the release"),
        ("sbom.cdx.json", "v1.1.0", ""),
        ("", "v1.1.1", "decks/ledger.yaml knows no release 1.1.1"),
    ],
)
def test_what_is_signed_is_what_the_ledger_says(
    changed: str, tag: str, said: str, twice_released: Path, tmp_path: Path
) -> None:
    shutil.copytree(twice_released, tmp_path, dirs_exist_ok=True)
    if changed:
        with (tmp_path / "dist" / changed).open("ab") as file:
            file.write(b"more")
    done = execute(tmp_path / ".ci" / "compare", tag, tmp_path / "dist")
    assert (done.code, said in done.out + done.err) == (1 if said else 0, True), done.err


@POSIX
def test_a_file_and_its_sum_changed_together_are_not_signed(twice_released: Path, tmp_path: Path) -> None:
    """By the job that built, which runs much that others wrote."""
    shutil.copytree(twice_released, tmp_path, dirs_exist_ok=True)
    part, sums = tmp_path / "dist" / "small-1.1.0-01-first-part.apkg", tmp_path / "dist" / "SHA256SUMS"
    before = hashlib.sha256(part.read_bytes()).hexdigest()
    part.write_bytes(b"evil")
    after = hashlib.sha256(b"evil").hexdigest()
    small_deck.replace(sums, before, after)
    done = execute(tmp_path / ".ci" / "compare", "v1.1.0", tmp_path / "dist")
    assert (done.code, "SHA256SUMS is not byte by byte" in done.err) == (1, True)


@POSIX
@pytest.mark.parametrize(
    ("spoil", "reviewers", "code", "state"),
    [
        (":", "1", 0, {"asked", "files", "public"}),
        ("eval echo more >>$HUB/files/deck.apkg", "1", 1, {"asked", "files", "draft"}),
        ("false", "1", 1, {"asked", "files", "draft"}),
        (":", "0", 1, {"asked"}),
    ],
    ids=["whole", "another file than ours", "upload fails", "nobody reviews"],
)
def test_a_release_is_public_only_when_it_is_reviewed_and_holds_what_was_built(
    spoil: str, reviewers: str, code: int, state: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, built = (tmp_path / name for name in ("hub", "built"))
    for folder in (hub, built):
        folder.mkdir()
    (built / "deck.apkg").write_text("cards", encoding="utf-8")
    (built / "RELEASE_NOTES.md").write_text("What is new", encoding="utf-8")
    variables = {"HUB": str(hub), "SPOIL": spoil, "REVIEWERS": reviewers, "GH_REPO": "owner/name", "PATH": PATH}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for _ in range(2 - (code == 0)):  # a second try finds the draft of the first
        done = execute(CI / "publish", "v1.0.0", built)
        assert done.code == code, done.out + done.err
        assert {each.name for each in hub.iterdir() if each.suffix == ""} == state
    asked = (hub / "asked").read_text(encoding="utf-8")
    assert asked.count("release create") == ("files" in state)
    assert asked.count(f"release edit v1.0.0 --draft=false --notes-file {built}/RELEASE_NOTES.md") == (code == 0)


@POSIX
def test_reviewers_get_changes_and_page_after_findings(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.root / ".ci").mkdir()
    shutil.copy(CI / "cards", project.root / ".ci")
    program = project.root / ".venv" / "bin" / "ketamine-anki"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.root / "summary"))
    project.commit()
    project.edit("gas", answer="Carbon dioxide, always")
    done = execute(project.root / ".ci" / "cards", "HEAD", env=environment())
    assert done.code == 1, done.out + done.err
    written = {path.name: path.read_text(encoding="utf-8") for path in (project.root / "UNREVIEWED").iterdir()}
    assert set(written) == {"changes.md", "preview.html"}
    assert "always" in written["changes.md"]
    assert "absolute-wording" in written["preview.html"]
    assert (project.root / "summary").read_text(encoding="utf-8") == written["changes.md"]


@POSIX
@pytest.mark.parametrize(("open_issue", "asked"), [("7", "issue comment 7"), ("", "issue create --title A title")])
def test_what_a_weekly_job_finds_becomes_an_issue(
    open_issue: str, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment on the open issue, or a new one, with what the command wrote; nothing when it ended with 0."""
    variables = {"HUB": tmp_path, "OPEN_ISSUE": open_issue, "GH_REPO": "owner/name", "PATH": PATH}
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    assert execute(CI / "issue", "A title", "true").code == 0
    assert not (tmp_path / "asked").exists()
    assert execute(CI / "issue", "A title", "sh", "-c", "echo hole; exit 3").code == 3
    assert asked in (tmp_path / "asked").read_text(encoding="utf-8")
    assert "\nhole\n" in (tmp_path / "body").read_text(encoding="utf-8")


@POSIX
@pytest.mark.parametrize(
    ("tag", "changelog", "owner", "said"),
    [
        ("program-v0.2.0", "## 0.2.0", "somebody", "program-v0.2.0: the program calls itself 0.1.0"),
        ("program-v0.1.0", "## 0.1.0 (not tagged yet)", "somebody", "has no '## 0.1.0'"),
        ("program-v0.1.0", "## 0.1.0", "OWNER", "put the repository's owner for OWNER"),
        ("program-v0.1.0", "## 0.1.0", "somebody", "built"),
    ],
)
def test_what_may_not_be_published_is_not_even_built(
    tag: str, changelog: str, owner: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(CI / "wheel", tmp_path / ".ci")
    (tmp_path / "ketamine_anki").mkdir()
    (tmp_path / "ketamine_anki" / "CHANGELOG.md").write_text(f"{changelog}\n", encoding="utf-8")
    (tmp_path / "ketamine_anki" / "requirements.txt").write_text(
        f"git+https://github.com/{owner}/x\n", encoding="utf-8"
    )
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    program = tmp_path / ".venv" / "bin" / "hatchling"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\ntest $1 = version && echo 0.1.0 && exit\necho built >&2\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    done = execute(tmp_path / ".ci" / "wheel", tag)
    assert (done.code, said in done.err) == (3 if said == "built" else 1, True), done.err
