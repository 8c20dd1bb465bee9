"""Rules about how questions are worded.

Sources named here and in `wording`: SuperMemo's twenty rules of formulating knowledge; Matuschak, How to write good
prompts; NBME, Item-Writing Guide (technical item flaws). None of them gives numbers: the lengths are ours, set far
above what a good card needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ketamine_anki.core.language import primary
from ketamine_anki.rules.rule import Problem, WordPattern, or_code
from ketamine_anki.rules.view import CODE, View, last_sentence
from ketamine_anki.text.words import over

MAX_QUESTION, MAX_VIGNETTE, MAX_TERM = 45, 80, 8  # words

AUXILIARIES = "is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|might|must"
YES_NO = WordPattern(
    r"(?i)(?:(?:after|among|at|before|during|for|if|in|on|under|when|with|without)\b[^,?]*,\s*)?"
    rf"(«{AUXILIARIES}»(?:n['’]t)?)\b"
)
VERDICT = WordPattern(r"(?i)«yes|no|true|false»(?=[.,;:!]|$)(?!(?<=no)\.\s*(?:[#\d]|[IVXLC]+\b))")  # not: No. 5


def question_mark(view: View) -> Iterator[Problem]:
    """A prompt is a question: a learner must see at once what is asked. In a collection without a source text,
    such as vocabulary, up to eight words may stand alone, or 24 characters where no spaces part words.

    Source: Matuschak (precise prompts).
    Bad: `question: The antidote to heparin`
    Good: `question: Which antidote reverses heparin?`
    """
    language = primary(view.collection.language)
    for key in view.lead_ins if language not in _WITHOUT_MARK else ():
        is_term = not view.collection.sections and not over(view.prose[key], MAX_TERM)
        if not (is_term or view.prose[key].endswith("?") or re.search(_ENDS.get(language, _END), _words(view, key))):
            yield view.at(key), "question without a question mark: ask one question and end it with '?'"


MARKS = "?？؟⁇⁈⁉‽፧꛷"
_AFTER = r"(?:\W|\([^()]*\)|（[^（）]*）|\[[^\[\]]*\])*$"  # quotes, brackets, an aside
_END = f"[{MARKS}]{_AFTER}"
# The Greek mark looks like a semicolon, the Armenian one stands in the word, Japanese may end in a particle.
_ENDS = {"el": f"[{MARKS};]{_AFTER}", "hy": f"[{MARKS}՞]", "ja": f"(?:[{MARKS}]|か。?){_AFTER}"}
_WITHOUT_MARK = frozenset("bo dz km lo my th".split())  # languages that need none


def _words(view: View, key: str) -> str:
    """A question without its code, formulas and pictures."""
    spans = view.rendered[key].markup.spans
    words = "".join(span.value for span in spans if span.kind == "text") if spans else view.typed[key]
    return re.sub(r"!\[[^\[\]]*\]\([^()]*\)", "", words)


def yes_no(view: View) -> Iterator[Problem]:
    """A yes/no question is right half the time by guessing, and trains recognition, not recall.

    Source: Matuschak (avoid yes/no prompts).
    Bad: `question: Does furosemide lower potassium?`
    Bad: `answer: Yes, through the loop of Henle`
    Good: `question: What does furosemide do to potassium?`
    Good: `answer: No change`
    """
    for key, lead_in in view.lead_ins.items():
        match = YES_NO.regex.match(lead_in)
        if match and " or " not in lead_in:
            position = view.match_at(key, match, 1, len(view.prose[key]) - len(lead_in))
            yield position, f"yes/no question ({match[1]!r}): ask what, which, why or how"
    for key in ("answer", "reverse.answer"):
        if match := VERDICT.regex.match(view.prose.get(key, "")):
            advice = f"ask for the fact itself{or_code(match, view.prose[key])}"
            yield view.match_at(key, match), f"answer {match[0]!r}: {advice}"


_POLES = (
    r"(?:more|less|higher|lower|greater|smaller|larger|faster|slower|better|worse|longer|shorter|stronger|weaker|"
    r"increased?s?|decreased?s?|rises?|falls?|raised?s?|up|down)"
)
CHOICE = WordPattern(rf"(?i)\b(?:true «or» false|t/«f»|{_POLES}\s+«or»\s+{_POLES})\b")


def binary_choice(view: View) -> Iterator[Problem]:
    """A question that offers its two answers is a coin toss.

    Source: NBME (true/false items); Matuschak (avoid yes/no prompts).
    Bad: `question: Does furosemide raise or lower potassium?`
    Bad: `question: Which is more potent, fentanyl or morphine?`
    Bad: `question: In adults, at a ratio of 1:2, which is more potent: fentanyl or morphine?`
    Good: `question: In which direction does furosemide change potassium?`
    Good: `question: In which patients is mortality higher, especially when lactate or troponin is elevated?`
    """
    for key, lead_in in view.lead_ins.items():
        either = " or " in lead_in and (YES_NO.regex.match(lead_in) or _names_both(lead_in))
        if either or CHOICE.regex.search(lead_in):
            advice = "ask for the direction or the name without the choice"
            yield view.at(key), f"the question offers its own answers: {advice}"


def _names_both(lead_in: str) -> bool:
    """Whether a question has the form `which is more potent: fentanyl or morphine?`"""
    last_or = lead_in.lower().rfind(" or ")
    comma = lead_in.rfind(", ")
    cut = max(comma, lead_in.rfind(": ", max(comma, 0), max(last_or, 0)))
    if cut < 0 or cut + 2 >= last_or or "," in lead_in[cut + 1 :] or lead_in.find("?", cut) != len(lead_in) - 1:
        return False
    return re.search(rf"(?i)\b{_POLES}\b", lead_in[:cut]) is not None and not re.match(_CLAUSE, lead_in[cut + 2 :])


_CLAUSE = (  # text that begins so is more than two names
    r"(?i)(?:such|like|as|at|in|on|of|by|for|from|to|with|without|within|among|between|during|after|before|under|until|since"
    r"|than|even|not|also|if|when|where|while|whether|unless|because|although|and|but|or|that|which|who|whose|including"
    r"|e\.g\.|i\.e\.|especially|particularly|specifically|namely|usually|depending|compared|given|according|considering"
    r"|measured|defined|described|used|seen)(?!\w)"
)
_SECOND = WordPattern(
    rf"(?i)\b«and»\s+(?:how|what|why)\b|\b«and»\s+(?:when|where)\s+(?:{AUXILIARIES})\b"
    rf"|\b«and»\s+which\s+\w+\s+(?:{AUXILIARIES})\b|,\s+«and»\s+(?:when|where|which|who)\b"
    r"|\b«and»\s+which\s+(?!(?:\w+s|are|were|can|may|then|also|in|has)\b)\w+\s+\w+"  # not: … and which causes
)


_IN_BRACKETS = r"\([^()]*\)|（[^（）]*）"
_ONE_END = rf"[{MARKS}](?:[\"'”’»」』!！]*[{MARKS}])*"  # of a question, which may quote one: who asked "why?"?


def two_questions(view: View) -> Iterator[Problem]:
    """Two questions on one card are forgotten at different speeds; whoever knows one of them cannot grade.

    Source: SuperMemo's rule 4 (minimum information); Matuschak (focused prompts).
    Bad: `question: What does heparin inhibit, and how is it monitored?`
    Bad: `question: Which drug reverses heparin? What is its dose?`
    Bad: `question: Which enzyme does heparin inhibit and which test monitors that?`
    Good: `question: Which test monitors unfractionated heparin?`
    """
    for key, lead_in in view.lead_ins.items():
        text = view.prose[key]
        may_end_twice = text.count("?") > 1 or not text.isascii()
        if may_end_twice and len(re.findall(_ONE_END, re.sub(_IN_BRACKETS, "", _words(view, key)))) > 1:
            yield view.at(key, next(sign for sign in text if sign in MARKS)), "two questions: make a note of each"
        elif not _SECOND.words.isdisjoint(view.words[key]) and (match := _SECOND.regex.search(lead_in)):
            position = view.match_at(key, match, offset=len(text) - len(lead_in))
            yield position, f"a second question ({match[0].strip(', ')!r}): make a note of each"


OPEN = WordPattern(
    r"(?i)(?:(?:please\s+)?«list|describe|explain|discuss|outline|enumerate|summarise|summarize|elaborate|tell»"
    r"|name «all»|what do you «know»|what «about»|what are «all|some»|what is «everything»)\b"
)


def open_question(view: View) -> Iterator[Problem]:
    """`List`, `describe` and `explain` have no one answer; sets and essays are the hardest to keep.

    Source: SuperMemo's rules 9 and 10 (avoid sets and enumerations); Matuschak (precise prompts).
    Bad: `question: Describe the effects of furosemide?`
    Bad: `question: What are all the uses of heparin?`
    Good: `question: Which electrolyte does furosemide waste most dangerously?`
    """
    for key, lead_in in view.lead_ins.items():
        if match := OPEN.regex.match(lead_in):
            yield view.match_at(key, match), f"{match[0]!r} has no one answer: ask for one fact"


_ASKING = WordPattern(r"(?i)«which|what|who|where»\b")
NEGATIVE = WordPattern(r"(?<![*_\w])(?<!\bbut )(?<!\bor )(?!not only)«not|except|never|least likely»\b")


def unmarked_negative(view: View) -> Iterator[Problem]:
    """A `not` in a question is overlooked in a quick review: say it positively, or mark it `**not**`.

    Source: NBME (negatively phrased items).
    Bad: `question: Which diuretic does not waste potassium?`
    Good: `question: Which diuretic does **not** waste potassium?`
    Good: `question: Why does spironolactone not waste potassium?`
    Good: `question: Which diuretic wastes potassium but not calcium?`
    """
    for key, lead_in in view.lead_ins.items():
        if not _ASKING.regex.match(lead_in):
            continue
        typed = re.sub(r"`[^`]*`", lambda code: CODE * len(code[0]), view.typed[key])
        sentence = last_sentence(typed)
        if match := NEGATIVE.regex.search(sentence):
            position = view.at(key, match[0], len(typed) - len(sentence) + match.start())
            yield position, f"{match[0]!r} is easily overlooked: ask positively, or mark it **{match[0]}**"


def question_length(view: View) -> Iterator[Problem]:
    """A question is read in one breath; a vignette may tell a short story first.

    Source: SuperMemo's rule 4 (minimum information).
    Bad: `question: In a patient who takes warfarin every day for atrial fibrillation and who has now been started
    on an antibiotic for an infection of the urinary tract by a doctor who did not know about the warfarin, and
    who now bleeds from the gums, which test should be ordered first?`
    Good: `question: Which test shows the effect of warfarin?`
    """
    for key, lead_in in view.lead_ins.items():
        text = view.prose[key]
        if length := over(text, MAX_QUESTION if lead_in == text else MAX_VIGNETTE):
            yield view.at(key), f"question of {length}"
