"""Math on the preview page is MathML that shows what was typed and can do nothing else."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from ketamine_anki.text.mathml import mathml, with_mathml
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


@pytest.mark.parametrize("tex", ["", "{", r"\nolimits", r"\unheardof{x}", r"\frac"])
def test_what_cannot_be_converted_stays_tex(tex: str) -> None:
    assert mathml(tex) == ""
    assert with_mathml(f"a \\({tex}\\) b") == f"a \\({tex}\\) b"


def test_only_math_is_touched() -> None:
    inline, block = mathml("x < y"), mathml("z", display=True)
    assert 'display="inline"' in inline
    assert 'display="block"' in block
    field = r'<b title="x">a</b> \(x &lt; y\) \[z\] \(<b>z</b>\) $5'
    assert with_mathml(field) == rf'<b title="x">a</b> {inline} {block} \(<b>z</b>\) $5'


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_no_allowed_command_makes_inline_style(command: str) -> None:
    """The page's policy forbids inline style; a command is converted without it or stays TeX."""
    for tex in (command, f"{command}{{a}}", f"{command}{{a}}{{b}}", f"{command} ("):
        assert "style=" not in mathml(tex).replace("displaystyle=", "")
