"""Makes synthetic decks that pass every rule: `python synthetic.py NOTES FOLDER [NOTES_PER_FILE]`.

English sentences of real words and of nouns that do not exist, as frequent as words are in any language: about 700
bytes a note, 100 notes a file, 15 % cloze, 30 % with math, 5 % with < > &, some with numbers, abbreviations, emphasis,
a story before the question. The same numbers give the same files, laid out as `fmt` does.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from ketamine_anki.deckfiles.formatter import canonical
from ketamine_anki.deckfiles.schema import DECK

NOTES_PER_FILE = 100
_NOTES_OF_A_CLAIM = 6  # of more, two have the same answer by chance
_SYLLABLES = (
    "ba ce di fo gu ha le mi no pu ra se ti vo zu bra cle dri flo gru pla ste tri vor sen mar lin tor ken dal"
).split()
# What a word in capitals stands for: one of these. A noun, verb or adjective stands once in a note.
_GRAMMAR = {
    "QUESTION": (
        "Which WORD VERBs THING PLACE MORE?", "Which WORD VERBs THING MORE PLACE?", "Why does THING VERB THING MORE?",
        "In which WORD does THING VERB MORE?", "THING VERBs THING PLACE. Which WORD VERBs THING?",
    ),
    "TEXT": (
        "THING VERBs the {{c1::ADJECTIVE TERM}} MORE with {{c2::TERM}} PLACE.",
        "THING VERBs the {{c1::ADJECTIVE TERM}} PLACE with {{c2::TERM::WORD}} PLACE.",
    ),
    "ANSWER": ("THING PLACE PLACE PLACE", "THING PLACE PLACE PLACE", "the NOUN PLACE MATH PLACE PLACE"),
    "EXTRA": (
        "THING VERBs THING MORE PLACE, which VERBs THING. It does not VERB THING MORE MORE PLACE PLACE PLACE.",
        "THING VERBs THING MORE PLACE. It does not VERB THING MORE PLACE MORE PLACE PLACE.",
        "THING VERBs THING MORE PLACE. The NAME ADVERB VERBs THING PLACE. It does not VERB THING MORE PLACE PLACE.",
        "THING VERBs THING MORE PLACE. It does not VERB THING MORE with *ADJECTIVE* TERM in 42 % of THING PLACE PLACE.",
    ),
    "MORE": ("PLACE PLACE", "PLACE and ADVERB VERBs THING", "LINK THING VERBs THING"),
    "PLACE": ("PREPOSITION THING",),
    "THING": ("the NOUN", "NOUN", "the NOUN", "the ADJECTIVE NOUN", "ADJECTIVE NOUN"),
    "NOUN": ("TERM", "TERM", "TERM", "TERM", "WORD"),
    "MATH": (
        r"$x_{0} + \frac{a}{b}$", r"$c = c_0 e^{-k t}$", r"$\frac{\text{flow}}{\text{rate}_{1}}$",
        r"$\Delta p \leq \frac{7}{n}$", r"$\alpha_{2} \times \sqrt{\beta}$",
    ),
    "NAME": (
        "cerebral perfusion pressure (CPP)", "mean arterial pressure (MAP)", "acute kidney injury (AKI)",
        "positive end-expiratory pressure (PEEP)", "glomerular filtration rate (GFR)", "traumatic brain injury (TBI)",
    ),
    "PREPOSITION": "of of of in in with with for from by during after at under within without against through".split(),
    "LINK": "because when while if once until unless although".split(),
    "ADVERB": "often rarely mainly partly usually slowly quickly sometimes directly markedly".split(),
    "WORD": """
        airway antibody artery bladder brain catheter cell channel clot compartment cortex defect diaphragm enzyme
        fever gland glucose graft heart hormone infant infusion insulin joint kidney lesion liver lung membrane muscle
        nerve neuron oxygen pathway plasma platelet protein receptor reflex rhythm sedation serum shock skin sodium
        spasm surgery symptom tendon tissue toxicity trauma tumor ulcer vein vessel virus volume withdrawal wound
    """.split(),
    "VERB": """
        absorb accompany affect alter attract bind change confirm consume contain convert damage delay deplete displace
        disturb drive enhance enter exceed excite expand expose favor follow guide hinder induce initiate injure limit
        link maintain mask mediate mimic obstruct oppose outlast precede produce prolong promote protect provoke reach
        release remove replace resemble restore reveal seal secrete shift slow stabilize strain surround trigger weaken
    """.split(),
    "ADJECTIVE": """
        abdominal active adult aerobic arterial autonomic bacterial benign bilateral brief broad cardiac central
        clinical common congenital critical delayed dense diffuse distal early elective endogenous epidural facial fetal
        gastric genetic hepatic hollow immune inferior inhaled intact invasive isolated lateral local malignant maternal
        metabolic motor narrow neural oral passive peripheral primary proximal rapid regional renal rigid spinal thin
    """.split(),
}  # fmt: skip
_ONCE = ("WORD", "VERB", "ADJECTIVE", "TERM")


class _Author:
    """Draws notes; the state is the random generator and the words of the note."""

    def __init__(self, seed: int, claims: int) -> None:
        self.draw = random.Random(seed)
        self.claims = claims
        self.terms = _terms(random.Random(seed))
        self.used: set[str] = set()

    def write(self, name: str) -> str:
        """One of the things that a word in capitals stands for, with its own words in capitals written out."""
        while True:
            chosen = next(self.terms) if name == "TERM" else self.draw.choice(_GRAMMAR[name])
            if name not in _ONCE or chosen not in self.used:
                break
        if name in _ONCE:
            self.used.add(chosen)
            return chosen
        return chosen if name == "NAME" else re.sub("[A-Z]{4,}", lambda word: self.write(word[0]), chosen)

    def sentences(self, name: str) -> str:
        return re.sub(r"(?:^|(?<=\. ))[a-z]", lambda letter: letter[0].upper(), self.write(name))

    def note(self, number: int) -> dict[str, object]:
        self.used.clear()
        note: dict[str, object] = {"id": f"note-{number}"}
        if self.draw.random() < 0.15:
            note["text"] = self.sentences("TEXT")
        else:
            note["question"] = self.sentences("QUESTION")
            if self.draw.random() < 0.05:
                note["question"] = f"{str(note['question'])[:-1]} where alpha < beta & gamma > delta?"
            note["answer"] = self.sentences("ANSWER")
        paragraph = number % 10 + 1
        return note | {
            "extra": self.sentences("EXTRA"),
            "source": f"section-{number % 20}/{paragraph}",
            "cites": [f"problem/{1000 + number % 20 * 10 + paragraph}"],
            "claims": [f"S-{number % self.claims}"],
            "tags": list(dict.fromkeys(f"Topic_{self.draw.randint(1, 400)}" for _ in range(3))),
            "yield": "supporting",
            "skill": self.draw.choice(["recall", "understand", "apply"]),
        }


def _terms(draw: random.Random) -> Iterator[str]:
    """Pronounceable words without meaning, 60,000 different ones, the nth as frequent as 1/n, without end:
    as in any language, most notes have a word that few others have.
    """
    words = random.Random(1)
    vocabulary: dict[str, None] = {}
    while len(vocabulary) < 60_000:
        vocabulary["".join(words.choices(_SYLLABLES, k=words.randint(2, 4)))] = None
    weights = list(itertools.accumulate(1 / (n + 3) for n in range(len(vocabulary))))
    while True:
        yield from draw.choices(list(vocabulary), cum_weights=weights, k=1000)


def make(folder: Path, notes: int, per_file: int = NOTES_PER_FILE) -> None:
    """Writes a collection of so many notes, `per_file` in each subdeck, to a new folder."""
    folder.mkdir(parents=True)
    claims = 20 * (1 + notes // (20 * _NOTES_OF_A_CLAIM))  # as many in each of 20 sections
    author = _Author(notes, claims)
    names = [f"Subdeck {n:05d}" for n in range(1, -(-notes // per_file) + 1)]
    collection = {
        "title": "Synthetic", "tag": "Synthetic", "namespace": "synthetic", "description": "Text without meaning.",
        "disclaimer": "For measuring.", "licence": "CC0", "decks": names,
    }  # fmt: skip
    claim = {"domain": names[0], "importance": "supporting", "kind": "stated"}
    sections = []
    for section in range(20):
        paragraphs = [{"cites": [f"problem/{1000 + section * 10 + n}"], "claims": []} for n in range(1, 11)]
        for n in range(section, claims, 20):
            paragraphs[n % 10]["claims"].append({"id": f"S-{n}", "claim": f"Statement {n}."} | claim)
        paragraphs = [{key: value for key, value in each.items() if value} for each in paragraphs]
        sections.append({"slug": f"section-{section}", "title": f"Section {section}", "paragraphs": paragraphs})
    files: dict[str, object] = {"collection": collection, "source": {"title": "Synthetic text", "sections": sections}}
    for n, name in enumerate(names):
        numbers = range(n * per_file, min((n + 1) * per_file, notes))
        files[f"{n + 1:05d}"] = {"deck": name, "notes": [author.note(number) for number in numbers]}
    for name, content in files.items():
        text = json.dumps(content)
        if name.isdecimal():
            text, _ = canonical(name, text.encode(), DECK)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[2]), int(sys.argv[1]), *map(int, sys.argv[3:]))
