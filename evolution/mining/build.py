"""The whole build: catalogues in, clusters out; the same bytes whatever the number of workers or the hash seed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

import msgspec

from ..catalogs.barring import known_tools, without_known
from ..catalogs.benchmarks import Fingerprints
from ..catalogs.licences import licence_filter
from ..catalogs.read import list_catalogs, load, only_licensed
from ..catalogs.record import Skip, Skips
from ..catalogs.source import Document, Source
from ..catalogs.versions import signature, without_versions
from .cluster import MinedCluster
from .dedup import Distinct
from .joins import executes, joined, pairs
from .miner import MinedService, mine_service
from .spread import Spread, spread_over

MOST_SHARE = 0.1
"""Share of all clusters that one provider may be in."""
JOINED = 0.16
"""Share of all clusters that joins are to be."""
CAPPED_FROM = 20
"""Providers from which on no one may dominate; with fewer the bound could not be kept."""
EXPECTED = 29_000
"""Clusters of a large build, by which a provider of many documents is held to a sensible number from each."""
LEAST_PER_DOCUMENT = 10
SPARE = 1.2
"""Times the bound of a provider that its documents may give together, because not all give what they may."""
BATCH = 512
"""Joins that are tried at a time."""


class Build(msgspec.Struct, frozen=True):
    """What a build gave."""

    clusters: tuple[MinedCluster, ...]
    """Singles by service, then joins."""
    services: tuple[MinedService, ...]
    """In the order of the catalogues, without their clusters."""
    skipped: dict[str, int]
    """{reason: documents, operations or tools left out while reading}"""
    rejected: dict[str, int]
    """{reason: candidates or tools left out while mining}"""
    capped: dict[str, int]
    """{provider: clusters left out so that it stays below `MOST_SHARE`}"""
    cap: int
    """Clusters that one provider could be in; 0 where nothing was bounded."""
    pairs: int
    """Joins that were looked at."""
    failed: int
    """Joins whose plan did not run through."""


def build_clusters(
    sources: Sequence[Source], *, benchmarks: Sequence[Source] = (), licences: Iterable[str] = (), workers: int = 1
) -> Build:
    """All clusters of some catalogues. `licences` is an allow-list; `workers` are processes.

    `benchmarks` are catalogues whose tools are left out wherever they come again; nothing is mined from them.

    Raises:
        UserError: a document that was named cannot be used.
    """
    with spread_over(workers) as spread:
        listing = without_versions(list_catalogs(sources), lambda documents: spread(signature, documents, chunksize=16))
        skips = Skips(listing.skips)
        services: list[MinedService] = []
        limits = _limits(listing.documents)
        known = known_tools(list_catalogs(benchmarks).documents, listing.documents, spread)
        mine = partial(_mine, allowed=tuple(licences), known=known)
        for found, left_out in spread(mine, list(zip(listing.documents, limits, strict=True)), chunksize=2):
            services.extend(found)
            skips.merge(Skips(left_out))
        return _assembled(services, skips, spread)


def _limits(documents: Sequence[Document]) -> list[int]:
    """Clusters per document: a provider of many documents may not have all it could; the larger ones may have more."""
    sizes = [document.path.stat().st_size for document in documents]
    of: Counter[str] = Counter()
    for document, size in zip(documents, sizes, strict=True):
        of[_group(document)] += size
    most = SPARE * MOST_SHARE * EXPECTED
    return [
        max(LEAST_PER_DOCUMENT, int(most * size / max(1, of[_group(document)])))
        for document, size in zip(documents, sizes, strict=True)
    ]


def _group(document: Document) -> str:
    return document.service.partition("/")[0]


def _mine(
    task: tuple[Document, int], allowed: tuple[str, ...], known: Fingerprints
) -> tuple[list[MinedService], list[Skip]]:
    """One document's services, mined."""
    document, limit = task
    reading = only_licensed(without_known(load(document), known), licence_filter(allowed))
    found: list[MinedService] = []
    skips = list(reading.skips)
    for service in reading.services:
        try:
            found.append(mine_service(service, limit=limit))
        except RecursionError:
            skips.append(Skip("nested", service.name, "a schema is nested too deep to be played"))
        except Exception as error:  # noqa: BLE001 -- one service among thousands of strangers' must not end the build
            skips.append(Skip("failed", service.name, f"{type(error).__name__}: {error}"[:160]))
    return found, skips


