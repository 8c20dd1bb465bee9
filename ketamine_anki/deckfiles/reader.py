"""Reads the YAML files of a collection: bytes -> decks and the collection with positions, findings. Never raises."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from ketamine_anki.core.language import labels
from ketamine_anki.core.limits import MAX_AHEAD, MAX_MESSAGE
from ketamine_anki.core.model import (
    Claim,
    Collection,
    Deck,
    Finding,
    Note,
    Places,
    Reference,
    Retired,
    Section,
    Where,
)
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.filenames import folded, tag_segment
from ketamine_anki.deckfiles.parser import File, Node, Sequence, Table, TooManyFindings, parse
from ketamine_anki.deckfiles.schema import Values
from ketamine_anki.deckfiles.syntax import swallowed
from ketamine_anki.deckfiles.values import quoted, read

MANUAL = {
    "encoding": "A file that is not UTF-8 text. Save it as UTF-8 in the editor.",
    "syntax": "A file that is not YAML. Most often an unquoted text holds `: ` or starts with a special"
    " character: put it in single quotes, or under a `>-`.\n\nBad: `answer: Ratio: one to two`\n\n"
    "Good: `answer: 'Ratio: one to two'`",
    "yaml-feature": "Anchors, aliases, merge keys, tags, directives and several documents in one file are not"
    " used in decks: a reviewer must see on the line what is built. Text that starts with `*`, `&`, `!` needs quotes.",
    "character": "Characters that hide, reorder or imitate text are refused (Unicode TR 36 and 39): a dose must"
    " read as it was typed. Type the text again instead of pasting it.",
    "limit": "Files, texts and lists have a largest size, far above any honest need.",
    "shape": "A value of the wrong form: a list where a text belongs, a text where a list belongs.\n\n"
    "Bad: `tags: CPP`\n\nGood: `tags: [CPP]`",
    "missing-key": "A key that this record must have.",
    "unknown-key": "A key that nothing reads, often a typing error.\n\nBad: `anwser: …`\n\nGood: `answer: …`",
    "duplicate-key": "A key written twice in one record: YAML readers silently drop one of the two.",
    "empty": "A key without a text, or an empty list. Leave the key out, or fill it in.",
    "choice": "A value that is not one of the words allowed here, or not of the form required.",
    "comment-cut": "In unquoted text ` #` starts a comment: the rest of the line would silently vanish."
    " Quote the text.\n\nBad: `answer: Bed #2`\n\nGood: `answer: 'Bed #2'`",
    "duplicate-name": "Two subdecks, sections, claims or references with one name, or names that differ only in case:"
    " Anki compares deck names without case and would merge them.",
}


def read_file(path: str, data: bytes, shape: schema.Record) -> tuple[File, Node | None, Values | None]:
    """A file's bytes -> the file with its lines and findings, its root node, and its values unless it is malformed."""
    file, root, values = File(path), None, None
    with suppress(TooManyFindings):
        root = parse(file, data)
        if root is not None:
            values = read(file, shape, root, "the file")
    return file, root, values


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in reading order, each once, with messages that fit on a screen."""
    return sorted(
        {
            each if len(each.message) <= MAX_MESSAGE else each._replace(message=f"{each.message[: MAX_MESSAGE - 1]}…")
            for each in findings
        }
    )


# Notes are read one by one, so that a malformed one does not take the others with it.
_NOTE = schema.Either("text", schema.CLOZE_NOTE, schema.QUESTION_NOTE)
_HEAD = schema.DECK._replace(keys={**schema.DECK.keys, "notes": schema.Anything()})


def read_deck(path: str, data: bytes) -> tuple[Deck | None, list[Finding]]:
    """A deck file's bytes -> the deck with its well-formed notes, and the findings.

    The deck is None only if the file has no readable `deck` and `notes`.
    """
    file, deck = File(path), None
    with suppress(TooManyFindings):
        deck = _deck(file, data)
    return deck, file.findings


def _deck(file: File, data: bytes) -> Deck | None:
    root = parse(file, data)
    if root is None:
        return None
    entries = root.entries if isinstance(root, Table) else []
    nodes = next((node for name, node in entries if name.value == "notes"), None)
    if not isinstance(nodes, Sequence) or not nodes.items:
        read(file, schema.DECK, root, "the file")
        return None
    head = read(file, _HEAD, root, "the file")
    name = head["deck"] if head else ""
    notes = tuple(note for node in nodes.items if (note := _note(file, node, name)) is not None)
    return Deck(name, file.places(root), notes) if name else None


def _note(file: File, node: Node, deck: str) -> Note | None:
    values = read(file, _NOTE, node, "a note")
    if values is None:
        return None
    if file.has_colons:
        file.has_colons = False
        lost = [key for key in schema.QUESTION_NOTE.keys if key not in values and key not in ("question", "answer")]
        is_code = any("```" in line for line in file.lines[node.start_mark.line : node.end_mark.line])
        if found := swallowed(file.lines, node, lost) if not is_code else None:
            file.add(*found[0], "missing-key", found[1])
            return None
    retired = values.pop("retired", None)
    for key, text in values.pop("reverse", {}).items():
        values[f"reverse_{key}"] = text
    return Note(
        deck=deck,
        places=file.places(node),
        importance=values.pop("yield"),
        retired=Retired(**retired) if retired else None,
        **values,
    )


def read_collection(
    collection: tuple[str, bytes],
    source: tuple[str, bytes] | None = None,
    references: tuple[str, bytes] | None = None,
) -> tuple[Collection | None, list[Finding]]:
    """(path, bytes) of collection.yaml, source.yaml and references.yaml -> the collection without
    pictures, and the findings. None if collection.yaml cannot be read.
    """
    file, root, values = read_file(*collection, schema.COLLECTION)
    findings = file.findings
    parts: dict[str, Any] = {}
    unread = set()
    for name, read_part, given in (("source", _source, source), ("references", _references, references)):
        part, more = read_part(given) if given else ({}, [])
        parts |= part
        findings += more
        unread |= {name} if more else set()
    if values is None:
        return None, findings
    places, decks = file.places(root), values["decks"]
    findings += _twins(places, [(f"decks.{n}", name) for n, name in enumerate(decks)])
    for name in values.get("about", ()):
        if name not in decks:
            message = f"{quoted(name)} is no subdeck{did_you_mean(name, decks)}"
            findings.append(Finding(places.at(f"about.{name}"), "unknown-deck", message))
    date = values.get("evidence_date", "")
    if date > time.strftime("%Y-%m-%d", time.gmtime(time.time() + MAX_AHEAD)):
        advice = "write the day when the literature was looked at, or set this machine's clock"
        message = f"evidence_date {quoted(date)} lies in the future: {advice}"
        findings.append(Finding(places.at("evidence_date"), "choice", message))
    for name, words in values.get("labels", {}).items():
        findings += _label(places, name, words)
    return Collection(**values, **parts, unread=frozenset(unread), places=places), findings


def _label(places: Places, name: str, words: str) -> Iterator[Finding]:
    """What is wrong with a label: it is unknown, or its placeholders are not those that are filled in."""
    known = labels("en")
    if name not in known:
        hint = did_you_mean(name, known) or f": they are {', '.join(known)}"
        yield Finding(places.at(f"labels.{name}"), "unknown-key", f"unknown label {quoted(name)}{hint}")
        return
    wanted, typed = (dict.fromkeys(re.findall(r"\{[^{}]*\}", text)) for text in (known[name], words))
    lacking = [part for part in wanted if part not in typed]
    odd = [part for part in typed if part not in wanted]
    for part in odd:
        hint = did_you_mean(part, lacking) or f": {'write ' + ' and '.join(lacking) if lacking else 'delete it'}"
        where = Where(f"labels.{name}", part)
        yield Finding(places.at(where), "choice", f"nothing is put in place of {quoted(part)} in label {name!r}{hint}")
    if lacking and not odd:
        message = f"label {name!r} lacks what is filled in: write {' and '.join(lacking)} in it"
        yield Finding(places.at(f"labels.{name}"), "choice", message)


def _source(source: tuple[str, bytes]) -> tuple[dict[str, Any], list[Finding]]:
    """What the collection has of source.yaml, and the findings."""
    file, root, values = read_file(*source, schema.SOURCE)
    if values is None:
        return {}, file.findings
    sections: dict[str, Section] = {}
    claims: dict[str, Claim] = {}
    slugs, titles, ids = [], [], []
    for s, section in enumerate(values["sections"]):
        slug, paragraphs = section["slug"], section["paragraphs"]
        slugs.append((f"sections.{s}.slug", slug))
        titles.append((f"sections.{s}.title", section["title"]))
        sections.setdefault(slug, Section(slug, section["title"], tuple(p.get("cites", ()) for p in paragraphs)))
        for p, paragraph in enumerate(paragraphs):
            for c, claim in enumerate(paragraph.get("claims", ())):
                key = f"sections.{s}.paragraphs.{p}.claims.{c}"
                ids.append((f"{key}.id", claim["id"]))
                claims[claim["id"]] = Claim(
                    text=claim.pop("claim"),
                    section=slug,
                    paragraph=p + 1,
                    caveat_required=bool(claim.pop("caveat", "")),
                    places=file.places(root, key),
                    **claim,
                )
    places = file.places(root)
    doubled = [*_duplicates(places, slugs), *_twins(places, titles), *_duplicates(places, ids)]
    parts = {"source_title": values["title"], "source_access": values.get("access", "")}
    return parts | {"sections": sections, "claims": claims}, file.findings + doubled


def _references(references: tuple[str, bytes]) -> tuple[dict[str, Any], list[Finding]]:
    """What the collection has of references.yaml, and the findings."""
    file, root, values = read_file(*references, schema.REFERENCES)
    if values is None:
        return {}, file.findings
    works = values["references"]
    doubled = _duplicates(file.places(root), [(f"references.{n}.key", work["key"]) for n, work in enumerate(works)])
    by_key = {
        work["key"]: Reference(**work, places=file.places(root, f"references.{n}")) for n, work in enumerate(works)
    }
    return {"references": by_key}, [*file.findings, *doubled]


def _twins(places: Places, names: list[tuple[str, str]]) -> list[Finding]:
    """A finding for each name, given after its key, that Anki or its tags take for an earlier one."""
    same = list(_duplicates(places, names, lambda name: " ".join(folded(name).split())))
    tags = _duplicates(places, names, lambda name: tag_segment(name).casefold(), "signs that no tag has")
    known = {finding.position for finding in same}
    return same + [finding for finding in tags if finding.position not in known]


def _duplicates(
    places: Places, names: list[tuple[str, str]], form: Callable[[str], str] = str, but: str = "case or spaces"
) -> Iterator[Finding]:
    """A finding for each name, given after its key, whose form an earlier one has; `but` is how else they differ."""
    first: dict[str, tuple[str, str]] = {}
    for key, name in names:
        other_key, other = first.setdefault(form(name), (key, name))
        if other_key != key:
            at = places.at(other_key)
            how = "stands already" if other == name else f"differs only in {but} from {quoted(other)}"
            message = f"{quoted(name)} {how} at {at.path}:{at.line}: choose another name"
            yield Finding(places.at(key), "duplicate-name", message)
