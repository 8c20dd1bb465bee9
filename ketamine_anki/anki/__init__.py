"""Notes <-> what Anki stores.

In: notes. Out: compiled notes, cards, packages; and back: the notes in a package or a text export that somebody else
may have made. It knows no release and no rule.
"""
