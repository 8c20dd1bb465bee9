"""Flashcards as code: YAML notes, checked and compiled into Anki packages."""

__version__ = "0.1.0"
