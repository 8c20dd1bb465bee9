"""Broken collections under tests/rules/bad: each folder states in its files what has to be found, and where.

A folder holds what differs from the sound base (collection.yaml and source.yaml of
tests/rules/good). A line `# expect: RULE LINE:COLUMN part of the message` in one of its files is a finding
in that file; with `PATH:LINE:COLUMN` in another one. What is found and what is stated must be the same.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import small_deck
from program import run

BAD = Path(__file__).with_name("bad")
GOOD = Path(__file__).with_name("good")
CASES = sorted(path for path in BAD.iterdir() if path.is_dir())
_EXPECT = re.compile(r"^\s*# expect: ([a-z-]+) (?:(\S+?):)?(\d+):(\d+)(?: (.*))?$", re.MULTILINE)

Mark = tuple[str, int, int, str, str]  # path, line, column, rule, the message or a part of it


def stated(case: Path) -> list[Mark]:
    """What the files of a case say is to be found, in the order of findings."""
    marks = []
    for path in sorted(case.rglob("*.yaml")):
        text = path.read_text("utf-8")
        own = path.relative_to(case).as_posix()
        expected = _EXPECT.findall(text)
        marks += [(other or own, int(line), int(column), rule, part) for rule, other, line, column, part in expected]
        assert text.count("# expect:") == len(expected), f"{path}: malformed mark"
    return sorted(marks)


def found(case: Path, folder: Path) -> list[Mark]:
    """What the program finds in a case, which is written to a folder."""
    base = {name: (GOOD / name).read_bytes() for name in ("collection.yaml", "source.yaml")}
    own = {path.relative_to(case).as_posix(): path.read_bytes() for path in case.rglob("*") if path.is_file()}
    decks = re.findall(r"(?m)^deck: (Second Part|Third Part)$", b"\n".join(own.values()).decode("utf-8", "replace"))
    base["collection.yaml"] += "".join(f"  - {name}\n" for name in sorted({*decks})).encode()
    checked = run("check", "--format", "json", small_deck.write(folder, files=base | own))
    findings = [tuple(each.values()) for each in json.loads(checked.out)]
    assert checked.code == (1 if findings else 0), checked
    return sorted((Path(path).relative_to(folder).as_posix(), *rest) for path, *rest in findings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_found_is_stated(case: Path, tmp_path: Path) -> None:
    marks, findings = stated(case), found(case, tmp_path)
    assert marks, f"{case} states no finding"
    assert [mark[:4] for mark in findings] == [mark[:4] for mark in marks]
    for (*_, message), (*_, part) in zip(findings, marks, strict=True):
        assert part in message


def test_there_are_cases_and_their_base_is_sound(tmp_path: Path) -> None:
    """An empty folder would pass everything."""
    assert len(CASES) >= 20
    assert found(GOOD, tmp_path) == []


def test_marks_are_needed_both_ways(tmp_path: Path) -> None:
    """A mark too many or too few is seen, and so is one in another column."""
    case = tmp_path / "case"
    case.mkdir()
    sound = (GOOD / "01-first.yaml").read_text("utf-8")
    (case / "01-first.yaml").write_text(sound.replace("answer:", "anwser:") + "# expect: unknown-key 5:6\n", "utf-8")
    assert [mark[:4] for mark in stated(case)] == [("01-first.yaml", 5, 6, "unknown-key")]
    assert [mark[:4] for mark in found(case, tmp_path / "folder")] == [("01-first.yaml", 5, 5, "unknown-key")]


def test_twelve_mistakes_in_three_files(tmp_path: Path) -> None:
    """Twelve mistakes of different kinds give twelve findings, no more, in reading order."""
    assert len({rule for *_, rule, _ in found(BAD / "twelve", tmp_path)}) == 12
    checked = run("check", "--format", "json", tmp_path)
    assert checked.err == "12 findings in 3 files\n"
    places = [(each["path"], each["line"], each["column"]) for each in json.loads(checked.out)]
    assert places == sorted(places)
