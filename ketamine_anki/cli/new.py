"""`ketamine-anki new`: append a well-formed note to a subdeck."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.escape import terminal
from ketamine_anki.core.limits import MAX_FILE_BYTES
from ketamine_anki.core.model import Collection, Deck
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.core.terminal import echo
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.deckfiles.schema import COMMAS
from ketamine_anki.workspace.folder import Folder, read_bytes
from ketamine_anki.workspace.output import write_text
from ketamine_anki.workspace.reporting import readable_collection

_LISTS = ("claims", "cites", "evidence", "tags")
_SAMPLE = {"id": "new-note-of-no-name", "tags": ["A"], "yield": "core", "skill": "recall"}
_MANY, _SHOWN, _WIDTH = 30, 12, 110  # names that are explained: of more, lines shown, and their width
_OF_SHAPES = {
    "question": ("question", "answer"),
    "reverse": ("question", "answer", "reverse_question", "reverse_answer"),
    "cloze": ("text",),
}
_OF_A_SOURCE = ("source", "claims", "cites", "beyond")
SHAPES = {"question": "one card", "reverse": "two cards, there and back", "cloze": "a sentence with hidden parts"}


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

    Asks for what the options leave open; a name may be given by its number in the list that is shown, of which a part
    of a name shows more. Prints the place of the new note; nothing else in the file is touched. Whoever stops before
    gets a command to go on with. Then look at it: `ketamine-anki check`, `ketamine-anki preview`.
    """
    options["shape"] = options["shape"] or _implied_shape(options)
    read = Folder(folder)
    asking = _Asking(options, readable_collection(read), {deck.name: deck for deck in read.decks()})
    with ExitStack() as unfinished:
        unfinished.callback(asking.print_answers, folder)
        deck = asking.deck()
        file = _deck_file(read, asking.collection, deck, asking.decks)
        # a file that takes no note is refused before anything is typed
        _appended(file, deck, _SAMPLE | {"text": "{{c1::x}}"})
        values = asking.note(deck)
        after, before, line = _appended(file, deck, values)
        write_text(file, after, before)
        unfinished.pop_all()
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
    from ketamine_anki.deckfiles.editor import append, file_head
    from ketamine_anki.deckfiles.reader import read_deck

    try:
        before = read_bytes(file, MAX_FILE_BYTES) if os.path.lexists(file) else b""
        text, line = append(before.decode("utf-8") or file_head(deck), values)
    except ValueError as error:
        raise Failure(f"{file}: {error}", EXIT_USAGE) from None
    old, _ = read_deck(file.as_posix(), before) if before else (None, [])
    notes = old.notes if old else ()
    after, findings = read_deck(file.as_posix(), text.encode("utf-8"))
    if (
        after is None
        or after.notes[: len(notes)] != notes
        or [n.id for n in after.notes[len(notes) :]] != [values["id"]]
    ):
        reason = findings[0].message if findings else "run `ketamine-anki fmt` on it first"
        raise Failure(f"{file}: the note cannot be appended: {reason}", EXIT_USAGE)
    return text, before, line


# --- questions to the user --------------------------------------------------------------------


class _Question(NamedTuple):
    """What to ask for a key. The `known` names are shown, and may be given by their number; `also` are others that may
    be given. `default` is taken when nothing is typed (None: it is asked again). Without a prompt it is not asked.
    """

    key: str
    prompt: str = ""
    known: Mapping[str, str] | None = None  # name -> what it is about
    also: Container[str] = ()
    default: str | None = ""


def _needed(key: str, prompt: str, known: Mapping[str, str] | None = None) -> _Question:
    """A question that takes no empty answer, as `check` would refuse the note; it is not asked without a prompt."""
    return _Question(key, prompt, known, default=None if prompt else "")


