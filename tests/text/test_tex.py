"""TeX in math: what only draws is let through, everything else is refused at its place with the reason."""

from __future__ import annotations

import string

import pytest
from promises import mistakes

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
    assert mistakes(f"so ${shown}{{a}}{{b}}$") == [("tex-command", 4, shown, message)]
    assert mistakes(f"so $${{x {shown}{{a}}}}$$") == [("tex-command", 8, shown, message)]
    assert mistakes(f"{{{{c1::$a + {shown}{{a}}$}}}}", cloze=True) == [("tex-command", 11, shown, message)]


_SIGNS = "\\,;:! {}%$_&#|"


@pytest.mark.parametrize("sign", [sign for sign in string.punctuation + string.digits + " é" if sign not in _SIGNS])
def test_a_sign_that_would_end_or_change_the_math_is_refused(sign: str) -> None:
    message = f"TeX command \\{sign} would end or change the math"
    assert mistakes(f"so $a\\{sign}b$") == [("tex-command", 5, f"\\{sign}", message)]


@pytest.mark.parametrize("sign", _SIGNS)
def test_a_sign_that_draws_is_let_through(sign: str) -> None:
    assert mistakes(f"so $a\\{sign}b$") == []


@pytest.mark.parametrize(
    ("tex", "at", "fragment", "message"),
    [
        (r"a \\[-1em] b", 2, r"\\", r"TeX \\ moves what follows over other text: leave it out"),
        (r"a \\*[2em] b", 2, r"\\", r"TeX \\ moves what follows over other text: leave it out"),
        (r"a \!\! b", 2, r"\!", r"TeX \! moves what follows over other text: leave it out"),
        (r"a \! \! b", 2, r"\!", r"TeX \! moves what follows over other text: leave it out"),
        (r"\! a \! b \! c", 10, r"\!", r"TeX \! moves what follows over other text: leave it out"),
        (r"a % b", 2, "%", r"% starts a comment in TeX: write \%"),
        (r"a} + {b", 1, "}", "} without a { in the math"),
        (r"\frac{a}{b", 0, r"\frac{a}{b", "{ is never closed in the math"),
        ("\\frac{a b}{c\nd\ne", 0, r"\frac{a b}{c", "{ is never closed in the math"),
        (r"\left( a", 0, r"\left", r"\left is never ended in the math"),
        (r"\left( a \left( b", 0, r"\left", r"\left is never ended in the math"),
        (r"{{a \left( b} \right)}", 4, r"\left", r"\left is never ended in the math"),
        (r"\left( {a \right)}", 10, r"\right", r"\right without a \left before it"),
        (r"a \right)", 2, r"\right", r"\right without a \left before it"),
        (r"a \end{array}", 2, r"\end", r"\end without a \begin{array} before it"),
        (r"\begin{array}{l} a", 0, r"\begin{array}", r"\begin{array} is never ended in the math"),
        (r"\begin{array}{l} a \end{cases}", 19, r"\end", r"\end without a \begin{cases} before it"),
        (r"\begin{array}{l} \left( \end{array} \right)", 24, r"\end", r"\end without a \begin{array} before it"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tex: str, at: int, fragment: str, message: str) -> None:
    """In a formula of a line and in a displayed one."""
    assert mistakes(f"so ${tex}$") == [("tex-command", 4 + at, fragment, message)]
    assert mistakes(f"so $${tex}$$") == [("tex-command", 5 + at, fragment, message)]


_ENVIRONMENTS = "Vmatrix, aligned, array, bmatrix, cases, gathered, matrix, pmatrix, smallmatrix, vmatrix"


@pytest.mark.parametrize("name", ["verbatim", "document", "html", "Array", "align*", ""])
def test_only_environments_that_set_rows_are_let_through(name: str) -> None:
    message = f"TeX environment {name!r} is not one of {_ENVIRONMENTS}"
    assert mistakes(rf"so $\begin{{{name}}}x\end{{{name}}}$") == [("tex-command", 4, r"\begin", message)]
    for known in _ENVIRONMENTS.split(", "):
        columns = "{l}" if known == "array" else ""
        assert mistakes(rf"so $\begin{{{known}}}{columns}x\\y\end {{{known}}}$") == []


def test_an_environment_has_a_name() -> None:
    message = f"TeX environment '?' is not one of {_ENVIRONMENTS}"
    assert mistakes(r"so $\begin x\end x$") == [("tex-command", 4, r"\begin", message)]


@pytest.mark.parametrize(
    "tex",
    [
        r"\left( \left[ a \right] \right)",
        r"\begin{cases} \left( a \right) \\ b \end{cases}",
        r"\begin{cases} a \\ \begin{matrix} b \end{matrix} \end{cases}",
        r"a \! b \! c \\ d",
        r"a \% b",
        r"{a}{b} \{ c",
    ],
)
def test_pairs_are_let_through(tex: str) -> None:
    assert mistakes(f"so ${tex}$") == []


_COLUMNS = r"\begin{array} without its columns, letters l, c or r in braces: \begin{array}{ll}"


@pytest.mark.parametrize(
    ("tex", "at", "fragment", "message"),
    [
        (r"\begin{array} a\end{array}", 0, r"\begin", _COLUMNS),
        (r"\begin{array}[t]{a}b\end{array}", 0, r"\begin", _COLUMNS),
        (r"x \begin{aligned} [5] a\end{aligned}", 2, r"\begin", r"[ behind \begin{aligned} is not shown: write {[}"),
        (r"\begin{gathered}[5\end{gathered}", 0, r"\begin", r"[ behind \begin{gathered} is not shown: write {[}"),
        (r"a & b", 2, "&", r"& parts the columns of an array: write \&"),
        (r"\begin{matrix}a & {b & c}\end{matrix}", 21, "&", r"& parts the columns of an array: write \&"),
        (r"\begin{matrix}\left(a & b\right)\end{matrix}", 22, "&", r"& parts the columns of an array: write \&"),
        (r"\begin{matrix}a\end{matrix} & b", 28, "&", r"& parts the columns of an array: write \&"),
        (r"a @= b", 2, "@", r"@ has a meaning of its own in TeX: write \text{@}"),
        (r"a # b", 2, "#", r"# has a meaning of its own in TeX: write \#"),
        (r"a \\{b\hat}", 6, r"\hat", r"\hat without what belongs to it: put that in braces behind it"),
        (r"x_a^b_c", 5, "_", "second subscript of one letter: put the first part in braces"),
        (r"x^a_b^c", 5, "^", "second superscript of one letter: put the first part in braces"),
        (r"x^a'", 3, "'", "second superscript of one letter: put the first part in braces"),
        (r"x^\hat{a}^b", 9, "^", "second superscript of one letter: put the first part in braces"),
        (r"x\limits_a", 1, r"\limits", r"\limits without an operator before it, such as \sum"),
        (r"\hat{\nolimits}", 5, r"\nolimits", r"\nolimits without an operator before it, such as \sum"),
        (r"x^\log 2", 1, "^", r"^ without what belongs to it: put that in braces behind it"),
        (r"\begin{matrix}x_\end{matrix}", 15, "_", r"_ without what belongs to it: put that in braces behind it"),
        (r"\bigl x", 0, r"\bigl", r"\bigl without a bracket: write one behind it, or a dot"),
        (r"\Big{(}", 0, r"\Big", r"\Big without a bracket: write one behind it, or a dot"),
        (r"\left x \right)", 0, r"\left", r"\left without a bracket: write one behind it, or a dot"),
        (r"\sqrt[3", 0, r"\sqrt", r"\sqrt without what belongs to it: put that in braces behind it"),
        (r"\text\mu", 0, r"\text", r"\text without what belongs to it: put that in braces behind it"),
        (r"\text{5 \mu g}", 8, r"\mu", r"\mu inside of \text is shown as it is typed: end the \text before it"),
        (r"\textbf{{a} \%} \%", 12, r"\%", r"\% inside of \text is shown as it is typed: end the \text before it"),
        (r"\text{a::b} c::d", 7, "::", r":: inside of \text is shown with braces between: leave one out"),
        (r"\text{a} % b", 9, "%", r"% starts a comment in TeX: write \%"),
        (r"a \\*b", 2, r"\\", r"* behind \\ is not shown: write a space before it"),
        (r"\cfrac[x]ab", 0, r"\cfrac", r"\cfrac without what belongs to it: put that in braces behind it"),
    ],
)
def test_what_would_show_an_error_or_nothing_is_said_at_its_place(
    tex: str, at: int, fragment: str, message: str
) -> None:
    """As MathJax 3.2.2 answers; `tests/deep/mathjax.py` asks it."""
    assert mistakes(f"so ${tex}$") == [("tex-command", 4 + at, fragment, message)]


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{aligned}[t] a &= b \\ & \left(c\right) & d\end{aligned}",
        r"\begin{array} [b] {l|cr} a & b & \begin{matrix}c&d\end{matrix} & e\end{array}",
        r"\begin{matrix} [5] \end{matrix}",
        r"\begin{matrix}a^2&^3\\^4\end{matrix} x^2\hat{a}^3 x_1'^{2} \text {a_b^c^d}",
        r"\sum\limits_a^b \sum^2\limits_a \operatorname{max}\limits_x \log\nolimits \lim \limits_{x}",
        r"\overbrace{a}\limits^b",
        r"\left.x\right\rangle \bigl\{ \Bigr\Vert \left\|x\right\}",
        r"x^{\log} x^\sqrt{2} x^\lim x_\alpha \frac\sin{b} \sqrt [3] {x} \cfrac[ l ]ab \operatorname * {x}_a",
        r"a \\ *b \\ [5] a @ b x^\left(a\right)",
        r"\text{a & b @ # 5 % \{ \} \$ \\} \& \#",
    ],
)
def test_what_is_shown_is_let_through(tex: str) -> None:
    assert mistakes(f"so ${tex}$") == []


