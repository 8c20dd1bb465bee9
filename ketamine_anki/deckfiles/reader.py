"""Reads the YAML files of a collection: bytes -> decks and the collection with positions, findings. Never raises."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

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
from ketamine_anki.deckfiles.parser import File, Marks, Node, Sequence, Table, TooManyFindings, parse
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


class Tree(NamedTuple):
    """A file as typed: its lines, its root node, and the values read from it."""

    lines: tuple[str, ...]
    root: Node
    values: Values


def read_tree(path: str, data: bytes, shape: schema.Record) -> tuple[Tree | None, list[Finding]]:
    """A file's bytes -> its tree, or None with the findings on its syntax and shape."""
    file, root, values = _read_file(path, data, shape)
    if values is None or file.findings:
        return None, file.findings
    return Tree(file.lines, root, values), []


def _read_file(path: str, data: bytes, shape: schema.Record) -> tuple[File, Node | None, Values | None]:
    """A file with its findings, its root node, and its values unless it is malformed."""
    file, root, values = File(path), None, None
    with suppress(TooManyFindings):
        root = parse(file, data)
        if root is not None:
            values = read(file, shape, root, "the file")
    return file, root, values


# --- decks ------------------------------------------------------------------------------------

# Notes are read one by one, so that a malformed one does not take the others with it.
_NOTES = schema.DECK.keys["notes"]
assert isinstance(_NOTES, schema.List)
_NOTE = _NOTES.item
_HEAD = schema.DECK._replace(keys={**schema.DECK.keys, "notes": schema.Anything(_NOTES.about)})


def read_deck(path: str, data: bytes) -> tuple[Deck | None, list[Finding]]:
    """A deck file's bytes -> the deck with its well-formed notes, and the findings.

    The deck is None only if the file has no readable `deck` and `notes`.
    """
    file = File(path)
    with suppress(TooManyFindings):
        return _deck(file, data), file.findings
    return None, file.findings


def _deck(file: File, data: bytes) -> Deck | None:
    root = parse(file, data)
    if root is None:
        return None
    nodes = _note_nodes(root)
    if not nodes:
        read(file, schema.DECK, root, "the file")
        return None
    head = read(file, _HEAD, root, "the file")
    name = head["deck"] if head else ""
    notes = tuple(note for node in nodes if (note := _note(file, node, name)) is not None)
    return Deck(name, Places(file.path, file.lines, Marks(root)), notes) if name else None


def _note_nodes(root: Node) -> list[Node]:
    """The nodes of the notes of a deck file."""
    for name, node in root.entries if isinstance(root, Table) else ():
        if name.value == "notes":
            return node.items if isinstance(node, Sequence) else []
    return []


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
    get = values.get
    reverse = get("reverse", {})
    retired = get("retired")
    return Note(
        values["id"],
        deck,
        Places(file.path, file.lines, Marks(node)),
        get("question", ""),
        get("answer", ""),
        reverse.get("question", ""),
        reverse.get("answer", ""),
        get("text", ""),
        get("extra", ""),
        get("caution", ""),
        get("caveat", ""),
        get("picture", ""),
        get("evidence", ()),
        get("source", ""),
        get("cites", ()),
        get("claims", ()),
        values["tags"],
        values["yield"],
        values["skill"],
        get("beyond", ""),
        get("allow", {}),
        Retired(**retired) if retired else None,
    )


# --- the collection ---------------------------------------------------------------------------


def read_collection(
    collection: tuple[str, bytes],
    source: tuple[str, bytes] | None = None,
    references: tuple[str, bytes] | None = None,
) -> tuple[Collection | None, list[Finding]]:
    """(path, bytes) of collection.yaml, source.yaml and references.yaml -> the collection without
    pictures, and the findings. None if collection.yaml cannot be read.
    """
    file, root, values = _read_file(*collection, schema.COLLECTION)
    findings = file.findings
    unread = set()
    title = access = ""
    sections: dict[str, Section] = {}
    claims: dict[str, Claim] = {}
    if source is not None:
        title, access, sections, claims, more = _read_source(source)
        findings += more
        unread |= {"source"} if more else set()
    works: dict[str, Reference] = {}
    if references is not None:
        works, more = _read_references(references)
        findings += more
        unread |= {"references"} if more else set()
    if values is None:
        return None, findings
    places = Places(file.path, file.lines, Marks(root))
    findings += _twins([(name, places, f"decks.{n}") for n, name in enumerate(values["decks"])])
    for name in values.get("about", ()):
        if name not in values["decks"]:
            message = f"{quoted(name)} is no subdeck{did_you_mean(name, values['decks'])}"
            findings.append(Finding(places.at(f"about.{name}"), "unknown-deck", message))
    date = values.get("evidence_date", "")
    if date > time.strftime("%Y-%m-%d", time.gmtime(time.time() + MAX_AHEAD)):
        advice = "write the day when the literature was looked at, or set this machine's clock"
        message = f"evidence_date {quoted(date)} lies in the future: {advice}"
        findings.append(Finding(places.at("evidence_date"), "choice", message))
    findings += [each for name, words in values.get("labels", {}).items() for each in _label(places, name, words)]
    result = Collection(
        **values,
        source_title=title,
        source_access=access,
        sections=sections,
        claims=claims,
        references=works,
        unread=frozenset(unread),
        places=places,
    )
    return result, findings


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


