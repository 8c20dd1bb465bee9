"""The schema of the YAML files: one table from which files are read, formatted and described to editors.

A shape is a `Text` (one scalar), a `List` of one shape, a `Record` with known keys, or a `Table` whose keys are the
author's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ketamine_anki.core.language import BCP_47
from ketamine_anki.core.model import PARAGRAPH


class Text(NamedTuple):
    """One scalar, read as the text that was typed.

    A text that is not Markdown is one of `choices`, or matches `pattern`, which `expected` describes; a finding on it
    has `rule`. `names` is the kind of names of the collection that it must be one of.
    """

    about: str
    examples: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    pattern: str = ""
    expected: str = ""
    rule: str = "choice"
    names: str = ""
    markdown: bool = False
    prose: bool = False  # words, in which ` #` is text and no comment; Markdown is prose too


class List(NamedTuple):
    """A list of one shape; not empty."""

    item: Text | Record | Either
    about: str


class Record(NamedTuple):
    """A mapping with these keys, in canonical order."""

    keys: Mapping[str, Shape]
    about: str
    required: frozenset[str] = frozenset()


class Table(NamedTuple):
    """A mapping whose keys are the author's own, such as the rules that a note is excused from."""

    value: Text
    about: str


class Either(NamedTuple):
    """One of two records, told apart by a key that only the first has."""

    key: str
    having: Record
    otherwise: Record


class Anything:
    """A value that is read elsewhere."""


Values = dict[str, Any]  # the value of a record or a table: key -> str, tuple or Values
Shape = Text | List | Record | Table | Either | Anything

# No number, date or word that other readers of YAML take for something else than text.
ID = r"(?!(true|false|null|none|yes|no|on|off|[0-9-]+|[0-9]+e-?[0-9]+|0[box][0-9a-f]+)\s*$)[a-z0-9]+(-[a-z0-9]+)*"
COMMAS = ",;\u055d\u060c\u061b\u1363\u1364\u1802\u2e41\u3001\ufe50\ufe51\ufe54\uff0c\uff1b\uff64"  # of any script
_DATE = r"[0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|[12][0-9])|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)"
# Letters and digits of any script: of ASCII all signs are left out but some.
TAG = rf"[^\x00-/:-@\[-`{{-\x7f\s{COMMAS}][^\x00-\"$-*./:-@\[-^`{{-\x7f\s{COMMAS}]*"
_TAGGED = "letters, digits, _, -, + and #, without spaces or ::"
# ASCII of a web address, without the characters that HTML, TeX or Anki interpret: " < > \\ ^ ` [ ] { | }
_ADDRESS = "[!#-;=?-Z_a-z~]"
_SITE = rf"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{{1,5}})?([/?#]{_ADDRESS}*)?"
_NO_DOTS = r"(?!(.*/)?\.{1,2}(/|$))"  # a browser would leave the path by parts that are dots
# One line with a letter or digit in it. Anki splits deck names at ::, trims them, drops " from the name of a note type,
# and puts the cards of a deck "Default" among the learner's own.
_NAME = (
    r"(?!.*::)(?!:)(?![Dd][Ee][Ff][Aa][Uu][Ll][Tt]$)(?=.*[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f])(?!\s)"
    r"[^\x00-\x1f\"<>{}\[\]\\]*[^\s\x00-\x1f\"<>{}\[\]\\:]"
)
_NAMED = 'a name in one line, with a letter or digit, without :: or any of " < > { } [ ] \\, and not Default'


def _prose(about: str, *examples: str) -> Text:
    return Text(about, examples, markdown=True, prose=True)


def _words(about: str, *examples: str) -> Text:
    return Text(about, examples, prose=True)


def _choice(about: str, *choices: str) -> Text:
    return Text(about, choices[:1], choices)


def _form(about: str, pattern: str, expected: str, *examples: str) -> Text:
    return Text(about, examples, pattern=pattern, expected=expected)


def _name(about: str, names: str, example: str) -> Text:
    return Text(about, (example,), names=names)


def _slug(example: str) -> Text:
    return _form("Name used in notes.", ID, "small letters, digits and hyphens", example)


REVERSE = Record(
    {
        "question": _prose("Question of the second card.", "Which vitamin is ascorbic acid?"),
        "answer": _prose("Answer of the second card.", "Vitamin C"),
    },
    "A second card that asks the other way round, with a question of its own.",
    frozenset({"question", "answer"}),
)

RETIRED = Record(
    {
        "version": _form(
            "The release that retires the note.",
            r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}",
            "a version such as 2.0.0",
            "2.0.0",
        ),
        "reason": _prose("Why, in one sentence for learners.", "Superseded by newer findings."),
        "see": Text("Id of the note that takes its place.", ("light-reaction-place",), pattern=ID),
    },
    "The note is no longer taught. Its id stays here for ever, so that it is never used again.",
    frozenset({"version", "reason"}),
)

