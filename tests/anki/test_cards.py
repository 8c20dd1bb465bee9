"""Our HTML of a card is Anki's HTML of that card, byte for byte."""

from __future__ import annotations

import engine
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketamine_anki.anki.cards import render_template


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory):
    """A function (front, back, fields) -> [(ordinal, question, answer)] that asks the real engine."""
    col = engine.open_collection(tmp_path_factory.mktemp("judge"))
    kind = col.models.new("judge")
    kind["type"] = 1
    for name in ("Text", "Extra"):
        col.models.add_field(kind, col.models.new_field(name))
    template = col.models.new_template("Card")
    template["qfmt"] = "{{cloze:Text}}{{#Extra}}E{{Extra}}{{/Extra}}{{^Extra}}no {{ Extra }}{{/Extra}}"
    template["afmt"] = "{{FrontSide}}<hr>{{#Extra}}{{#Text}}both{{/Text}}{{/Extra}}{{cloze:Text}}"
    col.models.add_template(kind, template)
    col.models.add_dict(kind)
    kind = col.models.by_name("judge")

    def ask(text: str, extra: str = "") -> list[tuple[int, str, str]]:
        note = col.new_note(kind)
        note["Text"], note["Extra"] = text, extra
        col.add_note(note, 1)
        outputs = [(card.ord, card.render_output()) for card in note.cards()]
        col.remove_notes([note.id])
        return [(ordinal, out.question_text, out.answer_text) for ordinal, out in outputs]

    def answer(text: str, extra: str, number: int) -> tuple[int, str, str]:
        fields = {"Text": text, "Extra": extra}
        question = render_template(template["qfmt"], fields, number)
        back = render_template(template["afmt"], {**fields, "FrontSide": question}, number, answer=True)
        return number - 1, question, back

    yield lambda text, extra="": (ask(text, extra), lambda number: answer(text, extra, number))
    col.close()


@pytest.mark.parametrize(
    "text",
    [
        "{{c1::a {{c1::b}} c::h}}",
        "{{c2::a {{c1::b::in}} c::h}}",
        "{{c1::a::h {{c2::x}} y}}",
        "{{c1::::h}} a {{c2::a:::b}} {{c3::a::}} {{c4::}}",
        r"x \({{c1::a}} = {{c2::b::h}} &lt; c\) <b>{{c1::<i>q</i>&amp;\"z'}}</b>",
        r"{{c1::\(a\) b::\(h {{c2::z}}\)}}",
        r"\({{c1::a\) b}} \(c",
        "{{c1::a}} }} b {{c2::c",
        "{{c1::a {{b}} c}}",
        "{{{c1::a}}} {{C2::b}} {{c2 ::b}}",
        "{{c0::x}} {{c10::y}} {{c02::z\tz\nz}}",
        "{{c1::" + "".join(map(chr, [*range(32, 127), *range(160, 400)])) + "}}",
    ],
)
def test_cloze_equals_anki(judge, text: str) -> None:
    theirs, ours = judge(text)
    assert theirs
    assert [ours(ordinal + 1) for ordinal, *_ in theirs] == theirs


@pytest.mark.parametrize(
    "extra",
    ["", "<br>", " <div></div>\n", "<BR />", "<div> <br > </div>", "\t\n", "&nbsp;", "\u3000", "<p></p>", "0", "{{x}}"],
)
def test_sections_of_empty_fields_equal_anki(judge, extra: str) -> None:
    theirs, ours = judge("{{c1::a}}", extra)
    assert [ours(1)] == theirs


SYNTAX = ["{{c1::", "{{c2::", "{{c3::", "}}", "::", "\\(", "\\)", "\\[", "\\]", "{{", "{", "}", ":", "c1::", "$"]
PIECE = st.sampled_from([*SYNTAX, "a", " b ", "&lt;", "<b>", "</b>", "<br>", '"', "'", "é", "“", "x^{2} "])


@settings(max_examples=50)
@given(pieces=st.lists(PIECE, max_size=14), extra=st.sampled_from(["", "x", "<br>"]))
def test_any_cloze_text_equals_anki(judge, pieces: list[str], extra: str) -> None:
    """Whatever stands in a field, broken or not: each card that Anki can show is shown alike."""
    theirs, ours = judge("".join(pieces), extra)
    shown = [card for card in theirs if "found on card" not in card[1]]
    assert [ours(ordinal + 1) for ordinal, *_ in shown] == shown


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{Nothing}}", "names 'Nothing'"),
        ("{{cloze:Nothing}}", "names 'Nothing'"),
        ("{{type:Text}}", "names 'type:Text'"),
        ("{{#Text}}a", "never closed"),
        ("{{/Text}}", "not open"),
        ("{{#Text}}{{/Extra}}", "not open"),
    ],
)
def test_unsupported_template_is_refused(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_template(template, {"Text": "a", "Extra": ""}, 1)
