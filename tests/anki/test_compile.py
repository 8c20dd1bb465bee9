"""What a note becomes in Anki; and the identities by which learners' collections know it never change."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_deck

from ketamine_anki.anki.compile import CompiledNote, _cited, compile_note, guid, short_citation, stable_id
from ketamine_anki.anki.package_writer import description
from ketamine_anki.core.model import Places, Reference
from ketamine_anki.release.ledger import hashed_types
from ketamine_anki.text.render import render_note
from ketamine_anki.workspace.folder import Folder

NAMESPACE = "ketamine-anki/clinical-applications"


def test_identities_are_pinned() -> None:
    """Learners' notes and decks are found by them."""
    assert guid(NAMESPACE, "cpp-equation") == "VAEeDiSd01aMP1"
    assert (guid("", ""), guid("ä", "b")) == ("KPdLLBBK6ksM14", "jaZp9OqpBS90e5")
    assert stable_id(NAMESPACE, "deck", "Ketamine Clinical Applications") == 1864215143725


@pytest.mark.parametrize(
    ("note_type", "fields", "tags", "expected"),
    [
        ("question", ("Q", "A"), ("T::a", "T::b"), "f595bc7e68aacb32"),
        ("question", ("Q", "A"), ("T::b", "T::a"), "4aa0dda277f37be2"),
        ("cloze", ('Ä "{{c1::x}}"', "<b>\n"), (), "afc1226cfc550f4a"),
    ],
)
def test_content_hashes_are_pinned(note_type: str, fields: tuple, tags: tuple, expected: str) -> None:
    """Ledgers remember them: otherwise every released note would count as changed, and overwrite learners' edits."""
    one = CompiledNote("id", "guid", note_type, "Deck", fields, tags, (0,))
    other = CompiledNote("other", "guid-2", note_type, "Deck::2", fields, tags, (0, 1), 5, 6, ("a.png",))
    assert one.content_hash == other.content_hash == expected


def test_schemas_of_note_types_are_pinned(real_decks: Path) -> None:
    collection = Folder(str(real_decks)).collection
    assert collection is not None
    hashes = {key: kind.schema for key, kind in hashed_types(collection).items()}
    assert hashes == {"question": "e76a409caf5c8909", "cloze": "27d794f2296c973b"}


def test_guid_depends_on_namespace_and_id_alone(tmp_path: Path) -> None:
    """Wording, subdeck, order, tags and shape of a note do not enter its GUID."""
    one = "[{id: x, question: Who, answer: Me}, {id: y, question: Q, answer: A}]"
    two = "[{id: y, text: '{{c1::A}} b'}, {id: x, text: 'No {{c1::one}}', tags: [Other]}]"
    other = {"02.yaml": small_deck.deck(two, "Second Part")}
    folders = small_deck.write(tmp_path / "a", one), small_deck.write(tmp_path / "b", files=other)
    first, second = ({made.note.id: made.compiled.guid for made in small_deck.compiled(folder)} for folder in folders)
    assert first == second


NOTES = """
- id: all
  question: Is **A** < B?
  answer: Yes & no
  reverse: {question: Back, answer: Front}
  extra: More
  picture: '![A leaf](leaf.png)'
  caution: Mind the sap.
  caveat: A trial differs.
  evidence: [green-2020]
  claims: [C-2]
  yield: supporting
  skill: apply
- id: hidden
  text: A {{c2::b}} c {{c1::d}}
  source: only-section/2
  beyond: Not in the text.
  cites:
  tags: [Zinc, apples]
  retired: {version: 2.0.0, reason: Out of *date*., see: all}
"""
LINKS = (
    '<a href="https://doi.org/10.1000/leaf.1">doi:10.1000/leaf.1</a>'
    ' <a href="https://pubmed.ncbi.nlm.nih.gov/12345678/">PMID 12345678</a>'
)
FULL = f"<ul><li>Green A. On leaves. J Bot. 2020. {LINKS}</li></ul>"
SHORT = '<a href="https://doi.org/10.1000/leaf.1">Green 2020</a>'
ALL = (
    "Is <strong>A</strong> &lt; B?", "Yes &amp; no", "Back", "Front", "More", "Mind the sap.", "A trial differs.",
    '<img src="leaf-6b7fa434.png" alt="A leaf">',
    f"{SHORT} <details><summary>Full references</summary>{FULL}</details>",
    "Only Section, paragraph\xa01", "", "all", "", "",
)  # fmt: skip
HIDDEN = (
    "A {{c2::b}} c {{c1::d}}", "", "", "", "", "",
    "Not in the source text; related passage: Only Section, paragraph\xa02",
    "Retired in version 2.0.0: Out of <em>date</em>. Instead: “Is A &lt; B?”",
    "hidden", "", "",
)  # fmt: skip


