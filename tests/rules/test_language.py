"""Which rules hold in a collection, and what its language says; languages.yaml has the inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ketamine_anki.core.language import decimal_sign, is_right_to_left
from ketamine_anki.rules.checker import OPTIONAL, groups
from ketamine_anki.workspace.folder import Folder


def test_all_that_may_be_switched_off_is_a_rule_of_the_manual() -> None:
    pages = groups()
    assert {name for pages in pages.values() for name in pages} >= OPTIONAL
    assert not OPTIONAL & {*pages["format"], *pages["text"], *pages["released"], *pages["excuses"], "duplicate-id"}


def test_the_deck_of_this_repository_switches_nothing_off(real_decks: Path) -> None:
    """What rests on evidence has no exceptions in it."""
    real = Folder(real_decks).collection
    assert real is not None
    assert (real.language, set(real.rules)) == ("en", {"strict"})
    assert {"provenance", "dose-evidence"} <= set(real.rules["strict"])


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        ("en", (".", False)),
        ("de", (",", False)),
        ("es", (",", False)),
        ("es-MX", (".", False)),
        ("ar", (".", True)),
        ("fa-IR", (".", True)),
        ("ks-Deva", (".", False)),
        ("az-Latn", (",", False)),
    ],
)
def test_what_a_language_tag_says(tag: str, says: tuple[str, bool]) -> None:
    assert (decimal_sign(tag), is_right_to_left(tag)) == says
