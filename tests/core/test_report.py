"""Findings as people and programs read them."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import jsonschema
import pytest

from ketamine_anki.core.model import Finding, Position
from ketamine_anki.core.report import as_annotations, as_frames, as_json, as_lines, as_sarif, as_summary
from ketamine_anki.core.terminal import use_colour

SCHEMA = json.loads((Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.4.json").read_text(encoding="utf-8"))


def finding(
    message: str, line: int = 1, column: int = 1, path: str = "decks/a.yaml", rule: str = "unknown-key"
) -> Finding:
    return Finding(Position(path, line, column), rule, message)


def frame(message: str, line: str, column: int) -> list[str]:
    """The lines of one frame around a one-line file."""
    (framed,) = as_frames([finding(message, 1, column)], lambda path: (line,))
    return framed.split("\n")


@pytest.mark.parametrize("column", range(1, 8))
@pytest.mark.parametrize("quoted", ["", "#", "##", "##["])
def test_no_command_of_a_runner_is_made_whole_where_a_line_is_cut(column: int, quoted: str) -> None:
    assert "##[" not in "\n".join(frame(f"a mark {quoted!r}", "ab##[error]x", column)[1:])


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
    assert frame("wrong", line, column)[3] == "  | " + " " * under + "^"


@pytest.mark.parametrize(
    ("message", "line", "column", "head", "foot"),
    [
        ("not YAML: ': ' inside text: quote it", "a: b: c", 5, "not YAML", "    ^^ ': ' inside text: quote it"),
        ("yield is 'a: b'", "yield: 'a: b'", 9, "yield is 'a: b'", "        ^^^^"),
    ],
)
def test_a_colon_inside_quotes_does_not_split_the_message(message, line, column, head, foot) -> None:
    shown = frame(message, line, column)
    assert (shown[0], shown[3]) == (f"decks/a.yaml:1:{column}: {head} [unknown-key]", f"  | {foot}")


def test_a_long_line_is_cut_around_the_place() -> None:
    shown = frame("unknown word 'HERE'", "x" * 300 + "HERE" + "y" * 300, 301)
    assert re.fullmatch(r"1 \| …x{50}HERE(y+)…", shown[2])
    assert len(shown[2]) < 120
    assert shown[3] == "  | " + " " * 51 + "^^^^"


def test_a_place_without_a_line_to_show_is_one_line() -> None:
    (framed,) = as_frames([finding("no note shows 'a.png': show it", path="media/a.png")], lambda path: ())
    assert framed == "media/a.png:1:1: no note shows 'a.png': show it [unknown-key]\n"


def test_colour_changes_nothing_but_colour() -> None:
    unknown = finding("unknown key 'a': did you mean 'b'?", 1, 1)
    (plain,), (coloured,) = (as_frames([unknown], lambda path: ("a: 1",), colour) for colour in (False, True))
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_nothing_that_steers_a_terminal_comes_through() -> None:
    bad = [finding("bad 'a\x1b]0;pwned\x07\u202e'\nsecond line", 1, 1)]
    lines = lambda path: ("a\x1b[2Jb\u202e",)  # noqa: E731
    for text in (*as_lines(bad), *as_frames(bad, lines), *as_annotations(bad), as_summary(bad), as_json(bad)):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert len(next(as_lines(bad)).split("\n")) == 1


def test_json_is_a_list_of_plain_records() -> None:
    assert json.loads(as_json([finding("wrong ✓", 2, 3)])) == [
        {"path": "decks/a.yaml", "line": 2, "column": 3, "rule": "unknown-key", "message": "wrong ✓"}
    ]


def test_no_deck_text_becomes_a_workflow_command() -> None:
    """GitHub's runner obeys `::command::` at the start of a line and `##[command]` elsewhere; it shows ten errors."""
    bad = finding("::stop-commands::x\n::add-mask::y\r100%, a: b", path="::notice,x:y.yaml")
    head = "::error file=%3A%3Anotice%2Cx%3Ay.yaml,line=1,col=1,title=unknown-key::"
    assert list(as_annotations([bad] * 60)) == 10 * [f"{head}::stop-commands::x%0A::add-mask::y%0D100%25, a: b"]


def test_the_summary_is_a_bounded_table_that_only_shows_text() -> None:
    summary = as_summary([finding("a | b <img src=x> `c` [d](e) **f** _g_ @h #1\nnext")])
    assert summary.startswith("### 1 finding\n")
    assert summary.splitlines()[-1] == (
        r"| decks/a.yaml:1:1 | a \| b &lt;img src=x&gt; \`c\` \[d\](e) \*\*f\*\* \_g\_ \@&#8203;h \#&#8203;1 / next"
        " | unknown-key |"
    )
    summary = as_summary(finding("x" * 10_000, n + 1) for n in range(5_000))
    assert len(summary.encode()) < 1024 * 1024
    assert "4,000 more" in summary


def sarif(*findings: Finding) -> dict:
    log = json.loads(as_sarif(findings, {"choice": "A page.\n\nBad: `a`", "unknown-key": "Another."}, "1.2.3"))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    return log["runs"][0]


def test_sarif_fits_its_schema_and_names_rule_and_place() -> None:
    log = sarif(
        finding("wrong ✓", 2, 3), finding("bad", path="decks/ä b.yaml", rule="new"), finding("x", path="/tmp/a.yaml")
    )
    rules = [rule["id"] for rule in log["tool"]["driver"]["rules"]]
    assert rules == ["choice", "unknown-key", "new"]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in log["results"])
    places = [result["locations"][0]["physicalLocation"] for result in log["results"]]
    assert places[0]["region"] == {"startLine": 2, "startColumn": 3}
    assert [place["artifactLocation"] for place in places] == [
        {"uri": "decks/a.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "decks/%C3%A4%20b.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "file:///tmp/a.yaml"},
    ]
    assert sarif()["results"] == []


def test_sarif_makes_no_link_of_a_message() -> None:
    """`[text](1)` would lead to a location, `[text](address)` to a page."""
    log = sarif(finding("unknown key '[a](1)' [b](https://evil.example) \\](2)"))
    assert "](" not in log["results"][0]["message"]["text"]


@pytest.mark.parametrize(
    ("terminal", "variables", "expected"),
    [
        (True, "", True),
        (False, "", False),
        (True, "NO_COLOR=1", False),
        (True, "NO_COLOR=", True),
        (True, "TERM=dumb", False),
        (False, "FORCE_COLOR=1", True),
        (True, "FORCE_COLOR=1 NO_COLOR=1", False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    terminal: bool, variables: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given in ("NO_COLOR=", "FORCE_COLOR=", "TERM=", *variables.split()):
        monkeypatch.setenv(*given.split("="))
    stdout = io.StringIO()
    monkeypatch.setattr(stdout, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stdout", stdout)
    assert use_colour() is expected
