"""A live session with one server: a task of its own holds process, folder and client; others send it requests.

The SDK's client must be entered and left in the same task, while an episode is handled now by one task and now by
another. So the session's task waits for requests on a bounded channel and answers each through an event. A caller that
is cancelled cancels its request, never the session.
"""

from __future__ import annotations

import math
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import anyio
import anyio.to_thread
import httpx2
from mcp import Client, MCPError
from mcp.client import Transport
from mcp.client.session import IncomingMessage
from mcp_types import (
    CONNECTION_CLOSED,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    ToolListChangedNotification,
)
from pydantic import ValidationError

from ..runtime.errors import EnvironmentFault, InfrastructureFault
from .manifest import Manifest
from .mcp_http import http_client, http_streams
from .mcp_paths import PathAliases
from .mcp_process import ServerProcess
from .mcp_scratch import make_scratch, remove_scratch
from .tools import JsonObject

CLOSE_S = 3.0
"""Seconds that `aclose` waits before the process group is killed."""
LAST_WORDS_S = 0.5
"""Seconds for a dying server's exit code and last line to arrive."""
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/opt", "/nix", "/snap")
"""Folders that are alike on many machines, and that documents name."""
TRANSPORT_ERRORS = (MCPError, ValidationError, OSError, httpx2.TransportError)
"""What a connection that cannot be made or kept raises."""


@dataclass(frozen=True)
class Refused:
    """The server answered a call with a protocol error: wrong parameters, unknown tool, internal error."""

    message: str


Answer: TypeAlias = CallToolResult | Refused


class Request:
    """One call on its way through the session's task, and the answer on its way back."""

    def __init__(self, tool: str, arguments: JsonObject) -> None:
        self.tool = tool
        self.arguments = arguments
        self.scope = anyio.CancelScope()
        self.done = anyio.Event()
        self.answer: Answer | None = None
        self.fault: EnvironmentFault | InfrastructureFault | None = None


