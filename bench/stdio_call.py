"""One stdio call: our client beside the SDK's own, on the same server, in turns. Prints JSON.

    .venv/bin/python bench/stdio_call.py [CALLS]

The bare client is the SDK's `Client` with its own stdio transport and no look at the reply. Ours adds the hand-over to
the session's task, path aliases, the check against the output schema and the text a model is shown.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio.lowlevel
import yaml
from mcp import Client, StdioServerParameters
from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult

from tdscaling.runtime import loop
from tdscaling.sandbox.manifest import load_manifest
from tdscaling.sandbox.mcp import McpToolbox

ROUNDS = 10
"""Turns between the two, so that the machine's moods meet both."""
TOOL = "list_agents"
ARGUMENTS: dict[str, object] = {}
COMMAND = [sys.executable, "-m", "tdscaling", "serve-tools", "tickets"]


async def main() -> None:
    """Measure and print."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        path = manifest_in(Path(folder))
        parameters = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:])
        async with McpToolbox(load_manifest(path), prestart=0) as box, Client(parameters) as client:
            world = await box.open(0)

            async def ours() -> object:
                return await world.call(TOOL, dict(ARGUMENTS))

            async def bare() -> object:
                params = CallToolRequestParams(name=TOOL, arguments=dict(ARGUMENTS))
                return await client.session.send_request(CallToolRequest(params=params), CallToolResult)

            times: dict[str, list[float]] = {"bare": [], "ours": []}
            for turn in range(ROUNDS + 1):
                for name, call in (("bare", bare), ("ours", ours)):
                    taken = await timed(call, calls // ROUNDS)
                    times[name] += taken if turn else []  # the first turn warms up
            await world.aclose()
    medians = {name: statistics.median(taken) * 1e3 for name, taken in times.items()}
    print(
        json.dumps(
            {
                "calls_each": len(times["ours"]),
                "bare_median_ms": round(medians["bare"], 3),
                "ours_median_ms": round(medians["ours"], 3),
                "ratio": round(medians["ours"] / medians["bare"], 3),
            }
        )
    )


def manifest_in(folder: Path) -> Path:
    """The server as a manifest."""
    path = folder / "tickets.yaml"
    path.write_text(yaml.safe_dump({"command": COMMAND}))
    return path


async def timed(call: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """Seconds of each of so many calls."""
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - began)
    await anyio.lowlevel.checkpoint()
    return taken


if __name__ == "__main__":
    loop.run(main)
