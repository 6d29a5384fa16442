"""Business Clusters from the tools at hand: edges by schema, then the prerequisite closure of every tool.

This first form serves a handful of services. An edge says that a tool's declared reply holds a key of the same name
as an identifier that another tool takes. Tools that declare no replies get no edges and are grouped as they stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

import msgspec

from ..runtime.assignment import BusinessCluster, Edge
from ..sandbox.facts import leaves, params
from ..sandbox.tools import Toolbox, ToolSpec
from .capacity import carried_modes, carried_perturbations, needed_ids, own_leaves

MIN_TOOLS = 3
MAX_TOOLS = 10
WINDOW = 8
"""Tools per cluster where no edges are known."""


def build_clusters(toolboxes: Sequence[Toolbox]) -> tuple[BusinessCluster, ...]:
    """Clusters over the toolboxes' tools, in a stable order, no two with the same tools."""
    owners = {box.name: box for box in toolboxes}
    catalogue = _Catalogue([tool for box in toolboxes for tool in box.tools()])
    found: dict[frozenset[str], BusinessCluster] = {}
    for names in catalogue.candidates():
        cluster = catalogue.cluster(catalogue.filled(names), owners)
        found.setdefault(frozenset(cluster.tools), cluster)
    return tuple(found.values())


class _Catalogue:
    """The tools of a run with the edges between them."""

    def __init__(self, tools: Iterable[ToolSpec]) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self.params = {name: params(tool.input_schema) for name, tool in self.tools.items()}
        self.leaves = {name: own_leaves(tool) for name, tool in self.tools.items()}
        self.edges = tuple(self._edges())

    def _edges(self) -> Iterable[Edge]:
        produced: dict[str, list[tuple[str, str]]] = {}  # {key: [(tool, path)]}
        for name, tool in self.tools.items():
            seen: set[str] = set()
            for leaf in leaves(tool.output_schema):
                if leaf.kind == "identifier" and leaf.name not in seen:
                    seen.add(leaf.name)
                    produced.setdefault(leaf.name, []).append((name, leaf.path))
        for consumer, parameters in self.params.items():
            for param in needed_ids(parameters):
                for producer, path in produced.get(param.name, ()):
                    if self._can_feed(producer, consumer, param.name):
                        evidence = f"{producer} returns {path}, {consumer} takes {param.name}"
                        yield Edge(producer, path, consumer, param.name, evidence)

    def _can_feed(self, producer: str, consumer: str, key: str) -> bool:
        """A producer must be a read, another tool, and must not need the very key it is asked for."""
        needs = {param.name for param in self.params[producer] if param.required}
        return producer != consumer and self.tools[producer].read_only and key not in needs

    def candidates(self) -> Iterable[list[str]]:
        """Tool name lists: a closure for every tool with edges, windows over the rest, joins of services."""
        linked = {edge.consumer for edge in self.edges} | {edge.producer for edge in self.edges}
        for name in self.tools:
            if name in linked:
                yield self._with_neighbours(self._closure(name))
        for service in dict.fromkeys(tool.service for tool in self.tools.values()):
            loose = [n for n, tool in self.tools.items() if tool.service == service and n not in linked]
            for start in range(0, len(loose), WINDOW // 2):
                if start == 0 or len(loose) - start > WINDOW // 2:
                    yield loose[start : start + WINDOW]
        yield from self._joins()

    def _closure(self, target: str) -> list[str]:
        """The target with one producer for each identifier it needs (the one with the fewest needs), and so on."""
        names = [target]
        for name in names:
            for param in needed_ids(self.params[name]):
                producers = [e.producer for e in self.edges if e.consumer == name and e.param == param.name]
                same = [p for p in producers if self.tools[p].service == self.tools[name].service]
                best = min(same or producers, key=lambda p: (len(needed_ids(self.params[p])), p), default=None)
                if best and best not in names and len(names) < MAX_TOOLS:
                    names.append(best)
        return names

    def _with_neighbours(self, names: list[str]) -> list[str]:
        """The closure with tools that take the same identifiers, so that a write can be read back and choices exist."""
        keys = {p.name for name in names for p in self.params[name] if p.kind == "identifier"}
        services = {self.tools[name].service for name in names}
        near = [
            name
            for name, tool in self.tools.items()
            if name not in names and tool.service in services and keys & {p.name for p in self.params[name]}
        ]
        near.sort(key=lambda name: (not self.tools[name].read_only, name))
        return (names + near)[: max(len(names), 6)]

    def filled(self, names: list[str]) -> list[str]:
        """At least three tools where the services have them."""
        services = {self.tools[name].service for name in names}
        others = [name for name, tool in self.tools.items() if tool.service in services and name not in names]
        return names + others[: max(0, MIN_TOOLS - len(names))]

    def _joins(self) -> Iterable[list[str]]:
        """For every pair of services that share an identifier: the closures of a target on either side, together."""
        for edge in self.edges:
            left, right = self.tools[edge.producer].service, self.tools[edge.consumer].service
            if left != right:
                names = list(
                    dict.fromkeys([*self._closure(edge.consumer), *self._closure(edge.producer), edge.producer])
                )
                others = dict.fromkeys(
                    e.consumer for e in self.edges if e.param == edge.param and e.consumer not in names
                )
                yield (names + [n for n in others if self.tools[n].service == left][:3])[:MAX_TOOLS]

    def cluster(self, names: Sequence[str], owners: Mapping[str, Toolbox]) -> BusinessCluster:
        """The finished record for a list of tools."""
        edges = tuple(e for e in self.edges if e.producer in names and e.consumer in names)
        services = tuple(dict.fromkeys(self.tools[name].service for name in names))
        home = owners[self.tools[names[0]].service]
        fed = {(edge.consumer, edge.param) for edge in edges}
        entry = tuple(
            f"{name}.{p.name}" for name in names for p in needed_ids(self.params[name]) if (name, p.name) not in fed
        )
        keys = dict.fromkeys(edge.param for edge in edges)
        digest = hashlib.sha256(msgspec.json.encode([sorted(services), sorted(names)])).hexdigest()
        tools = {name: self.tools[name] for name in names}
        return BusinessCluster(
            id=digest[:16],
            services=services,
            tools=tuple(names),
            edges=edges,
            entities=tuple(key.removesuffix("_id").replace("_", " ") for key in keys),
            domain=home.domain if len(services) == 1 else " + ".join(owners[s].domain for s in services),
            sector=home.sector,
            plan=_order(names, edges),
            entry=entry,
            modes=carried_modes(tools, self.params, self.leaves, edges),
            provenance="; ".join(dict.fromkeys(owners[s].provenance for s in services)),
            perturbations=carried_perturbations(tools, self.params, self.leaves, edges),
        )


def _order(names: Sequence[str], edges: Sequence[Edge]) -> tuple[str, ...]:
    """The tools with producers first; on a cycle, as they stand."""
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(names, ()))
    for edge in edges:
        sorter.add(edge.consumer, edge.producer)
    try:
        return tuple(sorter.static_order())
    except CycleError:
        return tuple(names)
