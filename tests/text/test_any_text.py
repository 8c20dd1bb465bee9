"""Whatever text comes: what is text stays text, parts are shown alike everywhere, findings stand at their places."""

from __future__ import annotations

import html
import re
import unicodedata

import generators
from generators import Choices
from hypothesis import assume, given
from hypothesis import strategies as st
from invariants import check_rendered, mistakes, text_of

from ketamine_anki.core.characters import refused
from ketamine_anki.text.mathml import with_mathml
from ketamine_anki.text.render import render
from ketamine_anki.text.words import places_of, words_of

CHOICES = st.builds(Choices, st.binary(max_size=40) | st.binary(min_size=40, max_size=120))
MEDIA = {"leaf.png": "leaf-1a2b3c4d.png", "root.jpg": "root-1a2b3c4d.jpg"}

# --- what is text stays text ------------------------------------------------------------------

# Signs that mean nothing to Markdown, math and clozes inside a line, beside letters of every script.
_INSIDE = st.text(
    st.characters(exclude_characters="\\`*_{}[]<$^~=", exclude_categories=["Cs", "Co", "Cc", "Zl", "Zp"]), max_size=40
)
LINES = _INSIDE.map(lambda inside: re.sub("  |:(?=[a-z+-])|&(?=[#a-zA-Z])", " ", f"a{inside}").rstrip())


@given(LINES)
def test_text_without_marks_is_escaped_and_nothing_else(text: str) -> None:
    rendered = render(text, {})
    assert (rendered.html, rendered.findings, rendered.pictures) == (html.escape(text, quote=False), [], [])


@given(st.text(st.characters(exclude_categories=["Cs", "Co", "Cc", "Zl", "Zp"]), max_size=40))
def test_text_with_every_mark_escaped_is_shown_as_typed_or_refused(typed: str) -> None:
    typed = " ".join(typed.split())
    escaped = re.sub(r"[\"-*:<->\[-`{-~]|^[+-]", r"\\\g<0>", typed)
    rendered = render(re.sub(r"^(\d+)\.(?!\S)", r"\1\\.", escaped), {})
    if re.search(r"[\[\](){}<]", typed) and rendered.findings:
        return  # a command of Anki, or HTML
    assert (text_of(rendered.html), rendered.findings) == (typed, [])


# --- parts put together -----------------------------------------------------------------------

PARTS = (
    ("leaf", "leaf"), ("*weak*", "<em>weak</em>"), ("**strong**", "<strong>strong</strong>"), ("5 < 6", "5 &lt; 6"),
    ("**a *b* c**", "<strong>a <em>b</em> c</strong>"), ("`a < b`", "<code>a &lt; b</code>"), ("R&D", "R&amp;D"),
    ("``a`b``", "<code>a`b</code>"), ("$a < b$", r"\(a &lt; b\)"), ("$$x$$", r"\[x\]"), ("a_b_c", "a_b_c"),
    (r"$\frac{a}{b^{2}}$", r"\(\frac{a}{b^{2} }\)"), ("$a_1*b$", r"\(a_1*b\)"), (r"\*", "*"), (r"\$5", "$5"),
    ("[a *b*](https://e.org/?a=1&b=2)", '<a href="https://e.org/?a=1&amp;b=2">a <em>b</em></a>'), ('"x"', '"x"'),
    ("![A leaf](leaf.png)", '<img src="leaf-1a2b3c4d.png" alt="A leaf">'), ("{a}", "&#123;a&#125;"), ("x²", "x²"),
    ("\u0636\u063a\u0637", "\u0636\u063a\u0637"), ("a::b", "a::b"), ("100 %", "100 %"), (r"\&lt;", "&amp;lt;"),
)  # fmt: skip
HIDDEN = (
    ("{{c1::a}}", "{{c1::a}}"), ("{{c1::*b*::a hint}}", "{{c1::<em>b</em>::a hint}}"), ("{{c01::x}}", "{{c1::x}}"),
    ("{{c1::a {{c1::b}} c}}", "{{c1::a {{c1::b}} c}}"), (r"{{c1::$x^{y^{z}}$}}", r"{{c1::\(x^{y^{z} }\)}}"),
    (r"$a = {{c1::\frac{b}{c}}}$", r"\(a = {{c1::\frac{b}{c} }}\)"), ("{{c1::`a::b`}}", "{{c1::<code>a::b</code>}}"),
)  # fmt: skip


def line(c: Choices, cloze: bool) -> tuple[str, str]:
    """A line of parts, and its HTML."""
    chosen = [PARTS[0], *c.some(lambda: c.one(HIDDEN) if cloze and c.number(3) == 2 else c.one(PARTS), 5)]
    typed, shown = (" ".join(sides) for sides in zip(*chosen, strict=True))
    return typed, shown


