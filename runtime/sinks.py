"""Where finished rows go, line by line: stdout, a file, the run's storage, and a fake in memory."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path
from typing import Protocol

import anyio

from .errors import OutputError
from .storage import AppendFile

FINISH_SECONDS = 5.0
"""Most that a cancelled write may still take to complete a line of which a part is already out."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.02  # seconds between two looks at a full pipe


class Sink(Protocol):
    """Takes lines in order, one at a time. A `write` that waits holds up the committer, and so admission."""

    async def write(self, line: bytes) -> None:
        """Deliver one line, which ends with a newline.

        Raises:
            OutputError: the line cannot be delivered, nor any after it.
        """
        ...

    async def aclose(self) -> None:
        """Make what was delivered durable where that means something, and close. Idempotent. Raises OutputError."""
        ...


class FdSink:
    """Lines to a file descriptor of any kind, without ever blocking the loop and without changing the descriptor.

    A full pipe is looked at again after 1 to 20 ms instead of being registered with the loop: registering switches the
    descriptor to non-blocking for every process that shares it, and the shell's terminal is shared by many.
    """

    def __init__(self, fd: int, name: str, *, close: bool) -> None:
        """`name` stands in error messages; `close` says whether the descriptor is ours to close."""
        self._fd = fd
        self._name = name
        self._close = close
        self._open = True
        self._regular = stat.S_ISREG(os.fstat(fd).st_mode)
        self._room = select.poll()
        self._room.register(fd, select.POLLOUT)
        self.rows = 0
        """Lines delivered so far."""

    async def write(self, line: bytes) -> None:
        """See Sink. A cancelled write delivers all of the line or nothing, unless the reader stalls for 5 s."""
        await self._writable()
        rest = self._push(memoryview(line))
        try:
            while rest:
                await self._writable()
                rest = self._push(rest)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(FINISH_SECONDS, shield=True):
                while rest:
                    await self._writable()
                    rest = self._push(rest)
            raise
        self.rows += 1

    async def aclose(self) -> None:
        """See Sink."""
        if not self._open:
            return
        self._open = False
        try:
            if self._regular:
                os.fsync(self._fd)
            if self._close:
                os.close(self._fd)
        except OSError as error:
            raise OutputError(f"cannot write rows to {self._name}: {error.strerror}") from error

    async def _writable(self) -> None:
        """Wait until PIPE_BUF bytes can be written without blocking (a closed reader counts: the write will tell)."""
        pause = _FIRST_PAUSE
        while not self._regular and not self._room.poll(0):
            await anyio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _push(self, rest: memoryview) -> memoryview:
        """Write what is sure not to block; what is left of it."""
        try:
            return rest[os.write(self._fd, rest if self._regular else rest[: select.PIPE_BUF]) :]
        except BlockingIOError:  # someone else made it non-blocking and filled it in between
            return rest
        except BrokenPipeError as error:
            raise OutputError(
                f"{self._name} was closed by its reader after {self.rows} rows; the journal keeps what was made"
            ) from error
        except OSError as error:
            raise OutputError(f"cannot write rows to {self._name}: {error.strerror}") from error


class StdoutSink(FdSink):
    """Lines to standard output, past Python's own buffer."""

    def __init__(self, fd: int = 1) -> None:
        super().__init__(fd, "stdout", close=False)


class FileSink(FdSink):
    """Lines appended to a file (or a named pipe), which is synced at the end."""

    def __init__(self, path: Path) -> None:
        """Raises OutputError when the file cannot be opened for appending."""
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise OutputError(f"cannot write rows to {path}: {error.strerror}") from error
        super().__init__(fd, str(path), close=True)

    @property
    def regular(self) -> bool:
        """Whether what was written can be read again and cut."""
        return self._regular

    def truncate(self, size: int) -> None:
        """Cut the file to so many bytes. Raises OutputError."""
        try:
            os.ftruncate(self._fd, size)
        except OSError as error:
            raise OutputError(f"cannot cut {self._name}: {error.strerror}") from error


class StorageSink:
    """Lines to a file of the run's storage."""

    def __init__(self, file: AppendFile) -> None:
        self._file = file
        self._open = True

    async def write(self, line: bytes) -> None:
        """See Sink."""
        self._file.write(line)

    async def aclose(self) -> None:
        """See Sink."""
        if self._open:
            self._open = False
            self._file.sync()
            self._file.close()


class MemorySink:
    """A fake that keeps lines, and stalls and breaks when told to."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.broken = False
        """Set it to have the next write fail."""
        self.closed = False
        self._gate = anyio.Event()
        self._gate.set()

    def stall(self) -> None:
        """Writes wait from now on."""
        if self._gate.is_set():
            self._gate = anyio.Event()

    def resume(self) -> None:
        """Let the waiting write, and all after it, go through."""
        self._gate.set()

    async def write(self, line: bytes) -> None:
        """See Sink."""
        await self._gate.wait()
        if self.broken:
            raise OutputError(f"memory sink was broken after {len(self.lines)} rows")
        self.lines.append(line)

    async def aclose(self) -> None:
        """See Sink."""
        self.closed = True
