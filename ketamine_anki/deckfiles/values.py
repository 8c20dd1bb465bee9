"""Reads nodes of a YAML file into the values that the schema asks for, or reports findings.

No scalar becomes a number, boolean or date: each stays the text that was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any
from unicodedata import category

from ketamine_anki.core import characters
from ketamine_anki.core.escape import html as escape
from ketamine_anki.core.limits import MAX_ITEMS, MAX_NAME, MAX_TEXT
from ketamine_anki.core.scalars import locate, normalize
from ketamine_anki.core.suggestion import closest, did_you_mean
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.parser import File, Node, Scalar, Sequence, Table
from ketamine_anki.deckfiles.schema import Values
from ketamine_anki.deckfiles.syntax import (
    LOST_DASH,
    QUOTE,
    QUOTES,
    as_list,
    half_quoted,
    misread_mark,
    outside,
    swallowed,
)
from ketamine_anki.text import scanner
from ketamine_anki.text.plain import is_blank


def read(file: File, shape: schema.Shape, node: Node, label: str) -> Any:
    """The value of a node (str, tuple or dict), or None when it is malformed; `label` names it in findings."""
    return _READERS[type(shape)](file, shape, node, label)


def quoted(text: str) -> str:
    """A text in quotes for a message: short, and safe to print."""
    return f"'{characters.printable(text if len(text) <= 60 else text[:57] + '...')}'"


def _is_empty(file: File, node: Node, label: str) -> bool:
    """Whether nothing was typed where a value belongs, with a finding unless refused characters stand there."""
    if type(node) is not Scalar or not is_blank(escape(node.value)):
        return False
    if file.is_spoilt(node):
        return True
    line, column = node.start_mark.line, node.start_mark.column
    rest = "".join(file.lines[line : line + 1])[column:].strip()
    problem = f"{label} is empty: fill it in or delete it"
    if not node.style and re.match("#[^ #]", rest):
        problem = f"{quoted(rest)} is a comment for YAML, {label} is empty: {QUOTE}"
    elif node.style and node.style in "|>":
        missing = "announces a text on the lines below, and there is none"
        problem = f"{quoted(rest)} {missing}: put {quoted(rest)} in single quotes to show it"
    file.at(node, "empty", problem)
    return True


_SPACE = " \t\n"  # str.strip() would also take off separators, which are findings


def _text(file: File, shape: schema.Text, node: Node, label: str) -> str | None:
    if type(node) is not Scalar:
        file.at(node, "shape", _not_a_text(file, shape, node, label))
        return None
    text: str = node.value.strip(_SPACE)
    if not text:
        _is_empty(file, node, label)
        return None
    if len(text) > MAX_TEXT:
        file.at(node, "limit", f"{label} has {len(text):,} characters: at most {MAX_TEXT:,}")
        return None
    style = node.style
    if (style == '"' and not _is_clean(file, node)) or (file.spoilt and file.is_spoilt(node)):
        return None
    if file.commented and not style and shape.prose and _is_cut_off(file, node):
        return None
    if not text.isascii():
        text = normalize(text)
        if _is_empty(file, node, label):
            return None
    if style and style in "|>":
        file.has_colons |= ": " in text
    elif not style and text[-1] in QUOTES and (wrong := half_quoted(text)):
        file.add(node.end_mark.line, max(node.end_mark.column - 1, 0), "syntax", wrong)
        return None
    return text if shape.markdown or _is_allowed(file, shape, node, text, label) else None


def _not_a_text(file: File, shape: schema.Text, node: Node, label: str) -> str:
    """What is wrong with a list or a mapping where a text belongs, and what to write instead."""
    if isinstance(node, Table):
        instead = f"write it as {shape.examples[0]!r}" if label == "picture" else QUOTE
        return f"{label} must be text, not a mapping: {instead}"
    instead = f"write '{label}: |-' above it to show the list"
    if not shape.markdown and len(node.items) == 1 and type(node.items[0]) is Scalar:
        instead = f"write {quoted(node.items[0].value)}"
    elif file.lines[node.start_mark.line].startswith("[", node.start_mark.column):
        instead = QUOTE
    return f"{label} must be text, not a list: {instead}"


def _is_allowed(file: File, shape: schema.Text, node: Node, text: str, label: str) -> bool:
    """Whether a text that is not Markdown is one of the choices or has the form of its shape, else a finding."""
    if not (shape.pattern or shape.choices or shape.names):
        if command := scanner.command_in(text):
            file.at(node, "anki-command", f"{quoted(command)} is a command of Anki, not text: leave it out")
        return not command
    if len(text) > MAX_NAME and "://" not in text:
        file.at(node, "limit", f"{label} has {len(text):,} characters: at most {MAX_NAME}")
        return False
    if text in shape.choices if shape.choices else not shape.pattern or _matches(shape.pattern, text):
        return True
    if _is_misread_list(file, node):
        return False
    hint = did_you_mean(text, shape.choices) or f": {shape.expected or 'one of ' + ', '.join(shape.choices)}"
    if (near := re.sub(r"\s*/[\s0]*", "/", text)) != text and shape.pattern and _matches(shape.pattern, near):
        hint = f": write {quoted(near)}"
    if comma := re.search(f"[{schema.COMMAS}]", text) if label.startswith("an item") else None:
        instead = "leave it out" if text[-1] == comma[0] else "write ', '"
        hint = f": '{comma[0]}' does not separate a list: {instead}"
    file.at(node, shape.rule, f"{label} is {quoted(text)}{hint}")
    return False


@lru_cache(1 << 12)  # tags, sections and versions recur
def _matches(pattern: str, text: str) -> bool:
    # A mark belongs to the letter before it, and of a name of punctuation no file name can be made.
    if not text.isascii() and (category(text[0]).startswith("M") or is_blank(escape(text), words=True)):
        return False
    return bool(re.fullmatch(pattern, text))


_SINGLE = "put text with backslashes in single quotes"
# TeX commands whose beginning is a line end or a tab in YAML's double quotes.
_TEX_AS_ESCAPE = re.compile(
    r"\\(?:(?P<tex>n(?:abla|eq?|eg|i|ot(?:in)?|u)|t(?:anh?|au|ext[a-z]*|frac|heta|ilde|imes|o|riangle))(?![A-Za-z])|.)"
)


def _is_clean(file: File, node: Node) -> bool:
    """Whether a double-quoted text holds no refused character, and no TeX command that was read as an escape."""
    start, end = node.start_mark, node.end_mark
    for number in range(start.line, end.line + 1) if "$" in node.value else ():
        typed = file.lines[number][: end.column if number == end.line else None]
        for match in _TEX_AS_ESCAPE.finditer(typed, start.column if number == start.line else 0):
            if match["tex"]:
                white = "a line end" if match["tex"][0] == "n" else "a tab"
                message = f"'{match[0]}' starts with {white} in double quotes: {_SINGLE}"
                file.add(number, match.start(), "character", message)
                return False
    # Once as it is read, once as `fmt` would type it.
    first = next(chain(characters.refused(normalize(node.value)), characters.refused(node.value)), None)
    if first is None:
        return True
    before = len(file.noted)
    text, places = locate(file.lines, (start.line, start.column), (end.line, end.column))
    for index, reason in characters.refused(text):
        line, column = places[index]
        sign = file.lines[line][column : column + 2]
        if sign[0] == "\\":  # a character that is typed was refused when the file was decoded
            as_code = f"{reason}, written as an escape: delete it"
            as_letter = f"'{sign}' in double quotes is a {reason}: {_SINGLE}"
            file.add(line, column, "character", as_code if sign[1] in "xuU" else as_letter)
    # A text without escapes was judged among the words around it.
    has_escapes = any("\\" in line for line in file.lines[start.line : end.line + 1])
    if has_escapes and len(file.noted) == before and not file.spoilt:
        file.at(node, "character", f"{first[1]} in it: type the text again")
    return len(file.noted) == before


def _is_cut_off(file: File, node: Node) -> bool:
    """Whether a comment cuts off an unquoted text, with a finding."""
    line, column = node.end_mark.line, node.end_mark.column
    match = re.compile(r"\s+#").match("".join(file.lines[line : line + 1]), column)
    if match:
        file.add(line, match.end() - 1, "comment-cut", f"' #' cuts the text off here: {QUOTE}")
    return bool(match)


def _list(file: File, shape: schema.List, node: Node, label: str) -> tuple[Any, ...] | None:
    if type(node) is not Sequence:
        if not _is_empty(file, node, label) and not (type(node) is Scalar and _is_misread_list(file, node)):
            file.at(node, "shape", f"{label} must be a list: {characters.printable(as_list(node))}")
        return None
    if not node.items:
        if not file.is_spoilt(node):
            file.at(node, "empty", f"{label} is an empty list: fill it in or delete the key")
        return None
    if len(node.items) > MAX_ITEMS:
        file.at(node, "limit", f"{label} has {len(node.items):,} items: at most {MAX_ITEMS:,}")
        return None
    item, item_label = shape.item, f"an item of {label}"
    read_item = _READERS[type(item)]
    values = [read_item(file, item, one, item_label) for one in node.items]
    if None in values:
        return None
    if isinstance(item, schema.Text) and len(set(values)) < len(values):
        n = next(n for n, value in enumerate(values) if value in values[:n])
        file.at(node.items[n], "duplicate-key", f"{quoted(values[n])} stands twice in {label}: delete one")
        return None
    return tuple(values)


def _is_misread_list(file: File, node: Node) -> bool:
    """Whether a line without a sound dash made one text of the items of a list, with a finding."""
    lines = range(node.start_mark.line, node.end_mark.line + 1)
    if node.style or len(lines) < 2:
        return False
    found = next(filter(None, (misread_mark(file.lines, number) for number in lines)), None)
    if found:
        file.add(*found[0], "syntax", found[1])
    return bool(found)


def _table(file: File, shape: schema.Table, node: Node, label: str) -> Values | None:
    entries = _distinct(file, node, label)
    if entries is None:
        return None
    values = {key: _text(file, shape.value, value, key) for key, (_, value) in entries.items()}
    blank = [_is_empty(file, name, f"a key of {label}") for name, _ in entries.values()]
    return None if None in values.values() or any(blank) else values


def _record(file: File, shape: schema.Record | schema.Either, node: Node, label: str) -> Values | None:
    before = len(file.noted)
    entries = _distinct(file, node, label)
    if entries is None:
        return None
    if isinstance(shape, schema.Either):
        shape = _choose(file, shape, node, entries)
    known = shape.keys
    meant: dict[str, str] = {}  # what unknown keys seem to stand for
    if not entries.keys() <= known.keys():
        meant = _meant(shape, entries)
        for key, likely in meant.items():
            name = entries[key][0]
            file.at(name, "unknown-key", outside(file.lines, name, label) or _unknown(key, shape, likely))
    values: Values = {}
    for key, (_, inner) in entries.items():
        form = known.get(key)
        if form is not None:
            value = _READERS[type(form)](file, form, inner, key)
            if value is not None:
                values[key] = value
    if not shape.required <= entries.keys():
        lacking = [key for key in known if key in shape.required.difference(entries, meant.values())]
        # as many unknown keys may be these, whatever language they are in
        for key in lacking if len(lacking) > [*meant.values()].count("") else ():
            _missing(file, node, key, known[key])
    return values if len(values) == len(entries) and len(file.noted) == before else None


def _distinct(file: File, node: Node, label: str) -> dict[str, tuple[Node, Node]] | None:
    """The entries of a mapping by key, of each key the first; None, with a finding, if there are none or a key can be
    no name.
    """
    if type(node) is not Table:
        if not _is_empty(file, node, label):
            file.at(node, "shape", f"{label} must be a mapping of 'key: value' lines")
        return None
    distinct: dict[str, tuple[Node, Node]] = {}
    repeated = []
    for entry in node.entries:
        name = entry[0]
        key = name.value
        if len(key) > MAX_NAME:
            file.at(name, "limit", f"a key of {len(key):,} characters: at most {MAX_NAME}")
            return None
        if name.style == '"' and not _is_clean(file, name):
            return None
        if key in distinct:
            repeated.append(name)
        else:
            distinct[key] = entry
    lost = [name for name in repeated if name.value == node.entries[0][0].value]
    if lost and len(repeated) > 1 and label.startswith(("a note", "an item")):  # others stand in no list
        file.at(lost[0], "syntax", LOST_DASH.format(lost[0].value))
        return None
    for name in repeated:
        first = f"first on line {distinct[name.value][0].start_mark.line + 1}"
        file.at(name, "duplicate-key", f"key {quoted(name.value)} stands twice, {first}: delete one")
    return distinct


def _choose(file: File, shape: schema.Either, node: Table, names: Iterable[str]) -> schema.Record:
    """The record that the keys speak for. If they speak for neither, one that needs no key of either; a finding says
    so, unless unknown keys may be these.
    """
    record = shape.otherwise
    own = record.required - shape.having.required
    if shape.key in names:
        return shape.having
    if not own.isdisjoint(names):
        return record
    unknown = [name for name in names if name not in record.keys]
    likely = [closest(name, [*own, shape.key]) for name in unknown]
    if shape.key in likely:
        return shape.having
    if any(likely) or len(unknown) >= len(own):
        return record
    if not unknown:
        file.at(node, "missing-key", f"{' and '.join(k for k in record.keys if k in own)} are missing, or {shape.key}")
    return record._replace(required=record.required - own)


def _meant(shape: schema.Record, entries: Mapping[str, tuple[Node, Node]]) -> dict[str, str]:
    """Unknown key -> the known one that is most like it, or that is missing and may stand there in another language;
    "" when none can be told.
    """
    free = [key for key in shape.keys if key not in entries]
    missing = [key for key in free if key in shape.required]
    unknown = [name for name in entries if name not in shape.keys]
    meant = {name: closest(name, missing) or closest(name, free, 0.75 if missing else 0.6) for name in unknown}
    odd = [name for name in unknown if not meant[name]]
    left = [key for key in missing if key not in meant.values()]
    if [type(entries[name][1]) for name in odd] == [_NODES.get(type(shape.keys[key])) for key in left]:
        meant.update(zip(odd, left, strict=True))
    return meant


_NODES: dict[type, type] = {schema.Text: Scalar, schema.List: Sequence, schema.Anything: Sequence}


def _unknown(name: str, shape: schema.Record, meant: str) -> str:
    if name in ("question", "answer") and "text" in shape.keys:
        return f"key {quoted(name)} beside 'text': a note has either question and answer, or text"
    hint = f": did you mean {meant!r}?" if meant else ": known keys are " + ", ".join(shape.keys)
    return f"unknown key {quoted(name)}{hint}"


def _missing(file: File, node: Table, key: str, shape: schema.Shape) -> None:
    """A finding on a key that is missing, at its line if a text above has swallowed that."""
    if found := swallowed(file.lines, node, [key]):
        file.add(*found[0], "missing-key", found[1])
        return
    example = f": for example {shape.examples[0]!r}" if isinstance(shape, schema.Text) and shape.examples else ""
    file.at(node, "missing-key", f"{key} is missing{example}")


_READERS: dict[type, Callable[[File, Any, Node, str], Any]] = {
    schema.Text: _text,
    schema.List: _list,
    schema.Record: _record,
    schema.Either: _record,
    schema.Table: _table,
    schema.Anything: lambda _file, _shape, node, _label: node,
}
