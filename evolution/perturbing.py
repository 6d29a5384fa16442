"""Perturbations, contrast pairs and repeated plays: a controller that adds them to what a policy draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from ..runtime.assignment import (
    COUNTERFACTUALS,
    PERTURBATIONS,
    Assignment,
    BusinessCluster,
    Mode,
    Perturbation,
)
from ..runtime.committer import Commit, Controller
from ..runtime.seed import rng

ANYWHERE: tuple[Perturbation, ...] = ("tool_error", "permission_denied", "irrelevant_request")
"""Those that every cluster can carry."""
NEEDS: Mapping[Perturbation, Mode] = {
    "missing_parameter": "clarify",
    "changed_mind": "clarify",
    "capable_tool_withheld": "no_capable_tool",
}
"""Those that a cluster can carry when it can carry a mode."""
APART: frozenset[tuple[Mode, Perturbation]] = frozenset(
    {
        ("clarify", "missing_parameter"),
        ("clarify", "ambiguous_entity"),
        ("no_capable_tool", "capable_tool_withheld"),
        ("verify", "stale_read"),
    }
)
"""What the mode brings already, or would set off at another place: reading back is a read, too."""


class Extras(msgspec.Struct, frozen=True):
    """What is asked for beside cluster, mode and number of goals."""

    share: float = 0.35
    """Share of the assignments with a perturbation, where the cluster can carry one of the wanted."""
    wanted: tuple[Perturbation, ...] = PERTURBATIONS
    pairs: float = 0.0
    """Share of the assignments with a contrast pair, out of those without a perturbation."""
    attempts: int = 1
    """How often each blueprint is played."""


class Perturbing:
    """Leaves everything else to the controller behind it."""

    def __init__(self, inner: Controller, clusters: Iterable[BusinessCluster], extras: Extras, *, seed: int) -> None:
        self._inner = inner
        self._clusters = {cluster.id: cluster for cluster in clusters}
        self._extras = extras
        self._seed = seed
        self._drawn: Counter[Perturbation] = Counter()

    def assign(self, index: int) -> Assignment:
        """The inner controller's assignment with what is added. Call in index order.

        Of the perturbations that cluster and mode can carry, the one drawn least so far is taken, ties by chance:
        those that few clusters can carry are not crowded out.
        """
        drawn = self._inner.assign(index)
        dice = rng(self._seed, "extras", index)
        perturbation: Perturbation = "none"
        if dice.random() < self._extras.share:
            able = possible(self._clusters[drawn.cluster], drawn.mode, self._extras.wanted)
            fewest = min((self._drawn[name] for name in able), default=0)
            perturbation = dice.choice([name for name in able if self._drawn[name] == fewest] or ["none"])
            self._drawn[perturbation] += 1
        paired = perturbation == "none" and dice.random() < self._extras.pairs
        return msgspec.structs.replace(
            drawn,
            perturbation=perturbation,
            attempts=self._extras.attempts,
            counterfactual=dice.choice(COUNTERFACTUALS) if paired else None,
        )

    def fold(self, commit: Commit) -> None:
        """The inner controller learns; what is added does not depend on commits."""
        self._inner.fold(commit)


def possible(cluster: BusinessCluster, mode: Mode, wanted: Iterable[Perturbation]) -> list[Perturbation]:
    """The wanted perturbations that a cluster can carry beside a mode, in their order."""
    modes: tuple[Mode, ...] = cluster.modes
    carried = {*ANYWHERE, *cluster.perturbations, *(name for name, needed in NEEDS.items() if needed in modes)}
    return [name for name in wanted if name in carried and (mode, name) not in APART]
