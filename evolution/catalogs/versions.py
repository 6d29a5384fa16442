"""One API that stands in several documents: versions, editions, and the same API in two catalogues.

A document is left out when 70 % of its operations, by method and shape of the path, stand in a larger one of the same
provider. A pre-release gives way to the stable document that it repeats, unless that has hardly begun. A provider's own
catalogue (AWS, Google) has each API once already; a collection's document of the same API gives way to it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import cast

import msgspec

from ...sandbox.tools import JsonObject, JsonValue
from . import aws, google, openapi
from .decode import Malformed, decode, decode_as, read_bounded
from .record import Skip
from .source import Document, Listing

SAME = 0.7
"""Share of a document's operations that must stand in one other for it to be a version of that."""
BEGUN = 1 / 3
"""Size of a stable document, against a pre-release, from which on it is preferred."""
_RANK = {"aws": 0, "google": 0, "openapi": 1}
"""A provider's own catalogue before a collection."""
_PLACEHOLDER = re.compile(r"\{[^{}]{0,200}\}|(?<=/):[A-Za-z_]\w{0,99}")
_RELEASE = re.compile(r"v?\d+([._-]\d+)*((alpha|beta|preview|p\d+)[\w.]*)?|\d{4}-\d{2}-\d{2}(-preview)?")
_EARLY = re.compile(r"alpha|beta|preview|(?<![a-z])rc(?![a-z])|experimental", re.IGNORECASE)


class Signature(msgspec.Struct, frozen=True):
    """What a document offers, as far as it takes to know it again in another."""

    service: str
    """Of the document."""
    provider: str
    shapes: frozenset[int]
    """Hashes of method and path shape; of the operation's name where every call has one path."""
    early: bool
    """True for a pre-release."""


class _Info(msgspec.Struct):
    version: JsonValue = ""
    provider: JsonValue = msgspec.field(default="", name="x-providerName")


class _Outline(msgspec.Struct):
    """An OpenAPI document of which nothing below the methods is decoded."""

    info: _Info = msgspec.field(default_factory=_Info)
    paths: dict[str, msgspec.Raw] = {}
    servers: JsonValue = None
    host: JsonValue = None


def signature(document: Document) -> Signature | None:
    """The signature of an HTTP catalogue's document; None for lists of tools and for what cannot be read."""
    try:
        match document.source.kind:
            case "openapi":
                provider, version, operations = _openapi(document)
            case "aws":
                provider, version, operations = aws.PROVIDER, "", _aws(document)
            case "google":
                provider, version, operations = google.PROVIDER, document.name, _google(document)
            case _:
                return None
    except (Malformed, RecursionError):
        return None  # reported when it is read for good
    shapes = frozenset(_hashed(operation) for operation in operations)
    return Signature(document.service, provider, shapes, bool(_EARLY.search(f"{document.name} {version}")))


def without_versions(
    listing: Listing, signatures: Callable[[Iterable[Document]], Iterable[Signature | None]] | None = None
) -> Listing:
    """The listing without what stands in it twice. `signatures` maps over documents in order; a pool's map fits."""
    found = (signatures or _one_by_one)(listing.documents)
    chosen = _Chosen()
    pairs = [(document, sign) for document, sign in zip(listing.documents, found, strict=True)]
    skips: list[Skip] = []
    dropped: set[str] = set()
    for document, sign in sorted(pairs, key=_preference):
        if sign is None or not sign.shapes:
            continue
        # The versions of an own catalogue are told by their names, and each API is there once.
        other = chosen.holds(sign) if document.source.kind == "openapi" else None
        if other is not None:
            dropped.add(document.service)
            skips.append(Skip("duplicate_version", document.name, f"stands in {other}"))
        else:
            chosen.add(sign, own=document.source.kind != "openapi")
    kept = tuple(document for document in listing.documents if document.service not in dropped)
    return Listing(kept, (*listing.skips, *sorted(skips, key=lambda skip: skip.where)))


def _one_by_one(documents: Iterable[Document]) -> Iterable[Signature | None]:
    return map(signature, documents)


