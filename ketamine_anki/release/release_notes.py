"""A release -> the texts about it: its section of CHANGELOG.md, RELEASE_NOTES.md for learners, release.json."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ketamine_anki.anki.notetypes import OWN_FIELD
from ketamine_anki.core.escape import json_text, markdown
from ketamine_anki.core.language import filled
from ketamine_anki.core.model import Collection, Ledger, Release, Retired
from ketamine_anki.release.changes import KINDS, Changes, NoteChange
from ketamine_anki.text.plain import plain, readable

UNRELEASED = "## Unreleased"
_HEADING = re.compile(r"^## (?:\[)?(\S+?)(?:\])?(?: - .*)?$", re.MULTILINE)
_COUNTS = {"new": "new", "changed": "changed", "moved": "moved", "retired": "gone"}  # -> the name of its label


# --- the changelog ----------------------------------------------------------------------------


def sections(changelog: str) -> dict[str, str]:
    """The sections of a changelog by version (`Unreleased` is one), without their headings."""
    headings = list(_HEADING.finditer(changelog))
    ends = [*(heading.start() for heading in headings[1:]), len(changelog)]
    return {m[1]: changelog[m.end() : end].strip("\n") for m, end in zip(headings, ends, strict=False)}


def with_section(changelog: str, version: str, date: str, body: str) -> str:
    """A changelog with the section of a release, and an empty section Unreleased above it.

    The former text of Unreleased is dropped: the body has to contain it.
    """
    starts = {match[1]: match.start() for match in _HEADING.finditer(changelog)}
    unreleased = starts.pop("Unreleased", None)
    start = min(starts.values(), default=len(changelog)) if unreleased is None else unreleased
    rest = changelog[min((each for each in starts.values() if each >= start), default=len(changelog)) :]
    head = changelog[:start].rstrip("\n") or "# Changelog"
    return f"{head}\n\n{UNRELEASED}\n\n## {version} - {date}\n\n{body}\n" + (f"\n{rest}" if rest else "")


def section(
    collection: Collection,
    release: Release,
    first: bool,
    changes: Changes,
    reasons: Mapping[str, Retired],
    unreleased: str,
) -> str:
    """The body of a release's section: what the maintainers wrote under Unreleased, counts, then card by card.

    `reasons` tells of each note id that this release retires why.
    """
    parts = [unreleased] if unreleased else []
    words = {name: markdown(word) for name, word in collection.words.items()}
    total = filled(words["total"], notes=str(release.notes), cards=str(release.cards))
    if first:
        return "\n\n".join([*parts, f"{words['first']}: {total}"])
    counts = [f"{words[word]}: {count}" for name, word in _COUNTS.items() if (count := getattr(release, name))]
    parts.append(" · ".join([total, *counts]))

    def add(title: str, explanation: str, listed: Iterable[NoteChange]) -> None:
        lines = [line for change in listed for line in _entry(collection, change, reasons, words)]
        if lines:
            explained = [explanation] * bool(explanation and collection.has_english_words)
            parts.extend([f"### {words[title]}", *explained, "\n".join(lines)])

    errata = set(release.errata)
    listed = (*changes.moved, *changes.new, *changes.changed, *changes.retired)
    corrections = {change.name: change for change in listed if change.name in errata}
    add("safety", "Please read these, even if you skip the rest.", corrections.values())
    for kind, explanation in KINDS.items():
        add(kind, explanation, (c for c in changes.changed if c.kind == kind and c.name not in errata))
    search = f"tag:{collection.tag}::Retired::{release.version}"
    explanation = f"Not taught any more. Search `{search}`, then suspend or delete."
    add("gone", explanation, (c for c in changes.retired if c.name not in errata))
    explanation = (
        "For new learners: cards that you have stay in the deck where they are. Their tag changes, so the update"
        " replaces your own edits and tags on these notes."
    )
    moved = (c for c in changes.moved if c.before and c.before.deck not in changes.decks_gone)
    add("moved", explanation, moved)
    add("new", "", (c for c in changes.new if c.name not in errata))
    return "\n\n".join([*parts, *_structure(changes)])


# `release_notes` looks for it in the section when a release is made again.
_MERGE = (
    "### Note types\n\nThe note types have other fields or cards. In the import dialog tick *Merge note types* and"
    " choose *Update notes: Always*; without that, Anki skips the notes you have. Anki will ask for a full sync."
)


def _structure(changes: Changes) -> Iterator[str]:
    if changes.schemas:
        yield _MERGE
    if changes.decks_gone:
        gone, new = (", ".join(map(markdown, names)) or "none" for names in (changes.decks_gone, changes.decks_new))
        yield (
            f"### Subdecks\n\nNo longer used: {gone}. New: {new}. Cards that you have stay in the old ones; move them"
            " if you like. Where a tag changes with the name, the update replaces your own edits and tags on the note."
        )
    if changes.styles:
        yield "### Style\n\nThe look of the cards changed. It replaces a style of your own."


def _entry(
    collection: Collection, change: NoteChange, reasons: Mapping[str, Retired], words: Mapping[str, str]
) -> Iterator[str]:
    """The lines of one note: where it is, what it asks, and each field before and now."""
    note = change.note
    yield f"- **{markdown(change.name)}** · {markdown(change.place)}: {markdown(readable(note.title))}"
    retired = reasons.get(note.id)
    if retired:
        title = markdown(collection.title_of(retired.see))
        see = f" {filled(words['see'], question=title)} (`ID:{retired.see}`)" if retired.see else ""
        yield f"  - {words['gone']}: {markdown(retired.reason)}{see}"
        return
    for name, old, new in change.fields:
        texts = plain(old), plain(new)
        before, after = map(readable, texts)
        if before == after:  # perhaps only the cloze marks differ
            before, after = texts
        if before != after:
            for word, text in (("before", before), ("now", after)):
                shown = markdown(text) or f"({words['empty']})"
                yield f"  - {filled(words[word], field=_shown(name, words))}: {shown}"
    gone, new = (", ".join(map(str, numbers)) for numbers in change.cards)
    if gone:
        yield f"  - {filled(words['card_gone'], number=gone, menu='*Tools > Empty Cards*')}"
    if new:
        yield f"  - {filled(words['card_new'], number=new)}"


def _shown(field: str, words: Mapping[str, str]) -> str:
    """A field as its card calls it, or in words: `ReverseQuestion` -> `Reverse question`."""
    label = {"Caution": "caution", "Caveat": "evidence", "Evidence": "references", "Source": "source"}.get(field)
    return words[label] if label else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", field).capitalize()


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


_CONFLICT = """\
*Could not be imported* means that your note types have another field or card than ours, because you or an add-on
added or removed one. These notes keep their old texts, whatever version the deck's page names. Import again with
*Merge note types* on, now and at later updates; your own field is emptied on notes that change. If that still updates
too few notes, import once more with *Update notes: Always*, which replaces your own edits on all notes of the deck.
Anki may ask for a full sync. (Anki older than 23.10 cannot merge: take a newer one.)"""


def skipped(ledger: Ledger | None, changelog: str, version: str) -> str:
    """The import options that releases before `version` asked for, for learners who skipped one; "" when no release
    asked for more than Anki's defaults.
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
    explanation = "If the version that you have is older than one of these, choose what it asked for, too:"
    return "\n\n".join([explanation, "\n".join(lines)]) if lines else ""


