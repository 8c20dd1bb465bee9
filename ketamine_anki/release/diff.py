"""Changes -> the output of `diff`: text for a terminal, Markdown for a pull request, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from ketamine_anki.core.alignment import Aligner
from ketamine_anki.core.characters import printable
from ketamine_anki.core.escape import json_part, markdown, terminal
from ketamine_anki.core.limits import DIFF_TEXT_OF_A_NOTE, MAX_DIFF_TEXT
from ketamine_anki.core.terminal import counted
from ketamine_anki.release.changes import KINDS, Changes, NoteChange
from ketamine_anki.text.plain import difference, plain, readable

# What stands around a run of text that both have, that only the old has (-), or only the new (+).
_Marks = Mapping[str, tuple[str, str]]
_BRACKETS: _Marks = {"=": ("", ""), "-": ("[-", "-]"), "+": ("{+", "+}")}
_COLOURS: _Marks = {"=": ("", ""), "-": ("\033[31m", "\033[0m"), "+": ("\033[32m", "\033[0m")}
_ELEMENTS: _Marks = {"=": ("", ""), "-": ("<del>", "</del>"), "+": ("<ins>", "</ins>")}
_GROUPS = ("new", "changed", "moved", "retired", "lost", "returned", "retyped")
_TITLES = {"lost": "Lost", "returned": "Back from retirement", "retyped": "Other note type", "retired": "Retired"}
_TITLES |= {kind: kind.capitalize() for kind in KINDS} | {"moved": "Moved", "new": "New"}
MAX_MARKDOWN = 500_000  # characters; GitHub cuts the summary of a job at 1 MiB


def as_text(changes: Changes, colour: bool = False) -> Iterator[str]:
    """Lines for a terminal: removed words as `[-old-]`, added ones as `{+new+}`, or in colour."""
    bold, end = ("\033[1m", "\033[0m") if colour else ("", "")
    marks, clean = (_COLOURS, printable) if colour else (_BRACKETS, str)
    aligner = Aligner()
    yield f"{bold}{_headline(changes)}{end}"
    for line in _structure(changes):
        yield terminal(f"  {line}")
    for title, listed, detailed in _titled(changes):
        yield f"{bold}{title} ({len(listed)}){end}"
        for change in detailed:
            yield terminal(f"  {change.name} · {change.place}{_remark(change)}")
            for label, text in _details(change, aligner, marks, clean):
                head = f"    {label}: "
                yield terminal(head) + text if colour else terminal(head + text)
        if len(detailed) < len(listed):
            yield f"  … and {len(listed) - len(detailed):,} more: --format json shows all"


def as_markdown(changes: Changes) -> str:
    """A section for a pull request or the summary of a job. All texts are escaped: anyone may have written them."""
    lines = [f"### Cards: {_headline(changes)}", ""]
    bold = "**" if changes.level == "major" else ""
    lines += [f"- {bold}{markdown(line)}{bold}" for line in _structure(changes)]
    size, aligner = 0, Aligner()
    for title, listed, detailed in _titled(changes):
        lines += ["", f"#### {title} ({len(listed)})", ""]
        rest = len(listed)
        for change in detailed:
            entry = [f"- **{markdown(change.name)}** · {markdown(change.place)}{markdown(_remark(change))}"]
            details = _details(change, aligner, _ELEMENTS, markdown)
            entry += [f"  - {markdown(label)}: {text}" for label, text in details]
            size += sum(map(len, entry))
            if size > MAX_MARKDOWN:
                break
            lines += entry
            rest -= 1
        if rest:
            lines += ["", f"… and {rest} more: `ketamine-anki diff` shows all."]
    return "\n".join(lines) + "\n"


def as_json(changes: Changes) -> Iterator[str]:
    """All changes as JSON, in chunks: `level`, `breaking`, a list for each group, note types and decks."""
    compared = _compared(changes)
    record = {
        "level": changes.level,
        "breaking": changes.breaking(),
        **{name: [_record(change, compared) for change in getattr(changes, name)] for name in _GROUPS},
        "note_types": {"schema": changes.schemas, "style": changes.styles},
        "decks": {"gone": changes.decks_gone, "new": changes.decks_new},
    }
    tokens = json.JSONEncoder(indent=1).iterencode(record)  # in ASCII: anyone may have written the texts
    while chunk := "".join(islice(tokens, 100)):
        yield json_part(chunk)


def _record(change: NoteChange, compared: set[int]) -> dict[str, object]:
    note, before = change.note, change.before
    record: dict[str, object] = {"id": note.id, "guid": note.guid, "deck": note.deck}
    if not before or not change.after:
        return record | {"fields": dict(note.fields or {})}
    if len(change.decks) > 1:
        record["from"] = before.deck
    return record | {
        "kind": _kind(change, compared),
        "fields": {name: {"old": old, "new": new} for name, old, new in change.fields},
        "tags": dict(zip(("gone", "new"), change.tags, strict=True)),
        "cards": dict(zip(("gone", "new"), change.cards, strict=True)),
    }


# --- what all outputs have in common ----------------------------------------------------------


def _headline(changes: Changes) -> str:
    """`3 new, 1 retired: a minor change`."""
    if changes.level == "none":
        return "no change"
    parts = [f"{len(notes):,} {name}" for name in _GROUPS if (notes := getattr(changes, name))]
    parts += [counted(len(changes.styles), "restyled note type")] if changes.styles else []
    parts += [counted(len(changes.schemas), "rebuilt note type")] if changes.schemas else []
    parts += [f"{counted(len(changes.decks_gone), 'deck')} gone"] if changes.decks_gone else []
    return f"{', '.join(parts)}: a {changes.level} change"


def _structure(changes: Changes) -> Iterator[str]:
    """A sentence for each note type and deck that differs."""
    for name in changes.schemas:
        yield f"note type {name!r}: other fields or templates; Anki skips its notes unless note types are merged"
    for name in changes.styles:
        yield f"note type {name!r}: new style or template text"
    for name in changes.decks_gone:
        yield f"deck {name!r} is gone or has another name: cards that learners have stay in the old one"
    for name in changes.decks_new:
        yield f"deck {name!r} is new"


def _titled(changes: Changes) -> Iterator[tuple[str, Sequence[NoteChange], list[NoteChange]]]:
    """(title, all changes, those whose details are shown) of every group that is not empty, what breaks first."""
    compared = _compared(changes)
    for name, title in _TITLES.items():
        listed = getattr(changes, name, ())
        if name in KINDS:
            listed = [change for change in changes.changed if _kind(change, compared) == name]
        if listed:
            yield title, listed, [change for change in listed if id(change) in compared]


def _compared(changes: Changes) -> set[int]:
    """The id() of the changes that are compared word by word: those that come first, up to an amount of text."""
    left, compared = MAX_DIFF_TEXT, set()
    for change in (change for name in reversed(_GROUPS) for change in getattr(changes, name)):
        both = change.before and change.after
        texts = (text for _, *pair in change.fields for text in pair) if both else (change.note.fields or {}).values()
        left -= DIFF_TEXT_OF_A_NOTE + sum(map(len, texts))
        if left < 0:
            break
        compared.add(id(change))
    return compared


def _kind(change: NoteChange, compared: set[int]) -> str:
    return change.kind if id(change) in compared else "changed"


def _remark(change: NoteChange) -> str:
    """The end of a note's first line: its question if the note is new or lost, else the cards that are gone or new."""
    if change.before and change.after:
        cards = zip(change.cards, ("gone", "new"), strict=True)
        return "".join(f" · card {', '.join(map(str, numbers))} is {how}" for numbers, how in cards if numbers)
    return f": {readable(change.note.title)}".replace("\n", " / ") if change.note.title else ""


def _details(
    change: NoteChange, aligner: Aligner, marks: _Marks, clean: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    """(label, old and new text as one, with marks around what differs) of each field and of the tags that differ, and
    of the other fields of a new note.
    """
    pairs = []
    for name, *html in change.fields:
        old, new = map(plain, html)
        pairs.append((name, old, new) if old != new else (name, *html))
    if any(change.tags):
        pairs.append(("Tags", *map(" ".join, change.tags)))
    if change.before is None and change.note.fields:
        others = list(change.note.fields.items())[1:]
        pairs += [(name, "", plain(f)) for name, f in others if f and name not in ("ID", "Source", "Evidence")]
    for label, old, new in pairs:
        parts = [(sign, clean(text.replace("\n", " / "))) for sign, text in difference(old, new, aligner)]
        yield label, "".join(f"{marks[sign][0]}{text}{marks[sign][1]}" for sign, text in parts)
