"""What contributors are told holds: the run in the README, the example note, the forms."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from program import REPOSITORY, run

from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.rules.checker import manual

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
FORMS = sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def steps(text: str, heading: str) -> list[tuple[list[str], list[str]]]:
    """(command, lines that it prints) of the console block under a heading."""
    block = text.split(f"## {heading}\n", 1)[1].split("```console\n", 1)[1].split("```", 1)[0]
    made = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *printed = part.rstrip("\n").split("\n")
        made.append((shlex.split(command), [line for line in printed if line]))
    return made


# Notes and lines are counted as the deck grows: what is asked is that the words are these, and the counts nearly so.
def alike(line: str) -> str:
    return re.sub(r"\d+", "N", line).replace(" ", "")


def test_the_newcomers_run_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New note, mistake, message, fix, preview, build: five commands that print what the README shows."""
    shutil.copytree(REPOSITORY / "decks", tmp_path / "decks")
    monkeypatch.chdir(tmp_path)
    commands = steps(README, "Write a note in five minutes")
    assert [command[1] for command, _ in commands] == ["new", "check", "check", "preview", "build"]
    for number, ((program, *arguments), printed) in enumerate(commands):
        assert program == "ketamine-anki"
        if number == 2:
            (place,) = commands[0][1]
            file = Path(place.rpartition(":")[0])
            text = file.read_text(encoding="utf-8")
            assert text.count("what perfuses the brain\n") == 1
            file.write_text(text.replace("what perfuses the brain\n", "what perfuses the brain?\n"), encoding="utf-8")
        terminal = ["--format", "text"] if arguments[0] == "check" else []
        ran = run(*arguments, *terminal)
        assert ran.code == (1 if number == 1 else 0), ran.out + ran.err
        said = {alike(line) for line in (ran.out + ran.err).splitlines()}
        assert {alike(line) for line in printed} <= said
    counts = {noun: int(number) for number, noun in re.findall(r"(\d+) (notes|cards)", ran.out)}
    shown = re.findall(r"(\d+) (notes|cards)", "\n".join([*commands[2][1], *printed]))
    for number, noun in [*shown, *re.findall(r"about (\d+) (cards)", README)]:
        assert int(number) == pytest.approx(counts[noun], rel=0.1)
    assert len(shown) == 3


def test_the_message_that_is_explained_is_the_message_that_is_printed(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "decks", tmp_path / "decks")
    shown = CONTRIBUTING.split("```text\n", 1)[1].split("```", 1)[0]
    file = tmp_path / re.match(r"[^:]+", shown)[0]  # type: ignore[index]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("    answer:", "    anwser:", 1), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        said = run("check", "--format", "text", "decks").out
    assert shown in said


def test_the_example_note_is_a_note_with_its_comments() -> None:
    block = CONTRIBUTING.split("```yaml\n", 1)[1].split("```", 1)[0]
    deck, findings = read_deck("a.yaml", f"deck: Neurocritical Care\nnotes:\n{block}".encode())
    assert findings == []
    assert deck is not None


def test_every_note_that_is_named_is_in_the_deck() -> None:
    texts = [README, CONTRIBUTING, *(path.read_text(encoding="utf-8") for path in FORMS)]
    named = set(re.findall(r"(?m)^(?:  - id|\s+see|\s+placeholder): ([a-z]+-[a-z-]+)\b", "\n".join(texts)))
    notes = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "decks").glob("*.yaml"))
    assert len(named) > 1
    assert not [name for name in named if f"- id: {name}\n" not in notes]


def test_every_rule_and_file_that_is_named_exists() -> None:
    table = CONTRIBUTING.split("| Messages about |", 1)[1].split("\n\n", 1)[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z-]+)`", row.split("|")[2])}
    assert len(named) > 20
    assert named <= set(manual())
    for path in re.findall(r"\]\((?!http)([^)#]+)", README + CONTRIBUTING):
        assert (REPOSITORY / path).exists(), path


def test_every_module_that_the_tour_names_exists() -> None:
    tour = CONTRIBUTING.split("## How the program is built", 1)[1]
    cells = [line.split("|")[1:3] for line in tour.splitlines() if line.startswith("| ")]
    rooms = {cell[0].strip().strip("`") for cell in cells if cell[0].startswith(" `")}
    named = re.findall(r"`(\w+/[\w.]*/?)`", " ".join(cell[1] for cell in cells))
    program = REPOSITORY / "ketamine_anki"
    assert rooms == {f"{path.parent.name}/" for path in program.glob("*/__init__.py")} - {"starter/"}
    assert len(named) > 15
    assert not [name for name in named if not (program / name).exists()]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_is_one_that_github_takes(path: Path) -> None:
    """Names, types and unique ids, as GitHub's syntax for issue forms asks."""
    form = yaml.load(path.read_text(encoding="utf-8"), yaml.CBaseLoader)
    if path.name == "config.yml":
        assert set(form) <= {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= set(form) <= {"name", "description", "body", "labels", "title"}
    ids = [field["id"] for field in form["body"] if "id" in field]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in ids)
    for field in form["body"]:
        assert field["type"] in ("markdown", "input", "textarea", "dropdown", "checkboxes")
        needed = {"markdown": "value", "checkboxes": "options", "dropdown": "options"}.get(field["type"], "label")
        assert field["attributes"][needed]
        assert set(field["attributes"]) <= {"label", "description", "placeholder", "value", "options", "render"}
        assert set(field) <= {"type", "id", "attributes", "validations"}
    assert any(field["type"] != "markdown" for field in form["body"])


def test_the_link_on_a_card_fills_in_a_field_of_its_form() -> None:
    link = (REPOSITORY / "ketamine_anki" / "anki" / "notetypes" / "report-link.html").read_text(encoding="utf-8")
    query = dict(part.split("=") for part in re.search(r"new\?([^\"]+)", link)[1].split("&amp;"))  # type: ignore[index]
    template = query.pop("template")
    form = yaml.load(
        (REPOSITORY / ".github" / "ISSUE_TEMPLATE" / template).read_text(encoding="utf-8"), yaml.CBaseLoader
    )
    fields = {field.get("id"): field["type"] for field in form["body"]}
    query.pop("title")
    assert query
    assert all(fields.get(name) == "input" for name in query)
