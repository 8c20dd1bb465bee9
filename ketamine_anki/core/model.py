"""The values that flow between the stages. Frozen; without other libraries.

No `from __future__ import annotations` here: each annotation of a NamedTuple would be compiled again at every start.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from ketamine_anki.core.language import labels
from ketamine_anki.core.scalars import collapse_spaces, locate


class Position(NamedTuple):
    """A place in a file: its path as the user named it, line and column from 1 (in code points)."""

    path: str
    line: int
    column: int


class Finding(NamedTuple):
    """One mistake in a collection: where, which rule, and what is wrong with the likely fix."""

    position: Position
    rule: str
    message: str


class Where(NamedTuple):
    """A part of a note: a key such as `reverse.answer` or `claims.0`, and the nth fragment (from 0) inside its text."""

    key: str
    fragment: str = ""
    nth: int = 0


class Mark(NamedTuple):
    """Where a value stands in its file: lines and columns from 0, as libyaml counts them."""

    line: int
    column: int
    end_line: int
    end_column: int


class Places:
    """Finds the position of each part of one record in its file: `marks` by key; the key "" is the record itself. All
    places are equal: two notes with the same content are the same note, wherever they stand.
    """

    __slots__ = ("lines", "marks", "path")
    # (lines, mark, text) of the last search: the mistakes of one text are located one after the other.
    _last: ClassVar[tuple[object, Mark | None, tuple[str, list[tuple[int, int]]]]] = (None, None, ("", []))

    def __init__(self, path: str, lines: tuple[str, ...], marks: Mapping[str, Mark]) -> None:
        self.path = path
        self.lines = lines
        self.marks = marks

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places)

    def __hash__(self) -> int:
        return 0

    def at(self, where: Where | str) -> Position:
        """Position of a key's value, or of a fragment inside it; of the record if the key is absent."""
        key, fragment, nth = (where, "", 0) if isinstance(where, str) else where
        mark = self.marks.get(key) or self.marks[""]
        line, column = (self._find(mark, fragment, nth) if fragment else None) or mark[:2]
        return Position(self.path, line + 1, column + 1)

    def _find(self, mark: Mark, fragment: str, nth: int) -> tuple[int, int] | None:
        """Line and column, from 0, of the nth occurrence of a fragment in a value."""
        lines, last_mark, (text, places) = Places._last
        if lines is not self.lines or last_mark != mark:
            text, places = locate(self.lines, mark[:2], mark[2:])
            Places._last = self.lines, mark, (text, places)
        wanted = collapse_spaces(fragment)
        index = text.find(wanted) if wanted else -1
        for _ in range(nth):
            index = text.find(wanted, index + len(wanted)) if index >= 0 else -1
        return places[index] if index >= 0 else None


NOWHERE = Places("collection.yaml", (), {"": Mark(0, 0, 0, 0)})  # of a collection that stands in no file


class Retired(NamedTuple):
    """Why a released note is no longer taught: since which version, the reason for learners, its successor's id."""

    version: str
    reason: str
    see: str = ""


# How a note names a paragraph of source.yaml: the section's slug and the paragraph's number from 1.
PARAGRAPH = r"([^\s/]+)/([1-9][0-9]{0,3})"


def paragraph_of(source: str) -> tuple[str, int]:
    """A note's `source` -> the slug of the section and the number of the paragraph; ("", 0) for any other text."""
    match = re.fullmatch(PARAGRAPH, source)
    return (match[1], int(match[2])) if match else ("", 0)


# The keys of the texts of a note, as its fields from `question` to `picture` hold them.
_SHOWN = ("question", "answer", "reverse.question", "reverse.answer", "text", "extra", "caution", "caveat", "picture")


class Note(NamedTuple):
    """One note as written, in Markdown and NFC: question and answer, perhaps with a reverse card, or a cloze `text`."""

    id: str
    deck: str
    places: Places
    question: str = ""
    answer: str = ""
    reverse_question: str = ""
    reverse_answer: str = ""
    text: str = ""
    extra: str = ""
    caution: str = ""
    caveat: str = ""
    picture: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    cites: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    importance: str = ""
    skill: str = ""
    beyond: str = ""
    allow: Mapping[str, str] = MappingProxyType({})
    retired: Retired | None = None

    @property
    def is_cloze(self) -> bool:
        return bool(self.text)

    def texts(self) -> list[tuple[str, str]]:
        """(key, Markdown) of every text that is shown on a card, in the order it is shown."""
        return [pair for pair in zip(_SHOWN, self[3:12], strict=True) if pair[1]]


class Deck(NamedTuple):
    """One subdeck: its name as written, the file it came from, and its notes in authored order."""

    name: str
    places: Places
    notes: tuple[Note, ...] = ()


class Claim(NamedTuple):
    """One teachable statement of the source, in own words."""

    id: str
    text: str
    section: str
    paragraph: int
    domain: str
    importance: str
    kind: str
    caveat_required: bool
    places: Places


