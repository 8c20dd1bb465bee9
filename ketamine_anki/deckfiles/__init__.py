"""The files of a collection: YAML <-> values, pictures, hashes of the source text.

In: the bytes of a file. Out: decks and the collection with the place of each value, or findings; and back: canonical or
edited YAML. One table, `schema`, says what each YAML file may contain. Opens no file and knows nothing of Anki.
"""
