"""Whoever follows the advice on a text, to the letter, has a card that shows what was typed: spaces and marks apart."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

import generators
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invariants import Mistake, mistakes, text_of

from ketamine_anki.text.render import render

WORDS = st.lists(st.sampled_from([word for word in generators.WORDS if word.isalnum()]), min_size=1, max_size=3).map(
    " ".join
)
# Texts with a mistake; w stands for any words.
TEXTS = (
    "**w", "w** w", "*w", "_w", "w `w", "`` w ` w", "~~w~~", "H~2~O w", "CO^2^ w", "==w==", "w ''w''", "w \\SI{5}{mol}",
    "$ x + 1 $ w", "w $k w", "w $$x w", "10^{-3} w", "w_{12}", "# w", "w\n-w\n-w", "w\n---\nw", "| w | w |\n| w | w |",
    "w\n=====", "$10^14$ w", "$x_-1$ w",
    "w &alpha; w", "&gt; 5 w", "&#945;w", "w &lt; 5", "植物は**「w」**の中で", '**"w"**ders', "5*10*9 w", "w 15*2*3",
    "- 5 w", "+ 3 w", "w\n\n-\n\nw", r"w \(x + 1\) w", r"\[x\] w", "$5 % w$", "$a # b$ w", "$a & b$", "w [[w]]",
    "10^9 w", "m^2 w", "w x^n", "x^(n+1) w", "w x_1", "H_2O w", "V_d w", "w [b]w[/b]", "![w]", "[w][w]", "- [ ] w",
    "[x] w", ":smile: w", "猫[ねこ]w", "== w ==", "w __init__", "\\d+\\.\\s* w", "w C:\\_w", "\\\\server\\share w",
    "2**n**m w", "x**n + y**m w", "w $HOME/$USER", "std::vector<int> w", "w <url>", "```python title='w'\nw\n```",
    "w\\n W", "c1::w", "```title=w\nw\n```", "~~~\nw\n~~~", "```\nw", "w ```\nw\n```", "w\n\n    w\n    w", "w\n    w",
    "<b>w</b> w", "w<br>w", "H<sub>2</sub>O w", "<!-- w -->", "<ftp://example.org> w", "a <b and w> w",
    "List<String> w", "{{w}} w", "w {{ w", "w [^1]", "w [label] (https://example.org)",
    "w t_1/2", "x_n+1 w", "w^st^", "n^th^ w", "x^2y w", "(x+1)^2y w", "p_value w", "w 2**3", "x^2^3 w", "HCO_3^- w",
    "CO2^ w", "w ++bold++", "//bold// w", "||bold||", "** w **", "&copy w", "w {\\it w}", "w\\tb", "\\u00e9 w",
    "Dr.~Ho w", "10^3.5 w", "w ^14C", "{% w %}", "w {#w}", "|w|w|", "w | w\nw | w",
    "![w](my leaf.png)", "![[leaf.png]] w",
)  # fmt: skip


def follow(text: str, mistake: Mistake, *, first: bool) -> str:
    """The text after the edit that the message proposes; of two, the one that shows what was typed, or the `first`."""
    at, end = mistake.start, mistake.start + len(mistake.fragment)
    if first and (
        match := re.search(
            r"not as a? ?(?:su...script|furigana|character): write (.+?)(?: or .+|, or .+)?;", mistake.message
        )
    ):
        return text[:at] + match[1] + text[end:]
    for pattern, edit in EDITS_OF_THE_WHOLE:
        if pattern in mistake.message:
            return edit(text)
    for pattern, edit in EDITS:
        if match := re.search(pattern, mistake.message):
            return text[:at] + edit(text[at:end], match) + text[end:]
    raise LookupError(mistake.message)


def _escape(fragment: str, match: re.Match[str]) -> str:
    return fragment.replace(re.sub(r"\\(.)", r"\1", match[1]), match[1], 1)


# What a message proposes, and what becomes of the fragment that it names; the first that fits.
EDITS: tuple[tuple[str, Callable[[str, re.Match[str]], str]], ...] = (
    (r"to show it, write ((?:\\.)+)$", _escape),
    (r"to show it, put it in `code`", lambda fragment, match: f"`{fragment}`"),
    (r"write (\\\*)", _escape),
    ("put it in `code`", lambda fragment, match: f"`{fragment}`"),
    ("write a space after <", lambda fragment, match: fragment.replace("<", "< ")),
    ("begin a line with it", lambda fragment, match: f"\n{fragment}"),
    ("on a line of its own", lambda fragment, match: f"\n{fragment}"),
    (r"write '(\\.)'", lambda fragment, match: match[1]),
    ("write it without the space", lambda fragment, match: fragment.replace(" ", "")),
    (r"is Anki's math: write \$\.\.\.\$", lambda fragment, match: f"${fragment[2:-2]}$"),
    (r": write (\\.)$", lambda fragment, match: match[1]),
)


EDITS_OF_THE_WHOLE: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("write ``` before and after it", lambda text: text.replace("~~~", "```")),
    ("on a line of its own below the code", lambda text: f"{text}\n```"),
    ("would be small: write", lambda text: re.sub(r"([_^])(-?\d+)", r"\1{\2}", text)),
    ("has spaces before it", lambda text: re.sub("(?m)^ +", "", text)),
)


def signs(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in text if sign.isalnum() or sign in "<>%+")


@pytest.mark.parametrize("text", TEXTS)
@settings(max_examples=settings().max_examples // 10)
@given(WORDS, st.booleans())
def test_advice_on_a_text_keeps_what_was_typed(text: str, words: str, first: bool) -> None:
    typed = text.replace("w", words)
    followed, found, kept = typed, mistakes(typed, {}), []
    assert found
    for _ in range(8):
        if not found:
            break
        followed = follow(followed, found[0], first=first)
        kept += [found[0].fragment] if re.search("to show it, |put it", found[0].message) and not first else []
        found = mistakes(followed, {})
    assert found == []
    shown = text_of(render(followed, {}).html)
    assert signs(shown) == signs(html.unescape(typed) if first else typed)
    assert all(fragment in shown for fragment in kept), kept


@settings(max_examples=settings().max_examples // 5)
@given(st.sampled_from("xtC"), st.sampled_from("^_"), st.sampled_from(["1", "12", "n", "nm"]), st.data())
def test_each_way_to_read_a_script_is_offered(base: str, sign: str, script: str, data: st.DataObject) -> None:
    unclear = ("/2", "/2x", "y", "-24") if script.isdigit() else ("/2", "+1", "/F")
    rest = data.draw(st.sampled_from(["", "-weighted", *(["/L", "+1"] if script.isdigit() else []), *unclear]))
    typed = f"{base}{sign}{script}{rest}"
    (found,) = mistakes(typed, {})
    offered = re.search(": write (.+?)(?:, or put a name in `code`)?;", found.message)[1].split(" or ")
    small = "[⁰¹²³⁴-⁹₀-₉]+"
    readings = {
        re.sub(small, lambda match: f"{sign}{{{unicodedata.normalize('NFKC', match[0])}}}", one).replace("$", "")
        for one in (typed.replace(found.fragment, one) for one in offered)
    }
    plain = f"{base}{sign}{{{script}}}{rest}"
    assert readings == ({plain, f"{base}{sign}{{{script}{rest}}}"} if rest in unclear else {plain})


# Cloze texts with a mistake -> the text that was meant.
CLOZE = {
    "{{c1:w}} x": "{{c1::w}} x", "{c1::w}} x": "{{c1::w}} x", "{c1:w} x": "{{c1::w}} x", "{{C1::w}} x": "{{c1::w}} x",
    "{{ c1::-5 w}} x": "{{c1::-5 w}} x", "{{c::w::h}} x": "{{c1::w::h}} x", "{{2:w}} {{c1::x}}": "{{c2::w}} {{c1::x}}",
    "{{c1;w}} x": "{{c1::w}} x", "{{c１::w}} x": "{{c1::w}} x", "{{c1|>5 w}} x": "{{c1::>5 w}} x",
    "{{c1::w x": "{{c1::w x}}", "{{c1::w} x": "{{c1::w} x}}", "a {{c1::w::}} x": "a {{c1::w}} x",
    "{{c1::w}} {{c3::x}}": "{{c1::w}} {{c2::x}}", "{{c0::w}} x": "{{c1::w}} x", "{{c2::w}} x": "{{c1::w}} x",
    "{{c1::std::w}} x": "{{c1::`std::w`}} x", "{{w}} {{c1::x}}": "`{{w}}` {{c1::x}}",
    "$w = {{c1::y}$": "$w = {{c1::y}}$", "`{{c1::w}}` x": "{{c1::`w`}} x", "w }} {{c1::x}}": "w {{c1::x}}",
}  # fmt: skip
CLOZE_EDITS: tuple[tuple[str, Callable[[str, str, re.Match[str]], str]], ...] = (
    (r"malformed .*: write (.*)$", lambda text, fragment, match: text.replace(fragment, match[1], 1)),
    ("never closed: add }}", lambda text, fragment, match: f"{text}}}}}"),
    ("inside the math: add }}", lambda text, fragment, match: text.replace("}$", "}}$")),
    ("leave '::' out", lambda text, fragment, match: text.replace(fragment, "}}")),
    (r"cloze number c(\d) without a c(\d)", lambda text, _, match: text.replace(f"c{match[1]}::", f"c{match[2]}::")),
    ("start at c1", lambda text, fragment, match: text.replace("c0::", "c1::")),
    ("put the answer between backticks", lambda text, fragment, match: re.sub("(?<=::)(std.*)(?=}})", r"`\1`", text)),
    ("put it in `code`", lambda text, fragment, match: text.replace(fragment, f"`{fragment}`", 1)),
    ("write {{c1::`code`}}", lambda text, fragment, match: re.sub("`({{c1::)(.*)}}`", r"\1`\2`}}", text)),
    ("delete it", lambda text, fragment, match: text.replace(f"{fragment} ", "", 1)),
)


@pytest.mark.parametrize("text", CLOZE)
@settings(max_examples=settings().max_examples // 20)
@given(WORDS)
def test_advice_on_a_deletion_keeps_what_is_hidden(text: str, words: str) -> None:
    followed = re.sub("w(?!\\w)", words, text)
    (found,) = mistakes(followed, {}, cloze=True)
    edits = ((edit, match) for pattern, edit in CLOZE_EDITS if (match := re.search(pattern, found.message)))
    edit, match = next(edits)
    followed = edit(followed, found.fragment, match)
    assert followed == re.sub("w(?!\\w)", words, CLOZE[text])
    assert mistakes(followed, {}, cloze=True) == []
