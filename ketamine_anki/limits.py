"""The largest that anything in a collection may be: far above honest need, far below harm."""

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 8
MAX_NOTES = 5_000  # in one file
MAX_ITEMS = 1_000  # in any other list
MAX_TEXT = 20_000  # characters of one text
MAX_TAGS = 50
MAX_PICTURE_BYTES = 10 * 1024 * 1024
MAX_PICTURE_SIDE = 8_000  # pixels
MAX_MEDIA_BYTES = 100 * 1024 * 1024  # all pictures together
MAX_FILES = 20_000
MAX_LEDGER_BYTES = 64 * 1024 * 1024
