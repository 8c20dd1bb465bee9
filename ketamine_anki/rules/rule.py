"""What a rule is: a function of one note's `View`, or a `CollectionRule` that sees every note."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from ketamine_anki.model import Collection, Deck, Finding, Note, Where
from ketamine_anki.render import Rendered, render_note

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_PICTURE_OR_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"[*`\\]|(?<!\w)_|_(?!\w)")


class View:
    """One note during its check. What is costly is made on first use."""

    __slots__ = ("__dict__", "collection", "note")

    def __init__(self, note: Note, collection: Collection) -> None:
        self.note = note
        self.collection = collection

    @cached_property
    def shown(self) -> dict[str, Rendered]:
        """The rendered texts by key."""
        return render_note(self.note, self.collection)

    @cached_property
    def plain(self) -> dict[str, str]:
        """The texts by key as a learner reads them: without Markdown, cloze marks and hints."""
        return {key: plain_text(self.shown[key], text) for key, text in self.note.texts()}

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """The words of each plain text, as typed."""
        return {key: _WORD.findall(text) for key, text in self.plain.items()}


def plain_text(rendered: Rendered, text: str) -> str:
    """A text as read aloud: math without dollars, deletions by their answers, links by their labels."""
    spans = rendered.markup.spans
    if spans:
        parts, hint = [], False
        for span in spans:
            if span.kind == "hint":
                hint = True
            elif span.kind == "close":
                hint = False
            elif span.kind != "open" and not hint:
                parts.append(span.value)
        text = "".join(parts)
    if "[" in text:
        text = _PICTURE_OR_LINK.sub(r"\1", text)
    return _EMPHASIS.sub("", text)


Complaint = tuple[Where | str, str]
NoteRule = Callable[[View], Iterator[Complaint]]


class CollectionRule:
    """State of one walk over all notes; a rule overrides what it needs."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    def deck(self, deck: Deck) -> Iterable[Finding]:
        """Findings on a deck, called before its notes."""
        return ()

    def note(self, view: View) -> Iterable[Finding]:
        """Findings on a note, called for each in order."""
        return ()

    def finish(self) -> Iterable[Finding]:
        """Findings that need all notes, called at the end."""
        return ()


def nearest(typed: str, known: Iterable[str]) -> str:
    """`: did you mean 'x'?` for the closest of the known names, or nothing."""
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(typed.casefold(), list(folded), 1, 0.6)
    return f": did you mean {folded[close[0]]!r}?" if close else ""
