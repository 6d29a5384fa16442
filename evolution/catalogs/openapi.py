"""OpenAPI documents, 3.x and Swagger 2, JSON and YAML: a file, or a folder of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import urlsplit

import msgspec

from ...sandbox.tools import JsonObject, JsonValue
from .arguments import Arguments
from .decode import Malformed, decode, read_bounded
from .licences import licence_of
from .origins import npm_package
from .pointers import Pointers
from .record import Reading, Skip, ToolRecord, heading, service_of
from .refs import Expander, telling
from .source import Document, Listing, Source, files
from .texts import OPERATION, SUMMARY, plain

METHODS = ("get", "put", "post", "delete", "patch", "head")
"""Methods that become tools; `options` and `trace` are about the transport."""
_WRITES = ("put", "post", "patch")
_BODIES = ("application/json", "text/json", "multipart/form-data", "application/x-www-form-urlencoded", "*/*")


def list_documents(source: Source) -> Listing:
    """The JSON and YAML files below the source. A folder's other files are none of ours."""
    origin = npm_package(source.path)
    found = files(source, ".json", ".yaml", ".yml")
    return Listing(tuple(Document(source, path, name, name.rpartition(".")[0], origin) for path, name in found))


def load(document: Document) -> Reading:
    """The tools of one document. Raises Malformed when it is none or cannot be read."""
    source = document.source
    root = decode(read_bounded(document.path, source.max_bytes), document.path.name)
    if not isinstance(root, dict) or not (isinstance(root.get("openapi"), str) or "swagger" in root):
        raise Malformed("not_openapi", "neither openapi nor swagger stands at the top")
    return _Specification(document, root).read()


class _Specification:
    """One document while it is read."""

    def __init__(self, document: Document, root: JsonObject) -> None:
        self._document = document
        self._root = root
        within = document.source.path if document.source.path.is_dir() else document.path.parent
        local = document.source.local_references
        pointers = Pointers(
            root,
            folder=document.path.parent if local else None,
            within=within if local else None,
            max_bytes=document.source.max_bytes,
        )
        self._input = Expander(pointers, hidden="readOnly")
        self._output = Expander(pointers, hidden="writeOnly")
        self._schemes = _scheme_names(root)
        self._info = _object(root.get("info"))
        self._names: set[str] = set()
        self._skips: list[Skip] = []

    def read(self) -> Reading:
        """The service, if it has an operation."""
        licence = _object(self._info.get("license"))
        version = str(self._info.get("version") or "")[:40]
        head = heading(
            "openapi",
            provider_of(self._info, self._root, self._document.name),
            self._document.service,
            plain(self._info.get("title"), 120) or self._document.service,
            summary=plain(self._info.get("description"), SUMMARY),
            categories=_words(self._info.get("x-apisguru-categories")),
            licence=licence_of(licence.get("name"), licence.get("url")),
            source=f"{self._document.origin} {self._document.name} {version}".strip(),
        )
        services = service_of(head, self._operations(head))
        for expander in (self._input, self._output):
            for reference, reason in expander.failed.items():
                self._skip(reason, reference[:120])
        return Reading(services, tuple(self._skips))

    def _operations(self, head: ToolRecord) -> Iterator[ToolRecord]:
        for path, item in _object(self._root.get("paths")).items():
            if not path.startswith("/"):
                continue  # an extension
            item = self._input.flatten(item)
            shared = item.get("parameters")
            for method in METHODS:
                operation = item.get(method)
                if isinstance(operation, dict):
                    yield self._operation(head, path, method, operation, shared)

    def _operation(
        self, head: ToolRecord, path: str, method: str, operation: JsonObject, shared: JsonValue
    ) -> ToolRecord:
        arguments = Arguments(self._input, self._schemes)
        for parameter in self._parameters(operation.get("parameters"), shared):
            self._parameter(arguments, parameter, method)
        body = self._input.flatten(operation.get("requestBody"))
        if body:
            required = body.get("required", method in _WRITES) is True
            schema = _content(body)
            if schema is not None:
                arguments.add_body(schema, required=required)
        annotations = {"deprecated": True} if operation.get("deprecated") is True else {}
        said = (plain(operation.get(key), OPERATION) for key in ("description", "summary"))
        return msgspec.structs.replace(
            head,
            name=self._name(operation, method, path),
            method=method.upper(),
            path=path,
            description=_description(*said),
            input_schema=arguments.schema(),
            output_schema=self._reply(operation.get("responses")),
            annotations=annotations,
            credentials=tuple(arguments.credentials),
        )

    def _name(self, operation: JsonObject, method: str, path: str) -> str:
        """The operation's id; where there is none or it is taken, method and path."""
        given = operation.get("operationId")
        name = given.strip()[:200] if isinstance(given, str) else ""
        if name in self._names:
            self._skip("duplicate_id", f"{name}, now called {method.upper()} {path}")
            name = ""
        name = name or f"{method.upper()} {path}"
        self._names.add(name)
        return name

    def _parameters(self, own: JsonValue, shared: JsonValue) -> list[JsonObject]:
        """Parameters of the operation before those of its path; one of the operation hides its namesake."""
        found: dict[tuple[str, str], JsonObject] = {}
        for group in (own, shared):
            for entry in group if isinstance(group, list) else ():
                parameter = self._input.flatten(entry)
                name, place = parameter.get("name"), parameter.get("in")
                if isinstance(name, str) and name and isinstance(place, str):
                    found.setdefault((name, place), parameter)
        return list(found.values())

    def _parameter(self, arguments: Arguments, parameter: JsonObject, method: str) -> None:
        name, place = str(parameter["name"]), str(parameter["in"])
        if place == "body":  # Swagger 2
            needed = parameter.get("required", method in _WRITES) is True
            arguments.add_body(parameter.get("schema"), required=needed)
            return
        schema = parameter.get("schema")
        if not isinstance(schema, dict):
            schema = _content(parameter)  # Swagger 2 has type, items and limits in the parameter itself
            if schema is None:
                schema = {key: value for key, value in parameter.items() if key not in ("name", "in", "required")}
        if isinstance(text := parameter.get("description"), str) and "description" not in schema:
            schema = {**schema, "description": text}
        required = place == "path" or parameter.get("required") is True
        arguments.add(name, "body" if place == "formData" else place, schema, required=required)

    def _reply(self, responses: JsonValue) -> JsonObject | None:
        """The schema of the first success that has one."""
        by_code = _object(responses)
        codes = sorted(code for code in by_code if code[:1] == "2") or (["default"] if len(by_code) == 1 else [])
        for code in codes:
            response = self._output.flatten(by_code.get(code))
            schema = response.get("schema") if "schema" in response else _content(response, reply=True)
            found = telling(self._output.expand(schema))
            if found is not None:
                return found
        return None

    def _skip(self, reason: str, detail: str) -> None:
        self._skips.append(Skip(reason, self._document.name, detail))


