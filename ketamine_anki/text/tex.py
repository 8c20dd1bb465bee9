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


def _commands(names: str) -> frozenset[str]:
    return frozenset(f"\\{name}" for name in names.split())


# Commands that only draw, by what may stand beside them. Not \href, \url, \style, \class, \cssId, \require, \def and
# their kin, which reach outside the formula.
_TEXTS = _commands("text textbf textit textrm")
_ONE_ARGUMENT = _TEXTS | _commands(
    """
    sqrt xrightarrow xleftarrow hat widehat bar overline underline vec tilde widetilde dot ddot overbrace underbrace
    mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak mathscr operatorname boldsymbol substack boxed begin end
    ce pmod overrightarrow overleftarrow check breve acute grave mathring
    """
)
_TWO_ARGUMENTS = _commands("frac dfrac tfrac cfrac binom dbinom tbinom overset underset stackrel")
_BEFORE_BRACKETS = _commands("left middle right big Big bigg Bigg bigl bigr Bigl Bigr")
_BRACKETS = _commands(
    """
    langle rangle lfloor rfloor lceil rceil vert Vert lvert rvert lVert rVert lbrace rbrace
    uparrow downarrow updownarrow Uparrow Downarrow
    """
)
_OPERATORS = _commands(
    """
    sum prod int iint oint lim limsup liminf max min sup inf det gcd Pr bigcup bigcap bigoplus bigotimes bigwedge bigvee
    bigsqcup biguplus coprod iiint
    """
)
_FUNCTIONS = _commands("arccos arcsin arctan arg cos cosh cot csc deg dim exp hom ker lg ln log sec sin sinh tan tanh")
COMMANDS = frozenset().union(
    _ONE_ARGUMENT,
    _TWO_ARGUMENTS,
    _BEFORE_BRACKETS,
    _BRACKETS,
    _OPERATORS,
    _FUNCTIONS,
    _commands(
        """
        alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho
        sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
        times div cdot cdots ldots dots vdots ddots pm mp ast star circ bullet oplus ominus otimes odot wedge vee cap
        cup leq le geq ge neq ne approx equiv sim simeq cong propto ll gg prec succ subset supset subseteq supseteq in
        ni notin mid parallel perp not to gets infty partial nabla forall exists neg land lor prime angle triangle
        square emptyset ell hbar Re Im degree rightarrow leftarrow Rightarrow Leftarrow leftrightarrow Leftrightarrow
        longrightarrow longleftarrow Longrightarrow Longleftarrow mapsto nearrow searrow swarrow nwarrow
        rightleftharpoons implies iff quad qquad thinspace displaystyle textstyle limits nolimits setminus bmod vdash
        dashv models top bot dagger ddagger colon therefore because varnothing leqslant geqslant gtrsim lesssim
        longleftrightarrow Longleftrightarrow hookrightarrow hookleftarrow longmapsto imath jmath aleph triangleq doteq
        asymp coloneqq sqcup sqcap uplus nmid nleq ngeq subsetneq supsetneq nsubseteq lnot
        """
    ),
)
_EQUATIONS = ("align*", "gather*")  # of which a formula holds one
_ENVIRONMENTS = frozenset(
    "aligned array cases dcases gathered matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix".split()
).union(_EQUATIONS)

_TEX = re.compile(r"\\(?:[A-Za-z]+|(?P<sign>.)|$)|[%&{}]|::", re.DOTALL)
_EQUATION = r"\\begin\s*\{(?:align|gather)\*\}"
_COLUMNS = r"\s*\{array\}\s*(?:\[[tbc]\]\s*)?\{[lcr| ]*[lcr][lcr| ]*\}"
_PLACED = r"\s*\{(?:aligned|gathered)\}(?!\s*\[[tbc]\])\s*\["
_PAIRS = _commands("begin end left right")
_HOLDING = dict.fromkeys(_TEXTS, "words") | {"\\ce": "chemistry"}  # what stands in the braces after it
_DELETION = "\1"  # stands where a deletion begins
# Negative space: `\\[-1em]`; `\!\!`, also with empty groups between, `\!{}\text{\!}`. Three `\!` in one formula,
# whatever stands between, move as far as a letter is wide.
_MOVES = rf"\\\\\*?\[|\\!(?:[\s{{}}{_DELETION}]|\\(?:text|math|bold|operator)[a-z]*(?![A-Za-z]))*\\!"
_MOST_NEGATIVE = 2
_SIGNS = "\\,;:! {}%$_&#|"  # what a backslash may precede

