"""A release -> what is said of it: the section of CHANGELOG.md, RELEASE_NOTES.md, release.json."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ketamine_anki.core.model import Collection, Ledger, Release, Retired
from ketamine_anki.release.change_views import escape
from ketamine_anki.release.changes import Changes, EditionNote, NoteChange
from ketamine_anki.text.plain import plain, readable

UNRELEASED = "## Unreleased"
_SECTION = re.compile(r"^## (?:\[)?(\S+?)(?:\])?(?: - .*)?$", re.MULTILINE)
_KINDS = (
    ("corrected", "Corrected", "The answer or a caveat changed."),
    ("reworded", "Reworded", "Other words, the same answer."),
    ("changed", "Changed", ""),
    ("details", "Details", "Only tags, sources, literature or formatting changed."),
)


# --- the changelog ----------------------------------------------------------------------------


def sections(changelog: str) -> dict[str, str]:
    """The sections of a changelog by version (`Unreleased` is one), without their headings."""
    found = list(_SECTION.finditer(changelog))
    ends = [*(match.start() for match in found[1:]), len(changelog)]
    return {m[1]: changelog[m.end() : end].strip("\n") for m, end in zip(found, ends, strict=False)}


def with_section(changelog: str, version: str, date: str, body: str) -> str:
    """A changelog with a release's section, and an empty one for what comes next. What stood under
    Unreleased must be part of the body.
    """
    made = f"{UNRELEASED}\n\n## {version} - {date}\n\n{body}\n"
    found = {match[1]: match for match in _SECTION.finditer(changelog)}
    if "Unreleased" in found:
        start = found["Unreleased"].start()
        following = [match.start() for match in found.values() if match.start() > start]
        rest = changelog[min(following) :] if following else ""
    else:
        start = min((match.start() for match in found.values()), default=len(changelog))
        rest = changelog[start:]
    head = changelog[:start].rstrip("\n") or "# Changelog"
    return f"{head}\n\n{made}" + (f"\n{rest}" if rest else "")


def section(
    collection: Collection, release: Release, first: bool, changes: Changes, reasons: Mapping[str, Retired], said: str
) -> str:
    """The body of a release's section: what the maintainers wrote (`said`), counts, then card by card."""
    parts = [said] if said else []
    count = f"{release.notes} notes, {release.cards} cards"
    if first:
        return "\n\n".join([*parts, f"First release: {count}."])
    parts.append(f"{count}: {_counted(release)}.")
    errata = set(release.errata)
    if errata:
        told = "Please read these, even if you skip the rest."
        marked = {
            c.name: c for c in (*changes.moved, *changes.new, *changes.changed, *changes.retired) if c.name in errata
        }
        parts.append(_list("Safety corrections", told, marked.values(), reasons))
    for kind, title, told in _KINDS:
        listed = [c for c in changes.changed if c.kind == kind and c.name not in errata]
        parts.append(_list(title, told, listed, reasons))
    told = f"Not taught any more. Search `tag:{collection.tag}::Retired::{release.version}`, then suspend or delete."
    parts.append(_list("Retired", told, [c for c in changes.retired if c.name not in errata], reasons))
    told = (
        "For new learners: cards that you have stay in the deck where they are. Their tag changes, so the update"
        " replaces your own edits and tags on these notes."
    )
    moved = [c for c in changes.moved if c.before and c.before.deck not in changes.decks_gone]
    parts.append(_list("Moved to another subdeck", told, moved, reasons))
    parts.append(_list("New", "", [c for c in changes.new if c.name not in errata], reasons))
    parts += _structure(changes)
    return "\n\n".join(part for part in parts if part)


def _counted(release: Release) -> str:
    named = ("new", "changed", "moved", "retired")
    counted = [f"{count} {name}" for name in named if (count := getattr(release, name))]
    return ", ".join(counted) or "the same notes"


# `release_notes` finds it again in the changelog when a release is made again.
_MERGE = (
    "### Note types\n\nThe note types have other fields or cards. In the import dialog tick *Merge note types* and"
    " choose *Update notes: Always*; without that, Anki skips the notes you have. Anki will ask for a full sync."
)


def _structure(changes: Changes) -> Iterator[str]:
    if changes.schemas:
        yield _MERGE
    if changes.decks_gone:
        gone, come = (", ".join(map(escape, names)) or "none" for names in (changes.decks_gone, changes.decks_new))
        yield (
            f"### Subdecks\n\nNo longer used: {gone}. New: {come}. Cards that you have stay in the old ones; move them"
            " if you like. Where a tag changes with the name, the update replaces your own edits and tags on the note."
        )
    if changes.styles:
        yield "### Style\n\nThe look of the cards changed. It replaces a style of your own."


def _list(title: str, told: str, listed: Any, reasons: Mapping[str, Retired]) -> str:
    lines = [line for change in listed for line in _told(change, reasons)]
    if not lines:
        return ""
    return "\n\n".join([f"### {title}", *([told] if told else []), "\n".join(lines)])


def _told(change: NoteChange, reasons: Mapping[str, Retired]) -> Iterator[str]:
    note = change.note
    yield f"- **{escape(change.name)}** · {escape(_place(change))}: {escape(readable(note.title))}"
    retired = reasons.get(note.id)
    if retired:
        yield f"  - Retired: {escape(retired.reason)}" + (f" See {escape(retired.see)}." if retired.see else "")
        return
    for name, old, new in change.fields:
        before, after = _texts(old, new)
        if before == after:
            continue
        yield f"  - {name} before: {escape(before) or '(empty)'}"
        yield f"  - {name} now: {escape(after) or '(empty)'}"
    if change.cards_gone:
        cards = ", ".join(map(str, change.cards_gone))
        yield f"  - Card {cards} is gone: in Anki, *Tools > Empty Cards* takes it away."


