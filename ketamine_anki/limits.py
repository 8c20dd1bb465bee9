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

# Packages that are read back. Together they keep the reader below 300 MB and 5 seconds.
MAX_PACKAGE_BYTES = 96 * 1024 * 1024
MAX_UNPACKED_BYTES = 512 * 1024 * 1024  # as the zip directory says; few of them are unpacked
MAX_ENTRIES = 20_000
MAX_DATABASE_BYTES = 32 * 1024 * 1024
MAX_JSON_BYTES = 4 * 1024 * 1024
MAX_PACKAGED_NOTES = 60_000
MAX_PACKAGED_CARDS = 500_000
MAX_CONTENT_BYTES = 112 * 1024 * 1024  # memory of all note texts
MAX_DATABASE_SECONDS = 3.0
MAX_LEDGER_BYTES = 64 * 1024 * 1024