def provider_of(info: Mapping[str, JsonValue], root: Mapping[str, JsonValue], name: str) -> str:
    """Who runs the API: what the catalogue says, else the host of its first server, else the document's folder."""
    said = info.get("x-providerName")
    if isinstance(said, str) and said:
        return said.lower()
    servers = root.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else {}
    url = str(_object(first).get("url") or "")
    host = root.get("host") or (urlsplit(url).hostname if "://" in url and "{" not in url and "[" not in url else None)
    if isinstance(host, str) and "." in host:
        plain_host = host.lower().partition(":")[0]
        labels = plain_host.split(".")
        return ".".join(labels[1:]) if len(labels) > 2 and labels[0] in ("api", "www", "rest") else plain_host
    return name.partition("/")[0].removesuffix(".json").removesuffix(".yaml").removesuffix(".yml").lower()


def _scheme_names(root: JsonObject) -> frozenset[str]:
    """Names of the parameters that carry a key, as the document's security schemes say."""
    schemes = _object(_object(root.get("components")).get("securitySchemes")) or _object(
        root.get("securityDefinitions")
    )
    found = (_object(scheme) for scheme in schemes.values())
    return frozenset(str(scheme["name"]) for scheme in found if scheme.get("type") == "apiKey" and "name" in scheme)


def _content(holder: JsonObject, *, reply: bool = False) -> JsonValue:
    """The schema of a body by its media type: JSON first, then forms; other replies say nothing of their fields."""
    content = _object(holder.get("content"))
    types = [name for name in _BODIES if name in content]
    types += [name for name in content if "json" in name and name not in types]
    types += [] if reply else [name for name in content if name not in types]
    for name in types:
        schema = _object(content[name]).get("schema")
        if isinstance(schema, dict):
            return schema
    return None


def _description(text: str, headline: str) -> str:
    if not text or headline.rstrip(".").lower() in text.lower():
        return text or headline
    return (
        f"{headline}. {text}" if headline and not headline.endswith((".", "!", "?")) else f"{headline} {text}".strip()
    )


def _words(value: JsonValue) -> tuple[str, ...]:
    """Labels; a few documents have one text where a list is meant."""
    if isinstance(value, str):
        return (value,)
    return tuple(word for word in value if isinstance(word, str) and word) if isinstance(value, list) else ()


def _object(value: JsonValue) -> JsonObject:
    return cast("JsonObject", value) if isinstance(value, dict) else {}
