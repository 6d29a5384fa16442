"""Users that nobody has: as root, each sandbox runs as one of its own, so that limits bind and siblings are strangers.

The kernel does not hold root to a number of processes, and counts processes by user. A user of this range is claimed
by a locked file; the lock goes with the process that holds it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

FIRST, COUNT = 1_879_000_000, 65_536
"""The range: far above what systems hand out to people, services and containers."""
FOLDER = Path("/run/tdscaling-users")


class Claim:
    """A user id that is ours until `release`."""

    def __init__(self, uid: int, lock: int) -> None:
        self.uid = uid
        self._lock = lock

    def release(self) -> None:
        """Give it back. Idempotent."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def claim(folder: Path = FOLDER) -> Claim:
    """A user id that no process and no other claim has. Raises OSError when the folder of locks cannot be used."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.geteuid() or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to another user")
    busy = _in_use()
    for uid in range(FIRST, FIRST + COUNT):
        if uid in busy:
            continue
        lock = os.open(folder / str(uid), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return Claim(uid, lock)
    raise OSError(f"all of {COUNT} users are in use")


def _in_use() -> set[int]:
    """Users of this range that have a process."""
    found: set[int] = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                uid = entry.stat().st_uid
            except OSError:
                continue
            if FIRST <= uid < FIRST + COUNT:
                found.add(uid)
    return found
