"""A small collection that was released once, made once and copied for each test."""

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
def _templates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    with pytest.MonkeyPatch.context() as patch:
        released = Project(tmp_path_factory.mktemp("released"), patch)
        released.released("1.0.0")
        shutil.copytree(released.decks, released.root / "old")
        tagged = _copied(released.root, tmp_path_factory.mktemp("tagged"), patch)
        tagged.commit()
        tagged.git("tag", "v1.0.0")
    return released.root, tagged.root


@pytest.fixture
def released(_templates: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The collection a day after release 1.0.0, outside git; `old` is a copy of its decks."""
    return _copied(_templates[0], tmp_path, monkeypatch)


@pytest.fixture
def tagged(_templates: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The same, committed and tagged v1.0.0."""
    return _copied(_templates[1], tmp_path, monkeypatch)
