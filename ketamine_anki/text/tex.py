"""TeX in math: what may stand in it, and the marks of deletions that it may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from ketamine_anki.core.limits import MAX_TEX, MAX_TEX_DEPTH
from ketamine_anki.text.scanner import tex_marks

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
    """.split()
)
_ENVIRONMENTS = frozenset("aligned array cases gathered matrix pmatrix bmatrix vmatrix Vmatrix smallmatrix".split())
_TEX = re.compile(r"\\(?:(?P<word>[A-Za-z]+)|(?P<sign>.)|$)|(?P<comment>%)|(?P<brace>[{}])", re.DOTALL)
_PAIRS = ("begin", "end", "left", "right")
_TEXTS = ("text", "textbf", "textit", "textrm")
_COLUMNS = re.compile(r"\s*\{array\}\s*(?:\[[tbc]\]\s*)?\{[lcr| ]*[lcr][lcr| ]*\}")
_PLACED = re.compile(r"\s*\{(?:aligned|gathered)\}(?!\s*\[[tbc]\])\s*\[")
_ENVIRONMENT = re.compile(r"\s*\{([^{}]*)\}")

# Commands that take a bracket.
_BRACKETED = frozenset(r"\left \right \big \Big \bigg \Bigg \bigl \bigr \Bigl \Bigr".split())
# Commands that take one argument, or two. \begin takes a name.
_ONE = r"""
    \sqrt \xrightarrow \xleftarrow \hat \widehat \bar \overline \underline \vec \tilde \widetilde \dot \ddot
    \overbrace \underbrace \text \textbf \textit \textrm \mathrm \mathbf \mathit \mathsf \mathtt \mathcal \mathbb
    \mathfrak \operatorname \boldsymbol \substack \boxed \begin \end
    """.split()
_TWO = r"\frac \dfrac \tfrac \cfrac \binom \overset \underset \stackrel".split()
_ARGUMENTS = dict.fromkeys((*_ONE, *_BRACKETED), 1) | dict.fromkeys(_TWO, 2)
_BRACKETS = frozenset(
    r"""
    ( ) [ ] | / . < > \| \langle \rangle \lfloor \rfloor \lceil \rceil \vert \Vert \lbrace \rbrace \uparrow
    \downarrow \updownarrow \Uparrow \Downarrow
    """.split()
)
# Of what stands before it, \limits wants an operator; a function of a name is none of one letter, as scripts want.
_OPERATORS = frozenset(r"\sum \prod \int \iint \oint \lim \limsup \liminf \max \min \sup \inf \det \gcd \Pr".split())
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
_GROUP = "\0"  # what was judged, for what is around it
_DELETION = "\1"  # where one begins
_PARTS = ("&", r"\\", "^", "_", "'", r"\limits", r"\nolimits")
_ESCAPES = {"#": r"\#", "@": r"\text{@}"}
_MAY_FAIL = frozenset("\\^_#'&@")
_INNERMOST = r"\{[^{}]*\}"
_WORDS = (*(f"\\{text}" for text in _TEXTS), "\\begin", "\\end")  # in their braces, signs are signs
# A command with its star or its option in brackets, or a character.
_OPTIONAL = (
    r"(?P<name>\\(?:(?:sqrt|x(?:right|left)arrow)\s*(?=\[[^\[\]]*\])|cfrac\s*(?=\[\s*[lcr]\s*\])))\[[^\[\]]*\]"
    r"|(?P<starred>\\operatorname)\s*\*"
)
_ITEM = rf"(?s){_OPTIONAL}|\\[A-Za-z]+|\\.|\S"

# Space of any size below nothing: `\\[-1em]`; `\!\!`, also with groups of nothing between, `\!{}\text{\!}`. Three of
# them, whatever is between, are as wide as a letter.
_MOVES = re.compile(r"\\\\\*?\[|\\!(?:[\s{}]|\\(?:text|math|bold|operator)[a-z]*(?![A-Za-z]))*\\!")
_MOST_NEGATIVE = 2


Mistake = tuple[str, int, str, str]


def tex_mistakes(tex: str) -> Iterator[Mistake]:
    """(rule, index, fragment, message) of each mistake in the TeX of one formula, as it is and with each deletion
    hidden: Anki shows `[...]` in its place, and what it holds without braces around it.
    """
    refused = list(_refused(tex))
    yield from refused
    if refused or _MAY_FAIL.isdisjoint(tex):
        return
    deletions = sorted(_deletions(tex))
    bare = _without_deletions(tex, _DELETION)
    if failure := _failure(bare):
        at, shown, message = failure
        yield "tex-command", at, shown, message
    elif (start := _broken(bare, deletions)) >= 0:
        message = "the formula breaks where this deletion is hidden: hide a whole part of it, or write {} before it"
        yield "tex-command", start, tex[start : start + 5], message


