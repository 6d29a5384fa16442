"""Toolboxes as an MCP server: the same table that episodes call, spoken over the protocol, one world per session.

Schemas, annotations and replies pass through as they are. A session is what the protocol calls one: a process on stdio,
an `Mcp-Session-Id` over HTTP. Protocol versions without sessions are not offered over HTTP, because a world that every
request opens anew would forget what the one before wrote.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    CallToolRequestParams,
    CallToolResult,
    DiscoverResult,
    ListToolsResult,
    PaginatedRequestParams,
    RequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.requests import Request

from ..runtime.errors import Fault
from .tools import Toolbox, ToolReply, ToolSpec, World
from .world import open_worlds

PAGE = 100
"""Tools per page of a listing."""
ONLY_SESSION = ""
"""The name of a connection's session where the connection has only one."""
SESSION_HEADER = "mcp-session-id"
IDLE_S = 1800.0
"""Seconds after which a session that asks nothing is over."""
MAX_SESSIONS = 1000
"""Sessions at one time; each holds a world in memory."""

Context = ServerRequestContext["Worlds", Request]


class Worlds:
    """The worlds of the sessions of one server, opened at the first call of each."""

    def __init__(self, toolboxes: Sequence[Toolbox], seed: int, clock: Callable[[], float]) -> None:
        """`clock`: monotonic seconds, for the end of idle sessions."""
        self._toolboxes = toolboxes
        self._seed = seed
        self._clock = clock
        self._open: dict[str, tuple[World, anyio.Lock]] = {}
        self._used: dict[str, float] = {}
        self._opening = anyio.Lock()

    def __len__(self) -> int:
        """Sessions that have a world."""
        return len(self._open)

    async def call(self, session: str, params: CallToolRequestParams) -> ToolReply:
        """One call in a session's own world, after the ones before it. Raises Fault as `World.call` does."""
        world, turn = await self._world(session)
        self._used[session] = self._clock()
        async with turn:
            return await world.call(params.name, dict(params.arguments or {}))

    async def end(self, session: str) -> None:
        """Close a session's world. Idempotent."""
        self._used.pop(session, None)
        held = self._open.pop(session, None)
        if held is not None:
            await held[0].aclose()

    async def aclose(self) -> None:
        """Close every world."""
        for session in list(self._open):
            await self.end(session)

    async def _world(self, session: str) -> tuple[World, anyio.Lock]:
        async with self._opening:
            if session not in self._open:
                await self._forget_idle()
                world = await open_worlds(self._toolboxes, self._seed)
                self._open[session] = world, anyio.Lock()
            return self._open[session]

    async def _forget_idle(self) -> None:
        """A little later than the transport ends such a session, so that none is taken away from under a client."""
        past = self._clock() - 2 * IDLE_S
        for session in [name for name, used in self._used.items() if used < past]:
            await self.end(session)


def make_server(worlds: Worlds, toolboxes: Sequence[Toolbox], *, http: bool) -> Server[Worlds]:
    """An MCP server over the tools of these toolboxes; `http` when sessions are named in a header."""
    tools = [_tool(spec) for box in toolboxes for spec in box.tools()]

    async def list_tools(_: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        start = _start(params.cursor if params else None, len(tools))
        after = start + PAGE
        return ListToolsResult(tools=tools[start:after], next_cursor=str(after) if after < len(tools) else None)

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        try:
            reply = await worlds.call(_session(context, http=http), params)
        except Fault as fault:
            raise MCPError(INTERNAL_ERROR, str(fault)) from fault
        return _result(reply, structured.get(params.name, False))

    @asynccontextmanager
    async def lifespan(_: Server[Worlds]) -> AsyncGenerator[Worlds]:
        try:
            yield worlds
        finally:
            with anyio.CancelScope(shield=True):
                await worlds.aclose()

    structured = {spec.name: spec.output_schema is not None for box in toolboxes for spec in box.tools()}
    server = Server(
        "tdscaling-" + "-".join(box.name for box in toolboxes),
        version="+".join(f"{box.name}@{box.version}" for box in toolboxes),
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    if http:
        server.add_request_handler("server/discover", RequestParams, _discover)
    return server


async def _discover(_: Context, _params: RequestParams) -> DiscoverResult:
    """Only the protocol versions that have sessions; clients then begin with the handshake."""
    return DiscoverResult(
        supported_versions=list(HANDSHAKE_PROTOCOL_VERSIONS),
        capabilities=Server("").get_capabilities(),
    )


def _session(context: Context, *, http: bool) -> str:
    if not http:
        return ONLY_SESSION
    name = context.request.headers.get(SESSION_HEADER) if context.request is not None else None
    if name is None:
        raise MCPError(
            INVALID_REQUEST,
            "a world belongs to a session: begin with initialize, at protocol version "
            f"{HANDSHAKE_PROTOCOL_VERSIONS[-1]} or before",
        )
    return name


def _start(cursor: str | None, total: int) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or not 0 < int(cursor) < total:
        raise MCPError(INVALID_REQUEST, f"there is no page {cursor[:40]!r}")
    return int(cursor)


def _tool(spec: ToolSpec) -> Tool:
    """Whatever these tools do stays in a world of their own; a second equal write may well do something else."""
    return Tool(
        name=spec.name,
        description=spec.description,
        input_schema=spec.input_schema,
        output_schema=spec.output_schema,
        annotations=ToolAnnotations(read_only_hint=spec.read_only, open_world_hint=False),
    )


def _result(reply: ToolReply, structured: bool) -> CallToolResult:
    """The reply's own text, and beside it what it says where the tool declares an output."""
    decoded: Mapping[str, object] | None = json.loads(reply.content) if structured and not reply.is_error else None
    return CallToolResult(
        content=[TextContent(text=reply.content)],
        structured_content=None if decoded is None else dict(decoded),
        is_error=reply.is_error,
    )
