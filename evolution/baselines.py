"""Two policies to compare with: `prior`, which steers nothing, and `inverse`, which favours what is rare so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..runtime.assignment import Assignment, BusinessCluster, Mode
from ..runtime.committer import Commit
from ..runtime.seed import rng
from .order import Choice, Novelty, assignment, carried, check_clusters
from .target import Target
from .urn import Urn


class Prior:
    """Independent draws: a cluster by its weight, then a mode out of those it can carry, all alike.

    A plan needs a mode, so one is drawn; it is not steered. Nothing is learnt from commits.
    """

    name = "prior-1"

    def __init__(self, clusters: Sequence[BusinessCluster], *, seed: int, target: Target | None = None) -> None:
        """Raises ConfigError when there is nothing to draw from."""
        target = target or Target()
        self._clusters = check_clusters(clusters)
        self._urn = Urn(target.cluster_weights(clusters))
        self._modes = target.mode_weights(clusters)
        self._goals = target.goal_weights()
        self._seed = seed

    def assign(self, index: int) -> Assignment:
        """The assignment with this index."""
        dice = rng(self._seed, "assign", index)
        cluster = self._clusters[self._urn.draw(dice)]
        mode: Mode = dice.choice(carried(cluster, self._modes))
        goals = dice.choices(list(self._goals), list(self._goals.values()))[0]
        why = f"{self.name}: drawn by weight; cell {cluster.domain}/{cluster.id[:6]} x {mode} x goals {goals}"
        return assignment(index, Choice(cluster, mode, goals, why), dice, self._seed)

    def fold(self, commit: Commit) -> None:
        """Nothing is learnt."""


class Inverse:
    """Independent draws with chances in inverse proportion to the accepted rows so far; nothing pending is counted."""

    name = "inverse-1"

    def __init__(self, clusters: Sequence[BusinessCluster], *, seed: int, target: Target | None = None) -> None:
        """Raises ConfigError when there is nothing to draw from."""
        target = target or Target()
        self._clusters = check_clusters(clusters)
        self._weights = target.cluster_weights(clusters)
        self._urn = Urn(self._weights)
        self._modes = target.mode_weights(clusters)
        self._goals = target.goal_weights()
        self._numbers = {cluster.id: number for number, cluster in enumerate(clusters)}
        self._by_cluster: Counter[int] = Counter()
        self._by_mode: Counter[Mode] = Counter()
        self._novelty = Novelty()
        self._seed = seed

    def assign(self, index: int) -> Assignment:
        """The assignment with this index."""
        dice = rng(self._seed, "assign", index)
        number = self._urn.draw(dice)
        cluster = self._clusters[number]
        able = carried(cluster, self._modes)
        mode = dice.choices(able, [self._modes[m] / (1 + self._by_mode[m]) for m in able])[0]
        goals = dice.choices(list(self._goals), list(self._goals.values()))[0]
        why = (
            f"{self.name}: rare so far; cell {cluster.domain}/{cluster.id[:6]} with {self._by_cluster[number]} rows"
            f" x {mode} with {self._by_mode[mode]} x goals {goals}"
        )
        return assignment(index, Choice(cluster, mode, goals, why), dice, self._seed)

    def fold(self, commit: Commit) -> None:
        """Count a fresh accepted row."""
        result = self._novelty.result(commit)
        if result is not None and result.fresh and commit.row is not None:
            number = self._numbers[commit.assignment.cluster]
            self._by_cluster[number] += 1
            self._by_mode[commit.row.measurements.mode] += 1
            self._urn.set(number, self._weights[number] / (1 + self._by_cluster[number]))
