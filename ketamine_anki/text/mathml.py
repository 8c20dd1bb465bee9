"""The math in a field's HTML -> MathML, which browsers show without scripts or network.

For previews only: Anki itself shows math with MathJax. The only module that imports latex2mathml.
"""

from __future__ import annotations

import html
import re
from functools import cache
from xml.etree import ElementTree

# Without elements inside: Anki would not show that as math either.
_MATH = re.compile(r"\\\((?P<inline>[^<]*?)\\\)|\\\[(?P<display>[^<]*?)\\\]")


def with_mathml(field: str) -> str:
    """HTML with its `\\(…\\)` and `\\[…\\]` as MathML; what cannot be converted stays as TeX."""
    return _MATH.sub(_convert, field)


def _convert(match: re.Match[str]) -> str:
    tex = html.unescape(match["inline"] or match["display"] or "")
    return mathml(tex, display=match["display"] is not None) or match[0]


@cache
def mathml(tex: str, *, display: bool = False) -> str:
    """TeX -> a `<math>` element, or "" when it holds something that cannot be converted."""
    from latex2mathml.converter import convert_to_element

    try:
        element = convert_to_element(tex, display="block" if display else "inline")
    except Exception:  # whatever the converter trips over, the page shows the TeX
        return ""
    for part in element.iter():
        part.attrib.pop("style", None)  # the page's policy allows no inline style
        # The converter writes symbols as character references and everything else as it was typed.
        part.text = html.unescape(part.text or "")
        if "\\" in part.text:  # a command it does not know
            return ""
    return ElementTree.tostring(element, encoding="unicode")
