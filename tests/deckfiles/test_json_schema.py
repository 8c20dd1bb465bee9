"""The schemas that editors read say what the reader says."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
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

NOTE = """\
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
DECK = "deck: First Part\nnotes:\n" + NOTE
CLOZE = NOTE.replace("question: Which gas do plants take up?\n  answer: Carbon dioxide", "text: 'Take up {{c1::gas}}.'")


def notes(*changed: str) -> str:
    return "deck: First Part\nnotes:\n" + "".join(changed)


GOOD = {
    "a note": DECK,
    "a cloze note": notes(CLOZE),
    "both, and no blank line": notes(NOTE, CLOZE.replace("a-note", "b-note")),
    "a reverse card": notes(NOTE + "  reverse:\n    question: What is carbon dioxide?\n    answer: A gas\n"),
    "a caveat": notes(NOTE + "  caveat: Some do not.\n  evidence: [green-2020]\n"),
    "a text that YAML takes for a number": DECK.replace("Carbon dioxide", "1.10"),
    "a text that YAML takes for a truth value": DECK.replace("Carbon dioxide", "true"),
    "a text that looks like no": DECK.replace("Carbon dioxide", "no"),
    "a time": DECK.replace("Carbon dioxide", "1:30"),
    "a text over lines": DECK.replace("Carbon dioxide", ">-\n    Carbon\n    dioxide"),
    "a block list": DECK.replace("[Plants]", "\n  - Plants\n  - Light"),
    "an excuse": notes(NOTE + "  retired: {version: 2.0.0, reason: Wrong., see: a-note}\n"),
}
BAD = {
    "no deck": DECK.replace("deck: First Part\n", ""),
    "no notes": "deck: First Part\n",
    "empty notes": "deck: First Part\nnotes: []\n",
    "a note that is a text": notes("- just words\n"),
    "notes that are a mapping": notes("  a: b\n"),
    "a misspelt key": DECK.replace("answer:", "anwser:"),
    "a question beside a text": notes(CLOZE + "  question: What?\n"),
    "a missing answer": DECK.replace("  answer: Carbon dioxide\n", ""),
    "a missing skill": DECK.replace("  skill: recall\n", ""),
    "an empty answer": DECK.replace("Carbon dioxide", ""),
    "an answer of blanks": DECK.replace("Carbon dioxide", "'  '"),
    "a list for an answer": DECK.replace("Carbon dioxide", "[a, b]"),
    "a text for a list": DECK.replace("[Plants]", "Plants"),
    "an empty list": DECK.replace("[Plants]", "[]"),
    "a tag twice": DECK.replace("[Plants]", "[Plants, Plants]"),
    "a tag with a space": DECK.replace("[Plants]", "[Green plants]"),
    **{f"two tags with {sign}": DECK.replace("[Plants]", f"[植物{sign}葉]") for sign in "、،;"},
    "a tag with colons": DECK.replace("[Plants]", "['A::B']"),
    "an id in capitals": DECK.replace("a-note", "A-Note"),
    "an id with two hyphens": DECK.replace("a-note", "a--note"),
    "a negative id": DECK.replace("a-note", "-7"),
    **{f"the id {name}": DECK.replace("a-note", name) for name in "10 none true 2024-01-01 1e5 0x1f".split()},
    "another yield": DECK.replace("yield: core", "yield: some"),
    "another skill": DECK.replace("skill: recall", "skill: know"),
    "half a reverse": notes(NOTE + "  reverse: {question: What is carbon dioxide?}\n".replace("?", "")),
    "a reverse with more": notes(NOTE + "  reverse: {question: What, answer: A gas, extra: x}\n"),
    "retired without reason": notes(NOTE + "  retired: {version: 2.0.0}\n"),
    "retired in a version of two parts": notes(NOTE + "  retired: {version: '2.0', reason: Wrong.}\n"),
    "an unknown subdeck": DECK.replace("First Part", "Third Part"),
    "an unknown section": DECK.replace("only-section/1", "no-section/1"),
    "an unknown paragraph": DECK.replace("only-section/1", "only-section/3"),
    "an unknown citation": DECK.replace("problem/1", "problem/7"),
    "an unknown claim": DECK.replace("C-1", "C-7"),
    "an unknown reference": notes(NOTE + "  caveat: Some do not.\n  evidence: [green-2021]\n"),
    "a text too long": DECK.replace("Carbon dioxide", "x" * 20_001),
}


@cache
def validators() -> dict[str, jsonschema.Draft7Validator]:
    """The schemas of the small collection by what they are of."""
    collection, findings = read_collection(
        *((f"{n}.yaml", text.encode()) for n, text in (("collection", COLLECTION), ("source", SOURCE))),
        ("references.yaml", REFERENCES.encode()),
    )
    assert collection is not None
    assert not findings
    made = {name: json.loads(text) for name, text in schema_files(collection).items()}
    for value in made.values():
        jsonschema.Draft7Validator.check_schema(value)
    return {name.split(".")[0]: jsonschema.Draft7Validator(value) for name, value in made.items()}


