"""The reporting database of a world: other services' first records in SQLite, read-only, bounded in rows and work.

One database per world serves all episodes: it is never written after it was filled, so it is no part of any state.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeAlias, get_args

import msgspec

from .analytics_records import Dataset
from .booking_records import booking_tables
from .errors import ToolError
from .families import WORLDS
from .order_records import order_tables
from .payment_records import payment_tables
from .ticket_records import ticket_tables

Cell: TypeAlias = str | int | float | None
"""A value of SQLite; blobs are refused."""

DATASETS: tuple[Dataset, ...] = get_args(Dataset)
MOST_ROWS = 200
"""Rows of one answer; what is left out is said."""
MOST_WORK = 400
"""Steps of a thousand instructions until a statement is stopped: some tens of milliseconds."""
LONGEST_CELL = 2_000
"""Characters of a text in an answer."""
_STEP = 1_000

_READING = re.compile(r"\s*(select|with|values)\b", re.IGNORECASE)

# A statement cannot make a long text out of a short one, nor a deep one out of itself.
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 8_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
# Functions that differ between two runs: they read a clock, throw dice, or tell of the program itself.
_BARRED = frozenset(
    "random randomblob date time datetime julianday strftime unixepoch timediff current_date current_time "
    "current_timestamp load_extension sqlite_version sqlite_source_id sqlite_compileoption_get "
    "sqlite_compileoption_used sqlite_log changes total_changes last_insert_rowid".split()
)


class Answer(msgspec.Struct, frozen=True):
    """What a statement returned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool
    """True when there were more rows."""
    datasets: frozenset[str]
    """The tables that were read."""


@lru_cache(maxsize=WORLDS)
def database(world: int) -> Database:
    """The database of a world, 0 ≤ world < WORLDS."""
    shop = order_tables(world)
    return Database(
        {
            "customers": shop.customers.values(),
            "products": shop.products.values(),
            "orders": shop.orders.values(),
            "tickets": ticket_tables(world).tickets.values(),
            "invoices": payment_tables(world).invoices.values(),
            "bookings": booking_tables(world).bookings.values(),
        }
    )


class Database:
    """Tables of flat records in memory, guarded by an authorizer and an instruction limit."""

    def __init__(self, tables: Mapping[Dataset, Iterable[msgspec.Struct]]) -> None:
        """Every table needs at least one record; its fields become the columns."""
        # Calls of one process never overlap, but a test or a server may make them from another thread.
        # Nothing is cached between statements, because the authorizer is asked only when one is prepared.
        self._connection = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None, cached_statements=0
        )
        self._columns = {name: self._fill(name, list(records)) for name, records in tables.items()}
        self._read: set[str] = set()
        self._work = 0
        self._refused = ""
        for kind, most in _LIMITS.items():
            self._connection.setlimit(kind, most)
        self._connection.set_authorizer(self._authorize)
        self._connection.set_progress_handler(self._progress, _STEP)

    def columns(self, dataset: Dataset) -> Mapping[str, str]:
        """{column: its SQL type} in order."""
        return self._columns[dataset]

    def rows(self, dataset: Dataset) -> int:
        """How many rows a table has."""
        return int(str(self.ask(f"SELECT COUNT(*) FROM {dataset}", 1).rows[0][0]))  # noqa: S608  one of our names

    def ask(self, sql: str, limit: int) -> Answer:
        """Run one reading statement, at most `limit` rows of its answer.

        Raises ToolError: `forbidden` for anything that is not a plain read, `invalid_argument` for a statement that
        SQLite refuses, that takes too long, or that returns what JSON cannot hold.
        """
        if not _READING.match(sql):
            raise ToolError("forbidden", "sql: must be a SELECT statement; only data may be read")
        self._read, self._work, self._refused = set(), 0, ""
        try:
            cursor = self._connection.execute(sql)
            rows = cursor.fetchmany(limit + 1)
            columns = tuple(column[0] for column in cursor.description)
            cursor.close()
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as problem:
            raise self._told(problem) from None
        cells = tuple(tuple(map(_cell, row)) for row in rows[:limit])
        return Answer(columns, cells, len(rows) > limit, frozenset(self._read))

    def _told(self, problem: Exception) -> ToolError:
        if self._refused:
            return ToolError("forbidden", f"sql: {self._refused} is not allowed; only data may be read")
        if self._work > MOST_WORK:
            return ToolError("invalid_argument", "sql: takes too long; ask for less")
        return ToolError("invalid_argument", f"sql: {problem}"[:200])

    def _authorize(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        if action not in _ALLOWED:
            self._refused = self._refused or "this kind of statement"
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _BARRED:
            self._refused = self._refused or f"the function {second}"
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_READ and first is not None:
            if first.startswith("sqlite_"):
                self._refused = self._refused or first
                return sqlite3.SQLITE_DENY
            self._read.add(first)
        return sqlite3.SQLITE_OK

    def _progress(self) -> int:
        self._work += 1
        return int(self._work > MOST_WORK)

    def _fill(self, name: Dataset, records: list[msgspec.Struct]) -> dict[str, str]:
        flat = [msgspec.to_builtins(record) for record in records]
        columns = {field: _sql_type([row[field] for row in flat]) for field in flat[0]}
        declared = ", ".join(f"{field} {kind}" for field, kind in columns.items())
        self._connection.execute(f"CREATE TABLE {name} ({declared})")
        marks = ", ".join(f":{field}" for field in columns)
        self._connection.executemany(f"INSERT INTO {name} VALUES ({marks})", flat)  # noqa: S608  our own names
        return columns


def _sql_type(values: Iterable[Cell]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, bool} and kinds:
        return "INTEGER"
    return "REAL" if kinds and kinds <= {int, float} else "TEXT"


def _cell(value: object) -> Cell:
    """A value as a reply may hold it. Raises ToolError `invalid_argument` for bytes and for numbers without an end."""
    if isinstance(value, float) and value - value != 0:
        raise ToolError("invalid_argument", "sql: a number of the answer is too large")
    if isinstance(value, str):
        return value if len(value) <= LONGEST_CELL else value[:LONGEST_CELL]
    if value is None or isinstance(value, int | float):
        return value
    raise ToolError("invalid_argument", "sql: an answer cannot hold bytes")
