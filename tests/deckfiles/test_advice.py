"""Mistakes of the kinds made most often: one message, at their line, and advice that keeps the meaning."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import advice
import mistakes
import pytest

from ketamine_anki.core.model import Collection, Finding
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.text.plain import plain
from ketamine_anki.text.render import render_note
from ketamine_anki.workspace.folder import Folder

GOOD = Path(__file__).parents[1] / "rules" / "good"


@cache
def collection() -> Collection:
    read = Folder(GOOD).collection
    assert read is not None
    return read


def judged(text: str) -> tuple[list[Finding], list[Any]]:
    """The findings on a deck file, and what its cards show, spaces and marks apart."""
    deck, findings = read_deck("01-first.yaml", text.encode())
    shown = []
    for note in deck.notes if deck else ():
        rendered = render_note(note, collection())
        findings += [finding for one in rendered.values() for finding in one.findings]
        texts = {key: signs(plain(one.html)) for key, one in rendered.items()}
        shown.append((note.id, texts, note.source, note.tags, note.claims, note.cites, note.importance, note.skill))
    return sorted(findings), shown


def signs(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum() or sign in "<>=|%+")


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", mistakes.KINDS)
def test_one_mistake_one_message_whose_advice_keeps_the_meaning(kind: str, seed: int) -> None:
    mistake = mistakes.made(kind, seed)
    text = mistake.text
    findings, _ = judged(text)
    assert [finding.position.line for finding in findings] == [mistake.line], findings
    while findings:  # `answer：x` lacks a space, too
        text = advice.follow(text, findings[0])
        before, (findings, _) = findings, judged(text)
        assert findings != before, "the advice changes nothing"
    assert judged(text) == judged(mistake.meant)


# Code, and what else starts with a sign of YAML's own.
CODE = r"""{'a': 1} | {a} | {"a": 1} | {a: 1, b} | {%s} | {a}: b | [a] | ['a', "b"] | [1, 2][0] | [*a] | [&a, !b]
    [a]: b | {[a]: b} | [] | {} | *args | &x | !x | !important 'a' | %d | %s's | @property | `x` | `x`: 'y' | - x | -x
    [x for x in y] | ?x | ? x | > x | | x | 'a' or 'b' | "a" or 'b' | ''a'' | ""a"" | #include | #fff; 'a'
    a: b | a: 'b' | it's: a | a #b | it's #b | "a\d" | "it's \d" """


@pytest.mark.parametrize("answer", [each.strip() for each in re.split(r" \| (?!x)|\n", CODE)])
def test_advice_on_code_keeps_it(answer: str) -> None:
    text = mistakes.SOUND.replace("Carbon dioxide\n", f"{answer}\n", 1)
    for _ in range(3):
        deck, findings = read_deck("d.yaml", text.encode())
        if not findings:
            break
        assert len(findings) == 1
        text = advice.follow(text, findings[0])
    assert findings == []
    assert deck.notes[0].answer == answer


@pytest.mark.parametrize(
    ("marker", "line"), [("<<<<<<< HEAD", 5), ("||||||| base", 5), (">>>>>>> theirs", 5), ("```", 0)]
)
@pytest.mark.parametrize("style", ["|-", ">-", "'"])
def test_a_merge_marker_in_a_text_is_found_and_one_in_code_is_an_example(marker: str, line: int, style: str) -> None:
    block = f"{marker}\n      <<<<<<< HEAD\n      ```" if marker == "```" else marker
    text = mistakes.SOUND.replace("Carbon dioxide", f"{style}\n      {block}" + "\n      '" * (style == "'"), 1)
    findings, _ = judged(text)
    assert [finding.position.line for finding in findings if "a merge" in finding.message] == [line + 1] * bool(line)
