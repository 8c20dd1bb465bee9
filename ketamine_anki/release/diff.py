"""Changes -> the output of `diff`: text for a terminal, Markdown for a pull request, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from ketamine_anki.core.alignment import Aligner
from ketamine_anki.core.characters import printable
from ketamine_anki.core.escape import json_part, markdown, terminal
from ketamine_anki.core.limits import DIFF_TEXT_OF_A_NOTE, MAX_DIFF_TEXT
from ketamine_anki.core.terminal import counted
from ketamine_anki.release.changes import KINDS, MAJOR, NONE, Changes, NoteChange
from ketamine_anki.text.plain import difference, plain, readable

# What stands around a run of text that both have, that only the old has (-), or only the new (+).
_Marks = Mapping[str, tuple[str, str]]
_BRACKETS: _Marks = {"=": ("", ""), "-": ("[-", "-]"), "+": ("{+", "+}")}
_COLOURS: _Marks = {"=": ("", ""), "-": ("\033[31m", "\033[0m"), "+": ("\033[32m", "\033[0m")}
_ELEMENTS: _Marks = {"=": ("", ""), "-": ("<del>", "</del>"), "+": ("<ins>", "</ins>")}
_GROUPS = ("new", "changed", "moved", "retired", "lost", "returned", "retyped")
MAX_MARKDOWN = 500_000  # characters; GitHub cuts the summary of a job at 1 MiB


# --- terminal ---------------------------------------------------------------------------------


def as_text(changes: Changes, colour: bool = False) -> Iterator[str]:
    """Lines for a terminal: removed words as `[-old-]`, added ones as `{+new+}`, or in colour."""
    bold, end = ("\033[1m", "\033[0m") if colour else ("", "")
    aligner = Aligner()
    yield f"{bold}{headline(changes)}{end}"
    for line in _structure(changes):
        yield terminal(f"  {line}")
    for title, listed, detailed in _groups(changes):
        yield f"{bold}{title} ({len(listed)}){end}"
        for change in detailed:
            yield terminal(f"  {change.name} · {change.place}{_remark(change)}".replace("\n", " / "))
            for label, old, new in _details(change):
                if colour:
                    yield f"{terminal(f'    {label}: ')}{_diff(old, new, aligner, _COLOURS, printable)}".replace(
                        "\n", " / "
                    )
                else:
                    yield terminal(f"    {label}: {_diff(old, new, aligner, _BRACKETS, str)}".replace("\n", " / "))
        if len(detailed) < len(listed):
            yield f"  … and {len(listed) - len(detailed):,} more: --format json shows all"


def headline(changes: Changes) -> str:
    """`3 new, 1 retired: a minor change`."""
    if changes.level == NONE:
        return "no change"
    parts = [f"{len(notes):,} {name}" for name in _GROUPS if (notes := getattr(changes, name))]
    parts += [counted(len(changes.styles), "restyled note type")] if changes.styles else []
    parts += [counted(len(changes.schemas), "rebuilt note type")] if changes.schemas else []
    parts += [f"{counted(len(changes.decks_gone), 'deck')} gone"] if changes.decks_gone else []
    return f"{', '.join(parts)}: a {changes.level} change"


def _diff(old: str, new: str, aligner: Aligner, marks: _Marks, clean: Callable[[str], str]) -> str:
    """Two texts as one, with marks around what differs."""
    return "".join(f"{marks[sign][0]}{clean(text)}{marks[sign][1]}" for sign, text in difference(old, new, aligner))


# --- Markdown ---------------------------------------------------------------------------------


def as_markdown(changes: Changes) -> str:
    """A section for a pull request or the summary of a job. All texts are escaped: anyone may have written them."""
    lines = [f"### Cards: {headline(changes)}", ""]
    bold = "**" if changes.level == MAJOR else ""
    lines += [f"- {bold}{markdown(line)}{bold}" for line in _structure(changes)]
    size, aligner = 0, Aligner()
    for title, listed, detailed in _groups(changes):
        lines += ["", f"#### {title} ({len(listed)})", ""]
        rest = len(listed) - len(detailed)
        for n, change in enumerate(detailed):
            entry = [f"- **{markdown(change.name)}** · {markdown(change.place)}{markdown(_remark(change))}"]
            entry += [
                f"  - {markdown(label)}: {_diff(old, new, aligner, _ELEMENTS, markdown)}"
                for label, old, new in _details(change)
            ]
            size += sum(map(len, entry))
            if size > MAX_MARKDOWN:
                rest = len(listed) - n
                break
            lines += entry
        if rest:
            lines += ["", f"… and {rest} more: `ketamine-anki diff` shows all."]
    return "\n".join(lines) + "\n"


# --- JSON -------------------------------------------------------------------------------------


def as_json(changes: Changes) -> Iterator[str]:
    """All changes as JSON, in chunks: `level`, `breaking`, a list for each group, note types and decks."""
    kinds = _kinds(changes)
    record = {
        "level": changes.level,
        "breaking": changes.breaking(),
        **{name: [_record(change, kinds) for change in getattr(changes, name)] for name in _GROUPS},
        "note_types": {"schema": list(changes.schemas), "style": list(changes.styles)},
        "decks": {"gone": list(changes.decks_gone), "new": list(changes.decks_new)},
    }
    tokens = json.JSONEncoder(indent=1).iterencode(record)  # in ASCII: anyone may have written the texts
    while chunk := "".join(islice(tokens, 100)):
        yield json_part(chunk)


def _record(change: NoteChange, kinds: Mapping[int, str]) -> dict[str, object]:
    record: dict[str, object] = {"id": change.note.id, "guid": change.note.guid, "deck": change.note.deck}
    if not (change.before and change.after):
        return record | {"fields": dict(change.note.fields or {})}
    if change.is_moved:
        record["from"] = change.before.deck
    (removed, added), (gone, new) = change.tags, change.cards
    return record | {
        "kind": kinds.get(id(change)) or change.kind,
        "fields": {name: {"old": old, "new": new} for name, old, new in change.fields},
        "tags": {"gone": removed, "new": added},
        "cards": {"gone": gone, "new": new},
    }


# --- what all views have in common ------------------------------------------------------------


class _Budget:
    """The amount of text that is still compared word by word."""

    def __init__(self) -> None:
        self.left = MAX_DIFF_TEXT

    def covers(self, change: NoteChange) -> bool:
        """Whether the budget covers one more note; its texts are taken from the budget."""
        texts = [text for _, *both in change.fields for text in both]
        if change.before is None or change.after is None:
            texts = list((change.note.fields or {}).values())
        self.left -= DIFF_TEXT_OF_A_NOTE + sum(map(len, texts))
        return self.left >= 0


def _groups(changes: Changes) -> Iterator[tuple[str, list[NoteChange], list[NoteChange]]]:
    """(title, all changes, those whose details are shown) of every group that is not empty, what breaks first."""
    kinds = _kinds(changes)
    groups = {
        "Lost": changes.lost,
        "Back from retirement": changes.returned,
        "Other note type": changes.retyped,
        "Retired": changes.retired,
        **{kind.capitalize(): [c for c in changes.changed if kinds[id(c)] == kind] for kind in KINDS},
        "Moved": changes.moved,
        "New": changes.new,
    }
    budget = _Budget()
    for title, listed in groups.items():
        if listed:
            yield title, list(listed), [change for change in listed if budget.covers(change)]


def _kinds(changes: Changes) -> dict[int, str]:
    """The kind of each changed note by the id() of its change; `changed` for those beyond the budget."""
    budget = _Budget()
    return {id(change): change.kind if budget.covers(change) else "changed" for change in changes.changed}


def _structure(changes: Changes) -> Iterable[str]:
    """A sentence for each note type and deck that differs."""
    for name in changes.schemas:
        yield f"note type {name!r}: other fields or templates; Anki skips its notes unless note types are merged"
    for name in changes.styles:
        yield f"note type {name!r}: new style or template text"
    for name in changes.decks_gone:
        yield f"deck {name!r} is gone or has another name: cards that learners have stay in the old one"
    for name in changes.decks_new:
        yield f"deck {name!r} is new"


def _remark(change: NoteChange) -> str:
    """The end of a note's first line: its question if the note is new or lost, else the cards that are gone or new."""
    if change.before and change.after:
        cards = zip(change.cards, ("gone", "new"), strict=True)
        return "".join(f" · card {', '.join(map(str, numbers))} is {how}" for numbers, how in cards if numbers)
    return f": {readable(change.note.title)}" if change.note.title else ""


def _details(change: NoteChange) -> Iterator[tuple[str, str, str]]:
    """(label, old, new) of each field and of the tags that differ; the other fields of a new note."""
    for name, old, new in change.fields:
        texts = plain(old), plain(new)
        yield (name, *(texts if texts[0] != texts[1] else (old, new)))
    removed, added = change.tags
    if removed or added:
        yield "Tags", " ".join(removed), " ".join(added)
    if change.before is None and change.note.fields:
        for name, field in list(change.note.fields.items())[1:]:
            if field and name not in ("ID", "Source", "Evidence"):
                yield name, "", plain(field)
