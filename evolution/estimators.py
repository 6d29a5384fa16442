"""Estimators of entropy and coverage from counts: for reporting only, the steering looks at raw counts.

All are functions of the counts of labels alone and give bits. Which one is used where, and how far off each was in
simulation, stands in docs/diversity.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

ENOUGH_COVERAGE = 0.85
"""Below this share of seen probability mass no interval is given: it would cover the truth far too seldom."""
_LN2 = math.log(2)
_Z95 = 1.959963984540054
_DIRECT = 5.0
"""Largest A·n for which the Chao-Wang-Jost correction is summed directly; beyond, rounding grows with e^(A·n)."""


class Estimate(msgspec.Struct, frozen=True):
    """An entropy with what is known about its error."""

    bits: float
    half_width: float | None
    """95 % half-width in bits; None where coverage is too low for an honest one."""
    coverage: float
    """Good-Turing: estimated probability that the next observation was seen before."""


def plug_in(counts: Iterable[int]) -> float:
    """Entropy of the observed shares; biased low."""
    ns = [n for n in counts if n > 0]
    total = sum(ns)
    return max(0.0, math.log(total) - math.fsum(n * math.log(n) for n in ns) / total) / _LN2 if ns else 0.0


def miller_madow(counts: Iterable[int]) -> float:
    """Plug-in plus (labels - 1) / 2N: for closed alphabets with many more observations than labels."""
    ns = [n for n in counts if n > 0]
    return plug_in(ns) + (len(ns) - 1) / (2 * sum(ns) * _LN2) if ns else 0.0


def chao_wang_jost(counts: Iterable[int]) -> float:
    """Chao, Wang and Jost (2013), from the slope of the accumulation curve: for open alphabets with a long tail."""
    ns = [n for n in counts if n > 0]
    if not ns:
        return 0.0
    total = sum(ns)
    groups = Counter(ns)
    seen = math.fsum(times * n / total * (_digamma(total) - _digamma(n)) for n, times in groups.items() if n < total)
    return (seen + _unseen(total, groups[1], groups[2])) / _LN2


def _unseen(n: int, once: int, twice: int) -> float:
    """The part of the entropy, in nats, that belongs to what was not seen: f1/n · Σ_{j≥0} x^(j+1) / (n + j)."""
    if once == 0 or n < 2:
        return 0.0
    a = 2 * twice / ((n - 1) * once + 2 * twice) if twice else 2 / ((n - 1) * (once - 1) + 2)
    x = 1.0 - a
    if x <= 0.0:
        return 0.0
    if a * n <= _DIRECT:
        head, power = 0.0, 1.0
        for r in range(1, n):
            power *= x
            head += power / r
        return once / n * (-math.log(a) - head) / power
    tail, power, j = 0.0, x, 0
    while power > 1e-17:
        tail += power / (n + j)
        power *= x
        j += 1
    return once / n * tail


def coverage(counts: Iterable[int]) -> float:
    """Good-Turing: 1 - labels seen once / N. 0 when nothing was seen."""
    ns = [n for n in counts if n > 0]
    return 1.0 - sum(n == 1 for n in ns) / sum(ns) if ns else 0.0


def estimate(counts: Iterable[int], *, closed: bool) -> Estimate:
    """Miller-Madow for a closed alphabet, Chao-Wang-Jost for an open one, with an interval where coverage allows."""
    ns = [n for n in counts if n > 0]
    covered = coverage(ns)
    bits = miller_madow(ns) if closed else chao_wang_jost(ns)
    return Estimate(bits, _half_width(ns) if covered >= ENOUGH_COVERAGE else None, covered)


def _half_width(ns: Sequence[int]) -> float:
    """By the delta method: 1.96 · sqrt(Var(-log2 p) / N)."""
    total = sum(ns)
    mean = plug_in(ns)
    square = math.fsum(n / total * math.log2(n / total) ** 2 for n in ns)
    return _Z95 * math.sqrt(max(0.0, square - mean * mean) / total)


def rarefied(counts: Iterable[int], size: int) -> float:
    """Expected plug-in entropy of `size` observations drawn from these without putting back.

    How data sets of unequal size are compared. Raises ValueError when there are fewer observations than that.
    """
    ns = [n for n in counts if n > 0]
    total = sum(ns)
    if not 0 <= size <= total:
        raise ValueError(f"cannot draw {size} of {total} observations")
    if size == 0:
        return 0.0
    nats = math.fsum(times * _expected_term(n, total, size) for n, times in Counter(ns).items())
    return max(0.0, nats) / _LN2


def expected_distinct(counts: Iterable[int], size: int) -> float:
    """Expected number of distinct labels among `size` observations drawn from these without putting back."""
    ns = [n for n in counts if n > 0]
    total = sum(ns)
    if size >= total:
        return float(len(ns))
    whole = math.lgamma(total - size + 1) - math.lgamma(total + 1)
    missing = (
        times * math.exp(math.lgamma(total - n + 1) - math.lgamma(total - n - size + 1) + whole)
        for n, times in Counter(ns).items()
        if n <= total - size
    )
    return len(ns) - math.fsum(missing)


def _expected_term(n: int, total: int, size: int) -> float:
    """E[-k/m ln k/m] for a label with n of `total` observations, k hypergeometric, m = `size`."""
    lowest, highest = max(0, size - (total - n)), min(n, size)
    mode = min(max((n + 1) * (size + 1) // (total + 2), lowest), highest)
    peak = math.exp(_ln_choose(n, mode) + _ln_choose(total - n, size - mode) - _ln_choose(total, size))
    rest = total - n - size
    nats = _term(mode, size) * peak
    chance = peak
    for k in range(mode, highest):
        chance *= (n - k) * (size - k) / ((k + 1) * (rest + k + 1))
        if chance < 1e-18:
            break
        nats += _term(k + 1, size) * chance
    chance = peak
    for k in range(mode, lowest, -1):
        chance *= k * (rest + k) / ((n - k + 1) * (size - k + 1))
        if chance < 1e-18:
            break
        nats += _term(k - 1, size) * chance
    return nats


def _term(k: int, size: int) -> float:
    return -k / size * math.log(k / size) if k else 0.0


def _ln_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _digamma(x: float) -> float:
    """ψ(x) for x > 0: upwards by recurrence, then the asymptotic series."""
    shift = 0.0
    while x < 10:
        shift -= 1 / x
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))
    return shift + math.log(x) - 0.5 / x - series
