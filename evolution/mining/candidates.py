"""Candidate clusters of one service: sets of tools that belong together, before anything is checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import networkx as nx

from .cluster import Kind
from .edges import FIRM, FactEdge, producers_of
from .facts import ToolFacts
from .nouns import Entity

LEAST_TOOLS = 3
MOST_TOOLS = 10
WANTED = 6
"""Tools that a candidate is filled up to where more of its collection are at hand."""
MOST_DEPTH = 5
"""Prerequisites of prerequisites that are followed."""


class Candidate(msgspec.Struct, frozen=True):
    """A set of tools of one service, by their places in the list of facts."""

    kind: Kind
    tools: tuple[int, ...]
    """In the order in which they would be told of: prerequisites first, clean-up last."""


class Candidates:
    """Finds the candidates of one service."""

    def __init__(self, facts: Sequence[ToolFacts], edges: Sequence[FactEdge]) -> None:
        self._facts = facts
        self._edges = edges
        self._into = producers_of(edges)
        self._linked = {edge.src for edge in edges} | {edge.dst for edge in edges}
        self._about: dict[Entity, list[int]] = defaultdict(list)
        for number, tool in enumerate(facts):
            self._about[tool.entity].append(number)
        self._out: dict[int, list[int]] = defaultdict(list)
        for edge in edges:
            if edge.score >= FIRM:
                self._out[edge.src].append(edge.dst)

    def found(self) -> Iterator[Candidate]:
        """All candidates of 3 to 10 tools; the same set of tools once."""
        seen: set[frozenset[int]] = set()
        for candidate in self._all():
            tools = frozenset(candidate.tools)
            if LEAST_TOOLS <= len(tools) <= MOST_TOOLS and tools not in seen:
                seen.add(tools)
                yield candidate

    def _all(self) -> Iterator[Candidate]:
        for entity in self._about:
            yield from self._lifecycles(entity)
        for number, tool in enumerate(self._facts):
            if number in self._linked and (not tool.reads or tool.needs):
                yield from self._closures(number)
        for entity in self._about:
            yield from self._families(entity)
        yield from self._hubs()
        yield from self._communities()

    def _lifecycles(self, entity: Entity) -> Iterator[Candidate]:
        """The tools of one collection; of many, the basic ones with a few of the others at a time."""
        tools = [tool for tool in self._about[entity] if tool in self._linked]
        by_verb = self._by_verb(tools)
        basic = [*by_verb["create"][:1], *by_verb["list"][:1], *by_verb["get"][:1]]
        others = [*by_verb["update"], *by_verb["transition"], *by_verb["compute"]]
        rest = [tool for verb in ("create", "list", "get") for tool in by_verb[verb][1:]]
        ends = by_verb["delete"]
        if len(tools) <= WANTED + 1:
            yield self._told("lifecycle", [*basic, *rest, *others, *ends])
            return
        yield self._told("lifecycle", [*basic, *others[:2], *ends[:1]])
        spare = [*others[2:], *rest, *ends[1:]]
        for start in range(0, len(spare), 4):
            yield self._told("lifecycle", [*basic[:2], *spare[start : start + 4]])

    def _closures(self, target: int) -> Iterator[Candidate]:
        """The target with what it needs, a look at what it did, and the way back."""
        tool = self._facts[target]
        by_verb = self._by_verb(self._about[tool.entity])
        looks = [*by_verb["get"][:1], *by_verb["list"][:1]]
        # A read is followed by what can be done with what it showed.
        checks = looks if not tool.reads else [*by_verb["update"][:1], *by_verb["transition"][:1]]
        ends = by_verb["delete"][:1] if tool.subject.verb == "create" else []
        yield self._told("closure", [target, *checks, *ends])
        onward = [other for other in self._out[target] if self._facts[other].entity != tool.entity]
        if onward:
            yield self._told("closure", [target, *onward[:3], *checks[:1]])

    def _families(self, entity: Entity) -> Iterator[Candidate]:
        """A collection with the ones that need an entry of it."""
        below: dict[Entity, dict[int, None]] = defaultdict(dict)
        for tool in self._about[entity]:
            for other in self._out[tool]:
                if self._facts[other].entity != entity:
                    below[self._facts[other].entity][other] = None
        above = self._by_verb(tool for tool in self._about[entity] if tool in self._linked)
        parents = [*above["list"][:1], *above["create"][:1], *above["get"][:1]]
        for child, needing in below.items():
            by_verb = self._by_verb([*needing, *(t for t in self._about[child] if t not in needing)])
            first = [*by_verb["create"][:1], *by_verb["list"][:1], *by_verb["get"][:1]]
            yield self._told("parent_child", [*parents, *first, *by_verb["update"][:1], *by_verb["delete"][:1]])
            yield self._told(
                "parent_child", [*parents[:1], *first[:2], *by_verb["transition"][:2], *by_verb["update"][:2]]
            )
        children = list(below)
        for apart in (1, 2):
            for near, far in zip(children, children[apart:], strict=False):
                yield from self._siblings(parents, near, far)
        if len(below) > 1:
            direct = [tools for child, tools in below.items() if len(child) <= max(1, len(entity) + 1)]
            heads = [min(tools, key=lambda tool: (self._facts[tool].reads, tool)) for tools in direct]
            for start in range(0, len(heads), 3):
                yield self._told("parent_child", [*parents[:2], *heads[start : start + 3]])

    def _siblings(self, parents: Sequence[int], one: Entity, other: Entity) -> Iterator[Candidate]:
        """Two collections below one: what is put there, and what is seen and done there."""
        verbs = [self._by_verb(self._about[entity]) for entity in (one, other)]
        made = [tool for by_verb in verbs for tool in (*by_verb["create"][:1], *by_verb["list"][:1])]
        yield self._told("parent_child", [*parents[:1], *made])
        done = [tool for by_verb in verbs for tool in (*by_verb["get"][:1], *by_verb["update"][:1])]
        yield self._told("parent_child", [*parents[:1], *done, *(tool for v in verbs for tool in v["transition"][:1])])

    def _hubs(self) -> Iterator[Candidate]:
        """A tool whose reply many others need, with a few of those at a time."""
        for tool in sorted(self._out):
            needing = sorted(dict.fromkeys(self._out[tool]), key=lambda other: (self._facts[other].entity, other))
            for start in range(0, len(needing), 4):
                group = needing[start : start + 4]
                if len(group) > 1:
                    yield self._told("community", [tool, *group])

    def _communities(self) -> Iterator[Candidate]:
        """Tools that depend on each other more than on others; parts that no path joins go apart."""
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(sorted(self._linked))
        for edge in self._edges:
            if edge.score >= FIRM:
                graph.add_edge(edge.src, edge.dst, weight=edge.score)
        for part in nx.connected_components(graph):
            if len(part) < LEAST_TOOLS:
                continue
            whole = graph.subgraph(sorted(part))
            parts = [part] if len(part) <= MOST_TOOLS else _communities(whole)
            for community in sorted(parts, key=min):
                yield from self._resplit(sorted(community), graph)

    def _resplit(self, members: Sequence[int], graph: nx.Graph[int]) -> Iterator[Candidate]:
        """Groups of at most eight, each grown along the edges from its best linked tool."""
        left = set(members)
        while len(left) >= LEAST_TOOLS:
            start = max(sorted(left), key=graph.degree)
            group = [start]
            for tool in group:
                for other in sorted(graph.neighbors(tool)):
                    if other in left and other not in group and len(group) < 8:
                        group.append(other)
            left -= set(group)
            yield Candidate("community", tuple(sorted(group, key=self._telling)))

    def _told(self, kind: Kind, tools: Iterable[int]) -> Candidate:
        """The candidate with the prerequisites of its tools, as far as there is room."""
        found: dict[int, None] = {}
        wanted = dict.fromkeys(tools)
        for tool in wanted:
            self._add(tool, found, wanted, 0)
        return Candidate(kind, tuple(found))

    def _add(self, tool: int, found: dict[int, None], wanted: dict[int, None], depth: int) -> None:
        """Put a tool behind the producers of what it needs."""
        if tool in found or len(found) >= MOST_TOOLS:
            return
        for need in self._facts[tool].needs:
            producers = [edge.src for edge in self._into.get((tool, need.path), ()) if edge.score >= FIRM]
            if not producers or any(producer in found for producer in producers):
                continue
            inside = next((producer for producer in producers if producer in wanted and producer != tool), None)
            best = (
                inside
                if inside is not None
                else min(producers, key=lambda p: (len(self._facts[p].needs), -self._rank(p)))
            )
            if depth < MOST_DEPTH and len(found) < MOST_TOOLS - 1:
                self._add(best, found, wanted, depth + 1)
        if len(found) < MOST_TOOLS:
            found[tool] = None

    def _rank(self, tool: int) -> float:
        verb = self._facts[tool].subject.verb
        return {"list": 1.0, "create": 0.5, "get": 0.7}.get(verb, 0.0)

    def _by_verb(self, tools: Iterable[int]) -> dict[str, list[int]]:
        """Linked tools by verb, those with fewer needs first."""
        found: dict[str, list[int]] = defaultdict(list)
        for tool in tools:
            if tool in self._linked:
                found[self._facts[tool].subject.verb].append(tool)
        for group in found.values():
            group.sort(key=lambda tool: (len(self._facts[tool].needs), tool))
        return found

    def _telling(self, tool: int) -> tuple[int, int]:
        order = ("list", "create", "get", "compute", "update", "transition", "delete")
        return order.index(self._facts[tool].subject.verb), tool


def _communities(graph: nx.Graph[int]) -> list[set[int]]:
    """Communities by label propagation, in its semi-synchronous form: it is proved to end, draws nothing, and takes
    time in proportion to the edges. Louvain's method was seen to go back and forth for ever between equal gains.
    """
    return [set(community) for community in nx.community.label_propagation_communities(graph)]
