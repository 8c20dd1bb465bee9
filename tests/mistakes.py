"""A sound deck file and the mistakes that are made most often in one: where each is, and what was meant.

`made(kind, seed)` puts one mistake of a kind into the file; the same seed gives the same mistake.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import NamedTuple

SOUND = """\
deck: First Part
notes:
  - id: gas-taken-up
    question: Which gas do leaves take up in daylight?
    answer: Carbon dioxide
    extra: Leaves need it for growth.
    source: only-section/1
    cites: [problem/1]
    claims: [C-1]
    tags: [Leaves, Gases]
    yield: supporting
    skill: recall

  - id: pore-word
    question: Which word names the small pores of leaves?
    answer: Stomata
    reverse:
      question: What are the stomata of leaves?
      answer: Small pores
    extra: 'A leaf''s pores close at night.'
    source: only-section/1
    cites: [problem/1, entry/2]
    claims: [C-1]
    tags:
      - Leaves
      - Pores
    yield: supporting
    skill: understand

  - id: gas-given-off
    text: In daylight leaves take up carbon dioxide and give off {{c1::oxygen}} through their pores.
    extra: >-
      The reaction needs light
      and water from the roots.
    source: only-section/1
    cites: [problem/1, entry/2]
    claims: [C-2]
    tags: [Leaves, Gases]
    yield: supporting
    skill: recall
