"""The profiler of one run: histograms by stage and role, the loop's lag, the collector's pauses, a timeline."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType

import anyio

from ..telemetry import LogHistogram
from .here import HERE, Event, Spot
from .record import GC, LAG, STARVED, Gauges, Moment, Profile, Series
from .trace import Trace

TICK_SECONDS = 0.02
"""Between two looks at how late the loop is."""
MOMENTS = 600
"""Most moments of the timeline; then every second one is dropped, and they come half as often."""

Look = Callable[[], Gauges]
"""What a run holds now."""


def none_at_all() -> Gauges:
    """For who has nothing to look at."""
    return Gauges()


class Profiler:
    """Counts durations; it implements `Notes`. Enter it once, with `watch` as a task on the loop that is measured."""

    def __init__(
        self, look: Look = none_at_all, *, trace: Trace | None = None, clock: Callable[[], int] = time.perf_counter_ns
    ) -> None:
        """`look`: what the run holds at a moment. `trace`: where the steps of some episodes go."""
        self.clock = clock
        self.trace = trace
        self.look = look
        self.starved_ns = 0.0
        """Time in which slots were free and no assignment could be drawn, weighted by the share of free slots."""
        self._histograms: dict[tuple[str, str], LogHistogram] = {}  # {(stage, role): durations}
        self._timeline: list[Moment] = []
        self._every = 1.0  # seconds between two moments
        self._begun = self._wall_ns = 0
        self._worst_lag = 0  # ns, since the last moment
        self._gc_began = self._gc_ns = 0

    def __enter__(self) -> Profiler:
        self._begun = self.clock()
        gc.callbacks.append(self._collected)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The last moment is remembered and the trace closed. Raises OutputError when the trace cannot be written."""
        gc.callbacks.remove(self._collected)
        self._remember()
        self._wall_ns = self.clock() - self._begun
        if self.trace is not None:
            self.trace.close()

    def note(self, stage: str, role: str, ns: int) -> None:
        """Count one duration. `role` is empty for what is no role's."""
        histogram = self._histograms.get((stage, role))
        if histogram is None:
            histogram = self._histograms[stage, role] = LogHistogram()
        histogram.record(ns)

    def keep(self, stage: str, role: str, histogram: LogHistogram) -> None:
        """Report a histogram that somebody else fills, too."""
        self._histograms[stage, role] = histogram

    def traces(self, index: int) -> bool:
        """Whether the steps of the episode with this index are to be kept."""
        return self.trace is not None and self.trace.wants(index)

    def traced(self, index: int, name: str, begun: int, events: list[Event]) -> None:
        """An episode whose steps were kept has ended now. Raises OutputError when the trace cannot be written."""
        if self.trace is not None:
            self.trace.keep(index, name, begun, self.clock(), events)

    def starved(self, ns: int, free: float) -> None:
        """No assignment could be drawn for so long, while this share of the slots was free."""
        self.note(STARVED, "", ns)
        self.starved_ns += ns * free

    def profile(self) -> Profile:
        """Everything as it stands."""
        series = [
            Series(stage, role, histogram.max_ns, histogram.sparse())
            for (stage, role), histogram in self._histograms.items()
            if histogram.count
        ]
        wall = self._wall_ns or self.clock() - self._begun
        return Profile(wall / 1e9, self.starved_ns / 1e9, series, [*self._timeline])

    async def watch(self) -> None:
        """Until cancelled: how late the loop comes back to a task that wanted to be woken; now and then a moment."""
        lags = LogHistogram()
        self.keep(LAG, "", lags)
        following = self.clock()
        while True:
            due = self.clock() + int(TICK_SECONDS * 1e9)
            await anyio.sleep(TICK_SECONDS)
            now = self.clock()
            lags.record(now - due)
            self._worst_lag = max(self._worst_lag, now - due)
            if now >= following:
                self._remember()
                following = now + int(self._every * 1e9)

    def _remember(self) -> None:
        self._timeline.append(
            Moment(
                at_s=round((self.clock() - self._begun) / 1e9, 3),
                cpu_s=round(time.process_time(), 3),
                rss_mb=round(resident() / 1e6, 1),
                lag_ms=round(self._worst_lag / 1e6, 3),
                gc_ms=round(self._gc_ns / 1e6, 3),
                gauges=self.look(),
            )
        )
        self._worst_lag = self._gc_ns = 0
        if len(self._timeline) > MOMENTS:
            del self._timeline[1::2]
            self._every *= 2

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        """Python calls this at both ends of a collection."""
        if phase == "start":
            self._gc_began = self.clock()
            return
        took = self.clock() - self._gc_began
        self._gc_ns += took
        self.note(GC, f"generation {info['generation']}", took)


@contextmanager
def measured(profiler: Profiler | None) -> Generator[None]:
    """What happens inside is measured: steps of no role are counted, too. Nothing without a profiler."""
    if profiler is None:
        yield
        return
    before = HERE.set(Spot(profiler, ""))
    try:
        with profiler:
            yield
    finally:
        HERE.reset(before)


def resident() -> int:
    """Bytes of memory that the process holds now; 0 where /proc does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 -- once a second, on the hot loop
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
