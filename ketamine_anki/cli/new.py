"""`ketamine-anki new`: append a well-formed note to a subdeck."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Container, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.escape import terminal
from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.model import Collection, Deck
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.editor import append, file_head, propose_cites, propose_id, propose_yield
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.deckfiles.json_schema import names_of
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.deckfiles.schema import COMMAS
from ketamine_anki.rules.identity import reserved_tag, unfinished
from ketamine_anki.rules.provenance import foreign_claims
from ketamine_anki.rules.view import View
from ketamine_anki.workspace.folder import Folder, read_bytes
from ketamine_anki.workspace.output import write_text
from ketamine_anki.workspace.reporting import readable_collection

_SHAPES = {"question": "one card", "reverse": "two cards, there and back", "cloze": "a sentence with hidden parts"}
_PAIR = {"question": "question", "answer": "answer"}
_SECOND = {"reverse_question": "question of the second card", "reverse_answer": "answer of the second card"}
# the keys of each shape with their prompts
_OF_SHAPES = {"question": _PAIR, "reverse": _PAIR | _SECOND, "cloze": {"text": "text, with {{c1::hidden}} parts"}}
_OF_A_SOURCE = ("source", "claims", "cites", "beyond")
_LISTS = {"claims": "claim", "cites": "citation", "evidence": "reference", "tags": "tag"}  # key -> one of its items
_SAMPLE = {"id": "new-note-of-no-name", "tags": ["A"], "yield": "core", "skill": "recall"}
_WIDTH, _MANY = 150, 30  # of a line that shows a name; names that are all shown


@click.command("new")
@click.argument("folder", default="decks", type=Path)
@click.option("--deck", help="Subdeck.")
@click.option("--shape", help="question, reverse (two cards) or cloze.")
@click.option("--question", help="Front of the card.")
@click.option("--answer", help="Back of the card.")
@click.option("--reverse-question", help="Front of the second card.")
@click.option("--reverse-answer", help="Back of the second card.")
@click.option("--text", help="A sentence with {{c1::hidden}} parts: a cloze note.")
@click.option("--extra", help="Shown under the answer.")
@click.option("--source", help="section/paragraph of source.yaml.")
@click.option("--claim", "claims", multiple=True, help="A claim that the note tests; may be repeated.")
@click.option("--beyond", help="Why it is worth a card although the source does not teach it.")
@click.option("--caution", help="What can harm somebody who acts on the card.")
@click.option("--caveat", help="Where current evidence differs.")
@click.option("--evidence", multiple=True, help="A key of references.yaml; may be repeated.")
@click.option("--cite", "cites", multiple=True, help="Default: what the paragraph cites.")
@click.option("--tag", "tags", multiple=True, help="A concept; may be repeated.")
@click.option("--yield", "yield_", type=click.Choice(["core", "supporting"]), help="Default: from the claims.")
@click.option("--skill", type=click.Choice(["recall", "understand", "apply"]), help="Default: recall.")
@click.option("--id", help="Default: made from the question.")
def new(folder: Path, **options: Any) -> None:
    """Append a note to a subdeck of the collection in FOLDER (default: decks).

    Asks for what the options leave open; a name may be given by its number in the list that is shown; a part of a name
    shows those with it. Prints the place of the new note; nothing else in the file is touched. Whoever stops before
    gets a command to go on with. Then look at it: `ketamine-anki check`, `ketamine-anki preview`.
    """
    read = Folder(folder)
    collection, decks = readable_collection(read), {deck.name: deck for deck in read.decks()}
    asking = _Asking(options, collection, decks)
    try:
        deck = asking.ask("deck", "subdeck", dict.fromkeys(collection.decks, ""))
        file = _deck_file(read, collection, deck, decks)
        # a file that takes no note is refused before anything is typed
        _appended(file, deck, _SAMPLE | {"text": "{{c1::x}}"})
        values = asking.note(deck)
        after, before, line = _appended(file, deck, values)
        write_text(file, after, before)
    except BaseException:
        asking.print_answers(folder)
        raise
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


def _appended(file: Path, deck: str, values: Mapping[str, Any]) -> tuple[str, bytes, int]:
    """The text of a deck file with the note at its end, its bytes before, and the line of the note. Refuses a file
    that would not read as before with one note more.
    """
    try:
        before = read_bytes(file, MAX_FILE_BYTES) if os.path.lexists(file) else b""
        text, line = append(before.decode("utf-8") or file_head(deck), values)
    except ValueError as error:
        raise Failure(f"{file}: {error}", EXIT_USAGE) from None
    old, _ = read_deck(file.as_posix(), before)
    after, findings = read_deck(file.as_posix(), text.encode("utf-8"))
    *notes, added = after.notes if after and after.notes else (None,)
    if added is None or added.id != values["id"] or notes != list(old.notes if old else ()):
        reason = findings[0].message if findings else "run `ketamine-anki fmt` on it first"
        raise Failure(f"{file}: the note cannot be appended: {reason}", EXIT_USAGE)
    return text, before, line


# --- questions to the user --------------------------------------------------------------------


class _Asking:
    """Finds the subdeck and the values of a note: from options, from answers, or derived from both. A wrong answer is
    asked for again at once, a wrong option ends the command.
    """

    def __init__(self, options: Mapping[str, Any], collection: Collection, decks: Mapping[str, Deck]) -> None:
        shapes = {"text": "cloze"} | dict.fromkeys(_SECOND, "reverse") | dict.fromkeys(_PAIR, "question")
        implied = (shape for key, shape in shapes.items() if options[key])
        self.options = {**options, "shape": options["shape"] or next(implied, None)}
        self.collection, self.decks = collection, decks
        self.ids = {note.id for deck in decks.values() for note in deck.notes}
        self.tags = {_folded(tag): tag for deck in decks.values() for note in deck.notes for tag in note.tags}
        self.values: dict[str, Any] = {}
        self.is_answered = False

    def print_answers(self, folder: Path) -> None:
        """Prints the command that goes on where the questions were left."""
        words = ["ketamine-anki", "new", folder.as_posix()]
        for option in new.params[1:]:
            given = self.options[str(option.name)]
            for value in given if isinstance(given, list | tuple) else filter(None, [given]):
                words += [option.opts[0], value]
        with suppress(OSError):  # the terminal may be gone
            if self.is_answered:
                echo("", err=True)
                echo("nothing was written; to go on from here:", err=True)
                echo(subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words), err=True)

    def note(self, deck: str) -> dict[str, Any]:
        """Asks for what the options leave open, each answer in view of those before. The values of the note by key."""
        collection, options, values, ask = self.collection, self.options, self.values, self.ask
        names, is_given = names_of(collection), options["question"] or options["text"]
        shape = ask("shape", "shape", _SHAPES)
        self._refuse_misplaced(shape)
        for key, prompt in _OF_SHAPES[shape].items():
            ask(key, prompt)
        ask("extra", "" if is_given else "extra, shown under the answer; may be empty", default="")
        claimed = []
        if collection.sections:
            source = ask("source", "source", names["paragraphs"])
            claims = [claim for claim in collection.claims.values() if f"{claim.section}/{claim.paragraph}" == source]
            prompt = "claims that the note tests, with commas; none if it goes beyond"
            taught = {claim.id: claim.text for claim in claims}
            claimed = ask("claims", prompt, taught, also=names["claims"], default="")
            is_beyond = not claimed and collection.claims
            ask("beyond", "no claims: why it is worth a card although no source teaches it" if is_beyond else "")
            ask("cites", known=dict.fromkeys(collection.paragraphs[source], ""))
            values["cites"] = values.get("cites") or list(propose_cites(source, collection))
        ask("caution")
        needing = [name for name in claimed if collection.claims[name].caveat_required and "caution" not in values]
        ask("caveat", f"claim {needing[0]} needs a caveat: where does current evidence differ" if needing else "")
        rests = values.keys() & {"caution", "caveat", "beyond"} and collection.references
        prompt = "evidence for it, keys of references.yaml, with commas"
        ask("evidence", prompt if rests else "", names["references"])
        used = {tag for note in (self.decks[deck].notes if deck in self.decks else ()) for tag in note.tags}
        ask("tags", "concept tags, with commas", dict.fromkeys(sorted(used), ""))
        ask("id", "id", default=propose_id(values.get("question") or values["text"], self.ids))
        if values.pop("shape") == "reverse":
            values["reverse"] = {key: values.pop(f"reverse_{key}") for key in _PAIR}
        values["yield"] = options["yield_"] or propose_yield(claimed, collection)
        values["skill"] = options["skill"] or "recall"
        return {key: value for key, value in values.items() if value}

    def _refuse_misplaced(self, shape: str) -> None:
        """Refuses options that would be left out of a note of this shape in silence."""
        places = {key: f"a note of the shape {shape!r}" for keys in _OF_SHAPES.values() for key in keys}
        if not self.collection.sections:
            places |= dict.fromkeys(_OF_A_SOURCE, "a deck without a source")
        for key, place in places.items():
            if self.options[key] and key not in _OF_SHAPES[shape]:
                raise Failure(f"{_option(key)} has no place in {place}: leave it out", EXIT_USAGE)

    def ask(
        self,
        key: str,
        prompt: str = "",
        known: Mapping[str, str] | None = None,
        *,
        also: Container[str] = (),
        default: str | None = None,
    ) -> Any:
        """The value of a key: of its option, else what is typed. The `known` names, with what they are about, are
        shown, and may be given by their number; `also` are others that may be given. `default` is taken when nothing
        is typed (None: it is asked again). Without a prompt nobody is asked.
        """
        option, given = _option(key), self.options[key]
        parse = partial(self._parsed, key, known, also, default is None)
        value = default if prompt else ""
        if given:
            try:
                value = parse(",".join(given) if isinstance(given, tuple) else given)
            except click.UsageError as error:
                raise Failure(f"{option}: {error.message}", EXIT_USAGE) from None
        elif prompt and sys.stdin.isatty():
            _show(known or {})
            line = terminal(f"{prompt} (number or name)" if known else prompt)
            try:
                value = click.prompt(line, default, value_proc=parse, show_default=bool(default), err=True)
            except UnicodeError:
                raise Failure(f"{prompt}: what was typed is not UTF-8 text: type it again", EXIT_USAGE) from None
            self.options[key], self.is_answered = value, True
        elif value is None:
            raise Failure(f"no terminal to ask on: give {option} ({prompt})", EXIT_USAGE)
        if value and key != "deck":
            self.values[key] = value
        return value

    def _parsed(
        self, key: str, known: Mapping[str, str] | None, also: Container[str], is_needed: bool, typed: str
    ) -> Any:
        """The value that was typed. Raises click.UsageError, after which click asks again."""
        typed.encode("utf-8")
        typed = typed.strip()
        separators = rf"[{COMMAS}]" if key == "tags" else rf"[{COMMAS}\s]"
        words = map(str.strip, re.split(separators, typed)) if key in _LISTS else [typed]
        named = [word if known is None or word in also else self._named(key, known, word) for word in words if word]
        if is_needed and not named:
            raise click.UsageError("at least one is needed")
        value = list(dict.fromkeys(named)) if key in _LISTS else "".join(named)
        if named and key not in ("deck", "shape"):
            self._require_sound(key, value)
        if key == "id" and value in self.ids:
            raise click.UsageError(f"id {value!r} is taken: {propose_id(value, self.ids)!r} is free")
        return value

    def _named(self, key: str, known: Mapping[str, str], word: str) -> str:
        """One of the known names, which may be given by its number. Shows those that hold an unknown word. A tag may be
        new; one that is used elsewhere is spelt as there.
        """
        if word in known:
            return word
        noun = "subdeck" if key == "deck" else _LISTS.get(key, key)
        if word.isdecimal():
            if not 0 < int(word) <= len(known):
                raise click.UsageError(f"no {noun} has the number {word}: the last one is {len(known)}")
            return list(known)[int(word) - 1]
        if key == "tags":
            return self.tags.get(_folded(word), "_".join(word.split()))
        _show(known, word)
        raise click.UsageError(f"unknown {noun} {word!r}{did_you_mean(word, known)}")

    def _require_sound(self, key: str, value: Any) -> None:
        """Refuses what could not be read again, a text that is malformed, and a name that has no place in a note."""
        texts = {} if key == "text" else {"question": "A?", "answer": "A"}
        source = {"source": self.values.get("source", "a/1")}
        sample = _SAMPLE | texts | source | {key.removeprefix("reverse_"): value}
        deck, findings = read_deck("", append(file_head("A"), sample)[0].encode("utf-8"))
        messages = [finding.message for finding in findings]
        if deck and not findings:
            view = View(deck.notes[0], self.collection)
            messages += [finding.message for rendered in view.rendered.values() for finding in rendered.findings]
            messages += [why for rule in (reserved_tag, unfinished, foreign_claims) for _, why in rule(view)]
        if messages:
            raise click.UsageError(terminal(messages[0]))


def _option(key: str) -> str:
    return next(option.opts[0] for option in new.params if option.name == key)


def _folded(tag: str) -> str:
    return re.sub(r"[\s_-]+", "_", tag).casefold()


def _show(known: Mapping[str, str], part: str = "") -> None:
    """Prints the names that hold a part with their numbers and, each on a line, what they are about,
    of many the first ones.
    """
    shown = [
        (number, name, about)
        for number, (name, about) in enumerate(known.items(), 1)
        if part.casefold() in f"{name} {about}".casefold()
    ]
    if shown and not any(known.values()):
        echo(", ".join(f"{number} {name}" for number, name, _ in shown), err=True)
        return
    for number, name, about in shown[:_MANY]:
        echo(f"{number:>4}  {name}  {about}"[:_WIDTH], err=True)
    if len(shown) > _MANY:
        echo(f"      and {len(shown) - _MANY} more: type a part of a name to see those with it", err=True)
