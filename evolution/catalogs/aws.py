"""AWS service models as botocore ships them: `SERVICE/VERSION/service-2.json(.gz)` below a folder, or one such file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec

from ...sandbox.tools import JsonObject, JsonValue
from .arguments import object_schema
from .decode import Malformed, decode_as, read_bounded
from .origins import python_package
from .record import Reading, Skip, ToolRecord, heading, service_of
from .refs import Expander, telling
from .source import Document, Listing, Source, files
from .texts import OPERATION, SUMMARY, plain

PROVIDER = "amazonaws.com"
LICENCE = "Apache-2.0"
"""Of the models in botocore."""

_SCALARS = {
    "string": {"type": "string"},
    "character": {"type": "string"},
    "integer": {"type": "integer"},
    "long": {"type": "integer"},
    "bigInteger": {"type": "integer"},
    "double": {"type": "number"},
    "float": {"type": "number"},
    "bigDecimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    "timestamp": {"type": "string", "format": "date-time"},
    "blob": {"type": "string", "format": "byte"},
}
_LIMITS = {"string": ("minLength", "maxLength"), "list": ("minItems", "maxItems")}
PATHS = ("rest-json", "rest-xml")
"""Protocols in which method and path mean something; in the others every call is a POST to `/`."""


class Model(msgspec.Struct):
    """A service model, as far as it is read here."""

    metadata: dict[str, JsonValue]
    operations: dict[str, JsonObject]
    shapes: dict[str, JsonObject] = {}
    documentation: str = ""


def list_documents(source: Source) -> Listing:
    """The newest version of every service; older ones are counted."""
    origin = python_package(source.path, "botocore")
    newest: dict[str, Document] = {}
    skips: list[Skip] = []
    for path, name in files(source, "service-2.json", "service-2.json.gz"):  # versions are dates, so they sort
        place = path.resolve().parent.parent.name if path.name.startswith("service-2.") else path.name.partition(".")[0]
        if place in newest:
            skips.append(Skip("older_version", newest[place].name))
        newest[place] = Document(source, path, name, f"aws/{place}", origin)
    return Listing(tuple(newest[place] for place in sorted(newest)), tuple(skips))


def load(document: Document) -> Reading:
    """The operations of one service. Raises Malformed when the file is no service model."""
    model = read_model(document)
    shapes = model.shapes

    def resolve(name: str) -> JsonValue:
        if name not in shapes:
            raise Malformed("broken_ref", name)
        return _schema(shapes[name])

    takes, gives = Expander(resolve), Expander(resolve)
    facts = model.metadata
    title = plain(facts.get("serviceFullName"), 120) or document.service
    label = facts.get("serviceId")
    head = heading(
        "aws",
        PROVIDER,
        document.service,
        title,
        summary=plain(model.documentation, SUMMARY),
        categories=(label,) if isinstance(label, str) else (),
        licence=LICENCE,
        source=f"{document.origin} {document.name.rpartition('/')[0]}",
    )
    with_paths = facts.get("protocol") in PATHS
    services = service_of(head, _operations(model, head, takes, gives, with_paths=with_paths))
    broken = [Skip("broken_ref", document.name, name) for name in {**takes.failed, **gives.failed}]
    return Reading(services, tuple(broken))


def read_model(document: Document) -> Model:
    """The service model in a file. Raises Malformed when there is none."""
    return decode_as(read_bounded(document.path, document.source.max_bytes), Model)


def _operations(
    model: Model, head: ToolRecord, takes: Expander, gives: Expander, *, with_paths: bool
) -> Iterator[ToolRecord]:
    for name, operation in model.operations.items():
        schema, credentials = object_schema(takes, _reference(operation.get("input")))
        reply = gives.expand(_reference(operation.get("output")))
        http = operation.get("http")
        route = cast("JsonObject", http) if with_paths and isinstance(http, dict) else {}
        marks = (("readOnlyHint", "readonly"), ("idempotentHint", "idempotent"), ("deprecated", "deprecated"))
        yield msgspec.structs.replace(
            head,
            name=name,
            method=str(route["method"]).upper() if "method" in route else None,
            path=str(route["requestUri"]).partition("?")[0] if "requestUri" in route else None,
            description=plain(operation.get("documentation"), OPERATION),
            input_schema=schema,
            output_schema=telling(reply),
            annotations={hint: True for hint, mark in marks if operation.get(mark) is True},
            credentials=credentials,
        )


def _reference(value: JsonValue) -> JsonObject:
    """A use of a shape, as a reference to its schema."""
    if not isinstance(value, dict) or not isinstance(value.get("shape"), str):
        return {}
    text = value.get("documentation")
    return {"$ref": value["shape"], "description": text} if text else {"$ref": value["shape"]}


def _schema(shape: JsonObject) -> JsonObject:
    """A shape in the words of JSON Schema, its parts by reference."""
    kind = shape.get("type")
    text = shape.get("documentation")
    into: JsonObject = {"description": text} if isinstance(text, str) else {}
    if kind == "structure":
        members = shape.get("members")
        fields = members if isinstance(members, dict) else {}
        into["type"] = "object"
        into["properties"] = {name: _reference(member) for name, member in fields.items()}
        into["required"] = shape.get("required", [])
        return into
    if kind == "list":
        into |= {"type": "array", "items": _reference(shape.get("member"))}
    elif kind == "map":
        return {**into, "type": "object", "additionalProperties": _reference(shape.get("value"))}
    else:
        into |= _SCALARS.get(str(kind), {})
        into |= {word: shape[word] for word in ("enum", "pattern") if word in shape}
    low, high = _LIMITS.get(str(kind), ("minimum", "maximum"))
    into |= {word: shape[key] for word, key in ((low, "min"), (high, "max")) if key in shape}
    return into
