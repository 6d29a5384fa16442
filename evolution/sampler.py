"""The uniform sampler: balanced draws over modes and clusters, behind the controller protocol of the committer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from ..runtime.assignment import MODES, Assignment, BusinessCluster, Mode
from ..runtime.committer import Commit
from ..runtime.errors import ConfigError
from ..runtime.seed import derive, rng
from .personas import PERSONAS, STYLES

T = TypeVar("T")

GOALS = (1, 2, 2, 3, 3)
"""How many goals an episode has, drawn with equal weight per entry."""


class UniformSampler:
    """Draws the mode that was drawn least, then the cluster that carried it least; ties by seeded chance.

    It learns nothing from commits: `fold` is there because every policy has it.
    """

    def __init__(self, clusters: Sequence[BusinessCluster], *, seed: int) -> None:
        """Raises ConfigError when there is no cluster to draw from."""
        if not clusters:
            raise ConfigError("no tools to make clusters from: give --services or --mcp")
        self._clusters = tuple(clusters)
        self._modes: tuple[Mode, ...] = tuple(mode for mode in MODES if any(mode in c.modes for c in clusters))
        self._seed = seed
        self._by_mode: Counter[Mode] = Counter()
        self._by_cell: Counter[tuple[str, Mode]] = Counter()
        self._by_cluster: Counter[str] = Counter()

    def assign(self, index: int) -> Assignment:
        """The assignment with this index. Call in index order; equal seeds and calls give equal answers."""
        dice = rng(self._seed, "assign", index)
        mode: Mode = _least(self._modes, lambda m: (self._by_mode[m],), dice)
        able = [c for c in self._clusters if mode in c.modes]
        cluster = _least(able, lambda c: (self._by_cell[c.id, mode], self._by_cluster[c.id]), dice)
        self._by_mode[mode] += 1
        self._by_cell[cluster.id, mode] += 1
        self._by_cluster[cluster.id] += 1
        return Assignment(
            index=index,
            cluster=cluster.id,
            domain=cluster.domain,
            sector=cluster.sector,
            mode=mode,
            goals=dice.choice(GOALS),
            persona=dice.choice(PERSONAS),
            style=dice.choice(STYLES),
            seed=derive(self._seed, "episode", index),
            why="uniform: least drawn mode, then least drawn cluster for it",
        )

    def fold(self, commit: Commit) -> None:
        """Take note of a committed outcome. The uniform policy does not change its mind."""


def _least(options: Sequence[T], count: Callable[[T], tuple[int, ...]], dice: Random) -> T:
    """One of the options with the smallest count."""
    smallest = min(map(count, options))
    return dice.choice([option for option in options if count(option) == smallest])
