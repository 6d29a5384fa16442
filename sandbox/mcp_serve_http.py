"""Streamable HTTP on loopback for a tool server: the socket, the sessions' ends, an orderly stop."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import anyio
import uvicorn
from mcp.server.lowlevel import Server
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .mcp_serve import IDLE_S, MAX_SESSIONS, SESSION_HEADER, Worlds

LOOPBACK = "127.0.0.1"
PATH = "/mcp"
STOP_S = 1
"""Seconds that open event streams get when the server stops."""


class _Sessions:
    """The application around the SDK's: notices when a session is over, and ends its world."""

    def __init__(self, app: ASGIApp, worlds: Worlds) -> None:
        self._app = app
        self._worlds = worlds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through; a DELETE that was granted, and a 404, end the session they name."""
        over = False

        async def watch(message: Message) -> None:
            nonlocal over
            if message["type"] == "http.response.start":
                status = message["status"]
                over = status == 404 or (scope["method"] == "DELETE" and status < 300)
            await send(message)

        await self._app(scope, receive, watch)
        if over:
            names = [value for key, value in scope["headers"] if key == SESSION_HEADER.encode()]
            for name in names:
                await self._worlds.end(name.decode("latin-1"))


class _Uvicorn(uvicorn.Server):
    """Leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Install nothing."""
        yield


@asynccontextmanager
async def serving(server: Server[Worlds], worlds: Worlds, port: int) -> AsyncGenerator[str]:
    """The server's URL for as long as the context lasts. Port 0 takes a free one.

    Raises:
        OSError: the port is taken or not allowed.
    """
    app = server.streamable_http_app(streamable_http_path=PATH, session_idle_timeout=IDLE_S, max_sessions=MAX_SESSIONS)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
        config = uvicorn.Config(
            _Sessions(app, worlds),
            lifespan="on",
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=STOP_S,
        )
        http = _Uvicorn(config)
        async with anyio.create_task_group() as group:
            group.start_soon(http.serve, [listener])
            try:
                yield f"http://{LOOPBACK}:{listener.getsockname()[1]}{PATH}"
            finally:
                http.should_exit = True
