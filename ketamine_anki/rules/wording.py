"""Rules about the wording of questions and answers.

Sources named below: SuperMemo's twenty rules of formulating knowledge; Matuschak, How to write good
prompts; NBME, Item-Writing Guide (technical item flaws). None of them gives numbers: the lengths
here are ours, set far above what a good card needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from ketamine_anki.core.model import Where
from ketamine_anki.rules.view import Complaint, View, last_sentence, place, plain_text, spot

MAX_QUESTION, MAX_VIGNETTE, MAX_ANSWER, MAX_REVERSE = 45, 80, 25, 8  # words
MAX_ITEMS, MAX_LINK = 3, 2  # things; words of one thing in `a and b and c`
MAX_SPELLING = 1_000  # words of one text, far more than a card has, in which the initials are sought
MAX_ABBREVIATIONS = 20  # that are looked at in one note: to look for what each stands for takes time

_ASKS = r"(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|might|must)"
_YES_NO = (
    rf"(?i)(?:(?:after|among|at|before|during|for|if|in|on|under|when|with|without)\b[^,?]*,\s*)?({_ASKS}(?:n['’]t)?)\b"
)
YES_NO_WORDS = frozenset(asks + end for asks in _ASKS[3:-1].split("|") for end in ("", "n't", "'t")) | frozenset(
    {"yes", "no", "true", "false"}
)
_VERDICT = r"(?i)(?:yes|no|true|false)(?=[.,;:!]|$)"


def question_mark(view: View) -> Iterator[Complaint]:
    """A prompt is a question: a learner must see at once what is asked.

    Source: Matuschak (precise prompts).

    Bad: `question: The antidote to heparin`

    Good: `question: Which antidote reverses heparin?`
    """
    for key in view.leads:
        if not view.plain[key].rstrip().endswith("?"):
            yield key, "question without a question mark: ask one question and end it with '?'"


def yes_no(view: View) -> Iterator[Complaint]:
    """A yes/no question is right half the time by guessing, and trains recognition, not recall.

    Source: Matuschak (avoid yes/no prompts).

    Bad: `question: Does furosemide lower potassium?`

    Bad: `answer: Yes, through the loop of Henle`

    Good: `question: What does furosemide do to potassium?`

    Good: `answer: No change`
    """
    for key, lead in view.leads.items():
        found = re.match(_YES_NO, lead)
        if found and " or " not in lead:
            where = place(view, key, found, 1, len(view.plain[key]) - len(lead))
            yield where, f"yes/no question ({found[1]!r}): ask what, which, why or how"
    for said in ("answer", "reverse.answer"):
        found = re.match(_VERDICT, view.plain.get(said, ""))
        if found:
            yield place(view, said, found), f"answer {found[0]!r}: ask for the fact itself"


_POLES = (
    r"(?:more|less|higher|lower|greater|smaller|larger|faster|slower|better|worse|longer|shorter|stronger|weaker|"
    r"increased?s?|decreased?s?|rises?|falls?|raised?s?|up|down)"
)
_CHOICE = rf"(?i)\b(?:true or false|t/f|{_POLES}\s+or\s+{_POLES})\b"
_POLE = rf"(?i)\b{_POLES}\b"


CHOICE_WORDS = frozenset({"or", "t"})  # t/f are two words


def binary_choice(view: View) -> Iterator[Complaint]:
    """A question that offers its two answers is a coin toss.

    Source: NBME (true/false items); Matuschak (avoid yes/no prompts).

    Bad: `question: Does furosemide raise or lower potassium?`

    Bad: `question: Which is more potent, fentanyl or morphine?`

    Bad: `question: Which is more potent: fentanyl or morphine?`

    Bad: `question: In adults, at a ratio of 1:2, which is more potent: fentanyl or morphine?`

    Good: `question: In which direction does furosemide change potassium?`

    Good: `question: In which patients is mortality higher, especially when lactate or troponin is elevated?`
    """
    for key, lead in view.leads.items():
        if re.search(_CHOICE, lead) or (" or " in lead and (re.match(_YES_NO, lead) or _names_both(lead))):
            yield key, "the question offers its own answers: ask for the direction or the name without the choice"


def _names_both(lead: str) -> bool:
    """Whether a question asks `which is more potent: fentanyl or morphine?`"""
    last = lead.lower().rfind(" or ")
    comma = lead.rfind(", ")
    cut = max(comma, lead.rfind(": ", max(comma, 0), max(last, 0)))
    if cut < 0 or cut + 2 >= last or "," in lead[cut + 1 :] or lead.find("?", cut) != len(lead) - 1:
        return False
    return re.search(_POLE, lead[:cut]) is not None and not re.match(_CLAUSE, lead[cut + 2 :])


_CLAUSE = (  # what begins so is more than two names
    r"(?i)(?:such|like|as|at|in|on|of|by|for|from|to|with|without|within|among|between|during|after|before|under|until|since"
    r"|than|even|not|also|if|when|where|while|whether|unless|because|although|and|but|or|that|which|who|whose|including"
    r"|e\.g\.|i\.e\.|especially|particularly|specifically|namely|usually|depending|compared|given|according|considering"
    r"|measured|defined|described|used|seen)(?!\w)"
)
_SECOND = (
    rf"(?i)\band\s+(?:how|what|why)\b|\band\s+(?:when|where)\s+{_ASKS}\b|\band\s+which\s+\w+\s+{_ASKS}\b"
    r"|,\s+and\s+(?:when|where|which|who)\b"
    r"|\band\s+which\s+(?!(?:\w+s|are|were|can|may|then|also|in|has)\b)\w+\s+\w+"  # not: … and which causes
)
_ASKING = ("how", "what", "why", "when", "where", "which", "who")


def two_questions(view: View) -> Iterator[Complaint]:
    """Two questions on one card are forgotten at different speeds; whoever knows one of them cannot grade.

    Source: SuperMemo's rule 4 (minimum information); Matuschak (focused prompts).

    Bad: `question: What does heparin inhibit, and how is it monitored?`

    Bad: `question: Which drug reverses heparin? What is its dose?`

    Bad: `question: Which enzyme does heparin inhibit and which test monitors that?`

    Good: `question: Which test monitors unfractionated heparin?`
    """
    for key, lead in view.leads.items():
        text = view.plain[key]
        if text.count("?") > 1:
            yield Where(key, "?", 0), "two questions: make a note of each"
        elif _asks_after_and(view.words[key]) and (found := re.search(_SECOND, lead)):
            where = place(view, key, found, offset=len(text) - len(lead))
            yield where, f"a second question ({found[0].strip(', ')!r}): make a note of each"


def _asks_after_and(words: list[str]) -> bool:
    """Whether `how`, `what's` or the like follows an `and`."""
    return any(word == "and" and after.startswith(_ASKING) for word, after in pairwise(words))


_OPEN = (
    r"(?i)(?:(?:please\s+)?(?:list|describe|explain|discuss|outline|enumerate|summari[sz]e|elaborate|tell)\b|name all\b"
    r"|what do you know\b|what about\b|what are (?:all|some)\b|what is everything\b)"
)


OPEN_WORDS = frozenset(
    """list describe explain discuss outline enumerate summarise summarize elaborate tell all know about some
    everything""".split()
)


def open_question(view: View) -> Iterator[Complaint]:
    """`List`, `describe` and `explain` have no one answer; sets and essays are the hardest to keep.

    Source: SuperMemo's rules 9 and 10 (avoid sets and enumerations); Matuschak (precise prompts).

    Bad: `question: Describe the effects of furosemide?`

    Bad: `question: What are all the uses of heparin?`

    Bad: `question: What about heparin?`

    Good: `question: Which electrolyte does furosemide waste most dangerously?`
    """
    for key, lead in view.leads.items():
        if found := re.match(_OPEN, lead):
            yield place(view, key, found), f"{found[0]!r} has no one answer: ask for one fact"


_ORPHAN = (
    rf"(?i)(?:(?:why|how|what|when|where|which|who|because)\s+)?(?:{_ASKS}\s+)?"
    r"(it|its|this|they|their|these|those|he|she|them|his|her)\b(?!\s+(?:who|whose|with|without|that)\b)"
)
_EXPLETIVE = r"(?i)(?:\w+\s+)?(?:it\s+(?:is|was)|(?:is|was)\s+it)\b.*\b(?:to|that|for)\b"
_UNNAMED = (
    r"(?i)\b(?:the|this)\s+(?:drug|agent|medication|medicine|(patient))\b"
    r"(?!\s+(?:that|which|who|whose|of|with|used|given|class|group|target|name|level|interaction)\b)"
)
ORPHAN_WORDS = frozenset(
    """it its this they their these those he she them his her drug agent medication medicine patient""".split()
)


def orphan_pronoun(view: View) -> Iterator[Complaint]:
    """A card comes alone, among a thousand others: `it`, `they` or `the drug` must have a name on the
    same side. A question that shows a picture may say `this`.

    Source: SuperMemo's rule 16 (context); Matuschak (precise prompts).

    Bad: `question: Why is it given before surgery?`

    Bad: `question: What does the drug do in renal failure?`

    Bad: `question: What is the main effect of this drug on the heart?`

    Bad: `answer: It blocks the loop of Henle`

    Good: `question: Why is it dangerous to stop clonidine suddenly?`

    Good: `question: Which symptom of the patient with hypothyroidism points to myxedema coma?`

    Good: `question: What is the drug target of aspirin?`

    Good: `question: Why is the drug digoxin given in atrial fibrillation?`
    """
    for key in view.tested:
        text = view.plain[key]
        if view.shown[key].pictures:
            continue
        found = re.match(_ORPHAN, text)
        if found and not re.match(_EXPLETIVE, text):
            yield place(view, key, found, 1), f"{found[1]!r} refers to nothing on this card: name it"
            continue
        unnamed = re.search(_UNNAMED, text)
        if unnamed and _nameless(text[: unnamed.start()], unnamed[1], text[unnamed.end() :]):
            yield place(view, key, unnamed), f"{unnamed[0]!r} is not named on this card: name it"


def _nameless(before: str, patient: str | None, after: str) -> bool:
    """Whether nothing before `the drug` can be its name, and nothing after it: `the drug digoxin`."""
    words = set(before.lower().split())
    return (bool(patient) and words <= _FRONT) or (words <= _FRONT | _VAGUE and bool(re.match(_NO_NAME, after)))


_FRONT = frozenset(
    "why how what when where which who is are was were does do did can could should would will has".split()
)
_VAGUE = frozenset(
    """a an the of to in on by for main most common usual important adverse effect effects action actions mechanism
    dose role use risk half-life""".split()
)
_NO_NAME = (  # no drug is called so
    rf"(?i)\s*(?:[?.,;:]|$|(?:on|in|to|at|for|by|from|and|or|during|after|before|when|not|no|so|safe|toxic|{_ASKS})\b"
    r"|(?:act|affect|alter|begin|bind|block|cause|change|cross|damage|decrease|harm|help|increase|inhibit|interact|last"
    r"|lead|lower|make|need|prevent|produce|prolong|raise|reach|reduce|require|stop|take|treat|work|worsen)s?\b"
    r"|\w+(?:ly|ous|ful|able|ible|ive|ed|ing)\b)"
)

_DEICTIC = (
    r"(?i)\bthe (?:text|article|chapter|lecture|textbook|handout|authors?)\b"
    r"|\bth(?:is|e) (?:passage|paragraph|section|document|source|slide|figure|deck) "
    r"(?:above|below|says?|states?|describes?|mentions?|calls?|teaches|lists?|shows?)\b"
    r"|\b(?:in|from|by|per|according to) (?:this|the) (?:passage|paragraph|section|document|source|slide|deck)\b(?! of)"
    r"|\b(?:does|did) th(?:is|e) (?:passage|paragraph|section|source) (?:say|state|describe|mention|name|call|teach)\b"
    r"|\bthis (?:text|article|chapter|lecture|textbook)\b"
    r"|\bas (?:mentioned|described|stated|discussed|noted|listed) (?:above|below|earlier|previously|here|before)\b"
    r"|\b(?:mentioned|described|discussed|listed|shown|stated) (?:above|below|here)\b"
)
DEICTIC_WORDS = frozenset(
    """text article chapter lecture textbook handout author authors passage paragraph section document source slide
    figure deck above below earlier previously here before""".split()
)


def deictic(view: View) -> Iterator[Complaint]:
    """A learner has no text at hand: what "the text" or "the author" says is no question about the world.

    Source: SuperMemo's rule 16 (context).

    Bad: `question: Which use of heparin does the author mention first?`

    Bad: `question: Which of the drugs listed above is a loop diuretic?`

    Bad: `question: Which use of heparin does the source mention first?`

    Good: `question: Which layer of the uterus is cut in the lower-segment cesarean section of a breech baby?`
    """
    for key in view.tested:
        if found := re.search(_DEICTIC, view.plain[key]):
            yield place(view, key, found), f"{found[0]!r} points outside the card: ask about the matter itself"


_NEGATIVE = r"(?<![*_\w])(?<!\bbut )(?:not(?! only)|except|never|least likely)\b"
NEGATIVE_WORDS = frozenset({"not", "except", "never", "least"})


def unmarked_negative(view: View) -> Iterator[Complaint]:
    """A `not` in a question is overread in a quick review: say it positively, or mark it `**not**`.

    Source: NBME (negatively phrased items).

    Bad: `question: Which diuretic does not waste potassium?`

    Good: `question: Which diuretic does **not** waste potassium?`

    Good: `question: Why does spironolactone not waste potassium?`

    Good: `question: Which diuretic wastes potassium but not calcium?`
    """
    for key in view.leads:
        typed = view.note.question if key == "question" else view.note.reverse_question
        found = re.search(_NEGATIVE, last_sentence(typed))
        if found and re.match(r"(?i)(?:which|what|who|where)\b", view.leads[key]):
            start = len(typed) - len(last_sentence(typed)) + found.start()
            yield (
                Where(key, found[0], typed.count(found[0], 0, start)),
                f"{found[0]!r} is easily overread: ask positively, or mark it **{found[0]}**",
            )


def question_length(view: View) -> Iterator[Complaint]:
    """A question is read in one breath; a vignette may tell a short story first.

    Source: SuperMemo's rule 4 (minimum information).

    Bad: `question: In a patient who takes warfarin every day for atrial fibrillation and who has now been started
    on an antibiotic for an infection of the urinary tract by a doctor who did not know about the warfarin, and
    who now bleeds from the gums, which test should be ordered first?`

    Good: `question: Which test shows the effect of warfarin?`
    """
    for key, lead in view.leads.items():
        text = view.plain[key]
        if text.count(" ") < MAX_QUESTION:
            continue
        most = MAX_QUESTION if lead == text else MAX_VIGNETTE
        if (words := len(text.split())) > most:
            yield key, f"question of {words} words: at most {most}"


_SENTENCES = r"[a-z)\]]{3}(?<!\bapprox)(?<!\besp)(?<!\bincl)(?<!\bresp)(?<!\bspp)[.!?]\s+[A-Z]"


def answer_length(view: View) -> Iterator[Complaint]:
    """What must be recalled is one phrase. The reason belongs into `extra`, a second fact on a second note.

    Source: SuperMemo's rule 4 (minimum information).

    Bad: `answer: Hypokalemia. Patients need a potassium supplement.`

    Bad: `answer: Furosemide blocks the sodium potassium chloride cotransporter in the thick ascending limb of the
    loop of Henle so that potassium is lost with the urine in large amounts`

    Good: `answer: Hypokalemia (below 3.5 mmol/L)`
    """
    text = view.plain.get("answer", "")
    if text.count(" ") >= MAX_ANSWER and (words := len(text.split())) > MAX_ANSWER:
        yield "answer", f"answer of {words} words: at most {MAX_ANSWER}; move the reason to extra"
    elif ("." in text or "!" in text or "?" in text) and (found := re.search(_SENTENCES, text)):
        yield Where("answer", found[0][-1]), "a second sentence in the answer: move it to extra"


_ITEMS = r";\s|,\s|\n\s*(?:[-*+]|\d+[.)])\s"
_JOINTS = r"\s(?:and|or|/)\s"
_ASIDE = r"\([^)]*\)"


def answer_list(view: View) -> Iterator[Complaint]:
    """More than three things in one answer are learnt as one and forgotten as one: a note for each, or
    one cloze number for each.

    Source: SuperMemo's rules 9 and 10 (avoid sets and enumerations).

    Bad: `answer: Furosemide, bumetanide, torsemide and ethacrynic acid`

    Bad: `answer: Furosemide / bumetanide / torsemide / ethacrynic acid`

    Good: `answer: Furosemide, bumetanide and torsemide`

    Good: `answer: Loop diuretics (furosemide, bumetanide, torsemide, ethacrynic acid)`
    """
    text = view.plain.get("answer", "")
    words = view.words.get("answer", [])
    joints = words.count("and") + words.count("or") + text.count("/")
    if joints < MAX_ITEMS and "," not in text and ";" not in text and "\n" not in text:
        return
    chain = re.split(_JOINTS, re.sub(_ASIDE, "", text))
    if any(len(link.split()) > MAX_LINK for link in chain):
        chain = []  # a sentence
    if len(chain) <= MAX_ITEMS and "," not in text and ";" not in text and "\n" not in text:
        return
    items = [
        item
        for item in re.split(_ITEMS, re.sub(_ASIDE, "", view.note.answer if "\n" in text else text))
        if item.strip()
    ]
    count = len(items)
    if count > 2 and re.search(r"\S\s(?:and|or)\s", items[-1]):
        count += 1
    count = max(count, len(chain))
    if count > MAX_ITEMS:
        yield "answer", f"{count} items in the answer: at most {MAX_ITEMS}; make notes or cloze deletions of them"


def reverse_length(view: View) -> Iterator[Complaint]:
    """Only a short pair that is one-to-one can be asked both ways: a term, an abbreviation.

    Source: SuperMemo's rule 4 (minimum information).

    Bad: `answer: A drug that blocks the sodium potassium chloride cotransporter of the kidney`,
    `reverse.question: Which class?`, `reverse.answer: Loop diuretics`

    Good: `answer: Atrial fibrillation`, `reverse.question: Which abbreviation is used for atrial fibrillation?`,
    `reverse.answer: AF`
    """
    for key in ("answer", "reverse.answer"):
        words = len(view.plain[key].split())
        if words > MAX_REVERSE:
            yield key, f"{words} words on one side of a reversed pair: at most {MAX_REVERSE}; write two notes"


LEAK = 0.75  # share of the answer's content words that the question may hold


def answer_in_question(view: View) -> Iterator[Complaint]:
    """A question that holds its answer tests reading.

    Source: Matuschak (leading questions); NBME (clues from word repeats).

    Bad: `question: Which pressure results when intracranial pressure is taken from mean arterial pressure to get
    cerebral perfusion pressure?`, `answer: Cerebral perfusion pressure`

    Good: `question: Which pressure is mean arterial minus intracranial pressure?`, `answer: Cerebral perfusion
    pressure`
    """
    for asked, key in (("question", "answer"), ("reverse.question", "reverse.answer")):
        wanted = view.stems.get(key)
        if wanted and len(wanted & view.stems[asked]) >= LEAK * len(wanted):
            yield key, "the answer stands in the question: ask without its words"


def topic_answer(view: View) -> Iterator[Complaint]:
    """In a deck about one thing, that thing is guessed without reading the question (`topic` in
    collection.yaml). Ask for its property, role or reason.

    Source: Matuschak (pattern matching).

    Bad: `answer: Diuretics`

    Bad: `text: The drugs called {{c1::diuretics}} increase the output of urine in most patients.`

    Good: `answer: Loop diuretics`
    """
    names = view.collection.topics
    for key in ("answer", "reverse.answer"):
        if view.plain.get(key, "").strip(" .").casefold() in names:
            yield key, f"{view.plain[key]!r} is the topic of the deck, guessed without reading: ask for its property"
    for deletion in view.shown["text"].markup.deletions if view.note.is_cloze else ():
        if deletion.answer.strip(" .").casefold() in names:
            where = Where("text", deletion.answer, view.note.text.count(deletion.answer, 0, deletion.answer_start))
            yield where, f"{deletion.answer!r} is the topic of the deck, guessed without reading: hide something else"


_ABSOLUTE = (
    r"(?i)\b(?:ideal(?:ly)?(?!\s+(?:body|weight|gas))|always|never|perfect(?:ly)?|guaranteed|guarantees|harmless|risk-free"
    r"|(?:completely|entirely|totally) safe|miracles?|miraculous|remarkabl[ey]|astonishing(?:ly)?|amazing(?:ly)?"
    r"|revolutionary|game[- ]changer|(?:magic|silver) bullet|wonder drug|holy grail)\b"
)
ABSOLUTE_WORDS = frozenset(
    """ideal ideally always never perfect perfectly guaranteed guarantees harmless free safe miracle miracles
    miraculous remarkable remarkably astonishing astonishingly amazing amazingly revolutionary changer game-changer
    bullet wonder grail""".split()
)


def absolute_wording(view: View) -> Iterator[Complaint]:
    """Absolute and promotional words are hardly ever true in medicine, and give answers away.
    Only tested text is looked at; a term such as ideal body weight is none.

    Source: NBME (absolute terms).

    Bad: `answer: The ideal sedative`

    Bad: `question: Why is heparin always given before bypass?`

    Good: `question: Which weight is the ideal body weight used for?`
    """
    for key in view.tested:
        for found in re.finditer(_ABSOLUTE, view.plain[key]):
            yield place(view, key, found), f"{found[0]!r} is absolute or promotional: say what was found"


_ABBREVIATION = re.compile(r"([A-Z]{2,6})s?(?![\w-])")
_BEFORE = re.compile(r"[\w-]")  # as a look-behind it would be asked at every letter
_NOT_ABBREVIATIONS = r"[IVX]+|NOT|EXCEPT|NEVER|LEAST|AND|OR|QT|QRS"  # the last are letters that stand for no words


def undefined_abbreviation(view: View) -> Iterator[Complaint]:
    """An abbreviation means one thing to its writer and another to the reader: the card spells it out,
    once, anywhere, or collection.yaml lists it under `abbreviations`.

    Source: SuperMemo's rule 16 (context); Joint Commission and ISMP (error-prone abbreviations).

    Bad: `question: Which drug slows AF?`

    Good: `question: Which drug slows atrial fibrillation (AF)?`

    Good: `question: Which drug slows AF?`, `extra: AF is atrial fibrillation.`

    Good: `extra: The law of ideal gases is $PV = nRT$.`
    """
    seen: set[str] = set()
    meanings: _Meanings | None = None
    for key, text in view.note.texts():
        if key == "picture":
            continue
        words = plain_text(view.shown[key], text, formulas=False) if "$" in text else view.plain[key]
        for found in _ABBREVIATION.finditer(words):
            if len(seen) >= MAX_ABBREVIATIONS:
                return
            name = found[1]
            if found.start() and _BEFORE.match(words, found.start() - 1):
                continue
            if name in seen or name in view.collection.abbreviations or re.fullmatch(_NOT_ABBREVIATIONS, name):
                continue
            seen.add(name)
            meanings = meanings or _Meanings(view)
            if not meanings.hold(name):
                yield (
                    spot(view, key, name, found.start()),
                    f"{name} is not spelt out on this card: write what it stands for, with ({name})",
                )


class _Meanings:
    """What the texts of a note spell out: `atrial fibrillation (AF)`, `AF means ...`, or words with these initials."""

    def __init__(self, view: View) -> None:
        texts = {key: text for key, text in view.plain.items() if key != "picture"}
        found = [re.finditer(said, text) for text in texts.values() for said in _EXPLAINED]
        self._explained = {each[1] for each in chain.from_iterable(found)}
        self._parts = [_parts(view.words[key][:MAX_SPELLING]) for key in texts]

    def hold(self, name: str) -> bool:
        if not self._explained.isdisjoint((name, f"{name}s")):
            return True
        return any(_spells(name.lower(), parts) for parts in self._parts)


_EXPLAINED = (
    r"(?<=\w\s)\((?:[^()]*\W)?(\w+)\)",
    r"\b(\w+)\s+(?:\(|stands for|is short for|means)\b",
)


_SMALL = frozenset({"of", "the", "and", "for", "in", "a", "an", "to", "with"})


def _parts(words: list[str]) -> list[str]:
    return [part for word in words for part in word.split("-") if part and part not in _SMALL]


def _spells(name: str, parts: list[str]) -> bool:
    """Whether neighbouring words spell an abbreviation by their initials; a long word may give several
    of its letters: ICP, intracranial pressure.
    """
    spelt: set[int] = set()  # how many letters the words that end here may have given
    for part in parts:
        spelt = {end for start in (0, *spelt) if part[0] == name[start] for end in _given(name, start, part)}
        if len(name) in spelt:
            return True
    return False


def _given(name: str, start: int, part: str) -> Iterator[int]:
    """How many letters of a name are spelt after a word that gives the one at `start`, and perhaps more."""
    end, at = start + 1, 1
    yield end
    while len(part) >= _LONG and end < len(name) and (at := part.find(name[end], at) + 1) > 0:
        end += 1
        yield end


_LONG = 9  # letters of a word from which several may stand in its abbreviation


_BRITISH = {
    "anaesth": "anesth",
    "anaemi": "anemi",
    "behaviour": "behavior",
    "centred": "centered",
    "centre": "center",
    "colour": "color",
    "diarrhoea": "diarrhea",
    "favour": "favor",
    "fibre": "fiber",
    "gynaec": "gynec",
    "haemat": "hemat",
    "haemo": "hemo",
    "ischaem": "ischem",
    "labour": "labor",
    "leukaem": "leukem",
    "litre": "liter",
    "oedema": "edema",
    "oesoph": "esoph",
    "oestr": "estr",
    "orthopaed": "orthoped",
    "paediatr": "pediatr",
    "tumour": "tumor",
} | {
    f"{stem}is{end}": f"{stem}iz{end}" for stem in "hospital minim optim random sensit stabil".split() for end in "aei"
}
_LATIN = frozenset({"haemophilus", "haematobium", "haemolyticus", "haemolytica"})  # names of species, the same in both


_SIGNS = ("ae", "oe", "our", "bre", "tre", "is")  # each of these parts holds one: a quick look


def is_british(word: str) -> bool:
    """Whether a word is spelt in the British way."""
    return any(map(word.__contains__, _SIGNS)) and _american(word) != word


def _american(word: str) -> str:
    """The American spelling of a British word, or the word."""
    for british, american in _BRITISH.items():
        if british in word and word not in _LATIN:
            return word.replace(british, american)
    return word


def spelling(view: View) -> Iterator[Complaint]:
    """One spelling throughout: with `spelling: US` in collection.yaml, the American one. A learner's
    search in Anki finds `anesthesia` only where it is written so.

    Bad: `question: Which anaesthetic drug is an NMDA antagonist?`, `extra: NMDA means N-methyl-D-aspartate.`

    Good: `question: Which anesthetic drug is an NMDA antagonist?`, `extra: NMDA means N-methyl-D-aspartate.`
    """
    for key, words in view.words.items():
        for word in words:
            if (american := _american(word)) != word:
                found = re.search(re.escape(word), view.plain[key], re.IGNORECASE)
                yield Where(key, found[0] if found else ""), f"British spelling {word!r}: write {american!r}"
