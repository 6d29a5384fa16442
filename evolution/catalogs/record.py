"""Tool records: one operation of one real service as its catalogue describes it, and what could not become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...sandbox.tools import JsonObject

EXAMPLES = 3
"""Examples that are kept of each reason to leave something out."""


class ToolRecord(msgspec.Struct, frozen=True):
    """One operation of one service, its schemas self-contained."""

    catalog: str
    """Kind of the catalogue: mcp, openapi, aws, google, openai or toucan."""
    provider: str
    """Who runs the service, lower case: a domain where the catalogue knows it (`github.com`), else a publisher."""
    service: str
    """Name of the service, unique in its catalogue: `github.com/api`, `aws/s3`."""
    title: str
    """The service's title, for people."""
    name: str
    """The operation's own name as the catalogue has it, in any script; unique in its service."""
    method: str | None
    """HTTP method in capitals; None for a tool that is no HTTP operation."""
    path: str | None
    """HTTP path with `{parameters}`; None where the catalogue gives none."""
    description: str
    """What the operation does; may be empty."""
    summary: str
    """What the service is for, in a sentence or a paragraph; may be empty."""
    categories: tuple[str, ...]
    """The catalogue's labels of the service, its words; empty where it has none."""
    input_schema: JsonObject
    """JSON Schema of an object with every argument in it, without references except to its own `$defs`."""
    output_schema: JsonObject | None
    """JSON Schema of the successful reply, as `input_schema`; None where nothing is said of its fields."""
    annotations: Mapping[str, bool]
    """Hints as the catalogue gives them: `readOnlyHint`, `destructiveHint`, `idempotentHint`, `deprecated`."""
    credentials: tuple[str, ...]
    """Names of parameters that carry a secret; they are not in `input_schema`."""
    licence: str
    """Licence of the description: an SPDX name where one is known, else the provider's words, else `unknown`."""
    source: str
    """The document and its version, never a path of this machine."""
    evaluation_only: bool
    """True for tools of a benchmark: never to be trained on."""

    @property
    def id(self) -> str:
        """Unique over all catalogues."""
        return f"{self.catalog}:{self.service}#{self.name}"


def heading(
    catalog: str,
    provider: str,
    service: str,
    title: str,
    *,
    summary: str = "",
    categories: tuple[str, ...] = (),
    licence: str = "unknown",
    source: str = "",
    evaluation_only: bool = False,
) -> ToolRecord:
    """What all records of one service share; the operation's own fields are empty, for `msgspec.structs.replace`."""
    return ToolRecord(
        catalog=catalog,
        provider=provider,
        service=service,
        title=title,
        name="",
        method=None,
        path=None,
        description="",
        summary=summary,
        categories=categories,
        input_schema={},
        output_schema=None,
        annotations={},
        credentials=(),
        licence=licence,
        source=source,
        evaluation_only=evaluation_only,
    )


class Service(msgspec.Struct, frozen=True):
    """One service's tools; `provider`, `title`, … are those of its records."""

    catalog: str
    """Kind of the catalogue."""
    provider: str
    """As in the records."""
    name: str
    """`service` of the records."""
    title: str
    """As in the records."""
    tools: tuple[ToolRecord, ...]
    """In the order of the document; names are unique."""


def service_of(head: ToolRecord, tools: Iterable[ToolRecord]) -> tuple[Service, ...]:
    """The service of these tools, none without tools."""
    found = tuple(tools)
    return (Service(head.catalog, head.provider, head.service, head.title, found),) if found else ()


class Skip(msgspec.Struct, frozen=True):
    """Something that a catalogue holds and that was left out, or kept in another form than it is written."""

    reason: str
    """Short stable code, for counting."""
    where: str
    """Document, and operation where it is one; never a path of this machine."""
    detail: str = ""
    """What was wrong, in one line."""


class Skips:
    """A count of what was left out, by reason, with the first examples of each."""

    def __init__(self, skips: Iterable[Skip] = ()) -> None:
        self.counts: dict[str, int] = {}
        """{reason: how often}"""
        self.examples: dict[str, list[Skip]] = {}
        """{reason: the first few}"""
        for skip in skips:
            self.add(skip)

    def add(self, skip: Skip) -> None:
        """Count one."""
        self.counts[skip.reason] = self.counts.get(skip.reason, 0) + 1
        kept = self.examples.setdefault(skip.reason, [])
        if len(kept) < EXAMPLES:
            kept.append(skip)

    def merge(self, other: Skips) -> None:
        """Count what another has counted; examples come in the order of the merges."""
        for reason, count in other.counts.items():
            self.counts[reason] = self.counts.get(reason, 0) + count
            kept = self.examples.setdefault(reason, [])
            kept.extend(other.examples[reason][: EXAMPLES - len(kept)])


class Reading(msgspec.Struct, frozen=True):
    """What came out of one document: its services, and what was left out. Picklable."""

    services: tuple[Service, ...]
    """Usually one; a list of many servers gives one per server. None without tools."""
    skips: tuple[Skip, ...] = ()
    """In the order they were met."""
