"""Converts notes to what Anki stores, and back.

In: notes and their rendered texts. Out: compiled notes, cards and packages; and the notes in a package or a text
export, which may come from a stranger. It does not know releases or rules.
"""
