"""Findings as people and programs read them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import small
from program import run
from small import write

from ketamine_anki.core.model import Finding, Position
from ketamine_anki.core.report import as_annotations, as_frames, as_json, as_lines, as_sarif, as_summary, width

SCHEMA = json.loads((Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.4.json").read_text(encoding="utf-8"))
GOOD = "- question: Which gas do plants take up?\n  answer: Carbon dioxide\n  yield: core\n"


def finding(
    message: str, line: int = 1, column: int = 1, path: str = "decks/a.yaml", rule: str = "unknown-key"
) -> Finding:
    return Finding(Position(path, line, column), rule, message)


def frame(message: str, line: str, column: int) -> list[str]:
    """The lines of one frame around a one-line file."""
    (made,) = as_frames([finding(message, 1, column)], lambda path: (line,))
    return made.split("\n")


def test_a_frame_shows_the_line_the_place_and_the_likely_fix() -> None:
    assert frame("unknown key 'anwser': did you mean 'answer'?", "    anwser: Oxygen", 5) == [
        "decks/a.yaml:1:5: unknown key 'anwser' [unknown-key]",
        "  |",
        "1 |     anwser: Oxygen",
        "  |     ^^^^^^ did you mean 'answer'?",
        "",
    ]


@pytest.mark.parametrize(
    ("line", "column", "under"),
    [
        ("answer: plain", 9, 8),
        ("答え: wide letters take two columns", 5, 6),
        ("cafe\u0301: a combining accent takes none", 7, 5),
        ("\tanswer: a tab is shown as one column", 2, 1),
        ("a\u202eb: what hides is spelt out", 3, len("a\\u202e")),
    ],
)
def test_the_caret_stands_under_its_column(line: str, column: int, under: int) -> None:
    shown = frame("wrong", line, column)
    assert shown[3] == "  | " + " " * under + "^"


def test_a_colon_inside_quotes_does_not_split_the_message() -> None:
    shown = frame("not YAML: ': ' inside text: quote it", "a: b: c", 5)
    assert (shown[0], shown[3]) == ("decks/a.yaml:1:5: not YAML [unknown-key]", "  |     ^^ ': ' inside text: quote it")
    shown = frame("yield is 'a: b'", "yield: 'a: b'", 9)
    assert (shown[0], shown[3]) == ("decks/a.yaml:1:9: yield is 'a: b' [unknown-key]", "  |         ^^^^")


def test_a_long_line_is_cut_around_the_place() -> None:
    shown = frame("unknown word 'HERE'", "x" * 300 + "HERE" + "y" * 300, 301)
    assert shown[2].startswith("1 | …xxx")
    assert shown[2].endswith("yyy…")
    assert len(shown[2]) < 120
    at = shown[2].index("HERE")
    assert shown[3] == "  |" + " " * (at - 3) + "^^^^"


def test_a_place_without_a_line_to_show_is_one_line() -> None:
    (made,) = as_frames([finding("no note shows 'a.png': show it", path="media/a.png")], lambda path: ())
    assert made == "media/a.png:1:1: no note shows 'a.png': show it [unknown-key]\n"


def test_colour_changes_nothing_but_colour() -> None:
    said = finding("unknown key 'a': did you mean 'b'?", 1, 1)
    (plain,), (coloured,) = (as_frames([said], lambda path: ("a: 1",), colour) for colour in (False, True))
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_nothing_that_steers_a_terminal_comes_through() -> None:
    said = [finding("bad 'a\x1b]0;pwned\x07\u202e'\nsecond line", 1, 1)]
    lines = lambda path: ("a\x1b[2Jb\u202e",)  # noqa: E731
    for text in (*as_lines(said), *as_frames(said, lines), *as_annotations(said), as_summary(said), as_json(said)):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert len(next(as_lines(said)).split("\n")) == 1


def test_width_counts_terminal_columns() -> None:
    assert [width(text) for text in ("abc", "日本", "e\u0301", "")] == [3, 4, 1, 0]


def test_json_is_a_list_of_plain_records() -> None:
    assert json.loads(as_json([finding("wrong ✓", 2, 3)])) == [
        {"path": "decks/a.yaml", "line": 2, "column": 3, "rule": "unknown-key", "message": "wrong ✓"}
    ]


def test_no_deck_text_becomes_a_workflow_command() -> None:
    """GitHub's runner obeys `::command::` at the start of a line and `##[command]` elsewhere."""
    said = [finding("::stop-commands::x\n::add-mask::y\r100%, a: b", path="::notice,x:y.yaml")]
    (annotation,) = as_annotations(said)
    assert annotation == (
        "::error file=%3A%3Anotice%2Cx%3Ay.yaml,line=1,col=1,title=unknown-key::"
        "::stop-commands::x%0A::add-mask::y%0D100%25, a: b"
    )


