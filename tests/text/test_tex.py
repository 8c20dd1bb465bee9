"""TeX in math: what only draws is let through, what reaches outside the formula is refused; see also texts.yaml."""

from __future__ import annotations

import string

import pytest
from invariants import mistakes

from ketamine_anki.core.limits import MAX_TEX, MAX_TEX_DEPTH
from ketamine_anki.text.tex import tex_mistakes

# What MathJax or LaTeX would run, load, define, name, number, colour, hide or lay over something else.
_REACHING = """href url style class cssId data require def gdef edef let newcommand renewcommand newenvironment
    DeclareMathOperator catcode csname expandafter input include write immediate openout includegraphics usepackage
    unicode char html htmlClass htmlId htmlData verb tag label ref eqref cite color textcolor colorbox fcolorbox
    definecolor pagecolor bbox enclose cancel hspace vspace kern mkern hskip mskip raise lower moveleft rlap llap
    mathrlap smash raisebox rule hphantom vphantom mathchoice mathtip texttip toggle tiny huge Huge fontsize scalebox
    rotatebox lateximg special Frac BEGIN""".split()


@pytest.mark.parametrize("command", _REACHING)
def test_a_command_that_reaches_outside_the_formula_is_refused(command: str) -> None:
    shown = f"\\{command}"
    message = f"TeX command {shown} is not in the list of allowed commands"
    assert mistakes(f"so $${{x {shown}{{a}}}}$$") == [("tex-command", 8, shown, message)]


_SIGNS = "\\,;:! {}%$_&#|"  # what a backslash may precede: it draws, and ends no math


@pytest.mark.parametrize("sign", string.punctuation + string.digits + " é")
def test_a_backslash_and_a_sign_draw_or_are_refused(sign: str) -> None:
    message = f"TeX command \\{sign} would end or change the math"
    expected = [] if sign in _SIGNS else [("tex-command", 5, f"\\{sign}", message)]
    assert mistakes(f"so $a\\{sign}b$") == expected


def test_a_backslash_at_the_end_is_refused() -> None:
    """No text gives such a formula, since `\\$` is a sign; in the HTML the backslash would take the end of the math."""
    assert tex_mistakes("a\\") == (("tex-command", 1, "\\", "backslash at the end of the math"),)


def test_a_formula_of_any_honest_size_is_let_through() -> None:
    longest = "+" * MAX_TEX
    assert mistakes(f"so ${longest}$") == []
    message = "a formula of 1,001 characters: at most 1,000"
    assert mistakes(f"so ${longest}b$") == [("limit", 4, "+" * 20, message)]
    deepest = "{" * MAX_TEX_DEPTH + "}" * MAX_TEX_DEPTH
    assert mistakes(f"so $a{deepest}$") == []
    message = "braces more than 20 deep in the math"
    assert mistakes(f"so $a{{{deepest}}}$") == [("limit", 25, "{", message)]
