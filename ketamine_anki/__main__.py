"""`python -m ketamine_anki` is the same program as `ketamine-anki`."""

from ketamine_anki.cli import main

if __name__ == "__main__":
    main()
