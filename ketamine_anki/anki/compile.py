"""Compiles notes: a note and its rendered texts -> the note that Anki stores, with GUID, fields, tags and cards."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ketamine_anki.anki.notetypes import note_types
from ketamine_anki.core.escape import html as escape
from ketamine_anki.core.language import filled
from ketamine_anki.core.model import Collection, Note, Reference, paragraph_of
from ketamine_anki.deckfiles.filenames import tag_segment
from ketamine_anki.text.render import Rendered
from ketamine_anki.text.together import together

_YIELD = {"core": "1-Core", "supporting": "2-Supporting"}
_SKILL = {"recall": "1-Recall", "understand": "2-Understand", "apply": "3-Apply"}
# {field of a note type: key of the note's text that it shows}. The other fields are computed.
FIELD_KEYS = {
    "Question": "question",
    "Answer": "answer",
    "ReverseQuestion": "reverse.question",
    "ReverseAnswer": "reverse.answer",
    "Text": "text",
    "Extra": "extra",
    "Caution": "caution",
    "Caveat": "caveat",
    "Picture": "picture",
}
_FIELDS = {key: name for name, key in FIELD_KEYS.items()}
# What packages add to the tags of a note: the release that changed it last.
CHANGED_TAG = re.compile(r"[^:]+::Changed::[0-9.]+")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass  # not frozen: that would make creating one nearly three times as slow
class CompiledNote:
    """One note as Anki stores it. `fields` are in the order of the note type's fields; `cards` are card ordinals
    from 0; `number` is the number of the subdeck and `index` the note's index in it; `retired` is the version that
    retired the note, or "".
    """

    id: str
    guid: str
    note_type: str
    deck: str
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    cards: tuple[int, ...]
    number: int = 0
    index: int = 0
    pictures: tuple[str, ...] = ()
    retired: str = ""

    @cached_property
    def content_hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of all that a learner gets: note type, fields and tags. Ledgers
        remember it: serialized otherwise, every released note would count as changed.
        """
        content = json.dumps([self.note_type, self.fields, self.tags], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(content.encode("utf-8")).hexdigest()[:16]


def guid(namespace: str, note_id: str) -> str:
    """The identity of a note in Anki: 14 letters and digits, from the namespace and the note's id alone."""
    number = int.from_bytes(hashlib.sha256(f"{namespace}\0note\0{note_id}".encode()).digest()[:10], "big")
    digits = []
    for _ in range(14):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(digits)


def stable_id(namespace: str, *parts: str) -> int:
    """The id of a deck, note type, field or template, from its names: at least 2^40, below 2^41."""
    digest = hashlib.sha256("\0".join((namespace, *parts)).encode()).digest()
    return (1 << 40) + int.from_bytes(digest[:5], "big")


def note_type_name(collection: Collection, label: str) -> str:
    """The name of a note type in Anki: `Title: question and answer`."""
    return f"{collection.title}: {label}"


def compile_note(
    note: Note, collection: Collection, texts: dict[str, Rendered], number: int = 0, index: int = 0
) -> CompiledNote:
    """A checked note and its rendered texts by key -> its compiled form. `number` is the number of its
    subdeck, `index` its index in it. A retired note gets a notice and a tag.
    """
    cards: tuple[int, ...] = (0, 1) if note.reverse_question else (0,)
    if note.is_cloze:
        cards = tuple(number - 1 for number in texts["text"].markup.numbers if number > 0)
    note_type = note_types(collection)["cloze" if note.is_cloze else "question"]
    html = {_FIELDS.get(key, key): together(rendered.html) for key, rendered in texts.items()}
    html["Evidence"] = _evidence(note, collection)
    html["Source"] = _source(note, collection)
    html["Notice"] = _notice(note, collection, texts)
    html["ID"] = note.id
    return CompiledNote(
        id=note.id,
        guid=guid(collection.namespace, note.id),
        note_type=note_type.key,
        deck=collection.deck_name(note.deck),
        fields=tuple([html.get(name, "") for name in note_type.fields]),
        tags=derived_tags(note, collection),
        cards=cards,
        number=number,
        index=index,
        pictures=tuple([name for rendered in texts.values() for name in rendered.pictures]),
        retired=note.retired.version if note.retired else "",
    )


def derived_tags(note: Note, collection: Collection) -> tuple[str, ...]:
    """All tags of a note, under the collection's root tag and sorted as Anki sorts them."""
    claims = collection.claims
    section = collection.sections.get(paragraph_of(note.source)[0])
    tags = [f"Domain::{tag_segment(note.deck)}", f"Yield::{_YIELD[note.importance]}", f"Skill::{_SKILL[note.skill]}"]
    if section is not None:
        tags.append(f"Section::{tag_segment(section.title)}")
    tags += [f"Concept::{tag}" for tag in note.tags]
    for cite in note.cites:
        kind, _, number = cite.partition("/")
        tags.append(f"Ref::{kind.capitalize()}::{number}")
    flags = {
        "Caution": note.caution,
        "Evidence_nuance": note.caveat,
        "Derived": any(claim in claims and claims[claim].kind == "derived" for claim in note.claims),
        "Beyond_source": note.beyond,
    }
    tags += [f"Flag::{flag}" for flag, is_set in flags.items() if is_set]
    if note.retired is not None:
        tags.append(f"Retired::{note.retired.version}")
    return tuple(sorted([f"{collection.tag}::{tag}" for tag in tags], key=str.casefold))


def _evidence(note: Note, collection: Collection) -> str:
    """The works behind a note: authors and year with a link, and the full citations folded beneath them."""
    works = [collection.references[key] for key in note.evidence if key in collection.references]
    if not works:
        return ""
    short = "; ".join(_cited(work)[0] for work in works)
    full = "".join(f"<li>{_cited(work)[1]}</li>" for work in works)
    return f"{short} <details><summary>{escape(collection.words['full'])}</summary><ul>{full}</ul></details>"


def short_citation(citation: str) -> str:
    """`Green A, Leaf B, Root C. Title. J Bot 2020;1(2):3-4` -> `Green et al. 2020`: what stands before the first full
    stop, and the year before a semicolon, else the last one. A citation without a year is given whole.
    """
    authors, _, rest = citation.partition(". ")
    years = re.findall(r"\b((?:19|20)\d\d)(?=;)", rest) or re.findall(r"\b(?:19|20)\d\d\b", rest)[-1:]
    if not years:
        return citation
    names = re.findall(r"(?:^|, )([^,]+?) [A-Z]{1,4}(?=[,;]| et al|$)", authors)
    if len(names) == 1 and not authors.endswith(" et al"):
        authors = names[0]
    elif len(names) == 2 and not authors.endswith(" et al"):
        authors = f"{names[0]} and {names[1]}"
    elif names:
        authors = f"{names[0]} et al."
    return f"{authors} {years[0]}"


@lru_cache(1 << 12)  # the same works stand on many notes
def _cited(work: Reference) -> tuple[str, str]:
    """The HTML of a citation, short and full, with links to where the work can be looked up, the best first."""
    places = (
        (f"https://doi.org/{work.doi}", work.doi and f"doi:{work.doi}"),
        (f"https://pubmed.ncbi.nlm.nih.gov/{work.pmid}/", work.pmid and f"PMID {work.pmid}"),
        (f"https://pmc.ncbi.nlm.nih.gov/articles/{work.pmcid}/", work.pmcid),
        (work.url, "" if work.doi else work.url),
    )
    links = [
        f'<a href="{escape(address, quote=True)}">{escape(name, quote=True)}</a>' for address, name in places if name
    ]
    short = escape(short_citation(work.citation))
    full = escape(work.citation).rstrip(".")
    full += "" if full.endswith(("?", "!")) else "."
    best = next((address for address, name in places if name), "")
    return (f'<a href="{escape(best, quote=True)}">{short}</a>' if best else short), " ".join([full, *links])


def _source(note: Note, collection: Collection) -> str:
    """Where the source teaches it, if there is one: what the paragraph itself cites is in the tags."""
    slug, paragraph = paragraph_of(note.source)
    if not slug:
        return ""
    title = collection.sections[slug].title if slug in collection.sections else slug
    beyond = collection.words["beyond"] if note.beyond else ""
    return _passage(collection.words["paragraph"], title, paragraph, collection.source_access, beyond)


@lru_cache(1 << 12)  # many notes come from one paragraph
def _passage(words: str, section: str, paragraph: int, access: str, beyond: str) -> str:
    passage = _filled(words, section=escape(section), number=str(paragraph))
    if access.startswith("https://"):
        passage = f'<a href="{escape(access, quote=True)}">{passage}</a>'
    elif access:
        passage += together(f" ({escape(access)})")
    return _filled(beyond, passage=passage) if beyond else passage


def _notice(note: Note, collection: Collection, texts: dict[str, Rendered]) -> str:
    if note.retired is None:
        return ""
    words, retired = collection.words, note.retired
    notice = _filled(words["retired"], version=escape(retired.version), reason=texts["retired.reason"].html)
    if retired.see:
        notice += " " + _filled(words["see"], question=escape(collection.title_of(retired.see)))
    return notice


def _filled(words: str, **parts: str) -> str:
    """Words as HTML with parts that are HTML."""
    return filled(escape(words), **parts)