class _Asking:
    """Finds the subdeck and the values of a note: from options, from answers, or derived from both. A wrong answer is
    asked for again at once, a wrong option ends the command.
    """

    def __init__(self, options: Mapping[str, Any], collection: Collection, decks: Mapping[str, Deck]) -> None:
        self.options, self.collection, self.decks = dict(options), collection, decks
        self._values: dict[str, Any] = {}
        self._is_answered = False
        self._ids = {note.id for deck in decks.values() for note in deck.notes}
        self._tags = {_folded(tag): tag for deck in decks.values() for note in deck.notes for tag in note.tags}

    def deck(self) -> str:
        """The subdeck."""
        name: str = self._answer(_Question("deck", "subdeck", dict.fromkeys(self.collection.decks, ""), default=None))
        return name

    def print_answers(self, folder: Path) -> None:
        """Prints the command that goes on where the questions were left."""
        words = ["ketamine-anki", "new", folder.as_posix()]
        for option in new.params[1:]:
            given = self.options[str(option.name)]
            for value in given if isinstance(given, list | tuple) else filter(None, [given]):
                words += [option.opts[0], value]
        with suppress(OSError):  # the terminal may be gone
            if self._is_answered:
                echo("", err=True)
                echo("nothing was written; to go on from here:", err=True)
                echo(subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words), err=True)

    def note(self, deck: str) -> dict[str, Any]:
        """The values of the note by key."""
        from ketamine_anki.deckfiles.editor import propose_cites, propose_yield

        values, options = self._values, self.options
        for question in self._questions(deck):
            if value := self._answer(question):
                outer, _, inner = question.key.partition(".")
                values[outer] = {**values.get(outer, {}), inner: value} if inner else value
        del values["shape"]
        if cites := values.get("cites") or list(propose_cites(values.get("source", ""), self.collection)):
            values["cites"] = cites
        values["yield"] = options["yield_"] or propose_yield(values.get("claims", ()), self.collection)
        return values | {"skill": options["skill"] or "recall"}

    def _questions(self, deck: str) -> Iterator[_Question]:
        """The questions in order; each may look at the answers to those before it."""
        from ketamine_anki.deckfiles.editor import propose_id
        from ketamine_anki.deckfiles.json_schema import names_of

        collection, values = self.collection, self._values
        names, is_given = names_of(collection), self.options["question"] or self.options["text"]
        yield _Question("shape", "shape", SHAPES, default=None)
        self._refuse_misplaced(values["shape"])
        if values["shape"] == "cloze":
            yield _Question("text", "text, with {{c1::hidden}} parts", default=None)
        else:
            yield _Question("question", "question", default=None)
            yield _Question("answer", "answer", default=None)
        if values["shape"] == "reverse":
            yield _Question("reverse.question", "question of the second card", default=None)
            yield _Question("reverse.answer", "answer of the second card", default=None)
        yield _Question("extra", "" if is_given else "extra, shown under the answer; may be empty")
        if collection.sections:
            yield _Question("source", "source", names["paragraphs"], default=None)
            taught = {
                c.id: c.text for c in collection.claims.values() if f"{c.section}/{c.paragraph}" == values["source"]
            }
            yield _Question(
                "claims", "claims that the note tests, with commas; none if it goes beyond", taught, names["claims"]
            )
            none = not values.get("claims") and collection.claims
            yield _needed("beyond", "no claims: why it is worth a card although no source teaches it" if none else "")
            yield _Question("cites", "", dict.fromkeys(collection.paragraphs[values["source"]], ""))
        yield _Question("caution")
        needing = [name for name in values.get("claims", ()) if collection.claims[name].caveat_required]
        caveat = f"claim {needing[0]} needs a caveat: where does current evidence differ" if needing else ""
        yield _needed("caveat", "" if "caution" in values else caveat)
        rests = values.keys() & {"caution", "caveat", "beyond"} and collection.references
        evidence = "evidence for it, keys of references.yaml, with commas" if rests else ""
        yield _needed("evidence", evidence, names["references"])
        used = {tag: "" for note in (self.decks[deck].notes if deck in self.decks else ()) for tag in note.tags}
        yield _Question("tags", "concept tags, with commas", dict.fromkeys(sorted(used), ""), default=None)
        yield _Question("id", "id", default=propose_id(values.get("question") or values["text"], self._ids))

    def _refuse_misplaced(self, shape: str) -> None:
        """Refuses options that would be left out of a note of this shape in silence."""
        shapes = {name: f"a note of the shape {shape!r}" for names in _OF_SHAPES.values() for name in names}
        places = shapes if self.collection.sections else shapes | dict.fromkeys(_OF_A_SOURCE, "a deck without a source")
        for option in new.params:
            name = str(option.name)
            if name in places and name not in _OF_SHAPES[shape] and self.options[name]:
                raise Failure(f"{option.opts[0]} has no place in {places[name]}: leave it out", EXIT_USAGE)

    def _answer(self, question: _Question) -> Any:
        """The value of an option, else the answer; the default where there is no terminal or nothing to ask."""
        parameter = question.key.replace(".", "_")
        option = next(option.opts[0] for option in new.params if option.name == parameter)
        given, known, prompt = self.options[parameter], question.known or {}, question.prompt
        parse = partial(self._parsed, question)
        if not given and not (prompt and sys.stdin.isatty()):
            given = question.default
        if given is not None and given != ():
            try:
                return parse(",".join(given) if isinstance(given, tuple) else given)
            except click.UsageError as error:
                raise Failure(f"{option}: {error.message}", EXIT_USAGE) from None
        _show(known)
        prompt += " (number or name)" if known else ""
        try:
            answer = click.prompt(
                terminal(prompt),
                question.default,
                value_proc=partial(_or_show, parse, known),
                show_default=bool(question.default),
                err=True,
            )
            self.options[parameter], self._is_answered = answer, True
            return answer
        except click.Abort:
            if sys.stdin.isatty():
                raise
            raise Failure(f"no terminal to ask on: give {option} ({question.prompt})", EXIT_USAGE) from None
        except UnicodeError:
            raise Failure(f"{question.prompt}: what was typed is not UTF-8 text: type it again", EXIT_USAGE) from None

    def _parsed(self, question: _Question, typed: str) -> Any:
        """The value that was typed. Raises click.UsageError, after which click asks again."""
        from ketamine_anki.deckfiles.editor import propose_id

        typed.encode("utf-8")
        key, typed = question.key, typed.strip()
        if key in _LISTS and key != "tags":
            typed = ",".join(typed.split())
        words = (word.strip() for word in re.split(f"[{COMMAS}]", typed)) if key in _LISTS else (typed,)
        found = list(dict.fromkeys(self._named(question, word) for word in words if word))
        if question.default is None and not found:
            raise click.UsageError("at least one is needed")
        value = found if key in _LISTS else "".join(found)
        if found and key not in ("deck", "shape"):
            self._require_sound(key, value)
        if key == "id" and value in self._ids:
            raise click.UsageError(f"id {value!r} is taken: {propose_id(value, self._ids)!r} is free")
        return value

    def _named(self, question: _Question, word: str) -> str:
        """One of the known names, which may be given by its number."""
        key, known = question.key, question.known
        noun = {"deck": "subdeck", "claims": "claim", "cites": "citation", "evidence": "reference", "tags": "tag"}.get(
            key, key
        )
        if known is None or word in known or word in question.also:
            return word
        if word.isdecimal():
            if not 0 < int(word) <= len(known):
                raise click.UsageError(f"no {noun} has the number {word}: the last one is {len(known)}")
            return list(known)[int(word) - 1]
        if key == "tags":
            return self._tags.get(_folded(word), "_".join(word.split()))
        raise click.UsageError(f"unknown {noun} {word!r}{did_you_mean(word, known)}")

    def _require_sound(self, key: str, value: Any) -> None:
        """Refuses what could not be read again, a text that is malformed, and a name that has no place in a note."""
        from ketamine_anki.deckfiles.editor import append, file_head
        from ketamine_anki.deckfiles.reader import read_deck
        from ketamine_anki.rules.identity import reserved_tag, unfinished
        from ketamine_anki.rules.provenance import foreign_claims
        from ketamine_anki.rules.view import View

        pair, (outer, _, inner) = {"question": "A?", "answer": "A"}, key.partition(".")
        sample = _SAMPLE | (pair if key != "text" else {}) | {"source": self._values.get("source", "a/1")}
        text, _ = append(file_head("A"), sample | {outer: pair | {inner: value} if inner else value})
        deck, findings = read_deck("", text.encode("utf-8"))
        if deck and not findings:
            view = View(deck.notes[0], self.collection)
            findings = [finding for rendered in view.rendered.values() for finding in rendered.findings]
            judged = [why for rule in (reserved_tag, unfinished, foreign_claims) for _, why in rule(view)]
        if wrong := [finding.message for finding in findings] or judged:
            raise click.UsageError(terminal(wrong[0]))


