"""Rendering: what is written comes out as safe HTML, or is refused at its place; and Anki agrees."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import engine
import examples
import pytest
import small
import yaml
from anki.collection import Collection
from anki.notes import Note
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from promises import mistakes

from ketamine_anki.core.model import Picture, Position, Retired
from ketamine_anki.deckfiles.reader import read_deck
from ketamine_anki.text.render import MANUAL, render, render_note
from ketamine_anki.text.scanner import Markup, scan

MEDIA = {"leaf.png": "leaf-12345678.png"}
_TABLE = "<table><thead><tr><th{0}>a</th></tr></thead><tbody><tr><td{0}>{1}</td></tr></tbody></table>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        # Markdown
        ("Carbon dioxide", "Carbon dioxide"),
        ("*weak* and **strong**", "<em>weak</em> and <strong>strong</strong>"),
        ("snake_case_name and _word_", "snake_case_name and <em>word</em>"),
        ("one\ntwo", "one<br>two"),
        ("one\\\ntwo", "one<br>two"),
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("0. a\n1. b", '<ol start="0"><li>a</li><li>b</li></ol>'),
        ("2. a\n   1. b\n   2. c\n3. d", '<ol start="2"><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ol>'),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("- a\n  - b", "<ul><li>a<ul><li>b</li></ul></li></ul>"),
        ("`a < b`", "<code>a &lt; b</code>"),
        ("```\n<b>\n```", "<pre><code>&lt;b&gt;</code></pre>"),
        ("| a |\n|:--|\n| 1 |", _TABLE.format(' class="left"', "1")),
        ("| a |\n|--:|\n| 1 |", _TABLE.format(' class="right"', "1")),
        ("| a |\n|:-:|\n| 1 |", _TABLE.format(' class="center"', "1")),
        ("[there](https://example.org/a?b=1&c=2)", '<a href="https://example.org/a?b=1&amp;c=2">there</a>'),
        ("[mail](mailto:a@example.org)", '<a href="mailto:a@example.org">mail</a>'),
        ("![A leaf](leaf.png)", '<img src="leaf-12345678.png" alt="A leaf">'),
        ('![A "leaf" < *root*](leaf.png)', '<img src="leaf-12345678.png" alt="A &quot;leaf&quot; &lt; *root*">'),
        ("\\*literal\\* 1\\. a\\_b", "*literal* 1. a_b"),
        # what is not Markdown here stays as it is typed
        ("# one", "# one"),
        ("> one", "&gt; one"),
        ("~~one~~ https://example.org :)", "~~one~~ https://example.org :)"),
        ("&lt; &amp; &copy;", "&amp;lt; &amp;amp; &amp;copy;"),
        ("a < b & c > d \"e\" 'f'", "a &lt; b &amp; c &gt; d \"e\" 'f'"),
        ("{single} braces} {and", "&#123;single&#125; braces&#125; &#123;and"),
        ("a::b", "a::b"),
        ("![CPP is $a - b$](leaf.png)", '<img src="leaf-12345678.png" alt="CPP is a - b">'),
        # math
        ("$CPP = MAP - ICP$", r"\(CPP = MAP - ICP\)"),
        ("$$a\n= b$$", r"\[a = b\]"),
        (r"$a < b \& c$", r"\(a &lt; b \&amp; c\)"),
        ("$a_1 * b_2 * c$ *x*", r"\(a_1 * b_2 * c\) <em>x</em>"),
        (r"$\text{a_b}$", r"\(\text{a_b}\)"),
        (r"$\frac{a}{b^{2}}$", r"\(\frac{a}{b^{2} }\)"),
        (r"$a \% \$ \{ \}$", r"\(a \% \$ \{ \}\)"),
        ("- $a$\n- $b$", r"<ul><li>\(a\)</li><li>\(b\)</li></ul>"),
        ("| a |\n|---|\n| 1\\|2 | |", _TABLE.format("", "1|2")),
        ("| a |\n|---|\n| $x|y$ |", _TABLE.format("", r"\(x|y\)")),
        # prices and other dollars
        ("from $5 to $9", "from $5 to $9"),
        ("price 5$–9$ each", "price 5$–9$ each"),
        ("US$7 or 8$", "US$7 or 8$"),
        ("H$_2$O, 3$x$", r"H\(_2\)O, 3\(x\)"),
        ("$5", "$5"),
        ("costs $5, or $ 6 $ or US$ 7", "costs $5, or $ 6 $ or US$ 7"),
        ("$5 and $x$", r"$5 and \(x\)"),
        (r"\$x\$", "$x$"),
        ("`$x$`", "<code>$x$</code>"),
        ("$a\n\nb$", "<p>$a</p><p>b$</p>"),
        ("$$", "$$"),
    ],
)
def test_html_of(text: str, html: str) -> None:
    rendered = render(text, MEDIA)
    assert rendered.findings == []
    assert rendered.html == html


@pytest.mark.parametrize(
    ("text", "html", "numbers"),
    [
        ("A {{c1::b}} c", "A {{c1::b}} c", [1]),
        ("{{c1::a::hint}} {{c2::b}} {{c1::c}}", "{{c1::a::hint}} {{c2::b}} {{c1::c}}", [1, 2]),
        ("{{c01::a}}", "{{c1::a}}", [1]),
        ("{{c1::a {{c2::b}} c}}", "{{c1::a {{c2::b}} c}}", [1, 2]),
        ("{{c1::*a*}} **{{c2::b}}**", "{{c1::<em>a</em>}} <strong>{{c2::b}}</strong>", [1, 2]),
        ("{{c1::a < b}}", "{{c1::a &lt; b}}", [1]),
        (r"{{c1::$\frac{a}{b}$}}", r"{{c1::\(\frac{a}{b}\)}}", [1]),
        (r"{{c1::$x^{y^{z}}$}}", r"{{c1::\(x^{y^{z} }\)}}", [1]),
        (r"$a = {{c1::b}}$", r"\(a = {{c1::b}}\)", [1]),
        (r"$a = {{c1::\frac{b}{c}}}$", r"\(a = {{c1::\frac{b}{c} }}\)", [1]),
        (r"$a = {{c1::b {{c2::c_{d}}}::hint}}$", r"\(a = {{c1::b {{c2::c_{d} }}::hint}}\)", [1, 2]),
        (r"$a :: b$ {{c1::c}}", r"\(a :{}: b\) {{c1::c}}", [1]),
        ("{{c1::`a::b`}}", "{{c1::<code>a&#58;:b</code>}}", [1]),
        ("- {{c1::a}}\n- {{c2::b}}", "<ul><li>{{c1::a}}</li><li>{{c2::b}}</li></ul>", [1, 2]),
        (r"{{c1::a\:\:b}} \}", "{{c1::a&#58;:b}} &#125;", [1]),
        (r"{{c1::a\}}} {{c2::b\:::hint}}", "{{c1::a&#125;}} {{c2::b&#58;::hint}}", [1, 2]),
        ("costs {{c1::$5}} to $9", "costs {{c1::$5}} to $9", [1]),
    ],
)
def test_html_of_cloze(text: str, html: str, numbers: list[int]) -> None:
    rendered = render(text, MEDIA, cloze=True)
    assert rendered.findings == []
    assert rendered.html == html
    assert rendered.markup.numbers == numbers


REFUSED = [
    ("<b>x</b>", "raw-html", "<b>"),
    ("x <br/> y", "raw-html", "<br/>"),
    ("x </b> y", "raw-html", "</b>"),
    ("a <!-- b --> c", "raw-html", "<!--"),
    ("<?php ?>", "raw-html", "<?php ?>"),
    ("<!DOCTYPE html>", "raw-html", "<!DOCTYPE html>"),
    ("<svg onload=alert(1)>", "raw-html", "<svg onload=alert(1)>"),
    ("<https://example.org>", "raw-html", "<https://example.org>"),
    ("[latex]x[/latex]", "anki-command", "[latex]"),
    ("[LaTeX]x[/LaTeX]", "anki-command", "[LaTeX]"),
    ("[$]x[/$]", "anki-command", "[$]"),
    ("[$$]x[/$$]", "anki-command", "[$$]"),
    ("x[/$]", "anki-command", "[/$]"),
    ("[sound:a.mp3]", "anki-command", "[sound:"),
    ("[anki:play:q:0]", "anki-command", "[anki:"),
    (r"a \(x\) b", "anki-command", r"\("),
    (r"a \[x\] b", "anki-command", r"\["),
    (r"a \\(x) b", "anki-command", r"\("),
    ("`{{x}}`", "anki-command", "{{"),
    (r"`\(x\)`", "anki-command", r"\("),
    ("a {{Front}} b", "cloze-syntax", "{{Front}}"),
    ("a {{#Front}} b", "cloze-syntax", "{{#Front}}"),
    ("a }} b", "cloze-syntax", "}}"),
    ("a {{c1::b}}", "cloze-syntax", "{{c1::"),
    (r"$\href{javascript:alert(1)}{x}$", "tex-command", r"\href"),
    (r"$a \style{color:red}{x}$", "tex-command", r"\style"),
    (r"$\class{x}{y}$", "tex-command", r"\class"),
    (r"$\cssId{x}{y}$", "tex-command", r"\cssId"),
    (r"$\require{html}$", "tex-command", r"\require"),
    (r"$\def ab$", "tex-command", r"\def"),
    (r"$\newcommand{a}{y}$", "tex-command", r"\newcommand"),
    (r"$\unicode{65}$", "tex-command", r"\unicode"),
    (r"$\begin{verbatim}x\end{verbatim}$", "tex-command", r"\begin"),
    (r"$\begin{cases}x$", "tex-command", r"\begin{cases}"),
    (r"$\left(x$", "tex-command", r"\left"),
    (r"$x\right)$", "tex-command", r"\right"),
    (r"$a \) b$", "tex-command", r"\)"),
    (r"it is $\frac{a}{b} \cdot c", "tex-command", r"\frac"),
    (r"$ 2 \times 3 $", "tex-command", r"\times"),
    ("$a % b$", "tex-command", "%"),
    (r"$\frac{a}{b$", "tex-command", r"\frac{a}{b"),
    ("$a}b$", "tex-command", "}"),
    ("[x](javascript:alert(1))", "link", "javascript:alert(1)"),
    ("[x](JaVaScRiPt:alert(1))", "link", "JaVaScRiPt:alert(1)"),
    ("[x](data:text/html,y)", "link", "data:text/html,y"),
    ("[x](file:///etc/passwd)", "link", "file:///etc/passwd"),
    ("[x](vbscript:y)", "link", "vbscript:y"),
    ("[x](page.html)", "link", "page.html"),
    ("[x](//example.org)", "link", "//example.org"),
    ("[x]()", "link", "]()"),
    ("![x](leef.png)", "picture", "leef.png"),
    ("![](leaf.png)", "picture", "leaf.png"),
    ("![ ](leaf.png)", "picture", "leaf.png"),
    ("![x](https://example.org/leaf.png)", "picture", "https://example.org/leaf.png"),
    ("![x](../leaf.png)", "picture", "../leaf.png"),
    ("![x](media/leaf.png)", "picture", "media/leaf.png"),
    ("![x](data:image/png;base64,x)", "picture", "data:image/png;base64,x"),
    ("![x](javascript:y)", "picture", "javascript:y"),
    ("`$x$ {{c1::y}}`", "anki-command", "{{"),
    ("[x](https://example.org/$a$)", "link", "]("),
    ("[](https://example.org)", "link", "https://example.org"),
    ("[ ](https://example.org)", "link", "https://example.org"),
    ('[x](https://example.org "give $a$ not")', "swallowed-mark", "give $a$ not"),
    ('![x](leaf.png "a title")', "swallowed-mark", "a title"),
    (r"$\phantom{not}$", "tex-command", r"\phantom"),
    (r"$x_$", "tex-command", "_"),
    (r"$\hat$", "tex-command", r"\hat"),
    (r"$\frac{1}$", "tex-command", r"\frac"),
    (r"$\text{a_b^c^d} + \frac{1} & x$", "tex-command", r"\frac"),
    ("$#1$", "tex-command", "#"),
]


@pytest.mark.parametrize(("text", "rule", "fragment"), REFUSED)
def test_refused(text: str, rule: str, fragment: str) -> None:
    """One mistake, one finding, at the offending text, with a rule that the manual explains."""
    for before in ("", "leaf.png x "):
        (mistake,) = mistakes(before + text, MEDIA)
        assert (mistake.rule, mistake.fragment) == (rule, fragment)
        assert mistake.start == len(before) + text.find(fragment)
        assert mistake.rule in MANUAL or rule == "picture"


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("no deletion", ""),
        ("{{c1:x}}", "{{c1:x}}"),
        ("{{c1 :: x}}", "{{c1 :: x}}"),
        ("{{ c1::x}}", "{{ c1::x}}"),
        ("{{C1::x}}", "{{C1::x}}"),
        ("{{c::x}}", "{{c::x}}"),
        ("{{c1::x", "{{c1::"),
        ("{{c1::x}", "{{c1::"),
        ("{{c0::x}}", "{{c0::"),
        ("{{c2::x}}", "{{c2::"),
        ("{{c1::x}} {{c3::y}}", "{{c3::"),
        ("{{c1::}}", "{{c1::}}"),
        ("{{{c1::x}}} y", "{{{c1::x}}"),
        ("{{c1::  ::hint}}", "{{c1::  ::hint}}"),
        ("{{c1::x::y::z}}", "::"),
        ("{{c1::x}} }}", "}}"),
        ("{{c1::x:: }}", ":: }}"),
        ("$a {{c1::x::}}$", "::}}"),
        ("{{c1::x::{{c2::y}}}}", "{{c2::"),
        ("$a {{c1::x::{{c2::y}}}}$", "{{c2::"),
        ("{{c1::x}} {{Front}}", "{{Front}}"),
        ("$a {{c1::b$ c}}", "{{c1::"),
        ("$a {{c1::}}$ c", "{{c1::}}"),
        ("*a {{c1::b* c}}", "{{c1::"),
        ("- {{c1::a\n- b}}", "{{c1::"),
        ("{{c1::a\n\nb}}", "{{c1::"),
        ("{{c501::x}}", "{{c501::"),
        ("{{c1::x}} ![a {{c2::y}}](leaf.png)", "{{c2::"),
    ],
)
def test_cloze_refused(text: str, fragment: str) -> None:
    (mistake,) = mistakes(text, MEDIA, cloze=True)
    assert (mistake.rule, mistake.fragment) == ("cloze-syntax", fragment)
    assert text[mistake.start :].startswith(fragment)


TEXTS = yaml.load((Path(__file__).parent / "texts.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)


@pytest.mark.parametrize("row", TEXTS, ids=[ascii(row.get("text", row.get("cloze")))[:40] for row in TEXTS])
def test_a_text_is_shown_or_refused_at_its_place(row: dict[str, Any]) -> None:
    text, cloze = row.get("text") or row["cloze"], "cloze" in row
    rendered = render(text, MEDIA, cloze=cloze)
    said = [f"{t.rule} at {t.start}, {t.fragment}: {t.message}" for t in mistakes(text, MEDIA, cloze=cloze)]
    assert said == row.get("refused", [])
    assert row.get("shown", rendered.html) == rendered.html


@pytest.mark.parametrize(
    ("text", "fragment", "start"),
    [
        ("3. a\n5. b", "5.", 5),
        ("1. a\n1. b", "1.", 5),
        ("1. a 2. b\n2. c\n2. d", "2.", 15),
        ("07) a", "07)", 0),
        ("- x\n  1. a\n  3. b", "3.", 13),
        ("| a |\n|---|\n| b | c |", "c", 18),
        ("| a |\n|---|\n| c | $d|e$ and c |", "$d|e$ and c", 18),
        ("c\n\na|b\n-|-\nc|d|c", "c", 15),
        (r"$a^b^c$", "^", 4),
        (r"$x^{a_b_c}$", "_", 7),
    ],
)
def test_what_would_not_be_shown_is_refused_where_it_stands(text: str, fragment: str, start: int) -> None:
    (mistake,) = mistakes(text, MEDIA)
    assert (mistake.fragment, mistake.start) == (fragment, start)


_SOUND = r"""
    a^b_c {a^b}^c a'' a'^b f'_x \frac12 \frac1{2} \sqrt[3]{x} \sqrt2^3 x^\frac{1}{2} x^\sqrt{2} \hat{x}^2
    \sum\limits_{i}^{n} \lim_{x\to0} \overset{a}{b} \underbrace{a+b}_{c}^d \text{a_b^c^d#1}
    \left(\frac{a}{b}\right)^2 \left\{a\right. \begin{array}{cc}a^2&b^2\\c_1&d_1\end{array}
    \begin{pmatrix}a\\b\end{pmatrix}^2 \operatorname*{max}_x \xrightarrow[a]{b} \mathrm{O_2} x_{y_{z}}
    \cfrac[l]{a}{b} \text{SpO}_2 \bar{x} \vec{a}\,^2 \hat\alpha \frac\alpha\beta {}_a^b \#1 \%
    \text{Ca}^{2+}_{\text{i}} \bigl(a\bigr) x^2\cdot{x^2} \boxed{} \substack{a\\b^2} a^2\\b^2 \{a\}^2
"""


@pytest.mark.parametrize("tex", _SOUND.split())
def test_sound_formulas_are_accepted(tex: str) -> None:
    assert render(f"so ${tex}$", MEDIA).findings == []


@pytest.mark.parametrize(
    "tex", [r"\frac{a}&b", r"\hat\frac{a}{b}", r"\frac\sqrt{2}{3}", "x^^2", "x_^2", "a^b'", r"\sqrt[3]"]
)
def test_formulas_of_which_anki_would_show_an_error_are_refused(tex: str) -> None:
    assert [finding.rule for finding in render(f"so ${tex}$", MEDIA).findings] == ["tex-command"]


def test_without_a_locator_findings_are_placed_by_line_and_column_of_the_text() -> None:
    (finding,) = render("one\ntwo <b>", MEDIA).findings
    assert finding[:2] == (Position("", 2, 5), "raw-html")


def test_signs_of_a_text_are_limited() -> None:
    assert render("`c` " + "**a** " * 249 + "x" * 10_000, MEDIA).findings == []
    (mistake,) = mistakes("`c` " + "**a** " * 250, MEDIA)
    assert (mistake.rule, mistake.start) == ("limit", 0)
    assert "1,002 signs of Markdown and math in one text: at most 1,000" in mistake.message


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ("[" * 100, "["),
        ("x\n" * 199, "\n"),
        ("a\n\n" + "x| " * 20, "|"),
        ("|a|b|\n|-|-|\n" + "x\n" * 11, "x\n"),
    ],
    ids=["brackets", "lines", "columns", "rows"],
)
def test_what_would_take_the_parser_long_is_refused_from_there_on(most: str, more: str) -> None:
    assert [finding.rule for finding in render(most, MEDIA).findings] == []
    assert [finding.rule for finding in render(most + more, MEDIA).findings] == ["limit"]


def test_all_texts_of_a_note_are_rendered() -> None:
    """Why it was retired, too, with the pictures of the collection; the deletions of a cloze note in its text alone."""
    made = {"text": "A {{c1::b}} ![a leaf](leaf.png)", "extra": "c ![a leaf](leaf.png)"}
    deck, _ = read_deck("deck.yaml", examples.written(examples.note(made)).encode())
    assert deck is not None
    (live,) = deck.notes
    gone = live._replace(retired=Retired("1.1.0", "See ![a leaf](leaf.png)"))
    within = replace(examples.collection(), pictures={"leaf.png": Picture("leaf.png", "1-leaf.png", b"")})
    image = '<img src="1-leaf.png" alt="a leaf">'
    shown = {"text": f"A {{{{c1::b}}}} {image}", "extra": f"c {image}"}
    assert {key: text.html for key, text in render_note(live, within).items()} == shown
    shown["retired.reason"] = f"See {image}"
    assert {key: text.html for key, text in render_note(gone, within).items()} == shown


def test_what_needs_no_parser_is_rendered_alike() -> None:
    assert render("a leaf", MEDIA).pictures == render("a leaf", MEDIA).markup.numbers == []
    alone = render("![A leaf](leaf.png)", MEDIA)
    assert (alone.pictures, alone.markup.text, alone.markup.deletions) == (["leaf.png"], "![A leaf](leaf.png)", [])


def test_pictures_are_listed() -> None:
    assert render("![a](leaf.png) ![b](leaf.png)", MEDIA).pictures == ["leaf.png", "leaf.png"]


# --- nothing dangerous comes out --------------------------------------------------------------

_WORDS = r"""word - 1. * ** _ ` \ ( ) [ ] ](https://example.org) ](javascript:x) ![ ](leaf.png) <b> </b> < > & &lt; " '
    $ $$ {{c1:: {{c2:: }} :: { } ^ \frac \text \( \) \\( [latex] [sound:a] {{ 5 ::hint א"""
PIECES = st.sampled_from([*_WORDS.split(), " ", "\n", "\n\n", "- ", "1. ", "| a |\n|---|\n| ", " |", "```\n"])
_ELEMENTS = {
    "p",
    "br",
    "em",
    "strong",
    "ul",
    "ol",
    "li",
    "code",
    "pre",
    "a",
    "img",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


class _Judge(HTMLParser):
    """Notes what stands in HTML besides the elements, attributes and addresses that rendering may make."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wrong += [] if tag in _ELEMENTS else [tag]
        self.open += [] if tag in ("br", "img") else [tag]
        for name, value in attrs:
            allowed = {"a": ("href",), "img": ("src", "alt"), "ol": ("start",), "th": ("class",), "td": ("class",)}
            self.wrong += [] if name in allowed.get(tag, ()) else [name]
            if name == "href" and not re.match("https?://|mailto:", value or ""):
                self.wrong.append(value or "")
            if name == "src" and value != "leaf-12345678.png":
                self.wrong.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


@given(st.lists(PIECES, max_size=14).map("".join), st.booleans())
def test_nothing_but_the_elements_of_markdown_comes_out(text: str, cloze: bool) -> None:
    """Balanced, without scripts, styles, comments, and pictures from elsewhere; whatever is typed."""
    rendered = render(text, MEDIA, cloze=cloze)
    if rendered.findings:
        return
    judge = _Judge()
    judge.feed(rendered.html)
    judge.close()
    assert judge.wrong == []
    assert judge.open == []
    bare = re.sub(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", "", rendered.html)
    assert not re.search(r"\\[()\[\]]", bare), "a bracket that starts or ends math in Anki"
    assert not re.search(r"[{}]", re.sub(r"\{\{c\d+::|\}\}", "", bare))
    assert not re.search(r"(?i)\[/?(latex|\$\$?)\]|\[(sound|anki):", rendered.html)
    if not cloze:
        assert "{{" not in rendered.html
        assert "}}" not in rendered.html


# --- Anki agrees ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cloze_note(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Note]:
    """A note of our cloze type in a real collection, to put texts in."""
    folder = tmp_path_factory.mktemp("cloze")
    col: Collection = engine.open_collection(folder)
    engine.import_package(col, small.package(small.write(folder, "- text: A {{c1::b}}")))
    yield col.get_note(col.find_notes("")[0])
    col.close()


def pages(note: Note, html: str) -> dict[int, tuple[str, str]]:
    """{card number: (question, answer)} of what Anki makes of the Text field."""
    note["Text"] = html
    cards = {number: note.ephemeral_card(ord=number - 1) for number in sorted(note.cloze_numbers_in_fields())}
    return {number: (card.question(), card.answer()) for number, card in cards.items()}


def revealed(markup: Markup) -> str:
    """The text as it stands when nothing is hidden: without the marks of deletions and their hints."""
    cut = []
    for deletion in markup.deletions:
        cut.append((deletion.start, deletion.answer_start))
        cut.append((deletion.answer_end, deletion.end))
    text = markup.text
    for start, end in sorted(cut, reverse=True):
        text = text[:start] + text[end:]
    return text


def squeezed(text: str) -> str:
    return "".join(text.replace(":{}:", "::").split())


_PARTS = {"word": "leaf", "code": " `a::b` ", "emphasis": " **root** ", "colons": "a:b", "braces": " {stem} "}
_PARTS |= {"escaped": r"\{\:\:x\}", "colon": ":", "brace": "{ ", "end": r"\}"}
_MATH = [r"x", r"\frac{a}{b}", r"x^{y^{z}}", r"a < b", r"{{c1::\frac{a}{b^{c}}}} + 1", r"\text{a::b}", r"\{a\}"]
_MATH += [r"a {{c2::b {{c3::c}} d::hint}}", "{{a}}", "a:{{c1::b:}}:c"]


@st.composite
def clozes(draw: st.DrawFn, depth: int = 0) -> str:
    """Texts with deletions, math, Markdown, nested in each other."""
    kinds = ["math", *_PARTS] + (["deletion"] * 4 if depth < 3 else [])
    parts = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
        if kind == "deletion":
            hint = draw(st.sampled_from(["", "", "::hint", "::a hint"]))
            parts.append(f"{{{{c{draw(st.integers(1, 3))}::{draw(clozes(depth=depth + 1))}{hint}}}}}")
        elif kind == "math":
            inner = draw(st.sampled_from(_MATH))
            parts.append(draw(st.sampled_from([f" ${inner}$ ", f" $${inner}$$ "])))
        else:
            parts.append(_PARTS[kind])
    return draw(st.sampled_from(["", " "])).join(parts)


@settings(max_examples=settings().max_examples // 3)
@given(clozes())
def test_anki_makes_the_cards_that_we_count(cloze_note: Note, text: str) -> None:
    """Same card numbers; every card hides something; revealed, the whole text is there and nothing else."""
    rendered = render(text, MEDIA, cloze=True)
    assume(rendered.markup.deletions)
    assume(all("without a c" in finding.message for finding in rendered.findings))
    made = pages(cloze_note, rendered.html)
    assert list(made) == rendered.markup.numbers
    whole = squeezed(engine.visible(render(revealed(rendered.markup), MEDIA).html))
    for number, (question, answer) in made.items():
        assert squeezed(engine.visible(answer, "question")) == whole, number
        asked = engine.visible(question, "question")
        assert asked != engine.visible(answer, "question"), number
        assert "{{c" not in asked


@pytest.mark.parametrize(
    "text", ["{{c1:x}}", "{{c::x}}", "no", "{{c1::x", "{{c1::x}", "{{c0::x}}", "{{C1::x}}", "{{ c1::x}}"]
)
def test_anki_would_make_no_card_of_what_we_refuse(cloze_note: Note, text: str) -> None:
    """The refusals are not pedantry: Anki makes no card of these."""
    assert render(text, {}, cloze=True).findings
    assert pages(cloze_note, text) == {}


def test_unguarded_braces_would_break_a_card(cloze_note: Note) -> None:
    """Why `}}` is split inside math: Anki takes the first for the end of the deletion."""
    question, _ = pages(cloze_note, r"{{c1::\(x^{y^{z}}\)}}")[1]
    assert engine.visible(question, "question") == r"[...]\)}}"
    _, answer = pages(cloze_note, render(r"{{c1::$x^{y^{z}}$}}", {}, cloze=True).html)[1]
    assert engine.visible(answer, "cloze") == r"\(x^{y^{z} }\)"


def test_scan_is_linear() -> None:
    """Twenty thousand signs of any kind are scanned at once."""
    for part in ("$", "$$", "`", "{{c1::", "}}", "::", "\\", "$x", "`` ` ", "$a\\", "{{c1::$"):
        start = time.perf_counter()
        scan(part * (20_000 // len(part)))
        assert time.perf_counter() - start < 4, part
