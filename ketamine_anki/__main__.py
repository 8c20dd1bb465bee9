"""The program, as `ketamine-anki` and as `python -m ketamine_anki`."""

import sys


def main() -> None:
    """Runs the command line; says in one line, too, that it was interrupted while it was still being loaded."""
    try:
        from ketamine_anki import cli
    except KeyboardInterrupt:
        print("ketamine-anki: interrupted", file=sys.stderr)
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
