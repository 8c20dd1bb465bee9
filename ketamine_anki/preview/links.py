"""The addresses of deck lines, to which the source line of a card on the page leads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from ketamine_anki.core.model import Position

Link = Callable[[Position], str]


def links(kind: str, page: Path, repository: str, root: Path | None) -> Link:
    """A function from a position to its address, "" for none.

    `kind` is `repository` (the line on GitHub: needs its address and `root`, the folder of the working copy), `vscode`
    (opens the editor), `file` (relative to the folder `page`) or `none`.
    """

    def address(position: Position) -> str:
        path = Path(position.path).resolve()
        if kind == "vscode":
            return f"vscode://file/{_quoted(path.as_posix().lstrip('/'))}:{position.line}:{position.column}"
        if kind == "repository" and repository and root and path.is_relative_to(root):
            return f"{repository}/blob/HEAD/{_quoted(path.relative_to(root).as_posix())}#L{position.line}"
        if kind == "file":
            try:
                return _quoted(Path(os.path.relpath(path, page.resolve())).as_posix())
            except ValueError:  # on another drive of Windows
                return path.as_uri()
        return ""

    return address


def _quoted(path: str) -> str:
    return quote(os.fsencode(path))  # the name of a file may be no text in any encoding