def test_annotations_keep_to_what_github_shows_of_a_step() -> None:
    assert len(list(as_annotations(finding(str(n), n + 1) for n in range(60)))) == 10


def test_the_summary_is_a_table_that_only_shows_text() -> None:
    """Every mark with a meaning in Markdown or HTML stands as its number."""
    made = as_summary([finding("a | b <img src=x> `c` [d](e) **f** _g_ @h #1\nnext")])
    assert made.startswith("### 1 finding\n")
    row = made.splitlines()[-1]
    cells = re.sub(r"&#\d+;", "", row.removeprefix("| ").removesuffix(" |")).split(" | ")
    assert len(cells) == 3
    assert not re.search(r"[<>`*\[\]@|~]", "".join(cells))
    assert "&#60;img" in row


def test_the_summary_is_bounded() -> None:
    made = as_summary(finding("x" * 10_000, n + 1) for n in range(5_000))
    assert len(made.encode()) < 1024 * 1024
    assert "4,000 more" in made


def sarif(*said: Finding) -> dict:
    log = json.loads(as_sarif(said, {"choice": "A page.\n\nBad: `a`", "unknown-key": "Another."}, "1.2.3"))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    return log


def test_sarif_fits_its_schema_and_names_rule_and_place() -> None:
    log = sarif(finding("wrong ✓", 2, 3), finding("bad", path="decks/ä b.yaml", rule="made-up"))
    (run_,) = log["runs"]
    rules = [rule["id"] for rule in run_["tool"]["driver"]["rules"]]
    assert rules == ["choice", "unknown-key", "made-up"]
    for result in run_["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    first, second = (result["locations"][0]["physicalLocation"] for result in run_["results"])
    assert first["region"] == {"startLine": 2, "startColumn": 3}
    assert first["artifactLocation"] == {"uri": "decks/a.yaml", "uriBaseId": "%SRCROOT%"}
    assert second["artifactLocation"]["uri"] == "decks/%C3%A4%20b.yaml"


def test_sarif_of_a_file_elsewhere_has_a_full_address_and_no_findings_fit_too() -> None:
    log = sarif(finding("wrong", path="/tmp/a.yaml"))
    assert log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "file:///tmp/a.yaml"
    }
    assert sarif()["runs"][0]["results"] == []


