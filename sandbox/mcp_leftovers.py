"""What a killed run leaves behind, and how the next one clears it away: folders and servers whose owner is proved dead.

A root of scratch folders holds `owner`, which names the process that made it, and `server-<pid>` for each server that
was started for it. A process is named by its id together with the moment it was started, the boot and the pid
namespace, so that an id that was given out again, or another container's, is never taken for it. What cannot be proved
is left alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import msgspec

PREFIX = "tdscaling-"
OWNER = "owner"
SERVER = "server-"


class Name(msgspec.Struct, frozen=True):
    """One process, once and for all."""

    pid: int
    started: str
    """When it was started, as the system says it."""
    place: str
    """Boot and pid namespace."""


def claim(root: Path) -> None:
    """Write down that this folder is ours. Raises OSError."""
    _write(root / OWNER, os.getpid())


def note_server(root: Path, pid: int) -> None:
    """Write down that this server was started for a folder. Raises OSError."""
    _write(root / f"{SERVER}{pid}", pid)


def forget_server(root: Path, pid: int) -> None:
    """The server has ended."""
    with suppress(OSError):
        (root / f"{SERVER}{pid}").unlink()


def sweep(parent: Path) -> int:
    """Kill the servers and remove the folders of dead owners below a folder. Returns how many folders went."""
    gone = 0
    for root in parent.glob(f"{PREFIX}*"):
        owner = _read(root / OWNER)
        if owner is None or not _is_dead(owner):
            continue
        # A folder of a diagnosis holds such folders itself. Deeper down are worlds, whose files may say anything.
        for file in [*root.glob(f"{SERVER}*"), *root.glob(f"{PREFIX}*/{SERVER}*")]:
            server = _read(file)
            if server is not None and server.place == place() and started(server.pid) == server.started:
                # Servers lead a group of their own, which holds what they started.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(server.pid, signal.SIGKILL)
        shutil.rmtree(root, ignore_errors=True)
        gone += not root.exists()
    return gone


def started(pid: int) -> str:
    """When a process was started, as the system says it; empty where there is none of this id or nobody can tell."""
    try:
        # The second field is the program's name in parentheses, which may hold anything.
        return (
            (Path("/proc") / str(pid) / "stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()[19]
        )
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return ""
    try:
        command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout.strip()  # noqa: S603 -- a fixed program and a number
    except (OSError, subprocess.TimeoutExpired):
        return ""


def place() -> str:
    """This boot and this pid namespace, where the system tells them."""
    parts: list[str] = []
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts) or os.uname().nodename


def _is_dead(owner: Name) -> bool:
    """True when this very process is known to be no more: its id is free, or somebody else's by now."""
    if owner.place != place():
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    now = started(owner.pid)
    return bool(now) and now != owner.started


def _write(file: Path, pid: int) -> None:
    file.write_bytes(msgspec.json.encode(Name(pid, started(pid), place())))


def _read(file: Path) -> Name | None:
    try:
        name = msgspec.json.decode(file.read_bytes(), type=Name)
    except (OSError, msgspec.DecodeError):
        return None
    return name if name.pid > 1 and name.started else None
