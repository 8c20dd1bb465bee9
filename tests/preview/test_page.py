"""The preview page as a value: what stands on it, and that nothing on it can load or run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import small_deck

from ketamine_anki.anki.cards import cards
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.anki.package_reader import read_package
from ketamine_anki.core.model import Finding, Position
from ketamine_anki.preview.baseline import Baseline, marked, notes_of_package
from ketamine_anki.preview.page import PageNote, links, on_page, page
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


def write(folder: Path, notes: str = NOTES) -> Path:
    return small_deck.write(folder, notes, {"media/leaf.png": small_deck.PIXEL})


def page_of(folder: Path, **options) -> str:
    """The page of the collection in a folder, without links."""
    notes = [PageNote(made.note, made.compiled) for made in small_deck.compiled(folder)]
    return "".join(page(Folder(str(folder)).collection, notes, **({"link": lambda at: ""} | options)))


def data_of(html: str) -> str:
    return re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1]


def test_every_card_of_the_deck_stands_there_as_anki_shows_it(real_decks: Path) -> None:
    """The shadow root of each face holds the HTML of `cards`; only math and pictures are replaced."""
    kinds = note_types(Folder(str(real_decks)).collection)
    expected = [
        f'<div class="card card{card.ordinal + 1}">{on_page(side)}</div>'
        for made in small_deck.compiled(real_decks)
        for card in cards(made.compiled, kinds[made.compiled.note_type])
        for side in (card.question, card.answer)
    ]
    html = re.sub(r' src="data:image/[^"]*"', "", page_of(real_decks))
    inside = r'<template shadowrootmode="open"><style>[^<]*</style>(.*?)</template>'
    assert re.findall(inside, html, re.DOTALL) == expected


@pytest.mark.parametrize("live", ["", "1"])
def test_nothing_on_the_page_would_load_or_run(tmp_path: Path, live: str) -> None:
    """The policy allows this style and script only, and asks of the server alone."""
    html = page_of(write(tmp_path), live=live)
    assert json.loads(data_of(html))["live"] == live
    style, plain, script = dict.fromkeys(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", html, re.DOTALL)
    )
    connect = " connect-src 'self';" if live else ""
    assert re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1] == (
        f"default-src 'none'; style-src {style} {plain}; script-src {script}; "
        f"img-src data:;{connect} base-uri 'none'; form-action 'none'"
    )
    body, _, end = html.partition("<body>")[2].partition(data_of(html))
    assert not re.search(r'<(?:img|iframe|link|object|embed)[^>]*\s(?:src|href|data)="(?!data:image/png;)', body)
    assert not re.search(r"<[^>]*\son\w+=", body)
    assert [part.count("<script") for part in (body, data_of(html), end)] == [1, 0, 1]


def test_a_picture_is_stored_where_it_stands_first(tmp_path: Path) -> None:
    """A picture of the same name in the baseline does not replace it."""
    folder = write(tmp_path, NOTES.replace("- text:", "- picture: '![A leaf](leaf.png)'\n  text:"))
    (picture,) = Folder(str(folder)).collection.pictures.values()
    html = page_of(folder, baseline=Baseline("old", {}, {picture.packaged: b"other"}.get))
    first, *others = re.findall(r'data-picture="leaf-[0-9a-f]{8}\.png"( src="data:image/png;base64,.*?")?', html)
    assert base64.b64decode(first.split('"')[1].partition(",")[2]) == small_deck.PIXEL
    assert others == ["", ""]


def test_css_of_the_note_types_asks_the_frame_for_its_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in it ends the element that holds it."""
    kinds = note_types()
    monkeypatch.setitem(kinds, "cloze", kinds["cloze"]._replace(css="</script>"))
    css = json.loads(data_of(page_of(write(tmp_path))))["css"]
    assert css["cloze"].endswith("</script>")
    assert set(css) == {"question", "cloze"}
    assert "@container (max-width: 480px)" in css["question"]
    assert "@media" not in css["question"]