"""
TEXTS = ("question: Which gas", "answer: Carbon", "extra: Leaves", "answer: Stomata", "answer: Small pores")


class Mistake(NamedTuple):
    """A file with one mistake, the line of it from 1, and the file that was meant."""

    text: str
    line: int
    meant: str


Lines = list[str]


def made(kind: str, seed: int) -> Mistake:
    """One mistake of a kind of `KINDS`."""
    chance, sound = random.Random(f"{kind} {seed}"), SOUND.split("\n")
    if kind in IN_A_LINE:
        pattern, edits = IN_A_LINE[kind]
        at = _at(sound, pattern, chance)
        broken, meant = _changed(sound, at, chance.choice(edits)(sound[at])), sound
    else:
        broken, meant = OTHERS[kind](chance, sound)
    line = next(n for n, (one, two) in enumerate(zip(broken, meant, strict=False), 1) if one != two)
    line += "\n" in broken[line - 1]  # a list below its key
    return Mistake("\n".join(broken), line, "\n".join(meant))


def _at(lines: Lines, pattern: str, chance: random.Random) -> int:
    return chance.choice([n for n, line in enumerate(lines) if re.search(pattern, line)])


def _changed(lines: Lines, at: int, instead: str) -> Lines:
    return [*lines[:at], instead, *lines[at + 1 :]]


def _text(chance: random.Random, lines: Lines, patterns: tuple[str, ...] = TEXTS) -> tuple[int, str, str]:
    """The number of a line with a text, its key with the indent, and the text."""
    at = _at(lines, "|".join(patterns), chance)
    return at, *lines[at].split(": ", 1)


# kind -> the lines where it is made, and the ways to make it
IN_A_LINE: dict[str, tuple[str, tuple[Callable[[str], str], ...]]] = {
    "lost dash": (
        r"^\s*- ",
        (lambda s: s.replace("- ", "  "), lambda s: s.replace("- ", ""), lambda s: s.replace("- ", "-")),
    ),
    "one space too many": (
        r"^ +(?:- )?\w+:",
        (lambda s: f" {s}", lambda s: s[1:], lambda s: s.replace("- ", "-  ") if "- " in s else f"  {s}"),
    ),
    "tab": (
        r"^ +(?:- )?\w",
        (
            lambda s: re.sub("^ +", "\t", s),
            lambda s: re.sub("^ +", lambda m: "\t" * (len(m[0]) // 2), s),
            lambda s: re.sub("^ +", lambda m: m[0][2:] + "\t", s),
            lambda s: s.replace("- ", "-\t") if "- " in s else f"\t{s}",
        ),
    ),
    "lost colon": (
        r"^ *(?:- )?\w+: ",
        (lambda s: s.replace(":", "", 1), lambda s: s.replace(":", " =", 1), lambda s: s.replace(":", ";", 1)),
    ),
}


def _quote(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at, key, text = _text(chance, lines)
    mark = '"' if text.endswith("s") else chance.choice("'\"")  # pores' may be meant
    text = chance.choice((text, text.replace(" ", ": ", 1), text.replace(" ", ", or ", 1)))
    lost = chance.choice((f"{key}: {text}{mark}", f"{key}: {mark}{text}"))
    return _changed(lines, at, lost), _changed(lines, at, f"{key}: {mark}{text}{mark}")


def _colon(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at, key, text = _text(chance, lines)
    text = chance.choice((f"Note: {text}", f"Two parts: {text}", f"{text[:-1]}: two", f"{text}:", f"pH 1: 2: {text}"))
    text = chance.choice((text, text, f"{text} {text}"))
    return _changed(lines, at, f"{key}: {text}"), _changed(lines, at, f"{key}: '{text}'")


def _sign(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at, key, text = _text(chance, lines, TEXTS[1:])
    sign = chance.choice((">20 ", "> 20 ", ">2", ">-5", "|", "| ", ">= 5 ", ">", "|x| ", "> half of ", ">1", "|2|"))
    text = f"{sign}{chance.choice((text, text, ''))}".rstrip()
    return _changed(lines, at, f"{key}: {text}"), _changed(lines, at, f"{key}: '{text}'")


def _merge(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    first = _at(lines, r"^    \w|^  - id|^$", chance)
    last = min(first + chance.randint(1, 14), len(lines) - 1)
    ours = lines[first:last]
    theirs = [line.replace("Leaves", "Plants").replace("take", "bring") for line in ours]
    base = ["||||||| parent of 1a2b3c4", *ours] if chance.random() < 0.3 else []
    rest = [] if base and chance.random() < 0.5 else ["=======", *theirs]
    indent = chance.choice(("", "  ", "      "))
    marked = ["<<<<<<< HEAD", *ours, *base, *rest, ">>>>>>> their-branch"]
    return [*lines[:first], *(re.sub("^(?=[<|=>]{7})", indent, line) for line in marked), *lines[last:]], lines


def _typographic(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    kind = chance.randrange(5)
    if kind == 0:
        at = _at(lines, r"^\s*- ", chance)
        return _changed(lines, at, lines[at].replace("-", chance.choice("–—−‐•"), 1)), lines
    if kind == 1:
        at = _at(lines, r"^    (?:cites|claims|tags): \[", chance)
        return _changed(lines, at, re.sub(r"\[(.*?)([,\]])", "[“\\1”\\2", lines[at])), lines
    if kind == 2:
        at = _at(lines, r"^ +(?:- )?\w+: ", chance)
        return _changed(lines, at, lines[at].replace(": ", chance.choice(("：", "： ")), 1)), lines
    at, key, text = _text(chance, lines)
    text = text.replace(" ", ": ", 1) if kind == 3 else text
    first, last = chance.choice(("“”", "‘’", "„“", "””", "’’", "'’", '"”', '„"', "‘'", '“"', "'\""))
    return _changed(lines, at, f"{key}: {first}{text}{last}"), _changed(lines, at, f"{key}: '{text}'")


def _misspelt(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, r"^ *(?:- )?\w+:", chance)
    key = re.search(r"\w+(?=:)", lines[at])[0]
    n = chance.randrange(1, len(key))
    swapped = key[: n - 1] + key[n] + key[n - 1] + key[n + 1 :]
    wrong = chance.choice((key[:n] + key[n + 1 :], swapped, key.capitalize(), key[:n] + key[n - 1 :]))
    return _changed(lines, at, lines[at].replace(key, wrong if wrong != key else key.upper(), 1)), lines


def _list(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at, key, text = _text(chance, lines, (*TEXTS, "source:", "yield:", "skill:", "deck:"))
    indent = " " * (len(key) - len(key.lstrip()))
    if re.search("source|yield|skill|deck", key):
        return _changed(lines, at, chance.choice((f"{key}: [{text}]", f"{key}:\n{indent}  - {text}"))), lines
    head, _, tail = text.partition(" ")
    if chance.random() < 0.5 or not tail:
        listed = f"[{head}, {tail or 'more'}]"
        return _changed(lines, at, f"{key}: {listed}"), _changed(lines, at, f"{key}: '{listed}'")
    items = f"\n{indent}  - {head}\n{indent}  - {tail}"
    return _changed(lines, at, f"{key}:{items}"), _changed(lines, at, f"{key}: |-{items}")


OTHERS: dict[str, Callable[[random.Random, Lines], tuple[Lines, Lines]]] = {
    "lost quote": _quote,
    "colon in text": _colon,
    "sign in front": _sign,
    "merge markers": _merge,
    "typographic": _typographic,
    "misspelt key": _misspelt,
    "list for text": _list,
}
KINDS = (*IN_A_LINE, *OTHERS)
