"""The schemas that editors read say what the reader says."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from program import REPOSITORY, run
from ruamel.yaml import YAML
from small_deck import COLLECTION, REFERENCES, SOURCE, write

from ketamine_anki.deckfiles import reader
from ketamine_anki.deckfiles.json_schema import schema_files
from ketamine_anki.deckfiles.reader import read_collection
from ketamine_anki.deckfiles.schema import QUESTION_NOTE
from ketamine_anki.workspace.folder import Folder
from ketamine_anki.workspace.pipeline import check_notes

DECK = """\
deck: First Part
notes:
- id: a-note
  question: Which gas do plants take up?
  answer: Carbon dioxide
  source: only-section/1
  cites: [problem/1]
  claims: [C-1]
  tags: [Plants]
  yield: core
  skill: recall
"""
CLOZE = DECK.replace("question: Which gas do plants take up?\n  answer: Carbon dioxide", "text: 'Take up {{c1::gas}}.'")
ANSWER = "Carbon dioxide"
END = "skill: recall\n"  # of a note
GOOD = {
    "a note": DECK,
    "a cloze note and another": CLOZE + DECK.partition("notes:\n")[2].replace("a-note", "b-note"),
    "a reverse card": f"{DECK}  reverse:\n    question: What is carbon dioxide?\n    answer: A gas\n",
    "a caveat": f"{DECK}  caveat: Some do not.\n  evidence: [green-2020]\n",
    "a retired note": f"{DECK}  retired: {{version: 2.0.0, reason: Wrong., see: a-note}}\n",
    "a text that YAML takes for a number": DECK.replace(ANSWER, "1.10"),
    "a text that YAML takes for a truth value": DECK.replace(ANSWER, "true"),
    "a text over lines": DECK.replace(ANSWER, ">-\n    Carbon\n    dioxide"),
    "a block list": DECK.replace("[Plants]", "\n  - Plants\n  - Light"),
}
# What is written instead of a part of the note, or of the cloze note.
BAD = {
    "no deck": ("deck: First Part\n", ""),
    "empty notes": (DECK.partition("notes:")[2], " []\n"),
    "a note that is a text": (DECK.partition("notes:\n")[2], "- just words\n"),
    "notes that are a mapping": (DECK.partition("notes:\n")[2], "  a: b\n"),
    "a misspelt key": ("answer:", "anwser:"),
    "a missing answer": ("  answer: Carbon dioxide\n", ""),
    "an empty answer": (ANSWER, ""),
    "an answer of blanks": (ANSWER, "'  '"),
    "a list for an answer": (ANSWER, "[a, b]"),
    "an answer too long": (ANSWER, "x" * 20_001),
    "a text for a list": ("[Plants]", "Plants"),
    "an empty list": ("[Plants]", "[]"),
    "a tag twice": ("[Plants]", "[Plants, Plants]"),
    **{f"the tag {tag}": ("[Plants]", f"['{tag}']") for tag in ("Green plants", "植物、葉", "植物;葉", "A::B")},
    **{f"the id {id_}": ("a-note", id_) for id_ in "A-Note a--note -7 10 none true 2024-01-01 1e5 0x1f".split()},
    "another skill": ("skill: recall", "skill: know"),
    "half a reverse": (END, f"{END}  reverse: {{question: What}}\n"),
    "a reverse with more": (END, f"{END}  reverse: {{question: What, answer: A gas, extra: x}}\n"),
    "retired without reason": (END, f"{END}  retired: {{version: 2.0.0}}\n"),
    "retired in a version of two parts": (END, f"{END}  retired: {{version: '2.0', reason: Wrong.}}\n"),
    "an unknown subdeck": ("First Part", "Third Part"),
    "an unknown section": ("only-section/1", "no-section/1"),
    "an unknown paragraph": ("only-section/1", "only-section/3"),
    "an unknown citation": ("problem/1", "problem/7"),
    "an unknown claim": ("C-1", "C-7"),
    "an unknown reference": (END, f"{END}  caveat: Some do not.\n  evidence: [green-2021]\n"),
}
# Rules on the shape and on names; the others look at what notes say, which a schema cannot.
OF_SHAPE = {*reader.MANUAL, "unknown-deck", "unknown-source", "unknown-claim", "unknown-evidence"}


@cache
def validators() -> dict[str, jsonschema.Draft7Validator]:
    """The schemas of the small collection by what they are of."""
    files = {"collection": COLLECTION, "source": SOURCE, "references": REFERENCES}
    collection, findings = read_collection(*((f"{name}.yaml", text.encode()) for name, text in files.items()))
    assert not findings
    schemas = {name.split(".")[0]: json.loads(text) for name, text in schema_files(collection).items()}
    for value in schemas.values():
        jsonschema.Draft7Validator.check_schema(value)
    return {name: jsonschema.Draft7Validator(value) for name, value in schemas.items()}


def typed(text: str) -> object:
    """A YAML text with the types that an editor's YAML 1.2 gives its scalars; a date is text there."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def is_read(folder: Path, files: dict[str, str]) -> bool:
    """Whether the reader and the rules on names accept a collection with these files."""
    read = Folder(str(write(folder, files={"references.yaml": REFERENCES} | files)))
    check_notes(read)
    return not [each for each in read.findings if each.rule in OF_SHAPE or "unknown citation" in each.message]


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        *((text, True) for text in GOOD.values()),
        *((DECK.replace(old, new, 1), False) for old, new in BAD.values()),
        (f"{CLOZE}  question: What?\n", False),
    ],
    ids=[*GOOD, *BAD, "a question beside a text"],
)
def test_reader_and_schema_agree(text: str, is_right: bool, tmp_path: Path) -> None:
    accepted = is_read(tmp_path, {"01-first.yaml": text}), validators()["deck"].is_valid(typed(text))
    assert accepted == (is_right, is_right)


