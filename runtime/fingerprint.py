"""A digest of everything an object holds, down to the last bit of a number: equal ones will go on equally.

Order counts where it can change what happens next (lists, mappings), and not where it cannot (sets). A frozen record
with an id stands for itself by that id, a function by its name. Made for controllers: nothing is asked of them.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Set
from random import Random
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import cast

import msgspec

_NAMED = (type, FunctionType, MethodType, BuiltinFunctionType)


def fingerprint(thing: object) -> str:
    """32 hex digits. Raises TypeError for what cannot be looked into."""
    return hashlib.blake2b(state(thing), digest_size=16).hexdigest()


def state(thing: object) -> bytes:
    """The same in full. Raises TypeError for what cannot be looked into."""
    parts: list[str] = []
    _put(thing, (), parts)
    return "".join(parts).encode("utf-8", "backslashreplace")


def _put(thing: object, path: tuple[int, ...], parts: list[str]) -> None:
    """Append what the thing is to the parts. `path`: the objects that it is inside of."""
    if thing is None or isinstance(thing, bool | int | str | bytes):
        parts.append(f"{type(thing).__name__}:{thing!r};")
    elif isinstance(thing, float):
        parts.append(f"float:{thing.hex()};")
    elif isinstance(thing, _NAMED):
        parts.append(f"named:{thing.__qualname__};")
    elif id(thing) in path:
        parts.append(f"within:{path.index(id(thing))};")
    else:
        parts.append(f"{type(thing).__qualname__}(")
        _put_inside(thing, (*path, id(thing)), parts)
        parts.append(")")


def _put_inside(thing: object, path: tuple[int, ...], parts: list[str]) -> None:
    if isinstance(thing, Mapping):
        for key, value in cast("Mapping[object, object]", thing).items():
            _put(key, path, parts)
            _put(value, path, parts)
    elif isinstance(thing, Set):
        parts.extend(sorted(_text(one, path) for one in cast("Set[object]", thing)))
    elif isinstance(thing, list | tuple | deque | array):
        for one in cast("list[object]", thing):
            _put(one, path, parts)
    elif isinstance(thing, Random):
        _put(thing.getstate(), path, parts)
    else:
        for name, value in _attributes(thing):
            parts.append(name)
            _put(value, path, parts)


def _text(thing: object, path: tuple[int, ...]) -> str:
    parts: list[str] = []
    _put(thing, path, parts)
    return "".join(parts)


def _attributes(thing: object) -> Iterator[tuple[str, object]]:
    """What an object of some class holds, by name."""
    if isinstance(thing, msgspec.Struct):
        fields = thing.__struct_fields__
        for name in ("id",) if "id" in fields and thing.__struct_config__.frozen else fields:
            yield name, getattr(thing, name)
        return
    slots = sorted({slot for kind in type(thing).__mro__ for slot in _slots(kind)})
    if not slots and not hasattr(thing, "__dict__"):
        raise TypeError(f"cannot look into {type(thing).__qualname__}")
    yield from sorted(vars(thing).items() if hasattr(thing, "__dict__") else ())
    for name in slots:
        if hasattr(thing, name):
            yield name, getattr(thing, name)


def _slots(kind: type) -> tuple[str, ...]:
    found: object = kind.__dict__.get("__slots__", ())
    names = (found,) if isinstance(found, str) else tuple(cast("tuple[str, ...]", found))
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))
