"""Values for schemas: drawn from a seed, plausible by the field's name and format, within the schema's bounds."""

from __future__ import annotations

import math
from random import Random
from typing import cast

from ..tools import JsonObject, JsonValue
from .patterns import matching
from .schemas import Endless, Unsatisfiable, flat, properties, required, types_of
from .texts import text_for
from .words import tokens

MAX_DEPTH = 6
"""How deep optional parts are filled; what is required goes on to twice this."""
MOST_OPTIONAL = 40
"""Optional properties that are filled in one object."""
_TRUE = frozenset("success ok deleted created updated valid enabled active available saved found".split())
_ITEMS = frozenset("count total number limit size pages results items quantity width height".split())


def value_for(schema: JsonValue, root: JsonObject, name: str, rng: Random, depth: int = 0) -> JsonValue:
    """A value of the schema, which is a part of `root`; `name` is the field's own.

    `if`, `not`, `dependentRequired` and the like are not looked at: whoever needs certainty validates the result.

    Raises:
        Endless: the schema demands itself again and again.
        Unsatisfiable: a keyword asks for what cannot be made.
    """
    if depth > 2 * MAX_DEPTH:
        raise Endless("the schema demands itself again and again")
    schema = flat(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        choices = [choice for choice in schema["enum"] if choice is not None]
        return rng.choice(choices or schema["enum"])
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return _branch(schema, branches, root, name, rng, depth)
    return _typed(schema, root, name, rng, depth)


def _branch(
    schema: JsonObject, branches: list[JsonValue], root: JsonObject, name: str, rng: Random, depth: int
) -> JsonValue:
    """The first branch that works out, null last; the others in random order."""
    outer = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
    order = rng.sample(branches, len(branches))
    order.sort(key=lambda branch: isinstance(branch, dict) and branch.get("type") == "null")
    problem: Unsatisfiable | None = None
    for branch in order:
        try:
            inner = flat(branch, root)
            merged = {**outer, **inner}
            if "properties" in outer and "properties" in inner:
                merged["properties"] = {**outer["properties"], **inner["properties"]}
            if "required" in outer and "required" in inner:
                merged["required"] = [*outer["required"], *inner["required"]]
            return value_for(merged, root, name, rng, depth + 1)
        except Unsatisfiable as found:
            problem = found
    raise problem or Unsatisfiable("no branch can be satisfied")


def _typed(schema: JsonObject, root: JsonObject, name: str, rng: Random, depth: int) -> JsonValue:
    kinds = [kind for kind in types_of(schema) if kind != "null"] or list(types_of(schema)) or ["string"]
    match kinds[0]:
        case "object":
            return _object(schema, root, rng, depth)
        case "array":
            return _array(schema, root, name, rng, depth)
        case "integer" | "number":
            return _number(schema, name, rng, whole=kinds[0] == "integer")
        case "boolean":
            return bool(_TRUE & set(tokens(name))) or rng.random() < 0.5
        case "null":
            return None
        case _:
            return _string(schema, name, rng)


def _object(schema: JsonObject, root: JsonObject, rng: Random, depth: int) -> JsonObject:
    needed = set(required(schema))
    made: JsonObject = {}
    optional = 0
    for name, part in properties(schema).items():
        if name not in needed:
            if depth >= MAX_DEPTH // 2 or optional >= MOST_OPTIONAL:
                continue
            optional += 1
        try:
            made[name] = value_for(part, root, name, rng, depth + 1)
        except Unsatisfiable:
            if name in needed:
                raise
    extra = schema.get("additionalProperties")
    for name in required(schema):
        if name not in made:
            made[name] = value_for(extra if isinstance(extra, dict) else {}, root, name, rng, depth + 1)
    if isinstance(extra, dict) and not properties(schema):
        for index in range(max(1, int(schema.get("minProperties", 1)))):
            made.setdefault(f"entry_{index + 1}", value_for(extra, root, "entry", rng, depth + 1))
    return made


def _array(schema: JsonObject, root: JsonObject, name: str, rng: Random, depth: int) -> list[JsonValue]:
    prefix = cast("list[JsonValue]", schema.get("prefixItems") or [])
    least = int(schema.get("minItems", 0))
    most = int(schema.get("maxItems", max(least, 2)))
    # Deep down an empty list ends what would go on for ever.
    wanted = max(least, min(most, 1 if depth < 2 else 2)) if depth < MAX_DEPTH else least
    made = [value_for(part, root, name, rng, depth + 1) for part in prefix]
    items = schema.get("items", {})
    tries = 0
    while len(made) < wanted and items is not False:
        tries += 1
        if tries > 20 * wanted + 20:
            raise Unsatisfiable("no more different items")
        value = value_for(items, root, name, rng, depth + 1)
        if not schema.get("uniqueItems") or value not in made:
            made.append(value)
    return made


def _number(schema: JsonObject, name: str, rng: Random, *, whole: bool) -> int | float:
    low, high = _usual(name)
    if "minimum" in schema:
        low = float(schema["minimum"])
    if "exclusiveMinimum" in schema and not isinstance(schema["exclusiveMinimum"], bool):
        low = max(low, math.floor(float(schema["exclusiveMinimum"])) + 1) if whole else _above(schema, low)
    if "maximum" in schema:
        high = float(schema["maximum"])
    if "exclusiveMaximum" in schema and not isinstance(schema["exclusiveMaximum"], bool):
        top = float(schema["exclusiveMaximum"])
        high = min(high, math.ceil(top) - 1) if whole else min(high, math.nextafter(top, -math.inf))
    if "maximum" not in schema and high < low:
        high = low + 100
    if "minimum" not in schema and low > high:
        low = high - 100
    step = schema.get("multipleOf")
    if step:
        first = math.ceil(low / step)
        last = max(first, math.floor(min(high, low + 1000 * step) / step))
        stepped: int | float = step * rng.randint(first, last)
        return stepped
    if whole:
        if math.ceil(low) > math.floor(high):
            raise Unsatisfiable(f"no whole number between {low} and {high}")
        return rng.randint(math.ceil(low), math.floor(high))
    drawn = round(rng.uniform(low, high), 2)
    return drawn if low <= drawn <= high else low


def _above(schema: JsonObject, low: float) -> float:
    return max(low, math.nextafter(float(schema["exclusiveMinimum"]), math.inf))


def _usual(name: str) -> tuple[float, float]:
    """Where a number of this name usually lies."""
    words = set(tokens(name))
    for key, bounds in _BOUNDS.items():
        if key in words:
            return bounds
    return (1, 20) if words & _ITEMS else (1, 500)


_BOUNDS: dict[str, tuple[float, float]] = {
    "latitude": (-60, 65),
    "lat": (-60, 65),
    "longitude": (-170, 170),
    "lon": (-170, 170),
    "lng": (-170, 170),
    "percent": (0, 100),
    "percentage": (0, 100),
    "rate": (0, 10),
    "ratio": (0, 1),
    "score": (0, 1),
    "confidence": (0, 1),
    "probability": (0, 1),
    "temperature": (-5, 32),
    "humidity": (20, 95),
    "year": (2019, 2026),
    "month": (1, 12),
    "day": (1, 28),
    "hour": (0, 23),
    "minute": (0, 59),
    "page": (1, 3),
    "offset": (0, 0),
    "limit": (5, 20),
    "age": (18, 80),
    "rating": (1, 5),
    "priority": (1, 5),
    "port": (1024, 49151),
}


def _string(schema: JsonObject, name: str, rng: Random) -> str:
    if "pattern" in schema:
        return matching(str(schema["pattern"]), rng)
    text = text_for(name, str(schema.get("format", "")), rng)
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    while len(text) < least:
        text += ("" if not text else " ") + text_for("note", "", rng)
        if least > 10_000:
            raise Unsatisfiable("a very long text is asked for")
    return text if most is None or len(text) <= int(most) else text[: int(most)]
