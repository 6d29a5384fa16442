"""Which rows a consumer wants: `{path: [values]}`, for instance `{"assignment.mode": ["chain", "loop"]}`.

A row passes when at every path it has one of the values. A path names members of the row, joined by dots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ..errors import ConfigError

Scalar: TypeAlias = str | int | float | bool | None
Filter: TypeAlias = dict[str, list[Scalar]]
MOST_CLAUSES = 16


def passes(row: bytes, wanted: Filter) -> bool:
    """Whether a row, given as JSON, passes."""
    if not wanted:
        return True
    found: object = msgspec.json.decode(row)
    return all(_matches(_at(found, path), values) for path, values in wanted.items())


def parse_filter(clauses: Sequence[str]) -> Filter:
    """`path=value,value` of a command line. A value that reads as a number, true, false or null is one.

    Raises:
        ConfigError: a clause has no path or no value, or there are too many.
    """
    if len(clauses) > MOST_CLAUSES:
        raise ConfigError(f"--filter: at most {MOST_CLAUSES} can be given")
    wanted: Filter = {}
    for clause in clauses:
        path, equals, values = clause.partition("=")
        if not path or not equals or not values:
            raise ConfigError(f"--filter {clause}: give PATH=VALUE, for instance assignment.mode=chain,loop")
        wanted.setdefault(path, []).extend(map(_scalar, values.split(",")))
    return wanted


def _scalar(text: str) -> Scalar:
    try:
        found: Scalar = msgspec.json.decode(text, type=int | float | bool | None)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
    return found


def _at(found: object, path: str) -> object:
    """What stands at the path; `...` when nothing does, which equals no value."""
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return ...
        found = found[name]
    return found


def _matches(found: object, values: Sequence[Scalar]) -> bool:
    """Equal and of the same kind: 1 is not true."""
    return any(found == value and isinstance(found, bool) == isinstance(value, bool) for value in values)
