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
    digest = hashlib.blake2b(digest_size=16)
    for part in state(thing):
        digest.update(part)
    return digest.hexdigest()


def state(thing: object) -> Iterator[bytes]:
    """The same in full, piece by piece. Raises TypeError for what cannot be looked into."""
    yield from _state(thing, ())


def _state(thing: object, path: tuple[int, ...]) -> Iterator[bytes]:
    """`path`: the objects that this one is inside of."""
    if thing is None or isinstance(thing, bool | int | str | bytes):
        yield f"{type(thing).__name__}:{thing!r};".encode("utf-8", "backslashreplace")
    elif isinstance(thing, float):
        yield f"float:{thing.hex()};".encode()
    elif isinstance(thing, _NAMED):
        yield f"named:{thing.__qualname__};".encode()
    elif id(thing) in path:
        yield f"within:{path.index(id(thing))};".encode()
    else:
        yield f"{type(thing).__qualname__}(".encode()
        yield from _inside(thing, (*path, id(thing)))
        yield b")"


def _inside(thing: object, path: tuple[int, ...]) -> Iterator[bytes]:
    if isinstance(thing, Mapping):
        for key, value in cast("Mapping[object, object]", thing).items():
            yield from _state(key, path)
            yield from _state(value, path)
    elif isinstance(thing, Set):
        yield from sorted(b"".join(_state(one, path)) for one in cast("Set[object]", thing))
    elif isinstance(thing, list | tuple | deque | array):
        for one in cast("list[object]", thing):
            yield from _state(one, path)
    elif isinstance(thing, Random):
        yield from _state(thing.getstate(), path)
    else:
        for name, value in _attributes(thing):
            yield name.encode()
            yield from _state(value, path)


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
