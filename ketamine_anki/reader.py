"""YAML text -> values with positions, or findings. Reading never raises.

The libyaml event stream is walked once; every scalar stays the text that was typed, as in YAML
with no types at all. What YAML can do and a deck does not need (anchors, aliases, merge keys, tags,
directives, several documents) is a finding, so that what a reviewer sees is what is built.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from ketamine_anki import characters, schema
from ketamine_anki.limits import MAX_DEPTH, MAX_FILE_BYTES, MAX_ITEMS, MAX_NOTES, MAX_TEXT
from ketamine_anki.model import (
    Claim,
    Collection,
    Deck,
    Finding,
    Mark,
    Note,
    Places,
    Position,
    Reference,
    Retired,
    Section,
)

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


class Scalar(NamedTuple):
    """One scalar of the file: decoded text, place, and whether it was unquoted."""

    text: str
    mark: Mark
    plain: bool
    escaped: bool


class Sequence(NamedTuple):
    items: list[Node]
    mark: Mark


class Table(NamedTuple):
    entries: list[tuple[Scalar, Node]]
    mark: Mark


Node = Scalar | Sequence | Table


class _Refused(Exception):  # noqa: N818 - caught in this file
    """A file whose structure cannot be read further; carries the finding."""

    def __init__(self, line: int, column: int, rule: str, message: str) -> None:
        super().__init__(message)
        self.line, self.column, self.rule, self.message = line, column, rule, message


class _File:
    """One file during its walk: its lines and the findings so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: tuple[str, ...] = ()
        self.findings: list[Finding] = []

    def add(self, line: int, column: int, rule: str, message: str) -> None:
        """A finding at a line and column counted from 0."""
        self.findings.append(Finding(Position(self.path, line + 1, column + 1), rule, message))

    def at(self, node: Node, rule: str, message: str) -> None:
        self.add(node.mark.line, node.mark.column, rule, message)


# --- files -> nodes ---------------------------------------------------------------------------


