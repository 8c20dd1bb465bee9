"""What may not part at a line's end, and that nothing else about a field changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.anki.cards import cloze
from ketamine_anki.intake.blocks import blocks
from ketamine_anki.text.plain import plain
from ketamine_anki.text.together import together


@pytest.mark.parametrize(
    "marked",
    [
        "give ‹0.2 mg/kg/h› now, not ‹5 g›.",
        "CPP ‹(mm Hg)› is ‹60 mm Hg› at ‹37 °C›",
        "from ‹0.1–0.3 mcg/kg/min› or a ‹50-mg› dose",
        "‹{{c1::0.2}} mg›, ‹{{c2::5::how much?}} mL›, {{c3::‹7 kg›}}",
        "(‹2 mm Hg›, confidence interval -‹4 to 7›) in ‹5 to 10 min›, 2 to a bed",
        "{{c1::about 5}} mg",
        "a ‹58-year›-old, ‹7 days› and ‹2 to 3 weeks› on, had ‹20 percent› of 5 trials",
        "a trial ‹(73 people)›, ‹(85.1 and 77.3 percent)›, (a remark that is too long)",
        "<p>‹S-ketamine›, <b>‹R-ketamine›</b> (‹T-cells›) or ‹S-(+)-ketamine›",
        "{{c1::‹β-blocker›}}; but-not pre-S-this a- b",
        "on ‹Day 28›, ‹weeks 2 to 4›, ‹grade 3›; at day's end 3, <i>‹day 1›</i>",
        "‹30-day› or ‹5-HT3›, 2024-11-29 x5-day",
        "‹1 000 km›, ‹12 000› of ‹1 000 000› people, ‹{{c1::1 500}} kg›",
        "‹1 000–2 000 kg›, ‹1 000 to 2 500,5 m›, 2020 ‹500 mg›",
        "in 2 3000 5 000a 2020 300 people",
        "(MAP), 5 metals, A5 mg, v1.5 mg2",
        r'<img alt="5 mg"><code>5 mg</code> \(5 mg\) \[(5 mg)\] ‹5 mg›',
    ],
)
def test_what_is_kept_together(marked: str) -> None:
    wrapped = marked.replace("‹", "<nobr>").replace("›", "</nobr>")
    assert together(wrapped.replace("<nobr>", "").replace("</nobr>", "")) == wrapped


PIECES = ["mm Hg", " ", *"5 0.2 - mg S- day /kg ( ) a {{c1:: {{c2:: :: }} <b> </b> \\( \\)".split()]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_a_reader_and_intake_see_the_same_field(html: str) -> None:
    wrapped = together(html)
    assert plain(wrapped) == plain(html)
    assert blocks(wrapped, {}) == blocks(html, {})
    for answer in (False, True):
        assert plain(cloze(wrapped, 1, answer=answer)) == plain(cloze(html, 1, answer=answer))
