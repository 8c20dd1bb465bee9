"""Makes JSON Schemas (draft-07) of the YAML files, with which editors complete, explain and check what is typed.

An editor guesses types where our reader takes the text as typed, so a text may also be a number or a boolean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ketamine_anki.core.limits import MAX_ITEMS, MAX_NOTES, MAX_TEXT
from ketamine_anki.core.model import Collection, paragraph_of
from ketamine_anki.deckfiles import schema

Names = Mapping[str, Mapping[str, str]]  # kind of name -> name -> what it stands for


def schema_files(collection: Collection) -> dict[str, str]:
    """File name -> JSON Schema, with the subdecks, paragraphs, citations, claims and references of this collection."""
    names = names_of(collection)
    draft = "http://json-schema.org/draft-07/schema#"
    head = {"$schema": draft, "$comment": "Written by `ketamine-anki schema`, which writes it anew."}
    shapes = {"deck": schema.DECK, "collection": schema.COLLECTION, "source": schema.SOURCE}
    shapes["references"] = schema.REFERENCES
    return {
        f"{name}.schema.json": json.dumps(head | _shape(shape, names), indent=1, ensure_ascii=False) + "\n"
        for name, shape in shapes.items()
    }


def names_of(collection: Collection) -> Names:
    """The names that notes may use, each with a description, by the kinds of the schema's `names`."""
    first_claims: dict[str, str] = {}  # paragraphs have no titles: the first claim tells them apart
    for claim in collection.claims.values():
        first_claims.setdefault(f"{claim.section}/{claim.paragraph}", claim.text)
    paragraphs, cites = {}, dict[str, str]()
    for paragraph, cited in collection.paragraphs.items():
        title = collection.sections[paragraph_of(paragraph)[0]].title
        paragraphs[paragraph] = f"{title}: {first_claims[paragraph]}" if paragraph in first_claims else title
        for cite in cited:
            cites.setdefault(cite, f"cited in {paragraph}")
    return {
        "decks": dict.fromkeys(collection.decks, ""),
        "paragraphs": paragraphs,
        "cites": dict(sorted(cites.items())),
        "claims": {claim.id: claim.text for claim in collection.claims.values()},
        "references": {work.key: work.citation for work in collection.references.values()},
    }


def _shape(shape: schema.Shape, names: Names) -> dict[str, Any]:
    if isinstance(shape, schema.Text):
        return _text(shape, names)
    if isinstance(shape, schema.List):
        return _list(shape, names)
    if isinstance(shape, schema.Table):
        value = _shape(shape.value, names)
        return {"description": shape.about, "type": "object", "additionalProperties": value}
    if isinstance(shape, schema.Either):
        condition = {"required": [shape.key]}
        return {"if": condition, "then": _shape(shape.having, names), "else": _shape(shape.otherwise, names)}
    assert isinstance(shape, schema.Record)
    return {
        "description": shape.about,
        "type": "object",
        "properties": {key: _shape(value, names) for key, value in shape.keys.items()},
        "required": [key for key in shape.keys if key in shape.required or (key == "source" and names["paragraphs"])],
        "additionalProperties": False,
    }


def _list(shape: schema.List, names: Names) -> dict[str, Any]:
    most = MAX_NOTES if isinstance(shape.item, schema.Either) else MAX_ITEMS
    array = {"description": shape.about, "type": "array", "minItems": 1, "maxItems": most}
    unique = {"uniqueItems": True} if isinstance(shape.item, schema.Text) else {}
    return array | unique | {"items": _shape(shape.item, names)}


def _text(shape: schema.Text, names: Names) -> dict[str, Any]:
    text: dict[str, Any] = {"description": shape.about}
    if shape.examples:
        text["examples"] = list(shape.examples)
    known = names.get(shape.names, {})
    if known:
        text["enum"] = list(known)
        if any(known.values()):
            text["enumDescriptions"] = list(known.values())
    elif shape.choices:
        text["enum"] = list(shape.choices)
    elif shape.pattern:
        text |= _pattern(shape.pattern)
    else:
        text |= {"type": ["string", "number", "boolean"], "pattern": r"\S", "maxLength": MAX_TEXT}
    return text


def _pattern(pattern: str) -> dict[str, Any]:
    """The form of a text, which may also be a number if digits match the pattern."""
    whole = {"pattern": rf"^\s*(?:{pattern})\s*$"}
    if re.fullmatch(pattern, "7"):
        return {"type": ["string", "integer"], "minimum": 0, **whole}
    return {"type": "string", **whole}
