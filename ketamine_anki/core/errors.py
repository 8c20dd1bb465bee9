"""How the program ends when it cannot go on: one sentence and an exit code."""

from __future__ import annotations

EXIT_FINDINGS, EXIT_USAGE, EXIT_INTERNAL, EXIT_MEMORY, EXIT_CANNOT_CREATE, EXIT_IO = 1, 2, 70, 71, 73, 74


class Failure(Exception):  # noqa: N818 - it is said on the command line, not caught
    """One sentence on standard error and an exit code; the way every expected failure ends."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
