"""From a typed function to JSON Schemas: what it takes, what it returns, with every reference written out in place."""

from __future__ import annotations

import inspect
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
    return _resolved(reference, {f"#/$defs/{name}": definition for name, definition in definitions.items()})


def _resolved(node: JsonObject, definitions: dict[str, JsonObject]) -> JsonObject:
    """A schema with its references written out, and without titles: class names mean nothing to its reader."""
    if "$ref" in node:
        own = {key: value for key, value in node.items() if key != "$ref"}
        return _resolved({**definitions[node["$ref"]], **own}, definitions)
    plain: JsonObject = {}
    for key, value in node.items():
        if key == "properties":
            # A field may itself be called title, so its name is no keyword.
            plain[key] = {name: _resolved(detail, definitions) for name, detail in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            plain[key] = _resolved(cast("JsonObject", value), definitions)
        elif key in ("anyOf", "prefixItems"):
            plain[key] = [_resolved(branch, definitions) for branch in value]
        elif key != "title":
            plain[key] = value
    if "enum" in plain and all(isinstance(choice, str) for choice in plain["enum"]):
        plain.setdefault("type", "string")
    return plain


def _without_none(hint: object) -> type:
    """The type of an argument that is given: `X | None` as X, also inside `Annotated`."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        return cast("type", Annotated[(_without_none(inner), *notes)])
    if get_origin(hint) in (Union, UnionType):
        kinds = tuple(kind for kind in get_args(hint) if kind is not NoneType)
        return cast("type", Union[kinds])  # noqa: UP007  a tuple known only at run time has no `X | Y` form
    return cast("type", hint)
