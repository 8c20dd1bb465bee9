"""`ketamine-anki new`: append a well-formed note to a subdeck."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.model import Collection, Deck
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.core.terminal import echo
from ketamine_anki.workspace.folder import Folder, read_bytes
from ketamine_anki.workspace.output import write_text
from ketamine_anki.workspace.reporting import report

SHAPES = ("question", "reverse", "cloze")


@click.command("new")
@click.argument("folder", default="decks")
@click.option("--deck", help="Subdeck.")
@click.option("--shape", type=click.Choice(SHAPES), help="question, reverse (two cards) or cloze.")
@click.option("--question", help="Front of the card.")
@click.option("--answer", help="Back of the card.")
@click.option("--reverse-question", help="Front of the second card.")
@click.option("--reverse-answer", help="Back of the second card.")
@click.option("--text", help="A sentence with {{c1::hidden}} parts: a cloze note.")
@click.option("--extra", help="Shown under the answer.")
@click.option("--source", help="section/paragraph of source.yaml.")
@click.option("--claim", "claims", multiple=True, help="A claim that the note tests; may be repeated.")
@click.option("--cite", "cites", multiple=True, help="Default: what the paragraph cites.")
@click.option("--tag", "tags", multiple=True, help="A concept; may be repeated.")
@click.option("--yield", "importance", type=click.Choice(["core", "supporting"]), help="Default: from the claims.")
@click.option("--skill", type=click.Choice(["recall", "understand", "apply"]), help="Default: recall.")
@click.option("--id", "note_id", help="Default: made from the question.")
def command(folder: str, **given: Any) -> None:
    """Append a note to a subdeck of the collection in FOLDER (default: decks).

    Asks for what the options leave open. Prints the place of the new note; nothing else in the file
    is touched. Then look at it: `ketamine-anki check`, `ketamine-anki preview`.
    """
    from ketamine_anki.deckfiles.new_note import append, file_head

    read = Folder(folder)
    collection = read.collection
    if collection is None:
        report(read.findings)
        raise AssertionError("a collection that cannot be read has findings")
    decks = {deck.name: deck for deck in read.decks()}
    name = _deck(given["deck"], collection)
    file = _file(read, name, decks)
    values = _values(given, name, collection, decks)
    try:
        before = read_bytes(file, MAX_FILE_BYTES) if name in decks else b""
        text = before.decode("utf-8") or file_head(name)
    except ValueError as error:
        raise Failure(f"{file}: {error}", EXIT_USAGE) from None
    made, line = append(text, values)
    _verify(file, made, decks.get(name), values)
    write_text(file, made, before)
    echo(f"{file.as_posix()}:{line}")
    echo(f"added {values['id']}; now: ketamine-anki check {file.as_posix()}", err=True)


def _verify(file: Path, made: str, before: Deck | None, values: Mapping[str, Any]) -> None:
    """The file must read as before with one note more."""
    from ketamine_anki.deckfiles.reader import read_deck

    after, findings = read_deck(file.as_posix(), made.encode("utf-8"))
    old = before.notes if before else ()
    wrong = [finding.message for finding in findings]
    if after is None or after.notes[: len(old)] != old or [n.id for n in after.notes[len(old) :]] != [values["id"]]:
        why = wrong[0] if wrong else "run `ketamine-anki fmt` on it first"
        raise Failure(f"{file}: the note cannot be appended: {why}", EXIT_USAGE)


def _file(read: Folder, name: str, decks: Mapping[str, Deck]) -> Path:
    """The file of a subdeck: the one it is in, else a new one named after its number."""
    from ketamine_anki.workspace.packages import slug

    if name in decks:
        return Path(decks[name].places.path)
    assert read.collection is not None
    file = read.path / f"{read.collection.decks.index(name) + 1:02d}-{slug(name)}.yaml"
    if file.exists():
        raise Failure(f"{file}: cannot be read: run `ketamine-anki check {read.path}`", EXIT_USAGE)
    return file


def _deck(given: str | None, collection: Collection) -> str:
    return given_or_asked("subdeck", "--deck", given, dict.fromkeys(collection.decks, ""))


def _values(given: Mapping[str, Any], deck: str, collection: Collection, decks: Mapping[str, Deck]) -> dict[str, Any]:
    """The note's values by key: what was given, what was asked, what follows from these."""
    from ketamine_anki.deckfiles.json_schema import names_of
    from ketamine_anki.deckfiles.new_note import propose_cites, propose_id, propose_yield

    names = names_of(collection)
    values = _texts(given)
    if given["extra"]:
        values["extra"] = given["extra"]
    source = given_or_asked("source", "--source", given["source"], names["paragraphs"])
    here = {c.id: c.text for c in collection.claims.values() if f"{c.section}/{c.paragraph}" == source}
    claims = list(given["claims"]) or _several("claims that the note tests", here, required=False)
    for claim in claims:
        _known("claim", claim, names["claims"])
    used = sorted({tag for note in (decks[deck].notes if deck in decks else ()) for tag in note.tags})
    tags = list(given["tags"]) or _several(f"concept tags (used here: {', '.join(used) or 'none yet'})", {})
    skill = given["skill"] or "recall"
    taken = {note.id for found in decks.values() for note in found.notes}
    proposed = propose_id(values.get("question") or values["text"], taken)
    note_id = given["note_id"] or (_ask("id", "--id", proposed) if sys.stdin.isatty() else proposed)
    if note_id in taken:
        raise Failure(f"id {note_id!r} is taken: {propose_id(note_id, taken)!r} is free", EXIT_USAGE)
    made: dict[str, Any] = {"id": note_id, **values, "source": source}
    lists = {"cites": given["cites"] or propose_cites(source, collection), "claims": claims, "tags": tags}
    made |= {key: list(value) for key, value in lists.items() if value}
    return made | {"yield": given["importance"] or propose_yield(claims, collection), "skill": skill}


