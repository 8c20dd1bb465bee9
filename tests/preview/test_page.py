"""The preview page as a value: what stands on it, and that nothing on it can load or run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
import small

from ketamine_anki.anki.cards import cards
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Finding, Position
from ketamine_anki.preview.links import links
from ketamine_anki.preview.marks import marked
from ketamine_anki.preview.page import Comparison, Shown, on_page, page
from ketamine_anki.workspace.folder import Folder

NOTES = """
- question: Which gas do plants take up?
  answer: $CO_2$
  picture: '![A leaf](leaf.png)'
- text: Plants give off {{c1::oxygen}} and take up {{c2::water}}.
  caveat: Not at night.
  evidence: [green-2020]
  claims: [C-2]
"""


def no_link(position: Position) -> str:
    return ""


def shown(folder: Path) -> list[Shown]:
    return [Shown(made.note, made.compiled) for made in small.compiled(folder)]


def page_of(folder: Path, notes: str = NOTES, **options) -> str:
    small.write(folder, notes, {"media/leaf.png": small.PIXEL})
    return page(Folder(str(folder)).collection, shown(folder), **({"link": no_link} | options))


def data_of(html: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1])


def test_every_card_of_the_deck_stands_there_as_anki_shows_it(real_decks: Path) -> None:
    """The shadow root of each face holds the HTML of `cards`; only math and pictures are replaced."""
    collection = Folder(str(real_decks)).collection
    notes = shown(real_decks)
    html = page(collection, notes, link=no_link)
    kinds = note_types(collection.repository)
    expected = [
        f'<div class="card card{card.ordinal + 1}">{on_page(side)}</div>'
        for note in notes
        for card in cards(note.compiled, kinds[note.compiled.note_type])
        for side in (card.question, card.answer)
    ]
    assert re.findall(r'<template shadowrootmode="open">(.*?)</template>', html, re.DOTALL) == expected


def test_policy_names_this_style_and_script_only(tmp_path: Path) -> None:
    html = page_of(tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    for kind in ("style", "script"):
        text = re.search(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    assert "connect-src 'self'" in page_of(tmp_path, live=True)


def test_nothing_on_the_page_would_load_or_run(tmp_path: Path) -> None:
    html = page_of(tmp_path)
    body = html[html.index("<body>") :]
    assert not re.search(r"<(?:img|iframe|link|object|embed)[^>]*\s(?:src|href|data)=", body)
    assert not re.search(r"<[^>]*\son\w+=", body.replace(data := re.search(r"<script.*", body, re.DOTALL)[0], ""))
    assert "</script" not in data.split("</script>")[0]


def test_picture_is_stored_once_in_a_table(tmp_path: Path) -> None:
    """One picture on question, answer and notes costs its bytes once."""
    html = page_of(tmp_path, NOTES.replace("- text:", "- picture: '![A leaf](leaf.png)'\n  text:"))
    pictures = data_of(html)["pictures"]
    (name,) = pictures
    assert re.fullmatch(r"leaf-[0-9a-f]{8}\.png", name)
    assert base64.b64decode(pictures[name].removeprefix("data:image/png;base64,")) == small.PIXEL
    assert html.count(f'data-picture="{name}"') == 3


def test_css_of_the_note_types_asks_the_frame_for_its_width(tmp_path: Path) -> None:
    css = data_of(page_of(tmp_path))["css"]
    assert set(css) == {"question", "cloze"}
    assert "@container (max-width: 480px)" in css["question"]
    assert "@media" not in css["question"]


def test_counts_and_coverage(tmp_path: Path) -> None:
    files = {"source.yaml": small.SOURCE.replace("importance: colour, kind: stated", "importance: core, kind: stated")}
    small.write(tmp_path, NOTES, files | {"media/leaf.png": small.PIXEL})
    html = page(Folder(str(tmp_path)).collection, shown(tmp_path), link=no_link)
    assert "<p>2 notes, 3 cards</p>" in html
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html, re.DOTALL)
    texts = {
        name: re.sub(r"<.*?>", "|", cells).replace("||", "|").strip("|").split("|") for name, cells in reversed(rows)
    }
    plain = {name: [cell for cell in cells if cell] for name, cells in texts.items()}
    assert plain["First Part"] == ["2", "3", "1 of 1", "–"]
    assert plain["Second Part"] == ["0", "0", "0 of 1", "–"]
    assert plain["Only Section"] == ["2", "3", "1 of 2", "–"]
    untested = re.search(r'<section id="claims".*?</section>', html, re.DOTALL)[0]
    assert re.findall(r"C-\d", untested) == ["C-3"]


def test_findings_stand_on_the_page_and_on_their_note(tmp_path: Path) -> None:
    small.write(tmp_path, NOTES, {"media/leaf.png": small.PIXEL})
    first, second = shown(tmp_path)
    finding = Finding(Position("01-first.yaml", 3, 7), "some-rule", "wrong <word>")
    html = page(
        Folder(str(tmp_path)).collection,
        [Shown(first.note, first.compiled, (finding,)), second],
        [finding],
        link=lambda position: f"x#L{position.line}",
    )
    assert '<a href="x#L3">01-first.yaml:3:7</a>: wrong &lt;word&gt; <code>some-rule</code>' in html
    assert html.count("wrong &lt;word&gt;") == 2
    assert '<option value="Finding">Finding (1)</option>' in html


def test_note_leads_to_its_line(tmp_path: Path) -> None:
    html = page_of(tmp_path, link=lambda position: f"x#L{position.line}")
    line = 1 + (tmp_path / "01-first.yaml").read_text(encoding="utf-8").split("\n").index("- id: note-2")
    assert f'<a class="place" href="x#L{line}">' in html


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("repository", "https://github.com/o/n/blob/HEAD/decks/a%20b.yaml#L3"),
        ("vscode", "vscode://file/{}/decks/a%20b.yaml:3:7"),
        ("file", "../decks/a%20b.yaml"),
        ("none", ""),
    ],
)
def test_links(tmp_path: Path, kind: str, address: str) -> None:
    link = links(kind, tmp_path / "dist", "https://github.com/o/n", tmp_path)
    place = Position(str(tmp_path / "decks" / "a b.yaml"), 3, 7)
    assert link(place) == address.format(str(tmp_path).strip("/"))


def test_no_link_to_a_repository_that_does_not_hold_the_file(tmp_path: Path) -> None:
    place = Position(str(tmp_path / "a.yaml"), 1, 1)
    assert links("repository", tmp_path, "https://github.com/o/n", tmp_path / "elsewhere")(place) == ""
    assert links("repository", tmp_path, "https://github.com/o/n", None)(place) == ""
    assert links("repository", tmp_path, "", tmp_path)(place) == ""


# --- against an older state -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "marks"),
    [
        ("the rate falls", "the rate rises", ("the rate <del>falls</del>", "the rate <ins>rises</ins>")),
        ("a b", "a b", ("a b", "a b")),
        ("", "<b>new</b>", ("", "<b><ins>new</ins></b>")),
        ("a <b>c d</b>", "a <b>c</b> e", ("a <b>c <del>d</del></b>", "a <b>c</b> <ins>e</ins>")),
        (r"\(a-b\)", r"\(a+b\)", (r"<del>\(a-b\)</del>", r"<ins>\(a+b\)</ins>")),
        ("x &lt; y", "x &gt; y", ("x <del>&lt;</del> y", "x <ins>&gt;</ins> y")),
    ],
)
def test_words_that_differ_are_marked(before: str, after: str, marks: tuple[str, str]) -> None:
    assert marked(before, after) == marks


def against(tmp_path: Path, old: str, new: str) -> str:
    older = small.write(tmp_path / "old", old, {"media/leaf.png": small.PIXEL})
    pictures = {p.packaged: p.data for p in Folder(str(older)).collection.pictures.values()}
    state = Comparison("old", {made.compiled.guid: made.compiled for made in small.compiled(older)}, pictures)
    return page_of(tmp_path / "new", new, old=state)


def test_only_what_is_new_or_changed_is_shown(tmp_path: Path) -> None:
    changed = NOTES.replace("oxygen", "some oxygen") + "- question: Which color have leaves?\n  answer: Green\n"
    html = against(tmp_path, NOTES, changed)
    assert re.findall(r'id="note-(note-\d)"', html) == ["note-2", "note-3"]
    assert "against old: 1 new, 1 changed" in html
    assert "<ins>some </ins>oxygen</span>" in html
    assert "Before: Answer of note-2, card 1" in html
    assert "After: Answer of note-2, card 2" in html
    assert "Before: Answer of note-3" not in html
    assert "No longer there" not in html


def test_cards_that_came_and_went_and_tags(tmp_path: Path) -> None:
    html = against(tmp_path, NOTES, NOTES.replace("{{c2::water}}", "water").replace("claims", "tags: [Sun]\n  claims"))
    assert "Before: Question of note-2, card 2" in html
    assert "After: Question of note-2, card 2" not in html
    assert "<del>Small::Concept::Plants</del> <ins>Small::Concept::Sun</ins>" in html


def test_only_tags_changed(tmp_path: Path) -> None:
    html = against(tmp_path, NOTES, NOTES.replace("claims", "tags: [Sun]\n  claims"))
    assert "No card looks different." in html


def test_note_that_is_gone_is_named(tmp_path: Path) -> None:
    html = against(tmp_path, NOTES, NOTES.partition("- text")[0])
    assert re.search(r"No longer there</h2><ul><li>note-2</li></ul>", html)
    assert not re.findall(r'id="note-(note-\d)"', html)


def test_retired_note_is_shown_and_not_counted(tmp_path: Path) -> None:
    """What is no longer taught tests no claim."""
    html = page_of(tmp_path, NOTES + "  retired: {version: 2.0.0, reason: Out of date.}\n")
    assert "<p>1 note, 1 card</p>" in html
    assert '<option value="Retired">Retired (1)</option>' in html
    assert "C-2" in re.search(r'<section id="claims".*?</section>', html, re.DOTALL)[0]
