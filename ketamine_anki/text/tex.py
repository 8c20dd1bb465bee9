"""The TeX of one formula -> what Anki's MathJax would not show as it is meant; and the HTML that shows the formula.

Commands come from an allow-list, braces and pairs are closed, and nothing makes MathJax show an error: neither in the
whole formula nor where a deletion hides a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from ketamine_anki.core.escape import html as escape
from ketamine_anki.core.limits import MAX_TEX, MAX_TEX_DEPTH
from ketamine_anki.text.scanner import Mistake, tex_marks

# Commands that only draw: letters, relations, arrows, accents, fractions, spacing. Not \href, \url,
# \style, \class, \cssId, \require, \def and their kin, which reach outside the formula.
COMMANDS = frozenset(
    """
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho
    varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi
    Psi Omega frac dfrac tfrac cfrac binom sqrt sum prod int iint oint lim limsup liminf max min sup inf log ln
    lg exp sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh det dim gcd ker deg hom arg Pr times div
    cdot cdots ldots dots vdots ddots pm mp ast star circ bullet oplus ominus otimes odot wedge vee cap cup leq
    le geq ge neq ne approx equiv sim simeq cong propto ll gg prec succ subset supset subseteq supseteq in ni
    notin mid parallel perp not to gets infty partial nabla forall exists neg land lor prime angle triangle
    square emptyset ell hbar Re Im degree rightarrow leftarrow Rightarrow Leftarrow leftrightarrow
    Leftrightarrow longrightarrow longleftarrow Longrightarrow Longleftarrow uparrow downarrow updownarrow
    Uparrow Downarrow mapsto nearrow searrow swarrow nwarrow rightleftharpoons xrightarrow xleftarrow implies
    iff hat widehat bar overline underline vec tilde widetilde dot ddot overbrace underbrace overset underset
    stackrel text textbf textit textrm mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak operatorname
    boldsymbol left right big Big bigg Bigg bigl bigr Bigl Bigr langle rangle lfloor rfloor lceil rceil vert
    Vert lbrace rbrace quad qquad thinspace displaystyle textstyle limits nolimits begin end substack boxed
    ce setminus bigcup bigcap bigoplus bigotimes bigwedge bigvee bigsqcup biguplus coprod iiint pmod bmod lvert
    rvert lVert rVert vdash dashv models top bot dagger ddagger colon mathscr middle therefore because varnothing
    leqslant geqslant gtrsim lesssim dbinom tbinom overrightarrow overleftarrow check breve acute grave mathring
    longleftrightarrow Longleftrightarrow hookrightarrow hookleftarrow longmapsto imath jmath aleph triangleq
    doteq asymp coloneqq sqcup sqcap uplus nmid nleq ngeq subsetneq supsetneq nsubseteq lnot
    """.split()
)
_EQUATIONS = ("align*", "gather*")  # of which a formula holds one
_EQUATION = r"\\begin\s*\{(?:align|gather)\*\}"
_ENVIRONMENTS = frozenset(
    "aligned array cases dcases gathered matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix".split()
).union(_EQUATIONS)
_TEX = re.compile(r"\\(?:(?P<word>[A-Za-z]+)|(?P<sign>.)|$)|(?P<comment>%)|(?P<brace>[{}])", re.DOTALL)
_PAIRS = ("begin", "end", "left", "right")
_TEXTS = ("text", "textbf", "textit", "textrm")
# What must not stand in the argument of such a command, and why.
_NOT_INSIDE = dict.fromkeys(_TEXTS, ("::", ":: inside \\text is shown with braces between: leave one out"))
_NOT_INSIDE["ce"] = (r"(?<!\\)&", "& inside \\ce: write \\&")
_COLUMNS = r"\s*\{array\}\s*(?:\[[tbc]\]\s*)?\{[lcr| ]*[lcr][lcr| ]*\}"
_PLACED = r"\s*\{(?:aligned|gathered)\}(?!\s*\[[tbc]\])\s*\["
_ENVIRONMENT = r"\s*\{([^{}]*)\}"

# Commands that take a bracket.
_BRACKETED = frozenset(r"\left \middle \right \big \Big \bigg \Bigg \bigl \bigr \Bigl \Bigr".split())
# Commands that take one argument, or two. \begin takes a name.
_ONE = r"""
    \sqrt \xrightarrow \xleftarrow \hat \widehat \bar \overline \underline \vec \tilde \widetilde \dot \ddot
    \overbrace \underbrace \text \textbf \textit \textrm \mathrm \mathbf \mathit \mathsf \mathtt \mathcal \mathbb
    \mathfrak \mathscr \operatorname \boldsymbol \substack \boxed \begin \end \ce \pmod \overrightarrow
    \overleftarrow \check \breve \acute \grave \mathring
    """.split()
_TWO = r"\frac \dfrac \tfrac \cfrac \binom \dbinom \tbinom \overset \underset \stackrel".split()
_ARGUMENTS = dict.fromkeys((*_ONE, *_BRACKETED), 1) | dict.fromkeys(_TWO, 2)
_BRACKETS = frozenset(
    r"""
    ( ) [ ] | / . < > \| \langle \rangle \lfloor \rfloor \lceil \rceil \vert \Vert \lvert \rvert \lVert \rVert \lbrace
    \rbrace \uparrow \downarrow \updownarrow \Uparrow \Downarrow
    """.split()
)
# What \limits may follow, and what cannot be a subscript or superscript without braces.
_OPERATORS = frozenset(
    r"""
    \sum \prod \int \iint \oint \lim \limsup \liminf \max \min \sup \inf \det \gcd \Pr \bigcup \bigcap \bigoplus
    \bigotimes \bigwedge \bigvee \bigsqcup \biguplus \coprod \iiint
    """.split()
)
_FUNCTIONS = frozenset(
    r"""
    \arccos \arcsin \arctan \arg \cos \cosh \cot \csc \deg \dim \exp \hom \ker \lg \ln \log \sec \sin \sinh \tan \tanh
    """.split()
)
_NO_SCRIPTS = (
    _FUNCTIONS
    | (_BRACKETED - {r"\left"})
    | frozenset(r"\begin \end \displaystyle \textstyle \dots \not \substack".split())
)
_WITH_LIMITS = _OPERATORS | _FUNCTIONS | {r"\operatorname", r"\overbrace", r"\underbrace"}
_WITH_OPTION = (r"\sqrt", r"\cfrac", r"\xrightarrow", r"\xleftarrow")
_GROUP = "\0"  # stands for a group in braces that was checked
_DELETION = "\1"  # stands where a deletion begins
_NO_ARGUMENTS = ("&", r"\\", "^", "_", "'", r"\limits", r"\nolimits")
_ESCAPES = {"#": r"\#", "@": r"\text{@}"}
_SPECIAL = frozenset("\\^_#'&@")  # without these, a formula has no error
_INNERMOST = r"\{[^{}]*\}"
_WORDS = (*(f"\\{text}" for text in _TEXTS), "\\begin", "\\end", "\\ce")  # their braces hold no math
# A command with its star or its option in brackets, or a character.
_OPTIONAL = (
    r"(?P<name>\\(?:(?:sqrt|x(?:right|left)arrow)\s*(?=\[[^\[\]]*\])|cfrac\s*(?=\[\s*[lcr]\s*\])))\[[^\[\]]*\]"
    r"|(?P<starred>\\operatorname)\s*\*"
)
_ITEM = rf"(?s){_OPTIONAL}|\\[A-Za-z]+|\\.|\S"

# Negative space: `\\[-1em]`; `\!\!`, also with empty groups between, `\!{}\text{\!}`. Three `\!` in one formula,
# whatever stands between, move as far as a letter is wide.
_MOVES = r"\\\\\*?\[|\\!(?:[\s{}]|\\(?:text|math|bold|operator)[a-z]*(?![A-Za-z]))*\\!"
_MOST_NEGATIVE = 2
_SIGNS = "\\,;:! {}%$_&#|"  # what a backslash may precede

Error = tuple[int, str, str]  # index, fragment, message


@lru_cache(1 << 12)  # the formulas of a collection are the same few
def tex_mistakes(tex: str) -> tuple[Mistake, ...]:
    """(rule, index, fragment, message) of each mistake in a formula, as it is and with each deletion hidden: Anki shows
    `[...]` in its place, and its answer without braces around it.
    """
    if len(tex) > MAX_TEX:
        return (("limit", 0, tex[:20], f"a formula of {len(tex):,} characters: at most {MAX_TEX:,}"),)
    mistakes = tuple(_walk(_without_deletions(tex), tex))
    if mistakes or _SPECIAL.isdisjoint(tex):
        return mistakes
    bare = _without_deletions(tex, _DELETION)
    error = _error(bare)
    if not error and (start := _broken_by(sorted(_deletions(tex)), bare)) >= 0:
        message = "the formula breaks where this deletion is hidden: hide a whole part of it, or write {} before it"
        error = start, tex[start : start + 5], message
    return (("tex-command", *error),) if error else ()


@lru_cache(1 << 12)
def tex_html(tex: str) -> str:
    """The HTML of a formula between its delimiters. Braces and colons that are not marks of a deletion are split, which
    changes nothing in print: Anki takes the first `}}` and `::` it meets for marks.
    """
    parts: list[str] = []
    at = 0
    for mark in tex_marks(tex):
        parts.append(_split(tex[at : mark.start]))
        if (mark.kind == "close" and parts[-1].endswith("}")) or re.search(_ENDS_IN_COMMAND, parts[-1]):
            parts.append(" ")  # a letter after it would make another command
        parts.append(f"{{{{c{int(mark.value)}::" if mark.kind == "open" else mark.value)
        at = mark.end
    return escape("".join([*parts, _split(tex[at:])])).replace("\n", " ")


_ENDS_IN_COMMAND = r"(?<!\\)(?:\\\\)*\\[A-Za-z]+\Z"


def _split(tex: str) -> str:
    while "}}" in tex:
        tex = tex.replace("}}", "} }")
    return tex.replace("{{", "{ {").replace("::", ":{}:")


# --- commands, braces and pairs ---------------------------------------------------------------


def _walk(tex: str, typed: str = "") -> Iterator[Mistake]:
    """Commands that are not allowed; braces and pairs that are not closed. `typed` still has the marks of deletions."""
    pairs: list[tuple[int, str, int]] = []  # each open \\begin{...} and \\left: where, which, in how many braces
    words_end = chemistry_end = 0  # of the last \\text{...}; of the last \\ce{...}
    depth = negative = 0
    for match in _TEX.finditer(tex):
        at, found, word = match.start(), match[0], match["word"]
        message = ""
        if match["brace"]:
            depth += 1 if found == "{" else -1
            if mistake := _brace_mistake(at, found, depth, pairs):
                yield mistake
                return
        elif at < words_end:
            is_shown = found[0] == "\\" and match["sign"] not in ("$", "{", "}", "\\")
            message = f"{found} inside \\text is shown as it is typed: end the \\text before it" * is_shown
        elif word in _NOT_INSIDE:
            end = _group_end(tex, match.end())
            words_end, chemistry_end = (words_end, end) if word == "ce" else (end, chemistry_end)
            sign, advice = _NOT_INSIDE[word]
            if wrong := re.search(sign, tex[match.end() : end]):
                yield "tex-command", match.end() + wrong.start(), wrong[0], advice
        elif at < chemistry_end and word in (*_PAIRS, "middle"):
            message = f"{found} inside \\ce: end the \\ce before it"
        elif word in ("begin", "left"):
            pairs.append((at, _pair(tex, match), depth))
            message = _begin_mistake(tex, match, pairs[-1][1]) if word == "begin" else ""
        elif word in ("end", "right"):
            name = _pair(tex, match)
            if not pairs or pairs.pop()[1:] != (name, depth):
                before = "\\left" if word == "right" else f"\\begin{{{name}}}"
                yield "tex-command", at, found, f"{found} without a {before} before it"
                return
        else:
            message = _command_mistake(tex, match, negative, bool(pairs) and pairs[-1][1:] == ("", depth))
            negative += found == "\\!" and not message
        if message:
            yield "tex-command", at, found, message
    if pairs:
        yield _unended(*pairs[0])
    if depth > 0:
        yield "tex-command", 0, (typed or tex).split("\n", maxsplit=1)[0], "{ is never closed in the math"


def _brace_mistake(at: int, found: str, depth: int, pairs: list[tuple[int, str, int]]) -> Mistake | None:
    """What is wrong with a brace that leads to this depth."""
    if depth > MAX_TEX_DEPTH:
        return "limit", at, found, f"braces more than {MAX_TEX_DEPTH} deep in the math"
    if depth < 0:
        return "tex-command", at, found, "} without a { in the math"
    return _unended(*pairs[-1]) if pairs and pairs[-1][2] > depth else None


def _begin_mistake(tex: str, match: re.Match[str], name: str) -> str:
    if name in _EQUATIONS and re.search(_EQUATION, tex[: match.start()]):
        return f"a second {{{name}}} in one formula: write \\begin{{aligned}}"
    if name not in _ENVIRONMENTS:
        return f"TeX environment {name!r} is not one of {', '.join(sorted(_ENVIRONMENTS))}"
    if re.match(_PLACED, tex[match.end() :]):
        return f"[ after \\begin{{{name}}} is not shown: write {{[}}"
    if name == "array" and not re.match(_COLUMNS, tex[match.end() :]):
        return "\\begin{array} without its columns, letters l, c or r in braces: write \\begin{array}{ll}"
    return ""


def _command_mistake(tex: str, match: re.Match[str], negative: int, after_left: bool) -> str:
    """What is wrong with a command, a backslash before a sign, a comment, or a lone backslash."""
    found, word, sign = match[0], match["word"], match["sign"]
    if word == "middle" and not after_left:
        return "\\middle without a \\left before it"
    if word:
        return "" if word in COMMANDS else f"TeX command {found} is not in the list of allowed commands"
    if sign and sign not in _SIGNS:
        return f"TeX command {found} would end or change the math"
    if re.match(_MOVES, tex[match.start() :]) or (found == "\\!" and negative == _MOST_NEGATIVE):
        return f"TeX {found} moves what follows over other text: leave it out"
    if sign == "\\" and tex.startswith("*", match.end()):
        return "* after \\\\ is not shown: write a space before it"
    if match["comment"]:
        return "% starts a comment in TeX: write \\%"
    return "backslash at the end of the math" if found == "\\" else ""


def _unended(at: int, name: str, _: int) -> Mistake:
    found = f"\\begin{{{name}}}" if name else "\\left"
    return "tex-command", at, found, f"{found} is never ended in the math"


def _group_end(tex: str, start: int) -> int:
    """Where the group in braces that follows ends."""
    depth = 0
    for match in _TEX.finditer(tex, start):
        depth += (match["brace"] == "{") - (match["brace"] == "}")
        if depth <= 0:
            return match.start()
    return len(tex)


def _pair(tex: str, match: re.Match[str]) -> str:
    """The environment that a \\begin or \\end names; "" for \\left and \\right."""
    if match["word"] in ("left", "right"):
        return ""
    name = re.match(_ENVIRONMENT, tex[match.end() :])
    return name[1] if name else "?"


# --- what MathJax would show as an error ------------------------------------------------------


def _error(tex: str) -> Error | None:
    """The first place for which MathJax would show an error instead of the formula. Groups are checked from the inside
    out; a group that was checked becomes one item of what is around it.
    """
    tex = re.sub(r"(\\\\)|\\[{}]", lambda match: match[1] or "\\|", tex)
    while group := re.search(_INNERMOST, tex):
        start, end = group.span()
        content = " " * (start + 1) + group[0][1:-1]
        if not tex[:start].rstrip().endswith(_WORDS) and (error := _flat_error(content)):
            return error
        tex = tex[:start] + _GROUP.ljust(end - start) + tex[end:]
    return _flat_error(tex)


def _flat_error(tex: str) -> Error | None:
    """The same for TeX without braces."""
    missing, waiting = 0, (0, "")  # how many arguments a command, ^ or _ still needs; where it stands, which it is
    scripts = before = ""  # the scripts of the last item; the last command, of which \\limits needs an operator
    around: list[str] = []
    for match in re.finditer(_ITEM, tex):
        at, item = match.start(), (match["name"] or match["starred"] or match[0]).rstrip()
        if item == _DELETION and missing:
            return *waiting, f"{waiting[1]} needs braces around the deletion: those of a deletion do not count"
        if item == _DELETION:
            continue
        if missing and not _may_follow(waiting[1], item):
            break
        if message := _misplaced(tex, match, item, scripts, before, around):
            return at, item, message
        if item in ("&", "\\\\"):
            scripts = ""
        elif item in ("^", "_"):
            scripts += item
            missing, waiting = 1, (at, item)
        elif item in ("'", "\\limits", "\\nolimits"):
            continue
        elif item in _ARGUMENTS:
            if item in ("\\begin", "\\left"):
                around.append(item)
            elif item in ("\\end", "\\right"):
                del around[-1:]
            scripts = scripts if missing else ""
            missing, waiting, before = _ARGUMENTS[item], (at, item), item
        elif missing:
            missing -= 1
        else:
            scripts, before = "", item
    if not missing:
        return None
    takes_bracket = waiting[1] in _BRACKETED
    needed = "a bracket: write one after it, or a dot" if takes_bracket else "its argument: put it in braces after it"
    return *waiting, f"{waiting[1]} without {needed}"


def _misplaced(tex: str, match: re.Match[str], item: str, scripts: str, before: str, around: list[str]) -> str:
    """Why an item may not stand where it does, "" if it may."""
    if item == "&" and around[-1:] != ["\\begin"]:
        return "& separates the columns of an array: write \\&"
    if item == "#" or (item == "@" and tex[match.end() : match.end() + 1] in tuple("<>AV=|.")):
        return f"{item} has a meaning of its own in TeX: write {_ESCAPES[item]}"
    if item in ("^", "_", "'") and ("_" if item == "_" else "^") in scripts:
        kind = "subscript" if item == "_" else "superscript"
        return f"second {kind} of one letter: put the first part in braces"
    if item in ("^", "_") and (script := re.match(r"\d+\.?\d+|[-+]\d+(?:\.\d+)?", tex[match.end() :])):
        return f"only the first sign after {item} would be small: write {item}{{{script[0]}}} for {item}{script[0]}"
    if item in ("\\limits", "\\nolimits") and before not in _WITH_LIMITS:
        return f"{item} without an operator before it, such as \\sum"
    return ""


def _may_follow(command: str, item: str) -> bool:
    """Whether an item can be the argument of a command, or of ^ or _."""
    if item in _NO_ARGUMENTS:
        return False
    if command in _BRACKETED:
        return item in _BRACKETS
    if command in ("^", "_"):
        return item not in _NO_SCRIPTS
    if command in _WORDS:
        return item == _GROUP
    return item not in _ARGUMENTS and (item != "[" or command not in _WITH_OPTION)


# --- deletions inside math --------------------------------------------------------------------


def _deletions(tex: str) -> Iterator[tuple[int, int, int]]:
    """(depth, start, end) of the deletions inside the math."""
    opened: list[int] = []
    for mark in tex_marks(tex):
        if mark.kind == "open":
            opened.append(mark.start)
        elif mark.kind == "close":
            start = opened.pop()
            yield len(opened), start, mark.end


def _without_deletions(tex: str, begun: str = " ") -> str:
    """The TeX with the marks of deletions blanked, at the same length; `begun` stands where one begins."""
    for mark in tex_marks(tex):
        tex = f"{tex[: mark.start]}{begun if mark.kind == 'open' else ' ':{mark.end - mark.start}}{tex[mark.end :]}"
    return tex


def _broken_by(deletions: list[tuple[int, int, int]], bare: str) -> int:
    """Where the deletion starts whose hiding breaks the formula, -1 if there is none. In `bare` their marks are blank.

    A deletion may not hold half of a pair; deletions at the same depth are hidden together.
    """
    edges = [(start, "open") for _, start, _ in deletions] + [(end, "close") for _, _, end in deletions]
    edges += [(match.start(), match["word"]) for match in _TEX.finditer(bare) if match["word"] in _PAIRS]
    opened: list[tuple[int, str]] = []
    for at, edge in sorted(edges, key=lambda one: (one[0], one[1] != "close")):
        if edge in ("open", "begin", "left"):
            opened.append((at, edge))
        elif (opened[-1][1] == "open") == (edge == "close"):
            opened.pop()
        else:  # one ends in the other
            return next(start for start, kind in reversed(opened) if kind == "open")
    for _, level in groupby(deletions, key=itemgetter(0)):
        starts, hidden = [], bare
        for _, start, end in level:
            starts.append(start)
            hidden = hidden[:start] + "[0]".ljust(end - start) + hidden[end:]
        mistake = next(_walk(hidden), None)
        if error := mistake[1:] if mistake else _error(hidden):
            return min(starts, key=lambda start: abs(start - error[0]))
    return -1
