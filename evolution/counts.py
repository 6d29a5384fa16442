"""Counts of labels whose entropy is kept up to date: over everything, with a half-life, and over the last so many.

With S = Σ n ln n the entropy is ln N - S/N, so one more observation costs two logarithms. Integer counts merge by
addition; S does not, and is computed anew from merged counts. Labels are added in commit order, so a replay gives
bit-identical figures.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

L = TypeVar("L", bound=Hashable)

RESYNC = 1 << 20
"""Updates after which S is summed anew, so that rounding cannot build up."""
LARGEST_WEIGHT = 1e12
"""Weight at which decayed counts are rescaled; measured to keep the entropy within 1e-13 of recomputation."""


class Counts(Generic[L]):
    """How often each label was seen, with O(1) entropy."""

    def __init__(self, counts: Mapping[L, int] | None = None) -> None:
        """Starts with these counts. Raises ValueError when one is negative."""
        if counts and min(counts.values()) < 0:
            raise ValueError("counts cannot be negative")
        self._n: dict[L, int] = {label: n for label, n in (counts or {}).items() if n}
        self.total = sum(self._n.values())
        """Observations."""
        self._updates = 0
        self._s = 0.0
        self._resync()

    def add(self, label: L, times: int = 1) -> None:
        """Observe a label; a negative number takes observations back. Raises ValueError below zero."""
        before = self._n.get(label, 0)
        after = before + times
        if after < 0:
            raise ValueError(f"{label!r} was seen {before} times, cannot take back {-times}")
        if after:
            self._n[label] = after
        else:
            self._n.pop(label, None)
        self.total += times
        self._s += _n_ln_n(after) - _n_ln_n(before)
        self._updates += 1
        if self._updates >= RESYNC:
            self._resync()

    @property
    def bits(self) -> float:
        """Plug-in entropy in bits: biased low by about (labels - 1) / (2 N ln 2). 0 when nothing was seen."""
        return _bits(self.total, self._s)

    @property
    def labels(self) -> Mapping[L, int]:
        """`{label: n}`, without zeros."""
        return self._n

    def __getitem__(self, label: L) -> int:
        """How often a label was seen."""
        return self._n.get(label, 0)

    def __len__(self) -> int:
        """Distinct labels seen."""
        return len(self._n)

    def merged(self, other: Counts[L]) -> Counts[L]:
        """The counts of both, as if one had seen everything."""
        both = dict(self._n)
        for label, n in other.labels.items():
            both[label] = both.get(label, 0) + n
        return Counts(both)

    def _resync(self) -> None:
        self._s = math.fsum(map(_n_ln_n, self._n.values()))
        self._updates = 0


class Decayed(Generic[L]):
    """Counts in which an observation weighs half after `half_life` further observations.

    Instead of shrinking every count, each new observation weighs more; the entropy does not see a common scale.
    """

    def __init__(self, half_life: float) -> None:
        """Raises ValueError when the half-life is not positive."""
        if not half_life > 0:
            raise ValueError("a half-life is positive")
        self._growth = 2.0 ** (1.0 / half_life)
        self._weight = 1.0
        self._m: dict[L, float] = {}
        self._total = 0.0
        self._s = 0.0

    def add(self, label: L) -> None:
        """Observe a label."""
        self._weight *= self._growth
        before = self._m.get(label, 0.0)
        after = before + self._weight
        self._m[label] = after
        self._total += self._weight
        self._s += _n_ln_n(after) - _n_ln_n(before)
        if self._weight > LARGEST_WEIGHT:
            self._rescale()

    @property
    def bits(self) -> float:
        """Plug-in entropy in bits of the decayed distribution."""
        return _bits(self._total, self._s)

    @property
    def size(self) -> float:
        """Decayed number of observations: at most half_life / ln 2."""
        return self._total / self._weight

    def __getitem__(self, label: L) -> float:
        """Decayed count of a label."""
        return self._m.get(label, 0.0) / self._weight

    def shares(self) -> dict[L, float]:
        """`{label: share}`."""
        return {label: m / self._total for label, m in self._m.items()}

    def _rescale(self) -> None:
        # What has shrunk to nothing is forgotten: it would only keep the table growing.
        self._m = {label: m / self._weight for label, m in self._m.items() if m / self._weight > 1e-9}
        self._weight = 1.0
        self._total = math.fsum(self._m.values())
        self._s = math.fsum(map(_n_ln_n, self._m.values()))


class Window(Generic[L]):
    """Counts over the last `size` observations."""

    def __init__(self, size: int) -> None:
        """Raises ValueError when the size is not positive."""
        if size < 1:
            raise ValueError("a window holds at least one observation")
        self._size = size
        self._kept: deque[L] = deque()
        self.counts: Counts[L] = Counts()
        """What is in the window."""

    def add(self, label: L) -> None:
        """Observe a label, and forget the oldest when the window is full."""
        self._kept.append(label)
        self.counts.add(label)
        if len(self._kept) > self._size:
            self.counts.add(self._kept.popleft(), -1)


class Horizons(Generic[L]):
    """The same labels three times: what the data set is, what is made now, and the last few for display."""

    def __init__(self, half_life: float = 2000.0, window: int = 500) -> None:
        self.all: Counts[L] = Counts()
        """Everything: what is steered on."""
        self.recent: Decayed[L] = Decayed(half_life)
        """With a half-life: what alarms look at."""
        self.last: Window[L] = Window(window)
        """The last few: what is displayed."""

    def add(self, label: L) -> None:
        """Observe a label."""
        self.all.add(label)
        self.recent.add(label)
        self.last.add(label)


def counted(labels: Iterable[L]) -> Counts[L]:
    """The counts of some labels."""
    counts: Counts[L] = Counts()
    for label in labels:
        counts.add(label)
    return counts


def _n_ln_n(n: float) -> float:
    return n * math.log(n) if n > 0 else 0.0


def _bits(total: float, s: float) -> float:
    return max(0.0, (math.log(total) - s / total) / math.log(2)) if total > 0 else 0.0