@pytest.mark.parametrize(
    ("kind", "good", "old", "new"),
    [
        ("collection", COLLECTION, "", ""),
        ("source", SOURCE, "", ""),
        ("references", REFERENCES, "", ""),
        ("collection", COLLECTION, "title: Small Deck\n", ""),
        ("collection", COLLECTION, "tag: Small", "tag: Small Deck"),
        ("collection", COLLECTION, "decks: [First Part, Second Part]", "decks: First Part"),
        ("collection", COLLECTION, "https://creativecommons", "ftp://creativecommons"),
        ("collection", COLLECTION, "decks:", "deks:"),
        ("collection", COLLECTION, "decks:", "repository: https://example.org/a/b\ndecks:"),
        ("collection", COLLECTION, "decks:", "evidence_date: in May\ndecks:"),
        ("source", SOURCE, "problem/1", "problem/x"),
        ("source", SOURCE, "slug: only-section", "slug: Only Section"),
        ("source", SOURCE, "importance: colour", "importance: none"),
        ("source", SOURCE, "kind: stated", "kind: stated, caveat: perhaps"),
        ("references", REFERENCES, "10.1000/leaf.1", "https://doi.org/10.1000/leaf.1"),
        ("references", REFERENCES, "12345678", "PMID12345678"),
        ("references", REFERENCES, "supports: finding", "supports: all"),
        ("references", REFERENCES, "citation:", "cited:"),
    ],
)
def test_the_other_files_too(kind: str, good: str, old: str, new: str, tmp_path: Path) -> None:
    assert old in good
    text, is_right = good.replace(old, new, 1), old == new
    accepted = (
        is_read(tmp_path, {f"{kind}.yaml": text, "01-first.yaml": DECK}),
        validators()[kind].is_valid(typed(text)),
    )
    assert accepted == (is_right, is_right)


# All but the ledger, which the program writes.
WRITTEN = sorted(path for path in (REPOSITORY / "decks").glob("*.yaml") if path.name != "ledger.yaml")