def test_a_backslash_at_the_end_is_refused() -> None:
    """No text gives such a formula, as `\\$` is a sign; the end of the math would be lost with it."""
    assert list(tex_mistakes("a\\")) == [("tex-command", 1, "\\", "backslash at the end of the math")]


def test_deletions_are_no_tex() -> None:
    """Their marks are looked over, and what they hide is held to the same list."""
    assert mistakes(r"so $\frac{{{c1::a}}}{{{c2::b::\text{hint}}}}$", cloze=True) == []
    (mistake,) = mistakes(r"so $a {{c1::\href{x}{y}}}$", cloze=True)
    assert (mistake.start, mistake.fragment) == (12, r"\href")


_BREAKS = "the formula breaks where this deletion is hidden: hide a whole part of it, or write {} before it"


def _bare(command: str) -> str:
    return f"{command} wants braces, and those of a deletion are none: put others around it"


@pytest.mark.parametrize(
    ("tex", "at", "fragment", "message"),
    [
        (r"x^{{c1::12}}", 1, "^", _bare("^")),
        (r"a + \frac{1}{{c1::12}}", 4, r"\frac", _bare(r"\frac")),
        (r"\text{{c1::ab}}", 0, r"\text", _bare(r"\text")),
        (r"\begin{matrix}a\\{{c1::b}}\end{matrix}", 17, "{{c1:", _BREAKS),
        (r"\begin{aligned}{{c1::a}}&=b\end{aligned}", 15, "{{c1:", _BREAKS),
        (r"{{c1::a}} {{c2::\left(}}b\right)", 10, "{{c2:", _BREAKS),
        (r"{{c1::a}} {{c2::b {{c3::\begin{matrix}c}}\end{matrix}}}", 18, "{{c3:", _BREAKS),
        (r"\left( {{c1::a \right) b}}", 7, "{{c1:", _BREAKS),
        (r"{{c1::a}} {{c2::b {{c3::c \\{{c4::d}}}}}}", 28, "{{c4:", _BREAKS),
        (r"\\{{c1::[-1em]}}", 2, "{{c1:", _BREAKS),
    ],
)
def test_a_formula_stands_while_a_deletion_is_hidden(tex: str, at: int, fragment: str, message: str) -> None:
    """Anki puts `[...]` in its place, and then what it holds, without braces."""
    assert mistakes(f"so ${tex}$", cloze=True) == [("tex-command", 4 + at, fragment, message)]


