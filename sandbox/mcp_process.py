"""One server process as an MCP transport: spawned, spoken to over its pipes, and gone afterwards with all it started.

The SDK's own stdio transport keeps the process to itself, waits up to seven seconds for it to go, and leaves
descendants alone when the leader exits by itself (a wrapper such as npx does). Here the process group always ends, in
at most two seconds, and standard error is read, so that an error message can quote it and a flood of it costs nothing.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from .mcp_leftovers import forget_server, note_server

log = logging.getLogger(__name__)

MAX_LINE = 64 * 2**20
"""Bytes of one message; a server that sends a longer line is cut off."""
STDERR_TAIL = 8 * 2**10
"""Bytes of standard error kept for messages."""
STDERR_LOG = 2**20
"""Bytes of standard error written to the log file per process."""
GRACE_S = 0.5
"""Seconds a server has to end by itself after its standard input is closed, and again after SIGTERM."""
REAP_S = 1.0
"""Seconds for the event loop to notice a kill."""
WATCH_S = 0.2
"""Seconds between two looks at whether a server in use has died; mostly the end of its output says so at once."""
POLL_S = 0.005
"""Seconds between two looks at whether the process has ended: asyncio's own wait also waits for inherited pipes."""

Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
Outgoing = MemoryObjectSendStream[SessionMessage]