def test_compiled_notes(tmp_path: Path) -> None:
    """Every field and tag of a question with everything, and of a retired cloze note."""
    folder = small_deck.write(tmp_path, NOTES, {"media/leaf.png": small_deck.PIXEL})
    (_, question), (_, cloze) = small_deck.compiled(folder)
    assert question.fields == ALL
    assert " ".join(question.tags).replace("Small::", "") == (
        "Concept::Plants Domain::First_Part Flag::Caution Flag::Derived Flag::Evidence_nuance Ref::Problem::1"
        " Section::Only_Section Skill::3-Apply Yield::2-Supporting"
    )
    assert (question.cards, question.number, question.index) == ((0, 1), 1, 0)
    assert question.pictures == ("leaf.png",)
    assert cloze.fields == HIDDEN
    assert " ".join(cloze.tags).replace("Small::", "") == (
        "Concept::apples Concept::Zinc Domain::First_Part Flag::Beyond_source Retired::2.0.0 Section::Only_Section"
        " Skill::1-Recall Yield::1-Core"
    )
    assert (cloze.cards, cloze.deck, cloze.index) == ((0, 1), "Small Deck::01 First Part", 1)
    assert (cloze.id, cloze.note_type, cloze.retired) == ("hidden", "cloze", "2.0.0")
    assert (question.guid, question.retired) == (guid("tests/small", "all"), "")


@pytest.mark.parametrize(
    ("access", "source", "page"),
    [
        ("", "Only Section, paragraph\xa01", "“A Small Text”"),
        ("not public", "Only Section, paragraph\xa01 <nobr>(not public)</nobr>", "“A Small Text” (not public)"),
        (
            "https://example.org/?a&b",
            '<a href="https://example.org/?a&amp;b">Only Section, paragraph\xa01</a>',
            '“A Small Text” (<a href="https://example.org/?a&amp;b">https://example.org/?a&amp;b</a>)',
        ),
    ],
)
def test_the_source_leads_to_the_text_or_says_where_it_is(access: str, source: str, page: str, tmp_path: Path) -> None:
    text = small_deck.SOURCE.replace("sections:", f"access: {access}\nsections:") if access else small_deck.SOURCE
    folder = small_deck.write(tmp_path, "- {question: 'Which gas?', answer: Oxygen}", {"source.yaml": text})
    ((_, compiled),) = small_deck.compiled(folder)
    assert (compiled.fields[9], compiled.cards) == (source, (0,))
    collection = Folder(folder).collection
    assert collection
    assert f"<p>Curated from the text {page}</p>" in description(collection)


@pytest.mark.parametrize(
    ("citation", "short"),
    [
        ("Green A. Title. J Bot 2020;1(2):3-4", "Green 2020"),
        ("Green A, Leaf-Root BC. Title. J Bot 2020;1(2):3-4", "Green and Leaf-Root 2020"),
        ("Green A, Leaf B, Root C. Guideline: 2011 update. J Bot 2020;57:449-461", "Green et al. 2020"),
        ("Green A et al. Title of 2011. J Bot; published online 9 Dec 2025", "Green et al. 2025"),
        ("Långsjö JW, van der Berg D. Title? J Bot 2005;103(2):1995-2003", "Långsjö and van der Berg 2005"),
        ("US Food and Drug Administration. Warning; Oct 2023", "US Food and Drug Administration 2023"),
        ("Green A, Leaf B; Academy of Botany. Guideline. J Bot 2019;1:2", "Green and Leaf 2019"),
        ("Nobody knows when", "Nobody knows when"),
    ],
)
def test_a_citation_is_shortened_to_authors_and_year(citation: str, short: str) -> None:
    assert short_citation(citation) == short


@pytest.mark.parametrize(
    ("citation", "addresses", "full"),
    [
        ("A title", {"pmid": "1"}, 'A title. <a href="https://pubmed.ncbi.nlm.nih.gov/1/">PMID 1</a>'),
        ("A title?", {"doi": "10.1/a", "url": "https://a.b"}, 'A title? <a href="https://doi.org/10.1/a">doi:10.1/a</a>'),
        ("A <title>!", {"url": "https://a.b/?c&d"}, 'A &lt;title&gt;! <a href="https://a.b/?c&amp;d">https://a.b/?c&amp;d</a>'),
        ("A title.", {"pmcid": "PMC1"}, 'A title. <a href="https://pmc.ncbi.nlm.nih.gov/articles/PMC1/">PMC1</a>'),
    ],
)  # fmt: skip
def test_a_full_citation_ends_with_links_to_the_work(citation: str, addresses: dict[str, str], full: str) -> None:
    assert _cited(Reference("k", citation, Places("", (), {}), **addresses))[1] == full


@pytest.mark.parametrize("command", ["[sound:x.mp3]", "[latex]x", r"\(x\)", "[[type:Front]]", "[anki:play:q:0]"])
def test_no_command_of_anki_that_markdown_puts_together_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The last look at rendered HTML, whatever the renderer makes of a text that was found harmless as typed."""
    html = f"<em>a</em> {command}"
    monkeypatch.setattr("ketamine_anki.text.markdown.markdown_html", lambda *_: (html, []))
    folder = Folder(str(small_deck.write(tmp_path, "- {question: '*a* b', answer: A}")))
    assert folder.collection is not None
    (note,) = next(iter(folder.decks())).notes
    texts = render_note(note, folder.collection)
    assert command[:5] in compile_note(note, folder.collection, texts).fields[0]
    assert [finding.rule for finding in texts["question"].findings] == ["anki-command"]
