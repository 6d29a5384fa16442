"""What schemas and records say together: which parameters name an entry, and where a reply surely holds a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from ...sandbox.entities.schemas import Unsatisfiable, fits
from ...sandbox.entities.values import value_for
from ...sandbox.facts import Leaf, Param, leaves, schema_type, snake
from ...sandbox.tools import JsonObject, JsonValue
from .words import stems

_NAMING = frozenset("id ids name key code number uuid guid sid arn slug no identifier".split())
"""Last words of parameters that name an entry."""
_STEERING = frozenset("token cursor etag kind next previous schema error errors limit offset page pages".split())
"""Words of reply fields that nobody wants to hear."""
_MAKES = frozenset("create write new make init add insert post register import copy clone".split())
_SECRET = frozenset("password passwd passphrase secret secrets pin credential credentials".split())
TRIALS = 4


def naming(params: Iterable[Param], tables: Mapping[str, Mapping[str, JsonObject]]) -> frozenset[str]:
    """Names of the required parameters that name an entry of the world though they look like plain values."""
    return frozenset(
        param.name
        for param in params
        if param.required and param.kind in ("text", "number", "free text") and nameable(param, tables)
    )


def nameable(param: Param, tables: Mapping[str, Mapping[str, JsonObject]]) -> list[JsonObject]:
    """The records that a parameter can name, each with the parameter's value in it.

    Those whose key stands under the parameter's own name; else those of the table that is called like the parameter.
    """
    whole = schema_type(param.schema) == "integer"
    own = [
        record
        for table in tables.values()
        for key, record in table.items()
        if str(record.get(param.name)) == key and (not whole or isinstance(record[param.name], int))
    ]
    if own or "path" in param.name.lower():
        return own
    if any(isinstance(r.get(param.name), str) for table in tables.values() for r in table.values()):
        return []  # a field of its own, not the key under another name
    words = snake(param.name).split("_")
    about = stems(" ".join(words[:-1] if words[-1] in _NAMING else words))
    if not about or (words[-1] not in _NAMING and param.kind != "identifier"):
        return []
    called = [(table, stems(name.partition(".")[2].replace("_", " "))) for name, table in tables.items()]
    near = [table for table, called_so in called if called_so == about]
    near = near or [table for table, called_so in called if called_so and called_so < about]
    return [
        {**record, param.name: int(key) if whole else key}
        for table in near[:1]
        for key, record in table.items()
        if not whole or key.lstrip("-").isdecimal()
    ]


def is_secret(param: Param) -> bool:
    """True for what nobody should tell an assistant: passwords and the like."""
    return bool(_SECRET & set(snake(param.name).split("_")))


def sure_leaves(
    schema: JsonObject | None, name: str, params: Sequence[Param], tables: Mapping[str, Mapping[str, JsonObject]]
) -> tuple[Leaf, ...]:
    """The leaves of a tool's reply that will be there: required ones, what is shown of an entry, and all in lists."""
    found = leaves(schema)
    if schema is None:
        return found
    needed = set(_needed(schema, ""))
    lists = any("*" in leaf.path for leaf in found)
    shown = set[str]() if lists else _shown(name, params, tables)
    return tuple(
        leaf
        for leaf in found
        if "$ref" not in leaf.schema
        and not _STEERING & set(snake(leaf.name).split("_"))
        and ("*" in leaf.path or leaf.path in needed or leaf.path in shown)
    )


def _shown(name: str, params: Sequence[Param], tables: Mapping[str, Mapping[str, JsonObject]]) -> set[str]:
    """Fields that a reply about one entry shows: all that its like have, of a new one what the call says."""
    required = [param for param in params if param.required]
    if _MAKES & set(snake(name).split("_")):
        return {param.name for param in required}
    pointed = [found for param in required if (found := nameable(param, tables))]
    records = pointed[-1] if pointed else [record for table in tables.values() for record in table.values()]
    return set(records[0]).intersection(*records) if pointed else {name for record in records for name in record}


def _needed(schema: JsonObject, path: str) -> Iterable[str]:
    """Paths on which every property is required."""
    for name in schema.get("required") or ():
        inner = (schema.get("properties") or {}).get(name)
        if isinstance(inner, dict):
            here = f"{path}.{name}" if path else name
            yield here
            yield from _needed(inner, here)


def fitting(value: JsonValue, param: Param, dice: Random) -> JsonValue:
    """The value if the parameter's schema allows it, else one made by the schema; None where none is found.

    A schema that points at definitions elsewhere is not looked into: the value stands.
    """
    allowed = fits(param.schema, param.schema)
    try:
        if value is not None and allowed(value):
            return value
        made = (value_for(param.schema, param.schema, param.name, dice) for _ in range(TRIALS))
        return next((one for one in made if allowed(one)), None)
    except Unsatisfiable:
        return value
