"""Rules about the wording of answers, and of all that a learner is asked for; sources as in `questions`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from ketamine_anki.core.language import primary
from ketamine_anki.rules.questions import AUXILIARIES
from ketamine_anki.rules.rule import Problem, WordPattern, or_code
from ketamine_anki.rules.view import CODE, MAX_WORDS, SIDES, View, stems
from ketamine_anki.text.words import over, words_of

MAX_ANSWER, MAX_REVERSE = 25, 8  # words
MAX_ITEMS, MAX_ITEM_WORDS = 3, 2  # things in an answer; words of one thing in `a and b and c`
MAX_SHARED = 0.75  # of the content words of an answer, the part that its question may hold

# In English; elsewhere nouns are written with capitals, or sentences end otherwise.
_SECOND_SENTENCE = r"[a-z)\]]{3}(?<!\bapprox)(?<!\besp)(?<!\bincl)(?<!\bresp)(?<!\bspp)[.!?]\s+[A-Z]"


def answer_length(view: View) -> Iterator[Problem]:
    """What must be recalled is one phrase. The reason belongs into `extra`, a second fact on a second note.

    Source: SuperMemo's rule 4 (minimum information).
    Bad: `answer: Hypokalemia. Patients need a potassium supplement.`
    Bad: `answer: Furosemide blocks the sodium potassium chloride cotransporter in the thick ascending limb of the
    loop of Henle so that potassium is lost with the urine in large amounts`
    Good: `answer: Hypokalemia (below 3.5 mmol/L)`
    """
    text = view.prose.get("answer", "")
    if length := over(text, MAX_ANSWER):
        yield view.at("answer"), f"answer of {length}; move the reason to extra"
    elif primary(view.collection.language) != "en":
        return
    elif ("." in text or "!" in text or "?" in text) and (match := re.search(_SECOND_SENTENCE, text)):
        yield view.at("answer", match[0][-1]), "a second sentence in the answer: move it to extra"


_SEPARATORS = r";\s|,\s|\n\s*(?:[-*+]|\d+[.)])\s"
_JOINTS = (" and ", " or ", " / ")
_ASIDE = r"\([^)]*\)"


def answer_list(view: View) -> Iterator[Problem]:
    """More than three things in one answer are learnt as one and forgotten as one: a note for each, or
    one cloze number for each.

    Source: SuperMemo's rules 9 and 10 (avoid sets and enumerations).
    Bad: `answer: Furosemide, bumetanide, torsemide and ethacrynic acid`
    Bad: `answer: Furosemide / bumetanide / torsemide / ethacrynic acid`
    Good: `answer: Furosemide, bumetanide and torsemide`
    Good: `answer: Loop diuretics (furosemide, bumetanide, torsemide, ethacrynic acid)`
    """
    text = view.prose.get("answer", "")
    if sum(map(text.count, _JOINTS)) < MAX_ITEMS and not ("," in text or ";" in text or "\n" in text):
        return
    joined = re.split("|".join(_JOINTS), re.sub(_ASIDE, "", text))
    is_sentence = any(len(item.split()) > MAX_ITEM_WORDS for item in joined)
    listed = re.sub(_ASIDE, "", view.note.answer if "\n" in text else text)
    items = [item for item in re.split(_SEPARATORS, listed) if item.strip()]
    has_joint = len(items) > 2 and re.search(r"\S\s(?:and|or)\s", items[-1]) is not None
    count = max(len(items) + has_joint, 0 if is_sentence else len(joined))
    if count > MAX_ITEMS:
        message = f"{count} items in the answer: at most {MAX_ITEMS}; make notes or cloze deletions of them"
        yield view.at("answer"), message


def reverse_length(view: View) -> Iterator[Problem]:
    """Only a short pair that is one-to-one can be asked both ways: a term, an abbreviation.

    Source: SuperMemo's rule 4 (minimum information).
    Bad: `answer: A drug that blocks the sodium potassium chloride cotransporter of the kidney`,
    `reverse.question: Which class?`, `reverse.answer: Loop diuretics`
    Good: `answer: Atrial fibrillation`, `reverse.question: Which abbreviation is used for atrial fibrillation?`,
    `reverse.answer: AF`
    """
    for key in ("answer", "reverse.answer") if view.note.reverse_answer else ():
        if length := over(view.prose[key], MAX_REVERSE, " on one side of a reversed pair"):
            yield view.at(key), f"{length}; write two notes"


def answer_in_question(view: View) -> Iterator[Problem]:
    """A question that holds its answer tests reading.

    Source: Matuschak (leading questions); NBME (clues from word repeats).
    Bad: `question: Which pressure results when intracranial pressure is taken from mean arterial pressure to get
    cerebral perfusion pressure?`, `answer: Cerebral perfusion pressure`
    Good: `question: Which pressure is mean arterial minus intracranial pressure?`, `answer: Cerebral perfusion
    pressure`
    """
    for question, answer in SIDES:
        content, text = view.prose_stems(answer), view.prose.get(answer, "")
        if not content or len(content & view.prose_stems(question)) < MAX_SHARED * len(content):
            continue
        # the WHERE of a `WHERE clause` is what is asked for, in code or in capitals; and so is a number
        is_code = CODE in text or not all(stems([word.lower()]) for word in re.findall("[A-Z]{2,}", text))
        if not is_code and set(re.findall(_NUMBER, text)) <= set(re.findall(_NUMBER, view.prose[question])):
            yield view.at(answer), "the answer stands in the question: ask without its words"


_NUMBER = r"\d+(?:[.,]\d+)*"


def topic_answer(view: View) -> Iterator[Problem]:
    """In a deck about one thing, that thing is guessed without reading the question (`topic` in
    collection.yaml). Ask for its property, role or reason.

    Source: Matuschak (pattern matching).
    Bad: `answer: Diuretics`
    Bad: `text: The drugs called {{c1::diuretics}} increase the output of urine in most patients.`
    Good: `answer: Loop diuretics`
    """
    topics, problem = view.collection.topics, "is the topic of the deck, guessed without reading"
    for key in ("answer", "reverse.answer") if topics else ():
        text = view.prose.get(key, "")
        if text.strip(" .").casefold() in topics:
            yield view.at(key), f"{text!r} {problem}: ask for its property"
    for deletion in view.rendered["text"].markup.deletions if topics and view.note.is_cloze else ():
        if (text := deletion.answer).strip(" .").casefold() in topics:
            yield view.at("text", text, deletion.answer_start), f"{text!r} {problem}: hide something else"


PRONOUN = WordPattern(
    rf"(?i)(?:(?:why|how|what|when|where|which|who|because)\s+)?(?:(?:{AUXILIARIES})\s+)?"
    r"(«it|its|this|they|their|these|those|he|she|them|his|her»)\b(?!\s+(?:who|whose|with|without|that)\b)"
)
_EXPLETIVE = (
    r"(?i)(?:\w+\s+)?(?:it\s+(?:is|was)|(?:is|was)\s+it|(?:does|did)\s+it\s+(?:mean|take|need))\b.*\b(?:to|that|for)\b"
)
UNNAMED = WordPattern(
    r"(?i)\b(?:the|this)\s+(?:«drug|agent|medication|medicine»|(«patient»))\b"
    r"(?!\s+(?:that|which|who|whose|of|with|used|given|class|group|target|name|level|interaction)\b)"
)


def orphan_pronoun(view: View) -> Iterator[Problem]:
    """A card comes alone, among a thousand others: `it`, `they` or `the drug` must have a name on the
    same side. A question that shows a picture, code or a formula on a line of its own may say `this`.

    Source: SuperMemo's rule 16 (context); Matuschak (precise prompts).
    Bad: `question: Why is it given before surgery?`
    Bad: `question: What does the drug do in renal failure?`
    Bad: `answer: It blocks the loop of Henle`
    Good: `question: Why is it dangerous to stop clonidine suddenly?`
    Good: `question: Which symptom of the patient with hypothyroidism points to myxedema coma?`
    """
    for key in view.tested:
        text = view.prose[key]
        if view.rendered[key].pictures or CODE in text or "$$" in view.typed[key]:
            continue
        pronoun = PRONOUN.regex.match(text)
        if pronoun and not re.match(_EXPLETIVE, text):
            message = f"{pronoun[1]!r} refers to nothing on this card: name it{or_code(pronoun, text)}"
            yield view.match_at(key, pronoun, 1), message
        elif (unnamed := UNNAMED.regex.search(text)) and _is_nameless(unnamed):
            yield view.match_at(key, unnamed), f"{unnamed[0]!r} is not named on this card: name it"


def _is_nameless(match: re.Match[str]) -> bool:
    """Whether nothing before `the drug` can be its name, and nothing after it: `the drug digoxin`."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    words = set(before.lower().split())
    return bool(match[1] and words <= _FRONT) or (words <= _FRONT | _VAGUE and bool(re.match(_NO_NAME, after)))