_ARGUMENTS = dict.fromkeys(_ONE_ARGUMENT | _BEFORE_BRACKETS, 1) | dict.fromkeys(_TWO_ARGUMENTS, 2)
_ALL_BRACKETS = _BRACKETS.union("()[]|/.<>", ("\\|",))
# What cannot be a subscript or superscript without braces, what no argument at all; what \limits may follow.
_NO_SCRIPTS = _FUNCTIONS.union(
    _BEFORE_BRACKETS - {"\\left"}, _commands("begin end displaystyle textstyle dots not substack")
)
_NO_ARGUMENTS = ("&", "\\\\", "^", "_", "'", "\\limits", "\\nolimits")
_WITH_LIMITS = _OPERATORS.union(_FUNCTIONS, _commands("operatorname overbrace underbrace"))
_WITH_OPTION = _commands("sqrt cfrac xrightarrow xleftarrow")
_WORDS = (*_TEXTS, "\\begin", "\\end", "\\ce")  # their braces hold no math
_GROUP = "\0"  # stands for a group in braces that was checked
_ESCAPES = {"#": "\\#", "@": "\\text{@}"}
_SPECIAL = frozenset("\\^_#'&@")  # without these, a formula has no error
_INNERMOST = r"\{[^{}]*\}"
# A command with its star or its option in brackets, or a character.
_ITEM = (
    r"(?s)(?P<name>\\(?:(?:sqrt|x(?:right|left)arrow)\s*(?=\[[^\[\]]*\])|cfrac\s*(?=\[\s*[lcr]\s*\])))\[[^\[\]]*\]"
    r"|(?P<starred>\\operatorname)\s*\*|\\[A-Za-z]+|\\.|\S"
)
_ENDS_IN_COMMAND = r"(?<!\\)(?:\\\\)*\\[A-Za-z]+\Z"

Error = tuple[int, str, str]  # index, fragment, message


@lru_cache(1 << 12)  # the formulas of a collection are the same few
def tex_mistakes(tex: str) -> tuple[Mistake, ...]:
    """The mistakes of a formula as it is, and with each deletion hidden: Anki shows `[...]` in its place."""
    if len(tex) > MAX_TEX:
        return (("limit", 0, tex[:20], f"a formula of {len(tex):,} characters: at most {MAX_TEX:,}"),)
    bare = tex
    for mark in tex_marks(tex):
        begun = _DELETION if mark.kind == "open" else " "
        bare = f"{bare[: mark.start]}{begun:{mark.end - mark.start}}{bare[mark.end :]}"
    mistakes = tuple(_walk(bare))
    if mistakes or _SPECIAL.isdisjoint(tex):
        return mistakes
    error = _error(bare)
    if not error and (start := _broken_by(tex, bare)) >= 0:
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


def _split(tex: str) -> str:
    return re.sub(r"\}(?=\})", "} ", tex).replace("{{", "{ {").replace("::", ":{}:")


# --- commands and braces ----------------------------------------------------------------------


