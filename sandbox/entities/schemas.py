"""Schemas read for playing: references followed, `allOf` folded together, validators that never leave this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import jsonschema_rs

from ..tools import JsonObject, JsonValue

MAX_HOPS = 20
"""References followed one after the other before a schema counts as endless."""
MAX_BYTES = 1_000_000
"""Characters of one schema as Python writes it; a longer one is refused."""
VALIDATORS = 1024
"""Compiled validators that are remembered."""

Fits: TypeAlias = Callable[[JsonValue], bool]
_DEFINITIONS = ("$defs", "definitions", "$schema")
_UNREAD = frozenset("title description examples default deprecated readOnly writeOnly format $comment".split())
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_validators: dict[int, tuple[JsonObject, jsonschema_rs.Validator]] = {}  # {id of the schema: (the schema, …)}


class Unsatisfiable(Exception):
    """No value for this schema can be made here. The text says why."""


class Endless(Unsatisfiable):
    """The schema demands itself again, or references go round in a circle."""


def compiled(schema: JsonObject) -> jsonschema_rs.Validator:
    """A validator that fetches nothing. Raises Unsatisfiable when the schema is broken or points outside itself.

    The latest `VALIDATORS` are remembered by the identity of their schemas, which nobody changes once they stand in a
    tool: a tool's schemas are looked at again whenever a list that holds it is put together.
    """
    found = _validators.get(id(schema))
    if found is None:
        while len(_validators) >= VALIDATORS:
            del _validators[next(iter(_validators))]
        # The schema is kept with its validator, so that no other can have its identity meanwhile.
        found = _validators[id(schema)] = (schema, _validator(schema))
    return found[1]


def _validator(schema: JsonObject) -> jsonschema_rs.Validator:
    try:
        return jsonschema_rs.validator_for(schema, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        lines = str(error).splitlines()
        raise Unsatisfiable(lines[0][:160] if lines else "is not a JSON Schema") from None


def flat(schema: JsonValue, root: JsonObject) -> JsonObject:
    """The schema with its outermost references followed and `allOf` folded in.

    Raises:
        Endless: references go round in a circle.
        Unsatisfiable: a reference leads nowhere, or the schema is `false`.
    """
    return _flat(schema, root, 0)


def _flat(schema: JsonValue, root: JsonObject, hops: int) -> JsonObject:
    if schema is True:
        return {}
    if not isinstance(schema, dict):
        raise Unsatisfiable("the schema allows nothing")
    if hops > MAX_HOPS:
        raise Endless("references go round in a circle")
    if "$ref" in schema:
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_flat(_pointed(schema["$ref"], root), root, hops + 1), **own}
    if "allOf" not in schema:
        return cast("JsonObject", schema)
    folded: JsonObject = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        folded = _folded(folded, _flat(part, root, hops + 1))
    return folded


def _folded(one: JsonObject, other: JsonObject) -> JsonObject:
    """Both at once, as far as keywords simply add up; what does not is found by the validator afterwards."""
    both = {**other, **one}
    if "properties" in one and "properties" in other:
        both["properties"] = {**other["properties"], **one["properties"]}
    if "required" in one and "required" in other:
        both["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    return both


def _pointed(reference: JsonValue, root: JsonObject) -> JsonValue:
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise Unsatisfiable(f"the reference {str(reference)[:80]!r} leads outside the schema")
    node: JsonValue = root
    for part in reference[1:].split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            raise Unsatisfiable(f"the reference {reference[:80]!r} leads nowhere")
    return node


def types_of(schema: JsonObject) -> tuple[str, ...]:
    """The JSON types that the schema names or that its keywords imply; empty when anything goes."""
    declared = schema.get("type")
    if isinstance(declared, str):
        return (declared,)
    if isinstance(declared, list):
        return tuple(str(kind) for kind in declared)
    if "properties" in schema or "required" in schema:
        return ("object",)
    if "items" in schema or "prefixItems" in schema:
        return ("array",)
    if "pattern" in schema or "minLength" in schema or "maxLength" in schema:
        return ("string",)
    return ("number",) if "minimum" in schema or "maximum" in schema else ()


def fits(schema: JsonObject, root: JsonObject) -> Fits:
    """Whether a value satisfies a part of the root schema. A plain type is looked at without a validator.

    The answer may raise Unsatisfiable, when the part is broken or points outside the root.
    """
    kinds = types_of(schema)
    if len(kinds) == 1 and kinds[0] in _TYPES and schema.keys() - _UNREAD == {"type"}:
        allowed = _TYPES[kinds[0]]
        if kinds[0] in ("integer", "number"):
            return lambda value: isinstance(value, allowed) and not isinstance(value, bool)
        return lambda value: isinstance(value, allowed)
    validators: list[jsonschema_rs.Validator] = []  # most fields of a reply are never looked up

    def valid(value: JsonValue) -> bool:
        if not validators:
            validators.append(_validator({**{key: root[key] for key in _DEFINITIONS if key in root}, **schema}))
        return validators[0].is_valid(value)

    return valid


def properties(schema: JsonObject) -> Mapping[str, JsonValue]:
    """The declared properties of an object schema, in order; empty when there are none."""
    declared = schema.get("properties")
    return cast("JsonObject", declared) if isinstance(declared, dict) else {}


def required(schema: JsonObject) -> tuple[str, ...]:
    """The names that must be given, in the schema's order."""
    return tuple(str(name) for name in schema.get("required") or ())
