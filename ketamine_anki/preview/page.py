"""Notes -> one self-contained HTML page of every card: no network, no framework, no inline handlers.

Each side of a card is in a shadow root of its own with the CSS of Anki's window and of its note type, so that page
and card cannot affect each other. Its HTML is that of `cards`; on the page math becomes MathML, and each picture
is embedded once, where it first occurs. The cards can be read without the script.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from ketamine_anki.anki.cards import Card, cards
from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.language import attributes
from ketamine_anki.core.model import Collection, Finding, Note, Position, paragraph_of
from ketamine_anki.core.template import filled_in
from ketamine_anki.core.terminal import counted
from ketamine_anki.preview.baseline import Baseline, marked
from ketamine_anki.preview.public import Public, texts
from ketamine_anki.preview.statistics import count
from ketamine_anki.text.mathml import with_mathml

Link = Callable[[Position], str]


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


REVIEWER_CSS = _text("reviewer.css")
# How cards look without the script, which gives them the CSS of their note type. It sets nothing that this does not.
_PLAIN = (
    ".card{padding:.6em .8em}img{max-width:100%}.answer,.cloze,.label{font-weight:700}"
    ".box,.own{margin-top:.8em;padding:.4em .8em;border-inline-start:4px solid}.foot{margin-top:.8em;font-size:.75em}"
)
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


def page(
    collection: Collection,
    notes: Sequence[PageNote],
    findings: Sequence[Finding] = (),
    *,
    link: Link,
    baseline: Baseline | None = None,
    live: str = "",
    public: Public | None = None,
) -> Iterator[str]:
    """The page as HTML, in chunks: its pictures are larger than all the rest together.

    `link` gives the address of a place in a deck file, or "" for none. With a `baseline`, only what differs from it
    is shown. With a version, `live`, the page reloads as soon as its server has another one. A `public` page is for
    learners: it has no place of a note, no coverage and no claims, and says what the deck is and how to get it.
    """
    changed = notes if baseline is None else list(_compared(notes, baseline))
    shown = [(note, _flags(note, collection), list(_cards(collection, note))) for note in changed]
    style, script = _text("style.css"), _text("script.js")
    statistics = count(collection, ((note.note, len(note.compiled.cards)) for note in notes))
    titles = {slug: section.title for slug, section in collection.sections.items()}
    kept = {noted.compiled.guid for noted in notes}
    return filled_in(
        "preview/page.html",
        collection=collection,
        public=public,
        texts=texts(collection, public) if public else None,
        policy=_policy(style, script, live),
        marks=attributes(collection.language),
        baseline=baseline,
        style=style,
        script=script,
        filters=_filters(collection, changed, (flag for _, flags, _ in shown for flag in flags)),
        findings=findings,
        link=link,
        counted=counted,
        statistics=statistics,
        coverage={
            "Subdeck": list(statistics.by["subdeck"].items()),
            "Section": [(titles.get(slug, slug), row) for slug, row in statistics.by["section"].items()],
        },
        gone=[note.id for guid, note in baseline.notes.items() if guid not in kept] if baseline else [],
        notes=shown,
        css={k: REVIEWER_CSS + _WINDOW.sub("@container ", kind.css) for k, kind in note_types(collection).items()},
        plain=_PLAIN,
        pictured=_pictured(collection, baseline),
        live=live,
        paragraph_of=paragraph_of,
    )


def _compared(notes: Iterable[PageNote], baseline: Baseline) -> Iterator[PageNote]:
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


def links(kind: str, page: Path, repository: str, root: Path | None) -> Link:
    """A function from a position to the address of that line, "" for none.

    `kind` is `repository` (the line on GitHub: needs its address and `root`, the folder of the working copy), `vscode`
    (opens the editor), `file` (relative to the folder `page`) or `none`.
    """

    def address(position: Position) -> str:
        path = Path(position.path).resolve()
        if kind == "vscode":
            return f"vscode://file/{_quoted(path.as_posix().lstrip('/'))}:{position.line}:{position.column}"
        if kind == "repository" and repository and root and path.is_relative_to(root):
            return f"{repository}/blob/HEAD/{_quoted(path.relative_to(root).as_posix())}#L{position.line}"
        if kind == "file":
            try:
                return _quoted(Path(os.path.relpath(path, page.resolve())).as_posix())
            except ValueError:  # on another drive of Windows
                return path.as_uri()
        return ""

    return address


def _quoted(path: str) -> str:
    return quote(os.fsencode(path))  # the name of a file may be no text in any encoding


# --- one note ---------------------------------------------------------------------------------


def _flags(noted: PageNote, collection: Collection) -> list[str]:
    """The flags of a note's derived tags, its state in a comparison, and whether it has findings."""
    root = f"{collection.tag}::Flag::"
    flags = [tag.removeprefix(root) for tag in noted.compiled.tags if tag.startswith(root)]
    flags += ["Retired"] * (noted.note.retired is not None)
    return flags + [noted.kind.capitalize()] * bool(noted.kind) + ["Finding"] * bool(noted.findings)


