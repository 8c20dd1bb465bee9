"""Makes synthetic decks that pass every rule: `python synthetic.py NOTES FOLDER [NOTES_PER_FILE]`.

English sentences of real words and of nouns that do not exist, as frequent as words are in any language: about 720
bytes a note, 100 notes a file, 15 % cloze, 30 % with math, 5 % with < > &, some with numbers, abbreviations, emphasis,
a story before the question. The same numbers give the same files.
"""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Iterator
from pathlib import Path

NOTES_PER_FILE = 100
_CLAIMS = 500
_MOST_COLUMNS = 92

_SYLLABLES = (
    "ba ce di fo gu ha le mi no pu ra se ti vo zu bra cle dri flo gru pla ste tri vor sen mar lin tor ken dal"
).split()
_NOUNS = """
    airway anesthesia antibody arrhythmia artery bladder bleeding bone brain breathing burn catheter cell channel
    circulation clearance clot compartment concentration cord cortex cough defect diaphragm diet digestion disease dose
    edema effusion electrode embolism emergence enzyme epilepsy exposure fever fibrosis filtration fluid fracture gland
    glucose graft growth heart hemorrhage hormone hypotension hypoxia illness immunity induction infant infection
    inflammation infusion injury insulin intubation ischemia joint kidney lactate lesion ligament liver lung membrane
    metabolism mucosa muscle mutation nausea nerve neuron nutrition oxygen pain pathway perfusion plasma platelet
    potassium pregnancy pressure protein pulse reaction receptor recovery reflex relapse resistance respiration rhythm
    saline sedation sepsis serum shock skin sleep sodium spasm surgery swelling symptom syndrome tendon tissue tone
    toxicity transfusion trauma treatment tumor ulcer vein ventilation vessel virus volume withdrawal wound
""".split()
_VERBS = """
    absorb accompany activate affect aggravate alter attract block bind bring cause change clear complicate confirm
    consume contain control convert correct counter damage decide decrease define delay deliver demand deplete displace
    disturb drive enhance enter exceed excite expand explain expose favor follow form gain guide hinder improve increase
    indicate induce inhibit initiate injure limit link lower maintain mask mediate mimic need obstruct oppose outlast
    precede predict produce prolong promote protect provide provoke raise reach reduce release remove replace require
    resemble restore restrict reveal reverse seal secrete shift shorten slow stabilize stimulate strain support suppress
    surround tolerate trigger weaken widen
""".split()
_ADJECTIVES = """
    abdominal abnormal active acute adult aerobic allergic arterial autonomic bacterial basal benign bilateral brief
    broad cardiac central cerebral chronic clinical common congenital coronary critical deep delayed dense diffuse
    direct distal early elderly elective endogenous epidural excessive external facial fatal fetal focal frequent
    gastric general genetic gradual hepatic high hollow immune impaired incomplete infected inferior inhaled initial
    intact intense internal invasive isolated late lateral local long low malignant marked maternal mechanical metabolic
    mild moderate motor muscular narrow nasal neonatal neural normal oral partial passive pediatric peripheral
    persistent postoperative preterm primary prior progressive prolonged proximal pulmonary rapid rare recent recurrent
    regional renal residual reversible rigid second secondary sensory severe short silent slow smooth spinal stable
    steady sterile sudden superficial systemic thermal thin topical total toxic transient upper urgent vascular venous
    ventral viral visible vital voluntary weak
""".split()
_PREPOSITIONS = "of of of in in with with for from by during after at under within without against through".split()
_LINKS = "because when while if once until unless although".split()
_ADVERBS = "often rarely mainly partly usually slowly quickly sometimes directly markedly".split()
_ABBREVIATIONS = (
    "cerebral perfusion pressure (CPP)",
    "intracranial pressure (ICP)",
    "mean arterial pressure (MAP)",
    "systemic vascular resistance (SVR)",
    "positive end-expiratory pressure (PEEP)",
    "acute kidney injury (AKI)",
    "traumatic brain injury (TBI)",
    "glomerular filtration rate (GFR)",
)
_FORMULAS = (
    r"$x_{%d} + \frac{a}{b}$",
    r"$c = c_0 e^{-k t_{%d}}$",
    r"$\frac{\text{flow}}{\text{rate}_{%d}}$",
    r"$\Delta p \leq \frac{%d}{n}$",
    r"$\alpha_{%d} \times \sqrt{\beta}$",
)


