"""What must hold of every finding and every rendered text, whatever was typed; said once for all tests."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import NamedTuple

import generators

from ketamine_anki.anki.compile import compile_note
from ketamine_anki.core.characters import kind, refused
from ketamine_anki.core.model import Finding, Position
from ketamine_anki.core.report import as_frames, as_json, as_lines, as_sarif
from ketamine_anki.deckfiles.reader import read_deck, sorted_findings
from ketamine_anki.rules.checker import Check, manual
from ketamine_anki.rules.view import View
from ketamine_anki.text.mathml import with_mathml
from ketamine_anki.text.render import Rendered, render, render_note

_TAG = re.compile(r"<(?P<end>/?)(?P<tag>[a-z0-9]+)(?P<attributes>[^<>]*)>")
_VOID = {"br", "img", "hr"}
_TAGS = set("a br code em img li ol p pre strong table tbody td th thead tr ul".split())
_ATTRIBUTES = {
    "a": re.compile(r' href="(?:https?://|mailto:)[^\s"<>]+"', re.IGNORECASE),
    "img": re.compile(r' src="[A-Za-z0-9._-]+" alt="[^"]*"'),
    "ol": re.compile(r'(?: start="[0-9]+")?'),
    "td": re.compile(r'(?: class="(?:left|center|right)")?'),
    "th": re.compile(r'(?: class="(?:left|center|right)")?'),
}
# What Anki and its MathJax obey, as they look for it: in the HTML of the field.
_COMMAND = re.compile(r"\[(?:/?latex|/?\$\$?)\]|\[(?:sound|anki):|\[\[type:", re.IGNORECASE)


class Mistake(NamedTuple):
    """A finding about one text, with the offset and the fragment that its position was made from."""

    rule: str
    start: int
    fragment: str
    message: str


def mistakes(text: str, media: Mapping[str, str] | None = None, *, cloze: bool = False) -> list[Mistake]:
    """The findings about one text."""
    found = render(text, media or {}, cloze=cloze, locate=lambda start, fragment: Position(fragment, start, 1)).findings
    return [Mistake(rule, position.line, position.path, message) for position, rule, message in found]


def check_finding(finding: Finding, lines: tuple[str, ...]) -> None:
    """A finding stands inside its file, says something, and is safe to print."""
    _, line, column = finding.position
    assert 1 <= line <= max(len(lines), 1), (finding, len(lines))
    typed = lines[line - 1] if lines else ""
    assert 1 <= column <= len(typed) + 1, (finding, len(typed))
    assert finding.message
    check_printable("".join(as_lines([finding])))


def check_printable(said: str) -> None:
    """A line of output holds no control, bidirectional or invisible character but joiners and marks where a card may
    hold them, and commands no runner.
    """
    assert not said.startswith("::"), said
    assert "##[" not in said, said
    hiding = {index for index, _ in refused(said)}
    odd = [c for index, c in enumerate(said) if kind(c) and (kind(c) != "context" or index in hiding)]
    odd = [c for c in odd if not "\uff01" <= c <= "\uff5e"]
    assert not odd, (said, odd)


def check_rendered(rendered: Rendered, *, cloze: bool) -> None:
    """Without mistakes: allowed elements and attributes only, balanced; no command of Anki, no braces but in math."""
    if rendered.findings:
        return
    check_html(rendered.html)
    deletions = len(rendered.markup.deletions) if cloze else 0
    assert rendered.html.count("{{c") == deletions, rendered.html
    bare = re.sub(r"(?s)\\\(.*?\\\)|\\\[.*?\\\]" + r"|\{\{c\d+::|\}\}" * cloze, "", rendered.html)
    assert not re.search(r"[{}]|\\[()\[\]]", bare), rendered.html


def check_html(body: str) -> None:
    """Allowed elements and attributes, balanced; everything else is text."""
    stack = []
    assert "<" not in _TAG.sub("", body), body
    for match in _TAG.finditer(body):
        tag = match["tag"]
        assert tag in _TAGS, body
        if match["end"]:
            assert not match["attributes"], body
            assert stack, body
            assert stack.pop() == tag, body
            continue
        assert _ATTRIBUTES.get(tag, re.compile("")).fullmatch(match["attributes"]), body
        if tag not in _VOID:
            stack.append(tag)
    assert not stack, body
    assert not _COMMAND.search(body), body


def text_of(body: str) -> str:
    """What HTML shows: tags away, line breaks as \\n, references resolved."""
    return html.unescape(re.sub("<[^>]*>", "", body.replace("<br>", "\n")))


def shown_lines(text: str) -> tuple[str, ...]:
    """The lines of a file as an editor counts them."""
    return tuple(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def take_deck(data: bytes) -> None:
    """Does with a deck file all that the program does; every finding stands inside the file."""
    collection = generators.collection()
    lines = shown_lines(data.decode("utf-8", "replace"))
    deck, findings = read_deck("d.yaml", data)
    check = Check(collection)
    if deck is not None:
        findings += check.deck(deck)
        for note in deck.notes:
            found = check.note(View(note, collection))
            findings += found
            rendered = render_note(note, collection)
            for key, shown in rendered.items():
                check_rendered(shown, cloze=key == "text")
                with_mathml(shown.html)
            if not found and deck.name in collection.decks:
                assert all(not shown.findings for shown in rendered.values())
                compile_note(note, collection, rendered)
        findings += check.finish()
    for finding in findings:
        assert finding.rule in manual()
        if finding.position.path == "d.yaml":
            check_finding(finding, lines)
    findings = sorted_findings(findings)
    assert len(list(as_lines(findings))) == len(list(as_frames(findings, lambda path: lines))) == len(findings)
    assert as_json(findings)
    assert as_sarif(findings, manual(), "1.0.0")
