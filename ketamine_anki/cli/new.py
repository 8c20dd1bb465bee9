"""`ketamine-anki new`: append a well-formed note to a subdeck."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.model import Collection, Deck
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.workspace.folder import Folder, read_bytes
from ketamine_anki.workspace.output import write_text
from ketamine_anki.workspace.reporting import readable_collection

SHAPES = {"question": "one card", "reverse": "two cards, there and back", "cloze": "a sentence with hidden parts"}


@click.command("new")
@click.argument("folder", default="decks", type=Path)
@click.option("--deck", help="Subdeck.")
@click.option("--shape", type=click.Choice(list(SHAPES)), help="question, reverse (two cards) or cloze.")
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
def new(folder: Path, **options: Any) -> None:
    """Append a note to a subdeck of the collection in FOLDER (default: decks).

    Asks for what the options leave open. Prints the place of the new note; nothing else in the file
    is touched. Then look at it: `ketamine-anki check`, `ketamine-anki preview`.
    """
    from ketamine_anki.deckfiles.editor import append, file_head

    read = Folder(folder)
    collection = readable_collection(read)
    decks = {deck.name: deck for deck in read.decks()}
    name = _option_or_choice("subdeck", "--deck", options["deck"], dict.fromkeys(collection.decks, ""))
    file = _deck_file(read, collection, name, decks)
    values = _values(options, name, collection, decks)
    try:
        before = read_bytes(file, MAX_FILE_BYTES) if name in decks else b""
        text = before.decode("utf-8") or file_head(name)
    except ValueError as error:
        raise Failure(f"{file}: {error}", EXIT_USAGE) from None
    after, line = append(text, values)
    _verify(file, after, decks.get(name), values)
    write_text(file, after, before)
    echo(f"{file.as_posix()}:{line}")
    echo(f"added {values['id']}; now: ketamine-anki check {file.as_posix()}", err=True)


def _deck_file(read: Folder, collection: Collection, name: str, decks: Mapping[str, Deck]) -> Path:
    """The file of a subdeck: the one that it is in, else a new one named after its number."""
    if name in decks:
        return Path(decks[name].places.path)
    for (path, *_), _, message in read.findings:
        if path.lower().endswith((".yaml", ".yml")):  # it may hold the subdeck
            raise Failure(f"{path}: cannot be read: {message}", EXIT_USAGE)
    file = read.path / f"{collection.decks.index(name) + 1:02d}-{slug(name)}.yaml"
    if os.path.lexists(file):
        raise Failure(f"{file}: exists and holds another subdeck: rename it", EXIT_USAGE)
    return file


def _verify(file: Path, text: str, before: Deck | None, values: Mapping[str, Any]) -> None:
    """Refuses a text that does not read as before with one note more."""
    from ketamine_anki.deckfiles.reader import read_deck

    after, findings = read_deck(file.as_posix(), text.encode("utf-8"))
    old = before.notes if before else ()
    if after is None or after.notes[: len(old)] != old or [n.id for n in after.notes[len(old) :]] != [values["id"]]:
        reason = findings[0].message if findings else "run `ketamine-anki fmt` on it first"
        raise Failure(f"{file}: the note cannot be appended: {reason}", EXIT_USAGE)


# --- the values of the note -------------------------------------------------------------------


def _values(options: Mapping[str, Any], deck: str, collection: Collection, decks: Mapping[str, Deck]) -> dict[str, Any]:
    """The note's values by key: from options, from answers, or derived from both."""
    from ketamine_anki.deckfiles.editor import propose_cites, propose_id, propose_yield
    from ketamine_anki.deckfiles.json_schema import names_of

    names = names_of(collection)
    values = _texts(options)
    if options["extra"]:
        values["extra"] = options["extra"]
    source = _option_or_choice("source", "--source", options["source"], names["paragraphs"])
    taught = {c.id: c.text for c in collection.claims.values() if f"{c.section}/{c.paragraph}" == source}
    claims = list(options["claims"]) or (_ask_for_claims(taught) if sys.stdin.isatty() else [])
    for claim in claims:
        _require_known("claim", claim, names["claims"])
    used = sorted({tag for note in (decks[deck].notes if deck in decks else ()) for tag in note.tags})
    tags = list(options["tags"]) or _ask_for_tags(used)
    taken = {note.id for other in decks.values() for note in other.notes}
    proposed = propose_id(values.get("question") or values["text"], taken)
    note_id = options["note_id"] or (_ask("id", "--id", proposed) if sys.stdin.isatty() else proposed)
    if note_id in taken:
        raise Failure(f"id {note_id!r} is taken: {propose_id(note_id, taken)!r} is free", EXIT_USAGE)
    lists = {"cites": options["cites"] or propose_cites(source, collection), "claims": claims, "tags": tags}
    return {
        "id": note_id,
        **values,
        "source": source,
        **{key: list(items) for key, items in lists.items() if items},
        "yield": options["importance"] or propose_yield(claims, collection),
        "skill": options["skill"] or "recall",
    }