def _assembled(services: Sequence[MinedService], skips: Skips, spread: Spread) -> Build:
    """Singles within their providers' bounds, and joins on top of them."""
    singles = [cluster for service in services for cluster in service.clusters]
    providers = Counter(cluster.providers[0] for cluster in singles)
    cap = bound(providers, MOST_SHARE, JOINED) if len(providers) >= CAPPED_FROM else 0
    kept = _capped(services, cap) if cap else singles
    tried = _Joins(kept, services, cap, spread)
    joins = tried.made(math.ceil(len(kept) * JOINED / (1 - JOINED)))
    if cap:
        kept = _within(kept, joins)
    return Build(
        clusters=(*kept, *joins),
        services=tuple(msgspec.structs.replace(service, clusters=(), outs=(), ins=()) for service in services),
        skipped=skips.counts,
        rejected=dict(sum((Counter(service.rejected) for service in services), Counter[str]())),
        capped=dict(providers - Counter(cluster.providers[0] for cluster in kept)),
        cap=cap,
        pairs=tried.pairs,
        failed=tried.failed,
    )


def bound(counts: Counter[str], share: float, joined: float) -> int:
    """The largest number of clusters per provider that is at most `share` of all, joins to come included."""
    cap = sum(counts.values())
    while True:
        total = sum(min(count, cap) for count in counts.values()) / (1 - joined)
        if int(share * total) >= cap or cap <= 1:
            return cap
        cap = max(1, int(share * total))


def _capped(services: Sequence[MinedService], cap: int) -> list[MinedCluster]:
    """At most `cap` clusters per provider, one of each of its services in turn, the best first."""
    of: dict[str, list[MinedService]] = defaultdict(list)
    for service in services:
        of[service.provider].append(service)
    kept: set[str] = set()
    for group in of.values():
        turns = max(len(service.clusters) for service in group)
        ranked = (s.clusters[turn] for turn in range(turns) for s in group if turn < len(s.clusters))
        kept.update(cluster.id for cluster in islice(ranked, cap))
    return [cluster for service in services for cluster in service.clusters if cluster.id in kept]


def _within(singles: Sequence[MinedCluster], joins: Sequence[MinedCluster]) -> list[MinedCluster]:
    """The singles without those that lift a provider above its share of what there is.

    Fewer joins may come about than the bound was worked out for. The worst go first, in the order of their scores.
    """
    counts = Counter(provider for cluster in (*singles, *joins) for provider in cluster.providers)
    left = {cluster.id: cluster for cluster in singles}
    worst: dict[str, list[MinedCluster]] = defaultdict(list)
    for cluster in sorted(singles, key=lambda cluster: (-cluster.scores.total, cluster.id)):
        worst[cluster.providers[0]].append(cluster)
    while True:
        most = int(MOST_SHARE * (len(left) + len(joins)))
        over = [provider for provider, count in counts.items() if count > most and worst[provider]]
        if not over:
            return list(left.values())
        for provider in over:
            while counts[provider] > most and worst[provider]:
                del left[worst[provider].pop().id]
                counts[provider] -= 1


class _Joins:
    """Makes joins until there are enough of them or no more pairs."""

    def __init__(
        self, singles: Sequence[MinedCluster], services: Sequence[MinedService], cap: int, spread: Spread
    ) -> None:
        self._distinct: Distinct[str] = Distinct()
        for cluster in singles:
            self._distinct.add([tool.id for tool in cluster.tools])
        self._counts = Counter(provider for cluster in singles for provider in cluster.providers)
        kept = {cluster.id for cluster in singles}
        self._services = [
            msgspec.structs.replace(s, clusters=tuple(c for c in s.clusters if c.id in kept)) for s in services
        ]
        self._cap = cap
        self._spread = spread
        self.pairs = 0
        self.failed = 0

    def made(self, wanted: int) -> list[MinedCluster]:
        """The joins, at most `wanted`, in the order of the pairs."""
        found: list[MinedCluster] = []
        hopeful = self._hopeful()
        while len(found) < wanted:
            batch = list(islice(hopeful, min(BATCH, wanted - len(found))))
            if not batch:
                break
            for cluster, ok in zip(batch, self._spread(executes, batch, chunksize=16), strict=True):
                if not ok:
                    self.failed += 1
                elif self._room(cluster.providers) and self._distinct.add([tool.id for tool in cluster.tools]):
                    self._counts.update(cluster.providers)
                    found.append(cluster)
        return found

    def _hopeful(self) -> Iterator[MinedCluster]:
        """Joins that are distinct from all that is kept and whose providers have room."""
        for one, other in pairs(self._services):
            self.pairs += 1
            tools = [tool.id for tool in (*one.tools, *other.tools)]
            if self._room((*one.cluster.providers, *other.cluster.providers)) and self._distinct.admits(tools):
                yield joined(one, other)

    def _room(self, providers: Iterable[str]) -> bool:
        return not self._cap or all(self._counts[provider] < self._cap for provider in providers)
