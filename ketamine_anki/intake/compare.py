"""Notes that came back from Anki, compared with the notes of the collection: what was corrected, what
is new, and what cannot be taken over.

Notes are matched by GUID. A field counts as edited when its `blocks` differ from those that the
collection compiles to, so what only Anki's editor changed is no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ketamine_anki.anki.compile import FIELD_KEYS, CompiledNote, compile_note, guid
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.anki.package_reader import PackagedNote
from ketamine_anki.core.alignment import Aligner
from ketamine_anki.core.limits import MAX_EDITED_SIGNS, SIGNS_OF_A_FIELD
from ketamine_anki.core.model import Collection, Note
from ketamine_anki.deckfiles.new_note import propose_id
from ketamine_anki.intake.blocks import Unturnable, blocks
from ketamine_anki.intake.unrender import unrender
from ketamine_anki.text.render import render_note

_MADE = {
    "Evidence": "is made from 'evidence' and references.yaml: edit those",
    "Source": "is made from 'source' and 'cites': edit those",
    "Notice": "is made from 'retired': edit that",
    "ID": "is the note's id, which never changes",
}
_NEEDED = ("question", "answer", "text")
_SIGN = re.compile(r"[^\w\s]")
_OF_LEARNERS = ("marked", "leech")


@dataclass(frozen=True)
class Change:
    """Another value for one key of a note: Markdown, "" to take the key out, or tags."""

    note: Note
    key: str
    old: str | tuple[str, ...]
    new: str | tuple[str, ...]


@dataclass(frozen=True)
class Left:
    """An edit that is not taken over, with the reason; `name` is the note's id or its first words."""

    name: str
    what: str
    reason: str


@dataclass(frozen=True)
class Proposal:
    """A note that the collection does not have: Markdown by key, and its subdeck ("" if unknown)."""

    id: str
    deck: str
    texts: Mapping[str, str]
    tags: tuple[str, ...]


@dataclass
class Intake:
    """What a comparison found; `matched` notes of the collection were in the file, `others` notes of
    the file belong to other decks.
    """

    changes: list[Change] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    matched: int = 0
    others: int = 0


class IntakeError(ValueError):
    """Why an export is not compared, in one sentence."""


def compare(
    notes: Iterable[Note],
    collection: Collection,
    exported: Sequence[PackagedNote],
    base: Sequence[PackagedNote] = (),
) -> Intake:
    """The notes of the collection and those of an export -> what differs. With `base`, the package
    that the contributor started from, only what differs from that counts as edited. Raises IntakeError.
    """
    found = Intake()
    ours = {guid(collection.namespace, note.id): note for note in notes}
    before = {note.guid: note for note in base}
    comparison = _Comparison(collection, found)
    taken = {note.id for note in ours.values()}
    for note in exported:
        known = ours.get(note.guid)
        if known is not None:
            found.matched += 1
            if known.retired is None:
                comparison.note(known, note, before.get(note.guid))
        elif note.deck == collection.title or note.deck.startswith(f"{collection.title}::"):
            found.proposals.append(comparison.proposal(note, taken))
        else:
            found.others += 1
    return found


