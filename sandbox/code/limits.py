"""What a session may use: memory, processes, files, time, and how much of its output is kept."""

from __future__ import annotations

import msgspec

MIB = 2**20


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one session; the defaults are on everywhere unless a field says otherwise."""

    memory: int = 512 * MIB
    """Bytes of memory of the whole session. Dense Docker: of the container, per session that it may hold at once."""
    address_space: int = 2048 * MIB
    """Bytes of address space of one process (RLIMIT_AS); a larger allocation is a MemoryError."""
    processes: int = 64
    """Processes and threads of the session at one time."""
    cpus: float = 1.0
    """Processors of a container. Bubblewrap has no such limit."""
    disk: int = 64 * MIB
    """Bytes of the workspace."""
    file_size: int = 64 * MIB
    """Bytes of one file, and of what a cell may write to a stream."""
    open_files: int = 256
    """File descriptors of one process."""
    output: int = 20_000
    """Bytes of stdout, and as many of stderr, that are shown of a cell: its beginning and its end."""
    source: int = 2 * MIB
    """Bytes of a cell's source."""
    transfer: int = 32 * MIB
    """Bytes of a file that is written or read at once."""
    deadline_s: float = 10.0
    """Seconds that a cell may take when its caller names none."""
    grace_s: float = 0.5
    """Seconds that a cell has to end in after it was interrupted; then it is killed."""

    def rlimits(self) -> dict[str, int]:
        """`{name in the resource module: value}` that a session's processes run under."""
        return {
            "RLIMIT_AS": self.address_space,
            "RLIMIT_FSIZE": self.file_size,
            "RLIMIT_NOFILE": self.open_files,
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_CORE": 0,
            "RLIMIT_MEMLOCK": 64 * 1024,
            "RLIMIT_MSGQUEUE": 64 * 1024,
        }
