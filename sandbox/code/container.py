"""What a container of the sandbox is made of: all limits that an engine has, on, in both tiers.

strict: one trajectory per container. dense: many sessions in one, each as a user of its own in a folder of its own;
they share memory, processors and a filesystem, and see each other's process ids but nothing of each other's.

In both the first process is the container's root with three or four capabilities and runs no cell; sessions are
unprivileged users with none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..mcp_leftovers import place, started
from . import bundle
from .hub import SOCKET
from .limits import MIB, Limits

LABEL = "tdscaling.sandbox"
OWNER, OWNER_STARTED, OWNER_PLACE = f"{LABEL}.pid", f"{LABEL}.started", f"{LABEL}.place"
PYTHON = "/usr/bin/python3"
INNER_SOCKETS = "/run/tdscaling"
SLOTS = 250
"""Sessions of a dense container."""
DENSE_ROOT = "/w"
DENSE_MEMORY = 4096 * MIB
DENSE_DISK = 1024 * MIB
DENSE_PROCESSES = 4096
SPARE_PROCESSES = 16
"""Beside those of the session: the supervisor, and what it starts to end a session."""
UIDS, UIDS_EACH, UIDS_RANGE = 1_000_000, 512, 400_000_000
"""Sessions' users: the kernel counts processes by user over all containers, so each container takes others."""
UID = 10001
"""The user of a strict session, which the image knows by name."""


def owner_labels() -> dict[str, str]:
    """Who we are, so that a later start can prove that we are no more."""
    pid = os.getpid()
    return {LABEL: "1", OWNER: str(pid), OWNER_STARTED: started(pid), OWNER_PLACE: place()}


def first_uid(number: int) -> int:
    """The first user of our dense container of this number."""
    return UIDS + (os.getpid() * 977 + number) * UIDS_EACH % UIDS_RANGE


def inside_of(limits: Limits, number: int, nonce: str, *, dense: bool, local: bool) -> bundle.Inside:
    """What the supervisor of a container is told."""
    rlimits = limits.rlimits()
    if not dense:
        del rlimits["RLIMIT_NPROC"]  # the kernel counts it by user over all containers; this tier has PidsLimit
    else:
        # The container's memory is everybody's: one process may not take it all.
        rlimits["RLIMIT_AS"] = min(limits.address_space, 2 * limits.memory)
    return bundle.Inside(
        socket=f"{INNER_SOCKETS}/{SOCKET}" if local else "",
        nonce=nonce,
        root=DENSE_ROOT if dense else "/workspace",
        uid=first_uid(number) if dense else UID,
        dense=dense,
        limits=rlimits,
        quota=limits.disk if dense else 0,
    )


def config_of(
    image: str,
    limits: Limits,
    inside: bundle.Inside,
    sockets: Path | None,
    *,
    runtime: str = "",
    python: str = PYTHON,
) -> dict[str, Any]:
    """The body of a request that creates a container.

    Args:
        image: Name of the image.
        limits: Of each session.
        inside: What the supervisor is told.
        sockets: The hub's folder; None attaches stdin and stdout instead.
        runtime: OCI runtime, empty for the engine's default.
        python: The image's interpreter.
    """
    attach = sockets is None
    return {
        "Image": image,
        "Entrypoint": [],
        "Cmd": bundle.command(python, inside),
        "User": "0:0",
        "WorkingDir": "/",
        "Env": [f"{name}={value}" for name, value in bundle.ENVIRON.items()],
        "Labels": owner_labels(),
        "Hostname": "sandbox",
        "NetworkDisabled": True,
        "OpenStdin": attach,
        "StdinOnce": attach,
        "AttachStdin": attach,
        "AttachStdout": attach,
        "AttachStderr": False,
        "HostConfig": _host_config(limits, inside, sockets, runtime),
    }


def _host_config(limits: Limits, inside: bundle.Inside, sockets: Path | None, runtime: str) -> dict[str, Any]:
    dense = inside.dense
    memory = DENSE_MEMORY if dense else limits.memory
    config: dict[str, Any] = {
        "AutoRemove": True,
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        # To become a session's user and to end its processes; dense: to give a folder to it.
        "CapAdd": ["SETUID", "SETGID", "KILL", *(["CHOWN"] if dense else [])],
        "SecurityOpt": ["no-new-privileges"],
        "IpcMode": "none" if dense else "private",
        "ShmSize": 16 * MIB,
        "LogConfig": {"Type": "none", "Config": {}},
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": DENSE_PROCESSES if dense else limits.processes + SPARE_PROCESSES,
        "Tmpfs": _filesystems(limits, inside),
        "Binds": [] if sockets is None else [f"{sockets}:{INNER_SOCKETS}:ro"],
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    }
    if not dense:
        config["NanoCpus"] = int(limits.cpus * 1e9)
    if runtime:
        config["Runtime"] = runtime
    return config


def _filesystems(limits: Limits, inside: bundle.Inside) -> dict[str, str]:
    common = "rw,nosuid,nodev,exec"
    if inside.dense:
        return {DENSE_ROOT: f"{common},size={DENSE_DISK},nr_inodes=100000,mode=0711"}
    owned = f"{common},size={limits.disk},nr_inodes=20000,uid={inside.uid},gid={inside.uid}"
    return {"/workspace": f"{owned},mode=0700", "/tmp": f"{owned},mode=0700"}  # noqa: S108
