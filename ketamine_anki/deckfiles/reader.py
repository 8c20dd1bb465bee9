"""YAML text -> values with positions, or findings. Reading never raises.

The libyaml event stream is walked once; every scalar stays the text that was typed, as in YAML
with no types at all. What YAML can do and a deck does not need (anchors, aliases, merge keys, tags,
directives, several documents) is a finding, so that what a reviewer sees is what is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from ketamine_anki.core import characters
from ketamine_anki.core.limits import MAX_ITEMS, MAX_MESSAGE, MAX_NAME, MAX_NOTES, MAX_TEXT
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
)
from ketamine_anki.core.scalars import as_read, typed
from ketamine_anki.core.suggestion import closest, did_you_mean
from ketamine_anki.deckfiles import laid_out, schema
from ketamine_anki.deckfiles.parser import (
    File,
    Marks,
    MarksWithin,
    Node,
    Scalar,
    Sequence,
    Table,
    TooManyFindings,
    decode,
    parse,
    parse_text,
)
from ketamine_anki.deckfiles.schema import Values
from ketamine_anki.text import scanner

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
}


# --- nodes -> records -------------------------------------------------------------------------


def _read(file: File, shape: schema.Shape, node: Node, label: str) -> Any:
    """The value of a node (str, tuple, dict), or None when it is malformed and a finding says so.
    `label` names it in messages."""
    if isinstance(shape, schema.Text):
        return _text(file, shape, node, label)
    if isinstance(shape, schema.List):
        return _list(file, shape, node, label)
    if isinstance(shape, schema.Table):
        return _table(file, shape, node, label)
    if isinstance(shape, schema.Anything):
        return node
    return _record(file, shape, node, label)


def _is_empty(file: File, node: Node, label: str) -> bool:
    """Whether nothing was typed where a value belongs, with a finding."""
    if node.__class__ is not Scalar or node.value.strip():
        return False
    file.at(node, "empty", f"{label} is empty: fill it in or delete it")
    return True


def _text(file: File, shape: Any, node: Node, label: str) -> str | None:
    if node.__class__ is not Scalar:
        form = "a list" if isinstance(node, Sequence) else "a mapping"
        message = f"{label} must be text, not {form}: quote text that starts with [ or {{, or holds ': '"
        file.at(node, "shape", message)
        return None
    text: str = node.value.strip(_SPACE)
    if not text:
        _is_empty(file, node, label)
        return None
    if len(text) > MAX_TEXT:
        file.at(node, "limit", f"{label} has {len(text):,} characters: at most {MAX_TEXT:,}")
        return None
    if not text.isascii():
        text = as_read(text)
    style = node.style
    if style == '"' and not _clean(file, node):
        return None
    if file.spoilt and file.spoilt.intersection(range(node.start_mark.line, node.end_mark.line + 1)):
        return None
    if not style and file.commented and shape.prose and not _whole(file, node):
        return None
    if shape.markdown or text in shape.choices:
        return text
    if not shape.choices and not shape.pattern and not shape.names and (live := scanner.live(text)):
        file.at(node, "anki-command", f"{_quoted(live)} is a command of Anki, not text: leave it out")
        return None
    if len(text) > MAX_NAME and (shape.pattern or shape.choices or shape.names) and "://" not in text:
        file.at(node, "limit", f"{label} has {len(text):,} characters: at most {MAX_NAME}")
        return None
    if shape.choices or (shape.pattern and not _pattern(shape.pattern)(text)):
        form = shape.expected or f"one of {', '.join(shape.choices)}"
        hint = did_you_mean(text, shape.choices) or f": {form}"
        file.at(node, shape.rule, f"{label} is {_quoted(text)}{hint}")
        return None
    return text


@cache
def _pattern(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


_SPACE = " \t\n"  # and not what else str.strip takes off: a file separator is a finding, not a space


def _clean(file: File, node: Any) -> bool:
    """Escapes such as \\u202E are decoded by now: look at what they became."""
    if "$" in node.value and _tex_as_escape(file, node):
        return False
    # Once as it is shown, once as `fmt` would type it.
    first = next(chain(characters.refused(as_read(node.value)), characters.refused(node.value)), None)
    if first is None:
        return True
    before = len(file.noted)
    start, end = node.start_mark, node.end_mark
    text, places = typed(file.lines, (start.line, start.column), (end.line, end.column))
    for index, reason in characters.refused(text):
        line, column = places[index]
        sign = file.lines[line][column : column + 2]
        if sign[0] != "\\":  # what is not an escape was found when the file was decoded
            continue
        if sign[1] in "xuU":
            file.add(line, column, "character", f"{reason}, written as an escape: delete it")
        else:
            file.add(line, column, "character", f"'{sign}' in double quotes is a {reason}: {_SINGLE}")
    # A text without escapes was judged among the words around it.
    escaped = any("\\" in line for line in file.lines[start.line : end.line + 1])
    if escaped and len(file.noted) == before and not file.spoilt:
        file.at(node, "character", f"{first[1]} in it: type the text again")
    return len(file.noted) == before


_SINGLE = "put text with backslashes in single quotes"
# The TeX commands of which YAML's double quotes make a line end or a tab.
_TEX_AS_ESCAPE = re.compile(
    r"\\(?:(?P<tex>n(?:abla|eq?|eg|i|ot(?:in)?|u)|t(?:anh?|au|ext[a-z]*|frac|heta|ilde|imes|o|riangle))(?![A-Za-z])|.)"
)


def _tex_as_escape(file: File, node: Any) -> bool:
    """Whether double quotes changed a TeX command, with a finding at the first."""
    (line, column), (end_line, end_column) = ((m.line, m.column) for m in (node.start_mark, node.end_mark))
    for number in range(line, end_line + 1):
        typed_line = file.lines[number][: end_column if number == end_line else None]
        for match in _TEX_AS_ESCAPE.finditer(typed_line, column if number == line else 0):
            if match["tex"]:
                white = "a line end" if match["tex"][0] == "n" else "a tab"
                message = f"'{match[0]}' starts with {white} in double quotes: {_SINGLE}"
                file.add(number, match.start(), "character", message)
                return True
    return False


def _whole(file: File, node: Scalar) -> bool:
    """Whether unquoted text ends where its line ends, or is cut off by a comment."""
    end = node.end_mark
    if end.line >= len(file.lines):
        return True
    rest = file.lines[end.line][end.column :]
    cut = len(rest) - len(rest.lstrip())
    if not cut or rest[cut : cut + 1] != "#":
        return True
    file.add(end.line, end.column + cut, "comment-cut", "' #' cuts the text off here: put the text in single quotes")
    return False


def _list(file: File, shape: schema.List, node: Node, label: str) -> tuple[Any, ...] | None:
    if node.__class__ is not Sequence:
        if not _is_empty(file, node, label):
            form = f"[{node.value}]" if isinstance(node, Scalar) and len(node.value) < 60 else "one '- ' per line"
            file.at(node, "shape", f"{label} must be a list: {characters.printable(form)}")
        return None
    if not node.items:
        file.at(node, "empty", f"{label} is an empty list: fill it in or delete the key")
        return None
    most = MAX_NOTES if isinstance(shape.item, schema.Either) else MAX_ITEMS
    if len(node.items) > most:
        file.at(node, "limit", f"{label} has {len(node.items):,} items: at most {most:,}")
        return None
    item_shape = shape.item
    texts = item_shape.__class__ is schema.Text
    one = _text if texts else _read
    item_label = f"an item of {label}"
    values = [one(file, item_shape, item, item_label) for item in node.items]
    if None in values:
        return None
    if texts and len(values) > 1 and len(set(values)) < len(values):
        first: dict[Any, int] = {}
        n = next(n for n, value in enumerate(values) if first.setdefault(value, n) < n)
        file.at(node.items[n], "duplicate-key", f"{_quoted(str(values[n]))} stands twice in {label}: delete one")
        return None
    return tuple(values)


def _table(file: File, shape: schema.Table, node: Node, label: str) -> Values | None:
    if node.__class__ is not Table:
        _not_a_table(file, node, label)
        return None
    entries = _distinct(file, node.entries)
    if entries is None:
        return None
    values = {name.value: _read(file, shape.value, value, name.value) for name, value in entries}
    return None if None in values.values() else values


def _record(file: File, shape: schema.Record | schema.Either, node: Node, label: str) -> Values | None:
    if node.__class__ is not Table:
        _not_a_table(file, node, label)
        return None
    entries = node.entries
    names = {name.value for name, _ in entries}
    before = len(file.noted)
    if isinstance(shape, schema.Either):
        shape = shape.having if shape.key in names else _meant(file, shape, node, names)
    known = shape.keys
    if len(names) < len(entries) or not names.issubset(known):
        found = _distinct(file, entries)
        if found is None:
            return None
        entries = [entry for entry in found if entry[0].value in known]
        for name, _ in found:
            if name.value not in known:
                file.at(name, "unknown-key", _unknown(name.value, shape, names))
    values: Values = {}
    for name, value in entries:
        key = name.value
        inner = known[key]
        read = _text(file, inner, value, key) if inner.__class__ is schema.Text else _read(file, inner, value, key)
        if read is not None:
            values[key] = read
    if not shape.required.issubset(names):
        mistyped = len(file.noted) > before
        for needed in known:
            if needed in shape.required - names and not (mistyped and _mistyped(needed, names, shape)):
                file.at(node, "missing-key", f"{needed} is missing{_example(known[needed])}")
    return values if len(values) == len(entries) and len(file.noted) == before else None


def _not_a_table(file: File, node: Node, label: str) -> None:
    if not _is_empty(file, node, label):
        file.at(node, "shape", f"{label} must be a mapping of 'key: value' lines")


def _distinct(file: File, entries: list[tuple[Any, Node]]) -> list[tuple[Any, Node]] | None:
    """The entries of a mapping without the second of two equal keys; None with a finding if a key is no name."""
    first: dict[str, Any] = {}
    for name, _ in entries:
        if len(name.value) > MAX_NAME or (name.style == '"' and not _clean(file, name)):
            if len(name.value) > MAX_NAME:
                file.at(name, "limit", f"a key of {len(name.value):,} characters: at most {MAX_NAME}")
            return None
        earlier = first.setdefault(name.value, name)
        if earlier is not name:
            line = earlier.start_mark.line + 1
            message = f"key {_quoted(name.value)} stands twice, first on line {line}: delete one"
            file.at(name, "duplicate-key", message)
    return [entry for entry in entries if first[entry[0].value] is entry[0]]


def _meant(file: File, shape: schema.Either, node: Node, names: set[str]) -> schema.Record:
    """The record of the two that the keys speak for, when the own key of the first is not there. If none
    does, one finding says so, and `names` gets the keys that it speaks of.
    """
    own = [key for key in shape.otherwise.keys if key in shape.otherwise.required - shape.having.required]
    if not names.isdisjoint(own):
        return shape.otherwise
    if _mistyped(shape.key, names, shape.otherwise):
        return shape.having
    if not any(_mistyped(key, names, shape.otherwise) for key in own):
        file.at(node, "missing-key", f"{' and '.join(own)} are missing, or {shape.key}")
        names.update(own)
    return shape.otherwise


def _mistyped(needed: str, names: Iterable[str], shape: schema.Record) -> bool:
    """Whether an unknown key is this one misspelt: one mistake, one finding."""
    return any(name not in shape.keys and closest(name, [needed]) for name in names)


def _unknown(name: str, shape: schema.Record, names: Iterable[str]) -> str:
    if (name == "question" and "text" in shape.keys) or (name == "answer" and "text" in shape.keys):
        return f"key {_quoted(name)} beside 'text': a note has either question and answer, or text"
    free = [known for known in shape.keys if known not in names]
    known = ", ".join(shape.keys)
    return f"unknown key {_quoted(name)}{did_you_mean(name, free) or f': known keys are {known}'}"


def _example(shape: schema.Shape) -> str:
    return f": for example {shape.examples[0]!r}" if isinstance(shape, schema.Text) and shape.examples else ""


def _quoted(text: str) -> str:
    short = text if len(text) <= 60 else text[:57] + "..."
    return f"'{characters.printable(short)}'"


# --- files -> values --------------------------------------------------------------------------


def _file(path: str, data: bytes, shape: schema.Record) -> tuple[File, Values | None, Places]:
    file = File(path)
    root = parse(file, data)
    if root is None:
        return file, None, Places(path, file.lines, {})
    values = None
    with suppress(TooManyFindings):
        values = _read(file, shape, root, "the file")
    return file, values, Places(path, file.lines, Marks(root))


class Tree(NamedTuple):
    """A file as written: its lines, its nodes with their places, and the values read from them."""

    lines: tuple[str, ...]
    root: Node
    values: Values


def read_tree(path: str, data: bytes, shape: schema.Record) -> tuple[Tree | None, list[Finding]]:
    """A file's bytes -> what it holds and where, or None with the findings on its syntax and shape."""
    file = File(path)
    root = parse(file, data)
    values = None if root is None else _read(file, shape, root, "the file")
    if root is None or values is None or file.findings:
        return None, file.findings
    return Tree(file.lines, root, values), []


