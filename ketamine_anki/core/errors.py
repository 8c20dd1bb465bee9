"""Exit codes, and the exception for every failure that its user can understand."""

from __future__ import annotations

EXIT_FINDINGS = 1  # the collection has findings, or something is left to do
EXIT_USAGE = 2  # wrong arguments, or files that the command cannot work with
EXIT_INTERNAL = 70  # a bug in the program (sysexits.h: EX_SOFTWARE)
EXIT_IO = 74  # a file, the disk, git or the memory failed (sysexits.h: EX_IOERR)
EXIT_SIGNAL = 128  # plus the number of the signal that ended the program, as shells report it


class Failure(Exception):  # noqa: N818 - it ends the command, nobody handles it
    """Ends the command with one sentence on standard error, and an exit code."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
