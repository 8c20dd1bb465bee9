"""Progress of long work: a bar on the terminal once a second has passed; nothing anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TypeVar

import click

_QUIET = 1.0  # seconds: what is done by then needs no bar

T = TypeVar("T")


def shown(items: Iterable[T], total: Callable[[], int], label: str) -> Iterator[T]:
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