@pytest.mark.parametrize("file", WRITTEN, ids=lambda path: path.name)
def test_the_real_files_fit_the_schemas_that_their_first_lines_name(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=\./(\w+\.schema\.json)\n", text)
    assert named, "the first line tells editors which schema the file fits"
    validator = jsonschema.Draft7Validator(json.loads((file.parent / named[1]).read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(typed(text))] == []


def test_the_committed_schemas_are_those_of_the_collection_and_of_the_settings() -> None:
    ran = run("schema", "--check", REPOSITORY / "decks")
    assert ran.code == 0, ran.err
    settings = json.loads((REPOSITORY / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    assert settings["yaml.schemas"]
    assert all((REPOSITORY / path).is_file() for path in settings["yaml.schemas"])


def test_an_editor_explains_every_key_and_name() -> None:
    properties = validators()["deck"].schema["properties"]["notes"]["items"]["else"]["properties"]
    assert list(properties) == list(QUESTION_NOTE.keys)
    assert all(value.get("description") for value in properties.values())
    assert properties["answer"]["examples"] == ["Carbon dioxide"]
    assert properties["cites"]["items"]["enum"] == ["entry/2", "problem/1"]
    claims, source = properties["claims"]["items"], properties["source"]
    assert dict(zip(claims["enum"], claims["enumDescriptions"], strict=True))["C-2"] == "Plants give off oxygen."
    assert dict(zip(source["enum"], source["enumDescriptions"], strict=True)) == {
        "only-section/1": "Only Section: Plants take up carbon dioxide.",
        "only-section/2": "Only Section: Roots take up water.",
    }


def test_without_names_any_text_may_stand() -> None:
    collection, _ = read_collection(("collection.yaml", COLLECTION.encode()))
    schema = json.loads(schema_files(collection)["deck.schema.json"])
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(typed(DECK))


def test_the_command_writes_only_what_changed(tmp_path: Path) -> None:
    folder = write(tmp_path / "decks", files={"01-first.yaml": DECK})
    ran = run("schema", "--check", folder)
    assert (ran.code, "run `ketamine-anki schema" in ran.err, list(folder.glob("*.json"))) == (1, True, [])
    assert len(run("schema", folder).out.splitlines()) == 4
    for path in folder.glob("*.json"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))  # as git leaves them on Windows
    assert run("schema", "--check", folder).code == 0
    (folder / "references.yaml").write_text(REFERENCES.replace("green-2020", "green-2021"), encoding="utf-8")
    assert run("schema", folder).out == f"{folder}/deck.schema.json\n"
    assert run("schema", folder, "-o", tmp_path / "other").code == 0
    assert (tmp_path / "other" / "deck.schema.json").read_bytes() == (folder / "deck.schema.json").read_bytes()


@pytest.mark.parametrize(
    "replace",
    [
        lambda path: path.write_bytes(b"\xff"),
        lambda path: os.truncate(path, 10**9),
        lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
    ids=["bytes", "large", "device", "pipe"],
)
def test_a_schema_that_somebody_proposed_is_compared_without_harm(
    tmp_path: Path, replace: Callable[[Path], object]
) -> None:
    folder = write(tmp_path / "decks", files={"01-first.yaml": DECK})
    assert run("schema", folder).code == 0
    replace(folder / "deck.schema.json")
    tracemalloc.start()
    ran = run("schema", "--check", folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = f"out of date: {folder}/deck.schema.json: run `ketamine-anki schema {folder}`"
    assert ran == (1, "", f"ketamine-anki: {message}\n")
    assert peak < 50_000_000


def test_a_collection_with_mistakes_has_no_schema(tmp_path: Path) -> None:
    folder = write(tmp_path, files={"01-first.yaml": DECK, "collection.yaml": "title: x\n"})
    assert (run("schema", folder).code, list(folder.glob("*.json"))) == (1, [])
