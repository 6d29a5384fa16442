"""Backends by name: what a setting or a flag chooses from."""

from __future__ import annotations

import sys
from typing import Literal, TypeAlias

from ...runtime.errors import ConfigError
from .base import Backend
from .limits import Limits

BackendName: TypeAlias = Literal["bubblewrap", "docker"]
DEFAULT: BackendName = "bubblewrap" if sys.platform == "linux" else "docker"
"""The one that needs no engine, where there is one."""


def make_backend(
    name: BackendName = DEFAULT,
    limits: Limits | None = None,
    *,
    ready: int = 2,
    most: int = 64,
    dense: bool = False,
    runtime: str = "",
) -> Backend:
    """A backend that is not entered yet.

    Args:
        name: Which.
        limits: Of each session.
        ready: Sandboxes kept ready.
        most: Sessions at one time.
        dense: Docker: many sessions in one container, each as a user of its own, for throughput.
        runtime: Docker: another OCI runtime than the engine's default, for instance `runsc`.

    Raises:
        ConfigError: a setting that this backend does not have.
    """
    if name == "docker":
        from .docker import DockerBackend  # noqa: PLC0415 -- the engine's client is loaded where it is used

        return DockerBackend(limits, ready=ready, most=most, dense=dense, runtime=runtime)
    if dense or runtime:
        raise ConfigError("the dense tier and OCI runtimes are Docker's: use --backend docker")
    from .bubblewrap import BubblewrapBackend  # noqa: PLC0415 -- the same

    return BubblewrapBackend(limits, ready=ready, most=most)
