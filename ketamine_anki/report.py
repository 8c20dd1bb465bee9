"""Findings -> what is printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ketamine_anki.characters import printable
from ketamine_anki.model import Finding


def as_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """`path:line:column: message [rule]`, one line each."""
    for finding in findings:
        path, line, column = finding.position
        yield printable(f"{path}:{line}:{column}: {finding.message} [{finding.rule}]".replace("\n", "\\n"))