def cells(html: str) -> dict[str, list[str]]:
    """Row -> cells of the tables of coverage; of two rows with one name, the first."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html, re.DOTALL)
    return {name: re.findall(r"<td>(.*?)(?:<svg.*?)?</td>", row, re.DOTALL) for name, row in reversed(rows)}


def test_counts_and_coverage(tmp_path: Path) -> None:
    """What is retired is shown, but not counted, and tests no claim."""
    retired = "- {id: gone, question: 'Q?', answer: A, claims: [C-3], retired: {version: 2.0.0, reason: Old.}}"
    write(tmp_path)
    small_deck.write(
        tmp_path, NOTES, {"02-second.yaml": small_deck.deck(retired, "Second Part"), "media/leaf.png": small_deck.PIXEL}
    )
    (tmp_path / "source.yaml").write_text(small_deck.SOURCE.replace("colour", "core"), encoding="utf-8")
    html = page_of(tmp_path)
    assert "<p>2 notes, 3 cards</p>" in html
    assert '<option value="Retired">Retired (1)</option>' in html
    assert cells(html) == {
        "First Part": ["2", "3", "2 of 2", "–"],
        "Second Part": ["0", "0", "0 of 1", "–"],
        "Only Section": ["2", "3", "2 of 3", "–"],
        "All": ["2", "3", "2 of 3", "–"],
    }
    untested = re.search(r'<section id="claims".*?</section>', html, re.DOTALL)[0]
    assert re.findall(r"C-\d", untested) == ["C-3"]


def test_findings_and_lines(tmp_path: Path) -> None:
    """Findings stand on the page and on their note; both, and each note, lead to their lines."""
    first, second = (PageNote(made.note, made.compiled) for made in small_deck.compiled(write(tmp_path)))
    finding = Finding(Position("01-first.yaml", 3, 7), "some-rule", "wrong <word>")
    notes = [replace(first, findings=(finding,)), second]
    html = "".join(page(Folder(str(tmp_path)).collection, notes, [finding], link=lambda at: f"x#L{at.line}"))
    assert '<a href="x#L3">01-first.yaml:3:7</a>: wrong &lt;word&gt; <code>some-rule</code>' in html
    assert html.count("wrong &lt;word&gt;") == 2
    assert '<option value="Finding">Finding (1)</option>' in html
    line = 1 + (tmp_path / "01-first.yaml").read_text(encoding="utf-8").split("\n").index("- id: note-2")
    assert f'<a class="place" href="x#L{line}">' in html


def test_links(tmp_path: Path) -> None:
    """None leads to a repository that does not hold the file."""
    place = Position(str(tmp_path / "decks" / "a b.yaml"), 3, 7)
    repository = "https://github.com/o/n"
    addresses = {
        ("repository", repository, tmp_path): f"{repository}/blob/HEAD/decks/a%20b.yaml#L3",
        ("repository", repository, tmp_path / "elsewhere"): "",
        ("repository", repository, None): "",
        ("repository", "", tmp_path): "",
        ("vscode", "", None): f"vscode://file/{str(tmp_path).strip('/')}/decks/a%20b.yaml:3:7",
        ("file", repository, tmp_path): "../decks/a%20b.yaml",
        ("none", repository, tmp_path): "",
    }
    for (kind, address, root), expected in addresses.items():
        assert links(kind, tmp_path / "dist", address, root)(place) == expected, kind


# --- compared with a baseline -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "marks"),
    [
        ("the rate falls", "the rate rises", ("the rate <del>falls</del>", "the rate <ins>rises</ins>")),
        ("a b", "a b", ("a b", "a b")),
        ("", "<b>new</b>", ("", "<b><ins>new</ins></b>")),
        ("a <b>c d</b>", "a <b>c</b> e", ("a <b>c <del>d</del></b>", "a <b>c</b> <ins>e</ins>")),
        (r"\(a-b\)", r"\(a+b\)", (r"<del>\(a-b\)</del>", r"<ins>\(a+b\)</ins>")),
        ("x &lt; y", "x &gt; y", ("x <del>&lt;</del> y", "x <ins>&gt;</ins> y")),
        ("1 < 2", "1 2", ("1 <del>< </del>2", "1 2")),
    ],
)
def test_words_that_differ_are_marked(before: str, after: str, marks: tuple[str, str]) -> None:
    assert marked(before, after) == marks


def against(tmp_path: Path, new: str) -> str:
    """The page of new notes compared with NOTES."""
    old = write(tmp_path / "old")
    pictures = {p.packaged: p.data for p in Folder(str(old)).collection.pictures.values()}
    baseline = Baseline("old", {made.compiled.guid: made.compiled for made in small_deck.compiled(old)}, pictures.get)
    return page_of(write(tmp_path / "new", new), baseline=baseline)


def test_only_what_is_new_or_changed_is_shown(tmp_path: Path) -> None:
    changed = NOTES.replace("oxygen", "some oxygen") + "- question: Which color have leaves?\n  answer: Green\n"
    changed += "- {question: 'q?', answer: a, retired: {version: 1.1.0, reason: r}}\n"  # packages leave it out
    html = against(tmp_path, changed)
    assert re.findall(r'id="note-(note-\d)"', html) == ["note-2", "note-3"]
    assert "against old: 1 new, 1 changed" in html
    assert "<ins>some </ins>oxygen</span>" in html
    assert "Before: Answer of note-2, card 1" in html
    assert "After: Answer of note-2, card 2" in html
    assert "Before: Answer of note-3" not in html
    assert "No longer there" not in html


def test_what_is_gone(tmp_path: Path) -> None:
    """A card, a tag, a note."""
    html = against(tmp_path / "card", NOTES.replace("{{c2::water}}", "water"))
    assert "Before: Question of note-2, card 2" in html
    assert "After: Question of note-2, card 2" not in html
    html = against(tmp_path / "tag", NOTES.replace("claims", "tags: [Sun]\n  claims"))
    assert "<del>Small::Concept::Plants</del> <ins>Small::Concept::Sun</ins>" in html
    assert "No card looks different." in html
    html = against(tmp_path / "note", NOTES[: NOTES.index("- text")])
    assert "No longer there</h2><ul><li>note-2</li></ul>" in html
    assert 'id="note-note' not in html


@pytest.mark.parametrize(
    ("field", "harmless"),
    [
        ('a <b>c</b><br> <img src="x.png" alt="y">', 'a <b>c</b><br> <img src="x.png" alt="y">'),
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("</template><meta http-equiv=refresh>", "&lt;/template>&lt;meta http-equiv=refresh>"),
        ('<img src="x" onerror="y">', '&lt;img src="x" onerror="y">'),
        ('<b style="x">', '&lt;b style="x">'),
        ("a < b <", "a &lt; b &lt;"),
    ],
)
def test_a_strangers_package_brings_no_elements_that_act(field: str, harmless: str, tmp_path: Path) -> None:
    """And no notes of note types that are not ours."""
    contents = read_package(small_deck.package(write(tmp_path)).read_bytes())
    note = replace(contents.notes[0], fields={**contents.notes[0].fields, "Answer": field})
    cloze = replace(contents.notes[1], fields={"ID": "x", "Text": "{{c0::a}} {{c2::b}}"}, guid="cloze")
    foreign = replace(contents.notes[1], fields={"Front": "a"}, guid="other")
    notes = notes_of_package(replace(contents, notes=(note, cloze, foreign)))
    assert list(notes) == [note.guid, "cloze"]
    assert notes["cloze"].cards == (1,)
    assert notes[note.guid].fields[1] == harmless


def test_a_package_gives_back_the_notes_that_were_compiled(tmp_path: Path) -> None:
    reversed_pair = "- {question: 'A?', answer: B, reverse: {question: 'C?', answer: D}, tags: [b, A, B2]}"
    folder = write(tmp_path, NOTES + reversed_pair)
    notes = notes_of_package(read_package(small_deck.package(folder).read_bytes()))
    for made in small_deck.compiled(folder):
        assert replace(notes[made.compiled.guid], number=1, index=made.compiled.index) == replace(
            made.compiled, pictures=()
        )
