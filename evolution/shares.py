"""Target shares under a budget: how far cheap clusters may be preferred, and what every cluster keeps.

Among shares p of the accepted rows, those that maximise the entropy against the wanted shares w at a given mean cost
per accepted row are p ∝ w · exp(-mu · cost): mu is the price of waste. Price alone would select the easy clusters
(docs/diversity.md), so every cluster keeps a floor of its wanted share, and the budget is relative to what the wanted
shares would cost: alpha = 1 means "no saving", 0.9 "save a tenth".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

FLOOR = 0.5
"""Part of its wanted share that every cluster keeps unless it is fused; so does every band of difficulty."""
STEPS = 60
"""Most steps of the search for the price; ten are usual."""
CLOSE = 1e-6
"""Relative distance from the budget at which the search ends."""


class Priced(msgspec.Struct, frozen=True):
    """Shares of the accepted rows with their price."""

    shares: list[float]
    """In the order of the weights; they sum to 1."""
    price: float
    """mu: 0 where the budget does not bind."""
    cost: float
    """Mean cost per accepted row at these shares."""
    even_cost: float
    """Mean cost per accepted row at the wanted shares."""


def priced(
    weights: Sequence[float], costs: Sequence[float], *, alpha: float, floor: float = FLOOR, guess: float = 1.0
) -> Priced:
    """Shares with a mean cost of alpha times that of the wanted shares, as far as even attempts and floors allow.

    `weights` are positive, `costs` the expected cost per accepted row; `guess` is where the search for mu begins.
    """
    total = math.fsum(weights)
    wanted = [weight / total for weight in weights]
    even = math.fsum(map(_product, wanted, costs))
    if alpha >= 1.0:
        return Priced(wanted, 0.0, even, even)
    cheapest = min(costs)
    extra = [cost - cheapest for cost in costs]
    attempts = 1.0 / math.fsum(w / c for w, c in zip(wanted, costs, strict=True))
    # The floor part costs floor · even whatever the price is; the rest makes up for it, down to even attempts.
    goal = max((alpha - floor) * even / (1 - floor), attempts) - cheapest
    price, free = _search(wanted, extra, goal, guess)
    shares = [floor * w + (1 - floor) * p for w, p in zip(wanted, free, strict=True)]
    return Priced(shares, price, math.fsum(map(_product, shares, costs)), even)


def _search(wanted: Sequence[float], extra: Sequence[float], goal: float, guess: float) -> tuple[float, list[float]]:
    """The price at which the mean extra cost is `goal`, by Newton steps kept inside a bracket, and the shares there."""
    spread = math.fsum(map(_product, wanted, extra))
    if spread <= goal:
        return 0.0, list(wanted)
    low, high = 0.0, 50.0 / max(spread, 1e-12)  # beyond, all but the cheapest have vanished
    price = min(max(guess, low), high)
    shares = list(wanted)
    for _ in range(STEPS):
        shares = _gibbs(wanted, extra, price)
        mean = math.fsum(map(_product, shares, extra))
        if abs(mean - goal) <= CLOSE * (spread + goal):
            break
        low, high = (price, high) if mean > goal else (low, price)
        variance = math.fsum(p * (x - mean) ** 2 for p, x in zip(shares, extra, strict=True))
        step = price + (mean - goal) / variance if variance > 0 else high
        price = step if low < step < high else (low + high) / 2
    return price, shares


def _gibbs(wanted: Sequence[float], extra: Sequence[float], price: float) -> list[float]:
    raw = [w * math.exp(-price * x) for w, x in zip(wanted, extra, strict=True)]
    total = math.fsum(raw)
    return [r / total for r in raw]


def _product(a: float, b: float) -> float:
    return a * b
