"""One process that plays whole trajectories against an endpoint: every part of a real run, on assignments that repeat.

    .venv/bin/python bench/whole.py URL EPISODES IN_FLIGHT [--distinct 600] [--slots N] [--no-profile]
        [--default-gc] [--aiohttp]

Blueprint, user, assistant, tools, re-execution, gates, committer, journal on disk, rows: as `tdscaling run` composes
them. Only the controller differs: it draws as many assignments as --distinct says and then begins again, so that an
endpoint with a memory (bench/endpoint.py --simulated) answers at once and does not take the CPU from what is measured.
More assignments than a run remembers worlds (512) are drawn, so that no cache helps more than in a real run. Repeated
conversations end as rejected duplicates: written like any row. The last line on stdout is a JSON object of figures.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from tdscaling.agents.cast import Cast
from tdscaling.agents.prompts import digest
from tdscaling.agents.stage import Stage
from tdscaling.agents.verifier import Origin
from tdscaling.cli.composition import check
from tdscaling.cli.profiling import gauges
from tdscaling.evolution.clusters import build_clusters
from tdscaling.evolution.perturbing import Extras, Perturbing
from tdscaling.evolution.sampler import UniformSampler
from tdscaling.runtime import loop
from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.collector import settle
from tdscaling.runtime.committer import Commit, Controller
from tdscaling.runtime.config import RunConfig
from tdscaling.runtime.errors import TargetUnreachable
from tdscaling.runtime.journal import open_journal
from tdscaling.runtime.limits import Limits
from tdscaling.runtime.meter import Meter
from tdscaling.runtime.profile.profiler import Profiler, resident
from tdscaling.runtime.profile.record import LAG, Profile
from tdscaling.runtime.sinks import StorageSink
from tdscaling.runtime.storage import DirectoryStorage
from tdscaling.runtime.supervisor import Run


class Repeating:
    """Draws from another controller until it has enough assignments, then gives them out again."""

    def __init__(self, inner: Controller, distinct: int) -> None:
        self._inner = inner
        self._drawn: list[Assignment] = []
        self._distinct = distinct

    def assign(self, index: int) -> Assignment:
        """See Controller."""
        if index < self._distinct:
            self._drawn.append(self._inner.assign(index))
            return self._drawn[index]
        return msgspec.structs.replace(self._drawn[index % self._distinct], index=index)

    def fold(self, commit: Commit) -> None:
        """Nothing is learnt: the assignments are those of any earlier run."""


class Figures(msgspec.Struct, frozen=True):
    """What one process came to."""

    episodes: int
    accepted: int
    calls: int
    wall_s: float
    cpu_s: float
    """Of the run, without start-up."""
    start_cpu_s: float
    rss_mb: float
    """At the end."""
    peak_mb: float
    base_mb: float
    """Before the run."""
    lag_p99_ms: float
    lag_max_ms: float
    """Both 0 without a profile."""
    window_calls_per_s: float
    """Answered requests in the steady window."""
    held_share: float
    """Slots held in the steady window."""
    starved_share: float
    gc_share: float


async def play(options: argparse.Namespace, place: Path) -> Figures:
    """One run to its end."""
    width: int = options.in_flight
    config = RunConfig(
        base_url=(options.url,),
        concurrency=width,
        lag=max(512, 2 * width),
        models={"sim": {"max_concurrency": options.slots or width, "proxies": options.aiohttp}},
        deadline=3600.0,
    )
    plan = check(config)
    stage = Stage(plan.services, build_clusters(plan.services))
    clusters = tuple(stage.clusters.values())
    inner = Perturbing(
        UniformSampler(clusters, seed=1),
        clusters,
        Extras(share=0.35, wanted=config.wanted_perturbations(), pairs=0.0, attempts=1),
        seed=1,
    )
    storage = DirectoryStorage(place)
    meter = Meter(plan.model)
    origin = Origin("bench", config.model, "{}", digest(plan.texts), simulated=True)
    cast = Cast(meter, stage, origin, plan.models.casting, plan.texts)
    profiler = Profiler() if options.profile else None
    limits = Limits(
        count=options.episodes,
        attempts=options.episodes,
        concurrency=width,
        lag=config.lag,
        deadline=config.deadline,
        patience=10**9,
    )
    base = resident()
    async with plan.models.open(storage):
        run = Run(
            limits,
            controller=Repeating(inner, options.distinct),
            handlers=cast.handlers,
            reject=cast.reject,
            release=cast.release,
            sinks=(StorageSink(storage.open_append("rows.jsonl")),),
            storage=storage,
            meter=meter,
            run_digest="bench",
            run_seed=1,
            journal=open_journal(storage),
            profiler=profiler,
        )
        if profiler is not None:
            profiler.look = lambda: gauges(run, plan.models)
        if options.settled:
            settle()
        wall, cpu = time.monotonic(), time.process_time()
        with suppress(TargetUnreachable):  # the repeated conversations are no new rows
            await run.run()
        wall, spent = time.monotonic() - wall, time.process_time() - cpu
    assert run.summary is not None
    found = profiler.profile() if profiler else Profile(0.0, 0.0, [], [])
    summary = found.summary()
    lag = next((one.ms.p99 for one in summary.stages if one.stage == LAG), 0.0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return Figures(
        episodes=run.summary.attempts,
        accepted=run.summary.accepted,
        calls=meter.calls,
        wall_s=wall,
        cpu_s=spent,
        start_cpu_s=cpu,
        rss_mb=resident() / 1e6,
        peak_mb=peak,
        base_mb=base / 1e6,
        lag_p99_ms=lag,
        lag_max_ms=summary.worst_lag_ms,
        window_calls_per_s=summary.occupancy.calls_per_s,
        held_share=summary.occupancy.share,
        starved_share=summary.starved_share,
        gc_share=summary.gc_share,
    )


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", metavar="URL")
    parser.add_argument("episodes", metavar="EPISODES", type=int)
    parser.add_argument("in_flight", metavar="IN_FLIGHT", type=int)
    parser.add_argument("--distinct", type=int, default=600)
    parser.add_argument("--slots", type=int, help="requests in flight; as many as episodes when not given")
    parser.add_argument("--no-profile", dest="profile", action="store_false")
    parser.add_argument("--default-gc", dest="settled", action="store_false", help="Python's collector as it is")
    parser.add_argument("--aiohttp", action="store_true", help="aiohttp carries whole answers, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = loop.run(lambda: play(options, Path(folder)))
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
