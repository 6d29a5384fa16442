"""What is known of where a run's time went: `profile.json`, and the figures that are read from it."""

from __future__ import annotations

import msgspec

from ..telemetry import LogHistogram, Percentiles

PROFILE = "profile.json"
LAG, GC, STARVED, EPISODE = "loop lag", "gc pause", "assignment wait", "episode"
"""Stages that are no role's."""


class Gauges(msgspec.Struct, frozen=True):
    """What a run holds at one moment; counts are from its beginning."""

    in_flight: int = 0
    """Episodes."""
    queued: int = 0
    """Messages that wait for a worker, over all roles."""
    accepted: int = 0
    committed: int = 0
    waiting: int = 0
    """Outcomes that wait for one with a lower index."""
    calls: int = 0
    """Model requests answered, repetitions and the embedded model included."""
    requests: int = 0
    """Requests in flight to endpoints."""
    slots: int = 0
    """Requests that may be in flight to endpoints now, as their limits stand."""
    maximum: int = 0
    """Most that they may ever be."""
    slot_waits: int = 0
    """Requests that wait for a slot."""
    busy_s: float = 0.0
    """Seconds that slots were held, summed over slots."""
    troubles: int = 0
    """Requests that failed."""


class Moment(msgspec.Struct, frozen=True):
    """One point of the timeline."""

    at_s: float
    """Since the run began."""
    cpu_s: float
    """CPU time of the process since it began."""
    rss_mb: float
    lag_ms: float
    """The latest that the loop was since the moment before."""
    gc_ms: float
    """Time in the garbage collector since the moment before."""
    gauges: Gauges


class Series(msgspec.Struct, frozen=True):
    """The durations of one stage and role."""

    stage: str
    role: str
    """Empty for what is no role's."""
    max_ns: int
    """The longest, exact."""
    counts: dict[int, int]
    """{bucket of `LogHistogram`: how many}, empty buckets left out."""

    def histogram(self) -> LogHistogram:
        """The same counts as a histogram."""
        return LogHistogram.of(self.counts, self.max_ns)


class Figures(msgspec.Struct, frozen=True):
    """One line of a report."""

    stage: str
    role: str
    count: int
    ms: Percentiles
    total_s: float
    """Sum of the durations, to 1.6 %."""


class Occupancy(msgspec.Struct, frozen=True):
    """How full the endpoints were kept."""

    share: float
    """Slots held, of the most that may be; over the steady window."""
    calls_per_s: float
    """Answered requests in the steady window."""
    window_s: float
    """Length of the steady window: the beginning and the end, two episodes' time each, are left out."""


class ProfileSummary(msgspec.Struct, frozen=True):
    """The part of a profile that stands in `summary.json`."""

    stages: tuple[Figures, ...]
    occupancy: Occupancy
    starved_share: float
    """Time lost because the next assignment waits for a slow episode, as a share of the run's time."""
    worst_lag_ms: float
    gc_share: float
    """Time in the garbage collector, of the run's time."""


class Profile(msgspec.Struct, frozen=True):
    """All that was measured."""

    wall_s: float
    starved_s: float
    series: list[Series]
    timeline: list[Moment]

    def summary(self) -> ProfileSummary:
        """The figures."""
        figures = tuple(figures_of(one) for one in sorted(self.series, key=lambda one: (one.stage, one.role)))
        collected = sum(one.total_s for one in figures if one.stage == GC)
        lag = next((one.ms.max for one in figures if one.stage == LAG), 0.0)
        episode_s = max((one.ms.p50 / 1000 for one in figures if one.stage == EPISODE), default=0.0)
        wall = self.wall_s or 1.0
        full = occupancy(self.timeline, episode_s)
        return ProfileSummary(figures, full, self.starved_s / wall, lag, collected / wall)


def figures_of(series: Series) -> Figures:
    """The percentiles of a series."""
    histogram = series.histogram()
    return Figures(series.stage, series.role, histogram.count, histogram.percentiles(), histogram.total_ns() / 1e9)


def occupancy(timeline: list[Moment], episode_s: float) -> Occupancy:
    """How full the slots were between the first two and the last two episodes' times, `episode_s` each; in a run that
    is too short for that, over its middle half."""
    if len(timeline) < 2:
        return Occupancy(0.0, 0.0, 0.0)
    first, last = timeline[0].at_s, timeline[-1].at_s
    edge = min(2 * episode_s, (last - first) / 4)
    inside = [moment for moment in timeline if first + edge <= moment.at_s <= last - edge]
    if len(inside) < 2:
        inside = [timeline[0], timeline[-1]]
    begin, end = inside[0], inside[-1]
    window = end.at_s - begin.at_s
    held = end.gauges.busy_s - begin.gauges.busy_s
    most = end.gauges.maximum * window
    calls = end.gauges.calls - begin.gauges.calls
    return Occupancy(held / most if most else 0.0, calls / window if window else 0.0, window)