def read_deck(path: str, data: bytes) -> tuple[Deck | None, list[Finding]]:
    """A deck file's bytes -> the deck with its well-formed notes, and the findings.

    The deck is None only if the file has no readable `deck` and `notes`.
    """
    file = File(path)
    with suppress(TooManyFindings):
        return _deck(file, data), file.findings
    return None, file.findings


def _deck(file: File, data: bytes) -> Deck | None:
    text = decode(file, data)
    if text is None:
        return None
    if not file.noted and (found := laid_out.read(file, text)):
        name, whole, items = found
        notes = tuple(_made(values, name, Places(file.path, file.lines, marks)) for values, marks in items)
        return Deck(name, Places(file.path, file.lines, whole), notes)
    root = parse_text(file, text)
    listed = _notes(root)
    if listed is None or len(listed.items) > MAX_NOTES:
        if listed is not None:
            file.at(listed, "limit", f"{len(listed.items):,} notes: at most {MAX_NOTES:,} in a file")
        elif root is not None:
            _read(file, schema.DECK, root, "the file")
        return None
    head = _read(file, _HEAD, root, "the file")
    name = head["deck"] if head else ""
    made = [note for item in listed.items if (note := _note(file, item, name)) is not None]
    if not name:
        return None
    return Deck(name, Places(file.path, file.lines, Marks(root)), tuple(made))


