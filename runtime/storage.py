"""Where a run keeps its files: a small protocol, a directory on disk, and a fake in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from .errors import OutputError


class AppendFile(Protocol):
    """A file that only grows. Every method raises OutputError, which names the file."""

    def write(self, data: bytes) -> None:
        """Append all of it and hand it to the operating system: it survives a crash of the process."""
        ...

    def sync(self) -> None:
        """Make what was written survive a power loss. Blocks; a failure is final."""
        ...

    def close(self) -> None:
        """Close without syncing. Idempotent."""
        ...


class Storage(Protocol):
    """The files of one run, by name. Every method raises OutputError, which names the file."""

    def open_append(self, name: str) -> AppendFile:
        """Open a file for appending; it is made when missing."""
        ...

    def write_text(self, name: str, text: str) -> None:
        """Replace a whole file at once: a reader sees the old text or the new one."""
        ...

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        ...


class DirectoryStorage:
    """A run directory on disk."""

    def __init__(self, path: Path) -> None:
        """The directory and its parents are made when missing. Raises OutputError when that is impossible."""
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _output_error("make the run directory", path, error) from error

    def open_append(self, name: str) -> AppendFile:
        """See Storage."""
        return DiskFile(self.path / name)

    def write_text(self, name: str, text: str) -> None:
        """See Storage."""
        target = self.path / name
        draft = self.path / f".{name}.new"
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(target)
        except OSError as error:
            raise _output_error("write", target, error) from error

    def exists(self, name: str) -> bool:
        """See Storage."""
        return (self.path / name).exists()


class DiskFile:
    """An AppendFile on disk, unbuffered: one system call per write."""

    def __init__(self, path: Path) -> None:
        """Raises OutputError when the file cannot be opened for appending."""
        self.path = path
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _output_error("open", path, error) from error

    def write(self, data: bytes) -> None:
        """See AppendFile."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            raise _output_error("write", self.path, error) from error

    def sync(self) -> None:
        """See AppendFile."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise _output_error("sync", self.path, error) from error

    def close(self) -> None:
        """See AppendFile."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class MemoryStorage:
    """A fake that keeps files in memory and can run full."""

    def __init__(self, capacity: int | None = None) -> None:
        """`capacity`: bytes over all files after which every write fails as on a full disk; None for no bound."""
        self.files: dict[str, bytearray] = {}
        self.capacity = capacity

    def open_append(self, name: str) -> AppendFile:
        """See Storage."""
        self.files.setdefault(name, bytearray())
        return MemoryFile(self, name)

    def write_text(self, name: str, text: str) -> None:
        """See Storage."""
        self.files[name] = bytearray()
        self.append(name, text.encode())

    def exists(self, name: str) -> bool:
        """See Storage."""
        return name in self.files

    def lines(self, name: str) -> list[bytes]:
        """The lines of a file, without their ends."""
        return bytes(self.files[name]).splitlines()

    def append(self, name: str, data: bytes) -> None:
        """What MemoryFile.write does. Raises OutputError when it does not fit."""
        if self.capacity is not None and sum(map(len, self.files.values())) + len(data) > self.capacity:
            raise OutputError(f"cannot write {name}: no space left in this storage")
        self.files[name] += data


class MemoryFile:
    """An AppendFile of a MemoryStorage."""

    def __init__(self, storage: MemoryStorage, name: str) -> None:
        self._storage = storage
        self._name = name
        self.synced = 0
        """How many bytes the last `sync` covered."""

    def write(self, data: bytes) -> None:
        """See AppendFile."""
        self._storage.append(self._name, data)

    def sync(self) -> None:
        """See AppendFile."""
        self.synced = len(self._storage.files[self._name])

    def close(self) -> None:
        """See AppendFile."""


def _output_error(verb: str, path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot {verb} {path}: {error.strerror or error}")
