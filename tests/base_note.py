"""Notes for the tests of rules: a base note with some keys changed, checked alone."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import yaml

from ketamine_anki.core.model import Collection, Finding
from ketamine_anki.deckfiles.reader import read_collection, read_deck
from ketamine_anki.deckfiles.shingles import make_shingles, read_shingles
from ketamine_anki.rules.checker import Check
from ketamine_anki.rules.view import View

COLLECTION = b"""
title: Renal Drugs
tag: Renal
namespace: tests/renal
description: For a test.
disclaimer: For a test.
licence: CC BY 4.0
topic: [diuretics]
spelling: US
decks: [First Part]
"""
SOURCE = b"""
title: A Text
sections:
  - slug: kidney
    title: Kidney
    paragraphs:
      - cites: [problem/1, entry/2]
        claims:
          - {id: C-1, claim: Water leaves., domain: First Part, importance: core, kind: stated}
          - {id: C-2, claim: Salt leaves., domain: First Part, importance: supporting, kind: stated, caveat: required}
      - cites: [problem/3]
        claims:
          - {id: C-4, claim: Salt comes back., domain: First Part, importance: supporting, kind: stated}
      - claims:
          - {id: C-5, claim: Roots drink., domain: First Part, importance: supporting, kind: stated}
"""
REFERENCES = b"""
references:
  - {key: checked-2020, citation: 'A. T. 2020', supports: finding}
  - {key: seen-2021, citation: B. T. 2021, supports: citation}
"""
BASE: dict[str, Any] = {
    "id": "base",
    "question": "Which vitamin counters the effect of warfarin?",
    "answer": "Vitamin K",
    "source": "kidney/1",
    "cites": ["problem/1"],
    "claims": ["C-1"],
    "tags": ["Kidney"],
    "yield": "core",
    "skill": "recall",
}
_LISTS = ("evidence", "tags", "cites", "claims")


@cache
def collection() -> Collection:
    """The collection that the base note belongs to, with hashed runs of a text of its own."""
    made, findings = read_collection(("c.yaml", COLLECTION), ("s.yaml", SOURCE), ("r.yaml", REFERENCES))
    assert made is not None
    assert not findings
    shingles, _ = read_shingles("shingles.txt", make_shingles("The quick brown fox jumps over the lazy dog.").encode())
    object.__setattr__(made, "shingles", shingles)
    return made


def citing(text: str, within: Collection) -> Collection:
    """A collection with those of its references that a text cites: each other one would be a finding."""
    cited = {key: work for key, work in within.references.items() if key in text}
    return replace(within, references=cited)


def note(changes: Mapping[str, str]) -> dict[str, Any]:
    """The base note with changes by key; an empty value takes the key away."""
    made = copy.deepcopy(BASE)
    if "text" in changes:
        del made["question"], made["answer"]
    for key, value in changes.items():
        head, _, tail = key.partition(".")
        if not value:
            made.pop(key)
        elif key in _LISTS:
            made[key] = [item.strip() for item in value.strip("[]").split(",")]
        elif tail:
            made.setdefault(head, {})[tail] = value
        else:
            made[key] = value
    return made


def written(*notes: Mapping[str, Any]) -> str:
    """The text of a deck file with some notes."""
    deck = {"deck": "First Part", "notes": [copy.deepcopy(dict(made)) for made in notes]}
    return yaml.dump(deck, Dumper=yaml.CSafeDumper, width=10_000, allow_unicode=True)


def check(*notes: Mapping[str, Any], whole: bool = False, within: Collection | None = None) -> list[Finding]:
    """The findings on some notes; those that the end of the walk brings only with `whole`."""
    text = written(*notes)
    deck, findings = read_deck("deck.yaml", text.encode())
    assert deck is not None
    assert not findings
    walk = Check(citing(text, within or collection()))
    found = [finding for note in deck.notes for finding in walk.note(View(note, walk.collection))]
    return found + (walk.finish() if whole else [])


def rules(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


_EXAMPLE = re.compile(r"^(Bad|Good): (.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


def examples(manual: str) -> list[tuple[str, dict[str, str]]]:
    """("Bad" or "Good", {key: value}) of each example in a rule's manual that is made of `key: value` parts."""
    found = []
    for match in _EXAMPLE.finditer(manual):
        parts = re.findall(r"`([a-z.]+): ([^`]*)`", " ".join(match[2].split()))
        if parts and re.fullmatch(r"(?:`[^`]*`(?:, )?)+", " ".join(match[2].split())):
            found.append((match[1], dict(parts)))
    return found
