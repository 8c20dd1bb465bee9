"""Notes -> one self-contained HTML page of every card: no network, no framework, no inline handlers.

Each side of a card stands in a shadow root of its own with the note type's CSS, so that page and
card cannot touch each other. Its HTML is that of `cards`; on the page math becomes MathML, and
pictures get their bytes from a table, each stored once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files
from string import Template

from ketamine_anki.anki.cards import Card, cards
from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.model import Collection, Finding, Note, paragraph_of
from ketamine_anki.preview.coverage import Row, rows, untested
from ketamine_anki.preview.links import Link
from ketamine_anki.preview.marks import marked
from ketamine_anki.text.mathml import with_mathml

_IMG = re.compile(r'(<img )src="([^"]*)"')
# In Anki a card fills the window; on the page its frame stands for the window.
_WINDOW = re.compile(r"@media\s*(?=\((?:max|min)-width)")


@dataclass(frozen=True)
class Shown:
    """A note as written and as compiled, what is wrong with it, and, when it is compared with an
    older state, the note as it was: `kind` is then `new` or `changed`.
    """

    note: Note
    compiled: CompiledNote
    findings: tuple[Finding, ...] = ()
    kind: str = ""
    before: CompiledNote | None = None


@dataclass(frozen=True)
class Comparison:
    """The older state: what it is called, its notes by GUID, its pictures by packaged name."""

    name: str
    notes: Mapping[str, CompiledNote]
    pictures: Mapping[str, bytes]


def compared(notes: Iterable[Shown], old: Comparison) -> list[Shown]:
    """The notes that are new or have changed since an older state, in their order."""
    changed = []
    for shown in notes:
        before = old.notes.get(shown.compiled.guid)
        if before is None:
            changed.append(Shown(shown.note, shown.compiled, shown.findings, "new"))
        elif before.content_hash != shown.compiled.content_hash:
            changed.append(Shown(shown.note, shown.compiled, shown.findings, "changed", before))
    return changed


def page(
    collection: Collection,
    notes: Sequence[Shown],
    findings: Sequence[Finding] = (),
    *,
    link: Link,
    old: Comparison | None = None,
    live: bool = False,
) -> str:
    """The page as HTML. `link` gives the address of a place in a deck file, or "" for none; with
    `old` only what differs from it is shown; a `live` page reloads when its server says so.
    """
    return "".join(parts(collection, notes, findings, link=link, old=old, live=live))


def parts(
    collection: Collection,
    notes: Sequence[Shown],
    findings: Sequence[Finding] = (),
    *,
    link: Link,
    old: Comparison | None = None,
    live: bool = False,
) -> Iterator[str]:
    """The page part after part: its pictures are larger than all the rest together."""
    shown = compared(notes, old) if old is not None else list(notes)
    articles = [_note(collection, note, link) for note in shown]
    body = "".join(articles)
    style, script = _text("style.css"), _text("script.js")
    ours = {p.packaged: p.data for p in collection.pictures.values()}
    used = sorted(set(re.findall(r'data-picture="([^"]*)"', body)))
    css = {key: _framed(kind.css) for key, kind in note_types(collection.repository).items()}
    everything = [(note.note, note.compiled) for note in notes if note.note.retired is None]
    before, after = _text("page.html").split("$data")
    around = {
        "policy": _policy(style, script, live),
        "title": escape(collection.title),
        "summary": escape(_summary(notes, shown, old)),
        "style": style,
        "script": script,
        "filters": _filters(collection, shown, old is not None),
        "findings": _findings(findings, link),
        "coverage": "".join(_table(by, table) for by, table in rows(collection, everything).items()),
        "claims": _claims(collection, everything, link),
        "gone": _gone(notes, old),
        "notes": body,
    }
    yield Template(before).substitute(around)
    yield f'{{"css": {_json(css)}, "live": {_json(live)}, "pictures": {{'
    yield from _pictures([name for name in used if name in ours or (old and name in old.pictures)], ours, old)
    yield "}}"
    yield Template(after).substitute(around)


def _pictures(names: Iterable[str], ours: Mapping[str, bytes], old: Comparison | None) -> Iterator[str]:
    """The members of a JSON object of pictures by name."""
    for number, name in enumerate(names):
        data = ours[name] if name in ours or old is None else old.pictures[name]
        yield f'{", " if number else ""}{_json(name)}: "{_data_uri(name, data)}"'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")


# --- one note ---------------------------------------------------------------------------------


def _note(collection: Collection, shown: Shown, link: Link) -> str:
    note = shown.note
    place = note.places.at("id")
    slug = paragraph_of(note.source)[0]
    facts = {
        "deck": note.deck,
        "section": slug,
        "tag": " ".join(note.tags),
        "flag": " ".join(_flags(shown, collection)),
        "yield": note.importance,
        "skill": note.skill,
        "claims": " ".join(note.claims),
    }
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in facts.items() if value)
    tags = (tag.replace("_", " ") for tag in (*note.tags, *_flags(shown, collection)))
    about = [note.deck, note.importance, note.skill, *tags]
    where = f"{place.path}:{place.line}"
    address = link(place)
    source = f'<a class="place" href="{escape(address)}">{escape(where)}</a>' if address else _span("place", where)
    wrong = "".join(f"<li>{escape(f.message)} <code>{escape(f.rule)}</code></li>" for f in shown.findings)
    return (
        f'<article class="note" id="note-{escape(note.id)}" tabindex="-1"{attributes}>'
        f'<header><h2><a href="#note-{escape(note.id)}">{escape(note.id)}</a></h2>'
        f'<ul class="about">{"".join(f"<li>{escape(part)}</li>" for part in about if part)}</ul>{source}</header>'
        + (f'<ul class="wrong" aria-label="Findings in {escape(note.id)}">{wrong}</ul>' if wrong else "")
        + _tag_changes(shown)
        + (_cards(collection, shown) or '<p class="none">This note makes no card.</p>')
        + "</article>\n"
    )


def _span(name: str, text: str) -> str:
    return f'<span class="{name}">{escape(text)}</span>'


def _flags(shown: Shown, collection: Collection) -> list[str]:
    """The flags of a note's derived tags, its state in a comparison, and whether it has findings."""
    root = f"{collection.tag}::Flag::"
    flags = [tag.removeprefix(root) for tag in shown.compiled.tags if tag.startswith(root)]
    flags += ["Retired"] * (shown.note.retired is not None)
    return flags + [shown.kind.capitalize()] * bool(shown.kind) + ["Finding"] * bool(shown.findings)


