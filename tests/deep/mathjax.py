"""Formulas that we let through, asked of the MathJax that Anki shows them with, by name:

    npm install --prefix FOLDER mathjax@3.2.2         # needs node
    python tests/deep/mathjax.py FOLDER [COUNT] [SEED]     # 2,000 random formulas take some seconds

Prints each for which MathJax shows an error, and each in which letters z that were typed are not shown; ends with 1 if
there are any.
"""

from __future__ import annotations

import html
import json
import random
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ketamine_anki.anki.cards import cloze
from ketamine_anki.text.render import render
from ketamine_anki.text.tex import _ENVIRONMENTS, COMMANDS

# Anki's configuration, but for the package that hides errors.
ASKED = """
require("mathjax").init({
  loader: {load: ["adaptors/liteDOM", "input/tex-full", "output/chtml", "[tex]/mathtools"]},
  tex: {packages: {"[+]": ["mathtools"], "[-]": ["textmacros", "noerrors", "noundefined"]}},
}).then((MathJax) => {
  const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));
  console.log(JSON.stringify(formulas.map((tex) => MathJax.tex2mml(tex))));
});
"""
_COMMANDS, _NAMES = sorted(COMMANDS), sorted(_ENVIRONMENTS)
_SIGNS = "zzzzz0129+-=().,|/<>[]:;!*?@ éµ→±α"
_LEFT, _RIGHT = (
    ("(", "[", r"\{", "|", ".", "z", r"\langle", "<", r"\|", "{", " "),
    (")", "]", r"\}", "|", ".", ">", "z"),
)


def formula(chance: random.Random, most: int) -> str:
    return "".join(_piece(chance) for _ in range(chance.randint(0, most)))


def _piece(chance: random.Random) -> str:
    kind = chance.choices(range(8), (28, 30, 15, 12, 8, 5, 5, 5))[0]
    if kind == 0:
        return chance.choice(_SIGNS)
    if kind == 1:
        return chance.choice(_COMMANDS) + chance.choice((" ", "", " ", "{z}", "{z}{z}", "[z]"))
    if kind == 2:
        return chance.choice(("^", "_", "'", "&", "\\\\", "~", *(f"\\{sign}" for sign in ",;:! {}%$_&#|/")))
    if kind == 3:
        return f"{{{formula(chance, 3)}}}"
    if kind == 4:
        name, options = chance.choice(_NAMES), ("{cc}", "[t]{l}", "[z]", "[t]", "{z}", "z", "")
        return rf"\begin{{{name}}}{chance.choice(options)}{formula(chance, 4)}\end{{{name}}}"
    if kind == 5:
        words = "".join(chance.choice(_SIGNS + "%&#_^'~\\{}") for _ in range(4))
        return rf"\{chance.choice(('text', 'textbf'))}{{{words}}}"
    if kind == 6:
        return f"{{{{c1::{formula(chance, 3)}}}}}"
    return rf"\left{chance.choice(_LEFT)}{formula(chance, 3)}\right{chance.choice(_RIGHT)}"


def let_through(count: int, seed: int) -> dict[str, list[str]]:
    """{formula: what the card holds of it, on the answer and, if it holds a deletion, on the question}"""
    chance = random.Random(seed)
    found: dict[str, list[str]] = {}
    while len(found) < count:
        tex = formula(chance, 4).strip()
        hides = "{{c1::" in tex
        rendered = render(f"${tex}$.", {}, cloze=hides)
        if not rendered.findings and re.fullmatch(r"\\\(.*\\\)\.", rendered.html, re.DOTALL):
            sides = [cloze(rendered.html, 1, answer=answer) for answer in (True, False)[: 1 + hides]]
            found[tex] = [html.unescape(side)[2:-3] for side in sides]
    return found


def wrong(tex: str, sides: list[str]) -> str:
    """What is wrong with what MathJax makes of a formula."""
    for mathml in sides:
        if error := re.search('data-mjx-error="([^"]*)"', mathml):
            return html.unescape(error[1])
    letters = unicodedata.normalize("NFKC", html.unescape(re.sub("<[^>]*>", "", sides[0])))
    typed = re.sub(r"\\(?:(?:begin|end)\{\w+\}|[A-Za-z]+|.)", "", tex)
    return "" if letters.count("z") == typed.count("z") else f"shown as {''.join(letters.split())}"


def main(folder: str, count: str = "2000", seed: str = "1") -> int:
    formulas = let_through(int(count), int(seed))
    asked = json.dumps([side for sides in formulas.values() for side in sides])
    done = subprocess.run(
        ["node", "-e", ASKED], cwd=folder, input=asked, capture_output=True, encoding="utf-8", check=True
    )
    answers = iter(json.loads(done.stdout.split("\n")[-2]))
    said = {tex: wrong(tex, [next(answers) for _ in sides]) for tex, sides in formulas.items()}
    failed = [tex for tex in sorted(said, key=len) if said[tex]]
    for tex in failed:
        print(f"{tex!r}: {said[tex]}")
    print(f"{len(formulas):,} formulas, {len(failed)} not shown as they are typed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
