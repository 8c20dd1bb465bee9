"""Math on the preview page is MathML that shows what was typed and can do nothing else."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from ketamine_anki.text.mathml import mathml, with_mathml
from ketamine_anki.text.render import render
from ketamine_anki.text.tex import COMMANDS


def text(element: str) -> str:
    return "".join(ElementTree.fromstring(element).itertext())


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        ("CPP = MAP - ICP", "CPP=MAP−ICP"),
        ("75 - 20 = 55", "75−20=55"),
        (r"\frac{a}{b^{2}}", "ab2"),
        (r"50 \text{ mm Hg} \%", "50\u00a0mm\u00a0Hg%"),
        ("a < b & c", "a<b&c"),
        (r"\text{<script>x</script>}", "<script>x</script>"),
        ("[...]", "[...]"),
    ],
)
def test_tex_is_shown(tex: str, shown: str) -> None:
    assert text(mathml(tex)) == shown


def test_signs_are_escaped() -> None:
    """What is typed as text cannot become an element of the page."""
    assert "<script" not in mathml(r"\text{<script>alert(1)</script>}")


@pytest.mark.parametrize("tex", ["", "{", r"\nolimits", r"\unheardof{x}", r"\frac"])
def test_what_cannot_be_converted_stays_tex(tex: str) -> None:
    assert mathml(tex) == ""
    assert with_mathml(f"a \\({tex}\\) b") == f"a \\({tex}\\) b"


def test_only_math_is_touched() -> None:
    field = r'<b title="x">a</b> \(x\) \[y\] \(<b>z</b>\) $5'
    made = with_mathml(field)
    assert made.startswith('<b title="x">a</b> <math ')
    assert made.endswith(r" \(<b>z</b>\) $5")
    assert 'display="inline"' in made
    assert 'display="block"' in made


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_no_allowed_command_makes_inline_style(command: str) -> None:
    """The page's policy forbids inline style; a command is converted without it or stays TeX."""
    for tex in (command, f"{command}{{a}}", f"{command}{{a}}{{b}}", f"{command} ("):
        assert "style=" not in mathml(tex).replace("displaystyle=", "")


def test_math_of_a_rendered_field() -> None:
    """Signs that HTML escapes in a field are themselves again in the math."""
    assert text(with_mathml(render("$a < b$", {}).html)) == "a<b"
