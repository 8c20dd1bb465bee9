"""What CI is built from: the locks, the audit's verdicts, the pins of the workflows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
import small_deck
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from program import REPOSITORY, command, environment, execute
from releases import DAY, START, Project

POSIX = pytest.mark.skipif(os.name == "nt", reason="CI runs its scripts on Linux alone")
CI, WORKFLOWS = REPOSITORY / ".ci", sorted((REPOSITORY / ".github" / "workflows").iterdir())


def locked(name: str) -> dict[str, str]:
    """Version by package of a lock; every one has a hash."""
    text = (CI / name).read_text(encoding="utf-8")
    entries = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(\S+)([^\n]*\n(?: +[^\n]*\n)*)", text, re.MULTILINE)
    assert entries
    assert not [name for name, _, rest in entries if "--hash=sha256:" not in rest]
    return {canonicalize_name(name): version for name, version, _ in entries}


def wanted(lock: str) -> list[Requirement]:
    """What pyproject.toml requires: for the program itself, or with all extras."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [] if lock == "build.txt" else project["optional-dependencies"].values()
    named = [Requirement(line) for lines in (project["dependencies"], *extras) for line in lines]
    return [each for each in named if each.name != "ketamine-anki"]


@pytest.mark.parametrize("lock", ["build.txt", "requirements.txt"])
def test_the_lock_holds_what_pyproject_wants(lock: str) -> None:
    versions, required = locked(lock), wanted(lock)
    assert not [str(each) for each in required if ">=" not in str(each.specifier)], "each has a lower bound"
    here = [each for each in required if not each.marker or each.marker.evaluate({"python_version": "3.11"})]
    fits = {str(each): each.specifier.contains(versions.get(canonicalize_name(each.name), "0")) for each in here}
    assert not [each for each, fit in fits.items() if not fit], "renew the locks with .ci/lock"


def test_a_release_is_built_with_what_was_tested() -> None:
    assert locked("build.txt").items() <= locked("requirements.txt").items()


