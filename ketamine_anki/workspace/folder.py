"""Reads a collection's folder: only regular files, each through one descriptor, without following links."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from io import FileIO
from itertools import islice
from pathlib import Path

from ketamine_anki.core import limits
from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.core.model import Collection, Deck, Finding, Ledger, Picture, Position
from ketamine_anki.deckfiles import schema
from ketamine_anki.deckfiles.filenames import clash, unportable
from ketamine_anki.deckfiles.pictures import read_picture
from ketamine_anki.deckfiles.reader import read_collection, read_deck
from ketamine_anki.deckfiles.shingles import read_shingles
from ketamine_anki.rules.view import last_sentence
from ketamine_anki.text.plain import plain, readable
from ketamine_anki.text.render import render

COLLECTION, SOURCE, REFERENCES, LEDGER = "collection.yaml", "source.yaml", "references.yaml", "ledger.yaml"
SHAPES = {COLLECTION: schema.COLLECTION, SOURCE: schema.SOURCE, REFERENCES: schema.REFERENCES}  # of others: DECK
SHINGLES, MEDIA = "shingles.txt", "media"
FILES = ("*.yaml", "*.yml", SHINGLES, f"{MEDIA}/*")  # globs of all that is read
_YAML = (".yaml", ".yml")
_OF_DESKTOPS = re.compile(r"\.DS_Store|Thumbs\.db|desktop\.ini|\._.*")  # desktops leave these in any folder they show
_DECK = re.compile(rb"(?m)^deck:|\A\s*\{\s*\"deck\"\s*:")
_UNREAD = re.compile(r"(?i)\.ya?ml.+(?<!\.yaml)(?<!\.yml)$|\.(?:json|txt)$")
_TABLE = re.compile(r"(?i)\.(?:csv|tsv|xlsx?|ods)$")
_BACKUP = re.compile(r"(?i)~$|\.(?:bak|orig|rej|swp|tmp)$")
# Errors that are the fault of the file that somebody put there, not of the system.
_OF_THE_FILE = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENXIO, errno.EISDIR)


def is_read(name: str) -> bool:
    """Whether the file with this path in a collection's folder may be part of the collection."""
    folder, slash, file = name.rpartition("/")
    if folder + slash not in ("", f"{MEDIA}/") or {"\\", ":"} & {*file} or file in ("", ".", ".."):
        return False
    return bool(folder) or file == SHINGLES or file.lower().endswith(_YAML)


def max_bytes(name: str) -> int:
    """The limit of the size of the file with this path in a collection's folder."""
    if name.startswith(f"{MEDIA}/"):
        return limits.MAX_PICTURE_BYTES
    return limits.MAX_LEDGER_BYTES if name == LEDGER else limits.MAX_FILE_BYTES