class _Comparison:
    """One walk over the notes of an export."""

    def __init__(self, collection: Collection, found: Intake) -> None:
        self.collection = collection
        self.found = found
        self.media = collection.media
        self.names = {packaged: name for name, packaged in self.media.items()}
        self.signs = MAX_EDITED_SIGNS

    def _edited(self, html: str) -> None:
        """Takes note of an edited field: what is left to turn back, in signs, of which Markdown is made."""
        self.signs -= SIGNS_OF_A_FIELD + len(_SIGN.findall(html))
        if self.signs < 0:
            raise IntakeError("too much of it is new or edited for one run: export fewer notes, such as one subdeck")

    def note(self, note: Note, edited: PackagedNote, base: PackagedNote | None) -> None:
        """What differs in a note that the collection has."""
        compiled = compile_note(note, self.collection, render_note(note, self.collection))
        kind = note_types(self.collection.repository)[compiled.note_type]
        texts = dict(note.texts())
        for name, html in zip(kind.fields, compiled.fields, strict=True):
            new = edited.fields.get(name, html)
            before = base.fields.get(name, html) if base is not None else html
            if new in (html, before):
                continue
            self._edited(new)
            written = texts.get(FIELD_KEYS.get(name, ""), "")
            try:
                if self._same(html, new, written) or self._same(before, new, written):
                    continue
                if not self._same(before, html, written):
                    raise Unturnable("was changed in the collection too: merge by hand")
                self._change(note, name, new, written)
            except Unturnable as error:
                self._leave(note.id, name, str(error))
        for name, value in edited.fields.items():
            if name not in kind.fields and value.strip():
                self._edited("")
                self._leave(note.id, name, "is not a field of this note type")
        self._tags(note, compiled, edited, base)

    def _same(self, one: str, other: str, written: str) -> bool:
        keep = "\xa0" in written
        shown = [blocks(html, self.names, keep_no_break=keep) for html in (other, one)]
        return shown[0] == shown[1]

    def _change(self, note: Note, name: str, html: str, written: str) -> None:
        key = FIELD_KEYS.get(name)
        if key is None:
            raise Unturnable(_MADE.get(name, "is a spare field"))
        new = unrender(html, self.media, cloze=key == "text", written=written)
        if not new and key in _NEEDED:
            raise Unturnable("was emptied: to take a note out, retire it")
        if key.startswith("reverse.") and not (new and written):
            raise Unturnable("is a second card: add or delete the 'reverse' block by hand")
        self.found.changes.append(Change(note, key, written, new))

    def _tags(self, note: Note, compiled: CompiledNote, edited: PackagedNote, base: PackagedNote | None) -> None:
        # Anki compares tags without case and keeps the spelling that the learner has already.
        ours = {tag.casefold(): tag for tag in compiled.tags}
        theirs = {tag.casefold(): tag for tag in edited.tags}
        known = ours.keys() if base is None else {tag.casefold() for tag in base.tags}
        added = [theirs[tag] for tag in theirs if tag not in known and tag not in ours]
        gone = [ours[tag] for tag in ours if tag in known and tag not in theirs]
        concept = f"{self.collection.tag}::Concept::"
        kept = list(note.tags)
        come = frozenset(added)
        for tag in (*added, *gone):
            if tag.casefold() in _OF_LEARNERS:
                continue
            self._edited("")
            name = tag[len(concept) :]
            if not tag.startswith(concept) or not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]*", name):
                what = "is not a concept tag" if tag.startswith(f"{self.collection.tag}::") else "is the learner's own"
                self._leave(note.id, f"tag {tag}", f"{what}: only {concept}… tags come back")
            elif tag in come:
                kept.append(name)
            else:
                kept.remove(name)
        if not kept:
            self._leave(note.id, "tags", "were all taken away: a note needs one")
        elif tuple(kept) != note.tags:
            self.found.changes.append(Change(note, "tags", note.tags, tuple(kept)))

    def proposal(self, new: PackagedNote, taken: set[str]) -> Proposal:
        """A note of the export that the collection does not have, as an entry of a deck file."""
        values = list(new.fields.values())
        named = {FIELD_KEYS[name]: html for name, html in new.fields.items() if name in FIELD_KEYS and html.strip()}
        if not {"question", "text"} & named.keys():  # a note type of the contributor's own
            front, back, *more = (*values, "", "")
            cloze = re.search(r"\{\{c\d+::", front)
            named = {"text": front, "extra": back} if cloze else {"question": front, "answer": back}
            more_filled = [html for html in more if html.strip()]
        else:
            more_filled = []
        name = propose_id(re.sub("<[^>]*>|&[a-z]+;", " ", next(iter(named.values()))[:2000]), taken)
        taken.add(name)
        if "question" in named and not named.get("answer", "").strip():
            named["answer"] = ""
        texts: dict[str, str] = {}
        for key, html in named.items():
            self._edited(html)
            try:
                texts[key] = unrender(html, self.media, cloze=key == "text")
            except Unturnable as error:
                self._leave(name, key, str(error))
            if not texts.get(key) and key != "extra":
                texts[key] = "TODO"
        for html in more_filled:
            self._edited("")
            self._leave(name, "a further field", f"has no place in a note: {' '.join(html.split())[:60]}")
        if ("reverse.question" in texts) != ("reverse.answer" in texts):
            texts |= {key: texts.get(key, "TODO") for key in ("reverse.question", "reverse.answer")}
        concept = f"{self.collection.tag}::Concept::"
        tags = tuple(
            t[len(concept) :] for t in new.tags if re.fullmatch(re.escape(concept) + "[A-Za-z0-9][A-Za-z0-9_-]*", t)
        )
        decks = {self.collection.deck_name(deck): deck for deck in self.collection.decks}
        return Proposal(name, decks.get(new.deck, ""), {k: t for k, t in texts.items() if t}, tags)

    def _leave(self, name: str, what: str, reason: str) -> None:
        self.found.left.append(Left(name, what, reason))


def words_changed(old: str, new: str, aligner: Aligner) -> str:
    """Both texts in one line, word by word: `the [-left-]{+right+} side`."""
    before, after = old.split(), new.split()
    parts: list[str] = []
    for action, a, b, c, d in aligner.steps(before, after):
        if action == "equal":
            parts += before[a:b]
            continue
        gone = f"[-{' '.join(before[a:b])}-]" if b > a else ""
        put = f"{{+{' '.join(after[c:d])}+}}" if d > c else ""
        parts.append(gone + put)
    return " ".join(parts)
