"""An axis: labels that are asked for and labels that come out, and which one to ask for next.

What is asked for is not always what comes out. The axis learns how often each asked label led to each realised one,
and asks for the one whose expected outcome lies furthest below target, over all rows and within the cell at hand.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from operator import add, mul, sub
from typing import Final, Generic, TypeVar

T = TypeVar("T", bound=Hashable)

CELL_WEIGHT: Final = 0.1
"""How much a cell's own balance counts beside that of all rows."""
FORGET: Final = 0.995
"""Weight that what was learnt about an asked label keeps per completed episode that asked for it."""
TRUST: Final = 4.0
"""Episodes that the belief "what is asked for comes out" is worth at the beginning."""


class Axis(Generic[T]):
    """One axis with its target. Cells are whatever the caller keys them by."""

    def __init__(self, target: Mapping[T, float], *, learn: bool = True, cell_weight: float = CELL_WEIGHT) -> None:
        """`target`: positive shares of the realised labels. `learn`: False believes that asking is getting."""
        total = math.fsum(target.values())
        self.labels: tuple[T, ...] = tuple(target)
        self.target = [weight / total for weight in target.values()]
        self._numbers = {label: number for number, label in enumerate(self.labels)}
        self._learn = learn
        self._cell_weight = cell_weight
        size = len(self.labels)
        # [asked][realised], decayed counts and their normal form
        self._seen = [[TRUST * (a == r) for r in range(size)] for a in range(size)]
        self._leads = [[float(a == r) for r in range(size)] for a in range(size)]
        self._weights = [1.0] * size  # of the next episode, per asked label
        self._stale = [False] * size
        self._values = [0.0] * size  # rows per realised label, expected ones included
        self._total = 0.0
        self._cells: dict[int, list[float]] = {}

    def choose(self, cell: int, able: Iterable[T]) -> T:
        """The label to ask for in a cell, out of those that it can carry. At least one of them is in the target."""
        pull = self._pull(cell)
        best, most = None, -math.inf
        for label in able:
            number = self._numbers.get(label)
            if number is not None:
                if self._stale[number]:
                    self._renew(number)
                score = sum(map(mul, self._leads[number], pull))
                if score > most:
                    best, most = label, score
        if best is None:
            raise ValueError("none of the labels is in the target")
        return best

    def owed(self, label: T) -> float:
        """Rows that a realised label is behind its share; negative when it is ahead."""
        number = self._numbers[label]
        return self.target[number] * (self._total + 1) - self._values[number]

    def expect(self, cell: int, label: T, chance: float) -> list[float]:
        """Count the rows that an episode asking for a label will probably bring; returns them for `settle`."""
        rows = [chance * share for share in self._leads[self._numbers[label]]]
        own = self._cells.get(cell)
        self._values = list(map(add, self._values, rows))
        self._cells[cell] = rows if own is None else list(map(add, own, rows))
        self._total += chance
        return rows

    def settle(self, cell: int, rows: Sequence[float], chance: float, came: T | None) -> None:
        """Take the expected rows back, and count the one that came; None when there was none.

        A label outside of the target moves nothing.
        """
        self._values = list(map(sub, self._values, rows))
        own = self._cells[cell] = list(map(sub, self._cells[cell], rows))
        self._total -= chance
        number = self._numbers.get(came) if came is not None else None
        if number is not None:
            self._values[number] += 1.0
            own[number] += 1.0
            self._total += 1.0

    def learn(self, asked: T, came: T) -> None:
        """An episode that asked for one label showed another (or the same)."""
        number, result = self._numbers[asked], self._numbers.get(came)
        if self._learn and result is not None:
            # A weight that grows is one that the others lose: nothing else has to be touched.
            weight = self._weights[number] = self._weights[number] / FORGET
            counts = self._seen[number]
            counts[result] += weight
            if weight > 1e12:
                self._seen[number] = [count / weight for count in counts]
                self._weights[number] = 1.0
            self._stale[number] = True

    def compliance(self) -> dict[T, float]:
        """`{asked: share of episodes that showed it}`, as learnt."""
        return {label: self._leads[number][number] for number, label in enumerate(self.labels)}

    def _renew(self, number: int) -> None:
        counts = self._seen[number]
        total = sum(counts)
        self._leads[number] = [count / total for count in counts]
        self._stale[number] = False

    def _pull(self, cell: int) -> list[float]:
        """For every realised label, how far it is below target: log of wanted over had, everywhere and in the cell."""
        size = len(self.labels)
        own = self._cells.get(cell)
        total = self._total + size
        if own is None:
            return [math.log(total * t / (v + size * t)) for t, v in zip(self.target, self._values, strict=True)]
        mine, weight = sum(own) + 0.5 * size, self._cell_weight
        return [
            math.log(total * t / (v + size * t)) + weight * math.log(mine * t / (o + 0.5 * size * t))
            for t, v, o in zip(self.target, self._values, own, strict=True)
        ]
