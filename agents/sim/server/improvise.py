"""Answers to structured requests that are not this package's own: the smallest value that a JSON schema allows.

The simulated model drafts plans and nothing else. A probe, or somebody's first try, asks for a schema of its own; the
served model then gives a value of that shape, as a real one would.
"""

from __future__ import annotations

from typing import cast

from ....sandbox.tools import JsonObject, JsonValue

DEPTH = 12
"""Nesting after which a schema that refers to itself is cut."""


def instance(schema: JsonObject) -> JsonValue:
    """A small value of a schema. Patterns, formats and conditions are not looked at."""
    return _value(schema, schema, 0)


def _value(schema: JsonValue, root: JsonObject, depth: int) -> JsonValue:
    if not isinstance(schema, dict) or depth > DEPTH:
        return None
    for chosen in ("const", "default"):
        if chosen in schema:
            return schema[chosen]
    for listed in ("enum", "examples"):
        if (values := schema.get(listed)) and isinstance(values, list):
            return values[0]
    for group in ("anyOf", "oneOf", "allOf"):
        if (parts := schema.get(group)) and isinstance(parts, list):
            return _value(parts[0], root, depth + 1)
    if isinstance(reference := schema.get("$ref"), str):
        return _value(_resolve(reference, root), root, depth + 1)
    kind = schema.get("type")
    return _of_type(kind[0] if isinstance(kind, list) and kind else kind, schema, root, depth)


def _of_type(kind: JsonValue, schema: JsonObject, root: JsonObject, depth: int) -> JsonValue:
    match kind:
        case "string":
            return "text".ljust(_count(schema, "minLength"), ".")
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            return [_value(schema.get("items", {}), root, depth + 1) for _ in range(_count(schema, "minItems"))]
        case _:
            properties = schema.get("properties")
            known = properties if isinstance(properties, dict) else {}
            required = cast("list[str]", schema.get("required", list(known)))
            return {name: _value(known.get(name, {}), root, depth + 1) for name in required}


def _count(schema: JsonObject, keyword: str) -> int:
    value = schema.get(keyword, 0)
    return min(value, 1000) if isinstance(value, int) else 0


def _resolve(reference: str, root: JsonObject) -> JsonValue:
    """The schema behind `#/$defs/Name`; an empty one when there is none."""
    place: JsonValue = root
    for part in filter(None, reference.removeprefix("#").split("/")):
        place = place.get(part, {}) if isinstance(place, dict) else {}
    return place
