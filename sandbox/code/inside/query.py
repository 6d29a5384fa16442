"""SQL on a SQLite file of the session's folder: one connection per file, kept as long as the session."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from . import wire
from .files import FileRefused, inside

STEPS = 20_000
"""Steps of the database engine between two looks at whether the cell was interrupted."""
MAX_ROWS = 1000


def run_sql(open_databases: dict[str, Any], root: str, path: str, source: bytes, limit: int) -> tuple[int, int, bytes]:
    """Run one statement or several; the value is JSON about the last one that gives rows, else about the last one.

    `{"columns": […], "rows": [[…], …], "row_count": n}`, with `"truncated": true` where rows were left out, or
    `{"changes": n}`. An error is the value of outcome ERROR: `{"error": …}`. At most `limit` bytes of rows.

    Raises:
        FileRefused: the path leads out of the folder.
    """
    real = inside(root, path)
    try:
        database = open_databases.get(real)
        if database is None:
            database = sqlite3.connect(real, isolation_level=None, timeout=2)
            # A callback in Python lets signals in; without it a long query could only be killed.
            database.set_progress_handler(lambda: 0, STEPS)
            open_databases[real] = database
        shown: dict[str, object] = {"changes": 0}
        before = database.total_changes
        for statement in _statements(source.decode()):
            cursor = database.execute(statement)
            if cursor.description is not None:
                shown = _rows(cursor, limit)
            elif "columns" not in shown:
                shown = {"changes": database.total_changes - before}
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
        return wire.ERROR, 1, json.dumps({"error": str(error)}).encode()
    return wire.OK, 0, json.dumps(shown).encode()


def _statements(source: str) -> list[str]:
    """Split at the semicolons that end a statement: quotes, comments and triggers hold others."""
    found: list[str] = []
    begun = ""
    pieces = source.split(";")
    for number, piece in enumerate(pieces):
        begun += piece + (";" if number < len(pieces) - 1 else "")
        if begun.strip(" \t\n\r;") and sqlite3.complete_statement(begun):
            found.append(begun)
            begun = ""
    if begun.strip(" \t\n\r;"):
        found.append(begun)
    if not found:
        raise FileRefused("there is no statement")
    return found


def _rows(cursor: sqlite3.Cursor, limit: int) -> dict[str, object]:
    rows: list[list[object]] = []
    count = size = 0
    for row in cursor:
        count += 1
        if len(rows) < MAX_ROWS and size <= limit:
            plain: list[object] = [value.hex() if isinstance(value, bytes) else value for value in row]
            size += len(str(plain))
            if size <= limit:
                rows.append(plain)
    shown: dict[str, object] = {"columns": [column[0] for column in cursor.description], "rows": rows}
    shown["row_count"] = count
    if count > len(rows):
        shown["truncated"] = True
    return shown
