"""Notes -> one self-contained HTML page of every card: no network, no framework, no inline handlers.

Each side of a card stands in a shadow root of its own with the CSS of Anki's window and of its note type, so that page
and card cannot affect each other. Its HTML is that of `cards`; on the page math becomes MathML, and pictures get their
bytes from a table that stores each once.
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
from ketamine_anki.core.language import attributes
from ketamine_anki.core.model import Collection, Finding, Note, Position, paragraph_of
from ketamine_anki.core.terminal import counted
from ketamine_anki.preview.baseline import Baseline
from ketamine_anki.preview.links import Link
from ketamine_anki.preview.marks import marked
from ketamine_anki.preview.public import Public, guide
from ketamine_anki.preview.statistics import Count, Statistics, count
from ketamine_anki.text.mathml import with_mathml


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


REVIEWER_CSS = _text("reviewer.css")
_IMG = re.compile(r'(<img )src="([^"]*)"')
# In Anki a card fills the window; on the page its frame stands for the window.
_WINDOW = re.compile(r"@media\s*(?=\((?:max|min)-width)")


@dataclass(frozen=True)
class PageNote:
    """A note as written and as compiled, and its findings. When the page is compared with a baseline, `kind` is `new`
    or `changed`, and `before` the note in the baseline.
    """

    note: Note
    compiled: CompiledNote
    findings: tuple[Finding, ...] = ()
    kind: str = ""
    before: CompiledNote | None = None


def compared(notes: Iterable[PageNote], baseline: Baseline) -> Iterator[PageNote]:
    """The notes that are new or have changed since the baseline, in their order. A retired note that it lacks is not
    new: packages leave retired notes out.
    """
    for note in notes:
        before = baseline.notes.get(note.compiled.guid)
        if before is None:
            if note.note.retired is None:
                yield replace(note, kind="new")
        elif before.content_hash != note.compiled.content_hash:
            yield replace(note, kind="changed", before=before)


def page(
    collection: Collection,
    notes: Sequence[PageNote],
    findings: Sequence[Finding] = (),
    *,
    link: Link,
    baseline: Baseline | None = None,
    live: bool = False,
    public: Public | None = None,
) -> Iterator[str]:
    """The page as HTML, in chunks: its pictures are larger than all the rest together.

    `link` gives the address of a place in a deck file, or "" for none. With a `baseline`, only what differs from it
    is shown. A `live` page reloads when its server tells it to. A `public` page is for learners: it has no place of a
    note, no coverage and no claims, and says what the deck is and how to get it.
    """
    shown = list(notes) if baseline is None else list(compared(notes, baseline))
    body = "".join(_note(collection, note, link, public) for note in shown)
    style, script = _text("style.css"), _text("script.js")
    statistics = count(collection, ((note.note, len(note.compiled.cards)) for note in notes))
    unwanted = "private" if public else "public"
    whole = re.sub(rf"(?s)<!--{unwanted}-->.*?<!--/{unwanted}-->|<!--/?\w+-->", "", _text("page.html"))
    before, after = whole.split("$data")
    values = {
        "policy": _policy(style, script, live),
        "title": escape(collection.title),
        "marks": attributes(collection.language),
        "summary": escape(
            (f"Version {public.version}: " if public else "") + _summary(statistics.total, shown, baseline)
        ),
        "guide": guide(collection, public) if public else "",
        "style": style,
        "script": script,
        "filters": _filters(collection, shown),
        "findings": _findings(findings, link),
        "coverage": _coverage(collection, statistics),
        "claims": _claims(statistics, link),
        "gone": _gone(notes, baseline),
        "notes": body,
    }
    kinds = note_types(collection)
    css = {key: REVIEWER_CSS + _WINDOW.sub("@container ", kind.css) for key, kind in kinds.items()}
    yield Template(before).substitute(values)
    yield f'{{"css": {_json(css)}, "live": {_json(live)}, "pictures": {{'
    yield from _pictures(body, {p.packaged: p.data for p in collection.pictures.values()}, baseline)
    yield "}}"
    yield Template(after).substitute(values)


def _pictures(body: str, ours: Mapping[str, bytes], baseline: Baseline | None) -> Iterator[str]:
    """The members of a JSON object: the pictures that the page shows, by name."""
    separator = ""
    for name in sorted(set(re.findall(r'data-picture="([^"]*)"', body))):
        data = ours[name] if name in ours else baseline.picture(name) if baseline else None
        if data is not None:
            kind = {"png": "png", "webp": "webp"}.get(name.rpartition(".")[2], "jpeg")
            yield f'{separator}{_json(name)}: "data:image/{kind};base64,{base64.b64encode(data).decode()}"'
            separator = ", "


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")


# --- one note ---------------------------------------------------------------------------------


def _note(collection: Collection, noted: PageNote, link: Link, public: Public | None) -> str:
    note = noted.note
    name = escape(note.id)
    flags = _flags(noted, collection)
    filters = {
        "deck": note.deck,
        "section": paragraph_of(note.source)[0],
        "tag": " ".join(note.tags),
        "flag": " ".join(flags),
        "yield": note.importance,
        "skill": note.skill,
        "claims": " ".join(note.claims),
    }
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in filters.items() if value)
    facts = [note.deck, note.importance, note.skill, *(tag.replace("_", " ") for tag in (*note.tags, *flags))]
    source = "" if public else _source(note.places.at("id"), link)
    findings = "".join(f"<li>{escape(f.message)} <code>{escape(f.rule)}</code></li>" for f in noted.findings)
    return (
        f'<article class="note" id="note-{name}" tabindex="-1"{attributes}>'
        f'<header><h2><a href="#note-{name}">{name}</a></h2>'
        f'<ul class="about">{"".join(f"<li>{escape(fact)}</li>" for fact in facts if fact)}</ul>{source}</header>'
        + (f'<ul class="wrong" aria-label="Findings in {name}">{findings}</ul>' if findings else "")
        + _tag_changes(noted)
        + (_cards(collection, noted) or '<p class="none">This note makes no card.</p>')
        + "</article>\n"
    )


def _source(position: Position, link: Link) -> str:
    place, address = escape(f"{position.path}:{position.line}"), escape(link(position))
    return f'<a class="place" href="{address}">{place}</a>' if address else f'<span class="place">{place}</span>'


def _flags(noted: PageNote, collection: Collection) -> list[str]:
    """The flags of a note's derived tags, its state in a comparison, and whether it has findings."""
    root = f"{collection.tag}::Flag::"
    flags = [tag.removeprefix(root) for tag in noted.compiled.tags if tag.startswith(root)]
    flags += ["Retired"] * (noted.note.retired is not None)
    return flags + [noted.kind.capitalize()] * bool(noted.kind) + ["Finding"] * bool(noted.findings)