_FRONT = frozenset(
    "why how what when where which who is are was were do does did can could should would will has".split()
)
_VAGUE = frozenset(
    """a an the of to in on by for main most common usual important adverse effect effects action actions mechanism
    dose role use risk half-life""".split()
)
_NO_NAME = (  # what follows is not the name of a drug
    rf"(?i)\s*(?:[?.,;:]|$|(?:on|in|to|at|for|by|from|and|or|during|after|before|when|not|no|so|safe|toxic|{AUXILIARIES})\b"
    r"|(?:act|affect|alter|begin|bind|block|cause|change|cross|damage|decrease|harm|help|increase|inhibit|interact|last"
    r"|lead|lower|make|need|prevent|produce|prolong|raise|reach|reduce|require|stop|take|treat|work|worsen)s?\b"
    r"|\w+(?:ly|ous|ful|able|ible|ive|ed|ing)\b)"
)

_PART = "passage|paragraph|section|document|source|slide|deck"
DEICTIC = WordPattern(
    r"(?i)\b(?:the|this) «text|article|chapter|lecture|textbook|handout|author|authors»\b"
    rf"|\b(?:the|this) «{_PART}|figure» "
    r"(?:above|below|says?|states?|describes?|mentions?|calls?|teaches|lists?|shows?)\b"
    rf"|\b(?:in|from|by|per|according to) (?:the|this) «{_PART}»\b(?! of)"
    rf"|\b(?:does|did) (?:the|this) «{_PART}» (?:say|state|describe|mention|name|call|teach)\b"
    r"|\bas «mentioned|described|stated|discussed|noted|listed» (?:above|below|earlier|previously|here|before)\b"
    r"|\b«mentioned|described|discussed|listed|shown|stated» (?:above|below|here)\b"
)