def _refused(tex: str) -> Iterator[Mistake]:
    """Commands that are not allowed; braces and pairs that are not closed."""
    if len(tex) > MAX_TEX:
        yield "limit", 0, tex[:20], f"a formula of {len(tex):,} characters: at most {MAX_TEX:,}"
        return
    bare = _without_deletions(tex)
    open_pairs: list[tuple[int, str, int]] = []  # \\begin{...} and \\left: where, which, in how many braces
    words_end = 0  # of the last \\text{...}
    depth = negative = 0
    for match in _TEX.finditer(bare):
        at, found = match.start(), match[0]
        if at < words_end and not match["brace"]:
            if found[0] == "\\" and match["sign"] not in ("$", "{", "}", "\\"):
                message = f"{found} inside of \\text is shown as it is typed: end the \\text before it"
                yield "tex-command", at, found, message
        elif match["word"] and match["word"] not in COMMANDS:
            yield "tex-command", at, found, f"TeX command {found} is not in the list of allowed commands"
        elif match["word"] in _TEXTS:
            words_end = _group_end(bare, match.end())
            if (colons := bare.find("::", match.end(), words_end)) >= 0:
                message = ":: inside of \\text is shown with braces between: leave one out"
                yield "tex-command", colons, "::", message
        elif match["word"] in ("begin", "left"):
            name = _pair(bare, match)
            open_pairs.append((at, name, depth))
            if match["word"] == "begin" and name not in _ENVIRONMENTS:
                allowed = ", ".join(sorted(_ENVIRONMENTS))
                yield "tex-command", at, found, f"TeX environment {name!r} is not one of {allowed}"
            elif _PLACED.match(bare, match.end()):
                yield "tex-command", at, found, f"[ behind {found}{{{name}}} is not shown: write {{[}}"
            elif name == "array" and not _COLUMNS.match(bare, match.end()):
                message = f"{found}{{array}} without its columns, letters l, c or r in braces: {found}{{array}}{{ll}}"
                yield "tex-command", at, found, message
        elif match["word"] in ("end", "right"):
            name = _pair(bare, match)
            if not open_pairs or open_pairs.pop()[1:] != (name, depth):
                before = "\\left" if match["word"] == "right" else f"\\begin{{{name}}}"
                yield "tex-command", at, found, f"{found} without a {before} before it"
                return
        elif match["sign"] and match["sign"] not in "\\,;:! {}%$_&#|":
            yield "tex-command", at, found, f"TeX command {found} would end or change the math"
        elif _MOVES.match(bare, match.start()) or (found == "\\!" and negative == _MOST_NEGATIVE):
            yield "tex-command", at, found, f"TeX {found} moves what follows over other text: leave it out"
        elif match["sign"] == "\\" and bare[match.end() : match.end() + 1] == "*":
            yield "tex-command", at, found, "* behind \\\\ is not shown: write a space before it"
        elif found == "\\!":
            negative += 1
        elif match["comment"]:
            yield "tex-command", at, found, "% starts a comment in TeX: write \\%"
        elif match["brace"]:
            depth += 1 if found == "{" else -1
            if depth > MAX_TEX_DEPTH:
                yield "limit", at, found, f"braces more than {MAX_TEX_DEPTH} deep in the math"
                return
            if depth < 0:
                yield "tex-command", at, found, "} without a { in the math"
                return
            if open_pairs and open_pairs[-1][2] > depth:
                yield _unended(*open_pairs[-1][:2])
                return
        elif found == "\\":
            yield "tex-command", at, found, "backslash at the end of the math"
    for at, name, _ in open_pairs[:1]:
        yield _unended(at, name)
    if depth > 0:
        yield "tex-command", 0, tex.split("\n", maxsplit=1)[0], "{ is never closed in the math"


def _unended(at: int, name: str) -> Mistake:
    found = f"\\begin{{{name}}}" if name else "\\left"
    return "tex-command", at, found, f"{found} is never ended in the math"


def _failure(tex: str) -> tuple[int, str, str] | None:
    """(index, what, message) of the first thing for which MathJax would show an error, not the formula."""
    tex = re.sub(r"(\\\\)|\\[{}]", lambda match: match[1] or "\\|", tex)
    while group := re.search(_INNERMOST, tex):
        start, end = group.span()
        inside = " " * (start + 1) + group[0][1:-1]
        if not tex[:start].rstrip().endswith(_WORDS) and (found := _flat_failure(inside)):
            return found
        tex = tex[:start] + _GROUP.ljust(end - start) + tex[end:]
    return _flat_failure(tex)


