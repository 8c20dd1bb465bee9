"""Printing to a terminal: escaped lines, counts, colour, and a progress bar for long work."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TypeVar

import click

from ketamine_anki.core import escape

_SECONDS_WITHOUT_BAR = 1.0

T = TypeVar("T")


def with_progress(items: Iterable[T], total: Callable[[], int], label: str) -> Iterator[T]:
    """Yields the items; on a terminal shows a bar once that has taken a second. `total`, called only then, is
    the number of items.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    start = time.monotonic()
    bar = None
    with ExitStack() as stack:
        for number, item in enumerate(items, 1):
            yield item
            if bar is not None:
                bar.update(1)
            elif time.monotonic() - start > _SECONDS_WITHOUT_BAR:
                bar = stack.enter_context(click.progressbar(length=total(), label=label, file=sys.stderr))
                bar.update(number)


def echo(line: object, *, err: bool = False) -> None:
    """Prints one line; control characters in it, of a file name or a deck, are escaped."""
    click.echo(escape.terminal(line), err=err)


def confirmed(question: str, *, default: bool = False) -> bool:
    """Whether the user agrees; the question is escaped as by `echo`."""
    return click.confirm(escape.terminal(question), default=default, err=True)


def counted(number: int, noun: str) -> str:
    """`1 note`, `2 notes`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def use_colour() -> bool:
    """Whether standard output gets colours: NO_COLOR (no-color.org) forbids them, FORCE_COLOR demands them, else
    it must be a terminal that can show them.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
