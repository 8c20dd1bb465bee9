"""What git knows of a collection: files that are not committed keep it from being released."""

from __future__ import annotations

import os

import pytest
from program import run
from releases import Project

from ketamine_anki.workspace.git import commit_hash, uncommitted


@pytest.mark.parametrize(
    "name",
    ["decks/02-second.yaml", "decks/media/new.png", "program.py", "decks/ignored.yaml", "decks/media/ignored.png"],
)
def test_a_dirty_work_tree_is_refused(project: Project, name: str) -> None:
    """A new file in the deck, ignored or not, or a changed file anywhere: the tag would hold something else than the
    package. New files elsewhere are no matter, nor are those that desktops leave.
    """
    (project.root / "program.py").write_text("1\n", encoding="utf-8")
    project.commit()
    (project.root / ".git/info/exclude").write_text("ignored.*\n.DS_Store\n", encoding="utf-8")
    for path in (project.root / "notes.txt", project.decks / ".DS_Store", project.root / name):
        path.parent.mkdir(exist_ok=True)
        path.write_text("2\n", encoding="utf-8")
    ran = project.release("1.0.0")
    assert ran == (1, "", f"ketamine-anki: {name}: not committed; commit or discard it before a release\n")
    assert not (project.decks / "ledger.yaml").exists()


def test_a_file_is_what_it_holds(project: Project) -> None:
    """Neither its time nor its line ends make it another one; a link to the same bytes does."""
    (project.root / "link").symlink_to("decks")
    project.commit()
    path = project.decks / "collection.yaml"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\n", b"\r\n"))
    assert uncommitted(project.decks) == []
    path.write_bytes(data + b"\n")
    assert uncommitted(project.decks) == ["decks/collection.yaml"]
    (project.root / "elsewhere").write_bytes(data)
    path.unlink()
    path.symlink_to("../elsewhere")
    (project.root / "link").unlink()
    (project.root / "link").symlink_to("dist")
    assert uncommitted(project.decks) == ["decks/collection.yaml", "link"]
    path.unlink()
    os.mkfifo(path)
    assert uncommitted(project.decks) == ["decks/collection.yaml", "link"]


def test_what_is_only_staged_is_not_committed(project: Project) -> None:
    project.git("init", "-q")
    project.git("add", "decks/collection.yaml")
    assert uncommitted(project.decks)[:2] == ["decks/collection.yaml", "decks/01-first.yaml"]
    project.commit()
    project.edit("gas", answer="Carbon dioxide, a gas")
    project.git("add", "-A")
    project.git("rm", "-q", "--cached", "decks/source.yaml")
    assert set(uncommitted(project.decks)) == {"decks/01-first.yaml", "decks/source.yaml"}


def test_a_submodule_is_a_matter_of_its_own(project: Project) -> None:
    project.commit()
    project.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},library")
    project.git("-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "A submodule")
    assert uncommitted(project.decks) == []


def test_only_a_repository_needs_git(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say what is committed in one that git does not read."""
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(project.dist))
    project.released("1.0.0")
    assert run("build").code == 0
    monkeypatch.setenv("PATH", path)
    project.commit()
    monkeypatch.setenv("PATH", str(project.dist))
    reason = "decks: is in a git repository that git does not read: try `git status` there"
    assert project.release("1.0.1") == (74, "", f"ketamine-anki: {reason}\n")


@pytest.mark.parametrize("kind", ["replace", "graft"])
def test_a_revision_is_what_its_hash_names(project: Project, kind: str) -> None:
    """Refs and files of a repository from elsewhere can give another commit, or another parent, for the one named."""
    project.commit()
    first = commit_hash(project.decks, "HEAD")
    project.edit("gas", answer="Oxygen")
    project.commit()
    second = commit_hash(project.decks, "HEAD")
    assert first
    assert second
    if kind == "replace":
        project.git("replace", first, second)
    else:
        (project.root / ".git/info/grafts").write_text(f"{second}\n", encoding="utf-8")
    ran = run("diff", first if kind == "replace" else "HEAD~1", "decks")
    assert (ran.code, "1 changed" in ran.out) == (0, True), ran
