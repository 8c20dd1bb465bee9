"""Upper limits of everything that is read: far above what a real collection needs, far below what does harm."""

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
MAX_COMMENTS = 5_000  # in a file that `fmt` rewrites
MAX_PER_FILE = 50  # refused characters that are listed of one file
MAX_PER_TEXT = 20  # mistakes that are listed of one text
MAX_FINDINGS = 1_000  # after these the check stops
MAX_MESSAGE = 300  # characters
# These keep the search for nearly equal notes linear in the number of notes.
MAX_HOLDERS = 300  # notes that are remembered for one of their rare words
MAX_COMPARED = 25  # earlier notes compared with one note: that share two rare words with it, and that share one
MAX_MORE_COMPARED = 50_000  # comparisons beyond these, over all notes
MAX_PICTURE_BYTES = 10 * 1024 * 1024
MAX_PICTURE_NAME = 80  # characters
MAX_PICTURE_EXTRAS = 64 * 1024  # bytes of a picture that are not pixels: colour profile, words, dates
MAX_PICTURE_SIDE = 8_000  # pixels
MAX_PICTURE_AREA = 25_000_000  # pixels; a viewer takes four bytes for each
MAX_MEDIA_BYTES = 64 * 1024 * 1024  # all pictures together
MAX_PICTURES = 2_000
MAX_FILES = 20_000
MAX_DECKS_BYTES = 200 * 1024 * 1024  # all deck files together; 100,000 long notes take half of it
MAX_CHANGELOG_BYTES = 16 * 1024 * 1024
MAX_GIT_BYTES = 64 * 1024 * 1024  # of a list that git makes
MAX_FILE_NAME = 200  # bytes

# Packages and text exports, which may come from a stranger. Together these limits keep `intake` and `diff` below one
# second and 200 MB.
MAX_PACKAGE_BYTES = 80 * 1024 * 1024
MAX_WRAPPED_BYTES = 32 * 1024 * 1024  # of a package in a zip file; GitHub takes 25 MB
MAX_UNPACKED_BYTES = 512 * 1024 * 1024  # as the zip directory declares; only a part is ever unpacked
MAX_ENTRIES = 20_000
MAX_ENTRY_NAME = 255  # bytes
MAX_DATABASE_BYTES = 16 * 1024 * 1024
MAX_DATABASE_SECONDS = 0.7
MAX_TABLES = 200  # and indexes
MAX_JSON_BYTES = 2 * 1024 * 1024  # of a list of pictures, of a value in the database
MAX_WIRE_FIELDS = 150_000  # of all protobuf messages: five for each of 20,000 pictures, and a reserve
ZSTD_WINDOW_LOG = 23  # 8 MiB: what a zstd decoder must support (RFC 8878, 3.1.1.1.2); Anki uses 2 MiB
MAX_PACKAGED_NOTES = 6_000
MAX_PACKAGED_CARDS = 30_000
MAX_PACKAGED_FIELD = 200_000  # characters; a text of 20,000 is shorter as HTML
MAX_PACKAGED_TAGS = 500  # of one note
MAX_CONTENT_BYTES = 24 * 1024 * 1024  # of memory for all note texts
MAX_EXPORT_BYTES = 4 * 1024 * 1024  # of a text export
MAX_EXPORT_HEAD = 100  # header lines, which start with #
MAX_EXPORT_COLUMNS = 50
MAX_HTML_DEPTH = 40  # elements inside one another in a field
MAX_EDITED_SIGNS = 10_000  # characters other than letters, in all edited fields
SIGNS_OF_A_FIELD = 20  # what each such field counts for in addition
MAX_DIFF_TEXT = 500_000  # characters of HTML that `diff` compares word by word; beyond, it shows fewer details
DIFF_TEXT_OF_A_NOTE = 200  # what each note counts for in addition
MAX_WORD_PAIRS = 10_000  # equal words of two texts that are aligned word by word
MAX_ALL_WORD_PAIRS = 100_000  # in one run

MAX_LEDGER_BYTES = 64 * 1024 * 1024
MAX_AHEAD = 24 * 60 * 60  # seconds by which the clock of another machine may be ahead of this one
