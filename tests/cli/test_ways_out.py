"""One hostile text, sent through every way out of the program, neither runs, links, notifies nor steers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from program import run
from releases import DAY, START, Project

from ketamine_anki.core.escape import annotation, json_text, markdown, terminal, terminal_block

HOSTILE = "::error::x ##[add-mask]y @octocat #1 https://evil.example www.evil.example a@evil.example | `c` *b*"
HTML = f"{HOSTILE} <img src=x onerror=alert(1)> [l](https://evil.example)"
# What GitHub's runner obeys in a line of a log, after blanks of any kind.
OBEYED = re.compile(r"(?m)^\s*::|##\[|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
# What GitHub makes of Markdown without being asked.
LINKED = re.compile(r"(?i)https?://|www\.\w|\w@\w|@octocat|#\d|<img")


def rendered(text: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(text)


@pytest.mark.parametrize("before", ["", "  ", "\xa0", "a "])
@pytest.mark.parametrize(
    "text", [HTML, "- a", "12. a", "+ a", "# a", "> a", "\x1b[2J\u202e", "a\n::b", "<b>", "$x$ ~y~"]
)
def test_each_medium_shows_the_text_and_nothing_else(text: str, before: str) -> None:
    typed = before + text
    page = rendered(markdown(typed))
    assert re.fullmatch("<p>[^<]*</p>\n", page), page
    assert not LINKED.search(page), page
    assert not OBEYED.search(markdown(typed))
    assert not OBEYED.search(terminal(typed))
    assert not OBEYED.search(terminal_block(f"a\n{typed}"))
    assert "\n" not in markdown(typed) + terminal(typed) + annotation(typed)
    assert not OBEYED.search(f"::error::{annotation(typed)}".removeprefix("::"))
    assert not OBEYED.search(json_text([typed]))
    assert json.loads(json_text([typed])) == [typed]


def test_a_collection_says_nothing_that_is_obeyed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its texts in the release notes, the changelog, release.json, the summary, and all that is printed."""
    released = project
    released.released("1.0.0")
    released.at(START + DAY)
    summary = released.root / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    name = HOSTILE.removeprefix("::error::").replace("[", "(").replace("]", ")")
    head = released.decks / "collection.yaml"
    text = head.read_text(encoding="utf-8").replace("title: Small Deck", f"title: '{name}'")
    text = text.replace("For a test.", f"'{HTML}'").replace("licence: CC BY 4.0", f"licence: '{HTML}'")
    head.write_text(text.replace("First Part", f"'First {name}'"), encoding="utf-8")
    released.replace("First Part", f"'First {name}'")
    released.replace("First Part", f"'First {name}'", "source.yaml")
    said = [released.release("2.0.0", "--dry-run"), released.release("2.0.0")]
    said += [released.release("2.0.0", "--rebuild"), run("site"), run("preview"), run("fmt"), run("fmt", "--check")]
    said += [run("diff", "dist/small-1.0.0.apkg", "decks", "--format", form) for form in ("text", "markdown", "json")]
    said += [run("stats", "--format", form) for form in ("text", "json")]
    released.edit("gas", answer="$~$", tags=[HOSTILE.replace("::", "")])
    forms = ("text", "lines", "json", "sarif")
    said += [run("check", "--format", form) for form in forms]
    assert run("check", "--format", "github").code == 1
    assert [ran for ran in said if ran.code not in (0, 1) or OBEYED.search(ran.out + ran.err)] == []
    assert "evil" in released.notes
    written = [released.notes, released.changelog, summary.read_text(encoding="utf-8")]
    files = ("dist/release.json", "dist/ANKIWEB.md", "site/index.html", "dist/preview.html")
    record, ankiweb, *pages = (Path(file).read_text(encoding="utf-8") for file in files)
    assert [text for text in (*written, record, ankiweb) if OBEYED.search(text)] == []
    for text in (released.notes, summary.read_text(encoding="utf-8"), ankiweb):
        assert not re.search(r"<img|@octocat|https://evil|www\.evil|©", rendered(text))
    for text in pages:
        assert not re.search(r"<img src=x|href=\"https://evil", text)


def test_a_line_is_escaped_whole(project: Project) -> None:
    """What a line cannot begin with is ordinary text in its middle, and two parts may make what neither is."""
    project.edit("gas", answer="Carbon dioxide :: std::move ## a")
    project.released("1.0.0")
    project.edit("gas", answer="Carbon dioxide :: std::forward ##[b")
    ran = run("diff", "dist/small-1.0.0.apkg")
    assert ":: std::[-move-]{+forward+} #\\x23[- a-]{+[b+}" in ran.out
    assert not OBEYED.search(ran.out)