def _walk(tex: str) -> Iterator[Mistake]:
    """Commands that are not allowed, and braces that are not closed."""
    negative, last = 0, ""  # how many \\!; the token before
    opened: list[tuple[int, str]] = []  # each open brace, and what it holds
    for match in _TEX.finditer(tex):
        at, found = match.start(), match[0]
        held = opened[-1][1] if opened else "math"
        message = ""
        if found == "{":
            opened.append((at, _HOLDING.get(last, held)))
            if len(opened) > MAX_TEX_DEPTH:
                yield "limit", at, found, f"braces more than {MAX_TEX_DEPTH} deep in the math"
                return
        elif found == "}":
            if not opened:
                yield "tex-command", at, found, "} without a { in the math"
                return
            opened.pop()
        elif found == "&" and any(holds == "chemistry" for _, holds in opened):
            message = "& inside \\ce: write \\&"
        elif held == "words":
            if found == "::":
                message = ":: inside \\text is shown with braces between: leave one out"
            elif found[0] == "\\" and match["sign"] not in ("$", "{", "}", "\\"):
                message = f"{found} inside \\text is shown as it is typed: end the \\text before it"
        elif held == "chemistry" and found in (*_PAIRS, "\\middle"):
            message = f"{found} inside \\ce: end the \\ce before it"
        else:
            message = _command_mistake(tex, match, negative)
            negative += found == "\\!" and not message
        if message:
            yield "tex-command", at, found, message
        last = found
    if opened:
        yield "tex-command", opened[0][0], "{", "{ is never closed in the math"


def _command_mistake(tex: str, match: re.Match[str], negative: int) -> str:
    """What is wrong with a command, a backslash before a sign, a comment, or a lone backslash."""
    found, sign, rest = match[0], match["sign"], tex[match.end() :]
    if found == "\\begin":
        return _environment_mistake(_name(rest), tex[: match.start()], rest)
    if found in ("&", "::") or found in COMMANDS:
        return ""
    if found[1:] and not sign:
        return f"TeX command {found} is not in the list of allowed commands"
    if sign and sign not in _SIGNS:
        return f"TeX command {found} would end or change the math"
    if re.match(_MOVES, found + rest) or (found == "\\!" and negative == _MOST_NEGATIVE):
        return f"TeX {found} moves what follows over other text: leave it out"
    if found == "\\\\" and rest.startswith("*"):
        return "* after \\\\ is not shown: write a space before it"
    if found == "%":
        return "% starts a comment in TeX: write \\%"
    return "" if sign else "backslash at the end of the math"


def _environment_mistake(name: str, before: str, rest: str) -> str:
    if name in _EQUATIONS and re.search(_EQUATION, before):
        return f"a second {{{name}}} in one formula: write \\begin{{aligned}}"
    if name not in _ENVIRONMENTS:
        return f"TeX environment {name!r} is not one of {', '.join(sorted(_ENVIRONMENTS))}"
    if re.match(_PLACED, rest):
        return f"[ after \\begin{{{name}}} is not shown: write {{[}}"
    if name == "array" and not re.match(_COLUMNS, rest):
        return "\\begin{array} without its columns, letters l, c or r in braces: write \\begin{array}{ll}"
    return ""


def _name(rest: str) -> str:
    """The environment that is named after a \\begin or \\end."""
    name = re.match(r"\s*\{([^{}]*)\}", rest)
    return name[1] if name else "?"


# --- what MathJax would show as an error ------------------------------------------------------


def _error(tex: str) -> Error | None:
    """The first place for which MathJax would show an error instead of the formula. Groups are checked from the inside
    out; a group that was checked becomes one item of what is around it.
    """
    flat = re.sub(r"(\\\\)|\\[{}]", lambda match: match[1] or "\\|", tex)
    while group := re.search(_INNERMOST, flat):
        start, end = group.span()
        before = flat[:start]
        if not before.rstrip().endswith(_WORDS) and (error := _flat_error(flat[: end - 1], start + 1, tex)):
            return error
        flat = before + _GROUP.ljust(end - start) + flat[end:]
    return _flat_error(flat, 0, tex)


