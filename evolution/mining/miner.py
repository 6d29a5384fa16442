"""One service mined from end to end: records in, finished clusters out; pure, so that a pool can map over services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from ..catalogs.record import Service
from ..catalogs.trimming import trimmed
from .candidates import Candidates
from .cluster import Kind, MinedCluster, MinedEdge, MinedTool, cluster_id, provenance_of
from .companions import MOST_COMPANIONS, companions, find_links
from .dedup import Distinct
from .edges import find_edges
from .facts import ToolFacts
from .fields import Semantic
from .labels import label_of, service_scores
from .naming import function_names
from .reader import read_service
from .scores import scores_of
from .validate import Valid, Validator
from .wording import described

NO_LIMIT = 1_000_000
DENSITY = 0.65
"""Clusters per readable tool of a service at most: beyond that, new ones say little new."""
LEAST_CLUSTERS = 8
"""Clusters that a service may always have."""
_KINDS: Mapping[Kind, float] = {"parent_child": 0.97, "community": 0.85}
SIGNED = 2
"""Collections of an entity's way that its label shows."""


class Port(msgspec.Struct, frozen=True):
    """A value of a shared type that a tool returns or takes: where another service can be joined."""

    tool: str
    """Id of the tool."""
    semantic: Semantic
    path: str
    """In the reply, or the parameter."""
    required: bool
    """False for replies."""
    score: float
    """How much the schema says for it, 0 to 1."""


class MinedService(msgspec.Struct, frozen=True):
    """What one service gave."""

    name: str
    provider: str
    tools: int
    """Records read."""
    playable: int
    """Tools in some cluster or tried and not found unplayable; an upper bound where none was tried."""
    edges: int
    """Edges believed among all tools."""
    linked: int
    """Tools at an end of an edge."""
    candidates: int
    clusters: tuple[MinedCluster, ...]
    """In the order in which they are preferred."""
    outs: tuple[Port, ...]
    ins: tuple[Port, ...]
    """Ports of the tools in the clusters."""
    rejected: dict[str, int]
    """{reason: candidates or tools}"""


def mine_service(service: Service, *, limit: int = NO_LIMIT) -> MinedService:
    """The clusters of one service, at most `limit`, all pairs below one half, all plans executed."""
    return _Miner(service, limit).mined()


