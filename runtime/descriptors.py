"""The file descriptors that a run needs, asked for before it begins instead of found missing in its middle."""

from __future__ import annotations

import math
import resource

from .errors import ConfigError

USABLE = 0.8
"""Share of the limit that is planned with: libraries open files, too."""
OWN = 40
"""Descriptors of the interpreter, the loop, logs, journal and sinks."""
PER_SERVER = 6
"""Of a tool server: its pipes and what watches it."""


def descriptors(*, connections: int, servers: int, consumers: int = 0) -> int:
    """How many a run may hold at one time: connections to endpoints, server processes, consumers of its rows."""
    return OWN + connections + PER_SERVER * servers + consumers


def allow(needed: int, *, hint: str) -> int:
    """Raise this process's soft limit when it is too low for `needed`; the limit there is then.

    Raises:
        ConfigError: the hard limit is too low; the line says what to do, `hint` among it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = math.ceil(needed / USABLE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise ConfigError(
            f"this needs about {wanted} file descriptors and {hard} are allowed: {hint}, or allow more (ulimit -n)"
        )
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:  # macOS has a lower bound of its own
        raise ConfigError(f"this needs about {wanted} file descriptors: {hint}; raising the limit: {error}") from None
    return wanted
