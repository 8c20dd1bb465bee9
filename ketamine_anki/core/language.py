"""What the language of a collection, a BCP 47 tag such as `pt-BR`, says about how its texts are written.

Source: Unicode CLDR 46 (decimal signs, character order).
"""

from __future__ import annotations

import re
from functools import cache

BCP_47 = r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8})*"
_COMMA = frozenset(
    """af az be bg bs ca cs da de el es et eu fi fo fr fy gl hr hu hy id is it ka kk ky lt lv mk mn nb nl nn no pl pt ro
    ru sk sl sq sr sv tg tk tr uk uz vi""".split()
)
_POINT = frozenset(  # where such a language has a decimal point after all
    """de-CH de-LI it-CH es-419 es-DO es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-SV es-US""".split()
)
_RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he ks nqo ps sd syr ug ur yi".split())
_LEFT_TO_RIGHT_SCRIPTS = frozenset("Latn Cyrl Deva".split())


def primary(tag: str) -> str:
    """The language itself: `pt` of `pt-BR`."""
    return tag.partition("-")[0]


def decimal_sign(tag: str) -> str:
    """`,` or `.`"""
    return "," if primary(tag) in _COMMA and tag not in _POINT else "."


def is_right_to_left(tag: str) -> bool:
    """Whether lines run from right to left."""
    return primary(tag) in _RIGHT_TO_LEFT and _LEFT_TO_RIGHT_SCRIPTS.isdisjoint(tag.split("-"))


def attributes(tag: str) -> str:
    """What an HTML element with text of a language says of it; "" for English, as everything else around is."""
    return "" if tag == "en" else f' lang="{tag}"' + ' dir="rtl"' * is_right_to_left(tag)


def filled(words: str, **parts: str) -> str:
    """Words with parts in the places that name them: `{section}, paragraph {number}`."""
    return re.sub(r"\{(\w+)\}", lambda name: parts.get(name[1], name[0]), words)


@cache
def _table() -> dict[str, dict[str, str]]:
    import json
    from importlib.resources import files  # takes its time, and a check does not need it

    table: dict[str, dict[str, str]] = json.loads(files(__package__).joinpath("labels.json").read_text("utf-8"))
    return table


def labels(tag: str) -> dict[str, str]:
    """The words of cards, deck pages and release notes, by name, in a language: `pt-BR` has those of `pt`, and Basque
    the English ones.
    """
    table = _table()
    while tag and tag not in table:
        tag = tag.rpartition("-")[0]
    return table[tag or "en"]
