"""Arguments: those of a call held against the tool's schema, and ones that are made up so that a call goes through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import jsonschema_rs
import msgspec

from ..services.errors import ToolError
from ..tools import JsonObject, JsonValue, ToolSpec
from .plays import Play, Pointer
from .schemas import Unsatisfiable, compiled, flat, properties, required, types_of
from .values import value_for

_LONGEST = 300
"""Characters of a validator's message that are passed on."""
TRIES = 12


def check_arguments(validator: jsonschema_rs.Validator, arguments: JsonObject) -> None:
    """Hold arguments against the compiled schema. Raises ToolError `invalid_argument` that names the field."""
    try:
        # A lone surrogate is a string to Python, but no text that a reply could repeat.
        msgspec.json.encode(arguments)
        if validator.is_valid(arguments):
            return
        problem = next(validator.iter_errors(arguments))
    except (ValueError, TypeError):
        raise ToolError("invalid_argument", "the arguments are not valid JSON text") from None
    detail = problem.kind.as_dict()
    if problem.kind.name == "required":
        raise ToolError("invalid_argument", f"{detail['property']}: is required")
    field = ".".join(str(part) for part in problem.instance_path)
    raise ToolError("invalid_argument", (f"{field}: {problem.message}" if field else problem.message)[:_LONGEST])


def made_arguments(
    spec: ToolSpec, play: Play, key: Callable[[Pointer], JsonValue], rng: Random, *, optional: bool = False
) -> JsonObject:
    """Arguments that satisfy the schema; `key` gives an entry for each pointer, everything else is drawn.

    With `optional` parameters that need not be given are drawn too, where they can be.

    Raises:
        Unsatisfiable: none were found in a few tries.
    """
    validator = compiled(spec.input_schema)
    root = flat(spec.input_schema, spec.input_schema)
    pointers: Mapping[str, Pointer] = {p.param: p for p in (*play.pointers, play.own) if p and _stands(play, p)}
    for turn in range(TRIES):
        made: JsonObject = {}
        for name, part in properties(root).items():
            if name in required(root) or (
                optional and turn < TRIES // 2 and name not in pointers and rng.random() < 0.3
            ):
                made[name] = _one(name, part, spec.input_schema, pointers, key, rng)
        for name in required(root):
            made.setdefault(name, "x")
        if validator.is_valid(made):
            return made
    # Schemas with alternatives at the top say what is needed only there.
    drawn = value_for(spec.input_schema, spec.input_schema, "", rng)
    if isinstance(drawn, dict) and validator.is_valid(drawn):
        return {name: key(pointers[name]) if name in pointers else value for name, value in drawn.items()}
    raise Unsatisfiable("no valid arguments were found")


def _stands(play: Play, pointer: Pointer) -> bool:
    """False for the key of an entry that the call itself creates."""
    return play.verb != "create" or pointer is not play.own


def _one(
    name: str,
    part: JsonValue,
    root: JsonObject,
    pointers: Mapping[str, Pointer],
    key: Callable[[Pointer], JsonValue],
    rng: Random,
) -> JsonValue:
    if name not in pointers:
        return value_for(part, root, name, rng)
    found = key(pointers[name])
    return [found] if "array" in types_of(flat(part, root)) else found
