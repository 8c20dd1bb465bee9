"""Rules about abbreviations: which must be spelt out, and where one gives the answer away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from ketamine_anki.rules.rule import OR_CODE, Problem
from ketamine_anki.rules.view import SIDES, View, read_aloud

MAX_SPELLING = 1_000  # words of one text, far more than a card has, in which initials are looked for
MAX_ABBREVIATIONS = 20  # that are looked up in one note: to look for what each stands for takes time


def spelt_answer(view: View) -> Iterator[Problem]:
    """A question that holds the letters of its answer, as an abbreviation or in its words, is solved by spelling: ask
    what the thing is or does. Abbreviations of two letters and those of collection.yaml are left alone.

    Source: NBME (clues from word repeats).
    Bad: `question: What does ICP stand for?`, `answer: Intracranial pressure`
    Bad: `question: Which abbreviation is used for mean arterial pressure?`, `answer: MAP`
    Good: `question: Which pressure in the head is raised by a bleed?`, `answer: Intracranial pressure (ICP)`
    """
    for question, answer in SIDES if b"AA" in view.signs else ():
        asked, words = view.plain.get(question, ""), _parts(view.words.get(answer, []))
        names = set(re.findall(r"\b[A-Z]{3,6}\b", asked)) - view.collection.abbreviations.keys()
        spelt = any(len(words) <= len(name) and _spell(words, name.lower()) for name in names)
        name = view.plain.get(answer, "").strip(" .")
        if spelt or (re.fullmatch("[A-Z]{3,6}", name) and _spell(_parts(view.words[question]), name.lower())):
            yield view.at(answer), "the question spells the answer by its letters: ask what the thing is or does"


_ABBREVIATION = r"([A-Z]{2,6})s?(?![\w⁺⁻$-])"  # not an ion such as SCN⁻, nor the currency of US$5
# Roman numerals, words in capitals, letters that stand for no words (QT, QRS), and names that nobody spells out.
_NO_ABBREVIATIONS = r"[IVX]+|NOT|EXCEPT|NEVER|LEAST|AND|OR|QT|QRS|USA|UK|EU|NASA|UNESCO|IUPAC|EDTA"


def undefined_abbreviation(view: View) -> Iterator[Problem]:
    """An abbreviation means one thing to its writer and another to the reader: the card spells it out,
    once, anywhere, or collection.yaml lists it under `abbreviations`.

    Source: SuperMemo's rule 16 (context); Joint Commission and ISMP (error-prone abbreviations).
    Bad: `question: Which drug slows AF?`
    Good: `question: Which drug slows atrial fibrillation (AF)?`
    Good: `question: Which drug slows AF?`, `extra: AF is atrial fibrillation.`
    Good: `answer: A rise of ALT`, `extra: ALT is alanine transaminase.`
    Good: `extra: The law of ideal gases is $PV = nRT$.`
    """
    if b"AA" not in view.signs:
        return
    texts = {key: text for key, text in view.prose.items() if key != "picture"}
    places: dict[str, tuple[str, int]] = {}  # abbreviation -> where it stands first
    for key, plain in texts.items():
        typed = view.typed[key]
        text = read_aloud(typed, view.rendered[key].markup, formulas=False)[0] if "$" in typed else plain
        for match in re.finditer(_ABBREVIATION, text):
            before = text[match.start() - 1 : match.start()]  # a look-behind would be tried at every letter
            if not (before.isalnum() or before in ("_", "-", "$") or re.fullmatch(_NO_ABBREVIATIONS, match[1])):
                places.setdefault(match[1], (key, match.start()))
    names = [name for name in places if name not in view.collection.abbreviations][:MAX_ABBREVIATIONS]
    if not names:
        return
    explained = {match[1] or match[2] for text in texts.values() for match in re.finditer(_EXPLAINED, text)}
    parts = [_parts(view.words[key][:MAX_SPELLING]) for key in texts]
    for name in names:
        if not explained.isdisjoint((name, f"{name}s")) or any(_spell(each, name.lower()) for each in parts):
            continue
        if not _is_defined(name, texts.values()):
            message = f"{name} is not spelt out on this card: write what it stands for, with ({name}){OR_CODE}"
            yield view.plain_at(places[name][0], name, places[name][1]), message


# `atrial fibrillation (AF)`, `AF means ...`, the latter in a bracket too, which is therefore only looked into
_EXPLAINED = r"(?<=\w\s)\((?=(?:[^()]*\W)?(\w+)\))|\b(\w+)(?=\s+(?:\(|stands for|is short for|means)\b)"
_SKIPPED = frozenset({"of", "the", "and", "for", "in", "a", "an", "to", "with"})
_LONG = 9  # letters of a word from which several may stand in its abbreviation
_LONG_OF_A_DEFINITION = 6


def _parts(words: list[str]) -> list[str]:
    return [part for word in words for part in word.split("-") if part and part not in _SKIPPED]


def _spell(parts: list[str], name: str) -> bool:
    """Whether neighbouring words spell an abbreviation by their initials; a long word may give several
    of its letters: ICP, intracranial pressure.
    """
    spelt: set[int] = set()  # how many letters the words up to here may have given
    for part in parts:
        spelt = {end for start in (0, *spelt) if part[0] == name[start] for end in _ends(part, name, start)}
        if len(name) in spelt:
            return True
    return False


def _is_defined(name: str, texts: Iterable[str]) -> bool:
    """Whether a text defines an abbreviation in so many words, `BNP is B-type natriuretic peptide`, whose letters stand
    in order in what follows: the first begins a word, the others too, or stand inside a long one. Other words may stand
    between, as in `DBP and SBP are diastolic and systolic blood pressure`.

    Source: Schwartz and Hearst, A simple algorithm for identifying abbreviation definitions (2003).
    """
    others = r"(?:(?:,| and| or|, and) [A-Z]{2,6}s?)*"
    pattern = rf"\b{name}s?{others}(?: is| are| was| were| =|:|,) ([^.;:?!()]+)"
    return any(_has_letters(match[1], name.lower()) for text in texts for match in re.finditer(pattern, text))


def _has_letters(definition: str, name: str) -> bool:
    at = 0
    for word in re.findall(r"[^\W\d_]+", definition.lower())[: 2 * len(name) + 2]:
        if "\u0370" <= word[0] <= "\u03ff":  # a Greek letter counts by its name: γ-aminobutyric acid
            word = unicodedata.name(word[0], "").rpartition(" ")[2].lower()
        if word not in _SKIPPED and at < len(name) and word[0] == name[at]:
            at += 1
            for letter in word[1:] if len(word) >= _LONG_OF_A_DEFINITION else "":
                at += at < len(name) and letter == name[at]
    return at == len(name)


def _ends(part: str, name: str, start: int) -> Iterator[int]:
    """How many letters of a name may be spelt after a word that gives the one at `start`, and perhaps more."""
    end, at = start + 1, 1
    yield end
    while len(part) >= _LONG and end < len(name) and (at := part.find(name[end], at) + 1) > 0:
        end += 1
        yield end