def _or_show(parse: Callable[[str], Any], known: Mapping[str, str], typed: str) -> Any:
    """What `parse` makes of an answer; if it is no name, the known ones that hold it are shown."""
    try:
        return parse(typed)
    except click.UsageError:
        for word in map(str.strip, re.split(f"[{COMMAS}]", typed)):
            if word and not word.isdecimal():
                _show(known, word)
        raise


def _show(known: Mapping[str, str], part: str = "") -> None:
    """Prints names that may be given and what they are about: those that hold a part; of many the first, in short."""
    listed = [
        f"{number:>4}  {name}  {about}" if about else f"{number} {name}"
        for number, (name, about) in enumerate(known.items(), 1)
        if part.casefold() in f"{name} {about}".casefold()
    ]
    if not any(known.values()):
        listed = [", ".join(listed)] if listed else []
    is_long = len(known) > _MANY and any(known.values())
    for line in listed[: _SHOWN if is_long else None]:
        echo(f"{line[:_WIDTH]}…" if is_long and len(line) > _WIDTH else line, err=True)
    if is_long and len(listed) > _SHOWN:
        echo(f"      and {len(listed) - _SHOWN} more: type a part of a name to see those with it", err=True)


def _folded(tag: str) -> str:
    return re.sub(r"[\s_-]+", "_", tag).casefold()


def _implied_shape(options: Mapping[str, Any]) -> str | None:
    """The shape that the options imply."""
    if options["text"]:
        return "cloze"
    if options["reverse_question"] or options["reverse_answer"]:
        return "reverse"
    return "question" if options["question"] or options["answer"] else None
