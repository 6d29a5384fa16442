"""The target: which shares of the accepted rows a person wants, over sectors, domains, modes and numbers of goals.

Without a file: domains and modes between even and natural. Natural is a domain's share of the clusters, and a mode's
share of the (cluster, mode) pairs that are possible; `temper` 0 is even, 1 natural. A file gives factors on top:

    temper: 0.5
    sectors: {commerce: 2}
    domains: {calendar: 0}        # never
    modes: {chain: 3, direct: 0.5}
    goals: {1: 1, 2: 2, 3: 2}
"""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec
import yaml

from ..runtime.assignment import MODES, BusinessCluster, Mode
from ..runtime.errors import ConfigError

GOALS: Mapping[int, float] = {1: 1.0, 2: 2.0, 3: 2.0}
"""Weights of the numbers of goals when nothing else is asked for."""
MOST_GOALS = max(GOALS)
KEYS = ("temper", "sectors", "domains", "modes", "goals")


class Target(msgspec.Struct, frozen=True):
    """What is wanted. Factors that are not named are 1."""

    temper: float = 0.5
    """0 … 1: from even to natural."""
    sectors: dict[str, float] = {}
    domains: dict[str, float] = {}
    modes: dict[str, float] = {}
    goals: dict[int, float] = {}
    source: str = "target"
    """The file, for messages."""

    def cluster_weights(self, clusters: Sequence[BusinessCluster]) -> list[float]:
        """A weight per cluster: the domain's share, evenly over the clusters of the domain.

        Raises ConfigError for a sector or domain that no cluster has, and when nothing is left.
        """
        _check_names(self.source, "sectors", self.sectors, {c.sector for c in clusters})
        _check_names(self.source, "domains", self.domains, {c.domain for c in clusters})
        sizes = Counter(cluster.domain for cluster in clusters)
        weights = [
            sizes[c.domain] ** (self.temper - 1) * self.domains.get(c.domain, 1.0) * self.sectors.get(c.sector, 1.0)
            for c in clusters
        ]
        modes = self.mode_weights(clusters)
        playable = [w * any(mode in modes for mode in c.modes) for w, c in zip(weights, clusters, strict=True)]
        if not sum(playable) > 0:
            raise ConfigError(f"{self.source}: these weights leave no cluster to draw from")
        return playable

    def mode_weights(self, clusters: Sequence[BusinessCluster]) -> dict[Mode, float]:
        """`{mode: share}` of the modes that are wanted and possible. Raises ConfigError when none is left."""
        _check_names(self.source, "modes", self.modes, MODES)
        able = Counter(mode for cluster in clusters for mode in cluster.modes)
        pairs = sum(able.values())
        weights: dict[Mode, float] = {
            mode: ((1 - self.temper) / len(able) + self.temper * able[mode] / pairs) * self.modes.get(mode, 1.0)
            for mode in MODES
            if able[mode]
        }
        total = math.fsum(weights.values())
        if not total > 0:
            raise ConfigError(f"{self.source}: modes: no mode is left that a cluster can carry")
        return {mode: weight / total for mode, weight in weights.items() if weight > 0}

    def goal_weights(self) -> dict[int, float]:
        """`{goals: weight}`. Raises ConfigError when nothing is left."""
        weights = {goals: weight * self.goals.get(goals, 1.0) for goals, weight in GOALS.items()}
        if not sum(weights.values()) > 0:
            raise ConfigError(f"{self.source}: goals: all weights are 0")
        return {goals: weight for goals, weight in weights.items() if weight > 0}


def load_target(path: Path) -> Target:
    """Read a target file.

    Raises:
        ConfigError: it cannot be read, is not YAML, has an unknown key, or a weight that is no number from 0 up.
    """
    try:
        data: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path}: broken YAML: {' '.join(str(error).split())}") from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: a target file is a mapping with the keys {', '.join(KEYS)}")
    given = cast("dict[object, object]", data)
    _check_names(str(path), "target", [str(key) for key in given], KEYS)
    temper = _number(f"{path}: temper", given.get("temper", 0.5))
    if temper > 1:
        raise ConfigError(f"{path}: temper must be between 0 and 1, not {temper:g}")
    goals = _weights(path, "goals", given)
    _check_names(str(path), "goals", goals, [str(number) for number in GOALS])
    return Target(
        temper=temper,
        sectors=_weights(path, "sectors", given),
        domains=_weights(path, "domains", given),
        modes=_weights(path, "modes", given),
        goals={int(name): weight for name, weight in goals.items()},
        source=str(path),
    )


def _weights(path: Path, key: str, given: Mapping[object, object]) -> dict[str, float]:
    """One mapping of names to weights."""
    found = given.get(key) or {}
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: {key}: must be a mapping of names to weights")
    return {
        str(name): _number(f"{path}: {key}: {name}", weight)
        for name, weight in cast("dict[object, object]", found).items()
    }


def _number(where: str, value: object) -> float:
    """A finite number from 0 up."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ConfigError(f"{where}: must be a number from 0 up, not {value!r}")
    return float(value)


def _check_names(source: str, key: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises ConfigError for the first unknown name."""
    options = sorted(known)
    for name in names:
        if name not in options:
            near = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(options[:12])}"
            raise ConfigError(f"{source}: {key}: unknown name {name!r}; {hint}")