def _flat_failure(tex: str) -> tuple[int, str, str] | None:
    """The same for what holds no braces."""
    missing, waiting, scripts, before = 0, (0, "", ""), "", ""
    around: list[str] = []
    for match in re.finditer(_ITEM, tex):
        item = (match["name"] or match["starred"] or match[0]).rstrip()
        if item == _DELETION:
            if missing:
                at, command, _ = waiting
                return at, command, f"{command} wants braces, and those of a deletion are none: put others around it"
            continue
        if missing and not _may_follow(waiting[1], item):
            break
        if item in ("&", "\\\\"):
            if item == "&" and around[-1:] != ["\\begin"]:
                return match.start(), item, "& parts the columns of an array: write \\&"
            scripts = ""
        elif item == "#" or (item == "@" and tex[match.end() : match.end() + 1] in tuple("<>AV=|.")):
            return match.start(), item, f"{item} has a meaning of its own in TeX: write {_ESCAPES[item]}"
        elif item in ("^", "_", "'"):
            script = "_" if item == "_" else "^"
            if script in scripts:
                what = "subscript" if item == "_" else "superscript"
                return match.start(), item, f"second {what} of one letter: put the first part in braces"
            if item != "'":
                scripts += script
                missing, waiting = 1, _waiting(match.start(), item)
        elif item in ("\\limits", "\\nolimits"):
            if before not in _WITH_LIMITS:
                return match.start(), item, f"{item} without an operator before it, such as \\sum"
        elif item in _ARGUMENTS:
            if item in ("\\begin", "\\left"):
                around.append(item)
            elif item in ("\\end", "\\right"):
                del around[-1:]
            scripts = scripts if missing else ""
            missing, waiting, before = _ARGUMENTS[item], _waiting(match.start(), item), item
        elif missing:
            missing -= 1
        else:
            scripts, before = "", item
    return waiting if missing else None


def _may_follow(command: str, item: str) -> bool:
    """Whether an item can be what a command, ^ or _ waits for."""
    if item in _PARTS:
        return False
    if command in _BRACKETED:
        return item in _BRACKETS
    if command in ("^", "_"):
        return item not in _NO_SCRIPTS
    if command in _WORDS:
        return item == _GROUP
    return item not in _ARGUMENTS and (item != "[" or command not in _WITH_OPTION)


def _waiting(at: int, item: str) -> tuple[int, str, str]:
    """What to say if nothing comes."""
    belongs = (
        "a bracket: write one behind it, or a dot"
        if item in _BRACKETED
        else "what belongs to it: put that in braces behind it"
    )
    return at, item, f"{item} without {belongs}"


def _group_end(tex: str, start: int) -> int:
    """Where the group in braces that follows ends."""
    depth = 0
    for match in _TEX.finditer(tex, start):
        depth += (match["brace"] == "{") - (match["brace"] == "}")
        if depth <= 0:
            return match.start()
    return len(tex)


def _pair(tex: str, match: re.Match[str]) -> str:
    """The environment that a \\begin or \\end names; nothing for \\left and \\right."""
    if match["word"] in ("left", "right"):
        return ""
    name = _ENVIRONMENT.match(tex, match.end())
    return name[1] if name else "?"


def _deletions(tex: str) -> Iterator[tuple[int, int, int]]:
    """(depth, start, end) of the deletions inside the math."""
    opened: list[int] = []
    for mark in tex_marks(tex):
        if mark.kind == "open":
            opened.append(mark.start)
        elif mark.kind == "close":
            start = opened.pop()
            yield len(opened), start, mark.end


def _broken(bare: str, deletions: list[tuple[int, int, int]]) -> int:
    """Where the deletion starts without which a formula that has only blanks for their marks is none, or -1.

    Those that are inside as many others are hidden together, so none may hold half of a pair.
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
        refused = next(_refused(hidden), None)
        failure = (refused[1],) if refused else _failure(hidden)
        if failure:
            return min(starts, key=lambda start: abs(start - failure[0]))
    return -1


def _without_deletions(tex: str, begun: str = " ") -> str:
    """The TeX with the marks of cloze deletions blanked, same length; `begun` stands where one begins."""
    for mark in tex_marks(tex):
        blank = (begun if mark.kind == "open" else " ").ljust(mark.end - mark.start)
        tex = tex[: mark.start] + blank + tex[mark.end :]
    return tex


def guarded(tex: str) -> str:
    """TeX without deletions in which braces and colons are split, unseen in print: Anki would read `}}` and
    `::` as its own.
    """
    while "}}" in tex:
        tex = tex.replace("}}", "} }")
    return tex.replace("{{", "{ {").replace("::", ":{}:")