def typed(text: str) -> object:
    """A YAML text with the types that an editor's YAML 1.2 gives its scalars; a date is text there."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def in_editor(text: str, kind: str = "deck") -> bool:
    """Whether the schema accepts a text as an editor reads it."""
    return validators()[kind].is_valid(typed(text))


def read(folder: Path, files: dict[str, str]) -> bool:
    """Whether the reader and the rules on names accept a collection with these files."""
    found = Folder(str(write(folder, files={"references.yaml": REFERENCES} | files)))
    check_notes(found)
    return not [
        finding for finding in found.findings if finding.rule in OF_SHAPE or "unknown citation" in finding.message
    ]


# Rules on the shape and on names; the others look at what notes say, which a schema cannot.
OF_SHAPE = {*reader.MANUAL, "unknown-deck", "unknown-source", "unknown-claim", "unknown-evidence"}


@pytest.mark.parametrize(
    ("text", "is_right"),
    [(text, True) for text in GOOD.values()] + [(text, False) for text in BAD.values()],
    ids=[*GOOD, *BAD],
)
def test_reader_and_schema_agree(text: str, is_right: bool, tmp_path: Path) -> None:
    assert (read(tmp_path, {"01-first.yaml": text}), in_editor(text)) == (is_right, is_right)


@pytest.mark.parametrize(
    ("kind", "good", "old", "new"),
    [
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
        ("source", SOURCE, "title: A Small Text\n", ""),
        ("source", SOURCE, "kind: stated", "kind: stated, caveat: perhaps"),
        ("references", REFERENCES, "10.1000/leaf.1", "https://doi.org/10.1000/leaf.1"),
        ("references", REFERENCES, "12345678", "PMID12345678"),
        ("references", REFERENCES, "supports: finding", "supports: all"),
        ("references", REFERENCES, "citation:", "cited:"),
    ],
)
def test_the_other_files_too(kind: str, good: str, old: str, new: str, tmp_path: Path) -> None:
    assert old in good
    bad = good.replace(old, new, 1)
    for name, text, is_right in (("good", good, True), ("bad", bad, False)):
        (tmp_path / name).mkdir()
        accepted = read(tmp_path / name, {f"{kind}.yaml": text, "01-first.yaml": DECK}), in_editor(text, kind)
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


def test_the_committed_schemas_are_those_of_the_collection() -> None:
    ran = run("schema", "--check", REPOSITORY / "decks")
    assert ran.code == 0, ran.err


def test_the_settings_of_the_editor_name_schemas_that_exist() -> None:
    settings = json.loads((REPOSITORY / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    assert settings["yaml.schemas"]
    for path in settings["yaml.schemas"]:
        assert (REPOSITORY / path).is_file()


def test_an_editor_explains_every_key_and_name() -> None:
    made = validators()["deck"].schema["properties"]["notes"]["items"]["else"]
    assert list(made["properties"]) == list(QUESTION_NOTE.keys)
    assert all(value.get("description") for value in made["properties"].values())
    assert made["properties"]["answer"]["examples"] == ["Carbon dioxide"]
    claims = made["properties"]["claims"]["items"]
    assert dict(zip(claims["enum"], claims["enumDescriptions"], strict=True))["C-2"] == "Plants give off oxygen."
    cites = made["properties"]["cites"]["items"]
    assert cites["enum"] == ["entry/2", "problem/1"]
    source = made["properties"]["source"]
    assert dict(zip(source["enum"], source["enumDescriptions"], strict=True)) == {
        "only-section/1": "Only Section: Plants take up carbon dioxide.",
        "only-section/2": "Only Section: Roots take up water.",
    }


def test_without_names_any_text_may_stand(tmp_path: Path) -> None:
    collection, _ = read_collection(("collection.yaml", COLLECTION.encode()))
    assert collection is not None
    made = json.loads(schema_files(collection)["deck.schema.json"])
    jsonschema.Draft7Validator.check_schema(made)
    jsonschema.Draft7Validator(made).validate(typed(DECK))


def test_the_command_writes_only_what_changed(tmp_path: Path) -> None:
    folder = write(tmp_path / "decks", files={"01-first.yaml": DECK})
    ran = run("schema", "--check", folder)
    assert ran.code == 1
    assert "run `ketamine-anki schema" in ran.err
    assert not list(folder.glob("*.json"))
    assert len(run("schema", folder).out.splitlines()) == 4
    assert run("schema", "--check", folder).code == 0
    (folder / "references.yaml").write_text(REFERENCES.replace("green-2020", "green-2021"), encoding="utf-8")
    assert run("schema", folder).out == f"{folder}/deck.schema.json\n"
    assert run("schema", folder, "-o", tmp_path / "other").code == 0
    assert (tmp_path / "other" / "deck.schema.json").read_bytes() == (folder / "deck.schema.json").read_bytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"\xff"),
        lambda path: os.truncate(path, 10**9),
        lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
    ids=["bytes", "large", "device", "pipe"],
)
def test_a_schema_that_somebody_proposed_is_compared_without_harm(tmp_path: Path, make) -> None:
    folder = write(tmp_path / "decks", files={"01-first.yaml": DECK})
    assert run("schema", folder).code == 0
    make(folder / "deck.schema.json")
    tracemalloc.start()
    ran = run("schema", "--check", folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    said = f"out of date: {folder}/deck.schema.json: run `ketamine-anki schema {folder}`"
    assert ran == (1, "", f"ketamine-anki: {said}\n")
    assert peak < 50_000_000


def test_a_schema_with_windows_line_ends_is_up_to_date(tmp_path: Path) -> None:
    folder = write(tmp_path / "decks", files={"01-first.yaml": DECK})
    assert run("schema", folder).code == 0
    for path in folder.glob("*.json"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert run("schema", "--check", folder).code == 0


def test_a_collection_with_mistakes_has_no_schema(tmp_path: Path) -> None:
    folder = write(tmp_path, files={"01-first.yaml": DECK, "collection.yaml": "title: x\n"})
    assert (run("schema", folder).code, list(folder.glob("*.json"))) == (1, [])