class _Miner:
    """The stages, and what they hand on."""

    def __init__(self, service: Service, limit: int) -> None:
        self._service = service = trimmed(service)
        self._limit = limit
        self._facts = read_service(service.tools)
        self._names = function_names(self._facts)
        self._edges = find_edges(self._facts)
        self._validator = Validator(self._facts, self._names, self._edges)
        self._labels = service_scores(service.tools[0])
        self._tools: dict[int, MinedTool] = {}

    def mined(self) -> MinedService:
        candidates = list(Candidates(self._facts, self._edges).found())
        sketches = [sketch for candidate in candidates if (sketch := self._validator.sketch(candidate))]
        kept = list(self._kept(sketches))
        if not kept:
            links = find_links(self._facts)
            found = companions(self._facts, links, self._edges)
            few = max(1, len(self._facts) // MOST_COMPANIONS)
            kept = list(islice(self._kept([v for c in found if (v := self._validator.sketch(c, links))]), few))
        clusters = tuple(self._cluster(valid) for valid in kept)
        used = sorted({tool for valid in kept for tool in valid.plan})
        return MinedService(
            name=self._service.name,
            provider=self._service.provider,
            tools=len(self._service.tools),
            playable=len(self._facts) - len(self._validator.unplayable),
            edges=len(self._edges),
            linked=len({edge.src for edge in self._edges} | {edge.dst for edge in self._edges}),
            candidates=len(candidates),
            clusters=clusters,
            outs=tuple(port for tool in used for port in self._outs(tool)),
            ins=tuple(port for tool in used for port in self._ins(tool)),
            rejected=dict(self._validator.rejected),
        )

    def _kept(self, sketches: Sequence[Valid]) -> Iterator[Valid]:
        """Those that run, in the order of their scores; first those that are mostly new tools, then the others."""
        ranked = sorted(sketches, key=lambda valid: (-self._liking(valid), valid.plan))
        limit = min(self._limit, max(LEAST_CLUSTERS, int(DENSITY * len(self._facts))))
        distinct: Distinct[int] = Distinct()
        seen: set[int] = set()
        for fresh in (True, False):
            for sketch in ranked:
                if len(distinct) >= limit:
                    return
                new = len(set(sketch.plan) - seen)
                if (2 * new >= len(sketch.plan)) != fresh or not distinct.admits(sketch.plan):
                    continue
                valid = self._validator.run(sketch)
                if valid is not None and distinct.add(valid.plan):
                    seen.update(valid.plan)
                    yield valid

    def _liking(self, valid: Valid) -> float:
        """The score, less for kinds that say less of a purpose."""
        return scores_of(valid, self._facts).total * _KINDS.get(valid.candidate.kind, 1.0)

    def _cluster(self, valid: Valid) -> MinedCluster:
        facts, names = self._facts, self._names
        tools = tuple(self._tool(place) for place in valid.plan)
        entities = tuple(dict.fromkeys(tool.entity for tool in tools))
        label = label_of(self._labels, entities)
        return MinedCluster(
            id=cluster_id(tool.id for tool in tools),
            kind=valid.candidate.kind,
            services=(self._service.name,),
            providers=(self._service.provider,),
            tools=tools,
            edges=tuple(
                MinedEdge(
                    names[e.src], e.output.path, names[e.dst], e.param.path, e.score, f"{names[e.src]} {e.evidence}"
                )
                for e in valid.edges
            ),
            shared=tuple(dict.fromkeys(link.name for link in valid.links)),
            entities=entities,
            sector=label.sector,
            domain=label.domain,
            plan=tuple(names[place] for place in valid.plan),
            entry=tuple(f"{names[place]}.{param}" for place, param in valid.entry),
            read_only=all(facts[place].reads for place in valid.plan),
            scores=scores_of(valid, facts),
            provenance=provenance_of(tools),
            licences=tuple(dict.fromkeys(tool.licence for tool in tools)),
        )

    def _tool(self, place: int) -> MinedTool:
        if place not in self._tools:
            facts = self._facts[place]
            record = facts.record
            self._tools[place] = MinedTool(
                id=record.id,
                name=self._names[place],
                original=record.name,
                service=record.service,
                provider=record.provider,
                description=described(facts, self._names[place]),
                verb=facts.subject.verb,
                entity=entity_label(facts),
                input_schema=msgspec.Raw(msgspec.json.encode(record.input_schema)),
                output_schema=msgspec.Raw(msgspec.json.encode(facts.output_schema)),
                inferred=facts.inferred,
                confidence=facts.confidence if facts.output_schema is not None else 0.0,
                licence=record.licence,
                source=record.source,
                evaluation_only=record.evaluation_only,
            )
        return self._tools[place]

    def _outs(self, place: int) -> Iterator[Port]:
        tool = self._facts[place]
        if tool.subject.verb in ("delete", "compute") or tool.inferred:
            return
        for output in tool.outputs:
            if output.semantic is not None and output.own and output.type in ("string", "number") and output.depth <= 3:
                score = 0.9 ** max(0, output.depth - 1)
                yield Port(tool.record.id, output.semantic, output.path, required=False, score=round(score, 3))

    def _ins(self, place: int) -> Iterator[Port]:
        if self._facts[place].subject.verb in ("update", "delete"):
            return  # what an entry of this service is changed to does not come from another service
        for param in self._facts[place].params:
            plain = (
                "." not in param.path and not param.choices and param.type in ("string", "number") and not param.points
            )
            if param.semantic is not None and plain:
                score = 1.0 if param.required else 0.8
                yield Port(self._facts[place].record.id, param.semantic, param.path, param.required, score)


def entity_label(facts: ToolFacts) -> str:
    """The entity in words: the last collections of its way."""
    return " ".join(dict.fromkeys(word for part in facts.entity[-SIGNED:] for word in part.split()))


def count_rejected(services: Sequence[MinedService]) -> Counter[str]:
    """The reasons of all services together."""
    total: Counter[str] = Counter()
    for service in services:
        total.update(service.rejected)
    return total
