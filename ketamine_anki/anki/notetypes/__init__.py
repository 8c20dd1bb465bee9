"""The note types: fields, templates and CSS, for question/answer and cloze notes.

Names, order and ids of fields and templates are frozen with the first release: Anki skips every
note of an update whose note type has other fields or templates. The spare field can be renamed
later without harm. `My notes` is the learner's own: the packages leave it empty.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import NamedTuple

from ketamine_anki.core.escape import html as escape
from ketamine_anki.core.language import is_right_to_left, labels
from ketamine_anki.core.model import Collection

OWN_FIELD = "My notes"
_TAIL_FIELDS = ("Extra", "Caution", "Caveat", "Picture", "Evidence", "Source", "Notice", "ID", OWN_FIELD, "Spare")


class Template(NamedTuple):
    """One card template: its name, and the HTML of both sides with {{Field}} marks."""

    name: str
    front: str
    back: str


class NoteType(NamedTuple):
    """`key` names it in ids and in the ledger; `label` ends its name in Anki."""

    key: str
    label: str
    is_cloze: bool
    fields: tuple[str, ...]
    templates: tuple[Template, ...]
    css: str


def note_types(collection: Collection | None = None) -> dict[str, NoteType]:
    """The note types of a collection by key: the words on them are those of its language, and with a repository the
    backs link to its form for corrections. Without a collection, those of an English one.
    """
    if collection is None:
        return _note_types("", "en", ())
    return _note_types(collection.repository, collection.language, tuple(collection.labels.items()))


@cache
def _note_types(repository: str, language: str, own: tuple[tuple[str, str], ...]) -> dict[str, NoteType]:
    template = partial(_template, labels(language) | dict(own), language, repository)
    css = _text("style.css")
    asked = ("Question", "Answer", "ReverseQuestion", "ReverseAnswer", *_TAIL_FIELDS)
    questions = (template("Question", "question"), template("Reverse", "reverse"))
    return {
        "question": NoteType("question", "question and answer", False, asked, questions, css),
        "cloze": NoteType("cloze", "cloze", True, ("Text", *_TAIL_FIELDS), (template("Cloze", "cloze"),), css),
    }


def _template(words: dict[str, str], language: str, repository: str, name: str, stem: str) -> Template:
    """The sides say in which language they are, unless that is English, as Anki itself would take it. In a language
    from right to left a question may well start with a Latin name: its direction is not guessed.
    """
    report = _text("report-link.html").rstrip().format(repository=repository) if repository else ""
    sides = [_text(f"{stem}-front.html"), _text(f"{stem}-back.html") + _text("back-tail.html")]
    for n, side in enumerate(sides):
        side = side.replace("<!--link-->", report)
        side = re.sub("<!--([a-z]+)-->", lambda word: escape(words[word[1]]), side)
        if is_right_to_left(language):
            side = re.sub('(?<!class="answer" )dir="auto"', 'dir="rtl"', side)
            side = side.replace('class="foot"', 'class="foot" dir="rtl"')
        if language != "en":
            side = re.sub('(?= dir="|(?<=class="foot")>)', f' lang="{language}"', side)
        sides[n] = side.strip()
    return Template(name, *sides)


def _text(name: str) -> str:
    from importlib.resources import files  # takes its time, and a check does not need it

    return files(__package__).joinpath(name).read_text(encoding="utf-8")
