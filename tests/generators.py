"""Bytes -> texts, notes, deck files, fields and exports of real syntax, for property tests.

Each byte is one choice, and no byte left is the first one: Hypothesis shrinks what it finds to few and simple choices,
and is quicker than with a strategy for each choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

import base_note
import yaml

from ketamine_anki.anki.compile import FIELD_KEYS, compile_note, guid
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.anki.package_reader import PackagedNote
from ketamine_anki.core.model import Collection, Note, Picture
from ketamine_anki.text.render import render_note

T = TypeVar("T")

WORDS = """
    ketamine blocks the NMDA receptor pressure falls rises not of a an is which what why it its drug patient dose
    increase potassium wind-up patient's always never safe ideal anaesthesia oedema and or than more less high low
    first second before after without AF ICP intracranial warfarin sodium effect Vitamin K cells text author above
""".split()
# What rules look for, each in a text of its own.
PHRASES = (
    "Which vitamin counters the effect of warfarin?", "Does furosemide raise or lower potassium?", "Why is it given?",
    "What does heparin inhibit, and how is it monitored?", "Describe the effects of furosemide?", "Yes, it does",
    "Which diuretic does not waste potassium?", "What does the author mention first?", "40 mg of the drug", "MgSO4 4 g",
    "5.0 mg", ".5 mg", "10mg", "1000 \u00b5g", "100 IU", "10 U", "5 mg QD", "5 cc", "5 ml", "70000 units", "q.d.",
    "<70,000", ">10 mg", "2 PM @ 5", "x3d", "V mg", "5 mg/10 mg", "\u2205 effect", "the quick brown fox jumps over the",
    "lazy dog", "TODO", "intracranial pressure (ICP)", "AF is atrial fibrillation", "a, b, c and d", "one. Two",
    "true or false", "more or less", "the drug", "a drug called ___", "0,5 mg", "q6h", "37 \u00b0C", "MS 2 mg",
)  # fmt: skip
MARKS = (
    "*", "**", "_", "`", "``", "$", "$$", "\\", "\\\\", "[", "]", "](", ")", "(", "!", "<", ">", "&", "|", "#", "-",
    "+", "=", ":", "::", "{", "}", "{{", "}}", "{{c1::", "{{c2::", "{{c0::", "{{c1:", "{{C1::", "~", "^", "'", '"', ",",
    "{{c999::", "\\(", "\\)", "\\[", "\\]", "\\{", "\\}", "\\*", "\\$", "\\frac{a}{b}", "\\times", "\\href{x}{y}", "- ",
    "1. ", "> ", "```", "```\n", "| a | b |\n| - | - |\n| c | d |\n\n", "|---|", "---", "[latex]", "[/latex]", "[$]",
    "[sound:a.mp3]", "[[type:x]]", "[anki:play:q:0]", "<b>", "</b>", "<br>", "<!--", "&lt;", "&amp;", "![x](leaf.png)",
    "![](leaf.png)", "[a](https://example.org)", "[a](javascript:b)", "](https://example.org)", "<https://a.b>",
    " #", ": ", "\n", "\n\n", "\n  ", "\t", "  ", "---\n", "%", "@", "?", ".", "5", "$5", "_2$", "\\n", "\\u0062",
)  # fmt: skip
ODD = (
    "\u00e9", "e\u0301", "\u00b5", "\u03bc", "\u03b1-", "\u2019", "\u2014", "\u00a0", "\u202f", "\u2212",
    "\u6c2f\u80fa", "\u05d0\u05d1", "\u05d0\u200f(", "\u0636\u063a\u0637", "\u0645\u06cc\u200c\u062e",
    "\U0001f44d\U0001f3fd",
    "\U0001f469\u200d\u2695\ufe0f", "1\ufe0f\u20e3", "\u043a\u0435\u0442\u0430\u043c\u0438\u043d", "ke\u0442", "\uff15",
    "\u0130", "\u03a3", "\u1e9e", "\u2028", "\u202e", "\u200b", "\u00ad", "\ufeff", "\x00", "\x1b", "\x7f", "\x85",
    "\ue000", "\ufffd", "\U000e0041", "a\u0301\u0302\u0303\u0304", "\u0661", "\u2126", "\u212b", "\ufb01", "\U0001d7ce",
)  # fmt: skip
TEX = (
    "x", "CPP = MAP - ICP", r"\frac{a}{b}", r"x^{y^{z}}", r"a < b \& c", r"\text{a_b}", r"\left(a\right)", "a_1 * b_2",
    r"\begin{cases}a\\b\end{cases}", r"a \% \$ \{ \}", "a::b", "{{a}}", r"\href{javascript:x}{y}", r"\frac{a", "a}",
    " x", r"\begin{aligned}x &= y\end{aligned}", r"\unicode{65}", "a % b", r"\sqrt[3]{x}", r"\alpha\beta", "{{c1::a}}",
    r"{{c1::\frac{a}{b}}} + 1", "a {{c2::b::h}}",
)  # fmt: skip
YAML_MARKS = (
    "'", '"', "[", "]", "{", "}", "&a ", "*a", "!!int ", "<<: ", ": ", ":", " #", "#", "- ", "-", "|", ">-", "---\n",
    "...\n", "%YAML 1.1\n", "\t", "\n", "\n\n", "  ", " ", "\r\n", "\r", "? ", ", ", "`", "@", "\\", "''", '\\"', "~",
    "notes:", "notes: []\n", "  - id: x\n", "- id: a\n", "id", "deck: ", "answer:", "anwser: x\n", "tags: [", "null",
    "\ufeff", "\x00", "\u202e", "\u2028", "\u00a0", "\U0001f44d", "e\u0301", "allow: {", "    ", "{{c1::x}}", "$x$",
)  # fmt: skip


class Choices:
    """Bytes as choices, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, below: int) -> int:
        """A number from 0; 0 when no byte is left."""
        self._at += 1
        return self._data[self._at - 1] % below if self._at <= len(self._data) else 0

    def one(self, of: Sequence[T]) -> T:
        return of[self.number(len(of))]

    def mostly(self, usual: T, *others: T) -> T:
        """The usual, nine times of ten."""
        return self.one(others) if self.number(10) == 9 else usual

    def some(self, make: Callable[[], T], most: int, least: int = 0) -> list[T]:
        return [make() for _ in range(least + self.number(most - least + 1))]