def _place(change: NoteChange) -> str:
    before, after = change.before, change.after
    if before and after and before.deck != after.deck:
        return f"{_subdeck(before)} → {_subdeck(after)}"
    return _subdeck(change.note)


def _subdeck(note: EditionNote) -> str:
    return note.deck.rpartition("::")[2]


def _texts(old: str, new: str) -> tuple[str, str]:
    """Two fields as a learner reads them; with cloze marks when only these differ."""
    before, after = plain(old), plain(new)
    shown = readable(before), readable(after)
    return shown if shown[0] != shown[1] else (before, after)


# --- the release notes ------------------------------------------------------------------------

_KEPT = """\
## What an update keeps

- Your scheduling, flags and suspended cards, always.
- The decks into which you moved cards.
"""
_IF_NEWER = """\
- Your own edits and tags on every note that a release leaves alone: each that its notes do not list.

An update replaces all fields and all tags of a note that changed, your own on that note too. A note that
you deleted comes back: suspend instead of deleting."""
_ALWAYS = """\

*Update notes: Always*, which this release asks for, replaces your own edits and tags on all notes of the
deck; the next release keeps them again. A note that you deleted comes back: suspend instead of deleting."""


def skipped(ledger: Ledger | None, changelog: str, version: str) -> str:
    """What learners have to choose who skipped a release before `version` that asked for more than Anki
    offers: their next import has to do what that one would have done. "" when none did.
    """
    written = sections(changelog)
    lines = []
    for release in ledger.releases if ledger else ():
        if release.version == version:
            break
        if _MERGE in written.get(release.version, ""):
            lines.append(f"- {release.version} changed the note types: *Merge note types* on, *Update notes: Always*.")
        elif release.errata:
            lines.append(f"- {release.version} corrected safety: *Update notes: Always*.")
    told = "If the version that you have is older than one of these, choose what it asked for, too:"
    return "\n\n".join([told, "\n".join(lines)]) if lines else ""


def release_notes(
    collection: Collection, release: Release, body: str, packages: Mapping[str, str], earlier: str
) -> str:
    """RELEASE_NOTES.md for learners: the changelog's section, which file to take, what to tick in the
    import dialog and why, what is kept. `packages` are file names by `whole`, `update` and subdeck,
    `earlier` is what earlier releases asked for, from `skipped`.
    """
    parts = [f"# {collection.title} {release.version}", body, "## Which file", _files(packages)]
    merge = _MERGE in body
    always = merge or bool(release.errata)
    mended = "this release corrects safety: *Always* brings the corrections also to notes that you edited or tagged"
    merged = "the note types changed: with *If newer* Anki would leave the notes you have as they are"
    why = "; ".join([*([merged] if merge else []), *([mended] if release.errata else [])])
    why += "; it replaces your own edits and tags on all notes of the deck"
    if not always:
        why = "brings what changed, keeps your edits on what did not"
    parts += [
        "## How to import",
        "Make a backup first (*File > Create Backup*). Then *File > Import*, and choose:",
        "\n".join(
            (
                "| Option | Choose | Why |",
                "|---|---|---|",
                "| Import any learning progress | off | the package holds none |",
                "| Import any deck presets | off | the package holds none |",
                f"| Merge note types | {'**on** | this release changes them' if merge else 'off | nothing to merge'} |",
                f"| Update notes | {'**Always**' if always else 'If newer'} | {why} |",
                "| Update note types | If newer | brings a new style when there is one, else keeps yours |",
            )
        ),
        *([earlier] if earlier else []),
        _KEPT + (_ALWAYS if always else _IF_NEWER),
        f"{collection.disclaimer} Licence of the cards: {collection.licence}.",
    ]
    return "\n\n".join(parts) + "\n"


def _files(packages: Mapping[str, str]) -> str:
    lines = [f"- `{packages['whole']}`: all subdecks" + (", if you are new here" if "update" in packages else "")]
    if "update" in packages:
        lines.append(f"- `{packages['update']}`: the same with notices on retired notes, if you have an older version")
    lines += [f"- `{name}`: {key} alone" for key, name in packages.items() if key not in ("whole", "update")]
    return "\n".join(lines)


# --- release.json -----------------------------------------------------------------------------


def release_record(collection: Collection, ledger: Ledger, program: str, files: Sequence[Mapping[str, object]]) -> str:
    """release.json: versions, counts and hashes, from the ledger after the release."""
    release = ledger.releases[-1]
    record = {
        "collection": collection.title,
        "version": release.version,
        "previous": ledger.releases[-2].version if len(ledger.releases) > 1 else None,
        "released": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(release.time)),
        "program": program,
        "licence": collection.licence,
        "counts": {
            "notes": release.notes,
            "cards": release.cards,
            "subdecks": len({note.deck for note in ledger.notes.values() if not note.retired}),
            "retired": sum(1 for note in ledger.notes.values() if note.retired),
        },
        "changes": {name: getattr(release, name) for name in ("new", "changed", "moved", "retired")},
        "errata": list(release.errata),
        "state": release.state,
        "files": list(files),
    }
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"
