"""PACE, the default policy: pending-aware, acceptance-priced, controlled evolution.

It draws the cluster that is furthest behind its share of the accepted rows, then the mode and the number of goals that
are furthest behind theirs, everywhere and in the cell at hand. Episodes in flight count as the rows expected of them.
The shares are the wanted ones under a budget (`shares.py`); yields are learnt as they come (`ledger.py`), and so is
what an asked mode leads to (`axis.py`). No clock, no shared generator: a replay of the same commits decides the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from random import Random
from typing import Final

import msgspec

from ..runtime.assignment import MODES, Assignment, BusinessCluster, Mode
from ..runtime.committer import Commit
from ..runtime.seed import rng
from .axis import Axis
from .ledger import DECAY, Ledger, Result
from .order import Choice, Novelty, assignment, carried, check_clusters
from .shares import FLOOR, Priced, priced
from .target import MOST_GOALS, Target
from .tracker import Tracker

ALPHA: Final = 0.9
"""Default budget, relative to the cost of the wanted shares."""
REFRESH: Final = 256
"""Commits after which shares are priced anew; a quarter of the clusters where that is more."""
NAMED: Final = 5
"""Most owed clusters that an assignment names."""


class Switches(msgspec.Struct, frozen=True):
    """Parts that can be turned off, to see what each is worth."""

    pending: bool = True
    """Count episodes in flight."""
    price: bool = True
    """Price clusters by their yield, and blow fuses."""
    mode: bool = True
    """Steer modes; otherwise each is drawn evenly from what the cluster can carry."""
    goals: bool = True
    """Steer the number of goals; otherwise it is drawn by its weights."""
    decay: bool = True
    """Forget old yields."""
    learn: bool = True
    """Learn what asked modes lead to."""


class Drawn(msgspec.Struct, frozen=True):
    """An assignment in flight: what it is expected to add."""

    cluster: int
    mode: Mode
    goals: int
    chance: float
    """Expected rows."""
    modes: list[float]
    """Expected rows per realised mode."""
    bins: list[float]
    """Expected rows per realised number of goals."""


class Pace:
    """The controller. `assign` and `fold` are called in index order."""

    name = "pace-2"

    def __init__(
        self,
        clusters: Sequence[BusinessCluster],
        *,
        seed: int,
        target: Target | None = None,
        alpha: float = ALPHA,
        floor: float = FLOOR,
        switches: Switches | None = None,
    ) -> None:
        """`alpha`: budget relative to the cost of the wanted shares.

        Raises ConfigError when there is nothing to draw from.
        """
        target = target or Target()
        self._clusters = check_clusters(clusters)
        self._weights = target.cluster_weights(clusters)
        self._seed = seed
        self._alpha = alpha
        self._floor = floor
        self._switches = switches or Switches()
        self._modes: Axis[Mode] = Axis(target.mode_weights(clusters), learn=self._switches.learn)
        self._goals: Axis[int] = Axis(target.goal_weights(), learn=self._switches.learn)
        self._able: list[tuple[Mode, ...]] = [carried(cluster, self._modes.labels) for cluster in self._clusters]
        self._ledger = Ledger(len(clusters), decay=DECAY if self._switches.decay else 1.0)
        ranks = list(range(len(clusters)))
        rng(seed, "ranks").shuffle(ranks)
        self._tracker = Tracker(ranks, [cluster.domain for cluster in clusters])
        self._novelty = Novelty()
        self._drawn: dict[int, Drawn] = {}  # {index: what is in flight}
        self._probes: list[tuple[int, int]] = []  # heap of (commit from which it is due, cluster)
        self._every = max(REFRESH, len(clusters) // 4)
        self._pricing = Priced([], 0.0, 0.0, 0.0)
        self._refresh()

    def assign(self, index: int) -> Assignment:
        """The assignment with this index."""
        dice = rng(self._seed, "assign", index)
        number, reason = self._choose_cluster()
        mode = self._choose_mode(number, dice)
        goals = self._choose_goals(mode, dice)
        why = self._why(number, mode, goals, reason)
        self._count(index, number, mode, goals)
        return assignment(index, Choice(self._clusters[number], mode, goals, why), dice, self._seed)

    def fold(self, commit: Commit) -> None:
        """Take a commit into account. An abandoned one only frees what it had pending."""
        drawn = self._drawn.pop(commit.index)
        result = self._novelty.result(commit)
        before = self._ledger.accounts[drawn.cluster].state
        state = self._ledger.settle(drawn.cluster, result)
        fresh = result is not None and result.fresh
        came: Mode | None = None
        goals: int | None = None
        row = commit.row
        if row is not None and row.blueprint is not None:
            came, goals = row.measurements.mode, min(MOST_GOALS, len(row.blueprint.plan.goals))
            self._modes.learn(drawn.mode, came)
            self._goals.learn(drawn.goals, goals)
        self._modes.settle(drawn.cluster, drawn.modes, drawn.chance, came if fresh else None)
        self._goals.settle(MODES.index(drawn.mode), drawn.bins, drawn.chance, goals if fresh else None)
        change = fresh - drawn.chance
        self._tracker.change(drawn.cluster, change)
        if self._switches.price:
            self._follow(drawn.cluster, before, state, result)
        if self._is_full(drawn.cluster):
            self._tracker.withhold(drawn.cluster)
        if self._ledger.commits % self._every == 0:
            self._refresh()

    @property
    def ledger(self) -> Ledger:
        """What is known of the clusters, in their order."""
        return self._ledger

    @property
    def pricing(self) -> Priced:
        """The shares of the clusters that are not fused, with their price, as of the last refresh."""
        return self._pricing

    @property
    def rows(self) -> float:
        """Fresh accepted rows, those expected of episodes in flight included."""
        return self._tracker.total

    @property
    def fused(self) -> int:
        """Clusters that are only probed."""
        return sum(account.state == "fused" for account in self._ledger.accounts)

    def compliance(self) -> dict[Mode, float]:
        """`{mode: share of the episodes asked for it that showed it}`, as learnt."""
        return self._modes.compliance()

    def _choose_cluster(self) -> tuple[int, str]:
        """A probe that is due, else the cluster that is most due, and which of them it was."""
        while self._probes and self._probes[0][0] <= self._ledger.commits:
            _, number = heapq.heappop(self._probes)
            account = self._ledger.accounts[number]
            if account.state == "fused" and account.pending == 0:
                return number, "probe of a fused cluster"
        first = self._tracker.first(1)
        if first:
            return first[0], "most due"
        return min(range(len(self._clusters)), key=self._patience), "nothing else is open"

    def _patience(self, number: int) -> tuple[bool, int, int, int]:
        account = self._ledger.accounts[number]
        return self._weights[number] <= 0, account.pending, account.next_probe, number

    def _choose_mode(self, number: int, dice: Random) -> Mode:
        able = self._able[number]
        return self._modes.choose(number, able) if self._switches.mode else dice.choice(able)

    def _choose_goals(self, mode: Mode, dice: Random) -> int:
        if self._switches.goals:
            return self._goals.choose(MODES.index(mode), self._goals.labels)
        return dice.choices(self._goals.labels, self._goals.target)[0]

    def _count(self, index: int, number: int, mode: Mode, goals: int) -> None:
        """Expect what the assignment will probably bring."""
        chance = min(1.0, self._ledger.acceptance(number)) if self._switches.pending else 0.0
        modes = self._modes.expect(number, mode, chance)
        bins = self._goals.expect(MODES.index(mode), goals, chance)
        self._drawn[index] = Drawn(number, mode, goals, chance, modes, bins)
        account = self._ledger.accounts[number]
        account.pending += 1
        self._tracker.change(number, chance)
        if self._is_full(number):
            self._tracker.withhold(number)

    def _follow(self, number: int, before: str, state: str, result: Result | None) -> None:
        """Take a cluster out when its fuse blows, schedule probes, and let it back in."""
        account = self._ledger.accounts[number]
        if state == "fused":
            self._tracker.set_share(number, 0.0)
            if before != "fused" or result is not None:
                heapq.heappush(self._probes, (account.next_probe, number))
            elif account.pending == 0:  # a probe was abandoned: ask again
                heapq.heappush(self._probes, (self._ledger.commits, number))
        elif before == "fused":
            self._tracker.set_share(number, self._weights[number] / sum(self._weights))

    def _refresh(self) -> None:
        """Price the clusters that are not fused by what is known now."""
        ledger, price = self._ledger, self._switches.price
        numbers = [n for n, w in enumerate(self._weights) if w > 0 and ledger.accounts[n].state != "fused"]
        shares = [0.0] * len(self._weights)
        if numbers:
            ledger.calibrate(numbers)
            self._pricing = priced(
                [self._weights[n] * (ledger.hope(n) if price else 1.0) for n in numbers],
                [ledger.cost(n) for n in numbers],
                alpha=self._alpha if price else 1.0,
                floor=self._floor,
                guess=self._pricing.price or 1.0,
            )
            for number, share in zip(numbers, self._pricing.shares, strict=True):
                shares[number] = share
        self._tracker.rebuild(shares)
        for number in numbers:
            if self._is_full(number):
                self._tracker.withhold(number)

    def _is_full(self, number: int) -> bool:
        """Whether a cluster has as many episodes in flight as it is trusted with."""
        usual = self._tracker.share(number) * len(self._drawn)
        pending = self._ledger.accounts[number].pending
        return self._switches.price and pending >= 2 and pending >= self._ledger.room(number, usual)

    def _why(self, number: int, mode: Mode, goals: int, reason: str) -> str:
        """Policy, own cell with what it is owed, and the clusters that are owed most."""
        owed = ", ".join(f"{self._label(n)} {self._tracker.owed(n):+.2f}" for n in self._tracker.first(NAMED))
        return (
            f"{self.name}: {reason}; cell {self._label(number)} {self._tracker.owed(number):+.2f}"
            f" x {mode} {self._modes.owed(mode):+.2f} x goals {goals} {self._goals.owed(goals):+.2f}; most due: {owed}"
        )

    def _label(self, number: int) -> str:
        cluster = self._clusters[number]
        return f"{cluster.domain}/{cluster.id[:6]}"