def _tag_changes(shown: Shown) -> str:
    if shown.before is None:
        return ""
    gone = [f"<del>{escape(tag)}</del>" for tag in shown.before.tags if tag not in shown.compiled.tags]
    new = [f"<ins>{escape(tag)}</ins>" for tag in shown.compiled.tags if tag not in shown.before.tags]
    return f'<p class="tags">Tags: {" ".join(gone + new)}</p>' if gone or new else ""


def _cards(collection: Collection, shown: Shown) -> str:
    kinds = note_types(collection.repository)
    key = shown.compiled.note_type
    after = {card.ordinal: card for card in cards(shown.compiled, kinds[key])}
    if shown.before is None:
        return "".join(_card(shown.note.id, key, card) for card in after.values())
    before = {card.ordinal: card for card in cards(shown.before, kinds[shown.before.note_type])}
    made = []
    for ordinal in sorted({*before, *after}):
        old, new = before.get(ordinal), after.get(ordinal)
        if old is not None and new is not None:
            if (old.question, old.answer) == (new.question, new.answer):
                continue
            old, new = _marked(old, new)
        if old is not None:
            made.append(_card(shown.note.id, shown.before.note_type, old, "Before: "))
        if new is not None:
            made.append(_card(shown.note.id, key, new, "After: "))
    return "".join(made) or '<p class="none">No card looks different.</p>'


def _marked(old: Card, new: Card) -> tuple[Card, Card]:
    was_asked, asked = marked(old.question, new.question)
    was_answered, answered = marked(old.answer, new.answer)
    return replace(old, question=was_asked, answer=was_answered), replace(new, question=asked, answer=answered)


def _card(note_id: str, kind: str, card: Card, when: str = "") -> str:
    number = card.ordinal + 1
    sides = "".join(
        f'<section class="side" aria-label="{when}{side} of {escape(note_id)}, card {number}">'
        f"<h3>{when}{side}{f' {number}' if number > 1 else ''}</h3>"
        f'<div class="face" data-kind="{kind}"><template shadowrootmode="open">'
        f'<div class="card card{number}">{on_page(html)}</div></template></div></section>'
        for side, html in (("Question", card.question), ("Answer", card.answer))
    )
    return f'<div class="sides{" before" if when.startswith("B") else ""}">{sides}</div>'


def on_page(html: str) -> str:
    """A side's HTML for the page: math as MathML, pictures by name in the page's table."""
    return with_mathml(_IMG.sub(r'\1data-picture="\2"', html))


def _framed(css: str) -> str:
    return _WINDOW.sub("@container ", css)


# --- around the notes -------------------------------------------------------------------------


