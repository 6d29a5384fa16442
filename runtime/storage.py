"""Where a run keeps its files: a small protocol, a directory on disk, and a fake in memory."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from .errors import OutputError

_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class AppendFile(Protocol):
    """A file that grows at its end. Every method raises OutputError, which names the file."""

    def write(self, data: bytes) -> None:
        """Append all of it and hand it to the operating system: it survives a crash of the process."""
        ...

    def sync(self) -> None:
        """Make what was written survive a power loss. Blocks; a failure is final."""
        ...

    def truncate(self, size: int) -> None:
        """Cut the file to so many bytes, and write behind them from now on."""
        ...

    def close(self) -> None:
        """Close without syncing. Idempotent."""
        ...


class Storage(Protocol):
    """The files of one run, by name. Every method raises OutputError, which names the file."""

    def open_append(self, name: str) -> AppendFile:
        """Open a file for appending; it is made when missing."""
        ...

    def open_read(self, name: str) -> BinaryIO:
        """Open a file for reading from its beginning."""
        ...

    def write_text(self, name: str, text: str) -> None:
        """Replace a whole file at once: a reader sees the old text or the new one, also after a power loss."""
        ...

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        ...

    def size(self, name: str) -> int:
        """Bytes of a file; 0 when it is missing."""
        ...

    def names(self) -> list[str]:
        """The files, sorted."""
        ...

    def sync_names(self) -> None:
        """Make the files' names survive a power loss: to be called after a file was made."""
        ...

    def free(self) -> int | None:
        """Bytes that can still be written; None where there is no bound."""
        ...


class DirectoryStorage:
    """A run directory on disk."""

    def __init__(self, path: Path, hide: Callable[[str], str] = str) -> None:
        """The directory and its parents are made when missing; whole texts that are written go through `hide`.

        Raises OutputError when the directory cannot be made.
        """
        self.path = path
        self._hide = hide
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _output_error("make the run directory", path, error) from error

    def open_append(self, name: str) -> AppendFile:
        """See Storage."""
        return DiskFile(self.path / name)

    def open_read(self, name: str) -> BinaryIO:
        """See Storage."""
        try:
            return (self.path / name).open("rb")
        except OSError as error:
            raise _output_error("read", self.path / name, error) from error

    def write_text(self, name: str, text: str) -> None:
        """See Storage."""
        target = self.path / name
        draft = self.path / f".{name}.new"
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(self._hide(text))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError as error:
            raise _output_error("write", target, error) from error
        self.sync_names()

    def exists(self, name: str) -> bool:
        """See Storage."""
        return (self.path / name).exists()

    def size(self, name: str) -> int:
        """See Storage."""
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise _output_error("read", self.path / name, error) from error

    def names(self) -> list[str]:
        """See Storage."""
        try:
            return sorted(path.name for path in self.path.iterdir())
        except OSError as error:
            raise _output_error("read", self.path, error) from error

    def sync_names(self) -> None:
        """See Storage."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise _output_error("sync", self.path, error) from error

    def free(self) -> int | None:
        """See Storage."""
        try:
            found = os.statvfs(self.path)
        except OSError:  # a file system that does not tell has no bound that could be watched
            return None
        return found.f_bavail * found.f_frsize


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
            _sync_data(self._fd)
        except OSError as error:
            raise _output_error("sync", self.path, error) from error

    def truncate(self, size: int) -> None:
        """See AppendFile."""
        try:
            os.ftruncate(self._fd, size)
        except OSError as error:
            raise _output_error("cut", self.path, error) from error

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

    def open_read(self, name: str) -> BinaryIO:
        """See Storage. The file as it is now."""
        if name not in self.files:
            raise OutputError(f"cannot read {name}: no such file in this storage")
        return io.BytesIO(self.files[name])

    def write_text(self, name: str, text: str) -> None:
        """See Storage."""
        self.files[name] = bytearray()
        self.append(name, text.encode())

    def exists(self, name: str) -> bool:
        """See Storage."""
        return name in self.files

    def size(self, name: str) -> int:
        """See Storage."""
        return len(self.files.get(name, b""))

    def names(self) -> list[str]:
        """See Storage."""
        return sorted(self.files)

    def sync_names(self) -> None:
        """See Storage. There is nothing to do."""

    def free(self) -> int | None:
        """See Storage."""
        return None if self.capacity is None else self.capacity - sum(map(len, self.files.values()))

    def lines(self, name: str) -> list[bytes]:
        """The lines of a file, without their ends."""
        return bytes(self.files[name]).splitlines()

    def append(self, name: str, data: bytes) -> None:
        """What MemoryFile.write does. Raises OutputError when it does not fit."""
        room = self.free()
        if room is not None and len(data) > room:
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

    def truncate(self, size: int) -> None:
        """See AppendFile."""
        del self._storage.files[self._name][size:]

    def close(self) -> None:
        """See AppendFile."""


def _output_error(verb: str, path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot {verb} {path}: {error.strerror or error}")
