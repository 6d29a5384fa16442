"""What a small run says of a big one: yield, tokens, cost and time per accepted row, with their uncertainty.

Shares have Wilson's interval. Quotients (tokens per accepted row) have a percentile bootstrap over episodes, because
what a rejected episode used up is part of the price of an accepted one.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles

import msgspec

from .proportion import Interval, wilson
from .seed import rng

RESAMPLES = 1_000


class Episode(msgspec.Struct, frozen=True):
    """One committed episode of the pilot."""

    mode: str
    kind: str
    """Where its tools ran."""
    accepted: bool
    tokens: int
    """Prompt and completion tokens over all roles; 0 where it was abandoned."""


class Spent(msgspec.Struct, frozen=True):
    """What the pilot used as a whole, surplus and abandoned episodes included."""

    wall_s: float
    tokens: int
    cost: float | None
    """Money, by the prices of the settings; None without prices."""


class Cell(msgspec.Struct, frozen=True):
    """The yield of one kind of episode."""

    mode: str
    kind: str
    accepted: int
    episodes: int
    share: Interval


class Forecast(msgspec.Struct, frozen=True):
    """What `target` accepted rows would take, if the run goes on as the pilot went."""

    target: int
    episodes: int
    accepted: int
    yield_: Interval = msgspec.field(name="yield")
    cells: tuple[Cell, ...]
    """Every combination of mode and tools that occurred, sorted."""
    tokens_per_row: Interval | None
    """Of an accepted row, with what rejected ones used up; None where nothing was accepted. Surplus episodes, which a
    small run has many of and a big one hardly any, are not counted."""
    attempts: Interval | None
    """Episodes up to the target."""
    tokens: Interval | None
    hours: Interval | None
    """At the pilot's pace, which includes its start and its end."""
    cost: Interval | None
    """None without prices."""


def forecast(episodes: Sequence[Episode], spent: Spent, target: int, seed: int = 0) -> Forecast:
    """The same episodes and seed give the same figures."""
    n, accepted = len(episodes), sum(one.accepted for one in episodes)
    share = wilson(accepted, n)
    attempts = per_row = tokens = hours = cost = None
    if accepted:
        sure = max(share.high, share.value)  # at a share of 1 the bound is 1 but for rounding
        attempts = Interval(target / share.value, target / sure, target / share.low)
        per_row = _per_row(episodes, seed)
        tokens = _times(per_row, target)
        hours = _times(attempts, spent.wall_s / n / 3600)
        if spent.cost is not None and spent.tokens:
            cost = _times(tokens, spent.cost / spent.tokens)
    return Forecast(
        target=target,
        episodes=n,
        accepted=accepted,
        yield_=share,
        cells=_cells(episodes),
        tokens_per_row=per_row,
        attempts=attempts,
        tokens=tokens,
        hours=hours,
        cost=cost,
    )


def _cells(episodes: Sequence[Episode]) -> tuple[Cell, ...]:
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for one in episodes:
        good, n = counts.get((one.mode, one.kind), (0, 0))
        counts[one.mode, one.kind] = (good + one.accepted, n + 1)
    return tuple(Cell(*key, *counts[key], wilson(*counts[key])) for key in sorted(counts))


def _per_row(episodes: Sequence[Episode], seed: int) -> Interval:
    """Tokens of all episodes over accepted ones. A resample without an accepted one says nothing and is left out."""
    random = rng(seed, "pilot")
    total = sum(one.tokens for one in episodes)
    found: list[float] = []
    for _ in range(RESAMPLES):
        drawn = random.choices(episodes, k=len(episodes))
        if accepted := sum(one.accepted for one in drawn):
            found.append(sum(one.tokens for one in drawn) / accepted)
    value = total / sum(one.accepted for one in episodes)
    if len(found) < 2:
        return Interval(value, value, value)
    cuts = quantiles(found, n=40, method="inclusive")  # in steps of 2.5 %
    return Interval(value, cuts[0], cuts[-1])


def _times(interval: Interval, factor: float) -> Interval:
    return Interval(interval.value * factor, interval.low * factor, interval.high * factor)