# --- texts ------------------------------------------------------------------------------------


def sentence(c: Choices, most: int = 8) -> str:
    """Words, and what rules look for."""
    return " ".join(c.some(lambda: c.one(PHRASES) if c.number(4) == 3 else c.one(WORDS), most, 1))


def sound(c: Choices, cloze: bool = False, depth: int = 0) -> str:
    """A text of whole and nested syntax: emphasis, code, math, links, pictures, deletions, lists, tables."""

    def part() -> str:
        typed = c.one(kinds)()
        return typed if typed.endswith("\n") else f"{typed} "

    def inner(hidden: bool = cloze) -> str:
        return "leaf" if depth > 2 else sound(c, hidden, depth + 1)

    def items() -> str:
        mark = c.one(("- ", "1. ", "* "))
        return "\n\n" + "\n".join(c.some(lambda: mark + sound(c, cloze, depth + 2), 3, 1)) + "\n\n"

    kinds: list[Callable[[], str]] = [
        lambda: sentence(c, 4),
        lambda: f"*{inner()}*",
        lambda: f"**{inner()}**",
        lambda: f"${c.one(TEX)}$",
        lambda: f"$${c.one(TEX)}$$",
        lambda: f"`{c.one(WORDS)} {c.one(MARKS[:3])}`",
        lambda: f"[{inner(False)}](https://example.org/{c.one(WORDS)})",
        lambda: f"![{sentence(c, 3)}]({c.one(('leaf.png', 'root.jpg', 'none.png'))})",
        lambda: "".join(f"\\{mark}" for mark in c.some(lambda: c.one("!#$%&'()*+,-./:;<=>?@[]^_`{|}~\\"), 4)),
        lambda: c.one(("\n", "\n\n", "\\\n", "\u2013", ";")),
        lambda: c.one(ODD[:20]),
    ]
    if cloze:
        hints = ("", "", "::hint", "::a *b*")
        kinds.append(lambda: f"{{{{c{c.number(3) + 1}::{inner()}{c.one(hints)}}}}}")
    if not depth:
        table = "\n\n| a | b |\n| :-- | --- |\n"
        kinds += [items, lambda: table + "".join(c.some(lambda: f"| {sentence(c, 2)} | $x$ |\n", 3, 1)) + "\n"]
    return "".join(c.some(part, 4, 1)).strip() or "a"


