"""Corrections that come back from Anki -> edits of the YAML files.

In: the notes of a package or export, and the collection. Out: proposals, and the new text of deck files.
"""
