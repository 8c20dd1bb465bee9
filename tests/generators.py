"""Bytes -> texts, notes, deck files, fields and packages of real syntax: for hypothesis and for atheris alike.

Each byte is one choice, and no byte left is the first one: hypothesis shrinks what it finds to few and simple
choices, atheris turns the bytes until new code is reached, and both are quick about it.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

import base_note

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

    def rest(self) -> bytes:
        """The bytes that nobody has asked for."""
        return self._data[self._at :]


# --- texts ------------------------------------------------------------------------------------


def sentence(c: Choices, most: int = 8) -> str:
    """Words, and what rules look for."""
    return " ".join(c.some(lambda: c.one(PHRASES) if c.number(4) == 3 else c.one(WORDS), most, 1))


def sound(c: Choices, cloze: bool = False, depth: int = 0) -> str:
    """A text of whole and nested syntax: emphasis, code, math, links, pictures, deletions, lists, tables."""
    return "".join(c.some(lambda: _part(c, cloze, depth), 4, 1)).strip() or "a"


def _part(c: Choices, cloze: bool, depth: int) -> str:
    kind = c.number(14)
    inner = "leaf" if depth > 2 else ""
    if kind == 1:
        return f"*{inner or sound(c, cloze, depth + 1)}* "
    if kind == 2:
        return f"**{inner or sound(c, cloze, depth + 1)}** "
    if kind == 3:
        return f"${c.one(TEX)}$ "
    if kind == 4:
        return f"$${c.one(TEX)}$$ "
    if kind == 5 and cloze:
        hint = c.one(("", "", "::hint", "::a *b*"))
        return f"{{{{c{c.number(3) + 1}::{inner or sound(c, cloze, depth + 1)}{hint}}}}} "
    if kind == 6:
        return f"`{c.one(WORDS)} {c.one(MARKS[:3])}` "
    if kind == 7:
        return f"[{inner or sound(c, False, depth + 1)}](https://example.org/{c.one(WORDS)}) "
    if kind == 8:
        return f"![{sentence(c, 3)}]({c.one(('leaf.png', 'root.jpg', 'none.png'))}) "
    if kind == 9:
        return "".join(f"\\{mark}" for mark in c.some(lambda: c.one("!#$%&'()*+,-./:;<=>?@[]^_`{|}~\\"), 4)) + " "
    if kind == 10 and not depth:
        mark = c.one(("- ", "1. ", "* "))
        return "\n\n" + "\n".join(mark + sound(c, cloze, depth + 2) for _ in range(c.number(3) + 1)) + "\n\n"
    if kind == 11 and not depth:
        return "\n\n| a | b |\n| :-- | --- |\n" + f"| {sentence(c, 2)} | $x$ |\n" * (c.number(2) + 1) + "\n"
    if kind == 12:
        return c.one(("\n", "\n\n", "\\\n", " \u2013 ", "; "))
    if kind == 13:
        return c.one(ODD[:20]) + " "
    return sentence(c, 4) + " "


def broken(c: Choices) -> str:
    """A text put together from pieces of syntax, whatever comes of it."""
    tables = (WORDS, MARKS, MARKS, ODD, PHRASES, TEX)
    return c.one(("", " ")).join(c.some(lambda: c.one(c.one(tables)), 12, 1))


def text(c: Choices, cloze: bool = False) -> str:
    """Any text of a note."""
    kind = c.number(6)
    made = sentence(c) if kind < 2 else sound(c, cloze) if kind < 5 else broken(c)
    if cloze and kind < 5 and "{{c" not in made:
        made = f"{{{{c1::{c.one(WORDS)}}}}} {sentence(c)} {made}"
    return made


# --- notes and deck files ---------------------------------------------------------------------


def note(c: Choices, number: int = 0) -> dict[str, Any]:
    """A note as its keys and values; most are well-formed."""
    made: dict[str, Any] = {"id": f"note-{number}"}
    if c.number(3) == 2:
        made["text"] = text(c, cloze=True)
    else:
        made |= {"question": text(c) + c.mostly("?", ""), "answer": text(c)}
        if c.number(6) == 5:
            made["reverse"] = {"question": text(c) + "?", "answer": text(c)}
    for key, make in (
        ("extra", text),
        ("caveat", text),
        ("picture", lambda c: c.one(("![A leaf](leaf.png)", "![x](none.png)", "leaf.png"))),
        ("evidence", lambda c: [c.one(("checked-2020", "seen-2021", "unknown-1"))]),
        ("beyond", sentence),
        ("retired", lambda c: {"version": "1.1.0", "reason": sentence(c)}),
        ("allow", lambda c: {c.one(("answer-length", "yes-no", "near-duplicate", "none")): sentence(c, 3)}),
    ):
        if c.number(7) == 6:
            made[key] = make(c)
    made["source"] = c.mostly("kidney/1", "kidney/2", "kidne/1", "kidney")
    made["cites"] = c.mostly(["problem/1"], ["entry/2", "problem/1"], ["problem/9"], ["entry/2", "entry/2"])
    made["claims"] = [c.mostly("C-1", "C-2", "C-9")]
    made["tags"] = [c.mostly("Kidney", "kidney", "leech", "TODO", "a::b")]
    made["yield"] = c.mostly("core", "supporting", "cor")
    made["skill"] = c.mostly("recall", "apply", "understand")
    return made


_PLAIN = re.compile(r"(?!(?:null|true|~)$)[A-Za-z][\w ,.;()/%?-]*[\w.)?]|[A-Za-z]")
_FOLDS = re.compile(r"[^\s#](?:[^\s]| (?! |$))*")
_BLOCKS = re.compile(r"[^\s][^\t\r\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff\ud800-\udfff\ufffe\uffff]*")


def scalar(c: Choices, value: str, indent: int, flow: bool = False) -> str:
    """A text as YAML in one of the ways to write it."""
    style = c.number(6)
    pad = "\n" + " " * indent
    if style in (1, 5) and re.search("\t|  ", value):
        style = 2  # a run of white space does not outlive a line end
    if style < 2 and _PLAIN.fullmatch(value) and not re.search("[,?\n]" if flow else "\n", value):
        return value if flow or style == 0 else value.replace(" ", pad, 1)
    if style == 2 and "\n" not in value:
        return "'" + value.replace("'", "''") + "'"
    if style == 3 and not flow and _BLOCKS.fullmatch(value) and not value.endswith("\n"):
        return f"|-{pad}" + value.replace("\n", pad)
    if style == 4 and not flow and _FOLDS.fullmatch(value):
        return f">-{pad}" + textwrap.fill(value, 40, break_long_words=False, break_on_hyphens=False).replace("\n", pad)
    if style == 5 and "\n" not in value and not flow:
        return "'" + value.replace("'", "''").replace(" ", pad, 1) + "'" if value[:1] != " " else double(value)
    return double(value, c.number(2) == 1)


def double(value: str, escaped: bool = False) -> str:
    """A text in double quotes; what YAML cannot hold as it is, and if asked for all but ASCII, as an escape."""
    shown = json.dumps(value, ensure_ascii=False)
    odd = "[^ -~]" if escaped else "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
    return re.sub(odd, lambda match: f"\\U{ord(match[0]):08x}", shown)


def entry(c: Choices, made: dict[str, Any]) -> str:
    """A note as the lines of a deck file."""
    if c.number(9) == 8:
        return "  - {" + ", ".join(f"{key}: {_flow(c, value)}" for key, value in made.items()) + "}\n"
    lines = []
    for key, value in made.items():
        if isinstance(value, str):
            lines.append(f"{key}: {scalar(c, value, 6)}")
        elif isinstance(value, list) and c.number(2):
            lines.append(f"{key}:" + "".join(f"\n      - {scalar(c, item, 10)}" for item in value))
        elif isinstance(value, list):
            lines.append(f"{key}: {_flow(c, value)}")
        else:
            lines.append(f"{key}:" + "".join(f"\n      {k}: {scalar(c, v, 8)}" for k, v in value.items()))
    return "  - " + "\n    ".join(lines) + "\n"


def _flow(c: Choices, value: Any) -> str:
    if isinstance(value, str):
        return scalar(c, value, 6, flow=True)
    if isinstance(value, list):
        return "[" + ", ".join(_flow(c, item) for item in value) + "]"
    return "{" + ", ".join(f"{key}: {_flow(c, item)}" for key, item in value.items()) + "}"


def deck(c: Choices, most: int = 3) -> tuple[list[dict[str, Any]], str]:
    """Some notes, and a deck file that holds them."""
    notes = [note(c, number) for number in range(1 + c.number(most))]
    comment = c.one(("", "# a comment\n", "---\n"))
    between = c.one(("", "\n", "  # between\n"))
    return notes, f"{comment}deck: First Part\nnotes:\n" + between.join(entry(c, made) for made in notes)


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


def edited(c: Choices, field: str) -> str:
    """The HTML of a field with up to two edits."""
    for _ in range(c.number(3)):
        start = c.number(256) % (len(field) + 1)
        end = start + c.number(9)
        field = field[:start] + c.one(("", html(c), c.one(WORDS), f"<b>{field[start:end]}</b>")) + field[end:]
    return field


def exported(note: Note) -> PackagedNote:
    """A note as Anki has it when nobody edited it."""
    compiled = compile_note(note, collection(), render_note(note, collection()))
    fields = dict(zip(note_types()[compiled.note_type].fields, compiled.fields, strict=True))
    return PackagedNote(compiled.guid, compiled.note_type, fields, compiled.tags, compiled.deck, 0)


def export(c: Choices, note: Note) -> PackagedNote:
    """A note as Anki has it after somebody edited some of its fields."""
    whole = exported(note)
    edits = {name: edited(c, field) for name, field in whole.fields.items() if field and name in FIELD_KEYS}
    return replace(whole, fields={**whole.fields, **edits})


def stranger(c: Choices, notes: Sequence[Note]) -> PackagedNote:
    """A note of an export, of ours or of nobody, with any fields, tags and deck."""
    kinds = note_types()
    names = c.one((kinds["question"].fields, kinds["cloze"].fields, ("Front", "Back", "More"), ()))
    ours = guid(collection().namespace, c.one(notes).id) if notes else ""
    tags = c.some(
        lambda: c.one(
            (
                "Renal::Concept::X",
                "Renal::Concept::e\u0301、",
                "Renal::Concept::e\u0301",
                "renal::concept::Kidney",
                "leech",
                "Renal::x",
                "a b",
                "",
            )
        ),
        3,
    )
    tags = list(dict.fromkeys(tags))  # as Anki keeps them
    home = c.one(("Renal Drugs::01 First Part", "Renal Drugs", "Renal Drugs::x", "Other", ""))
    fields = {name: html(c) for name in names if c.number(4)}
    return PackagedNote(
        c.one((ours, "other", "")), c.one(("question", "Basic")), fields, tuple(tags), home, c.number(9)
    )


# --- the collection ---------------------------------------------------------------------------


@cache
def collection() -> Collection:
    """The collection that the notes belong to, with two pictures."""
    pictures = {
        "leaf.png": Picture("leaf.png", "leaf-1a2b3c4d.png", b""),
        "root.jpg": Picture("root.jpg", "root-1a2b3c4d.jpg", b""),
    }
    return replace(base_note.collection(), pictures=pictures)
