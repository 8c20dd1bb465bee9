"""What contributors are told holds: the run in the README, the example note, the forms."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import small_deck
import yaml
from program import REPOSITORY, run

from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.rules.checker import manual

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
FORMS = REPOSITORY / ".github" / "ISSUE_TEMPLATE"


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the deck, in whose folder the commands run."""
    shutil.copytree(REPOSITORY / "decks", tmp_path / "decks")
    monkeypatch.chdir(tmp_path)


def block(text: str, kind: str) -> str:
    """The first block of code of a kind."""
    return text.split(f"```{kind}\n", 1)[1].split("```", 1)[0]


def alike(line: str) -> str:
    """A line without what changes as the deck grows: counts, and how wide they are."""
    return re.sub(r"\d+", "N", line).replace(" ", "")


def test_the_newcomers_run_of_the_readme(copied: None) -> None:
    """New note, mistake, message, fix, preview, build: five commands that print what the README shows."""
    console = block(README.split("## Write a note in five minutes\n", 1)[1], "console")
    steps = [part.strip().split("\n") for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]]
    assert [line.split()[1] for line, *_ in steps] == ["new", "check", "check", "preview", "build"]
    place, fixed = steps[0][1].rpartition(":")[0], False
    for line, *printed in steps:
        program, *arguments = shlex.split(line)
        assert program == "ketamine-anki"
        ran = run(*arguments, *(["--format", "text"] if arguments[0] == "check" else []))
        mistaken = arguments[0] == "check" and not fixed
        assert ran.code == mistaken, ran.out + ran.err
        shown = {alike(each) for each in (ran.out + ran.err).splitlines()}
        assert {alike(each) for each in printed if each} <= shown
        if mistaken:
            small_deck.replace(Path(place), "what perfuses the brain\n", "what perfuses the brain?\n")
            fixed = True
    counts = {noun: int(number) for number, noun in re.findall(r"(\d+) (notes|cards)", ran.out)}
    told = re.findall(r"(\d+) (notes|cards)", console) + re.findall(r"about (\d+) (cards)", README)
    assert len(told) >= 4
    assert [int(number) for number, _ in told] == pytest.approx([counts[noun] for _, noun in told], rel=0.1)


def test_the_message_that_is_explained_is_the_message_that_is_printed(copied: None) -> None:
    message = block(CONTRIBUTING, "text")
    file = Path(message.partition(":")[0])
    file.write_text(file.read_text(encoding="utf-8").replace("    answer:", "    anwser:", 1), encoding="utf-8")
    assert message in run("check", "--format", "text", "decks").out


def test_the_example_note_is_a_note_with_its_comments() -> None:
    text = f"deck: Neurocritical Care\nnotes:\n{block(CONTRIBUTING, 'yaml')}"
    deck, findings = read_deck("a.yaml", text.encode())
    assert (deck is not None, findings) == (True, [])


def test_every_note_rule_file_and_module_that_is_named_exists() -> None:
    texts = [README, CONTRIBUTING, *(path.read_text(encoding="utf-8") for path in FORMS.iterdir())]
    notes = set(re.findall(r"(?m)^(?:  - id|\s+see|\s+placeholder): ([a-z]+-[a-z-]+)\b", "\n".join(texts)))
    decks = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "decks").glob("*.yaml"))
    assert notes
    assert not [name for name in notes if f"- id: {name}\n" not in decks]

    table = CONTRIBUTING.split("| Messages about |", 1)[1].split("\n\n", 1)[0]
    rules = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z-]+)`", row.split("|")[2])}
    assert rules
    assert rules <= set(manual())

    links = re.findall(r"\]\((?!http)([^)#]+)", README + CONTRIBUTING)
    assert not [path for path in links if not (REPOSITORY / path).exists()]

    program = REPOSITORY / "ketamine_anki"
    tour = CONTRIBUTING.split("## How the program is built", 1)[1]
    rooms = set(re.findall(r"(?m)^\| `(\w+/)` \|", tour))
    assert rooms == {f"{path.parent.name}/" for path in program.glob("*/__init__.py")} - {"starter/"}
    modules = re.findall(r"`(\w+/[\w.]+/?)`", "".join(re.findall(r"(?m)^\| .* \|(.*)\|$", tour)))
    assert modules
    assert not [name for name in modules if not (program / name).exists()]


def test_the_link_on_a_card_fills_in_a_field_of_its_form() -> None:
    link = (REPOSITORY / "ketamine_anki" / "anki" / "notetypes" / "report-link.html").read_text(encoding="utf-8")
    query = parse_qs(link.split("new?", 1)[1].split('"', 1)[0].replace("&amp;", "&"))
    form = yaml.load((FORMS / query["template"][0]).read_text(encoding="utf-8"), yaml.CBaseLoader)
    filled = query.keys() - {"template", "title"}
    assert filled
    assert filled <= {field.get("id") for field in form["body"] if field["type"] == "input"}
