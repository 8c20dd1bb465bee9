"""The command line: finds the command, runs it, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from ketamine_anki import __version__
from ketamine_anki.core.errors import EXIT_FINDINGS, EXIT_INTERNAL, EXIT_IO, EXIT_SIGNAL, EXIT_USAGE, Failure
from ketamine_anki.core.terminal import echo

# command -> the module that defines it, and the first line of its help: modules are imported only to run a command
COMMANDS = {
    "check": ("check", "Find every mistake in a collection."),
    "build": ("build", "Check a collection and compile it into an Anki package."),
    "preview": ("preview", "Show every card on one page."),
    "intake": ("intake", "Take corrections made inside Anki back into the deck files."),
    "submit": ("submit", "Send corrections made inside Anki as a pull request."),
    "init": ("init", "Make a new collection, on any subject."),
    "new": ("new", "Append a note to a subdeck."),
    "fmt": ("fmt", "Rewrite the YAML files in their canonical form."),
    "schema": ("generated", "Write JSON Schemas, for editors."),
    "stats": ("stats", "Count notes, cards and claims; name the claims that no note tests."),
    "rules": ("check", "Print the manual of the rules, or of one."),
    "shingles": ("generated", "Hash the word runs of a source text, so that no card copies it."),
    "release": ("release", "Make a release: packages, notes for learners, ledger and changelog."),
    "site": ("release", "Write the public page of the last release."),
    "diff": ("diff", "Show what changed between two packages, folders or git revisions."),
}


def _check_typed(command: click.Command, words: list[str]) -> None:
    """Refuses an option or argument that is empty, which would be taken for one that was left out, or as a path for the
    current folder; and a text (a STRING, where paths and revisions are any bytes) that shows nothing or is not UTF-8.
    """
    from ketamine_anki.core.escape import html
    from ketamine_anki.text.plain import is_blank

    typed: dict[str, Any] = {}
    with suppress(click.UsageError):  # which the command itself will report
        typed = command.make_parser(click.Context(command)).parse_args(list(words))[0]
    for parameter in command.params:
        given = typed.get(str(parameter.name))
        name = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name
        is_text = parameter.type is click.STRING
        for value in given if isinstance(given, list | tuple) else (given,):
            if not isinstance(value, str):
                continue
            if is_text and any("\udc80" <= sign <= "\udcff" for sign in value):  # PEP 383
                raise Failure(f"{name}: {value!r} is not UTF-8 text: type it again", EXIT_USAGE)
            if not value or (is_text and is_blank(html(value))):
                raise Failure(f"{name}: is empty: fill it in or leave it out", EXIT_USAGE)


def _decks() -> str:
    from ketamine_anki.workspace.folder import nearest_collection  # not loaded for --help

    return nearest_collection().as_posix()


def _beside_decks(name: str) -> str:
    """A default output: beside the collection's folder where that was found, here where it was named."""
    from ketamine_anki.workspace.folder import beside

    context = click.get_current_context()
    is_named = context.get_parameter_source("folder") is not ParameterSource.DEFAULT
    return name if is_named else beside(context.params["folder"], name).as_posix()


class _Commands(click.Group):
    """A group that knows the names of its commands and imports one only to run it."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"ketamine_anki.cli.{COMMANDS[name][0]}"), name)
        for parameter in command.params:
            if parameter.default == "decks":
                parameter.default = _decks
            elif parameter.name == "output" and isinstance(parameter.default, str):
                parameter.default = partial(_beside_decks, parameter.default)
        return command

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        try:
            name, command, rest = super().resolve_command(context, args)
        except click.UsageError as error:
            from ketamine_anki.core.suggestion import closest

            close = closest(args[0], COMMANDS)
            if close:
                raise click.UsageError(f"No such command {args[0]!r}. Did you mean {close!r}?", context) from error
            raise
        if command and not context.resilient_parsing:  # which completes a line that is being typed
            _check_typed(command, rest)
        return name, command, rest

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `ketamine-anki check`, then `ketamine-anki build`; the package is in dist/.",
)
@click.version_option(__version__, "-V", "--version")
def cli() -> None:
    """Flashcards as code: YAML notes, checked and compiled into Anki packages."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the program and exits. Shows no traceback unless KETAMINE_ANKI_DEBUG is set."""
    _prepare_streams()
    _catch_signals()
    try:
        # click returns the code of an Exit that a command raised, else what the command returned. It would take the
        # * and $ of a note's text for names of files and variables, were it to expand arguments on Windows.
        result = cli.main(arguments, "ketamine-anki", standalone_mode=False, windows_expand_args=False)
        sys.stdout.flush()
        code = result if isinstance(result, int) else 0
    except (Exception, KeyboardInterrupt, _Terminated) as error:
        # Python before 3.12 hides a signal that arrives while a class is made behind an error of its own
        cause = error.__cause__ if isinstance(error.__cause__, KeyboardInterrupt | _Terminated) else error
        code, message = _explain(cause)
        if code == EXIT_INTERNAL and os.environ.get("KETAMINE_ANKI_DEBUG"):
            raise
        with suppress(OSError, ValueError):
            for line in message.split("\n") if message else ():
                echo(line, err=True)
        if isinstance(error, OSError):
            _discard_output()
    sys.exit(code)


def _explain(error: BaseException) -> tuple[int, str]:
    """The exit code for an error, and what to print about it."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            code, sentence = EXIT_SIGNAL + signal.SIGINT, "interrupted"
        case _Terminated():
            code, sentence = EXIT_SIGNAL + error.args[0], "terminated"
        case click.ClickException():  # of click's own: a usage error comes with the usage
            text = io.StringIO()
            error.show(file=text)
            return error.exit_code, text.getvalue().removesuffix("\n")
        case Failure():
            code, sentence = error.exit_code, str(error)
        case BrokenPipeError():  # the reader of the output has gone, as with `| head`: findings may be lost
            return EXIT_FINDINGS, ""
        case OSError():
            code, sentence = EXIT_IO, f"{error.filename or 'input or output'}: {error.strerror or error}"
        case MemoryError():
            code, sentence = EXIT_IO, "not enough memory"
        case ImportError():
            code, sentence = EXIT_IO, f"cannot load a part of the program or of Python: {error}"
        case _:
            where = "please report it; KETAMINE_ANKI_DEBUG=1 shows where"
            code, sentence = EXIT_INTERNAL, f"internal error ({type(error).__name__}: {error}): {where}"
    return code, "ketamine-anki: " + sentence.replace("\n", "\\n")


def _prepare_streams() -> None:
    """Any output is UTF-8, whatever the locale; a stream that the shell closed (>&-) is one that keeps nothing."""
    if sys.stdout is None or sys.stderr is None:
        nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _discard_output() -> None:
    """Sends what is still in the buffer of standard output nowhere: Python would fail to write it once more at exit
    and change the exit code.
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


# Requests to end, beside Ctrl-C: of `kill`, a terminal that closes (on Windows the last), Ctrl-\, a limit of processor
# time.
_ENDINGS = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU", "SIGBREAK")


class _Terminated(BaseException):
    """One of _ENDINGS arrived, the signal of this number."""


def _catch_signals() -> None:
    """Lets requests to end unwind the stack, so that nothing half-written is left."""

    def terminate(number: int, frame: object) -> None:
        raise _Terminated(number)

    for name in _ENDINGS:
        number = getattr(signal, name, None)  # Windows has few of them
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, terminate)
