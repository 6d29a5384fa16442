"""Google's discovery documents as google-api-python-client ships them: a folder of `NAME.VERSION.json`, or one file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import cast

import msgspec

from ...sandbox.tools import JsonObject, JsonValue
from .arguments import Arguments
from .decode import Malformed, decode_as, read_bounded
from .origins import python_package
from .record import Reading, Skip, ToolRecord, heading, service_of
from .refs import Expander, telling
from .source import Document, Listing, Source, files
from .texts import OPERATION, SUMMARY, plain

PROVIDER = "googleapis.com"
LICENCE = "Apache-2.0"
"""Of the documents in google-api-python-client."""

_VERSION = re.compile(r"(?:(?P<part>[a-z]+?)_?)?v(?P<numbers>\d+(?:[._]\d+)*)(?P<rest>[a-z]*\d*[a-z]*\d*)")
"""`v1`, `v1beta2`, and with the part of an API that it is the version of: `directory_v1`."""
_EARLY = re.compile(r"(?:p\d+)?(?:alpha|beta|eap|preview|b)(\d*)")


class Discovery(msgspec.Struct):
    """A discovery document, as far as it is read here."""

    name: str
    version: str
    title: str = ""
    description: str = ""
    resources: dict[str, JsonObject] = {}
    methods: dict[str, JsonObject] = {}
    schemas: dict[str, JsonObject] = {}
    revision: str = ""


def list_documents(source: Source) -> Listing:
    """Of every API, the newest stable version, or the newest at all where none is stable; others are counted."""
    origin = python_package(source.path, "google-api-python-client")
    best: dict[str, tuple[tuple[int, ...], Document]] = {}
    skips: list[Skip] = []
    for path, name in files(source, ".json"):
        api, _, version = path.name.removesuffix(".json").partition(".")
        if not version:
            if source.path.is_dir():
                continue  # the index of the folder
            version = "v1"
        part, rank = rank_of(version)
        service = f"{api}.{part}" if part else api
        entry = rank, Document(source, path, name, f"google/{service}", origin)
        if service in best:
            worse, better = sorted((best[service], entry), key=lambda pair: pair[0])
            skips.append(Skip("older_version", worse[1].name))
            entry = better
        best[service] = entry
    return Listing(tuple(best[service][1] for service in sorted(best)), tuple(skips))


def rank_of(version: str) -> tuple[str, tuple[int, ...]]:
    """The part of an API that a version is of, and its place among versions: stable above early, then by number."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return "", (0, 0)
    numbers = tuple(int(number) for number in re.split(r"[._]", found["numbers"]))
    part, rest = found["part"] or "", found["rest"]
    early = _EARLY.fullmatch(rest)
    if early is None and rest:
        return part or rest, (1, *numbers)
    return part, (1, *numbers) if early is None else (0, *numbers, "beta" in rest, int(early[1] or 0))


def load(document: Document) -> Reading:
    """The methods of one API. Raises Malformed when the file is no discovery document."""
    api = read_discovery(document)
    schemas = api.schemas

    def resolve(name: str) -> JsonValue:
        if name not in schemas:
            raise Malformed("broken_ref", name)
        return _marked(schemas[name])

    takes, gives = Expander(resolve, hidden="readOnly"), Expander(resolve)
    head = heading(
        "google",
        PROVIDER,
        document.service,
        plain(api.title, 120) or document.service,
        summary=plain(api.description, SUMMARY),
        licence=LICENCE,
        source=f"{document.origin} {document.name} {api.revision}".strip(),
    )
    found: dict[str, ToolRecord] = {}
    skips: list[Skip] = []
    for method in methods_of(api):
        name = method.get("id")
        if not isinstance(name, str) or name in found:
            skips.append(Skip("duplicate_id" if isinstance(name, str) else "no_name", document.name, str(name)))
            continue
        found[name] = _operation(head, name, method, takes, gives)
    skips += [Skip("broken_ref", document.name, name) for name in {**takes.failed, **gives.failed}]
    return Reading(service_of(head, found.values()), tuple(skips))


def read_discovery(document: Document) -> Discovery:
    """The discovery document in a file. Raises Malformed when there is none."""
    return decode_as(read_bounded(document.path, document.source.max_bytes), Discovery)


def methods_of(api: Discovery) -> Iterator[JsonObject]:
    """Every method, of the API and of its resources at any depth, in the document's order."""
    yield from (method for method in api.methods.values() if isinstance(method.get("httpMethod"), str))
    waiting = list(reversed(api.resources.values()))
    while waiting:
        resource = waiting.pop()
        own = resource.get("methods")
        for method in own.values() if isinstance(own, dict) else ():
            if isinstance(method, dict) and isinstance(method.get("httpMethod"), str):
                yield method
        inner = resource.get("resources")
        if isinstance(inner, dict):
            waiting.extend(part for part in reversed(inner.values()) if isinstance(part, dict))


def _operation(head: ToolRecord, name: str, method: JsonObject, takes: Expander, gives: Expander) -> ToolRecord:
    arguments = Arguments(takes)
    for key, parameter in _fields(method.get("parameters")).items():
        if isinstance(parameter, dict):
            required = parameter.get("required") is True
            arguments.add(key, str(parameter.get("location", "query")), _parameter(parameter), required=required)
    request = method.get("request")
    if isinstance(request, dict):
        arguments.add_body({"$ref": request.get("$ref")}, required=True)
    response = method.get("response")
    reply = gives.expand({"$ref": response.get("$ref")}) if isinstance(response, dict) else {}
    path = method.get("flatPath") or method.get("path")
    return msgspec.structs.replace(
        head,
        name=name,
        method=str(method["httpMethod"]).upper(),
        path="/" + path.lstrip("/") if isinstance(path, str) else None,
        description=plain(method.get("description"), OPERATION),
        input_schema=arguments.schema(),
        output_schema=telling(reply),
        annotations={"deprecated": True} if method.get("deprecated") is True else {},
        credentials=tuple(arguments.credentials),
    )


def _parameter(parameter: JsonObject) -> JsonObject:
    schema = {key: value for key, value in parameter.items() if key not in ("required", "repeated", "location")}
    if parameter.get("repeated") is not True:
        return schema
    text = schema.pop("description", None)
    return {"type": "array", "items": schema, "description": text}


def _marked(schema: JsonObject) -> JsonObject:
    """With the marks that descriptions begin with made keywords: `Output only.` and `Required.`"""
    fields = schema.get("properties")
    if not isinstance(fields, dict):
        return schema
    return {**schema, "properties": {name: _mark(field) for name, field in fields.items()}}


def _mark(field: JsonValue) -> JsonValue:
    text = field.get("description") if isinstance(field, dict) else None
    if not isinstance(text, str):
        return field
    if text.startswith(("Output only", "[Output Only]", "[Output only]")):
        return {**field, "readOnly": True}
    return {**field, "required": True} if text.startswith(("Required.", "Required:", "[Required]")) else field


def _fields(value: JsonValue) -> Mapping[str, JsonValue]:
    return cast("JsonObject", value) if isinstance(value, dict) else {}
