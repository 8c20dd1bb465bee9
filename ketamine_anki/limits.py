"""The largest that anything in a collection may be: far above honest need, far below harm."""

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 8
MAX_NOTES = 5_000  # in one file
MAX_ITEMS = 1_000  # in any other list, and keys in one mapping
MAX_VALUES = 150_000  # keys, texts and lists in one file
MAX_TEXT = 20_000  # characters of one text
MAX_NAME = 200  # characters of an id, a tag, a key, the name of a deck
MAX_TAGS = 50
MAX_CLOZE_DEPTH = 8  # deletions inside one another; Anki leaves out what is deeper than about ten
MAX_TEX = 1_000  # characters of one formula
MAX_TEX_DEPTH = 20  # braces inside one another
MAX_LINES = 200  # of one text
MAX_BRACKETS = 100  # signs [ in one text
MAX_SIGNS = 1_000  # of Markdown and math in one text
MAX_COLUMNS = 20  # of a table
MAX_PER_FILE = 50  # refused characters that are listed of one file
MAX_PER_TEXT = 20  # mistakes that are listed of one text
MAX_FINDINGS = 1_000  # after so many the check stops
MAX_MESSAGE = 300  # characters
MAX_PICTURE_BYTES = 10 * 1024 * 1024
MAX_PICTURE_NAME = 80  # characters
MAX_PICTURE_EXTRAS = 64 * 1024  # bytes of a picture that are not pixels: colour profile, words, dates
MAX_PICTURE_SIDE = 8_000  # pixels
MAX_PICTURE_AREA = 25_000_000  # pixels; a viewer takes four bytes for each
MAX_MEDIA_BYTES = 100 * 1024 * 1024  # all pictures together
MAX_PICTURES = 5_000
MAX_FILES = 20_000
MAX_DECKS_BYTES = 200 * 1024 * 1024  # all deck files together; 100,000 long notes take half of it
MAX_CHANGELOG_BYTES = 16 * 1024 * 1024
MAX_GIT_BYTES = 64 * 1024 * 1024  # of a list that git makes

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