def deictic(view: View) -> Iterator[Problem]:
    """A learner has no text at hand: what "the text" or "the author" says is no question about the world.

    Source: SuperMemo's rule 16 (context).
    Bad: `question: Which use of heparin does the author mention first?`
    Bad: `question: Which of the drugs listed above is a loop diuretic?`
    Good: `question: Which layer of the uterus is cut in the lower-segment cesarean section of a breech baby?`
    """
    for key in view.tested:
        if match := DEICTIC.regex.search(view.prose[key]):
            yield view.match_at(key, match), f"{match[0]!r} points outside the card: ask about the matter itself"


ABSOLUTE = WordPattern(
    r"(?i)\b(?:«ideal|ideally»(?!\s+(?:body|weight|gas))|«always|never|perfect|perfectly|guaranteed|guarantees|harmless"
    r"|risk-free|completely safe|entirely safe|totally safe|miracle|miracles|miraculous|remarkable|remarkably"
    r"|astonishing|astonishingly|amazing|amazingly|revolutionary|game changer|game-changer|magic bullet|silver bullet"
    r"|holy grail»|«wonder» drug)\b"
)


def absolute_wording(view: View) -> Iterator[Problem]:
    """Absolute and promotional words are hardly ever true in medicine, and give answers away.
    Only tested text is looked at; a term such as ideal body weight is none.

    Source: NBME (absolute terms).
    Bad: `answer: The ideal sedative`
    Bad: `question: Why is heparin always given before bypass?`
    Good: `question: Which weight is the ideal body weight used for?`
    """
    for key in view.tested:
        for match in ABSOLUTE.regex.finditer(view.prose[key]):
            yield view.match_at(key, match), f"{match[0]!r} is absolute or promotional: say what was found"


# A hyphen of a line's end; not one that stands for the rest of a word, as in `pre- and postoperative`. What follows has
# three letters or more, as English words are not cut off before their last two: so `or`, `to` and `vs` never count.
_CUT = (
    r"([^\W\d_]{2,})-\s+(?!(?:and|but|bzw|nor|oder|plus|than|then|through|und|versus|via)\b)"
    r"(?=[^\W\d_]{3})([^A-Z\W][\w'’-]*)"
)


def cut_word(view: View) -> Iterator[Problem]:
    """A hyphen and a space inside a word come from the end of a line in a text that was copied.

    Bad: `extra: The drug lowers the respi- ratory rate.`
    Good: `extra: The drug is given pre- and postoperatively.`
    """
    for key, text in view.plain.items():
        for match in re.finditer(_CUT, text) if "- " in text or "-\n" in text else ():
            start, rest = match.groups()
            message = f"{match[0]!r} has the hyphen of a line's end: write '{start}{rest}' or '{start}-{rest}'"
            yield view.match_at(key, match), message