@pytest.mark.parametrize(
    "tex",
    [
        r"x^{ {{c1::12}} } \frac{ {{c1::12}} }{{{c2::3}}} \text{a {{c3::b}} c}",
        r"x{{c1::^2}}_1 + {{c1::a}}^2_1 + {{c2::b {{c3::c_{d}}}::hint}}",
        r"\begin{aligned}a&={{c1::b}}\\ {{c2::c}}&=d\\{}{{c3::e}}\end{aligned}",
        r"A = {{c1::2}}\begin{pmatrix}1\end{pmatrix} {{c2::x}}\left(1\right)",
    ],
)
def test_deletions_are_let_through(tex: str) -> None:
    assert mistakes(f"so ${tex}$", cloze=True) == []


def test_a_formula_of_any_honest_size_is_let_through() -> None:
    longest = "+" * MAX_TEX
    assert mistakes(f"so ${longest}$") == []
    message = "a formula of 1,001 characters: at most 1,000"
    assert mistakes(f"so ${longest}b$") == [("limit", 4, "+" * 20, message)]
    deepest = "{" * MAX_TEX_DEPTH + "}" * MAX_TEX_DEPTH
    assert mistakes(f"so $a{deepest}$") == []
    message = "braces more than 20 deep in the math"
    assert mistakes(f"so $a{{{deepest}}}$") == [("limit", 25, "{", message)]