def _tag_changes(noted: PageNote) -> str:
    old, new = noted.before.tags if noted.before else noted.compiled.tags, noted.compiled.tags
    changes = [f"<del>{escape(tag)}</del>" for tag in old if tag not in new]
    changes += [f"<ins>{escape(tag)}</ins>" for tag in new if tag not in old]
    return f'<p class="tags">Tags: {" ".join(changes)}</p>' if changes else ""


def _cards(collection: Collection, noted: PageNote) -> str:
    kinds = note_types(collection)
    name, key = noted.note.id, noted.compiled.note_type
    after = {card.ordinal: card for card in cards(noted.compiled, kinds[key])}
    if noted.before is None:
        return "".join(_card(name, key, card) for card in after.values())
    before = {card.ordinal: card for card in cards(noted.before, kinds[noted.before.note_type])}
    html = []
    for ordinal in sorted({*before, *after}):
        old, new = before.get(ordinal), after.get(ordinal)
        if old is not None and new is not None:
            if (old.question, old.answer) == (new.question, new.answer):
                continue
            old, new = _marked(old, new)
        if old is not None:
            html.append(_card(name, noted.before.note_type, old, "Before: "))
        if new is not None:
            html.append(_card(name, key, new, "After: "))
    return "".join(html) or '<p class="none">No card looks different.</p>'


def _marked(old: Card, new: Card) -> tuple[Card, Card]:
    """Two versions of a card, each with the words marked that the other lacks."""
    questions, answers = marked(old.question, new.question), marked(old.answer, new.answer)
    old, new = (replace(card, question=q, answer=a) for card, q, a in zip((old, new), questions, answers, strict=True))
    return old, new


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


# --- around the notes -------------------------------------------------------------------------