def release_notes(collection: Collection, ledger: Ledger, body: str, packages: Mapping[str, str], earlier: str) -> str:
    """RELEASE_NOTES.md of the ledger's last release: the section of the changelog (`body`), which file to take, what
    to choose in the import dialog and why, what Anki's log should say, what an update keeps.

    `packages` are file names by `whole`, `update` and subdeck; `earlier` is the result of `skipped`.
    """
    release = ledger.releases[-1]
    merge = _MERGE in body
    always = merge or bool(release.errata)
    reasons = ["the note types changed: with *If newer* Anki would leave the notes you have as they are"] * merge
    if release.errata:
        reasons.append(
            "this release corrects safety: *Always* brings the corrections also to notes that you edited or tagged"
        )
    reasons.append("it replaces your own edits and tags on all notes of the deck")
    why = "; ".join(reasons) if always else "brings what changed, keeps your edits on what did not"
    off = "off", "nothing to merge, unless Anki says *could not be imported*: see below"
    rows = [
        ("Import any learning progress", "off", "the package holds none"),
        ("Import any deck presets", "off", "the package holds none"),
        ("Merge note types", *(("**on**", "this release changes them") if merge else off)),
        ("Update notes", "**Always**" if always else "If newer", why),
        ("Update note types", "If newer", "brings a new style when there is one, else keeps yours"),
    ]
    parts = [
        "<!-- Written by `ketamine-anki release`, which writes it anew. -->",
        f"# {markdown(collection.title)} {release.version}",
        body,
        "## Which file",
        _files(packages),
        "## How to import",
        "Make a backup first (*File > Create Backup*).",
        _own_words(collection, ledger, always),
        "Then *File > Import*, and choose:",
        "\n".join(["| Option | Choose | Why |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]),
        earlier,
        "## What Anki should say",
        _log(collection, ledger, packages, merge, always),
        _KEPT + (_ALWAYS if always else _IF_NEWER),
        f"{markdown(collection.disclaimer)} Licence of the cards: {markdown(collection.licence)}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _own_words(collection: Collection, ledger: Ledger, always: bool) -> str:
    """How to find, before an import, the learner's own words that it will replace; "" before the second release."""
    _, *older = reversed(ledger.releases)
    if not older:
        return ""
    changed = [_changed_since(ledger, had) for had in older]
    searches = {f"From {older[0].version}": changed[0], "From any older version": set().union(*changed[1:])}
    where = {who: f'"ID:re:^({"|".join(sorted(ids))})$"' for who, ids in searches.items() if ids and not always}
    where["With *Update notes: Always*, from any version"] = f"tag:{collection.tag}::*"
    head = (
        f"An import replaces your words in the field *{OWN_FIELD}* on each note that it updates, as it does all fields."
        " Search for them in the browser before, and copy what you want to keep."
    )
    return "\n\n".join([head, *(f'{who}:\n\n```text\n"{OWN_FIELD}:_*" {notes}\n```' for who, notes in where.items())])


def _changed_since(ledger: Ledger, had: Release) -> set[str]:
    """The ids of the notes that a learner has from a release, and that changed since."""
    return {n.id for n in ledger.notes.values() if _time_of(ledger, n.since) <= had.time < n.time}


def _log(collection: Collection, ledger: Ledger, packages: Mapping[str, str], merge: bool, always: bool) -> str:
    """What Anki counts at the end of an import, from each of the last releases, and what to do if it counts otherwise.
    Where note types are merged it is not counted beforehand.
    """
    release, *older = reversed(ledger.releases)
    parts = [f"If you are new here: {release.notes} notes imported."]
    if older and not merge:
        rows = ["| You have | imported | used to update existing ones | already present |", "|---|--:|--:|--:|"]
        for had in older[:5]:
            known = sum(_time_of(ledger, note.since) <= had.time for note in ledger.notes.values())
            updated = len(_changed_since(ledger, had))
            rows.append(f"| {had.version} | {len(ledger.notes) - known} | {updated} | {known - updated} |")
        parts += [f"With `{packages['update']}`, notes are counted so:", "\n".join(rows)]
        if any(note.retired not in ("", release.version) for note in ledger.notes.values()):
            parts.append(
                "Notes that were retired before you began are imported, too, with their notices: suspend them."
            )
        parts.append(
            f"Afterwards `tag:{collection.tag}::Changed::{release.version}` finds what this release changed. "
            + (
                "More updates than here, and fewer already present: you edited or tagged notes, and they were replaced."
                if always
                else "Fewer updates than here: you edited or tagged those notes after the release came out, and yours"
                " was kept."
            )
        )
    parts.append(_CONFLICT)
    return "\n\n".join(parts)


def _time_of(ledger: Ledger, version: str) -> int:
    return next(release.time for release in ledger.releases if release.version == version)


def _files(packages: Mapping[str, str]) -> str:
    lines = [f"- `{packages['whole']}`: all subdecks" + (", if you are new here" if "update" in packages else "")]
    if "update" in packages:
        lines.append(f"- `{packages['update']}`: the same with notices on retired notes, if you have an older version")
    lines += [f"- `{name}`: {markdown(key)} alone" for key, name in packages.items() if key not in ("whole", "update")]
    return "\n".join(lines)


# --- release.json -----------------------------------------------------------------------------


def release_record(collection: Collection, ledger: Ledger, program: str, files: Sequence[Mapping[str, object]]) -> str:
    """release.json: versions, counts and hashes, from the ledger after the release; `program` is its version."""
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
            "retired": sum(bool(note.retired) for note in ledger.notes.values()),
        },
        "changes": {name: getattr(release, name) for name in _COUNTS},
        "errata": list(release.errata),
        "state": release.state,
        "files": list(files),
    }
    return json_text(record, 1) + "\n"
