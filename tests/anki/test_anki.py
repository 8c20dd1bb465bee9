"""The packages in the real Anki: what a learner gets from the real deck, and from one with everything."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import engine
import pytest
import small_deck
from anki.collection import Collection

from ketamine_anki.anki.cards import cards
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.workspace.folder import Folder

EVERYTHING = r"""
- id: plain
  question: Is pressure < 5 & > 3, "quoted"?
  answer: 5 < 7 & 7 > 5; \&lt; stays
- id: pair
  question: What does **MAP** stand for?
  answer: Mean arterial pressure
  reverse:
    question: Which abbreviation is used for mean arterial pressure?
    answer: '*MAP*'
  claims: [C-2]
- id: pictured
  question: Where is the leaf?
  answer: On the `twig`, see [there](https://example.org/a?b=1&c=2)
  picture: '![A leaf < "stem" & root](leaf.png)'
  caveat: A trial of 2020 differs.
  evidence: [green-2020]
- id: listed
  question: Which parts has a plant?
  answer: |-
    - root $r_1 < r_2$
    - stem

      1. wood
      2. bark
  extra: |-
    | part | use |
    |:-----|----:|
    | root | $\frac{a}{b^{2}}$ |
    | a \| b | price from $5 to $9 |
- id: right-to-left
  question: מהו לחץ דם?
  answer: ضغط الدم ‏(BP)‏
- id: math
  question: Which equation gives CPP?
  answer: $CPP = MAP - ICP$
  extra: |-
    $$
    \begin{aligned} a &< b \\ b &> c \end{aligned}
    $$
- id: nested
  text: The {{c1::heart pumps {{c2::blood}} through the {{c3::body::where}}}} all day.
- id: cloze-in-math
  text: The law $P = {{c1::Q \times {{c2::R}}}}$ and {{c1::$\frac{a}{b^{2}}$}} hold, {{c3::$x^{y^{z}}$::a power}}.
- id: cloze-of-markdown
  text: |-
    - The root takes {{c1::*water* & salts}}
    - The leaf takes {{c2::CO\~2\~ < 1 %}}

    | part | gas |
    |------|-----|
    | leaf | {{c3::**oxygen**}} |
- id: cloze-code
  text: Run {{c1::`a::b`}} and then {{c2::`x`::which \| letter}}.
- {id: braces, question: 'What does `{{ x }}` show?', answer: '`{{c1::y}}` and `{{/x}}`'}
- {id: cloze-braces, text: '`{{a}}` gives {{c1::`{{b}}::{{c}}`}}.'}
- id: retired
  question: Is it old, or "new"?
  answer: Old
  retired: {version: 2.0.0, reason: Out of *date*.}
- id: lines
  question: |-
    One line,
    a second?
  answer: |-
    First paragraph.

    Second\
    broken.
"""


SECOND = """
- id: other-deck
  question: Who drinks?
  answer: Roots
  source: only-section/2
  cites:
  claims: [C-3]
"""


def write_everything(folder: Path) -> Path:
    """A small collection that uses all that notes can hold."""
    files = {"media/leaf.png": small_deck.PIXEL, "02-second.yaml": small_deck.deck(SECOND, "Second Part")}
    return small_deck.write(folder, EVERYTHING, files)


def test_real_deck_is_accepted(learner: Collection, real_package: Path, real_decks: Path) -> None:
    """All notes new, every card sound, subdecks and tags as promised, a second import without effect."""
    notes = small_deck.rows(real_package, "select guid, tags from notes")
    assert engine.import_package(learner, real_package) == {"new": len(notes)}

    folder = Folder(str(real_decks))
    assert folder.collection is not None
    title = folder.collection.title
    names = {deck.name for deck in learner.decks.all_names_and_ids()} - {"Default"}
    assert names == {title} | {f"{title}::{n:02d} {name}" for n, name in enumerate(folder.collection.decks, 1)}
    for name in names:
        deck = learner.decks.by_name(name)
        assert deck is not None
        assert "not medical advice" in deck["desc"]
        assert "CC BY 4.0" in deck["desc"]
        for search in re.findall(r"<code>(tag:.*?)</code>", deck["desc"]):
            assert learner.find_cards(search) or "::Changed::" in search, search

    assert dict(learner.db.all("select guid, tags from notes")) == dict(notes)
    before = engine.contents(learner)
    assert engine.import_package(learner, real_package) == {"duplicate": len(notes)}
    assert engine.contents(learner) == before
    assert engine.problems(learner) == []
    authored = [note.id for deck in folder.decks() for note in deck.notes if note.retired is None]
    ours = [face for face in rendered_by_us(real_decks) if face.note_id in authored]
    assert ours == engine.rendered(learner), "note-type CSS included"

    taught = []
    for deck in sorted(learner.decks.all_names_and_ids(), key=lambda deck: deck.name):
        for card in learner.db.list("select id from cards where did = ? and queue = 0 order by due, ord", deck.id):
            name = learner.get_card(card).note()["ID"]
            taught += [name] if name not in taught[-1:] else []
    assert taught == authored, "new cards of a subdeck come in the order of its file"


def test_split_packages_are_the_whole(learner: Collection, real_output: Path, real_package: Path) -> None:
    """The packages of --split, imported one by one, give what the whole package gives."""
    parts = sorted(set(real_output.glob("*.apkg")) - {real_package})
    assert len(parts) == 9
    for part in parts:
        assert set(engine.import_package(learner, part)) == {"new"}
    everything = "select guid, tags, flds from notes order by guid"
    assert [tuple(row) for row in learner.db.all(everything)] == small_deck.rows(real_package, everything)
    assert set(engine.import_package(learner, real_package)) == {"duplicate"}


Faces = dict[tuple[str, int], engine.Face]


def rendered_by_us(folder: Path) -> list[engine.Face]:
    kinds = note_types(Folder(str(folder)).collection)
    return [
        engine.Face(
            note.id,
            card.ordinal,
            f"<style>{kind.css}</style>{card.question}",
            f"<style>{kind.css}</style>{card.answer}",
        )
        for note, compiled in small_deck.compiled(folder)
        for kind in [kinds[compiled.note_type]]
        for card in cards(compiled, kind)
    ]


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Faces:
    """Each card of the small collection as Anki renders it, which is as we do; by note id and card number."""
    folder = write_everything(tmp_path_factory.mktemp("faces"))
    with closing(engine.open_collection(folder)) as col:
        engine.import_package(col, small_deck.package(folder))
        rendered = engine.rendered(col)
    assert rendered_by_us(folder) == rendered
    return {(face.note_id, face.ordinal + 1): face for face in rendered}


def test_everything_has_the_cards_promised(faces: Faces) -> None:
    cards = {"pair": 2, "nested": 3, "cloze-in-math": 3, "cloze-of-markdown": 3, "cloze-code": 2}
    assert sorted(faces) == [
        (name, n) for name in sorted({name for name, _ in faces}) for n in range(1, cards.get(name, 1) + 1)
    ]


@pytest.mark.parametrize(
    ("note", "card", "question", "answer"),
    [
        ("plain", 1, 'Is pressure < 5 & > 3, "quoted"?', "5 < 7 & 7 > 5; &lt; stays"),
        ("pair", 2, "Which abbreviation is used for mean arterial pressure?", "MAP"),
        ("pictured", 1, "Where is the leaf?", "On the twig, see there"),
        ("right-to-left", 1, "מהו לחץ דם?", "ضغط الدم ‏(BP)‏"),
        ("math", 1, "Which equation gives CPP?", r"\(CPP = MAP - ICP\)"),
        ("lines", 1, "One line, a second?", "First paragraph. Second broken."),
        ("braces", 1, "What does {{ x }} show?", "{{c1::y}} and {{/x}}"),
        ("cloze-braces", 1, "{{a}} gives [...].", "{{b}}::{{c}}"),
        ("nested", 1, "The [...] all day.", "heart pumps blood through the body"),
        ("nested", 2, "The heart pumps [...] through the body all day.", "blood"),
        ("nested", 3, "The heart pumps blood through the [where] all day.", "body"),
        ("cloze-in-math", 2, r"The law \(P = Q \times [...]\) and \(\frac{a}{b^{2} }\) hold, \(x^{y^{z} }\).", "R"),
        (
            "cloze-of-markdown",
            1,
            "The root takes [...] The leaf takes CO~2~ < 1 % part gas leaf oxygen",
            "water & salts",
        ),
        ("cloze-code", 1, "Run [...] and then x.", "a::b"),
        ("cloze-code", 2, "Run a::b and then [which | letter].", "x"),
    ],
)
def test_learner_sees(faces: Faces, note: str, card: int, question: str, answer: str) -> None:
    """What Anki's own renderer shows of a card."""
    face = faces[note, card]
    assert engine.visible(face.question) == question
    assert engine.answer_of(face) == answer


def test_back_shows_where_it_comes_from(faces: Faces) -> None:
    page = faces["pictured", 1].answer
    assert engine.visible(page, "picture") == 'A leaf < "stem" & root'
    assert engine.visible(page, "caveat") == "Evidence A trial of 2020 differs."
    assert engine.visible(page, "evidence") == (
        "References Green 2020 Full references Green A. On leaves. J Bot. 2020. doi:10.1000/leaf.1 PMID 12345678"
    )
    assert engine.visible(page, "source") == "Source Only Section, paragraph 1"
    assert engine.visible(page, "note-id") == "Card pictured"


def test_edited_note_is_updated_in_place(learner: Collection, tmp_path: Path) -> None:
    """A correction arrives in the note the learner already has; its schedule and all else stay."""
    everything = write_everything(tmp_path / "everything")
    assert engine.import_package(learner, small_deck.package(everything)) == {"new": 15}
    for card in [*learner.find_cards("ID:plain"), *learner.find_cards("ID:nested")]:
        learner.sched.set_due_date([card], "17!")
    kept = "select id, nid, did, ord, type, queue, due, ivl, factor, reps, lapses, data from cards order by id"
    cards, others = learner.db.all(kept), learner.db.all("select * from notes where flds not like '%\x1fplain\x1f%'")

    deck = everything / "01-first.yaml"
    small_deck.replace(deck, r"5 < 7 & 7 > 5; \&lt; stays", "corrected")
    plain = learner.find_notes("ID:plain")[0]
    guid = learner.get_note(plain).guid
    later = small_deck.package(everything, everything / "later.apkg", times={guid: 1_700_000_001})

    assert engine.import_package(learner, later) == {"updated": 1, "duplicate": 14}
    assert learner.get_note(plain)["Answer"] == "corrected"
    assert learner.get_note(plain).guid == guid
    assert learner.db.all(kept) == cards
    assert learner.db.all("select * from notes where flds not like '%\x1fplain\x1f%'") == others
    assert engine.problems(learner) == []
