"""A release -> the texts about it: its section of CHANGELOG.md, RELEASE_NOTES.md for learners, what AnkiWeb's form
gets, release.json.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ketamine_anki.anki.notetypes import OWN_FIELD
from ketamine_anki.core.escape import json_text
from ketamine_anki.core.model import Collection, Ledger, Note, Release, Retired
from ketamine_anki.core.template import filled_in
from ketamine_anki.deckfiles.filenames import tag_segment
from ketamine_anki.release.changes import KINDS, Changes, NoteChange
from ketamine_anki.text.plain import plain, readable

# `release_notes` looks for it in the section when a release is made again.
_MERGE = (
    "### Note types\n\nThe note types have other fields or cards. In the import dialog tick *Merge note types* and"
    " choose *Update notes: Always*; without that, Anki skips the notes you have. Anki will ask for a full sync."
)
_MAX_LINE = 60  # of a title or the tags on AnkiWeb
_HEADING = re.compile(r"^## (?:\[)?(\S+?)(?:\])?(?: - .*)?$", re.MULTILINE)
_COUNTS = {"new": "new", "changed": "changed", "moved": "moved", "retired": "gone"}  # -> the name of its label


# --- the changelog ----------------------------------------------------------------------------


def sections(changelog: str) -> dict[str, str]:
    """The sections of a changelog by version (`Unreleased` is one), without their headings."""
    _, *parts = _HEADING.split(changelog)
    return {version: body.strip("\n") for version, body in zip(parts[::2], parts[1::2], strict=True)}


def with_section(changelog: str, version: str, date: str, body: str) -> str:
    """A changelog with the section of a release, and an empty section Unreleased above it.

    The former text of Unreleased is dropped: the body has to contain it.
    """
    starts = {match[1]: match.start() for match in _HEADING.finditer(changelog)}
    unreleased = starts.pop("Unreleased", None)
    start = min(starts.values(), default=len(changelog)) if unreleased is None else unreleased
    rest = changelog[min((each for each in starts.values() if each >= start), default=len(changelog)) :]
    head = changelog[:start].rstrip("\n") or "# Changelog"
    return f"{head}\n\n## Unreleased\n\n## {version} - {date}\n\n{body}\n" + (f"\n{rest}" if rest else "")


def section(
    collection: Collection, release: Release, changes: Changes, reasons: Mapping[str, Retired], unreleased: str
) -> str:
    """The body of a release's section: what the maintainers wrote under Unreleased, counts, then card by card.

    `reasons` maps the id of each note that this release retires to why.
    """
    listed = (*changes.moved, *changes.new, *changes.changed, *changes.retired)
    text = filled_in(
        "release/section.md",
        collection=collection,
        release=release,
        first=not (collection.ledger and collection.ledger.last),
        changes=changes,
        corrections=list({change.name: change for change in listed if change.name in release.errata}.values()),
        reasons=reasons,
        unreleased=unreleased,
        counts=_COUNTS,
        kinds=KINDS,
        merge=_MERGE,
        differences=_differences,
        readable=readable,
    )
    return "".join(text).rstrip("\n")


def _differences(change: NoteChange, words: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(field, its old and new text) of every field that a reader sees changed: the field as its card calls it, or in
    words: `ReverseQuestion` -> `Reverse question`.
    """
    labels = {"Caution": "caution", "Caveat": "evidence", "Evidence": "references", "Source": "source"}
    for name, old, new in change.fields:
        texts = plain(old), plain(new)
        before, after = map(readable, texts)
        if before == after:  # perhaps only the cloze marks differ
            before, after = texts
        if before != after:
            label = words[labels[name]] if name in labels else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()
            yield label, before, after


# --- the release notes ------------------------------------------------------------------------


class _Import(NamedTuple):
    """What an import brings to a learner who has an earlier release, `version`: numbers as Anki counts them, and the
    ids of the notes that changed since.
    """

    version: str
    new: int
    changed: set[str]
    same: int


def release_notes(
    collection: Collection, ledger: Ledger, body: str, packages: Mapping[str, str], changelog: str
) -> str:
    """RELEASE_NOTES.md of the ledger's last release: the section of the changelog (`body`), which file to take, what
    to choose in the import dialog and why, what Anki's log should say, what an update keeps.

    `packages` are file names by `whole`, `update` and subdeck; `changelog` tells what earlier releases asked for.
    """
    *older, release = ledger.releases
    times = {each.version: each.time for each in ledger.releases}
    imports = []
    for each in reversed(older):
        known = [note for note in ledger.notes.values() if times[note.since] <= each.time]
        changed = {note.id for note in known if note.time > each.time}
        imports.append(_Import(each.version, len(ledger.notes) - len(known), changed, len(known) - len(changed)))
    written = sections(changelog)
    merged = {each.version: _MERGE in written.get(each.version, "") for each in older}
    merge = _MERGE in body
    always = merge or bool(release.errata)
    text = filled_in(
        "release/release_notes.md",
        collection=collection,
        release=release,
        body=body,
        packages=packages,
        own_field=OWN_FIELD,
        searches=_searches(collection, imports, always),
        merge=merge,
        always=always,
        # releases that asked for more than Anki's defaults
        skipped=[(each.version, merged[each.version]) for each in older if merged[each.version] or each.errata],
        counted=[] if merge else imports[:5],  # where note types are merged it cannot be counted beforehand
        retired_before=any(note.retired not in ("", release.version) for note in ledger.notes.values()),
    )
    return "".join(text)


def _searches(collection: Collection, older: Sequence[_Import], always: bool) -> dict[str, str]:
    """Who has to search, before an import, for own words that it will replace, and for which notes; {} before the
    second release.
    """
    if not older:
        return {}
    searches = {
        f"From {older[0].version}": older[0].changed,
        "From any older version": set().union(*(each.changed for each in older[1:])),
    }
    where = {who: f'"ID:re:^({"|".join(sorted(ids))})$"' for who, ids in searches.items() if ids and not always}
    return where | {"With *Update notes: Always*, from any version": f"tag:{collection.tag}::*"}


# --- AnkiWeb's form ---------------------------------------------------------------------------


def ankiweb(collection: Collection, release: Release, notes: Iterable[Note]) -> str:
    """ANKIWEB.md: what a maintainer copies into the form by which AnkiWeb shares a deck; `notes` are the released ones.

    Written from descriptions of the form, not tried on AnkiWeb: a title and tags of at most 60 characters each (the
    tags together), an address for questions, a description in Markdown, of which headings are not shown as such, and a
    declaration of one's rights.
    """
    title = collection.title
    if len(title) > _MAX_LINE:
        title = f"{title[:_MAX_LINE].rpartition(' ')[0] or title[: _MAX_LINE - 1]}…"
    # The root tag, then the topics that fit: subdecks and concepts, those first that bring most notes for a letter.
    counts = Counter(topic for note in notes for topic in (tag_segment(note.deck), *note.tags))
    tags, root = "", re.sub("_[0-9a-f]{8}$", "", collection.tag)  # without what `init` made it unique by
    for tag in (root, *sorted(counts, key=lambda topic: -counts[topic] / len(topic))):
        longer = f"{tags} {tag.casefold().replace('_', '-')}".strip()
        if len(longer) <= _MAX_LINE:
            tags = longer
    text = filled_in(
        "release/ankiweb.md",
        collection=collection,
        release=release,
        title=title,
        tags=tags,
        line=lambda text: " ".join(text.split()),
    )
    return "".join(text)


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
