"""The real Anki engine as judge of a package: import it, render its cards, run Anki's own checks.

`anki` is imported by the tests alone; the program does without it.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from anki.collection import Collection, ExportAnkiPackageOptions, ImportAnkiPackageOptions, ImportAnkiPackageRequest
from anki.errors import CardTypeError

_LOGS = "new updated duplicate conflicting first_field_match missing_notetype missing_deck empty_first_field".split()
_FIELDS_CHECK = (
    "", "empty first field", "duplicate first field", "no cloze", "cloze in a plain note type", "cloze in a wrong field"
)  # fmt: skip


class Face(NamedTuple):
    """One card as Anki renders it."""

    note_id: str  # the value of the note's ID field
    ordinal: int
    question: str
    answer: str


def open_collection(folder: Path, name: str = "learner") -> Collection:
    """A learner's empty collection in a folder; close it, or use `conftest.learner`."""
    return Collection(str(folder / f"{name}.anki2"))


def import_package(col: Collection, path: Path) -> dict[str, int]:
    """Imports as the dialog does with its defaults; {"new": 3, "duplicate": 1}: how many notes went which way, zeros
    left out.
    """
    options = ImportAnkiPackageOptions()  # 0 is "if newer", for notes and note types
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


_INLINE = ("a", "b", "code", "em", "nobr", "span", "strong")


class _Text(HTMLParser):
    """Gathers the visible text of a page, or of its elements of one class."""

    def __init__(self, css_class: str) -> None:
        super().__init__()
        self.css_class = css_class
        self.open = [not css_class]  # of the page and each open element: whether its text is wanted
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.text += " " * (tag not in _INLINE)
        if tag == "img":
            self.handle_data(f" {given.get('alt') or ''} ")
        if tag not in ("img", "br", "hr", "link", "meta"):
            named = bool(self.css_class) and self.css_class in (given.get("class") or "").split()
            self.open.append(tag != "style" and (self.open[-1] or named))

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) > 1:
            self.open.pop()
        self.text += " " * (tag not in _INLINE or not self.open[-1])

    def handle_data(self, data: str) -> None:
        self.text += data * self.open[-1]


def visible(page: str, css_class: str = "") -> str:
    """What a learner sees of a card's HTML as text (of a picture its alt text), or what stands in its
    elements of one class.
    """
    parser = _Text(css_class)
    parser.feed(page)
    parser.close()
    return " ".join(parser.text.split())


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
    checks = (_note_types, _faces, _fields, _cards, _media, _integrity)
    return [problem for check in checks for problem in check(col)]


def _note_types(col: Collection) -> Iterator[str]:
    for mid in sorted({col.get_note(nid).mid for nid in col.find_notes("")}):
        note_type = col.models.get(mid)
        try:
            col.models.update_dict(note_type)
        except CardTypeError as error:
            yield f"note type {note_type['name']}: {error}"


_WRONG = {
    r"\{\{|\}\}": "braces left over",
    r"(?i)latex image generation|\[latex|\[\$": "LaTeX",
    r"(?i)unknown (field|filter)|template problem|no cloze|card is blank|class=error|has a problem": "template error",
    r"(?i)<script|javascript:|<iframe|<object|<link|\son[a-z]+=|@import": "active content",
}


def _faces(col: Collection) -> Iterator[str]:
    for face in rendered(col):
        where = f"{face.note_id} card {face.ordinal + 1}"
        for side, page in (("question", face.question), ("answer", face.answer)):
            body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
            if not visible(page):
                yield f"{where}: nothing to see on the {side}"
            yield from (f"{where}: {what} on the {side}" for wrong, what in _WRONG.items() if re.search(wrong, body))
        if not answer_of(face):
            yield f"{where}: the answer shows nothing"
        if visible(face.question) == visible(face.answer):
            yield f"{where}: the answer adds nothing to the question"


def _fields(col: Collection) -> Iterator[str]:
    for note in map(col.get_note, col.find_notes("")):
        if state := note.fields_check():
            yield f"{dict(note.items()).get('ID', note.id)}: {_FIELDS_CHECK[state]}"


def _cards(col: Collection) -> Iterator[str]:
    if report := col.get_empty_cards().report:
        yield f"empty cards: {report}"
    before = Counter(col.db.list("select nid from cards"))
    yield from (f"{nid}: a note without cards" for nid in col.find_notes("") if not before[nid])
    # Anki makes the cards that are missing when a note is saved: none may come.
    notes = [col.get_note(nid) for nid in col.find_notes("")]
    kept = [list(note.fields) for note in notes]
    for note in notes:
        note.fields[-1] += " "
    col.update_notes(notes)
    after = Counter(col.db.list("select nid from cards"))
    yield from (f"{nid}: Anki makes {after[nid] - count} more" for nid, count in before.items() if after[nid] != count)
    for note, fields in zip(notes, kept, strict=True):
        note.fields[:] = fields
    col.update_notes(notes)


def _media(col: Collection) -> Iterator[str]:
    check = col.media.check()
    yield from (f"picture missing: {name}" for name in check.missing)
    yield from (f"picture unused: {name}" for name in check.unused)
    for face in rendered(col):
        for name in re.findall(r'<img[^>]*src="([^"]*)"', face.answer + face.question):
            if not (Path(col.media.dir()) / html.unescape(name)).is_file():
                yield f"{face.note_id}: picture {name} is not in the collection"


def _integrity(col: Collection) -> Iterator[str]:
    report, _ = col.fix_integrity()
    if report != "Database rebuilt and optimized.":
        yield f"Anki's database check: {report}"


def contents(col: Collection) -> dict[str, list[tuple[object, ...]]]:
    """The rows a learner would miss or see changed: notes, cards, reviews, note types, decks."""
    queries = {
        "notes": "id, guid, mid, mod, usn, tags, flds, sfld from notes order by id",
        "cards": "* from cards order by id",
        "revlog": "* from revlog order by id",
        "notetypes": "id, name, mtime_secs, config from notetypes order by id",
        "fields": "ntid, ord, name, config from fields order by ntid, ord",
        "templates": "ntid, ord, name, config from templates order by ntid, ord",
        "decks": "id, name, mtime_secs, kind from decks order by id",
        "schema": "scm from col",
    }
    return {name: col.db.all(f"select {query}") for name, query in queries.items()}