def read_bytes(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, at most `limit` + 1, so that a longer file shows. Raises ValueError saying what is
    wrong with the file, OSError when the system fails.
    """
    with open_regular(path) as file:
        before = os.fstat(file.fileno())
        try:
            data = file.read(min(before.st_size, limit) + 1)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        is_changed = before.st_mtime_ns != os.fstat(file.fileno()).st_mtime_ns
        if is_changed or len(data) != min(before.st_size, limit + 1):
            raise ValueError("changed while it was read: try again")
    return data


def open_regular(path: Path) -> FileIO:
    """Opens a regular file for reading, without following a link; errors as of `read_bytes`."""
    if path.is_symlink():  # not every system has O_NOFOLLOW
        raise ValueError("a symbolic link is not followed: put the file itself here")
    try:
        # follow no link, wait for no pipe, read bytes as they are: no system has all of these
        flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
        descriptor = os.open(path, sum(flags, os.O_RDONLY))
    except OSError as error:
        if error.errno not in _OF_THE_FILE:
            raise
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("not a regular file")
    return os.fdopen(descriptor, "rb", buffering=0)  # a buffer would hold it all twice


class Folder:
    """A collection on disk. `collection` is None if collection.yaml cannot be read; `findings` are those so far;
    `complete` tells whether every note so far could be read. A copy is `shown` under the path of what it copies.
    """

    def __init__(self, folder: str | Path, shown: Path | None = None) -> None:
        self.path = Path(folder)
        self._shown = shown or self.path
        require_folder(self.path)
        self.findings: list[Finding] = []
        self._again, self._titles = self.decks(), dict[str, str]()
        self.complete = True
        self.collection = self._collection()

    def show(self, name: str) -> str:
        """The path of a file as the user would type it."""
        path = (self._shown / name).as_posix()
        # at the start of a line, :: would be a workflow command and # a comment
        return f"./{path}" if path.startswith((":", "#")) else path

    def add(self, findings: Iterable[Finding]) -> None:
        """Adds findings, until there are more than anybody reads."""
        self.findings += islice(findings, max(0, limits.MAX_FINDINGS + 1 - len(self.findings)))

    @property
    def full(self) -> bool:
        """Whether there are more findings than anybody reads."""
        return len(self.findings) > limits.MAX_FINDINGS

    def _finding(self, name: str, rule: str, message: str) -> None:
        self.findings.append(Finding(Position(self.show(name), 1, 1), rule, message))

    def _read(self, name: str) -> tuple[str, bytes] | None:
        """(path, bytes) of a file; None, with a finding, if it cannot be read."""
        try:
            return self.show(name), read_bytes(self.path / name, max_bytes(name))
        except ValueError as error:
            self._finding(name, "file", str(error))
            return None

    def _read_optional(self, name: str) -> tuple[str, bytes] | None:
        return self._read(name) if os.path.lexists(self.path / name) else None

    def _collection(self) -> Collection | None:
        if not os.path.lexists(self.path / COLLECTION):
            self._finding(COLLECTION, "file", f"no {COLLECTION} here: name the folder that holds it")
            return None
        head = self._read(COLLECTION)
        if head is None:
            return None
        collection, findings = read_collection(head, self._read_optional(SOURCE), self._read_optional(REFERENCES))
        self.findings += findings
        if collection is None:
            return None
        return dataclasses.replace(
            collection,
            pictures=self._pictures(),
            media_folder=self.show(MEDIA),
            shingles=self._shingles(),
            ledger=self._ledger(),
            title_of=self._title,
        )

    def _shingles(self) -> frozenset[int]:
        read = self._read_optional(SHINGLES)
        if read and len(read[1]) > limits.MAX_FILE_BYTES:
            self._finding(SHINGLES, "limit", f"over {limits.MAX_FILE_BYTES:,} bytes")
            return frozenset()
        shingles, findings = read_shingles(*read) if read else (frozenset(), [])
        self.findings += findings
        return shingles

    def _ledger(self) -> Ledger | None:
        read = self._read_optional(LEDGER)
        if read is None:
            return None
        from ketamine_anki.release.ledger_file import read_ledger  # not loaded before the first release

        ledger, findings = read_ledger(*read)
        self.findings += findings
        return ledger

    def _pictures(self) -> dict[str, Picture]:
        folder = self.path / MEDIA
        if not os.path.lexists(folder):
            return {}
        if folder.is_symlink() or not folder.is_dir():
            self._finding(MEDIA, "file", "must be a folder, and not a link to one")
            return {}
        listed = sorted(name for name in os.listdir(folder) if not _OF_DESKTOPS.fullmatch(name))
        if len(listed) > limits.MAX_PICTURES:
            self._finding(MEDIA, "limit", f"{len(listed):,} files: at most {limits.MAX_PICTURES:,}")
        pictures: dict[str, Picture] = {}
        names: dict[str, str] = {}
        left = limits.MAX_MEDIA_BYTES
        for name in listed[: limits.MAX_PICTURES]:
            try:
                if problem := clash(name, names):
                    raise ValueError(problem)
                data = read_bytes(folder / name, limits.MAX_PICTURE_BYTES)
                left -= len(data)
                if left < 0:
                    raise ValueError(f"all pictures together are over {limits.MAX_MEDIA_BYTES:,} bytes")
                pictures[name] = read_picture(name, data)
            except ValueError as error:
                self._finding(f"{MEDIA}/{name}", "picture", str(error))
                if left < 0:
                    break
        return pictures

    @cached_property
    def deck_files(self) -> list[str]:
        """Names of the deck files, in the order in which they are read; hidden files are not."""
        entries = sorted(os.scandir(self.path), key=lambda entry: entry.name)
        listed = [entry.name for entry in entries if entry.name.lower().endswith(_YAML) and entry.name[0] != "."]
        if len(listed) > limits.MAX_FILES:
            self._finding("", "limit", f"{len(listed):,} deck files: at most {limits.MAX_FILES:,}")
            del listed[limits.MAX_FILES :]
        names, earlier = [], dict[str, str]()
        for name in listed:
            problem = clash(name, earlier) or unportable(name)
            if not problem and not name.endswith(_YAML):
                problem = "a deck file ends in .yaml, in small letters: rename it"
            if problem:
                self._finding(name, "file", problem)
            elif name not in (COLLECTION, SOURCE, REFERENCES, LEDGER):
                names.append(name)
        for entry in entries:
            if entry.name == MEDIA or _OF_DESKTOPS.fullmatch(entry.name) or entry.is_symlink():
                continue
            inner = sorted(os.listdir(entry)) if entry.is_dir() and entry.name[0] != "." else []
            paths = [entry.name] if entry.is_file() else [f"{entry.name}/{file}" for file in inner]
            unread = next(filter(self._unread, paths), "")
            if unread:
                self._finding(unread, "file", self._unread(unread))
                self.complete = False
        return names

    def _unread(self, name: str) -> str:
        """Why a file that seems to hold notes is not read, "" if it does not, or is the backup of a file beside it."""
        if "/" in name:
            is_deck = name.endswith(_YAML) and _is_deck(self.path / name)
            folder = name.partition("/")[0]
            return f"deck files in the folder {folder!r} are not read: move them beside {COLLECTION}" if is_deck else ""
        if _TABLE.search(name):
            return "a table is not read: write its notes into a .yaml file, and move it elsewhere"
        original, backups = _BACKUP.subn("", name)
        if backups and (self.path / original.removeprefix(".")).is_file():
            return ""
        if name[0] == "." and name.endswith(_YAML) and _is_deck(self.path / name):
            return "a file whose name starts with a dot is not read: rename it, or delete it"
        if _UNREAD.search(name) and _is_deck(self.path / name):
            return "a deck file ends in .yaml, this one is not read: rename it, or delete it"
        return ""

    def decks(self) -> Iterator[Deck]:
        """Yields one deck after the other; mistakes in their files are added to `findings`."""
        names = self.deck_files
        if not names:
            self._finding(COLLECTION, "file", "no deck file beside it: add one such as 01-first.yaml")
        size = unread = 0
        homes: dict[str, tuple[str, str]] = {}  # key of a note -> its file and deck
        for name in names:
            read = self._read(name)
            size += len(read[1]) if read else 0
            if size > limits.MAX_DECKS_BYTES:
                self._finding(name, "limit", f"all deck files together are over {limits.MAX_DECKS_BYTES:,} bytes")
            if size > limits.MAX_DECKS_BYTES or unread > limits.MAX_FINDINGS:
                self.complete = False
                return
            deck, findings = read_deck(*read) if read else (None, [])
            if deck and (original := _original(deck, homes)):
                advice = "delete the copy, or give its notes ids of their own"
                self._finding(name, "duplicate-id", f"holds the same notes as {self.show(original)}: {advice}")
                self.complete = False
                continue
            self.add(findings)
            unread += len(findings) if read else 1
            self.complete &= read is not None and not findings
            if deck:
                homes.update((key, (name, deck.name)) for key in _keys(deck))
                yield deck

    def _title(self, note_id: str) -> str:
        """What a note asks, as plain text without its answers and, if it is long, without the case before the question;
        its id if there is no such note. The decks are read again as far as that takes: few notes name another.
        """
        while note_id not in self._titles and (deck := next(self._again, None)):
            self._titles.update((note.id, note.text or note.question) for note in deck.notes)
        title = readable(plain(render(self._titles.get(note_id, note_id), {}, cloze=True).html), "[…]")
        question = last_sentence(title)
        return title if len(title) < 160 or question == title else f"… {question}"


def _keys(deck: Deck) -> list[str]:
    """The ids of a deck's notes; if it has one alone, also its words."""
    ids = [note.id for note in deck.notes]
    return [*ids, f"{ids[0]} {deck.notes[0].question or deck.notes[0].text}"] if len(ids) == 1 else ids


def _original(deck: Deck, homes: Mapping[str, tuple[str, str]]) -> str:
    """The file that holds more than half of the ids of a deck already, one id alone only with the same words or under
    the same deck; or "".
    """
    (home, same), *_ = [*Counter(map(homes.get, _keys(deck))).most_common(1), (None, 0)]
    return home[0] if home and 2 * same > len(deck.notes) and (same > 1 or home[1] == deck.name) else ""


def _is_deck(path: Path) -> bool:
    """Whether a file begins as those of decks do."""
    with suppress(ValueError, OSError), open_regular(path) as file:
        return bool(_DECK.search(file.read(1_000)))
    return False


def is_collection(folder: Path) -> bool:
    """Whether a folder holds a collection: collection.yaml and a deck file."""
    return os.path.exists(folder / COLLECTION) and any(map(_is_deck, folder.glob("*.y*ml")))


def beside(folder: Path, name: str) -> Path:
    """A path beside a collection's folder."""
    return (folder.parent if folder.name not in ("", "..") else folder / "..") / name


def require_folder(folder: str | Path) -> None:
    """Raises Failure unless there is such a folder."""
    if not Path(folder).is_dir():
        raise Failure(f"{folder}: no such folder: name the folder that holds {COLLECTION}", EXIT_USAGE)


def nearest_collection() -> Path:
    """The folder of the collection that one stands in or beside: `decks`, or the nearest above that holds one."""
    for folder in (Path(*[".."] * levels) for levels in range(len(Path.cwd().parts))):
        for place in (folder / "decks", folder):
            if (place / COLLECTION).is_file():
                return place
    return Path("decks")


def collection_folder(file: Path) -> Path:
    """The folder of the collection that a file belongs to: the nearest one upwards with collection.yaml."""
    if not file.is_file():
        raise Failure(f"{file}: no such file", EXIT_USAGE)
    for folder in (*file.parents, *file.absolute().parents):
        if (folder / COLLECTION).is_file():
            return folder
    raise Failure(f"{file}: no {COLLECTION} in its folder or above: it belongs to no collection", EXIT_USAGE)