def test_the_sarif_schema_would_notice() -> None:
    """The check itself fails on a log with a column of 0 or a misspelt key."""
    for wrong in ({"version": "2.0", "runs": []}, {"version": "2.1.0", "runs": [{"tol": {}}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft4Validator(SCHEMA).validate(wrong)


# --- the command ------------------------------------------------------------------------------

MISTAKES = "- question: Which gas do plants take up?\n  anwser: Carbon dioxide\n"


def test_elsewhere_than_on_a_terminal_each_finding_is_one_line(tmp_path: Path) -> None:
    folder = write(tmp_path, MISTAKES)
    ran = run("check", folder)
    assert ran.code == 1
    line = (folder / "01-first.yaml").read_text(encoding="utf-8").split("\n").index("  anwser: Carbon dioxide") + 1
    assert ran.out == f"{folder}/01-first.yaml:{line}:3: unknown key 'anwser': did you mean 'answer'? [unknown-key]\n"


def test_text_can_be_asked_for_and_coloured_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path, MISTAKES)
    ran = run("check", "--format", "text", folder)
    assert " |   anwser: Carbon dioxide\n   |   ^^^^^^ did you mean 'answer'?\n" in ran.out
    assert "`ketamine-anki rules unknown-key` explains" in ran.err
    assert "\x1b" not in ran.out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[31m" in run("check", "--format", "text", folder).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("check", "--format", "text", folder).out


@pytest.mark.parametrize(
    ("terminal", "variables", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    terminal: bool, variables: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ketamine_anki.core.terminal import colourful

    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert colourful(terminal) is expected


def test_the_machine_forms_are_whole_without_findings_too(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD)
    assert json.loads(run("check", "--format", "json", folder).out) == []
    assert run("check", "--format", "json", folder).code == 0
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(run("check", "--format", "sarif", folder).out))
    assert run("check", "--format", "github", folder).out == ""


def test_github_annotates_ten_and_sums_up_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "decks", MISTAKES * 12)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert "`ketamine-anki check` shows all" in run("check", "--format", "github", folder).err
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    ran = run("check", "--format", "github", folder)
    assert ran.code == 1
    assert [line.split(" ")[0] for line in ran.out.splitlines()] == ["::error"] * 10
    assert "the first 10 are annotated" in ran.err
    assert summary.read_text(encoding="utf-8").count("unknown-key") == 12


# --- some files of a collection ---------------------------------------------------------------


def two_decks(tmp_path: Path) -> Path:
    """A good deck, and one with an unknown claim and an id of the first."""
    from small import deck

    second = deck(
        "- {id: note-1, question: 'Which gas do plants give off?', answer: Oxygen, claims: [C-9]}", "Second Part"
    )
    return write(tmp_path, GOOD, {"02-second.yaml": second})


def test_a_named_file_is_checked_in_its_collection_and_others_are_not_shown(tmp_path: Path) -> None:
    folder = two_decks(tmp_path)
    ran = run("check", folder / "02-second.yaml")
    assert ran.code == 1
    assert {line.split(":")[0] for line in ran.out.splitlines()} == {f"{folder}/02-second.yaml"}
    assert "[unknown-claim]" in ran.out
    assert "[duplicate-id]" in ran.out


def test_a_finding_elsewhere_that_names_the_file_is_shown(tmp_path: Path) -> None:
    ran = run("check", two_decks(tmp_path) / "01-first.yaml")
    assert [line.rpartition(" ")[2] for line in ran.out.splitlines()] == ["[duplicate-id]"]


def test_files_without_findings_are_clean_though_others_are_not(tmp_path: Path) -> None:
    folder = two_decks(tmp_path)
    ran = run("check", folder / "collection.yaml", folder / "source.yaml")
    assert (ran.code, ran.out) == (0, "")


def test_a_file_is_named_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = two_decks(tmp_path)
    (folder / "media").mkdir()
    monkeypatch.chdir(folder / "media")
    assert run("check", "../collection.yaml").code == 0
    monkeypatch.chdir(folder)
    assert run("check", "02-second.yaml").out.startswith("02-second.yaml:")
    monkeypatch.chdir(folder.parent)
    assert run("check", f"./{folder.name}/02-second.yaml").out.startswith(f"{folder.name}/02-second.yaml:")


def test_files_of_nothing_or_of_two_collections_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (write(tmp_path / name, GOOD) for name in ("one", "two"))
    ran = run("check", one / "collection.yaml", two / "collection.yaml")
    assert (ran.code, ran.err) == (2, "ketamine-anki: files of 2 collections: check one collection at a time\n")
    ran = run("check", one / "01-first.yaml", one / "nothing.yaml")
    assert (ran.code, "no such file" in ran.err) == (2, True)
    stray = tmp_path / "stray.yaml"
    stray.write_text("a: b\n", encoding="utf-8")
    assert "belongs to no collection" in run("check", stray).err
    monkeypatch.chdir(tmp_path)
    assert "belongs to no collection" in run("check", "stray.yaml").err


def test_a_collection_that_cannot_be_read_is_said_whatever_file_was_named(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD, {"collection.yaml": "title: [\n"})
    assert "collection.yaml:" in run("check", folder / "01-first.yaml").out


def test_a_finding_in_what_cannot_be_shown_has_no_frame(tmp_path: Path) -> None:
    """A link is not followed for its frame either, and a picture has no lines."""
    folder = write(tmp_path, GOOD, {"media/unused.png": small.PIXEL})
    (folder / "02-second.yaml").symlink_to("/etc/hostname")
    for rule in ("[file]", "[unused-picture]"):
        (line,) = filter(None, run("check", "--format", "text", folder).out.splitlines())
        assert line.endswith(rule)
        (folder / "02-second.yaml").unlink(missing_ok=True)
