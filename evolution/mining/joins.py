"""Joins of two services: a value that a cluster of one returns, and a cluster of another can do something with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from ...sandbox.entities import EntityToolbox, execute_on
from ...sandbox.tools import JsonObject, ToolSpec
from .cluster import MinedCluster, MinedEdge, MinedTool, Scores, cluster_id, provenance_of, world_name
from .fields import Semantic
from .miner import MinedService, Port
from .purposes import owns, uses
from .validate import SEED

SIDE = 4
"""Tools that either side brings at most."""
SENT = frozenset((0,))
"""The first purpose of e-mail addresses and phone numbers: writing to somebody."""
ROUNDS = 400
"""How often one port may be joined at most; every round offers each port that takes a value one that has one."""


class Side(msgspec.Struct, frozen=True):
    """The part of a cluster that a join takes: the tool with the port, and what it needs."""

    cluster: MinedCluster
    tools: tuple[MinedTool, ...]
    """In the order of the cluster's plan."""
    port: Port
    purposes: frozenset[int]
    """For which of the type's purposes: two sides must share one."""
    entity: str


def sides_of(service: MinedService) -> tuple[list[Side], list[Side]]:
    """The sides that a service offers: those that have a value, and those that take one; one per tool and type.

    A benchmark's tools are joined with no others: the whole would be for evaluation only.
    """
    holding: dict[str, MinedCluster] = {}
    tools: dict[str, MinedTool] = {}
    # Of the largest cluster that a tool is in, so that the join is about something else than the cluster itself.
    for cluster in sorted(service.clusters, key=lambda cluster: -len(cluster.tools)):
        if not cluster.shared and not any(tool.evaluation_only for tool in cluster.tools):
            for tool in cluster.tools:
                holding.setdefault(tool.id, cluster)
                tools.setdefault(tool.id, tool)
    found: tuple[list[Side], list[Side]] = ([], [])
    for place, ports in enumerate((service.outs, service.ins)):
        seen: set[tuple[str, str]] = set()
        for port in sorted(ports, key=lambda port: (-port.score, port.tool, port.path)):
            at = tools.get(port.tool)
            if at is None or (port.tool, port.semantic) in seen:
                continue
            purposes = (uses if place else owns)(port.semantic, at.entity, holding[at.id].sector)
            if place and at.verb == "transition":
                purposes &= SENT  # a message is sent to anyone; a customer is confirmed by its own address
            side = _side(holding[at.id], at, port, purposes) if purposes else None
            if side is not None:
                seen.add((port.tool, port.semantic))
                found[place].append(side)
    return found


def _side(cluster: MinedCluster, tool: MinedTool, port: Port, purposes: frozenset[int]) -> Side | None:
    """The tool with what it needs; where it needs nothing, with one that takes something of it."""
    names = {tool.name}
    waiting = [tool.name]
    best: dict[tuple[str, str], MinedEdge] = {}
    for edge in cluster.edges:
        best.setdefault((edge.dst, edge.param), edge)
    while waiting:
        here = waiting.pop()
        for (dst, _), edge in best.items():
            if dst == here and edge.src not in names:
                names.add(edge.src)
                waiting.append(edge.src)
    if len(names) == 1:
        near = [
            edge.src if edge.dst == tool.name else edge.dst
            for edge in cluster.edges
            if tool.name in (edge.src, edge.dst)
        ]
        # About the same thing: what is done with somebody else is another piece of business.
        about = {t.name for t in cluster.tools if t.entity == tool.entity and t.verb not in ("delete", "transition")}
        names.update([name for name in near if name in about][:1])
    tools = tuple(t for t in cluster.tools if t.name in names)
    # Nobody opens an account to search the envelopes of a stranger in it.
    made = any(t.verb == "create" and t.entity != tool.entity for t in tools)
    return None if made or not 2 <= len(tools) <= SIDE else Side(cluster, tools, port, purposes, tool.entity)


