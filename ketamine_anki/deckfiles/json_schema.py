"""The shape of the YAML files -> JSON Schemas (draft-07), which editors read through the YAML
language server: completion, hover texts and marks while one types.

An editor guesses types where our reader takes the text as typed, so a text may be a number or a
truth value too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ketamine_anki.core.limits import MAX_ITEMS, MAX_NOTES, MAX_TEXT
from ketamine_anki.core.model import Collection
from ketamine_anki.deckfiles import schema

Names = Mapping[str, Mapping[str, str]]  # kind of name -> name -> what it stands for


def json_schemas(collection: Collection) -> dict[str, dict[str, Any]]:
    """File name -> schema, with the names of this collection: subdecks, paragraphs, citations,
    claims and references.
    """
    names = names_of(collection)
    shapes = {"deck": schema.DECK, "collection": schema.COLLECTION, "source": schema.SOURCE}
    shapes["references"] = schema.REFERENCES
    draft = "http://json-schema.org/draft-07/schema#"
    return {f"{name}.schema.json": {"$schema": draft, **_shape(shape, names)} for name, shape in shapes.items()}


def schema_files(collection: Collection) -> dict[str, str]:
    """File name -> text of each schema."""
    return {
        name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for name, schema in json_schemas(collection).items()
    }


def names_of(collection: Collection) -> Names:
    """The names that notes may use, by the kinds that schema.py's `names` speaks of."""
    # Paragraphs have no titles: what tells them apart is the first thing that they say.
    says: dict[str, str] = {}
    for claim in collection.claims.values():
        says.setdefault(f"{claim.section}/{claim.paragraph}", claim.text)
    paragraphs = {
        name: f"{section.title}: {says[name]}" if name in says else section.title
        for section in collection.sections.values()
        for number in range(1, len(section.cites) + 1)
        for name in [f"{section.slug}/{number}"]
    }
    cites: dict[str, str] = {}
    for section in collection.sections.values():
        for number, made in enumerate(section.cites, 1):
            for cite in made:
                cites.setdefault(cite, f"cited in {section.slug}/{number}")
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
        "required": [key for key in shape.keys if key in shape.required],
        "additionalProperties": False,
    }


def _list(shape: schema.List, names: Names) -> dict[str, Any]:
    most = MAX_NOTES if isinstance(shape.item, schema.Either) else MAX_ITEMS
    made: dict[str, Any] = {"description": shape.about, "type": "array", "minItems": 1, "maxItems": most}
    if isinstance(shape.item, schema.Text):
        made["uniqueItems"] = True
    return made | {"items": _shape(shape.item, names)}


def _text(shape: schema.Text, names: Names) -> dict[str, Any]:
    made: dict[str, Any] = {"description": shape.about}
    if shape.examples:
        made["examples"] = list(shape.examples)
    known = names.get(shape.names, {})
    if known:
        made["enum"] = list(known)
        if any(known.values()):
            made["enumDescriptions"] = list(known.values())
    elif shape.choices:
        made["enum"] = list(shape.choices)
    elif shape.pattern:
        made |= _typed(shape.pattern)
    else:
        made |= {"type": ["string", "number", "boolean"], "pattern": r"\S", "maxLength": MAX_TEXT}
    return made


def _typed(pattern: str) -> dict[str, Any]:
    """A pattern, for text alone or also for a number, where digits fit it."""
    whole = {"pattern": rf"^\s*(?:{pattern})\s*$"}
    if re.fullmatch(pattern, "7"):
        return {"type": ["string", "integer"], "minimum": 0, **whole}
    return {"type": "string", **whole}
