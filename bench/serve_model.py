"""What the served stand-in costs: requests per second and the server's own CPU per request, canned and simulated.

    .venv/bin/python bench/serve_model.py [--requests 5000]

The server is a process of its own on loopback, the client runs here. CPU is that of the server process to its end, less
what a server takes that is asked nothing. One small request with one tool; the figures are of no real model.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import anyio
import msgspec

from tdscaling.runtime import loop

IN_FLIGHT = (1, 64, 1000)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "get_weather", "description": "Get the current weather of a city", "parameters": CITY}
REQUEST = msgspec.json.encode(
    {
        "model": "sim",
        "messages": [{"role": "user", "content": "Get the current weather. The city is Lisbon."}],
        "tools": [{"type": "function", "function": TOOL}],
    }
)


async def ask(url: str, requests: int, in_flight: int) -> bytes:
    """Send the requests, so many at a time; returns the last reply."""
    last, left = b"", requests
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def lane() -> None:
            nonlocal last, left
            while left > 0:
                left -= 1
                async with session.post(f"{url}/chat/completions", data=REQUEST) as response:
                    last = await response.read()

        async with anyio.create_task_group() as group:
            for _ in range(in_flight):
                group.start_soon(lane)
    return last


def served(flags: Sequence[str], requests: int, in_flight: int) -> tuple[float, float, bytes]:
    """Wall seconds of the requests, CPU seconds of the server's whole life, the last reply."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "tdscaling", "serve-model", "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        begun = time.perf_counter()
        last = loop.run(lambda: ask(url, requests, in_flight)) if requests else b""
        wall = time.perf_counter() - begun
        server.terminate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, last


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    requests: int = parser.parse_args().requests
    idle = served((), 0, 1)[1]
    reply = served((), 1, 1)[2]
    with tempfile.TemporaryDirectory() as folder:
        canned = Path(folder) / "replies.jsonl"
        canned.write_bytes(reply)
        for name, flags in (("--replay", ("--replay", str(canned))), ("simulated model", ())):
            for in_flight in IN_FLIGHT:
                wall, cpu, _ = served(flags, requests, in_flight)
                rate, each = requests / wall, (cpu - idle) / requests * 1e6
                print(f"{name:16} {in_flight:5} in flight: {rate:6.0f} requests/s, {each:4.0f} µs server CPU each")


if __name__ == "__main__":
    main()