_NOTE_TAIL: dict[str, Shape] = {
    "extra": _prose("Shown under the answer: what helps to understand it.", "The reaction needs light."),
    "picture": _prose(
        "Shown under the answer: one picture from media/, quoted, with a text that says what one sees.",
        "![A leaf cut through: cells with chloroplasts](leaf.png)",
    ),
    "caution": _prose(
        "Shown on the back in a box of its own: what can harm somebody who acts on the card. Needs evidence.",
        "Frost destroys the pores: do not prune below 0 °C.",
    ),
    "caveat": _prose(
        "Shown on the back in a box of its own: where current evidence differs. Needs evidence.",
        "A 2025 trial found the opposite in critically ill adults.",
    ),
    "evidence": List(
        _name("A key of references.yaml.", "references", "green-2020"),
        "What supports the caution, the caveat, and what goes beyond the source.",
    ),
    "source": Text(
        "Where the source teaches it: section/paragraph of source.yaml, needed where there is one.",
        ("how-leaves-work/2",),
        pattern=PARAGRAPH,
        expected="the name of a section of source.yaml, '/' and the number of a paragraph",
        rule="unknown-source",
        names="paragraphs",
    ),
    "cites": List(
        _name("problem/N or entry/N, as that paragraph cites it.", "cites", "problem/12"),
        "What that paragraph cites and this note rests on.",
    ),
    "claims": List(
        _name("A claim of source.yaml that the note tests.", "claims", "L-18"), "The claims that the note tests."
    ),
    "tags": List(_form("A concept.", TAG, _TAGGED, "Photosynthesis"), "Concepts; every other tag is derived."),
    "yield": _choice("core when it tests a core claim.", "core", "supporting"),
    "skill": _choice("What the card asks of the learner.", "recall", "understand", "apply"),
    "beyond": _prose(
        "For a note that goes beyond the source: why it is worth a card.", "Safety fact that the text omits."
    ),
    "allow": Table(
        _words("Why the rule does not fit here.", "the term has no shorter form"),
        "Rules that this note is excused from, each with the reason.",
    ),
    "retired": RETIRED,
}

_ID = _form(
    "The note's name, for ever: never changed, never used again.",
    ID,
    "small letters, digits and single hyphens, such as gas-taken-up, and no bare number, date, true or none",
    "gas-taken-up",
)

QUESTION_NOTE = Record(
    {
        "id": _ID,
        "question": _prose("Front of the card: one question.", "Which gas do leaves take up in light?"),
        "answer": _prose("Back of the card: short.", "Carbon dioxide"),
        "reverse": REVERSE,
        **_NOTE_TAIL,
    },
    "A question/answer note.",
    frozenset({"id", "question", "answer", "tags", "yield", "skill"}),
)

CLOZE_NOTE = Record(
    {
        "id": _ID,
        "text": _prose(
            "A sentence with {{c1::hidden}} or {{c1::hidden::hint}} parts, one card per number.",
            "In light, leaves take up {{c1::carbon dioxide}} and give off {{c2::oxygen}}.",
        ),
        **_NOTE_TAIL,
    },
    "A cloze note.",
    frozenset({"id", "text", "tags", "yield", "skill"}),
)

DECK = Record(
    {
        "deck": _name("Name of the subdeck, one of the decks of collection.yaml.", "decks", "Leaves"),
        "notes": List(Either("text", CLOZE_NOTE, QUESTION_NOTE), "The notes, in the order in which they are learnt."),
    },
    "One subdeck.",
    frozenset({"deck", "notes"}),
)

_RULE = _form(
    "A rule, or a group of rules.",
    ID,
    "the name of a rule or a group, such as yes-no or medication",
    *("medication", "yes-no"),
)
_RULES: dict[str, Shape] = {
    "off": List(_RULE, "What no note is held to; say why in a comment."),
    "strict": List(_RULE, "What no note can be excused from by `allow`."),
}

