"""Finds the known name that a mistyped one is most like: the one "did you mean" of the program."""

from __future__ import annotations

from collections.abc import Iterable


def closest(typed: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known name most like `typed`, without regard to case; "" when none is as like it as difflib's `likeness`."""
    import difflib  # loaded only for mistakes

    names = {name.casefold(): name for name in known}
    matches = difflib.get_close_matches(typed.casefold(), list(names), 1, likeness)
    turned = [
        name for name in names if sorted(name) == sorted(typed.casefold())
    ]  # of short names the likeness is small
    return names[(matches or turned)[0]] if matches or turned else ""


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """`: did you mean 'x'?`, to append to a message about an unknown name; "" when no known name is like it."""
    name = closest(typed, known)
    return f": did you mean {name!r}?" if name else ""