@given(CHOICES, st.booleans())
def test_parts_are_shown_the_same_whatever_stands_beside_them(c: Choices, cloze: bool) -> None:
    """In lines, paragraphs, lists and tables: the whole is its parts put together."""
    kind, number = c.number(4), 1 + c.number(3)
    parts = [line(c, cloze) for _ in range(number)]
    typed, shown = zip(*parts, strict=True)
    if kind == 0:
        text, whole = "\n".join(typed), "<br>".join(shown)
    elif kind == 1:
        text, whole = "\n\n".join(typed), "".join(f"<p>{one}</p>" for one in shown) if number > 1 else shown[0]
    elif kind == 2:
        text, whole = "\n".join(f"- {one}" for one in typed), f"<ul>{''.join(f'<li>{one}</li>' for one in shown)}</ul>"
    else:
        text = "\n".join([f"| {' | '.join(typed)} |", "| - " * number + "|", f"| {' | '.join(typed)} |"])
        head, body = ("".join(f"<{tag}>{one}</{tag}>" for one in shown) for tag in ("th", "td"))
        whole = f"<table><thead><tr>{head}</tr></thead><tbody><tr>{body}</tr></tbody></table>"
    if cloze and "{{c1" not in text:
        text, whole = f"{{{{c1::x}}}}\n\n{text}", f"<p>{{{{c1::x}}}}</p>{whole}"
        assume(kind > 1)
    rendered = render(text, MEDIA, cloze=cloze)
    body = rendered.html.replace("&#58;", ":")  # where Anki would take two for the sign of a hint
    assert (body, [finding.message for finding in rendered.findings]) == (whole, [])


# What is read as a mark and not shown: the address of a link or picture, the number of a deletion or a list, the
# language of code, the signs that draw a table.
_READ = re.compile(r"\]\([^)]*\)|\{\{c\d+::|(?m:^[ \t]*(?:\d+[.)][ \t]+)+)|```\w*|\\(?:begin|end)\{\w+\}|\\[A-Za-z]+")


@given(CHOICES, st.booleans())
def test_every_letter_and_digit_is_shown_or_read_as_a_mark(c: Choices, cloze: bool) -> None:
    text = unicodedata.normalize("NFC", generators.text(c, cloze).strip())
    rendered = render(text, MEDIA, cloze=cloze)
    if rendered.findings or any(refused(text)):
        return
    pictures = re.sub(r'<img src="[^"]*" alt="([^"]*)">', r"\1", rendered.html)
    typed, shown = (
        [sign for sign in _READ.sub(" ", one) if sign.isalnum()]
        for one in (text, html.unescape(re.sub("<[^>]*>", " ", pictures)))
    )
    assert typed == shown


# --- any text ---------------------------------------------------------------------------------


@given(CHOICES, st.booleans())
def test_any_text_gives_sound_html_or_mistakes_at_their_places(c: Choices, cloze: bool) -> None:
    text = generators.text(c, cloze).strip()
    rendered = render(text, MEDIA, cloze=cloze)
    for mistake in mistakes(text, MEDIA, cloze=cloze):
        assert 0 <= mistake.start <= len(text)
        shown = mistake.fragment.replace("\0", "\ufffd")  # as the parser shows it
        at = text.replace("\0", "\ufffd").find(shown, mistake.start)
        assert 0 <= at - mistake.start <= 3, mistake  # of math or a deletion inside code, behind its $ or {{c
    if not any(refused(text)):  # the reader lets none of these through
        check_rendered(rendered, cloze=cloze)
        with_mathml(rendered.html)
    again = render(text, MEDIA, cloze=cloze)
    assert (again.html, again.findings, again.pictures) == (rendered.html, rendered.findings, rendered.pictures)


_MARKS = r"""word - 1. * ** _ ` \ ( ) [ ] ](https://example.org) ](javascript:x) ![ ](leaf.png) <b> </b> < > & &lt; " '
    $ $$ {{c1:: {{c2:: }} :: { } ^ ~ # + = 0 \frac \text \( \) \\( [latex] [sound:a] {{ 5 ::hint א"""
MARKS = st.sampled_from([*_MARKS.split(), *" |!:.\n", "\n\n", "- ", "| a |\n|---|\n| ", "```\n"])


@given(st.lists(MARKS, max_size=60).map("".join) | st.lists(MARKS, max_size=12).map("".join), st.booleans())
def test_any_marks_give_sound_html_or_findings(typed: str, cloze: bool) -> None:
    check_rendered(render(typed, MEDIA, cloze=cloze), cloze=cloze)


# --- words ------------------------------------------------------------------------------------

_WORD = re.compile('[^\\s!"#$%&()*+,./:;<=>?@\\[\\\\\\]^_`{|}~\u00b7\u2013\u2014\u2018\u201c\u201d\u2026]+')


@given(st.text(max_size=60) | CHOICES.map(generators.text))
def test_words_are_what_a_plain_definition_says(text: str) -> None:
    assert words_of(text) == _WORD.findall(text.lower().replace("\u2019", "'"))
    assert [match[0] for match in places_of(text)] == _WORD.findall(text.replace("\u2019", "'"))
    assert len(list(places_of(text))) == len(words_of(text))