def broken(c: Choices) -> str:
    """A text put together from pieces of syntax, whatever comes of it."""
    tables = (WORDS, MARKS, MARKS, ODD, PHRASES, TEX)
    return c.one(("", " ")).join(c.some(lambda: c.one(c.one(tables)), 12, 1))


def text(c: Choices, cloze: bool = False) -> str:
    """Any text of a note."""
    kind = c.number(6)
    typed = sentence(c) if kind < 2 else sound(c, cloze) if kind < 5 else broken(c)
    if cloze and kind < 5 and "{{c" not in typed:
        typed = f"{{{{c1::{c.one(WORDS)}}}}} {sentence(c)} {typed}"
    return typed


# --- notes and deck files ---------------------------------------------------------------------


def note(c: Choices, number: int = 0) -> dict[str, Any]:
    """A note as its keys and values; most are well-formed."""
    record: dict[str, Any] = {"id": f"note-{number}"}
    if c.number(3) == 2:
        record["text"] = text(c, cloze=True)
    else:
        record |= {"question": text(c) + c.mostly("?", ""), "answer": text(c)}
        if c.number(6) == 5:
            record["reverse"] = {"question": text(c) + "?", "answer": text(c)}
    optional: dict[str, Callable[[], Any]] = {
        "extra": lambda: text(c),
        "caveat": lambda: text(c),
        "picture": lambda: c.one(("![A leaf](leaf.png)", "![x](none.png)", "leaf.png")),
        "evidence": lambda: [c.one(("checked-2020", "seen-2021", "unknown-1"))],
        "beyond": lambda: sentence(c),
        "retired": lambda: {"version": "1.1.0", "reason": sentence(c)},
        "allow": lambda: {c.one(("answer-length", "yes-no", "near-duplicate", "none")): sentence(c, 3)},
    }
    record |= {key: value() for key, value in optional.items() if c.number(7) == 6}
    return record | {
        "source": c.mostly("kidney/1", "kidney/2", "kidne/1", "kidney"),
        "cites": c.mostly(["problem/1"], ["entry/2", "problem/1"], ["problem/9"], ["entry/2", "entry/2"]),
        "claims": [c.mostly("C-1", "C-2", "C-9")],
        "tags": [c.mostly("Kidney", "kidney", "leech", "TODO", "a::b")],
        "yield": c.mostly("core", "supporting", "cor"),
        "skill": c.mostly("recall", "apply", "understand"),
    }


# What stands in double quotes alone; PyYAML reads some white space at the ends of lines otherwise than it wrote it.
_ESCAPED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]|(?:^|\n)[ \t]|[ \t](?:\n|$)"
)


def entry(c: Choices, record: dict[str, Any]) -> str:
    """A note as the lines of a deck file, each value in one of the ways to write it."""

    class Dumper(yaml.SafeDumper):  # the one in C escapes emoji
        def ignore_aliases(self, data: object) -> bool:
            return True

        def represent_str(self, value: str) -> yaml.Node:
            style = '"' if _ESCAPED.search(value) else c.one((None, "'", '"', "|", ">"))
            return yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style)

        def represent_list(self, items: list[Any]) -> yaml.Node:
            return self.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=c.number(2) == 0)

        def represent_dict(self, record: dict[str, Any]) -> yaml.Node:
            pairs = [
                (yaml.ScalarNode("tag:yaml.org,2002:str", key), self.represent_data(value))
                for key, value in record.items()
            ]
            return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=c.number(9) == 8)

    for kind, represent in ((str, Dumper.represent_str), (list, Dumper.represent_list), (dict, Dumper.represent_dict)):
        Dumper.add_representer(kind, represent)
    width, unicode = c.one((40, 10_000)), c.number(4) < 3
    lines = yaml.dump(record, Dumper=Dumper, width=width, allow_unicode=unicode).rstrip("\n")
    return "  - " + lines.replace("\n", "\n    ") + "\n"


def deck(c: Choices, most: int = 3) -> tuple[list[dict[str, Any]], str]:
    """Some notes, and a deck file that holds them."""
    notes = [note(c, number) for number in range(1 + c.number(most))]
    comment = c.one(("", "# a comment\n", "---\n"))
    between = c.one(("", "\n", "  # between\n"))
    return notes, f"{comment}deck: First Part\nnotes:\n" + between.join(entry(c, record) for record in notes)


