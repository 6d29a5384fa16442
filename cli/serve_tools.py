"""`tdscaling serve-tools`: built-in services as an MCP server, on stdio or on loopback HTTP."""

from __future__ import annotations

import signal
import sys
import time
from typing import Annotated

import anyio
from cyclopts import Parameter
from mcp.server.stdio import stdio_server

from ..runtime import loop
from ..runtime.config import ALL_SERVICES
from ..runtime.errors import ConfigError
from ..sandbox.mcp_serve import Worlds, make_server
from ..sandbox.services import BUILTIN, builtin
from ..sandbox.tools import Toolbox
from ..sandbox.world import open_worlds

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_tools(
    *names: Annotated[str, Parameter(name="NAME")],
    http: int | None = None,
    seed: int = 0,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    names
        Built-in services, or all.
    http
        Serve streamable HTTP on this loopback port instead of stdio; 0 takes a free one.
    seed
        Of the world that each session begins with.
    """
    if not names:
        raise ConfigError(f"serve-tools: name a service: {', '.join(BUILTIN)}, or all")
    if http is not None and not 0 <= http <= 65535:
        raise ConfigError(f"--http must be between 0 and 65535, not {http}")
    toolboxes = builtin(BUILTIN if names == ALL_SERVICES else names)
    if http is None:
        # The thread that reads stdin cannot be woken: a signal ends the process as it ends any filter.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        loop.run(lambda: _serve_stdio(toolboxes, seed))
    else:
        loop.run(lambda: _serve_http(toolboxes, seed, http))
    return 0


async def _serve_stdio(toolboxes: tuple[Toolbox, ...], seed: int) -> None:
    """One session, until stdin ends."""
    await _try(toolboxes, seed)
    worlds = Worlds(toolboxes, seed, time.monotonic)
    server = make_server(worlds, toolboxes, http=False)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _serve_http(toolboxes: tuple[Toolbox, ...], seed: int, port: int) -> None:
    """Many sessions, until a signal. The first line on stdout is the URL."""
    from ..sandbox.mcp_serve_http import serving

    await _try(toolboxes, seed)
    worlds = Worlds(toolboxes, seed, time.monotonic)
    server = make_server(worlds, toolboxes, http=True)
    with anyio.open_signal_receiver(*SIGNALS) as received:
        try:
            async with serving(server, worlds, port) as url:
                sys.stdout.write(f"{url}\n")
                sys.stdout.flush()
                async for _ in received:
                    break
        except OSError as error:
            raise ConfigError(f"--http {port}: {error.strerror or error}") from None


async def _try(toolboxes: tuple[Toolbox, ...], seed: int) -> None:
    """A world is opened and closed before anyone connects: tools that clash are told now."""
    world = await open_worlds(toolboxes, seed)
    await world.aclose()
