"""Which model plays which role in an episode: one name, or a weighted pool that the episode's seed chooses from."""

from __future__ import annotations

import re

import msgspec

from .errors import ConfigError
from .seed import rng

_WEIGHTED = re.compile(r"(?P<name>.+)=(?P<weight>\d+(?:\.\d+)?)")


class Pool(msgspec.Struct, frozen=True):
    """The models that may play one role."""

    weights: dict[str, float]
    """{name: weight above 0}, at least one; weights need no particular sum."""

    def choose(self, seed: int, role: str) -> str:
        """The model for the episode with this seed: the same for every request of the role."""
        if len(self.weights) == 1:
            return next(iter(self.weights))
        return rng(seed, "model", role).choices(list(self.weights), list(self.weights.values()))[0]


class Casting(msgspec.Struct, frozen=True):
    """Everybody who speaks through a model."""

    blueprint: Pool
    user: Pool
    assistant: Pool
    judge: Pool | None = None
    """Who votes on rows that the rules accept; nobody when None."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every model that may be needed, once, in a stable order."""
        pools = (self.assistant, self.user, self.blueprint, *((self.judge,) if self.judge else ()))
        return tuple(dict.fromkeys(name for pool in pools for name in pool.weights))


def parse_pool(text: str, key: str) -> Pool:
    """`name`, or `first=3,second=1`. `key` is the setting that the text comes from.

    Raises:
        ConfigError: a part is empty, comes twice, or has no weight among others that have one.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and parts[0] and not _WEIGHTED.fullmatch(parts[0]):
        return Pool({parts[0]: 1.0})
    weights: dict[str, float] = {}
    for part in parts:
        found = _WEIGHTED.fullmatch(part)
        if found is None or float(found["weight"]) <= 0 or found["name"] in weights:
            raise ConfigError(f"{key} {text!r}: a pool is written name=weight,name=weight with weights above 0")
        weights[found["name"]] = float(found["weight"])
    return Pool(weights)