def _folded(name: str) -> str:
    """A name as those compare it who see neither case nor which kind of space it holds."""
    return " ".join(folded(name).split())


def _twins(names: list[tuple[str, Places, str]]) -> list[Finding]:
    """A finding for each name, given with places and key, that Anki or its tags take for an earlier one."""
    same = _duplicates((_folded(name), name, places, key) for name, places, key in names)
    tags = _duplicates(
        ((tag_segment(name).casefold(), name, places, key) for name, places, key in names), "signs that no tag has"
    )
    known = {finding.position for finding in same}
    return same + [finding for finding in tags if finding.position not in known]


def _duplicates(names: Iterable[tuple[str, str, Places, str]], but: str = "case or spaces") -> list[Finding]:
    """A finding for each name that stands a second time, `but` for some difference; each as (what is compared, name,
    places, key).
    """
    first: dict[str, tuple[str, Places, str]] = {}
    findings = []
    for compared, name, places, key in names:
        if compared in first:
            other, other_places, other_key = first[compared]
            at = other_places.at(other_key)
            how = "stands already" if other == name else f"differs only in {but} from {quoted(other)}"
            message = f"{quoted(name)} {how} at {at.path}:{at.line}: choose another name"
            findings.append(Finding(places.at(key), "duplicate-name", message))
        else:
            first[compared] = (name, places, key)
    return findings


def _read_source(
    source: tuple[str, bytes],
) -> tuple[str, str, dict[str, Section], dict[str, Claim], list[Finding]]:
    """Title, access, sections by slug, claims by id, and the findings."""
    file, root, values = _read_file(*source, schema.SOURCE)
    if values is None:
        return "", "", {}, {}, file.findings
    sections: dict[str, Section] = {}
    claims: dict[str, Claim] = {}
    places = Places(file.path, file.lines, Marks(root))
    slugs, titles, ids = [], [], []
    for s, section in enumerate(values["sections"]):
        slug, paragraphs = section["slug"], section["paragraphs"]
        slugs.append((slug, slug, places, f"sections.{s}.slug"))
        titles.append((section["title"], places, f"sections.{s}.title"))
        sections.setdefault(slug, Section(slug, section["title"], tuple(p.get("cites", ()) for p in paragraphs)))
        for p, paragraph in enumerate(paragraphs):
            for c, claim in enumerate(paragraph.get("claims", ())):
                key = f"sections.{s}.paragraphs.{p}.claims.{c}"
                ids.append((claim["id"], claim["id"], places, f"{key}.id"))
                claims[claim["id"]] = Claim(
                    claim["id"],
                    claim["claim"],
                    slug,
                    p + 1,
                    claim["domain"],
                    claim["importance"],
                    claim["kind"],
                    "caveat" in claim,
                    Places(file.path, file.lines, Marks(root, key)),
                )
    findings = file.findings + _duplicates(slugs) + _twins(titles) + _duplicates(ids)
    return values["title"], values.get("access", ""), sections, claims, findings


def _read_references(references: tuple[str, bytes]) -> tuple[dict[str, Reference], list[Finding]]:
    file, root, values = _read_file(*references, schema.REFERENCES)
    if values is None:
        return {}, file.findings
    works, places = values["references"], Places(file.path, file.lines, Marks(root))
    duplicates = _duplicates((work["key"], work["key"], places, f"references.{n}.key") for n, work in enumerate(works))
    made = {
        work["key"]: Reference(**work, places=Places(file.path, file.lines, Marks(root, f"references.{n}")))
        for n, work in enumerate(works)
    }
    return made, file.findings + duplicates


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in reading order, each once, with messages that fit on a screen."""
    return sorted({_shortened(finding) for finding in findings})


def _shortened(finding: Finding) -> Finding:
    message = finding.message
    return finding if len(message) <= MAX_MESSAGE else finding._replace(message=message[: MAX_MESSAGE - 1] + "…")
