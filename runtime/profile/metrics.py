"""A run's figures for Prometheus: its text format, served on loopback while the run goes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager

from aiohttp import web

from ..errors import ConfigError
from ..telemetry import bucket_midpoint
from .record import Gauges, Profile, Series

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = tuple(step * 10.0**power for power in range(-4, 3) for step in (1, 2.5, 5))
"""Upper bounds of the buckets in seconds, 100 µs to 500 s."""
DURATIONS = "tdscaling_stage_duration_seconds"
GAUGES = {
    "in_flight": "Episodes in flight",
    "queued": "Messages that wait for a worker",
    "waiting": "Outcomes that wait for one with a lower index",
    "requests": "Requests in flight to endpoints",
    "slots": "Requests that may be in flight to endpoints now",
    "maximum": "Most requests that may ever be in flight to endpoints",
    "slot_waits": "Requests that wait for a slot",
}
COUNTERS = {
    "accepted": "Rows accepted",
    "committed": "Episodes committed",
    "calls": "Model requests answered",
    "troubles": "Requests to endpoints that failed",
}


def exposition(profile: Profile, now: Gauges) -> str:
    """Everything as text."""
    return "".join(f"{line}\n" for line in _lines(profile, now))


@asynccontextmanager
async def serving(port: int, profile: Callable[[], Profile], look: Callable[[], Gauges]) -> AsyncGenerator[str]:
    """`GET /metrics` on loopback for as long as the context lasts; its address. Port 0 takes a free one.

    Raises:
        ConfigError: the port is taken or not allowed.
    """

    async def answer(_: web.Request) -> web.Response:
        text = exposition(profile(), look())
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.router.add_get("/metrics", answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            raise ConfigError(f"--metrics {port}: cannot listen on 127.0.0.1: {error.strerror}") from None
        host, taken = runner.addresses[0][:2]
        yield f"http://{host}:{taken}/metrics"
    finally:
        await runner.cleanup()


def _lines(profile: Profile, now: Gauges) -> Iterator[str]:
    yield f"# HELP {DURATIONS} Durations by stage and role"
    yield f"# TYPE {DURATIONS} histogram"
    for series in profile.series:
        yield from _histogram(series)
    for kind, suffix, metrics in (("gauge", "", GAUGES), ("counter", "_total", COUNTERS)):
        for field, meaning in metrics.items():
            name = f"tdscaling_{field}{suffix}"
            yield f"# HELP {name} {meaning}"
            yield f"# TYPE {name} {kind}"
            yield f"{name} {getattr(now, field)}"
    if profile.timeline:
        last = profile.timeline[-1]
        yield "# HELP tdscaling_loop_lag_seconds The latest that the event loop was in the last interval"
        yield "# TYPE tdscaling_loop_lag_seconds gauge"
        yield f"tdscaling_loop_lag_seconds {last.lag_ms / 1000:.6f}"


def _histogram(series: Series) -> Iterator[str]:
    labels = f'stage="{series.stage}",role="{series.role}"'
    filled = sorted(series.counts.items())
    reached, at = 0, 0
    for bound in BOUNDS:
        while at < len(filled) and bucket_midpoint(filled[at][0]) <= bound * 1e9:
            reached += filled[at][1]
            at += 1
        yield f'{DURATIONS}_bucket{{{labels},le="{bound:g}"}} {reached}'
    total = sum(series.counts.values())
    yield f'{DURATIONS}_bucket{{{labels},le="+Inf"}} {total}'
    yield f"{DURATIONS}_sum{{{labels}}} {series.histogram().total_ns() / 1e9:.6f}"
    yield f"{DURATIONS}_count{{{labels}}} {total}"
