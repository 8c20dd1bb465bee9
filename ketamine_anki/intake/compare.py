"""Compares notes that came back from Anki with those of the collection: corrections, new notes, and edits that cannot
be taken over.

Notes are matched by GUID. A field counts as edited when its `blocks` differ from those that the collection compiles to,
so that what only Anki's editor changed is no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ketamine_anki.anki.compile import CHANGED_TAG, FIELD_KEYS, compile_note, guid, note_type_name
from ketamine_anki.anki.notetypes import OWN_FIELD, note_types
from ketamine_anki.anki.package_reader import PackagedNote
from ketamine_anki.core.characters import refused
from ketamine_anki.core.errors import EXIT_FINDINGS, Failure
from ketamine_anki.core.limits import MAX_EDITED_SIGNS, SIGNS_OF_A_FIELD
from ketamine_anki.core.model import Collection, Note
from ketamine_anki.core.scalars import normalize
from ketamine_anki.core.terminal import counted
from ketamine_anki.deckfiles.editor import propose_id
from ketamine_anki.deckfiles.schema import TAG
from ketamine_anki.intake.blocks import UnrenderError, blocks, has_look
from ketamine_anki.intake.unrender import unrender
from ketamine_anki.text.plain import is_blank
from ketamine_anki.text.render import render_note

_COMPUTED = {
    "Evidence": "is computed from 'evidence' and references.yaml: edit those",
    "Source": "is computed from 'source' and 'cites': edit those",
    "Notice": "is computed from 'retired': edit that",
    "ID": "is the note's id, which never changes",
}
_PLAIN = "has colours or fonts, which cards do not: only its words are read"
_REQUIRED = ("question", "answer", "text")
_PUNCTUATION = re.compile(r"[^\w\s]")
_LEARNER_TAGS = ("marked", "leech")


@dataclass(frozen=True)
class Change:
    """Another value for a key of a note: Markdown, or tags; "" removes the key."""

    note: Note
    key: str
    old: str | tuple[str, ...]
    new: str | tuple[str, ...]

    @property
    def texts(self) -> tuple[str, str]:
        """Both values as texts."""
        old, new = (value if isinstance(value, str) else ", ".join(value) for value in (self.old, self.new))
        return old, new


@dataclass(frozen=True)
class Proposal:
    """A note that the collection does not have: Markdown by key, and its subdeck ("" if unknown)."""

    id: str
    deck: str
    texts: Mapping[str, str]
    tags: tuple[str, ...]


@dataclass
class Intake:
    """The result of a comparison. `leftovers` are lines about what is not taken over; `matched` notes of the file are
    in the collection, `others` belong to other decks.
    """

    changes: list[Change] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    matched: int = 0
    others: int = 0


def compare(
    notes: Iterable[Note],
    collection: Collection,
    exported: Iterable[PackagedNote],
    base: Iterable[PackagedNote] = (),
) -> Intake:
    """The notes of the collection and those of an export -> the differences. With `base`, the package from which the
    contributor started, only what differs from that counts as edited. Raises Failure for too much work.
    """
    ours = {guid(collection.namespace, note.id): note for note in notes}
    own_types = {note_type_name(collection, kind.label) for kind in note_types().values()}
    before = {note.guid: note for note in base}
    comparison = _Comparison(collection, {note.id for note in ours.values()})
    result, homeless = comparison.result, 0
    for note in exported:
        known = ours.get(note.guid)
        if known is not None:
            result.matched += 1
            if known.retired is None:
                comparison.compare_note(known, note, before.get(note.guid))
        elif f"{note.deck}::".startswith(f"{collection.title}::") or (not note.deck and note.note_type in own_types):
            comparison.propose(note)
        elif note.deck:
            result.others += 1
        else:
            homeless += 1
    if homeless:
        reason = 'the file does not name their deck: for new notes, export it again, a text with "Include deck name"'
        comparison.leave(counted(homeless, "note"), reason)
    return result


class _Comparison:
    """One walk over the notes of an export; `taken` are the ids that no proposal may have."""

    def __init__(self, collection: Collection, taken: set[str]) -> None:
        self.result = Intake()
        self.collection = collection
        self.taken = taken
        self.names = {packaged: name for name, packaged in collection.media.items()}
        self.work_left = MAX_EDITED_SIGNS

    def _spend(self, html: str = "") -> None:
        """Counts an edited field against the work of one run; unrendering takes long where there is punctuation."""
        self.work_left -= SIGNS_OF_A_FIELD + len(_PUNCTUATION.findall(html))
        if self.work_left < 0:
            advice = "export fewer notes, such as one subdeck"
            raise Failure(f"too much of the export is new or edited for one run: {advice}", EXIT_FINDINGS)

    def leave(self, note_id: str, reason: str) -> None:
        """Adds a line on what is not taken over; the reason begins with the field or tag."""
        self.result.leftovers.append(f"{note_id}: {' '.join(reason.split())}")

    def compare_note(self, note: Note, edited: PackagedNote, base: PackagedNote | None) -> None:
        """Adds the differences of a note that the collection has."""
        compiled = compile_note(note, self.collection, render_note(note, self.collection))
        fields = dict(zip(note_types()[compiled.note_type].fields, compiled.fields, strict=True))
        texts = dict(note.texts())
        for name, html in fields.items():
            new = edited.fields.get(name, html)
            before = base.fields.get(name, html) if base else html
            if new in (html, before) or name == OWN_FIELD:
                continue
            self._spend(new)
            written = texts.get(FIELD_KEYS.get(name, ""), "")
            shown = partial(blocks, names=self.names, keep_no_break="\xa0" in written)
            if has_look(new):
                self.leave(note.id, f"{name} {_PLAIN}")
            try:
                now = shown(new)
                if now == shown(html) or now == shown(before):
                    continue
                if new in fields.values() and not is_blank(new):  # a text export does not name its columns
                    advice = "export a deck package (.apkg) if you moved fields, else edit by hand"
                    raise UnrenderError(f"holds what another field held: {advice}")
                if shown(before) != shown(html):
                    raise UnrenderError("was changed in the collection too: merge by hand")
                change = self._change(note, name, new, written)
                if change.new != change.old:  # a space may have come and gone
                    self.result.changes.append(change)
            except UnrenderError as error:
                self.leave(note.id, f"{name} {error}")
        for name, html in edited.fields.items():
            if name not in fields and not is_blank(html):
                self._spend()
                self.leave(note.id, f"{name} is not a field of this note type")
        if edited.tags is not None:
            self._compare_tags(note, compiled.tags, edited.tags, base.tags if base else None)

    def _change(self, note: Note, name: str, html: str, written: str) -> Change:
        key = FIELD_KEYS.get(name)
        if key is None:
            raise UnrenderError(_COMPUTED.get(name, "is a spare field"))
        blank = is_blank(html, words="question" in key)
        new = "" if blank else unrender(html, self.collection.media, cloze=key == "text", written=written)
        if not new and key in _REQUIRED:
            raise UnrenderError("was emptied: to remove a note, retire it")
        if key.startswith("reverse.") and not (new and written):
            raise UnrenderError("is a second card: add or delete the 'reverse' block by hand")
        return Change(note, key, written, new)

    def _compare_tags(
        self, note: Note, compiled: Sequence[str], edited: Sequence[str], base: Sequence[str] | None
    ) -> None:
        # Anki compares tags without case and keeps the spelling that the learner has already.
        ours, theirs, known = (
            {tag.casefold(): tag for tag in tags} for tags in (compiled, edited, compiled if base is None else base)
        )
        added = [tag for key, tag in theirs.items() if key not in known and key not in ours]
        removed = [tag for key, tag in ours.items() if key in known and key not in theirs]
        concepts = [*note.tags, *self._concepts(note.id, added)]
        for name in self._concepts(note.id, removed):
            concepts.remove(name)
        if not concepts:
            self.leave(note.id, "tags were all removed: a note needs one")
        elif tuple(concepts) != note.tags:
            self.result.changes.append(Change(note, "tags", note.tags, tuple(concepts)))

    def _concepts(self, note_id: str, tags: Iterable[str]) -> Iterator[str]:
        """The names in concept tags; leaves other tags but those of how a learner studies and what an update changed,
        which say nothing about the note.
        """
        for tag in tags:
            if tag.casefold() in _LEARNER_TAGS or CHANGED_TAG.fullmatch(tag):
                continue
            self._spend()
            root, _, name = normalize(tag).rpartition("::")
            if root == f"{self.collection.tag}::Concept" and re.fullmatch(TAG, name) and not any(refused(name)):
                yield name
                continue
            is_ours = tag.startswith(f"{self.collection.tag}::")
            reason = "is not a concept tag" if is_ours else "is the learner's own"
            self.leave(note_id, f"tag {tag} {reason}: only {self.collection.tag}::Concept::… tags come back")

    def propose(self, new: PackagedNote) -> None:
        """Adds a note of the export that the collection does not have, as an entry of a deck file."""
        fields = {FIELD_KEYS[name]: html for name, html in new.fields.items() if name in FIELD_KEYS}
        fields = {key: html for key, html in fields.items() if not is_blank(html)}
        others: list[str] = []
        if not {"question", "text"} & fields.keys():  # a note type of the contributor's own
            front, back, *others = (*new.fields.values(), "", "")
            is_cloze = re.search(r"\{\{c\d+::", front)
            fields = {"text": front, "extra": back} if is_cloze else {"question": front, "answer": back}
        elif "question" in fields:
            fields.setdefault("answer", "")
        note_id = propose_id(re.sub("<[^>]*>|&[a-z]+;", " ", next(iter(fields.values()))[:2000]), self.taken)
        self.taken.add(note_id)
        texts = {key: self._unrender_new(note_id, key, html) for key, html in fields.items()}
        for html in others:
            if not is_blank(html):
                self._spend()
                self.leave(note_id, f"a further field has no place in a note: {' '.join(html.split())[:60]}")
        reverse = ("reverse.question", "reverse.answer")
        if any(key in texts for key in reverse):
            texts |= {key: texts.get(key, "TODO") for key in reverse}
        decks = {self.collection.deck_name(deck): deck for deck in self.collection.decks}
        texts = {key: text for key, text in texts.items() if text}
        concepts = tuple(self._concepts(note_id, new.tags or ()))
        self.result.proposals.append(Proposal(note_id, decks.get(new.deck, ""), texts, concepts))

    def _unrender_new(self, note_id: str, key: str, html: str) -> str:
        """The Markdown of a field of a new note; TODO where it has none and needs one."""
        self._spend(html)
        text = ""
        if has_look(html):
            self.leave(note_id, f"{key} {_PLAIN}")
        try:
            text = "" if is_blank(html) else unrender(html, self.collection.media, cloze=key == "text")
        except UnrenderError as error:
            self.leave(note_id, f"{key} {error}")
        return text or ("" if key == "extra" else "TODO")
