"""The HTML of an edited field comes back as the Markdown that renders to it, or with a reason."""

from __future__ import annotations

import generators
import pytest
from generators import Choices
from hypothesis import given
from hypothesis import strategies as st

from ketamine_anki.core.characters import refused
from ketamine_anki.intake.blocks import UnrenderError, blocks
from ketamine_anki.intake.unrender import unrender
from ketamine_anki.text.render import render
from ketamine_anki.workspace.folder import Folder

MEDIA = {name: name.replace(".", "-1a2b3c4d.") for name in ("lung.png", "leaf.png", "root.jpg")}
NAMES = {packaged: name for name, packaged in MEDIA.items()}
SHA1 = "0123456789abcdef0123456789abcdef01234567"

TURNED = [
    ("plain words", "plain words"),
    ("", ""),
    ("&nbsp;<br>", ""),
    # what Anki's editor does
    ("a <b>bold </b>word", "a **bold** word"),
    ("<i>a</i><i>b</i><b></b>", "*ab*"),
    ("<b><i>x</i>y</b>z", "***x*y**z"),
    ("<span>a</span> b", "a b"),
    ("<nobr>5 mg</nobr>/<nobr>kg a</nobr>", "5 mg/kg a"),
    ("&nbsp;a&nbsp; b &amp; c", "a b & c"),
    ("CO<sub>2</sub>, 10<sup>-9</sup>, SO<sub>4</sub><sup>2\u2212</sup>, x<sup>n</sup>", "CO₂, 10⁻⁹, SO₄²⁻, xⁿ"),
    ("a C<sub>max</sub> and <b>V</b><sub>1/2 a</sub>", r"a $C_{\text{max}}$ and **V**$_{\text{1/2 a}}$"),
    ("Pa<sub>CO2</sub>, <i>t<sub>ab</sub></i>", r"$\text{Pa}_{\text{CO2}}$, *$t_{\text{ab}}$*"),
    ('<span style="color: rgb(1, 2, 3); font-size:9px">a</span><font color="red" face="x">b</font>', "ab"),
    ("a<br><br>b", "a\n\nb"),
    ("a<div>b</div><div><br></div><div>c</div>", "a\nb\n\nc"),
    ("a</b> b</div>", "a b"),
    # lists, tables, code, links
    ("<ul><li>a</li><li><p>b</p></li></ul>", "- a\n- b"),
    ('<ol start="3"><li>a</li><li>b</li></ol>', "3. a\n4. b"),
    ("<ul><li>a<ul><li>b</li></ul></li></ul>c", "- a\n\n  - b\n\nc"),
    (
        (
            '<table><thead><tr><th>a</th><th class="right">b</th></tr></thead>'
            '<tbody><tr><td>1|2</td><td class="right">2</td></tr></tbody></table>'
        ),
        "| a | b |\n| --- | --: |\n| 1\\|2 | 2 |",
    ),
    ("<pre><code>a\n  b</code></pre>", "```\na\n  b\n```"),
    ("<code>&#123;&#123;x&#125;&#125;</code>", "`{{x}}`"),
    ("<code>a`b</code> <code>`c`</code>", "``a`b`` `` `c` ``"),
    ('<a href="https://example.org/a_b">l*k</a>', "[l*k](https://example.org/a_b)"),
    ('<b><a href="https://example.org">x</a></b>', "[**x**](https://example.org)"),
    # characters that Markdown reads as its own
    ("5 &lt; 6 * 7 [x] $5 to $9 a_b_c", "5 < 6 * 7 [x] $5 to $9 a_b_c"),
    ("- dash", "\\- dash"),
    ("1. one", "1\\. one"),
    ("a <5 and <= 6", "a <5 and <= 6"),
    ("*x* and `y`", "\\*x\\* and \\`y\\`"),
    # math and pictures
    (r"\(CPP = MAP - ICP\)", "$CPP = MAP - ICP$"),
    (r"\[x &lt; y\]", "$$x < y$$"),
    ('<img src="lung-1a2b3c4d.png" alt="a lung">', "![a lung](lung.png)"),
    (f'<img src="lung-1a2b3c4d-{SHA1}.png" alt="a lung">', "![a lung](lung.png)"),
]
CLOZE = [
    ("The {{c1::heart}} beats", "The {{c1::heart}} beats"),
    ("{{c1::<b>a</b>::hint}} and <i>{{c2::b}}</i>", "{{c1::**a**::hint}} and *{{c2::b}}*"),
    ("{{c1::CO<sub>2</sub>}} {{c2::C<sub>max</sub>}}", r"{{c1::CO₂}} {{c2::$C_{\text{max}}$}}"),
    (r"{{c1::\(\frac{a}{b^{2} } \)}} x", r"{{c1::$\frac{a}{b^{2}}$}} x"),
    (r"\({{c1::\frac{a}{b} }} = 2\)", r"${{c1::\frac{a}{b}}} = 2$"),
]
NOT_TURNED = [
    ("<u>x</u>", "has <u>, which cards do not: use bold or italics"),
    ("H<sub><b>2</b></sub>O", "has <sub>, which cards do not: write the formula as math, such as $x_2$"),
    ("<code>H<sub>2</sub></code>", "<sub> inside code"),
    ('<span style="color: red; display: none">x</span>', "only bold, italics, lists and links"),
    ('<b class="x">x</b>', "only bold"),
    ('<img src="paste-1.png">', "not in the media folder"),
    ('<img src="lung-1a2b3c4d.png">', "without a text"),
    ('<a href="javascript:alert(1)">x</a>', "only http, https and mailto"),
    ("<script>alert(1)</script>", "has <script>, which cards do not: use plain text"),
    ("<!-- hidden -->x", "comment"),
    ("&lt;b&gt;", "HTML '<b>'"),
    ("[sound:x.mp3]", "command of Anki"),
    ("{{c1::hidden}}", "only 'text' may hold them"),
    ("a\u202eb", "bidirectional override"),
    ("<ul>x<li>a</li></ul>", "something in a list that is no item"),
    ("<table><tr><td>a</td></tr></table>", "row of headings"),
    ("<table>x</table>", "something in a table that is no row"),
    ("<table><tr><th>a<br>b</th></tr></table>", "several lines"),
    ("<b>" * 50 + "x", "nested too deep"),
    (r"\( a \) \( b", "is Anki's math"),
    ("<b" * 5, "a tag that is not closed"),
    ("</" * 5, "a tag that is not closed"),
    ('<a href="x>y</a>', "a tag that is not closed"),
    ("<?php x ?>", "comment"),
    ("a <![x]>", "comment"),
    ("&#" + "9" * 5_000 + ";", "no character has"),
    ("&#x" + "f" * 5_000 + ";", "no character has"),
    (f'<ol start="{"9" * 5_000}"><li>a</li></ol>', "huge number"),
    ("a" * 20_001, "too long"),
    ("x" * 50_000, "too long"),
    ("<ul><li>a</li></ul><ul><li>b</li></ul>", "would not render to the same card"),
]


