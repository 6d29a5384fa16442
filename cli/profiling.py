"""The profiler of a run as its settings want it: what it looks at, its trace, its metrics for Prometheus."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ..runtime.config import RunConfig
from ..runtime.profile.profiler import Profiler
from ..runtime.profile.record import Gauges
from ..runtime.supervisor import Run
from .models import Models


def make_profiler(config: RunConfig) -> Profiler | None:
    """None where nothing is to be measured. Raises OutputError when the trace cannot be written."""
    if not config.profile and config.trace is None and config.metrics is None:
        return None
    if config.trace is None:
        return Profiler()
    from ..runtime.profile.trace import Trace

    return Profiler(trace=Trace(config.trace, config.trace_every))


@asynccontextmanager
async def watched(config: RunConfig, profiler: Profiler | None, run: Run, models: Models) -> AsyncGenerator[None]:
    """The profiler sees run and endpoints, and Prometheus sees the profiler, for as long as the context lasts.

    Raises:
        ConfigError: the port of --metrics cannot be used.
    """
    if profiler is None:
        yield
        return
    profiler.look = lambda: gauges(run, models)
    if config.metrics is None:
        yield
        return
    from ..runtime.profile.metrics import serving

    async with serving(config.metrics, profiler.profile, profiler.look) as address:
        if not config.quiet or config.metrics == 0:
            sys.stderr.write(f"tdscaling: metrics at {address}\n")
            sys.stderr.flush()
        yield


def gauges(run: Run, models: Models) -> Gauges:
    """What run and endpoints hold now."""
    now = run.statistics()
    load = models.load()
    return Gauges(
        in_flight=now.in_flight,
        queued=sum(now.queued.values()),
        accepted=now.accepted,
        committed=now.committed,
        waiting=now.waiting,
        calls=now.model_calls,
        requests=load.requests,
        slots=load.slots,
        maximum=load.maximum,
        slot_waits=load.waiting,
        busy_s=load.busy_s,
        troubles=load.troubles,
    )