def pairs(services: Sequence[MinedService]) -> Iterator[tuple[Side, Side]]:
    """Pairs of sides worth joining, best spread first: in every round each taking side meets another having side."""
    having: dict[Semantic, list[Side]] = defaultdict(list)
    taking: list[Side] = []
    for service in services:
        outs, ins = sides_of(service)
        for side in outs:
            having[side.port.semantic].append(side)
        taking.extend(ins)
    having = {semantic: _spread(sides) for semantic, sides in having.items()}
    taking = _spread(taking)
    for turn in range(ROUNDS):
        for place, side in enumerate(taking):
            others = having.get(side.port.semantic, ())
            # Everyone starts elsewhere and goes on by one, so that nobody meets the same twice.
            other = others[(place * len(others) // len(taking) + turn) % len(others)] if turn < len(others) else None
            if other is not None and _sensible(other, side):
                yield other, side


def _spread(sides: Sequence[Side]) -> list[Side]:
    """The sides, one of each service in turn."""
    by_service: dict[str, list[Side]] = defaultdict(list)
    for side in sides:
        by_service[side.cluster.services[0]].append(side)
    turns = max((len(group) for group in by_service.values()), default=0)
    return [group[turn] for turn in range(turns) for group in by_service.values() if turn < len(group)]


def _sensible(one: Side, other: Side) -> bool:
    """Two different services, and one purpose."""
    return one.cluster.services != other.cluster.services and not one.purposes.isdisjoint(other.purposes)


def joined(one: Side, other: Side) -> MinedCluster:
    """The cluster of both sides; it is not tried yet."""
    names = _names(one, other)
    tools = tuple(msgspec.structs.replace(tool, name=names[tool.id]) for tool in (*one.tools, *other.tools))
    edges = [*_edges(one, names), *_edges(other, names)]
    src, dst = names[one.port.tool], names[other.port.tool]
    score = round(0.7 * one.port.score * other.port.score, 3)
    evidence = f"{src} returns {one.port.path} of a {one.entity}, {other.port.path} takes one ({one.port.semantic})"
    edges.append(MinedEdge(src, one.port.path, dst, other.port.path, score, evidence))
    renamed = {(side, tool.name): names[tool.id] for side in (0, 1) for tool in (one, other)[side].tools}
    entry = [
        f"{renamed[number, tool]}.{param}"
        for number, side in enumerate((one, other))
        for tool, _, param in (told.partition(".") for told in side.cluster.entry)
        if (number, tool) in renamed
    ]
    left, right = one.cluster, other.cluster
    same = left.domain == right.domain
    return MinedCluster(
        id=cluster_id(tool.id for tool in tools),
        kind="join",
        services=(*left.services, *right.services),
        providers=tuple(dict.fromkeys((*left.providers, *right.providers))),
        tools=tools,
        edges=tuple(edges),
        shared=(),
        entities=tuple(dict.fromkeys(tool.entity for tool in tools)),
        sector=left.sector,
        domain=left.domain if same else f"{left.domain} + {right.domain}",
        plan=tuple(tool.name for tool in tools),
        entry=tuple(entry),
        read_only=all(tool.read_only for tool in tools),
        scores=_scores(one, other, tools, edges),
        provenance=provenance_of(tools),
        licences=tuple(dict.fromkeys(tool.licence for tool in tools)),
    )


def _names(one: Side, other: Side) -> Mapping[str, str]:
    """{tool id: name}; a name of both sides gets its service before it on the second."""
    first = {tool.name.lower() for tool in one.tools}
    prefix = (
        "".join(c if c.isalnum() and c.isascii() else "_" for c in other.cluster.services[0])
        .strip("_")[-20:]
        .strip("_")
    )
    names = {tool.id: tool.name for tool in one.tools}
    for tool in other.tools:
        taken = tool.name.lower() in first
        names[tool.id] = f"{prefix or 'other'}_{tool.name}"[:64] if taken else tool.name
    return names


def _edges(side: Side, names: Mapping[str, str]) -> list[MinedEdge]:
    """The side's own edges under the names of the join."""
    of = {tool.name: names[tool.id] for tool in side.tools}
    return [
        msgspec.structs.replace(edge, src=of[edge.src], dst=of[edge.dst])
        for edge in side.cluster.edges
        if edge.src in of and edge.dst in of
    ]


def _scores(one: Side, other: Side, tools: Sequence[MinedTool], edges: Sequence[MinedEdge]) -> Scores:
    """Depth, branching and evidence anew; the rest as the two clusters have it, each for its share."""
    longest = {tool.name: 1 for tool in tools}
    for tool in tools:
        for edge in edges:
            if edge.dst == tool.name:
                longest[tool.name] = max(longest[tool.name], longest[edge.src] + 1)
    fed = Counter(src for src, _ in {(edge.src, edge.dst) for edge in edges})
    left, right = one.cluster.scores, other.cluster.scores
    return Scores(
        depth=max(longest.values()),
        branching=max(fed.values()),
        write_share=round(sum(not tool.read_only for tool in tools) / len(tools), 3),
        foreign=len({tool.entity for tool in tools}) - 1,
        optional=left.optional + right.optional,
        enums=left.enums + right.enums,
        description=round((left.description + right.description) / 2, 3),
        evidence=round(sum(edge.score for edge in edges) / len(edges), 3),
        total=round((left.total + right.total) / 2, 4),
    )


def _spec(tool: MinedTool) -> ToolSpec:
    takes, gives = _decoded(bytes(tool.input_schema)), _decoded(bytes(tool.output_schema))
    return ToolSpec(tool.name, tool.description, tool.service, takes or {}, gives, tool.read_only)


@lru_cache(maxsize=4096)  # a side stands in many joins, and what is compiled of a schema is remembered by its identity
def _decoded(schema: bytes) -> JsonObject | None:
    return msgspec.json.decode(schema, type=dict[str, Any] | None)


def executes(cluster: MinedCluster) -> bool:
    """True when the cluster's plan runs through on the entity store, all its tools in one list."""
    specs = [_spec(tool) for tool in cluster.tools]
    return execute_on(EntityToolbox(world_name(cluster.id), specs, tried=False), specs, cluster.plan, SEED).ok
