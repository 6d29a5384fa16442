"""The tracker: which of many options is furthest behind its share, in O(log n) per question.

Option k with share p and v rows so far is due when (v + 1/2) / p is smallest (Webster's rule for seats). With fixed
shares, after V rows every option is within 1/2 + p · n/2 of V · p, so the data set follows its target far more closely
than independent draws would.

The rule gives an option nothing before V · p comes to 1/2. Where options come in groups and are many more than rows, a
group of many small options would wait behind every group of few. So the options of a group start at (i + 1/2) / m in
place of 1/2: the group as a whole then follows the rule, too, one option after the other.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Sequence

Entry = tuple[float, int, int, int]
"""Key, rank for ties, option, version."""


class Tracker:
    """A heap of options with outdated entries left in it until they surface or the heap is rebuilt."""

    def __init__(self, ranks: Sequence[int], groups: Sequence[Hashable] = ()) -> None:
        """`ranks`: one number per option, all different; the smaller one comes first where two are equally due.

        `groups`: the group of each option; without, each is one of its own.
        """
        self._ranks = ranks
        self._starts = _starts(ranks, groups)
        self._values = [0.0] * len(ranks)
        self._shares = [0.0] * len(ranks)
        self._versions = [0] * len(ranks)
        self._heap: list[Entry] = []
        self.total = 0.0
        """Sum of all values."""

    def rebuild(self, shares: Sequence[float]) -> None:
        """New shares for all options. One with share 0 is not offered."""
        self._shares = list(shares)
        self._heap = []
        for option, share in enumerate(self._shares):
            self._versions[option] += 1
            if share > 0:
                self._heap.append(self._entry(option))
        heapq.heapify(self._heap)

    def change(self, option: int, by: float) -> None:
        """The option has this many rows more (or fewer, when negative), and is offered again."""
        self._values[option] += by
        self.total += by
        self.offer(option)

    def set_share(self, option: int, share: float) -> None:
        """Give one option another share until the next rebuild; 0 takes it out."""
        self._shares[option] = share
        self.offer(option)

    def offer(self, option: int) -> None:
        """Put the option where it belongs now."""
        self._versions[option] += 1
        if self._shares[option] > 0:
            heapq.heappush(self._heap, self._entry(option))

    def withhold(self, option: int) -> None:
        """Do not offer the option until it is offered or changed."""
        self._versions[option] += 1

    def first(self, most: int) -> list[int]:
        """The options that are most due, at most so many, in order."""
        found: list[Entry] = []
        while self._heap and len(found) < most:
            entry = heapq.heappop(self._heap)
            if entry[3] == self._versions[entry[2]]:
                found.append(entry)
        for entry in found:
            heapq.heappush(self._heap, entry)
        return [option for _, _, option, _ in found]

    def owed(self, option: int) -> float:
        """Rows that the option is behind its share once one more has been made; negative when it is ahead."""
        return self._shares[option] * (self.total + 1) - self._values[option]

    def share(self, option: int) -> float:
        """The share of an option."""
        return self._shares[option]

    def _entry(self, option: int) -> Entry:
        key = (self._values[option] + self._starts[option]) / self._shares[option]
        return key, self._ranks[option], option, self._versions[option]


def _starts(ranks: Sequence[int], groups: Sequence[Hashable]) -> list[float]:
    """What an option counts before its first row: spread evenly over its group, in the order of the ranks."""
    starts = [0.5] * len(ranks)
    members: dict[Hashable, list[int]] = {}
    for option, group in enumerate(groups):
        members.setdefault(group, []).append(option)
    for options in members.values():
        options.sort(key=ranks.__getitem__)
        for place, option in enumerate(options):
            starts[option] = (place + 0.5) / len(options)
    return starts