class ServerProcess:
    """A transport for one run of one server. Enter `streams()` once."""

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        stderr_log: Path | None = None,
        claimed: Path | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            argv: Program and arguments.
            environ: Added to the variables that the SDK lets servers inherit.
            cwd: The server's working directory.
            stderr_log: File to which the start of the server's standard error is appended; None for nowhere.
            claimed: Folder in which the process is noted for as long as it runs, see `mcp_leftovers`; None for nowhere.
        """
        self._argv = list(argv)
        self._environ = get_default_environment() | dict(environ)
        self._cwd = cwd
        self._stderr_log = stderr_log
        self._claimed = claimed
        self._tail = bytearray()
        self._process: Process | None = None
        self._stderr_done = anyio.Event()

    @property
    def pid(self) -> int | None:
        """Process id, which is also the group's; None before the start."""
        return None if self._process is None else self._process.pid

    @property
    def returncode(self) -> int | None:
        """How the process ended; None before that."""
        return None if self._process is None else self._process.returncode

    def last_words(self) -> str:
        """The line of standard error that says most, at most 200 characters; empty when nothing was written."""
        lines = [line.strip() for line in bytes(self._tail).decode(errors="replace").splitlines()]
        lines = [re.sub(r"\x1b\[[0-9;]*m|[^\x20-\x7e\u00a0-\uffff]", "", line) for line in lines if line]
        # Node ends with its version, Python with the error: prefer a line that names one.
        telling = [line for line in lines if re.search(r"error|exception|cannot|not found|fatal|denied", line, re.I)]
        return (telling or lines or [""])[-1][:200]

    async def wait_ended(self) -> None:
        """Wait until the process has ended and its standard error is read."""
        while self._process is not None and self._process.returncode is None:  # noqa: ASYNC110 -- see POLL_S
            await anyio.sleep(POLL_S)
        await self._stderr_done.wait()

    def kill(self) -> None:
        """Kill the whole process group now. Does nothing when it is gone."""
        if self._process is not None:
            # A member we may not signal has another user's id: it is not ours to end.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[tuple[Incoming, Outgoing]]:
        """Start the process and yield what the SDK's client reads from and writes to.

        Raises:
            OSError: the program cannot be started.
        """
        process = await self._spawn()
        to_client, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        outgoing, from_client = anyio.create_memory_object_stream[SessionMessage](0)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._read, process, to_client)
                group.start_soon(self._write, process, from_client, to_client)
                group.start_soon(self._drain_stderr, process)
                group.start_soon(self._watch, process, to_client)
                try:
                    yield incoming, outgoing
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._end(process)
                    group.cancel_scope.cancel()
        finally:
            for stream in (to_client, incoming, outgoing, from_client):
                stream.close()
            _close_pipes(process)
            if self._claimed is not None and process.returncode is not None:
                forget_server(self._claimed, process.pid)
            atexit.unregister(self.kill)

    async def _spawn(self) -> Process:
        # Shielded: a cancellation between fork and return would lose the only handle to the process.
        with anyio.CancelScope(shield=True):
            process = await anyio.open_process(self._argv, env=self._environ, cwd=self._cwd, start_new_session=True)
            self._process = process
            if self._claimed is not None:
                with suppress(OSError):  # then nobody will clear it up after a SIGKILL, which is no reason to fail
                    note_server(self._claimed, process.pid)
            # The last resort when the event loop ends without unwinding us, as on a second Ctrl-C.
            atexit.register(self.kill)
            return process
        raise RuntimeError("a shielded scope that nobody cancels is left by return only")

    async def _read(self, process: Process, to_client: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        """Standard output to messages, until either side ends."""
        stdout = _pipe(process.stdout)
        buffer = bytearray()
        with to_client, suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            while len(buffer) <= MAX_LINE:
                chunk = await stdout.receive(2**16)
                buffer += chunk
                if b"\n" not in chunk:
                    continue
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    await to_client.send(_parse(bytes(line)))
            self._tail += b"\nerror: a message longer than the limit was cut off\n"

    async def _write(
        self,
        process: Process,
        from_client: MemoryObjectReceiveStream[SessionMessage],
        to_client: MemoryObjectSendStream[SessionMessage | Exception],
    ) -> None:
        """Messages to standard input, until either side ends."""
        stdin = process.stdin
        if stdin is None:
            raise RuntimeError("a server process always has pipes")
        try:
            async for message in from_client:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                await stdin.send(text.encode() + b"\n")
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            # The client learns it from the read side, whichever pipe broke first.
            to_client.close()

    async def _watch(self, process: Process, to_client: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        """End the session when the process has ended, even if a descendant holds its pipes open."""
        while process.returncode is None:  # noqa: ASYNC110 -- see POLL_S
            await anyio.sleep(WATCH_S)
        # What it wrote last may still be in the pipe.
        await anyio.sleep(WATCH_S)
        to_client.close()

    async def _drain_stderr(self, process: Process) -> None:
        """Keep the end of standard error, write its start to the log file, drop the rest."""
        stderr = _pipe(process.stderr)
        written = 0
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            try:
                while True:
                    chunk = await stderr.receive(2**16)
                    self._tail += chunk
                    del self._tail[:-STDERR_TAIL]
                    if self._stderr_log is not None and written < STDERR_LOG:
                        async with await anyio.open_file(self._stderr_log, "ab") as file:
                            await file.write(chunk[: STDERR_LOG - written])
                        written += len(chunk)
            finally:
                self._stderr_done.set()

    async def _end(self, process: Process) -> None:
        """Close its input, ask, then kill; the group never outlives this."""
        if process.stdin is not None:
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                await process.stdin.aclose()
        if not await _ended(process, GRACE_S):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGTERM)
            await _ended(process, GRACE_S)
        self.kill()
        if not await _ended(process, REAP_S):
            log.warning("server process %d is still there after SIGKILL", process.pid)
        with anyio.move_on_after(GRACE_S):
            await self._stderr_done.wait()


def _pipe(stream: ByteReceiveStream | None) -> ByteReceiveStream:
    if stream is None:
        raise RuntimeError("a server process always has pipes")
    return stream


def _parse(line: bytes) -> SessionMessage | Exception:
    """A message, or why the line is none: servers print banners, and the session only counts those."""
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


async def _ended(process: Process, seconds: float) -> bool:
    """True as soon as the process has ended, False when the time is over."""
    with anyio.move_on_after(seconds):
        while process.returncode is None:  # noqa: ASYNC110 -- see POLL_S
            await anyio.sleep(POLL_S)
    return process.returncode is not None


def _close_pipes(process: Process) -> None:
    """Close the loop's side of the pipes: a descendant that left the group may hold the other side open for ever."""
    transport = getattr(getattr(process, "_process", None), "_transport", None)
    close = getattr(transport, "close", None)
    if callable(close):
        # Before 3.13 closing kills the child once more, which another user's id forbids.
        with suppress(PermissionError):
            close()
