"""Packs compiled notes: one package of all, one for each subdeck, one for updates. Also reads the time of a build."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.core.errors import EXIT_IO, EXIT_USAGE, Failure
from ketamine_anki.core.model import Collection
from ketamine_anki.deckfiles.filenames import slug
from ketamine_anki.release.ledger import State, changed_tag, fresh_time, hashed_types, note_time, note_type_times
from ketamine_anki.workspace.git import committed_at
from ketamine_anki.workspace.output import write_new

if TYPE_CHECKING:
    from ketamine_anki.anki.package_writer import Counts, Package

WHOLE, UPDATE = "whole", "update"
_1980 = 315_532_800  # a ZIP file has no earlier time


class Packing(ExitStack):
    """`add` each note in order, then `write`, all in a `with` block.

    The package WHOLE holds the live notes, UPDATE (if `update`) the live notes and after them the retired ones; those
    with a key such as `01 Birds` (if `split`) hold the live notes of a subdeck. `build` is the time, in seconds since
    1970, of what is new or changed; all other times come from the collection's ledger. `version` is that of the release
    that is made, "" for none. `scratch` is a folder for databases.
    """

    def __init__(
        self,
        collection: Collection,
        scratch: Path,
        build: int,
        *,
        split: bool = False,
        update: bool = False,
        version: str = "",
    ) -> None:
        super().__init__()
        self._collection, self._version, self._scratch, self._split = collection, version, scratch, split
        ledger = collection.ledger
        self._fresh = fresh_time(ledger, build)
        self._type_times = note_type_times(ledger, hashed_types(collection), self._fresh)
        self._state = State(collection) if ledger else None  # without a ledger there is nothing to compare with
        self._of_all = (WHOLE, UPDATE) if update else (WHOLE,)
        self._retired: list[CompiledNote] = []
        self._packages: dict[str, Package] = {}

    def add(self, note: CompiledNote) -> None:
        """Adds the next note."""
        if self._state:
            self._state.add(note)
        if note.retired:
            self._retired.append(note)
        elif self._split:
            self._pack(note, *self._of_all, f"{note.number:02d} {self._collection.decks[note.number - 1]}")
        else:
            self._pack(note, *self._of_all)

    def _pack(self, note: CompiledNote, *keys: str) -> None:
        time = note_time(self._collection.ledger, note, self._fresh)
        if changed := changed_tag(self._collection, note, time, self._version):
            note = replace(note, tags=tuple(sorted((*note.tags, *changed), key=str.casefold)))
        for key in keys:
            self._package(key).add(note, time)

    def _package(self, key: str) -> Package:
        if key not in self._packages:
            from ketamine_anki.anki.package_writer import Package

            database = self._scratch / f"{len(self._packages)}.db"
            self._packages[key] = self.enter_context(Package(self._collection, database))
        return self._packages[key]

    def write(self, folder: Path, stem: str) -> Iterator[tuple[str, Path, Counts]]:
        """Writes the packages into a folder, in files whose names begin with the stem; yields the key, the file and the
        counts of each. Each is read again and counted.
        """
        from ketamine_anki.anki.package_writer import count

        for note in self._retired if UPDATE in self._of_all else ():
            self._pack(note, UPDATE)
        build, version = self._shown()
        by_number = sorted(self._packages.keys() - {*self._of_all}, key=lambda key: int(key.partition(" ")[0]))
        for key in (*self._of_all, *by_number):
            package = self._package(key)
            number, _, subdeck = key.partition(" ")
            ending = f"-{number}-{slug(subdeck)}" if subdeck else "-update" * (key == UPDATE)
            path = folder / f"{stem}{ending}.apkg"
            write_new(path, partial(package.write, build=build, type_times=self._type_times, version=version))
            try:
                whole = count(path, self._scratch / "count.db") == package.counts
            except ValueError:
                whole = False
            if not whole:
                raise Failure(f"{path.name}: the written package is not whole; the old one was kept", EXIT_IO)
            yield key, path, package.counts

    def _shown(self) -> tuple[int, str]:
        """The time of the build, and the version that learners see: the one that is released, else what the ledger says
        about this state of the collection.
        """
        ledger = self._collection.ledger
        state, version = self._state.digest() if self._state else "", self._version
        last = ledger.last if ledger else None
        if last and last.state == state and version in ("", last.version):
            return last.time, last.version
        if self._fresh > time.time():
            advice = "set SOURCE_DATE_EPOCH or this machine's clock"
            if ledger and ledger.newest >= time.time():
                advice = f"the last release is of {as_utc(ledger.newest)}; set this machine's clock"
            raise Failure(f"the build's time {as_utc(self._fresh)} lies in the future: {advice}", EXIT_USAGE)
        return self._fresh, version or (f"{last.version} and later changes" if last else "0 (not released yet)")


# --- times --------------------------------------------------------------------------------------


def build_time(folder: Path) -> int:
    """SOURCE_DATE_EPOCH, else the time of the newest commit that touched the folder, else now."""
    given = source_date_epoch()
    if given is not None:
        return given
    now = int(time.time())
    return min(committed_at(folder) or now, now)


def source_date_epoch() -> int | None:
    """SOURCE_DATE_EPOCH (reproducible-builds.org), at least 1980; None if it is not set."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", given):
        raise Failure(f"SOURCE_DATE_EPOCH is {given!r}: set it to seconds since 1970", EXIT_USAGE)
    return max(int(given), _1980)


def as_utc(seconds: int) -> str:
    """`2026-11-22 13:35:19 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