def _filters(collection: Collection, notes: Sequence[Shown], comparing: bool) -> str:
    sections = {slug: section.title for slug, section in collection.sections.items()}
    tags = Counter(tag for shown in notes for tag in shown.note.tags)
    flags = Counter(flag for shown in notes for flag in _flags(shown, collection))
    chosen: dict[str, tuple[str, Mapping[str, str]]] = {
        "deck": ("Subdeck", {name: f"{n:02d} {name}" for n, name in enumerate(collection.decks, 1)}),
        "section": ("Section", sections),
        "tag": ("Tag", {tag: f"{tag.replace('_', ' ')} ({tags[tag]})" for tag in sorted(tags, key=str.casefold)}),
        "flag": ("Flag", {flag: f"{flag.replace('_', ' ')} ({flags[flag]})" for flag in sorted(flags)}),
        "yield": ("Yield", {"core": "core", "supporting": "supporting"}),
        "skill": ("Skill", {"recall": "recall", "understand": "understand", "apply": "apply"}),
    }
    return "".join(
        f'<label>{label}<select data-filter="{name}"><option value="">all</option>'
        + "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options.items())
        + "</select></label>"
        for name, (label, options) in chosen.items()
        if options
    )


def _findings(findings: Sequence[Finding], link: Link) -> str:
    if not findings:
        return ""
    items = []
    for position, rule, message in findings:
        where = f"{position.path}:{position.line}:{position.column}"
        address = link(position)
        place = f'<a href="{escape(address)}">{escape(where)}</a>' if address else escape(where)
        items.append(f"<li>{place}: {escape(message)} <code>{escape(rule)}</code></li>")
    return (
        '<section class="findings" aria-labelledby="findings"><h2 id="findings">'
        f"{_count(len(findings), 'finding')}</h2><ol>{''.join(items)}</ol></section>"
    )


def _table(by: str, table: Iterable[Row]) -> str:
    importances = ("core", "supporting")
    head = "".join(f'<th scope="col">{name}</th>' for name in (by, "Notes", "Cards", "Core", "Supporting"))
    most = max((row.notes for row in table if row.name != "All"), default=0)
    lines = "".join(
        f'<tr><th scope="row">{escape(row.name)}</th>'
        f"<td>{row.notes}{_bar(row.notes, most, 'count') if row.name != 'All' else ''}</td><td>{row.cards}</td>"
        + "".join(_tested(row.tested[i], row.claims[i]) for i in importances)
        + "</tr>"
        for row in table
    )
    return (
        f"<table><caption>By {by.lower()}: notes, cards, and claims tested</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    )


def _tested(tested: int, claims: int) -> str:
    bar = _bar(tested, claims, "full" if tested == claims else "part")
    return f"<td>{tested} of {claims}{bar}</td>" if claims else "<td>–</td>"


def _bar(part: int, whole: int, kind: str) -> str:
    """A bar as a drawing: the page's policy allows no inline style."""
    width = round(100 * part / whole) if whole else 0
    return (
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rest" width="100" height="4"/><rect class="{kind}" width="{width}" height="4"/></svg>'
    )


def _claims(collection: Collection, notes: Sequence[tuple[Note, CompiledNote]], link: Link) -> str:
    items = []
    for claim in untested(collection, notes):
        place = claim.places.at("id")
        address = link(place)
        name = f'<a href="{escape(address)}">{escape(claim.id)}</a>' if address else escape(claim.id)
        items.append(
            f'<li class="claim" data-deck="{escape(claim.domain)}" data-section="{escape(claim.section)}">'
            f"{name} {escape(claim.text)} <small>{escape(claim.importance)}, {escape(claim.domain)}</small></li>"
        )
    return "".join(items)


def _gone(notes: Iterable[Shown], old: Comparison | None) -> str:
    if old is None:
        return ""
    kept = {shown.compiled.guid for shown in notes}
    names = [f"<li>{escape(note.id)}</li>" for guid, note in old.notes.items() if guid not in kept]
    return f'<section class="gone"><h2>No longer there</h2><ul>{"".join(names)}</ul></section>' if names else ""


def _summary(notes: Sequence[Shown], shown: Sequence[Shown], old: Comparison | None) -> str:
    taught = [note for note in notes if note.note.retired is None]
    whole = f"{_count(len(taught), 'note')}, {_count(sum(len(note.compiled.cards) for note in taught), 'card')}"
    if old is None:
        return whole
    new = sum(note.kind == "new" for note in shown)
    return f"{whole}; against {old.name}: {new} new, {len(shown) - new} changed"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _policy(style: str, script: str, live: bool) -> str:
    """The Content-Security-Policy: this style, this script, pictures in the page, and nothing else."""
    connect = "; connect-src 'self'" if live else ""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:"
        f"{connect}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data_uri(name: str, data: bytes) -> str:
    kind = {"png": "png", "webp": "webp"}.get(name.rpartition(".")[2], "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
