"""Dotted paths into JSON values: how a plan points at what an earlier reply holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec


def decode(text: str) -> object:
    """JSON text as a value; the text itself where it is not JSON."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def find(value: object, path: str, where: Mapping[str, object] | None = None) -> list[object]:
    """All values at a path, in order, without repeats. `*` stands for every element of a list.

    With `where`, only values that stand somewhere inside an object having all those keys and values.
    """
    found: list[object] = []
    for match, parents in _walk(value, path.split(".") if path else [], ()):
        if (not where or any(_has(parent, where) for parent in parents)) and match not in found:
            found.append(match)
    return found


def _walk(value: object, keys: list[str], parents: tuple[object, ...]) -> Iterator[tuple[object, tuple[object, ...]]]:
    if not keys:
        yield value, parents
        return
    key, rest = keys[0], keys[1:]
    if isinstance(value, list):
        if key == "*":
            for item in value:
                yield from _walk(item, rest, (*parents, item))
        elif key.isdigit() and int(key) < len(value):
            yield from _walk(value[int(key)], rest, (*parents, value))
    elif isinstance(value, dict) and key in value:
        yield from _walk(value[key], rest, (*parents, value))


def _has(parent: object, where: Mapping[str, object]) -> bool:
    return isinstance(parent, dict) and all(key in parent and parent[key] == wanted for key, wanted in where.items())
