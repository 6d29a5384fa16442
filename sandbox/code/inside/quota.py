"""What sessions use of memory and of disk, where no kernel limit covers the whole of a session.

Under bubblewrap the limits are per process, and a session may have several: their sum is watched. In a dense container
sessions share one filesystem: when it fills up, the one that took more than its share has to go.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

MOUNTS = ("/workspace", "/tmp", "/dev/shm")  # noqa: S108 -- inside of a sandbox
MAX_ENTRIES = 50_000
ALONE = (b"RssAnon:", b"RssShmem:")
SHARED = (b"Pss_Anon:", b"Pss_Shmem:")
"""The same, each page divided by those who have it; costs more to ask for."""
CROWDED = 0.5
"""Part of the shared filesystem in use from which on shares are looked at."""


class Quotas:
    """Tells which sessions have to be ended."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """See `Supervisor`."""
        self._memory = int(settings["memory"])
        self._quota = int(settings["quota"])
        self._root = str(settings["root"])
        self._uid = settings["uid"] or 0

    @property
    def any(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self._memory or self._quota)

    def offenders(self, sessions: Mapping[int, tuple[int, int]]) -> list[int]:
        """Process ids of sessions over their limit; `sessions` is {pid: (number, slot)}."""
        if not sessions:
            return []
        if self._memory:
            # A forked process shares most of its memory, which the first look counts for each.
            over = used_memory("status", ALONE) > self._memory and used_memory("smaps_rollup", SHARED) > self._memory
            return list(sessions) if over else []
        if self._quota and self._crowded():
            used = used_disk(self._root)
            return [pid for pid, (_, slot) in sessions.items() if used.get(self._uid + slot, 0) > self._quota]
        return []

    def hopeless(self) -> bool:
        """Whether ending sessions would not help: what they left behind is what is too much."""
        return bool(self._memory) and any(map(many_files, MOUNTS))

    def _crowded(self) -> bool:
        state = os.statvfs(self._root)
        return state.f_bfree < (1 - CROWDED) * state.f_blocks or state.f_ffree < (1 - CROWDED) * state.f_files


def used_memory(source: str, fields: tuple[bytes, ...]) -> int:
    """Bytes of memory of all processes but this one, as these lines of their /proc files say."""
    own, total = os.getpid(), 0
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != own:
            total += _sum_of(f"/proc/{name}/{source}", fields) or _sum_of(f"/proc/{name}/status", ALONE)
    return total


def _sum_of(path: str, fields: tuple[bytes, ...]) -> int:
    """0 where the file cannot be read: the process has ended, or has closed itself to others."""
    total = 0
    with suppress(OSError), open(path, "rb") as file:
        for line in file:
            if line.startswith(fields):
                total += int(line.split()[1]) * 1024
    return total


def many_files(mount: str) -> bool:
    """Whether a filesystem in memory holds so many entries that they cost more than what is in them."""
    try:
        state = os.statvfs(mount)
    except OSError:
        return False
    return state.f_files - state.f_ffree > MAX_ENTRIES


def used_disk(root: str) -> dict[int, int]:
    """Bytes and kibibytes of entries below each slot's folder by owner: `{uid: bytes}`, measured as that user."""
    used: dict[int, int] = {}
    for entry in os.scandir(root):
        owner = entry.stat(follow_symlinks=False).st_uid
        used[owner] = used.get(owner, 0) + _measured_as(owner, entry.path)
    return used


def _measured_as(uid: int, path: str) -> int:
    """Walk in a helper with the owner's id: the supervisor may not read other users' folders."""
    reader, writer = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return 0
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.write(writer, str(_walked(path)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    answer = os.read(reader, 64)
    os.close(reader)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    # A folder that cannot be walked any more is one that somebody made so.
    return int(answer) if answer else 2**62


def _walked(path: str) -> int:
    total, waiting = 0, [path]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            total += 1024 + entry.stat(follow_symlinks=False).st_blocks * 512
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
    return total
