"""SQL that the simulated planner writes: one plain statement over the tables that the world shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

from ...sandbox.tools import JsonObject, JsonValue
from .values import WORDS

Tables = Mapping[str, Sequence[JsonObject]]


def wants_sql(text: str) -> bool:
    """True when a parameter's description asks for a statement."""
    return re.search(r"\bSQL\b", text) is not None


def statement(about: str, tables: Tables, dice: Random) -> str | None:
    """A statement of the kind that a tool's description speaks of; None when there is nothing to say it about.

    The first of CREATE TABLE, INSERT/UPDATE/DELETE and SELECT that the description names counts.
    """
    if re.search(r"\bcreate\b.*\btable\b", about, re.IGNORECASE):
        return _create(dice)
    filled = {name: rows for name, rows in tables.items() if rows}
    if not filled:
        return None
    table = dice.choice(sorted(filled))
    if re.search(r"\b(insert|update|delete)\b", about, re.IGNORECASE):
        return dice.choice((_update, _update, _delete, _insert))(table, filled[table], dice)
    return _select(table, filled[table], dice)


def _create(dice: Random) -> str:
    first, second = dice.sample(WORDS, 2)
    kind = dice.choice(("INTEGER", "REAL", "TEXT"))
    return f"CREATE TABLE {first}_{dice.choice(('log', 'list', 'notes'))} (id INTEGER PRIMARY KEY, {second} {kind})"


def _select(table: str, rows: Sequence[JsonObject], dice: Random) -> str:
    row = dice.choice(rows)
    shown = ", ".join(dice.sample(list(row), min(len(row), dice.randint(1, 3))))
    column = dice.choice(list(row))
    form = dice.choice((f"SELECT {shown} FROM {table}", "SELECT COUNT(*) AS number FROM " + table))  # noqa: S608 -- text of a plan, run on a copy
    return f"{form} WHERE {column} = {literal(row[column])}"


def _update(table: str, rows: Sequence[JsonObject], dice: Random) -> str:
    row = dice.choice(rows)
    key, *others = list(row)
    column = dice.choice(others or [key])
    value = row[column]
    fresh: JsonValue = value + dice.randint(1, 9) if isinstance(value, int | float) else f"{dice.choice(WORDS)}"
    return f"UPDATE {table} SET {column} = {literal(fresh)} WHERE {key} = {literal(row[key])}"  # noqa: S608 -- as above


def _delete(table: str, rows: Sequence[JsonObject], dice: Random) -> str:
    row = dice.choice(rows)
    key = next(iter(row))
    return f"DELETE FROM {table} WHERE {key} = {literal(row[key])}"  # noqa: S608 -- as above


def _insert(table: str, rows: Sequence[JsonObject], dice: Random) -> str:
    """A copy of a row under a key of its own."""
    row = dict(dice.choice(rows))
    key = next(iter(row))
    number = dice.randint(7000, 7999)
    row[key] = number if isinstance(row[key], int | float) else f"{dice.choice(WORDS).upper()}-{number}"
    values = ", ".join(map(literal, row.values()))
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"  # noqa: S608 -- as above


def literal(value: JsonValue) -> str:
    """A value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