class Section(NamedTuple):
    """A section of the source text; `cites[n]` is what paragraph n+1 cites."""

    slug: str
    title: str
    cites: tuple[tuple[str, ...], ...]


class Reference(NamedTuple):
    """One work of the literature. `supports` is `finding` when its numbers were checked too."""

    key: str
    citation: str
    places: Places
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    url: str = ""
    supports: str = "finding"


class Picture(NamedTuple):
    """A picture as packaged: `name` in the collection, bytes, `packaged` = name with content hash."""

    name: str
    packaged: str
    data: bytes
    width: int = 0
    height: int = 0


class ReleasedNote(NamedTuple):
    """What the ledger knows of a note: identity, subdeck's number, card numbers from 1, hash and time (seconds since
    1970) of its present content, the versions that brought and retired it.
    """

    id: str
    guid: str
    note_type: str
    deck: int
    cards: tuple[int, ...]
    hash: str
    time: int
    since: str
    retired: str = ""


class ReleasedType(NamedTuple):
    """What the ledger knows of a note type: hashes of its schema and content, time of the latter."""

    key: str
    schema: str
    content: str
    time: int


class Release(NamedTuple):
    """One release: version, time, counts of notes and of changes, ids of safety corrections, a hash of
    the whole state, SHA-256 of the package for everyone, of the update package, and of SHA256SUMS, which
    names all its files.
    """

    version: str
    time: int
    notes: int
    cards: int
    new: int
    changed: int
    moved: int
    retired: int
    errata: tuple[str, ...]
    state: str
    package: str
    update: str
    sums: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was released when. `decks` are full names in order; releases are oldest first; `lines` says
    on which line of the file (from 1) each note, `note_types: KEY` and `releases: VERSION` stands.
    """

    namespace: str
    releases: tuple[Release, ...] = ()
    note_types: Mapping[str, ReleasedType] = field(default_factory=dict)
    decks: tuple[str, ...] = ()
    notes: Mapping[str, ReleasedNote] = field(default_factory=dict)
    path: str = field(default="ledger.yaml", compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def last(self) -> Release | None:
        """The newest release."""
        return self.releases[-1] if self.releases else None

    @property
    def newest(self) -> int:
        """The newest time that any learner may have got; 0 before the first release."""
        return max((release.time for release in self.releases), default=0)

    def place(self, note_id: str = "") -> Position:
        """Where a note, or the ledger itself, stands in its file."""
        return Position(self.path, self.lines.get(note_id, 1), 1)


@dataclass(frozen=True, eq=False, repr=False)
class Collection:
    """Everything that the notes refer to. Notes themselves come deck by deck."""

    title: str
    tag: str
    namespace: str
    decks: tuple[str, ...]
    description: str = ""
    disclaimer: str = ""
    licence: str = ""
    licence_url: str = ""
    evidence_date: str = ""
    repository: str = ""
    topic: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)  # subdeck -> a sentence about it
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    spelling: str = ""
    language: str = "en"  # BCP 47
    labels: Mapping[str, str] = field(default_factory=dict)  # words on the cards that differ from the language's
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what is off, what is strict -> names
    source_title: str = ""
    source_access: str = ""  # where learners find the source text: an address that begins with https://, or words
    sections: Mapping[str, Section] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    media_folder: str = "media"
    shingles: frozenset[int] = frozenset()
    ledger: Ledger | None = None
    title_of: Callable[[str], str] = str  # note id -> what the note asks, as plain text; the id if there is none
    unread: frozenset[str] = frozenset()  # files (source, references) with mistakes: what they name is not known
    places: Places = NOWHERE

    @cached_property
    def words(self) -> dict[str, str]:
        """The words of cards, deck pages and release notes, by name."""
        return {**labels(self.language), **self.labels}

    @cached_property
    def has_english_words(self) -> bool:
        """Whether English sentences of advice suit them."""
        return labels(self.language) == labels("en")

    @cached_property
    def media(self) -> dict[str, str]:
        """{picture name: name in the package}."""
        return {name: picture.packaged for name, picture in self.pictures.items()}

    @cached_property
    def paragraphs(self) -> dict[str, tuple[str, ...]]:
        """{section/paragraph: what it cites} of the whole source."""
        return {f"{slug}/{n}": cites for slug, made in self.sections.items() for n, cites in enumerate(made.cites, 1)}

    @cached_property
    def topics(self) -> frozenset[str]:
        """The words of `topic`, without regard to case."""
        return frozenset(name.casefold() for name in self.topic)

    def deck_name(self, name: str) -> str:
        """Full name in Anki of a subdeck: `Title::NN Name`, numbered by the collection's order."""
        return self._deck_names[name]

    @cached_property
    def _deck_names(self) -> dict[str, str]:
        return {name: f"{self.title}::{number:02d} {name}" for number, name in enumerate(self.decks, 1)}
