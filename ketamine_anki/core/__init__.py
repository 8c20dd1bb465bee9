"""What every room knows: the values that flow, limits, findings, errors, Unicode.

In: nothing. Out: `Note`, `Deck`, `Collection`, `Finding` and the words they are made of. It knows no file, no YAML,
no HTML and no Anki.
"""
