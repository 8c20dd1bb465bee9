"""The packages of one collection in the making: the whole, one per subdeck, and the update."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ketamine_anki.anki.compile import CompiledNote
from ketamine_anki.core.errors import EXIT_IO, EXIT_USAGE, Failure
from ketamine_anki.core.model import Collection
from ketamine_anki.release.ledger import State, fresh_time, note_time, note_type_hashes, note_type_times
from ketamine_anki.workspace.clock import as_utc
from ketamine_anki.workspace.output import write_whole

if TYPE_CHECKING:
    from ketamine_anki.anki.package_writer import Counts, Package


class Packing(ExitStack):
    """`add` each note in order, then `finish`, then `write` each of the `packages`, all in a `with` block.

    `whole` holds the live notes, `parts` one package per subdeck by its number (if `split`), `update`
    the live notes and after them the retired ones (if `update`). Times come from the collection's
    ledger; `build` is the time, in seconds since 1970, of what is new or changed.
    """

    def __init__(
        self, collection: Collection, scratch: Path, build: int, *, split: bool = False, update: bool = False
    ) -> None:
        from ketamine_anki.anki.package_writer import Times

        super().__init__()
        self.collection = collection
        ledger = collection.ledger
        self.fresh = fresh_time(ledger, build)
        self._times = Times(self.fresh, {}, note_type_times(ledger, note_type_hashes(collection), self.fresh))
        self._scratch = scratch
        self._split = split
        self._state = State(collection) if ledger else None  # without a ledger there is nothing to compare with
        self._retired: list[CompiledNote] = []
        self.whole = self._package("whole")
        self.update = self._package("update") if update else None
        self.parts: dict[int, Package] = {}

    def __getitem__(self, key: str) -> Package:
        """A package by `whole`, `update`, or the number and name of its subdeck."""
        if key == "update" and self.update:
            return self.update
        return self.whole if key == "whole" else self.parts[int(key.partition(" ")[0])]

    def _package(self, name: str) -> Package:
        from ketamine_anki.anki.package_writer import Package

        try:
            return self.enter_context(Package(self.collection, self._scratch / f"{name}.db", self._times))
        except OSError:
            self.close()
            raise

    def add(self, note: CompiledNote, retired: bool = False) -> None:
        """Takes the next note in."""
        if self._state:
            self._state.add(note, retired)
        if retired:
            self._retired.append(note)
            return
        time = note_time(self.collection.ledger, note, self.fresh)
        self.whole.add(note, time)
        if self.update:
            self.update.add(note, time)
        if self._split:
            if note.number not in self.parts:
                self.parts[note.number] = self._package(str(note.number))
            self.parts[note.number].add(note, time)

    def finish(self, version: str = "") -> None:
        """Sets the version shown to learners: the one that is to be released, else what the ledger says
        of this state.
        """
        if self.update:
            for note in self._retired:
                self.update.add(note, note_time(self.collection.ledger, note, self.fresh))
        state = self._state.digest() if self._state else ""
        last = self.collection.ledger.last if self.collection.ledger else None
        times = self._times
        if last and last.state == state and version in ("", last.version):
            version, times = last.version, replace(times, build=last.time)
        elif self.fresh > time.time():
            raise Failure(f"the build's time {as_utc(self.fresh)} lies in the future: {self._why()}", EXIT_USAGE)
        elif not version:
            version = f"{last.version} and later changes" if last else "0 (not released yet)"
        for package in self.packages:
            package.times, package.version = times, version

    def _why(self) -> str:
        ledger = self.collection.ledger
        if ledger and ledger.newest >= time.time():
            return f"the last release is of {as_utc(ledger.newest)}; set this machine's clock"
        return "set SOURCE_DATE_EPOCH or this machine's clock"

    @property
    def packages(self) -> list[Package]:
        """Every package in the making."""
        return [self.whole, *self.parts.values(), *([self.update] if self.update else [])]


def publish(package: Package, path: Path, scratch: Path) -> Counts:
    """Writes a package to its place, after it was opened again and counted."""
    from ketamine_anki.anki.package_writer import count

    made: list[Counts] = []

    def write(file: BinaryIO) -> None:
        made.append(package.write(file))

    def verify(written: Path) -> None:
        try:
            whole = count(written, scratch / "count.db") == made[0]
        except ValueError:
            whole = False
        if not whole:
            raise Failure(f"{path.name}: the written package is not whole; the old one was kept", EXIT_IO)

    write_whole(path, write, verify, scratch)
    return made[0]