def _parse(file: _File, data: bytes) -> Node | None:
    text = _decode(file, data)
    if text is None:
        return None
    try:
        return _document(file, text)
    except _Refused as error:
        file.add(error.line, error.column, error.rule, error.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        _explain(file, line, column, error.problem or error.context or "cannot be read")
    except yaml.YAMLError as error:  # ReaderError has no mark
        file.add(0, 0, "syntax", f"not YAML: {str(error).splitlines()[0]}")
    return None


def _decode(file: _File, data: bytes) -> str | None:
    if len(data) > MAX_FILE_BYTES:
        file.add(0, 0, "limit", f"file of {len(data):,} bytes: at most {MAX_FILE_BYTES:,}; split it")
        return None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        file.add(0, 0, "encoding", "UTF-16 text: save the file as UTF-8")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = _count(before)
        file.add(line, column, "encoding", f"byte 0x{data[error.start]:02X} is not UTF-8: save the file as UTF-8")
        return None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    file.lines = tuple(text.split("\n"))
    bad = list(characters.refused(text))
    if bad:
        letters = list(text)
        for index, reason in bad:
            line, column = _count(text[:index])
            file.add(line, column, "character", f"{reason}: delete it or type the text again")
            letters[index] = "?"
        text = "".join(letters)
    return text


def _count(before: str) -> tuple[int, int]:
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def _document(file: _File, text: str) -> Node | None:
    events = yaml.CSafeLoader(text.encode("utf-8"))
    get: Callable[[], Any] = events.get_event
    root: Node | None = None
    try:
        get()
        event = get()
        while _kind(event) is not StreamEndEvent:
            if _kind(event) is DocumentStartEvent:
                start = event.start_mark
                if root is not None:
                    raise _Refused(
                        start.line, start.column, "yaml-feature", "second document: one file holds one document"
                    )
                if event.version or event.tags:
                    raise _Refused(
                        start.line, start.column, "yaml-feature", "directive: delete the line that starts with %"
                    )
                root = _node(get, get(), 1)
            elif _kind(event) is not DocumentEndEvent:  # pragma: no cover - libyaml sends no other
                break
            event = get()
    finally:
        events.dispose()
    if root is None or (isinstance(root, Scalar) and not root.text):
        file.add(0, 0, "empty", "empty file: delete it or fill it in")
        return None
    return root


def _node(get: Callable[[], Any], event: Any, depth: int) -> Node:
    start = event.start_mark
    line, column = start.line, start.column
    if _kind(event) is ScalarEvent:
        if event.anchor or event.tag:
            raise _feature(event, line, column)
        end = event.end_mark
        style = event.style
        return Scalar(event.value, Mark(line, column, end.line, end.column), not style, style == '"')
    if _kind(event) is AliasEvent:
        message = f"alias *{event.anchor}: write the value out, or quote text that starts with *"
        raise _Refused(line, column, "yaml-feature", message)
    if event.anchor or event.tag:
        raise _feature(event, line, column)
    if depth > MAX_DEPTH:
        raise _Refused(line, column, "limit", f"nested more than {MAX_DEPTH} deep")
    if _kind(event) is SequenceStartEvent:
        items: list[Node] = []
        event = get()
        while _kind(event) is not SequenceEndEvent:
            items.append(_node(get, event, depth + 1))
            event = get()
        end = event.end_mark
        return Sequence(items, Mark(line, column, end.line, end.column))
    if _kind(event) is not MappingStartEvent:  # pragma: no cover - libyaml sends no other
        raise _Refused(line, column, "syntax", "not a value")
    entries: list[tuple[Scalar, Node]] = []
    event = get()
    while _kind(event) is not MappingEndEvent:
        key = _node(get, event, depth + 1)
        if not isinstance(key, Scalar):
            raise _Refused(
                key.mark.line, key.mark.column, "shape", "a key must be one word: quote text that starts with [ or {"
            )
        if key.text == "<<" and key.plain:
            raise _Refused(key.mark.line, key.mark.column, "yaml-feature", "merge key <<: write the values out")
        entries.append((key, _node(get, get(), depth + 1)))
        event = get()
    end = event.end_mark
    return Table(entries, Mark(line, column, end.line, end.column))


def _kind(event: Any) -> Any:
    return type(event)


def _feature(event: Any, line: int, column: int) -> _Refused:
    if event.anchor:
        return _Refused(
            line, column, "yaml-feature", f"anchor &{event.anchor}: delete it, or quote text that starts with &"
        )
    return _Refused(line, column, "yaml-feature", f"tag {event.tag}: delete it, or quote text that starts with !")


_QUOTE_ME = re.compile(r"(?P<before>\s*(?:- +)*(?:[A-Za-z_]+:\s+)?)(?P<first>[\[{*&!|>%@`\"'])")


def _explain(file: _File, line: int, column: int, problem: str) -> None:
    """A syntax finding in words, at the place where the contributor has to mend it."""
    typed = file.lines[line] if line < len(file.lines) else ""
    if "mapping values are not allowed" in problem:
        hint = "': ' inside unquoted text, or a wrong indent: put the text in single quotes"
    elif "\t" in typed[: column + 1]:
        hint = "a tab: indent with spaces"
    elif "did not find expected <document start>" in problem or "did not find expected key" in problem:
        hint = _opening(file, line) or "wrong indent: keys of one note start in the same column"
    elif "could not find expected ':'" in problem:
        hint = "a line without 'key:': indent it to continue the text above, or put the text under '>-'"
    elif "unexpected end of stream" in problem:
        hint = "a quote or bracket that is never closed"
    elif "cannot start any token" in problem:
        hint = f"text must not start with {typed[column : column + 1]!r}: put it in single quotes"
    else:
        hint = _opening(file, line) or f"{problem}: is a quote, colon or bracket missing near here?"
    file.add(line, column, "syntax", f"not YAML: {hint}")


def _opening(file: _File, line: int) -> str:
    """Advice for text that starts with a character that YAML reads as its own."""
    for number in (line, line - 1):
        match = _QUOTE_ME.match(file.lines[number]) if 0 <= number < len(file.lines) else None
        if match and match["first"] in "[{*&!%@`":
            return f"text that starts with {match['first']} must be in single quotes"
        if match and match["first"] in "\"'":
            return f"text that holds {match['first']} must be quoted with the other quote, or put under '>-'"
    return ""


# --- nodes -> records -------------------------------------------------------------------------

Values = dict[str, Any]


def _read(file: _File, shape: schema.Shape, node: Node, key: str, marks: dict[str, Mark]) -> Any:
    """The value of a node (str, tuple, dict), or None when it is malformed and a finding says so."""
    marks[key] = node.mark
    if isinstance(shape, schema.Text):
        return _text(file, shape, node, key)
    if isinstance(shape, schema.List):
        return _list(file, shape, node, key, marks)
    if isinstance(shape, schema.Table):
        return _table(file, shape, node, key, marks)
    return _record(file, shape, node, key, marks)


def _label(key: str) -> str:
    parts = [part for part in key.split(".") if not part.isdigit()]
    return parts[-1] if parts else "record"


def _text(file: _File, shape: schema.Text, node: Node, key: str) -> str | None:
    if not isinstance(node, Scalar):
        form = "a list" if isinstance(node, Sequence) else "a mapping"
        file.at(
            node, "shape", f"{_label(key)} must be text, not {form}: quote text that starts with [ or {{, or holds ': '"
        )
        return None
    text = node.text.strip()
    if not text:
        file.at(node, "empty", f"{_label(key)} is empty: fill it in or delete the key")
        return None
    if len(text) > MAX_TEXT:
        file.at(node, "limit", f"{_label(key)} has {len(text):,} characters: at most {MAX_TEXT:,}")
        return None
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if node.escaped and not _clean(file, node, text):
        return None
    if shape.markdown:
        return text if _whole(file, node) else None
    if shape.choices and text not in shape.choices:
        file.at(
            node,
            "choice",
            f"{_label(key)} is {_quoted(text)}: "
            + (_nearest(text, shape.choices) or f"one of {', '.join(shape.choices)}"),
        )
        return None
    if shape.pattern and not re.fullmatch(shape.pattern, text):
        expected = f": {shape.expected}" if shape.expected else ""
        file.at(node, "choice", f"{_label(key)} is {_quoted(text)}{expected}")
        return None
    return text


def _clean(file: _File, node: Scalar, text: str) -> bool:
    """Escapes such as \\u202E are decoded by now: look at what they became."""
    for _, reason in characters.refused(text):
        file.at(node, "character", f"{reason}, written as an escape: delete it")
        return False
    return True


_CUT = re.compile(r"\s+#")


def _whole(file: _File, node: Scalar) -> bool:
    if not node.plain or node.mark.end_line >= len(file.lines):
        return True
    cut = _CUT.match(file.lines[node.mark.end_line], node.mark.end_column)
    if not cut:
        return True
    file.add(
        node.mark.end_line, cut.end() - 1, "comment-cut", "' #' cuts the text off here: put the text in single quotes"
    )
    return False


def _list(file: _File, shape: schema.List, node: Node, key: str, marks: dict[str, Mark]) -> tuple[Any, ...] | None:
    if not isinstance(node, Sequence):
        typed = f"[{node.text}]" if isinstance(node, Scalar) and node.text else "a list, one '- ' per line"
        file.at(node, "shape", f"{_label(key)} must be a list: {typed}")
        return None
    if not node.items:
        file.at(node, "empty", f"{_label(key)} is an empty list: fill it in or delete the key")
        return None
    if len(node.items) > MAX_ITEMS:
        file.at(node, "limit", f"{_label(key)} has {len(node.items):,} items: at most {MAX_ITEMS:,}")
        return None
    values = [_read(file, shape.item, item, f"{key}.{n}", marks) for n, item in enumerate(node.items)]
    if None in values:
        return None
    if isinstance(shape.item, schema.Text):
        for n, value in enumerate(values):
            if value in values[:n]:
                file.at(node.items[n], "duplicate-key", f"{_quoted(value)} stands twice in {_label(key)}: delete one")
                return None
    return tuple(values)


def _table(file: _File, shape: schema.Table, node: Node, key: str, marks: dict[str, Mark]) -> Values | None:
    entries = _entries(file, node, key)
    if entries is None:
        return None
    values = {name.text: _read(file, shape.value, value, f"{key}.{name.text}", marks) for name, value in entries}
    return None if None in values.values() else values


def _record(
    file: _File, shape: schema.Record | schema.Either, node: Node, key: str, marks: dict[str, Mark]
) -> Values | None:
    entries = _entries(file, node, key)
    if entries is None:
        return None
    names = {name.text for name, _ in entries}
    if isinstance(shape, schema.Either):
        shape = shape.having if shape.key in names else shape.otherwise
    before = len(file.findings)
    values: Values = {}
    prefix = f"{key}." if key else ""
    for name, value in entries:
        known = shape.keys.get(name.text)
        if known is None:
            file.at(name, "unknown-key", _unknown(name.text, shape, names))
            continue
        read = _read(file, known, value, prefix + name.text, marks)
        if read is not None:
            values[name.text] = read
    mistyped = len(file.findings) > before
    for needed in shape.keys:
        if needed in shape.required and needed not in names and not (mistyped and _mistyped(needed, names, shape)):
            file.at(node, "missing-key", f"{needed} is missing{_example(shape.keys[needed])}")
    return values if len(file.findings) == before else None


def _entries(file: _File, node: Node, key: str) -> list[tuple[Scalar, Node]] | None:
    """The entries of a mapping, or None with a finding; the second of two equal keys is dropped."""
    if not isinstance(node, Table):
        file.at(node, "shape", f"{_label(key)} must be a mapping of 'key: value' lines")
        return None
    seen: dict[str, Scalar] = {}
    for name, _ in node.entries:
        first = seen.setdefault(name.text, name)
        if first is not name:
            message = f"key {_quoted(name.text)} stands twice, first on line {first.mark.line + 1}: delete one"
            file.at(name, "duplicate-key", message)
    kept = {id(name) for name in seen.values()}
    return [entry for entry in node.entries if id(entry[0]) in kept]


def _mistyped(needed: str, names: Iterable[str], shape: schema.Record) -> bool:
    """Whether an unknown key is this one misspelt: one mistake, one finding."""
    return any(name not in shape.keys and difflib.get_close_matches(name, [needed], 1, 0.6) for name in names)


def _unknown(name: str, shape: schema.Record, names: Iterable[str]) -> str:
    if (name == "question" and "text" in shape.keys) or (name == "answer" and "text" in shape.keys):
        return f"key {_quoted(name)} beside 'text': a note has either question and answer, or text"
    free = [known for known in shape.keys if known not in names]
    return f"unknown key {_quoted(name)}: {_nearest(name, free) or 'known keys are ' + ', '.join(shape.keys)}"


def _nearest(typed: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(typed.lower(), list(known), 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else ""


def _example(shape: schema.Shape) -> str:
    return f": for example {shape.examples[0]!r}" if isinstance(shape, schema.Text) and shape.examples else ""


def _quoted(text: str) -> str:
    short = text if len(text) <= 60 else text[:57] + "..."
    return f"'{characters.printable(short)}'"


# --- files -> values --------------------------------------------------------------------------


def _file(path: str, data: bytes, shape: schema.Record) -> tuple[_File, Values | None, dict[str, Mark]]:
    file = _File(path)
    root = _parse(file, data)
    marks: dict[str, Mark] = {}
    values = None if root is None else _read(file, shape, root, "", marks)
    return file, values, marks


def read_deck(path: str, data: bytes) -> tuple[Deck | None, list[Finding]]:
    """A deck file's bytes -> the deck with its well-formed notes, and the findings.

    The deck is None only if the file has no readable `deck` and `notes`.
    """
    file = _File(path)
    root = _parse(file, data)
    if root is None:
        return None, file.findings
    entries = _entries(file, root, "deck file")
    if entries is None:
        return None, file.findings
    found = {name.text: node for name, node in entries}
    notes_node = found.get("notes")
    deck_marks: dict[str, Mark] = {}
    head = Table([(n, v) for n, v in entries if n.text != "notes"], root.mark)
    if not isinstance(notes_node, Sequence) or not notes_node.items or len(notes_node.items) > MAX_NOTES:
        # let the table say what is wrong with the notes, as with any other list
        if isinstance(notes_node, Sequence) and len(notes_node.items) > MAX_NOTES:
            file.at(notes_node, "limit", f"{len(notes_node.items):,} notes: at most {MAX_NOTES:,} in a file")
        else:
            _read(file, schema.DECK, Table(entries, root.mark), "", deck_marks)
        return None, file.findings
    without_notes = schema.Record(
        {k: v for k, v in schema.DECK.keys.items() if k != "notes"}, schema.DECK.about, frozenset({"deck"})
    )
    values = _read(file, without_notes, head, "", deck_marks)
    name = values["deck"] if values else ""
    notes = [note for item in notes_node.items if (note := _note(file, item, name)) is not None]
    if not name:
        return None, file.findings
    return Deck(name, Places(path, file.lines, deck_marks), tuple(notes)), file.findings


_NOTES = schema.DECK.keys["notes"]
_NOTE = _NOTES.item if isinstance(_NOTES, schema.List) else _NOTES


def _note(file: _File, node: Node, deck: str) -> Note | None:
    marks: dict[str, Mark] = {}
    values = _read(file, _NOTE, node, "", marks)
    if values is None:
        return None
    reverse = values.get("reverse", {})
    retired = values.get("retired")
    return Note(
        id=values["id"],
        deck=deck,
        places=Places(file.path, file.lines, marks),
        question=values.get("question", ""),
        answer=values.get("answer", ""),
        reverse_question=reverse.get("question", ""),
        reverse_answer=reverse.get("answer", ""),
        text=values.get("text", ""),
        extra=values.get("extra", ""),
        picture=values.get("picture", ""),
        caveat=values.get("caveat", ""),
        evidence=values.get("evidence", ()),
        source=values["source"],
        cites=values.get("cites", ()),
        claims=values.get("claims", ()),
        tags=values["tags"],
        importance=values["yield"],
        skill=values["skill"],
        beyond=values.get("beyond", ""),
        allow=values.get("allow", {}),
        retired=Retired(retired["version"], retired["reason"], retired.get("see", "")) if retired else None,
    )


def read_collection(
    collection: tuple[str, bytes],
    source: tuple[str, bytes] | None = None,
    references: tuple[str, bytes] | None = None,
) -> tuple[Collection | None, list[Finding]]:
    """(path, bytes) of collection.yaml, source.yaml and references.yaml -> the collection without
    pictures, and the findings. None if collection.yaml cannot be read.
    """
    file, values, marks = _file(*collection, schema.COLLECTION)
    findings = file.findings
    if values is None:
        return None, findings
    places = Places(file.path, file.lines, marks)
    findings += _twice((name.casefold(), name, places, f"decks.{n}") for n, name in enumerate(values["decks"]))
    title = ""
    sections: dict[str, Section] = {}
    claims: dict[str, Claim] = {}
    if source is not None:
        title, sections, claims, more = _read_source(source)
        findings += more
    works: dict[str, Reference] = {}
    if references is not None:
        works, more = _read_references(references)
        findings += more
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
    )
    return result, findings


def _twice(named: Iterable[tuple[str, str, Places, str]]) -> list[Finding]:
    """A finding for each name that stands a second time; (compared, shown, places, key) each."""
    first: dict[str, tuple[str, Position]] = {}
    findings = []
    for compared, shown, places, key in named:
        position = places.at(key)
        if compared in first:
            other, at = first[compared]
            how = "stands already" if other == shown else f"differs only in case from {_quoted(other)}"
            message = f"{_quoted(shown)} {how} at {at.path}:{at.line}: choose another name"
            findings.append(Finding(position, "duplicate-name", message))
        else:
            first[compared] = (shown, position)
    return findings


MANUAL["duplicate-name"] = (
    "Two subdecks, sections, claims or references with one name, or names that differ only in case: Anki"
    " compares deck names without case and would merge them."
)


def _read_source(
    source: tuple[str, bytes],
) -> tuple[str, dict[str, Section], dict[str, Claim], list[Finding]]:
    file, values, marks = _file(*source, schema.SOURCE)
    if values is None:
        return "", {}, {}, file.findings
    places = Places(file.path, file.lines, marks)
    sections: dict[str, Section] = {}
    claims: dict[str, Claim] = {}
    slugs, ids = [], []
    for s, section in enumerate(values["sections"]):
        slug = section["slug"]
        slugs.append((slug, slug, places, f"sections.{s}.slug"))
        paragraphs = section["paragraphs"]
        sections[slug] = Section(slug, section["title"], tuple(p.get("cites", ()) for p in paragraphs))
        for p, paragraph in enumerate(paragraphs):
            for c, claim in enumerate(paragraph.get("claims", ())):
                key = f"sections.{s}.paragraphs.{p}.claims.{c}"
                ids.append((claim["id"], claim["id"], places, f"{key}.id"))
                here = Places(file.path, file.lines, {"": marks[f"{key}.id"], "domain": marks[f"{key}.domain"]})
                claims[claim["id"]] = Claim(
                    claim["id"],
                    claim["claim"],
                    slug,
                    p + 1,
                    claim["domain"],
                    claim["importance"],
                    claim["kind"],
                    "caveat" in claim,
                    here,
                )
    return values["title"], sections, claims, file.findings + _twice(slugs) + _twice(ids)


def _read_references(references: tuple[str, bytes]) -> tuple[dict[str, Reference], list[Finding]]:
    file, values, marks = _file(*references, schema.REFERENCES)
    if values is None:
        return {}, file.findings
    places = Places(file.path, file.lines, marks)
    works = values["references"]
    twice = _twice((work["key"], work["key"], places, f"references.{n}.key") for n, work in enumerate(works))
    return {work["key"]: Reference(**work) for work in works}, file.findings + twice


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in reading order, each once."""
    return sorted(set(findings))
