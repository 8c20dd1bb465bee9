"""A card in Chromium as Anki's reviewer shows it: its class names, and what its own stylesheet does to a card."""

from __future__ import annotations

from typing import NamedTuple

from ketamine_anki.preview.page import REVIEWER_CSS


class Look(NamedTuple):
    """A window of Anki: classes of <html> and <body>, size in CSS pixels, the reviewer's own CSS."""

    root: str
    body: str
    width: int
    height: int
    css: str = ""


LOOKS = {
    "day": Look("linux chrome", "card card{n} isLin", 1000, 800, REVIEWER_CSS),
    "night": Look("linux chrome night-mode", "card card{n} isLin nightMode night_mode", 1000, 800, REVIEWER_CSS),
    "phone": Look("mobile android linux js", "card card{n}", 390, 844),
    "phone-night": Look("mobile android linux js", "card card{n} night_mode nightMode", 390, 844),
}


def window(html: str, css: str, ordinal: int, look: Look) -> str:
    """One side of a card with the CSS of its note type -> the page that the reviewer shows."""
    return (
        f'<!DOCTYPE html><html class="{look.root}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><style>{look.css}</style>'
        f'<body class="{look.body.format(n=ordinal + 1)}"><div id="qa"><style>{css}</style>{html}</div></body></html>'
    )
