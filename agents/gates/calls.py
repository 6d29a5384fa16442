"""Gates on calls: the tool was given, the arguments fit its schema, no identifier was made up."""

from __future__ import annotations

from collections.abc import Iterator

from ...sandbox.code.specs import SPECS
from ...sandbox.facts import is_identifier, kind_of, snake
from ...sandbox.tools import JsonObject, JsonValue
from ..said import folded
from ..talk import MAX_ARGUMENTS, Made, Talk
from .problem import Problem, TalkGate

_OWN = {spec.name: spec.input_schema for spec in SPECS}
MAX_CALLS = 32
"""Calls of one message."""


def schemas(talk: Talk) -> Iterator[Problem]:
    """Every call names a tool that was given, with arguments that its schema allows."""
    for made in talk.made:
        if made.name not in talk.schemas:
            yield Problem("calls.unknown_tool", made.name, made.position)
        elif len(made.call.function.arguments) > MAX_ARGUMENTS:
            yield Problem("calls.arguments_too_long", f"{made.name}: more than {MAX_ARGUMENTS} bytes", made.position)
        elif made.arguments is None:
            yield Problem("calls.arguments_not_json", made.name, made.position, made.call.id)
        elif (shape := talk.shape(made.name)) is None:
            yield Problem("calls.tool_without_schema", f"{made.name} is given without a usable schema", made.position)
        elif wrong := shape.wrong(made.arguments):
            yield Problem("calls.schema", f"{made.name}: {wrong}", made.position, made.call.id)


def batches(talk: Talk) -> Iterator[Problem]:
    """No message makes more calls than anyone would, and none makes one call twice."""
    first = 0
    for index, made in enumerate(talk.made):
        if made.position != talk.made[first].position:
            first = index
        if index - first == MAX_CALLS:
            yield Problem("calls.too_many_at_once", f"more than {MAX_CALLS} calls in one message", made.position)
        if any(made.same == other.same for other in talk.made[first:index]):
            yield Problem("calls.twice_at_once", f"{made.name} is called twice in one breath", made.position)


def provenance(talk: Talk) -> Iterator[Problem]:
    """Every identifier in an argument was told, or returned by a call of an earlier message.

    The workspace of the code tool is the assistant's own: what it calls a file there, it need not have been told.
    """
    for made in talk.made:
        if talk.schemas.get(made.name) == _OWN.get(made.name, ()):
            continue
        for name, leaf in identifiers(made, talk.schemas.get(made.name, {})):
            if not talk.stood_before(leaf, made.position):
                yield Problem("provenance.invented", f"{name} of {made.name}", made.position, made.call.id)


def identifiers(made: Made, schema: JsonObject) -> Iterator[tuple[str, str]]:
    """Name and folded text of every identifier in the arguments; what the schema itself names is none."""
    properties = schema.get("properties")
    if made.arguments is None or not isinstance(properties, dict):
        return
    for name, value in made.arguments.items():
        declared = properties.get(name)
        if isinstance(declared, dict):
            yield from _identifiers(name, value, declared)


def _identifiers(name: str, value: JsonValue, schema: JsonObject) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        items = schema.get("items")
        for item in value:
            yield from _identifiers(name, item, items if isinstance(items, dict) else {})
    elif isinstance(value, dict):
        properties = schema.get("properties")
        for key, inner in value.items():
            declared = properties.get(key) if isinstance(properties, dict) else None
            yield from _identifiers(key, inner, declared if isinstance(declared, dict) else {})
    elif isinstance(value, str):
        text = folded(value)
        pointing = is_identifier(name) and kind_of(name, schema) not in ("enum", "free text")
        if text and pointing and value not in _named(schema):
            yield name, text
    elif isinstance(value, int) and not isinstance(value, bool) and snake(name).rpartition("_")[2] in ("id", "ids"):
        yield name, str(value)


def _named(schema: JsonObject) -> list[JsonValue]:
    """Values that the schema itself gives."""
    examples = schema.get("examples")
    return [schema.get("default"), *(examples if isinstance(examples, list) else ())]


CALLS: tuple[TalkGate, ...] = (schemas, batches, provenance)
