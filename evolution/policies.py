"""The policies by name: what `--policy` chooses from."""

from __future__ import annotations

from collections.abc import Sequence

from ..runtime.assignment import BusinessCluster
from ..runtime.committer import Controller
from ..runtime.config import Policy
from .baselines import Inverse, Prior
from .pace import Pace
from .sampler import UniformSampler
from .target import Target

VERSIONS: dict[Policy, str] = {
    "pace": Pace.name,
    "prior": Prior.name,
    "uniform": UniformSampler.name,
    "inverse": Inverse.name,
}
"""Name and version; part of a run's digest, because another rule draws other rows."""


def make_policy(
    name: Policy, clusters: Sequence[BusinessCluster], *, seed: int, target: Target, alpha: float
) -> Controller:
    """A fresh controller. `uniform` knows neither target nor budget, and only `pace` has a budget.

    Raises ConfigError when there is nothing to draw from.
    """
    match name:
        case "pace":
            return Pace(clusters, seed=seed, target=target, alpha=alpha)
        case "prior":
            return Prior(clusters, seed=seed, target=target)
        case "inverse":
            return Inverse(clusters, seed=seed, target=target)
        case "uniform":
            return UniformSampler(clusters, seed=seed)
