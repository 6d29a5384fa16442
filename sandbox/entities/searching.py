"""Which entries a list or a search shows: filters by field, words by content, at most so many."""

from __future__ import annotations

from collections.abc import Iterator

from ..tools import JsonObject, JsonValue
from .catalogue import Entity
from .entries import Entries
from .shapes import normal
from .words import tokens

_QUERIES = frozenset("query q search keyword keywords term terms searchterm searchquery text pattern phrase".split())
_LIMITS = frozenset(
    "limit maxresults max size pagesize perpage numresults top count maxcount first resultlimit".split()
)
_OFFSETS = frozenset("offset skip startindex start".split())
PAGE = 20
"""Entries in one reply when the call does not say how many."""


def matching_entries(entity: Entity, entries: Entries, given: JsonObject) -> list[tuple[str, JsonObject]]:
    """The entries that the arguments ask for, in the store's order; better matches of a query first.

    An argument that is neither a field of the entity, a query nor a page size does not filter.
    """
    names = {normal(field.name): field.name for field in entity.fields}
    names[normal(entity.key.name)] = entity.key.name
    filters = {names[normal(key)]: value for key, value in given.items() if normal(key) in names and value != ""}
    found = [item for item in entries.items() if all(_agrees(item[1].get(name), v) for name, v in filters.items())]
    for name, value in given.items():
        if normal(name) in _QUERIES and names.get(normal(name)) is None and isinstance(value, str) and value.strip():
            found = _ranked(found, value)
    start = next((value for name, value in given.items() if normal(name) in _OFFSETS and _whole(value)), 0)
    most = next((value for name, value in given.items() if normal(name) in _LIMITS and _whole(value)), PAGE)
    return found[int(start) : int(start) + int(most)] if most > 0 else []


def _whole(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _agrees(held: JsonValue, wanted: JsonValue) -> bool:
    """Equal; a text also when it holds the wanted one in any case; one of many when a list is given."""
    if isinstance(wanted, list):
        return not wanted or any(_agrees(held, one) for one in wanted)
    if isinstance(held, list):
        return any(_agrees(one, wanted) for one in held)
    if isinstance(held, str) and isinstance(wanted, str):
        return wanted.casefold() in held.casefold()
    return bool(held == wanted)


def _ranked(found: list[tuple[str, JsonObject]], query: str) -> list[tuple[str, JsonObject]]:
    """Those that hold any word of the query, most words first; all of them for a query without words."""
    wanted = set(tokens(query))
    if not wanted:
        return found
    scored = [(len(wanted & set(_words(record))), item) for item in found for record in (item[1],)]
    return [item for score, item in sorted(scored, key=lambda pair: -pair[0]) if score]


def _words(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)
    elif isinstance(value, str | int):
        yield from tokens(str(value))
