"""Templates escape what is filled in."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader, UndefinedError
from markupsafe import Markup

from ketamine_anki.core import template

TEXT = "{% macro shown(value) %}{{ value }}{% endmacro %}{{ shown(text) }} {{ part }} {{ text | safe }}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x.html", "&lt;b&gt; *c* &amp; <i> <b> *c* &"), ("x.md", r"&lt;b&gt; \*c\* &amp; <i> <b> *c* &")],
)
def test_values_are_escaped(name: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and not when they are safe."""
    monkeypatch.setattr(template._environment(name.endswith(".html")), "loader", DictLoader({name: TEXT}))
    assert "".join(template.filled_in(name, text="<b> *c* &", part=Markup("<i>"))) == expected
    with pytest.raises(UndefinedError):
        "".join(template.filled_in(name, text=""))
