"""The command line: read, call, print, exit code. Commands are imported when they are called."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import click

from ketamine_anki import __version__
from ketamine_anki.core.characters import printable
from ketamine_anki.core.errors import EXIT_INTERNAL, EXIT_IO, EXIT_MEMORY, Failure
from ketamine_anki.core.terminal import echo

# name -> first line of its help; the module of that name in this package holds `command`
COMMANDS = {
    "check": "Find every mistake in a collection.",
    "build": "Check a collection and compile it into an Anki package.",
    "preview": "Show every card on one page.",
    "intake": "Take corrections made inside Anki back into the deck files.",
    "init": "Make a new collection, on any subject.",
    "new": "Append a note to a subdeck.",
    "fmt": "Rewrite the YAML files in their canonical form.",
    "schema": "Write JSON Schemas, for editors.",
    "stats": "Count notes, cards and claims; name the claims that no note tests.",
    "rules": "Print the manual of the rules, or of one.",
    "shingles": "Hash the word runs of a source text, so that no card copies it.",
    "release": "Make a release: packages, notes for learners, ledger and changelog.",
    "diff": "Show what changed between two packages, folders or git revisions.",
}


class _Commands(click.Group):
    """A group that knows its commands' names and imports one only to run it."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"ketamine_anki.cli.{name}")
        command: click.Command = module.command
        return command

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            from ketamine_anki.core.suggestion import closest

            if name := closest(args[0], COMMANDS):
                raise click.UsageError(f"No such command {args[0]!r}. Did you mean {name!r}?", context) from error
            raise

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `ketamine-anki check`, then `ketamine-anki build`; the package is in dist/.",
)
@click.version_option(__version__, "-V", "--version")
def cli() -> None:
    """Flashcards as code: YAML notes, checked and compiled into Anki packages."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the program and exits. Never shows a traceback unless KETAMINE_ANKI_DEBUG is set."""
    if sys.stdout is None or sys.stderr is None:  # the shell closed it, as with >&-
        nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    for name in _ENDINGS:
        number = getattr(signal, name, None)  # Windows has few of them
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, _terminate)
    try:
        # click returns the code of an Exit that a command raised, else what the command returned
        ended = cli.main(arguments, prog_name="ketamine-anki", standalone_mode=False)
        if sys.stdout is not None:  # none when it was closed by the caller
            sys.stdout.flush()
        code = ended if isinstance(ended, int) else 0
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(file=shown)
        with suppress(OSError, ValueError):
            click.echo(printable(shown.getvalue()), err=True, nl=False)
        code = error.exit_code
    except Failure as error:
        _say(str(error))
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        code = 130
    except _Terminated as error:
        _say("terminated")
        code = 128 + error.number
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        code = 1  # as click says when it breaks earlier: not 0, for findings may be lost
        _drop_output()
    except OSError as error:
        _say(f"{error.filename or 'input or output'}: {error.strerror or error}")
        code = EXIT_IO
        _drop_output()
    except MemoryError:
        _say("not enough memory")
        code = EXIT_MEMORY
    except ImportError as error:
        if os.environ.get("KETAMINE_ANKI_DEBUG"):
            raise
        _say(f"a part of the program or of Python cannot be loaded: {error}")
        code = EXIT_IO
    except Exception as error:
        if os.environ.get("KETAMINE_ANKI_DEBUG"):
            raise
        # Python before 3.12 hides a signal that comes while a class is made behind an error of its own
        cause = error.__cause__
        if isinstance(cause, KeyboardInterrupt | _Terminated):
            _say("interrupted")
            sys.exit(130 if isinstance(cause, KeyboardInterrupt) else 128 + cause.number)
        _say(f"internal error ({type(error).__name__}: {error}): please report it; KETAMINE_ANKI_DEBUG=1 shows where")
        code = EXIT_INTERNAL
    sys.exit(code)


def _drop_output() -> None:
    """What could not be written must not be tried again when Python ends: that would change the exit code."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _say(sentence: str) -> None:
    with suppress(OSError, ValueError):
        echo(f"ketamine-anki: {sentence}", err=True)


# Requests to end, beside Ctrl-C: of `kill`, a terminal that closes, Ctrl-\\, a limit of processor time.
_ENDINGS = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU")


class _Terminated(BaseException):
    """One of _ENDINGS arrived."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _terminate(number: int, frame: object) -> None:
    raise _Terminated(number)
