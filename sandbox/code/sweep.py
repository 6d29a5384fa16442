"""Containers of hosts that are no more: found by label, removed when their owner is proved dead.

A killed host's containers end by themselves, because their supervisor exits when its host goes. What is left is what
could not: a container that was created and never started, or an engine that was stopped in between.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress

import aiodocker
import msgspec
from aiodocker.exceptions import DockerError

from ...runtime.errors import ConfigError
from ..mcp_leftovers import place, started
from .container import LABEL, OWNER, OWNER_PLACE, OWNER_STARTED
from .engine import TROUBLE, one_line


class Found(msgspec.Struct, frozen=True):
    """A container of ours."""

    id: str
    state: str
    """As the engine says it: `created`, `running`, `exited`."""
    pid: int
    """Of the host that owns it."""
    owner: str
    """`this`, `alive`, `dead`, or `unknown` where it cannot be told: another boot, another machine."""


async def find(docker: aiodocker.Docker) -> list[Found]:
    """Every container of the sandbox on this engine, whoever owns it. Raises ConfigError."""
    try:
        listed = await docker.containers.list(all=1, filters=json.dumps({"label": [LABEL]}))
    except (DockerError, *TROUBLE) as error:
        raise ConfigError(f"code tool: Docker: {one_line(error)}") from None
    found: list[Found] = []
    for container in listed:
        labels: Mapping[str, str] = container["Labels"]
        pid = int(labels.get(OWNER, "0") or 0)
        found.append(Found(container.id, container["State"], pid, _owner(labels, pid)))
    return sorted(found, key=lambda each: each.id)


async def sweep(docker: aiodocker.Docker) -> int:
    """Remove the containers of dead owners; returns how many. Raises as `find`."""
    gone = 0
    for each in await find(docker):
        if each.owner == "dead":
            with suppress(DockerError, *TROUBLE):
                await docker.containers.container(each.id).delete(force=True, v=True)
                gone += 1
    return gone


def _owner(labels: Mapping[str, str], pid: int) -> str:
    if labels.get(OWNER_PLACE) != place() or pid <= 1:
        return "unknown"
    if pid == os.getpid() and labels.get(OWNER_STARTED) == started(pid):
        return "this"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "dead"
    except PermissionError:
        return "alive"
    now = started(pid)
    # The id may have been given to another process.
    return "dead" if now and now != labels.get(OWNER_STARTED) else "alive"
