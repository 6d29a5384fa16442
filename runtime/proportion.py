"""Shares with their uncertainty: Wilson's interval, Newcombe's for a difference, Cohen's kappa."""

from __future__ import annotations

from math import sqrt

import msgspec

Z = 1.959963984540054
"""Of a two-sided 95 % interval."""


class Interval(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(hits: int, n: int) -> Interval:
    """The share `hits / n` with Wilson's score interval; of nothing, 0 in [0, 1]. Needs 0 <= hits <= n."""
    if n == 0:
        return Interval(0.0, 0.0, 1.0)
    p = hits / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def difference(before: Interval, after: Interval) -> Interval:
    """`after - before` of two independent shares, Newcombe's hybrid of their Wilson intervals."""
    change = after.value - before.value
    down = sqrt((after.value - after.low) ** 2 + (before.high - before.value) ** 2)
    up = sqrt((after.high - after.value) ** 2 + (before.value - before.low) ** 2)
    return Interval(change, change - down, change + up)


def kappa(both_yes: int, first_yes: int, second_yes: int, both_no: int) -> Interval | None:
    """Cohen's kappa of two raters over a table of four counts, with the interval of its large-sample standard error.

    `first_yes`: only the first said yes. None where it is not defined: nothing was rated, or both always said the same
    one thing.
    """
    n = both_yes + first_yes + second_yes + both_no
    if n == 0:
        return None
    first, second = (both_yes + first_yes) / n, (both_yes + second_yes) / n
    observed = (both_yes + both_no) / n
    chance = first * second + (1 - first) * (1 - second)
    if chance == 1.0:
        return None
    value = (observed - chance) / (1 - chance)
    return Interval(value, *_bounds(value, _kappa_error(both_yes, first_yes, second_yes, both_no)))


def _kappa_error(a: int, b: int, c: int, d: int) -> float:
    """The standard error of Fleiss, Cohen and Everitt (1969) for two categories."""
    n = a + b + c + d
    shares = ((a / n, b / n), (c / n, d / n))
    rows = (sum(shares[0]), sum(shares[1]))
    columns = (shares[0][0] + shares[1][0], shares[0][1] + shares[1][1])
    observed = shares[0][0] + shares[1][1]
    chance = rows[0] * columns[0] + rows[1] * columns[1]
    value = (observed - chance) / (1 - chance)
    agreeing = sum(shares[i][i] * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in (0, 1))
    crossing = sum(shares[i][j] * (columns[i] + rows[j]) ** 2 for i, j in ((0, 1), (1, 0)))
    inner = agreeing + (1 - value) ** 2 * crossing - (value - chance * (1 - value)) ** 2
    return sqrt(max(0.0, inner) / n) / (1 - chance)


def _bounds(value: float, error: float) -> tuple[float, float]:
    return max(-1.0, value - Z * error), min(1.0, value + Z * error)
