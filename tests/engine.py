"""The real Anki engine as judge of a package: import it, render its cards, run Anki's own checks.

`anki` is imported by the tests alone; the program does without it.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from anki.collection import (
    Collection,
    ExportAnkiPackageOptions,
    ImportAnkiPackageOptions,
    ImportAnkiPackageRequest,
)
from anki.errors import CardTypeError
from anki.import_export_pb2 import ImportAnkiPackageUpdateCondition as When

# The learner's default choices in the import dialog.
IF_NEWER, ALWAYS, NEVER = (
    When.Value(f"IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_{w}") for w in ("IF_NEWER", "ALWAYS", "NEVER")
)
_LOGS = ("new updated duplicate conflicting first_field_match missing_notetype missing_deck empty_first_field").split()
_FIELDS_CHECK = {
    1: "empty first field",
    2: "duplicate first field",
    3: "no cloze",
    4: "cloze in a plain note type",
    5: "cloze in a wrong field",
}


class Face(NamedTuple):
    """One card as Anki renders it."""

    note_id: str  # the value of the note's ID field
    ordinal: int
    question: str
    answer: str


def open_collection(folder: Path, name: str = "learner") -> Collection:
    """A learner's empty collection in a folder; close it, or use `conftest.learner`."""
    return Collection(str(folder / f"{name}.anki2"))


def import_package(
    col: Collection,
    path: Path,
    *,
    update_notes: int = IF_NEWER,
    update_notetypes: int = IF_NEWER,
    merge_notetypes: bool = False,
    with_scheduling: bool = False,
    with_deck_configs: bool = False,
) -> dict[str, int]:
    """Imports as the dialog does, by default with its defaults; {"new": 3, "duplicate": 1}: how many
    notes went which way, zeros left out.
    """
    options = ImportAnkiPackageOptions(
        update_notes=update_notes,
        update_notetypes=update_notetypes,
        merge_notetypes=merge_notetypes,
        with_scheduling=with_scheduling,
        with_deck_configs=with_deck_configs,
    )
    log = col.import_anki_package(ImportAnkiPackageRequest(package_path=str(path), options=options)).log
    return {kind: count for kind in _LOGS if (count := len(getattr(log, kind)))}


def export(col: Collection, path: Path, without: str = "") -> Path:
    """What File > Export writes; the name of the file tells the format, `without` a box that is not ticked."""
    if path.suffix == ".txt":
        parts = ("html", "tags", "deck", "notetype", "guid")
        col.export_note_csv(out_path=str(path), limit=None, **{f"with_{part}": part != without for part in parts})
        return path
    options = ExportAnkiPackageOptions(with_media=True, legacy=path.name.startswith("old"))
    col.export_anki_package(out_path=str(path), options=options, limit=None)
    return path


def rendered(col: Collection) -> list[Face]:
    """Every card's question and answer as HTML, in the order of its note id and ordinal."""
    faces = []
    for card_id in col.db.list("select c.id from cards c order by c.nid, c.ord"):
        card = col.get_card(card_id)
        note = card.note()
        faces.append(Face(dict(note.items()).get("ID", str(note.id)), card.ord, card.question(), card.answer()))
    return faces


_INLINE = frozenset(["a", "b", "code", "em", "nobr", "span", "strong"])


class _Text(HTMLParser):
    """Gathers the visible text of a page, or of its elements of one class."""

    def __init__(self, css_class: str) -> None:
        super().__init__()
        self.css_class = css_class
        self.open: list[bool] = []  # for each open element: whether it is one of those wanted
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = dict(attributes)
        if tag not in _INLINE:
            self.parts.append(" ")
        if tag == "img":
            self.handle_data(f" {said.get('alt') or ''} ")
        if tag not in ("img", "br", "hr", "link", "meta"):
            self.open.append(tag != "style" and self.css_class in ("", *(said.get("class") or "").split()))

    def handle_endtag(self, tag: str) -> None:
        if self.open:
            self.open.pop()
        if tag not in _INLINE or (self.css_class and not any(self.open)):
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if (not self.css_class and all(self.open)) or (self.css_class and any(self.open)):
            self.parts.append(data)


def visible(page: str, css_class: str = "") -> str:
    """What a learner sees of a card's HTML as text (of a picture its alt text), or what stands in its
    elements of one class.
    """
    parser = _Text(css_class)
    parser.feed(page)
    parser.close()
    return " ".join("".join(parser.parts).split())


