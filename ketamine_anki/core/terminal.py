"""What is printed on a terminal: safe lines, counts, colour, and a bar for long work."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TypeVar

import click

from ketamine_anki.core.characters import printable

_QUIET = 1.0  # seconds: what is done by then needs no bar

T = TypeVar("T")


def with_progress(items: Iterable[T], total: Callable[[], int], label: str) -> Iterator[T]:
    """The same items. `total`, asked only when a bar is shown, is how many there will be."""
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
            elif time.monotonic() - start > _QUIET:
                bar = stack.enter_context(click.progressbar(length=total(), label=label, file=sys.stderr))
                bar.update(number)


def echo(line: object, *, err: bool = False) -> None:
    """Prints one line, of which a file's name or a deck may be part: nothing in it steers a terminal."""
    click.echo(printable(str(line)).replace("\n", "\\n"), err=err)


def counted(number: int, what: str) -> str:
    """`1 note`, `2 notes`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def colourful(terminal: bool) -> bool:
    """Whether to colour: as NO_COLOR (no-color.org) and FORCE_COLOR say, else on a terminal that can."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")
