"""What a rule sees of a note: its texts rendered, as a learner reads them, and split into words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, count, islice

from ketamine_anki.core.model import Collection, Note, Position, Where
from ketamine_anki.text.render import render_note
from ketamine_anki.text.scanner import UNMARKED, Markup
from ketamine_anki.text.words import signs_of, words_of

MAX_WORDS = 1 << 16  # that are remembered between notes
_HIDDEN = "\0"  # no text holds it, nor this:
CODE = "\ufffc"  # for a character of code, where it is not read
_QUESTIONS = ("question", "reverse.question")
SIDES = (("question", "answer"), ("reverse.question", "reverse.answer"))
_TESTED = frozenset({*_QUESTIONS, "answer", "reverse.answer", "text"})
_PICTURE_OR_LINK = r"!?\[([^\[\]]*)\]\(([^()]*)\)"
_OUTER_UNDERSCORE = r"_(?:(?<!\w_)|(?!\w))"  # not the one inside a word


class View:
    """One note during its check: its texts rendered, read and split into words once, for all rules.

    position      of the note's id
    rendered      the rendered texts by key
    typed         the texts by key as they stand in the deck file
    plain, prose  the texts by key as a learner reads them, and the same without code: see `read_aloud`
    signs         the characters of all plain texts that are not small letters, as `words.signs_of` gives them
    words         the words of each plain text by key; a hyphened word is one word
    tested        the keys of the texts that a learner is asked for
    heard         the words of all texts, their parts, and the signs
    asked         the words of the tested texts, their parts, the signs and the keys: they decide which rules are asked
    deletions     of a cloze note without mistakes, those that are not inside another
    stems         the content words of each tested text, stemmed, once each
    lead_ins      the last sentence of each question by key: what is asked, without the story before it
    """

    def __init__(self, note: Note, collection: Collection) -> None:
        self.note = note
        self.collection = collection
        self.position = note.places.at("id")
        self.rendered = rendered = render_note(note, collection)
        self.typed = typed = dict(note.texts())
        self.prose: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        for key, text in typed.items():
            self.prose[key], self.plain[key] = read_aloud(text, rendered[key].markup)
        plain = self.plain
        self.signs = signs_of("\n".join(plain.values()))
        self.words = words = {key: words_of(text) for key, text in plain.items()}
        self.tested = [key for key in plain if key in _TESTED]
        self.heard = heard_in(chain.from_iterable(words.values()))
        self.asked = heard_in(chain.from_iterable([words[key] for key in self.tested]))
        signs = self.signs.translate(None, b" ").decode()
        self.heard.update(signs)
        self.asked.update(signs, plain)
        markup = rendered["text"].markup if note.is_cloze else UNMARKED
        self.deletions = [] if markup.mistakes else [each for each in markup.deletions if not each.depth]
        self.stems = {key: stems(words[key]) for key in self.tested}
        self.lead_ins = {key: last_sentence(self.prose[key]) for key in _QUESTIONS if key in plain}

    def at(self, key: str, fragment: str = "", start: int = 0) -> Position:
        """The position of a key's value, or of a fragment that starts at an offset of its typed text."""
        nth = self.typed[key].count(fragment, 0, start) if fragment else 0
        return self.note.places.at(Where(key, fragment, nth))

    def plain_at(self, key: str, fragment: str, start: int) -> Position:
        """The position of a fragment that starts at an offset of a plain text. A plain text lacks hints and the
        addresses of links, so what is in these does not count.
        """
        nth = self.plain[key].count(fragment, 0, start)
        typed, deletions = self.typed[key], self.rendered[key].markup.deletions
        unread = [match.span(2) for match in re.finditer(_PICTURE_OR_LINK, typed)]
        unread += [(each.end - 2 - len(each.hint), each.end - 2) for each in deletions if each.hint]
        visible = list(typed)
        for begin, end in unread:
            visible[begin:end] = _HIDDEN * (end - begin)
        match = next(islice(re.finditer(re.escape(fragment), "".join(visible)), nth, None), None)
        return self.at(key, fragment, match.start() if match else start)

    def match_at(self, key: str, match: re.Match[str], group: int = 0, offset: int = 0) -> Position:
        """The position of a match in a plain text, or in its part from `offset`."""
        return self.plain_at(key, match[group], offset + match.start(group))

    def prose_stems(self, key: str) -> set[int]:
        """The stems of a tested text without its code; none of a text that is not there."""
        if CODE in self.prose.get(key, ""):
            return stems(words_of(self.prose[key].replace(CODE, " ")))
        return self.stems.get(key, set())


