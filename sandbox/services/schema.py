"""From a typed function to JSON Schemas: what it takes, what it returns, with every reference written out in place."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Literal, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from ..tools import JsonObject

Operation: TypeAlias = Callable[..., msgspec.Struct]
"""A tool's function: its first argument is the desk it works at, the others are the tool's parameters."""

Moment: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A UTC time in a reply: `2026-03-18T14:30:00Z`."""

Day: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
"""A date in a reply: `2026-03-18`."""


def says(
    description: str,
    *,
    examples: Sequence[str] = (),
    kind: Literal["date", "date-time", "email"] | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
) -> msgspec.Meta:
    """What stands beside a type in `Annotated`.

    The description starts with a label of two to four words, then a comma or a full stop and an example, so that a
    person can be made to say "the <label> is <value>": `Order number, for example ORD-10423`.
    """
    return msgspec.Meta(
        description=description,
        examples=list(examples) or None,
        extra_json_schema={"format": kind} if kind else None,
        min_length=min_length,
        max_length=max_length,
    )


def amounts(description: str, *, ge: float, le: float) -> msgspec.Meta:
    """The same for a number, with its bounds."""
    return msgspec.Meta(description=description, ge=ge, le=le)


def description_of(operation: Operation) -> str:
    """The docstring on one line. Raises TypeError when there is none."""
    text = inspect.getdoc(operation)
    if not text:
        raise TypeError(f"{operation.__name__} has no docstring to describe it by")
    return " ".join(text.split())


def input_schema(operation: Operation) -> JsonObject:
    """JSON Schema of the arguments: closed, a parameter with a default is optional, `None` is no value of its own."""
    hints = get_type_hints(operation, include_extras=True)
    fields: list[tuple[str, type] | tuple[str, type, object]] = []
    for name, parameter in list(inspect.signature(operation).parameters.items())[1:]:
        kind = _without_none(hints[name])
        fields.append((name, kind) if parameter.default is parameter.empty else (name, kind, parameter.default))
    arguments = msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)
    schema = inlined(arguments)
    for detail in schema["properties"].values():
        # A left-out argument is what None stands for; the schema must not offer null, which it would refuse.
        if "default" in detail and detail["default"] is None:
            del detail["default"]
    return schema


def output_schema(operation: Operation) -> JsonObject:
    """JSON Schema of the record that comes back."""
    return inlined(get_type_hints(operation, include_extras=True)["return"])


def whole_numbers(schema: JsonObject) -> tuple[str, ...]:
    """The parameters of integer type. JSON lets a model write `2.0` for them."""
    return tuple(name for name, detail in schema["properties"].items() if detail.get("type") == "integer")


def inlined(record: type[msgspec.Struct]) -> JsonObject:
    """A record's JSON Schema without references. The record must not contain itself."""
    (reference,), definitions = msgspec.json.schema_components([record])
    schema = _resolved(reference, {f"#/$defs/{name}": definition for name, definition in definitions.items()})
    if not isinstance(schema, dict):
        raise TypeError(f"{record.__name__} has no schema of its own")
    return schema


def _resolved(node: object, definitions: dict[str, JsonObject]) -> object:
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved({**definitions[node["$ref"]], **{k: v for k, v in node.items() if k != "$ref"}}, definitions)
    # Class names mean nothing to a reader of the schema; `properties` may hold a field that is called title.
    plain: JsonObject = {
        key: {name: _resolved(detail, definitions) for name, detail in value.items()}
        if key == "properties"
        else _resolved(value, definitions)
        for key, value in node.items()
        if key != "title"
    }
    if "enum" in plain and all(isinstance(value, str) for value in plain["enum"]):
        plain.setdefault("type", "string")
    return plain


def _without_none(hint: object) -> type:
    """The type of an argument that is given: `X | None` as X, also inside `Annotated`."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        return cast("type", Annotated[(_without_none(inner), *notes)])
    if get_origin(hint) in (Union, UnionType):
        return cast("type", functools.reduce(operator.or_, [kind for kind in get_args(hint) if kind is not NoneType]))
    return cast("type", hint)
