"""Small collections that were released once, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from releases import DAY, START, Project


def _copied(template: Path, root: Path, patch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(template, root, dirs_exist_ok=True, symlinks=True)
    project = Project(root, patch)
    project.at(START + DAY)
    return project


@pytest.fixture(scope="session")
def _released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        project = Project(tmp_path_factory.mktemp("released"), patch)
        project.released("1.0.0")
        shutil.copytree(project.decks, project.root / "old")
    return project.root


@pytest.fixture(scope="session")
def _tagged(_released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        project = _copied(_released, tmp_path_factory.mktemp("tagged"), patch)
        project.commit()
        project.git("tag", "v1.0.0")
    return project.root


@pytest.fixture
def released(_released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The collection a day after release 1.0.0, outside git; `old` is a copy of its decks."""
    return _copied(_released, tmp_path, monkeypatch)


@pytest.fixture
def tagged(_tagged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The same, committed and tagged v1.0.0."""
    return _copied(_tagged, tmp_path, monkeypatch)