def _flat_error(flat: str, start: int, tex: str) -> Error | None:
    """The same for a part of the TeX, from `start` to the end of `flat`, in which no braces are left."""
    missing, waiting = 0, (0, "")  # how many arguments a command, ^ or _ still needs; where it stands, which it is
    scripts = before = ""  # the scripts of the last item; the last command, of which \\limits needs an operator
    pairs: list[tuple[int, str]] = []  # each open \\begin{...} and \\left, and where it stands
    for match in re.compile(_ITEM).finditer(flat, start):
        at, item = match.start(), (match["name"] or match["starred"] or match[0]).rstrip()
        if item == _DELETION:
            if missing:
                return *waiting, f"{waiting[1]} needs braces around the deletion: those of a deletion do not count"
            continue
        if missing and not _may_follow(waiting[1], item):
            break
        message = _misplaced(flat, match, item, scripts, before, pairs[-1][1] if pairs else "")
        if message := message or _unpaired(item, at, pairs, _name(tex[match.end() :])):
            return at, item, message
        if item in ("&", "\\\\"):
            scripts = ""
        elif item in ("^", "_"):
            scripts += item
            missing, waiting = 1, (at, item)
        elif item in ("'", "\\limits", "\\nolimits"):
            continue
        elif item in _ARGUMENTS:
            scripts = scripts if missing else ""
            missing, waiting, before = _ARGUMENTS[item], (at, item), item
        elif missing:
            missing -= 1
        else:
            scripts, before = "", item
    if missing:
        needed = "its argument: put it in braces after it"
        if waiting[1] in _BEFORE_BRACKETS:
            needed = "a bracket: write one after it, or a dot"
        return *waiting, f"{waiting[1]} without {needed}"
    return (*pairs[-1], f"{pairs[-1][1]} is never ended in the math") if pairs else None


def _unpaired(item: str, at: int, pairs: list[tuple[int, str]], name: str) -> str:
    """Why an item ends no pair, "" if it begins or ends one, or is none."""
    opener = "\\left" if item in ("\\left", "\\right") else f"\\begin{{{name}}}"
    if item in ("\\begin", "\\left"):
        pairs.append((at, opener))
    elif item in _PAIRS and (not pairs or pairs.pop()[1] != opener):
        return f"{item} without a {opener} before it"
    return ""


def _misplaced(tex: str, match: re.Match[str], item: str, scripts: str, before: str, around: str) -> str:
    """Why an item may not stand where it does, "" if it may."""
    if item == "&" and not around.startswith("\\begin"):
        return "& separates the columns of an array: write \\&"
    if item == "\\middle" and around != "\\left":
        return "\\middle without a \\left before it"
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
    if command in _BEFORE_BRACKETS:
        return item in _ALL_BRACKETS
    if command in ("^", "_"):
        return item not in _NO_SCRIPTS
    if command in _WORDS:
        return item == _GROUP
    return item not in _ARGUMENTS and (item != "[" or command not in _WITH_OPTION)


# --- deletions inside math --------------------------------------------------------------------


def _broken_by(tex: str, bare: str) -> int:
    """Where the deletion starts whose hiding breaks the formula, -1 if there is none. In `bare` their marks are blank.

    A deletion may not hold half of a pair; deletions at the same depth are hidden together.
    """
    edges = [(match.start(), match[0]) for match in _TEX.finditer(bare) if match[0] in _PAIRS]
    edges += [(mark.start if mark.kind == "open" else mark.end, mark.kind) for mark in tex_marks(tex)]
    opened: list[tuple[int, str]] = []
    deletions: list[tuple[int, int, int]] = []  # depth, start, end
    for at, edge in sorted(edges, key=lambda one: (one[0], one[1] != "close")):
        if edge in ("open", "\\begin", "\\left"):
            opened.append((at, edge))
        elif edge != "hint":
            starts = [start for start, kind in opened if kind == "open"]
            start, kind = opened.pop()
            if (kind == "open") != (edge == "close"):  # one ends in the other
                return starts[-1]
            if edge == "close":
                deletions.append((len(starts), start, at))
    for _, level in groupby(sorted(deletions), key=itemgetter(0)):
        starts, hidden = [], bare
        for _, start, end in level:
            starts.append(start)
            hidden = hidden[:start] + "[0]".ljust(end - start) + hidden[end:]
        mistake = next(_walk(hidden), None)
        if error := mistake[1:] if mistake else _error(hidden):
            return min(starts, key=lambda start: abs(start - error[0]))
    return -1
