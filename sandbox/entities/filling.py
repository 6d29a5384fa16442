"""Made-up calls for a world as it stands: arguments whose identifiers belong to entries, and to each other."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ..tools import JsonObject, JsonValue, ToolSpec
from .arguments import made_arguments
from .plays import Play, Pointer
from .schemas import Unsatisfiable
from .world import EntityWorld, text_key


def first_key(world: EntityWorld, pointer: Pointer) -> JsonValue:
    """The key of an entry that stands in the world. Raises Unsatisfiable when there is none."""
    key = next((key for key, _ in world.entries(pointer.entity).items()), None)
    if key is None:
        raise Unsatisfiable(f"there is no {pointer.entity}")
    return world.key_value(pointer.entity, key)


def filled(
    world: EntityWorld, spec: ToolSpec, play: Play, key: Callable[[Pointer], JsonValue], rng: Random
) -> JsonObject:
    """Arguments for one call; `key` chooses an entry for each pointer.

    What the chosen entry says of its own references goes before what was chosen for them one by one.

    Raises:
        Unsatisfiable: none were found.
    """
    arguments = made_arguments(spec, play, key, rng)
    own = play.own
    if own is None or own.param not in arguments or play.verb == "create":
        return arguments
    value = arguments[own.param]
    record = world.entries(own.entity).get(text_key(value[0] if isinstance(value, list) else value)) or {}
    held = {p.param: record[p.param] for p in play.pointers if not p.many and record.get(p.param) is not None}
    return {name: held.get(name, given) for name, given in arguments.items()}