COLLECTION = Record(
    {
        "title": _form("Name of the parent deck in Anki; frozen once released.", _NAME, _NAMED, "Plant Biology"),
        "tag": _form("Root of every tag.", TAG, _TAGGED, "Plants"),
        "namespace": _form(
            "GUIDs are made from it and a note's id: never change it.",
            "[!-~]+( [!-~]+)*",
            "ASCII, in one line",
            "plant-biology/3f9a1c52",
        ),
        "language": _form(
            "Language of the cards: English rules hold in English alone.",
            BCP_47,
            "a language tag such as en, de, pt-BR or zh-Hant",
            *("en", "de", "pt-BR", "zh-Hant"),
        ),
        "labels": Table(
            _words("What to say instead.", "Watch out"),
            "Words on cards, deck pages and release notes (caution, new …) that differ from those of the language.",
        ),
        "rules": Record(_RULES, "Which rules hold here."),
        "topic": List(
            _form("A word.", f"[^{COMMAS}]+", "a word", "plant"), "Words too obvious to be an answer in this deck."
        ),
        "description": _words("What the deck is, for the deck's page in Anki.", "Cards on how plants live."),
        "disclaimer": _words("Shown on every deck.", "For education, not medical advice."),
        "licence": Text("Licence of the cards.", ("CC BY 4.0",)),
        "licence_url": _form(
            "Where the licence stands.",
            f"https://{_SITE}",
            "a web address, https://…",
            "https://creativecommons.org/licenses/by/4.0/",
        ),
        "evidence_date": _form(
            "When the literature was last looked at.", _DATE, "a date such as 2026-11-22", "2026-11-22"
        ),
        "repository": _form(
            "Where corrections go: cards get a link there.",
            rf"https://github\.com/(?!OWNER/NAME$){_NO_DOTS}[A-Za-z0-9][A-Za-z0-9_-]*/(?!.*\.git$)[A-Za-z0-9_.-]+",
            "an address on GitHub, where the cards link to: https://github.com/owner/name, without .git",
            "https://github.com/owner/name",
        ),
        "abbreviations": Table(
            Text("What it stands for.", ("United States",)), "Abbreviations that need no expansion on a card."
        ),
        "spelling": _choice("The spelling that all texts keep to.", "US"),
        "decks": List(
            _form("Name of a subdeck.", _NAME, _NAMED, "Leaves"),
            "The subdecks in order; frozen once released, a later one is added at the end.",
        ),
        "about": Table(
            Text("What the subdeck is about, in a sentence.", ("How leaves make sugar from light.",)),
            "A sentence for the page of each subdeck in Anki.",
        ),
    },
    "What the collection is called and how it is identified.",
    frozenset({"title", "tag", "namespace", "description", "disclaimer", "licence", "decks"}),
)

_CITE = _form("problem/N or entry/N.", r"(problem|entry)/[0-9]+", "problem/N or entry/N", "problem/12")

CLAIM = Record(
    {
        "id": _form("Name of the claim.", r"[A-Z0-9]+(-[A-Z0-9]+)*", "a name such as L-18", "L-18"),
        "claim": _words("What the paragraph says, in own words.", "Leaves take up carbon dioxide."),
        "domain": _name("The subdeck that teaches it.", "decks", "Leaves"),
        "importance": _choice("core must be tested; colour needs no card.", "core", "supporting", "colour"),
        "kind": _choice("How the source makes it.", "stated", "implied", "derived"),
        "caveat": _choice("A note that tests it must say where evidence differs.", "required"),
    },
    "One teachable claim.",
    frozenset({"id", "claim", "domain", "importance", "kind"}),
)

_PARAGRAPH = Record(
    {"cites": List(_CITE, "What the paragraph cites."), "claims": List(CLAIM, "What it says.")}, "One paragraph."
)

_SECTION = Record(
    {
        "slug": _slug("how-leaves-work"),
        "title": Text("Heading.", ("How Leaves Work",)),
        "paragraphs": List(_PARAGRAPH, "In order, counted from 1."),
    },
    "One section.",
    frozenset({"slug", "title", "paragraphs"}),
)

SOURCE = Record(
    {
        "title": Text("Title of the source text.", ("Applications and Interdisciplinary Connections",)),
        "access": _form(
            "Where learners find the text: cards show it beside the passage.",
            rf"https://{_SITE}|(?!https?:)\S.*",
            "a web address, https://…, or words such as 'text not public'",
            *("https://example.org/leaves", "text not public"),
        ),
        "sections": List(_SECTION, "The sections in order."),
    },
    "The outline of the source text.",
    frozenset({"title", "sections"}),
)

_REFERENCE = Record(
    {
        "key": _slug("green-2020"),
        "citation": _words("Authors, title, journal, year.", "Green A et al. Title of the work. J Bot 2020;1(2):3-4"),
        "doi": _form(
            "DOI without https.",
            rf"10\.[0-9]{{4,9}}/{_NO_DOTS}{_ADDRESS}+",
            "a DOI such as 10.1056/NEJMoa2511420",
            "10.1056/NEJMoa2511420",
        ),
        "pmid": _form("PubMed number.", "[0-9]{1,9}", "digits", "12345678"),
        "pmcid": _form("PubMed Central number.", "PMC[0-9]+", "PMC and digits", "PMC8506237"),
        "url": _form(
            "Where there is no DOI: an official page.", f"https?://{_SITE}", "a web address", "https://www.fda.gov/"
        ),
        "supports": _choice(
            "finding when its numbers were checked, citation when only the reference was.", "finding", "citation"
        ),
    },
    "One work.",
    frozenset({"key", "citation", "supports"}),
)

REFERENCES = Record(
    {"references": List(_REFERENCE, "The works, in any order.")},
    "The literature behind caveats.",
    frozenset({"references"}),
)