def damaged(c: Choices, text: str) -> str:
    """A file after up to three typing errors."""
    for _ in range(1 + c.number(3)):
        start = (c.number(256) * 256 + c.number(256)) % (len(text) + 1)
        end = start + c.number(13)
        text = text[:start] + c.one(("", text[start:end] * 2, c.one(YAML_MARKS), c.one(MARKS))) + text[end:]
    return text


# --- what comes back from Anki ----------------------------------------------------------------

HTML = (
    "<b>", "</b>", "<i>", "</i>", "<div>", "</div>", "<br>", "<p>", "</p>", "<ul>", "<li>", "</li>", "</ul>", "<ol>",
    '<ol start="3">', "</ol>", "<table>", "<thead>", "<tbody>", "<tr>", "<th>", "<td>", "</td>", "</tr>", "</table>",
    "<code>", "</code>", "<pre>", "</pre>", '<a href="https://example.org">', '<a href="javascript:x">', "</a>",
    '<img src="leaf-1a2b3c4d.png" alt="A leaf">', '<img src="x.png">', "<span>", '<span style="color:red">', "</span>",
    "&nbsp;", "&lt;", "&amp;", "&#123;", "\\(", "\\)", "\\[", "\\]", "{{c1::", "{{c2::", "}}", "::hint", "<u>", "<!--",
    "-->", "<script>", "[sound:a.mp3]", "[latex]", "\x1f", "\x00", "\u202e", "\ud800", "<", ">", '"', "'",
)  # fmt: skip


def html(c: Choices) -> str:
    """The HTML of a field after somebody edited it."""
    return "".join(c.some(lambda: c.one(HTML) if c.number(2) else f"{c.one(c.one((WORDS, PHRASES, MARKS)))} ", 10))


def exported(note: Note) -> PackagedNote:
    """A note as Anki has it when nobody edited it."""
    compiled = compile_note(note, collection(), render_note(note, collection()))
    fields = dict(zip(note_types()[compiled.note_type].fields, compiled.fields, strict=True))
    return PackagedNote(compiled.guid, compiled.note_type, fields, compiled.tags, compiled.deck, 0)


def export(c: Choices, note: Note) -> PackagedNote:
    """A note as Anki has it after somebody edited some of its fields."""

    def edited(field: str) -> str:
        for _ in range(c.number(3)):
            start = c.number(256) % (len(field) + 1)
            end = start + c.number(9)
            field = field[:start] + c.one(("", html(c), c.one(WORDS), f"<b>{field[start:end]}</b>")) + field[end:]
        return field

    whole = exported(note)
    edits = {name: edited(field) for name, field in whole.fields.items() if field and name in FIELD_KEYS}
    return replace(whole, fields={**whole.fields, **edits})


TAGS = (
    "Renal::Concept::X Renal::Concept::e\u0301、 Renal::Concept::e\u0301 renal::concept::Kidney leech Renal::x".split()
)


def stranger(c: Choices, notes: Sequence[Note]) -> PackagedNote:
    """A note of an export, of ours or of nobody, with any fields, tags and deck."""
    kinds = note_types()
    names = c.one((kinds["question"].fields, kinds["cloze"].fields, ("Front", "Back", "More"), ()))
    fields = {name: html(c) for name in names if c.number(4)}
    ours = guid(collection().namespace, c.one(notes).id) if notes else ""
    tags = dict.fromkeys(c.some(lambda: c.one((*TAGS, "a b", "")), 3))  # each once, as Anki keeps them
    home = c.one(("Renal Drugs::01 First Part", "Renal Drugs", "Renal Drugs::x", "Other", ""))
    identity, kind = c.one((ours, "other", "")), c.one(("question", "Basic"))
    return PackagedNote(identity, kind, fields, tuple(tags), home, c.number(9))


@cache
def collection() -> Collection:
    """The collection that the notes belong to, with two pictures."""
    names = {"leaf.png": "leaf-1a2b3c4d.png", "root.jpg": "root-1a2b3c4d.jpg"}
    pictures = {name: Picture(name, packaged, b"") for name, packaged in names.items()}
    return replace(base_note.collection(), pictures=pictures)