def _notes(root: Node | None) -> Sequence | None:
    """The list of notes of a deck file, when there is a list with anything in it."""
    found = [node for name, node in root.entries if name.value == "notes"] if isinstance(root, Table) else []
    return found[0] if found and isinstance(found[0], Sequence) and found[0].items else None


# Notes are read one by one, so that a malformed one does not take the others with it.
_NOTES = schema.DECK.keys["notes"]
_NOTE = _NOTES.item if isinstance(_NOTES, schema.List) else _NOTES
_HEAD = schema.Record(
    {**schema.DECK.keys, "notes": schema.Anything(_NOTES.about)}, schema.DECK.about, schema.DECK.required
)


def _note(file: File, node: Node, deck: str) -> Note | None:
    values = _read(file, _NOTE, node, "a note")
    return None if values is None else _made(values, deck, Places(file.path, file.lines, Marks(node)))


def _made(values: Values, deck: str, places: Places) -> Note:
    """The note of these values."""
    get = values.get
    reverse = get("reverse", {})
    retired = get("retired")
    return Note(
        values["id"],
        deck,
        places,
        get("question", ""),
        get("answer", ""),
        reverse.get("question", ""),
        reverse.get("answer", ""),
        get("text", ""),
        get("extra", ""),
        get("picture", ""),
        get("caveat", ""),
        get("evidence", ()),
        values["source"],
        get("cites", ()),
        get("claims", ()),
        values["tags"],
        values["yield"],
        values["skill"],
        get("beyond", ""),
        get("allow", {}),
        Retired(retired["version"], retired["reason"], retired.get("see", "")) if retired else None,
    )