class Session:
    """One server on one scratch folder. `run` is its task; everything else may be called from any task."""

    def __init__(
        self,
        manifest: Manifest,
        root: Path,
        *,
        mode: str = "auto",
        recheck: Callable[[Client], Awaitable[str]] | None = None,
        stderr_log: Path | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            manifest: What to start.
            root: Folder in which the scratch folder is made.
            mode: The SDK's way to negotiate a protocol version; `legacy` saves a round trip with an older server.
            recheck: Says what no longer holds after the server announced that its list of tools has changed; asked
                once before the next call.
            stderr_log: File for the start of the server's standard error.
        """
        self._manifest = manifest
        self._root = root
        self._mode = mode
        self._recheck = recheck
        self._list_changed = False
        self._stderr_log = stderr_log
        self._send, self._receive = anyio.create_memory_object_stream[Request](1)
        self._current: Request | None = None
        self._process: ServerProcess | None = None
        self._scope = anyio.CancelScope()
        self._scratch: Path | None = None
        self._aliases: PathAliases | None = None
        self._closing = False
        self._ended = anyio.Event()
        self._fault: InfrastructureFault | None = None

    @property
    def broken(self) -> bool:
        """True after a death or a timeout: no further call can be answered."""
        died = self._process is not None and self._process.returncode is not None
        return died or self._fault is not None or self._closing or self._ended.is_set()

    @property
    def busy(self) -> bool:
        """True while a call is on its way."""
        return self._current is not None

    @property
    def pid(self) -> int | None:
        """The server's process id; None before the start."""
        return None if self._process is None else self._process.pid

    @property
    def scratch(self) -> Path:
        """The world's folder. Only after the start."""
        if self._scratch is None:
            raise RuntimeError("the session has not started")
        return self._scratch

    @property
    def aliases(self) -> PathAliases:
        """The world's path names. Only after the start."""
        if self._aliases is None:
            raise RuntimeError("the session has not started")
        return self._aliases

    async def run(self, body: Callable[[Client], Awaitable[None]]) -> None:
        """Make the folder, start the server, connect, do `body`, clean up. `body` handles its own errors.

        Raises:
            InfrastructureFault: the server cannot be started (`mcp_start`) or hangs while starting (`mcp_timeout`).
        """
        try:
            self._scratch = await anyio.to_thread.run_sync(make_scratch, self._root, self._manifest.template_dir)
            self._aliases = PathAliases(self._manifest.aliases, self._scratch, _homes(self._manifest))
            await self._connect(body)
        except OSError as error:
            raise self._blame("mcp_start", f"no scratch folder: {error.strerror}") from error
        finally:
            self._settle()
            if self._scratch is not None:
                # One thread call on a small folder: short, and a leak otherwise.
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(remove_scratch, self._scratch)
            self._ended.set()

    async def serve(self, client: Client) -> None:
        """Answer requests one by one until the session is closed or broken: the usual body of `run`."""
        async for request in self._receive:
            self._current = request
            try:
                with request.scope:
                    await self.answer(client, request)
            finally:
                self._current = None
                request.done.set()
            if self._fault is not None or self._closing:
                return

    async def answer(self, client: Client, request: Request) -> None:
        """Send one call and put the answer, or the fault, into the request."""
        limit = self._manifest.timeouts.call
        message = CallToolRequest(params=CallToolRequestParams(name=request.tool, arguments=request.arguments))
        try:
            with anyio.fail_after(limit):
                if self._list_changed and not await self._still_lists(client, request):
                    return
                # Not `client.call_tool`: that lists the tools again on every new connection before it trusts a reply.
                request.answer = await client.session.send_request(message, CallToolResult)
        except TimeoutError:
            self._fault = self._blame("mcp_timeout", f"tool {request.tool}: no answer in {limit:g} s")
            request.fault = self._fault
        except MCPError as error:
            if error.code != CONNECTION_CLOSED:
                request.answer = Refused(error.message)
                return
            await self._process_end()
            self._fault = self._blame("mcp_died", f"tool {request.tool}: {self._describe_end()}")
            request.fault = self._fault
        except ValidationError as error:
            request.fault = self._blame("mcp_protocol", f"tool {request.tool}: {one_line(error)}")

    async def _still_lists(self, client: Client, request: Request) -> bool:
        """False, with a fault in the request, when a tool that episodes were given is gone or is another."""
        self._list_changed = False
        changed = await self._recheck(client) if self._recheck else ""
        if changed:
            self._list_changed = True  # it stays so for every further call
            detail = f"{self._manifest.source}: the server changed its tools: {changed}"
            request.fault = EnvironmentFault("list_changed", detail)
        return not changed

    async def _hear(self, message: IncomingMessage) -> None:
        """Notifications of the server: one is of interest."""
        if isinstance(message, ToolListChangedNotification):
            self._list_changed = True

    async def call(self, tool: str, arguments: JsonObject) -> Answer:
        """Send one call through the session's task and wait for its answer.

        Raises:
            EnvironmentFault: a tool that was listed at the start is gone or is another (`list_changed`).
            InfrastructureFault: the server died (`mcp_died`), hung (`mcp_timeout`), spoke nonsense (`mcp_protocol`) or
                is closed (`mcp_closed`).
        """
        if self._fault is not None:
            raise self._blame(self._fault.reason, f"tool {tool}: the server is unusable since an earlier call")
        request = Request(tool, arguments)
        try:
            await self._send.send(request)
            await request.done.wait()
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            raise self._blame("mcp_closed", f"tool {tool}: the world is closed") from None
        finally:
            # Cancelled or not: a request that nobody waits for any more must not keep the server busy.
            request.scope.cancel()
        if request.fault is not None:
            raise request.fault
        if request.answer is None:
            raise self._blame("mcp_closed", f"tool {tool}: the world was closed during the call")
        return request.answer

    def end(self) -> None:
        """Begin to close, without waiting for it."""
        self._closing = True
        self._send.close()
        if self._current is not None:
            self._current.scope.cancel()

    async def aclose(self) -> None:
        """End the server and remove its folder. Idempotent, never raises, at most `CLOSE_S` and a moment."""
        self.end()
        with anyio.move_on_after(CLOSE_S, shield=True):
            await self._ended.wait()
        if not self._ended.is_set():
            if self._process is not None:
                self._process.kill()
            self._scope.cancel()

    async def _connect(self, body: Callable[[Client], Awaitable[None]]) -> None:
        """Hold the client's contexts around the serving of requests, and turn their errors into a fault."""
        manifest = self._manifest
        ready = False
        try:
            with self._scope as scope:
                # One scope around all: a narrower one would have to be left while the client's are still open.
                scope.deadline = anyio.current_time() + manifest.timeouts.start
                async with AsyncExitStack() as held:
                    streams = await self._transport(held)
                    client = Client(streams, mode=self._mode, cache=None, message_handler=self._hear)
                    await held.enter_async_context(client)
                    ready = True
                    scope.deadline = math.inf
                    await body(client)
        except TRANSPORT_ERRORS as error:
            self._fail(ready, error)
        except ExceptionGroup as group:
            # The SDK's task groups wrap what goes through them; anything else than a lost connection is a bug.
            lost, bugs = group.split(TRANSPORT_ERRORS)
            if bugs is not None or lost is None:
                raise
            self._fail(ready, _leaf(lost))
        if not ready:
            raise self._blame("mcp_timeout", f"no answer {manifest.timeouts.start:g} s after the start")

    async def _transport(self, held: AsyncExitStack) -> Transport:
        """A process of our own or a connection; what must outlive the client's use of it goes onto the stack."""
        manifest, scratch = self._manifest, self.scratch
        if manifest.url is not None:
            return http_streams(manifest.url, await held.enter_async_context(http_client(manifest)))
        argv, environ = manifest.argv(scratch), manifest.environ(scratch)
        self._process = ServerProcess(argv, environ, scratch, self._stderr_log, self._root)
        return self._process.streams()

    def _fail(self, ready: bool, error: Exception) -> None:
        """Raise what kept the server from starting; an error of an ending session is no news."""
        if not ready:
            raise self._blame("mcp_start", f"{self._describe_end()} at start: {one_line(error)}") from error

    async def _process_end(self) -> None:
        """After a lost connection: a moment for the exit code and the last line of standard error to arrive."""
        if self._process is not None:
            with anyio.move_on_after(LAST_WORDS_S):
                await self._process.wait_ended()

    def _settle(self) -> None:
        """Let go everyone who still waits: what was not answered will not be."""
        self._send.close()
        with suppress(anyio.WouldBlock, anyio.EndOfStream, anyio.ClosedResourceError):
            while True:
                self._receive.receive_nowait().done.set()
        self._receive.close()

    def _describe_end(self) -> str:
        """How the process ended, as far as can be told, and what it said last."""
        if self._process is None:
            return (
                "the server did not start" if self._manifest.url is None else f"no connection to {self._manifest.url}"
            )
        code, words = self._process.returncode, self._process.last_words()
        end = "the server ended" if code is None else f"the server ended with exit code {code}"
        return f"{end} ({words})" if words else end

    def _blame(self, reason: str, detail: str) -> InfrastructureFault:
        return InfrastructureFault(reason, f"{self._manifest.source}: {detail}")


def _homes(manifest: Manifest) -> list[Path]:
    """Folders of the server's installation, which its error messages may name: they are no part of its world."""
    parts = [Path(os.path.normpath(part)) for part in manifest.command if part.startswith("/")]
    folders = [part.parent.parent if part.parent.name == "bin" else part.parent for part in parts]
    folders.append(manifest.source.parent)
    both = {spelling for folder in folders for spelling in (folder.absolute(), folder.resolve())}
    return [folder for folder in sorted(both) if not str(folder).startswith(SYSTEM)]


def _leaf(error: BaseException) -> Exception:
    """The first single error inside nested groups."""
    if isinstance(error, BaseExceptionGroup):
        return _leaf(cast("BaseExceptionGroup[BaseException]", error).exceptions[0])
    if not isinstance(error, Exception):
        raise TypeError("a lost connection is an Exception")
    return error


def one_line(error: Exception) -> str:
    """An error's text in one line of at most 200 characters."""
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        return f"{where}: {detail['msg']}"[:200]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:200] or type(error).__name__
