"""Every bound of a run, in one record that refuses impossible combinations."""

from __future__ import annotations

import msgspec

from .errors import ConfigError


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much, how long and how wide. `check()` before use."""

    count: int
    """Accepted rows wanted; the run ends with the lowest-indexed ones."""
    attempts: int | None = None
    """Most episodes to commit; None for no bound."""
    plays: int = 1
    """How often each blueprint is played; from 2 on the plays that do not become rows are kept."""
    concurrency: int = 64
    """Most episodes in flight."""
    lag: int = 512
    """Assignment k is drawn from the outcomes committed up to k - lag. Changing it changes the rows."""
    deadline: float = 300.0
    """Seconds that one episode may take, restarts included."""
    max_restarts: int = 2
    """How often an infrastructure fault may restart an episode before it is abandoned."""
    patience: int = 300
    """Consecutive commits without an accepted row after which the target counts as unreachable."""
    breaker: int = 12
    """Consecutive commits lost to infrastructure or to broken worlds after which the run stops."""
    grace: float = 10.0
    """Seconds that episodes in flight may go on for after a stop was requested."""

    def check(self) -> Limits:
        """Itself.

        Raises:
            ConfigError: a value is out of range, or more episodes are asked for at one time than half the lag.
        """
        for name in ("count", "attempts", "plays", "concurrency", "lag", "patience", "breaker"):
            value: int | None = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be at least 1, not {value}")
        for name in ("deadline", "grace", "max_restarts"):
            amount: float = getattr(self, name)
            if not amount >= 0:  # NaN fails too
                raise ConfigError(f"{name} must not be negative, not {amount}")
        if 2 * self.concurrency > self.lag:
            raise ConfigError(
                f"concurrency {self.concurrency} is more than half of lag {self.lag}: set lag to {2 * self.concurrency}"
            )
        return self
