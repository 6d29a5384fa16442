"""The latency of the served model: none, a fixed time, or drawn from a lognormal distribution."""

from __future__ import annotations

import math

import msgspec

from ....runtime.errors import ConfigError
from ....runtime.seed import rng


class Latency(msgspec.Struct, frozen=True):
    """How long an answer takes."""

    median_ms: float = 0.0
    sigma: float = 0.0
    """Standard deviation of the logarithm; 0 is a fixed time."""

    def seconds(self, seed: int, number: int) -> float:
        """Seconds for the `number`-th request: equal seeds give equal times."""
        if not self.sigma:
            return self.median_ms / 1000
        return self.median_ms / 1000 * math.exp(self.sigma * rng(seed, "latency", number).gauss(0.0, 1.0))


def parse_latency(text: str) -> Latency:
    """`200` or `lognormal:200,0.5` (median in ms, sigma).

    Raises:
        ConfigError: anything else.
    """
    kind, colon, rest = text.partition(":")
    try:
        values = [float(part) for part in (rest if colon else text).split(",")]
    except ValueError:
        values = []
    if not all(math.isfinite(value) and value >= 0 for value in values):
        values = []
    if not colon and len(values) == 1:
        return Latency(values[0])
    if kind == "lognormal" and len(values) == 2 and values[1] <= 5:
        return Latency(*values)
    raise ConfigError(f"--latency-ms must be like 200 or lognormal:200,0.5 (median in ms, sigma up to 5), not {text!r}")
