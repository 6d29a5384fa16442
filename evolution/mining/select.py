"""The smallest set of clusters that covers what all of them cover: lazy greedy maximum coverage, with quotas.

What is covered are tools first, then edges and entities: a set's gain is the weight of what it adds. That is monotone
and submodular, so the first k sets taken cover at least 1 - 1/e (63 %) of what the best k sets could, and the greedy
cover of everything needs at most H(n) times as many sets as the smallest one, n being the size of the largest set.
With quotas per provider, which form a partition matroid, at least one half of the best is certain. Gains only shrink,
so an old gain is a bound, and a set is looked at again only when its bound comes out on top (Minoux 1978).
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import msgspec

from .cluster import MinedCluster

EDGE = 1 / 1024
"""Weight of an edge or an entity beside a tool: enough to decide between sets that add the same number of tools."""
COVERAGE = 0.95
"""Share of the tools that a selection covers unless more or less is asked for."""


class Coverable(msgspec.Struct, frozen=True):
    """What selection sees of a cluster."""

    id: str
    providers: tuple[str, ...]
    tools: frozenset[str]
    """Tool ids."""
    details: frozenset[Hashable]
    """Edges and entities, each of them unique over all services."""
    score: float
    """Decides between sets of one gain."""


class Selection(msgspec.Struct, frozen=True):
    """What was taken."""

    ids: tuple[str, ...]
    """In the order in which they were taken: every beginning is a greedy choice of its length."""
    tools: int
    """Tools covered."""
    of_tools: int
    """Tools that lie in any of the sets."""
    details: int
    of_details: int
    refused: int
    """Sets left out because a provider's quota was full."""

    @property
    def per_tool(self) -> float:
        """Clusters per covered tool."""
        return len(self.ids) / self.tools if self.tools else 0.0


def coverable(cluster: MinedCluster) -> Coverable:
    """A mined cluster as selection sees it."""
    ids = {tool.name: tool.id for tool in cluster.tools}
    edges = ((ids[edge.src], edge.path, ids[edge.dst], edge.param) for edge in cluster.edges)
    entities = ((tool.service, tool.entity) for tool in cluster.tools)
    return Coverable(
        cluster.id, cluster.providers, frozenset(ids.values()), frozenset((*edges, *entities)), cluster.scores.total
    )


def select(
    clusters: Iterable[Coverable], *, coverage: float = COVERAGE, most: int | None = None, quota: int | None = None
) -> Selection:
    """Take sets until `coverage` of the tools are covered, `most` sets are taken, or nothing new is left.

    `quota` is the number of sets that one provider may be in.
    """
    sets = sorted(clusters, key=lambda one: one.id)
    every: set[str] = set()
    details: set[Hashable] = set()
    for one in sets:
        every |= one.tools
        details |= one.details
    return _Greedy(sets, quota).taken(coverage, most, len(every), len(details))


class _Greedy:
    """The queue of bounds, and what is covered."""

    def __init__(self, sets: Sequence[Coverable], quota: int | None) -> None:
        self._sets = sets
        self._quota = quota
        self._tools: set[str] = set()
        self._details: set[Hashable] = set()
        self._providers: Counter[str] = Counter()
        # [(-gain, -score, place)]: of equal gains the better score, then the smaller id
        self._queue = [(-self._gain(one), -one.score, place) for place, one in enumerate(sets)]
        heapq.heapify(self._queue)

    def taken(self, coverage: float, most: int | None, of_tools: int, of_details: int) -> Selection:
        ids: list[str] = []
        refused = 0
        while self._queue and len(self._tools) < coverage * of_tools and (most is None or len(ids) < most):
            bound, score, place = heapq.heappop(self._queue)
            one = self._sets[place]
            if not self._room(one):
                refused += 1
                continue
            gain = self._gain(one)
            if gain == 0:
                continue
            if -gain > bound:  # it was a bound only; the next may be better
                heapq.heappush(self._queue, (-gain, score, place))
                continue
            ids.append(one.id)
            self._tools |= one.tools
            self._details |= one.details
            self._providers.update(one.providers)
        return Selection(tuple(ids), len(self._tools), of_tools, len(self._details), of_details, refused)

    def _gain(self, one: Coverable) -> float:
        return len(one.tools - self._tools) + EDGE * len(one.details - self._details)

    def _room(self, one: Coverable) -> bool:
        return self._quota is None or all(self._providers[provider] < self._quota for provider in one.providers)
