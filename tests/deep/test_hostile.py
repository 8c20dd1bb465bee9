"""Every hostile case has its stated outcome; nothing it says can steer a terminal; no secret leaves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import hostile_cases
import pytest
import small_deck
from hostile_cases import SECRET, Case
from invariants import check_printable, text_of
from program import Ran, run

from ketamine_anki.anki.package_reader import read_package
from ketamine_anki.core.limits import MAX_FINDINGS
from ketamine_anki.core.model import Finding
from ketamine_anki.deckfiles.reader import sorted_findings
from ketamine_anki.rules.checker import groups
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.pipeline import check_notes

CASES = hostile_cases.cases()
# Rules of language and of curation have tests of their own; here the payloads are no good cards.
_OTHERS = {
    rule for group in ("wording", "cloze", "medication", "interference", "provenance") for rule in groups()[group]
}
FORMS = ("text", "lines", "json", "github", "sarif")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, FIFOs and devices of POSIX")


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 500


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_case_has_its_stated_outcome(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "device " in str(case.parts) and os.geteuid() != 0:
        pytest.skip("making a device needs root")
    monkeypatch.setenv("DEPLOY_TOKEN", SECRET)  # as a CI job has one
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    folder, output = hostile_cases.write(case, tmp_path), tmp_path / "dist"
    ran = run("build", folder, "-o", output)
    _check_output(ran)
    _check_output(run("check", "--format", FORMS[len(case.name) % len(FORMS)], folder))
    if case.finds is not None:
        assert ran.code == 1, ran.out + ran.err
        assert not output.exists() or not list(output.iterdir())
        _check_findings(case.finds, folder)
        return
    assert (ran.code, ran.err) == (0, ""), ran.out + ran.err
    (package,) = output.iterdir()
    assert SECRET.encode() not in package.read_bytes()
    _check_accepted(case, package)


def _check_output(ran: Ran) -> None:
    assert ran.code in (0, 1)
    assert not [word for word in ("Traceback", "internal error", SECRET) if word in ran.out + ran.err]
    for line in (ran.out + ran.err).split("\n"):
        check_printable(line.removeprefix("::error "))


def _check_findings(wanted: list[str], folder: Path) -> None:
    """Every finding but those of the other rules, no more and no less."""
    read = Folder(str(folder))
    check_notes(read)
    found = sorted_findings(read.findings)
    assert 0 < len(found) <= 2 * MAX_FINDINGS
    if wanted == ["many"]:
        return
    found = [finding for finding in found if finding.rule not in _OTHERS]
    for expected in wanted:
        match = next((finding for finding in found if _is(finding, expected)), None)
        assert match, (expected, found)
        found.remove(match)
    assert not found


def _is(finding: Finding, expected: str) -> bool:
    rule, _, file = expected.partition(" in ")
    if file:
        return finding.rule == rule and finding.position.path.endswith(file)
    rule, at, place = expected.partition(" @ ")
    if finding.rule != rule or not at:
        return finding.rule == rule
    path, line, column = finding.position
    lines = Path(path).read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    typed = lines[line - 1][column - 1 :]
    return typed.startswith(place) or (typed[:1] in "\"'" and typed[1:].startswith(place))


EXPECTED: dict[str, Callable[[str, str, Path], bool]] = {
    "shows": lambda wanted, field, package: text_of(field) == wanted,
    "shows-length": lambda wanted, field, package: len(text_of(field)) == int(wanted),
    "html": lambda wanted, field, package: field == wanted,
    "html-has": lambda wanted, field, package: wanted in field,
    "source-has": lambda wanted, field, package: wanted in small_deck.rows(package, "SELECT flds FROM notes")[0][0],
    "description-has": lambda wanted, field, package: wanted in small_deck.rows(package, "SELECT decks FROM col")[0][0],
    "accepted": lambda wanted, field, package: True,
}


def _check_accepted(case: Case, package: Path) -> None:
    (note,) = read_package(package.read_bytes()).notes
    field = note.fields["Text" if "text" in case.parts else "Extra"]
    wanted = {key: text for key, text in case.parts.items() if key in EXPECTED}
    assert wanted
    assert {key: text for key, text in wanted.items() if not EXPECTED[key](text, field, package)} == {}, field