def read_collection(
    collection: tuple[str, bytes],
    source: tuple[str, bytes] | None = None,
    references: tuple[str, bytes] | None = None,
) -> tuple[Collection | None, list[Finding]]:
    """(path, bytes) of collection.yaml, source.yaml and references.yaml -> the collection without
    pictures, and the findings. None if collection.yaml cannot be read.
    """
    file, values, places = _file(*collection, schema.COLLECTION)
    findings = file.findings
    unread = set()
    title = ""
    sections: dict[str, Section] = {}
    claims: dict[str, Claim] = {}
    if source is not None:
        title, sections, claims, more = _read_source(source)
        findings += more
        unread |= {"source"} if more else set()
    works: dict[str, Reference] = {}
    if references is not None:
        works, more = _read_references(references)
        findings += more
        unread |= {"references"} if more else set()
    if values is None:
        return None, findings
    findings += _twice((name.casefold(), name, places, f"decks.{n}") for n, name in enumerate(values["decks"]))
    result = Collection(
        title=values["title"],
        tag=values["tag"],
        namespace=values["namespace"],
        decks=values["decks"],
        description=values["description"],
        disclaimer=values["disclaimer"],
        licence=values["licence"],
        licence_url=values.get("licence_url", ""),
        evidence_date=values.get("evidence_date", ""),
        repository=values.get("repository", ""),
        topic=values.get("topic", ()),
        abbreviations=values.get("abbreviations", {}),
        spelling=values.get("spelling", ""),
        source_title=title,
        sections=sections,
        claims=claims,
        references=works,
        unread=frozenset(unread),
    )
    return result, findings