@pytest.mark.parametrize(("html", "markdown"), TURNED)
def test_a_field_comes_back_as_markdown(html, markdown):
    assert unrender(html, MEDIA) == markdown


@pytest.mark.parametrize(("html", "markdown"), CLOZE)
def test_the_text_of_a_cloze_note_keeps_its_deletions(html, markdown):
    assert unrender(html, {}, cloze=True) == markdown


@pytest.mark.parametrize(("html", "reason"), NOT_TURNED)
def test_what_cannot_come_back_says_why(html, reason):
    with pytest.raises(UnrenderError) as refused:
        unrender(html, MEDIA)
    assert reason in str(refused.value)


def test_no_break_spaces_stay_in_a_text_that_had_them():
    for space in ("\xa0", " "):
        assert unrender("5\xa0mg of  x", {}, written=f"4{space}mg of x") == f"5{space}mg of x"


ONE, TWO = "<pre><code>{}</code></pre>", "<p>x</p><pre><code>a</code></pre><pre><code>b</code></pre>"


@pytest.mark.parametrize(
    ("html", "written", "markdown"),
    [
        ("<p>new</p>" + ONE.format("a = 1"), "old\n\n```python\na = 1\n```", "new\n\n```python\na = 1\n```"),
        (ONE.format("a = 2"), "~~~ c++\na = 1\n~~~~", "```c++\na = 2\n```"),
        (f"<ul><li>x{ONE.format('a')}</li></ul>", "- x\n\n  ```sh\n  a\n  ```", "- x\n\n  ```sh\n  a\n  ```"),
        (TWO, "```sh\nb\n```", "x\n\n```\na\n```\n\n```sh\nb\n```"),
        (TWO, "```sh\na\n```\n```\nc\n```", "x\n\n```sh\na\n```\n\n```\nb\n```"),
        (TWO, "```sh\nb\n```\n```py\na\n```", "x\n\n```py\na\n```\n\n```sh\nb\n```"),
        (ONE.format("```"), "", "````\n```\n````"),
    ],
)
def test_a_code_block_keeps_its_language(html, written, markdown):
    """By its code, or by its place where no block was added or removed."""
    assert unrender(html, {}, written=written) == markdown


def test_every_text_of_the_real_deck_comes_back_as_it_was_written(real_decks):
    folder = Folder(str(real_decks))
    media = folder.collection.media
    texts = [text for deck in folder.decks() for note in deck.notes for text in note.texts()]
    assert len(texts) > 300
    for key, text in texts:
        html = render(text, media, cloze=key == "text").html
        assert unrender(html, media, cloze=key == "text", written=text) == text


CHOICES = st.builds(Choices, st.binary(max_size=120))
TEXTS = st.text(st.sampled_from("ab *_`[]()<>&$|~\\!#+-=:.1\n{}c"), max_size=30)
HTML = st.text(st.sampled_from("<>/bi=\"' aduplrx&;{}c1:\\()"), max_size=60)


@given(TEXTS | CHOICES.map(generators.text) | CHOICES.map(lambda c: generators.text(c, cloze=True)), st.booleans())
def test_what_comes_back_from_html_comes_back_the_same_again(text, cloze):
    """render, unrender and render again show the same; and unrender has then nothing more to change."""
    rendered = render(text.strip(), MEDIA, cloze=cloze)
    if rendered.findings or any(refused(text)):
        return
    try:
        back = unrender(rendered.html, MEDIA, cloze=cloze)
    except UnrenderError:
        return
    again = render(back, MEDIA, cloze=cloze)
    assert again.findings == []
    assert blocks(again.html, NAMES) == blocks(rendered.html, NAMES)
    assert unrender(again.html, MEDIA, cloze=cloze) == back


@given(HTML | CHOICES.map(generators.html))
def test_any_html_comes_back_once_and_for_all_or_is_refused(html):
    try:
        back = unrender(html, MEDIA)
    except UnrenderError:
        return
    rendered = render(back, MEDIA)
    assert rendered.findings == []
    assert blocks(rendered.html, NAMES) == blocks(html, NAMES)
    assert unrender(rendered.html, MEDIA) == back