def stub(path: Path, script: str) -> Path:
    """A shell script in the place of a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def copied(name: str, root: Path) -> Path:
    """A script of .ci/ in another repository."""
    (root / ".ci").mkdir(exist_ok=True)
    return Path(shutil.copy(CI / name, root / ".ci"))


@POSIX
@pytest.mark.parametrize(
    ("said", "code", "expected"),
    [
        ('{"name": "a", "version": "1", "vulns": []}', 0, "1 of 1 locked versions audited, 0 vulnerabilities"),
        (
            '{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}',
            1,
            "a 1: PYSEC-1, mended in 2",
        ),
        ('{"name": "a", "skip_reason": "Dependency not found on PyPI"}', 0, "NOT AUDITED: 1 of 1 versions"),
        (None, 0, "NOT AUDITED: nothing of lock.txt was audited: pip-audit had no answer (ConnectionError: no route)"),
    ],
    ids=["clean", "vulnerable", "unknown to the server", "no server"],
)
def test_the_audit_fails_on_holes_and_says_when_it_saw_nothing(
    said: str | None, code: int, expected: str, tmp_path: Path
) -> None:
    answer = said and f'{{"dependencies": [{said}], "fixes": []}}'
    program = stub(tmp_path / "pip-audit", f"echo 'ConnectionError: no route' >&2; printf '%s' '{answer or ''}'")
    done = execute(sys.executable, CI / "audit", program, "lock.txt")
    assert (done.code, expected in done.out) == (code, True), done.out


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_permission_but_of_a_job_pins_every_action_and_only_calls(path: Path) -> None:
    """The logic is in the program and in .ci/: one short command a step, nothing of an event in it."""
    text = path.read_text(encoding="utf-8")
    workflow = yaml.load(text, yaml.CBaseLoader)
    assert workflow["permissions"] == {}
    assert not {"pull_request_target", "workflow_run"} & set(workflow["on"])
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        if "pull_request" in workflow["on"]:
            assert job["permissions"] == {"contents": "read"}, name
            assert "secrets." not in text
        for line in (step["run"] for step in job["steps"] if "run" in step):
            assert "\n" not in line.strip()
            assert "${{" not in line
            for script in re.findall(r"\.ci/[a-z]+(?= |$)", line) if os.name != "nt" else ():
                assert os.access(REPOSITORY / script, os.X_OK), script
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    assert not [use for use in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)]


@POSIX
def test_a_tag_that_is_not_there_is_named(project: Project) -> None:
    script = copied("rebuild", project.root)
    project.commit()
    message = "there is no tag v9 here: git fetch --tags, then git tag --list 'v*'\n"
    assert execute(script, "v9") == (1, "", message)


@pytest.fixture(scope="module")
def twice_released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection after 1.0.0 and 1.1.0, which retires a note, with .ci/compare."""
    with pytest.MonkeyPatch.context() as patch:
        project = Project(tmp_path_factory.mktemp("released"), patch)
        copied("compare", project.root)
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
        ("a file and its sum", "v1.1.0", "SHA256SUMS is not byte by byte"),
        ("", "v1.1.1", "decks/ledger.yaml knows no release 1.1.1"),
    ],
)
def test_what_is_signed_is_what_the_ledger_says(
    changed: str, tag: str, said: str, twice_released: Path, tmp_path: Path
) -> None:
    """Whatever the job changed that built, which runs much that others wrote."""
    shutil.copytree(twice_released, tmp_path, dirs_exist_ok=True)
    dist = tmp_path / "dist"
    if changed == "a file and its sum":
        part = dist / "small-1.1.0-01-first-part.apkg"
        small_deck.replace(dist / "SHA256SUMS", sha256(part.read_bytes()).hexdigest(), sha256(b"evil").hexdigest())
        part.write_bytes(b"evil")
    elif changed:
        with (dist / changed).open("ab") as file:
            file.write(b"more")
    done = execute(tmp_path / ".ci" / "compare", tag, dist)
    assert (done.code, said in done.out + done.err) == (1 if said else 0, True), done.err


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `gh` beside this file, which stands in for GitHub, keeps of the repository owner/name."""
    monkeypatch.setenv("PATH", f"{Path(__file__).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GH_REPO", "owner/name")
    monkeypatch.setenv("HUB", str(tmp_path / "hub"))
    (tmp_path / "hub").mkdir()
    return tmp_path / "hub"


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
    spoil: str, reviewers: str, code: int, state: set[str], hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = hub.with_name("built")
    built.mkdir()
    (built / "deck.apkg").write_text("cards", encoding="utf-8")
    (built / "RELEASE_NOTES.md").write_text("What is new", encoding="utf-8")
    monkeypatch.setenv("SPOIL", spoil)
    monkeypatch.setenv("REVIEWERS", reviewers)
    for _ in range(2 - (code == 0)):  # a second try finds the draft of the first
        done = execute(CI / "publish", "v1.0.0", built)
        assert done.code == code, done.out + done.err
        assert {each.name for each in hub.iterdir() if each.suffix == ""} == state
    asked = (hub / "asked").read_text(encoding="utf-8")
    assert asked.count("release create") == ("files" in state)
    assert asked.count(f"release edit v1.0.0 --draft=false --notes-file {built}/RELEASE_NOTES.md") == (code == 0)


@POSIX
def test_reviewers_get_changes_and_page_after_findings(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project.root
    script = copied("cards", root)
    stub(root / ".venv" / "bin" / "ketamine-anki", f'exec {shlex.join(command())} "$@"')
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(root / "summary"))
    project.commit()
    project.edit("gas", answer="Carbon dioxide, always")
    done = execute(script, "HEAD", env=environment())
    assert done.code == 1, done.out + done.err
    written = {path.name: path.read_text(encoding="utf-8") for path in (root / "UNREVIEWED").iterdir()}
    assert set(written) == {"changes.md", "preview.html"}
    assert "always" in written["changes.md"]
    assert "absolute-wording" in written["preview.html"]
    assert (root / "summary").read_text(encoding="utf-8") == written["changes.md"]


@POSIX
@pytest.mark.parametrize(("open_issue", "asked"), [("7", "issue comment 7"), ("", "issue create --title A title")])
def test_what_a_weekly_job_finds_becomes_an_issue(
    open_issue: str, asked: str, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment on the open issue, or a new one, with what the command wrote; nothing when it ended with 0."""
    monkeypatch.setenv("OPEN_ISSUE", open_issue)
    assert execute(CI / "issue", "A title", "true").code == 0
    assert not (hub / "asked").exists()
    assert execute(CI / "issue", "A title", "sh", "-c", "echo hole; exit 3").code == 3
    assert asked in (hub / "asked").read_text(encoding="utf-8")
    assert "\nhole\n" in (hub / "body").read_text(encoding="utf-8")


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
    script = copied("wheel", tmp_path)
    package = tmp_path / "ketamine_anki"
    package.mkdir()
    (package / "CHANGELOG.md").write_text(f"{changelog}\n", encoding="utf-8")
    (package / "requirements.txt").write_text(f"git+https://github.com/{owner}/x\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").touch()
    hatchling = "test $1 = version && echo 0.1.0 && exit\necho built >&2\nexit 3"
    stub(tmp_path / ".venv" / "bin" / "hatchling", hatchling)
    done = execute(script, tag)
    assert (done.code, said in done.err) == (3 if said == "built" else 1, True), done.err
