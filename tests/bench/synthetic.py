"""Makes synthetic decks that pass every rule: `python synthetic.py NOTES FOLDER [SUBDECKS]`.

About 700 bytes a note, 100 notes a file, 15 % cloze, 30 % with math, 5 % with < > &. The same
numbers give the same files.
"""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path

_SYLLABLES = (
    "ba ce di fo gu ha le mi no pu ra se ti vo zu bra cle dri flo gru pla ste tri vor sen mar lin tor ken dal"
).split()
_SMALL = "the of in and is to with by for that from at on as after when".split()
_NOTES_PER_FILE = 100
_CLAIMS = 500


def words(seed: int = 1) -> list[str]:
    """A vocabulary of 60,000 pronounceable words without meaning."""
    draw = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < 60_000:
        made["".join(draw.choices(_SYLLABLES, k=draw.randint(2, 4)))] = None
    return list(made)


class _Author:
    """Draws texts; the state is the random generator."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.vocabulary = words()
        # As in any language: the nth word is as frequent as 1/n, so that a note has its few rare words.
        self.weights = list(itertools.accumulate(1 / (n + 3) for n in range(len(self.vocabulary))))

    def phrase(self, least: int, most: int) -> list[str]:
        """Different words, a third of them the small words of English."""
        many = self.draw.randint(least, most)
        drawn = self.draw.choices(self.vocabulary, cum_weights=self.weights, k=3 * many)
        said = list(dict.fromkeys(drawn))[:many]
        for n in range(1, len(said), 3):
            said[n] = self.draw.choice(_SMALL)
        return said

    def sentence(self, least: int, most: int, math: bool = False, signs: bool = False) -> str:
        said = self.phrase(least, most)
        if math:
            said.insert(len(said) // 2, f"$x_{{{self.draw.randint(1, 99)}}} + \\frac{{a}}{{b}}$")
        if signs:
            said.insert(len(said) // 2, "alpha < beta & gamma > delta")
        return " ".join(said).capitalize()

    def note(self, number: int) -> list[str]:
        math, signs = self.draw.random() < 0.30, self.draw.random() < 0.05
        lines = [f"  - id: note-{number}"]
        if self.draw.random() < 0.15:
            said = self.phrase(18, 24)
            said[5:7] = [f"{{{{c1::{said[5]} {said[6]}}}}}"]
            said[10] = f"{{{{c2::{said[10]}}}}}"
            lines += ["    text: >-", *_wrapped(" ".join(said).capitalize().replace("{{C", "{{c") + ".")]
        else:
            question = self.sentence(11, 17, signs=signs)
            lines.append(f"    question: Which {question[0].lower()}{question[1:]}?")
            lines += ["    answer: >-", *_wrapped(self.sentence(9, 14, math=math))]
        lines += ["    extra: >-", *_wrapped(self.sentence(32, 48, math=math) + ".")]
        tags = ", ".join(f"Topic_{self.draw.randint(1, 400)}" for _ in range(3))
        paragraph = number % 10 + 1
        lines += [
            f"    source: section-{number % 20}/{paragraph}",
            f"    cites: [problem/{1000 + number % 20 * 10 + paragraph}]",
            f"    claims: [S-{number % _CLAIMS}]",
            f"    tags: [{_distinct(tags)}]",
            "    yield: supporting",
            f"    skill: {self.draw.choice(['recall', 'understand', 'apply'])}",
            "",
        ]
        return lines


def _distinct(tags: str) -> str:
    return ", ".join(dict.fromkeys(tags.split(", ")))


def _wrapped(text: str) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > 92:
            lines.append(f"      {line}")
            line = word
        else:
            line = f"{line} {word}".lstrip()
    return [*lines, f"      {line}"]


def make(folder: Path, notes: int, per_deck: int = _NOTES_PER_FILE) -> None:
    """Writes a collection of `notes` notes, `per_deck` in each subdeck, to a new folder."""
    folder.mkdir(parents=True)
    author = _Author(notes)
    decks = (notes + per_deck - 1) // per_deck
    names = [f"Subdeck {n:05d}" for n in range(1, decks + 1)]
    (folder / "collection.yaml").write_text(
        "title: Synthetic\ntag: Synthetic\nnamespace: synthetic\ndescription: Text without meaning.\n"
        "disclaimer: For measuring.\nlicence: CC0\ndecks:\n" + "".join(f"  - {name}\n" for name in names),
        encoding="utf-8",
    )
    (folder / "source.yaml").write_text("\n".join(_source()) + "\n", encoding="utf-8")
    for n, name in enumerate(names):
        lines = [f"deck: {name}", "notes:"]
        for number in range(n * per_deck, min((n + 1) * per_deck, notes)):
            lines += author.note(number)
        (folder / f"{n + 1:05d}.yaml").write_text("\n".join(lines), encoding="utf-8")


def _source() -> list[str]:
    lines = ["title: Synthetic text", "sections:"]
    for section in range(20):
        lines += [f"  - slug: section-{section}", f"    title: Section {section}", "    paragraphs:"]
        for paragraph in range(1, 11):
            lines.append(f"      - cites: [problem/{1000 + section * 10 + paragraph}]")
            claims = [c for c in range(_CLAIMS) if c % 20 == section and c % 10 + 1 == paragraph]
            if claims:
                lines.append("        claims:")
            for claim in claims:
                lines += [
                    f"          - id: S-{claim}",
                    f"            claim: Statement {claim}.",
                    "            domain: Subdeck 00001",
                    "            importance: supporting",
                    "            kind: stated",
                ]
    return lines


if __name__ == "__main__":
    make(Path(sys.argv[2]), int(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else _NOTES_PER_FILE)
