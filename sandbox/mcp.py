"""An external MCP server as a toolbox: worlds are processes on copies of a template.

    async with McpToolbox(load_manifest(path)) as box:
        world = await box.open(seed=0)
        reply = await world.call("read_text_file", {"path": "/workspace/todo.md"})

Entering starts one server, checks what it lists and ends it again; from then on servers are kept ready in the
background. Leaving ends every process and removes every folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import anyio.to_thread
from mcp import Client, MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from ..runtime.errors import EnvironmentFault, InfrastructureFault, ToolServerError
from .manifest import Manifest
from .mcp_health import Health
from .mcp_leftovers import PREFIX, claim, sweep
from .mcp_listing import Listing, read_listing, what_changed
from .mcp_pool import SessionPool
from .mcp_reply import check_output, cut, reply_text, resources_of, structured
from .mcp_scratch import read_files
from .mcp_session import Refused, Request, Session, one_line
from .tools import EVALUATION_ONLY, JsonObject, Snapshot, ToolReply, ToolSpec

MAX_REPLY = 1_000_000
"""Characters of one reply; a longer one is cut visibly."""


class McpToolbox:
    """A `Toolbox` over one manifest. An async context manager; `open` works inside only.

    `open` takes a seed as every toolbox does and ignores it: what differs between worlds of one server is nothing, the
    template is the initial state.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        root: Path | None = None,
        prestart: int = 1,
        max_servers: int = 8,
        max_reply: int = MAX_REPLY,
        stderr_log: Path | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            manifest: What to start.
            root: Existing folder for the scratch folders; by default one in the system's place for temporary files.
            prestart: Servers kept ready.
            max_servers: Servers that may run at once; `open` waits when there are so many.
            max_reply: Characters of a reply that are shown.
            stderr_log: File to which the start of each server's standard error (1 MiB) is appended; by default only
                the last lines are kept, in memory, for error messages.
        """
        self._manifest = manifest
        self._parent = root
        self._prestart = prestart
        self._max_servers = max_servers
        self._max_reply = max_reply
        self._stderr_log = stderr_log
        self._health = Health(str(manifest.source))
        self._listing: Listing | None = None
        self._mode = "auto"
        self._pool: SessionPool | None = None
        self._stack = AsyncExitStack()

    @property
    def name(self) -> str:
        """The manifest's name."""
        return self._manifest.name

    @property
    def version(self) -> str:
        """The server's own version and a hash over manifest, template, server and tools. After `start` only."""
        return self._listed.version

    @property
    def domain(self) -> str:
        """The manifest's domain."""
        return self._manifest.domain

    @property
    def sector(self) -> str:
        """The manifest's sector."""
        return self._manifest.sector

    @property
    def provenance(self) -> str:
        """The manifest's word on source and licence, and whether it is for evaluation only."""
        manifest = self._manifest
        return f"{manifest.provenance}, {EVALUATION_ONLY}" if manifest.evaluation_only else manifest.provenance

    @property
    def seeded(self) -> bool:
        """False: the template is the initial state."""
        return False

    @property
    def volatile(self) -> tuple[str, ...]:
        """The manifest's volatile keys and labels."""
        return self._manifest.volatile

    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools as listed at the start, in the server's order. After `start` only."""
        return self._listed.specs

    async def start(self) -> None:
        """Start one server, read and check its tools, end it. Called by `async with`; alone it serves a diagnosis.

        Raises:
            ToolServerError: the server is missing, crashes, hangs, lists what cannot be used, or breaks its own output
                schema when tried. One line that names the manifest and, where there is one, the tool.
        """
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir=self._parent, ignore_cleanup_errors=True) as root:
            claim(Path(root))
            session = Session(self._manifest, Path(root), stderr_log=self._stderr_log)
            problem: ToolServerError | None = None

            async def inspect(client: Client) -> None:
                nonlocal problem
                # Kept, not raised: the client's task groups would wrap it.
                problem = await self._inspect(session, client)

            try:
                await session.run(inspect)
            except InfrastructureFault as fault:
                raise ToolServerError(fault.detail) from fault
            if problem is not None:
                raise problem

    async def open(self, seed: int) -> McpWorld:
        """A fresh world, from those kept ready when there is one.

        Raises:
            InfrastructureFault: the server does not start (`mcp_start`) or hangs while starting (`mcp_timeout`).
        """
        del seed  # the template is the initial state
        if self._pool is None:
            raise RuntimeError("the toolbox is not entered: async with McpToolbox(…)")
        session = await self._pool.take()
        # A server without state serves one world after another, as long as it is sound.
        recycle = None if self._manifest.stateful else partial(self._pool.give_back, session)
        return McpWorld(self._manifest, self._listed, session, self._health, self._max_reply, recycle)

    async def __aenter__(self) -> Self:
        """Clear up after killed runs, check the server, keep some ready. Raises ToolServerError as `start` does."""
        await anyio.to_thread.run_sync(sweep, self._parent or Path(tempfile.gettempdir()))
        await self.start()
        root = tempfile.TemporaryDirectory(prefix=PREFIX, dir=self._parent, ignore_cleanup_errors=True)
        claim(Path(self._stack.enter_context(root)))
        group = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(group.cancel_scope.cancel)
        make = partial(
            Session,
            self._manifest,
            Path(root.name),
            mode=self._mode,
            recheck=self._recheck,
            stderr_log=self._stderr_log,
        )
        self._pool = SessionPool(group, make, ready=self._prestart, limit=self._max_servers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """End every server and remove every folder; a few seconds at most, also when cancelled."""
        self._pool = None
        if error is not None and isinstance(error, anyio.get_cancelled_exc_class()):
            return await self._stack.__aexit__(kind, error, trace)
        # An ordinary error stays as it is: the task group would wrap it.
        await self._stack.__aexit__(None, None, None)
        return None

    @property
    def _listed(self) -> Listing:
        if self._listing is None:
            raise RuntimeError("the toolbox has not started")
        return self._listing

    async def _recheck(self, client: Client) -> str:
        try:
            return await what_changed(client, self._manifest, self._listed)
        except ToolServerError as problem:
            return str(problem)

    async def _inspect(self, session: Session, client: Client) -> ToolServerError | None:
        """Read the listing and try what can be tried; returns what is wrong."""
        source, limit = self._manifest.source, self._manifest.timeouts.start
        self._mode = "auto" if client.protocol_version in MODERN_PROTOCOL_VERSIONS else "legacy"
        try:
            with anyio.fail_after(limit):
                self._listing = await read_listing(client, self._manifest)
        except ToolServerError as problem:
            return problem
        except TimeoutError:
            return ToolServerError(f"{source}: no list of tools {limit:g} s after the handshake")
        except (MCPError, ValidationError) as error:
            return ToolServerError(f"{source}: the list of tools cannot be used: {one_line(error)}")
        for tool in self._listing.trials:
            request = Request(tool, {})
            await session.answer(client, request)
            if request.fault is not None:
                return ToolServerError(request.fault.detail)
            if request.answer is not None and not isinstance(request.answer, Refused):
                try:
                    check_output(str(source), tool, request.answer, self._listing.validators.get(tool))
                except EnvironmentFault as fault:
                    return ToolServerError(f"{fault.detail} (violates its own output schema)")
        return None


class McpWorld:
    """One episode's server. A `World`."""

    def __init__(
        self,
        manifest: Manifest,
        listing: Listing,
        session: Session,
        health: Health,
        max_reply: int,
        recycle: Callable[[], None] | None,
    ) -> None:
        """Take over a session that is up; `recycle` takes a sound one back at the end, None when it is discarded."""
        self._manifest = manifest
        self._listing = listing
        self._session = session
        self._health = health
        self._max_reply = max_reply
        self._recycle = recycle
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The server's process id, for messages and tests."""
        return self._session.pid

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """Run one tool; what the server refuses comes back as an `is_error` reply.

        Raises:
            EnvironmentFault: `output_schema`, `list_changed`.
            InfrastructureFault: `mcp_died`, `mcp_timeout`, `mcp_protocol`, `mcp_closed`.
            ToolServerError: one fault too many in a row, over all worlds of this server.
        """
        if name not in {spec.name for spec in self._listing.specs}:
            return ToolReply(f"Unknown tool: {name}", is_error=True)
        return await self._ask(name, arguments)

    async def _ask(self, name: str, arguments: JsonObject) -> ToolReply:
        """A call of any of the server's tools, those included that the manifest keeps from the assistant."""
        if self._closed:
            raise InfrastructureFault("mcp_closed", f"{self._manifest.source}: tool {name}: the world is closed")
        aliases = self._session.aliases
        try:
            answer = await self._session.call(name, aliases.outgoing(arguments))
            if not isinstance(answer, Refused):
                check_output(self._manifest.name, name, answer, self._listing.validators.get(name))
        except (EnvironmentFault, InfrastructureFault) as fault:
            self._health.bad(fault)
            raise
        self._health.good()
        if isinstance(answer, Refused):
            return ToolReply(cut(aliases.incoming(answer.message), self._max_reply), is_error=True)
        text = aliases.incoming(reply_text(answer, as_json=self._listing.shows_json(name)))
        failed = bool(answer.is_error) or text.startswith(self._manifest.errors or "\0")
        return ToolReply(cut(text, self._max_reply), failed, () if failed else resources_of(answer))

    async def snapshot(self) -> dict[str, Snapshot]:
        """`{name: {"files": {path: text or hash}, "state": {call: reply}}}`, as the manifest says.

        A reply that writes an object or a list, as JSON or as Python does, stands there decoded.

        Raises:
            InfrastructureFault: as `call`; also `mcp_scratch` when the folder cannot be read.
            EnvironmentFault: as `call`.
        """
        state = {
            call.label: structured((await self._ask(call.tool, call.arguments)).content)
            for call in self._manifest.state
        }
        session = self._session
        if self._closed or session.broken:
            raise InfrastructureFault("mcp_closed", f"{self._manifest.source}: no snapshot of a world that has ended")
        read = partial(read_files, session.scratch, self._manifest.ignore, session.aliases)
        try:
            files = await anyio.to_thread.run_sync(read)
        except OSError as error:
            raise InfrastructureFault("mcp_scratch", f"{self._manifest.source}: {error.strerror}") from error
        return {self._manifest.name: {"files": files, "state": state}}

    async def aclose(self) -> None:
        """End the server and remove its folder, or pass a stateless one on. Idempotent, at most some 3 s."""
        if self._closed:
            return
        self._closed = True
        if self._recycle is not None and not self._session.broken and not self._session.busy:
            self._recycle()
        else:
            await self._session.aclose()
