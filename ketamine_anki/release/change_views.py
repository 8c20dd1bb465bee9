"""Changes -> what is shown of them: text for a terminal, Markdown for a pull request, JSON."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from ketamine_anki.core.alignment import Aligner
from ketamine_anki.core.characters import printable
from ketamine_anki.core.limits import DIFF_TEXT_OF_A_NOTE, MAX_DIFF_TEXT
from ketamine_anki.release.changes import MAJOR, NONE, Changes, EditionNote, NoteChange
from ketamine_anki.text.plain import difference, plain, readable

_MARKS = re.compile(r"([\\`*_\[\]|~$#@])")
_RED, _GREEN, _BOLD, _PLAIN = "\033[31m", "\033[32m", "\033[1m", "\033[0m"
# What a pull request may hold is limited; GitHub cuts a job's summary at 1 MiB.
_MOST_MARKDOWN = 500_000


def groups(changes: Changes) -> Iterator[tuple[str, tuple[NoteChange, ...]]]:
    """(title, changes) of every group that is not empty, what breaks first."""
    by_kind = {"corrected": "Corrected", "reworded": "Reworded", "changed": "Changed", "details": "Details"}
    kinds = _kinds(changes)
    titled = [
        ("Lost", changes.lost),
        ("Back from retirement", changes.returned),
        ("Other note type", changes.retyped),
        ("Retired", changes.retired),
        *((title, tuple(c for c in changes.changed if kinds[id(c)] == kind)) for kind, title in by_kind.items()),
        ("Moved", changes.moved),
        ("New", changes.new),
    ]
    for title, listed in titled:
        if listed:
            yield title, listed


def _kinds(changes: Changes) -> dict[int, str]:
    """The kind of each changed note by its identity; `changed` of those that are too many to look at."""
    budget = _Budget()
    return {id(change): change.kind if budget.covers(change) else "changed" for change in changes.changed}


class _Budget:
    """How much text is left to look at word by word."""

    def __init__(self) -> None:
        self.left = MAX_DIFF_TEXT

    def covers(self, change: NoteChange) -> bool:
        """Whether a note can still be looked at; takes its texts from what is left."""
        texts = [text for _, *both in change.fields for text in both]
        if change.before is None or change.after is None:
            texts = list((change.note.fields or {}).values())
        self.left -= DIFF_TEXT_OF_A_NOTE + sum(map(len, texts))
        return self.left >= 0


def headline(changes: Changes) -> str:
    """`3 new, 1 retired: a minor change`."""
    if changes.level == NONE:
        return "no change"
    named = ("new", "changed", "moved", "retired", "lost", "returned", "retyped")
    counted = [f"{len(found)} {name}" for name in named if (found := getattr(changes, name))]
    counted += [f"{len(changes.styles)} restyled note types"] if changes.styles else []
    counted += [f"{len(changes.schemas)} rebuilt note types"] if changes.schemas else []
    counted += [f"{len(changes.decks_gone)} decks gone"] if changes.decks_gone else []
    return f"{', '.join(counted)}: a {changes.level} change"


def as_text(changes: Changes, colour: bool = False) -> Iterator[str]:
    """Lines for a terminal: removed words as `[-old-]`, added ones as `{+new+}`, or in colour."""
    bold, plain_ = (_BOLD, _PLAIN) if colour else ("", "")
    aligner, budget = Aligner(), _Budget()
    yield f"{bold}{headline(changes)}{plain_}"
    for line in _other_lines(changes):
        yield f"  {printable(line)}"
    for title, listed in groups(changes):
        yield f"{bold}{title} ({len(listed)}){plain_}"
        for n, change in enumerate(listed):
            if not budget.covers(change):
                yield f"  … and {len(listed) - n:,} more: --format json shows all"
                break
            yield f"  {_printable(change.name)} · {_printable(_place(change))}{_told(change)}"
            for label, old, new in _details(change):
                parts = ((sign, _printable(text)) for sign, text in difference(old, new, aligner))
                if colour:
                    shown = "".join(t if s == "=" else f"{_RED if s == '-' else _GREEN}{t}{_PLAIN}" for s, t in parts)
                else:
                    shown = "".join(t if s == "=" else f"[-{t}-]" if s == "-" else f"{{+{t}+}}" for s, t in parts)
                yield f"    {_printable(label)}: {shown}"


def as_markdown(changes: Changes) -> str:
    """A section for a pull request or a job's summary; texts are escaped, they may be anyone's."""
    lines = [f"### Cards: {headline(changes)}", ""]
    bold = "**" if changes.level == MAJOR else ""
    lines += [f"- {bold}{escape(line)}{bold}" for line in _other_lines(changes)]
    size, aligner, budget = 0, Aligner(), _Budget()
    for title, listed in groups(changes):
        lines += ["", f"#### {title} ({len(listed)})", ""]
        for n, change in enumerate(listed):
            made = list(_markdown(change, aligner)) if budget.covers(change) else []
            size += sum(map(len, made))
            if not made or size > _MOST_MARKDOWN:
                lines += ["", f"… and {len(listed) - n} more: `ketamine-anki diff` shows all."]
                break
            lines += made
    return "\n".join(lines) + "\n"


def _markdown(change: NoteChange, aligner: Aligner) -> Iterator[str]:
    yield f"- **{escape(change.name)}** · {escape(_place(change))}{escape(_told(change))}"
    for label, old, new in _details(change):
        shown = "".join(
            escape(text)
            if sign == "="
            else f"<{'del' if sign == '-' else 'ins'}>{escape(text)}</{'del' if sign == '-' else 'ins'}>"
            for sign, text in difference(old, new, aligner)
        )
        yield f"  - {escape(label)}: {shown}"


def as_json(changes: Changes) -> Iterator[str]:
    """All of it for programs, part after part: `level`, `breaking`, and a list of changes per group."""
    listed = ("new", "changed", "moved", "retired", "lost", "returned", "retyped")
    kinds = _kinds(changes)
    made = {
        "level": changes.level,
        "breaking": changes.breaking(),
        **{name: [_record(change, kinds) for change in getattr(changes, name)] for name in listed},
        "note_types": {"schema": list(changes.schemas), "style": list(changes.styles)},
        "decks": {"gone": list(changes.decks_gone), "new": list(changes.decks_new)},
    }
    written = json.JSONEncoder(indent=1).iterencode(made)  # in ASCII: the texts are a stranger's
    while part := "".join(islice(written, 100)):
        yield part.replace("##[", "#\\u0023[")


def _record(change: NoteChange, kinds: Mapping[int, str]) -> dict[str, object]:
    record: dict[str, object] = {"id": change.note.id, "guid": change.note.guid, "deck": change.note.deck}
    if change.before and change.after:
        if change.before.deck != change.after.deck:
            record["from"] = change.before.deck
        gone, come = change.tags
        record |= {
            "kind": kinds.get(id(change)) or change.kind,
            "fields": {name: {"old": old, "new": new} for name, old, new in change.fields},
            "tags": {"gone": gone, "new": come},
            "cards_gone": change.cards_gone,
        }
    else:
        record["fields"] = dict(change.note.fields or {})
    return record


def escape(text: str) -> str:
    """A text as Markdown that shows it letter by letter, on one line."""
    return _MARKS.sub(r"\\\1", html.escape(_printable(text), quote=False))


def _printable(text: str) -> str:
    text = printable(text.replace("\n", " / "))
    # GitHub's runner obeys it as the first signs of a line
    return text.replace(":", "\\x3a", 1) if text.lstrip().startswith("::") else text


def _place(change: NoteChange) -> str:
    before, after = change.before, change.after
    if before and after and before.deck != after.deck:
        return f"{_subdeck(before)} → {_subdeck(after)}"
    return _subdeck(change.note)


def _subdeck(note: EditionNote) -> str:
    return note.deck.rpartition("::")[2]


def _told(change: NoteChange) -> str:
    """What is said of a note in its own line: its question if it is new or gone."""
    if change.before and change.after:
        gone = change.cards_gone
        return f" · card {', '.join(map(str, gone))} is gone" if gone else ""
    return f": {_printable(readable(change.note.title))}" if change.note.title else ""


def _details(change: NoteChange) -> Iterator[tuple[str, str, str]]:
    """(label, old, new) of each field and of the tags that differ; of a new note its other fields."""
    for name, old, new in change.fields:
        texts = plain(old), plain(new)
        yield (name, *(texts if texts[0] != texts[1] else (old, new)))
    gone, come = change.tags
    if gone or come:
        yield "Tags", " ".join(gone), " ".join(come)
    if change.before is None and change.note.fields:
        for name, field in list(change.note.fields.items())[1:]:
            if field and name not in ("ID", "Source", "Evidence"):
                yield name, "", plain(field)


def _other_lines(changes: Changes) -> Iterable[str]:
    for name in changes.schemas:
        yield f"note type {name!r}: other fields or templates; Anki skips its notes unless note types are merged"
    for name in changes.styles:
        yield f"note type {name!r}: new style or template text"
    for name in changes.decks_gone:
        yield f"deck {name!r} is gone or has another name: cards that learners have stay in the old one"
    for name in changes.decks_new:
        yield f"deck {name!r} is new"
