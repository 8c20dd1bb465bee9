"""Text that anyone may have written, escaped for each medium in which it leaves the program: one function for each.

GitHub's runner obeys a line of a log that starts with `::`, after blanks too, and `##[` anywhere in a line; GitHub's
Markdown makes links and notifications of mere addresses and names.
"""

from __future__ import annotations

import re
from typing import Any

from ketamine_anki.core.characters import printable

# Patterns are strings: `re` compiles each when a text first needs it.
_COMMAND = r"(\s*):(?=:)"
_MARKUP = r"([\\`*_\[\]|~$#@])"
# What makes a list, or a command of the runner, at the start of a text.
_BLOCK = r"(?P<before>\s*\d*)(?:(?<!\d)[-+=](?=[-=\s]|$)|(?<=\d)[.)](?=\s|$)|(?<!\d):(?=:))"
# Not for the eye: a character without width between the parts of what GitHub would link, notify, obey or draw as an
# emoji, and between every six characters of the name of a commit, which has at least seven. A decimal number
# stays whole.
_APART = "\u200b"
_EMOJI = r":(?=(?-i:\d*[a-z][a-z0-9\\_+-]*|[+-]1|100|1234):)"
_LINKED = (
    rf"(?i)(\\?[@#](?=\w)|\b(?:https?|ftp|mailto|xmpp):(?=\S)|\bwww(?=\.)|\bGH-(?=\d)|{_EMOJI}"
    # what keeps CI from running: [skip ci], [no ci], [ci skip], skip-checks: true
    r"|\[(?=[^\[\]]*\b(?:skip|no)\b)|\bskip-(?=checks\b))"
)
_COMMIT = r"(?i)\b(?=\d*[a-f])[0-9a-f]{7,40}\b"


def html(text: str, *, quote: bool = False) -> str:
    """The HTML that shows a text; with `quote`, safe inside an attribute as well. The same as `html.escape`, whose
    module takes long to load.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#x27;") if quote else text


def markdown(text: str) -> str:
    """The GitHub Markdown that shows a text character by character, on one line."""
    parts = map(printable, text.replace("\n", " / ").split("##["))  # which is obeyed no more once it is escaped below
    shown = re.sub(_MARKUP, r"\\\1", html("##[".join(parts)))
    if start := re.match(_BLOCK, shown):
        end = start.end("before")
        shown = f"{shown[:end]}\\{shown[end:]}"
    return _parted(shown).replace(_APART, "&#8203;")


def commit_message(line: str) -> str:
    """One line, escaped for the message of a commit, or for a block of code in the text of a pull request, which may
    become one. Unescaped, it could link, notify and close issues on GitHub, and give orders to CI.
    """
    return _parted(terminal(line))


def _parted(text: str) -> str:
    text = re.sub(_COMMIT, lambda name: _APART.join(re.findall(".{1,6}", name[0])), text)
    return re.sub(_LINKED, rf"\1{_APART}", text)


def terminal(line: object) -> str:
    """One line for a terminal or a log: nothing in it steers, hides or is obeyed."""
    text = printable(str(line)).replace("\n", "\\n")
    return re.sub(_COMMAND, r"\1\\x3a", text, count=1) if re.match(_COMMAND, text) else text


def terminal_block(text: str) -> str:
    """Several lines for a terminal or a log."""
    return "\n".join(map(terminal, text.split("\n")))


def annotation(text: str) -> str:
    """A text, escaped as the message of a workflow command of GitHub."""
    return printable(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def annotation_property(text: str) -> str:
    """A text, escaped as a property of a workflow command of GitHub, such as its file."""
    return annotation(text).replace(":", "%3A").replace(",", "%2C")


def sarif(text: str) -> str:
    """A message of SARIF, in which `[text](target)` would be a link (SARIF 2.1.0, 3.11.6)."""
    return text.replace("](", "]\u200b(")


def json_text(value: Any, indent: int = 2) -> str:
    """A value as JSON, SARIF included: ASCII, so that no character hides or steers."""
    import json  # loaded only for reports and packages

    return json_part(json.dumps(value, indent=indent, ensure_ascii=True))


def json_part(text: str) -> str:
    """Some tokens of a JSON text in ASCII, with what a runner would obey escaped."""
    return text.replace("##[", "#\\u0023[")
