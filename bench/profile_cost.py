"""What measuring costs: one step with and without a profiler, and how many of them a model call has.

    .venv/bin/python bench/profile_cost.py [RUN] [--rounds 5]

CPU time of tight loops, rounds interleaved, the empty loop taken off. With the directory of a run, the steps that it
counted are multiplied out: the share of the run's CPU that went into measuring, and what it would be where nobody
measures. bench/pipeline.py compares whole runs with and without a profile, but its noise is larger than this.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from tdscaling.runtime.profile.here import HERE, Spot, step
from tdscaling.runtime.profile.profiler import TICK_SECONDS, Profiler
from tdscaling.runtime.profile.record import GC, LAG, PROFILE, Gauges, Profile

LOOPS = 100_000
OTHERS = ("queue wait", "service", "episode")
"""Stages that are counted without a step; with the bus, whether anybody profiles or not."""


class Cpu(msgspec.Struct):
    """The part of summary.json that is needed."""

    cpu_s: float
    model_calls: int


def steps() -> None:
    """Many steps."""
    for _ in range(LOOPS):
        with step("model call"):
            pass


def nothing() -> None:
    """The loop alone."""
    for _ in range(LOOPS):
        pass


def cost(work: Callable[[], None], spot: Spot | None) -> float:
    """CPU ns per turn of a loop."""
    token = HERE.set(spot)
    begun = time.process_time_ns()
    work()
    spent = time.process_time_ns() - begun
    HERE.reset(token)
    return spent / LOOPS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?", metavar="RUN")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    profiler = Profiler(Gauges)
    spot = Spot(profiler, "user")
    spent: dict[str, list[float]] = {"on": [], "off": [], "loop": []}
    for _ in range(options.rounds):
        spent["on"].append(cost(steps, spot))
        spent["off"].append(cost(steps, None))
        spent["loop"].append(cost(nothing, None))
    loop = statistics.median(spent["loop"])
    on, off = (statistics.median(spent[name]) - loop for name in ("on", "off"))
    print(f"one step: {on:.0f} ns with a profiler, {off:.0f} ns without (CPU, medians of {options.rounds})")
    if options.run is None:
        return
    profile = msgspec.json.decode((options.run / PROFILE).read_bytes(), type=Profile)
    run = msgspec.json.decode((options.run / "summary.json").read_bytes(), type=Cpu)
    counted = sum(sum(one.counts.values()) for one in profile.series if one.stage not in (*OTHERS, LAG, GC))
    ticks = sum(sum(one.counts.values()) for one in profile.series if one.stage == LAG)
    per_call = counted / run.model_calls
    print(f"{per_call:.1f} steps per model call, {ticks} looks at the loop (one each {TICK_SECONDS * 1000:.0f} ms)")
    share, without = (counted * each / 1e9 / run.cpu_s for each in (on, off))
    print(f"steps: {100 * share:.2f} % of the run's CPU; without a profiler {100 * without:.2f} %")


if __name__ == "__main__":
    main()