def _filters(collection: Collection, notes: Sequence[PageNote]) -> str:
    tags = Counter(tag for noted in notes for tag in noted.note.tags)
    flags = Counter(flag for noted in notes for flag in _flags(noted, collection))
    filters: dict[str, tuple[str, Mapping[str, str]]] = {
        "deck": ("Subdeck", {name: f"{n:02d} {name}" for n, name in enumerate(collection.decks, 1)}),
        "section": ("Section", {slug: section.title for slug, section in collection.sections.items()}),
        "tag": ("Tag", {tag: f"{tag.replace('_', ' ')} ({tags[tag]})" for tag in sorted(tags, key=str.casefold)}),
        "flag": ("Flag", {flag: f"{flag.replace('_', ' ')} ({flags[flag]})" for flag in sorted(flags)}),
        "yield": ("Yield", {name: name for name in ("core", "supporting")}),
        "skill": ("Skill", {name: name for name in ("recall", "understand", "apply")}),
    }
    return "".join(
        f'<label>{label}<select data-filter="{name}"><option value="">all</option>'
        + "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options.items())
        + "</select></label>"
        for name, (label, options) in filters.items()
        if options
    )


def _link(text: str, address: str) -> str:
    return f'<a href="{escape(address)}">{escape(text)}</a>' if address else escape(text)


def _findings(findings: Sequence[Finding], link: Link) -> str:
    if not findings:
        return ""
    items = "".join(
        f"<li>{_link(f'{at.path}:{at.line}:{at.column}', link(at))}: {escape(message)} <code>{escape(rule)}</code></li>"
        for at, rule, message in findings
    )
    return (
        '<section class="findings" aria-labelledby="findings"><h2 id="findings">'
        f"{counted(len(findings), 'finding')}</h2><ol>{items}</ol></section>"
    )


def _coverage(collection: Collection, statistics: Statistics) -> str:
    """The tables of notes, cards and tested claims by subdeck and by section."""
    sections = collection.sections
    by_section = [
        (sections[slug].title if slug in sections else slug, row) for slug, row in statistics.by["section"].items()
    ]
    return "".join(
        _table(by, [*rows, ("All", statistics.total)])
        for by, rows in (("Subdeck", statistics.by["subdeck"].items()), ("Section", by_section))
        if rows
    )


def _table(by: str, rows: Sequence[tuple[str, Count]]) -> str:
    """A table; the last row is the total."""
    head = "".join(f'<th scope="col">{name}</th>' for name in (by, "Notes", "Cards", "Core", "Supporting"))
    most = max((row.notes for _, row in rows[:-1]), default=0)
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        f"<td>{row.notes}{_bar(row.notes, most, 'count') if row is not rows[-1][1] else ''}</td><td>{row.cards}</td>"
        + "".join(_tested(row.tested[importance], row.claims[importance]) for importance in ("core", "supporting"))
        + "</tr>"
        for name, row in rows
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


def _claims(statistics: Statistics, link: Link) -> str:
    return "".join(
        f'<li class="claim" data-deck="{escape(claim.domain)}" data-section="{escape(claim.section)}">'
        f"{_link(claim.id, link(claim.places.at('id')))} {escape(claim.text)} "
        f"<small>{escape(claim.importance)}, {escape(claim.domain)}</small></li>"
        for claim in statistics.untested
    )


def _gone(notes: Iterable[PageNote], baseline: Baseline | None) -> str:
    kept = {noted.compiled.guid for noted in notes}
    names = [escape(note.id) for guid, note in baseline.notes.items() if guid not in kept] if baseline else []
    items = "".join(f"<li>{name}</li>" for name in names)
    return f'<section class="gone"><h2>No longer there</h2><ul>{items}</ul></section>' if names else ""


def _summary(total: Count, shown: Sequence[PageNote], baseline: Baseline | None) -> str:
    summary = f"{counted(total.notes, 'note')}, {counted(total.cards, 'card')}"
    if baseline is None:
        return summary
    new = sum(noted.kind == "new" for noted in shown)
    return f"{summary}; against {baseline.name}: {new} new, {len(shown) - new} changed"


def _policy(style: str, script: str, live: bool) -> str:
    """The Content-Security-Policy: this style, this script, pictures in the page, and nothing else."""
    style_hash, script_hash = (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in (style, script)
    )
    connect = "; connect-src 'self'" if live else ""
    return (
        f"default-src 'none'; style-src {style_hash}; script-src {script_hash}; img-src data:"
        f"{connect}; base-uri 'none'; form-action 'none'"
    )
