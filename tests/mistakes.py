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


def made(kind: str, seed: int) -> Mistake:
    """One mistake of a kind of `KINDS`."""
    chance = random.Random(f"{kind} {seed}")
    broken, meant = KINDS[kind](chance, SOUND.split("\n"))
    line = next(n for n, (one, two) in enumerate(zip(broken, meant, strict=False), 1) if one != two)
    line += "\n" in broken[line - 1]  # a list below its key
    return Mistake("\n".join(broken), line, "\n".join(meant))


Lines = list[str]


def _at(lines: Lines, pattern: str, chance: random.Random) -> int:
    return chance.choice([n for n, line in enumerate(lines) if re.search(pattern, line)])


def _changed(lines: Lines, at: int, *instead: str) -> Lines:
    return [*lines[:at], *instead, *lines[at + 1 :]]


def _dash(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, r"^\s*- ", chance)
    without = chance.choice(
        (lambda s: s.replace("- ", "  "), lambda s: s.replace("- ", ""), lambda s: s.replace("- ", "-"))
    )
    return _changed(lines, at, without(lines[at])), lines


def _quote(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, "|".join(TEXTS), chance)
    key, text = lines[at].split(": ", 1)
    mark = '"' if text.endswith("s") else chance.choice("'\"")  # pores' may be meant
    text = chance.choice((text, text.replace(" ", ": ", 1), text.replace(" ", ", or ", 1)))
    meant = _changed(lines, at, f"{key}: {mark}{text}{mark}")
    lost = chance.choice((f"{key}: {text}{mark}", f"{key}: {mark}{text}"))
    return _changed(lines, at, lost), meant


def _space(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, r"^ +(?:- )?\w+:", chance)
    spaced = chance.choice(
        (lambda s: f" {s}", lambda s: s[1:], lambda s: s.replace("- ", "-  ") if "- " in s else f"  {s}")
    )
    return _changed(lines, at, spaced(lines[at])), lines


def _tab(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, r"^ +(?:- )?\w", chance)
    tabbed = chance.choice(
        (
            lambda s: re.sub("^ +", "\t", s),
            lambda s: re.sub("^ +", lambda m: "\t" * (len(m[0]) // 2), s),
            lambda s: re.sub("^ +", lambda m: m[0][2:] + "\t", s),
            lambda s: s.replace("- ", "-\t") if "- " in s else f"\t{s}",
        )
    )
    return _changed(lines, at, tabbed(lines[at])), lines


def _colon(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, "|".join(TEXTS), chance)
    key, text = lines[at].split(": ", 1)
    text = chance.choice((f"Note: {text}", f"Two parts: {text}", f"{text[:-1]}: two", f"{text}:", f"pH 1: 2: {text}"))
    broken = chance.choice((f"{key}: {text}", f"{key}: {text}", f"{key}: {text} {text}"))
    return _changed(lines, at, broken), _changed(lines, at, f"{key}: '{broken[len(key) + 2 :]}'")


def _no_colon(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, r"^ *(?:- )?\w+: ", chance)
    sign = chance.choice(("", "", " =", ";"))
    return _changed(lines, at, lines[at].replace(":", sign, 1)), lines


def _sign(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, "|".join(TEXTS[1:]), chance)
    key, text = lines[at].split(": ", 1)
    sign = chance.choice((">20 ", "> 20 ", ">2", ">-5", "|", "| ", ">= 5 ", ">", "|x| ", "> half of ", ">1", "|2|"))
    text = f"{sign}{chance.choice((text, text, ''))}".rstrip()
    return _changed(lines, at, f"{key}: {text}"), _changed(lines, at, f"{key}: '{text}'")


def _merge(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    first = _at(lines, r"^    \w|^  - id|^$", chance)
    last = min(first + chance.randint(1, 14), len(lines) - 1)
    other = [line.replace("Leaves", "Plants").replace("take", "bring") for line in lines[first:last]]
    base = ["||||||| parent of 1a2b3c4", *lines[first:last]] if chance.random() < 0.3 else []
    theirs = [] if base and chance.random() < 0.5 else ["=======", *other]
    indent = chance.choice(("", "  ", "      "))
    marked = ["<<<<<<< HEAD", *lines[first:last], *base, *theirs, ">>>>>>> their-branch"]
    marked = [re.sub("^(?=[<|=>]{7})", indent, line) for line in marked]
    return [*lines[:first], *marked, *lines[last:]], lines


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
    at = _at(lines, "|".join(TEXTS), chance)
    key, text = lines[at].split(": ", 1)
    text = text.replace(" ", ": ", 1) if kind == 3 else text
    first, last = chance.choice(("“”", "‘’", "„“", "””", "’’", "'’", '"”', '„"', "‘'", '“"', "'\""))
    return _changed(lines, at, f"{key}: {first}{text}{last}"), _changed(lines, at, f"{key}: '{text}'")


def _misspelt(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, r"^ *(?:- )?\w+:", chance)
    key = re.search(r"\w+(?=:)", lines[at])[0]
    n = chance.randrange(1, len(key))
    wrong = chance.choice(
        (
            key[:n] + key[n + 1 :],
            key[: n - 1] + key[n] + key[n - 1] + key[n + 1 :],
            key.capitalize(),
            key[:n] + key[n - 1 :],
        )
    )
    wrong = wrong if wrong != key else key.upper()
    return _changed(lines, at, lines[at].replace(key, wrong, 1)), lines


def _list(chance: random.Random, lines: Lines) -> tuple[Lines, Lines]:
    at = _at(lines, "|".join((*TEXTS, "source:", "yield:", "skill:", "deck:")), chance)
    key, text = lines[at].split(": ", 1)
    indent = " " * (len(key) - len(key.lstrip()))
    if re.search("source|yield|skill|deck", key):
        return _changed(lines, at, chance.choice((f"{key}: [{text}]", f"{key}:\n{indent}  - {text}"))), lines
    head, _, tail = text.partition(" ")
    if chance.random() < 0.5 or not tail:
        return _changed(lines, at, f"{key}: [{head}, {tail or 'more'}]"), _changed(
            lines, at, f"{key}: '[{head}, {tail or 'more'}]'"
        )
    items = f"\n{indent}  - {head}\n{indent}  - {tail}"
    return _changed(lines, at, f"{key}:{items}"), _changed(lines, at, f"{key}: |-{items}")


KINDS: dict[str, Callable[[random.Random, Lines], tuple[Lines, Lines]]] = {
    "lost dash": _dash,
    "lost quote": _quote,
    "one space too many": _space,
    "tab": _tab,
    "colon in text": _colon,
    "lost colon": _no_colon,
    "sign in front": _sign,
    "merge markers": _merge,
    "typographic": _typographic,
    "misspelt key": _misspelt,
    "list for text": _list,
}