def _texts(options: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of the note's shape."""

    def text(option: str, prompt: str) -> str:
        return options[option] or _ask(prompt, f"--{option.replace('_', '-')}")

    shape = options["shape"] or _shape(options)
    if shape == "cloze":
        return {"text": text("text", "text, with {{c1::hidden}} parts")}
    values: dict[str, Any] = {"question": text("question", "question"), "answer": text("answer", "answer")}
    if shape == "reverse":
        values["reverse"] = {
            "question": text("reverse_question", "question of the second card"),
            "answer": text("reverse_answer", "answer of the second card"),
        }
    return values


def _shape(options: Mapping[str, Any]) -> str:
    """The shape that the options imply, else the one that the user chooses."""
    if options["text"]:
        return "cloze"
    if options["reverse_question"] or options["reverse_answer"]:
        return "reverse"
    if options["question"] or options["answer"]:
        return "question"
    return _option_or_choice("shape", "--shape", None, SHAPES)


# --- questions to the user --------------------------------------------------------------------


def _option_or_choice(noun: str, option: str, value: str | None, known: Mapping[str, str]) -> str:
    """One of the known names: the value of the option, else the one chosen from a numbered list."""
    if value is not None:
        return _require_known(noun, value, known)
    _list(known)
    while True:
        choice = _by_number(_ask(f"{noun} (number or name)", option), known)
        if choice in known or not sys.stdin.isatty():
            return _require_known(noun, choice, known)
        echo(f"unknown {noun} {choice!r}{did_you_mean(choice, known)}", err=True)


def _ask_for_claims(taught: Mapping[str, str]) -> list[str]:
    _list(taught)
    answer = _ask("claims that the note tests, with commas", "--claim", "")
    return [_by_number(word, taught) for word in answer.replace(",", " ").split()]


def _ask_for_tags(used: Iterable[str]) -> list[str]:
    answer = _ask(f"concept tags (used here: {', '.join(used) or 'none yet'}), with commas", "--tag")
    return answer.replace(",", " ").split()


def _list(known: Mapping[str, str]) -> None:
    for number, (name, about) in enumerate(known.items(), 1):
        echo(f"{number:>4}  {name}{f'  {about}' if about else ''}", err=True)


def _by_number(answer: str, known: Mapping[str, str]) -> str:
    """The name with the number that was typed, else what was typed."""
    numbers = {str(number): name for number, name in enumerate(known, 1)}
    return answer if answer in known else numbers.get(answer, answer)


def _require_known(noun: str, name: str, known: Mapping[str, str]) -> str:
    if name not in known:
        raise Failure(f"unknown {noun} {name!r}{did_you_mean(name, known)}", EXIT_USAGE)
    return name


def _ask(prompt: str, option: str, default: str | None = None) -> str:
    try:
        answer: str = click.prompt(prompt, default=default, show_default=bool(default), err=True)
        answer.encode("utf-8")
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise Failure(f"nobody to ask for the {prompt}: give {option}", EXIT_USAGE) from None
    except UnicodeError:
        raise Failure(f"{prompt}: what was typed is not UTF-8 text: type it again", EXIT_USAGE) from None
    return answer.strip()
