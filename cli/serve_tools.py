"""`tdscaling serve-tools`: built-in services and the code tool as an MCP server, on stdio or on loopback HTTP."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated

import anyio
import msgspec
from cyclopts import Parameter
from mcp.server.stdio import stdio_server

from ..runtime import loop
from ..runtime.config import ALL_SERVICES
from ..runtime.errors import ConfigError
from ..sandbox.code.backends import DEFAULT, BackendName
from ..sandbox.mcp_serve import Worlds, make_server
from ..sandbox.services import BUILTIN, builtin
from ..sandbox.tools import Toolbox
from ..sandbox.world import open_worlds

CODE = "code"
"""The code tool's name among the services."""
MOST_SANDBOXES = 64
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_tools(
    *names: Annotated[str, Parameter(name="NAME")],
    http: int | None = None,
    seed: int = 0,
    backend: BackendName = DEFAULT,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    names
        Built-in services, or all; code is the code tool.
    http
        Serve streamable HTTP on this loopback port instead of stdio; 0 takes a free one.
    seed
        Of the world that each session begins with.
    backend
        What contains the code tool.
    """
    if not names:
        raise ConfigError(f"serve-tools: name a service: {', '.join(BUILTIN)}, code, or all")
    if http is not None and not 0 <= http <= 65535:
        raise ConfigError(f"--http must be between 0 and 65535, not {http}")
    services = builtin(BUILTIN if names == ALL_SERVICES else [name for name in names if name != CODE])
    tools = Tools(services, backend if CODE in names else None)
    if http is None:
        # The thread that reads stdin cannot be woken: a signal ends the process as it ends any filter.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        loop.run(lambda: _serve_stdio(tools, seed))
    else:
        loop.run(lambda: _serve_http(tools, seed, http))
    return 0


class Tools(msgspec.Struct, frozen=True):
    """What is served."""

    services: tuple[Toolbox, ...]
    backend: BackendName | None
    """Of the code tool; None without it."""


async def _serve_stdio(tools: Tools, seed: int) -> None:
    """One session, until stdin ends."""
    async with _opened(tools, seed, 1) as toolboxes:
        worlds = Worlds(toolboxes, seed, time.monotonic)
        server = make_server(worlds, toolboxes, http=False)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())


async def _serve_http(tools: Tools, seed: int, port: int) -> None:
    """Many sessions, until a signal. The first line on stdout is the URL."""
    from ..sandbox.mcp_serve_http import serving

    with anyio.open_signal_receiver(*SIGNALS) as received:
        async with _opened(tools, seed, MOST_SANDBOXES) as toolboxes:
            worlds = Worlds(toolboxes, seed, time.monotonic)
            server = make_server(worlds, toolboxes, http=True)
            try:
                async with serving(server, worlds, port) as url:
                    sys.stdout.write(f"{url}\n")
                    sys.stdout.flush()
                    async for _ in received:
                        break
            except OSError as error:
                raise ConfigError(f"--http {port}: {error.strerror or error}") from None


@asynccontextmanager
async def _opened(tools: Tools, seed: int, most: int) -> AsyncGenerator[tuple[Toolbox, ...]]:
    """The toolboxes, the code tool's backend running. Raises ConfigError."""
    async with AsyncExitStack() as stack:
        toolboxes = tools.services
        if tools.backend is not None:
            from ..sandbox.code.backends import make_backend
            from ..sandbox.code.toolbox import CodeToolbox

            backend = await stack.enter_async_context(make_backend(tools.backend, ready=1, most=most))
            toolboxes = (*toolboxes, CodeToolbox(backend))
        await _try(toolboxes, seed)
        yield toolboxes


async def _try(toolboxes: tuple[Toolbox, ...], seed: int) -> None:
    """A world is opened and closed before anyone connects: tools that clash are told now."""
    world = await open_worlds(toolboxes, seed)
    await world.aclose()
