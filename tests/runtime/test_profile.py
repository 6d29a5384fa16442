"""What the profiler counts, and that what it writes can be read by the tools it is written for."""

from __future__ import annotations

import gc
import json
import time
from pathlib import Path

import aiohttp
import anyio
import pytest
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]  # the library has no annotations
from hdrh.log import HistogramLogReader  # type: ignore[import-untyped]

from tdscaling.runtime import loop
from tdscaling.runtime.errors import ConfigError, OutputError
from tdscaling.runtime.profile.here import HERE, Spot, noted, step
from tdscaling.runtime.profile.hlog import hlog
from tdscaling.runtime.profile.metrics import BOUNDS, exposition, serving
from tdscaling.runtime.profile.profiler import Profiler, measured
from tdscaling.runtime.profile.record import EPISODE, GC, LAG, Gauges, Moment, Profile, Series, occupancy
from tdscaling.runtime.profile.trace import Trace
from tdscaling.runtime.telemetry import LogHistogram

MS = 1_000_000


def series(stage: str, role: str, *ms: int) -> Series:
    """These durations in milliseconds."""
    histogram = LogHistogram()
    for one in ms:
        histogram.record(one * MS)
    return Series(stage, role, histogram.max_ns, histogram.sparse())


def moment(at_s: float, **gauges: float) -> Moment:
    """A point of a timeline."""
    return Moment(at_s, 0.0, 0.0, 0.0, 0.0, Gauges(**gauges))  # type: ignore[arg-type]  # counts and seconds


def test_a_step_is_counted_for_the_role_of_its_task_and_of_the_tasks_it_starts() -> None:
    """A worker says once for whom it works."""
    ticks = iter(range(0, 1000 * MS, 5 * MS))
    profiler = Profiler(clock=lambda: next(ticks))

    async def child() -> None:
        with step("tool call"):
            pass

    async def worker(role: str) -> None:
        HERE.set(Spot(profiler, role))
        async with anyio.create_task_group() as group:
            group.start_soon(child)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(worker, "toolsim")
            group.start_soon(worker, "verifier")

    loop.run(main)
    found = {(one.stage, one.role): sum(one.counts.values()) for one in profiler.profile().series}
    assert found == {("tool call", "toolsim"): 1, ("tool call", "verifier"): 1}


def test_a_step_that_fails_is_counted_too() -> None:
    """A timeout is where the time went."""
    profiler = Profiler()

    async def main() -> None:
        with measured(profiler), pytest.raises(ValueError, match="no"), step("request"):
            raise ValueError("no")

    loop.run(main)
    assert [(one.stage, one.role) for one in profiler.profile().series if one.stage == "request"] == [("request", "")]


def test_without_a_profiler_nothing_is_noted() -> None:
    """And nothing is asked of anybody."""
    assert HERE.get() is None
    with step("request"):
        noted("first token", 5)


def test_lag_and_collections_are_seen() -> None:
    """A block of the loop and a pause of the collector, each where it belongs; afterwards nobody listens any more."""
    before = len(gc.callbacks)
    profiler = Profiler(lambda: Gauges(calls=7))

    async def main() -> None:
        with measured(profiler):
            async with anyio.create_task_group() as group:
                group.start_soon(profiler.watch)
                await anyio.sleep(0.03)
                time.sleep(0.1)  # noqa: ASYNC251 -- the blocked loop is what is looked at
                gc.collect()
                await anyio.sleep(0.03)
                group.cancel_scope.cancel()

    loop.run(main)
    profile = profiler.profile()
    summary = profile.summary()
    assert summary.worst_lag_ms > 50
    assert any(one.stage == GC and one.role == "generation 2" for one in summary.stages)
    assert profile.timeline[-1].gauges.calls == 7
    assert max(one.lag_ms for one in profile.timeline) > 50
    assert len(gc.callbacks) == before


def test_the_timeline_stays_bounded() -> None:
    """A run of a day has as many moments as one of ten minutes, over its whole length."""
    profiler = Profiler()
    for _ in range(1500):
        profiler._remember()
    timeline = profiler.profile().timeline
    assert len(timeline) <= 601
    assert timeline[0].at_s <= timeline[-1].at_s


