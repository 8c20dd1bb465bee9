"""Reads the SQLite database of a stranger in bounded memory and time: bytes -> rows of named columns.

Follows "Defense Against Dark Arts" of sqlite.org/security.html: the database lives in memory; views, triggers, virtual
tables and generated columns are refused, because reading a table could then run anything; the schema, which SQLite
parses as a whole, is limited; the pages of a table are checked before it is read; only SELECT without functions is
authorized; values have a maximum length, and all work has a deadline.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from ketamine_anki.anki.archive import PackageError
from ketamine_anki.core.limits import MAX_DATABASE_SECONDS, MAX_JSON_BYTES, MAX_TABLES

_MAGIC = b"SQLite format 3\0"
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: MAX_JSON_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4_000,  # parsed, it takes 35 times as much memory
    sqlite3.SQLITE_LIMIT_COLUMN: 64,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 20,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 8,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 10,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_PRAGMAS = "trusted_schema=OFF cell_size_check=ON ignore_check_constraints=ON mmap_size=0 query_only=ON".split()
_STEPS = 1_000  # virtual machine instructions between two looks at the clock
_STEPS_PER_TABLE = 8  # instructions that parse one line of the schema; older versions of SQLite take five


class Tables:
    """The tables of an open database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._checked: set[str] = set()
        self._names = _table_names(connection)

    def rows(self, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a table, in the order of the file. Raises PackageError or sqlite3.Error."""
        if table not in self._checked:
            self._check(table, columns)
            self._checked.add(table)
        # Table and column names are constants of the callers. An index could hold other values than
        # the table that was checked.
        query = f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED"  # noqa: S608
        self._connection.set_authorizer(_authorize)
        yield from self._connection.execute(query)

    def _check(self, table: str, columns: tuple[str, ...]) -> None:
        if table not in self._names:
            raise PackageError(f"its database has no table {table!r}")
        self._connection.set_authorizer(None)
        declared = self._connection.execute(f"PRAGMA table_xinfo({table})").fetchall()
        if any(hidden for *_, hidden in declared):
            raise PackageError(f"table {table!r} of its database has a generated column")
        missing = set(columns) - {column for _, column, *_ in declared}
        if missing:
            raise PackageError(f"table {table!r} of its database has no column {min(missing)!r}")
        if self._connection.execute(f"PRAGMA quick_check({table})").fetchone() != ("ok",):
            raise PackageError("its database is damaged")


@contextmanager
def opened(data: bytes) -> Iterator[Tables]:
    """Opens the bytes of a database for reading, and closes it at the end of the `with` block.

    Raises PackageError for any defect, when it is opened or while the rows are read.
    """
    if not data.startswith(_MAGIC):
        raise PackageError("its database is not an SQLite database")
    deadline = time.process_time() + MAX_DATABASE_SECONDS
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        try:
            for limit, value in _LIMITS.items():
                connection.setlimit(limit, value)
            # Anki leaves the mark of write-ahead logging (bytes 18 and 19) in a file that has no log; a
            # database in memory cannot have one.
            connection.deserialize(data[:18] + b"\1\1" + data[20:] if data[18:20] == b"\2\2" else data)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            tables = Tables(connection)
            connection.set_progress_handler(lambda: time.process_time() > deadline, _STEPS)
            connection.create_collation("unicase", _unicase)  # Anki's own, named in its schema
            yield tables
        except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError, MemoryError, OverflowError) as error:
            # UnicodeDecodeError: sqlite3 cannot decode its own message about a name in the schema.
            reason = "it takes too long" if "interrupted" in str(error) else "damaged, or not as Anki writes them"
            raise PackageError(f"its database cannot be read: {reason}") from None


def _table_names(connection: sqlite3.Connection) -> set[str]:
    """The names of the tables and indexes, when the schema declares nothing else, and not too many."""
    connection.set_progress_handler(lambda: True, _STEPS_PER_TABLE * MAX_TABLES)  # ends what takes more steps
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 0")  # makes SQLite parse the schema
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise PackageError("its database has too many tables") from None
        raise
    names = set()
    for number, (kind, name, sql) in enumerate(connection.execute("SELECT type, name, sql FROM sqlite_master")):
        if number >= MAX_TABLES:
            raise PackageError("its database has too many tables")
        if not isinstance(name, str) or kind not in ("table", "index"):
            raise PackageError("its database has a view or trigger, which no package needs")
        if isinstance(sql, str) and sql.upper().split()[:2] == ["CREATE", "VIRTUAL"]:
            raise PackageError("its database has a virtual table, which no package needs")
        names.add(name)
    return names


def _authorize(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_OK if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ) else sqlite3.SQLITE_DENY


def _unicase(one: str, other: str) -> int:
    a, b = one.casefold(), other.casefold()
    return (a > b) - (a < b)
