"""The note types: fields, templates and CSS, for question/answer and cloze notes.

Names, order and ids of fields and templates are frozen with the first release: Anki skips every
note of an update whose note type has other fields or templates. The spare field can be renamed
later without harm. `My notes` is the learner's own: the packages leave it empty.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

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


@cache
def note_types(repository: str = "") -> dict[str, NoteType]:
    """The note types by key; with a repository the backs link to its form for corrections."""
    css = _text("style.css")
    question = NoteType(
        "question",
        "question and answer",
        False,
        ("Question", "Answer", "ReverseQuestion", "ReverseAnswer", *_TAIL_FIELDS),
        (_template("Question", "question", repository), _template("Reverse", "reverse", repository)),
        css,
    )
    cloze = NoteType("cloze", "cloze", True, ("Text", *_TAIL_FIELDS), (_template("Cloze", "cloze", repository),), css)
    return {"question": question, "cloze": cloze}


def _template(name: str, stem: str, repository: str) -> Template:
    report = _text("report-link.html").rstrip().format(repository=repository) if repository else ""
    tail = _text("back-tail.html").replace("<!--report-->", report)
    return Template(name, _text(f"{stem}-front.html").strip(), (_text(f"{stem}-back.html") + tail).strip())


def _text(name: str) -> str:
    from importlib.resources import files  # takes its time, and a check does not need it

    return files(__package__).joinpath(name).read_text(encoding="utf-8")
