"""The urn: draws an option with a chance in proportion to its weight, and weights may change, both in O(log n)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


class Urn:
    """Weights in a Fenwick tree."""

    def __init__(self, weights: Sequence[float]) -> None:
        """Weights are not negative and not all zero."""
        self._weights = [0.0] * len(weights)
        self._tree = [0.0] * (len(weights) + 1)
        self._top = 1 << max(0, len(weights).bit_length() - 1)
        for option, weight in enumerate(weights):
            self.set(option, weight)

    def set(self, option: int, weight: float) -> None:
        """Give an option another weight."""
        change, self._weights[option] = weight - self._weights[option], weight
        node = option + 1
        while node < len(self._tree):
            self._tree[node] += change
            node += node & -node

    def draw(self, dice: Random) -> int:
        """One option."""
        total, node = 0.0, len(self._tree) - 1
        while node:
            total += self._tree[node]
            node -= node & -node
        left, node, step = dice.random() * total, 0, self._top
        while step:
            after = node + step
            if after < len(self._tree) and self._tree[after] <= left:
                node, left = after, left - self._tree[after]
            step >>= 1
        return self._nearest(min(node, len(self._weights) - 1))

    def _nearest(self, option: int) -> int:
        """The option, or the nearest one with a weight: rounding may point past the last of them."""
        while option > 0 and self._weights[option] <= 0:
            option -= 1
        return option if self._weights[option] > 0 else next(n for n, w in enumerate(self._weights) if w > 0)
