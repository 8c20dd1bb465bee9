"""Each text of the table is shown, or refused at its place; the one snapshot of the wording of findings about texts.

`python tests/text/test_texts.py` writes what the program says now into the table; the diff shows what changed.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from invariants import mistakes

from ketamine_anki.text.render import MANUAL, render

TABLE = Path(__file__).with_name("texts.yaml")
MEDIA = {"leaf.png": "leaf-12345678.png"}
ROWS = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CBaseLoader)


def verdict(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the program judges its text now."""
    key = "cloze" if "cloze" in row else "text"
    found = mistakes(row[key], MEDIA, cloze=key == "cloze")
    refused = [f"{one.rule} at {one.start}, {one.fragment}: {one.message}" for one in found]
    shown = render(row[key], MEDIA, cloze=key == "cloze").html
    return {key: row[key]} | ({"refused": refused} if refused else {"shown": shown})


@pytest.mark.parametrize("row", ROWS, ids=[ascii(row.get("text", row.get("cloze")))[:40] for row in ROWS])
def test_a_text_is_shown_or_refused_at_its_place(row: dict[str, Any]) -> None:
    assert verdict(row) == row


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "shown" in row and "cloze" in row], ids=lambda row: row["cloze"]
)
def test_the_cloze_numbers_of_a_text_are_those_of_its_html(row: dict[str, Any]) -> None:
    numbers = {int(number) for number in re.findall(r"\{\{c(\d+)::", row["shown"])}
    assert render(row["cloze"], MEDIA, cloze=True).markup.numbers == sorted(numbers)


def test_what_stands_before_a_text_moves_its_findings_and_nothing_else() -> None:
    """A fragment is looked for where it was read, not where it first stands."""
    for row in ROWS:
        text = row.get("text", "")
        if not text or "\n" in text or re.match(r"[-+#|]|\d+\)|\[x|== ", text):  # what only a line starts with
            continue
        found = [one for one in mistakes(text, MEDIA) if one.fragment and one.fragment in text]
        moved = [one for one in mistakes("leaf.png x " + text, MEDIA) if one.fragment and one.fragment in text]
        assert moved == [one._replace(start=one.start + 11) for one in found], text


def test_rules_of_texts_have_a_manual() -> None:
    rules = {line.split(" at ")[0] for row in ROWS for line in row.get("refused", ())}
    assert set(MANUAL) <= rules <= {*MANUAL, "picture", "limit"}


def table() -> str:
    """The text of the table as the program judges now; comments stay before the rows that they stand before."""
    head, *lines = TABLE.read_text(encoding="utf-8").split("\n")
    comments = {row: f"\n{line}\n" for line, row in pairwise(lines) if line.startswith("#")}
    parts = [f"{head}\n"]
    for row in map(verdict, ROWS):
        (key, text), (outcome, value) = row.items()
        first = f"- {key}: {_quoted(text)}"
        parts += [comments.get(first, ""), f"{first}\n"]
        if outcome == "shown":
            parts.append(f"  shown: {_quoted(value)}\n")
        else:
            parts += ["  refused:\n", *(f"  - {_quoted(line)}\n" for line in value)]
    return "".join(parts)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
