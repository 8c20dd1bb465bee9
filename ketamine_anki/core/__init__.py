"""What all other packages share: the values that flow, limits, findings, errors, Unicode, escaping, templates.

In: nothing. Out: `Note`, `Deck`, `Collection`, `Finding` and the words they are made of. It imports none of the other
packages and opens no file of a collection.
"""
