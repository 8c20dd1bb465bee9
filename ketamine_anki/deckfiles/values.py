"""Reads nodes of a YAML file into the values that the schema asks for, or reports findings.

Every scalar stays the text that was typed, as in YAML without types.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
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
    Place,
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
    problem = f"{label} is empty: fill it in or delete it"
    line, column = node.start_mark.line, node.start_mark.column
    rest = "".join(file.lines[line : line + 1])[column:].strip()
    if not node.style and re.match("#[^ #]", rest):
        problem = f"{quoted(rest)} is a comment for YAML, {label} is empty: {QUOTE}"
    if node.style and node.style in "|>":
        sign = quoted(rest)
        problem = (
            f"{sign} announces a text on the lines below, and there is none: put {sign} in single quotes to show it"
        )
    file.at(node, "empty", problem)
    return True


# --- texts ------------------------------------------------------------------------------------

_SPACE = " \t\n"  # str.strip() would also take off separators, which are findings
_MOST_ACCEPTED = 1 << 12
# Short texts that were accepted, by the id of their shape in the table: tags, sections and choices recur.
_accepted: defaultdict[int, set[str]] = defaultdict(set)


def _text(file: File, shape: schema.Text, node: Node, label: str) -> str | None:
    if type(node) is not Scalar:
        file.at(node, "shape", _not_a_text(file, shape, node, label))
        return None
    text: str = node.value
    if not shape.markdown and text in _accepted[id(shape)] and not file.spoilt:
        return text
    text = text.strip(_SPACE)
    if not text:
        _is_empty(file, node, label)
        return None
    if len(text) > MAX_TEXT:
        file.at(node, "limit", f"{label} has {len(text):,} characters: at most {MAX_TEXT:,}")
        return None
    if not text.isascii():
        text = normalize(text)
    if node.style == '"' and not _is_clean(file, node):
        return None
    file.has_colons |= node.style in ("|", ">") and ": " in text
    if file.is_spoilt(node) or (file.commented and shape.prose and not node.style and _is_cut_off(file, node)):
        return None
    if not text.isascii() and _is_empty(file, node, label):
        return None
    if not node.style and text[-1] in QUOTES and (wrong := half_quoted(text)):
        file.add(node.end_mark.line, max(node.end_mark.column - 1, 0), "syntax", wrong)
        return None
    if shape.markdown:
        return text
    return text if _is_allowed(file, shape, node, text, label) else None


def _not_a_text(file: File, shape: schema.Text, node: Node, label: str) -> str:
    """What is wrong with a list or a mapping where a text belongs, and what to write instead."""
    typed = file.lines[node.start_mark.line][node.start_mark.column :]
    if isinstance(node, Table) and label == "picture":
        return f"{label} must be text, not a mapping: write it as {shape.examples[0]!r}"
    if isinstance(node, Table):
        return f"{label} must be text, not a mapping: {QUOTE}"
    items = [item.value for item in node.items if type(item) is Scalar]
    if not shape.markdown and len(items) == len(node.items) == 1:
        return f"{label} must be text, not a list: write {quoted(items[0])}"
    if typed.startswith("["):
        return f"{label} must be text, not a list: {QUOTE}"
    return f"{label} must be text, not a list: write '{label}: |-' above it to show the list"


def _is_allowed(file: File, shape: schema.Text, node: Node, text: str, label: str) -> bool:
    """Whether a text that is not Markdown is one of the choices or has the form of its shape, else a finding."""
    is_name = bool(shape.pattern or shape.choices or shape.names)
    if not is_name:
        command = scanner.command_in(text)
        if command:
            file.at(node, "anki-command", f"{quoted(command)} is a command of Anki, not text: leave it out")
        return not command
    if len(text) > MAX_NAME and "://" not in text:
        file.at(node, "limit", f"{label} has {len(text):,} characters: at most {MAX_NAME}")
        return False
    # A mark belongs to the letter before it, and of a name of punctuation no file name can be made.
    is_odd = not text.isascii() and (category(text[0]).startswith("M") or is_blank(escape(text), words=True))
    is_unknown = text not in shape.choices if shape.choices else shape.pattern and not _pattern(shape.pattern)(text)
    if is_unknown or (is_odd and shape.pattern):
        form = shape.expected or f"one of {', '.join(shape.choices)}"
        if found := _misread_below(file, node):
            file.add(*found[0], "syntax", found[1])
            return False
        hint = did_you_mean(text, shape.choices) or f": {form}"
        if (near := re.sub(r"\s*/[\s0]*", "/", text)) != text and shape.pattern and _pattern(shape.pattern)(near):
            hint = f": write {quoted(near)}"
        if comma := re.search(f"[{schema.COMMAS}]", text) if label.startswith("an item") else None:
            instead = "leave it out" if text[-1] == comma[0] else "write ', '"
            hint = f": '{comma[0]}' does not separate a list: {instead}"
        file.at(node, shape.rule, f"{label} is {quoted(text)}{hint}")
        return False
    if len(_accepted[id(shape)]) < _MOST_ACCEPTED and text.isascii():
        _accepted[id(shape)].add(text)
    return True


@cache
def _pattern(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


def _is_clean(file: File, node: Node) -> bool:
    """Whether a double-quoted text holds no refused character, and no TeX command that was read as an escape."""
    if "$" in node.value and _has_tex_as_escape(file, node):
        return False
    # Once as it is read, once as `fmt` would type it.
    first = next(chain(characters.refused(normalize(node.value)), characters.refused(node.value)), None)
    if first is None:
        return True
    before = len(file.noted)
    start, end = node.start_mark, node.end_mark
    text, places = locate(file.lines, (start.line, start.column), (end.line, end.column))
    for index, reason in characters.refused(text):
        line, column = places[index]
        sign = file.lines[line][column : column + 2]
        if sign[0] != "\\":  # a character that is typed was refused when the file was decoded
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
# TeX commands whose beginning is a line end or a tab in YAML's double quotes.
_TEX_AS_ESCAPE = re.compile(
    r"\\(?:(?P<tex>n(?:abla|eq?|eg|i|ot(?:in)?|u)|t(?:anh?|au|ext[a-z]*|frac|heta|ilde|imes|o|riangle))(?![A-Za-z])|.)"
)


def _has_tex_as_escape(file: File, node: Node) -> bool:
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


def _is_cut_off(file: File, node: Node) -> bool:
    """Whether a comment cuts off an unquoted text, with a finding."""
    line, column = node.end_mark.line, node.end_mark.column
    rest = file.lines[line][column:] if line < len(file.lines) else ""
    blanks = len(rest) - len(rest.lstrip())
    if not blanks or rest[blanks : blanks + 1] != "#":
        return False
    file.add(line, column + blanks, "comment-cut", "' #' cuts the text off here: put the text in single quotes")
    return True


# --- lists ------------------------------------------------------------------------------------


def _list(file: File, shape: schema.List, node: Node, label: str) -> tuple[Any, ...] | None:
    if type(node) is not Sequence:
        if not _is_empty(file, node, label):
            if isinstance(node, Scalar) and (found := _misread_below(file, node)):
                file.add(*found[0], "syntax", found[1])
                return None
            form = as_list(node)
            file.at(node, "shape", f"{label} must be a list: {characters.printable(form)}")
        return None
    items, item = node.items, shape.item
    if not items:
        if not file.is_spoilt(node):
            file.at(node, "empty", f"{label} is an empty list: fill it in or delete the key")
        return None
    if len(items) > MAX_ITEMS:
        file.at(node, "limit", f"{label} has {len(items):,} items: at most {MAX_ITEMS:,}")
        return None
    values = [one.value for one in items if type(one) is Scalar]
    if len(values) < len(items) or file.spoilt or not _accepted[id(item)].issuperset(values):
        item_label = f"an item of {label}"
        values = [read(file, item, one, item_label) for one in items]
        if None in values:
            return None
    if isinstance(item, schema.Text) and len(set(values)) < len(values):
        n = next(n for n, value in enumerate(values) if value in values[:n])
        file.at(items[n], "duplicate-key", f"{quoted(values[n])} stands twice in {label}: delete one")
        return None
    return tuple(values)


def _misread_below(file: File, node: Node) -> tuple[Place, str] | None:
    """Place and advice for the line without a sound dash that made one text of the items of a list."""
    lines = range(node.start_mark.line, node.end_mark.line + 1)
    if node.style or len(lines) < 2:
        return None
    return next(filter(None, (misread_mark(file.lines, number) for number in lines)), None)


# --- mappings ---------------------------------------------------------------------------------


def _table(file: File, shape: schema.Table, node: Node, label: str) -> Values | None:
    if type(node) is not Table:
        _not_a_table(file, node, label)
        return None
    entries = _distinct(file, node)
    if entries is None:
        return None
    values = {name.value: _text(file, shape.value, value, name.value) for name, value in entries}
    blank = [_is_empty(file, name, f"a key of {label}") for name, _ in entries]
    return None if None in values.values() or any(blank) else values


def _record(file: File, shape: schema.Record | schema.Either, node: Node, label: str) -> Values | None:
    if type(node) is not Table:
        _not_a_table(file, node, label)
        return None
    before = len(file.noted)
    nodes = {name.value: value for name, value in zip(node.names, node.values, strict=True)}
    if len(nodes) < len(node.names) - 1 and (lost := [n for n in node.names[1:] if n.value == node.names[0].value]):
        file.at(lost[0], "syntax", LOST_DASH.format(lost[0].value))
        return None
    if isinstance(shape, schema.Either):
        shape = _choose(file, shape, node, nodes)
    known = shape.keys
    meant: dict[str, str] = {}  # what unknown keys seem to stand for
    if len(nodes) < len(node.names) or not nodes.keys() <= known.keys():
        entries = _distinct(file, node)
        if entries is None:
            return None
        nodes = {name.value: value for name, value in entries}
        meant = _meant(shape, nodes)
        for name, _ in entries:
            if name.value not in known:
                wrong = outside(file.lines, name, label) or _unknown(name.value, shape, meant[name.value])
                file.at(name, "unknown-key", wrong)
    values: Values = {}
    for key, inner in nodes.items():
        form = known.get(key)
        if form is not None:
            value = _READERS[type(form)](file, form, inner, key)
            if value is not None:
                values[key] = value
    if not shape.required <= nodes.keys():
        lacking = [key for key in known if key in shape.required.difference(nodes, meant.values())]
        # as many unknown keys may be these, whatever language they are in
        for key in lacking if len(lacking) > [*meant.values()].count("") else ():
            _missing(file, node, key, f"{key} is missing{_example(known[key])}")
    return values if len(values) == len(nodes) and len(file.noted) == before else None


def _not_a_table(file: File, node: Node, label: str) -> None:
    if not _is_empty(file, node, label):
        file.at(node, "shape", f"{label} must be a mapping of 'key: value' lines")


def _distinct(file: File, node: Table) -> list[tuple[Node, Node]] | None:
    """The entries of a mapping without repeated keys; None, with a finding, if a key can be no name."""
    first: dict[str, Node] = {}
    for name, _ in node.entries:
        if len(name.value) > MAX_NAME:
            file.at(name, "limit", f"a key of {len(name.value):,} characters: at most {MAX_NAME}")
            return None
        if name.style == '"' and not _is_clean(file, name):
            return None
        earlier = first.setdefault(name.value, name)
        if earlier is not name:
            line = earlier.start_mark.line + 1
            message = f"key {quoted(name.value)} stands twice, first on line {line}: delete one"
            file.at(name, "duplicate-key", message)
    return [entry for entry in node.entries if first[entry[0].value] is entry[0]]


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


def _meant(shape: schema.Record, nodes: Mapping[str, Node]) -> dict[str, str]:
    """Unknown key -> the known one that is most like it, or that is missing and may stand there in another language;
    "" when none can be told.
    """
    free = [key for key in shape.keys if key not in nodes]
    missing = [key for key in free if key in shape.required]
    unknown = [name for name in nodes if name not in shape.keys]
    meant = {name: closest(name, missing) or closest(name, free, 0.75 if missing else 0.6) for name in unknown}
    odd = [name for name in unknown if not meant[name]]
    left = [key for key in missing if key not in meant.values()]
    if [type(nodes[name]) for name in odd] == [_NODES.get(type(shape.keys[key])) for key in left]:
        meant.update(zip(odd, left, strict=True))
    return meant


_NODES: dict[type, type] = {schema.Text: Scalar, schema.List: Sequence, schema.Anything: Sequence}


def _unknown(name: str, shape: schema.Record, meant: str) -> str:
    if name in ("question", "answer") and "text" in shape.keys:
        return f"key {quoted(name)} beside 'text': a note has either question and answer, or text"
    hint = f": did you mean {meant!r}?" if meant else ": known keys are " + ", ".join(shape.keys)
    return f"unknown key {quoted(name)}{hint}"


def _missing(file: File, node: Table, key: str, message: str) -> None:
    """A finding on a key that is missing, at its line if a text above has swallowed that."""
    if found := swallowed(file.lines, node, [key]):
        file.add(*found[0], "missing-key", found[1])
    else:
        file.at(node, "missing-key", message)


def _example(shape: schema.Shape) -> str:
    return f": for example {shape.examples[0]!r}" if isinstance(shape, schema.Text) and shape.examples else ""


_READERS: dict[type, Callable[[File, Any, Node, str], Any]] = {
    schema.Text: _text,
    schema.List: _list,
    schema.Record: _record,
    schema.Either: _record,
    schema.Table: _table,
    schema.Anything: lambda _file, _shape, node, _label: node,
}
