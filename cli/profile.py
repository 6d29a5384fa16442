"""`tdscaling profile`: where the time of a run went, in tables and plots for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from ..runtime.errors import ConfigError, InputError
from .terminal import columns, out_console

if TYPE_CHECKING:
    from ..runtime.profile.record import Figures, Moment, Profile, ProfileSummary, Series

BARS = " ▁▂▃▄▅▆▇█"
WIDTH = 60
"""Columns of a plot."""
FOLLOWED = ("episode", "model call", "request", "first token")
"""Stages whose distribution is drawn."""
GOALS = {"e2el": "model call", "request": "request", "ttft": "first token", "itl": "between tokens"}
"""What --goodput may bound: the names that serving engines' benchmarks use, and ours."""


def profile(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    goodput: tuple[str, ...] = (),
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    run
        The directory of a run.
    as_json
        The figures as one JSON object.
    goodput
        Bounds in milliseconds, such as ttft:300 e2el:5000: how many requests per second kept to each.
    """
    from ..runtime.profile.record import PROFILE, Profile

    path = run / PROFILE
    bounds = [_bound(text) for text in goodput]
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Profile)
    except OSError as error:
        why = "it was made with --no-profile, or has not ended" if run.is_dir() else error.strerror
        raise InputError(f"{run}: holds no profile: {why}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    console = out_console()
    summary = found.summary()
    if as_json:
        console.print(msgspec.json.encode(summary).decode(), soft_wrap=True)
        return 0
    _overview(console, found, summary)
    _stages(console, summary.stages)
    for name, stage, ms in bounds:
        _goodput(console, found, name, stage, ms)
    for stage in FOLLOWED:
        _distribution(console, stage, [one for one in found.series if one.stage == stage])
    _timeline(console, found.timeline)
    return 0


def _bound(text: str) -> tuple[str, str, float]:
    """`ttft:300` as (name, stage, ms). Raises ConfigError."""
    name, _, value = text.partition(":")
    try:
        ms = float(value)
    except ValueError:
        ms = -1.0
    if name not in GOALS or not ms > 0:
        raise ConfigError(f"--goodput {text!r}: write {', '.join(GOALS)} with milliseconds, such as ttft:300")
    return name, GOALS[name], ms


def _overview(console: Console, found: Profile, summary: ProfileSummary) -> None:
    full = summary.occupancy
    last = found.timeline[-1].gauges if found.timeline else None
    rows = last.accepted if last else 0
    calls = last.calls if last else 0
    wall = found.wall_s or 1.0
    console.print(f"{wall:.1f} s: {rows:,} rows, {rows / wall:.1f} rows/s; {calls:,} model calls, {calls / wall:.1f}/s")
    if last and last.maximum:
        console.print(
            f"slots {100 * full.share:.1f} % full, {full.calls_per_s:.1f} calls/s in the steady window of "
            f"{full.window_s:.1f} s; {last.troubles:,} requests failed",
            soft_wrap=True,
        )
    console.print(
        f"waited for assignments {100 * summary.starved_share:.1f} % of the time; worst loop lag "
        f"{summary.worst_lag_ms:.0f} ms; garbage collector {100 * summary.gc_share:.1f} %",
        soft_wrap=True,
    )


def _stages(console: Console, stages: Sequence[Figures]) -> None:
    """Milliseconds, but for the count and the sum."""
    lines: list[tuple[str, ...]] = [("stage, ms", "role", "count", "p50", "p90", "p95", "p99", "max", "sum s")]
    for one in stages:
        ms = one.ms
        figures = [_short(value) for value in (ms.p50, ms.p90, ms.p95, ms.p99, ms.max)]
        lines.append((one.stage, one.role, f"{one.count:,}", *figures, f"{one.total_s:,.1f}"))
    columns(console, lines, left={0, 1})


def _goodput(console: Console, found: Profile, name: str, stage: str, ms: float) -> None:
    """Requests that kept to the bound."""
    from ..runtime.telemetry import bucket_midpoint

    counts = [(bucket_midpoint(b), n) for one in found.series if one.stage == stage for b, n in one.counts.items()]
    total = sum(n for _, n in counts)
    kept = sum(n for ns, n in counts if ns <= ms * 1e6)
    share = f"{100 * kept / total:.1f} % of {total:,}" if total else "none were measured"
    console.print(f"\ngoodput {name} ≤ {ms:g} ms: {kept / (found.wall_s or 1.0):.1f}/s, {share}")


def _distribution(console: Console, stage: str, series: Sequence[Series]) -> None:
    """One line per role: how the durations lie on a logarithmic axis."""
    from ..runtime.telemetry import bucket_midpoint

    if not series:
        return
    # Half powers of two are wide enough to be seen and narrow enough to tell two humps apart.
    spans = {
        (one.role or stage): [(_half_power(bucket_midpoint(b)), n) for b, n in one.counts.items()] for one in series
    }
    low = min(power for found in spans.values() for power, _ in found)
    high = max(power for found in spans.values() for power, _ in found)
    console.print(f"\n{stage}, {_duration(low)} to {_duration(high + 1)}, logarithmic", style="bold")
    margin = max(map(len, spans))
    for role, found in spans.items():
        heights = [0] * (high - low + 1)
        for power, n in found:
            heights[power - low] += n
        console.print(f"{role:<{margin}}  {_bars(heights)}", soft_wrap=True)


def _timeline(console: Console, moments: Sequence[Moment]) -> None:
    """How the run went: one character per so many seconds."""
    if len(moments) < 3:
        return
    pairs = list(pairwise(moments))

    def rate(field: str) -> list[float]:
        return [(getattr(b.gauges, field) - getattr(a.gauges, field)) / ((b.at_s - a.at_s) or 1.0) for a, b in pairs]

    tracks = {
        "model calls/s": rate("calls"),
        "rows/s": rate("accepted"),
        "episodes in flight": [float(b.gauges.in_flight) for _, b in pairs],
        "requests in flight": [float(b.gauges.requests) for _, b in pairs],
        "slots": [float(b.gauges.slots) for _, b in pairs],
        "failed requests/s": rate("troubles"),
        "waiting to be committed": [float(b.gauges.waiting) for _, b in pairs],
        "CPU, cores": [(b.cpu_s - a.cpu_s) / ((b.at_s - a.at_s) or 1.0) for a, b in pairs],
        "loop lag, ms": [b.lag_ms for _, b in pairs],
        "garbage collector, ms": [b.gc_ms for _, b in pairs],
        "memory, MB": [b.rss_mb for _, b in pairs],
    }
    console.print(f"\nover {moments[-1].at_s:.0f} s", style="bold")
    margin = max(map(len, tracks))
    for name, values in tracks.items():
        if any(values):
            console.print(f"{name:<{margin}}  {_bars(_resampled(values))}  to {_short(max(values))}", soft_wrap=True)


def _resampled(values: Sequence[float]) -> list[float]:
    """At most WIDTH values: the largest of each stretch."""
    parts = min(WIDTH, len(values))
    edges = [len(values) * n // parts for n in range(parts + 1)]
    return [max(values[a:b]) for a, b in pairwise(edges)]


def _bars(heights: Sequence[float]) -> str:
    """Every height as a character; what is not 0 shows."""
    top = max(heights) or 1
    steps = len(BARS) - 1
    return "".join(BARS[max(1, round(steps * height / top))] if height > 0 else BARS[0] for height in heights)


def _half_power(ns: int) -> int:
    """2·log2 of a duration, whole."""
    return max(0, (ns * ns).bit_length() - 1)


def _duration(half_power: int) -> str:
    """The duration at a half power of two, in words."""
    return f"{_short(2 ** (half_power / 2) / 1e6)} ms"


def _short(value: float) -> str:
    """Three figures, or whole numbers above a hundred."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