def _texts(given: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of the note's shape."""
    shape = given["shape"] or _shape(given)
    if shape == "cloze":
        return {"text": given["text"] or _ask("text, with {{c1::hidden}} parts", "--text")}
    values: dict[str, Any] = {
        "question": given["question"] or _ask("question", "--question"),
        "answer": given["answer"] or _ask("answer", "--answer"),
    }
    if shape == "reverse":
        values["reverse"] = {
            "question": given["reverse_question"] or _ask("question of the second card", "--reverse-question"),
            "answer": given["reverse_answer"] or _ask("answer of the second card", "--reverse-answer"),
        }
    return values


def _shape(given: Mapping[str, Any]) -> str:
    """The shape that the texts given tell, or the one chosen."""
    if given["text"]:
        return "cloze"
    if given["reverse_question"] or given["reverse_answer"]:
        return "reverse"
    if given["question"] or given["answer"]:
        return "question"
    about = {"question": "one card", "reverse": "two cards, there and back", "cloze": "a sentence with hidden parts"}
    return given_or_asked("shape", "--shape", None, about)


# --- asking -----------------------------------------------------------------------------------


def given_or_asked(what: str, option: str, given: str | None, known: Mapping[str, str]) -> str:
    """One of the known names: the one given, else the one chosen from a numbered list."""
    if given is not None:
        return _known(what, given, known)
    _show(what, known)
    while True:
        said = _by_number(_ask(f"{what} (number or name)", option), known)
        if said in known or not sys.stdin.isatty():
            return _known(what, said, known)
        echo(f"unknown {what} {said!r}{did_you_mean(said, known)}", err=True)


def _several(what: str, known: Mapping[str, str], required: bool = True) -> list[str]:
    """Some of the known names, or free words when none are known; nobody is asked in a pipe."""
    if not sys.stdin.isatty() and not required:
        return []
    _show(what, known)
    option = "--claim" if known else "--tag"
    said = _ask(f"{what}, with commas", option, None if required else "")
    return [_by_number(part, known) for part in said.replace(",", " ").split()]


def _show(what: str, known: Mapping[str, str]) -> None:
    for number, (name, about) in enumerate(known.items(), 1):
        echo(f"{number:>4}  {name}{f'  {about}' if about else ''}", err=True)


def _by_number(said: str, known: Iterable[str]) -> str:
    names: Sequence[str] = list(known)
    return names[int(said) - 1] if said.isdecimal() and 1 <= int(said) <= len(names) and said not in names else said


def _known(what: str, said: str, known: Mapping[str, str]) -> str:
    if said in known:
        return said
    raise Failure(f"unknown {what} {said!r}{did_you_mean(said, known)}", EXIT_USAGE)


def _ask(what: str, option: str, default: str | None = None) -> str:
    try:
        answer: str = click.prompt(what, default=default, show_default=bool(default), err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise Failure(f"nobody to ask for the {what}: give {option}", EXIT_USAGE) from None
    return answer.strip()
