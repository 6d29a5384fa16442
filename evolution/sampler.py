"""The uniform policy: balanced draws over modes and clusters, behind the controller protocol of the committer."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from random import Random

from ..runtime.assignment import MODES, Assignment, BusinessCluster, Mode
from ..runtime.committer import Commit
from ..runtime.seed import rng
from .order import Choice, assignment, check_clusters
from .target import GOALS

Entry = tuple[int, int, float, int]
"""Draws of the cell, draws of the cluster, a seeded number for ties, number of the cluster."""


class UniformSampler:
    """Draws the mode that was drawn least, then the cluster that carried it least; ties by seeded chance.

    It learns nothing from commits: `fold` is there because every policy has it.
    """

    name = "uniform-2"

    def __init__(self, clusters: Sequence[BusinessCluster], *, seed: int) -> None:
        """Raises ConfigError when there is no cluster to draw from."""
        self._clusters = check_clusters(clusters)
        self._modes: tuple[Mode, ...] = tuple(mode for mode in MODES if any(mode in c.modes for c in clusters))
        self._seed = seed
        self._by_mode: Counter[Mode] = Counter()
        self._by_cluster = [0] * len(self._clusters)
        self._cells: dict[Mode, list[Entry]] = {}

    def assign(self, index: int) -> Assignment:
        """The assignment with this index. Call in index order; equal seeds and calls give equal answers."""
        dice = rng(self._seed, "assign", index)
        fewest = min(self._by_mode[mode] for mode in self._modes)
        mode: Mode = dice.choice([mode for mode in self._modes if self._by_mode[mode] == fewest])
        number = self._least(mode, dice)
        self._by_mode[mode] += 1
        goals = dice.choices(list(GOALS), list(GOALS.values()))[0]
        why = f"{self.name}: least drawn mode, then least drawn cluster for it"
        return assignment(index, Choice(self._clusters[number], mode, goals, why), dice, self._seed)

    def fold(self, commit: Commit) -> None:
        """Take note of a committed outcome. The uniform policy does not change its mind."""

    def _least(self, mode: Mode, dice: Random) -> int:
        """The cluster with the fewest draws for a mode, then in all.

        Counts only grow: an entry that surfaces with an old count goes back with the new one.
        """
        if mode not in self._cells:
            able = [number for number, cluster in enumerate(self._clusters) if mode in cluster.modes]
            self._cells[mode] = [(0, self._by_cluster[number], dice.random(), number) for number in able]
            heapq.heapify(self._cells[mode])
        heap = self._cells[mode]
        while True:
            here, everywhere, tie, number = heap[0]
            if everywhere == self._by_cluster[number]:
                break
            heapq.heapreplace(heap, (here, self._by_cluster[number], tie, number))
        self._by_cluster[number] += 1
        heapq.heapreplace(heap, (here + 1, self._by_cluster[number], dice.random(), number))
        return number