def answer_of(face: Face) -> str:
    """What the back shows and the front does not: the answer's text, the deletions of a cloze card, or,
    in math, where Anki marks no deletion on the back, all between what both sides have in common.
    """
    marked = visible(face.answer, "answer") or visible(face.answer, "cloze")
    if marked:
        return marked
    front, back = visible(face.question, "question"), visible(face.answer, "question")
    start = _common(front, back)
    return back[start : len(back) - _common(front[start:][::-1], back[start:][::-1])].strip()


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def problems(col: Collection) -> list[str]:
    """Everything that Anki, or a look at its cards, finds wrong with a collection; [] when all is well.

    Saves notes and note types, so modification times rise: ask it last.
    """
    return [
        *_note_types(col),
        *_faces(col),
        *_fields(col),
        *_cards(col),
        *_media(col),
        *_integrity(col),
    ]


def _note_types(col: Collection) -> list[str]:
    used = {col.get_note(nid).mid for nid in col.find_notes("")}
    found = []
    for mid in sorted(used):
        note_type = col.models.get(mid)
        try:
            col.models.update_dict(note_type)
        except CardTypeError as error:
            found.append(f"note type {note_type['name']}: {error}")
    return found


_WRONG = {
    r"\{\{|\}\}": "braces left over",
    r"(?i)latex image generation|\[latex|\[\$": "LaTeX",
    r"(?i)unknown (field|filter)|template problem|no cloze|card is blank|class=error|has a problem": "template error",
    r"(?i)<script|javascript:|<iframe|<object|<link|\son[a-z]+=|@import": "active content",
}


def _faces(col: Collection) -> list[str]:
    found = []
    for face in rendered(col):
        where = f"{face.note_id} card {face.ordinal + 1}"
        for side, page in (("question", face.question), ("answer", face.answer)):
            body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
            if not visible(page):
                found.append(f"{where}: nothing to see on the {side}")
            found += [f"{where}: {what} on the {side}" for wrong, what in _WRONG.items() if re.search(wrong, body)]
        if not answer_of(face):
            found.append(f"{where}: the answer shows nothing")
        if visible(face.question) == visible(face.answer):
            found.append(f"{where}: the answer adds nothing to the question")
    return found


def _fields(col: Collection) -> list[str]:
    checks = ((note, note.fields_check()) for note in map(col.get_note, col.find_notes("")))
    return [
        f"{dict(note.items()).get('ID', note.id)}: {_FIELDS_CHECK.get(state, state)}" for note, state in checks if state
    ]


def _cards(col: Collection) -> list[str]:
    found = []
    if report := col.get_empty_cards().report:
        found.append(f"empty cards: {report}")
    before = Counter(col.db.list("select nid from cards"))
    found += [f"{nid}: a note without cards" for nid in col.find_notes("") if not before[nid]]
    # Anki makes the cards that are missing when a note is saved: none may come.
    trial = [col.get_note(nid) for nid in col.find_notes("")]
    kept = [list(note.fields) for note in trial]
    for note in trial:
        note.fields[-1] += " "
    col.update_notes(trial)
    after = Counter(col.db.list("select nid from cards"))
    found += [f"{nid}: Anki makes {after[nid] - count} more" for nid, count in before.items() if after[nid] != count]
    for note, fields in zip(trial, kept, strict=True):
        note.fields[:] = fields
    col.update_notes(trial)
    return found


def _media(col: Collection) -> list[str]:
    check = col.media.check()
    found = [f"picture missing: {name}" for name in check.missing]
    found += [f"picture unused: {name}" for name in check.unused]
    for face in rendered(col):
        for name in re.findall(r'<img[^>]*src="([^"]*)"', face.answer + face.question):
            if not (Path(col.media.dir()) / html.unescape(name)).is_file():
                found.append(f"{face.note_id}: picture {name} is not in the collection")
    return found


def _integrity(col: Collection) -> list[str]:
    said, _ = col.fix_integrity()
    return [] if said == "Database rebuilt and optimized." else [f"Anki's database check: {said}"]


def contents(col: Collection) -> dict[str, list[tuple[object, ...]]]:
    """The rows a learner would miss or see changed: notes, cards, reviews, note types, decks."""
    return {
        "notes": col.db.all("select id, guid, mid, mod, usn, tags, flds, sfld from notes order by id"),
        "cards": col.db.all("select * from cards order by id"),
        "revlog": col.db.all("select * from revlog order by id"),
        "notetypes": col.db.all("select id, name, mtime_secs, config from notetypes order by id"),
        "fields": col.db.all("select ntid, ord, name, config from fields order by ntid, ord"),
        "templates": col.db.all("select ntid, ord, name, config from templates order by ntid, ord"),
        "decks": col.db.all("select id, name, mtime_secs, kind from decks order by id"),
        "schema": col.db.all("select scm from col"),
    }