def _twice(named: Iterable[tuple[str, str, Places, str]]) -> list[Finding]:
    """A finding for each name that stands a second time; (compared, shown, places, key) each."""
    first: dict[str, tuple[str, Places, str]] = {}
    findings = []
    for compared, shown, places, key in named:
        if compared in first:
            other, there, its = first[compared]
            at = there.at(its)
            how = "stands already" if other == shown else f"differs only in case from {_quoted(other)}"
            message = f"{_quoted(shown)} {how} at {at.path}:{at.line}: choose another name"
            findings.append(Finding(places.at(key), "duplicate-name", message))
        else:
            first[compared] = (shown, places, key)
    return findings


MANUAL["duplicate-name"] = (
    "Two subdecks, sections, claims or references with one name, or names that differ only in case: Anki"
    " compares deck names without case and would merge them."
)


def _read_source(
    source: tuple[str, bytes],
) -> tuple[str, dict[str, Section], dict[str, Claim], list[Finding]]:
    file, values, places = _file(*source, schema.SOURCE)
    if values is None:
        return "", {}, {}, file.findings
    sections: dict[str, Section] = {}
    claims: dict[str, Claim] = {}
    slugs, ids = [], []
    for s, section in enumerate(values["sections"]):
        slug = section["slug"]
        slugs.append((slug, slug, places, f"sections.{s}.slug"))
        paragraphs = section["paragraphs"]
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
                    Places(file.path, file.lines, MarksWithin(places.marks, key)),
                )
    return values["title"], sections, claims, file.findings + _twice(slugs) + _twice(ids)


def _read_references(references: tuple[str, bytes]) -> tuple[dict[str, Reference], list[Finding]]:
    file, values, places = _file(*references, schema.REFERENCES)
    if values is None:
        return {}, file.findings
    works = values["references"]
    twice = _twice((work["key"], work["key"], places, f"references.{n}.key") for n, work in enumerate(works))
    return {work["key"]: Reference(**work) for work in works}, file.findings + twice


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in reading order, each once, with messages that fit on a screen."""
    return sorted({_shortened(finding) for finding in findings})


def _shortened(finding: Finding) -> Finding:
    said = finding.message
    return finding if len(said) <= MAX_MESSAGE else finding._replace(message=said[: MAX_MESSAGE - 1] + "…")
