"""Corrections that come back from Anki become edits of the YAML files.

In: the notes of a package or a text export, and the collection. Out: changes and proposals, and the new text of deck
files. It does not know files, folders or the terminal.
"""