class _Author:
    """Draws texts; the state is the random generator. A noun, verb or adjective stands once in a text."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.terms = _terms(random.Random(seed))
        self.said: set[str] = set()

    def new(self, words: list[str]) -> str:
        """One of some words that this text does not hold yet."""
        while (word := self.draw.choice(words)) in self.said:
            pass
        self.said.add(word)
        return word

    def term(self) -> str:
        """A noun that does not exist and that this text does not hold yet."""
        word = next(word for word in self.terms if word not in self.said)
        self.said.add(word)
        return word

    def verb(self) -> str:
        return self.new(_VERBS) + "s"

    def thing(self) -> list[str]:
        """`the rare clestevor`: an article, an adjective or none of them, and a noun."""
        said = ["the"] if self.draw.random() < 0.4 else []
        if self.draw.random() < 0.35:
            said.append(self.new(_ADJECTIVES))
        return [*said, self.new(_NOUNS) if self.draw.random() < 0.2 else self.term()]

    def more(self, words: int, commas: bool = False) -> list[str]:
        """At least so many words that go on after a noun."""
        said: list[str] = []
        while len(said) < words:
            kind = self.draw.random()
            if kind < 0.6:
                said += [self.draw.choice(_PREPOSITIONS), *self.thing()]
            elif kind < 0.75:
                said += ["and", self.draw.choice(_ADVERBS), self.verb(), *self.thing()]
            elif kind < 0.9 or not commas or not said:
                said += [self.draw.choice(_LINKS), *self.thing(), self.verb(), *self.thing()]
            else:
                said[-1] += ","
                said += ["which", self.verb(), *self.thing()]
        return said

    def question(self, signs: bool) -> str:
        words = self.draw.randint(6, 10)
        kind = self.draw.random()
        if kind < 0.5:
            said = ["Which", self.new(_NOUNS), self.verb(), *self.thing(), *self.more(words)]
        elif kind < 0.7:
            said = ["Why", "does", *self.thing(), self.new(_VERBS), *self.thing(), *self.more(words)]
        elif kind < 0.9:
            said = ["In", "which", self.new(_NOUNS), "does", *self.thing(), self.new(_VERBS), *self.more(words)]
        else:
            story = [*self.thing(), self.verb(), *self.thing(), *self.more(words)]
            said = [*_sentence(story), "Which", self.new(_NOUNS), self.verb(), *self.thing()]
        if signs:
            said.insert(-1, "alpha < beta & gamma > delta")
        return " ".join(said) + "?"

    def answer(self, math: bool) -> str:
        said = [*self.thing(), *self.more(self.draw.randint(7, 10))]
        if math:
            said.insert(len(said) // 2, self.formula())
        return _capital(" ".join(said))

    def cloze(self) -> str:
        """Two gaps: an adjective with a noun, and a noun, one in five with a hint."""
        one = f"{{{{c1::{self.new(_ADJECTIVES)} {self.term()}}}}}"
        hint = f"::{self.new(_NOUNS)}" if self.draw.random() < 0.2 else ""
        other = f"{{{{c2::{self.term()}{hint}}}}}"
        said = [*self.thing(), self.verb(), "the", one, *self.more(self.draw.randint(4, 8)), "with", other]
        return " ".join(_sentence([*said, *self.more(self.draw.randint(3, 6))]))

    def extra(self, math: bool) -> str:
        """Two or three sentences."""
        said = _sentence([*self.thing(), self.verb(), *self.thing(), *self.more(self.draw.randint(9, 15), commas=True)])
        if self.draw.random() < 0.1:
            named = self.draw.choice(_ABBREVIATIONS)
            said += _sentence(["the", named, self.draw.choice(_ADVERBS), self.verb(), *self.thing()])
        own = ["it", "does", "not", self.new(_VERBS), *self.thing(), *self.more(self.draw.randint(12, 18), commas=True)]
        if math:
            own.insert(len(own) // 2, self.formula())
        if self.draw.random() < 0.15:
            own += ["in", f"{self.draw.randint(2, 98)} %", "of", *self.thing()]
        if self.draw.random() < 0.1:
            own += ["with", f"*{self.new(_ADJECTIVES)}*", self.term()]
        return " ".join([*said, *_sentence(own)])

    def formula(self) -> str:
        return self.draw.choice(_FORMULAS) % self.draw.randint(1, 99)

    def note(self, number: int) -> list[str]:
        self.said.clear()
        math, signs = self.draw.random() < 0.30, self.draw.random() < 0.05
        lines = [f"  - id: note-{number}"]
        if self.draw.random() < 0.15:
            lines += ["    text: >-", *_wrapped(self.cloze())]
        else:
            lines.append(f"    question: {self.question(signs)}")
            lines += ["    answer: >-", *_wrapped(self.answer(math))]
        lines += ["    extra: >-", *_wrapped(self.extra(math))]
        tags = dict.fromkeys(f"Topic_{self.draw.randint(1, 400)}" for _ in range(3))
        paragraph = number % 10 + 1
        return [
            *lines,
            f"    source: section-{number % 20}/{paragraph}",
            f"    cites: [problem/{1000 + number % 20 * 10 + paragraph}]",
            f"    claims: [S-{number % _CLAIMS}]",
            f"    tags: [{', '.join(tags)}]",
            "    yield: supporting",
            f"    skill: {self.draw.choice(['recall', 'understand', 'apply'])}",
            "",
        ]


def _terms(draw: random.Random) -> Iterator[str]:
    """Pronounceable words without meaning, 60,000 different ones, the nth as frequent as 1/n, without end:
    as in any language, most notes have a word that few others have.
    """
    words = random.Random(1)
    made: dict[str, None] = {}
    while len(made) < 60_000:
        made["".join(words.choices(_SYLLABLES, k=words.randint(2, 4)))] = None
    vocabulary = list(made)
    weights = list(itertools.accumulate(1 / (n + 3) for n in range(len(vocabulary))))
    while True:
        yield from draw.choices(vocabulary, cum_weights=weights, k=1000)


def _sentence(words: list[str]) -> list[str]:
    return [_capital(words[0]), *words[1:-1], words[-1] + "."]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _wrapped(text: str) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > _MOST_COLUMNS:
            lines.append(f"      {line}")
            line = word
        else:
            line = f"{line} {word}".lstrip()
    return [*lines, f"      {line}"]


def make(folder: Path, notes: int, per_file: int = NOTES_PER_FILE) -> None:
    """Writes a collection of so many notes, `per_file` in each subdeck, to a new folder."""
    folder.mkdir(parents=True)
    author = _Author(notes)
    names = [f"Subdeck {n:05d}" for n in range(1, -(-notes // per_file) + 1)]
    (folder / "collection.yaml").write_text(
        "title: Synthetic\ntag: Synthetic\nnamespace: synthetic\ndescription: Text without meaning.\n"
        "disclaimer: For measuring.\nlicence: CC0\ndecks:\n" + "".join(f"  - {name}\n" for name in names),
        encoding="utf-8",
    )
    (folder / "source.yaml").write_text("\n".join(_source()) + "\n", encoding="utf-8")
    for n, name in enumerate(names):
        lines = [f"deck: {name}", "notes:"]
        for number in range(n * per_file, min((n + 1) * per_file, notes)):
            lines += author.note(number)
        (folder / f"{n + 1:05d}.yaml").write_text("\n".join(lines), encoding="utf-8")


def _source() -> Iterator[str]:
    yield from ("title: Synthetic text", "sections:")
    for section in range(20):
        yield from (f"  - slug: section-{section}", f"    title: Section {section}", "    paragraphs:")
        for paragraph in range(1, 11):
            yield f"      - cites: [problem/{1000 + section * 10 + paragraph}]"
            claims = [claim for claim in range(_CLAIMS) if (claim % 20, claim % 10 + 1) == (section, paragraph)]
            if claims:
                yield "        claims:"
            for claim in claims:
                yield from (
                    f"          - id: S-{claim}",
                    f"            claim: Statement {claim}.",
                    "            domain: Subdeck 00001",
                    "            importance: supporting",
                    "            kind: stated",
                )


if __name__ == "__main__":
    make(Path(sys.argv[2]), int(sys.argv[1]), *map(int, sys.argv[3:]))
