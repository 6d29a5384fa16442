"""Tools of benchmarks kept out of what is trained on, under whatever catalogue they come again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from .benchmarks import Fingerprints, fingerprint
from .read import load
from .record import Reading, Service, Skip
from .source import Document

TOOL_LISTS = ("mcp", "openai", "toucan")
"""Kinds of catalogues in which benchmarks come."""
_READ_TWICE = (".json", ".jsonl")
"""Endings of files that may be read for fingerprints first; a manifest would start its server twice."""

Mapper: TypeAlias = Callable[[Callable[[Document], list[str]], Sequence[Document]], Iterable[list[str]]]
"""A map in order, over processes or not."""


def known_tools(benchmarks: Sequence[Document], catalogues: Sequence[Document], over: Mapper = map) -> Fingerprints:
    """The fingerprints of all tools of `benchmarks`, and of those that `catalogues` hold of benchmarks."""
    lists = [d for d in catalogues if d.source.kind in TOOL_LISTS and d.path.suffix in _READ_TWICE]
    found = (*over(_all_of, benchmarks), *over(_marked_of, lists))
    return Fingerprints(one for prints in found for one in prints)


def without_known(reading: Reading, known: Fingerprints) -> Reading:
    """The reading without tools that a benchmark is known to have, which are counted as `benchmark_tool`.

    A benchmark's own catalogue stays whole: its tools are marked already, and clusters of them are for evaluation.
    """
    if not len(known):
        return reading
    skips = list(reading.skips)
    services: list[Service] = []
    for service in reading.services:
        marked = [tool if tool.evaluation_only else known.mark(tool) for tool in service.tools]
        barred = [new.name for old, new in zip(service.tools, marked, strict=True) if new is not old]
        skips.extend(Skip("benchmark_tool", service.name, name) for name in barred)
        kept = tuple(old for old, new in zip(service.tools, marked, strict=True) if new is old)
        if kept:
            services.append(msgspec.structs.replace(service, tools=kept))
    return Reading(tuple(services), tuple(skips))


def _all_of(document: Document) -> list[str]:
    return [fingerprint(tool) for service in load(document).services for tool in service.tools]


def _marked_of(document: Document) -> list[str]:
    return list(_prints(load(document)))


def _prints(reading: Reading) -> Iterator[str]:
    tools = (tool for service in reading.services for tool in service.tools)
    return (fingerprint(tool) for tool in tools if tool.evaluation_only)