def _preference(pair: tuple[Document, Signature | None]) -> tuple[int, bool, int, str]:
    """Own catalogues first, stable before early, then the larger; the name decides what is left."""
    document, sign = pair
    size = len(sign.shapes) if sign else 0
    return _RANK.get(document.source.kind, 2), sign.early if sign else False, -size, document.service


class _Chosen:
    """The documents that are kept so far, by provider and shape."""

    def __init__(self) -> None:
        self._holders: dict[tuple[str, int], list[str]] = {}
        self._sizes: dict[str, int] = {}
        self._named: dict[tuple[str, str], str] = {}  # of own catalogues only

    def add(self, sign: Signature, *, own: bool) -> None:
        self._sizes[sign.service] = len(sign.shapes)
        if own:
            self._named.setdefault((sign.provider, _api(sign.service)), sign.service)
        for shape in sign.shapes:
            self._holders.setdefault((sign.provider, shape), []).append(sign.service)

    def holds(self, sign: Signature) -> str | None:
        """The kept document that this one is a version of."""
        named = self._named.get((sign.provider, _api(sign.service)))
        if named is not None:
            return named
        shared = Counter(service for shape in sign.shapes for service in self._holders.get((sign.provider, shape), ()))
        for service, count in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
            smaller = min(len(sign.shapes), self._sizes[service])
            if count >= SAME * len(sign.shapes):
                return service
            if sign.early and count >= SAME * smaller and smaller >= BEGUN * len(sign.shapes):
                return service
        return None


def _api(service: str) -> str:
    """The name of the API in a service's: `gmail` of `google/gmail` and of `googleapis.com/gmail`."""
    return service.partition("/")[2].partition(".")[0]


def _openapi(document: Document) -> tuple[str, str, list[str]]:
    content = read_bounded(document.path, document.source.max_bytes)
    if document.name.endswith(".json"):
        outline = decode_as(content, _Outline)
        paths = {path: decode_as(bytes(raw), dict[str, msgspec.Raw]) for path, raw in outline.paths.items()}
        info: JsonObject = {"x-providerName": outline.info.provider}
        root: JsonObject = {"servers": outline.servers, "host": outline.host}
        version = str(outline.info.version)
    else:
        root = _object(decode(content, document.name))
        info, paths = (
            _object(root.get("info")),
            {key: _object(value) for key, value in _object(root.get("paths")).items()},
        )
        version = str(info.get("version"))
    operations = [_shape(method, path) for path, item in paths.items() for method in item if method in openapi.METHODS]
    return openapi.provider_of(info, root, document.name), version, operations


def _aws(document: Document) -> list[str]:
    model = aws.read_model(document)
    if model.metadata.get("protocol") not in aws.PATHS:
        return list(model.operations)
    routes = (_object(operation.get("http")) for operation in model.operations.values())
    return [_shape(str(route.get("method")), str(route.get("requestUri"))) for route in routes]


def _google(document: Document) -> list[str]:
    """Paths in both forms: with a parameter per collection, and with one for the whole name of a resource."""
    methods = list(google.methods_of(google.read_discovery(document)))
    paths = ((method, method.get(key)) for method in methods for key in ("flatPath", "path"))
    return [_shape(str(method["httpMethod"]), path) for method, path in paths if isinstance(path, str)]


def _shape(method: str, path: str) -> str:
    """`get /pets/{}` of any way to write it: no names of parameters, no versions. `/#Action=Name` is the name."""
    route, _, action = path.partition("#")
    if action and route == "/":
        return re.split(r"[.=]", action)[-1]
    parts = _PLACEHOLDER.sub("{}", route.partition("?")[0]).strip("/").split("/")
    return f"{method.lower()} " + "/".join("v" if _RELEASE.fullmatch(part) else part for part in parts)


def _hashed(operation: str) -> int:
    return int.from_bytes(hashlib.blake2b(operation.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def _object(value: JsonValue) -> JsonObject:
    return cast("JsonObject", value) if isinstance(value, dict) else {}
