"""The way in: catalogues are listed, thinned out, and read document by document.

listing = without_versions(list_catalogs([parse_source("openapi:FOLDER"), parse_source("aws")]))
for document in listing.documents:   # or a pool's map: `load` is pure, and what goes in and comes out is picklable
    reading = load(document)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from ...runtime.errors import UserError
from . import aws, google, mcp, openai, openapi, toucan
from .decode import Malformed
from .licences import licence_filter
from .record import Reading, Service, Skip, ToolRecord
from .source import Document, Listing, Source
from .versions import without_versions

_LISTS: Mapping[str, Callable[[Source], Listing]] = {
    "mcp": mcp.list_documents,
    "openapi": openapi.list_documents,
    "aws": aws.list_documents,
    "google": google.list_documents,
    "openai": openai.list_documents,
    "toucan": toucan.list_documents,
}
_LOADS: Mapping[str, Callable[[Document], Reading]] = {
    "mcp": mcp.load,
    "openapi": openapi.load,
    "aws": aws.load,
    "google": google.load,
    "openai": openai.load,
    "toucan": toucan.load,
}


def list_catalogs(sources: Iterable[Source]) -> Listing:
    """The documents of all sources, in order, none of them read; a service's name that comes again gets a number."""
    documents: list[Document] = []
    skips: list[Skip] = []
    seen: dict[str, int] = {}
    for source in sources:
        listing = _LISTS[source.kind](source)
        skips.extend(listing.skips)
        for document in listing.documents:
            seen[document.service] = count = seen.get(document.service, 0) + 1
            again = f"{document.service}~{count}"
            documents.append(document if count == 1 else msgspec.structs.replace(document, service=again))
    return Listing(tuple(documents), tuple(skips))


def load(document: Document) -> Reading:
    """What one document holds; never fails for what stands in it.

    Raises:
        UserError: the document is a manifest that was named and cannot be used.
    """
    try:
        return _LOADS[document.source.kind](document)
    except UserError:
        raise
    except Malformed as problem:
        return Reading((), (Skip(problem.reason, document.name, problem.detail),))
    except RecursionError:
        return Reading((), (Skip("nested", document.name, "is nested too deep"),))
    except Exception as error:  # noqa: BLE001 -- one document among thousands of strangers' must not end the build
        return Reading((), (Skip("failed", document.name, f"{type(error).__name__}: {error}"[:160]),))


def read_catalogs(sources: Iterable[Source], licences: Iterable[str] = ()) -> Iterator[Reading]:
    """Everything in the sources, one document at a time; the first reading holds what the listing left out.

    `licences` is an allow-list as `licence_filter` reads it.
    """
    listing = without_versions(list_catalogs(sources))
    allowed = licence_filter(licences)
    yield Reading((), listing.skips)
    for document in listing.documents:
        yield only_licensed(load(document), allowed)


def only_licensed(reading: Reading, allowed: Callable[[ToolRecord], bool]) -> Reading:
    """The reading without tools whose licence is not allowed, which are counted."""
    services: list[Service] = []
    skips = list(reading.skips)
    for service in reading.services:
        kept = tuple(tool for tool in service.tools if allowed(tool))
        skips.extend(Skip("licence", service.name, tool.licence) for tool in service.tools if not allowed(tool))
        if kept:
            services.append(msgspec.structs.replace(service, tools=kept))
    return Reading(tuple(services), tuple(skips))
