"""Rules about where a note comes from: section, citation, claim, evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count, islice

from ketamine_anki.core.model import paragraph_of
from ketamine_anki.core.suggestion import did_you_mean
from ketamine_anki.deckfiles.shingles import RUN, copied
from ketamine_anki.rules.rule import CollectionRule, Problem
from ketamine_anki.rules.view import View
from ketamine_anki.text.words import places_of


def unknown_source(view: View) -> Iterator[Problem]:
    """`source` names a section and paragraph of source.yaml, so that every card can be traced. Where there is no
    source.yaml, as beside a list of vocabulary, no note has a `source`.

    Source: SuperMemo's rule 18 (give sources).
    Bad: `source: guardian-of-the-unstable`
    Good: `source: the-guardian-of-the-unstable/2`
    """
    collection, source = view.collection, view.note.source
    if source in collection.paragraphs or "source" in collection.unread or not (source or collection.sections):
        return
    slug, paragraph = paragraph_of(source)
    if not source:
        yield view.at("id"), "no source: name the section and paragraph of source.yaml that teaches it"
    elif not collection.sections:
        yield view.at("source"), "there is no source.yaml: write one, or leave 'source' out"
    elif section := collection.sections.get(slug):
        last = len(section.cites)
        yield view.at("source"), f"no paragraph {paragraph} in section {slug!r}: its last one is {last}"
    else:
        yield view.at("source"), f"unknown section {slug!r}{did_you_mean(slug, collection.sections)}"


def uncited(view: View) -> Iterator[Problem]:
    """A note cites only what its paragraph cites, and where the paragraph cites something, so does
    the note; a note beyond the source need not.

    Source: SuperMemo's rule 18 (give sources).
    Bad: `cites: [problem/4634071]` on a note from a paragraph that does not cite it
    Good: `cites: [problem/4717727]`
    """
    source = view.note.source
    paragraph = view.collection.paragraphs.get(source)
    if paragraph is None:
        return
    for n, cite in enumerate(view.note.cites):
        if cite not in paragraph:
            known = any(cite in cites for cites in view.collection.paragraphs.values())
            problem = f"{source} does not cite {cite}" if known else f"unknown citation {cite!r}"
            yield view.at(f"cites.{n}"), f"{problem}: it cites {', '.join(paragraph) or 'nothing'}"
    if paragraph and not view.note.cites and not view.note.beyond:
        yield view.at("source"), f"{source} cites {', '.join(paragraph)}: add cites"


def unknown_claim(view: View) -> Iterator[Problem]:
    """`claims` are names of source.yaml. A note tests at least one, or says in `beyond` why it goes
    beyond the source.

    Bad: `claims: [C-GU-99]`
    Good: `claims: [C-GU-18]`
    """
    if "source" in view.collection.unread:
        return
    for n, claim in enumerate(view.note.claims):
        if claim not in view.collection.claims:
            yield view.at(f"claims.{n}"), f"unknown claim {claim!r}{did_you_mean(claim, view.collection.claims)}"
    if view.collection.claims and not view.note.claims and not view.note.beyond:
        advice = "name the claims that the note tests, or say in 'beyond' why it goes beyond the source"
        yield view.at("id"), f"no claims: {advice}"


def foreign_claims(view: View) -> Iterator[Problem]:
    """`source` names the paragraph that makes the claims: whoever doubts a card looks them up there.

    Bad: `source: kidney/2`, `cites: problem/3`, `claims: C-1`
    Good: `source: kidney/1`, `claims: C-1`
    """
    claims, source = view.collection.claims, view.note.source
    paragraphs = {n: f"{c.section}/{c.paragraph}" for n, name in enumerate(view.note.claims) if (c := claims.get(name))}
    strays = [n for n, paragraph in paragraphs.items() if paragraph != source]
    cited = view.collection.paragraphs.get(source)
    # a wrong source is said once: of the citations, if these are not of its paragraph either, or of the first claim
    if cited is not None and set(view.note.cites) <= {*cited}:
        for n in strays[: 1 if len(strays) == len(paragraphs) else None]:
            where = f"{view.note.claims[n]} is a claim of {paragraphs[n]}"
            yield view.at(f"claims.{n}"), f"{where}, and source says {source}: name claims of one paragraph"


def unknown_evidence(view: View) -> Iterator[Problem]:
    """`evidence` are keys of references.yaml.

    Bad: `evidence: [casey-2052]`
    Good: `evidence: [casey-2025]`
    """
    works = view.collection.references
    for n, key in enumerate(view.note.evidence):
        if key not in works and "references" not in view.collection.unread:
            hint = did_you_mean(key, works) if works else ": there is no references.yaml that lists it"
            yield view.at(f"evidence.{n}"), f"unknown reference {key!r}{hint}"


def missing_evidence(view: View) -> Iterator[Problem]:
    """A caution, a caveat, and a note that goes beyond the source, rest on evidence that a reader can look up.

    Bad: `caveat: A trial disagrees.` without `evidence`
    Good: `caveat: …` with `evidence: [casey-2025]`
    """
    for box in ("caution", "caveat"):
        if box in view.plain and not view.note.evidence:
            yield view.at(box), f"{box} without evidence: name the references"
    if view.note.beyond and not view.note.evidence:
        yield view.at("beyond"), "a note beyond the source without evidence: name the references"


def missing_caveat(view: View) -> Iterator[Problem]:
    """A note that tests a claim which current evidence qualifies says so on its back.

    Source: the fact check of this collection; `caveat: required` in source.yaml.
    Bad: a note on C-GU-29 without `caveat`
    Good: the same note with `caveat` or `caution`, and `evidence`
    """
    for n, name in enumerate(() if view.note.caveat or view.note.caution else view.note.claims):
        claim = view.collection.claims.get(name)
        if claim and claim.caveat_required:
            yield view.at(f"claims.{n}"), f"claim {name} needs a caveat or caution: say where evidence differs"


_NUMBER = r"\d+(?:[.,]\d+)*"
_YEAR = r"(?:19|20)\d\d"


def is_checked(view: View) -> bool:
    """Whether the note names a reference whose numbers were checked."""
    works = view.collection.references
    return any(works[key].supports == "finding" for key in view.note.evidence if key in works)


def caveat_number(view: View) -> Iterator[Problem]:
    """A caution or caveat that quotes a number rests on a reference whose numbers were checked, not on one of
    which only the citation was (`supports: citation` in references.yaml). A year is no such number.

    Bad: `caveat: A trial found 12 percent.`, `evidence: seen-2021`
    Good: `caveat: A 2021 guideline disagrees.`, `evidence: seen-2021`
    Good: `caveat: A trial found 12 percent.`, `evidence: checked-2020`
    """
    for box in ("caution", "caveat") if view.note.evidence and not is_checked(view) else ():
        numbers = (m for m in re.finditer(_NUMBER, view.plain.get(box, "")) if not re.fullmatch(_YEAR, m[0]))
        if number := next(numbers, None):
            message = f"number {number[0]} rests only on a citation: add a reference with checked findings"
            yield view.match_at(box, number), message


def wrong_yield(view: View) -> Iterator[Problem]:
    """`yield` is `core` when the note tests a core claim, and only then: learners who study the core
    first rely on the tag.

    Bad: `yield: supporting` on a note that tests a core claim
    Good: `yield: core`
    """
    claims, is_core = view.collection.claims, view.note.importance == "core"
    known = [name for name in view.note.claims if name in claims]
    core = [name for name in known if claims[name].importance == "core"]
    if core and not is_core:
        yield view.at("yield"), f"claim {core[0]} is core: write 'yield: core'"
    elif known and not core and is_core:
        yield view.at("yield"), f"no core claim here ({', '.join(known)}): write 'yield: supporting'"


def verbatim(view: View) -> Iterator[Problem]:
    """Cards are in our own words: no run of eight words is the source's. The text is not in the
    collection; `shingles.txt` holds hashes of its runs.

    Source: copyright, and SuperMemo's rule 1 (what is copied is not understood).
    Bad: `extra: The quick brown fox jumps over the lazy dog every day.`
    Good: `extra: The quick brown fox jumps over a dog that is lazy.`
    """
    shingles = view.collection.shingles
    for key, words in view.words.items() if shingles else ():
        if runs := copied(words, shingles):
            length = RUN + next(n for n in count() if runs[0] + n + 1 not in runs)
            first = next(islice(places_of(view.plain[key]), runs[0], None))
            yield view.match_at(key, first), f"{length} words in a row are the source's: say it in your own words"


class UnusedReference(CollectionRule):
    """Every work in references.yaml is cited by a note: a list that holds more than the cards rest on promises
    evidence that is not there.

    Bad: `key: green-2020` that no note names in `evidence`
    Good: delete it, or cite it
    """

    def finish(self) -> Iterator[Problem]:
        for key, work in self.collection.references.items():
            if key not in self.names.evidence and "references" not in self.collection.unread:
                yield work.places.at("key"), f"no note cites {key!r}: cite it as evidence or delete it"


class IncompleteReference(CollectionRule):
    """A citation begins with its authors and a period, and names a year: the card shows these two, and by a title
    alone a work is hard to find. The author may be an agency or a company, with capitals in its name.

    Source: ICMJE Recommendations (references), and Citing Medicine of the National Library of Medicine.
    Bad: `citation: Interactions of heparin and aspirin. J Bot 2020;1:2-3`
    Bad: `citation: Green A. On leaves. J Bot`
    Good: `citation: Green A, Brown B, et al. On leaves. J Bot 2020;1:2-3`
    Good: `citation: Food and Drug Administration. Warning on leaves; Oct 2023`
    """

    def finish(self) -> Iterator[Problem]:
        for work in self.collection.references.values():
            authors, _, rest = re.sub(r"\([^()]*\)", "", work.citation).partition(". ")
            names = re.findall(r"[^\W\d_]{4,}", authors)
            if not rest or 2 * sum(name[0].islower() for name in names) >= max(len(names), 1):
                message = "no authors before the title: begin with theirs or an agency's names and a period"
                yield work.places.at("citation"), message
            elif not re.search(rf"\b{_YEAR}\b", rest):
                yield work.places.at("citation"), "no year: add when the work was published or read"


class UntestedClaim(CollectionRule):
    """Every core claim of the source is tested by at least one note.

    Source: `importance: core` in source.yaml.
    Bad: a core claim that no note names in `claims`
    Good: a note on it, or `importance: supporting`
    """

    def finish(self) -> Iterator[Problem]:
        for name, claim in self.collection.claims.items():
            if claim.importance == "core" and name not in self.names.claims:
                yield claim.places.at("id"), f"no note tests core claim {name}: write one"