def spelling(view: View) -> Iterator[Problem]:
    """One spelling throughout: with `spelling: US` in collection.yaml, the American one. A learner's
    search in Anki finds `anesthesia` only where it is written so.

    Bad: `question: Which anaesthetic drug is an NMDA antagonist?`, `extra: NMDA means N-methyl-D-aspartate.`
    Good: `question: Which anesthetic drug is an NMDA antagonist?`, `extra: NMDA means N-methyl-D-aspartate.`
    """
    if view.collection.spelling != "US" or not any(map(_american, view.heard)):
        return
    for key, text in view.prose.items():
        for word in words_of(text):
            if american := _american(word):
                match = re.search(re.escape(word), text, re.IGNORECASE)
                yield view.at(key, match[0] if match else ""), f"British spelling {word!r}: write {american!r}"


@lru_cache(MAX_WORDS)
def _american(word: str) -> str:
    """The American spelling of a British word; nothing for other words."""
    if word in _LATIN or not re.search(_MAY_BE_BRITISH, word):
        return ""
    american = word
    for british, instead in _AMERICAN:
        american = re.sub(british, instead, american)
    return american if american != word else ""


_LATIN = frozenset({"haemophilus", "haematobium", "haemolyticus", "haemolytica"})  # names of species, the same in both
_PARTS = """ageing/aging aluminium/aluminum enrolment/enrollment fulfilment/fulfillment judgement/judgment mould/mold
    practis/practic sceptic/skeptic skilful/skillful speciality/specialty sulph/sulf tranquillis/tranquiliz"""
_DIGRAPH = (
    "aemi|aetiol|amoeb|anaesth|caec|caesarea|coelia|diarrhoe|encyclopaed|faec|foet|gynaec|haem|homoeo|kaem|naev|oedem"
    "|oesoph|oestr[aou]|orthopaed|paediat|palaeo|pnoe|rhoea|uraem"
)
# Of words that both spell -ise: what stands before it, whole and at the end; and what stands before -ises in a verb.
_ISE_IN_BOTH = (
    "abs|absc|an|app|appr|ar|bru|catech|cer|cha|chast|chem|chrysal|circumc|clemat|clitor|conc|cru|dem|desp|dev|disgu|exc"
    "|exorc|gu|highr|inc|ir|ka|lia|m|mala|marqu|merchand|moonr|mort|par|parad|pr|prem|r|rem|rep|repr|rev|se|sunr|surm"
    "|telev|torto|tra|treat|trell|turquo|upr|v|val"
)
_ISE_AT_END = "adv|advert|compr|enterpr|equip|exerc|expert|franch|improv|na|no|po|prec|prom|ra|superv|surpr|w"
_NO_PLURAL = "al|an|ar|at|el|er|ic|id|il|im|in|nsit|og|om|on|or|os|ur|ut|yr"
_ISE = (
    rf"\b(?!(?:un)?(?:{_ISE_IN_BOTH})is(?:e|ing|at)|[a-z]*(?:{_ISE_AT_END})is(?:e|ing|at))"
    rf"([a-z]*(?:{_NO_PLURAL})(?=ises\b)|[a-z]+(?=is(?:ed?|ers?|ing|ingly|ations?|ational)\b))is"
)
# British spelling -> the American one. Tried with the lists of SCOWL (wordlist.aspell.net): of the words that only its
# British one has, four in five are found; of its American one, no other that a text on medicine would hold.
_AMERICAN: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (_DIGRAPH, lambda match: re.sub("[ao]e", "e", match[0])),
    ("(arm|behavi|col|endeav|fav|flav|harb|hon|hum|lab|neighb|od|rig|rum|sav|tum|vap|vig)our", r"\1or"),
    (r"(calib|cent|diopt|fib|lit|tit)r(?:(?=ed)|e)|(met)re(?=s?\b)", r"\1\2er"),
    ("manoeuvr(?:e(?!d))?", "maneuver"),
    (r"(gram|neuron)m?e(?=s?\b)", r"\1"),
    ("(def|off|pret)ence", r"\1ense"),
    (r"((?:ana|para|cata|hydro|dia|electro)ly)s(?=(?:e|ed|ers?|ing)\b)", r"\1z"),
    (r"(channe|counse|dia|fue|funne|labe|leve|mode|pane|signa|trave|tria|tunne)ll(?=(?:ed|ings?|ers?)\b)", r"\1l"),
    *((pair.partition("/")[0], pair.partition("/")[2]) for pair in _PARTS.split()),
    (_ISE, r"\1iz"),
)
# Each of them holds one of these, which are quickly looked for, and most other words hold none.
_MAY_BE_BRITISH = (
    "[ao]e|our|[tb]re|ulph|mould|gein|inium|[fet]ence|lment|gement|ramme|neurone|actis|scept|kilf|ialit|illis|is[eai]"
    "|ys[ei]|ll[ei]"
)
