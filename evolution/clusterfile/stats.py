"""What a cluster file holds, in figures, counted from its lines in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from .line import ClusterLine


class FileStats(msgspec.Struct, frozen=True):
    """The figures of a cluster file. Shares are of its clusters, from 0 to 1."""

    clusters: int
    services: int
    """Services with a tool in a cluster."""
    services_with_own_cluster: int
    """Services with a cluster that has no tool of another service."""
    providers: int
    max_provider: str
    """The provider with a tool in the most clusters."""
    max_provider_share: float
    """Share of the clusters in which that provider has a tool."""
    cross_service_share: float
    """Share of clusters with tools of two services or more."""
    five_plus_share: float
    """Share of clusters with five tools or more."""
    tools_covered: int
    """Different tools, over all clusters."""
    tool_uses: int
    """Tools of every cluster added up."""
    domains: int
    sectors: int
    unlabelled_share: float
    """Share of clusters in the sector `unlabelled`."""
    edges: int
    """Edges of every cluster added up."""
    distinct_edges: int
    """Edges that differ in tool, place in the reply, tool or parameter."""
    entities: int
    """Different entities."""
    read_only_share: float
    """Share of clusters in which no tool changes state."""
    inferred_share: float
    """Share of tool uses whose reply's schema is inferred."""
    evaluation_only: int
    """Clusters with a tool of a benchmark."""
    kinds: dict[str, int]
    """{how a cluster was found: clusters}"""
    sizes: dict[str, int]
    """{number of tools: clusters}"""
    depths: dict[str, int]
    """{tools on the longest dependent chain: clusters}"""
    modes: dict[str, int]
    """{reasoning mode: clusters that can carry it}"""
    licences: dict[str, int]
    """{licence: tool uses}, the most frequent twelve."""


def stats_of(lines: Iterable[ClusterLine]) -> FileStats:
    """The figures; each line is let go after it was counted. A file without lines gives zeros."""
    tally = _Tally()
    for line in lines:
        tally.add(line)
    return tally.stats()


class _Tally:
    """What has been counted."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.services: set[str] = set()
        self.own: set[str] = set()
        self.providers: Counter[str] = Counter()
        self.tools: set[str] = set()
        self.edges: set[bytes] = set()
        self.domains: set[str] = set()
        self.sectors: set[str] = set()
        self.entities: set[str] = set()
        self.by: dict[str, Counter[str]] = {key: Counter() for key in ("kinds", "sizes", "depths", "modes", "licences")}

    def add(self, line: ClusterLine) -> None:
        """Count one cluster."""
        ids = {tool.name: tool.id for tool in line.tools}
        services = {tool.service for tool in line.tools}
        self.services |= services
        if len(services) == 1:
            self.own |= services
        self.providers.update({tool.provider for tool in line.tools})
        self.tools.update(ids.values())
        for edge in line.edges:
            # Eight bytes in place of four texts: a hundred thousand edges cost a few megabytes.
            ends = "\0".join((ids[edge.src], edge.path, ids[edge.dst], edge.param))
            self.edges.add(blake2b(ends.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        self.domains.add(line.domain)
        self.sectors.add(line.sector)
        self.entities.update(line.entities)
        self.by["kinds"][line.kind] += 1
        self.by["sizes"][str(len(line.tools))] += 1
        self.by["depths"][str(line.scores.depth)] += 1
        self.by["modes"].update(line.modes)
        self.by["licences"].update(tool.licence for tool in line.tools)
        self.count["clusters"] += 1
        self.count["cross"] += len(services) > 1
        self.count["five"] += len(line.tools) >= 5
        self.count["uses"] += len(line.tools)
        self.count["edges"] += len(line.edges)
        self.count["read_only"] += line.read_only
        self.count["unlabelled"] += line.sector == "unlabelled"
        self.count["inferred"] += sum(tool.inferred for tool in line.tools)
        self.count["evaluation"] += any(tool.evaluation_only for tool in line.tools)

    def stats(self) -> FileStats:
        """The figures so far."""
        total = max(1, self.count["clusters"])
        provider, most = min(self.providers.items(), key=lambda item: (-item[1], item[0]), default=("", 0))

        def ranked(key: str, most: int | None = None) -> dict[str, int]:
            ordered = sorted(self.by[key].items(), key=lambda item: (-item[1], item[0]))
            return dict(ordered[:most])

        def numbered(key: str) -> dict[str, int]:
            return dict(sorted(self.by[key].items(), key=lambda item: int(item[0])))

        return FileStats(
            clusters=self.count["clusters"],
            services=len(self.services),
            services_with_own_cluster=len(self.own),
            providers=len(self.providers),
            max_provider=provider,
            max_provider_share=round(most / total, 4),
            cross_service_share=round(self.count["cross"] / total, 4),
            five_plus_share=round(self.count["five"] / total, 4),
            tools_covered=len(self.tools),
            tool_uses=self.count["uses"],
            domains=len(self.domains),
            sectors=len(self.sectors),
            unlabelled_share=round(self.count["unlabelled"] / total, 4),
            edges=self.count["edges"],
            distinct_edges=len(self.edges),
            entities=len(self.entities),
            read_only_share=round(self.count["read_only"] / total, 4),
            inferred_share=round(self.count["inferred"] / max(1, self.count["uses"]), 4),
            evaluation_only=self.count["evaluation"],
            kinds=ranked("kinds"),
            sizes=numbered("sizes"),
            depths=numbered("depths"),
            modes=ranked("modes"),
            licences=ranked("licences", 12),
        )
