"""What tests share: an empty Anki collection, and the real deck built once."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from program import REPOSITORY, run
from releases import Project

if TYPE_CHECKING:
    from anki.collection import Collection

pytest_plugins = ["skips"]

# Property tests are quick by default; `pytest --hypothesis-profile=deep tests/deckfiles/test_reader.py` looks longer.
_COMMON = settings(deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("quick", _COMMON, max_examples=100)
settings.register_profile("deep", _COMMON, max_examples=20_000)
# For the weekly workflow: other examples each time, although Hypothesis repeats the same ones where CI is set.
settings.register_profile("weekly", _COMMON, max_examples=2_000, derandomize=False, database=None, print_blob=True)
# For tests/deep/mutate.py: a failure is enough, the smallest one is not looked for.
_FIRST = (Phase.explicit, Phase.generate)
settings.register_profile("same", _COMMON, max_examples=20, derandomize=True, database=None, phases=_FIRST)
settings.load_profile("quick")

# A shell that starts the tests in the background has them, and every program they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without `-m deep`, the campaigns are not even imported."""
    return True if collection_path.name == "deep" and config.option.markexpr == "not deep" else None


def pytest_collection_finish() -> None:
    """What is imported and collected by now stays: no need to look for garbage in it a thousand times."""
    gc.freeze()


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Collection]:
    """An empty collection of the real Anki."""
    import engine  # here, as Anki takes a second to import, and the process that only hands out the tests needs none

    col = engine.open_collection(tmp_path)
    yield col
    col.close()


@pytest.fixture(scope="session")
def real_decks() -> Path:
    """The folder of the real collection."""
    return REPOSITORY / "decks"


@pytest.fixture(scope="session")
def real_output(real_decks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the real collection's packages, built once by the program: whole and split."""
    output = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        built = run("build", real_decks, "-o", output, "--split")
    assert built.code == 0, built.out + built.err
    return output


@pytest.fixture(scope="session")
def real_package(real_output: Path) -> Path:
    """The package of the whole real collection."""
    return real_output / "ketamine-clinical-applications.apkg"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A small collection, not released yet; the working folder is its root."""
    return Project(tmp_path, monkeypatch)
