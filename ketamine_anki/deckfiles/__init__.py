"""The YAML files of a collection <-> values.

In: bytes of a file. Out: decks and collections with the place of each value, or findings; and back: canonical or
edited YAML. One table, `schema`, says what may stand in which file. It opens no file and knows no Anki.
"""