def heard_in(words: Iterable[str]) -> set[str]:
    """The words, and the parts of those that hold other characters than letters."""
    heard = set(words)
    heard.update(*[_parts(word) for word in heard if not word.isalpha()])
    return heard


@lru_cache(MAX_WORDS)
def _parts(word: str) -> list[str]:
    """`wind-up` -> wind, up; `84mg` -> 84mg, mg; `isn't` -> isn, t, is"""
    with_positive = word + " " + word.replace("n't", " ")
    return [*re.findall(r"\w+", with_positive), *re.findall(r"[^\W\d_]+", with_positive)]


def read_aloud(text: str, markup: Markup, *, formulas: bool = True) -> tuple[str, str]:
    """A typed text -> the same as a learner reads it, twice: with a `CODE` for each character of code, which is no
    prose, and with the code. Without Markdown, cloze marks and hints; links by their labels, math without dollars or,
    without `formulas`, as so many blanks.
    """
    if markup is UNMARKED:
        return text, text
    code = ""
    if markup.spans:
        parts, is_hint = [], False
        for span in markup.spans:
            if span.kind in ("hint", "close"):
                is_hint = span.kind == "hint"
            elif span.kind == "open" or is_hint:
                continue
            elif span.kind == "code":
                parts.append(CODE * len(span.value))
                code += span.value
            else:
                parts.append(span.value if formulas or span.kind == "text" else " " * len(span.value))
        text = "".join(parts)
    if "[" in text:
        text = re.sub(_PICTURE_OR_LINK, r"\1", text)
    if "_" in text:
        text = re.sub(_OUTER_UNDERSCORE, "", text)
    prose = text.replace("*", "").replace("`", "").replace("\\", "")
    signs = iter(code)
    return prose, re.sub(CODE, lambda _: next(signs), prose) if code else prose


def last_sentence(text: str) -> str:
    """What follows the last period, question or exclamation mark inside a text, not counting an aside at its end."""
    end = len(text)
    if text[-1:] in (")", CODE):
        end = len(text.rstrip(f" \n{CODE}"))
        end = max(text.rfind("(", 0, end) - 1, 0) if text[end - 1 : end] == ")" else end
    start = max(text.rfind(mark, 0, end) for mark in (". ", "? ", "! ", ".\n"))
    if not text.isascii():
        start = max(start, *(text.rfind(mark, 0, end - 1) for mark in "。？！؟।"))
    return text[start + 1 :].lstrip()


# Words that carry no content of their own, and the units of vital signs.
_FUNCTION_WORDS = frozenset(
    """a an and are as at be been being but by can could did do does for from had has have he her his how if in into
    is it its may might more most must of off on or other our out over own shall she should so some such than that
    the their them then there these they this those through to under until up was were what when where which while
    who whom whose why will with would you your mm hg cm kg mg mcg ml percent""".split()
)
_ENDINGS = tuple("ations ation ingly edly ings ing ied ies ed es ly e s y".split())  # the longer ones first
_NUMBERS: defaultdict[str, int] = defaultdict(count().__next__)  # stem -> its number


def stems(words: Iterable[str]) -> set[int]:
    """The content words, stemmed: those of `block`, `nmda`, `receptor` for `["blocking", "the", "nmda-receptors"]`. A
    stem is a number, higher for stems that were first met later.
    """
    return set(chain.from_iterable(map(_stems_in, words)))


@lru_cache(MAX_WORDS)
def _stems_in(word: str) -> tuple[int, ...]:
    """The stems of the parts of a word that carry content. An ending is cut off, so that `suppresses` and `suppressing`
    are one: roughly, as this only compares words of one collection with each other.
    """
    parts = [part for part in word.split("-") if part and part not in _FUNCTION_WORDS]
    return tuple([_NUMBERS[_stem(part.removesuffix("'s"))] for part in parts])


def _stem(word: str) -> str:
    """The word without its ending, if four letters are left."""
    if not word.endswith(_ENDINGS, 4):
        return word
    return word.removesuffix(next(ending for ending in _ENDINGS if word.endswith(ending, 4)))
