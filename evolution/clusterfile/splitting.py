"""Clusters put aside for evaluation: whole providers, and groups of clusters that share no tool with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Literal, TypeAlias

import msgspec

from .line import ClusterLine

Part: TypeAlias = Literal["train", "held_out_providers", "held_out_clusters", "left_out"]
PARTS: tuple[Part, ...] = ("train", "held_out_providers", "held_out_clusters", "left_out")


class Seen(msgspec.Struct, frozen=True):
    """What splitting has to know of a cluster."""

    id: str
    providers: tuple[str, ...]
    tools: tuple[str, ...]
    """Ids."""
    crossing: bool
    """True for tools of two services or more."""


class Split(msgspec.Struct, frozen=True):
    """Where every cluster goes, and what that comes to."""

    parts: dict[str, Part]
    """{cluster id: part}"""
    providers: tuple[str, ...]
    """The ones held out, sorted."""
    clusters: dict[str, int]
    """{part: clusters}"""
    tools: dict[str, int]
    """{part: different tools}; no tool stands in two parts but `left_out`."""


def seen(line: ClusterLine) -> Seen:
    """What splitting has to know of a line."""
    services = {tool.service for tool in line.tools}
    providers = tuple(sorted({tool.provider for tool in line.tools}))
    return Seen(line.id, providers, tuple(tool.id for tool in line.tools), len(services) > 1)


def split(clusters: Sequence[Seen], *, providers: float, held_out: float, seed: int) -> Split:
    """Put aside about these shares of the clusters: with whole providers, then with groups of other providers.

    Edges join tools of one cluster, so parts that share no tool share no edge. A cluster that would join two parts is
    `left_out`. Which ones are taken is a function of the seed and the names, not of the order of the lines.
    """
    aside = _providers(clusters, providers, seed)
    parts: dict[str, Part] = {}
    rest: list[Seen] = []
    for cluster in clusters:
        inside = [provider in aside for provider in cluster.providers]
        if all(inside):
            parts[cluster.id] = "held_out_providers"
        elif any(inside):
            parts[cluster.id] = "left_out"
        else:
            rest.append(cluster)
    group = _groups(cluster for cluster in rest if not cluster.crossing)
    chosen = _drawn(
        Counter(group(cluster.tools[0]) for cluster in rest if not cluster.crossing),
        held_out * len(clusters),
        f"{seed}/clusters",
    )
    for cluster in rest:
        inside = [group(tool) in chosen for tool in cluster.tools]
        parts[cluster.id] = "held_out_clusters" if all(inside) else "left_out" if any(inside) else "train"
    return _split(clusters, parts, aside)


def _split(clusters: Sequence[Seen], parts: Mapping[str, Part], aside: set[str]) -> Split:
    tools: dict[Part, set[str]] = {part: set() for part in PARTS}
    for cluster in clusters:
        tools[parts[cluster.id]].update(cluster.tools)
    counted = Counter(parts.values())
    return Split(
        parts={cluster.id: parts[cluster.id] for cluster in clusters},
        providers=tuple(sorted(aside)),
        clusters={part: counted[part] for part in PARTS},
        tools={part: len(tools[part]) for part in PARTS},
    )


def _providers(clusters: Sequence[Seen], share: float, seed: int) -> set[str]:
    """Providers drawn until their own clusters come to the share."""
    sizes = Counter(p for c in clusters if len(c.providers) == 1 for p in c.providers)
    return _drawn(sizes, share * len(clusters), f"{seed}/providers")


def _drawn(sizes: Mapping[str, int], wanted: float, salt: str) -> set[str]:
    """Names in the order of their salted hashes, each taken as long as it does not lead beyond what is wanted."""
    taken: set[str] = set()
    total = 0
    for name in sorted(sizes, key=lambda name: sha256(f"{salt}/{name}".encode("utf-8", "surrogatepass")).digest()):
        if total + sizes[name] <= wanted:
            taken.add(name)
            total += sizes[name]
    return taken


def _groups(clusters: Iterable[Seen]) -> Callable[[str], str]:
    """The group of a tool: tools that stand in one cluster, directly or over others, are of one group."""
    parent: dict[str, str] = {}

    def find(tool: str) -> str:
        root = tool
        while parent.setdefault(root, root) != root:
            root = parent[root]
        while parent[tool] != root:
            parent[tool], tool = root, parent[tool]
        return root

    for cluster in clusters:
        first = find(cluster.tools[0])
        for tool in cluster.tools[1:]:
            other = find(tool)
            # The smaller name is the root: what a group is called does not depend on the order.
            first, other = min(first, other), max(first, other)
            parent[other] = first
    return find