def _cards(collection: Collection, noted: PageNote) -> Iterator[tuple[str, str, Card]]:
    """(`Before: ` or `After: ` or "", key of the note type, card) of every card, or of those that look different."""
    kinds = note_types(collection)
    before, after = (
        {card.ordinal: card for card in cards(note, kinds[note.note_type])} if note else {}
        for note in (noted.before, noted.compiled)
    )
    for ordinal in sorted({*before, *after}):
        old, new = before.get(ordinal), after.get(ordinal)
        if old and new:
            if (old.question, old.answer) == (new.question, new.answer):
                continue
            questions, answers = marked(old.question, new.question), marked(old.answer, new.answer)
            old = replace(old, question=questions[0], answer=answers[0])
            new = replace(new, question=questions[1], answer=answers[1])
        if old and noted.before:
            yield "Before: ", noted.before.note_type, old
        if new:
            yield "After: " if noted.before else "", noted.compiled.note_type, new


def on_page(html: str) -> str:
    """A side's HTML for the page: math as MathML, pictures by name."""
    return with_mathml(_IMG.sub(r'\1data-picture="\2"', html))


def _pictured(collection: Collection, baseline: Baseline | None) -> Callable[[str], Iterator[str]]:
    """A function from the HTML of a side to its chunks on the page, called in their order: the bytes of each picture
    stand where it stands first; the script shows it at the other places.
    """
    ours = {picture.packaged: picture.data for picture in collection.pictures.values()}
    known: set[str] = set()

    def chunks(html: str) -> Iterator[str]:
        for chunk in re.split(r'(<img data-picture="[^"]*")', on_page(html)):
            yield chunk
            if not chunk.startswith("<img data-picture=") or chunk in known:
                continue
            known.add(chunk)
            name = chunk.split('"')[1]
            data = ours[name] if name in ours else baseline.picture(name) if baseline else None
            if data is not None:
                kind = {"png": "png", "webp": "webp"}.get(name.rpartition(".")[2], "jpeg")
                yield f' src="data:image/{kind};base64,{base64.b64encode(data).decode()}"'

    return chunks


# --- around the notes -------------------------------------------------------------------------


def _filters(
    collection: Collection, notes: Iterable[PageNote], all_flags: Iterable[str]
) -> dict[str, tuple[str, Mapping[str, str]]]:
    """What notes can be filtered by: (label, {value: its name})."""
    tags = Counter(tag for noted in notes for tag in noted.note.tags)
    flags = Counter(all_flags)
    return {
        "deck": ("Subdeck", {name: f"{n:02d} {name}" for n, name in enumerate(collection.decks, 1)}),
        "section": ("Section", {slug: section.title for slug, section in collection.sections.items()}),
        "tag": ("Tag", {tag: f"{tag.replace('_', ' ')} ({tags[tag]})" for tag in sorted(tags, key=str.casefold)}),
        "flag": ("Flag", {flag: f"{flag.replace('_', ' ')} ({flags[flag]})" for flag in sorted(flags)}),
        "yield": ("Yield", {name: name for name in ("core", "supporting")}),
        "skill": ("Skill", {name: name for name in ("recall", "understand", "apply")}),
    }


def _policy(style: str, script: str, live: str) -> str:
    """The Content-Security-Policy: these styles, this script, pictures in the page, and nothing else."""
    style_hash, plain_hash, script_hash = (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (style, _PLAIN, script)
    )
    connect = "; connect-src 'self'" if live else ""
    return (
        f"default-src 'none'; style-src {style_hash} {plain_hash}; script-src {script_hash}; img-src data:"
        f"{connect}; base-uri 'none'; form-action 'none'"
    )