def test_occupancy_is_that_of_the_steady_window() -> None:
    """Beginning and end, two episodes' time each, are left out: they are never full."""
    busy = [0, 2, 12, 22, 32, 42, 43]  # ten slots, full between the second and the sixth
    timeline = [moment(at, busy_s=held, maximum=10, calls=held) for at, held in enumerate(busy)]
    found = occupancy(timeline, 0.5)
    assert (found.share, found.calls_per_s, found.window_s) == (1.0, 10.0, 4.0)
    assert occupancy(timeline, 100.0).window_s == 2.0
    assert occupancy(timeline[:1], 1.0).share == 0.0


def test_the_summary_names_lag_and_lost_time() -> None:
    """Shares are of the run's time."""
    gone = [series(EPISODE, "completed", 100, 200), series(LAG, "", 3, 70), series(GC, "generation 2", 500)]
    summary = Profile(10.0, 0.5, gone, []).summary()
    assert summary.worst_lag_ms == 70
    assert summary.starved_share == 0.05
    assert summary.gc_share == pytest.approx(0.05, rel=0.02)


def test_the_log_is_read_by_hdrhistogram(tmp_path: Path) -> None:
    """Every series with its count and values, in the order of the file."""
    profile = Profile(3.0, 0.0, [series("queue wait", "user", *range(100)), series("service", "user", 7)], [])
    path = tmp_path / "profile.hlog"
    path.write_text(hlog(profile))
    reader = HistogramLogReader(str(path), HdrHistogram(1, 24 * 3600 * 10**9, 3))
    first, second = reader.get_next_interval_histogram(), reader.get_next_interval_histogram()
    reader.close()
    assert (first.get_total_count(), second.get_total_count()) == (100, 1)
    assert first.get_value_at_percentile(50) == pytest.approx(49 * MS, rel=0.03)
    assert "Tag=queue-wait-user," in path.read_text()


def test_a_trace_is_json_with_nested_steps(tmp_path: Path) -> None:
    """One track per kept episode; what lies within another begins later and ends earlier."""
    trace = Trace(tmp_path / "trace.json", every=5)
    assert [index for index in range(11) if trace.wants(index)] == [0, 5, 10]
    trace.keep(5, "ab completed", 1000, 9000, [("user", 2000, 6000), ("model call", 3000, 5000)])
    trace.close()
    trace.close()
    events = json.loads((tmp_path / "trace.json").read_text())
    drawn = [(event["name"], event["ts"], event["dur"]) for event in events if event["ph"] == "X"]
    assert drawn == [("ab completed", 1.0, 8.0), ("user", 2.0, 4.0), ("model call", 3.0, 2.0)]
    assert {event.get("tid", 5) for event in events} == {5}


def test_a_trace_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(OutputError, match=r"nowhere/trace\.json"):
        Trace(tmp_path / "nowhere" / "trace.json", every=1)


def test_the_exposition_counts_up_to_every_bound() -> None:
    """Buckets are cumulative, the last one is the count, and every line has Prometheus' form."""
    text = exposition(Profile(1.0, 0.0, [series("request", "user", 1, 30, 700, 900_000)], []), Gauges(accepted=3))
    buckets = [line for line in text.splitlines() if "_bucket{" in line]
    counts = [int(line.rpartition(" ")[2]) for line in buckets]
    assert len(counts) == len(BOUNDS) + 1
    assert counts == sorted(counts)
    assert counts[-2:] == [3, 4]  # a quarter of an hour is above the last bound
    assert "tdscaling_accepted_total 3" in text
    assert text.count('le="+Inf"') == 1


def test_metrics_are_served_on_loopback_and_a_taken_port_is_said() -> None:
    """The figures are those of the moment."""

    async def main() -> None:
        profile = Profile(1.0, 0.0, [], [])
        async with serving(0, lambda: profile, lambda: Gauges(in_flight=9)) as address:
            assert address.startswith("http://127.0.0.1:")
            async with aiohttp.ClientSession() as session, session.get(address) as response:
                assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                assert "tdscaling_in_flight 9" in await response.text()
            port = int(address.split(":")[2].partition("/")[0])
            with pytest.raises(ConfigError, match=f"--metrics {port}"):
                async with serving(port, lambda: profile, Gauges):
                    pass

    loop.run(main)
