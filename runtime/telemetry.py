"""What is measured: log-bucket histograms on the hot path, percentiles and per-episode timings for reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import msgspec
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]  # the library has no annotations

from .messages import Role

SUB_BITS = 5
"""Each power of two is split into 2**SUB_BITS buckets: a value is known to 1.6 %."""
_SUB = 1 << SUB_BITS
_BUCKETS = (64 - SUB_BITS) << SUB_BITS
_HIGHEST_NS = 24 * 3600 * 10**9

NS_PER_MS = 1_000_000


class Percentiles(msgspec.Struct, frozen=True):
    """A distribution in five figures."""

    p50: float
    """Milliseconds, as the four below."""
    p90: float
    p95: float
    p99: float
    max: float


class StageReport(msgspec.Struct, frozen=True):
    """How long messages waited for a role and how long the role took, over a run."""

    count: int
    """Messages handled."""
    wait_ms: Percentiles
    service_ms: Percentiles


class StageTiming(msgspec.Struct, frozen=True):
    """What one role did within one episode."""

    hops: int
    wait_ms: float
    """Sum over the hops."""
    service_ms: float
    """Sum over the hops."""


class Timing(msgspec.Struct, frozen=True):
    """The clock values of one episode. They stand beside the rows, never in them."""

    id: str
    index: int
    total_ms: float
    """From admission to outcome, restarts included."""
    stages: dict[Role, StageTiming]


class Hdr(Protocol):
    """The part of hdrhistogram's HdrHistogram that is used here; values are nanoseconds."""

    def record_value(self, value: int, count: int = 1) -> bool:
        """Count the value; False when it is out of range."""
        ...

    def get_value_at_percentile(self, percentile: float) -> int:
        """The value that `percentile` per cent of the counted ones do not exceed."""
        ...

    def get_total_count(self) -> int:
        """How many values were counted."""
        ...


class LogHistogram:
    """Counts durations in logarithmic buckets: one list increment per record."""

    __slots__ = ("counts", "max_ns")

    def __init__(self) -> None:
        self.counts = [0] * _BUCKETS
        """Bucket → how many; `bucket_midpoint` says which durations a bucket holds."""
        self.max_ns = 0
        """The longest duration recorded, exact, in nanoseconds."""

    def record(self, ns: int) -> None:
        """Count one duration in nanoseconds; a negative one, from a clock that stepped back, counts as 0."""
        if ns > self.max_ns:
            self.max_ns = ns
        elif ns < 0:
            ns = 0
        shift = ns.bit_length() - (SUB_BITS + 1)
        if shift > 0:
            self.counts[(shift << SUB_BITS) + (ns >> shift)] += 1
        else:
            self.counts[ns] += 1

    @property
    def count(self) -> int:
        """How many durations were recorded."""
        return sum(self.counts)

    def fold(self) -> Hdr:
        """The same counts as an HdrHistogram over nanoseconds up to a day, for reports and `.hlog` files."""
        hdr = cast("Hdr", HdrHistogram(1, _HIGHEST_NS, 3))
        for bucket, count in enumerate(self.counts):
            if count:
                hdr.record_value(min(bucket_midpoint(bucket), self.max_ns, _HIGHEST_NS), count)
        return hdr

    def percentiles(self) -> Percentiles:
        """Median, p90, p95 and p99 (to 1.6 %) and the exact maximum; all 0 when nothing was recorded."""
        filled = self.sparse()
        total = sum(filled.values())
        p50, p90, p95, p99 = (self._at_rank(filled, -(-total * p // 100)) / NS_PER_MS for p in (50, 90, 95, 99))
        return Percentiles(p50, p90, p95, p99, self.max_ns / NS_PER_MS)

    def sparse(self) -> dict[int, int]:
        """`{bucket: how many}` without the empty ones, the shortest first."""
        return {bucket: count for bucket, count in enumerate(self.counts) if count}

    @classmethod
    def of(cls, sparse: Mapping[int, int], max_ns: int) -> LogHistogram:
        """What `sparse` gave, as a histogram again. Raises IndexError for a bucket that there is none of."""
        histogram = cls()
        for bucket, count in sparse.items():
            histogram.counts[bucket] = count
        histogram.max_ns = max_ns
        return histogram

    def total_ns(self) -> int:
        """The sum of all durations, to 1.6 %."""
        return sum(min(bucket_midpoint(bucket), self.max_ns) * count for bucket, count in self.sparse().items())

    def _at_rank(self, filled: Mapping[int, int], rank: int) -> int:
        """The duration of the `rank`-th shortest record, from 1; 0 when there are fewer."""
        seen = 0
        for bucket, count in filled.items():
            seen += count
            if seen >= rank:
                return min(bucket_midpoint(bucket), self.max_ns)
        return 0


def bucket_midpoint(bucket: int) -> int:
    """The duration in nanoseconds that stands for a bucket's contents."""
    if bucket < 2 * _SUB:
        return bucket
    shift = (bucket >> SUB_BITS) - 1
    lowest = (bucket - (shift << SUB_BITS)) << shift
    return lowest + (1 << shift >> 1)
