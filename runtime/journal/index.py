"""The index of a journal: an SQLite file that says what stands where. All of it but the cursors can be made again.

It is written after the segments are durable, so it never knows more than they hold; after a crash it may know less.
One connection, held exclusively: SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log that several connections use.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import OutputError
from .place import Place

INDEX = "journal.sqlite"
_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS rows(id TEXT PRIMARY KEY, place INTEGER, segment INTEGER, offset INTEGER, length INTEGER,
    crc INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches(segment INTEGER, offset INTEGER, length INTEGER, crc INTEGER,
    PRIMARY KEY(segment, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors(name TEXT PRIMARY KEY, seq INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots(commits INTEGER PRIMARY KEY, drawn INTEGER, digest TEXT);
"""


class Index:
    """The tables. Used by one thread at a time. Every method raises OutputError when the file cannot be used."""

    def __init__(self, path: str = ":memory:") -> None:
        """Opens or makes the file; one that is no index of this version is emptied, because it can be made again."""
        self._path = path
        with self._errors():
            self._open()
            try:
                self._prepare()
            except sqlite3.OperationalError:  # locked, read-only, full: nothing that a new file would mend
                raise
            except sqlite3.DatabaseError:
                self._base.close()
                _remove(path)
                self._open()
                self._prepare()

    def add(self, batch: Place, rows: Sequence[tuple[str, int, Place]]) -> None:
        """Take a batch of lines that is durable, and of the rows in it `(id, index, place)`."""
        with self._errors(), self._base:
            self._base.execute("INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?)", batch)
            self._base.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?)",
                [(row_id, index, *place) for row_id, index, place in rows],
            )

    def batches(self, segment: int) -> list[Place]:
        """What is known to be durable of a segment, in order."""
        with self._errors():
            found = self._base.execute("SELECT * FROM batches WHERE segment = ? ORDER BY offset", (segment,))
            return [Place(*row) for row in found]

    def segments(self) -> set[int]:
        """The segments of which something is known."""
        with self._errors():
            return {number for (number,) in self._base.execute("SELECT DISTINCT segment FROM batches")}

    def find(self, row_id: str) -> Place | None:
        """Where the finished line of this row stands."""
        with self._errors():
            query = "SELECT segment, offset, length, crc FROM rows WHERE id = ?"
            found = self._base.execute(query, (row_id,)).fetchone()
            return Place(*found) if found else None

    def set_cursors(self, cursors: Mapping[str, int]) -> None:
        """Keep how many rows each consumer has taken."""
        with self._errors(), self._base:
            self._base.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?)", cursors.items())

    def cursors(self) -> dict[str, int]:
        """`{consumer: rows taken}`."""
        with self._errors():
            return dict(self._base.execute("SELECT name, seq FROM cursors").fetchall())

    def set_snapshot(self, commits: int, drawn: int, digest: str) -> None:
        """Keep the digest of the controller's state after so many commits and draws."""
        with self._errors(), self._base:
            self._base.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", (commits, drawn, digest))

    def snapshots(self) -> dict[int, tuple[int, str]]:
        """`{commits: (draws, digest)}`."""
        with self._errors():
            found = self._base.execute("SELECT commits, drawn, digest FROM snapshots").fetchall()
            return {commits: (drawn, digest) for commits, drawn, digest in found}

    def close(self) -> None:
        """Close the file. Idempotent."""
        with self._errors():
            self._base.close()

    def _open(self) -> None:
        # The thread that opens is not the one that writes; they never do so at the same time.
        self._base = sqlite3.connect(self._path, check_same_thread=False, isolation_level="IMMEDIATE")
        weakref.finalize(self, self._base.close)  # a run that ends by an exception closes nothing

    def _prepare(self) -> None:
        self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        with closing(self._base.execute("PRAGMA user_version")) as found:
            version = found.fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"index of version {version}")
        self._base.executescript(_TABLES)
        self._base.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OutputError(
                f"cannot use the index {self._path}: {error}; it may be deleted: it is made again"
            ) from error


def _remove(path: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).unlink(missing_ok=True)


def wal_note(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> str | None:
    """What to say about the SQLite in use; None when nothing needs to be said."""
    fixed = version >= (3, 51, 3) or (3, 44, 6) <= version < (3, 45, 0) or (3, 50, 7) <= version < (3, 51, 0)
    if version < (3, 7, 0) or fixed:
        return None
    text = ".".join(map(str, version))
    return f"SQLite {text} can corrupt an index that two programs open: do not open {INDEX} while a run goes on"
